//! The stages of a run, as `winback run` does them in a row and the single commands one by one.
use crate::behaviour::{Values, WithBehaviour};
use crate::cli::{features, segments};
use crate::config::settings::ModelFamily;
use crate::config::{offers_file, segments_file};
use crate::drift::{self, Seen};
use crate::exit::{Exit, OrExit, stop};
use crate::local_writer::OrWriter as _;
use crate::newest::need;
use crate::run_settings::BehaviourSource;
use crate::workbench::{Desktop, OrStorage, Workbench, now, today};
use anyhow::Context as _;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;
use winback_connectors::csv::CsvSource;
use winback_connectors::events::read_events;
use winback_connectors::export::write_defects;
use winback_connectors::file::Fingerprint;
use winback_core::author::Author;
use winback_core::behaviour::Behaviour;
use winback_core::defect::Defect;
use winback_core::fairness::{self, FlipReport};
use winback_core::feature::FeatureSchema;
use winback_core::id::CustomerId;
use winback_core::model::{Background, ChurnModel, ModelCard, TrainOptions};
use winback_core::offer::lint::{Fault, Severity, lint};
use winback_core::peer::PeerTable;
use winback_core::pipeline::assess::{self, AssessError, AssessStage, Assessor};
use winback_core::pipeline::import::{self, CustomerSource, ImportError, ImportReport, PAGE_ROWS};
use winback_core::pipeline::plan::{self, PlanError, PlanReport, Planner, PlannerSetup};
use winback_core::pipeline::sample::{self, Sample};
use winback_core::pipeline::segment::day_of;
use winback_core::pipeline::train::{self, Portfolio, TrainingError};
use winback_core::pipeline::write::{self, Scribe, Selection, WriteReport};
use winback_core::risk::ModelVersion;
use winback_core::run::{Run, RunOrigin, Stage, StageReport};
use winback_core::schema::{Role, TableSchema};
use winback_core::store::{CustomerStore, RunStore};
use winback_learn::shelf;
use winback_learn::tree::{BoostingOptions, ForestOptions, TreeOptions};
use winback_learn::{BlendTrainer, LogisticTrainer, TreeTrainer};

/// What the train stage keeps with the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainStage {
    /// Whether a model was trained, or an earlier one taken because the rows carry no label.
    pub trained: bool,
    /// The model's card.
    pub card: ModelCard,
    /// What is usual among peers.
    pub peers: PeerTable,
}

/// A run and the file it reads.
pub struct Started {
    /// The run.
    pub run: Run,
    /// Its file.
    pub input: Input,
}

/// The file of a run.
pub struct Input {
    path: PathBuf,
    fingerprint: Fingerprint,
    /// The file as it was opened before its run was begun.
    opened: Option<Opened>,
}

/// A table that is open for reading, and its columns that are not used.
pub type Opened = (Box<dyn CustomerSource>, Vec<UnusedColumn>);

/// Returns the exit code for a file that cannot be read.
pub fn unread_code(file: &Path) -> Exit {
    if file.exists() { Exit::BadInput } else { Exit::Usage }
}

/// Returns which file it is, or says why it cannot be read.
pub fn fingerprint(file: &Path) -> anyhow::Result<Fingerprint> {
    Fingerprint::of(file).or_hint(unread_code(file), "check the path of the file")
}

/// Begins the run of a file, or takes up the one of equal origin: the newest run, finished or not, else an unfinished
/// one. A file that cannot be read as the schema says begins none.
pub async fn begin(bench: &Workbench, file: &Path) -> anyhow::Result<Started> {
    refuse_wrong_offers(bench)?;
    refuse_wrong_segments(bench)?;
    let fingerprint = fingerprint(file)?;
    let source = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let settings = serde_json::to_string(&bench.run_settings)?;
    let source_digest = fingerprint.sha256.clone();
    let origin = RunOrigin { source, source_digest, settings_digest: bench.run_settings.digest()?, settings };
    let newest = bench.store.runs(1).await.or_storage()?.into_iter().next().filter(|run| run.origin == origin);
    let (run, opened) = match newest {
        Some(run) => (run, None),
        None => {
            let opened = open_source(bench, file, fingerprint.clone())?;
            (bench.store.begin(&origin, now()).await.or_storage()?, Some(opened))
        }
    };
    Ok(Started { run, input: Input { path: file.to_owned(), fingerprint, opened } })
}

