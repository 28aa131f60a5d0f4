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
use winback_core::segment::SegmentId;
use winback_core::store::{AssessmentStore, Standing, StoreError};

const ASSESSMENTS: Upsert = Upsert { table: "assessment", columns: &["run_id", "position", "customer", "detail"], key: 2 };
/// What lists read of an assessment. It stands in `detail` once more: a portfolio reads back three times as fast
/// from three columns as from eleven.
const LISTED: Upsert = Upsert {
    table: "listing",
    columns: &["run_id", "position", "customer", "search", "probability", "level", "tier", "monthly_minor", "main_group", "segment"],
    key: 2,
};
const STANDING: &str = "SELECT position, customer, detail FROM assessment WHERE run_id = $1";

#[async_trait]
impl AssessmentStore for SqliteStore {
    async fn save_assessments(&self, run: RunId, page: &[Standing]) -> Result<(), StoreError> {
        let values = page.iter().flat_map(|standing| row_of(run, standing)).collect();
        let listed = page.iter().flat_map(|standing| listed(run, standing)).collect();
        let tx = self.begin_write().await?;
        ASSESSMENTS.save(&tx, values).await?;
        LISTED.save(&tx, listed).await?;
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

fn row_of(run: RunId, standing: &Standing) -> [Value; 4] {
    let assessment = &standing.assessment;
    [run.0.into(), i64::from(assessment.position.0).into(), assessment.customer.as_str().into(), encode_detail(standing).into()]
}

fn listed(run: RunId, standing: &Standing) -> [Value; 10] {
    let assessment = &standing.assessment;
    let customer = assessment.customer.as_str();
    [
        run.0.into(),
        i64::from(assessment.position.0).into(),
        customer.into(),
        fold(customer).into(),
        assessment.probability.value().into(),
        standing.level.code().into(),
        standing.tier.map(|tier| tier.code()).into(),
        standing.monthly_minor.into(),
        standing.main_group.map(i32::from).into(),
        segment_text(standing.segment.as_ref()).into(),
    ]
}

/// Returns a segment as lists are filtered by it: empty for none. A row of an older layout holds no text at all.
pub(super) fn segment_text(segment: Option<&SegmentId>) -> &str {
    segment.map(SegmentId::as_str).unwrap_or_default()
}

/// Words of eight bytes, little-endian: probability, log-odds, base, level, tier, whether there is a monthly charge,
/// the charge, the main group, how many features were filled; then the name of the segment, then the reasons. A missing
/// tier or group is -1. How long the name is stands in the upper half of the last word, where older programs left 0.
fn encode_detail(standing: &Standing) -> Vec<u8> {
    let assessment = &standing.assessment;
    let segment = segment_text(standing.segment.as_ref());
    let floats = [assessment.probability.value(), assessment.log_odds, assessment.base].map(f64::to_le_bytes);
    let whole = [
        i64::from(standing.level.code()),
        standing.tier.map_or(-1, |tier| tier.code().into()),
        i64::from(standing.monthly_minor.is_some()),
        standing.monthly_minor.unwrap_or(0),
        standing.main_group.map_or(-1, i64::from),
        i64::from(assessment.imputed) | (i64::try_from(segment.len()).unwrap_or_default() << 32),
    ];
    let mut bytes = floats.concat();
    bytes.extend(whole.iter().flat_map(|number| number.to_le_bytes()));
    bytes.extend(segment.as_bytes());
    bytes.extend(reasons::encode(&assessment.reasons));
    bytes
}

fn read_standing(row: &QueryResult, run: RunId) -> Result<Standing, StoreError> {
    let mut columns = Columns::of(row);
    let position = place(columns.next().map_err(reading)?, "assessment", run)?;
    let customer: String = columns.next().map_err(reading)?;
    let detail: Vec<u8> = columns.next().map_err(reading)?;
    let customer = CustomerId::try_from(customer).map_err(|error| damaged("assessment", run, error))?;
    decode_detail(position, customer, &detail).map_err(|why| damaged("assessment", run, format!("row {}: {why}", position.0)))
}

/// Returns the segment of a text; `None` where the text is empty.
pub(super) fn read_segment(text: &str) -> Result<Option<SegmentId>, String> {
    (!text.is_empty()).then(|| SegmentId::parse(text).map_err(|error| error.to_string())).transpose()
}

fn decode_detail(position: Position, customer: CustomerId, bytes: &[u8]) -> Result<Standing, String> {
    let (head, tail) = bytes.split_at_checked(9 * 8).ok_or("its detail is cut off")?;
    let (words, _) = head.as_chunks::<8>();
    let &[probability, log_odds, base, level, tier, has_monthly, monthly, group, imputed] = words else {
        return Err("its detail is cut off".into());
    };
    let code = |word: [u8; 8]| i16::try_from(i64::from_le_bytes(word)).map_err(|error| error.to_string());
    let probability = Probability::new(f64::from_le_bytes(probability)).map_err(|error| error.to_string())?;
    let [i0, i1, i2, i3, length @ ..] = imputed;
    let imputed = u16::try_from(u32::from_le_bytes([i0, i1, i2, i3])).map_err(|error| error.to_string())?;
    let length = usize::try_from(u32::from_le_bytes(length)).map_err(|error| error.to_string())?;
    let (segment, tail) = tail.split_at_checked(length).ok_or("its segment is cut off")?;
    let segment = std::str::from_utf8(segment).map_err(|error| error.to_string())?;
    let (log_odds, base) = (f64::from_le_bytes(log_odds), f64::from_le_bytes(base));
    let assessment = RiskAssessment { position, customer, log_odds, probability, base, reasons: reasons::decode(tail)?, imputed };
    Ok(Standing {
        assessment,
        level: RiskLevel::from_code(code(level)?)?,
        tier: Some(code(tier)?).filter(|&code| code >= 0).map(ValueTier::from_code).transpose()?,
        monthly_minor: (i64::from_le_bytes(has_monthly) == 1).then_some(i64::from_le_bytes(monthly)),
        main_group: u16::try_from(i64::from_le_bytes(group)).ok(),
        segment: read_segment(segment)?,
    })
}
