//! What a manager sees first: counted once when a stage is done, kept as a
//! snapshot; what changes with every click is counted anew.
use crate::codes::Code as _;
use crate::error::{damaged, reading};
use crate::rows::{Columns, all, execute, first, number};
use crate::shelves::assessment::read_segment;
use crate::shelves::customer;
use sea_orm::{ConnectionTrait, QueryResult};
use winback_core::campaign::ApprovalState;
use winback_core::id::RunId;
use winback_core::offer::OfferId;
use winback_core::portfolio::{MatrixCell, OfferCount, Overview, SegmentTally};
use winback_core::risk::{RiskLevel, ValueTier};
use winback_core::store::StoreError;

// `contact` is 2 for customers who have left already; the figures leave them out.
const MATRIX: &str = "SELECT level, tier, COUNT(*), COALESCE(SUM(monthly_minor), 0) FROM listing \
                      WHERE run_id = $1 AND level IS NOT NULL AND COALESCE(contact, 0) <> 2 \
                      GROUP BY level, tier ORDER BY level DESC, tier IS NULL, tier DESC";
/// SQLite cuts where it casts, PostgreSQL rounds; the inner `CASE` makes the floor of either.
const HISTOGRAM: &str = "SELECT CASE WHEN probability >= 1.0 THEN 19 \
                         WHEN CAST(probability * 20.0 AS BIGINT) > probability * 20.0 THEN CAST(probability * 20.0 AS BIGINT) - 1 \
                         ELSE CAST(probability * 20.0 AS BIGINT) END AS twentieth, COUNT(*) \
                         FROM listing WHERE run_id = $1 AND level IS NOT NULL AND COALESCE(contact, 0) <> 2 GROUP BY 1";
const AT_RISK: &str = "SELECT COALESCE(SUM(probability * monthly_minor), 0.0) FROM listing \
                       WHERE run_id = $1 AND COALESCE(contact, 0) <> 2";
const OFFERS: &str = "SELECT offer, COUNT(*), COALESCE(SUM(cost_minor), 0), COALESCE(SUM(net_minor), 0) FROM listing \
                      WHERE run_id = $1 AND contact = 1 GROUP BY offer ORDER BY COUNT(*) DESC, offer IS NULL, offer";
/// Nothing is counted where a row of an older layout has no segment at all.
const SEGMENTS: &str = "SELECT segment, SUM(CASE WHEN contact = 2 THEN 0 ELSE 1 END) AS customers FROM listing \
                        WHERE run_id = $1 AND level IS NOT NULL AND NOT EXISTS \
                        (SELECT 1 FROM listing WHERE run_id = $1 AND level IS NOT NULL AND segment IS NULL) \
                        GROUP BY segment ORDER BY segment = '', customers DESC, segment";
const TWENTIETHS: usize = 20;

/// Counts everything now and keeps it.
pub(super) async fn remember(db: &impl ConnectionTrait, run: RunId) -> Result<(), StoreError> {
    let body = serde_json::to_string(&count(db, run).await?).map_err(|error| damaged("overview", run, error))?;
    forget(db, run).await?;
    execute(db, "INSERT INTO overview (run_id, body) VALUES ($1, $2)", vec![run.0.into(), body.into()]).await?;
    Ok(())
}

/// Deletes what was kept, because something it counts changes.
pub(super) async fn forget(db: &impl ConnectionTrait, run: RunId) -> Result<(), StoreError> {
    execute(db, "DELETE FROM overview WHERE run_id = $1", vec![run.0.into()]).await.map(drop)
}

