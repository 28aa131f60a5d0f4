//! Segments learned from labelled customers: trees for each segment against all others; the likeliest segment is the
//! customer's.
//!
//! The shares of the segments are made to add up to 1. How well it does on customers it has not seen is told by
//! cross-validation: the accuracy, the log loss and which segment is taken for which.
pub mod file;

use crate::schema_check::differs;
use crate::tree::{BoostingOptions, Ensemble, Scorer, TreeOptions, fit};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use winback_core::feature::{FeatureSchema, FeatureTable};
use winback_core::model::TrainError;
use winback_core::risk::logistic;
use winback_core::segment::SegmentId;
use winback_core::spelling::nearest;

/// The fewest labelled customers of a segment, in every part that is learned from.
pub const MIN_CUSTOMERS: usize = 20;
/// The most segments.
pub const MAX_CLASSES: usize = 30;

/// The segments that labels name, and which each customer has.
#[derive(Clone, Debug, PartialEq)]
pub struct Labels {
    /// The segments, by name.
    pub names: Vec<SegmentId>,
    /// The segment of each customer, by its place among the names; `None` where the table does not say.
    pub of: Vec<Option<u16>>,
}

/// Why labels cannot be learned from.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LabelError {
    /// A label that is none of those known, or a rare one.
    #[error("row {row} has the label {label:?}, which {}; {}", why(*count), hint(suggestion.as_deref()))]
    Unknown {
        /// The first row that has it, counted from 1 without the header.
        row: usize,
        /// The label.
        label: String,
        /// How many rows have it, where labels were not named beforehand.
        count: Option<usize>,
        /// The known label that is spelt most alike.
        suggestion: Option<String>,
    },
    /// A label that is no name of a segment.
    #[error("row {row}: {source}")]
    NoName {
        /// The row, counted from 1 without the header.
        row: usize,
        /// What is wrong.
        source: winback_core::segment::SegmentError,
    },
    /// A segment with too few customers.
    #[error("the segment {name} has {count} labelled customers; at least {MIN_CUSTOMERS} are needed to learn it")]
    TooFew {
        /// The segment.
        name: SegmentId,
        /// How many it has.
        count: usize,
    },
    /// Fewer than two segments, or too many.
    #[error("the labels name {0} segments; expected 2 to {MAX_CLASSES}")]
    Count(usize),
}

fn why(count: Option<usize>) -> String {
    count.map_or("is none of those named".into(), |count| format!("stands in {count} rows only (at least {MIN_CUSTOMERS} are needed)"))
}

fn hint(suggestion: Option<&str>) -> String {
    let meant = suggestion.map(|known| format!("did you mean {known:?}? ")).unwrap_or_default();
    format!("{meant}Correct the row, leave its label empty, or bring more such customers")
}

impl Labels {
    /// Returns the labels of a table's rows. With `known` a label must be one of them; without, each must stand in
    /// [`MIN_CUSTOMERS`] rows, so that a slip of the pen makes no segment.
    pub fn of(texts: &[Option<String>], known: Option<&[SegmentId]>) -> Result<Self, LabelError> {
        let mut counts: BTreeMap<SegmentId, (usize, usize)> = BTreeMap::new();
        let mut ids = Vec::with_capacity(texts.len());
        for (row, text) in texts.iter().enumerate() {
            let id = text.as_deref().map(SegmentId::parse).transpose().map_err(|source| LabelError::NoName { row: row + 1, source })?;
            if let Some(id) = &id {
                counts.entry(id.clone()).or_insert((0, row)).0 += 1;
            }
            ids.push(id);
        }
        let fits = |(id, (count, _)): &(&SegmentId, &(usize, usize))| match known {
            Some(known) => known.contains(id),
            None => *count >= MIN_CUSTOMERS,
        };
        let (good, bad): (Vec<_>, Vec<_>) = counts.iter().partition(fits);
        if let Some((id, (count, row))) = bad.iter().min_by_key(|(_, (_, row))| *row) {
            let among = known.map_or_else(
                || good.iter().map(|(id, _)| id.as_str()).collect(),
                |known| known.iter().map(SegmentId::as_str).collect::<Vec<_>>(),
            );
            return Err(LabelError::Unknown {
                row: row + 1,
                label: id.to_string(),
                count: known.is_none().then_some(*count),
                suggestion: nearest(id.as_str(), among).map(str::to_owned),
            });
        }
        if let Some((name, (count, _))) = counts.iter().find(|(_, (count, _))| *count < MIN_CUSTOMERS) {
            return Err(LabelError::TooFew { name: name.clone(), count: *count });
        }
        let names: Vec<SegmentId> = counts.into_keys().collect();
        if !(2..=MAX_CLASSES).contains(&names.len()) {
            return Err(LabelError::Count(names.len()));
        }
        let place = |id: SegmentId| names.binary_search(&id).ok().and_then(|place| u16::try_from(place).ok());
        Ok(Self { of: ids.into_iter().map(|id| id.and_then(place)).collect(), names })
    }
}

