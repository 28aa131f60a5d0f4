//! A run in which a whole model learns, from drawn weights to the last step.
//!
//! As with an adapter, everything is decided by texts, recipe and shape; a run that goes on from a state ends with the same
//! bytes as one that was never broken off.
use super::adamw::{Schedule, clip};
use super::gradients::{Batch, Memory, Sample, Teaching, Workspace, whole_gradients};
use super::run::{Lesson, RunError, State, Step, gathered, mean_loss_in, shuffled};
use super::weights::Weights;
use super::whole::WholeWeights;
use crate::config::Config;
use crate::kernels::Numerics;
use serde::{Deserialize, Serialize};
use winback_core::digest::Digest;

/// How a whole model is made to learn. Everything has a value that does well for some million weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WholeRecipe {
    /// The largest step.
    pub learning_rate: f64,
    /// The share of all steps over which it rises from 0; then it falls along a cosine.
    pub warmup: f64,
    /// The share of a step by which matrices shrink.
    pub weight_decay: f32,
    /// The length that gradients are cut to.
    pub clip: f64,
    /// How often every text is learned from.
    pub epochs: u32,
    /// How many tokens, of prompts and replies, make a step.
    pub tokens_per_step: usize,
    /// How many tokens go through the model at once; steps of more are gathered.
    pub tokens_at_once: usize,
    /// How often the texts that are kept back are tried.
    pub trials: u32,
    /// What the weights to begin with and the order of texts depend on.
    pub seed: u64,
}

impl Default for WholeRecipe {
    fn default() -> Self {
        Self {
            learning_rate: 2e-3,
            warmup: 0.03,
            weight_decay: 0.1,
            clip: 1.0,
            epochs: 1,
            tokens_per_step: 4096,
            tokens_at_once: 4096,
            trials: 10,
            seed: 0,
        }
    }
}

/// A run under way.
#[derive(Debug)]
pub struct WholeRun<'a> {
    lesson: &'a Lesson,
    recipe: &'a WholeRecipe,
    numerics: Numerics,
    /// The texts of each step, in the batches in which they go through the model.
    plan: Vec<Vec<Vec<usize>>>,
    schedule: Schedule,
    workspace: Workspace,
    state: State<WholeWeights>,
}

impl<'a> WholeRun<'a> {
    /// Begins a run with drawn weights of a shape; every text is checked before the first step.
    pub fn begin(config: &Config, numerics: Numerics, lesson: &'a Lesson, recipe: &'a WholeRecipe) -> Result<Self, RunError> {
        Self::begin_with(WholeWeights::begin(config, recipe.seed), numerics, lesson, recipe)
    }

    /// Begins a run with the weights of another; every text is checked before the first step.
    pub fn begin_with(weights: WholeWeights, numerics: Numerics, lesson: &'a Lesson, recipe: &'a WholeRecipe) -> Result<Self, RunError> {
        let mut state = State::new(weights, recipe.weight_decay);
        state.adam.betas = (0.9, 0.95);
        Self::resume(numerics, lesson, recipe, state)
    }

    /// Goes on with a run of the same texts, recipe and shape (see [`Self::identity`]).
    pub fn resume(numerics: Numerics, lesson: &'a Lesson, recipe: &'a WholeRecipe, state: State<WholeWeights>) -> Result<Self, RunError> {
        let model = state.weights.model(numerics);
        for (of, samples) in [("to learn from", &lesson.learned_from), ("kept back", &lesson.kept_back)] {
            if samples.is_empty() {
                return Err(RunError::NoTexts { of });
            }
            Batch::new(&model, samples).map_err(|source| RunError::Text { of, source })?;
        }
        let rows: Vec<usize> = lesson.learned_from.iter().map(|sample| sample.tokens.len()).collect();
        let steps_of = |epoch| gathered(&shuffled(rows.len(), recipe.seed, epoch), &rows, recipe.tokens_per_step);
        let batches = |step: Vec<usize>| gathered(&step, &rows, recipe.tokens_at_once);
        let plan: Vec<_> = (0..recipe.epochs).flat_map(steps_of).map(batches).collect();
        let steps = u32::try_from(plan.len()).unwrap_or(u32::MAX);
        let schedule = Schedule::of(recipe.learning_rate, recipe.warmup, steps);
        let workspace = Workspace::new(&model);
        Ok(Self { lesson, recipe, numerics, plan, schedule, workspace, state })
    }

    /// Returns the hash of everything that decides how a run goes.
    pub fn identity(config: &Config, numerics: Numerics, lesson: &Lesson, recipe: &WholeRecipe) -> Digest {
        #[derive(Serialize)]
        struct Identity<'a> {
            shape: String,
            recipe: &'a WholeRecipe,
            texts: Vec<(&'a [u32], &'a [bool])>,
            kept_back: usize,
        }
        let samples = lesson.learned_from.iter().chain(&lesson.kept_back);
        Digest::of_value(&Identity {
            shape: format!("{config:?} {numerics:?}"),
            recipe,
            texts: samples.map(|sample| (&*sample.tokens, &*sample.learned)).collect(),
            kept_back: lesson.kept_back.len(),
        })
    }

    /// Returns what has happened so far.
    pub fn state(&self) -> &State<WholeWeights> {
        &self.state
    }

    /// Returns how many steps there are.
    pub fn steps(&self) -> u32 {
        self.schedule.steps
    }

    /// Returns how many tokens the steps from one on have.
    pub fn tokens_from(&self, step: u32) -> usize {
        self.plan.iter().skip(step as usize).flatten().flatten().map(|at| self.lesson.learned_from[*at].tokens.len()).sum()
    }

    /// Takes the next step; `None` where the run is done.
    pub fn step(&mut self) -> Result<Option<Step>, RunError> {
        let at = self.state.steps;
        if at >= self.schedule.steps {
            return Ok(None);
        }
        let model = self.state.weights.model(self.numerics);
        let text = |source| RunError::Text { of: "to learn from", source };
        let samples = |batch: &Vec<usize>| batch.iter().map(|at| self.lesson.learned_from[*at].clone()).collect::<Vec<Sample>>();
        let batches: Result<Vec<_>, _> =
            self.plan[at as usize].iter().map(|batch| Batch::new(&model, &samples(batch)).map_err(text)).collect();
        let batches = batches?;
        let learned: usize = batches.iter().map(Batch::learned).sum();
        let teaching = Teaching { times: 1.0 / learned as f32, dropout: 0.0, seed: 0, memory: Memory::Keep };
        let mut found = self.state.weights.zeros();
        let mut sum = 0.0;
        for batch in &batches {
            sum += whole_gradients(&model, batch, teaching, (&mut found, &mut self.workspace)).map_err(text)?;
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
        let every = self.schedule.steps.div_ceil(self.recipe.trials.max(1));
        let tried = self.state.steps.is_multiple_of(every) || self.state.steps == self.schedule.steps;
        let trial = if tried { Some(self.tried()?) } else { None };
        Ok(Some(Step { step: at + 1, loss, gradient, rate, tokens: batches.iter().map(Batch::rows).sum(), trial }))
    }

    /// Tries the texts kept back.
    fn tried(&mut self) -> Result<f64, RunError> {
        let model = self.state.weights.model(self.numerics);
        let found = mean_loss_in(&mut self.workspace, (&model, None), &self.lesson.kept_back, self.recipe.tokens_at_once)
            .map_err(|source| RunError::Text { of: "kept back", source })?;
        if !found.is_finite() {
            return Err(RunError::NoNumber { step: self.state.steps });
        }
        self.state.trials.push((self.state.steps, found));
        Ok(found)
    }
}
