//! Exact contributions: the score of one customer is the average customer's score plus one part per reason.
//!
//! Every column counts by itself, so its part is its value minus its mean over the training rows
//! (Shapley values of an additive model; Lundberg and Lee 2017, corollary 1). Where a word only
//! repeats a parent's answer ("No internet service"), the column's part is split: whether the word
//! stands there at all counts to the parent's reason, and which other word stands there counts to
//! the column's own reason, measured against customers for whom the question makes sense.
use crate::encode::{Encoder, Knots};
use crate::hat::{place, scale};
use serde::{Deserialize, Serialize};
use winback_core::feature::{Feature, FeatureColumn, FeatureTable};
use winback_core::risk::Reason;

/// One column of a model: how it is read and what each slot is worth.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ColumnModel {
    /// The feature's name.
    pub name: String,
    /// How a cell becomes slots.
    pub encoder: Encoder,
    /// What each slot adds to the score, in log-odds.
    pub values: Vec<f64>,
    /// How much of each slot the average training row has; they add up to 1.
    pub shares: Vec<f64>,
}

/// What the fit found: a score is the intercept plus one value per column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Coefficients {
    /// What every score begins with, in log-odds.
    pub intercept: f64,
    /// One per feature, in the schema's order.
    pub columns: Vec<ColumnModel>,
}

impl Coefficients {
    /// Returns the score of the average training row, in log-odds.
    pub fn base(&self) -> f64 {
        self.intercept + self.columns.iter().map(ColumnModel::mean).sum::<f64>()
    }
}

impl ColumnModel {
    /// Returns the mean value over the training rows.
    pub fn mean(&self) -> f64 {
        self.values.iter().zip(&self.shares).map(|(value, share)| value * share).sum()
    }

    /// Returns the mean value over the training rows that do not hold the slot.
    fn mean_without(&self, slot: usize) -> f64 {
        let share = 1.0 - self.shares[slot];
        if share > 0.0 { (self.mean() - self.values[slot] * self.shares[slot]) / share } else { self.mean() }
    }
}

/// Adds up the parts of the rows of one table.
pub struct Scorer<'a> {
    base: f64,
    parts: Vec<ColumnParts<'a>>,
}

enum ColumnParts<'a> {
    Words { codes: &'a [u16], parts: Vec<Part>, group: usize, parent: usize },
    Number { values: &'a [f64], knots: &'a Knots, line: Vec<f64>, filled: f64, group: usize },
}

/// What one word adds.
#[derive(Clone, Copy, Default)]
struct Part {
    own: f64,
    parent: f64,
    filled: bool,
}

impl<'a> Scorer<'a> {
    /// Prepares a table whose columns are those of the features.
    pub fn of(coefficients: &'a Coefficients, features: &[Feature], table: &'a FeatureTable) -> Self {
        let columns = coefficients.columns.iter().zip(features).zip(&table.columns);
        let parts = columns.filter_map(|((model, feature), column)| ColumnParts::of(model, feature, column)).collect();
        Self { base: coefficients.base(), parts }
    }

    /// Returns the score of the average training row.
    pub fn base(&self) -> f64 {
        self.base
    }

    /// Returns the score of a row, in log-odds.
    pub fn log_odds(&self, row: usize) -> f64 {
        self.base + self.parts.iter().map(|column| column.part(row)).map(|part| part.own + part.parent).sum::<f64>()
    }

    /// Adds the parts of a row to its reasons, which are in group order; returns the score and how many features were filled.
    pub fn explain(&self, row: usize, reasons: &mut [Reason]) -> (f64, u16) {
        let (mut sum, mut filled) = (0.0, 0);
        for column in &self.parts {
            let part = column.part(row);
            let (group, parent) = column.groups();
            reasons[group].log_odds += part.own;
            reasons[parent].log_odds += part.parent;
            sum += part.own + part.parent;
            filled += u16::from(part.filled);
        }
        (self.base + sum, filled)
    }
}

impl<'a> ColumnParts<'a> {
    fn of(model: &'a ColumnModel, feature: &Feature, column: &'a FeatureColumn) -> Option<Self> {
        let group = usize::from(feature.group);
        match (&model.encoder, column) {
            (Encoder::Words(words), FeatureColumn::Category { codes, levels }) => {
                let twin = feature.repeats.as_ref().and_then(|repeats| words.words.iter().position(|word| *word == repeats.level));
                let slots = words.slots_of(levels);
                let known = slots.iter().map(|slot| slot.map_or(Part { filled: true, ..Part::default() }, |slot| model.part(slot, twin)));
                let missing = Part { filled: true, ..model.part(words.missing, twin) };
                let parts = known.chain(std::iter::once(missing)).collect();
                let parent = feature.repeats.as_ref().map_or(group, |repeats| usize::from(repeats.group));
                Some(Self::Words { codes, parts, group, parent })
            }
            (Encoder::Number(knots), FeatureColumn::Number(values)) => {
                let mean = model.mean();
                let line: Vec<f64> = model.values.iter().map(|value| value - mean).collect();
                let filled = on_line(knots, &line, knots.median);
                Some(Self::Number { values, knots, line, filled, group })
            }
            _ => None,
        }
    }

    fn groups(&self) -> (usize, usize) {
        match self {
            Self::Words { group, parent, .. } => (*group, *parent),
            Self::Number { group, .. } => (*group, *group),
        }
    }

    fn part(&self, row: usize) -> Part {
        match self {
            Self::Words { codes, parts, .. } => parts[usize::from(codes[row]).min(parts.len() - 1)],
            Self::Number { values, knots, line, filled, .. } => match values[row] {
                value if value.is_finite() => Part { own: on_line(knots, line, value), ..Part::default() },
                _ => Part { own: *filled, parent: 0.0, filled: true },
            },
        }
    }
}

impl ColumnModel {
    fn part(&self, slot: u16, twin: Option<usize>) -> Part {
        let slot = usize::from(slot);
        let value = self.values[slot];
        match twin {
            Some(twin) if slot == twin => Part { own: 0.0, parent: value - self.mean(), filled: false },
            Some(twin) => {
                let middle = self.mean_without(twin);
                Part { own: value - middle, parent: middle - self.mean(), filled: false }
            }
            None => Part { own: value - self.mean(), parent: 0.0, filled: false },
        }
    }
}

fn on_line(knots: &Knots, line: &[f64], value: f64) -> f64 {
    let (left, share) = place(&knots.at, scale(value));
    let left = usize::from(left);
    line[left] + share * (line[left + 1] - line[left])
}
