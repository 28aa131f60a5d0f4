//! Writes and reads a whole portfolio and prints rows per second and the peak
//! memory. `cargo bench -p winback-store -- 1000000`
#![expect(clippy::print_stdout, reason = "the figures are what a benchmark is for")]
use std::time::Instant;
use winback_core::customer::{Cell, Customer};
use winback_core::fakes::samples;
use winback_core::id::{CustomerId, Position};
use winback_core::offer::OfferId;
use winback_core::portfolio::{Filter, ListQuery, PortfolioReader as _, SortKey};
use winback_core::risk::{Reason, RiskLevel};
use winback_core::run::Stage;
use winback_core::schema::{Column, ColumnKind, TableSchema};
use winback_core::search::draw;
use winback_core::store::{
    AssessmentStore as _, CampaignStore as _, CustomerPage, CustomerStore as _, RunStore as _, Standing, StoreError,
};
use winback_store::SqliteStore;

const PAGE: u32 = 8_192;
type Outcome = Result<(), Box<dyn std::error::Error>>;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Outcome {
    let rows = std::env::args().filter_map(|argument| argument.parse().ok()).next().unwrap_or(100_000);
    let folder = tempfile::tempdir_in(std::env::var_os("WINBACK_BENCH_DIR").map_or_else(std::env::temp_dir, Into::into))?;
    let path = folder.path().join("winback.db");
    let store = SqliteStore::open(&path).await?;
    write(&store, rows).await?;
    println!("{:<34}{:>9} MiB", "size of the store", std::fs::metadata(&path)?.len() >> 20);
    read(&store, rows).await?;
    look(&store).await?;
    println!("{:<34}{:>9} MiB", "peak memory", peak_kib().unwrap_or(0) >> 10);
    Ok(())
}

async fn write(store: &SqliteStore, rows: u32) -> Outcome {
    let (schema, run) = (telco(), store.begin(&samples::origin("bench"), samples::time()).await?.id);
    let mut meter = Meter::new("save customers", rows);
    for (from, to) in pages(rows) {
        let customers = (from..to).map(customer).collect();
        let page = CustomerPage { customers, defects: Vec::new(), source_rows: u64::from(to) };
        meter.time(store.save_customers(run, &schema, &page)).await?;
    }
    meter.tell();
    let mut meter = Meter::new("finish import (index of ids)", rows);
    meter.time(store.finish_stage(run, &samples::report(Stage::Import))).await?;
    meter.tell();
    let mut meter = Meter::new("save assessments", rows);
    for (from, to) in pages(rows) {
        let page: Vec<_> = (from..to).map(standing).collect();
        meter.time(store.save_assessments(run, &page)).await?;
    }
    meter.tell();
    let mut meter = Meter::new("finish assess (overview)", rows);
    meter.time(store.finish_stage(run, &samples::report(Stage::Assess))).await?;
    meter.tell();
    let mut meter = Meter::new("save plans", rows);
    for (from, to) in pages(rows) {
        let page: Vec<_> = (from..to).map(samples::plan).collect();
        meter.time(store.save_plans(run, &page)).await?;
    }
    meter.tell();
    let mut meter = Meter::new("finish plan (overview)", rows);
    meter.time(store.finish_stage(run, &samples::report(Stage::Plan))).await?;
    meter.tell();
    Ok(())
}

async fn read(store: &SqliteStore, rows: u32) -> Outcome {
    let (schema, run) = (telco(), store.runs(1).await?[0].id);
    let mut meter = Meter::new("load customers", rows);
    for (from, _) in pages(rows) {
        meter.time(store.customers(run, &schema, Position(from), PAGE.into())).await?;
    }
    meter.tell();
    let mut meter = Meter::new("load assessments", rows);
    for (from, _) in pages(rows) {
        meter.time(store.assessments(run, Position(from), PAGE.into())).await?;
    }
    meter.tell();
    let mut meter = Meter::new("load plans", rows);
    for (from, _) in pages(rows) {
        meter.time(store.plans(run, Position(from), PAGE.into())).await?;
    }
    meter.tell();
    Ok(())
}

