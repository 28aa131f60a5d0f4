//! Products of two matrices that both change from step to step, as fine-tuning needs them, in f32.
//!
//! As everywhere here, an output is added up by one accumulator over all inputs in their order, so that the result
//! depends neither on the number of threads nor on how the work is parted.
use super::level::Level;
use super::packed::PANEL;
use super::product::{MOST_ROWS, block, f32_sums};
use rayon::prelude::*;
use std::ops::Range;

/// How many rows are packed at a time.
const ROWS_AT_ONCE: usize = 60;
/// How many columns of these are turned at a time.
const COLUMNS_AT_ONCE: usize = 16;
/// The fewest multiplications that are worth another thread.
const WORTH_A_THREAD: usize = 1 << 18;

/// A matrix that lies in memory somehow.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    numbers: &'a [f32],
    rows: usize,
    columns: usize,
    /// How far the number of the next row is.
    row_step: usize,
    /// How far the number of the next column is.
    column_step: usize,
}

impl<'a> View<'a> {
    /// Returns the first `columns` numbers of each row of a table whose rows are `stride` long.
    ///
    /// # Panics
    /// Where the table is too small.
    pub fn new(numbers: &'a [f32], rows: usize, columns: usize, stride: usize) -> Self {
        assert!(columns <= stride && (rows == 0 || (rows - 1) * stride + columns <= numbers.len()), "a table too small");
        Self { numbers, rows, columns, row_step: stride, column_step: 1 }
    }

    /// Returns rows as its columns.
    pub fn transposed(self) -> Self {
        Self { rows: self.columns, columns: self.rows, row_step: self.column_step, column_step: self.row_step, ..self }
    }

    /// Returns some of its rows.
    pub fn of(self, rows: Range<usize>) -> Self {
        assert!(rows.start <= rows.end && rows.end <= self.rows, "rows that are not there");
        Self { numbers: &self.numbers[(rows.start * self.row_step).min(self.numbers.len())..], rows: rows.len(), ..self }
    }

    fn at(&self, row: usize, column: usize) -> usize {
        row * self.row_step + column * self.column_step
    }

    /// Writes some rows side by side, each filled up with zeros to `wide`.
    fn pack_rows(&self, rows: Range<usize>, wide: usize, out: &mut Vec<f32>) {
        out.clear();
        out.resize(rows.len() * wide, 0.0);
        if self.column_step == 1 {
            for (row, own) in rows.zip(out.chunks_exact_mut(wide)) {
                own[..self.columns].copy_from_slice(&self.numbers[self.at(row, 0)..][..self.columns]);
            }
            return;
        }
        // Some columns at a time, so that what is read and what is written both stay in the first cache.
        for start in (0..self.columns).step_by(COLUMNS_AT_ONCE) {
            let columns = start..self.columns.min(start + COLUMNS_AT_ONCE);
            for (row, own) in rows.clone().zip(out.chunks_exact_mut(wide)) {
                own[columns.clone()].iter_mut().zip(columns.clone()).for_each(|(own, column)| *own = self.numbers[self.at(row, column)]);
            }
        }
    }

    /// Writes a panel of columns, row by row, filled up with zeros.
    fn pack_panel(&self, columns: Range<usize>, wide: usize, out: &mut Vec<f32>) {
        out.clear();
        out.resize(wide * PANEL, 0.0);
        for (row, own) in out.chunks_exact_mut(PANEL).take(self.rows).enumerate() {
            match self.column_step {
                1 => own[..columns.len()].copy_from_slice(&self.numbers[self.at(row, columns.start)..][..columns.len()]),
                _ => own.iter_mut().zip(columns.clone()).for_each(|(own, column)| *own = self.numbers[self.at(row, column)]),
            }
        }
    }
}

/// A table that a product is written to.
#[derive(Debug)]
pub struct Table<'a> {
    numbers: &'a mut [f32],
    stride: usize,
    /// What each result is multiplied with before it is added; `None` where it takes the place of what was there.
    add: Option<f32>,
}

impl<'a> Table<'a> {
    /// Returns a table of rows `stride` long whose numbers are written anew.
    pub fn new(numbers: &'a mut [f32], stride: usize) -> Self {
        Self { numbers, stride, add: None }
    }

    /// Returns a table to whose numbers `times` the results are added.
    pub fn adding(numbers: &'a mut [f32], stride: usize, times: f32) -> Self {
        Self { numbers, stride, add: Some(times) }
    }
}

