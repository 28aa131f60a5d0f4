//! One step of the model over a ragged batch.
//!
//! A batch is a list of [`Piece`]s, each the next tokens of one sequence: a whole prompt, a part of one, or the one
//! token said last. Nothing is padded. Pieces of the same adapter are put side by side, so that its two small matrices
//! see all their rows at once. What comes out for a piece does not depend on the others, bit for bit.
use crate::adapter::{Adapter, Lora};
use crate::attend::Looks;
use crate::cache::{Cache, Prefix};
use crate::kernels::{Inputs, Linear, Output, Rope, for_rows, products, rms_norm, rms_norm_into, silu_mul};
use crate::model::{Layer, Model};
use crate::shape::Fused;
use std::ops::Range;
use std::sync::Arc;

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
    /// A cache was made for another model, or for one that computes in another way.
    #[error("the cache of piece {piece} of the batch belongs to another model")]
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
    /// A cache holds what was read with another adapter.
    #[error("what piece {piece} of the batch goes on with was read with another adapter")]
    AnotherAdapter {
        /// Its place in the batch, counted from 0.
        piece: usize,
    },
    /// The model only embeds.
    #[error("this model has no output head; it embeds and cannot write")]
    NoHead,
    /// What was computed is NaN or infinite.
    #[error("what the model computed is no number; its weights are damaged, or too large for this precision")]
    NoNumbers,
}

impl Model {
    /// Takes one step for every piece and returns the rows that were asked for.
    pub fn forward(&self, pieces: &mut [Piece]) -> Result<Hidden, ForwardError> {
        // Inside of the pool of threads, each part of the step begins at once.
        rayon::scope(|_| self.forward_observed(pieces, &mut |_| {}))
    }

    /// Returns the logits of rows of [`Hidden`], `[rows, vocab_size]`.
    pub fn logits(&self, rows: &[f32]) -> Result<Vec<f32>, ForwardError> {
        let mut logits = Vec::new();
        self.logits_into(rows, &mut logits)?;
        Ok(logits)
    }

    /// Writes the logits of rows of [`Hidden`] over what was there, `[rows, vocab_size]`; memory that is there already
    /// is used again.
    pub fn logits_into(&self, rows: &[f32], logits: &mut Vec<f32>) -> Result<(), ForwardError> {
        let head = self.head.as_ref().ok_or(ForwardError::NoHead)?;
        let mut inputs = Inputs::default();
        rayon::scope(|_| {
            head.take(rows, &mut inputs);
            logits.resize(inputs.rows() * head.outputs(), 0.0);
            head.apply_to(&inputs, 0..inputs.rows(), Output { table: logits, stride: head.outputs(), add: None });
        });
        Ok(())
    }

    /// Returns what one text is after the embedding, after each layer but the last, and after the final norm, as
    /// `output_hidden_states` of transformers does: each `[tokens, hidden_size]`.
    pub fn hidden_states(&self, tokens: &[u32], adapter: Option<&Adapter>) -> Result<Vec<Vec<f32>>, ForwardError> {
        let mut cache = Cache::new(self);
        let mut states = Vec::new();
        let piece = Piece { cache: &mut cache, tokens, adapter, want: Want::All };
        let hidden = self.forward_observed(&mut [piece], &mut |rows| states.push(rows.to_vec()))?;
        states.pop();
        states.push(hidden.rows);
        Ok(states)
    }

    fn forward_observed(&self, pieces: &mut [Piece], observe: &mut dyn FnMut(&[f32])) -> Result<Hidden, ForwardError> {
        pieces.iter().enumerate().try_for_each(|(at, piece)| self.check(at, piece))?;
        let plan = Plan::of(pieces);
        let rope = Rope::new(self.config.head_dim, self.config.rope_theta, &plan.positions);
        let mut room = Room { x: self.rows_of_tokens(pieces, &plan), ..Room::default() };
        observe(&room.x);
        for (index, layer) in self.layers.iter().enumerate() {
            self.look_back(index, pieces, (&plan, &rope), &mut room);
            self.feed_forward((index, layer), &plan, &mut room);
            observe(&room.x);
        }
        pieces.iter_mut().for_each(|piece| piece.cache.advance(piece.tokens, piece.adapter));
        Ok(self.asked_for(pieces, &plan, &room.x))
    }

