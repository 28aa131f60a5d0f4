//! Interventional Shapley values of a tree of any depth: a row against each background row in turn (Lundberg and
//! others 2020, algorithm 3). Where both answer a question alike they go on together; where they differ, the column
//! is told for one branch and taken from the background for the other.
use super::super::bins::Codes;
use super::super::node::{Node, Tree};
use super::BLOCK;
use super::leaf_game::{Background, weight};
use std::ops::Range;

#[derive(Clone, Copy, PartialEq)]
enum Told {
    Open,
    Row,
    Background,
}

struct Walk<'a> {
    tree: &'a Tree,
    row: (&'a Codes, usize),
    background: (&'a Codes, usize),
    told: Vec<Told>,
    contributions: Vec<f64>,
}

/// Adds the contributions of a tree to the scores of at most [`BLOCK`] rows.
pub(crate) fn explain_pairs(tree: &Tree, background: &Background, (codes, rows): (&Codes, Range<usize>), by_column: &mut [f64]) {
    let columns = codes.columns.len();
    for (place, row) in rows.enumerate() {
        let (row, told) = ((codes, row), vec![Told::Open; columns]);
        let mut walk = Walk { tree, row, background: (&background.codes, 0), told, contributions: vec![0.0; columns] };
        for other in 0..background.rows {
            walk.background.1 = other;
            walk.go(0, 0, 0);
        }
        for (column, contribution) in walk.contributions.iter().enumerate() {
            by_column[column * BLOCK + place] += contribution / background.rows as f64;
        }
    }
}

impl Walk<'_> {
    /// Returns what the leaves beneath a node add for a column told on the way, and take for one not told.
    fn go(&mut self, at: usize, row: u32, background: u32) -> (f64, f64) {
        let split = match &self.tree.nodes[at] {
            Node::Split(split) => split,
            Node::Leaf(leaf) => {
                let told = if row > 0 { weight(row - 1, background) } else { 0.0 };
                let untold = if background > 0 { weight(row, background - 1) } else { 0.0 };
                return (leaf.value * told, leaf.value * untold);
            }
        };
        let column = usize::from(split.column);
        let ours = split.next(self.row.0.columns[column][self.row.1]);
        let theirs = split.next(self.background.0.columns[column][self.background.1]);
        match self.told[column] {
            _ if ours == theirs => self.go(ours, row, background),
            Told::Row => self.go(ours, row, background),
            Told::Background => self.go(theirs, row, background),
            Told::Open => {
                self.told[column] = Told::Row;
                let by_row = self.go(ours, row + 1, background);
                self.told[column] = Told::Background;
                let by_background = self.go(theirs, row, background + 1);
                self.told[column] = Told::Open;
                self.contributions[column] += by_row.0 - by_background.1;
                (by_row.0 + by_background.0, by_row.1 + by_background.1)
            }
        }
    }
}
