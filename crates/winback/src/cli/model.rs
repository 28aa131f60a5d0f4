//! `winback model`
use crate::cli::Place;
use crate::cli::exam::{self, ExamArgs};
use crate::cli::lm::model::{packed_cache, read_config};
use crate::cli::make_mini::{self, MakeMiniArgs};
use crate::exit::{Exit, OrExit, stop};
use crate::mini::shipped;
use crate::progress_bar::Bar;
use crate::report;
use crate::workbench::load_settings;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use winback_connectors::hub::{
    Difference, Endpoint, Hub, HubError, Manifest, Patience, Pulled, Repository, Revision, Shelved, State, Token, place, pull, shelf,
};
use winback_core::progress::{Progress, Silent, Work};
use winback_lm::packed_cache::{Kept, Look, Unusable};

/// Download language models from Hugging Face, and check those that are here
#[derive(Debug, clap::Subcommand)]
pub enum Action {
    /// Download a dense Qwen3 at one commit, every file checked; goes on where an earlier attempt stopped
    #[command(after_help = PULL_HELP)]
    Pull(PullArgs),
    /// List the models in the models folder: revision, size, whether complete
    List,
    /// Make the small model that comes with Winback anew, on this machine; goes on where an earlier attempt stopped
    MakeMini(MakeMiniArgs),
    /// Let a model write to made-up customers nobody learned from, and review what it writes
    Exam(ExamArgs),
    /// Hash every file again and name what differs from what was pulled
    Verify {
        /// owner/name in the models folder, or a folder; all models without it
        name: Option<String>,
    },
}

/// What `pull` reads from the environment.
const PULL_HELP: &str = "\
Environment:
  HF_ENDPOINT    a mirror in place of https://huggingface.co
  HF_TOKEN       a token for models that are not open to everyone; it goes to that address only
  HF_TOKEN_PATH  a file that holds the token";

/// Which model, and where to.
#[derive(Debug, clap::Args)]
pub struct PullArgs {
    /// owner/name, such as Qwen/Qwen3-0.6B; winback/mini is the small model that comes with Winback, without a network
    repository: String,
    /// A branch, a tag or a commit; the commit it stands for is kept with the model
    #[arg(long, default_value = "main", value_name = "REVISION")]
    revision: String,
    /// The folder to put it in, in place of owner/name in the models folder
    #[arg(long, value_name = "FOLDER")]
    to: Option<PathBuf>,
}

/// Downloads, lists or checks models.
pub async fn run(at: &Place, action: &Action) -> anyhow::Result<ExitCode> {
    let models = at.home.join(&load_settings(&at.home)?.model_dir);
    match action {
        Action::Pull(args) => fetch(at, args, &models).await,
        Action::MakeMini(args) => make_mini::run(at, args),
        Action::Exam(args) => exam::run(at, args),
        Action::List => list(at, &models),
        Action::Verify { name } => verify(at, name.as_deref(), &models),
    }
}

/// Returns the exit code of a pull that failed.
fn code_of(error: &HubError) -> Exit {
    match error {
        HubError::Name(_)
        | HubError::Endpoint { .. }
        | HubError::Token { .. }
        | HubError::UnknownRepository { .. }
        | HubError::UnknownRevision { .. }
        | HubError::Occupied { .. } => Exit::Usage,
        HubError::Network { .. } | HubError::Busy { .. } | HubError::Denied { .. } | HubError::Status { .. } | HubError::Short { .. } => {
            Exit::Failure
        }
        HubError::Listing { .. }
        | HubError::OnlyPickles { .. }
        | HubError::Lacks { .. }
        | HubError::OtherModel { .. }
        | HubError::Long { .. }
        | HubError::Checksum { .. } => Exit::BadInput,
        HubError::InUse { .. } => Exit::Busy,
        HubError::Space { .. } | HubError::Disk { .. } => Exit::Storage,
    }
}

