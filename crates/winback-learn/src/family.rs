//! A model of whatever family a file holds.
use crate::artifact::{self, ArtifactError, Learned};
use crate::blend::BlendModel;
use crate::logistic::LogisticModel;
use crate::tree::TreeModel;
use winback_core::model::ChurnModel;

/// Reads a model from the bytes of its file.
pub fn from_file(file: &[u8]) -> Result<Box<dyn ChurnModel>, ArtifactError> {
    Ok(match artifact::read(file)? {
        Learned::Logistic(body) => Box::new(LogisticModel::of(body, file)),
        Learned::Trees(body) => Box::new(TreeModel::of(body, file)),
        Learned::Blend(body) => Box::new(BlendModel::of(body, file)),
    })
}