/// Trees for each segment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassModel {
    /// The columns that were learned from.
    pub schema: FeatureSchema,
    /// The segments, in the order of the trees.
    pub names: Vec<SegmentId>,
    ensembles: Vec<Ensemble>,
}

/// A table with other columns than those that were learned from.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the segments were learned from other columns: {0}")]
pub struct OtherColumns(String);

/// What cross-validation tells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassReport {
    /// The segments.
    pub names: Vec<SegmentId>,
    /// How many labelled customers.
    pub customers: u64,
    /// The share of held-out customers whose segment is told rightly, fold by fold.
    pub fold_accuracy: Vec<f64>,
    /// The mean over the folds.
    pub accuracy: f64,
    /// The accuracy of naming the most frequent segment every time.
    pub baseline: f64,
    /// The mean log loss over all held-out customers.
    pub log_loss: f64,
    /// How many customers of each segment (row) were held for each (column).
    pub confusion: Vec<Vec<u64>>,
}

/// Returns how the trees of segments are grown: chosen on the public table of classes A to D, on the very folds of
/// `docs/benchmarks.md`, as the peer's setting there is.
pub fn tree_options(seed: u64) -> TreeOptions {
    let usual = BoostingOptions::default();
    let (row_share, column_share) = (0.5, 0.7);
    TreeOptions::Boosting(BoostingOptions { max_depth: 6, trees: 90, bags: 8, min_weight: 5.0, row_share, column_share, seed, ..usual })
}

/// Learns from the labelled rows; `hold` leaves rows out.
///
/// # Errors
/// When no column holds anything to learn from, or the options cannot be used.
pub fn train(
    table: &FeatureTable,
    labels: &Labels,
    options: &TreeOptions,
    hold: impl Fn(usize) -> bool + Sync,
) -> Result<ClassModel, TrainError> {
    let known = labels.of.iter().enumerate().filter(|(row, label)| label.is_some() && !hold(*row));
    let rows: Vec<u32> = known.map(|(row, _)| row as u32).collect();
    let one = |class: u16| {
        let labels = labels.of.iter().map(|label| label.map(|label| label == class)).collect();
        fit(&FeatureTable { labels, ..table.clone() }, &rows, options, &|_| None)
    };
    let classes: Vec<u16> = (0..labels.names.len() as u16).collect();
    let ensembles = classes.into_par_iter().map(one).collect::<Result<_, _>>()?;
    Ok(ClassModel { schema: table.schema.as_ref().clone(), names: labels.names.clone(), ensembles })
}

impl ClassModel {
    /// Returns the probability of each segment for every customer of any table.
    ///
    /// # Errors
    /// When the table has other columns than those that were learned from.
    pub fn assign(&self, table: &FeatureTable) -> Result<Vec<Vec<f64>>, OtherColumns> {
        match differs(&self.schema, table) {
            None => Ok(self.probabilities(table)),
            Some(difference) => Err(OtherColumns(difference)),
        }
    }

