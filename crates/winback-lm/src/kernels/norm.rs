//! The functions between two matrices that look at one row at a time.
use super::level::{Level, widely};
use super::plain::{dot, wide_silu_mul};
use rayon::prelude::*;

/// The fewest numbers that are worth another thread.
const WORTH_A_THREAD: usize = 1 << 14;

/// Divides each row of `x` by its root mean square, and multiplies it with `weight` (Zhang & Sennrich 2019, "Root Mean
/// Square Layer Normalization"). Rows are as wide as `weight`.
pub fn rms_norm(level: Level, x: &mut [f32], weight: &[f32], eps: f32) {
    let level = level.held();
    for_rows(x, weight.len(), |(_, row)| wide_norm_row(level, row, weight, eps));
}

widely!(pub(crate) fn wide_norm_row(row: &mut [f32], weight: &[f32], eps: f32) = norm_row);
widely!(pub(crate) fn wide_norm_row_into(row: &[f32], weight: &[f32], eps: f32, out: &mut [f32]) = norm_row_into);

#[inline(always)]
fn norm_row(row: &mut [f32], weight: &[f32], eps: f32) {
    let scale = scale_of(row, eps);
    row.iter_mut().zip(weight).for_each(|(number, weight)| *number = *weight * (*number * scale));
}

/// Writes the same over what was in `out`, and leaves `x` as it is.
pub fn rms_norm_into(level: Level, x: &[f32], (weight, eps): (&[f32], f32), out: &mut Vec<f32>) {
    let (level, width) = (level.held(), weight.len());
    out.resize(x.len(), 0.0);
    for_rows(out, width, |(at, out)| wide_norm_row_into(level, &x[at * width..(at + 1) * width], weight, eps, out));
}

#[inline(always)]
fn norm_row_into(row: &[f32], weight: &[f32], eps: f32, out: &mut [f32]) {
    let scale = scale_of(row, eps);
    out.iter_mut().zip(row).zip(weight).for_each(|((out, number), weight)| *out = *weight * (*number * scale));
}

#[inline(always)]
fn scale_of(row: &[f32], eps: f32) -> f32 {
    1.0 / (dot(row, row) / row.len() as f32 + eps).sqrt()
}

/// Calls a function with each row of a table of rows of some width and its place, many side by side where there are many.
pub fn for_rows(table: &mut [f32], width: usize, each: impl Fn((usize, &mut [f32])) + Sync + Send) {
    match table.len() <= WORTH_A_THREAD {
        true => table.chunks_exact_mut(width).enumerate().for_each(each),
        false => table.par_chunks_exact_mut(width).enumerate().with_min_len(WORTH_A_THREAD.div_ceil(2 * width)).for_each(each),
    }
}

/// Writes the SiLU of the first half of each row times its second half over what was in `out`, `[rows, width]` of
/// `[rows, 2 * width]` (Shazeer 2020, "GLU Variants Improve Transformer").
pub fn silu_mul(level: Level, gates_and_ups: &[f32], width: usize, out: &mut Vec<f32>) {
    let level = level.held();
    out.resize(gates_and_ups.len() / 2, 0.0);
    for_rows(out, width, |(at, out)| wide_silu_mul(level, &gates_and_ups[2 * at * width..2 * (at + 1) * width], out));
}
