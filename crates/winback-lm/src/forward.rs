//! One step of the model over a ragged batch.
//!
//! A batch is a list of [`Piece`]s, each the next tokens of one sequence: a whole prompt, a part of one, or the one
//! token said last. Nothing is padded. Pieces of the same adapter are put side by side, so that its two small matrices
//! see all their rows at once. What comes out for a piece does not depend on the others, bit for bit.
use crate::adapter::Adapter;
use crate::cache::Cache;
use crate::config::Config;
use crate::kernels::{Attention, History, Linear, Rope, add, rms_norm, silu_mul};
use crate::model::{Layer, Model};
use crate::shape::Projection;
use std::ops::Range;

/// The next tokens of one sequence.
#[derive(Debug)]
pub struct Piece<'a> {
    /// What the sequence has said so far; the tokens are added.
    pub cache: &'a mut Cache,
    /// The tokens, at least one.
    pub tokens: &'a [u32],
    /// The adapter, `None` for the base model.
    pub adapter: Option<&'a Adapter>,
    /// What is asked for.
    pub want: Want,
}

/// Which rows of a piece are given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// None: the piece only fills its cache.
    Nothing,
    /// That of its last token.
    Last,
    /// Those of all its tokens.
    All,
}

/// The rows that were asked for, after the final norm.
#[derive(Clone, Debug, PartialEq)]
pub struct Hidden {
    /// The rows, `[rows, hidden_size]`, in the order of the pieces.
    pub rows: Vec<f32>,
    /// Which rows belong to which piece.
    pub of_piece: Vec<Range<usize>>,
}

/// Why a step was not taken. No cache has changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ForwardError {
    /// A piece has no tokens.
    #[error("piece {piece} of the batch has no tokens; a prompt needs at least one")]
    NoTokens {
        /// Its place in the batch, counted from 0.
        piece: usize,
    },
    /// A token is not one of this model's.
    #[error("piece {piece} of the batch has the token {token}; the model has the tokens 0 to {last}")]
    UnknownToken {
        /// Its place in the batch, counted from 0.
        piece: usize,
        /// The token.
        token: u32,
        /// The model's last.
        last: usize,
    },
    /// A sequence would become longer than the model can read.
    #[error("piece {piece} of the batch would make its sequence {length} tokens long; the model reads {context}")]
    TooLong {
        /// Its place in the batch, counted from 0.
        piece: usize,
        /// How long it would be.
        length: usize,
        /// The most.
        context: usize,
    },
    /// A cache was made for a model of another shape.
    #[error("the cache of piece {piece} of the batch belongs to a model of another shape")]
    AnotherCache {
        /// Its place in the batch, counted from 0.
        piece: usize,
    },
    /// An adapter was loaded for another model.
    #[error("the adapter of piece {piece} of the batch belongs to another base model")]
    AnotherBase {
        /// Its place in the batch, counted from 0.
        piece: usize,
    },
    /// The model only embeds.
    #[error("this model has no output head; it embeds and cannot write")]
    NoHead,
}

impl Model {
    /// Takes one step for every piece and returns the rows that were asked for.
    pub fn forward(&self, pieces: &mut [Piece]) -> Result<Hidden, ForwardError> {
        self.forward_observed(pieces, &mut |_| {})
    }

    /// Returns the logits of rows of [`Hidden`], `[rows, vocab_size]`.
    pub fn logits(&self, rows: &[f32]) -> Result<Vec<f32>, ForwardError> {
        self.head.as_ref().map(|head| head.applied(rows)).ok_or(ForwardError::NoHead)
    }

    /// Returns what one text is after the embedding, after each layer but the last, and after the final norm, as
    /// `output_hidden_states` of transformers does: each `[tokens, hidden_size]`.
    pub fn hidden_states(&self, tokens: &[u32], adapter: Option<&Adapter>) -> Result<Vec<Vec<f32>>, ForwardError> {
        let mut cache = Cache::new(&self.config);
        let mut states = Vec::new();
        let piece = Piece { cache: &mut cache, tokens, adapter, want: Want::All };
        let hidden = self.forward_observed(&mut [piece], &mut |rows| states.push(rows.to_vec()))?;
        states.pop();
        states.push(hidden.rows);
        Ok(states)
    }

