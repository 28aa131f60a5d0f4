//! The last norm, the output head and the loss.
use crate::kernels::{Linear, exp, rms_norm};
use crate::model::Model;
use rayon::prelude::*;

use super::layer::by_weight;
use super::sums::{rms_norm_back, rms_norm_by_weight};
use super::whole::WholeWeights;

/// How many numbers of logits, and of rows, are in memory at once; with a small vocabulary the rows decide.
const LOGITS_AT_ONCE: usize = 1 << 23;
const ROWS_AT_ONCE: usize = 256;

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

impl Ends<'_> {
    /// Returns the sum of the losses in nats; with somewhere to put them, makes the gradients of `times` that sum.
    pub(super) fn loss(&self, mut gradient: Option<Gradient<'_>>) -> f64 {
        let (width, vocabulary, eps) = (self.model.config.hidden_size, self.head.outputs(), self.model.config.rms_norm_eps);
        let rows_at_once = (LOGITS_AT_ONCE / vocabulary).clamp(1, ROWS_AT_ONCE);
        let mut sum = 0.0;
        for (x, next) in self.x.chunks(rows_at_once * width).zip(self.next.chunks(rows_at_once)) {
            let mut normed = x.to_vec();
            rms_norm(self.model.numerics.level, &mut normed, &self.model.final_norm, eps);
            let mut logits = self.head.apply(&normed);
            let times = gradient.as_ref().map(|gradient| gradient.times);
            let losses: Vec<f64> =
                logits.par_chunks_exact_mut(vocabulary).zip(next).map(|(logits, next)| row_loss(logits, *next, times)).collect();
            sum += losses.iter().sum::<f64>();
            if let Some(Gradient { by_rows, whole, .. }) = &mut gradient {
                let mut by_some = self.head.apply_back(&logits);
                if let Some(whole) = whole {
                    rms_norm_by_weight(x, eps, &by_some, &mut whole.final_norm);
                    let own = if self.model.config.tied { &mut whole.embedding } else { &mut whole.head };
                    by_weight(self.model.numerics.level, self.head, (&normed, &logits), own);
                }
                rms_norm_back(x, &self.model.final_norm, eps, &mut by_some);
                by_rows.extend(by_some);
            }
        }
        sum
    }
}

/// Returns −ln of the probability of a row's next token; with `times`, makes the logits their gradient.
fn row_loss(logits: &mut [f32], next: u32, times: Option<f32>) -> f64 {
    let most = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let own = f64::from(logits[next as usize]);
    let sum: f64 = logits
        .chunks(4096)
        .map(|some| {
            let mut lanes = [0.0_f32; 16];
            let (sixteens, rest) = some.as_chunks::<16>();
            for sixteen in sixteens {
                lanes.iter_mut().zip(sixteen).for_each(|(lane, logit)| *lane += exp(logit - most));
            }
            f64::from(lanes.iter().sum::<f32>()) + rest.iter().map(|logit| f64::from(exp(logit - most))).sum::<f64>()
        })
        .sum();
    if let Some(times) = times {
        let share = (f64::from(times) / sum) as f32;
        logits.iter_mut().for_each(|logit| *logit = exp(*logit - most) * share);
        logits[next as usize] -= times;
    }
    f64::from(most) + sum.ln() - own
}
