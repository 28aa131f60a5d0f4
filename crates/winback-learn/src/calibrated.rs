//! A model of any family whose scores are calibrated, with reasons that still add up.
use crate::artifact::CalibratedBody;
use crate::calibrate::Calibration;
use crate::family::model_of;
use std::collections::BTreeMap;
use winback_core::feature::{FeatureSchema, FeatureTable};
use winback_core::id::{CustomerId, Position};
use winback_core::model::{ChurnModel, NotProbabilities, SchemaMismatch};
use winback_core::risk::{ModelVersion, Probability, Reason, RiskAssessment};

/// A model behind a map from its scores to probabilities. Score and base go through the map; every reason grows by the
/// same factor, the rise of the map between the two, so that base and reasons still add up to the score.
pub struct CalibratedModel {
    model: Box<dyn ChurnModel>,
    calibration: Calibration,
    /// Whether the model learned from repeated customers, and no map turns its scores into probabilities.
    unjudged: bool,
}

impl CalibratedModel {
    /// Returns the model a file holds.
    pub(crate) fn of(body: CalibratedBody, file: &[u8]) -> Self {
        let unjudged = !body.balance.is_none() && body.calibration == Calibration::None;
        Self { model: model_of(*body.model, file), calibration: body.calibration, unjudged }
    }

    fn calibrated(&self, raw: RiskAssessment) -> Result<RiskAssessment, SchemaMismatch> {
        let (base, log_odds) = (self.calibration.of(raw.base), self.calibration.of(raw.log_odds));
        let probability = Probability::from_log_odds(log_odds).map_err(|source| SchemaMismatch {
            model: self.version().clone(),
            difference: format!("customer {}: {source}", raw.customer),
        })?;
        let rise = self.calibration.rise(raw.base, raw.log_odds);
        let reasons = raw.reasons.iter().map(|reason| Reason { log_odds: rise * reason.log_odds, ..*reason }).collect();
        Ok(RiskAssessment { log_odds, probability, base, reasons, ..raw })
    }
}

impl ChurnModel for CalibratedModel {
    fn version(&self) -> &ModelVersion {
        self.model.version()
    }

    fn schema(&self) -> &FeatureSchema {
        self.model.schema()
    }

    fn assess(&self, table: &FeatureTable, who: &[(Position, CustomerId)]) -> Result<Vec<RiskAssessment>, SchemaMismatch> {
        self.model.assess(table, who)?.into_iter().map(|raw| self.calibrated(raw)).collect()
    }

    fn unseen_words(&self, table: &FeatureTable) -> Result<BTreeMap<String, u64>, SchemaMismatch> {
        self.model.unseen_words(table)
    }

    fn check_probabilities(&self) -> Result<(), NotProbabilities> {
        if self.unjudged { Err(NotProbabilities { model: self.version().clone() }) } else { Ok(()) }
    }
}