/// Stops before anything is made from offers that are wrong. An offer whose time is over is left to the plan, which
/// does not make it: a file must not stop working from one day to the next.
fn refuse_wrong_offers(bench: &Workbench) -> anyhow::Result<()> {
    let file = offers_file::parse(&bench.run_settings.offers, "offers.toml").or_exit(Exit::BadConfig)?;
    let findings = lint(&file.catalogue, &file.lines, today(), &bench.rules.company.approved);
    let wrong: Vec<_> = findings.iter().filter(|one| one.severity == Severity::Error && one.fault != Fault::Period).collect();
    match wrong.first() {
        None => Ok(()),
        Some(first) => {
            let others = if wrong.len() > 1 { format!(" (and {} more)", wrong.len() - 1) } else { String::new() };
            let text = format!("offers.toml, line {}: {}{others}", first.line, first.text);
            Err(stop(Exit::BadConfig, text, "winback offers lint shows everything that is wrong with the file"))
        }
    }
}

/// Stops before anything is made with segments that are wrong, or with a voice whose segment is gone.
fn refuse_wrong_segments(bench: &Workbench) -> anyhow::Result<()> {
    let rules = segments_file::parse("segments.toml", &bench.run_settings.segments).or_exit(Exit::BadConfig)?;
    let found = segments::findings(&bench.home, &rules, (&bench.rules.table, &bench.settings))?;
    match found.into_iter().find(|finding| finding.is_error) {
        None => Ok(()),
        Some(first) => Err(stop(Exit::BadConfig, first, "winback segments lint shows everything that is wrong with the file")),
    }
}

/// Does a stage unless it is done, and keeps its report with the run.
async fn stage<R: Serialize>(
    bench: &Workbench,
    run: &mut Run,
    stage: Stage,
    work: impl AsyncFnOnce(&Run) -> anyhow::Result<R>,
) -> anyhow::Result<()> {
    if run.has(stage) {
        return Ok(());
    }
    let start = Instant::now();
    let report = work(run).await?;
    keep(bench, run, (stage, milliseconds(start)), &report).await
}

/// Keeps the report of a stage and how long it took, in milliseconds, with the run.
async fn keep<R: Serialize>(bench: &Workbench, run: &mut Run, (stage, duration_ms): (Stage, u64), report: &R) -> anyhow::Result<()> {
    let report = StageReport { stage, finished_at: now(), duration_ms, report: serde_json::to_value(report)? };
    bench.store.finish_stage(run.id, &report).await.or_storage()?;
    run.stages.retain(|done| done.stage < stage);
    run.stages.push(report);
    Ok(())
}

fn milliseconds(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// What the import stage keeps with the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImportStage {
    /// What became of the rows.
    #[serde(flatten)]
    pub rows: ImportReport,
    /// The columns of the file that are not used, each with why.
    pub unused: Vec<UnusedColumn>,
}

/// A column that is not used, and why.
pub type UnusedColumn = (String, String);

/// Reads the file into the store.
pub async fn import(bench: &Workbench, run: &mut Run, input: Input) -> anyhow::Result<()> {
    stage(bench, run, Stage::Import, async |run: &Run| {
        let table = &bench.rules.table;
        let Input { path, fingerprint, opened } = input;
        let (mut source, unused) = opened.map_or_else(|| open_source(bench, &path, fingerprint), Ok)?;
        let report = import::import(run, table, &mut *source, &*bench.store, &bench.bar).await;
        let rows = match report {
            Err(ImportError::Store(error)) => return Err(error).or_storage(),
            other => other.or_hint(Exit::BadInput, "docs/data.md tells what is expected of a file")?,
        };
        row_findings(bench, run).await?;
        Ok(ImportStage { rows, unused })
    })
    .await
}

/// Writes everything that was found in the rows of a run into data/processed/row_findings.csv.
async fn row_findings(bench: &Workbench, run: &Run) -> anyhow::Result<()> {
    let mut defects: Vec<Defect> = Vec::new();
    loop {
        let page = bench.store.defects(run.id, defects.len() as u64, PAGE_ROWS as u64).await.or_storage()?;
        if page.is_empty() {
            break;
        }
        defects.extend(page);
    }
    let folder = bench.path(&bench.settings.data_dir).join("processed");
    std::fs::create_dir_all(&folder).or_hint(Exit::Storage, "check that the folder can be written")?;
    write_defects(&folder.join("row_findings.csv"), &defects).or_hint(Exit::Storage, "close the program that has the file open")?;
    Ok(())
}

