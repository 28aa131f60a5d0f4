//! One layer, there and back.
use super::attention::{Attention, Taken};
use super::lora::{Group, Way};
use super::sums::{Dropout, rms_norm_back, rms_norm_by_weight, rms_norm_row_back, silu_mul_back};
use super::whole::LayerWeights;
use crate::kernels::{Level, Linear, Rope, Table, View, dense, for_rows, rms_norm, silu_mul};
use crate::model::{Layer, Model};
use crate::shape::Fused;
use std::ops::Range;

/// A layer at work: its frozen weights, what an adapter adds, and where the rows stand.
pub(super) struct Work<'a> {
    pub(super) model: &'a Model,
    pub(super) layer: &'a Layer,
    pub(super) groups: &'a [Option<Group>; 4],
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

/// What the way back needs to know of the way there.
pub(super) struct Kept {
    /// Before the norm of heads and the turn, `[rows, q_dim + 2 * kv_dim]`.
    qkv: Vec<f32>,
    /// After them.
    turned: Vec<f32>,
    taken: Taken,
    /// Between the two halves, `[rows, hidden_size]`.
    middle: Vec<f32>,
    /// Gates and ups, `[rows, 2 * intermediate_size]`.
    both: Vec<f32>,
    /// What came down in each product's adapter.
    downs: [Vec<f32>; 4],
}

