//! A model for the what-if panel: the stored score of one customer, moved by every cell that an offer changes.
use std::collections::BTreeMap;
use winback_core::feature::{FeatureColumn, FeatureSchema, FeatureTable};
use winback_core::id::{CustomerId, Position};
use winback_core::model::{ChurnModel, SchemaMismatch};
use winback_core::risk::{ModelVersion, Probability, Reason, RiskAssessment};

/// Scores rows of one customer by what differs from the row as it is stored.
pub struct Differences {
    pub version: ModelVersion,
    /// The stored row.
    pub own: FeatureTable,
    /// Its stored log-odds.
    pub log_odds: f64,
    /// By what every difference counts: −1 turns what lowers the score into what raises it.
    pub sign: f64,
}

impl ChurnModel for Differences {
    fn version(&self) -> &ModelVersion {
        &self.version
    }

    fn schema(&self) -> &FeatureSchema {
        &self.own.schema
    }

    fn assess(&self, table: &FeatureTable, who: &[(Position, CustomerId)]) -> Result<Vec<RiskAssessment>, SchemaMismatch> {
        let moved = |row: usize| -> f64 {
            let columns = table.columns.iter().zip(&self.own.columns).enumerate();
            columns
                .map(|(place, columns)| match columns {
                    (FeatureColumn::Category { codes, .. }, FeatureColumn::Category { codes: own, .. }) if codes[row] != own[0] => {
                        -0.5 - 0.2 * place as f64
                    }
                    (FeatureColumn::Number(values), FeatureColumn::Number(own)) if values[row] < own[0] => (values[row] - own[0]) / 50.0,
                    _ => 0.0,
                })
                .sum()
        };
        let assess = |(row, (position, customer)): (usize, &(Position, CustomerId))| {
            let log_odds = self.log_odds + self.sign * moved(row);
            let probability = Probability::from_log_odds(log_odds).unwrap();
            let reasons = vec![Reason { group: 0, log_odds }];
            RiskAssessment { position: *position, customer: customer.clone(), log_odds, probability, base: 0.0, reasons, imputed: 0 }
        };
        Ok(who.iter().enumerate().map(assess).collect())
    }

    fn unseen_words(&self, _: &FeatureTable) -> Result<BTreeMap<String, u64>, SchemaMismatch> {
        Ok(BTreeMap::new())
    }
}
