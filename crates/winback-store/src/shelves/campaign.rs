//! Plans, and what people decided about them.
use crate::codes::Code as _;
use crate::connect::SqliteStore;
use crate::error::{damaged, reading, writing};
use crate::patterns::{Figures, Particulars, Patterns, join};
use crate::rows::{Columns, Upsert, all};
use crate::shelves::customer::place;
use crate::shelves::overview;
use async_trait::async_trait;
use sea_orm::{ConnectionTrait, QueryResult, Value};
use std::collections::HashMap;
use winback_core::campaign::{Approval, ApprovalState, CampaignPlan};
use winback_core::id::{CustomerId, Position, RunId};
use winback_core::store::{CampaignStore, StoreError};

const PLANS: Upsert =
    Upsert { table: "plan", columns: &["run_id", "position", "customer", "pattern", "cost_minor", "net_minor", "figures"], key: 2 };
/// What lists read of a plan.
const LISTED: Upsert = Upsert { table: "listing", columns: &["run_id", "position", "contact", "offer", "cost_minor", "net_minor"], key: 2 };
const PATTERNS: Upsert = Upsert { table: "plan_pattern", columns: &["run_id", "pattern", "body"], key: 2 };
const APPROVALS: Upsert = Upsert { table: "approval", columns: &["run_id", "position", "state", "decided_by", "decided_at"], key: 2 };
const BEST_OFFERS: &str = "SELECT position FROM listing WHERE run_id = $1 AND offer IS NOT NULL ORDER BY net_minor DESC, position LIMIT $2";
const BEST_CONTACTS: &str = "SELECT position FROM listing WHERE run_id = $1 AND contact = 1 AND offer IS NULL \
                             ORDER BY COALESCE(probability, 0) DESC, position LIMIT $2";

#[async_trait]
impl CampaignStore for SqliteStore {
    async fn save_plans(&self, run: RunId, page: &[CampaignPlan]) -> Result<(), StoreError> {
        let mut patterns = Patterns::default();
        let plans = plan_values(run, page, &mut patterns)?;
        let patterns = patterns.into_rows().flat_map(|(id, body)| [run.0.into(), id.into(), body.into()]).collect();
        let listed = page.iter().flat_map(|plan| listed(run, plan)).collect();
        let tx = self.begin_write().await?;
        PATTERNS.save(&tx, patterns).await?;
        PLANS.save(&tx, plans).await?;
        LISTED.save(&tx, listed).await?;
        overview::forget(&tx, run).await?;
        tx.commit().await.map_err(writing)
    }

    async fn plans(&self, run: RunId, from: Position, limit: u64) -> Result<Vec<CampaignPlan>, StoreError> {
        let tx = self.begin_read().await?;
        select(&tx, run, from, limit).await
    }

    async fn best(&self, run: RunId, limit: u64) -> Result<Vec<Position>, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let tx = self.begin_read().await?;
        let mut rows = all(&tx, BEST_OFFERS, vec![run.0.into(), limit.into()]).await?;
        let left = limit - i64::try_from(rows.len()).unwrap_or(i64::MAX);
        if left > 0 {
            rows.extend(all(&tx, BEST_CONTACTS, vec![run.0.into(), left.into()]).await?);
        }
        rows.iter().map(|row| place(row.try_get_by_index(0).map_err(reading)?, "plan", run)).collect()
    }

    async fn decide(&self, run: RunId, decisions: &[Approval]) -> Result<(), StoreError> {
        // The last decision of a customer counts; one statement must not name a row twice.
        let last: HashMap<Position, &Approval> = decisions.iter().map(|approval| (approval.position, approval)).collect();
        let row = |approval: &&Approval| {
            let (position, state) = (i64::from(approval.position.0), approval.state.code());
            [run.0.into(), position.into(), state.into(), approval.by.as_str().into(), approval.at.to_string().into()]
        };
        let values = last.values().flat_map(row).collect();
        let tx = self.begin_write().await?;
        APPROVALS.save(&tx, values).await?;
        tx.commit().await.map_err(writing)
    }

    async fn decisions(&self, run: RunId, state: ApprovalState) -> Result<Vec<Approval>, StoreError> {
        let sql = "SELECT position, decided_by, decided_at FROM approval WHERE run_id = $1 AND state = $2 ORDER BY position";
        let rows = all(self.db(), sql, vec![run.0.into(), state.code().into()]).await?;
        let read = |row: &QueryResult| {
            let mut columns = Columns::of(row);
            let position = place(columns.next().map_err(reading)?, "decision", run)?;
            let by = columns.next().map_err(reading)?;
            let at: String = columns.next().map_err(reading)?;
            Ok(Approval { position, state, by, at: at.parse().map_err(|error: jiff::Error| damaged("decision", run, error))? })
        };
        rows.iter().map(read).collect()
    }
}

