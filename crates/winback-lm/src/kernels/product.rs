//! Products of rows with packed weights, at any level, by all threads of the pool.
use super::inputs::{Inputs, RowNumbers};
use super::level::{Level, widely};
#[cfg(target_arch = "aarch64")]
use super::neon;
use super::packed::{Numbers, PANEL, Packed};
use super::plain;
#[cfg(target_arch = "x86_64")]
use super::{amx, avx2, avx512};
use rayon::prelude::*;
use std::ops::Range;

/// How many bytes of rows are gone through before the next panel: as many as stay in the second cache of a core, with
/// a panel.
const BYTES_AT_ONCE: usize = 512 << 10;
/// The fewest multiplications that are worth another thread; few rows count as some, because what takes time then is to
/// load the weight.
const WORTH_A_THREAD: usize = 1 << 20;
const FEW_ROWS: usize = 8;

/// The sums of one row with one panel.
pub(super) type Sums = [f32; PANEL];

/// Where the results go: columns of a table whose rows are `stride` numbers long.
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

/// A weight and the rows it is to be multiplied with, and where the results go: the columns from `first` on, in the place
/// of what was there or, times a number, added to it.
#[derive(Clone, Copy, Debug)]
pub struct Factor<'a> {
    pub(super) level: Level,
    pub(super) weight: &'a Packed,
    pub(super) inputs: &'a Inputs,
    pub(super) first: usize,
    pub(super) add: Option<f32>,
}

/// Products that write columns of the same table, the first of their rows to its first row.
pub struct Job<'a> {
    /// Which rows of the inputs.
    pub rows: Range<usize>,
    /// The table, row by row.
    pub table: &'a mut [f32],
    /// How long its rows are.
    pub stride: usize,
    /// The factors, in the order of their columns.
    pub factors: Vec<Factor<'a>>,
}

/// Multiplies the rows of a range with the transpose of a weight; the first of them goes to the table's first row.
///
/// # Panics
/// As [`products`] does.
pub fn product(level: Level, weight: &Packed, inputs: &Inputs, rows: Range<usize>, out: &mut Output<'_>) {
    let factor = Factor { level, weight, inputs, first: out.first, add: out.add };
    products(vec![Job { rows, table: out.table, stride: out.stride, factors: vec![factor] }]);
}

/// Computes all products of some jobs side by side.
///
/// # Panics
/// Where this machine does not have the level, the inputs are not those of the weight, the table is too small or two
/// factors write the same column; a model checks its shapes when it is read.
pub fn products(mut jobs: Vec<Job<'_>>) {
    let places: Vec<Place> = jobs.iter_mut().map(Place::of).collect();
    let all: usize = places.iter().flat_map(|place| place.factors.iter().map(|factor| work(place, factor))).sum();
    let at_once = (all / (4 * rayon::current_num_threads())).max(WORTH_A_THREAD);
    let mut pieces = Vec::new();
    for place in &places {
        for factor in &place.factors {
            let panels = factor.weight.panels();
            let parts = work(place, factor).div_ceil(at_once).min(panels);
            pieces.extend((0..parts).map(|part| Piece { place, factor, panels: panels * part / parts..panels * (part + 1) / parts }));
        }
    }
    match pieces.len() {
        0 | 1 => pieces.iter().for_each(Piece::compute),
        _ => pieces.par_iter().with_max_len(1).for_each(Piece::compute),
    }
}

/// Returns how much is to be done for a factor; nothing where there are no rows.
fn work(place: &Place<'_>, factor: &Factor<'_>) -> usize {
    let rows = if place.rows.is_empty() { 0 } else { place.rows.len().max(FEW_ROWS) };
    rows * factor.weight.panels() * PANEL * factor.weight.inputs()
}

/// A job whose table is written by several threads, each in columns of its own.
struct Place<'a> {
    rows: Range<usize>,
    table: *mut f32,
    stride: usize,
    factors: Vec<Factor<'a>>,
}

// SAFETY: `products` hands each panel to one thread, each panel writes columns of its own, and `Place::of` checked that
// those of two factors do not meet.
unsafe impl Sync for Place<'_> {}

