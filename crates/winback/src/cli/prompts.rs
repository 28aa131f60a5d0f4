//! `winback prompts`
use crate::cli::profiles::{ProfileArgs, ProfileHouse, first_language, refuse_output};
use crate::cli::{GoalChoice, Language, Place, parse_goal};
use crate::desk::context;
use crate::exit::{Exit, OrExit, stop};
use crate::progress_bar::Bar;
use crate::prompts::{Job, People, Report};
use crate::report;
use crate::stages::unread_code;
use crate::telemetry::say;
use crate::workbench::{Desktop, OrStorage as _, Workbench};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use winback_connectors::past_mails::{PastMails, read_past_mails};
use winback_core::brief::Sources;
use winback_core::digest::Digest;
use winback_core::id::Position;
use winback_core::pipeline::write;
use winback_core::run::Stage;

/// How many lines of past mails that cannot be read are named.
const NAMED: usize = 20;

/// Write what a language model is asked for each customer, with the mail that answers it: examples to learn from
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    pub profiles: ProfileArgs,
    /// The file to write, such as enhanced_emails.jsonl: one JSON object a line with input, output and segment
    #[arg(long, value_name = "FILE")]
    pub output: PathBuf,
    /// Mails that the company sent, one JSON object a line with id, subject, preview and body: they answer the prompts of
    /// these customers, in place of the built-in writer
    #[arg(long, value_name = "FILE")]
    pub mails: Option<PathBuf>,
    /// Ask in this language [default: the customer's own, else the first of write.languages]
    #[arg(long, value_name = "LANGUAGE")]
    pub lang: Option<Language>,
    /// What the mails want to happen: activation, recall or push; auto chooses for each customer
    /// [default: write.goal of winback.toml]
    #[arg(long, value_name = "GOAL", value_parser = parse_goal)]
    pub goal: Option<GoalChoice>,
    /// Replace the output when it is there already
    #[arg(long)]
    pub force: bool,
}

/// Writes the examples.
pub async fn run(at: &Place, args: &Args) -> anyhow::Result<ExitCode> {
    let read: Vec<&Path> = args.profiles.input.iter().chain(&args.mails).map(PathBuf::as_path).collect();
    refuse_output(&args.output, &read, args.force)?;
    let past = args.mails.as_deref().map_or_else(|| Ok(PastMails::default()), past_mails)?;
    let done = match &args.profiles.input {
        Some(input) => of_profiles(at, args, (input, &past)).await?,
        None => of_run(at, args, &past).await?,
    };
    report::print(at.json, &done, || done.text(&args.output))?;
    Ok(if done.is_whole() { ExitCode::SUCCESS } else { ExitCode::from(Exit::Partial as u8) })
}

fn past_mails(path: &Path) -> anyhow::Result<PastMails> {
    let found = read_past_mails(path).or_hint(unread_code(path), "check the path of the past mails")?;
    if !found.refused.is_empty() {
        let (count, file) = (found.refused.len(), path.display());
        let lines: Vec<String> = found.refused.iter().take(NAMED).map(|(line, why)| format!("{file}:{line}: {why}")).collect();
        let more = if count > NAMED { format!("\nand {} more", count - NAMED) } else { String::new() };
        return Err(stop(Exit::BadInput, format!("{}{more}", lines.join("\n")), "correct these lines; nothing was written"));
    }
    for (key, lines) in &found.ignored {
        say(&format!("note: {}: {key:?} means nothing here; {lines} lines have it", path.display()));
    }
    Ok(found)
}

async fn of_run(at: &Place, args: &Args, past: &PastMails) -> anyhow::Result<Report> {
    let (bench, run) = Workbench::at_newest(at, Stage::Plan).await?;
    let context = context(&run).or_storage()?;
    let scribe = bench.scribe(&Desktop::of(&context));
    let goal = args.goal.map_or(bench.run_settings.goal, |GoalChoice(goal)| goal);
    let day = winback_core::pipeline::segment::day_of(&run);
    let job = Job {
        sources: Sources { goal, day, ..scribe.sources },
        templates: scribe.templates,
        locale: args.lang.map(Into::into),
        otherwise: first_language(&bench.settings),
        offer: None,
        past,
        seed: scribe.seed,
    };
    let origin = Digest::of_value(&(run.id, &run.origin.source_digest, run.stages.len(), run.report(Stage::Plan).map(|kept| &kept.report)));
    let reach = write::reach(&run, &context.table).or_storage()?;
    let mut people = People::Run { bench: &bench, context: &context, reach, from: Position(0) };
    job.run(&mut people, &origin, (&args.output, &bench.bar)).await
}

async fn of_profiles(at: &Place, args: &Args, (input, past): (&Path, &PastMails)) -> anyhow::Result<Report> {
    let (house, profiles) = ProfileHouse::open(at, &args.profiles, input, args.goal)?;
    let job = Job {
        sources: house.sources(),
        templates: &house.templates,
        locale: args.lang.map(Into::into),
        otherwise: first_language(&house.settings),
        offer: house.offer(),
        past,
        seed: house.settings.training.seed,
    };
    job.run(&mut People::Profiles(Box::new(profiles)), &house.origin, (&args.output, &Bar::new(at.quiet))).await
}
