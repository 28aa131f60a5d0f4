//! The algorithm on the emulated unit against plain Rust, and the real unit against the emulated one where there is one.
use super::emulated::Emulated;
use super::{MOST_ROWS, sums};
use crate::kernels::inputs::to_bf16;
use crate::kernels::packed::PANEL;
use crate::kernels::plain;
use proptest::prelude::*;
use std::io::Write as _;

/// Returns some bits drawn by a seed (xorshift64*, Vigna 2016).
fn drawn(seed: u64) -> impl FnMut() -> u32 {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    move || {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        (state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32) as u32
    }
}

fn brains(count: usize, draw: &mut impl FnMut() -> u32) -> Vec<u16> {
    (0..count).map(|_| to_bf16(draw() as f32 / 2.0_f32.powi(31) - 1.0)).collect()
}

fn as_bytes(numbers: &[u16]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

fn fours<T, const N: usize>(sums: &[u8], of: impl Fn([u8; 4]) -> T) -> Vec<T> {
    assert_eq!(N, 4);
    sums.as_chunks::<4>().0.iter().map(|four| of(*four)).collect()
}

fn computed<const BYTES: bool>(rows: usize, x: &[u8], panel: &[u8]) -> Vec<u8> {
    let mut emulated = vec![7; rows * 4 * PANEL];
    sums::<Emulated, BYTES>(x, panel, &mut emulated);
    #[cfg(target_arch = "x86_64")]
    if crate::kernels::amx::is_here() {
        let mut real = vec![9; rows * 4 * PANEL];
        sums::<crate::kernels::amx::Amx, BYTES>(x, panel, &mut real);
        assert_eq!(real, emulated, "the machine and its manual do not agree");
    }
    emulated
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn tiles_add_up_bf16_as_plain_rust_does(rows in 1..=MOST_ROWS, fours_of_inputs in 1..60_usize, seed in any::<u64>()) {
        let (wide, mut draw) = (4 * fours_of_inputs, drawn(seed));
        let (x, w) = (brains(rows * wide, &mut draw), brains(PANEL * wide, &mut draw));
        let mut plain = vec![[0.0; PANEL]; rows];
        plain::bf16_sums(&x, &w, &mut plain);
        let (x, w) = (as_bytes(&x), as_bytes(&w));
        let tiled = computed::<false>(rows, &x, &w);
        for (tiled, plain) in fours::<_, 4>(&tiled, f32::from_le_bytes).iter().zip(plain.as_flattened()) {
            prop_assert!((tiled - plain).abs() <= 1e-6 * wide as f32, "{} {}", tiled, plain);
        }
        // A row by itself.
        for (row, tiled) in x.chunks_exact(2 * wide).zip(tiled.chunks_exact(4 * PANEL)) {
            prop_assert_eq!(computed::<false>(1, row, &w), tiled);
        }
    }

    #[test]
    fn tiles_add_up_bytes_as_plain_rust_does(rows in 1..=MOST_ROWS, fours_of_inputs in 1..60_usize, seed in any::<u64>()) {
        let (wide, mut draw) = (4 * fours_of_inputs, drawn(seed));
        let x: Vec<u8> = (0..rows * wide).map(|_| draw() as u8).collect();
        let w: Vec<i8> = (0..PANEL * wide).map(|_| draw() as i8).collect();
        let mut plain = vec![[0; PANEL]; rows];
        plain::int8_sums(&x, &w, &mut plain);
        let w: Vec<u8> = w.iter().map(|w| w.cast_unsigned()).collect();
        prop_assert_eq!(fours::<_, 4>(&computed::<true>(rows, &x, &w), i32::from_le_bytes), plain.as_flattened());
    }
}

#[test]
fn the_real_unit_is_tried_where_there_is_one() {
    #[cfg(target_arch = "x86_64")]
    let here = crate::kernels::amx::is_here();
    #[cfg(not(target_arch = "x86_64"))]
    let here = false;
    let told = match here {
        true => "AMX is here: its instructions ran, and were equal to the emulated unit bit for bit",
        false => "skipped: this machine has no AMX; only the emulated unit ran, its instructions were not tried",
    };
    // Straight to the terminal, so that a test that passes says it as well.
    writeln!(std::io::stderr(), "{told}").unwrap();
}

#[test]
fn numbers_below_the_normal_ones_are_zero() {
    // 2⁻¹³³ is no normal number; 2⁻⁷⁰ × 2⁻⁷⁰ is below them, too.
    let (tiny, small, one) = (0x0001_u16, to_bf16(2.0_f32.powi(-70)), to_bf16(1.0));
    for (x, w) in [(tiny, one), (small, small)] {
        let (x, w) = (as_bytes(&[x, 0, 0, 0]), as_bytes(&[w; 4 * PANEL]));
        assert!(fours::<_, 4>(&computed::<false>(1, &x, &w), f32::from_le_bytes).iter().all(|sum| *sum == 0.0));
    }
}