/// Puts the small model that comes with Winback into its folder; nothing is downloaded.
fn unpack(at: &Place, folder: &Path) -> anyhow::Result<ExitCode> {
    let new = shipped::unpack(folder).or_hint(Exit::Storage, "make room, or name another folder with --to")?;
    let sheet = shipped::sheet();
    if !new && Manifest::read(folder).or_exit(Exit::BadInput)?.as_ref() != Some(&sheet) {
        let what = format!("{} holds something else than the small model that comes with this Winback", folder.display());
        return Err(stop(Exit::Usage, what, "move it away, or name another folder with --to"));
    }
    let differences = sheet.verify(folder, &Silent).or_hint(Exit::Storage, format!("check the rights of {}", folder.display()))?;
    if !differences.is_empty() {
        let what = format!("{} is not as it came with Winback: {}", folder.display(), lines(&differences).join("; "));
        return Err(stop(Exit::Findings, what, "remove the folder, and run the command again"));
    }
    report::print(at.json, &serde_json::json!({ "folder": folder, "downloaded_bytes": 0, "model": sheet }), || {
        let word = if new { "put" } else { "is there already" };
        format!("{} {word}: {} in {}; it comes with Winback, nothing was downloaded", shipped::NAME, size(sheet.bytes()), folder.display())
    })?;
    Ok(ExitCode::SUCCESS)
}

