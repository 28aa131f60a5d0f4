//! A model of whatever family a file holds.
use crate::artifact::{self, ArtifactError, Learned};
use crate::blend::{BlendModel, means};
use crate::calibrated::CalibratedModel;
use crate::logistic::LogisticModel;
use crate::tree::TreeModel;
use crate::validate::Fitted;
use winback_core::feature::FeatureTable;
use winback_core::model::ChurnModel;

/// Reads a model from the bytes of its file.
pub fn from_file(file: &[u8]) -> Result<Box<dyn ChurnModel>, ArtifactError> {
    Ok(model_of(artifact::read(file)?, file))
}

/// Returns what was learned as a model; its version is that of the file.
pub(crate) fn model_of(learned: Learned, file: &[u8]) -> Box<dyn ChurnModel> {
    match learned {
        Learned::Logistic(body) => Box::new(LogisticModel::of(body, file)),
        Learned::Trees(body) => Box::new(TreeModel::of(body, file)),
        Learned::Blend(body) => Box::new(BlendModel::of(body, file)),
        Learned::Calibrated(body) => Box::new(CalibratedModel::of(body, file)),
    }
}

impl Fitted for Learned {
    fn scores(&self, table: &FeatureTable, rows: &[u32]) -> Vec<f64> {
        match self {
            Self::Logistic(body) => body.coefficients.scores(table, rows),
            Self::Trees(body) => body.ensemble.scores(table, rows),
            Self::Calibrated(body) => body.model.scores(table, rows).into_iter().map(|score| body.calibration.of(score)).collect(),
            Self::Blend(body) => means(&body.logistic.coefficients.scores(table, rows), &body.trees.ensemble.scores(table, rows)),
        }
    }
}