    /// Returns the probability of each segment for every customer of a table with the columns that were learned from.
    pub fn probabilities(&self, table: &FeatureTable) -> Vec<Vec<f64>> {
        let scores: Vec<Vec<f64>> =
            self.ensembles.par_iter().map(|ensemble| Scorer::of(ensemble).log_odds(&ensemble.encode(table), table.rows())).collect();
        let row = |row: usize| {
            let all: Vec<f64> = scores.iter().map(|scores| logistic(scores[row]).max(1e-12)).collect();
            let sum: f64 = all.iter().sum();
            all.into_iter().map(|share| share / sum).collect()
        };
        (0..table.rows()).map(row).collect()
    }
}

/// Returns the place of the greatest share, the first of equals.
pub fn likeliest(shares: &[f64]) -> usize {
    (1..shares.len()).fold(0, |best, at| if shares[at] > shares[best] { at } else { best })
}

/// Tells how well segments are told of customers that were not learned from: row `i` is held out in fold `i mod folds`.
///
/// # Errors
/// Those of [`train`].
pub fn validate(table: &FeatureTable, labels: &Labels, options: &TreeOptions, folds: usize) -> Result<ClassReport, TrainError> {
    let count = labels.names.len();
    let mut confusion = vec![vec![0_u64; count]; count];
    let (mut fold_accuracy, mut loss) = (Vec::new(), 0.0);
    for fold in 0..folds {
        let shares = train(table, labels, options, |row| row % folds == fold)?.probabilities(table);
        let (mut right, mut all) = (0_u64, 0_u64);
        for (row, label) in labels.of.iter().enumerate().skip(fold).step_by(folds) {
            let Some(label) = label.map(usize::from) else { continue };
            let told = likeliest(&shares[row]);
            confusion[label][told] += 1;
            right += u64::from(told == label);
            all += 1;
            loss -= shares[row][label].max(1e-12).ln();
        }
        fold_accuracy.push(right as f64 / all.max(1) as f64);
    }
    let customers: u64 = confusion.iter().flatten().sum();
    let largest = confusion.iter().map(|row| row.iter().sum::<u64>()).max().unwrap_or_default();
    Ok(ClassReport {
        names: labels.names.clone(),
        customers,
        accuracy: fold_accuracy.iter().sum::<f64>() / folds.max(1) as f64,
        fold_accuracy,
        baseline: largest as f64 / customers.max(1) as f64,
        log_loss: loss / customers.max(1) as f64,
        confusion,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(labels: &[(&str, usize)]) -> Vec<Option<String>> {
        labels.iter().flat_map(|(label, count)| vec![Some((*label).to_owned()).filter(|label| !label.is_empty()); *count]).collect()
    }

    #[test]
    fn labels_are_known_or_asked_about() {
        let labels = Labels::of(&texts(&[("B", 30), ("A", 20), ("", 2)]), None).unwrap();
        assert_eq!(labels.names.iter().map(SegmentId::as_str).collect::<Vec<_>>(), ["A", "B"]);
        assert_eq!((labels.of[0], labels.of[30], labels.of[51]), (Some(1), Some(0), None));
        let check = |labels: &[(&str, usize)], known: Option<&[&str]>, expected: &str| {
            let known: Option<Vec<SegmentId>> = known.map(|known| known.iter().map(|name| SegmentId::parse(name).unwrap()).collect());
            let told = Labels::of(&texts(labels), known.as_deref()).unwrap_err().to_string();
            assert!(told.contains(expected), "{told}");
        };
        check(
            &[("Dormant", 40), ("Active", 40), ("Dormnt", 1)],
            None,
            "row 81 has the label \"Dormnt\", which stands in 1 rows only (at least 20 are needed); did you mean \"Dormant\"?",
        );
        check(&[("A", 40), ("B", 40), ("C", 40)], Some(&["A", "B"]), "row 81 has the label \"C\", which is none of those named");
        check(&[("A", 40), ("B", 3)], Some(&["A", "B"]), "the segment B has 3 labelled customers");
        check(&[("A", 40)], None, "the labels name 1 segments");
        check(&[("a b", 40)], None, "row 1: \"a b\" is no name for a segment");
        check(&[("", 40)], None, "the labels name 0 segments");
    }

    #[test]
    fn the_first_of_equal_shares_is_told() {
        assert_eq!((likeliest(&[0.2, 0.5, 0.3]), likeliest(&[0.4, 0.2, 0.4])), (1, 0));
    }
}
