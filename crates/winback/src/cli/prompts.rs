//! `winback prompts`
use crate::cli::{GoalChoice, Language, Place, parse_goal};
use crate::config::settings::Settings;
use crate::config::{SCHEMA_PROFILES, SEGMENTS_PROFILES, offers_file, schema_file};
use crate::desk::context;
use crate::exit::{Exit, OrExit, stop};
use crate::progress_bar::Bar;
use crate::prompts::{Job, People, Profiles, Report};
use crate::report;
use crate::run_settings::{TextFile, read_segments};
use crate::stages::{fingerprint, unread_code};
use crate::telemetry::say;
use crate::wordings;
use crate::workbench::{Desktop, OrStorage as _, Workbench, load_settings, text_of, today};
use jiff::civil::Date;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use winback_connectors::past_mails::{PastMails, read_past_mails};
use winback_core::brief::{Segments, Sources};
use winback_core::digest::Digest;
use winback_core::goal::GoalInputs;
use winback_core::id::Position;
use winback_core::offer::{Catalogue, Offer};
use winback_core::pipeline::write;
use winback_core::run::Stage;
use winback_core::schema::TableSchema;
use winback_core::spelling::nearest;

/// How many lines of past mails that cannot be read are named.
const NAMED: usize = 20;

/// Write what a language model is asked for each customer, with the mail that answers it: examples to learn from
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A file of profiles, one row a customer [default: the customers of the newest run, with what is planned for them]
    #[arg(long, value_name = "FILE")]
    pub input: Option<PathBuf>,
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
    /// Make the customers of --input this offer of offers.toml [default: none, only help]
    #[arg(long, value_name = "OFFER", requires = "input")]
    pub offer: Option<String>,
    /// What the columns of --input are [default: profiles.toml of the folder, else the eleven columns of a profile]
    #[arg(long, value_name = "FILE", requires = "input")]
    pub schema: Option<PathBuf>,
    /// Who of --input belongs to which segment [default: profiles.segments.toml of the folder, else the five built-in ones]
    #[arg(long, value_name = "FILE", requires = "input")]
    pub segments: Option<PathBuf>,
    /// The day from which days are counted [default: today, or the day of the run]
    #[arg(long, value_name = "DATE", requires = "input")]
    pub as_of: Option<Date>,
    /// Replace the output when it is there already
    #[arg(long)]
    pub force: bool,
}

/// Writes the examples.
pub async fn run(at: &Place, args: &Args) -> anyhow::Result<ExitCode> {
    refuse_output(args)?;
    let past = args.mails.as_deref().map_or_else(|| Ok(PastMails::default()), past_mails)?;
    let done = match &args.input {
        Some(input) => of_profiles(at, args, (input, &past)).await?,
        None => of_run(at, args, &past).await?,
    };
    report::print(at.json, &done, || done.text(&args.output))?;
    Ok(if done.is_whole() { ExitCode::SUCCESS } else { ExitCode::from(Exit::Partial as u8) })
}

/// Refuses to write over what is read, or over what is there.
fn refuse_output(args: &Args) -> anyhow::Result<()> {
    let out = args.output.display();
    let same = |other: &Path| matches!((args.output.canonicalize(), other.canonicalize()), (Ok(one), Ok(two)) if one == two);
    if let Some(read) = args.input.iter().chain(&args.mails).find(|path| same(path)) {
        return Err(stop(Exit::Usage, format!("{out} is read and would be written, too ({})", read.display()), "name another --output"));
    }
    if args.output.is_dir() {
        return Err(stop(Exit::Usage, format!("{out} is a folder"), "name a file in it, such as enhanced_emails.jsonl"));
    }
    if args.output.symlink_metadata().is_ok() && !args.force {
        return Err(stop(Exit::Usage, format!("{out} is there already, and nothing was written"), "name another --output, or add --force"));
    }
    Ok(())
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
    const HINT: &str = "docs/prompts.md tells what is expected of a file of profiles";
    let settings = load_settings(&at.home)?;
    let templates = wordings::load(&at.home, &settings.company)?;
    let schema = text_of(&at.home, "profiles.toml", args.schema.as_deref(), SCHEMA_PROFILES)?;
    let schema = schema_file::parse(&schema.name, &schema.text).or_hint(Exit::BadConfig, "docs/adding.md tells how a schema is written")?;
    let which = fingerprint(input)?;
    let (profiles, schema) = Profiles::open(input, schema, &which).or_hint(unread_code(input), HINT)?;
    for column in profiles.ignored() {
        say(&format!("note: column {} ({:?}) of {} is {}, and not used", column.number, column.name, input.display(), column.why));
    }
    let catalogue = offers(&text_of(&at.home, "offers.toml", None, offers_file::DEFAULT)?)?;
    let offer = args.offer.as_deref().map(|id| find(&catalogue, id)).transpose()?;
    let goal = args.goal.map_or(settings.goal, |GoalChoice(goal)| goal);
    if let Some(goal) = goal {
        let inputs = GoalInputs { kind: offer.map(|offer| offer.kind), theme: None, days_inactive: None };
        goal.check(inputs).or_hint(Exit::Usage, "profiles name no reason; --offer ID names an offer, --goal auto chooses")?;
    }
    let segmenter = segmenter(at, args, &schema, &settings)?;
    let day = args.as_of.unwrap_or_else(today);
    let segments = Some(Segments { segmenter: &segmenter, day });
    let job = Job {
        sources: Sources { schema: &schema, catalogue: &catalogue, company: &settings.company, goal, day, segments },
        templates: &templates,
        locale: args.lang.map(Into::into),
        otherwise: first_language(&settings),
        offer,
        past,
        seed: settings.training.seed,
    };
    job.run(&mut People::Profiles(Box::new(profiles)), &which.sha256, (&args.output, &Bar::new(at.quiet))).await
}

fn segmenter(
    at: &Place,
    args: &Args,
    schema: &TableSchema,
    settings: &Settings,
) -> anyhow::Result<winback_core::segment::assign::Segmenter> {
    let text = text_of(&at.home, "profiles.segments.toml", args.segments.as_deref(), SEGMENTS_PROFILES)?;
    let bounds = settings.value.bounds(schema).or_hint(Exit::BadConfig, "docs/adding.md shows each way to measure value")?;
    read_segments(&text, schema, bounds)
}

fn offers(file: &TextFile) -> anyhow::Result<Catalogue> {
    let read = offers_file::parse(&file.text, &file.name).or_hint(Exit::BadConfig, "winback offers lint checks the whole file")?;
    Ok(read.catalogue)
}

fn find<'a>(catalogue: &'a Catalogue, id: &str) -> anyhow::Result<&'a Offer> {
    let ids = || catalogue.offers.iter().map(|offer| offer.id.0.as_str());
    let hint = || match nearest(id, ids()) {
        Some(near) => format!("did you mean {near}?"),
        None => format!("the offers are {}", ids().collect::<Vec<_>>().join(", ")),
    };
    let found = catalogue.offers.iter().find(|offer| offer.id.0.as_str() == id);
    found.ok_or_else(|| stop(Exit::Usage, format!("there is no offer {id:?} in offers.toml"), hint()))
}

fn first_language(settings: &Settings) -> winback_core::locale::Locale {
    settings.languages.first().copied().unwrap_or(winback_core::locale::Locale::ZhTw)
}