impl<'a> Place<'a> {
    fn of(job: &mut Job<'a>) -> Self {
        let (Job { rows, table, stride, factors }, mut free) = (job, 0);
        assert!(rows.len() * *stride <= table.len(), "a table too small");
        for Factor { level, weight, inputs, first, .. } in factors.iter() {
            level.held();
            assert_eq!((inputs.inputs(), inputs.precision()), (weight.inputs(), weight.precision()), "rows for another weight");
            assert!(rows.end <= inputs.rows() && rows.start <= rows.end, "rows that are not there");
            assert!(free <= *first && first + weight.outputs() <= *stride, "columns that are not there or taken");
            free = first + weight.outputs();
        }
        Self { rows: rows.clone(), table: table.as_mut_ptr(), stride: *stride, factors: std::mem::take(factors) }
    }
}

/// Room for the sums of a block of rows with a panel.
struct Desk {
    sums: [Sums; MOST_ROWS],
    whole: [[i32; PANEL]; MOST_ROWS],
}

/// Some panels of a factor.
struct Piece<'a> {
    place: &'a Place<'a>,
    factor: &'a Factor<'a>,
    panels: Range<usize>,
}

impl Piece<'_> {
    fn compute(&self) {
        let mut desk = Desk { sums: [[0.0; PANEL]; MOST_ROWS], whole: [[0; PANEL]; MOST_ROWS] };
        let Factor { level, weight, .. } = *self.factor;
        let rows = self.place.rows.clone();
        let at_once = (BYTES_AT_ONCE / (weight.wide() * weight.precision().bytes()).max(1)).max(MOST_ROWS);
        let parts = rows.len().div_ceil(at_once);
        for part in 0..parts {
            let some = rows.start + rows.len() * part / parts..rows.start + rows.len() * (part + 1) / parts;
            for panel in self.panels.clone() {
                let mut at = some.start;
                // The first two blocks fetch a half of the next panel each.
                let next = (panel + 1) % weight.panels() * PANEL * weight.wide();
                let mut ahead = [next, next + PANEL * weight.wide() / 2].into_iter();
                while at < some.end {
                    let count = block(level, some.end - at);
                    let ahead = ahead.next().unwrap_or(panel * PANEL * weight.wide());
                    self.compute_block((panel, ahead), at..at + count, &mut desk);
                    at += count;
                }
            }
        }
    }

    /// Multiplies some rows with one panel, while the numbers from `ahead` on are fetched.
    fn compute_block(&self, (panel, ahead): (usize, usize), rows: Range<usize>, Desk { sums, whole }: &mut Desk) {
        let Factor { level, weight, inputs, .. } = *self.factor;
        let (wide, count) = (weight.wide(), rows.len());
        let (of, here) = (panel * PANEL * wide..(panel + 1) * PANEL * wide, rows.start * wide..rows.end * wide);
        match (weight.numbers(), inputs.numbers()) {
            (Numbers::F32(w), RowNumbers::F32(x)) => f32_sums(level, &x[here], &w[of], &mut sums[..count]),
            (Numbers::Bf16(w), RowNumbers::Bf16(x)) => bf16_sums(level, &x[here], (&w[of], &w[ahead..]), &mut sums[..count]),
            (Numbers::Int8 { numbers, scales, sums: all }, RowNumbers::Int8(x)) => {
                int8_sums(level, &x[here], (&numbers[of], &numbers[ahead..]), &mut whole[..count]);
                let outputs = panel * PANEL..weight.outputs().min((panel + 1) * PANEL);
                let own = &inputs.scales()[rows.clone()];
                widely(level, || scaled((&whole[..count], high(level)), own, (&scales[outputs.clone()], &all[outputs]), sums));
            }
            _ => debug_assert!(false, "`Place::of` compared the precisions"),
        }
        widely(level, || self.put(panel, rows.start, &sums[..count]));
    }

    /// Puts the results of some rows with a panel into their columns.
    #[inline(always)]
    fn put(&self, panel: usize, first: usize, results: &[Sums]) {
        let (Place { rows, table, stride, .. }, Factor { weight, first: column, add, .. }) = (self.place, self.factor);
        let count = PANEL.min(weight.outputs() - panel * PANEL);
        for (row, results) in (first - rows.start..).zip(results) {
            // SAFETY: `Place::of` checked that the table has the row and the columns; no other thread has these columns.
            let own = unsafe { std::slice::from_raw_parts_mut(table.add(row * stride + column + panel * PANEL), count) };
            match (add, own.as_chunks_mut::<PANEL>()) {
                (None, ([own], [])) => *own = *results,
                (None, _) => own.copy_from_slice(&results[..count]),
                (Some(times), ([own], [])) => own.iter_mut().zip(results).for_each(|(own, result)| *own += times * result),
                (Some(times), _) => own.iter_mut().zip(results).for_each(|(own, result)| *own += times * result),
            }
        }
    }
}

