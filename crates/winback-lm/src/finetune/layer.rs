//! One layer, there and back. Rows go through it in chunks, several side by side: each chunk by itself from product to
//! product, so that what passes between two of them stays in the caches. Only attention sees all rows of a text.
use super::attention::{Attention, Looks};
use super::desks::{Desks, side_by_side};
use super::gradients::Memory;
use super::lora::{self, Group};
use super::sums::{Columns, Dropout, rms_norm_back, rms_norm_by_weight};
use super::ways::{self, Part, Row, Rows, Way};
use super::whole::LayerWeights;
use crate::adapter::Lora;
use crate::config::Config;
use crate::kernels::{
    Inputs, Level, Numerics, Output, Rope, for_rows, products, wide_by_gates, wide_by_ups, wide_head_back, wide_norm_row_into,
    wide_silu_mul,
};
use crate::model::{Layer, Model};
use crate::shape::Fused;
use std::ops::Range;

/// How many numbers pass between two products at once.
const NUMBERS_AT_ONCE: usize = 3 << 20;
/// How many gates of a row are gone through at once.
const GATES_AT_ONCE: usize = 512;

/// A layer at work: its frozen weights, what an adapter adds, and where the rows stand.
pub(super) struct Work<'a> {
    pub(super) model: &'a Model,
    pub(super) layer: &'a Layer,
    pub(super) loras: &'a [Option<Lora>; 4],
    pub(super) rope: &'a Rope,
    pub(super) texts: &'a [Range<usize>],
    /// What adapters leave out here; each of the four products draws for itself.
    pub(super) dropout: Dropout,
    /// Whether gates and ups are kept for the way back, or made a second time.
    pub(super) memory: Memory,
}

