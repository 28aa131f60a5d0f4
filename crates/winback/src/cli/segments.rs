//! `winback segments`
mod cluster;
mod learn;
mod rfm;
mod table;

use crate::cli::adapters::OrShelf as _;
use crate::cli::{Language, Place, show};
use crate::config::segments_file;
use crate::config::settings::Settings;
use crate::config::settings::writer::{WriterKind, WriterSettings};
use crate::desk::context;
use crate::exit::{Exit, OrExit};
use crate::report;
use crate::wordings::Wordings;
use crate::workbench::{OrStorage, Workbench, adapters_dir, load_settings, read_text};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use winback_core::pipeline::segment::{SegmentCount, SegmentReport, day_of, segment};
use winback_core::run::Stage;
use winback_core::schema::TableSchema;
use winback_core::segment::SegmentId;
use winback_core::segment::lint::{Kept, Overlap, SegmentFinding, lint, orphans, overlaps};
use winback_core::segment::rules::SegmentRules;
use winback_core::segment::words::describe;
use winback_core::template::Templates;
use winback_lm::shelf::{SHARED, Shelf};

/// Divide customers into segments: by rules, by groups that the data show, by what they bought
#[derive(Debug, clap::Subcommand)]
pub enum Action {
    /// Find duplicate, empty, unreachable and contradicting segments, unknown columns, voices without a segment
    Lint {
        /// The file [default: segments.toml of the folder, else the built-in one]
        file: Option<PathBuf>,
    },
    /// Count the customers of the newest run by segment
    List,
    /// Tell a customer's segment and the rule that made it so
    Show {
        /// The customer's id
        id: String,
        /// The language
        #[arg(long, value_enum, default_value = "en")]
        lang: Language,
    },
    /// Divide a table's customers into groups that the data show, and tell what each group is
    Cluster(cluster::Args),
    /// Learn segments from customers whose segment is known, tell how well, and put the others into them
    Learn(learn::Args),
    /// Score customers by recency, frequency and amount of their orders
    Rfm(rfm::Args),
}

/// Checks, counts or shows.
pub async fn run(at: &Place, action: &Action) -> anyhow::Result<ExitCode> {
    match action {
        Action::Lint { file } => lint_file(at, file.as_deref()),
        Action::List => list(at).await,
        Action::Show { id, lang } => show_one(at, id, *lang).await,
        Action::Cluster(args) => cluster::run(at, args),
        Action::Learn(args) => learn::run(at, args),
        Action::Rfm(args) => rfm::run(at, args),
    }
}

/// Returns the rules of a file, of the folder, or the built-in ones, and the name of the file.
fn read(home: &Path, file: Option<&Path>) -> anyhow::Result<(SegmentRules, String)> {
    let own = home.join("segments.toml");
    let path = file.map(Path::to_owned).or_else(|| own.exists().then_some(own));
    let (name, text) = match &path {
        Some(path) => (path.display().to_string(), read_text(path)?),
        None => ("the built-in segments.toml".to_owned(), segments_file::DEFAULT.to_owned()),
    };
    Ok((segments_file::parse(&name, &text).or_hint(Exit::BadConfig, "docs/adding.md shows a segment")?, name))
}

/// Returns the voices that the folder has written itself; copies of the built-in ones are nobody's work.
fn own_voices(home: &Path) -> anyhow::Result<Vec<SegmentId>> {
    let files = Wordings::of(home)?.files;
    let built_in = |name: &str, text: &str| Templates::built_in_files().any(|known| known == (name, text));
    let own = files.iter().filter(|(name, text)| !built_in(name, text));
    Ok(own.filter_map(|(name, _)| SegmentId::parse(name.strip_prefix("segments/")?.strip_suffix(".jinja")?).ok()).collect())
}

/// Returns the segments that have adapters in a folder, and whether one of them writes.
fn own_adapters(home: &Path, writer: &WriterSettings) -> anyhow::Result<Vec<(SegmentId, Kept)>> {
    let shelf = Shelf::new(adapters_dir(home, writer));
    let at_work = writer.kind == WriterKind::Local;
    let segments = shelf.segments().or_shelf()?.into_iter().filter(|segment| segment.as_str() != SHARED);
    segments
        .map(|segment| Ok((segment.clone(), Kept::Adapter { writes: at_work && shelf.current(&segment).or_shelf()?.is_some() })))
        .collect()
}