    fn check(&self, at: usize, piece: &Piece) -> Result<(), ForwardError> {
        let config = &self.config;
        if piece.tokens.is_empty() {
            return Err(ForwardError::NoTokens { piece: at });
        }
        if let Some(token) = piece.tokens.iter().find(|token| **token as usize >= config.vocab_size) {
            return Err(ForwardError::UnknownToken { piece: at, token: *token, last: config.vocab_size - 1 });
        }
        if !piece.cache.fits(self) {
            return Err(ForwardError::AnotherCache { piece: at });
        }
        let length = piece.cache.len() + piece.tokens.len();
        if length > config.context {
            return Err(ForwardError::TooLong { piece: at, length, context: config.context });
        }
        match piece.adapter {
            Some(adapter) if !adapter.fits(self) => Err(ForwardError::AnotherBase { piece: at }),
            adapter if !piece.cache.is_read_with(adapter) => Err(ForwardError::AnotherAdapter { piece: at }),
            _ => Ok(()),
        }
    }

    fn rows_of_tokens(&self, pieces: &[Piece], plan: &Plan) -> Vec<f32> {
        let width = self.config.hidden_size;
        let mut x = vec![0.0; plan.positions.len() * width];
        let tokens = plan.order.iter().flat_map(|at| pieces[*at].tokens);
        for (row, token) in x.chunks_exact_mut(width).zip(tokens) {
            self.embedding.read_row(*token as usize, row);
        }
        x
    }

    /// Lets every row look at what its sequence has said, and adds what it takes from there.
    fn look_back(&self, index: usize, pieces: &mut [Piece], (plan, rope): (&Plan, &Rope), room: &mut Room) {
        let (config, layer, level) = (&self.config, &self.layers[index], self.numerics.level);
        let Room { x, normed, wide, narrow, forms, looks } = room;
        rms_norm_into(level, x, (&layer.attention_norm, config.rms_norm_eps), normed);
        let width = config.q_dim() + 2 * config.kv_dim();
        wide.resize(plan.positions.len() * width, 0.0);
        let out = Output { table: wide, stride: width, add: None };
        plan.project((index, layer), Fused::Qkv, (normed, forms), out);
        let heads = |(row, heads): (usize, &mut [f32])| {
            let (queries, rest) = heads.split_at_mut(config.q_dim());
            let keys = &mut rest[..config.kv_dim()];
            rms_norm(level, queries, &layer.query_norm, config.rms_norm_eps);
            rms_norm(level, keys, &layer.key_norm, config.rms_norm_eps);
            rope.apply(level, row, queries);
            rope.apply(level, row, keys);
        };
        for_rows(wide, width, heads);
        self.attend(index, pieces, (plan, wide), (looks, narrow));
        let out = Output { table: x, stride: config.hidden_size, add: Some(1.0) };
        plan.project((index, layer), Fused::O, (narrow, forms), out);
    }

    fn feed_forward(&self, (index, layer): (usize, &Layer), plan: &Plan, room: &mut Room) {
        let width = self.config.intermediate_size;
        let Room { x, normed, wide, narrow, forms, .. } = room;
        rms_norm_into(self.numerics.level, x, (&layer.mlp_norm, self.config.rms_norm_eps), normed);
        wide.resize(plan.positions.len() * 2 * width, 0.0);
        let out = Output { table: wide, stride: 2 * width, add: None };
        plan.project((index, layer), Fused::GateUp, (normed, forms), out);
        silu_mul(self.numerics.level, wide, width, narrow);
        let out = Output { table: x, stride: self.config.hidden_size, add: Some(1.0) };
        plan.project((index, layer), Fused::Down, (narrow, forms), out);
    }

    fn asked_for(&self, pieces: &[Piece], plan: &Plan, x: &[f32]) -> Hidden {
        let width = self.config.hidden_size;
        let (mut rows, mut of_piece) = (Vec::new(), Vec::new());
        for (at, piece) in pieces.iter().enumerate() {
            let of = &plan.of_piece[at];
            let wanted = match piece.want {
                Want::Nothing => of.end..of.end,
                Want::Last => of.end - 1..of.end,
                Want::All => of.clone(),
            };
            let before = rows.len() / width;
            of_piece.push(before..before + wanted.len());
            rows.extend_from_slice(&x[wanted.start * width..wanted.end * width]);
        }
        rms_norm(self.numerics.level, &mut rows, &self.final_norm, self.config.rms_norm_eps);
        Hidden { rows, of_piece }
    }
}

/// Memory that all layers of a step use, one after the other; what is written there takes the place of what was.
#[derive(Default)]
struct Room {
    /// What the rows are, `[rows, hidden_size]`.
    x: Vec<f32>,
    /// The same after a norm.
    normed: Vec<f32>,
    /// Queries, keys and values, or gates and ups.
    wide: Vec<f32>,
    /// What was taken by looking back, or let through the gates.
    narrow: Vec<f32>,
    forms: Forms,
    looks: Looks,
}

/// Rows as matrices take them, and as adapters do where that is another form.
#[derive(Default)]
struct Forms {
    of_base: Inputs,
    of_adapters: Inputs,
}

