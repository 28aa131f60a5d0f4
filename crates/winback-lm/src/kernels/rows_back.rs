//! The way back through the functions between two matrices, one row at a time, and what else fine-tuning does with rows.
//!
//! Levels given here were [`Level::held`]: they are those of a model.
//!
//! [`Level::held`]: super::Level::held
use super::level::widely;
use super::plain::{dot, exp};

widely!(pub(crate) fn wide_leave_out(numbers: &mut [f32], seed: u64, how: (u64, f32)) = leave_out);
widely!(pub(crate) fn wide_row_back(x: &[f32], norm: (&[f32], f32), by_normed: &[f32], gradient: &mut [f32]) = row_back);
widely!(pub(crate) fn wide_head_back(x: &[f32], norm: (&[f32], f32), gradient: &mut [f32]) = head_back);
widely!(pub(crate) fn wide_by_weight(x: &[f32], eps: f32, gradient: &[f32], sums: &mut [f32]) = by_weight);
widely!(pub(crate) fn wide_by_gates(both: (&[f32], &[f32]), gradient: &[f32], out: &mut [f32]) = by_gates);
widely!(pub(crate) fn wide_by_ups(gates: &[f32], gradient: &[f32], out: &mut [f32]) = by_ups);
widely!(pub(crate) fn wide_add(to: &mut [f32], what: &[f32]) = add);
widely!(pub(crate) fn wide_sum_of(logits: &[f32]) -> (f32, f64) = sum_of);
widely!(pub(crate) fn wide_by_logits(logits: &mut [f32], share: (f32, f32)) = by_logits);

/// Returns a number that looks drawn (SplitMix64, Steele et al. 2014).
#[inline(always)]
pub(crate) fn mix(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    number ^ (number >> 31)
}

#[inline(always)]
fn leave_out(numbers: &mut [f32], seed: u64, (least, times): (u64, f32)) {
    for (at, number) in numbers.iter_mut().enumerate() {
        let drawn = mix(seed.wrapping_add((at as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15))) >> 32;
        *number = if drawn < least { 0.0 } else { *number * times };
    }
}

#[inline(always)]
fn add(to: &mut [f32], what: &[f32]) {
    to.iter_mut().zip(what).for_each(|(to, what)| *to += what);
}

/// Returns what a row is multiplied with, and how far along it its gradient goes.
#[inline(always)]
fn scale_and_along(x: &[f32], (weight, eps): (&[f32], f32), by_normed: &[f32]) -> (f32, f32) {
    let scale = 1.0 / (dot(x, x) / x.len() as f32 + eps).sqrt();
    (scale, dot_of_three(x, weight, by_normed) * scale * scale / x.len() as f32)
}

#[inline(always)]
fn row_back(x: &[f32], (weight, eps): (&[f32], f32), by_normed: &[f32], gradient: &mut [f32]) {
    let (scale, along) = scale_and_along(x, (weight, eps), by_normed);
    for (((gradient, by_normed), weight), x) in gradient.iter_mut().zip(by_normed).zip(weight).zip(x) {
        *gradient += scale * (by_normed * weight - x * along);
    }
}

/// Does the same with one row in the place of the gradient by what is normed.
#[inline(always)]
fn head_back(x: &[f32], (weight, eps): (&[f32], f32), gradient: &mut [f32]) {
    let (scale, along) = scale_and_along(x, (weight, eps), gradient);
    for ((gradient, weight), x) in gradient.iter_mut().zip(weight).zip(x) {
        *gradient = scale * (*gradient * weight - x * along);
    }
}

/// Returns the sum of products of three, added up in an order that the length alone decides.
#[inline(always)]
fn dot_of_three(a: &[f32], b: &[f32], c: &[f32]) -> f32 {
    const LANES: usize = 16;
    let ((a, a_rest), (b, b_rest), (c, c_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>(), c.as_chunks::<LANES>());
    let mut sums = [0.0_f32; LANES];
    for ((a, b), c) in a.iter().zip(b).zip(c) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane] * c[lane];
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).zip(c_rest).map(|((a, b), c)| a * b * c).sum();
    sums.iter().sum::<f32>() + rest
}

#[inline(always)]
fn by_weight(x: &[f32], eps: f32, gradient: &[f32], sums: &mut [f32]) {
    let scale = 1.0 / (dot(x, x) / x.len() as f32 + eps).sqrt();
    sums.iter_mut().zip(x).zip(gradient).for_each(|((sum, x), gradient)| *sum += gradient * x * scale);
}

/// Writes the gradient by gates, from that by SiLU of each times its up.
#[inline(always)]
fn by_gates((gates, ups): (&[f32], &[f32]), gradient: &[f32], by_gates: &mut [f32]) {
    for (((by_gate, gate), up), gradient) in by_gates.iter_mut().zip(gates).zip(ups).zip(gradient) {
        let share = share(*gate);
        *by_gate = gradient * up * share * (1.0 + gate * (1.0 - share));
    }
}

/// Writes the gradient by ups.
#[inline(always)]
fn by_ups(gates: &[f32], gradient: &[f32], by_ups: &mut [f32]) {
    for ((by_up, gate), gradient) in by_ups.iter_mut().zip(gates).zip(gradient) {
        *by_up = gradient * gate * share(*gate);
    }
}

/// Returns how far a gate is open: its logistic function.
#[inline(always)]
fn share(gate: f32) -> f32 {
    let small = exp(-gate.abs());
    let most = if gate < 0.0 { small } else { 1.0 };
    most / (1.0 + small)
}

/// Returns the highest of a row's logits, and the sum of e to their distances from it.
#[inline(always)]
fn sum_of(logits: &[f32]) -> (f32, f64) {
    const LANES: usize = 16;
    let (lanes, rest) = logits.as_chunks::<LANES>();
    let mut most = [f32::NEG_INFINITY; LANES];
    for some in lanes {
        most.iter_mut().zip(some).for_each(|(most, logit)| *most = if *logit > *most { *logit } else { *most });
    }
    let most = most.iter().chain(rest).copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = rest.iter().map(|logit| f64::from(exp(logit - most))).sum::<f64>();
    for some in lanes.chunks(256) {
        let mut sums = [0.0_f32; LANES];
        for some in some {
            sums.iter_mut().zip(some).for_each(|(sum, logit)| *sum += exp(logit - most));
        }
        sum += f64::from(sums.iter().sum::<f32>());
    }
    (most, sum)
}

/// Makes logits their shares, times what the loss is multiplied with.
#[inline(always)]
fn by_logits(logits: &mut [f32], (most, share): (f32, f32)) {
    logits.iter_mut().for_each(|logit| *logit = exp(*logit - most) * share);
}
