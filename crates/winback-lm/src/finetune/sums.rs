//! Small pieces of arithmetic that fine-tuning needs: the way back through norms and gates, and drawn numbers.
use crate::kernels::{dot, exp, for_rows};
use rayon::prelude::*;

/// Numbers drawn by a seed (SplitMix64, Steele et al. 2014).
#[derive(Clone, Debug)]
pub(super) struct Draw(u64);

impl Draw {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.0)
    }

    /// Returns a number from 0 up to, but without, 1.
    pub(super) fn unit(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1_u64 << 24) as f32
    }
}

fn mix(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    number ^ (number >> 31)
}

/// What is left out of rows on their way into an adapter, so that it does not lean on single numbers (Srivastava et al.
/// 2014, "Dropout"). The same rows leave the same out, on the way there and back.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Dropout {
    /// The share that is left out, below 1.
    pub(super) share: f32,
    /// What the draw depends on: the step and the place in the model.
    pub(super) seed: u64,
}

impl Dropout {
    /// Leaves numbers out, and makes what stays so much larger that the mean stays.
    pub(super) fn apply(self, x: &mut [f32], width: usize) {
        if self.share <= 0.0 {
            return;
        }
        let (least, times) = ((f64::from(self.share) * (1_u64 << 32) as f64) as u64, 1.0 / (1.0 - self.share));
        for_rows(x, width, |(row, numbers)| {
            let seed = mix(self.seed ^ (row as u64).wrapping_mul(0xD6E8_FEB8_6659_FD93));
            for (at, number) in numbers.iter_mut().enumerate() {
                let drawn = mix(seed.wrapping_add((at as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15))) >> 32;
                *number = if drawn < least { 0.0 } else { *number * times };
            }
        });
    }
}

/// Makes the gradient by normed rows (see [`crate::kernels::rms_norm`]) that by the rows, which are as wide as `weight`.
pub(super) fn rms_norm_back(x: &[f32], weight: &[f32], eps: f32, gradient: &mut [f32]) {
    let width = weight.len();
    for_rows(gradient, width, |(row, gradient)| rms_norm_row_back(&x[row * width..(row + 1) * width], weight, eps, gradient));
}

/// Adds the gradient by the weight of a norm to `by_weight`, from that by the normed rows. Rows are as wide as `by_weight`
/// and are added up in an order that their number alone decides.
pub(super) fn rms_norm_by_weight(x: &[f32], eps: f32, gradient: &[f32], by_weight: &mut [f32]) {
    const ROWS_AT_ONCE: usize = 256;
    let width = by_weight.len();
    let some = |(x, gradient): (&[f32], &[f32])| {
        let mut sums = vec![0.0_f32; width];
        for (x, gradient) in x.chunks_exact(width).zip(gradient.chunks_exact(width)) {
            let scale = 1.0 / (dot(x, x) / width as f32 + eps).sqrt();
            sums.iter_mut().zip(x).zip(gradient).for_each(|((sum, x), gradient)| *sum += gradient * x * scale);
        }
        sums
    };
    let parts: Vec<Vec<f32>> = x.par_chunks(ROWS_AT_ONCE * width).zip(gradient.par_chunks(ROWS_AT_ONCE * width)).map(some).collect();
    parts.iter().for_each(|part| by_weight.iter_mut().zip(part).for_each(|(sum, part)| *sum += part));
}

/// Does the same as [`rms_norm_back`] with one row.
pub(super) fn rms_norm_row_back(x: &[f32], weight: &[f32], eps: f32, gradient: &mut [f32]) {
    gradient.iter_mut().zip(weight).for_each(|(gradient, weight)| *gradient *= weight);
    let scale = 1.0 / (dot(x, x) / x.len() as f32 + eps).sqrt();
    let along = dot(gradient, x) * scale * scale / x.len() as f32;
    gradient.iter_mut().zip(x).for_each(|(gradient, x)| *gradient = scale * (*gradient - x * along));
}

/// Returns the gradient by gates and ups, `[rows, 2 * width]`, from that by what [`crate::kernels::silu_mul`] makes of them.
pub(super) fn silu_mul_back(gates_and_ups: &[f32], gradient: &[f32], width: usize) -> Vec<f32> {
    let mut by_both = vec![0.0; gates_and_ups.len()];
    let rows = by_both.par_chunks_exact_mut(2 * width).zip(gates_and_ups.par_chunks_exact(2 * width).zip(gradient.par_chunks_exact(width)));
    rows.with_min_len(4).for_each(|(by_both, (both, gradient))| {
        let ((by_gates, by_ups), (gates, ups)) = (by_both.split_at_mut(width), both.split_at(width));
        for at in 0..width {
            let (gate, up) = (gates[at], ups[at]);
            let small = exp(-gate.abs());
            let share = if gate < 0.0 { small } else { 1.0 } / (1.0 + small);
            by_gates[at] = gradient[at] * up * share * (1.0 + gate * (1.0 - share));
            by_ups[at] = gradient[at] * gate * share;
        }
    });
    by_both
}
