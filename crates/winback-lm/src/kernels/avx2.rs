//! Sums with AVX2 and FMA; bf16 is widened to f32, int8 to 16 bits.
use super::packed::PANEL;
use super::product::Sums;
use std::arch::x86_64::{
    __m256, _mm256_add_epi32, _mm256_and_si256, _mm256_castsi256_ps, _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_loadu_si256,
    _mm256_madd_epi16, _mm256_set1_epi16, _mm256_set1_epi32, _mm256_set1_ps, _mm256_setzero_ps, _mm256_setzero_si256, _mm256_slli_epi16,
    _mm256_slli_epi32, _mm256_srai_epi16, _mm256_srli_epi16, _mm256_storeu_ps, _mm256_storeu_si256,
};

/// The numbers of a register.
const LANES: usize = 8;
/// The registers of a panel.
const PARTS: usize = PANEL / LANES;

/// The most rows that are computed at once.
pub(super) const MOST_ROWS: usize = 2;

/// Adds up one or two rows with a panel, input by input.
pub(super) fn f32_sums(x: &[f32], w: &[f32], sums: &mut [Sums]) {
    let wide = check(x.len(), w.len(), sums.len());
    // SAFETY: `Level::held` made sure of AVX2; `check` held the lengths.
    unsafe {
        match sums.len() {
            1 => f32_tile::<1>(x.as_ptr(), w.as_ptr(), wide, sums),
            _ => f32_tile::<2>(x.as_ptr(), w.as_ptr(), wide, sums),
        }
    }
}

/// Adds up one or two rows with a panel, two inputs at a time.
pub(super) fn bf16_sums(x: &[u16], w: &[u16], sums: &mut [Sums]) {
    let wide = check(x.len(), w.len(), sums.len());
    // SAFETY: as in `f32_sums`.
    unsafe {
        match sums.len() {
            1 => bf16_tile::<1>(x.as_ptr(), w.as_ptr(), wide, sums),
            _ => bf16_tile::<2>(x.as_ptr(), w.as_ptr(), wide, sums),
        }
    }
}

/// Adds up one or two rows with a panel, four inputs at a time.
pub(super) fn int8_sums(x: &[u8], w: &[i8], sums: &mut [[i32; PANEL]]) {
    let wide = check(x.len(), w.len(), sums.len());
    // SAFETY: as in `f32_sums`.
    unsafe {
        match sums.len() {
            1 => int8_tile::<1>(x.as_ptr(), w.as_ptr(), wide, sums),
            _ => int8_tile::<2>(x.as_ptr(), w.as_ptr(), wide, sums),
        }
    }
}

/// Returns how many inputs a panel has, once rows, panel and sums fit together.
fn check(x: usize, w: usize, rows: usize) -> usize {
    let wide = w / PANEL;
    assert!(matches!(rows, 1 | 2) && x == rows * wide && w == wide * PANEL && wide.is_multiple_of(4));
    wide
}

#[target_feature(enable = "avx2,fma")]
unsafe fn f32_tile<const ROWS: usize>(x: *const f32, w: *const f32, wide: usize, sums: &mut [Sums]) {
    let mut kept = [[_mm256_setzero_ps(); PARTS]; ROWS];
    for input in 0..wide {
        for part in 0..PARTS {
            // SAFETY: `check` held that `x` has `ROWS * wide` numbers and `w` has `PANEL * wide`.
            unsafe {
                let panel = _mm256_loadu_ps(w.add(input * PANEL + part * LANES));
                for (row, kept) in kept.iter_mut().enumerate() {
                    kept[part] = _mm256_fmadd_ps(panel, _mm256_set1_ps(*x.add(row * wide + input)), kept[part]);
                }
            }
        }
    }
    store(&kept, sums);
}

#[target_feature(enable = "avx2,fma")]
unsafe fn bf16_tile<const ROWS: usize>(x: *const u16, w: *const u16, wide: usize, sums: &mut [Sums]) {
    let mut kept = [[_mm256_setzero_ps(); PARTS]; ROWS];
    let upper = _mm256_set1_epi32(0xFFFF_0000_u32.cast_signed());
    for pair in 0..wide / 2 {
        for part in 0..PARTS {
            // SAFETY: as in `f32_tile`; two bf16 numbers are read as one of 32 bits, at any alignment.
            unsafe {
                let both = _mm256_loadu_si256(w.add(pair * 2 * PANEL + part * 2 * LANES).cast());
                let first = _mm256_castsi256_ps(_mm256_slli_epi32::<16>(both));
                let second = _mm256_castsi256_ps(_mm256_and_si256(both, upper));
                for (row, kept) in kept.iter_mut().enumerate() {
                    let own = _mm256_set1_epi32(x.add(row * wide + 2 * pair).cast::<i32>().read_unaligned());
                    kept[part] = _mm256_fmadd_ps(first, _mm256_castsi256_ps(_mm256_slli_epi32::<16>(own)), kept[part]);
                    kept[part] = _mm256_fmadd_ps(second, _mm256_castsi256_ps(_mm256_and_si256(own, upper)), kept[part]);
                }
            }
        }
    }
    store(&kept, sums);
}

#[target_feature(enable = "avx2,fma")]
fn store<const ROWS: usize>(kept: &[[__m256; PARTS]; ROWS], sums: &mut [Sums]) {
    for (kept, sums) in kept.iter().zip(sums) {
        for (kept, sums) in kept.iter().zip(sums.chunks_exact_mut(LANES)) {
            // SAFETY: a chunk has the eight numbers of a register.
            unsafe { _mm256_storeu_ps(sums.as_mut_ptr(), *kept) };
        }
    }
}

#[target_feature(enable = "avx2")]
unsafe fn int8_tile<const ROWS: usize>(x: *const u8, w: *const i8, wide: usize, sums: &mut [[i32; PANEL]]) {
    let mut kept = [[_mm256_setzero_si256(); PARTS]; ROWS];
    let lower = _mm256_set1_epi16(0xFF);
    for four in 0..wide / 4 {
        for part in 0..PARTS {
            // SAFETY: as in `f32_tile`; four bytes are read as one number of 32 bits, at any alignment.
            unsafe {
                let all = _mm256_loadu_si256(w.add(four * 4 * PANEL + part * 4 * LANES).cast());
                let even = _mm256_srai_epi16::<8>(_mm256_slli_epi16::<8>(all));
                let odd = _mm256_srai_epi16::<8>(all);
                for (row, kept) in kept.iter_mut().enumerate() {
                    let own = _mm256_set1_epi32(x.add(row * wide + 4 * four).cast::<i32>().read_unaligned());
                    let of_even = _mm256_madd_epi16(even, _mm256_and_si256(own, lower));
                    let of_odd = _mm256_madd_epi16(odd, _mm256_srli_epi16::<8>(own));
                    kept[part] = _mm256_add_epi32(kept[part], _mm256_add_epi32(of_even, of_odd));
                }
            }
        }
    }
    for (kept, sums) in kept.iter().zip(sums) {
        for (kept, sums) in kept.iter().zip(sums.chunks_exact_mut(LANES)) {
            // SAFETY: a chunk has the eight numbers of a register.
            unsafe { _mm256_storeu_si256(sums.as_mut_ptr().cast(), *kept) };
        }
    }
}