async fn look(store: &SqliteStore) -> Outcome {
    let run = store.runs(1).await?[0].id;
    let high = Filter { level: Some(RiskLevel::High), ..Filter::default() };
    let search = Filter { search: Some("00042".into()), ..Filter::default() };
    let offer = Filter { offer: Some(OfferId("annual-15".into())), ..Filter::default() };
    let unwritten = Filter { written: Some(false), ..Filter::default() };
    for (name, filter, sort, offset) in [
        ("list, first page", Filter::default(), SortKey::Probability, 0),
        ("list, deep page", Filter::default(), SortKey::Probability, 50_000),
        ("list, high risk by charge", high.clone(), SortKey::MonthlyCharge, 0),
        ("list, by net value", Filter::default(), SortKey::NetValue, 0),
        ("list, one offer by net value", offer, SortKey::NetValue, 0),
        ("list, not written for", unwritten, SortKey::Probability, 0),
        ("list, by id", Filter::default(), SortKey::Id, 0),
        ("list, search", search, SortKey::Probability, 0),
    ] {
        let query = ListQuery { filter, sort, offset, ..ListQuery::default() };
        Meter::new(name, 1).once(store.list(run, &query)).await?;
    }
    Meter::new("progress", 1).once(store.progress(run)).await?;
    Meter::new("overview", 1).once(store.overview(run)).await?;
    Meter::new("random", 1).once(store.random(run, &high, 7)).await?;
    Meter::new("one customer", 1).once(store.file(run, &scattered(77, &samples::id(77)), &telco())).await?;
    Meter::new("nearest ids", 1).once(store.nearest_ids(run, "C-00042y", 5)).await?;
    Meter::new("best 200", 1).once(store.best(run, 200)).await?;
    Ok(())
}

/// The time of one kind of call, without that of making its rows.
struct Meter {
    name: &'static str,
    rows: u32,
    seconds: f64,
}

impl Meter {
    fn new(name: &'static str, rows: u32) -> Self {
        Self { name, rows, seconds: 0.0 }
    }

    async fn time<T>(&mut self, call: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        let start = Instant::now();
        let result = call.await;
        self.seconds += start.elapsed().as_secs_f64();
        result
    }

    async fn once<T>(mut self, call: impl Future<Output = Result<T, StoreError>>) -> Result<(), StoreError> {
        self.time(call).await?;
        println!("{:<34}{:>9.1} ms", self.name, self.seconds * 1e3);
        Ok(())
    }

    fn tell(&self) {
        println!("{:<34}{:>9.0} rows/s in {:.2} s", self.name, f64::from(self.rows) / self.seconds, self.seconds);
    }
}

fn pages(rows: u32) -> impl Iterator<Item = (u32, u32)> {
    (0..rows).step_by(PAGE as usize).map(move |from| (from, rows.min(from + PAGE)))
}

/// Returns a table as wide as the Telco file: 21 columns.
fn telco() -> TableSchema {
    let mut schema = samples::schema();
    let category = |at: usize| Column {
        name: format!("service {at}"),
        kind: ColumnKind::Category { levels: Vec::new() },
        ..schema.columns[4].clone()
    };
    let services: Vec<Column> = (0..14).map(category).collect();
    schema.columns.extend(services);
    schema
}

fn customer(place: u32) -> Customer {
    let mut customer = samples::customer(place);
    let word = |at: u32| ["No internet service", "Yes", "No", "Electronic check"][(place / 3 + at) as usize % 4];
    customer.cells.extend((0..14).map(|at| Cell::Category(word(at).into())));
    customer.id = scattered(place, &customer.id);
    customer
}

/// Returns an id whose order has nothing to do with the place, as a real CRM's.
fn scattered(place: u32, id: &CustomerId) -> CustomerId {
    let number = draw(u64::from(place), 10_000).unwrap_or(0);
    CustomerId::parse(&format!("{number:04}-{}", id.as_str())).unwrap_or_else(|_| id.clone())
}

fn standing(place: u32) -> Standing {
    let mut standing = samples::standing(place % 1_000);
    standing.assessment.position = Position(place);
    standing.assessment.customer = scattered(place, &samples::id(place));
    standing.assessment.reasons = (0..16).map(|group| Reason { group, log_odds: f64::from(place) / f64::from(group + 3) }).collect();
    standing
}

/// Returns the most memory this process ever held, where the system tells it.
fn peak_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.split_whitespace().next()?.parse().ok()
}
