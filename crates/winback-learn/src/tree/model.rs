//! Trees as a model: scores customers and says why, exactly.
use super::Ensemble;
use super::bins::ColumnBins;
use super::shap::{Explainer, Untold};
use crate::artifact::{self, ArtifactError, Learned, TreeBody};
use crate::schema_check::{check_customers, check_table};
use rayon::prelude::*;
use std::collections::BTreeMap;
use winback_core::digest::Digest;
use winback_core::feature::{FeatureColumn, FeatureSchema, FeatureTable};
use winback_core::id::{CustomerId, Position};
use winback_core::model::{ChurnModel, SchemaMismatch};
use winback_core::risk::{ModelVersion, Probability, Reason, RiskAssessment};

/// How many rows a thread scores at a time.
const CHUNK: usize = 2_048;

/// Boosted trees or a forest, ready to score. Reasons are path-dependent Shapley values.
#[derive(Clone, Debug)]
pub struct TreeModel {
    version: ModelVersion,
    body: TreeBody,
    explainer: Explainer,
}

impl TreeModel {
    /// Reads a model from the bytes of its file.
    pub fn from_file(file: &[u8]) -> Result<Self, ArtifactError> {
        let Learned::Trees(body) = artifact::read(file)? else { return Err(ArtifactError::OtherFamily) };
        Ok(Self::of(body, file))
    }

    /// Returns the model a file holds.
    pub(crate) fn of(body: TreeBody, file: &[u8]) -> Self {
        let version = ModelVersion(format!("{}-{}", body.family.tag(), Digest::of(file).short()));
        let explainer = Explainer::of(&body.ensemble, &body.schema, Untold::PathDependent);
        Self { version, body, explainer }
    }

    /// Returns what the model file says.
    pub fn body(&self) -> &TreeBody {
        &self.body
    }

    fn ensemble(&self) -> &Ensemble {
        &self.body.ensemble
    }
}

impl ChurnModel for TreeModel {
    fn version(&self) -> &ModelVersion {
        &self.version
    }

    fn schema(&self) -> &FeatureSchema {
        &self.body.schema
    }

    fn assess(&self, table: &FeatureTable, who: &[(Position, CustomerId)]) -> Result<Vec<RiskAssessment>, SchemaMismatch> {
        check_table(self, table)?;
        check_customers(self, table, who.len())?;
        let codes = self.ensemble().encode(table);
        let (base, groups) = (self.explainer.base(), self.body.schema.groups.len());
        let chunk = |(chunk, who): (usize, &[(Position, CustomerId)])| {
            let first = chunk * CHUNK;
            let reasons = self.explainer.explain(&codes, first..first + who.len());
            let assess = |(place, (position, customer)): (usize, &(Position, CustomerId))| {
                let reasons: Vec<Reason> =
                    (0..).zip(&reasons[place * groups..][..groups]).map(|(group, &log_odds)| Reason { group, log_odds }).collect();
                let log_odds = base + reasons.iter().map(|reason| reason.log_odds).sum::<f64>();
                let probability = Probability::from_log_odds(log_odds).map_err(|source| SchemaMismatch {
                    model: self.version.clone(),
                    difference: format!("row {}: {source}", first + place),
                })?;
                let imputed = self.ensemble().filled(&codes, first + place);
                Ok(RiskAssessment { position: *position, customer: customer.clone(), log_odds, probability, base, reasons, imputed })
            };
            who.iter().enumerate().map(assess).collect::<Result<Vec<_>, _>>()
        };
        let chunks: Vec<Vec<RiskAssessment>> = who.par_chunks(CHUNK).enumerate().map(chunk).collect::<Result<_, _>>()?;
        Ok(chunks.into_iter().flatten().collect())
    }

    fn unseen_words(&self, table: &FeatureTable) -> Result<BTreeMap<String, u64>, SchemaMismatch> {
        check_table(self, table)?;
        let count = |bins: &ColumnBins, column: &FeatureColumn| match (bins, column) {
            (ColumnBins::Words { .. }, FeatureColumn::Category { codes, levels }) => {
                let unseen: Vec<bool> = levels.iter().map(|level| bins.word(level).is_none()).collect();
                codes.iter().filter(|&&code| unseen.get(usize::from(code)) == Some(&true)).count() as u64
            }
            _ => 0,
        };
        let columns = self.body.schema.features.iter().zip(&self.ensemble().bins.columns).zip(&table.columns);
        let counted = columns.map(|((feature, bins), column)| (feature.name.clone(), count(bins, column)));
        Ok(counted.filter(|(_, cells)| *cells > 0).collect())
    }
}
