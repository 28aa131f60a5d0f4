//! `winback init`
use crate::cli::Place;
use crate::config::init::{Init, init};
use crate::config::{SEGMENTS_PROFILES, offers_file, segments_file};
use crate::exit::{Exit, OrExit};
use crate::report;
use std::process::ExitCode;
use winback_core::template::Templates;

/// Write the commented configuration: winback.toml, schema.toml, offers.toml, segments.toml and the message templates
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The table to describe in schema.toml: telco, marketing, gym or profiles
    #[arg(long, default_value = "telco")]
    pub schema: String,
    /// Replace files that are there
    #[arg(long)]
    pub force: bool,
}

/// Writes the files.
pub fn run(at: &Place, args: &Args) -> anyhow::Result<ExitCode> {
    let templates: Vec<(String, &str)> = Templates::built_in_files().map(|(name, text)| (format!("templates/{name}"), text)).collect();
    let templates: Vec<(&str, &str)> = templates.iter().map(|(name, text)| (name.as_str(), *text)).collect();
    let order = Init {
        dir: &at.home,
        schema: &args.schema,
        offers: offers_file::DEFAULT,
        segments: if args.schema == "profiles" { SEGMENTS_PROFILES } else { segments_file::DEFAULT },
        templates: &templates,
        force: args.force,
    };
    let written = init(&order).or_exit(Exit::BadConfig)?;
    report::print(at.json, &written, || {
        let files = written.iter().map(|path| format!("  {}\n", path.display())).collect::<String>();
        format!("Written:\n{files}Put your company's name and address into winback.toml, then: winback run --data FILE")
    })?;
    Ok(ExitCode::SUCCESS)
}
