//! The functions between two matrices that look at one row at a time.
use super::level::Level;
use super::plain::{self, dot};
#[cfg(target_arch = "x86_64")]
use super::{avx2, avx512};
use rayon::prelude::*;

/// The fewest numbers that are worth another thread.
const WORTH_A_THREAD: usize = 1 << 14;

/// Divides each row of `x` by its root mean square, and multiplies it with `weight` (Zhang & Sennrich 2019, "Root Mean
/// Square Layer Normalization"). Rows are as wide as `weight`.
pub fn rms_norm(x: &mut [f32], weight: &[f32], eps: f32) {
    for_rows(x, weight.len(), |(_, row)| {
        let mean_square = dot(row, row) / weight.len() as f32;
        let scale = 1.0 / (mean_square + eps).sqrt();
        for (number, weight) in row.iter_mut().zip(weight) {
            *number = *weight * (*number * scale);
        }
    });
}

/// Calls a function with each row of a table of rows of some width and its place, many side by side where there are many.
pub fn for_rows(table: &mut [f32], width: usize, each: impl Fn((usize, &mut [f32])) + Sync + Send) {
    match table.len() <= WORTH_A_THREAD {
        true => table.chunks_exact_mut(width).enumerate().for_each(each),
        false => table.par_chunks_exact_mut(width).enumerate().with_min_len(WORTH_A_THREAD.div_ceil(width)).for_each(each),
    }
}

/// Returns the SiLU of the first half of each row times its second half, `[rows, width]` of `[rows, 2 * width]`
/// (Shazeer 2020, "GLU Variants Improve Transformer").
pub fn silu_mul(level: Level, gates_and_ups: &[f32], width: usize) -> Vec<f32> {
    let (level, mut out) = (level.held(), vec![0.0; gates_and_ups.len() / 2]);
    let one = |(out, row): (&mut [f32], &[f32])| match level {
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => avx512::silu_mul(row, out),
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => avx2::silu_mul(row, out),
        _ => plain::silu_mul(row, out),
    };
    match out.len() <= WORTH_A_THREAD {
        true => out.chunks_exact_mut(width).zip(gates_and_ups.chunks_exact(2 * width)).for_each(one),
        false => {
            let rows = out.par_chunks_exact_mut(width).zip(gates_and_ups.par_chunks_exact(2 * width));
            rows.with_min_len(WORTH_A_THREAD.div_ceil(width)).for_each(one);
        }
    }
    out
}
