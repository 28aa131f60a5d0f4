//! A run: the steps from an adapter that changes nothing to the best one met.
//!
//! Everything that a run does is decided by its texts, its recipe and its base; what has happened so far is its
//! [`State`]. A run that goes on from a state ends with the same bytes as one that was never broken off.
use super::adamw::{AdamW, Schedule, clip};
use super::gradients::{Batch, BatchError, Memory, Sample, Teaching, Workspace, gradients, loss};
use super::lora::LoraWeights;
use super::recipe::{Recipe, RecipeError};
use super::sums::Draw;
use super::timetable::Timetable;
use super::weights::Weights;
use crate::adapter::AdapterConfigError;
use crate::model::Model;
use serde::Serialize;
use winback_core::digest::Digest;

/// Texts to learn from, and texts that are kept back to see how well it goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lesson {
    /// What is learned from.
    pub learned_from: Vec<Sample>,
    /// What is kept back.
    pub kept_back: Vec<Sample>,
}

/// Why a run cannot begin, or go on. What was learned before is as it was.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The recipe.
    #[error(transparent)]
    Recipe(#[from] RecipeError),
    /// What the recipe makes of the adapter.
    #[error(transparent)]
    Adapter(#[from] AdapterConfigError),
    /// A text cannot be learned from.
    #[error("of the texts {of}, {source}")]
    Text {
        /// `to learn from` or `kept back`.
        of: &'static str,
        /// Which, and why.
        source: BatchError,
    },
    /// There is nothing to learn from, or nothing was kept back.
    #[error("there are no texts {of}; an adapter needs both texts to learn from and texts kept back")]
    NoTexts {
        /// `to learn from` or `kept back`.
        of: &'static str,
    },
    /// The base gives no numbers.
    #[error("the base finds the texts kept back so unlikely that their loss is no number; the model, or a text, is damaged")]
    BaseNoNumber,
    /// The loss is no number any more.
    #[error("the loss of step {step} is no number; the largest step (learning_rate) is too large, or a text is damaged")]
    NoNumber {
        /// The step, counted from 1.
        step: u32,
    },
}

/// What has happened so far.
#[derive(Clone, Debug, PartialEq)]
pub struct State<W = LoraWeights> {
    pub(super) steps: u32,
    pub(super) weights: W,
    pub(super) adam: AdamW<W>,
    /// The mean loss of each step, in nats a token.
    pub(super) losses: Vec<f64>,
    /// The steps after which the texts kept back were tried, and their mean loss; the first before any step.
    pub(super) trials: Vec<(u32, f64)>,
    pub(super) best: W,
}

/// What one step came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// The step, counted from 1.
    pub step: u32,
    /// The mean loss of its tokens, in nats, before the step.
    pub loss: f64,
    /// The length of the gradients before they were cut.
    pub gradient: f64,
    /// How large it was.
    pub rate: f64,
    /// How many tokens went through the model.
    pub tokens: usize,
    /// The mean loss of the texts kept back, where they were tried after it.
    pub trial: Option<f64>,
}

/// A run under way.
#[derive(Debug)]
pub struct Run<'a> {
    model: &'a Model,
    lesson: &'a Lesson,
    recipe: &'a Recipe,
    timetable: Timetable,
    /// After how many steps the texts kept back are tried.
    try_after: u32,
    schedule: Schedule,
    workspace: Workspace,
    state: State,
}

impl<'a> Run<'a> {
    /// Begins a run; every text is checked before the first step.
    pub fn begin(model: &'a Model, lesson: &'a Lesson, recipe: &'a Recipe) -> Result<Self, RunError> {
        let mut run = Self::resume(model, lesson, recipe, State::first(model, recipe)?)?;
        let before = run.trial()?;
        if !before.is_finite() {
            return Err(RunError::BaseNoNumber);
        }
        run.state.trials.push((0, before));
        Ok(run)
    }