/// How the rows of a batch lie in memory: pieces of the same adapter side by side.
pub(crate) struct Plan<'a> {
    /// The pieces, in the order of their rows.
    pub(crate) order: Vec<usize>,
    /// The rows of each piece.
    pub(crate) of_piece: Vec<Range<usize>>,
    /// The piece of each row.
    pub(crate) owners: Vec<usize>,
    /// The place of each row in its sequence.
    pub(crate) positions: Vec<usize>,
    /// Each beginning that sequences share, once, with the rows that look at it.
    pub(crate) sharers: Vec<(Arc<Prefix>, Vec<usize>)>,
    /// The beginning of each row and its place among the rows that share it.
    pub(crate) begins: Vec<Option<(usize, usize)>>,
    /// Each adapter once, with its rows.
    groups: Vec<(&'a Adapter, Range<usize>)>,
}

impl<'a> Plan<'a> {
    fn of(pieces: &[Piece<'a>]) -> Self {
        let same = |a: Option<&Adapter>, b: Option<&Adapter>| match (a, b) {
            (Some(a), Some(b)) => std::ptr::eq(a, b),
            (None, None) => true,
            _ => false,
        };
        let first_like = |at: &usize| pieces.iter().position(|other| same(other.adapter, pieces[*at].adapter));
        let mut order: Vec<usize> = (0..pieces.len()).collect();
        order.sort_by_cached_key(first_like);
        let of_piece = vec![0..0; pieces.len()];
        let (owners, positions, sharers, begins, groups) = (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut plan = Self { order, of_piece, owners, positions, sharers, begins, groups };
        for at in plan.order.clone() {
            let (piece, start) = (&pieces[at], plan.positions.len());
            plan.positions.extend((0..piece.tokens.len()).map(|token| piece.cache.len() + token));
            let rows = start..plan.positions.len();
            plan.owners.extend(rows.clone().map(|_| at));
            match (piece.adapter, plan.groups.last_mut()) {
                (Some(adapter), Some((last, group))) if std::ptr::eq(adapter, *last) => group.end = rows.end,
                (Some(adapter), _) => plan.groups.push((adapter, rows.clone())),
                (None, _) => {}
            }
            plan.share(piece.cache.before(), &rows);
            plan.of_piece[at] = rows;
        }
        plan
    }

    /// Notes the beginning of some rows.
    fn share(&mut self, prefix: Option<&Arc<Prefix>>, rows: &Range<usize>) {
        let Some(prefix) = prefix else { return self.begins.extend(rows.clone().map(|_| None)) };
        let known = self.sharers.iter().position(|(other, _)| Arc::ptr_eq(other, prefix));
        let at = known.unwrap_or(self.sharers.len());
        if known.is_none() {
            self.sharers.push((prefix.clone(), Vec::new()));
        }
        let sharers = &mut self.sharers[at].1;
        self.begins.extend((0..rows.len()).map(|row| Some((at, sharers.len() + row))));
        sharers.extend(rows.clone());
    }

    /// Writes, or adds, all rows through some matrices of a layer, with what their adapters add.
    fn project(&self, (index, layer): (usize, &Layer), which: Fused, (x, forms): (&[f32], &mut Forms), out: Output<'_>) {
        let linear: &Linear = &layer.linears[which as usize];
        linear.take(x, &mut forms.of_base);
        let loras = self.groups.iter().filter_map(|(adapter, rows)| Some((adapter.lora(index, which)?, rows.clone())));
        let loras: Vec<(&Lora, Range<usize>)> = loras.collect();
        let Forms { of_base, of_adapters } = forms;
        // Adapters are never rounded to 8 bits.
        let of_adapters = match loras.first() {
            Some((first, _)) if first.down.precision() != linear.precision() => {
                first.down.take(x, of_adapters);
                of_adapters
            }
            _ => &*of_base,
        };
        let parted = come_down(&loras, of_adapters);
        let added = loras.iter().zip(&parted).flat_map(|((lora, rows), parted)| lora.added(parted, rows)).collect();
        products(vec![linear.job(of_base, 0..self.positions.len(), out, added)]);
    }
}

/// Returns what comes down of the rows of some adapters, all of them side by side, in the form in which it goes up.
fn come_down(loras: &[(&Lora, Range<usize>)], x: &Inputs) -> Vec<Vec<Inputs>> {
    let mut downs: Vec<Vec<f32>> = loras.iter().map(|(lora, rows)| vec![0.0; rows.len() * lora.down.outputs()]).collect();
    let jobs = loras
        .iter()
        .zip(&mut downs)
        .map(|((lora, rows), table)| lora.down.job(x, rows.clone(), Output { table, stride: lora.down.outputs(), add: None }, Vec::new()));
    products(jobs.collect());
    loras.iter().zip(&downs).map(|((lora, _), down)| lora.parted(down)).collect()
}