/// Returns the plan of one customer, in whatever transaction the caller has.
pub(super) async fn at(db: &impl ConnectionTrait, run: RunId, position: Position) -> Result<Option<CampaignPlan>, StoreError> {
    let found = select(db, run, position, 1).await?;
    Ok(found.into_iter().find(|plan| plan.position == position))
}

async fn select(db: &impl ConnectionTrait, run: RunId, from: Position, limit: u64) -> Result<Vec<CampaignPlan>, StoreError> {
    let page = "SELECT position, customer, pattern, cost_minor, net_minor, figures FROM plan \
                WHERE run_id = $1 AND position >= $2 ORDER BY position LIMIT $3";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let values: Vec<Value> = vec![run.0.into(), i64::from(from.0).into(), limit.into()];
    let rows = all(db, page, values.clone()).await?;
    let used = format!("SELECT pattern, body FROM plan_pattern WHERE run_id = $1 AND pattern IN (SELECT pattern FROM ({page}) page)");
    let patterns = all(db, &used, values).await?;
    let patterns = patterns.iter().map(|row| read_pattern(row, run)).collect::<Result<HashMap<_, _>, _>>()?;
    rows.iter().map(|row| read_plan(row, run, &patterns)).collect()
}

fn plan_values(run: RunId, page: &[CampaignPlan], patterns: &mut Patterns) -> Result<Vec<Value>, StoreError> {
    let bad = |why: String| damaged("plan", run, why);
    let nobody = CustomerId::parse("-").map_err(|error| bad(error.to_string()))?;
    let mut values = Vec::with_capacity(page.len() * PLANS.columns.len());
    for plan in page {
        let (pattern, figures) = patterns.split(plan, &nobody).map_err(bad)?;
        let choice = plan.decision.choice();
        values.push(run.0.into());
        values.push(i64::from(plan.position.0).into());
        values.push(plan.customer.as_str().into());
        values.push(pattern.into());
        values.push(choice.map_or(0, |choice| choice.cost_minor).into());
        values.push(choice.map_or(0, |choice| choice.effect.net_minor).into());
        values.push(figures.encode().into());
    }
    Ok(values)
}

/// What stands in `listing.contact`: nobody is to be contacted, somebody is, or the customer has left already.
fn contact(plan: &CampaignPlan) -> i16 {
    match &plan.decision {
        decision if decision.is_departed() => 2,
        decision => i16::from(decision.is_contact()),
    }
}

fn listed(run: RunId, plan: &CampaignPlan) -> [Value; 6] {
    let choice = plan.decision.choice();
    [
        run.0.into(),
        i64::from(plan.position.0).into(),
        contact(plan).into(),
        choice.map(|choice| choice.offer.0.as_str()).into(),
        choice.map(|choice| choice.cost_minor).into(),
        choice.map(|choice| choice.effect.net_minor).into(),
    ]
}

fn read_pattern(row: &QueryResult, run: RunId) -> Result<(i64, CampaignPlan), StoreError> {
    let id = row.try_get_by_index(0).map_err(reading)?;
    let body: String = row.try_get_by_index(1).map_err(reading)?;
    Ok((id, serde_json::from_str(&body).map_err(|error| damaged("plan", run, error))?))
}

fn read_plan(row: &QueryResult, run: RunId, patterns: &HashMap<i64, CampaignPlan>) -> Result<CampaignPlan, StoreError> {
    let bad = |why: String| damaged("plan", run, why);
    let mut columns = Columns::of(row);
    let position = place(columns.next().map_err(reading)?, "plan", run)?;
    let customer = CustomerId::try_from(columns.next::<String>().map_err(reading)?).map_err(|error| bad(error.to_string()))?;
    let pattern: i64 = columns.next().map_err(reading)?;
    let cost_minor = columns.next().map_err(reading)?;
    let net_minor = columns.next().map_err(reading)?;
    let figures = Figures::decode(&columns.next::<Vec<u8>>().map_err(reading)?).map_err(bad)?;
    let pattern = patterns.get(&pattern).ok_or_else(|| bad(format!("row {}: its pattern is missing", position.0)))?;
    Ok(join(pattern, Particulars { position, customer, cost_minor, net_minor, figures }))
}
