//! Plain Rust, in f32.
use crate::tensor::{Numbers, Tensor};
use rayon::prelude::*;

/// How many sums a dot product keeps side by side; the compiler makes vectors of them.
const LANES: usize = 16;

/// Writes `x · weightᵀ` into `out`. Each row of the weight is widened once and meets every row of `x`.
pub(super) fn linear(weight: &Tensor, x: &[f32], out: &mut [f32]) {
    let (outputs, inputs) = (weight.rows(), weight.columns());
    let rows = x.len() / inputs;
    if rows == 0 {
        return;
    }
    // [outputs, rows], so that each thread writes its own part; turned over at the end.
    let mut turned = vec![0.0; outputs * rows];
    let widened = || vec![0.0; inputs];
    turned.par_chunks_mut(rows).with_min_len(16).enumerate().for_each_init(widened, |widened, (output, sums)| {
        let weights = match weight.numbers() {
            Numbers::F32(numbers) => &numbers[output * inputs..(output + 1) * inputs],
            Numbers::Bf16(_) | Numbers::F16(_) => {
                weight.read_row(output, widened);
                widened.as_slice()
            }
        };
        for (sum, row) in sums.iter_mut().zip(x.chunks_exact(inputs)) {
            *sum = dot(weights, row);
        }
    });
    for (output, sums) in turned.chunks_exact(rows).enumerate() {
        for (row, sum) in sums.iter().enumerate() {
            out[row * outputs + output] = *sum;
        }
    }
}

/// Returns the sum of products, added up in an order that the length alone decides.
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    let mut sums = [0.0_f32; LANES];
    for (a, b) in a.iter().zip(b) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    let mut width = LANES;
    while width > 1 {
        width /= 2;
        for lane in 0..width {
            sums[lane] += sums[lane + width];
        }
    }
    sums[0] + rest
}