impl Work<'_> {
    fn level(&self) -> Level {
        self.model.numerics().level
    }

    fn normed(&self, x: &[f32], weight: &[f32]) -> Vec<f32> {
        let mut normed = x.to_vec();
        rms_norm(self.level(), &mut normed, weight, self.model.config().rms_norm_eps);
        normed
    }

    fn opened(&self, both: &[f32]) -> Vec<f32> {
        let mut opened = Vec::new();
        silu_mul(self.level(), both, self.model.config().intermediate_size, &mut opened);
        opened
    }

    fn attention<'b>(&'b self, turned: &'b [f32]) -> Attention<'b> {
        Attention { config: self.model.config(), level: self.level(), qkv: turned, texts: self.texts }
    }

    /// Takes rows, `[rows, hidden_size]`, through the layer.
    pub(super) fn there(&self, x: &mut [f32]) -> Kept {
        let (qkv, qkv_down) = self.product(Fused::Qkv, &self.normed(x, &self.layer.attention_norm));
        let turned = self.turned(&qkv);
        let taken = self.attention(&turned).look();
        let (o, o_down) = self.product(Fused::O, &taken.values);
        add(x, &o);
        let middle = x.to_vec();
        let (both, both_down) = self.product(Fused::GateUp, &self.normed(&middle, &self.layer.mlp_norm));
        let (down, down_down) = self.product(Fused::Down, &self.opened(&both));
        add(x, &down);
        Kept { qkv, turned, taken, middle, both, downs: [qkv_down, o_down, both_down, down_down] }
    }

    /// Makes the gradient by what left the layer that by what came in, and adds those by what learns.
    pub(super) fn back(&self, x: &[f32], kept: &Kept, gradient: &mut [f32], learner: &mut Learner<'_>) {
        let (config, eps) = (self.model.config(), self.model.config().rms_norm_eps);
        let width = config.intermediate_size;
        let opened = self.opened(&kept.both);
        let by_opened = self.product_back(Fused::Down, (&opened, &kept.downs), gradient, learner);
        let by_both = silu_mul_back(&kept.both, &by_opened, width);
        let normed = self.normed(&kept.middle, &self.layer.mlp_norm);
        let mut by_middle = self.product_back(Fused::GateUp, (&normed, &kept.downs), &by_both, learner);
        if let Learner::Whole(own) = learner {
            rms_norm_by_weight(&kept.middle, eps, &by_middle, &mut own.mlp_norm);
        }
        rms_norm_back(&kept.middle, &self.layer.mlp_norm, eps, &mut by_middle);
        add(gradient, &by_middle);
        let by_taken = self.product_back(Fused::O, (&kept.taken.values, &kept.downs), gradient, learner);
        let mut by_qkv = self.attention(&kept.turned).back(&kept.taken, &by_taken);
        self.turned_back(&kept.qkv, &mut by_qkv, learner);
        let normed = self.normed(x, &self.layer.attention_norm);
        let mut by_x = self.product_back(Fused::Qkv, (&normed, &kept.downs), &by_qkv, learner);
        if let Learner::Whole(own) = learner {
            rms_norm_by_weight(x, eps, &by_x, &mut own.attention_norm);
        }
        rms_norm_back(x, &self.layer.attention_norm, eps, &mut by_x);
        add(gradient, &by_x);
    }

    /// Norms the heads of queries and keys, and turns them by their positions.
    fn turned(&self, qkv: &[f32]) -> Vec<f32> {
        let config = self.model.config();
        let mut turned = qkv.to_vec();
        for_rows(&mut turned, config.q_dim() + 2 * config.kv_dim(), |(row, heads)| {
            let (queries, rest) = heads.split_at_mut(config.q_dim());
            for (heads, norm) in [(queries, &self.layer.query_norm), (&mut rest[..config.kv_dim()], &self.layer.key_norm)] {
                rms_norm(self.level(), heads, norm, config.rms_norm_eps);
                self.rope.apply(self.level(), row, heads);
            }
        });
        turned
    }

    fn turned_back(&self, qkv: &[f32], gradient: &mut [f32], learner: &mut Learner<'_>) {
        let (config, eps) = (self.model.config(), self.model.config().rms_norm_eps);
        let (width, dim, turned) = (config.q_dim() + 2 * config.kv_dim(), config.head_dim, config.q_dim() + config.kv_dim());
        for_rows(gradient, width, |(row, gradient)| self.rope.undo(self.level(), row, &mut gradient[..turned]));
        if let Learner::Whole(own) = learner {
            let heads = |table: &[f32], from: usize, to: usize| table.chunks_exact(width).flat_map(|row| &row[from..to]).copied().collect();
            for (from, to, by_norm) in [(0, config.q_dim(), &mut own.query_norm), (config.q_dim(), turned, &mut own.key_norm)] {
                let [x, gradient]: [Vec<f32>; 2] = [heads(qkv, from, to), heads(gradient, from, to)];
                rms_norm_by_weight(&x, eps, &gradient, by_norm);
            }
        }
        for_rows(gradient, width, |(row, gradient)| {
            let qkv = &qkv[row * width..(row + 1) * width];
            for (head, gradient) in gradient.chunks_exact_mut(dim).take(config.heads + config.kv_heads).enumerate() {
                let norm = if head < config.heads { &self.layer.query_norm } else { &self.layer.key_norm };
                rms_norm_row_back(&qkv[head * dim..(head + 1) * dim], norm, eps, gradient);
            }
        });
    }

    fn dropout(&self, which: Fused) -> Dropout {
        Dropout { seed: self.dropout.seed.wrapping_mul(4).wrapping_add(which as u64), ..self.dropout }
    }

    /// Returns rows through one of the four products with what the adapter adds, and what came down in the adapter.
    fn product(&self, which: Fused, x: &[f32]) -> (Vec<f32>, Vec<f32>) {
        let linear = &self.layer.linears[which as usize];
        let mut out = linear.apply(x);
        let Some(group) = &self.groups[which as usize] else { return (out, Vec::new()) };
        let mut x = x.to_vec();
        self.dropout(which).apply(&mut x, group.inputs);
        let down = group.add(self.level(), &x, (&mut out, linear.outputs()));
        (out, down)
    }

    /// Returns the gradient by what went into a product from that by what came out, and adds those by what learns in it.
    fn product_back(&self, which: Fused, (x, downs): (&[f32], &[Vec<f32>; 4]), by_outputs: &[f32], learner: &mut Learner<'_>) -> Vec<f32> {
        let linear = &self.layer.linears[which as usize];
        let mut by_x = linear.apply_back(by_outputs);
        let gradients = match learner {
            Learner::Whole(own) => {
                by_weight(self.level(), linear, (x, by_outputs), &mut own.linears[which as usize]);
                return by_x;
            }
            Learner::Adapter(gradients) => &mut gradients[which as usize],
        };
        let (Some(group), Some(gradients)) = (&self.groups[which as usize], gradients) else { return by_x };
        let dropout = self.dropout(which);
        let (mut x, mut by_dropped) = (x.to_vec(), vec![0.0; by_x.len()]);
        dropout.apply(&mut x, group.inputs);
        let way = Way { x: &x, down: &downs[which as usize], by_outputs, stride: linear.outputs() };
        group.back(self.level(), &way, gradients, &mut by_dropped);
        dropout.apply(&mut by_dropped, group.inputs);
        add(&mut by_x, &by_dropped);
        by_x
    }
}

/// Adds the gradient by a weight, `[outputs, inputs]`, from what went in and the gradient by what came out.
pub(super) fn by_weight(level: Level, linear: &Linear, (x, by_outputs): (&[f32], &[f32]), own: &mut [f32]) {
    let (outputs, inputs) = (linear.outputs(), linear.inputs());
    let rows = x.len() / inputs;
    let by_outputs = View::new(by_outputs, rows, outputs, outputs).transposed();
    dense(level, by_outputs, View::new(x, rows, inputs, inputs), Table::adding(own, inputs, 1.0));
}

fn add(to: &mut [f32], what: &[f32]) {
    to.iter_mut().zip(what).for_each(|(to, what)| *to += what);
}
