//! `segment`: every customer of a run gets a segment, or none with the reason. The result follows from the customer, the
//! rules and the day the run began, so it is told anew whenever somebody asks and nothing is stored.
use crate::id::Position;
use crate::pipeline::import::PAGE_ROWS;
use crate::progress::{Progress, Work};
use crate::run::Run;
use crate::schema::TableSchema;
use crate::segment::SegmentId;
use crate::segment::assign::{AssignedBy, SegmentAssignment, Segmenter};
use crate::store::{Store, StoreError};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How the customers of a run are divided. `Σ segments + unassigned = customers`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentReport {
    /// Customers of the run.
    pub customers: u64,
    /// The segments of the rules in order of priority, then those that the table alone names.
    pub segments: Vec<SegmentCount>,
    /// Customers without a segment.
    pub unassigned: u64,
    /// Of them, customers whom no rule fits.
    pub nothing_fits: u64,
    /// Of them, customers for whom a value is missing that decides, by column.
    pub missing: BTreeMap<String, u64>,
}

/// How many customers a segment has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentCount {
    /// The segment.
    pub segment: SegmentId,
    /// Its customers.
    pub customers: u64,
    /// Of them, those whom the table itself puts there.
    pub by_table: u64,
    /// Of them, those who fit a later segment, too.
    pub fit_others: u64,
    /// What its rule says; empty where only the table names it.
    pub rule: String,
}

/// Returns the day from which a run counts: the day it began, at Greenwich, so that it is the same on every machine.
pub fn day_of(run: &Run) -> Date {
    run.started_at.to_zoned(TimeZone::UTC).date()
}

/// Puts every customer of a run into a segment and counts.
pub async fn segment(
    run: &Run,
    schema: &TableSchema,
    segmenter: &Segmenter,
    store: &dyn Store,
    progress: &dyn Progress,
) -> Result<SegmentReport, StoreError> {
    let day = day_of(run);
    let mut report =
        SegmentReport { segments: segmenter.spoken().map(|(id, rule)| SegmentCount::of(id, rule)).collect(), ..SegmentReport::default() };
    progress.begin(Work::Segment, None);
    loop {
        let from = Position(u32::try_from(report.customers).unwrap_or(u32::MAX));
        let page = store.customers(run.id, schema, from, PAGE_ROWS as u64).await?;
        if page.is_empty() {
            break;
        }
        page.iter().for_each(|customer| report.count(&segmenter.assign(customer, day)));
        progress.advance(page.len() as u64);
    }
    progress.done();
    Ok(report)
}

impl SegmentCount {
    fn of(id: &SegmentId, rule: &str) -> Self {
        Self { segment: id.clone(), customers: 0, by_table: 0, fit_others: 0, rule: rule.to_owned() }
    }
}

impl SegmentReport {
    fn count(&mut self, assignment: &SegmentAssignment) {
        self.customers += 1;
        let Some(segment) = &assignment.segment else {
            self.unassigned += 1;
            match &assignment.by {
                AssignedBy::Missing { columns, .. } => {
                    columns.iter().for_each(|column| *self.missing.entry(column.clone()).or_default() += 1);
                }
                _ => self.nothing_fits += 1,
            }
            return;
        };
        let place = self.segments.iter().position(|count| count.segment == *segment).unwrap_or_else(|| {
            self.segments.push(SegmentCount::of(segment, ""));
            self.segments.len() - 1
        });
        let count = &mut self.segments[place];
        count.customers += 1;
        count.fit_others += u64::from(!assignment.also_fits.is_empty());
        count.by_table += u64::from(matches!(assignment.by, AssignedBy::Column(_)));
    }
}
