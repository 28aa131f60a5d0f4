//! Training: table in; model, model file and card out.
use crate::artifact::{self, Body};
use crate::card;
use crate::logistic::LogisticModel;
use crate::validate::{fits_to_validate, labelled, learn, validate};
use winback_core::feature::FeatureTable;
use winback_core::model::{ChurnModel, ChurnTrainer, ModelCard, TrainError, TrainOptions, Trained};
use winback_core::progress::{Progress, Work};

/// The penalty that scored best on held-out Telco customers (three seeds of five folds).
pub const RECOMMENDED_L2: f64 = 2.0;

/// The fewest customers of each kind to learn from.
const LEAST_OF_EACH: usize = 10;

/// Fits penalised logistic regressions.
#[derive(Clone, Copy, Debug, Default)]
pub struct LogisticTrainer;

/// Options no model can be made with.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum BadOptions {
    /// A penalty that is negative or no number.
    #[error("the penalty l2 is {0}; expected a finite number of at least 0")]
    Penalty(f64),
    /// One fold, or more than can be counted.
    #[error("{0} folds cannot be validated with; expected 0 for none, or 2 to 1000")]
    Folds(usize),
}

impl ChurnTrainer for LogisticTrainer {
    fn train(&self, table: &FeatureTable, options: &TrainOptions, progress: &dyn Progress) -> Result<Trained, TrainError> {
        check_options(options).map_err(|source| TrainError::Other(Box::new(source)))?;
        let rows: Vec<u32> = labelled(table).collect();
        let left = rows.iter().filter(|&&row| table.labels[row as usize] == Some(true)).count();
        check_labels(rows.len(), left, options.folds)?;
        progress.begin(Work::Train, Some(1 + fits_to_validate(table, options.folds)));
        let trained = fit(table, &rows, options, progress);
        progress.done();
        trained
    }
}

fn fit(table: &FeatureTable, rows: &[u32], options: &TrainOptions, progress: &dyn Progress) -> Result<Trained, TrainError> {
    let coefficients = learn(table, rows, options.l2, false)?;
    progress.advance(1);
    let validation = match options.folds {
        0 => None,
        _ => Some(validate(table, options, progress)?),
    };
    let body = Body { schema: table.schema.as_ref().clone(), data: options.data.clone(), l2: options.l2, coefficients };
    let file = artifact::write(&body).map_err(other)?;
    let model = LogisticModel::from_file(&file).map_err(other)?;
    let left = rows.iter().filter(|&&row| table.labels[row as usize] == Some(true)).count();
    let card = ModelCard {
        version: model.version().clone(),
        family: artifact::FAMILY.to_owned(),
        data: options.data.clone(),
        features: table.schema.digest(),
        rows: rows.len() as u64,
        left: left as u64,
        seed: options.seed,
        l2: options.l2,
        validation,
        columns: card::column_notes(&body.coefficients.columns),
        limits: card::limits(table),
    };
    Ok(Trained { model: Box::new(model), file, card })
}

fn other(source: artifact::ArtifactError) -> TrainError {
    TrainError::Other(Box::new(source))
}

fn check_options(options: &TrainOptions) -> Result<(), BadOptions> {
    if !(options.l2.is_finite() && options.l2 >= 0.0) {
        return Err(BadOptions::Penalty(options.l2));
    }
    if options.folds == 1 || options.folds > 1000 {
        return Err(BadOptions::Folds(options.folds));
    }
    Ok(())
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
