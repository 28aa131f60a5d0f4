//! Arithmetic in Rust alone: what every other level is compared with.
use super::level::widely;
use super::packed::PANEL;
use super::product::Sums;

/// How many numbers are gone through side by side; the compiler makes vectors of them.
const LANES: usize = 16;

/// Returns a bf16 number as f32.
#[inline(always)]
pub(super) fn widen(bits: u16) -> f32 {
    f32::from_bits(u32::from(bits) << 16)
}

/// Adds up rows with a panel, input by input.
pub(super) fn f32_sums(x: &[f32], w: &[f32], sums: &mut [Sums]) {
    let wide = w.len() / PANEL;
    sums.fill([0.0; PANEL]);
    for (row, sums) in x.chunks_exact(wide).zip(sums) {
        for (x, w) in row.iter().zip(w.chunks_exact(PANEL)) {
            sums.iter_mut().zip(w).for_each(|(sum, w)| *sum += x * w);
        }
    }
}

/// Adds up rows with a panel, two inputs at a time.
pub(super) fn bf16_sums(x: &[u16], w: &[u16], sums: &mut [Sums]) {
    let wide = w.len() / PANEL;
    sums.fill([0.0; PANEL]);
    for (row, sums) in x.chunks_exact(wide).zip(sums) {
        for (x, w) in row.chunks_exact(2).zip(w.chunks_exact(2 * PANEL)) {
            let (first, second) = (widen(x[0]), widen(x[1]));
            for (sum, w) in sums.iter_mut().zip(w.chunks_exact(2)) {
                *sum += first * widen(w[0]);
                *sum += second * widen(w[1]);
            }
        }
    }
}

/// Adds up rows with a panel, four inputs at a time.
pub(super) fn int8_sums(x: &[u8], w: &[i8], sums: &mut [[i32; PANEL]]) {
    let wide = w.len() / PANEL;
    sums.fill([0; PANEL]);
    for (row, sums) in x.chunks_exact(wide).zip(sums) {
        for (x, w) in row.chunks_exact(4).zip(w.chunks_exact(4 * PANEL)) {
            for (sum, w) in sums.iter_mut().zip(w.chunks_exact(4)) {
                *sum += x.iter().zip(w).map(|(x, w)| i32::from(*x) * i32::from(*w)).sum::<i32>();
            }
        }
    }
}

widely!(pub(super) fn wide_weigh(scores: &mut [f32], times: f32) -> (f32, f32) = weigh);
widely!(pub(crate) fn wide_silu_mul(row: &[f32], out: &mut [f32]) = silu_mul);

/// Makes scores weights: each is multiplied with `times`, and what is left is e to its distance from the highest one.
/// Returns the highest and the sum of the weights, added up in an order that the length alone decides.
#[inline(always)]
fn weigh(scores: &mut [f32], times: f32) -> (f32, f32) {
    let mut most = [f32::NEG_INFINITY; LANES];
    let (lanes, rest) = scores.as_chunks_mut::<LANES>();
    for lane in lanes.iter_mut() {
        for (score, most) in lane.iter_mut().zip(&mut most) {
            *score *= times;
            *most = if *score > *most { *score } else { *most };
        }
    }
    rest.iter_mut().for_each(|score| *score *= times);
    let most = most.iter().chain(rest.iter()).copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sums = [0.0_f32; LANES];
    for lane in lanes {
        for (score, sum) in lane.iter_mut().zip(&mut sums) {
            *score = exp(*score - most);
            *sum += *score;
        }
    }
    let mut sum = sums.iter().sum::<f32>();
    for score in rest {
        *score = exp(*score - most);
        sum += *score;
    }
    (most, sum)
}

/// Returns e to a number that is at most 0, to within two units of the last place, by the same steps on every
/// machine: x = n ln 2 + r, and e^r by the polynomial of Cephes (Moshier 1989).
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    const WHOLE: f32 = 12_582_912.0;
    let x = if x < -87.0 { -87.0 } else { x };
    let n = x * std::f32::consts::LOG2_E + WHOLE;
    let whole = n - WHOLE;
    let r = x - whole * 0.693_359_4;
    let r = r + whole * 2.121_944_4e-4;
    let mut p = 1.987_569_2e-4;
    for c in [1.398_2e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5] {
        p = p * r + c;
    }
    let p = p * r * r + r + 1.0;
    f32::from_bits(p.to_bits().wrapping_add(n.to_bits() << 23))
}

/// Returns the sum of products, added up in an order that the length alone decides.
#[inline(always)]
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
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

/// Makes gates and what they open one: SiLU of the first half of a row times its second half. `out` is half as wide.
#[inline(always)]
fn silu_mul(row: &[f32], out: &mut [f32]) {
    let (gates, ups) = row.split_at(out.len());
    for ((out, gate), up) in out.iter_mut().zip(gates).zip(ups) {
        let small = exp(-gate.abs());
        let share = if *gate < 0.0 { small } else { 1.0 } / (1.0 + small);
        *out = gate * share * up;
    }
}
