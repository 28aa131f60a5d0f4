//! Which earlier run the customers of a run are compared with, and how.
use crate::desk::settings_of;
use crate::exit::{Exit, OrExit};
use crate::newest::LOOKED_AT;
use crate::stages::{self, TrainStage};
use crate::workbench::{OrStorage, Workbench};
use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use std::io::ErrorKind;
use std::path::PathBuf;
use winback_core::digest::Digest;
use winback_core::drift::profile::{Profile, Scores};
use winback_core::drift::{Basis, Drift, RunDrift, drift};
use winback_core::id::RunId;
use winback_core::model::ChurnModel;
use winback_core::pipeline::assess::AssessStage;
use winback_core::pipeline::sample::Sample;
use winback_core::risk::{ModelVersion, Probability, RiskThresholds};
use winback_core::run::{Run, Stage};
use winback_core::store::RunStore;
use winback_learn::shelf;

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
    pub fn against(&self, (earlier, basis): (&Baseline, Basis), run: &Run) -> RunDrift {
        RunDrift {
            from: earlier.run,
            from_source: earlier.source.clone(),
            to: run.id,
            to_source: run.origin.source.clone(),
            basis,
            drift: self.moved(&earlier.profile),
        }
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

/// What the customers of a run look like that others are compared with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// The run.
    pub run: RunId,
    /// Its file.
    pub source: String,
    /// The hash of its file.
    pub source_digest: Digest,
    /// Its customers.
    pub profile: Profile,
}

impl Baseline {
    /// Returns the customers of a run that is stored.
    pub async fn read(bench: &Workbench, run: &Run) -> anyhow::Result<Self> {
        let profile = match kept(run).and_then(|kept| kept.profile) {
            Some(profile) => profile,
            None => Seen::read(bench, run).await?.profile(),
        };
        Ok(Self::of(run, profile))
    }

    fn of(run: &Run, profile: Profile) -> Self {
        let origin = &run.origin;
        Self { run: run.id, source: origin.source.clone(), source_digest: origin.source_digest.clone(), profile }
    }

    /// Keeps beside a model what the customers look like on whom it was trained: the run itself may be pruned.
    fn keep(&self, bench: &Workbench, model: &ModelVersion) -> anyhow::Result<()> {
        shelf::save(&models(bench), &file_name(model), &serde_json::to_vec(self)?).or_exit(Exit::Storage)?;
        Ok(())
    }

    /// Returns what is kept beside a model; `None` for models of before it was kept.
    fn beside(bench: &Workbench, model: &ModelVersion) -> anyhow::Result<Option<Self>> {
        let path = models(bench).join(file_name(model));
        let bytes = match std::fs::read(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            read => read.with_context(|| format!("cannot read {}", path.display())).or_exit(Exit::Storage)?,
        };
        let damaged = || format!("{} is no description of the customers a model was trained on", path.display());
        serde_json::from_slice(&bytes).with_context(damaged).or_hint(Exit::BadConfig, "winback train --again makes it anew").map(Some)
    }
}

fn models(bench: &Workbench) -> PathBuf {
    bench.path(&bench.settings.model_dir)
}

fn file_name(model: &ModelVersion) -> String {
    format!("{model}.customers.json")
}

/// Returns the customers to compare those of a run with: those on whom its model was trained, or where it has none yet
/// the model in use, however many runs came since; else those of the run before of another file. `None` where there are
/// none.
pub async fn reference(bench: &Workbench, run: &Run) -> anyhow::Result<Option<(Baseline, Basis)>> {
    let trained = |run: &Run| stages::report::<TrainStage>(run, Stage::Train).ok();
    let model = match trained(run) {
        Some(own) => (!own.trained).then_some(own.card.version),
        None => stages::current_card(bench)?.map(|card| card.version),
    };
    let beside = model.as_ref().map(|model| Baseline::beside(bench, model)).transpose()?.flatten();
    if let Some(found) = beside.filter(|found| found.source_digest != run.origin.source_digest) {
        return Ok(Some((found, Basis::Training)));
    }
    let runs = bench.store.runs(LOOKED_AT).await.or_storage()?;
    let earlier: Vec<Run> = runs.into_iter().filter(|other| other.id < run.id && other.has(Stage::Import)).collect();
    let taught = |other: &&Run| trained(other).is_some_and(|known| known.trained && Some(&known.card.version) == model.as_ref());
    let before = |other: &&Run| other.origin.source_digest != run.origin.source_digest;
    let found = earlier.iter().find(taught).map(|found| (found, Basis::Training));
    match found.or_else(|| earlier.iter().find(before).map(|found| (found, Basis::Before))) {
        Some((found, basis)) => Ok(Some((Baseline::read(bench, found).await?, basis))),
        None => Ok(None),
    }
}

/// Compares the customers of a run that is being assessed with those of an earlier one, and keeps beside the model what
/// the customers of its training look like.
pub async fn compared(bench: &Workbench, run: &Run, seen: &Seen) -> anyhow::Result<Option<RunDrift>> {
    let own: TrainStage = stages::report(run, Stage::Train)?;
    if own.trained {
        Baseline::of(run, seen.profile()).keep(bench, &own.card.version)?;
    }
    let Some((earlier, basis)) = reference(bench, run).await? else { return Ok(None) };
    if basis == Basis::Training {
        earlier.keep(bench, &own.card.version)?;
    }
    Ok(Some(seen.against((&earlier, basis), run)))
}
