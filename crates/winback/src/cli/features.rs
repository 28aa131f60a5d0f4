//! `winback features`
use crate::cli::Place;
use crate::exit::{Exit, OrExit};
use crate::report;
use crate::stages;
use crate::workbench::{Overrides, Workbench};
use std::path::PathBuf;
use std::process::ExitCode;

/// Write data/processed/churn_features.csv
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The file to write [default: churn_features.csv in data/processed]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Write nothing; only tell whether the file is there and is what would be written
    #[arg(long)]
    pub check: bool,
}

/// Writes the features of the newest import.
pub async fn run(at: &Place, args: &Args) -> anyhow::Result<ExitCode> {
    let bench = Workbench::open(&at.home, at.quiet, &Overrides::default()).await?;
    let run = bench.newest().await?;
    let portfolio = stages::portfolio(&bench, &run).await?;
    let out = args.out.clone().unwrap_or_else(|| bench.path(&bench.settings.data_dir).join("processed").join("churn_features.csv"));
    let sheet = stages::feature_sheet(&bench, &run, &portfolio)?;
    if args.check {
        let same = sheet.matches(&out).or_exit(Exit::Storage)?;
        let words = if same { "is up to date" } else { "is missing or differs; winback features writes it" };
        report::print(at.json, &serde_json::json!({ "file": out, "up_to_date": same }), || format!("{} {words}", out.display()))?;
        return Ok(if same { ExitCode::SUCCESS } else { ExitCode::from(Exit::Findings as u8) });
    }
    let written = sheet.write(&out).or_hint(Exit::Storage, "close the program that has the file open, or name another with --out")?;
    report::print(at.json, &written, || {
        format!("{} customers, {} columns in {}\nSHA-256 {}", report::count(written.rows), written.columns.len(), out.display(), written.sha256)
    })?;
    Ok(ExitCode::SUCCESS)
}
