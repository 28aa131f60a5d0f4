//! The stages of a run, as `winback run` does them in a row and the single commands one by one.
use crate::exit::{Exit, OrExit, stop};
use crate::workbench::{OrStorage, Workbench, now, today};
use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;
use winback_connectors::csv::CsvSource;
use winback_core::feature::FeatureSchema;
use winback_core::locale::Locale;
use winback_core::model::{ChurnModel, ModelCard, TrainOptions};
use winback_core::peer::PeerTable;
use winback_core::pipeline::assess::{self, AssessReport, Assessor};
use winback_core::pipeline::import::{self, ImportReport};
use winback_core::pipeline::plan::{self, PlanReport, Planner, PlannerSetup};
use winback_core::pipeline::train::{self, Portfolio};
use winback_core::pipeline::write::{self, Scribe, Selection, WriteReport};
use winback_core::run::{Run, RunOrigin, Stage, StageReport};
use winback_core::store::RunStore;
use winback_learn::logistic::LogisticTrainer;
use winback_learn::shelf::Shelf;

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

/// Begins the run of a file, or takes up the unfinished one.
pub async fn begin(bench: &Workbench, file: &Path) -> anyhow::Result<Run> {
    let digest = winback_connectors::csv::digest(file).or_hint(Exit::BadInput, "check the path of the file")?;
    let source = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let settings = serde_json::to_string(&bench.run_settings)?;
    let origin = RunOrigin { source, source_digest: digest, settings_digest: bench.run_settings.digest()?, settings };
    bench.store.begin(&origin, now()).await.or_storage()
}

/// Does a stage unless it is done, and keeps its report with the run.
async fn stage<R: Serialize>(bench: &Workbench, run: &mut Run, stage: Stage, work: impl AsyncFnOnce(&Run) -> anyhow::Result<R>) -> anyhow::Result<()> {
    if run.has(stage) {
        return Ok(());
    }
    let start = Instant::now();
    let report = serde_json::to_value(work(run).await?)?;
    let duration_ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
    let report = StageReport { stage, finished_at: now(), duration_ms, report };
    bench.store.finish_stage(run.id, &report).await.or_storage()?;
    run.stages.push(report);
    Ok(())
}

/// Reads the file into the store.
pub async fn import(bench: &Workbench, run: &mut Run, file: &Path) -> anyhow::Result<()> {
    stage(bench, run, Stage::Import, async |run: &Run| {
        let mut source = CsvSource::open(file, bench.rules.table.clone(), &run.origin.source_digest).or_exit(Exit::BadInput)?;
        let report = import::import(run, &bench.rules.table, &mut source, &*bench.store, &bench.bar).await;
        report.or_hint(Exit::BadInput, "docs/data.md tells what is expected of a file")
    })
    .await
}

