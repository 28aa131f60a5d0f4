//! Cross-validation: how well a model of this kind scores customers it has not seen.
//!
//! Everything is learned anew for each fold from the other folds alone: words, knots, medians and coefficients.
use crate::design::Design;
use crate::encode::{self, Encoder};
use crate::explain::{Coefficients, ColumnModel, Scorer};
use crate::fit;
use crate::metrics::{self, Scored};
use crate::split::{NO_FOLD, stratified_folds};
use winback_core::feature::FeatureTable;
use winback_core::model::{Metrics, TrainError, TrainOptions, Validation};
use winback_core::progress::Progress;
use winback_core::risk::Probability;

/// Returns the scores of cross-validation with folds drawn by the seed, twins together.
pub fn validate(table: &FeatureTable, options: &TrainOptions, progress: &dyn Progress) -> Result<Validation, TrainError> {
    let folds = u16::try_from(options.folds).unwrap_or(NO_FOLD - 1);
    validate_with_folds(table, &stratified_folds(table, folds, options.seed), options.l2, progress)
}

/// Returns the scores of cross-validation with given folds, one per row, counted from 0; rows without a label are left out.
pub fn validate_with_folds(table: &FeatureTable, fold_of: &[u16], l2: f64, progress: &dyn Progress) -> Result<Validation, TrainError> {
    let held_out = held_out_scores(table, fold_of, l2, false, progress)?;
    let per_fold: Vec<Metrics> = held_out.iter().map(|fold| metrics::measure(fold)).collect();
    let (mean, deviation) = metrics::mean_and_deviation(&per_fold);
    let all = held_out.concat();
    let auc_without_synthetic = match has_synthetic(table) {
        true => Some(metrics::areas(&held_out_scores(table, fold_of, l2, true, progress)?.concat()).0),
        false => None,
    };
    let pooled = metrics::measure(&all);
    let (cuts, reliability) = (metrics::cuts(&all), metrics::reliability(&all));
    Ok(Validation { folds: per_fold.len(), mean, deviation, pooled, per_fold, cuts, reliability, auc_without_synthetic })
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
    fold_of: &[u16],
    l2: f64,
    without_synthetic: bool,
    progress: &dyn Progress,
) -> Result<Vec<Vec<Scored>>, TrainError> {
    let known: Vec<u32> = labelled(table).filter(|&row| fold_of.get(row as usize).is_some_and(|&fold| fold != NO_FOLD)).collect();
    let folds = known.iter().map(|&row| fold_of[row as usize] + 1).max().unwrap_or_default();
    let score_fold = |fold: u16| {
        let (inside, outside): (Vec<u32>, Vec<u32>) = known.iter().partition(|&&row| fold_of[row as usize] == fold);
        for (rows, part) in [(&inside, "held out"), (&outside, "to learn from")] {
            both_kinds(table, rows).map_err(|kind| no_kind(fold, part, kind))?;
        }
        let coefficients = learn(table, &outside, l2, without_synthetic)?;
        let scorer = Scorer::of(&coefficients, &table.schema.features, table);
        progress.advance(1);
        inside.iter().map(|&row| scored(&scorer, table, row as usize)).collect()
    };
    (0..folds).map(score_fold).collect()
}

fn scored(scorer: &Scorer, table: &FeatureTable, row: usize) -> Result<Scored, TrainError> {
    let p = Probability::from_log_odds(scorer.log_odds(row)).map_err(|source| TrainError::Other(Box::new(source)))?;
    Ok(Scored { p: p.value(), left: table.labels[row] == Some(true) })
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

/// Learns encoders and coefficients from some rows.
pub(crate) fn learn(table: &FeatureTable, rows: &[u32], l2: f64, without_synthetic: bool) -> Result<Coefficients, TrainError> {
    let skip =
        |feature: usize| (without_synthetic && table.schema.features[feature].synthetic).then(|| "invented for demonstration".to_owned());
    let encoders = encode::learn(table, rows, &skip);
    if encoders.iter().all(|encoder| matches!(encoder, Encoder::Unused { .. })) {
        return Err(TrainError::NothingToLearn(why_nothing(table, &encoders)));
    }
    let design = Design::of(table, rows, &encoders);
    let values = fit::fit(&design, &encoders, l2).map_err(TrainError::NotConverged)?;
    Ok(coefficients(table, encoders, &values, &design.shares()))
}

fn coefficients(table: &FeatureTable, encoders: Vec<Encoder>, values: &[f64], shares: &[f64]) -> Coefficients {
    let mut next = 1;
    let columns = encoders.into_iter().zip(&table.schema.features).map(|(encoder, feature)| {
        let slots = next..next + encoder.slots();
        next = slots.end;
        ColumnModel { name: feature.name.clone(), encoder, values: values[slots.clone()].to_vec(), shares: shares[slots].to_vec() }
    });
    Coefficients { intercept: values[0], columns: columns.collect() }
}

fn why_nothing(table: &FeatureTable, encoders: &[Encoder]) -> String {
    let notes = encoders.iter().zip(&table.schema.features).filter_map(|(encoder, feature)| match encoder {
        Encoder::Unused { why } => Some(format!("{:?} is {why}", feature.name)),
        _ => None,
    });
    let notes: Vec<String> = notes.take(10).collect();
    if notes.is_empty() { "the table has no columns".into() } else { notes.join(", ") }
}
