//! The functions between two matrices that look at one row, or one number, at a time.
use super::plain::dot;

/// Divides each row of `x` by its root mean square, and multiplies it with `weight` (Zhang & Sennrich 2019, "Root Mean
/// Square Layer Normalization"). Rows are as wide as `weight`.
pub fn rms_norm(x: &mut [f32], weight: &[f32], eps: f32) {
    for row in x.chunks_exact_mut(weight.len()) {
        let mean_square = dot(row, row) / weight.len() as f32;
        let scale = 1.0 / (mean_square + eps).sqrt();
        for (number, weight) in row.iter_mut().zip(weight) {
            *number = *weight * (*number * scale);
        }
    }
}

/// Makes each `gate` its SiLU times `up` (Shazeer 2020, "GLU Variants Improve Transformer").
pub fn silu_mul(gate: &mut [f32], up: &[f32]) {
    for (gate, up) in gate.iter_mut().zip(up) {
        *gate = *gate / (1.0 + (-*gate).exp()) * up;
    }
}

/// Adds `more` to `x`, number by number.
pub fn add(x: &mut [f32], more: &[f32]) {
    for (x, more) in x.iter_mut().zip(more) {
        *x += more;
    }
}
