//! What a run's customers look like, column by column: small enough to be kept with the run, and all that a later run
//! needs to be compared with it.
use crate::feature::{FeatureColumn, FeatureTable};
use crate::risk::{ModelVersion, Probability, RiskLevel, RiskThresholds};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

/// Into how many parts of about as many customers each a number is divided.
pub const PARTS: usize = 10;
/// The most words of a column that are counted each by itself; the rest count together.
pub const MOST_WORDS: usize = 50;

/// What the customers of a run, or a sample of them, look like.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// How many customers the run has.
    pub customers: u64,
    /// How many were counted.
    pub counted: u64,
    /// The columns, in the order of the features.
    pub columns: Vec<ColumnProfile>,
    /// The scores, where the run was assessed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scores: Option<ScoreProfile>,
}

/// How often what stands in a column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ColumnProfile {
    /// The column.
    pub column: String,
    /// What was counted.
    #[serde(flatten)]
    pub counts: Counts,
    /// How many cells are empty.
    pub missing: u64,
}

/// What was counted in a column, empty cells aside.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Counts {
    /// Numbers by bin.
    Number(Histogram),
    /// Words.
    Words {
        /// How often each of the most frequent words stands there.
        words: BTreeMap<String, u64>,
        /// How often any other word.
        others: u64,
    },
}

/// Numbers by bin: up to the first border, between two, and beyond the last; a border belongs to the bin below it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Histogram {
    /// The borders, rising: a number below all others, the deciles (equal ones once), the greatest.
    pub borders: Vec<f64>,
    /// How many numbers fall into each bin, one more than there are borders.
    pub counts: Vec<u64>,
}

/// What the scores of a run look like.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScoreProfile {
    /// The model that scored.
    pub model: ModelVersion,
    /// The probabilities by bin.
    pub histogram: Histogram,
    /// The mean probability.
    pub mean: f64,
    /// How many customers are at each level, under the run's own thresholds.
    pub levels: BTreeMap<RiskLevel, u64>,
    /// These thresholds; `None` for runs of before they were kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thresholds: Option<RiskThresholds>,
}

/// Scores and what they were made with.
pub struct Scores<'a> {
    /// The model.
    pub model: &'a ModelVersion,
    /// The thresholds of the run.
    pub thresholds: RiskThresholds,
    /// The probabilities, in any order.
    pub probabilities: &'a [Probability],
}

impl Profile {
    /// Returns what customers look like, of a run that has `customers` in all.
    pub fn of(table: &FeatureTable, customers: u64, scores: Option<&Scores>) -> Self {
        let columns = table.schema.features.iter().zip(&table.columns).map(|(feature, column)| ColumnProfile::of(&feature.name, column));
        Self { customers, counted: table.rows() as u64, columns: columns.collect(), scores: scores.map(ScoreProfile::of) }
    }
}

impl ColumnProfile {
    fn of(name: &str, column: &FeatureColumn) -> Self {
        let (counts, missing) = match column {
            FeatureColumn::Number(values) => {
                let histogram = Histogram::of(values);
                let known = histogram.counts.iter().sum::<u64>();
                (Counts::Number(histogram), values.len() as u64 - known)
            }
            FeatureColumn::Category { .. } => frequent(column),
        };
        Self { column: name.to_owned(), counts, missing }
    }
}

/// Returns how often each word of a category stands there, and how many cells are empty.
pub(super) fn words(column: &FeatureColumn) -> (HashMap<&str, u64>, u64) {
    let FeatureColumn::Category { codes, levels } = column else { return (HashMap::new(), 0) };
    let (mut counts, mut missing) = (vec![0_u64; levels.len()], 0);
    for &code in codes {
        match counts.get_mut(usize::from(code)) {
            Some(count) => *count += 1,
            None => missing += 1,
        }
    }
    (levels.iter().map(AsRef::as_ref).zip(counts).filter(|(_, count)| *count > 0).collect(), missing)
}

fn frequent(column: &FeatureColumn) -> (Counts, u64) {
    let (counts, missing) = words(column);
    let mut order: Vec<(&str, u64)> = counts.into_iter().collect();
    order.sort_by(|(word, count), (other, more)| more.cmp(count).then_with(|| word.cmp(other)));
    let others = order.iter().skip(MOST_WORDS).map(|(_, count)| count).sum();
    let words = order.into_iter().take(MOST_WORDS).map(|(word, count)| (word.to_owned(), count)).collect();
    (Counts::Words { words, others }, missing)
}

impl Histogram {
    /// Returns the bins of some numbers, those that are none left out. The first bin, below them all, is empty, and so is
    /// the last: only numbers of another run fall there.
    pub fn of(values: &[f64]) -> Self {
        let mut sorted: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
        sorted.sort_unstable_by(f64::total_cmp);
        let Some((&least, &most)) = sorted.first().zip(sorted.last()) else { return Self { borders: Vec::new(), counts: vec![0] } };
        let quantile = |part: usize| sorted[(sorted.len() * part / PARTS).saturating_sub(1)];
        let mut borders: Vec<f64> = vec![least.next_down()];
        borders.extend((1..PARTS).map(quantile));
        borders.push(most);
        borders.dedup();
        let counts = Self::count(&borders, &sorted);
        Self { borders, counts }
    }

    /// Returns how many numbers fall into each bin between some borders.
    pub(super) fn count(borders: &[f64], values: &[f64]) -> Vec<u64> {
        let mut counts = vec![0; borders.len() + 1];
        for value in values.iter().filter(|value| value.is_finite()) {
            counts[borders.partition_point(|border| border < value)] += 1;
        }
        counts
    }
}

impl ScoreProfile {
    fn of(scores: &Scores) -> Self {
        let values: Vec<f64> = scores.probabilities.iter().map(|one| one.value()).collect();
        let mut levels = BTreeMap::new();
        scores.probabilities.iter().for_each(|one| *levels.entry(scores.thresholds.level(*one)).or_default() += 1);
        let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
        Self { model: scores.model.clone(), histogram: Histogram::of(&values), mean, levels, thresholds: Some(scores.thresholds) }
    }
}
