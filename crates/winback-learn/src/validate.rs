//! Cross-validation: how well a model of this kind scores customers it has not seen.
//!
//! Everything is learned anew for each fold from the other folds alone: words, knots or bins, and whatever is fitted.
use crate::calibrate::{self, Calibration, Chosen, Outcome};
use crate::compare::interval;
use crate::metrics::{self, Scored};
use crate::split::{NO_FOLD, stratified_folds};
use crate::{curves, group_scores, importance};
use winback_core::feature::FeatureTable;
use winback_core::model::{Balance, Metrics, MetricsInterval, TrainError, TrainOptions, Validation};
use winback_core::progress::Progress;
use winback_core::risk::Probability;

/// A family of models and how it is fitted.
pub trait Learner: Sync {
    /// Fits a model to some rows with a label, some perhaps named repeatedly; columns invented for demonstration are left
    /// out where asked.
    fn learn(&self, table: &FeatureTable, rows: &[u32], without_synthetic: bool) -> Result<Box<dyn Fitted>, TrainError>;

    /// Returns what is done about one kind of customer being rarer.
    fn balance(&self) -> Balance {
        Balance::None
    }
}

/// A model that was fitted and scores any table with the columns it was fitted to.
pub trait Fitted: Send + Sync {
    /// Returns the scores of some rows, in log-odds and in the order of `rows`.
    fn scores(&self, table: &FeatureTable, rows: &[u32]) -> Vec<f64>;
}

/// A fold: the customers held out, the model fitted to the others, and what it says of them.
pub(crate) struct HeldOut {
    /// The rows held out, rising.
    pub rows: Vec<u32>,
    /// The model that has not seen them.
    pub fitted: Box<dyn Fitted>,
    /// The map that the other folds chose.
    pub map: Calibration,
    /// Their scores, calibrated by it, and what happened.
    pub scored: Vec<Scored>,
}

/// Returns the scores of cross-validation with folds drawn by the seed, twins together, with what the models lean on
/// and how well they score each kind of customer, and the calibration that all held-out scores together chose.
pub(crate) fn validate(
    table: &FeatureTable,
    learner: &dyn Learner,
    options: &TrainOptions,
    progress: &dyn Progress,
) -> Result<(Validation, Chosen), TrainError> {
    let folds = u16::try_from(options.folds).unwrap_or(NO_FOLD - 1);
    let fold_of = stratified_folds(table, folds, options.seed);
    let (held_out, chosen) = hold_out(table, learner, &fold_of, progress)?;
    let mut validation = tell(&held_out);
    validation.auc_without_synthetic = auc_without_synthetic(table, learner, &fold_of, progress)?;
    importance::tell(table, &held_out, (options.seed, progress), &mut validation)?;
    group_scores::tell(table, &held_out, &options.background.traits, &mut validation);
    Ok((validation, chosen))
}

/// Returns the scores of cross-validation with given folds, one per row, counted from 0; rows without a label are left
/// out. The scores of each fold are calibrated as the others chose, so that they are what a model in use would give.
/// What the models lean on is not looked at.
pub fn validate_with_folds(
    table: &FeatureTable,
    learner: &dyn Learner,
    fold_of: &[u16],
    progress: &dyn Progress,
) -> Result<Validation, TrainError> {
    let validation = tell(&hold_out(table, learner, fold_of, progress)?.0);
    Ok(Validation { auc_without_synthetic: auc_without_synthetic(table, learner, fold_of, progress)?, ..validation })
}

fn tell(held_out: &[HeldOut]) -> Validation {
    let per_fold: Vec<Metrics> = held_out.iter().map(|fold| metrics::measure(&fold.scored)).collect();
    let (mean, deviation) = metrics::mean_and_deviation(&per_fold);
    let all = pooled(held_out);
    let (roc, precision_recall) = curves::of(&all);
    Validation {
        folds: per_fold.len(),
        mean,
        deviation,
        pooled: metrics::measure(&all),
        intervals: intervals(&per_fold),
        per_fold,
        cuts: metrics::cuts(&all),
        calls: metrics::calls(&all),
        reliability: metrics::reliability(&all),
        roc,
        precision_recall,
        ..Validation::default()
    }
}

/// Returns all held-out scores together, fold after fold.
pub(crate) fn pooled(held_out: &[HeldOut]) -> Vec<Scored> {
    held_out.iter().flat_map(|fold| fold.scored.iter().copied()).collect()
}

/// Returns how many rows are held out for one learned from, which the interval over folds allows for.
pub(crate) fn held_out_share(folds: usize) -> f64 {
    1.0 / (folds as f64 - 1.0)
}

