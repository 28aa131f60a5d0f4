//! Sums with NEON: fused multiply-add for f32, `bfdot` for bf16 and `sdot` for 8 bits where the processor has them, and
//! numbers made wider where it has not.
//!
//! Rust has no stable functions for `bfdot` and `sdot`; both are one instruction each, written as such.
use super::packed::PANEL;
use super::product::Sums;
use std::arch::aarch64::{
    float32x4_t, int8x16_t, int32x4_t, uint32x4_t, vaddq_s32, vandq_u32, vdupq_n_f32, vdupq_n_s32, vdupq_n_u32, veorq_u32, vfmaq_f32,
    vfmaq_n_f32, vget_high_s8, vget_low_s8, vld1q_f32, vld1q_s8, vld1q_u32, vmull_s8, vpaddlq_s16, vpaddq_s32, vreinterpretq_f32_u32,
    vreinterpretq_s8_u32, vshlq_n_u32, vst1q_f32, vst1q_s32,
};
use std::arch::{asm, is_aarch64_feature_detected};

/// The numbers of a register.
const LANES: usize = 4;
/// The registers of a panel.
const PARTS: usize = PANEL / LANES;
/// The most rows that are computed at once: their sums take 24 registers.
pub(super) const MOST_ROWS: usize = 3;

/// Adds up one to three rows with a panel, input by input.
pub(super) fn f32_sums(x: &[f32], w: &[f32], sums: &mut [Sums]) {
    let wide = check(x.len(), w.len(), sums.len());
    // SAFETY: `Level::held` made sure of NEON; `check` held the lengths.
    unsafe {
        match sums.len() {
            1 => f32_tile::<1>(x.as_ptr(), w.as_ptr(), wide, sums),
            2 => f32_tile::<2>(x.as_ptr(), w.as_ptr(), wide, sums),
            _ => f32_tile::<3>(x.as_ptr(), w.as_ptr(), wide, sums),
        }
    }
}

/// Adds up one to three rows with a panel, two inputs at a time.
pub(super) fn bf16_sums(x: &[u16], w: &[u16], sums: &mut [Sums]) {
    let wide = check(x.len(), w.len(), sums.len());
    let (x, w) = (x.as_ptr(), w.as_ptr());
    // SAFETY: as in `f32_sums`; `bfdot` is used where it is.
    unsafe {
        match (is_aarch64_feature_detected!("bf16"), sums.len()) {
            (true, 1) => bf16_dots::<1>(x, w, wide, sums),
            (true, 2) => bf16_dots::<2>(x, w, wide, sums),
            (true, _) => bf16_dots::<3>(x, w, wide, sums),
            (false, 1) => bf16_tile::<1>(x, w, wide, sums),
            (false, 2) => bf16_tile::<2>(x, w, wide, sums),
            (false, _) => bf16_tile::<3>(x, w, wide, sums),
        }
    }
}

/// Adds up one to three rows with a panel, four inputs at a time. The bytes of rows stand 128 too high; here they are
/// taken as what they stand for, from −128 to 127.
pub(super) fn int8_sums(x: &[u8], w: &[i8], sums: &mut [[i32; PANEL]]) {
    let wide = check(x.len(), w.len(), sums.len());
    let (x, w) = (x.as_ptr(), w.as_ptr());
    // SAFETY: as in `f32_sums`; `sdot` is used where it is.
    unsafe {
        match (is_aarch64_feature_detected!("dotprod"), sums.len()) {
            (true, 1) => int8_dots::<1>(x, w, wide, sums),
            (true, 2) => int8_dots::<2>(x, w, wide, sums),
            (true, _) => int8_dots::<3>(x, w, wide, sums),
            (false, 1) => int8_tile::<1>(x, w, wide, sums),
            (false, 2) => int8_tile::<2>(x, w, wide, sums),
            (false, _) => int8_tile::<3>(x, w, wide, sums),
        }
    }
}

/// Returns how many inputs a panel has, once rows, panel and sums fit together.
fn check(x: usize, w: usize, rows: usize) -> usize {
    let wide = w / PANEL;
    assert!((1..=MOST_ROWS).contains(&rows) && x == rows * wide && w == wide * PANEL && wide.is_multiple_of(4));
    wide
}

#[target_feature(enable = "neon")]
unsafe fn f32_tile<const ROWS: usize>(x: *const f32, w: *const f32, wide: usize, sums: &mut [Sums]) {
    let mut kept = [[vdupq_n_f32(0.0); PARTS]; ROWS];
    for input in 0..wide {
        for part in 0..PARTS {
            // SAFETY: `check` held that `x` has `ROWS * wide` numbers and `w` has `PANEL * wide`.
            unsafe {
                let panel = vld1q_f32(w.add(input * PANEL + part * LANES));
                for (row, kept) in kept.iter_mut().enumerate() {
                    kept[part] = vfmaq_n_f32(kept[part], panel, *x.add(row * wide + input));
                }
            }
        }
    }
    store(&kept, sums);
}

