//! `winback drift`
mod words;

use crate::cli::{Language, Place};
use crate::drift::{self, Baseline, Seen};
use crate::exit::{Exit, stop};
use crate::newest::need;
use crate::report;
use crate::workbench::{OrStorage, Workbench};
use std::process::ExitCode;
use winback_core::drift::{Basis, RunDrift};
use winback_core::id::RunId;
use winback_core::run::{Run, Stage};
use winback_core::store::RunStore;

/// Show how far the customers of an import have moved from those of an earlier one
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The number of the earlier run [default: the one on which the model in use was trained, else the one before, of another file]
    #[arg(long, value_name = "RUN")]
    pub from: Option<i64>,
    /// The number of the later run [default: the newest]
    #[arg(long, value_name = "RUN")]
    pub to: Option<i64>,
    /// The language
    #[arg(long, value_enum, default_value = "en")]
    pub lang: Language,
}

/// Compares two runs, column by column and by their scores.
pub async fn run(at: &Place, args: &Args) -> anyhow::Result<ExitCode> {
    let (bench, newest) = Workbench::at_newest(at, Stage::Import).await?;
    let to = match args.to {
        Some(number) => named(&bench, number).await?,
        None => newest,
    };
    let found = match args.from {
        Some(number) => {
            let earlier = Baseline::read(&bench, &named(&bench, number).await?).await?;
            Seen::read(&bench, &to).await?.against((&earlier, Basis::Named), &to)
        }
        None => usual(&bench, &to).await?,
    };
    if found.drift.columns.is_empty() {
        let text =
            format!("run {} ({}) and run {} ({}) have no column in common", found.from, found.from_source, found.to, found.to_source);
        return Err(stop(Exit::BadInput, text, "name another run with --from"));
    }
    report::print(at.json, &found, || words::text(&found, args.lang.into()))?;
    Ok(ExitCode::SUCCESS)
}

async fn usual(bench: &Workbench, to: &Run) -> anyhow::Result<RunDrift> {
    if let Some(found) = drift::kept(to).and_then(|kept| kept.drift) {
        return Ok(found);
    }
    let none = || {
        let text = format!("there is no earlier run of another file that run {} ({}) could be compared with", to.id, to.origin.source);
        stop(Exit::Usage, text, "winback run --data FILE with the next file, or name a run with --from")
    };
    let (earlier, basis) = drift::reference(bench, to).await?.ok_or_else(none)?;
    Ok(Seen::read(bench, to).await?.against((&earlier, basis), to))
}

async fn named(bench: &Workbench, number: i64) -> anyhow::Result<Run> {
    let found = bench.store.run(RunId(number)).await.or_storage()?;
    let run = found.ok_or_else(|| stop(Exit::Usage, format!("there is no run {number}"), "winback doctor names the newest run"))?;
    need(&run, Stage::Import)?;
    Ok(run)
}
