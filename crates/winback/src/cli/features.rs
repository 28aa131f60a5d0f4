//! `winback features`
use crate::cli::Place;
use crate::exit::{Exit, OrExit};
use crate::report;
use crate::stages::{self, ImportStage};
use crate::workbench::Workbench;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use winback_connectors::features_csv::{Origin, Sidecar, sidecar_path, write_features};
use winback_connectors::file::Fingerprint;
use winback_core::pipeline::train::Portfolio;
use winback_core::run::{Run, Stage};
use winback_core::schema::Role;

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
    let (bench, run) = Workbench::at_newest(at, Stage::Import).await?;
    let out = args.out.clone().unwrap_or_else(|| file(&bench));
    let portfolio = stages::portfolio(&bench, &run).await?;
    if args.check {
        return check(at, &bench, (&run, &portfolio), &out);
    }
    let written = write(&bench, &run, &portfolio, &out)?;
    report::print(at.json, &written, || {
        let (rows, columns) = (report::count(written.rows), written.columns.len());
        format!("{rows} customers, {columns} columns in {}\nSHA-256 {}", out.display(), written.csv_sha256)
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Returns where the features of the newest run are kept.
pub fn file(bench: &Workbench) -> PathBuf {
    bench.path(&bench.settings.data_dir).join("processed").join("churn_features.csv")
}

fn make_folder(out: &Path) -> anyhow::Result<()> {
    match out.parent() {
        Some(folder) => std::fs::create_dir_all(folder).or_hint(Exit::Storage, "name a file in a folder that can be written with --out"),
        None => Ok(()),
    }
}

/// Writes the features of a run and their sidecar.
pub fn write(bench: &Workbench, run: &Run, portfolio: &Portfolio, out: &Path) -> anyhow::Result<Sidecar> {
    make_folder(out)?;
    let table = &bench.rules.table;
    let name = |role: &Role| table.with_role(role).map(|column| table.columns[column].name.clone());
    let imported: ImportStage = stages::report(run, Stage::Import)?;
    let origin = Origin {
        source_file: run.origin.source.clone(),
        source_sha256: run.origin.source_digest.clone(),
        schema_digest: table.digest(),
        id_column: name(&Role::Id).unwrap_or_default(),
        label_column: name(&Role::Label),
        rules: imported.rows.problems.iter().map(|one| (one.problem, one.outcome, one.count)).collect(),
    };
    let ids: Vec<_> = portfolio.who.iter().map(|(_, id)| id.clone()).collect();
    write_features(out, &ids, &portfolio.features, &origin)
        .or_hint(Exit::Storage, "close the program that has the file open, or name another with --out")
}

fn check(at: &Place, bench: &Workbench, (run, portfolio): (&Run, &Portfolio), out: &Path) -> anyhow::Result<ExitCode> {
    let beside = out.with_extension("check.csv");
    let fresh = write(bench, run, portfolio, &beside)?;
    for file in [sidecar_path(&beside), beside] {
        std::fs::remove_file(file).or_exit(Exit::Storage)?;
    }
    let same = Fingerprint::of(out).is_ok_and(|file| file.sha256 == fresh.csv_sha256);
    let words = if same { "is up to date" } else { "is missing or differs; winback features writes it" };
    report::print(at.json, &serde_json::json!({ "file": out, "up_to_date": same }), || format!("{} {words}", out.display()))?;
    Ok(if same { ExitCode::SUCCESS } else { ExitCode::from(Exit::Findings as u8) })
}
