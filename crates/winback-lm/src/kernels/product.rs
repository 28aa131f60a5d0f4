//! Products of rows with packed weights, at any level, by all threads of the pool.
use super::inputs::{Inputs, RowNumbers, wide_bf16_row};
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

/// Where the results go: the first columns of a table whose rows are `stride` numbers long.
pub struct Output<'a> {
    /// The table, row by row.
    pub table: &'a mut [f32],
    /// How long its rows are.
    pub stride: usize,
    /// What each result is multiplied with before it is added; `None` where it takes the place of what was there.
    pub add: Option<f32>,
}

/// Where the results of a [`Job`] go.
pub(super) enum Goal<'a> {
    /// To a table.
    Table(Output<'a>),
    /// To the first columns of rows that are rounded as they are written: `stride` numbers apart.
    Rows(&'a mut RowNumbers, usize),
}

/// The product of some rows with the transpose of a weight, and what is added to some of its rows.
pub struct Job<'a> {
    pub(super) level: Level,
    pub(super) weight: &'a Packed,
    /// The rows, in the form in which the weight takes them.
    pub(super) inputs: &'a Inputs,
    /// Which of them; the first goes to the table's first row.
    pub(super) rows: Range<usize>,
    /// Where the results go.
    pub(super) out: Goal<'a>,
    /// What is added to rows before they go there.
    pub(super) added: Vec<Added<'a>>,
}

/// Another product that is added to some rows and columns of a [`Job`].
#[derive(Clone, Debug)]
pub struct Added<'a> {
    pub(super) weight: &'a Packed,
    /// One for each of the rows it is added to.
    pub(super) inputs: &'a Inputs,
    /// Which rows of the job's inputs it is added to. Those of two are the same ones, or do not meet.
    pub(super) rows: Range<usize>,
    /// The output of the job to which its first is added.
    pub(super) first: usize,
    /// What it is multiplied with.
    pub(super) times: f32,
}

/// Multiplies the rows of a range with the transpose of a weight; the first of them goes to the table's first row.
///
/// # Panics
/// As [`products`] does.
pub fn product(level: Level, weight: &Packed, inputs: &Inputs, rows: Range<usize>, out: Output<'_>) {
    products(vec![Job { level, weight, inputs, rows, out: Goal::Table(out), added: Vec::new() }]);
}

/// Computes some products side by side.
///
/// # Panics
/// Where this machine does not have the level, the inputs are not those of the weight or the table is too small; a model
/// checks its shapes when it is read.
pub fn products(mut jobs: Vec<Job<'_>>) {
    let places: Vec<Place> = jobs.iter_mut().map(Place::of).collect();
    let all: usize = places.iter().map(Place::work).sum();
    let at_once = (all / (4 * rayon::current_num_threads())).max(WORTH_A_THREAD);
    let mut pieces = Vec::new();
    for place in &places {
        let (panels, blocks) = (place.weight.panels(), place.blocks.len());
        let wanted = place.work().div_ceil(at_once);
        // A weight of few panels is parted by rows, too.
        let (parts, row_parts) = (wanted.min(panels), wanted.checked_div(panels).unwrap_or_default().clamp(1, blocks.max(1)));
        let some = |all: usize, part: usize, parts: usize| all * part / parts..all * (part + 1) / parts;
        let both = (0..parts).flat_map(|part| (0..row_parts).map(move |row_part| (part, row_part)));
        pieces.extend(both.map(|(part, row_part)| Piece {
            place,
            panels: some(panels, part, parts),
            blocks: &place.blocks[some(blocks, row_part, row_parts)],
        }));
    }
    match pieces.len() {
        0 | 1 => pieces.iter().for_each(Piece::compute),
        _ => pieces.par_iter().with_max_len(1).for_each(Piece::compute),
    }
}

/// A job whose table is written by several threads, each in columns of its own.
struct Place<'a> {
    level: Level,
    weight: &'a Packed,
    inputs: &'a Inputs,
    first_row: usize,
    /// The rows, in blocks that a kernel takes at once.
    blocks: Vec<Range<usize>>,
    table: Target,
    stride: usize,
    add: Option<f32>,
    added: Vec<Added<'a>>,
}

/// The first number of a table.
enum Target {
    Floats(*mut f32),
    Brains(*mut u16),
}

// SAFETY: `products` hands the rows of a panel to one thread each, and they write numbers of their own.
unsafe impl Sync for Place<'_> {}

