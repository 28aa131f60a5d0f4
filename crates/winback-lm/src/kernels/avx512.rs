//! Sums with AVX-512: fused multiply-add for f32, `vdpbf16ps` for bf16, `vpdpbusd` for int8.
//!
//! A block of up to thirteen rows keeps its sums in 26 registers, two for each row, so that the numbers of a panel are
//! loaded once for all of them. Meanwhile half a panel, the one that comes next, is fetched from memory: a hint, which may
//! name any address.
use super::packed::PANEL;
use super::product::Sums;
use std::arch::x86_64::{
    __m512bh, __m512i, _MM_HINT_T0, _MM_HINT_T1, _mm_prefetch, _mm512_dpbf16_ps, _mm512_dpbusd_epi32, _mm512_fmadd_ps, _mm512_loadu_ps,
    _mm512_loadu_si512, _mm512_set1_epi32, _mm512_set1_ps, _mm512_setzero_ps, _mm512_setzero_si512, _mm512_storeu_ps, _mm512_storeu_si512,
};

/// The most rows that are computed at once: their sums take 26 registers.
pub(super) const MOST_ROWS: usize = 13;

/// Adds up one to thirteen rows with a panel, input by input.
pub(super) fn f32_sums(x: &[f32], w: &[f32], sums: &mut [Sums]) {
    let wide = check(x.len(), w.len(), sums.len());
    // SAFETY: `Level::held` made sure of AVX-512; `check` held the lengths.
    unsafe {
        match sums.len() {
            1 => f32_tile::<1>(x.as_ptr(), w.as_ptr(), wide, sums),
            2 => f32_tile::<2>(x.as_ptr(), w.as_ptr(), wide, sums),
            3 => f32_tile::<3>(x.as_ptr(), w.as_ptr(), wide, sums),
            4 => f32_tile::<4>(x.as_ptr(), w.as_ptr(), wide, sums),
            5 => f32_tile::<5>(x.as_ptr(), w.as_ptr(), wide, sums),
            6 => f32_tile::<6>(x.as_ptr(), w.as_ptr(), wide, sums),
            7 => f32_tile::<7>(x.as_ptr(), w.as_ptr(), wide, sums),
            8 => f32_tile::<8>(x.as_ptr(), w.as_ptr(), wide, sums),
            9 => f32_tile::<9>(x.as_ptr(), w.as_ptr(), wide, sums),
            10 => f32_tile::<10>(x.as_ptr(), w.as_ptr(), wide, sums),
            11 => f32_tile::<11>(x.as_ptr(), w.as_ptr(), wide, sums),
            12 => f32_tile::<12>(x.as_ptr(), w.as_ptr(), wide, sums),
            _ => f32_tile::<13>(x.as_ptr(), w.as_ptr(), wide, sums),
        }
    }
}

/// Adds up one to thirteen rows with a panel, two inputs at a time.
pub(super) fn bf16_sums(x: &[u16], (w, ahead): (&[u16], &[u16]), sums: &mut [Sums]) {
    let wide = check(x.len(), w.len(), sums.len());
    // SAFETY: as in `f32_sums`.
    unsafe {
        match sums.len() {
            1 => bf16_tile::<1>(x.as_ptr(), (w.as_ptr(), ahead.as_ptr()), wide, sums),
            2 => bf16_tile::<2>(x.as_ptr(), (w.as_ptr(), ahead.as_ptr()), wide, sums),
            3 => bf16_tile::<3>(x.as_ptr(), (w.as_ptr(), ahead.as_ptr()), wide, sums),
            4 => bf16_tile::<4>(x.as_ptr(), (w.as_ptr(), ahead.as_ptr()), wide, sums),
            5 => bf16_tile::<5>(x.as_ptr(), (w.as_ptr(), ahead.as_ptr()), wide, sums),
            6 => bf16_tile::<6>(x.as_ptr(), (w.as_ptr(), ahead.as_ptr()), wide, sums),
            7 => bf16_tile::<7>(x.as_ptr(), (w.as_ptr(), ahead.as_ptr()), wide, sums),
            8 => bf16_tile::<8>(x.as_ptr(), (w.as_ptr(), ahead.as_ptr()), wide, sums),
            9 => bf16_tile::<9>(x.as_ptr(), (w.as_ptr(), ahead.as_ptr()), wide, sums),
            10 => bf16_tile::<10>(x.as_ptr(), (w.as_ptr(), ahead.as_ptr()), wide, sums),
            11 => bf16_tile::<11>(x.as_ptr(), (w.as_ptr(), ahead.as_ptr()), wide, sums),
            12 => bf16_tile::<12>(x.as_ptr(), (w.as_ptr(), ahead.as_ptr()), wide, sums),
            _ => bf16_tile::<13>(x.as_ptr(), (w.as_ptr(), ahead.as_ptr()), wide, sums),
        }
    }
}

