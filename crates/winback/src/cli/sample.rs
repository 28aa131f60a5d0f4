//! `winback sample`
use crate::cli::Place;
use crate::exit::{Exit, OrExit};
use crate::progress_bar::Bar;
use crate::{report, sample};
use std::path::PathBuf;
use std::process::ExitCode;

/// Write a generated, Telco-shaped sample file
#[derive(Debug, clap::Args)]
pub struct Args {
    /// How many customers
    #[arg(long, default_value_t = 2_000)]
    pub rows: u64,
    /// The same seed gives the same file
    #[arg(long, default_value_t = 7)]
    pub seed: u64,
    /// The file to write
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Add names, addresses, languages and contract ends (all invented)
    #[arg(long)]
    pub contacts: bool,
}

/// Writes the file.
pub fn run(at: &Place, args: &Args) -> anyhow::Result<ExitCode> {
    let bar = Bar::new(at.quiet);
    let made = sample::write(args.rows, args.seed, args.contacts, &args.out, &bar).or_exit(Exit::Storage)?;
    report::print(at.json, &serde_json::json!({ "rows": args.rows, "file": args.out, "sha256": made.0 }), || {
        format!("{} invented customers in {}", report::count(args.rows), args.out.display())
    })?;
    Ok(ExitCode::SUCCESS)
}
