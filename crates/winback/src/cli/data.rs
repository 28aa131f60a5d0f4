//! `winback data`
use crate::cli::Place;
use crate::exit::{Exit, OrExit, stop};
use crate::progress_bar::Bar;
use crate::report;
use crate::workbench::load_settings;
use std::process::ExitCode;
use winback_connectors::file::Fingerprint;
use winback_connectors::http::{FetchError, FetchLimits, fetch};
use winback_core::progress::{Progress, Work};

/// Download public data sets
#[derive(Debug, clap::Subcommand)]
pub enum Action {
    /// Download a public file into data/raw and check it
    Fetch {
        /// The name under [fetch] in winback.toml: telco
        name: String,
        /// Download again, although the file is there and right
        #[arg(long)]
        again: bool,
    },
}

/// Returns the exit code of a download that failed.
fn code_of(error: &FetchError) -> Exit {
    match error {
        FetchError::Network { .. } | FetchError::Status { .. } => Exit::Failure,
        FetchError::Address { .. } => Exit::BadConfig,
        FetchError::TooLarge { .. } | FetchError::Checksum { .. } => Exit::BadInput,
        FetchError::Write { .. } => Exit::Storage,
    }
}

/// Downloads.
pub async fn run(at: &Place, action: &Action) -> anyhow::Result<ExitCode> {
    let Action::Fetch { name, again } = action;
    let settings = load_settings(&at.home)?;
    let known = settings.fetch.keys().cloned().collect::<Vec<_>>().join(", ");
    let source = settings
        .fetch
        .get(name)
        .ok_or_else(|| stop(Exit::Usage, format!("winback.toml has no [fetch.{name}]"), format!("there is: {known}")))?;
    let folder = at.home.join(&settings.data_dir).join("raw");
    std::fs::create_dir_all(&folder).or_hint(Exit::Storage, "name a folder that can be written with --home")?;
    let target = folder.join(&source.file);
    let present = target.is_file() && Fingerprint::of(&target).is_ok_and(|file| file.sha256 == source.sha256);
    if !present || *again {
        let bar = Bar::new(at.quiet);
        bar.begin(Work::Fetch, None);
        let mut before = 0;
        let limits = FetchLimits::default();
        let progress = |bytes: u64, _total: Option<u64>| {
            bar.advance(bytes.saturating_sub(before));
            before = bytes;
        };
        let hint = "the address and the checksum stand under [fetch] in winback.toml; or download the file by hand into data/raw";
        let fetched = fetch(&source.url, &source.sha256, &target, &limits, progress).await;
        let code = fetched.as_ref().err().map_or(Exit::Failure, code_of);
        fetched.or_hint(code, hint)?;
        bar.done();
    }
    report::print(at.json, &serde_json::json!({ "file": target, "sha256": source.sha256, "downloaded": !present || *again }), || {
        let word = if present && !again { "is there already" } else { "downloaded" };
        format!("{} {word}; its checksum is right. Next: winback run", target.display())
    })?;
    Ok(ExitCode::SUCCESS)
}