    fn forward_observed(&self, pieces: &mut [Piece], observe: &mut dyn FnMut(&[f32])) -> Result<Hidden, ForwardError> {
        pieces.iter().enumerate().try_for_each(|(at, piece)| self.check(at, piece))?;
        let plan = Plan::new(pieces, &self.config);
        let mut x = self.embed(pieces, &plan);
        observe(&x);
        for (index, layer) in self.layers.iter().enumerate() {
            self.attend(index, pieces, &plan, &mut x);
            self.feed_forward(index, layer, &plan, &mut x);
            observe(&x);
        }
        pieces.iter_mut().for_each(|piece| piece.cache.advance(piece.tokens.len()));
        Ok(self.asked_for(pieces, &plan, &x))
    }

    fn check(&self, at: usize, piece: &Piece) -> Result<(), ForwardError> {
        let config = &self.config;
        if piece.tokens.is_empty() {
            return Err(ForwardError::NoTokens { piece: at });
        }
        if let Some(token) = piece.tokens.iter().find(|token| **token as usize >= config.vocab_size) {
            return Err(ForwardError::UnknownToken { piece: at, token: *token, last: config.vocab_size - 1 });
        }
        if !piece.cache.fits(config) {
            return Err(ForwardError::AnotherCache { piece: at });
        }
        let length = piece.cache.len() + piece.tokens.len();
        if length > config.context {
            return Err(ForwardError::TooLong { piece: at, length, context: config.context });
        }
        match piece.adapter {
            Some(adapter) if adapter.base() != self.digest() => Err(ForwardError::AnotherBase { piece: at }),
            _ => Ok(()),
        }
    }

    fn embed(&self, pieces: &[Piece], plan: &Plan) -> Vec<f32> {
        let width = self.config.hidden_size;
        let mut x = vec![0.0; plan.positions.len() * width];
        let tokens = plan.order.iter().flat_map(|at| pieces[*at].tokens);
        for (row, token) in x.chunks_exact_mut(width).zip(tokens) {
            self.embedding.read_row(*token as usize, row);
        }
        x
    }

    fn attend(&self, index: usize, pieces: &mut [Piece], plan: &Plan, x: &mut [f32]) {
        let (config, layer) = (&self.config, &self.layers[index]);
        let mut normed = x.to_vec();
        rms_norm(&mut normed, &layer.attention_norm, config.rms_norm_eps);
        let mut queries = plan.project(index, layer, Projection::Q, &normed);
        let mut keys = plan.project(index, layer, Projection::K, &normed);
        let values = plan.project(index, layer, Projection::V, &normed);
        rms_norm(&mut queries, &layer.query_norm, config.rms_norm_eps);
        rms_norm(&mut keys, &layer.key_norm, config.rms_norm_eps);
        plan.rope.apply(&mut queries, config.heads);
        plan.rope.apply(&mut keys, config.kv_heads);
        for (at, rows) in plan.order.iter().zip(&plan.rows) {
            let part = rows.start * config.kv_dim()..rows.end * config.kv_dim();
            pieces[*at].cache.extend(index, &keys[part.clone()], &values[part]);
        }
        let attention = Attention { heads: config.heads, kv_heads: config.kv_heads, head_dim: config.head_dim };
        let taken = attention.apply(&queries, &plan.histories(index, pieces));
        add(x, &plan.project(index, layer, Projection::O, &taken));
    }

    fn feed_forward(&self, index: usize, layer: &Layer, plan: &Plan, x: &mut [f32]) {
        let mut normed = x.to_vec();
        rms_norm(&mut normed, &layer.mlp_norm, self.config.rms_norm_eps);
        let mut gate = plan.project(index, layer, Projection::Gate, &normed);
        let up = plan.project(index, layer, Projection::Up, &normed);
        silu_mul(&mut gate, &up);
        add(x, &plan.project(index, layer, Projection::Down, &gate));
    }