#[target_feature(enable = "neon")]
unsafe fn bf16_tile<const ROWS: usize>(x: *const u16, w: *const u16, wide: usize, sums: &mut [Sums]) {
    let mut kept = [[vdupq_n_f32(0.0); PARTS]; ROWS];
    for pair in 0..wide / 2 {
        for part in 0..PARTS {
            // SAFETY: as in `f32_tile`; two bf16 numbers are read as one of 32 bits, at any alignment.
            unsafe {
                let (first, second) = both(vld1q_u32(w.add(pair * 2 * PANEL + part * 2 * LANES).cast()));
                for (row, kept) in kept.iter_mut().enumerate() {
                    let own = both(vdupq_n_u32(x.add(row * wide + 2 * pair).cast::<u32>().read_unaligned()));
                    kept[part] = vfmaq_f32(kept[part], first, own.0);
                    kept[part] = vfmaq_f32(kept[part], second, own.1);
                }
            }
        }
    }
    store(&kept, sums);
}

/// Returns the first and the second number of pairs of bf16.
#[inline]
#[target_feature(enable = "neon")]
fn both(pairs: uint32x4_t) -> (float32x4_t, float32x4_t) {
    (vreinterpretq_f32_u32(vshlq_n_u32::<16>(pairs)), vreinterpretq_f32_u32(vandq_u32(pairs, vdupq_n_u32(0xFFFF_0000))))
}

#[target_feature(enable = "neon,bf16")]
unsafe fn bf16_dots<const ROWS: usize>(x: *const u16, w: *const u16, wide: usize, sums: &mut [Sums]) {
    let mut kept = [[vdupq_n_f32(0.0); PARTS]; ROWS];
    for pair in 0..wide / 2 {
        for part in 0..PARTS {
            // SAFETY: as in `bf16_tile`.
            unsafe {
                let panel = vld1q_u32(w.add(pair * 2 * PANEL + part * 2 * LANES).cast());
                for (row, kept) in kept.iter_mut().enumerate() {
                    let own = vdupq_n_u32(x.add(row * wide + 2 * pair).cast::<u32>().read_unaligned());
                    asm!("bfdot {sum:v}.4s, {panel:v}.8h, {own:v}.8h", sum = inout(vreg) kept[part], panel = in(vreg) panel, own = in(vreg) own,
                        options(pure, nomem, nostack, preserves_flags));
                }
            }
        }
    }
    store(&kept, sums);
}

#[target_feature(enable = "neon")]
fn store<const ROWS: usize>(kept: &[[float32x4_t; PARTS]; ROWS], sums: &mut [Sums]) {
    for (kept, sums) in kept.iter().zip(sums) {
        for (kept, sums) in kept.iter().zip(sums.chunks_exact_mut(LANES)) {
            // SAFETY: a chunk has the four numbers of a register.
            unsafe { vst1q_f32(sums.as_mut_ptr(), *kept) };
        }
    }
}

#[target_feature(enable = "neon,dotprod")]
unsafe fn int8_dots<const ROWS: usize>(x: *const u8, w: *const i8, wide: usize, sums: &mut [[i32; PANEL]]) {
    let mut kept = [[vdupq_n_s32(0); PARTS]; ROWS];
    for four in 0..wide / 4 {
        for part in 0..PARTS {
            // SAFETY: as in `f32_tile`; four bytes are read as one number of 32 bits, at any alignment.
            unsafe {
                let panel = vld1q_s8(w.add(four * 4 * PANEL + part * 4 * LANES));
                for (row, kept) in kept.iter_mut().enumerate() {
                    let own = signed(x.add(row * wide + 4 * four));
                    asm!("sdot {sum:v}.4s, {panel:v}.16b, {own:v}.16b", sum = inout(vreg) kept[part], panel = in(vreg) panel, own = in(vreg) own,
                        options(pure, nomem, nostack, preserves_flags));
                }
            }
        }
    }
    store_whole(&kept, sums);
}

#[target_feature(enable = "neon")]
unsafe fn int8_tile<const ROWS: usize>(x: *const u8, w: *const i8, wide: usize, sums: &mut [[i32; PANEL]]) {
    let mut kept = [[vdupq_n_s32(0); PARTS]; ROWS];
    for four in 0..wide / 4 {
        for part in 0..PARTS {
            // SAFETY: as in `int8_dots`.
            unsafe {
                let panel = vld1q_s8(w.add(four * 4 * PANEL + part * 4 * LANES));
                for (row, kept) in kept.iter_mut().enumerate() {
                    let own = signed(x.add(row * wide + 4 * four));
                    let lower = vpaddlq_s16(vmull_s8(vget_low_s8(panel), vget_low_s8(own)));
                    let upper = vpaddlq_s16(vmull_s8(vget_high_s8(panel), vget_high_s8(own)));
                    kept[part] = vaddq_s32(kept[part], vpaddq_s32(lower, upper));
                }
            }
        }
    }
    store_whole(&kept, sums);
}

/// Returns four bytes that stand 128 too high as what they stand for, four times.
#[inline]
#[target_feature(enable = "neon")]
unsafe fn signed(x: *const u8) -> int8x16_t {
    // SAFETY: the caller has four bytes there.
    let four = unsafe { x.cast::<u32>().read_unaligned() };
    vreinterpretq_s8_u32(veorq_u32(vdupq_n_u32(four), vdupq_n_u32(0x8080_8080)))
}

#[target_feature(enable = "neon")]
fn store_whole<const ROWS: usize>(kept: &[[int32x4_t; PARTS]; ROWS], sums: &mut [[i32; PANEL]]) {
    for (kept, sums) in kept.iter().zip(sums) {
        for (kept, sums) in kept.iter().zip(sums.chunks_exact_mut(LANES)) {
            // SAFETY: a chunk has the four numbers of a register.
            unsafe { vst1q_s32(sums.as_mut_ptr(), *kept) };
        }
    }
}