/// Adds up one to thirteen rows with a panel, four inputs at a time.
pub(super) fn int8_sums(x: &[u8], (w, ahead): (&[i8], &[i8]), sums: &mut [[i32; PANEL]]) {
    let wide = check(x.len(), w.len(), sums.len());
    // SAFETY: as in `f32_sums`.
    unsafe {
        match sums.len() {
            1 => int8_tile::<1>(x.as_ptr(), (w.as_ptr(), ahead.as_ptr()), wide, sums),
            2 => int8_tile::<2>(x.as_ptr(), (w.as_ptr(), ahead.as_ptr()), wide, sums),
            3 => int8_tile::<3>(x.as_ptr(), (w.as_ptr(), ahead.as_ptr()), wide, sums),
            4 => int8_tile::<4>(x.as_ptr(), (w.as_ptr(), ahead.as_ptr()), wide, sums),
            5 => int8_tile::<5>(x.as_ptr(), (w.as_ptr(), ahead.as_ptr()), wide, sums),
            6 => int8_tile::<6>(x.as_ptr(), (w.as_ptr(), ahead.as_ptr()), wide, sums),
            7 => int8_tile::<7>(x.as_ptr(), (w.as_ptr(), ahead.as_ptr()), wide, sums),
            8 => int8_tile::<8>(x.as_ptr(), (w.as_ptr(), ahead.as_ptr()), wide, sums),
            9 => int8_tile::<9>(x.as_ptr(), (w.as_ptr(), ahead.as_ptr()), wide, sums),
            10 => int8_tile::<10>(x.as_ptr(), (w.as_ptr(), ahead.as_ptr()), wide, sums),
            11 => int8_tile::<11>(x.as_ptr(), (w.as_ptr(), ahead.as_ptr()), wide, sums),
            12 => int8_tile::<12>(x.as_ptr(), (w.as_ptr(), ahead.as_ptr()), wide, sums),
            _ => int8_tile::<13>(x.as_ptr(), (w.as_ptr(), ahead.as_ptr()), wide, sums),
        }
    }
}

/// Asks for a line of memory that will be needed: a hint, which may name any address.
#[inline]
pub(super) fn fetch<T>(at: *const T) {
    // SAFETY: every x86-64 processor has the instruction, and it reads nothing that a program could see.
    unsafe { _mm_prefetch::<_MM_HINT_T0>(at.cast()) }
}

/// Returns how many inputs a panel has, once rows, panel and sums fit together.
fn check(x: usize, w: usize, rows: usize) -> usize {
    let wide = w / PANEL;
    assert!((1..=MOST_ROWS).contains(&rows) && x == rows * wide && w == wide * PANEL && wide.is_multiple_of(4));
    wide
}

#[target_feature(enable = "avx512f")]
unsafe fn f32_tile<const ROWS: usize>(x: *const f32, w: *const f32, wide: usize, sums: &mut [Sums]) {
    let mut kept = [[_mm512_setzero_ps(); 2]; ROWS];
    for input in 0..wide {
        // SAFETY: `check` held that `x` has `ROWS * wide` numbers and `w` has `PANEL * wide`.
        unsafe {
            let (left, right) = (_mm512_loadu_ps(w.add(input * PANEL)), _mm512_loadu_ps(w.add(input * PANEL + 16)));
            for (row, kept) in kept.iter_mut().enumerate() {
                let own = _mm512_set1_ps(*x.add(row * wide + input));
                kept[0] = _mm512_fmadd_ps(left, own, kept[0]);
                kept[1] = _mm512_fmadd_ps(right, own, kept[1]);
            }
        }
    }
    // As many as are kept, which the compiler must know to keep them in registers.
    let Some(sums) = sums.first_chunk_mut::<ROWS>() else { return };
    for (kept, sums) in kept.iter().zip(sums) {
        // SAFETY: sums of a row are 32 numbers.
        unsafe {
            _mm512_storeu_ps(sums.as_mut_ptr(), kept[0]);
            _mm512_storeu_ps(sums.as_mut_ptr().add(16), kept[1]);
        }
    }
}

