//! One adapter: it learns from where it was left, is kept on the way, and stands on the shelf when it is done.
use super::curve::svg;
use super::plan::{Class, Course};
use super::watch::Watch;
use crate::exit::{Exit, OrExit, stop};
use crate::telemetry::say;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use winback_core::digest::Digest;
use winback_core::segment::SegmentId;
use winback_lm::Model;
use winback_lm::finetune::{Lesson, LoraWeights, Recipe, Run, RunError, State, mean_loss};
use winback_lm::shelf::{Data, Held, Kind, MANIFEST_FORMAT, Manifest, Metrics, Shelf, ShelfError, Training, Version, Versions};

/// What a person does about a full disk.
const DISK: &str = "free some space or mend the folder, and run the command again: it goes on from the last checkpoint";
/// What a person does about a loss that is no number.
const NO_NUMBER: &str = "take a smaller learning_rate in the recipe; the checkpoint before it is intact, and a changed recipe begins anew";

/// Where and how adapters learn.
pub struct School<'a> {
    /// The base.
    pub model: &'a Model,
    /// What the base is called.
    pub base: &'a str,
    /// The hashes of its tokenizer and its chat template.
    pub reads_with: [&'a Digest; 2],
    /// The recipe of all adapters.
    pub recipe: &'a Recipe,
    /// The share of examples that is kept back.
    pub share: f64,
    /// Where they are kept.
    pub shelf: &'a Shelf,
    /// The right to write there.
    pub held: &'a Held,
    /// How often what was learned is kept.
    pub pace: Pace,
    /// Whether somebody wants it to stop.
    pub stopping: &'a AtomicBool,
    /// The day to put into manifests.
    pub date: Option<String>,
    /// The licence and the origin of the examples, to put there.
    pub rights: Rights,
    /// Whether to show no progress.
    pub quiet: bool,
}

/// What a person says of the examples; without it nothing is noted.
#[derive(Clone, Debug, Default)]
pub struct Rights {
    /// Under what licence they may be used.
    pub licence: Option<String>,
    /// Where they come from.
    pub origin: Option<String>,
}

/// How often a checkpoint is made: whichever comes first.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// After so many steps.
    pub steps: u32,
    /// After so much time.
    pub time: Duration,
}

/// Why an adapter was not made.
pub enum Halt {
    /// This one cannot be made; the next one may be.
    Failed(String),
    /// None can be made now.
    Everything(anyhow::Error),
    /// Somebody wanted it to stop, after this step.
    Interrupted(u32),
}

/// An adapter that was made.
pub struct Graduate {
    /// Its version.
    pub version: Version,
    /// Its manifest.
    pub manifest: Manifest,
    /// Whether an earlier run made it.
    pub earlier: bool,
}

impl From<ShelfError> for Halt {
    fn from(error: ShelfError) -> Self {
        let hint = if matches!(error, ShelfError::Disk { .. }) { DISK } else { "winback adapters list shows what is there" };
        let failed: Result<(), _> = Err(error);
        Self::Everything(failed.or_hint(Exit::Storage, hint).err().unwrap_or_else(|| stop(Exit::Storage, "the disk failed", hint)))
    }
}

impl From<RunError> for Halt {
    fn from(error: RunError) -> Self {
        let hint = if matches!(error, RunError::NoNumber { .. }) { format!("; {NO_NUMBER}") } else { String::new() };
        Self::Failed(format!("{error}{hint}"))
    }
}

