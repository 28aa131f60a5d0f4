//! The view of a model as a whole: curves, what it leans on, what it would say of other values, for whom it errs.
use crate::feature::{FeatureIndex, FeatureSchema};
use crate::locale::Localized;
use crate::model::Metrics;
use crate::schema::{Column, ColumnKind, Expectation, Role, TableSchema};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is known of a table's columns besides their values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Background {
    /// The features that say who a customer is.
    pub traits: Vec<FeatureIndex>,
    /// What the business expects of leaving as a number grows, where `schema.toml` says it.
    pub expected: BTreeMap<FeatureIndex, Expectation>,
    /// The units of numbers, for people; of amounts the currency.
    pub units: BTreeMap<FeatureIndex, Localized>,
}

impl Background {
    /// Returns what a schema says of its features.
    pub fn of(table: &TableSchema, schema: &FeatureSchema) -> Self {
        let columns = || schema.features.iter().enumerate().map(|(place, feature)| (place, &table.columns[feature.column]));
        let unit = |column: &Column| match column.kind {
            ColumnKind::Money => Some(Localized::same(table.currency.code())),
            _ => column.unit.clone(),
        };
        Self {
            traits: columns().filter(|(_, column)| column.role == Role::Trait).map(|(place, _)| place).collect(),
            expected: columns().filter_map(|(place, column)| Some((place, column.expect?))).collect(),
            units: columns().filter_map(|(place, column)| Some((place, unit(column)?))).collect(),
        }
    }
}

/// A point of a curve.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CurvePoint {
    /// To the right, from 0 to 1.
    pub x: f64,
    /// Upward, from 0 to 1.
    pub y: f64,
}

/// The 95 % interval of each measure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MetricsInterval {
    /// The lower ends.
    pub low: Metrics,
    /// The upper ends.
    pub high: Metrics,
}

/// How much worse held-out scores get when one reason's columns are shuffled together among the customers
/// (permutation importance; Breiman 2001).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Importance {
    /// The reason's name, as in [`crate::feature::FeatureGroup::name`].
    pub group: String,
    /// The reason's name for people.
    pub label: Localized,
    /// The columns that were shuffled together, the leading one first.
    pub columns: Vec<String>,
    /// Whether any of them was invented for demonstration.
    pub synthetic: bool,
    /// How much the log loss rises: the mean over the folds, each the mean of its repeats. Below 0 where shuffling
    /// happened to help.
    pub log_loss_rise: f64,
    /// The lower end of its 95 % interval over the folds (corrected resampled t-test).
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// How much the ROC-AUC falls, likewise a mean.
    pub auc_drop: f64,
    /// The lower end of its 95 % interval.
    pub auc_drop_low: f64,
    /// The upper end.
    pub auc_drop_high: f64,
}

impl Importance {
    /// Returns whether the model surely leans on the reason: the interval of the rise lies above 0.
    pub fn is_clear(&self) -> bool {
        self.low > 0.0
    }
}

/// Held-out measures of the customers who have one word in a column that says who they are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GroupScore {
    /// The column.
    pub column: String,
    /// The word as the table holds it, or the range of a number: `18–34`; `None` for an empty cell.
    pub word: Option<String>,
    /// How many customers.
    pub customers: u64,
    /// Of them, those who left.
    pub left: u64,
    /// The share who left.
    pub left_share: f64,
    /// The lower end of its 95 % interval (Wilson).
    pub left_low: f64,
    /// The upper end.
    pub left_high: f64,
    /// Their mean score, to be compared with the share who left.
    pub mean_score: f64,
    /// Area under the ROC curve; `None` where all left or none did.
    pub roc_auc: Option<f64>,
    /// Mean negative log-likelihood.
    pub log_loss: f64,
    /// Mean squared error of the probability.
    pub brier: f64,
    /// Expected calibration error over ten bins of equal width; `None` of fewer than 50 customers, of whom it is large by
    /// chance alone.
    pub ece10: Option<f64>,
}

/// What calling so many customers with the highest held-out score would bring, of those in the training table.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Calls {
    /// How many are called.
    pub calls: u64,
    /// The score of the last of them.
    pub threshold: f64,
    /// How many of them left. Of customers with one score it counts the share, so that their order has no part in it.
    pub left: u64,
    /// Their share among the called.
    pub precision: f64,
    /// The lower end of its 95 % interval (Wilson).
    pub precision_low: f64,
    /// The upper end.
    pub precision_high: f64,
    /// The share of all leavers among them.
    pub recall: f64,
    /// How many times more leavers than among as many customers taken at random.
    pub lift: f64,
}

/// What the model would say on average if every customer had one value of a column, for several values (partial
/// dependence; Friedman 2001). Other columns are kept, but those that repeat its answer follow it. It tells how the model uses the column, and proves nothing about the world.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Effect {
    /// The column.
    pub column: String,
    /// Whether it was invented for demonstration.
    pub synthetic: bool,
    /// The values, rising, or the words in the table's order, each with the mean probability.
    pub points: Vec<EffectPoint>,
    /// What a step of a number does; `None` for words.
    pub unit_effect: Option<UnitEffect>,
    /// The unit of a number, for people; `None` for words and where nobody said it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<Localized>,
    /// How many customers the curve was measured on: of a column that only repeats a parent's answer for some, those of
    /// whom its question makes sense. 0 on cards of earlier models.
    #[serde(default)]
    pub customers: u64,
    /// The columns that repeat one of its words ("No internet service") and followed when everybody got another; all
    /// other columns were kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub followed_by: Vec<String>,
    /// How many labelled customers have that word while one of these columns does not repeat it, or the other way round.
    #[serde(default)]
    pub disagreeing: u64,
}

/// One value of a column and the mean probability if every customer had it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EffectPoint {
    /// The value.
    pub at: EffectAt,
    /// The mean probability.
    pub probability: f64,
    /// The share of the labelled customers who have this word, or for a number a value not above it.
    pub share: f64,
}

/// A value of a column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum EffectAt {
    /// A number, in the column's unit.
    Number(f64),
    /// A word, as the table holds it.
    Word(String),
}

/// "+10 per month: +2.3 points": the mean change of the probability when each customer's own value grows by a step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct UnitEffect {
    /// The step, in the column's unit: a round number near half a standard deviation.
    pub step: f64,
    /// The change, in probability points (100 points are the whole).
    pub points: f64,
}