/// Writes what whole sums of rows are worth: bytes stand `high` too high, so that as many times the weight's own sum is
/// too much.
#[inline(always)]
fn scaled((whole, high): (&[[i32; PANEL]], i32), rows: &[f32], (scales, all): (&[f32], &[i32]), sums: &mut [Sums]) {
    for ((sums, whole), own) in sums.iter_mut().zip(whole).zip(rows) {
        for (((sum, whole), scale), all) in sums.iter_mut().zip(whole).zip(scales).zip(all) {
            *sum = own * scale * (whole - high * all) as f32;
        }
    }
}

/// Returns how much too high the bytes of rows stand in the sums of a level.
fn high(level: Level) -> i32 {
    if level == Level::Neon { 0 } else { 128 }
}

/// The rows that one call of a kernel takes at most.
pub(super) const MOST_ROWS: usize = 32;

/// Returns how many of the rows left the next call takes: about as many as each call after it.
pub(super) fn block(level: Level, left: usize) -> usize {
    let most = match level {
        #[cfg(target_arch = "x86_64")]
        Level::Amx => super::tiles::MOST_ROWS,
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => avx512::MOST_ROWS,
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => avx2::MOST_ROWS,
        #[cfg(target_arch = "aarch64")]
        Level::Neon => neon::MOST_ROWS,
        _ => 1,
    };
    left.div_ceil(left.div_ceil(most).max(1))
}

/// Writes the sums of as many rows as [`block`] says with a panel.
pub(super) fn f32_sums(level: Level, x: &[f32], w: &[f32], sums: &mut [Sums]) {
    match level {
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => avx2::f32_sums(x, w, sums),
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 | Level::Amx => sums
            .chunks_mut(avx512::MOST_ROWS)
            .zip(x.chunks(avx512::MOST_ROWS * (w.len() / PANEL)))
            .for_each(|(sums, x)| avx512::f32_sums(x, w, sums)),
        #[cfg(target_arch = "aarch64")]
        Level::Neon => neon::f32_sums(x, w, sums),
        _ => plain::f32_sums(x, w, sums),
    }
}

/// Writes the same in bf16. Half a panel that begins with `ahead` is what will be looked at next; on other levels than
/// AVX-512 nothing is done about it.
pub(super) fn bf16_sums(level: Level, x: &[u16], (w, ahead): (&[u16], &[u16]), sums: &mut [Sums]) {
    #[cfg(not(target_arch = "x86_64"))]
    let _ = ahead;
    match level {
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => avx2::bf16_sums(x, w, sums),
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => avx512::bf16_sums(x, (w, ahead), sums),
        #[cfg(target_arch = "x86_64")]
        Level::Amx => amx::bf16_sums(x, w, sums),
        #[cfg(target_arch = "aarch64")]
        Level::Neon => neon::bf16_sums(x, w, sums),
        _ => plain::bf16_sums(x, w, sums),
    }
}

/// Writes the whole sums of the same in 8 bits.
fn int8_sums(level: Level, x: &[u8], (w, ahead): (&[i8], &[i8]), sums: &mut [[i32; PANEL]]) {
    #[cfg(not(target_arch = "x86_64"))]
    let _ = ahead;
    match level {
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => avx2::int8_sums(x, w, sums),
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => avx512::int8_sums(x, (w, ahead), sums),
        #[cfg(target_arch = "x86_64")]
        Level::Amx => amx::int8_sums(x, w, sums),
        #[cfg(target_arch = "aarch64")]
        Level::Neon => neon::int8_sums(x, w, sums),
        _ => plain::int8_sums(x, w, sums),
    }
}