/// Opens the file by the schema, with behaviour added where it is wanted; tells which columns are not used and why.
pub fn open_source(bench: &Workbench, file: &Path, fingerprint: Fingerprint) -> anyhow::Result<Opened> {
    let table = &bench.rules.table;
    let source = CsvSource::open(file, table, fingerprint).or_hint(Exit::BadInput, "docs/data.md tells what is expected of a file")?;
    let extra = source.ignored().iter().map(|column| (column.name.clone(), "not in schema.toml".to_owned()));
    let named = table.columns.iter().filter_map(|column| match &column.role {
        Role::Unused { why } => Some((column.name.clone(), why.clone())),
        _ => None,
    });
    let unused = named.chain(extra).collect();
    let source: Box<dyn CustomerSource> = match &bench.run_settings.behaviour {
        BehaviourSource::None => Box::new(source),
        BehaviourSource::Synthetic => Box::new(WithBehaviour::new(source, Values::Synthetic)),
        BehaviourSource::Events { as_of, .. } => Box::new(WithBehaviour::new(source, Values::Events(events(bench, *as_of)?))),
    };
    Ok((source, unused))
}

fn events(bench: &Workbench, as_of: Date) -> anyhow::Result<HashMap<CustomerId, Behaviour>> {
    let file = bench.events.as_ref().ok_or_else(|| stop(Exit::Usage, "this run reads an events file", "name it with --events FILE"))?;
    let hint = "docs/data.md tells what an events file holds";
    let read = read_events(file, as_of).or_hint(Exit::BadInput, hint)?;
    match read.defects.first() {
        Some(first) => Err(stop(Exit::BadInput, format!("{}: {first}; {} rows are at fault", file.display(), read.defects.len()), hint)),
        None => Ok(read.customers.into_iter().collect()),
    }
}

/// Trains on the run's customers, or takes the newest model when no row carries a label.
pub async fn train(bench: &Workbench, run: &mut Run, folds: usize) -> anyhow::Result<()> {
    stage(bench, run, Stage::Train, async |run: &Run| {
        let portfolio = portfolio(bench, run).await?;
        let peers = portfolio.peers.clone();
        if portfolio.features.labels.iter().all(Option::is_none) {
            let card = newest_card(bench)?;
            return Ok(TrainStage { trained: false, card, peers });
        }
        features::write(bench, run, &portfolio, &features::file(bench))?;
        let card = fit(bench, run, &portfolio, folds)?;
        Ok(TrainStage { trained: true, card, peers })
    })
    .await
}

/// Returns the run's customers as features.
pub async fn portfolio(bench: &Workbench, run: &Run) -> anyhow::Result<Portfolio> {
    let table = &bench.rules.table;
    let schema = Arc::new(FeatureSchema::of(table));
    train::portfolio(run.id, table, &schema, &*bench.store, &bench.bar).await.or_exit(Exit::BadInput)
}

/// Returns whether a run's model was trained without cross-validation.
pub fn is_unvalidated(run: &Run) -> anyhow::Result<bool> {
    if !run.has(Stage::Train) {
        return Ok(false);
    }
    let done: TrainStage = report(run, Stage::Train)?;
    Ok(done.trained && done.card.validation.is_none())
}

fn fit(bench: &Workbench, run: &Run, portfolio: &Portfolio, folds: usize) -> anyhow::Result<ModelCard> {
    let training = &bench.settings.training;
    let background = Background::of(&bench.rules.table, &portfolio.features.schema);
    let data = run.origin.source_digest.clone();
    let options = TrainOptions { seed: training.seed, folds, l2: training.l2, data, background, balance: training.balance };
    let trees = |options| TreeTrainer { options };
    let trained = match training.model {
        ModelFamily::Logistic => train::train(portfolio, &LogisticTrainer, &options, &bench.bar),
        ModelFamily::Boosted => train::train(portfolio, &trees(boosted(training.seed)), &options, &bench.bar),
        ModelFamily::Forest => train::train(portfolio, &trees(forest(training.seed)), &options, &bench.bar),
        ModelFamily::Blend => train::train(portfolio, &BlendTrainer { trees: boosted(training.seed) }, &options, &bench.bar),
    };
    let trained = trained.or_hint(Exit::BadInput, "check the label column of schema.toml and the words that mean yes and no")?;
    shelf::publish(&bench.path(&bench.settings.model_dir), &trained).or_exit(Exit::Storage)?;
    Ok(trained.card)
}