/// Returns everything wrong with the segments of a folder for its table.
pub fn findings(home: &Path, rules: &SegmentRules, (table, settings): (&TableSchema, &Settings)) -> anyhow::Result<Vec<SegmentFinding>> {
    let mut found = lint(rules, table, settings.value.by());
    found.extend(orphans(rules, table, own_voices(home)?.iter().map(|segment| (segment, Kept::Voice))));
    found.extend(orphans(rules, table, own_adapters(home, &settings.writer)?.iter().map(|(segment, kept)| (segment, *kept))));
    Ok(found)
}

fn lint_file(at: &Place, file: Option<&Path>) -> anyhow::Result<ExitCode> {
    let (rules, name) = read(&at.home, file)?;
    let settings = load_settings(&at.home)?;
    let schema_path = at.home.join("schema.toml");
    let schema = if schema_path.exists() { read_text(&schema_path)? } else { crate::config::SCHEMA_TELCO.to_owned() };
    let table = crate::config::schema_file::parse("schema.toml", &schema).or_exit(Exit::BadConfig)?;
    let found = findings(&at.home, &rules, (&table, &settings))?;
    let both = overlaps(&rules, &table, settings.value.by());
    let told = json!({ "findings": found, "overlaps": both });
    report::print(at.json, &told, || lint_text(&found, &both, &name))?;
    let wrong = found.iter().any(|finding| finding.is_error);
    Ok(if wrong { ExitCode::from(Exit::Findings as u8) } else { ExitCode::SUCCESS })
}

fn lint_text(found: &[SegmentFinding], both: &[Overlap], file: &str) -> String {
    let line = |finding: &SegmentFinding| {
        let word = if finding.is_error { "error" } else { "warning" };
        format!("{file}:{}: {word}: {}", finding.line, finding.text)
    };
    let mut lines: Vec<String> = found.iter().map(line).collect();
    if found.is_empty() {
        lines.push("The segments are in order: none is empty, unreachable or named twice.".into());
    }
    lines.extend(both.iter().map(|pair| format!("A customer can fit {} and {}: {} comes first.", pair.taken, pair.also, pair.taken)));
    lines.join("\n")
}

async fn list(at: &Place) -> anyhow::Result<ExitCode> {
    let (bench, run) = Workbench::at_newest(at, Stage::Import).await?;
    let rules = &bench.rules;
    let done = segment(&run, &rules.table, &rules.segmenter, &*bench.store, &bench.bar).await.or_storage()?;
    report::print(at.json, &done, || list_text(&done))?;
    Ok(ExitCode::SUCCESS)
}

fn list_text(done: &SegmentReport) -> String {
    let share = |count: u64| format!("{:.1}%", 100.0 * count as f64 / done.customers.max(1) as f64);
    let row = |one: &SegmentCount| {
        let others = if one.fit_others > 0 { format!("{} fit a later one, too", report::count(one.fit_others)) } else { String::new() };
        let table = if one.by_table > 0 { format!("{} by the table itself", report::count(one.by_table)) } else { String::new() };
        let rest = [one.rule.clone(), table, others].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join("; ");
        vec![one.segment.to_string(), report::count(one.customers), share(one.customers), rest]
    };
    let mut rows: Vec<Vec<String>> = done.segments.iter().map(row).collect();
    let missing = done.missing.iter().map(|(column, count)| format!("{column} missing for {}", report::count(*count)));
    let fits = (done.nothing_fits > 0).then(|| format!("no rule fits {}", report::count(done.nothing_fits)));
    let why = missing.chain(fits).collect::<Vec<_>>().join("; ");
    rows.push(vec!["(unassigned)".into(), report::count(done.unassigned), share(done.unassigned), why]);
    let table = report::table(&["segment", "customers", "share", "who"], rows);
    format!("{} customers, each in one segment or in none:\n{table}", report::count(done.customers))
}

async fn show_one(at: &Place, id: &str, lang: Language) -> anyhow::Result<ExitCode> {
    let (bench, run) = Workbench::at_newest(at, Stage::Assess).await?;
    let context = context(&run).or_storage()?;
    let file = show::find(&bench, &context, id).await?;
    let told = context.segmenter.assign(&file.customer, day_of(&run));
    let words = describe(&told, &context.segmenter, lang.into());
    let all = json!({ "customer": file.customer.id, "segment": told.segment, "by": told.by, "also_fits": told.also_fits });
    report::print(at.json, &all, || {
        [words.name, words.why, words.also].into_iter().filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
    })?;
    Ok(ExitCode::SUCCESS)
}
