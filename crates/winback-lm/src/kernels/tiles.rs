//! Sums of rows with a panel by a unit that holds eight tiles of up to 16 rows of 64 bytes and multiplies them: AMX.
//!
//! A panel of [`PANEL`] outputs is 64 bytes twice, side by side, for every four bytes of inputs, and that is how the unit
//! takes weights: 16 lines of a panel are one tile for its left half and one for its right. Up to 32 rows keep their sums
//! in four tiles:
//!
//! ```text
//!                      6: left half   7: right half
//! 4: first rows             0              1
//! 5: second rows            2              3
//! ```
//!
//! The sums of a row are those of the same steps of 64 bytes of inputs, whichever rows stand beside it.
use super::packed::PANEL;

/// The bytes of a line of a tile.
const LINE: usize = 64;
/// The lines of a tile.
pub(super) const LINES: usize = 16;
/// The bytes of the sums of a row, and of what a panel holds for four bytes of inputs.
const WIDE: usize = 4 * PANEL;
/// The most rows that are computed at once.
pub(super) const MOST_ROWS: usize = 2 * LINES;

/// What is in the tiles.
pub(super) trait Unit {
    /// Returns the unit with tiles for `[first, second]` rows, at most 16 each; second rows may be none.
    fn new(rows: [usize; 2]) -> Self;
    /// Fills a tile with zeros.
    fn zero<const TILE: usize>(&mut self);
    /// Fills a tile with lines of 64 bytes that begin `stride` bytes apart, as many as the tile has.
    fn load<const TILE: usize>(&mut self, from: &[u8], stride: usize);
    /// Adds to every sum of the tile `SUMS` the products of a line of `ROWS` with a column of `WEIGHTS`: bytes without a
    /// sign times bytes with one, or else pairs of bf16.
    fn dot<const BYTES: bool, const SUMS: usize, const ROWS: usize, const WEIGHTS: usize>(&mut self);
    /// Writes the lines of a tile `stride` bytes apart.
    fn store<const TILE: usize>(&self, into: &mut [u8], stride: usize);
}

/// Writes the sums of rows with a panel: of bytes where `BYTES`, of bf16 otherwise. `sums` has 32 numbers of four bytes
/// for each row, of which there are at most [`MOST_ROWS`].
pub(super) fn sums<U: Unit, const BYTES: bool>(x: &[u8], panel: &[u8], sums: &mut [u8]) {
    let rows = sums.len() / WIDE;
    let wide = x.len() / rows;
    assert!((1..=MOST_ROWS).contains(&rows) && rows * wide == x.len() && rows * WIDE == sums.len(), "rows that are no rows");
    assert!(panel.len() == wide / 4 * WIDE && wide.is_multiple_of(4), "rows for another panel");
    let first = rows.div_ceil(rows.div_ceil(LINES));
    let mut unit = U::new([first, rows - first]);
    unit.zero::<0>();
    unit.zero::<1>();
    if rows > first {
        unit.zero::<2>();
        unit.zero::<3>();
    }
    let second = |x: &'_ [u8], wide: usize| if rows > first { first * wide } else { x.len() };
    let whole = wide / LINE;
    for step in 0..whole {
        let (x, panel) = (&x[step * LINE..], &panel[step * LINES * WIDE..]);
        add::<U, BYTES>(&mut unit, x.split_at(second(x, wide)), wide, panel);
    }
    if !wide.is_multiple_of(LINE) {
        // What is left is filled up with zeros.
        let (mut last_x, mut last_panel) = ([0; MOST_ROWS * LINE], [0; LINES * WIDE]);
        for (own, row) in last_x.chunks_exact_mut(LINE).zip(x.chunks_exact(wide)) {
            own[..wide % LINE].copy_from_slice(&row[whole * LINE..]);
        }
        let left = &panel[whole * LINES * WIDE..];
        last_panel[..left.len()].copy_from_slice(left);
        add::<U, BYTES>(&mut unit, last_x.split_at(second(&last_x, LINE)), LINE, &last_panel);
    }
    let (above, below) = sums.split_at_mut(first * WIDE);
    unit.store::<0>(above, WIDE);
    unit.store::<1>(&mut above[LINE..], WIDE);
    if rows > first {
        unit.store::<2>(below, WIDE);
        unit.store::<3>(&mut below[LINE..], WIDE);
    }
}

/// Adds the products of 64 bytes of each row, which begin `wide` bytes apart.
#[inline(always)]
fn add<U: Unit, const BYTES: bool>(unit: &mut U, (first, second): (&[u8], &[u8]), wide: usize, panel: &[u8]) {
    unit.load::<4>(first, wide);
    unit.load::<6>(panel, WIDE);
    unit.load::<7>(&panel[LINE..], WIDE);
    unit.dot::<BYTES, 0, 4, 6>();
    unit.dot::<BYTES, 1, 4, 7>();
    if !second.is_empty() {
        unit.load::<5>(second, wide);
        unit.dot::<BYTES, 2, 5, 6>();
        unit.dot::<BYTES, 3, 5, 7>();
    }
}

/// Returns how many lines a tile has where there are so many first and second rows.
pub(super) fn lines(tile: usize, [first, second]: [usize; 2]) -> usize {
    match tile {
        0 | 1 | 4 => first,
        2 | 3 | 5 => second,
        _ => LINES,
    }
}

/// Checks that lines of a tile lie in some bytes.
pub(super) fn check(lines: usize, bytes: usize, stride: usize) {
    assert!(lines > 0 && (lines - 1) * stride + LINE <= bytes, "lines that are not there");
}

#[cfg(test)]
mod emulated;
#[cfg(test)]
mod tests;
