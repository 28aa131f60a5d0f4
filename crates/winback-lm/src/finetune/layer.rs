//! One layer, there and back. What looks at one row at a time is done for some rows at once, so that what passes between
//! two products stays in the caches; only attention sees all rows of a text.
use super::attention::{Attention, Looks};
use super::lora::Group;
use super::sums::{Columns, Dropout, rms_norm_back, rms_norm_by_weight, silu_mul_back};
use super::ways::{self, Rows, Way};
use super::whole::LayerWeights;
use crate::adapter::Lora;
use crate::config::Config;
use crate::kernels::{Inputs, Level, Numerics, Output, Rope, for_rows, products, rms_norm, rms_norm_into, silu_mul, wide_head_back};
use crate::model::{Layer, Model};
use crate::shape::Fused;
use std::ops::Range;

/// How many numbers pass between two products at once.
pub(super) const NUMBERS_AT_ONCE: usize = 3 << 20;

/// A layer at work: its frozen weights, what an adapter adds, and where the rows stand.
pub(super) struct Work<'a> {
    pub(super) model: &'a Model,
    pub(super) layer: &'a Layer,
    pub(super) loras: &'a [Option<Lora>; 4],
    pub(super) rope: &'a Rope,
    pub(super) texts: &'a [Range<usize>],
    /// What adapters leave out here; each of the four products draws for itself.
    pub(super) dropout: Dropout,
}