/// Returns what was kept, or else counts it; messages and decisions are always counted.
pub(super) async fn now(db: &impl ConnectionTrait, run: RunId) -> Result<Overview, StoreError> {
    let kept = first(db, "SELECT body FROM overview WHERE run_id = $1", vec![run.0.into()]).await?;
    let mut overview: Overview = match kept {
        Some(row) => {
            let body: String = row.try_get_by_index(0).map_err(reading)?;
            serde_json::from_str(&body).map_err(|error| damaged("overview", run, error))?
        }
        None => count(db, run).await?,
    };
    let written = "SELECT COUNT(DISTINCT position) FROM writing WHERE run_id = $1 AND messages > 0";
    overview.written = number(db, written, vec![run.0.into()]).await?;
    let approved = "SELECT COUNT(*) FROM approval WHERE run_id = $1 AND state = $2";
    overview.approved = number(db, approved, vec![run.0.into(), ApprovalState::Approved.code().into()]).await?;
    Ok(overview)
}

async fn count(db: &impl ConnectionTrait, run: RunId) -> Result<Overview, StoreError> {
    let of = || vec![run.0.into()];
    let matrix = all(db, MATRIX, of()).await?;
    let matrix = matrix.iter().map(|row| read_cell(row, run)).collect::<Result<Vec<_>, _>>()?;
    let offers = all(db, OFFERS, of()).await?;
    let segments = all(db, SEGMENTS, of()).await?;
    let at_risk = first(db, AT_RISK, of()).await?.map_or(Ok(0.0), |row| row.try_get_by_index::<f64>(0)).map_err(reading)?;
    Ok(Overview {
        customers: customer::count(db, run).await?,
        departed: number(db, "SELECT COUNT(*) FROM listing WHERE run_id = $1 AND contact = 2", of()).await?,
        monthly_minor: matrix.iter().map(|cell| cell.monthly_minor).sum(),
        matrix,
        histogram: histogram(&all(db, HISTOGRAM, of()).await?, run)?,
        at_risk_minor: at_risk.round() as i64,
        offers: offers.iter().map(read_offer).collect::<Result<_, _>>().map_err(reading)?,
        segments: segments.iter().map(|row| read_tally(row, run)).collect::<Result<_, _>>()?,
        written: 0,
        approved: 0,
    })
}

fn read_cell(row: &QueryResult, run: RunId) -> Result<MatrixCell, StoreError> {
    let bad = |why: String| damaged("assessment", run, why);
    let mut columns = Columns::of(row);
    let level = RiskLevel::from_code(columns.next().map_err(reading)?).map_err(bad)?;
    let tier = columns.next::<Option<i16>>().map_err(reading)?.map(ValueTier::from_code).transpose().map_err(bad)?;
    let customers = columns.next::<i64>().map_err(reading)?.cast_unsigned();
    Ok(MatrixCell { level, tier, customers, monthly_minor: columns.next().map_err(reading)? })
}

fn histogram(rows: &[QueryResult], run: RunId) -> Result<Vec<u64>, StoreError> {
    let mut counts = vec![0; TWENTIETHS];
    for row in rows {
        let mut columns = Columns::of(row);
        let twentieth: i64 = columns.next().map_err(reading)?;
        let slot = usize::try_from(twentieth).ok().and_then(|at| counts.get_mut(at));
        let slot = slot.ok_or_else(|| damaged("assessment", run, format!("probability in twentieth {twentieth}")))?;
        *slot = columns.next::<i64>().map_err(reading)?.cast_unsigned();
    }
    Ok(counts)
}

fn read_tally(row: &QueryResult, run: RunId) -> Result<SegmentTally, StoreError> {
    let mut columns = Columns::of(row);
    let segment: String = columns.next().map_err(reading)?;
    let segment = read_segment(&segment).map_err(|why| damaged("assessment", run, why))?;
    Ok(SegmentTally { segment, customers: columns.next::<i64>().map_err(reading)?.cast_unsigned() })
}

fn read_offer(row: &QueryResult) -> Result<OfferCount, sea_orm::DbErr> {
    let mut columns = Columns::of(row);
    let offer = columns.next::<Option<String>>()?.map(OfferId);
    let customers = columns.next::<i64>()?.cast_unsigned();
    Ok(OfferCount { offer, customers, cost_minor: columns.next()?, net_minor: columns.next()? })
}
