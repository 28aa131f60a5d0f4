//! The product of some rows with a packed weight, at any level, by all threads of the pool.
use super::inputs::{Inputs, RowNumbers};
use super::level::Level;
use super::packed::{Numbers, PANEL, Packed};
use super::plain;
#[cfg(target_arch = "x86_64")]
use super::{avx2, avx512};
use rayon::prelude::*;
use std::ops::Range;

/// How many rows are gone through before the next panel: as many as stay in the cache nearest to a core.
const ROWS_AT_ONCE: usize = 120;
/// The fewest multiplications that are worth another thread; few rows count as some, because what takes time then is to
/// load the weight.
const WORTH_A_THREAD: usize = 1 << 20;
const FEW_ROWS: usize = 8;

/// The sums of one row with one panel.
pub(super) type Sums = [f32; PANEL];

/// Where the results go: `columns` of a table whose rows are `stride` numbers long.
pub struct Output<'a> {
    /// The table, row by row.
    pub table: &'a mut [f32],
    /// How long its rows are.
    pub stride: usize,
    /// The column of the first output.
    pub first: usize,
    /// What each result is multiplied with before it is added; `None` where it takes the place of what was there.
    pub add: Option<f32>,
}

/// Multiplies the rows of a range with the transpose of a weight; the first of them goes to the table's first row.
///
/// # Panics
/// Where this machine does not have the level, the inputs are not those of the weight or the table is too small; a model
/// checks its shapes when it is read.
pub fn product(level: Level, weight: &Packed, inputs: &Inputs, rows: Range<usize>, out: &mut Output<'_>) {
    let level = level.held();
    assert_eq!((inputs.inputs(), inputs.precision()), (weight.inputs(), weight.precision()), "rows for another weight");
    assert!(rows.end <= inputs.rows() && rows.start <= rows.end, "rows that are not there");
    assert!(out.first + weight.outputs() <= out.stride && rows.len() * out.stride <= out.table.len(), "a table too small");
    if rows.is_empty() {
        return;
    }
    let place = Place { table: out.table.as_mut_ptr(), stride: out.stride, first: out.first, add: out.add };
    let work = rows.len().max(FEW_ROWS) * weight.panels() * PANEL * weight.inputs();
    let pieces = (4 * rayon::current_num_threads()).min(weight.panels()).min(work.div_ceil(WORTH_A_THREAD));
    let piece = |piece: usize| {
        let panels = weight.panels() * piece / pieces..weight.panels() * (piece + 1) / pieces;
        for start in rows.clone().step_by(ROWS_AT_ONCE) {
            let some = start..(start + ROWS_AT_ONCE).min(rows.end);
            panels.clone().for_each(|panel| one_panel(level, (weight, panel), (inputs, some.clone()), (&place, rows.start)));
        }
    };
    match pieces {
        1 => piece(0),
        _ => (0..pieces).into_par_iter().with_max_len(1).for_each(piece),
    }
}

/// Where results go, for several threads that each write columns of their own.
struct Place {
    table: *mut f32,
    stride: usize,
    first: usize,
    add: Option<f32>,
}

// SAFETY: `product` hands each panel to one thread, and each panel writes columns of its own.
unsafe impl Sync for Place {}

impl Place {
    /// Puts the results of a row with a panel into their columns.
    fn put(&self, row: usize, panel: usize, weight: &Packed, results: &Sums) {
        let columns = panel * PANEL..weight.outputs().min((panel + 1) * PANEL);
        // SAFETY: `product` checked that the table has the row and the columns; no other thread has these columns.
        let table =
            unsafe { std::slice::from_raw_parts_mut(self.table.add(row * self.stride + self.first + columns.start), columns.len()) };
        match self.add {
            None => table.copy_from_slice(&results[..columns.len()]),
            Some(times) => table.iter_mut().zip(results).for_each(|(own, result)| *own += times * result),
        }
    }
}

/// Multiplies some rows with one panel.
fn one_panel(level: Level, (weight, panel): (&Packed, usize), (inputs, rows): (&Inputs, Range<usize>), (place, first): (&Place, usize)) {
    let wide = weight.wide();
    let of = panel * PANEL * wide..(panel + 1) * PANEL * wide;
    let mut at = rows.start;
    while at < rows.end {
        let count = block(level, rows.end - at);
        let mut sums = [[0.0; PANEL]; MOST_ROWS];
        let here = at * wide..(at + count) * wide;
        match (weight.numbers(), inputs.numbers()) {
            (Numbers::F32(w), RowNumbers::F32(x)) => f32_sums(level, &x[here], &w[of.clone()], &mut sums[..count]),
            (Numbers::Bf16(w), RowNumbers::Bf16(x)) => bf16_sums(level, &x[here], &w[of.clone()], &mut sums[..count]),
            (Numbers::Int8 { numbers, scales, sums: all }, RowNumbers::Int8 { bytes, scales: of_rows }) => {
                let mut whole = [[0_i32; PANEL]; MOST_ROWS];
                int8_sums(level, &bytes[here], &numbers[of.clone()], &mut whole[..count]);
                let outputs = panel * PANEL..weight.outputs().min((panel + 1) * PANEL);
                let (scales, all) = (&scales[outputs.clone()], &all[outputs]);
                for ((sums, whole), own) in sums.iter_mut().zip(&whole).zip(&of_rows[at..at + count]) {
                    for (((sum, whole), scale), all) in sums.iter_mut().zip(whole).zip(scales).zip(all) {
                        *sum = own * scale * (whole - 128 * all) as f32;
                    }
                }
            }
            _ => debug_assert!(false, "`product` compared the precisions"),
        }
        (0..count).for_each(|row| place.put(at + row - first, panel, weight, &sums[row]));
        at += count;
    }
}

/// The rows that one call of a kernel takes at most.
pub(super) const MOST_ROWS: usize = 12;

/// Returns how many of the rows left the next call takes.
pub(super) fn block(level: Level, left: usize) -> usize {
    let sizes: &[usize] = match level {
        Level::Plain => &[1],
        Level::Avx2 => &[2, 1],
        Level::Avx512 => &[12, 8, 4, 2, 1],
    };
    sizes.iter().copied().find(|size| *size <= left).unwrap_or(1)
}

pub(super) fn f32_sums(level: Level, x: &[f32], w: &[f32], sums: &mut [Sums]) {
    match level {
        Level::Plain => plain::f32_sums(x, w, sums),
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => avx2::f32_sums(x, w, sums),
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => avx512::f32_sums(x, w, sums),
        #[cfg(not(target_arch = "x86_64"))]
        _ => plain::f32_sums(x, w, sums),
    }
}

pub(super) fn bf16_sums(level: Level, x: &[u16], w: &[u16], sums: &mut [Sums]) {
    match level {
        Level::Plain => plain::bf16_sums(x, w, sums),
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => avx2::bf16_sums(x, w, sums),
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => avx512::bf16_sums(x, w, sums),
        #[cfg(not(target_arch = "x86_64"))]
        _ => plain::bf16_sums(x, w, sums),
    }
}

fn int8_sums(level: Level, x: &[u8], w: &[i8], sums: &mut [[i32; PANEL]]) {
    match level {
        Level::Plain => plain::int8_sums(x, w, sums),
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => avx2::int8_sums(x, w, sums),
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => avx512::int8_sums(x, w, sums),
        #[cfg(not(target_arch = "x86_64"))]
        _ => plain::int8_sums(x, w, sums),
    }
}
