//! `winback adapters train`
use super::OrShelf as _;
use crate::cli::Place;
use crate::cli::lm::model::{Computing, Loaded, read_config, table_number_bytes};
use crate::cli::lm::shapes::weight_bytes;
use crate::config::segments_file;
use crate::exit::{Exit, OrExit};
use crate::memory;
use crate::report;
use crate::telemetry::say;
use crate::tutor::course::{Graduate, Halt, Pace, Rights, School, Shared};
use crate::tutor::plan::{Class, Course, Fate, Plan, shared};
use crate::tutor::recipe_file::RecipeFile;
use crate::workbench::read_text;
use jiff::civil::Date;
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use winback_connectors::hub::Manifest as Sheet;
use winback_core::segment::SegmentId;
use winback_lm::finetune::{Reader, needed_bytes};
use winback_lm::shards::Shards;
use winback_lm::shelf::{Kind, SHARED, Version};
use winback_lm::{ChatTemplate, Config, Tokens};

/// The exit code of a program that was interrupted, as shells have it.
const INTERRUPTED: u8 = 130;
/// After how many steps what was learned is kept …
const CHECKPOINT_STEPS: u32 = 100;
/// … or after how many seconds.
const CHECKPOINT_SECONDS: u64 = 120;
/// What a person does where memory is short.
const FREE: &str = "take a smaller tokens_at_once, recompute = true or a smaller rank in the recipe, --precision int8, or a smaller model";

/// Teach each segment's adapter from examples; a run that was broken off goes on by itself
///
/// Every line of the file is checked before the first step. The folder of adapters gets one new version for each segment;
/// none is put to use by this (winback adapters promote).
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The examples, one JSON object a line: {"input": …, "output": …, "segment": …}
    #[arg(long, value_name = "FILE")]
    data: PathBuf,
    /// The model directory of the base
    #[arg(long, value_name = "DIR")]
    base_model_path: PathBuf,
    /// The folder of adapters [default: that of `[writer]` in winback.toml]
    #[arg(long, value_name = "FOLDER")]
    output_base_path: Option<PathBuf>,
    /// The recipe, a TOML file; docs/adapters.md lists what it may say
    #[arg(long, value_name = "FILE")]
    recipe: Option<PathBuf>,
    /// A segment to teach; may be given several times [default: all of the file]
    #[arg(long, value_name = "ID")]
    segment: Vec<String>,
    /// Teach the adapter that all segments share, too, although no segment needs it
    #[arg(long)]
    shared: bool,
    /// Take segments that segments.toml does not name
    #[arg(long)]
    any_segment: bool,
    /// Check everything and tell what would be done; write nothing
    #[arg(long)]
    dry_run: bool,
    /// Keep what was learned after so many steps …
    #[arg(long, value_name = "COUNT", default_value_t = CHECKPOINT_STEPS, value_parser = clap::value_parser!(u32).range(1..))]
    checkpoint_steps: u32,
    /// … or so many seconds, whichever comes first
    #[arg(long, value_name = "SECONDS", default_value_t = CHECKPOINT_SECONDS)]
    checkpoint_seconds: u64,
    /// The day to note in the manifests; without it nothing in them depends on when they were made
    #[arg(long, value_name = "YYYY-MM-DD")]
    date: Option<Date>,
    /// The licence of the examples, to note in the manifests
    #[arg(long, value_name = "TEXT", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    licence: Option<String>,
    /// Where the examples come from, to note in the manifests
    #[arg(long, value_name = "TEXT", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    origin: Option<String>,
    #[command(flatten)]
    computing: Computing,
}

/// What became of a segment.
#[derive(Debug, Default, Serialize)]
pub struct Row {
    /// Its name.
    pub segment: String,
    /// `trained`, `shared`, `earlier`, `failed`, or of a dry run `would_train`, `would_share`.
    outcome: &'static str,
    examples: usize,
    kept_back: Option<usize>,
    /// The version it got.
    pub version: Option<String>,
    loss_before: Option<f64>,
    loss_after: Option<f64>,
    /// On whose examples, kept back, the losses are: `segment`, or `all` where the segment keeps none back.
    tried_on: Option<&'static str>,
    /// Why it failed.
    pub why: Option<String>,
    /// Why its version could not be put to use, however good it is: too few customers are kept back to try it on.
    too_few: Option<String>,
}

/// What a training came to.
#[derive(Debug, Serialize)]
pub struct Report {
    examples: usize,
    /// Lines that repeat an earlier one to the letter.
    repeated: usize,
    /// What learning takes in memory, weights of the base and the examples included.
    memory_bytes: u64,
    /// What became of each segment.
    pub segments: Vec<Row>,
}