    /// Goes on with a run of the same texts, recipe and base (see [`Self::identity`]).
    pub fn resume(model: &'a Model, lesson: &'a Lesson, recipe: &'a Recipe, state: State) -> Result<Self, RunError> {
        recipe.check()?;
        for (of, samples) in [("to learn from", &lesson.learned_from), ("kept back", &lesson.kept_back)] {
            if samples.is_empty() {
                return Err(RunError::NoTexts { of });
            }
            Batch::new(model, samples).map_err(|source| RunError::Text { of, source })?;
        }
        let rows: Vec<usize> = lesson.learned_from.iter().map(|sample| sample.tokens.len()).collect();
        let timetable = Timetable::new(rows, recipe);
        let try_after = timetable.of_an_epoch().div_ceil(recipe.evaluations_per_epoch);
        let schedule = Schedule::of(recipe.learning_rate, recipe.warmup, timetable.steps());
        let workspace = Workspace::new(model);
        Ok(Self { model, lesson, recipe, timetable, try_after, schedule, workspace, state })
    }

    /// Returns the hash of everything that decides how a run goes.
    pub fn identity(model: &Model, lesson: &Lesson, recipe: &Recipe) -> Digest {
        #[derive(Serialize)]
        struct Identity<'a> {
            base: Digest,
            recipe: &'a Recipe,
            texts: Vec<(&'a [u32], &'a [bool])>,
            kept_back: usize,
        }
        let samples = lesson.learned_from.iter().chain(&lesson.kept_back);
        Digest::of_value(&Identity {
            base: model.version(),
            recipe,
            texts: samples.map(|sample| (&*sample.tokens, &*sample.learned)).collect(),
            kept_back: lesson.kept_back.len(),
        })
    }

    /// Returns what has happened so far.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Returns how many steps there are at most.
    pub fn steps(&self) -> u32 {
        self.schedule.steps
    }

    /// Returns whether all steps are taken, or the texts kept back have long not become better.
    pub fn is_done(&self) -> bool {
        self.state.steps >= self.schedule.steps || (self.recipe.patience > 0 && self.state.trials_without_better() >= self.recipe.patience)
    }

    /// Takes the next step; `None` where the run is done.
    pub fn step(&mut self) -> Result<Option<Step>, RunError> {
        if self.is_done() {
            return Ok(None);
        }
        let at = self.state.steps;
        let text = |source| RunError::Text { of: "to learn from", source };
        let samples = |batch: &Vec<usize>| batch.iter().map(|at| self.lesson.learned_from[*at].clone()).collect::<Vec<_>>();
        let batches: Result<Vec<_>, _> =
            self.timetable.step(at, self.recipe).iter().map(|batch| Batch::new(self.model, &samples(batch)).map_err(text)).collect();
        let batches = batches?;
        let learned: usize = batches.iter().map(Batch::learned).sum();
        let mut found = self.state.weights.zeros();
        let mut sum = 0.0;
        for (place, batch) in batches.iter().enumerate() {
            let teaching = Teaching {
                times: 1.0 / learned as f32,
                dropout: self.recipe.dropout,
                seed: Draw::new(self.recipe.seed ^ u64::from(at) << 20 ^ place as u64).next(),
                memory: if self.recipe.recompute { Memory::Recompute } else { Memory::Keep },
            };
            sum += gradients(self.model, &self.state.weights, batch, teaching, (&mut found, &mut self.workspace)).map_err(text)?;
        }
        let gradient = clip(&mut found, self.recipe.clip);
        let loss = sum / learned as f64;
        if !loss.is_finite() || !gradient.is_finite() {
            return Err(RunError::NoNumber { step: at + 1 });
        }
        let rate = self.schedule.rate(at);
        let State { weights, adam, .. } = &mut self.state;
        adam.step(weights, &found, rate as f32);
        self.state.steps += 1;
        self.state.losses.push(loss);
        let tried = self.state.steps.is_multiple_of(self.try_after) || self.state.steps == self.schedule.steps;
        let trial = if tried { Some(self.tried()?) } else { None };
        Ok(Some(Step { step: at + 1, loss, gradient, rate, tokens: batches.iter().map(Batch::rows).sum(), trial }))
    }

    /// Tries the texts kept back, and remembers the weights where none were better before.
    fn tried(&mut self) -> Result<f64, RunError> {
        let found = self.trial()?;
        if !found.is_finite() {
            return Err(RunError::NoNumber { step: self.state.steps });
        }
        if self.state.trials.iter().all(|(_, before)| found < *before) {
            self.state.best = self.state.weights.clone();
        }
        self.state.trials.push((self.state.steps, found));
        Ok(found)
    }

    /// Returns the mean loss of the texts kept back, in nats a token.
    fn trial(&mut self) -> Result<f64, RunError> {
        let Self { model, lesson, recipe, workspace, state, .. } = self;
        mean_loss_in(workspace, (model, Some(&state.weights)), &lesson.kept_back, recipe.tokens_at_once)
            .map_err(|source| RunError::Text { of: "kept back", source })
    }
}