async fn fetch(at: &Place, args: &PullArgs, models: &Path) -> anyhow::Result<ExitCode> {
    if args.repository == shipped::NAME {
        return unpack(at, &args.to.clone().unwrap_or_else(|| models.join(shipped::NAME)));
    }
    let pulled = attempt(args, models, &Bar::new(at.quiet)).await;
    let code = pulled.as_ref().err().map_or(Exit::Failure, code_of);
    let (pulled, folder) = pulled.or_exit(code)?;
    let manifest = &pulled.manifest;
    let told = serde_json::json!({ "folder": folder, "downloaded_bytes": pulled.downloaded_bytes, "model": manifest });
    report::print(at.json, &told, || {
        let word = if pulled.downloaded_bytes == 0 { "is there already" } else { "downloaded" };
        let size = size(manifest.bytes());
        format!("{} {word}: {size} in {}, commit {}; its checksums are right", manifest.repository, folder.display(), manifest.commit)
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Pulls a model and returns where it stands.
async fn attempt(args: &PullArgs, models: &Path, bar: &Bar) -> Result<(Pulled, PathBuf), HubError> {
    let (repository, revision) = (Repository::parse(&args.repository)?, Revision::parse(&args.revision)?);
    let folder = args.to.clone().unwrap_or_else(|| place(models, &repository));
    let variable = |name: &str| std::env::var(name).ok();
    let hub = Hub::new(Endpoint::parse(variable("HF_ENDPOINT").as_deref())?, Token::find(variable)?, Patience::default())?;
    Ok((pull(&hub, &repository, &revision, &folder, bar).await?, folder))
}

/// A model as `list` tells of it.
#[derive(Debug, serde::Serialize)]
struct Listed {
    name: String,
    folder: PathBuf,
    /// Whether every file is there with its length; `null` where nothing says what there should be.
    complete: Option<bool>,
    revision: Option<String>,
    commit: Option<String>,
    bytes: u64,
    /// What is to be said, and to be done about it.
    note: String,
}

impl Listed {
    fn of(shelved: Shelved) -> Self {
        let Shelved { name, folder, state } = shelved;
        let (complete, manifest, bytes, note) = match state {
            State::Pulled(manifest, amiss) => {
                let bytes = manifest.bytes();
                let note = if amiss.is_empty() { "complete".to_owned() } else { format!("{}; pull it again", lines(&amiss).join("; ")) };
                (Some(amiss.is_empty()), Some(manifest), bytes, note)
            }
            State::Unreadable(error) => (Some(false), None, 0, error.to_string()),
            State::Unfinished { bytes } => (Some(false), None, bytes, "download not finished; pull it again, it goes on".to_owned()),
            State::ByHand { bytes } => (None, None, bytes, "put there by hand; nothing says what it should be".to_owned()),
        };
        let (revision, commit) = manifest.map(|manifest| (manifest.revision, manifest.commit)).unzip();
        Self { name, folder, complete, revision, commit, bytes, note }
    }
}

fn list(at: &Place, models: &Path) -> anyhow::Result<ExitCode> {
    let found: Vec<Listed> = shelved(models)?.into_iter().map(Listed::of).collect();
    report::print(at.json, &found, || match found.is_empty() {
        true => format!("no model in {}; winback model pull Qwen/Qwen3-0.6B downloads one", models.display()),
        false => report::table(&["model", "revision", "commit", "size", "state"], found.iter().map(row)),
    })?;
    Ok(ExitCode::SUCCESS)
}

fn row(model: &Listed) -> Vec<String> {
    let commit = model.commit.as_deref().and_then(|commit| commit.get(..12)).unwrap_or("-");
    let revision = model.revision.as_deref().map(|revision| revision.get(..12).unwrap_or(revision)).unwrap_or("-");
    vec![model.name.clone(), revision.to_owned(), commit.to_owned(), size(model.bytes), model.note.clone()]
}

fn shelved(models: &Path) -> anyhow::Result<Vec<Shelved>> {
    shelf(models).or_hint(Exit::Storage, format!("check the rights of {}", models.display()))
}

/// A model as `verify` tells of it.
#[derive(Debug, serde::Serialize)]
struct Verified {
    name: String,
    commit: Option<String>,
    files: usize,
    bytes: u64,
    differences: Vec<Difference>,
    /// Files of packed weights that do not hold what the model's files hold.
    damaged: Vec<String>,
    /// Why its files could not be looked at.
    problem: Option<String>,
}

/// A model whose files can be compared with its sheet.
struct Sheeted {
    name: String,
    folder: PathBuf,
    manifest: Manifest,
}

fn verify(at: &Place, name: Option<&str>, models: &Path) -> anyhow::Result<ExitCode> {
    let (whole, mut verified) = match name {
        Some(name) => (vec![named(name, models)?], Vec::new()),
        None => every(models)?,
    };
    let bar = Bar::new(at.quiet);
    bar.begin(Work::Verify, Some(whole.iter().map(|model| model.manifest.bytes()).sum()));
    for Sheeted { name, folder, manifest } in whole {
        let differences = manifest.verify(&folder, &bar).or_hint(Exit::Storage, format!("check the rights of {}", folder.display()))?;
        let damaged = if differences.is_empty() { damaged(&folder) } else { Vec::new() };
        let (files, bytes, commit) = (manifest.files.len(), manifest.bytes(), Some(manifest.commit));
        verified.push(Verified { name, commit, files, bytes, differences, damaged, problem: None });
    }
    bar.done();
    report::print(at.json, &verified, || verified.iter().map(told).collect::<Vec<_>>().join("\n"))?;
    let right = verified.iter().all(|model| model.differences.is_empty() && model.damaged.is_empty() && model.problem.is_none());
    Ok(if right { ExitCode::SUCCESS } else { ExitCode::from(Exit::Findings as u8) })
}

/// Returns the files of packed weights that do not hold what the model's files hold. Those that are merely out of date
/// are made anew by themselves.
fn damaged(folder: &Path) -> Vec<String> {
    let Ok((config, _)) = read_config(folder) else { return Vec::new() };
    let kept = packed_cache(folder).kept(folder, &config, Look::Everything).unwrap_or_default();
    let told = |kept: Kept| match kept.unusable {
        Some(why @ (Unusable::Content | Unusable::OtherWeights)) => Some(format!("{}: {why}", kept.path.display())),
        _ => None,
    };
    kept.into_iter().filter_map(told).collect()
}

/// Returns a model by its name in the models folder, or by its folder.
fn named(name: &str, models: &Path) -> anyhow::Result<Sheeted> {
    let in_models = Repository::parse(name).map(|repository| place(models, &repository)).ok();
    let folder = in_models.filter(|folder| folder.is_dir()).unwrap_or_else(|| PathBuf::from(name));
    if let Some(manifest) = Manifest::read(&folder).or_exit(Exit::Findings)? {
        return Ok(Sheeted { name: name.to_owned(), folder, manifest });
    }
    if folder.is_dir() {
        let what = format!("{} was not pulled, so nothing says what it should be", folder.display());
        return Err(stop(Exit::Usage, what, "winback model pull downloads a model with its checksums"));
    }
    let known = shelved(models)?.into_iter().map(|model| model.name).collect::<Vec<_>>().join(", ");
    let hint = match known.is_empty() {
        true => "no model is there yet; winback model pull Qwen/Qwen3-0.6B downloads one".to_owned(),
        false => format!("there is: {known}"),
    };
    Err(stop(Exit::Usage, format!("there is no model {name} in {}", models.display()), hint))
}

/// Returns every model with a sheet, and what is said of those whose sheet or download is not whole.
fn every(models: &Path) -> anyhow::Result<(Vec<Sheeted>, Vec<Verified>)> {
    let (mut whole, mut broken) = (Vec::new(), Vec::new());
    for Shelved { name, folder, state } in shelved(models)? {
        let (bytes, problem) = match state {
            State::ByHand { .. } => continue,
            State::Pulled(manifest, _) => {
                whole.push(Sheeted { name, folder, manifest });
                continue;
            }
            State::Unreadable(error) => (0, error.to_string()),
            State::Unfinished { bytes } => (bytes, format!("the download is not finished; winback model pull {name} goes on with it")),
        };
        broken.push(Verified { name, commit: None, files: 0, bytes, differences: Vec::new(), damaged: Vec::new(), problem: Some(problem) });
    }
    if whole.is_empty() && broken.is_empty() {
        let what = format!("there is no pulled model in {}", models.display());
        return Err(stop(Exit::Usage, what, "winback model pull Qwen/Qwen3-0.6B downloads one"));
    }
    Ok((whole, broken))
}

fn told(model: &Verified) -> String {
    let Verified { name, commit, files, bytes, differences, damaged, problem } = model;
    match (problem, differences.is_empty()) {
        (None, true) if !damaged.is_empty() => {
            format!("{name}: as pulled, but its packed weights are not; remove them, they are made anew\n  {}", damaged.join("\n  "))
        }
        (Some(problem), _) => format!("{name}: {problem}"),
        (None, true) => format!("{name}: {files} files, {}, commit {}: as pulled", size(*bytes), commit.as_deref().unwrap_or("-")),
        (None, false) => format!("{name}: not as pulled; pull it again, or remove what was added\n  {}", lines(differences).join("\n  ")),
    }
}

fn lines(differences: &[Difference]) -> Vec<String> {
    let line = |difference: &Difference| match difference {
        Difference::Absent { file } => format!("{file} is absent"),
        Difference::Length { file, expected, found } => format!("{file} has {found} bytes instead of {expected}"),
        Difference::Content { file, expected, found } => format!("{file} has the sha256 {found} instead of {expected}"),
        Difference::Added { file } => format!("{file} was added"),
    };
    differences.iter().map(line).collect()
}

/// Returns a length as people read it: `1.52 GB`.
fn size(bytes: u64) -> String {
    match bytes {
        0..=999 => format!("{bytes} B"),
        1_000..=999_999 => format!("{:.1} kB", bytes as f64 / 1e3),
        1_000_000..=999_999_999 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.2} GB", bytes as f64 / 1e9),
    }
}
