//! Boosted trees and forests as families of models.
use super::{Ensemble, Scorer, TreeOptions, fit};
use crate::artifact::{Learned, TreeBody, TreeFamily};
use crate::card;
use crate::train::{Family, Fresh, train};
use crate::validate::{Fitted, Learner, skip_synthetic};
use winback_core::digest::Digest;
use winback_core::feature::FeatureTable;
use winback_core::model::{ChurnTrainer, TrainError, TrainOptions, Trained};
use winback_core::progress::Progress;

/// Fits boosted trees or a forest. The penalty of [`TrainOptions`] is that of a regression and has no effect here.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TreeTrainer {
    /// Which, and how.
    pub options: TreeOptions,
}

/// What trees alone cannot tell.
pub(crate) const SHARED_PARTS: &str =
    "A reason is a column's part in the score, fairly shared where columns count together; it is no effect that could be had alone.";

impl ChurnTrainer for TreeTrainer {
    fn train(&self, table: &FeatureTable, options: &TrainOptions, progress: &dyn Progress) -> Result<Trained, TrainError> {
        train(table, &self.options, options, progress)
    }
}

impl Learner for TreeOptions {
    fn learn(&self, table: &FeatureTable, rows: &[u32], without_synthetic: bool) -> Result<Box<dyn Fitted>, TrainError> {
        Ok(Box::new(fit(table, rows, self, &skip_synthetic(table, without_synthetic))?))
    }
}

impl Fitted for Ensemble {
    fn scores(&self, table: &FeatureTable, rows: &[u32]) -> Vec<f64> {
        Scorer::of(self).log_odds(&self.bins.encode_rows(table, rows), rows.len())
    }
}

impl TreeOptions {
    /// Returns what a model file holds of a fit.
    pub(crate) fn body(&self, table: &FeatureTable, rows: &[u32], data: &Digest) -> Result<TreeBody, TrainError> {
        let family = match self {
            Self::Boosting(_) => TreeFamily::Boosted,
            Self::Forest(_) => TreeFamily::Forest,
        };
        let ensemble = fit(table, rows, self, &|_| None)?;
        Ok(TreeBody { family, schema: table.schema.as_ref().clone(), data: data.clone(), ensemble })
    }
}

impl Family for TreeOptions {
    fn fit(&self, table: &FeatureTable, rows: &[u32], data: &Digest) -> Result<Fresh, TrainError> {
        let body = self.body(table, rows, data)?;
        let family = body.family;
        let columns = card::tree_column_notes(table, &body.ensemble.bins);
        let l2 = if let Self::Boosting(options) = self { options.lambda } else { 0.0 };
        let own_limits = vec![SHARED_PARTS];
        Ok(Fresh { family: family.tag(), learned: Learned::Trees(body), columns, own_limits, l2 })
    }
}