impl Args {
    /// Returns what teaches everybody in a file of examples by a recipe, with everything else as it is without arguments.
    pub fn of(data: PathBuf, base: PathBuf, adapters: PathBuf, recipe: PathBuf) -> Self {
        Self {
            data,
            base_model_path: base,
            output_base_path: Some(adapters),
            recipe: Some(recipe),
            segment: Vec::new(),
            any_segment: false,
            shared: false,
            dry_run: false,
            checkpoint_steps: CHECKPOINT_STEPS,
            checkpoint_seconds: CHECKPOINT_SECONDS,
            date: None,
            licence: None,
            origin: None,
            computing: Computing::default(),
        }
    }
}

/// Checks everything, teaches, and tells what came of it.
pub async fn run(at: &Place, args: &Args) -> anyhow::Result<ExitCode> {
    let (report, ended) = teach(at, args).await?;
    report::print(at.json, &report, || told(&report) + &next(&report, args))?;
    match ended {
        Some(step) => {
            say(&format!("interrupted after step {step}, which is kept; run the command again and it goes on from there"));
            Ok(ExitCode::from(INTERRUPTED))
        }
        None => Ok(code_of(&report)),
    }
}

/// Checks everything, then teaches. Returns what came of it, and the step after which somebody stopped it.
pub async fn teach(at: &Place, args: &Args) -> anyhow::Result<(Report, Option<u32>)> {
    let file = RecipeFile::read(args.recipe.as_deref())?;
    let (config, _) = read_config(&args.base_model_path)?;
    let hint = "a base to teach needs tokenizer.json and a chat template; docs/language-model.md says where to get one";
    let tokens =
        Tokens::load(&args.base_model_path.join("tokenizer.json"), config.vocab_size, &config.eos).or_hint(Exit::BadInput, hint)?;
    let template = ChatTemplate::load(&args.base_model_path).or_hint(Exit::BadInput, hint)?;
    let reader = Reader { tokens: &tokens, template: &template, context: config.context, ends: &config.eos };
    let known = if args.any_segment { Vec::new() } else { known_segments(&at.home)? };
    let class = Class::read(&args.data, &known, &reader)?;
    let plan = class.plan(&args.segment, &file, args.shared)?;
    let shelf = super::shelf(at, args.output_base_path.as_ref())?;
    let names: Vec<SegmentId> = plan.segments.keys().cloned().collect();
    if let Err(error) = shelf.check(&names) {
        // The shared adapter's own folder is none of a segment.
        return Err(error).or_shelf();
    }
    let memory_bytes = planned_memory(args, &config, (&class, &file))?;
    let mut report = Report { examples: class.examples.len(), repeated: class.repeated, memory_bytes, segments: Vec::new() };
    if args.dry_run {
        let shared = plan.shared.iter().filter(|_| args.shared).map(|course| Ok(shared_row(&shared()?, "would_train", course)));
        report.segments = shared.collect::<anyhow::Result<_>>()?;
        report.segments.extend(plan.segments.iter().map(|(segment, (rows, fate))| planned(segment, (*rows, fate), &plan)));
        return Ok((report, None));
    }
    let stopping = watch_for_interrupts();
    let loaded = Loaded::load(&args.base_model_path, &args.computing, at.quiet)?;
    let held = shelf.hold().or_shelf()?;
    let school = School {
        model: &loaded.model,
        base: &base_name(&args.base_model_path),
        reads_with: [tokens.digest(), template.digest()],
        recipe: &file.recipe,
        share: file.segments.kept_back,
        shelf: &shelf,
        held: &held,
        pace: Pace { steps: args.checkpoint_steps, time: Duration::from_secs(args.checkpoint_seconds) },
        stopping: &stopping,
        date: args.date.map(|date| date.to_string()),
        rights: Rights { licence: args.licence.clone(), origin: args.origin.clone() },
        quiet: at.quiet || at.json,
    };
    let ended = tokio::task::block_in_place(|| teach_all(&school, &class, (&plan, args.shared), &mut report))?;
    Ok((report, ended))
}

