//! The logistic model: scores customers and says why, exactly.
use crate::artifact::{self, ArtifactError, Body, Learned};
use crate::encode::Encoder;
use crate::explain::{ColumnModel, Scorer};
use crate::schema_check::{check_customers, check_table};
use rayon::prelude::*;
use std::collections::BTreeMap;
use winback_core::digest::Digest;
use winback_core::feature::{FeatureColumn, FeatureSchema, FeatureTable};
use winback_core::id::{CustomerId, Position};
use winback_core::model::{ChurnModel, SchemaMismatch};
use winback_core::risk::{ModelVersion, Probability, Reason, RiskAssessment};

/// The family's name in files and versions.
pub const FAMILY: &str = "logistic";
/// The fewest rows a thread scores at a time.
pub(crate) const LEAST_ROWS: usize = 512;

/// A fitted logistic regression in which every column counts by itself.
#[derive(Clone, Debug)]
pub struct LogisticModel {
    version: ModelVersion,
    body: Body,
}

impl LogisticModel {
    /// Reads a model from the bytes of its file.
    pub fn from_file(file: &[u8]) -> Result<Self, ArtifactError> {
        let Learned::Logistic(body) = artifact::read(file)? else { return Err(ArtifactError::OtherFamily) };
        Ok(Self::of(body, file))
    }

    /// Returns the model a file holds.
    pub(crate) fn of(body: Body, file: &[u8]) -> Self {
        Self { version: ModelVersion(format!("{FAMILY}-{}", Digest::of(file).short())), body }
    }

    /// Returns what the model file says.
    pub fn body(&self) -> &Body {
        &self.body
    }

    fn mismatch(&self, difference: String) -> SchemaMismatch {
        SchemaMismatch { model: self.version.clone(), difference }
    }
}

impl ChurnModel for LogisticModel {
    fn version(&self) -> &ModelVersion {
        &self.version
    }

    fn schema(&self) -> &FeatureSchema {
        &self.body.schema
    }

    fn assess(&self, table: &FeatureTable, who: &[(Position, CustomerId)]) -> Result<Vec<RiskAssessment>, SchemaMismatch> {
        check_table(self, table)?;
        check_customers(self, table, who.len())?;
        let scorer = Scorer::of(&self.body.coefficients, &self.body.schema.features, table);
        let empty: Vec<Reason> = (0..self.body.schema.groups.len()).map(|group| Reason { group: group as u16, log_odds: 0.0 }).collect();
        let assess = |(row, (position, customer)): (usize, &(Position, CustomerId))| {
            let mut reasons = empty.clone();
            let (log_odds, imputed) = scorer.explain(row, &mut reasons);
            let probability = Probability::from_log_odds(log_odds).map_err(|source| self.mismatch(format!("row {row}: {source}")))?;
            Ok(RiskAssessment {
                position: *position,
                customer: customer.clone(),
                log_odds,
                probability,
                base: scorer.base(),
                reasons,
                imputed,
            })
        };
        who.par_iter().enumerate().with_min_len(LEAST_ROWS).map(assess).collect()
    }

    fn unseen_words(&self, table: &FeatureTable) -> Result<BTreeMap<String, u64>, SchemaMismatch> {
        check_table(self, table)?;
        let count = |(model, column): (&ColumnModel, &FeatureColumn)| match (&model.encoder, column) {
            (Encoder::Words(words), FeatureColumn::Category { codes, levels }) => {
                let unseen: Vec<bool> = levels.iter().map(|level| !words.words.iter().any(|known| **known == **level)).collect();
                codes.iter().filter(|&&code| unseen.get(usize::from(code)) == Some(&true)).count() as u64
            }
            _ => 0,
        };
        let columns = self.body.coefficients.columns.iter().zip(&table.columns);
        let counted = columns.map(|(model, column)| (model.name.clone(), count((model, column))));
        Ok(counted.filter(|(_, cells)| *cells > 0).collect())
    }
}
