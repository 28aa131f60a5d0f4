//! The command `winback`: words, configuration and wiring; the work is done in the library crates.
#![forbid(unsafe_code)]

mod behaviour;
mod cli;
mod config;
mod desk;
mod drift;
mod evaluation;
mod example;
mod exit;
mod gallery;
mod handout;
mod local_writer;
mod memory;
mod mini;
mod newest;
mod progress_bar;
mod prompts;
mod report;
mod run_settings;
mod sample;
mod scriptorium;
mod speed;
mod stages;
mod telemetry;
mod tutor;
mod wordings;
mod workbench;

use anyhow::Context as _;
use clap::{CommandFactory as _, Parser as _};
use cli::{Cli, Command};
use std::process::ExitCode;

fn main() -> ExitCode {
    telemetry::start();
    let cli = Cli::parse();
    match threads(&cli).and_then(|runtime| runtime.block_on(dispatch(cli))) {
        Ok(code) => code,
        Err(error) => fail(&error),
    }
}

/// Starts as many threads as work.workers of winback.toml asks for; all cores without it. A file that
/// cannot be read is for the command itself to report.
fn threads(cli: &Cli) -> anyhow::Result<tokio::runtime::Runtime> {
    let workers = workbench::load_settings(&cli.home).ok().and_then(|settings| settings.workers);
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    if let Some(workers) = workers {
        builder.worker_threads(workers);
        winback_learn::limit_threads(workers).context("cannot start the worker threads")?;
    }
    builder.enable_all().build().context("cannot start the worker threads")
}

fn fail(error: &anyhow::Error) -> ExitCode {
    let (code, text) = exit::explain(error);
    telemetry::say(&text);
    code
}

async fn dispatch(cli: Cli) -> anyhow::Result<ExitCode> {
    let at = cli::Place { home: cli.home, json: cli.json, quiet: cli.quiet };
    match cli.command {
        Command::Demo(args) => cli::demo::run(&at, &args).await,
        Command::Init(args) => cli::init::run(&at, &args),
        Command::Run(args) => cli::run::run(&at, &args).await,
        Command::Import(args) => cli::import::run(&at, &args).await,
        Command::Features(args) => cli::features::run(&at, &args).await,
        Command::Train(args) => cli::train::run(&at, &args).await,
        Command::Assess(args) => cli::assess::run(&at, &args).await,
        Command::Plan(args) => cli::plan::run(&at, &args).await,
        Command::Write(args) => cli::write::run(&at, &args).await,
        Command::Generate(args) => cli::generate::run(&at, &args).await,
        Command::Prompts(args) => cli::prompts::run(&at, &args).await,
        Command::Export(args) => cli::export::run(&at, &args).await,
        Command::Show(args) => cli::show::run(&at, &args).await,
        Command::Serve(args) => cli::serve::run(&at, &args).await,
        Command::Actions(action) => cli::actions::run(&at, &action).await,
        Command::Offers(action) => cli::offers::run(&at, &action).await,
        Command::Templates(action) => cli::templates::run(&at, &action).await,
        Command::Segments(action) => cli::segments::run(&at, &action).await,
        Command::Thresholds(args) => cli::thresholds::run(&at, &args).await,
        Command::Drift(args) => cli::drift::run(&at, &args).await,
        Command::Fairness(args) => cli::fairness::run(&at, &args).await,
        Command::Whatif(args) => cli::whatif::run(&at, &args).await,
        Command::Lm(action) => cli::lm::run(&at, &action).await,
        Command::Adapters(action) => cli::adapters::run(&at, &action).await,
        Command::Data(action) => cli::data::run(&at, &action).await,
        Command::Model(action) => cli::model::run(&at, &action).await,
        Command::Sample(args) => cli::sample::run(&at, &args),
        Command::Explain(action) => cli::explain::run(&at, &action),
        Command::Doctor => cli::doctor::run(&at).await,
        Command::Completions { shell } => {
            // Into memory first: a reader that goes away must not end in a panic.
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "winback", &mut script);
            report::line(&String::from_utf8_lossy(&script))?;
            Ok(ExitCode::SUCCESS)
        }
    }
}
