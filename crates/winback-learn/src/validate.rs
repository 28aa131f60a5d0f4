//! Cross-validation: how well a model of this kind scores customers it has not seen.
//!
//! Everything is learned anew for each fold from the other folds alone: words, knots or bins, and whatever is fitted.
use crate::calibrate::{self, Chosen, Outcome};
use crate::metrics::{self, Scored};
use crate::split::{NO_FOLD, stratified_folds};
use winback_core::feature::FeatureTable;
use winback_core::model::{Metrics, TrainError, TrainOptions, Validation};
use winback_core::progress::Progress;
use winback_core::risk::Probability;

/// A family of models and how it is fitted.
pub trait Learner: Sync {
    /// Fits a model to some rows with a label and returns the scores of others, in log-odds.
    fn scores(&self, table: &FeatureTable, rows: &Rows) -> Result<Vec<f64>, TrainError>;
}

/// Which rows and columns take part.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    /// The rows to learn from.
    pub learned: &'a [u32],
    /// The rows to score.
    pub asked: &'a [u32],
    /// Whether columns invented for demonstration are left out.
    pub without_synthetic: bool,
}

/// Returns the scores of cross-validation with folds drawn by the seed, twins together, and the calibration that all
/// held-out scores together chose.
pub(crate) fn validate(
    table: &FeatureTable,
    learner: &dyn Learner,
    options: &TrainOptions,
    progress: &dyn Progress,
) -> Result<(Validation, Chosen), TrainError> {
    let folds = u16::try_from(options.folds).unwrap_or(NO_FOLD - 1);
    validate_and_calibrate(table, learner, &stratified_folds(table, folds, options.seed), progress)
}

/// Returns the scores of cross-validation with given folds, one per row, counted from 0; rows without a label are left
/// out. The scores of each fold are calibrated as the others chose, so that they are what a model in use would give.
pub fn validate_with_folds(
    table: &FeatureTable,
    learner: &dyn Learner,
    fold_of: &[u16],
    progress: &dyn Progress,
) -> Result<Validation, TrainError> {
    Ok(validate_and_calibrate(table, learner, fold_of, progress)?.0)
}

fn validate_and_calibrate(
    table: &FeatureTable,
    learner: &dyn Learner,
    fold_of: &[u16],
    progress: &dyn Progress,
) -> Result<(Validation, Chosen), TrainError> {
    let raw = held_out_scores(table, learner, (fold_of, false), progress)?;
    let chosen = calibrate::choose(&raw);
    let held_out = calibrated(&raw, &chosen)?;
    let per_fold: Vec<Metrics> = held_out.iter().map(|fold| metrics::measure(fold)).collect();
    let (mean, deviation) = metrics::mean_and_deviation(&per_fold);
    let all = held_out.concat();
    let auc_without_synthetic = match has_synthetic(table) {
        true => {
            let raw = held_out_scores(table, learner, (fold_of, true), progress)?;
            Some(metrics::areas(&calibrated(&raw, &calibrate::choose(&raw))?.concat()).0)
        }
        false => None,
    };
    let pooled = metrics::measure(&all);
    let (cuts, reliability) = (metrics::cuts(&all), metrics::reliability(&all));
    let validation = Validation { folds: per_fold.len(), mean, deviation, pooled, per_fold, cuts, reliability, auc_without_synthetic };
    Ok((validation, chosen))
}

fn calibrated(raw: &[Vec<Outcome>], chosen: &Chosen) -> Result<Vec<Vec<Scored>>, TrainError> {
    let folds = calibrate::nested(raw, &chosen.map).into_iter();
    folds.map(|fold| fold.into_iter().map(|(log_odds, left)| scored(log_odds, left)).collect()).collect()
}

/// Returns how many models a validation fits: one a fold, and where there are invented columns one more without them.
pub(crate) fn fits_to_validate(table: &FeatureTable, folds: usize) -> u64 {
    let passes = if has_synthetic(table) { 2 } else { 1 };
    folds as u64 * passes
}

fn has_synthetic(table: &FeatureTable) -> bool {
    table.schema.features.iter().any(|feature| feature.synthetic)
}

fn held_out_scores(
    table: &FeatureTable,
    learner: &dyn Learner,
    (fold_of, without_synthetic): (&[u16], bool),
    progress: &dyn Progress,
) -> Result<Vec<Vec<Outcome>>, TrainError> {
    let known: Vec<u32> = labelled(table).filter(|&row| fold_of.get(row as usize).is_some_and(|&fold| fold != NO_FOLD)).collect();
    let folds = known.iter().map(|&row| fold_of[row as usize] + 1).max().unwrap_or_default();
    let score_fold = |fold: u16| {
        let (inside, outside): (Vec<u32>, Vec<u32>) = known.iter().partition(|&&row| fold_of[row as usize] == fold);
        for (rows, part) in [(&inside, "held out"), (&outside, "to learn from")] {
            both_kinds(table, rows).map_err(|kind| no_kind(fold, part, kind))?;
        }
        let scores = learner.scores(table, &Rows { learned: &outside, asked: &inside, without_synthetic })?;
        progress.advance(1);
        Ok(inside.iter().zip(scores).map(|(&row, score)| (score, table.labels[row as usize] == Some(true))).collect())
    };
    (0..folds).map(score_fold).collect()
}

fn scored(log_odds: f64, left: bool) -> Result<Scored, TrainError> {
    let p = Probability::from_log_odds(log_odds).map_err(|source| TrainError::Other(Box::new(source)))?;
    Ok(Scored { p: p.value(), left })
}

/// Returns the rows whose label is known.
pub(crate) fn labelled(table: &FeatureTable) -> impl Iterator<Item = u32> {
    table.labels.iter().enumerate().filter(|(_, label)| label.is_some()).map(|(row, _)| row as u32)
}

/// Returns the kind of customer that is not among the rows.
fn both_kinds(table: &FeatureTable, rows: &[u32]) -> Result<(), &'static str> {
    let has = |label: bool| rows.iter().any(|&row| table.labels[row as usize] == Some(label));
    match (has(true), has(false)) {
        (true, true) => Ok(()),
        (false, _) => Err("left"),
        (true, false) => Err("stayed"),
    }
}

/// A fold from which nothing can be told.
#[derive(Debug, thiserror::Error)]
#[error(
    "no customer who {kind} is among those {part} in fold {fold}; use fewer folds (customers equal in every column always share a fold)"
)]
pub struct OneSidedFold {
    fold: u16,
    part: &'static str,
    kind: &'static str,
}

fn no_kind(fold: u16, part: &'static str, kind: &'static str) -> TrainError {
    TrainError::Other(Box::new(OneSidedFold { fold: fold + 1, part, kind }))
}

/// Returns the reason for which a feature is left out of a fit without invented columns.
pub(crate) fn skip_synthetic(table: &FeatureTable, without_synthetic: bool) -> impl Fn(usize) -> Option<String> + Sync {
    move |feature: usize| (without_synthetic && table.schema.features[feature].synthetic).then(|| "invented for demonstration".to_owned())
}

/// Says why each of some columns, given with the reason, is not used.
pub(crate) fn why_nothing<'a>(unused: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let notes: Vec<String> = unused.take(10).map(|(name, why)| format!("{name:?} is {why}")).collect();
    if notes.is_empty() { "the table has no columns".into() } else { notes.join(", ") }
}