/// Returns how boosted trees are grown.
pub fn boosted(seed: u64) -> TreeOptions {
    TreeOptions::Boosting(BoostingOptions { seed, ..BoostingOptions::default() })
}

/// Returns how a forest is grown.
pub fn forest(seed: u64) -> TreeOptions {
    TreeOptions::Forest(ForestOptions { seed, ..ForestOptions::default() })
}

/// Returns the card of the model in use, if there is one.
pub fn current_card(bench: &Workbench) -> anyhow::Result<Option<ModelCard>> {
    let Some(model) = shelf::current(&bench.path(&bench.settings.model_dir)).or_exit(Exit::BadConfig)? else {
        return Ok(None);
    };
    let path = model.with_extension("card.json");
    let bytes = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display())).or_exit(Exit::BadConfig)?;
    let card = serde_json::from_slice(&bytes).with_context(|| format!("{} is no model card", path.display()));
    Ok(Some(card.or_hint(Exit::BadConfig, "winback train --again writes it anew")?))
}

fn newest_card(bench: &Workbench) -> anyhow::Result<ModelCard> {
    let found = current_card(bench)?;
    let none = || {
        stop(
            Exit::BadInput,
            "no row says whether its customer left, and there is no model yet",
            "train on a file with the label column first",
        )
    };
    found.ok_or_else(none)
}

/// Returns the model that scored a run.
pub fn model_of(bench: &Workbench, run: &Run) -> anyhow::Result<(Box<dyn ChurnModel>, TrainStage)> {
    let kept: TrainStage = report(run, Stage::Train)?;
    let model =
        shelf::load(&model_file(bench, &kept.card.version)).or_hint(Exit::BadInput, "winback train --again makes the model anew")?;
    Ok((model, kept))
}

/// Returns where the file of a model stands.
pub fn model_file(bench: &Workbench, version: &ModelVersion) -> PathBuf {
    bench.path(&bench.settings.model_dir).join(format!("{version}.json"))
}

/// What to type when a model's scores are no probabilities.
pub const CALIBRATE: &str =
    "winback train --cv --again calibrates the scores; or set [training] balance = \"none\" in winback.toml and run winback train --again";

/// Scores every customer of the run.
pub async fn assess(bench: &Workbench, run: &mut Run) -> anyhow::Result<()> {
    stage(bench, run, Stage::Assess, async |run: &Run| -> anyhow::Result<AssessStage> {
        let (model, _) = model_of(bench, run)?;
        let features = Arc::new(FeatureSchema::of(&bench.rules.table));
        let assessor = Assessor {
            table: &bench.rules.table,
            features: &features,
            model: &*model,
            thresholds: bench.run_settings.thresholds,
            bounds: bench.rules.bounds,
            segmenter: &bench.rules.segmenter,
            day: day_of(run),
        };
        let wanted = (sample::MOST_CUSTOMERS, bench.run_settings.training.seed());
        let (customers, some) = match assess::assess_and_draw(run.id, &assessor, wanted, (&*bench.store, &bench.bar)).await {
            Err(AssessError::Store(error)) => Err(error).or_storage(),
            Err(error @ AssessError::NotProbabilities(_)) => Err(error).or_hint(Exit::BadConfig, CALIBRATE),
            other => other.or_exit(Exit::Failure),
        }?;
        Ok(AssessStage { customers, ..beside(bench, run, &*model, some).await })
    })
    .await
}

/// Measures what a run keeps beside its scores. Whatever cannot be measured stops no scoring: it is told with why.
async fn beside(bench: &Workbench, run: &Run, model: &dyn ChurnModel, some: Sample) -> AssessStage {
    let (fairness, fairness_failed) = or_why(flips(bench, &some, model));
    let (seen, mut drift_failed) = or_why(Seen::of(some, Some((model, bench.run_settings.thresholds))));
    let mut kept = AssessStage { fairness, fairness_failed, ..AssessStage::default() };
    if let Some(seen) = seen {
        let compared = drift::compared(bench, run, &seen).await;
        kept.profile = Some(seen.profile());
        match compared {
            Ok(found) => kept.drift = found,
            Err(error) => drift_failed = Some(format!("{error:#}")),
        }
    }
    AssessStage { drift_failed, ..kept }
}