#[target_feature(enable = "avx512f,avx512bf16")]
unsafe fn bf16_tile<const ROWS: usize>(x: *const u16, (w, ahead): (*const u16, *const u16), wide: usize, sums: &mut [Sums]) {
    let mut kept = [[_mm512_setzero_ps(); 2]; ROWS];
    for pair in 0..wide / 2 {
        // SAFETY: as in `f32_tile`; two bf16 numbers are read as one of 32 bits, at any alignment.
        unsafe {
            let (left, right) =
                (_mm512_loadu_si512(w.add(pair * 2 * PANEL).cast()), _mm512_loadu_si512(w.add(pair * 2 * PANEL + 32).cast()));
            let (left, right) = (bits(left), bits(right));
            _mm_prefetch::<_MM_HINT_T1>(ahead.wrapping_byte_add(pair * 64).cast());
            for (row, kept) in kept.iter_mut().enumerate() {
                let own = bits(_mm512_set1_epi32(x.add(row * wide + 2 * pair).cast::<i32>().read_unaligned()));
                kept[0] = _mm512_dpbf16_ps(kept[0], left, own);
                kept[1] = _mm512_dpbf16_ps(kept[1], right, own);
            }
        }
    }
    // As many as are kept, which the compiler must know to keep them in registers.
    let Some(sums) = sums.first_chunk_mut::<ROWS>() else { return };
    for (kept, sums) in kept.iter().zip(sums) {
        // SAFETY: sums of a row are 32 numbers.
        unsafe {
            _mm512_storeu_ps(sums.as_mut_ptr(), kept[0]);
            _mm512_storeu_ps(sums.as_mut_ptr().add(16), kept[1]);
        }
    }
}

/// Returns the same bits as pairs of bf16.
#[inline]
#[target_feature(enable = "avx512f,avx512bf16")]
fn bits(numbers: __m512i) -> __m512bh {
    // SAFETY: both are 512 bits of any value.
    unsafe { std::mem::transmute(numbers) }
}

#[target_feature(enable = "avx512f,avx512vnni")]
unsafe fn int8_tile<const ROWS: usize>(x: *const u8, (w, ahead): (*const i8, *const i8), wide: usize, sums: &mut [[i32; PANEL]]) {
    let mut kept = [[_mm512_setzero_si512(); 2]; ROWS];
    for four in 0..wide / 4 {
        // SAFETY: as in `f32_tile`; four bytes are read as one number of 32 bits, at any alignment.
        unsafe {
            let (left, right) =
                (_mm512_loadu_si512(w.add(four * 4 * PANEL).cast()), _mm512_loadu_si512(w.add(four * 4 * PANEL + 64).cast()));
            _mm_prefetch::<_MM_HINT_T1>(ahead.wrapping_byte_add(four * 64));
            for (row, kept) in kept.iter_mut().enumerate() {
                let own = _mm512_set1_epi32(x.add(row * wide + 4 * four).cast::<i32>().read_unaligned());
                kept[0] = _mm512_dpbusd_epi32(kept[0], own, left);
                kept[1] = _mm512_dpbusd_epi32(kept[1], own, right);
            }
        }
    }
    // As many as are kept, which the compiler must know to keep them in registers.
    let Some(sums) = sums.first_chunk_mut::<ROWS>() else { return };
    for (kept, sums) in kept.iter().zip(sums) {
        // SAFETY: sums of a row are 32 numbers.
        unsafe {
            _mm512_storeu_si512(sums.as_mut_ptr().cast(), kept[0]);
            _mm512_storeu_si512(sums.as_mut_ptr().add(16).cast(), kept[1]);
        }
    }
}
