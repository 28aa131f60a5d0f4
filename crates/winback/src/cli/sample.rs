//! `winback sample`
use crate::cli::Place;
use crate::exit::{Exit, OrExit, stop};
use crate::mini::{self, voices::write_examples};
use crate::report;
use crate::sample::events::write_events;
use crate::sample::{Contacts, Order, SampleError, write_profiles, write_sample};
use crate::workbench::today;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use winback_connectors::file::write_atomically;

/// Write a generated, Telco-shaped sample file
#[derive(Debug, clap::Args)]
pub struct Args {
    /// How many customers
    #[arg(long, default_value_t = 2_000)]
    pub rows: u64,
    /// The same seed gives the same customers
    #[arg(long, default_value_t = 7)]
    pub seed: u64,
    /// The file to write
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Add names, addresses, languages and contract ends (all invented)
    #[arg(long)]
    pub contacts: bool,
    /// The day on which the portfolio is as it is, for contract ends and events [default: today]
    #[arg(long, value_name = "DATE")]
    pub as_of: Option<jiff::civil::Date>,
    /// Write profiles for winback prompts instead: who somebody is, in eleven columns
    #[arg(long, conflicts_with = "events")]
    pub profiles: bool,
    /// Write mails instead, as examples for winback adapters train: made-up companies write to made-up customers of five
    /// segments, to each in its segment's voice
    #[arg(long, conflicts_with_all = ["events", "profiles", "contacts", "as_of"])]
    pub mails: bool,
    /// Write 60 days of logins, complaints and usage of the same customers, too
    #[arg(long, value_name = "FILE")]
    pub events: Option<PathBuf>,
}

/// Writes the file.
pub fn run(at: &Place, args: &Args) -> anyhow::Result<ExitCode> {
    let as_of = args.as_of.unwrap_or_else(today);
    let order = Order { rows: args.rows, seed: args.seed, contacts: args.contacts.then_some(Contacts { as_of }) };
    if args.mails {
        let templates = mini::templates()?;
        write_file(&args.out, |out| write_examples(&templates, &order, out))?;
    } else if args.profiles {
        write_file(&args.out, |out| write_profiles(&order, out))?;
    } else {
        write(&order, &args.out)?;
    }
    if let Some(file) = &args.events {
        write_file(file, |out| write_events(&order, as_of, 60, out))?;
    }
    report::print(at.json, &serde_json::json!({ "rows": args.rows, "seed": args.seed, "file": args.out, "events": args.events }), || {
        let what = if args.mails { "examples of made-up mails" } else { "invented customers" };
        format!("{} {what} in {}", report::count(args.rows), args.out.display())
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Writes a portfolio to a file, whole or not at all.
pub fn write(order: &Order, file: &Path) -> anyhow::Result<()> {
    write_file(file, |out| write_sample(order, out))
}

/// Writes a file, whole or not at all, and the folders above it.
pub fn write_file(file: &Path, make: impl FnOnce(&mut &mut dyn Write) -> Result<(), SampleError>) -> anyhow::Result<()> {
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).or_hint(Exit::Storage, "name a file in a folder that can be written")?;
    }
    let mut refused = None;
    let written = write_atomically(file, |mut out| match make(&mut out) {
        Ok(()) => Ok(()),
        Err(SampleError::Write(error)) => Err(error),
        Err(error) => {
            refused = Some(error);
            Err(std::io::ErrorKind::InvalidInput.into())
        }
    });
    match refused {
        Some(error) => Err(stop(Exit::Usage, error, "winback sample --help")),
        None => written.or_hint(Exit::Storage, "name a file in a folder that can be written"),
    }
}
