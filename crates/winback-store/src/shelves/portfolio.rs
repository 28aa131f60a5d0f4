//! The portfolio as people read it.
use crate::codes::Code as _;
use crate::connect::SqliteStore;
use crate::error::{damaged, reading};
use crate::rows::{Columns, all, first, list, number};
use crate::shelves::assessment::read_segment;
use crate::shelves::customer::place;
use crate::shelves::selection::{Order, Selection, escape_like};
use crate::shelves::{assessment, campaign, customer, message, overview};
use async_trait::async_trait;
use sea_orm::{ConnectionTrait, QueryResult, Value};
use std::collections::HashMap;
use winback_core::campaign::ApprovalState;
use winback_core::id::{CustomerId, Position, RunId};
use winback_core::offer::OfferId;
use winback_core::portfolio::{CustomerFile, CustomerRow, Filter, ListPage, ListQuery, Overview, PortfolioReader};
use winback_core::risk::{RiskLevel, RiskThresholds, ValueTier};
use winback_core::schema::TableSchema;
use winback_core::search::{draw, fold, nearest, thirds};
use winback_core::store::StoreError;

/// The longest page of a list.
const MOST_ROWS: u64 = 500;
/// How many ids are compared letter by letter.
const MOST_CANDIDATES: i64 = 5_000;
const CARDS: &str = "SELECT a.contact, a.position, a.customer, a.probability, a.level, a.tier, a.monthly_minor, a.main_group, a.offer, a.net_minor, \
                     CASE WHEN EXISTS (SELECT 1 FROM writing w WHERE w.run_id = a.run_id AND w.position = a.position AND w.messages > 0) \
                     THEN 1 ELSE 0 END, d.state, a.segment FROM listing a \
                     LEFT JOIN approval d ON d.run_id = a.run_id AND d.position = a.position \
                     WHERE a.run_id = $1 AND a.position IN";
const MOVES: &str = "SELECT level, CASE WHEN probability >= $2 THEN 2 WHEN probability >= $3 THEN 1 ELSE 0 END AS other, COUNT(*) \
                     FROM listing WHERE run_id = $1 AND level IS NOT NULL AND COALESCE(contact, 0) <> 2 GROUP BY 1, 2 ORDER BY 1 DESC, 2 DESC";

#[async_trait]
impl PortfolioReader for SqliteStore {
    async fn overview(&self, run: RunId) -> Result<Overview, StoreError> {
        let tx = self.begin_read().await?;
        overview::now(&tx, run).await
    }

    async fn list(&self, run: RunId, query: &ListQuery) -> Result<ListPage, StoreError> {
        let tx = self.begin_read().await?;
        let selection = Selection::of(run, &query.filter);
        let total = number(&tx, &selection.count(), selection.values.clone()).await?;
        let order = Order { key: query.sort, descending: query.descending };
        let (sql, values) = selection.page(&query.filter, order, query.offset, query.limit.clamp(1, MOST_ROWS));
        let found = all(&tx, &sql, values).await?;
        let positions = found.iter().map(|row| row.try_get_by_index(0)).collect::<Result<Vec<i64>, _>>().map_err(reading)?;
        Ok(ListPage { total, rows: cards(&tx, run, &positions).await? })
    }

    async fn positions(&self, run: RunId, query: &ListQuery) -> Result<Vec<Position>, StoreError> {
        let order = Order { key: query.sort, descending: query.descending };
        let (sql, values) = Selection::of(run, &query.filter).page(&query.filter, order, query.offset, query.limit);
        let found = all(self.db(), &sql, values).await?;
        found.iter().map(|row| place(row.try_get_by_index(0).map_err(reading)?, "assessment", run)).collect()
    }

    async fn file(&self, run: RunId, id: &CustomerId, schema: &TableSchema) -> Result<Option<CustomerFile>, StoreError> {
        let tx = self.begin_read().await?;
        let Some(customer) = customer::by_id(&tx, run, schema, id).await? else { return Ok(None) };
        let position = customer.position;
        Ok(Some(CustomerFile {
            assessment: assessment::at(&tx, run, position).await?.map(|standing| standing.assessment),
            plan: campaign::at(&tx, run, position).await?,
            writings: message::at(&tx, run, position).await?,
            approval: approval_at(&tx, run, position).await?,
            customer,
        }))
    }

    async fn random(&self, run: RunId, filter: &Filter, seed: u64) -> Result<Option<CustomerId>, StoreError> {
        let tx = self.begin_read().await?;
        let mut selection = Selection::of(run, filter);
        let total = number(&tx, &selection.count(), selection.values.clone()).await?;
        let Some(skipped) = draw(seed, total) else { return Ok(None) };
        let sql = selection.nth(skipped);
        first(&tx, &sql, selection.values).await?.map(|row| read_id(&row, run)).transpose()
    }

    async fn nearest_ids(&self, run: RunId, text: &str, limit: usize) -> Result<Vec<CustomerId>, StoreError> {
        let text = fold(text);
        if text.is_empty() {
            return Ok(Vec::new());
        }
        let tx = self.begin_read().await?;
        let mut found = holding(&tx, run, std::slice::from_ref(&text)).await?;
        if found.len() < limit {
            found.extend(holding(&tx, run, &thirds(&text)).await?);
        }
        Ok(nearest(&text, found, limit))
    }

