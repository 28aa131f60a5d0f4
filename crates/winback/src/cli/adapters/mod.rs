//! `winback adapters`
pub mod eval;
mod figures;
mod show;
pub mod train;

pub use show::{mismatch, other_words};

use crate::cli::Place;
use crate::exit::{Exit, OrExit, stop};
use crate::report;
use crate::workbench::{adapters_dir, load_settings};
use std::path::PathBuf;
use std::process::ExitCode;
use winback_core::gallery::gate::Claims;
use winback_lm::shelf::{Shelf, ShelfError};

/// Teach adapters, one for each segment, and choose which version writes
#[derive(Debug, clap::Subcommand)]
pub enum Action {
    /// Teach each segment's adapter from examples; a run that was broken off goes on by itself
    Train(train::Args),
    /// Evaluate versions beside the base and the shared adapter, on customers that nobody learned from
    Eval(eval::Args),
    /// List the versions of every segment side by side: examples, loss before and after, which is in use
    List(On),
    /// Put a version to use, in one step; one that is not better than the base and the shared adapter is refused
    Promote(PromoteArgs),
    /// Put the version to use that was in use before, in one step
    Rollback(RollbackArgs),
    /// Compare two versions: recipe, examples, loss, and how far apart their weights are
    Diff(DiffArgs),
    /// Hash the files of every version again and name what is damaged or half written
    Verify(VerifyArgs),
}

/// Which folder of adapters.
#[derive(Debug, clap::Args)]
pub struct On {
    /// The folder of adapters [default: that of `[writer]` in winback.toml]
    #[arg(long, value_name = "FOLDER")]
    pub adapters: Option<PathBuf>,
}

impl On {
    fn shelf(&self, at: &Place) -> anyhow::Result<Shelf> {
        shelf(at, self.adapters.as_ref())
    }
}

/// Returns the shelf of the folder that is named, else of the one that the writer reads.
fn shelf(at: &Place, named: Option<&PathBuf>) -> anyhow::Result<Shelf> {
    Ok(Shelf::new(match named {
        Some(named) => named.clone(),
        None => adapters_dir(&at.home, &load_settings(&at.home)?.writer),
    }))
}

/// Which version.
#[derive(Debug, clap::Args)]
pub struct PromoteArgs {
    /// The segment
    pub segment: String,
    /// The version, such as v2
    pub version: String,
    /// Evaluate it first, on what was kept back of these examples, the file it learned from
    #[arg(long, value_name = "FILE", requires = "base_model_path")]
    pub data: Option<PathBuf>,
    /// The model directory of the base, to evaluate with
    #[arg(long, value_name = "DIR", requires = "data")]
    pub base_model_path: Option<PathBuf>,
    /// Put it to use although its claims were not measured, since the examples carry no briefs; every mail is still reviewed
    #[arg(long)]
    pub claims_unmeasured: bool,
    #[command(flatten)]
    pub how: eval::How,
    #[command(flatten)]
    pub on: On,
}

/// Which segment.
#[derive(Debug, clap::Args)]
pub struct RollbackArgs {
    /// The segment
    pub segment: String,
    #[command(flatten)]
    pub on: On,
}

/// Which two versions.
#[derive(Debug, clap::Args)]
pub struct DiffArgs {
    /// The segment
    pub segment: String,
    /// The one version
    pub first: String,
    /// The other version
    pub second: String,
    #[command(flatten)]
    pub on: On,
}

/// Which adapters, and perhaps for which base.
#[derive(Debug, clap::Args)]
pub struct VerifyArgs {
    /// The segment; all of them without it
    pub segment: Option<String>,
    /// A model directory: check that the versions were made for it
    #[arg(long, value_name = "DIR")]
    pub base_model_path: Option<PathBuf>,
    #[command(flatten)]
    pub on: On,
}

/// Teaches, lists, puts to use, compares or checks.
pub async fn run(at: &Place, action: &Action) -> anyhow::Result<ExitCode> {
    match action {
        Action::Train(args) => train::run(at, args).await,
        Action::List(on) => show::list(at, &on.shelf(at)?),
        Action::Eval(args) => eval::run(at, args),
        Action::Promote(args) => promote(at, args),
        Action::Rollback(args) => show::rollback(at, &args.on.shelf(at)?, &args.segment),
        Action::Diff(args) => show::diff(at, &args.on.shelf(at)?, [&args.segment, &args.first, &args.second]),
        Action::Verify(args) => show::verify(at, args),
    }
}

/// Puts a version to use, once it was evaluated.
fn promote(at: &Place, args: &PromoteArgs) -> anyhow::Result<ExitCode> {
    let (shelf, version) = (args.on.shelf(at)?, [args.version.clone()]);
    if let (Some(data), Some(base)) = (&args.data, &args.base_model_path) {
        let exam = eval::Exam { shelf: &shelf, data, base, how: &args.how };
        let found = tokio::task::block_in_place(|| exam.sit(at, Some((&args.segment, &version))))?;
        // An earlier evaluation is none of what was asked for now.
        if let Some((segment, version, why)) = found.left_out.first() {
            let hint = "the segment keeps what it has; winback adapters list shows what each version learned from";
            return Err(stop(Exit::Findings, format!("{version} of {segment} is not put to use: it could not be evaluated: {why}"), hint));
        }
        if !at.json {
            report::line(&figures::told(&found))?;
        }
    }
    let claims = if args.claims_unmeasured { Claims::Waived } else { Claims::Needed };
    show::promote(at, &shelf, (&args.segment, &args.version, claims))
}

/// Gives errors of a shelf their exit code and a hint.
pub trait OrShelf<T> {
    /// Leaves with the code of what is wrong.
    fn or_shelf(self) -> anyhow::Result<T>;
}

impl<T> OrShelf<T> for Result<T, ShelfError> {
    fn or_shelf(self) -> anyhow::Result<T> {
        let (code, hint) = match &self {
            Err(ShelfError::Unknown { .. } | ShelfError::UnknownVersion { .. }) => {
                (Exit::Usage, "winback adapters list shows what is there")
            }
            Err(ShelfError::Name { .. }) => {
                (Exit::Usage, "give a segment's name; a folder that is called otherwise is renamed or taken away")
            }
            Err(ShelfError::NoneInUse { .. }) => (Exit::Usage, "winback adapters promote SEGMENT VERSION puts one to use"),
            Err(ShelfError::NothingBefore { .. }) => (Exit::Usage, "winback adapters promote SEGMENT VERSION puts another version to use"),
            Err(ShelfError::Busy { .. }) => (Exit::Busy, "wait until it is done; a killed one lets go by itself"),
            Err(ShelfError::NotBetter { .. }) => {
                (Exit::Findings, "the segment keeps what it has; more or other examples may teach a better version")
            }
            Err(ShelfError::Unevaluated { .. }) => (
                Exit::Findings,
                "winback adapters eval SEGMENT VERSION --data FILE --base-model-path DIR evaluates it; so does promote, given both",
            ),
            Err(ShelfError::Evaluation { .. }) => (Exit::BadInput, "winback adapters eval makes it anew"),
            Err(ShelfError::Disk { .. }) => (Exit::Storage, "free some space or mend the folder, then run the command again"),
            Err(ShelfError::Reserved { .. } | ShelfError::Clash { .. }) => (Exit::BadInput, "give the segment another name"),
            _ => (Exit::BadInput, "remove the folder or copy it again; winback adapters train makes a version anew"),
        };
        self.or_hint(code, hint)
    }
}