/// Teaches one segment after the other. Returns the step after which somebody stopped it.
fn teach_all(school: &School<'_>, class: &Class, (plan, asked): (&Plan, bool), report: &mut Report) -> anyhow::Result<Option<u32>> {
    // What all segments share is taught first, so that those with few examples need not wait for a failure of others.
    let common = match &plan.shared {
        Some(course) => match teach_shared(school, class, course) {
            Ok(common) => Some((course, Ok(common))),
            Err(Halt::Failed(why)) => Some((course, Err(why))),
            Err(Halt::Everything(error)) => return Err(error),
            Err(Halt::Interrupted(step)) => return Ok(Some(step)),
        },
        None => None,
    };
    if let Some((course, made)) = common.as_ref().filter(|_| asked) {
        let row = shared_row(&shared()?, "failed", course);
        report.segments.push(match made {
            Ok(made) => with_graduate(Row { outcome: "trained", ..row }, &made.graduate),
            Err(why) => Row { why: Some(why.clone()), ..row },
        });
    }
    for (segment, (rows, fate)) in &plan.segments {
        let made = match (fate, &common) {
            (Fate::Own(course), _) => school.teach(segment, class, (course, Kind::Own)),
            (Fate::Shared(own), Some((course, Ok(common)))) => school.share(segment, class, (course, own), common),
            (Fate::Shared(_), Some((_, Err(why)))) => Err(Halt::Failed(format!("the shared adapter: {why}"))),
            (Fate::Shared(_), None) => Err(Halt::Failed("nothing was taught that it could share".to_owned())),
            (Fate::Refused(why), _) => Err(Halt::Failed(why.clone())),
        };
        let row = match made {
            Ok(graduate) => with_graduate(made_row(segment, (*rows, fate), plan), &graduate),
            Err(Halt::Failed(why)) => Row { why: Some(why), outcome: "failed", ..planned(segment, (*rows, fate), plan) },
            Err(Halt::Everything(error)) => return Err(error),
            Err(Halt::Interrupted(step)) => return Ok(Some(step)),
        };
        report.segments.push(row);
    }
    Ok(None)
}

fn teach_shared(school: &School<'_>, class: &Class, course: &Course) -> Result<Shared, Halt> {
    if course.kept_back.is_empty() || course.learned_from.is_empty() {
        return Err(Halt::Failed("the examples nearly repeat one another, so none can be kept back to see how well it goes".to_owned()));
    }
    let segment = shared().map_err(Halt::Everything)?;
    let graduate = school.teach(&segment, class, (course, Kind::Shared))?;
    school.shared(&segment, graduate)
}

/// Returns the segments that may stand in the file.
fn known_segments(home: &Path) -> anyhow::Result<Vec<SegmentId>> {
    let path = home.join("segments.toml");
    let own = if path.exists() { Some(read_text(&path)?) } else { None };
    let rules = segments_file::parse("segments.toml", own.as_deref().unwrap_or(segments_file::DEFAULT));
    let rules = rules.or_hint(Exit::BadConfig, "winback segments lint checks the whole file")?;
    Ok(rules.segments.into_iter().map(|rule| rule.id).collect())
}

/// Returns what the base and learning take, or refuses what would not fit.
fn planned_memory(args: &Args, config: &Config, (class, file): (&Class, &RecipeFile)) -> anyhow::Result<u64> {
    let dir = &args.base_model_path;
    let shards = Shards::open(dir).or_exit(Exit::BadInput)?;
    let weights = weight_bytes(config, args.computing.precision.precision(), table_number_bytes(dir, &shards)?);
    // Asked for without starting the threads, whose number --threads decides when the base is loaded.
    let threads = args.computing.threads.map_or_else(|| std::thread::available_parallelism().map_or(1, usize::from), usize::from);
    let learning = needed_bytes(config, &file.recipe, &class.samples, threads).or_exit(Exit::BadConfig)?;
    let needed = weights.saturating_add(learning).saturating_add(class.bytes(&file.recipe));
    memory::check(&format!("teaching the model {} by this recipe", dir.display()), needed, FREE)?;
    Ok(needed)
}

/// Returns what a base is called: the repository it was pulled from, else its folder.
fn base_name(dir: &Path) -> String {
    let pulled = Sheet::read(dir).ok().flatten().map(|sheet| sheet.repository);
    let folder = || dir.canonicalize().ok().and_then(|dir| Some(dir.file_name()?.to_string_lossy().into_owned()));
    pulled.or_else(folder).unwrap_or_default()
}

/// Returns a flag that Ctrl-C, or the signal that asks a program to end, sets; a second one ends the program at once.
fn watch_for_interrupts() -> Arc<AtomicBool> {
    let stopping = Arc::new(AtomicBool::new(false));
    let flag = stopping.clone();
    tokio::spawn(async move {
        while interrupted().await {
            if flag.swap(true, Ordering::Relaxed) {
                std::process::exit(INTERRUPTED.into());
            }
            say("note: stopping after this step, which is kept; Ctrl-C again ends it now");
        }
    });
    stopping
}

