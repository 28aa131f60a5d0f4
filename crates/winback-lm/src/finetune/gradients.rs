//! The loss of a batch of texts, and its gradients by the weights of an adapter or of the whole model.
use super::head::{self, Ends, Gradient};
use super::layer::{Kept, Learner, Room, Work};
use super::lora::LoraWeights;
use super::sums::Dropout;
use super::whole::WholeWeights;
use crate::adapter::Lora;
use crate::config::Config;
use crate::kernels::{Level, Rope};
use crate::model::Model;
use std::ops::Range;

/// One text to learn from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// The text: prompt and reply.
    pub tokens: Vec<u32>,
    /// Which tokens are to be learned, one flag per token: those of the reply. The first token of a text cannot be.
    pub learned: Vec<bool>,
}

/// Texts that are learned from at once. They stand one behind the other and never see each other.
#[derive(Clone, Debug)]
pub struct Batch {
    tokens: Vec<u32>,
    /// The rows of each text.
    texts: Vec<Range<usize>>,
    /// Rows whose next token is learned, with that token.
    ends: Vec<(usize, u32)>,
}

/// Why a text cannot be learned from.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// There are not as many flags as tokens.
    #[error("text {text} has {tokens} tokens and {flags} flags of what is learned; each token needs one")]
    Flags {
        /// Its place in the batch, counted from 0.
        text: usize,
        /// How many tokens it has.
        tokens: usize,
        /// How many flags.
        flags: usize,
    },
    /// A text has no token that is learned.
    #[error("text {text} has no token to learn; its reply is empty, or all of it is masked")]
    NothingToLearn {
        /// Its place in the batch, counted from 0.
        text: usize,
    },
    /// A text is longer than the model can read.
    #[error("text {text} has {tokens} tokens; the model reads {context}")]
    TooLong {
        /// Its place in the batch, counted from 0.
        text: usize,
        /// How many tokens it has.
        tokens: usize,
        /// The most.
        context: usize,
    },
    /// A token is not one of the model's.
    #[error("text {text} has the token {token}; the model has the tokens 0 to {last}")]
    UnknownToken {
        /// Its place in the batch, counted from 0.
        text: usize,
        /// The token.
        token: u32,
        /// The model's last.
        last: usize,
    },
    /// The model only embeds.
    #[error("this model has no output head; it embeds and cannot be taught to write")]
    NoHead,
}

/// What is kept between the way there and the way back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Memory {
    /// What enters each half of a layer, and what attention was done with; gates and ups, which are the widest and two
    /// fifths of the work, are made a second time (Chen et al. 2016, "Training Deep Nets with Sublinear Memory Cost").
    Recompute,
    /// Everything: a seventh less work, for twice as much that is kept.
    Keep,
}

impl Batch {
    /// Puts texts one behind the other.
    pub fn new(model: &Model, samples: &[Sample]) -> Result<Self, BatchError> {
        let config = model.config();
        let mut batch = Self { tokens: Vec::new(), texts: Vec::new(), ends: Vec::new() };
        for (text, sample) in samples.iter().enumerate() {
            let (tokens, flags) = (sample.tokens.len(), sample.learned.len());
            if tokens != flags {
                return Err(BatchError::Flags { text, tokens, flags });
            }
            if tokens > config.context {
                return Err(BatchError::TooLong { text, tokens, context: config.context });
            }
            if let Some(token) = sample.tokens.iter().find(|token| **token as usize >= config.vocab_size) {
                return Err(BatchError::UnknownToken { text, token: *token, last: config.vocab_size - 1 });
            }
            // What stands behind the last token that is learned teaches nothing.
            let Some(last) = (1..tokens).rev().find(|at| sample.learned[*at]) else {
                return Err(BatchError::NothingToLearn { text });
            };
            let start = batch.tokens.len();
            batch.tokens.extend(&sample.tokens[..last]);
            batch.texts.push(start..start + last);
            batch.ends.extend((1..=last).filter(|at| sample.learned[*at]).map(|at| (start + at - 1, sample.tokens[at])));
        }
        Ok(batch)
    }

    /// Returns how many tokens are learned.
    pub fn learned(&self) -> usize {
        self.ends.len()
    }

    /// Returns how many rows go through the model.
    pub fn rows(&self) -> usize {
        self.tokens.len()
    }
}

