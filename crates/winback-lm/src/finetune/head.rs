//! The last norm, the output head and the loss.
use crate::kernels::{Inputs, Level, Linear, Numerics, Output, for_rows, rms_norm_into, wide_by_logits, wide_sum_of};
use crate::model::Model;
use rayon::prelude::*;
use std::ops::Range;

use super::sums::{Columns, rms_norm_back, rms_norm_by_weight};
use super::whole::WholeWeights;

/// How many numbers of logits, and of rows, are in memory at once; with a small vocabulary the rows decide.
pub(super) const LOGITS_AT_ONCE: usize = 1 << 25;
pub(super) const ROWS_AT_ONCE: usize = 1024;
/// How many tokens gradients are taken back through at once.
const TOKENS_AT_ONCE: usize = 2048;

/// Rows whose next token is known.
pub(super) struct Ends<'a> {
    pub(super) model: &'a Model,
    pub(super) head: &'a Linear,
    /// `[rows, hidden_size]`, before the last norm.
    pub(super) x: &'a [f32],
    /// The token that comes next, per row.
    pub(super) next: &'a [u32],
}

/// Where gradients go.
pub(super) struct Gradient<'a> {
    /// What the loss is multiplied with.
    pub(super) times: f32,
    /// That by the rows, `[rows, hidden_size]`.
    pub(super) by_rows: &'a mut Vec<f32>,
    /// Those by the head and the last norm, where they learn, too.
    pub(super) whole: Option<&'a mut WholeWeights>,
}

/// Memory that all rows use, some after the others.
#[derive(Debug)]
pub(super) struct Room {
    normed: Vec<f32>,
    by_normed: Vec<f32>,
    logits: Vec<f32>,
    /// Rows, gradients by their logits, and what of these is turned, as products take them.
    x: Inputs,
    y: Inputs,
    turned_rows: Inputs,
    turned: Linear,
    columns: Linear,
}

impl Ends<'_> {
    fn level(&self) -> Level {
        self.model.numerics.level
    }

    /// Returns the sum of the losses in nats; with somewhere to put them, makes the gradients of `times` that sum.
    pub(super) fn loss(&self, mut gradient: Option<Gradient<'_>>, room: &mut Room) -> f64 {
        let (width, vocabulary, eps) = (self.model.config.hidden_size, self.head.outputs(), self.model.config.rms_norm_eps);
        let most = (LOGITS_AT_ONCE / vocabulary).clamp(1, ROWS_AT_ONCE);
        // As many rows each time.
        let rows_at_once = self.next.len().div_ceil(self.next.len().div_ceil(most).max(1)).max(1);
        let (norm, level) = ((&*self.model.final_norm, eps), self.level());
        let mut sum = 0.0;
        for (x, next) in self.x.chunks(rows_at_once * width).zip(self.next.chunks(rows_at_once)) {
            rms_norm_into(level, x, norm, &mut room.normed);
            self.head.take(&room.normed, &mut room.x);
            room.logits.resize(next.len() * vocabulary, 0.0);
            self.head.apply_to(&room.x, 0..next.len(), Output { table: &mut room.logits, stride: vocabulary, add: None });
            let found: Vec<(f32, f64)> =
                room.logits.par_chunks_exact(vocabulary).with_max_len(16).map(|logits| wide_sum_of(level, logits)).collect();
            let losses = found.iter().zip(room.logits.chunks_exact(vocabulary)).zip(next);
            sum += losses.map(|(((most, sum), row), next)| f64::from(*most) + sum.ln() - f64::from(row[*next as usize])).sum::<f64>();
            if let Some(Gradient { times, by_rows, whole }) = &mut gradient {
                let shares: Vec<(f32, f32)> = found.iter().map(|(most, sum)| (*most, (f64::from(*times) / sum) as f32)).collect();
                self.back((next, &shares, *times), whole, room);
                if let Some(whole) = whole {
                    let all = Columns { first: 0, count: width, stride: width };
                    rms_norm_by_weight(level, (x, eps), &room.by_normed, all, &mut whole.final_norm);
                }
                let start = by_rows.len();
                by_rows.resize(start + x.len(), 0.0);
                rms_norm_back(level, x, norm, &room.by_normed, &mut by_rows[start..]);
            }
        }
        sum
    }

    /// Makes logits their gradients, from each row's highest and share, and takes these back through the head, some tokens
    /// of the vocabulary at a time.
    fn back(&self, (next, shares, times): (&[u32], &[(f32, f32)], f32), whole: &mut Option<&mut WholeWeights>, room: &mut Room) {
        let (width, vocabulary, level) = (self.model.config.hidden_size, self.head.outputs(), self.level());
        let Numerics { precision, .. } = self.model.numerics.at_least_bf16();
        let Room { normed, by_normed, logits, x, y, turned_rows, turned, columns } = room;
        by_normed.resize(next.len() * width, 0.0);
        if whole.is_some() {
            x.fill(level, normed, width, precision);
            columns.of_columns(x);
        }
        for first in (0..vocabulary).step_by(TOKENS_AT_ONCE) {
            let tokens: Range<usize> = first..vocabulary.min(first + TOKENS_AT_ONCE);
            for_rows(logits, vocabulary, |(row, logits)| {
                wide_by_logits(level, &mut logits[tokens.clone()], shares[row]);
                if tokens.contains(&(next[row] as usize)) {
                    logits[next[row] as usize] -= times;
                }
            });
            y.fill_columns(level, (logits, vocabulary), tokens.clone(), precision);
            turned.turn(self.head, tokens.clone());
            turned.apply_to(y, 0..next.len(), Output { table: by_normed, stride: width, add: (first > 0).then_some(1.0) });
            if let Some(whole) = whole {
                let own = if self.model.config.tied { &mut whole.embedding } else { &mut whole.head };
                turned_rows.turn(y);
                let table = &mut own[tokens.start * width..tokens.end * width];
                columns.apply_to(turned_rows, 0..tokens.len(), Output { table, stride: width, add: Some(1.0) });
            }
        }
    }
}

impl Room {
    pub(super) fn new(level: Level) -> Self {
        let inputs = || Inputs::default();
        let (normed, by_normed, logits) = (Vec::new(), Vec::new(), Vec::new());
        let (turned, columns) = (Linear::room(level), Linear::room(level));
        Self { normed, by_normed, logits, x: inputs(), y: inputs(), turned_rows: inputs(), turned, columns }
    }
}