/// Where the gradients by what learns in a layer are added.
pub(super) enum Learner<'a> {
    /// An adapter's weights learn, the layer's own stay.
    Adapter(&'a mut [Option<Group>; 4]),
    /// The layer's own weights learn.
    Whole(&'a mut LayerWeights),
}

impl Learner<'_> {
    /// Does some work for each of some chunks, which learns in some of the four products. Where an adapter learns they are gone
    /// through side by side, each with gradients of its own, which are added one after the other; those of a whole layer are
    /// too many to be there several times.
    fn for_each<T: Send>(&mut self, chunks: Vec<T>, which: &[Fused], work: impl Fn(T, &mut Learner<'_>) + Sync) {
        match self {
            Self::Adapter(own) if chunks.len() > 1 => {
                let mut parts: Vec<_> = chunks.iter().map(|_| lora::zeros(own, which)).collect();
                let pieces = chunks.into_iter().zip(&mut parts).collect();
                side_by_side(pieces, |(chunk, part)| work(chunk, &mut Learner::Adapter(part)));
                parts.iter().for_each(|part| lora::add(own, part));
            }
            _ => chunks.into_iter().for_each(|chunk| work(chunk, self)),
        }
    }
}

/// What the way back needs to know of the way there. In a model of bf16 or 8 bits it is kept, and went on, as bf16. Memory
/// that is there already is used again.
#[derive(Debug, Default)]
pub(super) struct Kept {
    rows_at_once: usize,
    /// Before the norm of heads and the turn, `[rows, q_dim + 2 * kv_dim]`, by chunk.
    qkv: Vec<Inputs>,
    /// The rest, by chunk.
    rest: Vec<KeptRows>,
    /// The logarithm of the sum of each query's weights, by text, key head, row and query head.
    pub(super) log_sums: Vec<f32>,
}

/// What is kept of some rows.
#[derive(Debug, Default)]
struct KeptRows {
    /// What attention took, `[rows, q_dim]`.
    taken: Inputs,
    /// Between the two halves, `[rows, hidden_size]`.
    middle: Vec<f32>,
    /// Gates and ups, `[rows, 2 * intermediate_size]`; empty where they are made a second time.
    both: Inputs,
}

impl Kept {
    /// Writes some columns of a row's queries, keys and values.
    pub(super) fn read_qkv(&self, level: Level, row: usize, columns: Range<usize>, into: &mut [f32]) {
        self.qkv[row / self.rows_at_once].read(level, row % self.rows_at_once, columns, into);
    }

    /// Writes some columns of what a row took.
    pub(super) fn read_taken(&self, level: Level, row: usize, columns: Range<usize>, into: &mut [f32]) {
        self.rest[row / self.rows_at_once].taken.read(level, row % self.rows_at_once, columns, into);
    }
}

/// Memory that all layers use, one after the other.
#[derive(Debug)]
pub(super) struct Room {
    level: Level,
    /// What chunks are gone through with.
    desks: Desks<Desk>,
    /// The gradient by what was taken of all rows.
    by_taken: Vec<f32>,
    looks: Looks,
    ways: [Way; 4],
}

/// What one chunk is gone through with.
#[derive(Debug)]
struct Desk {
    of_base: Inputs,
    of_adapter: Inputs,
    down: Vec<f32>,
    /// Gates and ups that are not kept.
    both: Inputs,
    by_opened: Vec<f32>,
    by_normed: Vec<f32>,
    /// Queries, keys and values and the gradient by them, where the norms of heads learn.
    heads: Vec<f32>,
    by_heads: Vec<f32>,
    back: ways::Room,
}

impl Room {
    pub(super) fn new(config: &Config, level: Level) -> Self {
        let ways = Fused::ALL.map(|which| Way::new(which, config, level));
        Self { level, desks: Desks::default(), by_taken: Vec::new(), looks: Looks::default(), ways }
    }
}

impl Desk {
    fn new(level: Level) -> Self {
        let (inputs, floats) = (|| Inputs::default(), || Vec::new());
        Self {
            of_base: inputs(),
            of_adapter: inputs(),
            down: floats(),
            both: inputs(),
            by_opened: floats(),
            by_normed: floats(),
            heads: floats(),
            by_heads: floats(),
            back: ways::Room::new(level),
        }
    }
}

/// Where the results of a product go.
enum To<'a> {
    /// They are added to a table.
    Added(&'a mut [f32]),
    /// They are kept as they are rounded.
    Rounded(&'a mut Inputs),
}

impl Work<'_> {
    fn config(&self) -> &Config {
        self.model.config()
    }

    fn level(&self) -> Level {
        self.model.numerics().level
    }

    fn eps(&self) -> f32 {
        self.config().rms_norm_eps
    }

    /// Returns the numbers that are kept, and that adapters compute with.
    fn numerics(&self) -> Numerics {
        self.model.numerics().at_least_bf16()
    }

    fn width(&self) -> usize {
        self.config().q_dim() + 2 * self.config().kv_dim()
    }

    fn hidden(&self) -> usize {
        self.config().hidden_size
    }

    fn rows_at_once(&self) -> usize {
        rows_at_once(self.config())
    }

    /// Returns the rows of each chunk.
    fn chunks(&self, x: &[f32]) -> Vec<Range<usize>> {
        let (rows, at_once) = (x.len() / self.hidden(), self.rows_at_once());
        (0..rows).step_by(at_once).map(|start| start..rows.min(start + at_once)).collect()
    }

    /// Returns the numbers of some rows.
    fn of(&self, rows: &Range<usize>) -> Range<usize> {
        rows.start * self.hidden()..rows.end * self.hidden()
    }

    /// Takes rows, `[rows, hidden_size]`, through the layer; `after` is what leaves it.
    pub(super) fn there(&self, x: &[f32], after: &mut [f32], kept: &mut Kept, room: &mut Room) {
        let (chunks, level) = (self.chunks(x), self.level());
        kept.rows_at_once = self.rows_at_once();
        kept.qkv.resize_with(chunks.len().max(kept.qkv.len()), Inputs::default);
        side_by_side(chunks.iter().zip(&mut kept.qkv).collect(), |(rows, qkv)| {
            let normed = self.normed(&x[self.of(rows)], &self.layer.attention_norm);
            room.desks.with(|| Desk::new(level), |desk| self.product((Fused::Qkv, rows), &normed, To::Rounded(qkv), desk));
        });
        kept.log_sums = self.attention(kept).look(&mut room.looks);
        // Attention looks at what is kept while the rest of it is written.
        let mut rest = std::mem::take(&mut kept.rest);
        rest.resize_with(chunks.len().max(rest.len()), KeptRows::default);
        let (attention, Room { desks, looks, .. }) = (self.attention(kept), &*room);
        let each = chunks.iter().zip(&mut rest).zip(after.chunks_mut(self.rows_at_once() * self.hidden()));
        side_by_side(each.collect(), |((rows, own), after)| {
            let taken = |row: usize, out: &mut [f32]| attention.taken(looks, rows.start + row, out);
            own.taken.fill_rows(level, (rows.len(), self.config().q_dim()), self.numerics().precision, taken);
            own.middle.clear();
            own.middle.extend_from_slice(&x[self.of(rows)]);
            desks.with(|| Desk::new(level), |desk| self.half(rows, own, after, desk));
        });
        kept.rest = rest;
    }

    /// Takes some rows through what follows attention.
    fn half(&self, rows: &Range<usize>, KeptRows { taken, middle, both }: &mut KeptRows, after: &mut [f32], desk: &mut Desk) {
        let (level, width) = (self.level(), self.config().intermediate_size);
        let read = |row: usize, out: &mut [f32]| taken.read(level, row, 0..taken.inputs(), out);
        self.product((Fused::O, rows), &read, To::Added(middle), desk);
        let mut unkept = std::mem::take(&mut desk.both);
        let both = if self.memory == Memory::Keep { both } else { &mut unkept };
        self.open_gates(rows, middle, both, desk);
        after.copy_from_slice(middle);
        self.product((Fused::Down, rows), &|row, out| opened(level, (both, width), row, out), To::Added(after), desk);
        desk.both = unkept;
    }

    /// Makes gates and ups of some rows.
    fn open_gates(&self, rows: &Range<usize>, middle: &[f32], both: &mut Inputs, desk: &mut Desk) {
        let normed = self.normed(middle, &self.layer.mlp_norm);
        self.product((Fused::GateUp, rows), &normed, To::Rounded(both), desk);
    }

    fn attention<'b>(&'b self, kept: &'b Kept) -> Attention<'b> {
        let Self { layer, rope, texts, .. } = self;
        Attention { config: self.config(), numerics: self.numerics(), layer, rope, kept, texts }
    }

    /// Returns what writes rows as they are normed.
    fn normed<'b>(&self, x: &'b [f32], weight: &'b [f32]) -> impl Fn(usize, &mut [f32]) + Sync + use<'b> {
        let (level, eps, width) = (self.level(), self.eps(), self.hidden());
        move |row, out| wide_norm_row_into(level, &x[row * width..(row + 1) * width], weight, eps, out)
    }

    fn dropout(&self, which: Fused) -> Dropout {
        Dropout { seed: self.dropout.seed.wrapping_mul(4).wrapping_add(which as u64), ..self.dropout }
    }

    /// Takes rows through one of the four products with what the adapter adds.
    fn product(&self, (which, rows): (Fused, &Range<usize>), x: Row, to: To, desk: &mut Desk) {
        let (level, linear, count) = (self.level(), &self.layer.linears[which as usize], rows.len());
        let Desk { of_base, of_adapter, down, .. } = desk;
        of_base.fill_rows(level, (count, linear.inputs()), linear.precision(), x);
        let (lora, dropout) = (self.loras[which as usize].as_ref(), self.dropout(which));
        let parted = lora.map_or_else(Vec::new, |lora| {
            let same = dropout.share <= 0.0 && lora.down.precision() == linear.precision();
            if !same {
                of_adapter.fill_rows(level, (count, linear.inputs()), lora.down.precision(), |row, out| {
                    x(row, out);
                    dropout.leave_out(level, rows.start + row, out);
                });
            }
            down.resize(count * lora.down.outputs(), 0.0);
            let table = Output { table: down, stride: lora.down.outputs(), add: None };
            lora.down.apply_to(if same { of_base } else { of_adapter }, 0..count, table);
            lora.parted(down)
        });
        let all = 0..count;
        let added = lora.into_iter().flat_map(|lora| lora.added(&parted, &all)).collect();
        products(vec![match to {
            To::Added(table) => linear.job(of_base, 0..count, Output { table, stride: linear.outputs(), add: Some(1.0) }, added),
            To::Rounded(into) => linear.job_into(of_base, 0..count, (into, self.numerics().precision), added),
        }]);
    }

    /// Makes the gradient by what left the layer that by what came in, and adds those by what learns.
    pub(super) fn back(&self, x: &[f32], kept: &Kept, (gradient, learner): (&mut [f32], &mut Learner<'_>), room: &mut Room) {
        let (hidden, q_dim, at_once, level) = (self.hidden(), self.config().q_dim(), self.rows_at_once(), room.level);
        for (way, (linear, lora)) in room.ways.iter_mut().zip(self.layer.linears.iter().zip(self.loras)) {
            way.turn(linear, lora.as_ref());
        }
        let chunks = self.chunks(x);
        room.by_taken.resize(x.len() / hidden * q_dim, 0.0);
        let Room { desks, ways, looks, by_taken, .. } = room;
        let each = chunks.iter().zip(&kept.rest).zip(gradient.chunks_mut(at_once * hidden).zip(by_taken.chunks_mut(at_once * q_dim)));
        learner.for_each(each.collect(), &[Fused::O, Fused::GateUp, Fused::Down], |((rows, own), (gradient, by_taken)), learner| {
            desks.with(|| Desk::new(level), |desk| self.half_back((rows, own, ways), (gradient, by_taken), learner, desk));
        });
        let attention = self.attention(kept);
        attention.back(by_taken, looks);
        let looks = &*looks;
        let each = chunks.iter().zip(gradient.chunks_mut(at_once * hidden));
        learner.for_each(each.collect(), &[Fused::Qkv], |(rows, gradient), learner| {
            let seen = Seen { attention: &attention, looks, kept };
            desks.with(|| Desk::new(level), |desk| self.heads_back((rows, &x[self.of(rows)], ways), seen, (gradient, learner), desk));
        });
    }

    /// Goes back through what follows attention with some rows.
    fn half_back(
        &self,
        (rows, own, ways): (&Range<usize>, &KeptRows, &[Way; 4]),
        (gradient, by_taken): (&mut [f32], &mut [f32]),
        learner: &mut Learner<'_>,
        desk: &mut Desk,
    ) {
        let (level, width, hidden) = (self.level(), self.config().intermediate_size, self.hidden());
        let KeptRows { taken, middle, both } = own;
        let mut again = std::mem::take(&mut desk.both);
        let both = match self.memory {
            Memory::Keep => both,
            Memory::Recompute => {
                self.open_gates(rows, middle, &mut again, desk);
                &again
            }
        };
        let Desk { by_opened, by_normed, back, .. } = desk;
        by_opened.resize(rows.len() * width, 0.0);
        by_normed.resize(middle.len(), 0.0);
        let opened = |row: usize, out: &mut [f32]| opened(level, (both, width), row, out);
        let by_after = |row: usize, columns: Range<usize>, out: &mut [f32]| copy(gradient, hidden, (row, columns), out);
        self.product_back((&ways[Fused::Down as usize], rows), (&opened, &by_after), learner, (by_opened, back));
        let by_both = |row: usize, columns: Range<usize>, out: &mut [f32]| by_gates_or_ups(level, (both, by_opened), (row, columns), out);
        let normed = self.normed(middle, &self.layer.mlp_norm);
        self.product_back((&ways[Fused::GateUp as usize], rows), (&normed, &by_both), learner, (by_normed, back));
        self.norm_back(middle, Fused::GateUp, (gradient, learner), by_normed);
        let read = |row: usize, out: &mut [f32]| taken.read(level, row, 0..taken.inputs(), out);
        let by_middle = |row: usize, columns: Range<usize>, out: &mut [f32]| copy(gradient, hidden, (row, columns), out);
        self.product_back((&ways[Fused::O as usize], rows), (&read, &by_middle), learner, (by_taken, back));
        desk.both = again;
    }

    /// Goes back from what attention looked with to what came in, with some rows.
    fn heads_back(
        &self,
        (rows, x, ways): (&Range<usize>, &[f32], &[Way; 4]),
        seen: Seen<'_>,
        (gradient, learner): (&mut [f32], &mut Learner<'_>),
        desk: &mut Desk,
    ) {
        if let Learner::Whole(own) = learner {
            self.by_head_norms((rows, seen), own, desk);
        }
        let Desk { by_normed, back, .. } = desk;
        by_normed.resize(x.len(), 0.0);
        let by_heads = |row: usize, columns: Range<usize>, out: &mut [f32]| self.by_heads(seen, rows.start + row, columns, out);
        let normed = self.normed(x, &self.layer.attention_norm);
        self.product_back((&ways[Fused::Qkv as usize], rows), (&normed, &by_heads), learner, (by_normed, back));
        self.norm_back(x, Fused::Qkv, (gradient, learner), by_normed);
    }

    /// Adds the gradient by what is normed before a product to `gradient`, and that by the norm's weight where it learns.
    fn norm_back(&self, x: &[f32], before: Fused, (gradient, learner): (&mut [f32], &mut Learner<'_>), by_normed: &[f32]) {
        let qkv = before == Fused::Qkv;
        let weight = if qkv { &self.layer.attention_norm } else { &self.layer.mlp_norm };
        if let Learner::Whole(own) = learner {
            let by_weight = if qkv { &mut own.attention_norm } else { &mut own.mlp_norm };
            let all = Columns { first: 0, count: weight.len(), stride: weight.len() };
            rms_norm_by_weight(self.level(), (x, self.eps()), by_normed, all, by_weight);
        }
        rms_norm_back(self.level(), x, (weight, self.eps()), by_normed, gradient);
    }

    /// Writes some heads of the gradient by a row's queries, keys and values before the norm.
    fn by_heads(&self, Seen { attention, looks, kept }: Seen<'_>, row: usize, columns: Range<usize>, out: &mut [f32]) {
        let (config, level) = (self.config(), self.level());
        let (dim, heads) = (config.head_dim, config.heads);
        attention.by_turned(looks, row, &columns, out);
        let mut own = Vec::new();
        let normed = (columns.start / dim..heads + config.kv_heads).zip(out.chunks_exact_mut(dim));
        for (head, gradient) in normed {
            own.resize(dim, 0.0);
            let norm = if head < heads { &self.layer.query_norm } else { &self.layer.key_norm };
            kept.read_qkv(level, row, head * dim..(head + 1) * dim, &mut own);
            wide_head_back(level, &own, (norm, config.rms_norm_eps), gradient);
        }
    }

    /// Adds the gradients by the norms of heads.
    fn by_head_norms(&self, (rows, Seen { attention, looks, kept }): (&Range<usize>, Seen<'_>), own: &mut LayerWeights, desk: &mut Desk) {
        let (config, level, width) = (self.config(), self.level(), self.width());
        let Desk { heads, by_heads, .. } = desk;
        for table in [&mut *heads, &mut *by_heads] {
            table.resize(rows.len() * width, 0.0);
        }
        for_rows(heads, width, |(row, out)| kept.read_qkv(level, rows.start + row, 0..width, out));
        for_rows(by_heads, width, |(row, out)| attention.by_turned(looks, rows.start + row, &(0..width), out));
        let (q_dim, turned) = (config.q_dim(), config.q_dim() + config.kv_dim());
        for (first, end, by_norm) in [(0, q_dim, &mut own.query_norm), (q_dim, turned, &mut own.key_norm)] {
            let all = Columns { first, count: end - first, stride: width };
            rms_norm_by_weight(level, (heads, self.eps()), by_heads, all, by_norm);
        }
    }

    /// Writes the gradient by what went into a product from that by what came out, and adds those by what learns in it.
    fn product_back(
        &self,
        (way, rows): (&Way, &Range<usize>),
        (x, by_outputs): (Row, Part),
        learner: &mut Learner<'_>,
        (by_x, room): (&mut [f32], &mut ways::Room),
    ) {
        let rows =
            Rows { numerics: self.numerics(), first: rows.start, count: rows.len(), x, by_outputs, dropout: self.dropout(way.which) };
        way.back(&rows, self.loras[way.which as usize].as_ref(), learner, (by_x, room));
    }
}

/// Returns how many rows a chunk has.
pub(super) fn rows_at_once(config: &Config) -> usize {
    let widest = (config.q_dim() + 2 * config.kv_dim()).max(2 * config.intermediate_size);
    (NUMBERS_AT_ONCE / widest).clamp(64, 4096) / 4 * 4
}

/// What went on in attention.
#[derive(Clone, Copy)]
struct Seen<'a> {
    attention: &'a Attention<'a>,
    looks: &'a Looks,
    kept: &'a Kept,
}

/// Writes some columns of a row of a table.
fn copy(table: &[f32], width: usize, (row, columns): (usize, Range<usize>), out: &mut [f32]) {
    out.copy_from_slice(&table[row * width + columns.start..row * width + columns.end]);
}

/// Writes what a row's gates let through.
fn opened(level: Level, (both, width): (&Inputs, usize), row: usize, out: &mut [f32]) {
    let mut some = [0.0; 2 * GATES_AT_ONCE];
    for (at, out) in out.chunks_mut(GATES_AT_ONCE).enumerate() {
        let (first, count) = (at * GATES_AT_ONCE, out.len());
        both.read(level, row, first..first + count, &mut some[..count]);
        both.read(level, row, width + first..width + first + count, &mut some[count..2 * count]);
        wide_silu_mul(level, &some[..2 * count], out);
    }
}

/// Writes some columns of the gradient by a row's gates, or by its ups, from that by what they let through.
fn by_gates_or_ups(level: Level, (both, by_opened): (&Inputs, &[f32]), (row, columns): (usize, Range<usize>), out: &mut [f32]) {
    let width = both.inputs() / 2;
    let (mut gates, mut ups) = ([0.0; GATES_AT_ONCE], [0.0; GATES_AT_ONCE]);
    for (at, out) in out.chunks_mut(GATES_AT_ONCE).enumerate() {
        let (first, count) = (columns.start % width + at * GATES_AT_ONCE, out.len());
        let (gates, ups) = (&mut gates[..count], &mut ups[..count]);
        both.read(level, row, first..first + count, gates);
        let gradient = &by_opened[row * width + first..][..count];
        if columns.start >= width {
            wide_by_ups(level, gates, gradient, out);
        } else {
            both.read(level, row, width + first..width + first + count, ups);
            wide_by_gates(level, (gates, ups), gradient, out);
        }
    }
}
