//! Small pieces of arithmetic that fine-tuning needs: the way back through norms and gates, and drawn numbers.
use crate::kernels::{Level, for_rows, mix, wide_add, wide_by_weight, wide_leave_out, wide_row_back};
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
    /// Leaves numbers out of a row, and makes what stays so much larger that the mean stays.
    pub(super) fn leave_out(self, level: Level, row: usize, numbers: &mut [f32]) {
        if self.share <= 0.0 {
            return;
        }
        let (least, times) = ((f64::from(self.share) * (1_u64 << 32) as f64) as u64, 1.0 / (1.0 - self.share));
        let seed = mix(self.seed ^ (row as u64).wrapping_mul(0xD6E8_FEB8_6659_FD93));
        wide_leave_out(level, numbers, seed, (least, times));
    }
}

/// Adds the gradient by rows to `gradient`, from that by what [`crate::kernels::rms_norm`] makes of them; rows are as wide
/// as `weight`.
pub(super) fn rms_norm_back(level: Level, x: &[f32], (weight, eps): (&[f32], f32), by_normed: &[f32], gradient: &mut [f32]) {
    let width = weight.len();
    for_rows(gradient, width, |(row, gradient)| {
        let here = row * width..(row + 1) * width;
        wide_row_back(level, &x[here.clone()], (weight, eps), &by_normed[here], gradient);
    });
}

/// Some columns of tables whose rows are as long as those of each other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Columns {
    pub(super) first: usize,
    pub(super) count: usize,
    pub(super) stride: usize,
}

/// Adds the gradient by the weight of a norm to `by_weight`, from that by what is normed: of every row some columns, as many
/// at a time as `by_weight` is long. They are added up in an order that their number alone decides.
pub(super) fn rms_norm_by_weight(level: Level, (x, eps): (&[f32], f32), gradient: &[f32], of: Columns, by_weight: &mut [f32]) {
    const ROWS_AT_ONCE: usize = 128;
    let (width, Columns { first, count, stride }) = (by_weight.len(), of);
    let some = |(x, gradient): (&[f32], &[f32])| {
        let mut sums = vec![0.0_f32; width];
        for (x, gradient) in x.chunks_exact(stride).zip(gradient.chunks_exact(stride)) {
            let both = x[first..first + count].chunks_exact(width).zip(gradient[first..first + count].chunks_exact(width));
            both.for_each(|(x, gradient)| wide_by_weight(level, x, eps, gradient, &mut sums));
        }
        sums
    };
    let parts: Vec<Vec<f32>> = x.par_chunks(ROWS_AT_ONCE * stride).zip(gradient.par_chunks(ROWS_AT_ONCE * stride)).map(some).collect();
    parts.iter().for_each(|part| wide_add(level, by_weight, part));
}
