//! `winback run`
use crate::cli::{Place, assess, import, plan, train, write};
use crate::example;
use crate::exit::{Exit, stop};
use crate::local_writer::{self, hired};
use crate::report;
use crate::speed::{self, Speed};
use crate::stages::{self, ImportStage, Started};
use crate::telemetry::say;
use crate::workbench::{OrStorage, Overrides, Workbench};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use winback_core::pipeline::write::{Selection, WriteReport};
use winback_core::run::{Run, Stage};
use winback_core::store::RunStore;

/// Do the whole job on a file: import, train, assess, plan, write
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The CSV file [default: the Telco file in data/raw/]
    #[arg(long, value_name = "FILE")]
    pub data: Option<PathBuf>,
    /// Another schema.toml
    #[arg(long, value_name = "FILE")]
    pub schema: Option<PathBuf>,
    /// A file of dated logins, complaints and usage, from which behaviour is computed
    #[arg(long, value_name = "FILE")]
    pub events: Option<PathBuf>,
    /// The day up to which events count [default: today]
    #[arg(long, value_name = "DATE", requires = "events")]
    pub as_of: Option<jiff::civil::Date>,
    /// Write for so many customers, those most worth keeping [default: write.customers of winback.toml]
    #[arg(long, value_name = "N", conflicts_with = "all")]
    pub top: Option<u64>,
    /// Write for everyone who is to be contacted
    #[arg(long)]
    pub all: bool,
    /// Cross-validate with so many folds, 0 for none [default: training.folds of winback.toml]
    #[arg(long, value_name = "FOLDS")]
    pub folds: Option<usize>,
    /// Do it again, although this very file was done with these very settings
    #[arg(long)]
    pub again: bool,
}

/// Does the whole job.
pub async fn run(at: &Place, args: &Args) -> anyhow::Result<ExitCode> {
    let overrides = Overrides { schema: args.schema.clone(), events: args.events.clone(), as_of: args.as_of };
    let bench = Workbench::open(&at.home, at.quiet, &overrides).await?;
    let file = match &args.data {
        Some(file) => file.clone(),
        None => import::raw_file(&bench)?,
    };
    let _lock = bench.lock()?;
    let selection = match (args.all, args.top) {
        (true, _) => Selection::All,
        (false, top) => Selection::Best(top.unwrap_or(bench.settings.customers)),
    };
    let folds = args.folds.unwrap_or(bench.settings.training.folds as usize);
    let done = whole_job(&bench, &file, (selection, folds), args.again).await?;
    let speed = speed::one_customer(&bench, &done.run).await?;
    let mut json = run_json(&done.run, &speed);
    json["done_before"] = done.before.into();
    report::print(at.json, &json, || text(&bench, &done, &speed))?;
    example::note_for_real_customers(&bench, &done.run, &bench.rules.company).await?;
    finish_code(&done.run)
}

/// A finished run.
pub struct Done {
    /// The run.
    pub run: Run,
    /// Whether everything was done before, so that nothing was done now.
    pub before: bool,
}

/// Does every stage that is not done yet and returns the finished run.
pub async fn whole_job(bench: &Workbench, file: &Path, (selection, folds): (Selection, usize), again: bool) -> anyhow::Result<Done> {
    local_writer::check(&bench.home, &bench.settings.writer)?;
    let Started { mut run, input } = stages::begin(bench, file).await?;
    if again && run.has(Stage::Import) {
        bench.reopen(&mut run, Stage::Import).await?;
    }
    let before = run.has(Stage::Write);
    stages::import(bench, &mut run, input).await?;
    if let Err(error) = later_stages(bench, &mut run, (selection, folds)).await {
        tell_rejected(&run)?;
        return Err(error);
    }
    if let Some(keep) = bench.settings.keep_runs {
        bench.store.prune(keep).await.or_storage()?;
    }
    Ok(Done { run, before })
}

async fn later_stages(bench: &Workbench, run: &mut Run, (selection, folds): (Selection, usize)) -> anyhow::Result<()> {
    stages::train(bench, run, folds).await?;
    stages::assess(bench, run).await?;
    stages::plan(bench, run).await?;
    if run.has(Stage::Write) {
        return Ok(());
    }
    let local = hired(&bench.home, &bench.settings.writer, None, bench.bar.is_quiet())?;
    stages::write(bench, run, selection, local.as_ref().map(|local| &local.author)).await
}

/// Says which rows were left out, when the run ends before its report: they may be why it failed.
fn tell_rejected(run: &Run) -> anyhow::Result<()> {
    let imported: ImportStage = stages::report(run, Stage::Import)?;
    if imported.rows.rejected > 0 {
        say(&import::text(&imported));
    }
    Ok(())
}

/// Returns a run as the report of `--json`.
pub fn run_json(run: &Run, speed: &Speed) -> serde_json::Value {
    let stages = run.stages.iter().map(|stage| {
        let mut report = stage.report.clone();
        if let Some(fields) = report.as_object_mut() {
            fields.remove("peers");
            fields.remove("profile");
        }
        serde_json::json!({ "stage": stage.stage, "duration_ms": stage.duration_ms, "finished_at": stage.finished_at, "report": report })
    });
    serde_json::json!({
        "run": run.id,
        "source": run.origin.source,
        "source_sha256": run.origin.source_digest,
        "started_at": run.started_at,
        "stages": stages.collect::<Vec<_>>(),
        "one_customer": speed,
    })
}

fn text(bench: &Workbench, Done { run, before }: &Done, speed: &Speed) -> String {
    let part = |stage: Stage| -> anyhow::Result<String> {
        Ok(match stage {
            Stage::Import => import::text(&stages::report(run, stage)?),
            Stage::Train => train::text(&stages::report(run, stage)?),
            Stage::Assess => assess::text(bench, &stages::report(run, stage)?),
            Stage::Plan => plan::text(bench, &stages::report(run, stage)?),
            Stage::Write => write::text(&stages::report(run, stage)?),
        })
    };
    let mut text = format!("Run {} of {} (SHA-256 {})\n", run.id, run.origin.source, run.origin.source_digest.short());
    if *before {
        text.push_str("This very file was done with these very settings before, so nothing was done now; --again does it all again.\n");
    }
    for stage in &run.stages {
        let words = part(stage.stage).unwrap_or_else(|error| error.to_string());
        text.push_str(&format!("\n{} ({})\n{}\n", stage.stage.tag(), report::seconds(stage.duration_ms), indent(&words)));
    }
    text.push_str(&format!("\n{}\n\nSee it all: winback serve", speed.text()));
    text
}

fn indent(text: &str) -> String {
    text.lines().map(|line| format!("  {line}").trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

/// Returns the exit code of a finished run: partial when some message was held back.
pub fn finish_code(run: &Run) -> anyhow::Result<ExitCode> {
    let written: WriteReport = stages::report(run, Stage::Write)?;
    match written {
        WriteReport { ready: 0, held: 1.., .. } => {
            Err(stop(Exit::Findings, "no message passed its review", "the findings stand above; winback show ID shows a customer's"))
        }
        WriteReport { held: 1.., .. } => Ok(ExitCode::from(Exit::Partial as u8)),
        written if write::stepped_in(&written) => Ok(ExitCode::from(Exit::Partial as u8)),
        _ => Ok(ExitCode::SUCCESS),
    }
}
