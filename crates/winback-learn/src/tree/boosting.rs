//! Gradient-boosted trees with the logistic loss (Friedman 2001; second order as in Chen and Guestrin 2016).
use super::Ensemble;
use super::best_split::SplitOptions;
use super::bins::Bins;
use super::grow::{GrowOptions, Grower, draw};
use super::histogram::{Pair, UNITS};
use super::matrix::Matrix;
use super::node::Tree;
use super::options::BoostingOptions;
use super::route::Router;
use crate::split::SplitMix64;
use rayon::prelude::*;
use winback_core::feature::FeatureTable;

const CHUNK: usize = 16_384;
/// Up to so many rows, whole sequences of trees are grown side by side.
pub(crate) const FEW_ROWS: usize = 50_000;

/// Fits boosted trees to rows with a label.
pub(crate) fn fit(table: &FeatureTable, rows: &[u32], bins: Bins, options: &BoostingOptions) -> Ensemble {
    let matrix = Matrix::of(&bins, bins.encode_rows(table, rows), rows.len());
    let left: Vec<bool> = rows.iter().map(|&row| table.labels[row as usize] == Some(true)).collect();
    let rate = left.iter().filter(|&&left| left).count() as f64 / left.len() as f64;
    let offset = (rate / (1.0 - rate)).ln();
    let split = SplitOptions {
        lambda: options.lambda,
        gamma: options.gamma,
        min_weight: options.min_weight,
        word_smoothing: options.word_smoothing,
    };
    let value = |gradient: f64, weight: f64| -options.rate * gradient / (weight + options.lambda);
    let grow = GrowOptions { max_depth: options.max_depth, columns_per_node: None, split };
    let grower = || Grower { matrix: &matrix, bins: &bins, options: grow, value: &value };
    let used = matrix.used(&table.schema);
    let sequence = |bag: usize| Sequence::new(grower(), &left, offset, options).grow(&used, bag as u64);
    // Rows of a small table are not shared among threads, so sequences are; each takes memory.
    let mut trees: Vec<Tree> = match rows.len() <= FEW_ROWS {
        true => (0..options.bags).into_par_iter().flat_map_iter(sequence).collect(),
        false => (0..options.bags).flat_map(sequence).collect(),
    };
    trees.iter_mut().for_each(|tree| tree.change(|value| value / options.bags as f64));
    Ensemble { bins, offset, trees }
}

/// Trees grown one after another, each on what those before left over.
struct Sequence<'a> {
    grower: Grower<'a>,
    options: &'a BoostingOptions,
    left: &'a [bool],
    /// p / (1 - p) of every row: a tree multiplies it, which takes no exponential.
    odds: Vec<f64>,
    pairs: Vec<Pair>,
}

impl<'a> Sequence<'a> {
    fn new(grower: Grower<'a>, left: &'a [bool], offset: f64, options: &'a BoostingOptions) -> Self {
        let odds = offset.exp();
        let pairs = left.iter().map(|&left| pair(odds, left)).collect();
        Self { grower, options, left, odds: vec![odds; left.len()], pairs }
    }

    fn grow(mut self, used: &[usize], bag: u64) -> Vec<Tree> {
        let columns_per_tree = (used.len() as f64 * self.options.column_share).ceil() as usize;
        let mut random = SplitMix64::new(self.options.seed.wrapping_add(bag << 32));
        let mut trees = Vec::with_capacity(self.options.trees);
        for _ in 0..self.options.trees {
            let columns = if columns_per_tree < used.len() { draw(used, columns_per_tree, &mut random) } else { used.to_vec() };
            let rows = (self.options.row_share < 1.0).then(|| some_rows(self.left.len(), self.options.row_share, &mut random));
            let mut tree = self.grower.grow(&self.pairs, rows, &columns, &mut random);
            self.add(&mut tree);
            trees.push(tree);
        }
        trees
    }

    /// Adds a tree's answers to the scores of all rows, counts its rows and takes the gradients anew.
    fn add(&mut self, tree: &mut Tree) {
        let router = Router::of(self.grower.matrix, tree);
        let factors: Vec<f64> = tree.values().iter().map(|value| value.exp()).collect();
        let odds = self.odds.par_chunks_mut(CHUNK).enumerate();
        let counts = odds.map(|(chunk, odds)| multiply(&router, chunk * CHUNK, odds, &factors));
        let counts = counts.reduce(|| vec![0; factors.len()], added);
        let pairs = self.pairs.par_iter_mut().zip(&self.odds).zip(self.left).with_min_len(CHUNK);
        pairs.for_each(|((known, &odds), &left)| *known = pair(odds, left));
        tree.count(&counts);
    }
}

/// Multiplies the odds of the rows from `first` onward by their leaves' factors; returns how many rows end at each node.
fn multiply(router: &Router, first: usize, odds: &mut [f64], factors: &[f64]) -> Vec<u32> {
    let (mut counts, mut leaves) = (vec![0_u32; factors.len()], vec![0; odds.len()]);
    router.leaves(first..first + odds.len(), &mut leaves);
    for (odds, &leaf) in odds.iter_mut().zip(&leaves) {
        counts[leaf as usize] += 1;
        *odds = (*odds * factors[leaf as usize]).clamp(LEAST_ODDS, 1.0 / LEAST_ODDS);
    }
    counts
}

/// Odds are kept within bounds that no sum of trees leaves by itself, lest they overflow.
const LEAST_ODDS: f64 = 1e-30;

fn pair(odds: f64, left: bool) -> Pair {
    let stays = 1.0 / (1.0 + odds);
    let leaves = odds * stays;
    let gradient = leaves - f64::from(u8::from(left));
    [(gradient * UNITS) as i32, (leaves * stays * UNITS) as i32]
}

fn added(mut a: Vec<u32>, b: Vec<u32>) -> Vec<u32> {
    a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
    a
}

/// Draws about a share of the rows.
fn some_rows(rows: usize, share: f64, random: &mut SplitMix64) -> Vec<u32> {
    let bound = (share * 2_f64.powi(32)) as u64;
    (0..rows as u32).filter(|_| random.next_u64() >> 32 < bound).collect()
}
