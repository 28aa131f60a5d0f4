//! A random forest (Breiman 2001): trees on rows drawn with putting back, each node choosing among a few columns.
//!
//! A leaf holds the log-odds of its smoothed share of customers who left, and a score is the mean over the trees,
//! so that scores add up in log-odds and reasons are exact. The mean of many trees shrinks towards the middle; rows
//! a tree did not draw tell by how much, and the scores are stretched by that factor (Platt 1999, on out-of-bag scores).
use super::Ensemble;
use super::best_split::SplitOptions;
use super::bins::Bins;
use super::boosting::FEW_ROWS;
use super::grow::{GrowOptions, Grower};
use super::histogram::{Pair, UNITS};
use super::matrix::Matrix;
use super::node::Tree;
use super::options::ForestOptions;
use super::route::Router;
use crate::split::SplitMix64;
use rayon::prelude::*;
use winback_core::feature::FeatureTable;
use winback_core::risk::logistic;

/// A row is drawn at most this often for one tree, which keeps its gradient within bounds.
const MOST_DRAWS: u8 = 15;

/// How many trees of a small table are grown side by side.
const TOGETHER: usize = 16;

/// Fits a forest to rows with a label.
pub(crate) fn fit(table: &FeatureTable, rows: &[u32], bins: Bins, options: &ForestOptions) -> Ensemble {
    let matrix = Matrix::of(&bins, bins.encode_rows(table, rows), rows.len());
    let left: Vec<bool> = rows.iter().map(|&row| table.labels[row as usize] == Some(true)).collect();
    let rate = left.iter().filter(|&&left| left).count() as f64 / left.len() as f64;
    let wood = Wood { matrix: &matrix, used: matrix.used(&table.schema), bins: &bins, left: &left, rate, options };
    // Rows of a small table are not shared among threads, so trees are; each takes memory.
    let together = if rows.len() <= FEW_ROWS { TOGETHER } else { 1 };
    let mut trees: Vec<Tree> = Vec::with_capacity(options.trees);
    let mut unseen = vec![(0.0, 0_u32); rows.len()];
    while trees.len() < options.trees {
        let next = trees.len()..(trees.len() + together).min(options.trees);
        for (tree, answers) in next.into_par_iter().map(|tree| wood.grow(tree as u64)).collect::<Vec<_>>() {
            answers.iter().for_each(|&(row, value)| unseen[row as usize].0 += value);
            answers.iter().for_each(|&(row, _)| unseen[row as usize].1 += 1);
            trees.push(tree);
        }
    }
    let (slope, offset) = wood.stretch(&unseen);
    let share = slope / options.trees as f64;
    trees.iter_mut().for_each(|tree| tree.change(|value| value * share));
    Ensemble { bins, offset, trees }
}

struct Wood<'a> {
    matrix: &'a Matrix,
    /// The columns to choose from, by name.
    used: Vec<usize>,
    bins: &'a Bins,
    left: &'a [bool],
    rate: f64,
    options: &'a ForestOptions,
}

impl Wood<'_> {
    /// Returns a tree and what it says of the rows it did not draw.
    fn grow(&self, tree: u64) -> (Tree, Vec<(u32, f64)>) {
        let mut random = SplitMix64::new(SplitMix64::new(self.options.seed.wrapping_add(tree << 20)).next_u64());
        let draws = draws(self.left.len(), &mut random);
        let pairs: Vec<Pair> = draws.iter().zip(self.left).map(|(&draws, &left)| pair(draws, left)).collect();
        let rows: Vec<u32> = (0..draws.len() as u32).filter(|&row| draws[row as usize] > 0).collect();
        let unit = f64::from(DRAW) / UNITS;
        let split = SplitOptions { lambda: 0.0, gamma: 0.0, min_weight: (self.options.min_rows as f64 - 0.5) * unit, word_smoothing: unit };
        let columns_per_node = Some(((self.used.len() as f64 * self.options.column_share).round() as usize).max(1));
        let options = GrowOptions { max_depth: self.options.max_depth, columns_per_node, split };
        let smoothing = self.options.smoothing * unit;
        let value = |gradient: f64, weight: f64| {
            let p = (smoothing * self.rate - gradient) / (weight + smoothing);
            (p / (1.0 - p)).ln()
        };
        let grower = Grower { matrix: self.matrix, bins: self.bins, options, value: &value };
        let mut tree = grower.grow(&pairs, Some(rows), &self.used, &mut random);
        let mut leaves = vec![0; draws.len()];
        Router::of(self.matrix, &tree).leaves(0..draws.len(), &mut leaves);
        let mut counts = vec![0_u32; tree.nodes.len()];
        leaves.iter().for_each(|&leaf| counts[leaf as usize] += 1);
        tree.count(&counts);
        let values = tree.values();
        let unseen = leaves.iter().zip(&draws).zip(0..).filter(|((_, draws), _)| **draws == 0);
        let unseen = unseen.map(|((&leaf, _), row)| (row, values[leaf as usize])).collect();
        (tree, unseen)
    }

    /// Returns the slope and the offset that make out-of-bag scores most likely, given each row's sum and number of trees.
    fn stretch(&self, unseen: &[(f64, u32)]) -> (f64, f64) {
        let scored = unseen.iter().zip(self.left).filter(|((_, trees), _)| *trees > 0);
        platt(&scored.map(|(&(sum, trees), &left)| (sum / f64::from(trees), f64::from(u8::from(left)))).collect::<Vec<_>>())
    }
}

/// The weight of one draw, in units.
const DRAW: i32 = i32::MAX / (2 * MOST_DRAWS as i32);

fn pair(draws: u8, left: bool) -> Pair {
    let weight = i32::from(draws) * DRAW;
    [if left { -weight } else { 0 }, weight]
}

/// Draws as many rows as there are, putting each back; returns how often each was drawn.
fn draws(rows: usize, random: &mut SplitMix64) -> Vec<u8> {
    let mut draws = vec![0_u8; rows];
    for _ in 0..rows {
        let drawn = &mut draws[random.below(rows as u32) as usize];
        *drawn = (*drawn + 1).min(MOST_DRAWS);
    }
    draws
}

/// Returns slope and offset of the logistic regression of labels on scores, a few Newton steps from (1, 0).
fn platt(scored: &[(f64, f64)]) -> (f64, f64) {
    let (mut slope, mut offset) = (1.0, 0.0);
    for _ in 0..20 {
        let mut sums = [0.0_f64; 5];
        for &(score, left) in scored {
            let p = logistic(slope * score + offset);
            let (residual, weight) = (p - left, p * (1.0 - p));
            let parts = [residual * score, residual, weight * score * score, weight * score, weight];
            sums.iter_mut().zip(parts).for_each(|(sum, part)| *sum += part);
        }
        let [by_slope, by_offset, a, b, c] = sums;
        let determinant = a * c - b * b;
        if determinant.is_nan() || determinant <= 1e-9 * a * c {
            return (1.0, 0.0);
        }
        slope -= (c * by_slope - b * by_offset) / determinant;
        offset -= (a * by_offset - b * by_slope) / determinant;
    }
    if slope.is_finite() && slope > 0.0 && slope < 10.0 && offset.is_finite() { (slope, offset) } else { (1.0, 0.0) }
}