impl State {
    /// Returns the state before any step, and before the texts kept back are tried: what a checkpoint is read like.
    pub fn first(model: &Model, recipe: &Recipe) -> Result<Self, RunError> {
        recipe.check()?;
        Ok(Self::new(LoraWeights::begin(model, &recipe.config()?, recipe.seed)?, recipe.weight_decay))
    }
}

impl<W: Weights> State<W> {
    /// Returns the state before the first step.
    pub(super) fn new(weights: W, weight_decay: f32) -> Self {
        let adam = AdamW::new(&weights, weight_decay);
        Self { steps: 0, best: weights.clone(), weights, adam, losses: Vec::new(), trials: Vec::new() }
    }

    /// Returns how many steps were taken.
    pub fn steps(&self) -> u32 {
        self.steps
    }

    /// Returns the weights after the last step.
    pub fn weights(&self) -> &W {
        &self.weights
    }

    /// Returns the mean loss of each step, in nats a token.
    pub fn losses(&self) -> &[f64] {
        &self.losses
    }

    /// Returns the steps after which the texts kept back were tried, and their mean loss in nats a token; the first
    /// before any step, which is that of the base.
    pub fn trials(&self) -> &[(u32, f64)] {
        &self.trials
    }

    /// Returns the weights that did best on the texts kept back; those of the beginning where none did better.
    pub fn best(&self) -> &W {
        &self.best
    }

    /// Returns the step after which the best weights were found, 0 for the beginning, and their loss.
    pub fn best_trial(&self) -> Option<(u32, f64)> {
        self.trials.iter().copied().reduce(|best, trial| if trial.1 < best.1 { trial } else { best })
    }

    fn trials_without_better(&self) -> u32 {
        let best = self.best_trial().map_or(0, |(step, _)| step);
        self.trials.iter().filter(|(step, _)| *step > best).count().try_into().unwrap_or(u32::MAX)
    }
}

/// Returns the mean loss of the tokens that are learned in some texts, in nats; so many tokens go through at once.
pub fn mean_loss(model: &Model, weights: Option<&LoraWeights>, samples: &[Sample], tokens_at_once: usize) -> Result<f64, BatchError> {
    mean_loss_in(&mut Workspace::new(model), (model, weights), samples, tokens_at_once)
}

/// Returns the same, computed in memory that is there already.
pub(super) fn mean_loss_in(
    workspace: &mut Workspace,
    (model, weights): (&Model, Option<&LoraWeights>),
    samples: &[Sample],
    tokens_at_once: usize,
) -> Result<f64, BatchError> {
    let (mut sum, mut learned) = (0.0, 0);
    let rows: Vec<usize> = samples.iter().map(|sample| sample.tokens.len()).collect();
    for batch in gathered(&(0..samples.len()).collect::<Vec<_>>(), &rows, tokens_at_once) {
        let samples: Vec<Sample> = batch.iter().map(|at| samples[*at].clone()).collect();
        let batch = Batch::new(model, &samples)?;
        sum += loss(model, weights, &batch, workspace)?;
        learned += batch.learned();
    }
    Ok(sum / learned.max(1) as f64)
}

/// Returns the places of so many texts in the order of an epoch.
pub(super) fn shuffled(texts: usize, seed: u64, epoch: u32) -> Vec<usize> {
    let mut draw = Draw::new(seed ^ u64::from(epoch).wrapping_mul(0xA076_1D64_78BD_642F));
    let mut order: Vec<usize> = (0..texts).collect();
    for at in (1..order.len()).rev() {
        order.swap(at, (draw.next() % (at as u64 + 1)) as usize);
    }
    order
}

/// Returns texts in groups of at most so many tokens; a longer text is alone.
pub(super) fn gathered(texts: &[usize], rows: &[usize], most: usize) -> Vec<Vec<usize>> {
    let mut groups: Vec<(usize, Vec<usize>)> = Vec::new();
    for text in texts {
        match groups.last_mut() {
            Some((tokens, group)) if *tokens + rows[*text] <= most => {
                *tokens += rows[*text];
                group.push(*text);
            }
            _ => groups.push((rows[*text], vec![*text])),
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}
