//! Logistic regression as a family of models.
use crate::artifact::{Body, Learned};
use crate::card;
use crate::design::Design;
use crate::encode::{self, Encoder};
use crate::explain::{Coefficients, ColumnModel, Scorer};
use crate::fit;
use crate::logistic::{FAMILY, LEAST_ROWS};
use crate::train::{Family, Fresh, refused, train};
use crate::validate::{Fitted, Learner, skip_synthetic, why_nothing};
use rayon::prelude::*;
use winback_core::digest::Digest;
use winback_core::feature::FeatureTable;
use winback_core::model::{ChurnTrainer, TrainError, TrainOptions, Trained};
use winback_core::progress::Progress;

/// The penalty that scored best on held-out Telco customers (three seeds of five folds).
pub const RECOMMENDED_L2: f64 = 2.0;

/// Fits penalised logistic regressions.
#[derive(Clone, Copy, Debug, Default)]
pub struct LogisticTrainer;

/// Logistic regressions with a penalty.
#[derive(Clone, Copy, Debug)]
pub struct Logistic {
    /// The strength of the L2 penalty.
    pub l2: f64,
}

/// A penalty no regression can be fitted with.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("the penalty l2 is {0}; expected a finite number of at least 0")]
pub struct BadPenalty(f64);

impl ChurnTrainer for LogisticTrainer {
    fn train(&self, table: &FeatureTable, options: &TrainOptions, progress: &dyn Progress) -> Result<Trained, TrainError> {
        train(table, &Logistic { l2: options.l2 }, options, progress)
    }
}

impl Learner for Logistic {
    fn learn(&self, table: &FeatureTable, rows: &[u32], without_synthetic: bool) -> Result<Box<dyn Fitted>, TrainError> {
        Ok(Box::new(learn(table, rows, self.l2, without_synthetic)?))
    }
}

impl Fitted for Coefficients {
    fn scores(&self, table: &FeatureTable, rows: &[u32]) -> Vec<f64> {
        let scorer = Scorer::of(self, &table.schema.features, table);
        rows.par_iter().with_min_len(LEAST_ROWS).map(|&row| scorer.log_odds(row as usize)).collect()
    }
}

impl Logistic {
    /// Returns what a model file holds of a fit.
    pub(crate) fn body(&self, table: &FeatureTable, rows: &[u32], data: &Digest) -> Result<Body, TrainError> {
        if !(self.l2.is_finite() && self.l2 >= 0.0) {
            return Err(refused(BadPenalty(self.l2)));
        }
        let coefficients = learn(table, rows, self.l2, false)?;
        Ok(Body { schema: table.schema.as_ref().clone(), data: data.clone(), l2: self.l2, coefficients })
    }
}

impl Family for Logistic {
    fn fit(&self, table: &FeatureTable, rows: &[u32], data: &Digest) -> Result<Fresh, TrainError> {
        let body = self.body(table, rows, data)?;
        let columns = card::column_notes(&body.coefficients.columns);
        let own_limits = vec!["Every column counts by itself: the effect of one does not depend on another."];
        Ok(Fresh { family: FAMILY, learned: Learned::Logistic(body), columns, own_limits, l2: self.l2 })
    }
}

/// Learns encoders and coefficients from some rows.
fn learn(table: &FeatureTable, rows: &[u32], l2: f64, without_synthetic: bool) -> Result<Coefficients, TrainError> {
    let encoders = encode::learn(table, rows, &skip_synthetic(table, without_synthetic));
    if encoders.iter().all(|encoder| matches!(encoder, Encoder::Unused { .. })) {
        let names = table.schema.features.iter().map(|feature| feature.name.as_str());
        let unused = names.zip(&encoders).filter_map(|(name, encoder)| match encoder {
            Encoder::Unused { why } => Some((name, why.as_str())),
            _ => None,
        });
        return Err(TrainError::NothingToLearn(why_nothing(unused)));
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