impl<'a> Place<'a> {
    fn of(job: &mut Job<'a>) -> Self {
        let Job { level, weight, inputs, rows, out, added } = job;
        level.held();
        assert_eq!((inputs.inputs(), inputs.precision()), (weight.inputs(), weight.precision()), "rows for another weight");
        assert!(rows.end <= inputs.rows() && rows.start <= rows.end, "rows that are not there");
        let (target, length, stride, add) = match out {
            Goal::Table(Output { table, stride, add }) => (Target::Floats(table.as_mut_ptr()), table.len(), *stride, *add),
            Goal::Rows(RowNumbers::F32(own), stride) => (Target::Floats(own.as_mut_ptr()), own.len(), *stride, None),
            Goal::Rows(RowNumbers::Bf16(own), stride) => (Target::Brains(own.as_mut_ptr()), own.len(), *stride, None),
            // `Inputs::written` gives none of these; they have no room.
            Goal::Rows(RowNumbers::Int8(_), stride) => (Target::Floats(std::ptr::NonNull::dangling().as_ptr()), 0, *stride, None),
        };
        // The last row need not be longer than what is written of it.
        let room = rows.len().saturating_sub(1).checked_mul(stride).and_then(|before| before.checked_add(weight.outputs()));
        assert!((rows.start == rows.end || room.is_some_and(|room| room <= length)) && weight.outputs() <= stride, "a table too small");
        for Added { weight: more, inputs, rows, first, .. } in added.iter() {
            assert_eq!((inputs.inputs(), inputs.precision()), (more.inputs(), more.precision()), "rows for another weight");
            assert!(
                inputs.rows() == rows.len() && first.checked_add(more.outputs()).is_some_and(|end| end <= weight.outputs()),
                "sums that do not fit"
            );
        }
        let (first_row, blocks, added) = (rows.start, blocks(*level, rows, added), std::mem::take(added));
        Self { level: *level, weight, inputs, first_row, blocks, table: target, stride, add, added }
    }

    /// Returns how much is to be done; nothing where there are no rows.
    fn work(&self) -> usize {
        let rows = self.blocks.last().map_or(0, |last| (last.end - self.first_row).max(FEW_ROWS));
        rows * self.weight.panels() * PANEL * self.weight.inputs()
    }

    /// Fetches the columns that results will be put into: rows of a table are often as far apart as lines that share a place
    /// in the caches, so that they are not there any more.
    fn expect(&self, panel: usize, rows: &Range<usize>) {
        #[cfg(target_arch = "x86_64")]
        for row in rows.start - self.first_row..rows.end - self.first_row {
            let at = row * self.stride + panel * PANEL;
            match self.table {
                Target::Floats(table) => {
                    avx512::fetch(table.wrapping_add(at));
                    avx512::fetch(table.wrapping_add(at + PANEL / 2));
                }
                Target::Brains(table) => avx512::fetch(table.wrapping_add(at)),
            }
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _ = (panel, rows);
    }

    /// Puts the results of some rows with a panel into their columns.
    fn put(&self, panel: usize, first: usize, results: &[Sums]) {
        let Self { level, first_row, table, stride, add, weight, .. } = self;
        let count = PANEL.min(weight.outputs() - panel * PANEL);
        for (row, results) in (first - first_row..).zip(results) {
            let (at, results) = (row * stride + panel * PANEL, &results[..count]);
            match table {
                Target::Floats(table) => {
                    // SAFETY: `Place::of` checked that the table has the row and the columns; no other thread has these columns of this row.
                    let own = unsafe { std::slice::from_raw_parts_mut(table.add(at), count) };
                    match add {
                        None => own.copy_from_slice(results),
                        Some(times) => wide_add_times(*level, own, results, *times),
                    }
                }
                // SAFETY: as above.
                Target::Brains(table) => wide_bf16_row(*level, results, unsafe { std::slice::from_raw_parts_mut(table.add(at), count) }),
            }
        }
    }
}

/// Returns rows in blocks that one call of a kernel takes. The same sums are added to all rows of a block.
fn blocks(level: Level, rows: &Range<usize>, added: &[Added]) -> Vec<Range<usize>> {
    let mut ends: Vec<usize> = added.iter().flat_map(|added| [added.rows.start, added.rows.end]).collect();
    ends.push(rows.end);
    ends.sort_unstable();
    let (mut blocks, mut at) = (Vec::new(), rows.start);
    for end in ends.into_iter().map(|end| end.min(rows.end)) {
        while at < end {
            let count = block(level, end - at);
            blocks.push(at..at + count);
            at += count;
        }
    }
    blocks
}

/// Room for the sums of a block of rows with a panel, and for what is added to them.
struct Desk {
    sums: [Sums; MOST_ROWS],
    more: [Sums; MOST_ROWS],
    whole: [[i32; PANEL]; MOST_ROWS],
}

/// Some panels of a job, and some of its rows.
struct Piece<'a> {
    place: &'a Place<'a>,
    panels: Range<usize>,
    blocks: &'a [Range<usize>],
}