    fn asked_for(&self, pieces: &[Piece], plan: &Plan, x: &[f32]) -> Hidden {
        let width = self.config.hidden_size;
        let (mut rows, mut of_piece) = (Vec::new(), Vec::new());
        for (at, piece) in pieces.iter().enumerate() {
            let of = &plan.rows_of(at);
            let wanted = match piece.want {
                Want::Nothing => of.end..of.end,
                Want::Last => of.end - 1..of.end,
                Want::All => of.clone(),
            };
            let before = rows.len() / width;
            of_piece.push(before..before + wanted.len());
            rows.extend_from_slice(&x[wanted.start * width..wanted.end * width]);
        }
        rms_norm(&mut rows, &self.final_norm, self.config.rms_norm_eps);
        Hidden { rows, of_piece }
    }
}

/// How the rows of a batch lie in memory: pieces of the same adapter side by side.
struct Plan<'a> {
    /// The pieces, in the order of their rows.
    order: Vec<usize>,
    /// The rows of each piece of `order`.
    rows: Vec<Range<usize>>,
    /// The place of each row in its sequence.
    positions: Vec<usize>,
    /// Each adapter once, with its rows.
    groups: Vec<(&'a Adapter, Range<usize>)>,
    /// The turns of the positions.
    rope: Rope,
}

impl<'a> Plan<'a> {
    fn new(pieces: &[Piece<'a>], config: &Config) -> Self {
        let same = |a: Option<&Adapter>, b: Option<&Adapter>| match (a, b) {
            (Some(a), Some(b)) => std::ptr::eq(a, b),
            (None, None) => true,
            _ => false,
        };
        let first_like = |at: &usize| pieces.iter().position(|other| same(other.adapter, pieces[*at].adapter));
        let mut order: Vec<usize> = (0..pieces.len()).collect();
        order.sort_by_cached_key(first_like);
        let (mut rows, mut positions, mut groups) = (Vec::new(), Vec::new(), Vec::<(&Adapter, Range<usize>)>::new());
        for at in &order {
            let (piece, start) = (&pieces[*at], positions.len());
            positions.extend((0..piece.tokens.len()).map(|token| piece.cache.len() + token));
            let own = start..positions.len();
            match (piece.adapter, groups.last_mut()) {
                (Some(adapter), Some((last, group))) if std::ptr::eq(adapter, *last) => group.end = own.end,
                (Some(adapter), _) => groups.push((adapter, own.clone())),
                (None, _) => {}
            }
            rows.push(own);
        }
        let rope = Rope::new(config.head_dim, config.rope_theta, &positions);
        Self { order, rows, positions, groups, rope }
    }

    fn rows_of(&self, piece: usize) -> Range<usize> {
        self.order.iter().zip(&self.rows).find(|(at, _)| **at == piece).map_or(0..0, |(_, rows)| rows.clone())
    }

    /// Returns all rows through one matrix of a layer, with what their adapters add.
    fn project(&self, index: usize, layer: &Layer, which: Projection, x: &[f32]) -> Vec<f32> {
        let linear: &Linear = &layer.linears[which as usize];
        let mut out = linear.applied(x);
        for (adapter, rows) in &self.groups {
            let Some(lora) = adapter.lora(index, which) else { continue };
            let part = &x[rows.start * linear.inputs()..rows.end * linear.inputs()];
            lora.add(part, &mut out[rows.start * linear.outputs()..rows.end * linear.outputs()]);
        }
        out
    }

    /// Returns what each row may look at in a layer: its sequence up to and with itself.
    fn histories<'b>(&self, layer: usize, pieces: &'b [Piece]) -> Vec<History<'b>> {
        let of_piece = |(at, rows): (&usize, &Range<usize>)| {
            let (cache, positions) = (&*pieces[*at].cache, &self.positions[rows.clone()]);
            positions.iter().map(|position| cache.history(layer, position + 1)).collect::<Vec<_>>()
        };
        self.order.iter().zip(&self.rows).flat_map(of_piece).collect()
    }
}