/// Waits for a signal to stop; `false` where none can come.
async fn interrupted() -> bool {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let Ok(mut ended) = signal(SignalKind::terminate()) else { return tokio::signal::ctrl_c().await.is_ok() };
        tokio::select! {
            found = tokio::signal::ctrl_c() => found.is_ok(),
            _ = ended.recv() => true,
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await.is_ok()
}

fn planned(segment: &SegmentId, (rows, fate): (usize, &Fate), plan: &Plan) -> Row {
    let (outcome, kept_back, why) = match fate {
        Fate::Own(course) => ("would_train", Some(course.kept_back.len()), None),
        Fate::Shared(kept_back) => ("would_share", Some(kept_back.len()), None),
        Fate::Refused(why) => ("failed", None, Some(why.clone())),
    };
    let too_few = plan.too_few.get(segment).cloned();
    Row {
        segment: segment.to_string(),
        outcome,
        examples: rows,
        kept_back,
        version: None,
        loss_before: None,
        loss_after: None,
        tried_on: None,
        why,
        too_few,
    }
}

fn made_row(segment: &SegmentId, (rows, fate): (usize, &Fate), plan: &Plan) -> Row {
    let outcome = if matches!(fate, Fate::Shared(_)) { "shared" } else { "trained" };
    let tried_on = Some(if matches!(fate, Fate::Shared(own) if own.is_empty()) { "all" } else { "segment" });
    Row { outcome, tried_on, ..planned(segment, (rows, fate), plan) }
}

/// Returns the row of the adapter that all segments share.
fn shared_row(segment: &SegmentId, outcome: &'static str, course: &Course) -> Row {
    let examples = course.learned_from.len() + course.kept_back.len();
    let kept_back = Some(course.kept_back.len());
    Row { outcome, examples, kept_back, segment: segment.to_string(), ..Row::default() }
}

/// Adds what was made.
fn with_graduate(row: Row, graduate: &Graduate) -> Row {
    let Graduate { version, manifest, earlier } = graduate;
    let outcome = if *earlier { "earlier" } else { row.outcome };
    let [loss_before, loss_after] = [manifest.metrics.loss_before, manifest.metrics.loss_after].map(Some);
    Row { outcome, version: Some(Version::to_string(version)), loss_before, loss_after, ..row }
}

/// Returns 0 where every segment got what it should, 8 where some did, 1 where none did.
fn code_of(report: &Report) -> ExitCode {
    let failed = report.segments.iter().filter(|row| row.outcome == "failed").count();
    match failed {
        0 => ExitCode::SUCCESS,
        _ if failed < report.segments.len() => ExitCode::from(Exit::Partial as u8),
        _ => ExitCode::from(Exit::Failure as u8),
    }
}

fn told(report: &Report) -> String {
    let loss = |loss: Option<f64>| loss.map_or("-".to_owned(), |loss| format!("{loss:.4}"));
    let row = |row: &Row| {
        let outcome = match row.outcome {
            "trained" => "trained",
            "shared" if row.tried_on == Some("all") => {
                "has the shared adapter: too few examples of its own, which keep none back; tried on those of all segments"
            }
            "shared" => "has the shared adapter: too few examples of its own",
            "earlier" => "was trained on just this before",
            "would_train" => "would be trained",
            "would_share" => "would get the shared adapter: too few examples of its own",
            _ => "failed",
        };
        vec![
            row.segment.clone(),
            report::count(row.examples as u64),
            row.kept_back.map_or("-".to_owned(), |count| report::count(count as u64)),
            row.version.clone().unwrap_or_else(|| "-".to_owned()),
            format!("{} → {}", loss(row.loss_before), loss(row.loss_after)),
            outcome.to_owned(),
        ]
    };
    let table = report::table(&["segment", "examples", "kept back", "version", "loss", ""], report.segments.iter().map(row));
    let repeated = match report.repeated {
        0 => String::new(),
        count => format!(", {} lines repeat others and are left out", report::count(count as u64)),
    };
    let memory = report.memory_bytes as f64 / f64::from(1 << 20);
    let said = |row: &Row| row.why.iter().chain(&row.too_few).map(|why| format!("\n{}: {why}", row.segment)).collect::<String>();
    let failed = report.segments.iter().map(said).collect::<String>();
    format!("{} examples{repeated}; at most {memory:.0} MiB of memory\n{table}\n{failed}", report::count(report.examples as u64))
}

/// Returns what to type next.
fn next(report: &Report, args: &Args) -> String {
    let may_do = |row: &&Row| row.version.is_some() && row.loss_after < row.loss_before && row.too_few.is_none() && row.segment != SHARED;
    let Some(row) = report.segments.iter().find(may_do) else {
        return String::new();
    };
    let (segment, version) = (&row.segment, row.version.as_deref().unwrap_or_default());
    let (data, base) = (args.data.display(), args.base_model_path.display());
    format!(
        "\n\nwinback adapters promote {segment} {version} --data {data} --base-model-path {base} evaluates it, and puts it to use if it does better"
    )
}
