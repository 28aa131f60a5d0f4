//! `winback import`
use crate::cli::Place;
use crate::config::infer::{ColumnSketch, TableSketch, infer};
use crate::exit::{Exit, OrExit, stop};
use crate::report;
use crate::stages::{self, ImportStage, Started};
use crate::telemetry::say;
use crate::workbench::{Overrides, Workbench};
use anyhow::Context as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use winback_connectors::csv::{ColumnStatistics, sniff};
use winback_connectors::telco_file::find_telco;
use winback_core::run::Stage;

/// Read a CSV file into the store, every rejected row named
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The CSV file [default: the Telco file in data/raw/]
    pub file: Option<PathBuf>,
    /// Another schema.toml
    #[arg(long, value_name = "FILE")]
    pub schema: Option<PathBuf>,
    /// A file of dated logins, complaints and usage, from which behaviour is computed
    #[arg(long, value_name = "FILE")]
    pub events: Option<PathBuf>,
    /// The day up to which events count [default: today]
    #[arg(long, value_name = "DATE", requires = "events")]
    pub as_of: Option<jiff::civil::Date>,
    /// Store nothing; only tell what an import would do
    #[arg(long)]
    pub check: bool,
    /// Print a proposal for schema.toml, to be confirmed by a person
    #[arg(long, conflicts_with_all = ["check", "schema", "events", "again"])]
    pub infer: bool,
    /// The currency that a proposal names
    #[arg(long, value_name = "CODE", default_value = "USD", requires = "infer")]
    pub currency: String,
    /// Import again, although this very file was imported with these very settings
    #[arg(long)]
    pub again: bool,
}

/// Imports, checks or infers.
pub async fn run(at: &Place, args: &Args) -> anyhow::Result<ExitCode> {
    if args.infer {
        let file =
            args.file.as_ref().ok_or_else(|| stop(Exit::Usage, "which file?", "winback import --infer customers.csv > schema.toml"))?;
        report::line(&propose(file, &args.currency)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let overrides = Overrides { schema: args.schema.clone(), events: args.events.clone(), as_of: args.as_of };
    let bench = Workbench::open(&at.home, at.quiet, &overrides).await?;
    let file = args.file.clone().map_or_else(|| raw_file(&bench), Ok)?;
    if args.check {
        return check(at, &bench, &file);
    }
    let _lock = bench.lock()?;
    let Started { mut run, input } = stages::begin(&bench, &file).await?;
    if args.again && run.has(Stage::Import) {
        bench.reopen(&mut run, Stage::Import).await?;
    }
    stages::import(&bench, &mut run, input).await?;
    let done: ImportStage = stages::report(&run, Stage::Import)?;
    report::print(at.json, &done, || text(&done))?;
    Ok(ExitCode::SUCCESS)
}

/// Returns the Telco file that a person put into data/raw.
pub fn raw_file(bench: &Workbench) -> anyhow::Result<PathBuf> {
    let folder = bench.path(&bench.settings.data_dir).join("raw");
    let found = find_telco(&folder).or_hint(Exit::Usage, "or name your own file: winback run --data FILE")?;
    if !found.known {
        say(&format!("note: {} is not the usual copy of the Telco file (SHA-256 {})", found.path.display(), found.fingerprint.sha256));
    }
    Ok(found.path)
}

/// Reads the whole file as an import would, without storing anything.
fn check(at: &Place, bench: &Workbench, file: &Path) -> anyhow::Result<ExitCode> {
    let fingerprint = stages::fingerprint(file)?;
    let (mut source, unused) = stages::open_source(bench, file, fingerprint)?;
    let rows = winback_core::pipeline::import::check(&bench.rules.table, &mut *source)
        .or_hint(Exit::BadInput, "docs/data.md tells what is expected of a file")?;
    let done = ImportStage { rows, unused };
    report::print(at.json, &done, || format!("Nothing was stored.\n{}", text(&done)))?;
    Ok(if done.rows.rejected > 0 { ExitCode::from(Exit::Findings as u8) } else { ExitCode::SUCCESS })
}

/// Returns the report as text.
pub fn text(done: &ImportStage) -> String {
    let rows = &done.rows;
    let mut text = format!(
        "{} rows read: {} customers, {} rejected; {} cells filled or rewritten by a stated rule.",
        report::count(rows.source_rows),
        report::count(rows.accepted),
        report::count(rows.rejected),
        report::count(rows.changed_cells)
    );
    if rows.labelled > 0 {
        text.push_str(&format!("\n{} are labelled, {} of them left.", report::count(rows.labelled), report::count(rows.left)));
    }
    for defect in &rows.first {
        text.push_str(&format!("\n  {defect}"));
    }
    let all: u64 = rows.problems.iter().map(|problem| problem.count).sum();
    if all > rows.first.len() as u64 {
        text.push_str(&format!("\n  … {} in all, listed in data/processed/row_findings.csv", report::count(all)));
    }
    for (name, why) in &done.unused {
        text.push_str(&format!("\n  column {name} is not used: {why}"));
    }
    text
}

fn propose(file: &Path, currency: &str) -> anyhow::Result<String> {
    let seen = sniff(file).or_hint(stages::unread_code(file), "docs/data.md tells what is expected of a file")?;
    let columns: Vec<ColumnSketch> = seen.columns.iter().map(|column| sketch(column, seen.rows)).collect();
    let name = file.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let table = TableSketch { name: &name, delimiter: seen.delimiter, currency, columns: &columns };
    infer(&table).context("no schema can be proposed").or_hint(Exit::BadInput, "see docs/adding.md for writing one by hand")
}

fn sketch(column: &ColumnStatistics, rows: u64) -> ColumnSketch {
    ColumnSketch {
        name: column.name.clone(),
        rows,
        empty: column.empty,
        values: column.values.iter().take(40).cloned().collect(),
        more_values: column.more_values || column.values.len() > 40,
        repeats: column.values.iter().any(|(_, count)| *count > 1),
        numbers: column.numeric,
        decimals: if column.decimals > 0 { column.numeric } else { 0 },
        scale: column.decimals,
        min: column.min.unwrap_or(f64::INFINITY),
        max: column.max.unwrap_or(f64::NEG_INFINITY),
        dates: column.dates,
    }
}