impl Piece<'_> {
    fn compute(&self) {
        let mut desk = Desk { sums: [[0.0; PANEL]; MOST_ROWS], more: [[0.0; PANEL]; MOST_ROWS], whole: [[0; PANEL]; MOST_ROWS] };
        let (Place { weight, .. }, blocks) = (self.place, self.blocks);
        let rows = blocks.last().map_or(0, |last| last.end - blocks[0].start);
        let bytes = rows * weight.wide() * weight.precision().bytes();
        let parts = bytes.div_ceil(BYTES_AT_ONCE).clamp(1, blocks.len().max(1));
        for some in (0..parts).map(|part| &blocks[blocks.len() * part / parts..blocks.len() * (part + 1) / parts]) {
            for panel in self.panels.clone() {
                // The first two blocks fetch a half of the next panel each.
                let next = (panel + 1) % weight.panels() * PANEL * weight.wide();
                let mut ahead = [next, next + PANEL * weight.wide() / 2].into_iter();
                for rows in some {
                    let ahead = ahead.next().unwrap_or(panel * PANEL * weight.wide());
                    self.compute_block((panel, ahead), rows, &mut desk);
                }
            }
        }
    }

    /// Multiplies some rows with one panel, while the numbers from `ahead` on are fetched.
    fn compute_block(&self, at: (usize, usize), rows: &Range<usize>, Desk { sums, more, whole }: &mut Desk) {
        let Place { level, weight, inputs, added, .. } = self.place;
        let (sums, more) = (&mut sums[..rows.len()], &mut more[..rows.len()]);
        self.place.expect(at.0, rows);
        panel_sums(*level, (weight, inputs), (at, rows.clone()), (sums, whole));
        for added in added.iter().filter(|added| added.rows.start <= rows.start && rows.end <= added.rows.end) {
            let own = rows.start - added.rows.start..rows.end - added.rows.start;
            for (panel, from, to) in added.meets(at.0) {
                let from_there = (panel, panel * PANEL * added.weight.wide());
                panel_sums(*level, (added.weight, added.inputs), (from_there, own.clone()), (more, whole));
                add_to(*level, sums, more, (from, to, added.times));
            }
        }
        self.place.put(at.0, rows.start, sums);
    }
}

impl Added<'_> {
    /// Returns its panels that reach into a panel of the job: which, the first of its outputs there, and the place of
    /// that in the job's panel.
    fn meets(&self, panel: usize) -> impl Iterator<Item = (usize, Range<usize>, usize)> + use<> {
        let (start, first) = (panel * PANEL, self.first);
        let own = start.saturating_sub(first)..(start + PANEL).saturating_sub(first).min(self.weight.outputs());
        (own.start / PANEL..own.end.div_ceil(PANEL)).filter_map(move |panel| {
            let both = own.start.max(panel * PANEL)..own.end.min((panel + 1) * PANEL);
            (!both.is_empty()).then(|| (panel, both.start - panel * PANEL..both.end - panel * PANEL, first + both.start - start))
        })
    }
}

widely!(fn wide_add_times(to: &mut [f32], what: &[f32], times: f32) = add_times);
widely!(fn wide_scaled(whole: (&[[i32; PANEL]], i32), rows: &[f32], own: (&[f32], &[i32]), sums: &mut [Sums]) = scaled);

/// Adds numbers, times another.
#[inline(always)]
fn add_times(to: &mut [f32], what: &[f32], times: f32) {
    to.iter_mut().zip(what).for_each(|(to, what)| *to += times * what);
}

/// Adds some columns of sums, times a number, to as many from another one on.
fn add_to(level: Level, sums: &mut [Sums], more: &[Sums], (from, to, times): (Range<usize>, usize, f32)) {
    if from.len() == PANEL {
        // Whole rows lie one behind the other.
        return wide_add_times(level, sums.as_flattened_mut(), more.as_flattened(), times);
    }
    sums.iter_mut().zip(more).for_each(|(sums, more)| wide_add_times(level, &mut sums[to..], &more[from.clone()], times));
}

/// Writes the sums of some rows with one panel of a weight, while the numbers from `ahead` on are fetched.
fn panel_sums(
    level: Level,
    (weight, inputs): (&Packed, &Inputs),
    ((panel, ahead), rows): ((usize, usize), Range<usize>),
    (sums, whole): (&mut [Sums], &mut [[i32; PANEL]]),
) {
    let wide = weight.wide();
    let (of, here) = (panel * PANEL * wide..(panel + 1) * PANEL * wide, rows.start * wide..rows.end * wide);
    match (weight.numbers(), inputs.numbers()) {
        (Numbers::F32(w), RowNumbers::F32(x)) => f32_sums(level, &x[here], &w[of], sums),
        (Numbers::Bf16(w), RowNumbers::Bf16(x)) => bf16_sums(level, &x[here], (&w[of], &w[ahead..]), sums),
        (Numbers::Int8 { numbers, scales, sums: all }, RowNumbers::Int8(x)) => {
            let whole = &mut whole[..sums.len()];
            int8_sums(level, &x[here], (&numbers[of], &numbers[ahead..]), whole);
            let outputs = panel * PANEL..weight.outputs().min((panel + 1) * PANEL);
            let own = &inputs.scales()[rows];
            wide_scaled(level, (whole, high(level)), own, (&scales[outputs.clone()], &all[outputs]), sums);
        }
        _ => debug_assert!(false, "`Place::of` compared the precisions"),
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
