//! `winback lm`
mod bench;
mod chat;
mod complete;
mod embed;
mod eval;
mod info;
pub mod model;
mod replies;
mod serve;
pub mod shapes;
mod written;

use crate::cli::Place;
use std::process::ExitCode;

/// Run a language model on this machine: a dense Qwen3 with its adapters
#[derive(Debug, clap::Subcommand)]
pub enum Action {
    /// Tell what a model directory holds and what it takes to run it here
    Info(info::Args),
    /// Answer as a chat: one message, or turn by turn at the terminal
    Chat(chat::Args),
    /// Go on with a text
    Complete(complete::Args),
    /// Tell what texts mean, as vectors of length 1: one JSON line a text
    Embed(embed::Args),
    /// Serve a model and its adapters to programs, behind the interface of OpenAI
    Serve(serve::Args),
    /// Measure how many tokens a second this machine reads and writes
    Bench(bench::Args),
    /// Compare texts with references, or tell how likely a model finds replies
    Eval(eval::Args),
}

/// Tells, writes, serves, measures or compares.
pub async fn run(at: &Place, action: &Action) -> anyhow::Result<ExitCode> {
    match action {
        Action::Info(args) => info::run(at, args)?,
        Action::Chat(args) => chat::run(at, args)?,
        Action::Complete(args) => complete::run(at, args)?,
        Action::Embed(args) => embed::run(at, args)?,
        Action::Serve(args) => serve::run(at, args).await?,
        Action::Bench(args) => bench::run(at, args)?,
        Action::Eval(args) => eval::run(at, args)?,
    }
    Ok(ExitCode::SUCCESS)
}
