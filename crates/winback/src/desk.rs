//! What the dashboard works with: the newest run as it was made, and the pen to write for one customer.
use crate::newest::LOOKED_AT;
use crate::run_settings::RunSettings;
use crate::stages::{self, TrainStage};
use crate::workbench::{Desktop, Workbench};
use async_trait::async_trait;
use std::sync::{Arc, Mutex, PoisonError};
use winback_core::feature::FeatureSchema;
use winback_core::id::Position;
use winback_core::pipeline::write::{self, Selection};
use winback_core::portfolio::{Context, Desk};
use winback_core::progress::Silent;
use winback_core::run::{Run, Stage};
use winback_core::store::{MessageStore, RunStore, StoreError, Writing};

/// Hands out the newest assessed run.
pub struct OfficeDesk {
    bench: Arc<Workbench>,
    last: Mutex<Option<Arc<Context>>>,
}

impl OfficeDesk {
    /// Returns a desk over a folder.
    pub fn new(bench: Arc<Workbench>) -> Self {
        Self { bench, last: Mutex::new(None) }
    }

    fn known(&self, run: &Run) -> Option<Arc<Context>> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.clone().filter(|context| context.run.id == run.id && context.run.stages == run.stages)
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
        write::write(&context.run, &scribe, Selection::One(position), &*self.bench.store, &Silent).await?;
        self.bench.store.writings(context.run.id, position).await
    }
}
