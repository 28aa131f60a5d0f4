//! Assessments.
use crate::codes::Code as _;
use crate::connect::SqliteStore;
use crate::error::{damaged, reading, writing};
use crate::reasons;
use crate::rows::{Columns, Upsert, all, first};
use crate::shelves::customer::place;
use crate::shelves::overview;
use async_trait::async_trait;
use sea_orm::{ConnectionTrait, QueryResult, Value};
use winback_core::id::{CustomerId, Position, RunId};
use winback_core::risk::{Probability, RiskAssessment, RiskLevel, ValueTier};
use winback_core::search::fold;
use winback_core::store::{AssessmentStore, Standing, StoreError};

const ASSESSMENTS: Upsert = Upsert {
    table: "assessment",
    columns: &[
        "run_id",
        "position",
        "customer",
        "search",
        "probability",
        "log_odds",
        "base",
        "level",
        "tier",
        "monthly_minor",
        "main_group",
        "imputed",
        "reasons",
    ],
    key: 2,
};
const STANDING: &str = "SELECT position, customer, probability, log_odds, base, level, tier, monthly_minor, main_group, imputed, reasons \
                        FROM assessment WHERE run_id = $1";

#[async_trait]
impl AssessmentStore for SqliteStore {
    async fn save_assessments(&self, run: RunId, page: &[Standing]) -> Result<(), StoreError> {
        let values = page.iter().flat_map(|standing| row_of(run, standing)).collect();
        let tx = self.begin_write().await?;
        ASSESSMENTS.save(&tx, values).await?;
        overview::forget(&tx, run).await?;
        tx.commit().await.map_err(writing)
    }

    async fn assessments(&self, run: RunId, from: Position, limit: u64) -> Result<Vec<Standing>, StoreError> {
        let sql = format!("{STANDING} AND position >= $2 ORDER BY position LIMIT $3");
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = all(self.db(), &sql, vec![run.0.into(), i64::from(from.0).into(), limit.into()]).await?;
        rows.iter().map(|row| read_standing(row, run)).collect()
    }
}

/// Returns the assessment of one customer, in whatever transaction the caller has.
pub(super) async fn at(db: &impl ConnectionTrait, run: RunId, position: Position) -> Result<Option<Standing>, StoreError> {
    let row = first(db, &format!("{STANDING} AND position = $2"), vec![run.0.into(), i64::from(position.0).into()]).await?;
    row.map(|row| read_standing(&row, run)).transpose()
}

fn row_of(run: RunId, standing: &Standing) -> [Value; 13] {
    let assessment = &standing.assessment;
    let customer = assessment.customer.as_str();
    [
        run.0.into(),
        i64::from(assessment.position.0).into(),
        customer.into(),
        fold(customer).into(),
        assessment.probability.value().into(),
        assessment.log_odds.into(),
        assessment.base.into(),
        standing.level.code().into(),
        standing.tier.map(|tier| tier.code()).into(),
        standing.monthly_minor.into(),
        standing.main_group.map(i32::from).into(),
        i64::from(assessment.imputed).into(),
        reasons::encode(&assessment.reasons).into(),
    ]
}

fn read_standing(row: &QueryResult, run: RunId) -> Result<Standing, StoreError> {
    let bad = |why: String| damaged("assessment", run, why);
    let mut columns = Columns::of(row);
    let position = place(columns.next().map_err(reading)?, "assessment", run)?;
    let customer = CustomerId::try_from(columns.next::<String>().map_err(reading)?).map_err(|error| bad(error.to_string()))?;
    let probability = Probability::new(columns.next().map_err(reading)?).map_err(|error| bad(error.to_string()))?;
    let log_odds = columns.next().map_err(reading)?;
    let base = columns.next().map_err(reading)?;
    let level = RiskLevel::from_code(columns.next().map_err(reading)?).map_err(bad)?;
    let tier = columns.next::<Option<i16>>().map_err(reading)?.map(ValueTier::from_code).transpose().map_err(bad)?;
    let monthly_minor = columns.next().map_err(reading)?;
    let main_group = columns.next::<Option<i32>>().map_err(reading)?.map(u16::try_from).transpose();
    let imputed = u16::try_from(columns.next::<i64>().map_err(reading)?).map_err(|error| bad(error.to_string()))?;
    let reasons = reasons::decode(&columns.next::<Vec<u8>>().map_err(reading)?).map_err(bad)?;
    let assessment = RiskAssessment { position, customer, log_odds, probability, base, reasons, imputed };
    let main_group = main_group.map_err(|error| bad(error.to_string()))?;
    Ok(Standing { assessment, level, tier, monthly_minor, main_group })
}
