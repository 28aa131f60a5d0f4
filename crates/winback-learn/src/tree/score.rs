//! Scores of many rows at once.
use super::Ensemble;
use super::bins::Codes;
use super::exits::Exits;
use super::node::Tree;
use rayon::prelude::*;

/// How many rows are sent down a tree before the next tree.
const BLOCK: usize = 1_024;

/// Scores rows, tree by tree.
pub struct Scorer<'a> {
    offset: f64,
    trees: Vec<Prepared<'a>>,
}

struct Prepared<'a> {
    tree: &'a Tree,
    values: Vec<f64>,
    exits: Option<Exits>,
}

impl<'a> Scorer<'a> {
    /// Prepares an ensemble.
    pub fn of(ensemble: &'a Ensemble) -> Self {
        let prepare = |tree: &'a Tree| Prepared { tree, values: tree.values(), exits: Exits::of(tree, |column| (column, None)) };
        Self { offset: ensemble.offset, trees: ensemble.trees.iter().map(prepare).collect() }
    }

    /// Returns the scores of the first `rows` rows, in log-odds: those of [`Ensemble::log_odds`] to the last bit.
    pub fn log_odds(&self, codes: &Codes, rows: usize) -> Vec<f64> {
        let mut scores = vec![self.offset; rows];
        scores.par_chunks_mut(BLOCK).enumerate().for_each(|(block, scores)| self.add(codes, block * BLOCK, scores));
        scores
    }

    fn add(&self, codes: &Codes, first: usize, scores: &mut [f64]) {
        let mut reachable = [0_u64; BLOCK];
        let reachable = &mut reachable[..scores.len()];
        for Prepared { tree, values, exits } in &self.trees {
            let Some(exits) = exits else {
                scores.iter_mut().zip(first..).for_each(|(score, row)| *score += tree.value(codes, row));
                continue;
            };
            reachable.fill(u64::MAX);
            for (column, table) in &exits.tables {
                let codes = &codes.columns[*column][first..];
                reachable.iter_mut().zip(codes).for_each(|(reachable, &code)| *reachable &= table[usize::from(code)]);
            }
            scores.iter_mut().zip(reachable.iter()).for_each(|(score, &reachable)| *score += values[exits.leaf(reachable) as usize]);
        }
    }
}