    async fn threshold_moves(&self, run: RunId, thresholds: &RiskThresholds) -> Result<Vec<(RiskLevel, RiskLevel, u64)>, StoreError> {
        let values = vec![run.0.into(), thresholds.high().into(), thresholds.medium().into()];
        let rows = all(self.db(), MOVES, values).await?;
        let moves = rows.iter().map(|row| read_move(row, run)).collect::<Result<Vec<_>, _>>()?;
        Ok(moves.into_iter().filter(|(from, to, _)| from != to).collect())
    }
}

/// Returns the rows of a list in the order of their positions in `positions`.
async fn cards(db: &impl ConnectionTrait, run: RunId, positions: &[i64]) -> Result<Vec<CustomerRow>, StoreError> {
    let mut values: Vec<Value> = vec![run.0.into()];
    values.extend(positions.iter().map(|&position| Value::from(position)));
    let rows = all(db, &format!("{CARDS} ({})", list(2, positions.len())), values).await?;
    let place_of: HashMap<i64, usize> = positions.iter().enumerate().map(|(at, &position)| (position, at)).collect();
    let mut cards = rows.iter().map(|row| read_card(row, run)).collect::<Result<Vec<_>, _>>()?;
    cards.sort_by_key(|card| place_of.get(&i64::from(card.position.0)).copied());
    Ok(cards)
}

fn read_card(row: &QueryResult, run: RunId) -> Result<CustomerRow, StoreError> {
    let bad = |why: String| damaged("assessment", run, why);
    let mut columns = Columns::of(row);
    let contact: Option<i16> = columns.next().map_err(reading)?;
    Ok(CustomerRow {
        position: place(columns.next().map_err(reading)?, "assessment", run)?,
        id: CustomerId::try_from(columns.next::<String>().map_err(reading)?).map_err(|error| bad(error.to_string()))?,
        probability: columns.next().map_err(reading)?,
        level: RiskLevel::from_code(columns.next().map_err(reading)?).map_err(bad)?,
        tier: columns.next::<Option<i16>>().map_err(reading)?.map(ValueTier::from_code).transpose().map_err(bad)?,
        monthly_minor: columns.next().map_err(reading)?,
        main_group: columns.next::<Option<i32>>().map_err(reading)?.and_then(|group| u16::try_from(group).ok()),
        contact: contact.map(|contact| contact == 1),
        departed: contact == Some(2),
        offer: columns.next::<Option<String>>().map_err(reading)?.map(OfferId),
        net_minor: columns.next().map_err(reading)?,
        written: columns.next::<i64>().map_err(reading)? == 1,
        approval: columns.next::<Option<i16>>().map_err(reading)?.map(ApprovalState::from_code).transpose().map_err(bad)?,
        segment: read_segment(columns.next::<Option<String>>().map_err(reading)?.as_deref().unwrap_or_default()).map_err(bad)?,
    })
}

async fn approval_at(db: &impl ConnectionTrait, run: RunId, position: Position) -> Result<Option<ApprovalState>, StoreError> {
    let sql = "SELECT state FROM approval WHERE run_id = $1 AND position = $2";
    let row = first(db, sql, vec![run.0.into(), i64::from(position.0).into()]).await?;
    let state: Option<i16> = row.map(|row| row.try_get_by_index(0)).transpose().map_err(reading)?;
    state.map(ApprovalState::from_code).transpose().map_err(|why| damaged("decision", run, why))
}

/// Returns ids that hold one of some texts, in any case, a bounded number of them.
async fn holding(db: &impl ConnectionTrait, run: RunId, texts: &[String]) -> Result<Vec<CustomerId>, StoreError> {
    let mut values: Vec<Value> = vec![run.0.into(), MOST_CANDIDATES.into()];
    values.extend(texts.iter().map(|text| Value::from(format!("%{}%", escape_like(text)))));
    let any: Vec<String> = (3..=values.len()).map(|number| format!("search LIKE ${number} ESCAPE '\\'")).collect();
    let sql =
        format!("SELECT customer FROM listing WHERE run_id = $1 AND ({}) ORDER BY LENGTH(customer), customer LIMIT $2", any.join(" OR "));
    let rows = all(db, &sql, values).await?;
    rows.iter().map(|row| read_id(row, run)).collect()
}

fn read_id(row: &QueryResult, run: RunId) -> Result<CustomerId, StoreError> {
    let id: String = row.try_get_by_index(0).map_err(reading)?;
    CustomerId::try_from(id).map_err(|error| damaged("customer", run, error))
}

fn read_move(row: &QueryResult, run: RunId) -> Result<(RiskLevel, RiskLevel, u64), StoreError> {
    let bad = |why: String| damaged("assessment", run, why);
    let mut columns = Columns::of(row);
    let from = RiskLevel::from_code(columns.next().map_err(reading)?).map_err(bad)?;
    let to = RiskLevel::from_code(columns.next().map_err(reading)?).map_err(bad)?;
    Ok((from, to, columns.next::<i64>().map_err(reading)?.cast_unsigned()))
}
