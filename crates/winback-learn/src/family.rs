//! A model of whatever family a file holds.
use crate::artifact::{self, ArtifactError, Learned};
use crate::blend::BlendModel;
use crate::calibrated::CalibratedModel;
use crate::logistic::LogisticModel;
use crate::tree::TreeModel;
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