/// Trains on the run's customers, or takes the newest model when no row carries a label.
pub async fn train(bench: &Workbench, run: &mut Run, folds: usize) -> anyhow::Result<()> {
    stage(bench, run, Stage::Train, async |run: &Run| {
        let portfolio = portfolio(bench, run).await?;
        let peers = portfolio.peers.clone();
        if portfolio.features.labels.iter().all(Option::is_none) {
            let (model, card) = newest_model(bench)?;
            check_fits(&*model, &portfolio)?;
            return Ok(TrainStage { trained: false, card, peers });
        }
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

fn fit(bench: &Workbench, run: &Run, portfolio: &Portfolio, folds: usize) -> anyhow::Result<ModelCard> {
    let training = &bench.settings.training;
    let options = TrainOptions { seed: training.seed, folds, l2: training.l2, data: run.origin.source_digest.clone() };
    let trained = train::train(portfolio, &LogisticTrainer, &options, &bench.bar);
    let trained = trained.or_hint(Exit::BadInput, "check the label column of schema.toml and the words that mean yes and no")?;
    shelf(bench).put(&trained).or_exit(Exit::Storage)?;
    Ok(trained.card)
}

/// Returns the folder of models.
pub fn shelf(bench: &Workbench) -> Shelf {
    Shelf::new(bench.path(&bench.settings.model_dir))
}

fn newest_model(bench: &Workbench) -> anyhow::Result<(Box<dyn ChurnModel>, ModelCard)> {
    let found = shelf(bench).current().or_exit(Exit::BadConfig)?;
    let none = || stop(Exit::BadInput, "no row says whether its customer left, and there is no model yet", "train on a file with the label column first");
    found.ok_or_else(none)
}

fn check_fits(model: &dyn ChurnModel, portfolio: &Portfolio) -> anyhow::Result<()> {
    let first = portfolio.who.get(..0).unwrap_or_default();
    let empty = winback_core::feature::FeatureTable { schema: portfolio.features.schema.clone(), columns: Vec::new(), labels: Vec::new() };
    let _ = (first, empty);
    model.fits(&portfolio.features.schema).or_hint(Exit::BadInput, "train a model on this table")
}

/// Returns the model that scored a run.
pub fn model_of(bench: &Workbench, run: &Run) -> anyhow::Result<(Box<dyn ChurnModel>, TrainStage)> {
    let kept = run.report(Stage::Train).ok_or_else(|| stop(Exit::Usage, "no model was trained for this import yet", "winback train"))?;
    let kept: TrainStage = serde_json::from_value(kept.report.clone()).context("the run's training report cannot be read")?;
    let model = shelf(bench).load(&kept.card.version).or_hint(Exit::BadInput, "winback train --again makes the model anew")?;
    Ok((model, kept))
}

/// Scores every customer of the run.
pub async fn assess(bench: &Workbench, run: &mut Run) -> anyhow::Result<()> {
    stage(bench, run, Stage::Assess, async |run: &Run| -> anyhow::Result<AssessReport> {
        let (model, _) = model_of(bench, run)?;
        let features = Arc::new(FeatureSchema::of(&bench.rules.table));
        let assessor = Assessor {
            table: &bench.rules.table,
            features: &features,
            model: &*model,
            thresholds: bench.run_settings.thresholds,
            bounds: bench.rules.bounds,
        };
        assess::assess(run.id, &assessor, &*bench.store, &bench.bar).await.or_exit(Exit::Failure)
    })
    .await
}

/// Plans for every customer of the run.
pub async fn plan(bench: &Workbench, run: &mut Run) -> anyhow::Result<()> {
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
        plan::plan(run.id, &mut planner, &*bench.store, &bench.bar).await.or_exit(Exit::Failure)
    })
    .await
}

/// Writes for the customers most worth keeping.
pub async fn write(bench: &Workbench, run: &mut Run, selection: Selection) -> anyhow::Result<()> {
    stage(bench, run, Stage::Write, async |run: &Run| write_some(bench, run, selection).await).await
}

/// Writes for some customers and returns what came of it, without closing the stage.
pub async fn write_some(bench: &Workbench, run: &Run, selection: Selection) -> anyhow::Result<WriteReport> {
    let features = FeatureSchema::of(&bench.rules.table);
    let scribe = scribe(bench, &features, &bench.settings.languages);
    write::write(run, &scribe, selection, &*bench.store, &bench.bar).await.or_exit(Exit::Failure)
}

/// Returns what messages are written with.
pub fn scribe<'a>(bench: &'a Workbench, features: &'a FeatureSchema, locales: &'a [Locale]) -> Scribe<'a> {
    Scribe {
        table: &bench.rules.table,
        features,
        catalogue: &bench.rules.catalogue,
        company: &bench.rules.company,
        templates: &bench.templates,
        locales,
    }
}

/// Returns the report of a stage that is done.
pub fn report<R: serde::de::DeserializeOwned>(run: &Run, stage: Stage) -> anyhow::Result<R> {
    let report = run.report(stage).ok_or_else(|| anyhow::anyhow!("the stage {} has not been done", stage.tag()))?;
    serde_json::from_value(report.report.clone()).with_context(|| format!("the report of the stage {} cannot be read", stage.tag()))
}

/// Returns the import's report.
pub fn import_report(run: &Run) -> anyhow::Result<ImportReport> {
    report(run, Stage::Import)
}
