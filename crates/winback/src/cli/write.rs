//! `winback write`
use crate::cli::{Place, show};
use crate::report;
use crate::stages;
use crate::workbench::{OrStorage, Workbench};
use std::process::ExitCode;
use winback_core::pipeline::write::{Selection, WriteReport};
use winback_core::run::Stage;
use winback_core::store::RunStore;

/// Write e-mails, short messages and call scripts
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Write for this customer and show the result with the facts used, the checks passed and the seconds taken
    #[arg(long, value_name = "ID", conflicts_with_all = ["top", "all", "again"])]
    pub id: Option<String>,
    /// Write for so many customers, those most worth keeping [default: write.customers of winback.toml]
    #[arg(long, value_name = "N", conflicts_with = "all")]
    pub top: Option<u64>,
    /// Write for everyone who is to be contacted
    #[arg(long)]
    pub all: bool,
    /// Write anew, although messages are there already
    #[arg(long)]
    pub again: bool,
    /// Show only this language
    #[arg(long, value_name = "LANGUAGE", requires = "id")]
    pub lang: Option<crate::cli::Language>,
}

/// Writes for customers of the newest import.
pub async fn run(at: &Place, args: &Args) -> anyhow::Result<ExitCode> {
    let (bench, _) = Workbench::at_newest(at).await?;
    if let Some(id) = &args.id {
        return show::written(at, &bench, id, args.lang.map(Into::into)).await;
    }
    let _lock = bench.lock()?;
    let mut run = bench.newest().await?;
    if args.again {
        bench.store.reopen(run.id, Stage::Write).await.or_storage()?;
        run = bench.newest().await?;
    }
    let selection = if args.all { Selection::All } else { Selection::Best(args.top.unwrap_or(bench.settings.customers)) };
    let done = if run.has(Stage::Write) {
        stages::write_some(&bench, &run, selection).await?
    } else {
        stages::write(&bench, &mut run, selection).await?;
        stages::report(&run, Stage::Write)?
    };
    report::print(at.json, &done, || text(&done))?;
    Ok(if done.held > 0 { ExitCode::from(crate::exit::Exit::Partial as u8) } else { ExitCode::SUCCESS })
}

/// Returns the report as text.
pub fn text(done: &WriteReport) -> String {
    let rows = [
        (done.ready, "ready to send, in every language and channel"),
        (done.held, "held for a person: some message did not pass its review"),
        (done.not_selected, "to be contacted, not written for yet (winback write --all)"),
        (done.low_risk, "skipped: low risk"),
        (done.already_left, "skipped: they have left already"),
    ];
    let rows = rows.into_iter().map(|(customers, what)| vec![report::count(customers), what.to_owned()]);
    let mut text =
        format!("{} customers, {} messages:\n{}", report::count(done.customers), report::count(done.messages), report::table(&[], rows));
    if done.neutral_greetings > 0 {
        text.push_str(&format!(
            "\n  {} greeted without the name in the table, which cannot stand in a message",
            report::count(done.neutral_greetings)
        ));
    }
    for finding in &done.findings {
        text.push_str(&format!("\n  {} {}: {} ({})", finding.channel.tag(), finding.part, finding.detail, finding.check));
    }
    text
}