/// Returns the sum of the losses of the tokens that are learned, in nats.
///
/// # Panics
/// Where the memory is for models of another shape.
pub fn loss(model: &Model, weights: Option<&LoraWeights>, batch: &Batch, workspace: &mut Workspace) -> Result<f64, BatchError> {
    let none = LoraWeights::none(model);
    let pass = Pass::new(model, weights.unwrap_or(&none), batch, Dropout { share: 0.0, seed: 0 });
    let Workspace { room, head, layers, .. } = workspace.of(model);
    // All layers share the memory of the first.
    layers.resize_with(layers.len().max(2), Passed::default);
    let (first, rest) = layers.split_at_mut(1);
    let (Passed { x, kept }, after) = (&mut first[0], &mut rest[0].x);
    pass.embed(x);
    for layer in 0..model.layers.len() {
        after.resize(x.len(), 0.0);
        pass.work(layer, Memory::Recompute).there(x, after, kept, room);
        std::mem::swap(x, after);
    }
    let rows = pass.rows_that_learn(x);
    Ok(pass.ends(&rows, &pass.next())?.loss(None, head))
}

/// Memory that one batch after the other is learned from in, so that none has to be asked for anew. Nothing is told by what
/// stands in it.
#[derive(Debug)]
pub struct Workspace {
    /// For which models.
    of: (Config, Level),
    room: Room,
    head: head::Room,
    /// What is kept of each layer, and what left the last one.
    layers: Vec<Passed>,
}

/// What entered a layer, and what is kept of it.
#[derive(Debug, Default)]
struct Passed {
    x: Vec<f32>,
    kept: Kept,
}

impl Workspace {
    /// Returns memory for models of a shape, which grows as it is needed.
    pub fn new(model: &Model) -> Self {
        let level = model.numerics.level;
        let of = (model.config.clone(), level);
        Self { of, room: Room::new(&model.config, level), head: head::Room::new(level), layers: Vec::new() }
    }

    /// Returns itself for a model that it is for.
    fn of(&mut self, model: &Model) -> &mut Self {
        let Self { of: (config, level), .. } = self;
        assert!(*config == model.config && *level == model.numerics.level, "memory for models of another shape");
        self
    }
}

/// How a batch is learned from.
#[derive(Clone, Copy, Debug)]
pub struct Teaching {
    /// What the loss is multiplied with: one over the tokens that are learned in the whole step.
    pub times: f32,
    /// The share of numbers that adapters leave out.
    pub dropout: f32,
    /// What the draw of these depends on.
    pub seed: u64,
    /// What is kept between the way there and the way back.
    pub memory: Memory,
}

/// Adds the gradients of `times` the sum of losses to `gradients`, and returns that sum, not multiplied.
///
/// # Panics
/// Where the memory is for models of another shape.
pub fn gradients(
    model: &Model,
    weights: &LoraWeights,
    batch: &Batch,
    teaching: Teaching,
    (gradients, workspace): (&mut LoraWeights, &mut Workspace),
) -> Result<f64, BatchError> {
    Pass::new(model, weights, batch, Dropout { share: teaching.dropout, seed: teaching.seed }).there_and_back(
        teaching,
        &mut Learners::Adapter(gradients),
        workspace,
    )
}

/// Does the same for all weights of a model; `model` is [`WholeWeights::model`] of these weights. Nothing is left out.
pub fn whole_gradients(
    model: &Model,
    batch: &Batch,
    teaching: Teaching,
    (gradients, workspace): (&mut WholeWeights, &mut Workspace),
) -> Result<f64, BatchError> {
    let none = LoraWeights::none(model);
    Pass::new(model, &none, batch, Dropout { share: 0.0, seed: 0 }).there_and_back(teaching, &mut Learners::Whole(gradients), workspace)
}

/// Where gradients are added.
enum Learners<'a> {
    Adapter(&'a mut LoraWeights),
    Whole(&'a mut WholeWeights),
}

impl Learners<'_> {
    fn of_layer(&mut self, layer: usize) -> Learner<'_> {
        match self {
            Self::Adapter(weights) => Learner::Adapter(&mut weights.layers[layer]),
            Self::Whole(weights) => Learner::Whole(&mut weights.layers[layer]),
        }
    }

    fn whole(&mut self) -> Option<&mut WholeWeights> {
        match self {
            Self::Adapter(_) => None,
            Self::Whole(weights) => Some(weights),
        }
    }
}

/// A batch on its way through a model.
struct Pass<'a> {
    model: &'a Model,
    loras: Vec<[Option<Lora>; 4]>,
    batch: &'a Batch,
    rope: Rope,
    dropout: Dropout,
}