impl School<'_> {
    /// Teaches a segment by itself, or returns what an earlier run made of the same examples, recipe and base.
    pub fn teach(&self, segment: &SegmentId, class: &Class, (course, kind): (&Course, Kind)) -> Result<Graduate, Halt> {
        let lesson = class.lesson(course);
        let identity = self.identity(&lesson);
        let training = Training::new(&self.shelf.of(segment), &identity);
        if let Some(graduate) = self.earlier(segment, &identity)? {
            training.done()?;
            return Ok(graduate);
        }
        let first = State::first(self.model, self.recipe)?;
        let found = training.newest(&first)?;
        for (path, why) in &found.broken {
            let instead = if found.state.is_some() { "the one before it is" } else { "there is no other, and learning begins anew" };
            say(&format!("note: {} is not used: {why}; {instead}", path.display()));
        }
        let mut run = match found.state {
            Some(state) => Run::resume(self.model, &lesson, self.recipe, state)?,
            None => Run::begin(self.model, &lesson, self.recipe)?,
        };
        self.steps(segment, &mut run, &training)?;
        let state = run.state();
        let (best_step, loss_after) = state.best_trial().unwrap_or_default();
        let loss_before = state.trials().first().map_or(f64::NAN, |(_, loss)| *loss);
        let metrics = Metrics { loss_before, loss_after, best_step, steps: state.steps() };
        let manifest = self.manifest(segment, class, (course, kind), (metrics, identity));
        let graduate = self.publish(manifest, state)?;
        training.done()?;
        Ok(graduate)
    }

    /// Takes all steps that are left.
    fn steps(&self, segment: &SegmentId, run: &mut Run<'_>, training: &Training) -> Result<(), Halt> {
        let from = run.state().steps();
        let mut watch = Watch::new(segment, (from, run.steps()), self.quiet);
        if from > 0 && !self.quiet {
            watch.note(&format!("{segment}: goes on after step {from} of {}", run.steps()));
        }
        let mut kept = Instant::now();
        let mut unkept = 0;
        loop {
            if self.stopping.load(Ordering::Relaxed) {
                if unkept > 0 {
                    training.keep(run.state())?;
                }
                return Err(Halt::Interrupted(run.state().steps()));
            }
            let Some(step) = run.step()? else { return Ok(()) };
            watch.step(&step);
            unkept += 1;
            if !run.is_done() && (unkept >= self.pace.steps || kept.elapsed() >= self.pace.time) {
                training.keep(run.state())?;
                (kept, unkept) = (Instant::now(), 0);
            }
        }
    }

    /// Gives a segment the shared adapter, and tries it on the segment's own examples kept back, or on those of all segments
    /// where it keeps none back.
    pub fn share(&self, segment: &SegmentId, class: &Class, (course, own): (&Course, &[usize]), state: &Shared) -> Result<Graduate, Halt> {
        let identity = Digest::of_parts([state.run.0.as_bytes(), segment.as_str().as_bytes()]);
        if let Some(graduate) = self.earlier(segment, &identity)? {
            return Ok(graduate);
        }
        let tried = if own.is_empty() { &course.kept_back } else { own };
        let samples = class.lesson(&Course { learned_from: Vec::new(), kept_back: tried.to_vec() }).kept_back;
        let loss = |weights: Option<&LoraWeights>| {
            mean_loss(self.model, weights, &samples, self.recipe.tokens_at_once).map_err(|error| Halt::Failed(error.to_string()))
        };
        let (loss_before, loss_after) = (loss(None)?, loss(Some(&state.weights))?);
        let metrics = Metrics { loss_before, loss_after, ..state.metrics.clone() };
        let manifest = self.manifest(segment, class, (course, Kind::Shared), (metrics, identity));
        let files = [("adapter_model.safetensors", &*state.file), ("run.json", &state.run_file), ("loss.svg", &state.curve)];
        self.put(manifest, &files)
    }

    /// Returns the shared adapter that was made.
    pub fn shared(&self, segment: &SegmentId, graduate: Graduate) -> Result<Shared, Halt> {
        let place = self.shelf.place(segment, graduate.version);
        graduate.manifest.verify(&place)?;
        let read = |name: &str| {
            std::fs::read(place.join(name)).map_err(|source| ShelfError::Disk { path: place.join(name), what: "read", source })
        };
        let weights = LoraWeights::load(&place, self.model).map_err(|error| Halt::Failed(format!("{:#}", anyhow::Error::new(error))))?;
        let Manifest { run, metrics, .. } = graduate.manifest.clone();
        Ok(Shared {
            weights,
            run,
            metrics,
            file: read("adapter_model.safetensors")?,
            run_file: read("run.json")?,
            curve: read("loss.svg")?,
            graduate,
        })
    }

    /// Returns what an earlier run made, where its files are as they were written; those that are not are told, and taught
    /// again as a new version.
    fn earlier(&self, segment: &SegmentId, identity: &Digest) -> Result<Option<Graduate>, Halt> {
        for (version, manifest) in self.shelf.made_by(segment, identity)? {
            match manifest {
                Ok(manifest) => return Ok(Some(Graduate { version, manifest, earlier: true })),
                Err(damaged) => {
                    say(&format!(
                        "note: {segment} {version} was trained on just this before, and is damaged: {damaged}; a new version is made"
                    ));
                }
            }
        }
        Ok(None)
    }

    /// Returns the hash of everything that decides on what is learned and how it is read: a run of another tokenizer or chat
    /// template is another, even where it makes the same tokens of these examples.
    fn identity(&self, lesson: &Lesson) -> Digest {
        let run = Run::identity(self.model, lesson, self.recipe);
        Digest::of_parts(std::iter::once(&run).chain(self.reads_with).map(|digest| digest.0.as_bytes()))
    }

    fn manifest(&self, segment: &SegmentId, class: &Class, (course, kind): (&Course, Kind), (metrics, run): (Metrics, Digest)) -> Manifest {
        let numerics = self.model.numerics();
        let [tokenizer, template] = self.reads_with;
        Manifest {
            format: MANIFEST_FORMAT,
            segment: segment.clone(),
            kind,
            base_sha256: self.model.digest().clone(),
            template_sha256: template.clone(),
            tokenizer_sha256: tokenizer.clone(),
            data: Data {
                licence: self.rights.licence.clone(),
                origin: self.rights.origin.clone(),
                ..class.data(course, segment, self.share)
            },
            recipe: self.recipe.clone(),
            metrics,
            versions: Versions {
                winback: env!("CARGO_PKG_VERSION").to_owned(),
                numerics: format!("{} {}", numerics.precision.name(), numerics.level.name()),
            },
            run,
            files: std::collections::BTreeMap::new(),
            date: self.date.clone(),
        }
    }

    fn publish(&self, manifest: Manifest, state: &State) -> Result<Graduate, Halt> {
        let weights = state.best().to_peft().map_err(|error| Halt::Failed(error.to_string()))?;
        let run = serde_json::json!({ "losses": state.losses(), "trials": state.trials() });
        let (run, curve) = (format!("{run:#}\n"), svg(state.losses(), state.trials()));
        self.put(manifest, &[("adapter_model.safetensors", &weights), ("run.json", run.as_bytes()), ("loss.svg", curve.as_bytes())])
    }

    /// Puts a version on the shelf.
    fn put(&self, mut manifest: Manifest, files: &[(&str, &[u8])]) -> Result<Graduate, Halt> {
        let config = self.recipe.peft_config(self.base);
        let mut all = vec![("adapter_config.json", config.as_bytes())];
        all.extend(files);
        manifest.files = all.iter().map(|(name, bytes)| ((*name).to_owned(), Digest::of(bytes))).collect();
        let text = manifest.to_text();
        all.push((winback_lm::adapter::MANIFEST, text.as_bytes()));
        let version = self.shelf.publish(&manifest.segment, &all, self.held)?;
        Ok(Graduate { version, manifest, earlier: false })
    }
}

/// The shared adapter.
pub struct Shared {
    /// What was made.
    pub graduate: Graduate,
    weights: LoraWeights,
    run: Digest,
    metrics: Metrics,
    file: Vec<u8>,
    run_file: Vec<u8>,
    curve: Vec<u8>,
}
