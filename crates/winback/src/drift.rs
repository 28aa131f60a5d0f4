//! Which earlier run the customers of a run are compared with, and how.
use crate::desk::settings_of;
use crate::exit::{Exit, OrExit};
use crate::newest::LOOKED_AT;
use crate::stages::{self, TrainStage};
use crate::workbench::{OrStorage, Workbench};
use winback_core::drift::profile::{Profile, Scores};
use winback_core::drift::{Basis, Drift, RunDrift, drift};
use winback_core::model::ChurnModel;
use winback_core::pipeline::assess::AssessStage;
use winback_core::pipeline::sample::Sample;
use winback_core::risk::{ModelVersion, Probability, RiskThresholds};
use winback_core::run::{Run, Stage};
use winback_core::store::RunStore;

/// The customers of a run, or a sample of them, with their scores where there is a model.
pub struct Seen {
    some: Sample,
    scores: Option<(ModelVersion, RiskThresholds, Vec<Probability>)>,
}

impl Seen {
    /// Scores a sample.
    pub fn of(some: Sample, by: Option<(&dyn ChurnModel, RiskThresholds)>) -> anyhow::Result<Self> {
        let Some((model, thresholds)) = by else { return Ok(Self { some, scores: None }) };
        let assessed = model.assess(&some.features, &some.who).or_exit(Exit::BadInput)?;
        let probabilities = assessed.iter().map(|one| one.probability).collect();
        Ok(Self { some, scores: Some((model.version().clone(), thresholds, probabilities)) })
    }

    /// Reads the customers of a run with the settings that the run was begun with, and scores them with its model where
    /// the run was assessed and the model is still there.
    pub async fn read(bench: &Workbench, run: &Run) -> anyhow::Result<Self> {
        let settings = settings_of(run).or_storage()?;
        let some = stages::sample_of(bench, run, &settings.rules()?.table).await?;
        let model = if run.has(Stage::Assess) { stages::model_of(bench, run).ok() } else { None };
        Self::of(some, model.as_ref().map(|(model, _)| (&**model, settings.thresholds)))
    }

    /// Returns what the customers look like.
    pub fn profile(&self) -> Profile {
        Profile::of(&self.some.features, self.some.customers, self.scores().as_ref())
    }

    /// Compares the customers, who are those of `run`, with those of an earlier run.
    pub async fn against(&self, bench: &Workbench, (earlier, basis): (&Run, Basis), run: &Run) -> anyhow::Result<RunDrift> {
        let before = match kept(earlier).and_then(|kept| kept.profile) {
            Some(profile) => profile,
            None => Self::read(bench, earlier).await?.profile(),
        };
        let source = |run: &Run| run.origin.source.clone();
        Ok(RunDrift {
            from: earlier.id,
            from_source: source(earlier),
            to: run.id,
            to_source: source(run),
            basis,
            drift: self.moved(&before),
        })
    }

    fn moved(&self, before: &Profile) -> Drift {
        drift(before, &self.some.features, self.some.customers, self.scores().as_ref())
    }

    fn scores(&self) -> Option<Scores<'_>> {
        let (model, thresholds, probabilities) = self.scores.as_ref()?;
        Some(Scores { model, thresholds: *thresholds, probabilities })
    }
}

/// Returns what the assess stage of a run kept.
pub fn kept(run: &Run) -> Option<AssessStage> {
    stages::report(run, Stage::Assess).ok()
}

/// Returns the earlier run to compare a run with: that on which its model was trained, else the run before of another
/// file; `None` where there is none.
pub async fn reference(bench: &Workbench, run: &Run) -> anyhow::Result<Option<(Run, Basis)>> {
    let runs = bench.store.runs(LOOKED_AT).await.or_storage()?;
    let mut earlier = runs.into_iter().filter(|other| other.id < run.id && other.has(Stage::Import));
    let trained = |run: &Run| stages::report::<TrainStage>(run, Stage::Train).ok();
    let model = trained(run).filter(|own| !own.trained).map(|own| own.card.version);
    let others: Vec<Run> = earlier.by_ref().collect();
    let taught = |other: &&Run| trained(other).is_some_and(|known| known.trained && Some(&known.card.version) == model.as_ref());
    if let Some(found) = others.iter().find(taught) {
        return Ok(Some((found.clone(), Basis::Training)));
    }
    let before = others.into_iter().find(|other| other.origin.source_digest != run.origin.source_digest);
    Ok(before.map(|found| (found, Basis::Before)))
}
