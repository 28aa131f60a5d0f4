//! What the dashboard works with: the newest run as it was made, and the pen to write for one customer.
use crate::newest::LOOKED_AT;
use crate::run_settings::RunSettings;
use crate::stages::{self, TrainStage};
use crate::workbench::{Desktop, Workbench, today};
use async_trait::async_trait;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use winback_core::feature::FeatureSchema;
use winback_core::id::Position;
use winback_core::model::ChurnModel;
use winback_core::offer::OfferId;
use winback_core::pipeline::whatif::{Asked, WhatIf, WhatIfError, what_if};
use winback_core::pipeline::write::{self, Selection, WriteError};
use winback_core::portfolio::{Cards, Context, CustomerFile, Desk};
use winback_core::progress::Silent;
use winback_core::risk::ModelVersion;
use winback_core::run::{Run, Stage};
use winback_core::store::{MessageStore, RunStore, StoreError, Writing};
use winback_learn::shelf;

/// Hands out the newest assessed run.
pub struct OfficeDesk {
    bench: Arc<Workbench>,
    last: Mutex<Option<Arc<Context>>>,
    /// The model that scored the run shown.
    model: Arc<LastModel>,
}

/// The model used last, loaded when somebody first asks what would change a score.
#[derive(Default)]
struct LastModel(Mutex<Option<Arc<dyn ChurnModel>>>);

impl OfficeDesk {
    /// Returns a desk over a folder.
    pub fn new(bench: Arc<Workbench>) -> Self {
        Self { bench, last: Mutex::new(None), model: Arc::default() }
    }

    fn known(&self, run: &Run) -> Option<Arc<Context>> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.clone().filter(|context| context.run.id == run.id && context.run.stages == run.stages)
    }
}

impl LastModel {
    /// Returns the model of a version, from its file only if it is not the one used last: a file under a version never
    /// changes, for the version is its hash. Nobody waits for another's file.
    fn get(&self, version: &ModelVersion, file: &Path) -> Result<Arc<dyn ChurnModel>, WhatIfError> {
        let last = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = last().as_ref().filter(|model| model.version() == version) {
            return Ok(known.clone());
        }
        let refused = |error| WhatIfError::NoModel { model: version.clone(), source: Box::new(error) };
        let fresh: Arc<dyn ChurnModel> = shelf::load(file).map_err(refused)?.into();
        *last() = Some(fresh.clone());
        Ok(fresh)
    }
}

/// Returns the settings that a run was begun with.
pub fn settings_of(run: &Run) -> Result<RunSettings, StoreError> {
    let damaged = |error: serde_json::Error| StoreError::Damaged { what: "run", run: run.id, why: error.to_string() };
    serde_json::from_str(&run.origin.settings).map_err(damaged)
}

/// Returns everything needed to show a run as it was made.
pub fn context(run: &Run) -> Result<Context, StoreError> {
    let damaged = |why: String| StoreError::Damaged { what: "run", run: run.id, why };
    let settings = settings_of(run)?;
    let rules = settings.rules().map_err(|error| damaged(format!("{error:#}")))?;
    let trained: TrainStage = stages::report(run, Stage::Train).map_err(|error| damaged(format!("{error:#}")))?;
    let features = Arc::new(FeatureSchema::of(&rules.table));
    let card = serde_json::to_value(&trained.card).map_err(|error| damaged(error.to_string()))?;
    Ok(Context {
        run: run.clone(),
        table: rules.table,
        features,
        model: trained.card.version.clone(),
        card: Arc::new(card),
        peers: Arc::new(trained.peers),
        thresholds: settings.thresholds,
        decided: settings.decided.clone(),
        bounds: rules.bounds,
        catalogue: rules.catalogue,
        company: rules.company,
        segmenter: rules.segmenter,
        sample: settings.sample,
    })
}

#[async_trait]
impl Desk for OfficeDesk {
    async fn context(&self) -> Result<Option<Arc<Context>>, StoreError> {
        let runs = self.bench.store.runs(LOOKED_AT).await?;
        let Some(run) = runs.iter().find(|run| run.has(Stage::Assess)) else {
            return Ok(None);
        };
        if let Some(known) = self.known(run) {
            return Ok(Some(known));
        }
        let fresh = Arc::new(context(run)?);
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(fresh.clone());
        Ok(Some(fresh))
    }

    async fn write_now(&self, context: &Context, position: Position) -> Result<Vec<Writing>, StoreError> {
        let mut scribe = self.bench.scribe(&Desktop::of(context));
        scribe.sources.goal = settings_of(&context.run)?.goal;
        let written = write::write(&context.run, &scribe, Selection::One(position), &*self.bench.store, &Silent).await;
        written.map_err(|error| match error {
            WriteError::Store(error) => error,
            // Whoever looks at the dashboard does not wait for a model: the built-in writer writes there.
            WriteError::Author(error) => StoreError::Unavailable { doing: "ask the model beside", source: Box::new(error) },
        })?;
        self.bench.store.writings(context.run.id, position).await
    }

    /// The search scores up to thousands of rows, so it keeps no worker from other requests.
    async fn what_if(&self, context: &Arc<Context>, file: &CustomerFile, line: f64, chosen: &[OfferId]) -> Result<WhatIf, WhatIfError> {
        let (model, at) = (self.model.clone(), stages::model_file(&self.bench, &context.model));
        let (context, file, chosen) = (context.clone(), file.clone(), chosen.to_vec());
        let search = move || {
            let model = model.get(&context.model, &at)?;
            what_if(&context, &file, &*model, Asked { line, chosen: &chosen, today: today() })
        };
        tokio::task::spawn_blocking(search).await.unwrap_or_else(|error| Err(WhatIfError::Ended(Box::new(error))))
    }

    async fn cards(&self) -> Result<Cards, StoreError> {
        let listed = shelf::cards(&self.bench.path(&self.bench.settings.model_dir));
        let (cards, unread) =
            listed.map_err(|error| StoreError::Unavailable { doing: "read the models beside", source: Box::new(error) })?;
        Ok(Cards { cards, unread })
    }
}
