//! Exact Shapley values of an ensemble in log-odds, each column a player, added up by reason.
//!
//! Two questions can be asked of a tree when a column is not told (Lundberg and others 2020):
//!
//! - *path-dependent*: it goes both ways, as often as training rows went;
//! - *interventional*: it takes the value of each of some background rows in turn.
//!
//! A shallow tree is cut into parts of at most eight questions whose answers are the bits of a byte; every part holds
//! the contributions for each of its 256 bytes (the idea of Yang, "Fast TreeSHAP", 2021, version 2, there by leaf).
//! A deep tree is walked for every row (`deep`, `pairs`).
mod deep;
mod leaf_game;
mod pairs;
mod part;
mod quadrature;
#[cfg(test)]
mod tests;

use super::Ensemble;
use super::bins::{Bins, Codes};
use deep::{Deep, MOST_KEPT};
use leaf_game::{Background, LeafGame};
use pairs::explain_pairs;
use part::{MOST_QUESTIONS, Part};
use std::ops::Range;
use winback_core::feature::{Feature, FeatureSchema};

/// Trees up to this depth are cut into parts.
const SHALLOW: usize = 6;
/// How many rows are explained together.
pub const BLOCK: usize = 256;

/// What a column that is not told is taken for.
#[derive(Clone, Debug, Default)]
pub enum Untold {
    /// It goes both ways, as often as training rows went.
    #[default]
    PathDependent,
    /// It takes the value of each of these rows in turn.
    Interventional(Codes),
}

/// Explains scores.
#[derive(Clone, Debug)]
pub struct Explainer {
    base: f64,
    parts: Vec<Part>,
    deep: Vec<Deep>,
    background: Option<Background>,
    columns: usize,
    reasons: Vec<ReasonOf>,
    groups: usize,
}

/// To which reason a column's contribution counts.
#[derive(Clone, Copy, Debug)]
struct ReasonOf {
    group: usize,
    /// The code that only repeats a parent's answer, and the parent's reason, to which the column then counts.
    repeats: Option<(u8, usize)>,
}

impl Explainer {
    /// Prepares the tables of an ensemble. The base is the mean score of the training rows (path-dependent) or of the
    /// background rows, which must be one at least (interventional).
    pub fn of(ensemble: &Ensemble, schema: &FeatureSchema, untold: Untold) -> Self {
        let background = match untold {
            Untold::PathDependent => None,
            Untold::Interventional(codes) => Some(Background::of(codes)),
        };
        let game = LeafGame { background: background.as_ref() };
        let mut explainer = Self {
            base: ensemble.offset,
            parts: Vec::new(),
            deep: Vec::new(),
            columns: ensemble.bins.columns.len(),
            reasons: schema.features.iter().zip(0..).map(|(feature, place)| ReasonOf::of(feature, &ensemble.bins, place)).collect(),
            groups: schema.groups.len(),
            background: None,
        };
        let mut nodes = 0;
        for tree in &ensemble.trees {
            explainer.base += background.as_ref().map_or_else(|| tree.mean(), |background| background.mean(tree));
            match tree.depths().iter().all(|&depth| depth <= SHALLOW.min(MOST_QUESTIONS)) {
                true => explainer.parts.extend(Part::of(tree, &game)),
                false => {
                    nodes += tree.nodes.len();
                    explainer.deep.push(Deep::of(tree, nodes <= MOST_KEPT && background.is_none()));
                }
            }
        }
        Self { background, ..explainer }
    }

    /// Returns the score from which contributions are counted, in log-odds.
    pub fn base(&self) -> f64 {
        self.base
    }

    /// Returns the contributions of every reason to the scores of some rows, one row of the schema's groups each.
    pub fn explain(&self, codes: &Codes, rows: Range<usize>) -> Vec<f64> {
        let mut by_group = vec![0.0; rows.len() * self.groups];
        let mut by_column = vec![0.0; BLOCK * self.columns];
        for (block, out) in by_group.chunks_mut(BLOCK * self.groups.max(1)).enumerate() {
            let first = rows.start + block * BLOCK;
            let part = first..(first + BLOCK).min(rows.end);
            self.explain_columns(codes, part.clone(), &mut by_column);
            for (column, reason) in self.reasons.iter().enumerate().filter(|(column, _)| !codes.columns[*column].is_empty()) {
                let told = by_column[column * BLOCK..].iter().zip(&codes.columns[column][part.clone()]);
                for ((value, &code), out) in told.zip(out.chunks_mut(self.groups)) {
                    out[reason.group_of(code)] += value;
                }
            }
        }
        by_group
    }

    /// Writes the contributions of every column to the scores of at most [`BLOCK`] rows, one column after another.
    fn explain_columns(&self, codes: &Codes, rows: Range<usize>, by_column: &mut [f64]) {
        by_column.fill(0.0);
        self.parts.iter().for_each(|part| part.explain(codes, rows.clone(), by_column));
        match &self.background {
            None => self.deep.iter().for_each(|deep| deep.explain(codes, rows.clone(), by_column)),
            Some(background) => self.deep.iter().for_each(|deep| explain_pairs(deep.tree(), background, (codes, rows.clone()), by_column)),
        }
    }
}

impl ReasonOf {
    fn of(feature: &Feature, bins: &Bins, place: usize) -> Self {
        let repeats = feature.repeats.as_ref();
        let repeats = repeats.and_then(|repeats| Some((bins.columns[place].word(&repeats.level)?, usize::from(repeats.group))));
        Self { group: usize::from(feature.group), repeats }
    }

    fn group_of(self, code: u8) -> usize {
        match self.repeats {
            Some((twin, parent)) if twin == code => parent,
            _ => self.group,
        }
    }
}
