//! The unit as the manual of its maker describes it (Intel 64 and IA-32 Architectures Software Developer's Manual,
//! volume 2: TILELOADD, TILESTORED, TILEZERO, TDPBF16PS, TDPBUSD), for machines that have none.
//!
//! What is followed to the bit: bf16 pairs are added up in two sums, one of the first numbers of all pairs and one of the
//! second, each step a fused multiplication and addition rounded to the nearest, the even one of two; both sums are
//! added, and that to what the tile held; numbers below the normal ones count as zero where they come in and become zero
//! where they come out. Bytes are added up in 32 bits that wrap around. What is not followed: numbers that are none.
use super::{LINE, LINES, Unit, check, lines};

pub(super) struct Emulated {
    rows: [usize; 2],
    tiles: [[[u8; LINE]; LINES]; 8],
}

impl Unit for Emulated {
    fn new(rows: [usize; 2]) -> Self {
        assert!(rows[0] > 0 && rows[0] <= LINES && rows[1] <= LINES);
        // What was in a tile before is anything.
        Self { rows, tiles: [[[0x41; LINE]; LINES]; 8] }
    }

    fn zero<const TILE: usize>(&mut self) {
        self.tiles[TILE] = [[0; LINE]; LINES];
    }

    fn load<const TILE: usize>(&mut self, from: &[u8], stride: usize) {
        let lines = lines(TILE, self.rows);
        check(lines, from.len(), stride);
        self.tiles[TILE] = [[0; LINE]; LINES];
        for (at, line) in self.tiles[TILE].iter_mut().take(lines).enumerate() {
            line.copy_from_slice(&from[at * stride..][..LINE]);
        }
    }

    fn dot<const BYTES: bool, const SUMS: usize, const ROWS: usize, const WEIGHTS: usize>(&mut self) {
        assert_eq!((lines(SUMS, self.rows), lines(WEIGHTS, self.rows)), (lines(ROWS, self.rows), LINES), "tiles of other shapes");
        for line in 0..lines(SUMS, self.rows) {
            for column in 0..LINE / 4 {
                let sum = four(&self.tiles[SUMS][line], column);
                let pairs = (0..LINES).map(|at| (four(&self.tiles[ROWS][line], at), four(&self.tiles[WEIGHTS][at], column)));
                let sum = if BYTES { bytes(sum, pairs) } else { brains(sum, pairs) };
                self.tiles[SUMS][line][4 * column..][..4].copy_from_slice(&sum);
            }
        }
    }

    fn store<const TILE: usize>(&self, into: &mut [u8], stride: usize) {
        let lines = lines(TILE, self.rows);
        check(lines, into.len(), stride);
        for (at, line) in self.tiles[TILE].iter().take(lines).enumerate() {
            into[at * stride..][..LINE].copy_from_slice(line);
        }
    }
}

type Four = [u8; 4];

fn four(line: &[u8; LINE], at: usize) -> Four {
    line.as_chunks::<4>().0[at]
}

fn bytes(sum: Four, pairs: impl Iterator<Item = (Four, Four)>) -> Four {
    let products = pairs.flat_map(|(x, w)| x.into_iter().zip(w)).map(|(x, w)| i32::from(x) * i32::from(w.cast_signed()));
    products.fold(i32::from_le_bytes(sum), i32::wrapping_add).to_le_bytes()
}

fn brains(sum: Four, pairs: impl Iterator<Item = (Four, Four)>) -> Four {
    let wide = |four: Four, at: usize| normal(f32::from_le_bytes([0, 0, four[2 * at], four[2 * at + 1]]));
    let mut both = [0.0_f32; 2];
    for (x, w) in pairs {
        for (at, own) in both.iter_mut().enumerate() {
            *own = normal(wide(x, at).mul_add(wide(w, at), *own));
        }
    }
    normal(normal(f32::from_le_bytes(sum)) + normal(both[0] + both[1])).to_le_bytes()
}

/// Returns the number, or zero where it is below the normal ones.
fn normal(number: f32) -> f32 {
    if number.is_subnormal() { 0.0_f32.copysign(number) } else { number }
}
