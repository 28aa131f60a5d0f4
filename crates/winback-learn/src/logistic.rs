//! The logistic model: scores customers and says why, exactly.
use crate::artifact::{self, ArtifactError, Body};
use crate::encode::Encoder;
use crate::explain::{ColumnModel, Scorer};
use rayon::prelude::*;
use std::collections::BTreeMap;
use winback_core::digest::Digest;
use winback_core::feature::{FeatureColumn, FeatureSchema, FeatureTable};
use winback_core::id::{CustomerId, Position};
use winback_core::model::{ChurnModel, SchemaMismatch};
use winback_core::risk::{ModelVersion, Probability, Reason, RiskAssessment};

/// The fewest rows a thread scores at a time.
const LEAST_ROWS: usize = 512;

/// A fitted logistic regression in which every column counts by itself.
#[derive(Clone, Debug)]
pub struct LogisticModel {
    version: ModelVersion,
    body: Body,
}

impl LogisticModel {
    /// Reads a model from the bytes of its file.
    pub fn from_file(file: &[u8]) -> Result<Self, ArtifactError> {
        let body = artifact::read(file)?;
        Ok(Self { version: ModelVersion(format!("logistic-{}", Digest::of(file).short())), body })
    }

    /// Returns what the model file says.
    pub fn body(&self) -> &Body {
        &self.body
    }

    fn check(&self, table: &FeatureTable) -> Result<(), SchemaMismatch> {
        match difference(&self.body.schema, &table.schema).or_else(|| ragged(table)) {
            Some(difference) => Err(self.mismatch(difference)),
            None => Ok(()),
        }
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
        self.check(table)?;
        if who.len() != table.rows() {
            return Err(self.mismatch(format!("the table has {} rows for {} customers", table.rows(), who.len())));
        }
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
        self.check(table)?;
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

/// Returns the first difference between what a model learned and what a table holds.
fn difference(learned: &FeatureSchema, given: &FeatureSchema) -> Option<String> {
    let named = |schema: &FeatureSchema, name: &str| schema.features.iter().any(|feature| feature.name == name);
    if let Some(gone) = learned.features.iter().find(|feature| !named(given, &feature.name)) {
        return Some(format!("column {:?} is missing", gone.name));
    }
    if let Some(new) = given.features.iter().find(|feature| !named(learned, &feature.name)) {
        return Some(format!("column {:?} is new", new.name));
    }
    let kind = |numeric: bool| if numeric { "a number" } else { "a category" };
    for (old, new) in learned.features.iter().zip(&given.features) {
        if old.name != new.name {
            return Some(format!("column {:?} stands where column {:?} was", new.name, old.name));
        }
        if old.numeric != new.numeric {
            return Some(format!("column {:?} is {} and was {}", new.name, kind(new.numeric), kind(old.numeric)));
        }
        if old.group != new.group || old.repeats != new.repeats {
            return Some(format!("column {:?} belongs to another reason or family", new.name));
        }
    }
    let groups = |schema: &FeatureSchema| schema.groups.iter().map(|g| (g.name.clone(), g.features.clone())).collect::<Vec<_>>();
    (groups(learned) != groups(given)).then(|| "the columns are grouped into other reasons".to_owned())
}

fn ragged(table: &FeatureTable) -> Option<String> {
    if table.columns.len() != table.schema.features.len() {
        return Some(format!("the table holds {} columns and names {}", table.columns.len(), table.schema.features.len()));
    }
    let wrong = |(feature, column): &(&winback_core::feature::Feature, &FeatureColumn)| match column {
        FeatureColumn::Number(values) => !feature.numeric || values.len() != table.rows(),
        FeatureColumn::Category { codes, .. } => feature.numeric || codes.len() != table.rows(),
    };
    let (feature, _) = table.schema.features.iter().zip(&table.columns).find(wrong)?;
    Some(format!("column {:?} is not of its kind or not as long as the table", feature.name))
}