/// Multiplies `[rows, inputs]` with `[inputs, columns]` and writes, or adds, `[rows, columns]`, by all threads of the pool
/// where it is worth it.
///
/// # Panics
/// Where the shapes do not fit, or this machine does not have the level.
pub fn dense(level: Level, a: View<'_>, b: View<'_>, out: Table<'_>) {
    product(level, (a, b), out, rayon::current_num_threads());
}

/// Does the same as [`dense`] by the thread that calls it.
pub fn dense_alone(level: Level, a: View<'_>, b: View<'_>, out: Table<'_>) {
    product(level, (a, b), out, 1);
}

fn product(level: Level, (a, b): (View, View), Table { numbers, stride, add }: Table, threads: usize) {
    let level = level.held();
    assert_eq!(a.columns, b.rows, "matrices that do not fit");
    assert!(b.columns <= stride, "a table too narrow");
    let room = a.rows.saturating_sub(1).checked_mul(stride).and_then(|before| before.checked_add(b.columns));
    assert!(a.rows == 0 || room.is_some_and(|room| room <= numbers.len()), "a table too small");
    if a.rows == 0 || b.columns == 0 {
        return;
    }
    let place = Place { table: numbers.as_mut_ptr(), stride, add };
    let (row_parts, panels) = (a.rows.div_ceil(ROWS_AT_ONCE), b.columns.div_ceil(PANEL));
    let part = |scratch: &mut Scratch, part: usize| {
        let (first, panel) = (part / panels * ROWS_AT_ONCE, part % panels);
        let rows = first..(first + ROWS_AT_ONCE).min(a.rows);
        one_part(level, (a, rows), (b, panel), (&place, scratch));
    };
    let parts = row_parts * panels;
    let alone = a.rows * b.columns * a.columns < 2 * WORTH_A_THREAD || parts == 1 || threads == 1;
    match alone {
        true => {
            let mut scratch = Scratch::default();
            (0..parts).for_each(|at| part(&mut scratch, at));
        }
        // Threads take parts that follow one another, so that they pack little twice.
        false => (0..parts).into_par_iter().with_min_len(parts.div_ceil(4 * threads)).for_each_init(Scratch::default, part),
    }
}

/// What is packed: some rows of one matrix and a panel of the other.
#[derive(Default)]
struct Scratch {
    rows: Vec<f32>,
    of_rows: Option<usize>,
    panel: Vec<f32>,
    of_panel: Option<usize>,
}

fn one_part(level: Level, (a, rows): (View, Range<usize>), (b, panel): (View, usize), (place, scratch): (&Place, &mut Scratch)) {
    let wide = a.columns.next_multiple_of(4).max(4);
    if scratch.of_rows != Some(rows.start) {
        a.pack_rows(rows.clone(), wide, &mut scratch.rows);
        scratch.of_rows = Some(rows.start);
    }
    let columns = panel * PANEL..b.columns.min((panel + 1) * PANEL);
    if scratch.of_panel != Some(panel) {
        b.pack_panel(columns.clone(), wide, &mut scratch.panel);
        scratch.of_panel = Some(panel);
    }
    let mut at = 0;
    while at < rows.len() {
        let count = block(level, rows.len() - at);
        let mut sums = [[0.0; PANEL]; MOST_ROWS];
        f32_sums(level, &scratch.rows[at * wide..(at + count) * wide], &scratch.panel, &mut sums[..count]);
        (0..count).for_each(|row| place.put(rows.start + at + row, columns.clone(), &sums[row]));
        at += count;
    }
}

/// Where results go, for several threads that each write numbers of their own.
struct Place {
    table: *mut f32,
    stride: usize,
    add: Option<f32>,
}

// SAFETY: `dense` hands each part, which is some rows of some columns, to one thread, and a part writes its own alone.
unsafe impl Sync for Place {}

impl Place {
    fn put(&self, row: usize, columns: Range<usize>, results: &[f32; PANEL]) {
        // SAFETY: `dense` checked that the table has the row and the columns; no other thread has this part.
        let table = unsafe { std::slice::from_raw_parts_mut(self.table.add(row * self.stride + columns.start), columns.len()) };
        match self.add {
            None => table.copy_from_slice(&results[..columns.len()]),
            Some(times) => table.iter_mut().zip(results).for_each(|(own, result)| *own += times * result),
        }
    }
}
