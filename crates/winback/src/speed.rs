//! How long one customer takes from the stored row to reviewed messages.
use crate::exit::{Exit, OrExit};
use crate::stages;
use crate::workbench::{Desktop, OrStorage, Workbench, today};
use serde::Serialize;
use std::sync::Arc;
use std::time::Instant;
use winback_core::feature::FeatureSchema;
use winback_core::id::Position;
use winback_core::pipeline::assess::{Assessor, Explainer};
use winback_core::pipeline::plan::{Planner, PlannerSetup};
use winback_core::pipeline::segment::day_of;
use winback_core::run::Run;
use winback_core::store::CustomerStore;

/// How many customers are timed.
const CUSTOMERS: u64 = 200;

/// How long one customer took: score, reasons, plan and messages in every language.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Speed {
    /// How many customers were timed, one after the other.
    pub customers: u64,
    /// Half of them took at most so many milliseconds.
    pub median_ms: f64,
    /// Nineteen in twenty took at most so many milliseconds.
    pub p95_ms: f64,
}

impl Speed {
    /// Returns the figures as a sentence.
    pub fn text(&self) -> String {
        format!(
            "One customer from row to reviewed messages: median {:.2} ms, 95 % within {:.2} ms ({} timed).",
            self.median_ms, self.p95_ms, self.customers
        )
    }
}

/// Times the first customers of a run one by one, in memory.
pub async fn one_customer(bench: &Workbench, run: &Run) -> anyhow::Result<Speed> {
    let table = &bench.rules.table;
    let (model, trained) = stages::model_of(bench, run)?;
    let features = Arc::new(FeatureSchema::of(table));
    let (thresholds, bounds) = (bench.run_settings.thresholds, bench.rules.bounds);
    let (segmenter, day) = (&*bench.rules.segmenter, day_of(run));
    let assessor = Assessor { table, features: &features, model: &*model, thresholds, bounds, segmenter, day };
    let explainer = Explainer { table, features: &features, peers: &trained.peers, model: &trained.card.version, thresholds, bounds };
    let mut planner = Planner::new(&PlannerSetup {
        table,
        features: &features,
        peers: &trained.peers,
        catalogue: &bench.rules.catalogue,
        contact_departed: true,
        today: today(),
    })
    .or_exit(Exit::BadConfig)?;
    let scribe = bench.scribe(&Desktop::by(run, &bench.rules));
    let mut times = Vec::new();
    for customer in bench.store.customers(run.id, table, Position(0), CUSTOMERS).await.or_storage()? {
        let start = Instant::now();
        for standing in assessor.stand(std::slice::from_ref(&customer)).or_exit(Exit::Failure)? {
            explainer.explain(&customer, &standing.assessment).or_exit(Exit::Failure)?;
            let plan = planner.plan(&customer, &standing);
            std::hint::black_box(scribe.write(&customer, &plan));
        }
        times.push(start.elapsed().as_secs_f64() * 1000.0);
    }
    times.sort_by(f64::total_cmp);
    let at = |share: f64| times.get(((times.len() as f64 * share).ceil() as usize).saturating_sub(1)).copied().unwrap_or_default();
    Ok(Speed { customers: times.len() as u64, median_ms: at(0.5), p95_ms: at(0.95) })
}