/// Returns a result, or why there is none.
fn or_why<T>(result: anyhow::Result<T>) -> (Option<T>, Option<String>) {
    result.map_or_else(|error| (None, Some(format!("{error:#}"))), |found| (Some(found), None))
}

/// Returns everybody of a run, or of a large one as many as figures about the run as a whole are taken from.
pub async fn sample_of(bench: &Workbench, run: &Run, table: &TableSchema) -> anyhow::Result<Sample> {
    let (schema, seed) = (Arc::new(FeatureSchema::of(table)), bench.run_settings.training.seed());
    match sample::sample(run.id, (table, &schema), (sample::MOST_CUSTOMERS, seed), &*bench.store).await {
        Err(TrainingError::Store(error)) => Err(error).or_storage(),
        other => other.or_exit(Exit::BadInput),
    }
}

/// Returns what the scores would be if nothing but a trait were different.
pub fn flips(bench: &Workbench, some: &Sample, model: &dyn ChurnModel) -> anyhow::Result<FlipReport> {
    let thresholds = bench.run_settings.thresholds;
    let flips = fairness::flips(&bench.rules.table, (&some.features, &some.who), model, thresholds).or_exit(Exit::BadInput)?;
    let numbers = fairness::numeric_traits(&bench.rules.table, &some.features.schema);
    Ok(FlipReport { customers: some.customers, scored: some.who.len() as u64, seed: bench.run_settings.training.seed(), flips, numbers })
}

/// Plans for every customer of the run.
pub async fn plan(bench: &Workbench, run: &mut Run) -> anyhow::Result<()> {
    need(run, Stage::Assess)?;
    stage(bench, run, Stage::Plan, async |run: &Run| -> anyhow::Result<PlanReport> {
        let (_, trained) = model_of(bench, run)?;
        let features = FeatureSchema::of(&bench.rules.table);
        let mut planner = Planner::new(&PlannerSetup {
            table: &bench.rules.table,
            features: &features,
            peers: &trained.peers,
            catalogue: &bench.rules.catalogue,
            contact_departed: bench.run_settings.contact_departed,
            today: today(),
        })
        .or_exit(Exit::BadConfig)?;
        match plan::plan(run.id, &mut planner, &*bench.store, &bench.bar).await {
            Err(PlanError::Store(error)) => Err(error).or_storage(),
            other => other.or_exit(Exit::Failure),
        }
    })
    .await
}

/// Writes for the customers most worth keeping; the mails are the author's, where there is one.
pub async fn write(bench: &Workbench, run: &mut Run, selection: Selection, author: Option<&Author>) -> anyhow::Result<()> {
    need(run, Stage::Plan)?;
    stage(bench, run, Stage::Write, async |run: &Run| write_some(bench, run, selection, author).await).await
}

/// Writes for more customers of a run whose writing is done, and keeps what all its messages come to.
pub async fn write_more(bench: &Workbench, run: &mut Run, selection: Selection, author: Option<&Author>) -> anyhow::Result<()> {
    let start = Instant::now();
    let report = write_some(bench, run, selection, author).await?;
    keep_written(bench, run, start, &report).await
}

/// Keeps what the messages of a run come to after more were written.
pub async fn keep_written(bench: &Workbench, run: &mut Run, since: Instant, report: &WriteReport) -> anyhow::Result<()> {
    let before = run.report(Stage::Write).map_or(0, |kept| kept.duration_ms);
    keep(bench, run, (Stage::Write, before.saturating_add(milliseconds(since))), report).await
}

async fn write_some(bench: &Workbench, run: &Run, selection: Selection, author: Option<&Author>) -> anyhow::Result<WriteReport> {
    let scribe = Scribe { author, ..bench.scribe(&Desktop::by(run, &bench.rules)) };
    write::write(run, &scribe, selection, &*bench.store, &bench.bar).await.or_writer()
}

/// Returns the report of a stage, or says how far the run has come.
pub fn report<R: serde::de::DeserializeOwned>(run: &Run, stage: Stage) -> anyhow::Result<R> {
    need(run, stage)?;
    let report = run.report(stage).map(|kept| kept.report.clone()).unwrap_or_default();
    serde_json::from_value(report).with_context(|| format!("the report of the stage {} cannot be read", stage.tag()))
}