/// Returns the intervals of the means, within what a measure can be; `None` with fewer than two folds.
fn intervals(per_fold: &[Metrics]) -> Option<MetricsInterval> {
    let of = |pick: fn(&Metrics) -> f64, most: f64| {
        let found = interval(&per_fold.iter().map(pick).collect::<Vec<f64>>(), held_out_share(per_fold.len()));
        (found.low.clamp(0.0, most), found.high.clamp(0.0, most))
    };
    let measures = || {
        let all = [of(|m| m.roc_auc, 1.0), of(|m| m.pr_auc, 1.0), of(|m| m.log_loss, f64::MAX), of(|m| m.brier, 1.0), of(|m| m.ece10, 1.0)];
        let build = |v: [f64; 5]| Metrics { roc_auc: v[0], pr_auc: v[1], log_loss: v[2], brier: v[3], ece10: v[4] };
        MetricsInterval { low: build(all.map(|ends| ends.0)), high: build(all.map(|ends| ends.1)) }
    };
    (per_fold.len() > 1).then(measures)
}

/// Returns the area over all folds of plain scores without the invented columns: an area asks for the order alone.
fn auc_without_synthetic(
    table: &FeatureTable,
    learner: &dyn Learner,
    fold_of: &[u16],
    progress: &dyn Progress,
) -> Result<Option<f64>, TrainError> {
    if !has_synthetic(table) {
        return Ok(None);
    }
    let folds = fit_folds(table, learner, (fold_of, true), progress)?;
    let plain: Vec<Outcome> = folds.into_iter().flat_map(|fold| fold.plain).collect();
    Ok(Some(metrics::areas(&scored(&plain)?).0))
}

/// Returns how many steps of progress a validation takes: a model for each fold, where there are invented columns one
/// more without them, the calibration, and what each fold's model leans on.
pub(crate) fn steps_to_validate(table: &FeatureTable, folds: usize) -> u64 {
    let passes = if has_synthetic(table) { 3 } else { 2 };
    if folds == 0 { 0 } else { folds as u64 * passes + 1 }
}

fn has_synthetic(table: &FeatureTable) -> bool {
    table.schema.features.iter().any(|feature| feature.synthetic)
}

/// A fold with plain scores.
struct FittedFold {
    rows: Vec<u32>,
    fitted: Box<dyn Fitted>,
    plain: Vec<Outcome>,
}

/// Returns the folds with their calibrated scores, and the calibration that all of them chose.
fn hold_out(
    table: &FeatureTable,
    learner: &dyn Learner,
    fold_of: &[u16],
    progress: &dyn Progress,
) -> Result<(Vec<HeldOut>, Chosen), TrainError> {
    let folds = fit_folds(table, learner, (fold_of, false), progress)?;
    let plain: Vec<Vec<Outcome>> = folds.iter().map(|fold| fold.plain.clone()).collect();
    let chosen = calibrate::choose(&plain, learner.balance());
    let maps = calibrate::nested(&plain, &chosen.map, learner.balance());
    let held_out = folds.into_iter().zip(maps).map(|(fold, map)| {
        let calibrated: Vec<Outcome> = fold.plain.iter().map(|&(log_odds, left)| (map.of(log_odds), left)).collect();
        Ok(HeldOut { rows: fold.rows, fitted: fold.fitted, map, scored: scored(&calibrated)? })
    });
    let held_out = held_out.collect::<Result<_, TrainError>>()?;
    progress.advance(1);
    Ok((held_out, chosen))
}

fn fit_folds(
    table: &FeatureTable,
    learner: &dyn Learner,
    (fold_of, without_synthetic): (&[u16], bool),
    progress: &dyn Progress,
) -> Result<Vec<FittedFold>, TrainError> {
    let known: Vec<u32> = labelled(table).filter(|&row| fold_of.get(row as usize).is_some_and(|&fold| fold != NO_FOLD)).collect();
    let folds = known.iter().map(|&row| fold_of[row as usize] + 1).max().unwrap_or_default();
    let mut fitted_folds = Vec::new();
    for fold in 0..folds {
        let (rows, outside): (Vec<u32>, Vec<u32>) = known.iter().partition(|&&row| fold_of[row as usize] == fold);
        for (rows, part) in [(&rows, "held out"), (&outside, "to learn from")] {
            both_kinds(table, rows).map_err(|kind| no_kind(fold, part, kind))?;
        }
        let fitted = learner.learn(table, &outside, without_synthetic)?;
        let plain = outcomes(table, &rows, &fitted.scores(table, &rows));
        fitted_folds.push(FittedFold { rows, fitted, plain });
        progress.advance(1);
    }
    Ok(fitted_folds)
}

/// Returns rows' scores, in log-odds, with what happened.
pub(crate) fn outcomes(table: &FeatureTable, rows: &[u32], log_odds: &[f64]) -> Vec<Outcome> {
    rows.iter().zip(log_odds).map(|(&row, &log_odds)| (log_odds, table.labels[row as usize] == Some(true))).collect()
}

/// Returns outcomes with probabilities.
pub(crate) fn scored(outcomes: &[Outcome]) -> Result<Vec<Scored>, TrainError> {
    let one = |&(log_odds, left): &Outcome| {
        let p = Probability::from_log_odds(log_odds).map_err(|source| TrainError::Other(Box::new(source)))?;
        Ok(Scored { p: p.value(), left })
    };
    outcomes.iter().map(one).collect()
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