/// Where the gradients by what learns in a layer are added.
pub(super) enum Learner<'a> {
    /// An adapter's weights learn, the layer's own stay.
    Adapter(&'a mut [Option<Group>; 4]),
    /// The layer's own weights learn.
    Whole(&'a mut LayerWeights),
}

/// What the way back needs to know of the way there. In a model of bf16 or 8 bits it is kept, and went on, as bf16.
#[derive(Debug, Default)]
pub(super) struct Kept {
    chunks: Vec<KeptRows>,
    rows_at_once: usize,
    /// The logarithm of the sum of each query's weights, by text, key head, row and query head.
    pub(super) log_sums: Vec<f32>,
}

/// That of some rows.
#[derive(Debug, Default)]
struct KeptRows {
    /// Before the norm of heads and the turn, `[rows, q_dim + 2 * kv_dim]`.
    qkv: Inputs,
    /// What attention took, `[rows, q_dim]`.
    taken: Inputs,
    /// Between the two halves, `[rows, hidden_size]`.
    middle: Vec<f32>,
    /// Gates and ups, `[rows, 2 * intermediate_size]`.
    both: Inputs,
}

impl Kept {
    /// Forgets what [`Work::again`] makes once more, so that another layer keeps its own in that memory: gates and ups, which
    /// are half of what is kept.
    pub(super) fn forget(&mut self) -> Spare {
        Spare(self.chunks.iter_mut().map(|own| std::mem::take(&mut own.both)).collect())
    }

    /// Takes memory for what it forgot.
    pub(super) fn take_back(&mut self, spare: Spare) {
        self.chunks.resize_with(self.chunks.len().max(spare.0.len()), KeptRows::default);
        self.chunks.iter_mut().zip(spare.0).for_each(|(own, both)| own.both = both);
    }

    /// Writes some columns of what a row took.
    pub(super) fn read_taken(&self, level: Level, row: usize, columns: Range<usize>, into: &mut [f32]) {
        self.chunks[row / self.rows_at_once].taken.read(level, row % self.rows_at_once, columns, into);
    }
}

/// Memory for gates and ups.
#[derive(Debug, Default)]
pub(super) struct Spare(Vec<Inputs>);

/// Memory that all layers use, one after the other.
#[derive(Debug)]
pub(super) struct Room {
    normed: Vec<f32>,
    /// Queries, keys and values of some rows, and the gradient by them.
    heads: Vec<f32>,
    by_heads: Vec<f32>,
    /// Gates and ups.
    both: Vec<f32>,
    by_both: Vec<f32>,
    /// What was taken.
    taken: Vec<f32>,
    /// What was let through the gates.
    opened: Vec<f32>,
    by_opened: Vec<f32>,
    by_normed: Vec<f32>,
    /// Queries, keys and values of all rows, turned by their positions.
    turned: Vec<f32>,
    /// The gradient by what was taken of all rows.
    by_taken: Vec<f32>,
    of_base: Inputs,
    of_adapter: Inputs,
    dropped: Vec<f32>,
    down: Vec<f32>,
    looks: Looks,
    ways: [Way; 4],
    back: ways::Room,
}

impl Room {
    pub(super) fn new(config: &Config, level: Level) -> Self {
        let floats = Vec::new;
        Self {
            normed: floats(),
            heads: floats(),
            by_heads: floats(),
            both: floats(),
            by_both: floats(),
            taken: floats(),
            opened: floats(),
            by_opened: floats(),
            by_normed: floats(),
            turned: floats(),
            by_taken: floats(),
            of_base: Inputs::default(),
            of_adapter: Inputs::default(),
            dropped: floats(),
            down: floats(),
            looks: Looks::default(),
            ways: Fused::ALL.map(|which| Way::new(which, config, level)),
            back: ways::Room::new(level),
        }
    }
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

    /// Returns how many rows pass between two products at once.
    fn rows_at_once(&self) -> usize {
        let widest = self.width().max(2 * self.config().intermediate_size);
        (NUMBERS_AT_ONCE / widest).clamp(64, 4096) / 4 * 4
    }

    /// Returns the rows in chunks.
    fn chunks(&self, x: &[f32]) -> impl Iterator<Item = Range<usize>> + use<> {
        let (rows, at_once) = (x.len() / self.config().hidden_size, self.rows_at_once());
        (0..rows).step_by(at_once).map(move |start| start..rows.min(start + at_once))
    }

    /// Returns the numbers of some rows.
    fn of(&self, rows: &Range<usize>) -> Range<usize> {
        rows.start * self.config().hidden_size..rows.end * self.config().hidden_size
    }

    /// Takes rows, `[rows, hidden_size]`, through the layer up to where the way back begins: to gates and ups.
    pub(super) fn there(&self, x: &[f32], kept: &mut Kept, room: &mut Room) {
        let (level, numerics, width, hidden) = (self.level(), self.numerics(), self.width(), self.config().hidden_size);
        let chunks: Vec<_> = self.chunks(x).collect();
        kept.chunks.resize_with(chunks.len(), KeptRows::default);
        kept.rows_at_once = self.rows_at_once();
        room.turned.resize(x.len() / hidden * width, 0.0);
        for (rows, own) in chunks.iter().zip(&mut kept.chunks) {
            self.open_heads(x, (rows, own), room);
            self.turn(&own.qkv, rows, room);
        }
        let Room { turned, looks, .. } = room;
        self.attention(turned).look(looks, &mut kept.log_sums);
        for (rows, own) in chunks.iter().zip(&mut kept.chunks) {
            self.attention(&room.turned).taken(&room.looks, rows, &mut room.taken);
            own.taken.fill(level, &room.taken, self.config().q_dim(), numerics.precision);
            own.middle.clear();
            own.middle.extend_from_slice(&x[self.of(rows)]);
            self.product((Fused::O, rows.start), Some(&mut own.middle), room);
            self.open_gates((rows, own), room);
        }
    }

    /// Makes once more what [`Kept::forget`] forgot.
    pub(super) fn again(&self, x: &[f32], kept: &mut Kept, room: &mut Room) {
        for (rows, own) in self.chunks(x).zip(&mut kept.chunks) {
            self.open_gates((&rows, own), room);
        }
    }

    /// Makes queries, keys and values of some rows.
    fn open_heads(&self, x: &[f32], (rows, own): (&Range<usize>, &mut KeptRows), room: &mut Room) {
        self.norm(&x[self.of(rows)], &self.layer.attention_norm, room);
        self.product((Fused::Qkv, rows.start), None, room);
        own.qkv.fill(self.level(), &room.heads, self.width(), self.numerics().precision);
    }

    /// Makes gates and ups of some rows.
    fn open_gates(&self, (rows, own): (&Range<usize>, &mut KeptRows), room: &mut Room) {
        self.norm(&own.middle, &self.layer.mlp_norm, room);
        self.product((Fused::GateUp, rows.start), None, room);
        own.both.fill(self.level(), &room.both, 2 * self.config().intermediate_size, self.numerics().precision);
    }

    /// Writes what leaves the layer, from where [`Self::there`] came to.
    pub(super) fn leave(&self, kept: &Kept, x: &mut [f32], room: &mut Room) {
        for (rows, own) in self.chunks(x).zip(&kept.chunks) {
            own.both.read_all(self.level(), &mut room.both);
            silu_mul(self.level(), &room.both, self.config().intermediate_size, &mut room.opened);
            let x = &mut x[self.of(&rows)];
            x.copy_from_slice(&own.middle);
            self.product((Fused::Down, rows.start), Some(x), room);
        }
    }

    fn attention<'b>(&'b self, turned: &'b [f32]) -> Attention<'b> {
        Attention { config: self.config(), numerics: self.numerics(), qkv: turned, texts: self.texts }
    }

    fn norm(&self, x: &[f32], weight: &[f32], room: &mut Room) {
        rms_norm_into(self.level(), x, (weight, self.eps()), &mut room.normed);
    }

    fn dropout(&self, which: Fused) -> Dropout {
        Dropout { seed: self.dropout.seed.wrapping_mul(4).wrapping_add(which as u64), ..self.dropout }
    }

    /// Takes rows through one of the four products with what the adapter adds: from where it takes them to a table of their
    /// own, or added to the one given.
    fn product(&self, (which, first): (Fused, usize), added_to: Option<&mut [f32]>, room: &mut Room) {
        let linear = &self.layer.linears[which as usize];
        let Room { normed, heads, taken, both, opened, of_base, of_adapter, dropped, down, .. } = room;
        let (x, own) = match which {
            Fused::Qkv => (normed, heads),
            Fused::O => (taken, normed),
            Fused::GateUp => (normed, both),
            Fused::Down => (opened, normed),
        };
        linear.take(x, of_base);
        let rows = 0..of_base.rows();
        let add = added_to.is_some().then_some(1.0);
        let table = added_to.unwrap_or_else(|| {
            own.resize(rows.len() * linear.outputs(), 0.0);
            own
        });
        let out = Output { table, stride: linear.outputs(), add };
        let Some(lora) = &self.loras[which as usize] else { return linear.apply_to(of_base, rows, out) };
        let dropout = self.dropout(which);
        let of_adapter = match (dropout.share > 0.0, lora.down.precision() == linear.precision()) {
            (false, true) => &*of_base,
            (false, false) => {
                lora.down.take(x, of_adapter);
                of_adapter
            }
            (true, _) => {
                dropped.clear();
                dropped.extend_from_slice(x);
                dropout.apply(self.level(), first, dropped, linear.inputs());
                lora.down.take(dropped, of_adapter);
                of_adapter
            }
        };
        down.resize(rows.len() * lora.down.outputs(), 0.0);
        lora.down.apply_to(of_adapter, rows.clone(), Output { table: down, stride: lora.down.outputs(), add: None });
        let parted = lora.parted(down);
        products(vec![linear.job(of_base, rows.clone(), out, lora.added(&parted, &rows).collect())]);
    }

    /// Norms the heads of queries and keys of some rows, and turns them by their positions.
    fn turn(&self, qkv: &Inputs, rows: &Range<usize>, room: &mut Room) {
        let (config, level, width) = (self.config(), self.level(), self.width());
        for_rows(&mut room.turned[rows.start * width..rows.end * width], width, |(at, heads)| {
            qkv.read(level, at, 0..width, heads);
            let (queries, rest) = heads.split_at_mut(config.q_dim());
            for (heads, norm) in [(queries, &self.layer.query_norm), (&mut rest[..config.kv_dim()], &self.layer.key_norm)] {
                rms_norm(level, heads, norm, config.rms_norm_eps);
                self.rope.apply(level, rows.start + at, heads);
            }
        });
    }

    /// Makes the gradient by what left the layer that by what came in, and adds those by what learns.
    pub(super) fn back(&self, x: &[f32], kept: &Kept, (gradient, learner): (&mut [f32], &mut Learner<'_>), room: &mut Room) {
        let q_dim = self.config().q_dim();
        for (way, (linear, lora)) in room.ways.iter_mut().zip(self.layer.linears.iter().zip(self.loras)) {
            way.turn(linear, lora.as_ref());
        }
        let chunks: Vec<_> = self.chunks(x).collect();
        room.turned.resize(x.len() / self.config().hidden_size * self.width(), 0.0);
        room.by_taken.resize(x.len() / self.config().hidden_size * q_dim, 0.0);
        for (rows, own) in chunks.iter().zip(&kept.chunks) {
            let gradient = &mut gradient[self.of(rows)];
            self.back_through_gates((rows, own), (gradient, learner), room);
            own.taken.read_all(self.level(), &mut room.taken);
            let Room { taken, by_taken, back, ways, .. } = room;
            let by_taken = &mut by_taken[rows.start * q_dim..rows.end * q_dim];
            self.product_back((&ways[Fused::O as usize], rows.start), (taken, gradient), learner, (by_taken, back));
            self.turn(&own.qkv, rows, room);
        }
        let Room { turned, by_taken, looks, .. } = room;
        self.attention(turned).back(kept, by_taken, looks);
        for (rows, own) in chunks.iter().zip(&kept.chunks) {
            let (x, gradient) = (&x[self.of(rows)], &mut gradient[self.of(rows)]);
            let Room { turned, looks, by_heads, .. } = room;
            self.attention(turned).by_qkv(looks, rows, by_heads);
            self.turn_back((rows, &own.qkv), learner, room);
            self.norm(x, &self.layer.attention_norm, room);
            let Room { normed, by_heads, by_normed, back, ways, .. } = room;
            by_normed.resize(x.len(), 0.0);
            self.product_back((&ways[Fused::Qkv as usize], rows.start), (normed, by_heads), learner, (by_normed, back));
            self.norm_back(x, Fused::Qkv, (gradient, learner), by_normed);
        }
    }

    /// Goes back through the second half of the layer with some rows.
    fn back_through_gates(
        &self,
        (rows, own): (&Range<usize>, &KeptRows),
        (gradient, learner): (&mut [f32], &mut Learner<'_>),
        room: &mut Room,
    ) {
        let (level, width) = (self.level(), self.config().intermediate_size);
        own.both.read_all(level, &mut room.both);
        self.norm(&own.middle, &self.layer.mlp_norm, room);
        let Room { both, by_both, opened, by_opened, normed, by_normed, back, ways, .. } = room;
        silu_mul(level, both, width, opened);
        by_opened.resize(opened.len(), 0.0);
        by_normed.resize(own.middle.len(), 0.0);
        self.product_back((&ways[Fused::Down as usize], rows.start), (opened, gradient), learner, (by_opened, back));
        silu_mul_back(level, both, by_opened, width, by_both);
        self.product_back((&ways[Fused::GateUp as usize], rows.start), (normed, by_both), learner, (by_normed, back));
        self.norm_back(&own.middle, Fused::GateUp, (gradient, learner), by_normed);
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

    /// Makes the gradient by turned heads that by queries, keys and values before the norm.
    fn turn_back(&self, (rows, qkv): (&Range<usize>, &Inputs), learner: &mut Learner<'_>, room: &mut Room) {
        let (config, level, width) = (self.config(), self.level(), self.width());
        let (dim, turned) = (config.head_dim, config.q_dim() + config.kv_dim());
        let Room { heads, by_heads, .. } = room;
        qkv.read_all(level, heads);
        for_rows(by_heads, width, |(at, gradient)| self.rope.undo(level, rows.start + at, &mut gradient[..turned]));
        if let Learner::Whole(own) = learner {
            for (first, end, by_norm) in [(0, config.q_dim(), &mut own.query_norm), (config.q_dim(), turned, &mut own.key_norm)] {
                let all = Columns { first, count: end - first, stride: width };
                rms_norm_by_weight(level, (heads, self.eps()), by_heads, all, by_norm);
            }
        }
        for_rows(by_heads, width, |(at, gradient)| {
            let qkv = &heads[at * width..(at + 1) * width];
            for (head, gradient) in gradient.chunks_exact_mut(dim).take(config.heads + config.kv_heads).enumerate() {
                let norm = if head < config.heads { &self.layer.query_norm } else { &self.layer.key_norm };
                wide_head_back(level, &qkv[head * dim..(head + 1) * dim], (norm, config.rms_norm_eps), gradient);
            }
        });
    }

    /// Writes the gradient by what went into a product from that by what came out, and adds those by what learns in it.
    fn product_back(
        &self,
        (way, first): (&Way, usize),
        (x, by_outputs): (&[f32], &[f32]),
        learner: &mut Learner<'_>,
        (by_x, room): (&mut [f32], &mut ways::Room),
    ) {
        let rows = Rows { numerics: self.numerics(), first, x, by_outputs, dropout: self.dropout(way.which) };
        way.back(&rows, self.loras[way.which as usize].as_ref(), learner, (by_x, room));
    }
}
