//! Attention over whole texts, there and back, in f32. The weights of a row are not kept: on the way back they are made
//! again from the sum that was (Dao et al. 2022, "FlashAttention").
use crate::config::Config;
use crate::kernels::{Level, Table, View, dense_alone, dot, exp, wide_weigh};
use rayon::prelude::*;
use std::ops::Range;

/// How many rows of a text are gone through together.
const ROWS_AT_ONCE: usize = 128;

/// Queries, keys and values of some texts.
pub(super) struct Attention<'a> {
    pub config: &'a Config,
    pub level: Level,
    /// `[rows, (heads + 2 * kv_heads) * head_dim]`, turned by their positions.
    pub qkv: &'a [f32],
    /// The rows of each text.
    pub texts: &'a [Range<usize>],
}

/// What the rows take.
pub(super) struct Taken {
    /// `[rows, heads * head_dim]`.
    pub values: Vec<f32>,
    /// The logarithm of the sum of each row's weights, `[rows, heads]`.
    pub log_sums: Vec<f32>,
}

/// What one query head of one text gives: its values and its sums; or, on the way back, its part of the gradient.
type OfHead = (Vec<f32>, Vec<f32>);

impl Attention<'_> {
    fn width(&self) -> usize {
        self.config.q_dim() + 2 * self.config.kv_dim()
    }

    fn times(&self) -> f32 {
        1.0 / (self.config.head_dim as f32).sqrt()
    }

    fn queries(&self, text: &Range<usize>, head: usize) -> View<'_> {
        self.view(text, head)
    }

    fn keys(&self, text: &Range<usize>, head: usize) -> View<'_> {
        self.view(text, self.config.heads + head)
    }

    fn values(&self, text: &Range<usize>, head: usize) -> View<'_> {
        self.view(text, self.config.heads + self.config.kv_heads + head)
    }

    /// Returns the rows of a text in a head, counting queries, keys and values through.
    fn view(&self, text: &Range<usize>, head: usize) -> View<'_> {
        let first = text.start * self.width() + head * self.config.head_dim;
        View::new(&self.qkv[first.min(self.qkv.len())..], text.len(), self.config.head_dim, self.width())
    }

    /// Returns a table of `[rows, heads * head_dim]` from a head of a row on.
    fn head_on<'t>(&self, table: &'t [f32], row: usize, head: usize) -> &'t [f32] {
        &table[row * self.config.q_dim() + head * self.config.head_dim..]
    }

    /// Returns every text with every one of so many heads.
    fn each(&self, heads: usize) -> Vec<(&Range<usize>, usize)> {
        self.texts.iter().flat_map(|text| (0..heads).map(move |head| (text, head))).collect()
    }

    /// Lets every row look at itself and what stands before it in its text.
    pub(super) fn look(&self) -> Taken {
        let (heads, dim, rows) = (self.config.heads, self.config.head_dim, self.qkv.len() / self.width());
        let each = self.each(heads);
        let found: Vec<OfHead> = each.par_iter().with_max_len(1).map(|(text, head)| self.look_with(text, *head)).collect();
        let mut taken = Taken { values: vec![0.0; rows * heads * dim], log_sums: vec![0.0; rows * heads] };
        for ((text, head), (values, sums)) in each.into_iter().zip(found) {
            for (at, row) in text.clone().enumerate() {
                taken.values[row * heads * dim + head * dim..][..dim].copy_from_slice(&values[at * dim..(at + 1) * dim]);
                taken.log_sums[row * heads + head] = sums[at];
            }
        }
        taken
    }

    fn look_with(&self, text: &Range<usize>, head: usize) -> OfHead {
        let dim = self.config.head_dim;
        let kv = head * self.config.kv_heads / self.config.heads;
        let (queries, keys, values) = (self.queries(text, head), self.keys(text, kv), self.values(text, kv));
        let (mut out, mut sums) = (vec![0.0; text.len() * dim], Vec::with_capacity(text.len()));
        for rows in blocks(text.len()) {
            let seen = rows.end;
            let mut scores = vec![0.0; rows.len() * seen];
            dense_alone(self.level, queries.of(rows.clone()), keys.of(0..seen).transposed(), Table::new(&mut scores, seen));
            for (row, scores) in rows.clone().zip(scores.chunks_exact_mut(seen)) {
                let (own, later) = scores.split_at_mut(row + 1);
                let (most, sum) = wide_weigh(self.level.held(), own, self.times());
                own.iter_mut().for_each(|weight| *weight /= sum);
                later.fill(0.0);
                sums.push(most + sum.ln());
            }
            let weights = View::new(&scores, rows.len(), seen, seen);
            dense_alone(self.level, weights, values.of(0..seen), Table::new(&mut out[rows.start * dim..rows.end * dim], dim));
        }
        (out, sums)
    }

    /// Returns the gradient by [`Self::qkv`] from that by what was taken, `[rows, heads * head_dim]`.
    pub(super) fn back(&self, taken: &Taken, gradient: &[f32]) -> Vec<f32> {
        let (dim, width, config) = (self.config.head_dim, self.width(), self.config);
        let group = config.heads / config.kv_heads;
        let each = self.each(config.kv_heads);
        let found: Vec<OfHead> = each.par_iter().with_max_len(1).map(|(text, kv)| self.back_with(text, *kv, (taken, gradient))).collect();
        let mut by_qkv = vec![0.0; self.qkv.len()];
        for ((text, kv), (queries, keys_and_values)) in each.into_iter().zip(found) {
            for (at, row) in text.clone().enumerate() {
                let own = &mut by_qkv[row * width..(row + 1) * width];
                own[kv * group * dim..][..group * dim].copy_from_slice(&queries[at * group * dim..][..group * dim]);
                let (keys, values) = keys_and_values[at * 2 * dim..][..2 * dim].split_at(dim);
                own[config.q_dim() + kv * dim..][..dim].copy_from_slice(keys);
                own[config.q_dim() + config.kv_dim() + kv * dim..][..dim].copy_from_slice(values);
            }
        }
        by_qkv
    }

    /// Returns the gradients by the queries of a key head, `[rows, group * head_dim]`, and by its keys and values,
    /// `[rows, 2 * head_dim]`.
    fn back_with(&self, text: &Range<usize>, kv: usize, (taken, gradient): (&Taken, &[f32])) -> OfHead {
        let (heads, dim) = (self.config.heads, self.config.head_dim);
        let group = heads / self.config.kv_heads;
        let (keys, values) = (self.keys(text, kv), self.values(text, kv));
        let (mut by_queries, mut by_keys_and_values) = (vec![0.0; text.len() * group * dim], vec![0.0; text.len() * 2 * dim]);
        for (place, head) in (kv * group..(kv + 1) * group).enumerate() {
            let queries = self.queries(text, head);
            for rows in blocks(text.len()) {
                let (seen, count) = (rows.end, rows.len());
                let by_taken = View::new(self.head_on(gradient, text.start + rows.start, head), count, dim, heads * dim);
                let (mut weights, mut by_scores) = (vec![0.0; count * seen], vec![0.0; count * seen]);
                dense_alone(self.level, queries.of(rows.clone()), keys.of(0..seen).transposed(), Table::new(&mut weights, seen));
                dense_alone(self.level, by_taken, values.of(0..seen).transposed(), Table::new(&mut by_scores, seen));
                for (row, (weights, by_scores)) in rows.clone().zip(weights.chunks_exact_mut(seen).zip(by_scores.chunks_exact_mut(seen))) {
                    let log_sum = taken.log_sums[(text.start + row) * heads + head];
                    let of_head = |table| &self.head_on(table, text.start + row, head)[..dim];
                    let mean = dot(of_head(gradient), of_head(&taken.values));
                    self.by_scores(row, weights, by_scores, (log_sum, mean));
                }
                let [weights, by_scores] = [&weights, &by_scores].map(|table| View::new(table, count, seen, seen));
                let own = &mut by_queries[rows.start * group * dim + place * dim..];
                dense_alone(self.level, by_scores, keys.of(0..seen), Table::new(own, group * dim));
                let by_keys = Table::adding(&mut by_keys_and_values, 2 * dim, 1.0);
                dense_alone(self.level, by_scores.transposed(), queries.of(rows.clone()), by_keys);
                let by_values = Table::adding(&mut by_keys_and_values[dim..], 2 * dim, 1.0);
                dense_alone(self.level, weights.transposed(), by_taken, by_values);
            }
        }
        (by_queries, by_keys_and_values)
    }

    /// Makes a row's scores its weights, and the gradient by its weights that by its scores before they are scaled.
    fn by_scores(&self, row: usize, weights: &mut [f32], gradient: &mut [f32], (log_sum, mean): (f32, f32)) {
        let times = self.times();
        for (weight, gradient) in weights.iter_mut().zip(gradient.iter_mut()).take(row + 1) {
            *weight = exp((*weight * times - log_sum).min(0.0));
            *gradient = *weight * (*gradient - mean) * times;
        }
        weights[row + 1..].fill(0.0);
        gradient[row + 1..].fill(0.0);
    }
}

fn blocks(rows: usize) -> impl Iterator<Item = Range<usize>> {
    (0..rows).step_by(ROWS_AT_ONCE).map(move |start| start..rows.min(start + ROWS_AT_ONCE))
}