impl<'a> Pass<'a> {
    fn new(model: &'a Model, weights: &LoraWeights, batch: &'a Batch, dropout: Dropout) -> Self {
        let positions: Vec<usize> = batch.texts.iter().flat_map(|text| 0..text.len()).collect();
        // Rows are gone through with its instructions.
        model.numerics.level.held();
        let rope = Rope::new(model.config.head_dim, model.config.rope_theta, &positions);
        Self { model, loras: weights.loras(model.numerics.at_least_bf16()), batch, rope, dropout }
    }

    /// Adds the gradients to those of what learns, and returns the sum of the losses.
    fn there_and_back(&self, teaching: Teaching, learners: &mut Learners<'_>, workspace: &mut Workspace) -> Result<f64, BatchError> {
        let Workspace { room, head, layers: passed, .. } = workspace.of(self.model);
        let layers = self.model.layers.len();
        passed.resize_with(layers + 1, Passed::default);
        self.embed(&mut passed[0].x);
        for layer in 0..layers {
            let (before, rest) = passed.split_at_mut(layer + 1);
            let (Passed { x, kept }, after) = (&mut before[layer], &mut rest[0].x);
            after.resize(x.len(), 0.0);
            self.work(layer, teaching.memory).there(x, after, kept, room);
        }
        let (rows, next) = (self.rows_that_learn(&passed[layers].x), self.next());
        let mut by_rows = Vec::with_capacity(rows.len());
        let gradient = Gradient { times: teaching.times, by_rows: &mut by_rows, whole: learners.whole() };
        let sum = self.ends(&rows, &next)?.loss(Some(gradient), head);
        let mut gradient = self.spread(&by_rows);
        for (layer, Passed { x, kept }) in passed[..layers].iter().enumerate().rev() {
            self.work(layer, teaching.memory).back(x, kept, (&mut gradient, &mut learners.of_layer(layer)), room);
        }
        if let Some(whole) = learners.whole() {
            self.by_embedding(&gradient, &mut whole.embedding);
        }
        Ok(sum)
    }

    /// Adds the gradients of the rows that tokens began with to those of the tokens' rows.
    fn by_embedding(&self, gradient: &[f32], embedding: &mut [f32]) {
        let width = self.width();
        for (gradient, token) in gradient.chunks_exact(width).zip(&self.batch.tokens) {
            let own = &mut embedding[*token as usize * width..][..width];
            own.iter_mut().zip(gradient).for_each(|(own, gradient)| *own += gradient);
        }
    }

    fn width(&self) -> usize {
        self.model.config.hidden_size
    }

    /// Writes the rows that tokens begin with.
    fn embed(&self, x: &mut Vec<f32>) {
        x.resize(self.batch.rows() * self.width(), 0.0);
        for (row, token) in x.chunks_exact_mut(self.width()).zip(&self.batch.tokens) {
            self.model.embedding.read_row(*token as usize, row);
        }
    }

    fn work(&self, layer: usize, memory: Memory) -> Work<'_> {
        let dropout = Dropout { seed: self.dropout.seed.wrapping_mul(0x9E37_79B9).wrapping_add(layer as u64), ..self.dropout };
        Work {
            model: self.model,
            layer: &self.model.layers[layer],
            loras: &self.loras[layer],
            rope: &self.rope,
            texts: &self.batch.texts,
            dropout,
            memory,
        }
    }

    fn next(&self) -> Vec<u32> {
        self.batch.ends.iter().map(|(_, next)| *next).collect()
    }

    fn rows_that_learn(&self, x: &[f32]) -> Vec<f32> {
        self.batch.ends.iter().flat_map(|(row, _)| &x[row * self.width()..(row + 1) * self.width()]).copied().collect()
    }

    fn ends<'b>(&'b self, x: &'b [f32], next: &'b [u32]) -> Result<Ends<'b>, BatchError> {
        let head = self.model.head.as_ref().ok_or(BatchError::NoHead)?;
        Ok(Ends { model: self.model, head, x, next })
    }

    /// Puts gradients of the rows that learn among zeros for the others.
    fn spread(&self, by_ends: &[f32]) -> Vec<f32> {
        let mut gradient = vec![0.0; self.batch.rows() * self.width()];
        for ((row, _), own) in self.batch.ends.iter().zip(by_ends.chunks_exact(self.width())) {
            gradient[row * self.width()..(row + 1) * self.width()].copy_from_slice(own);
        }
        gradient
    }
}
