//! Training: table in; model, model file and card out, for any family.
use crate::artifact::{self, Learned};
use crate::balance::{Balanced, balanced};
use crate::calibrate::Chosen;
use crate::card;
use crate::effects;
use crate::family::from_file;
use crate::validate::{Learner, labelled, steps_to_validate, validate};
use crate::warnings;
use std::error::Error;
use winback_core::digest::Digest;
use winback_core::feature::FeatureTable;
use winback_core::model::{CalibrationNote, ColumnNote, ModelCard, TrainError, TrainOptions, Trained};
use winback_core::progress::{Progress, Work};

/// The fewest customers of each kind to learn from.
const LEAST_OF_EACH: usize = 10;

/// A family of models that can be trained.
pub(crate) trait Family: Learner {
    /// Fits a model to some rows with a label.
    fn fit(&self, table: &FeatureTable, rows: &[u32], data: &Digest) -> Result<Fresh, TrainError>;
}

/// A model just fitted.
pub(crate) struct Fresh {
    pub family: &'static str,
    pub learned: Learned,
    pub columns: Vec<ColumnNote>,
    /// What models of this family alone cannot tell.
    pub own_limits: Vec<&'static str>,
    /// The penalty, for the card.
    pub l2: f64,
}

/// A number of folds nothing can be validated with.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("{0} folds cannot be validated with; expected 0 for none, or 2 to 1000")]
pub struct BadFolds(usize);

/// Trains a model of a family and, where folds are asked for, validates the family.
pub(crate) fn train(
    table: &FeatureTable,
    family: &dyn Family,
    options: &TrainOptions,
    progress: &dyn Progress,
) -> Result<Trained, TrainError> {
    if options.folds == 1 || options.folds > 1000 {
        return Err(refused(BadFolds(options.folds)));
    }
    let rows: Vec<u32> = labelled(table).collect();
    let left = rows.iter().filter(|&&row| table.labels[row as usize] == Some(true)).count();
    check_labels(rows.len(), left, options.folds)?;
    progress.begin(Work::Train, Some(2 + steps_to_validate(table, options.folds)));
    let trained = fit(table, family, (&rows, left), (options, progress));
    progress.done();
    trained
}

fn fit(
    table: &FeatureTable,
    family: &dyn Family,
    (rows, left): (&[u32], usize),
    (options, progress): (&TrainOptions, &dyn Progress),
) -> Result<Trained, TrainError> {
    let balance = options.balance;
    let fresh = family.fit(table, &balanced(table, rows, balance), &options.data)?;
    progress.advance(1);
    let (validation, chosen) = match options.folds {
        0 => (None, Chosen::default()),
        _ => validate(table, &Balanced { learner: family, balance }, options, progress).map(|(scores, chosen)| (Some(scores), chosen))?,
    };
    let method = chosen.map.method();
    let calibration = (!chosen.trials.is_empty()).then(|| CalibrationNote { method, trials: chosen.trials.clone() });
    let learned = fresh.learned.calibrated(chosen, balance);
    let file = artifact::write(&learned).map_err(refused)?;
    let model = from_file(&file).map_err(refused)?;
    // Curves of scores that are no probabilities would be read as probabilities.
    let effects = match model.check_probabilities() {
        Ok(()) => effects::of(table, (rows, &options.background), &learned, options.seed),
        Err(_) => Vec::new(),
    };
    progress.advance(1);
    let card = ModelCard {
        version: model.version().clone(),
        family: fresh.family.to_owned(),
        data: options.data.clone(),
        features: table.schema.digest(),
        rows: rows.len() as u64,
        left: left as u64,
        seed: options.seed,
        l2: fresh.l2,
        validation,
        calibration,
        balance,
        columns: fresh.columns,
        limits: card::limits(table, &fresh.own_limits, balance),
        warnings: warnings::of(table, rows, &effects, (&options.background, options.seed)),
        effects,
    };
    Ok(Trained { model, file, card })
}

/// Returns the refusal of whatever went wrong.
pub(crate) fn refused(source: impl Error + Send + Sync + 'static) -> TrainError {
    TrainError::Other(Box::new(source))
}

fn check_labels(rows: usize, left: usize, folds: usize) -> Result<(), TrainError> {
    if rows == 0 {
        return Err(TrainError::NoLabels);
    }
    for (found, label, opposite) in [(left, "left", "stayed"), (rows - left, "stayed", "left")] {
        if found == 0 {
            return Err(TrainError::OneClass { rows, label: opposite });
        }
        let needed = LEAST_OF_EACH.max(2 * folds);
        if found < needed {
            return Err(TrainError::TooFew { found, label, folds, needed });
        }
    }
    Ok(())
}
