//! The product of some rows with a packed weight the other way round: from what came out to what went in, as the way
//! back through a model needs it.
//!
//! The weight is not kept a second time: a panel of its inputs is turned where it is needed, which costs little beside
//! the product where there are many rows.
use super::inputs::{Inputs, RowNumbers, to_bf16};
use super::level::Level;
use super::packed::{Numbers, PANEL, Packed, Precision};
use super::product::{MOST_ROWS, Output, bf16_sums, block, f32_sums};
use rayon::prelude::*;

/// How many rows are gone through with a panel before the next rows.
const ROWS_AT_ONCE: usize = 240;

/// Returns the precision in which rows are taken for a weight of some precision: 8-bit weights meet bf16 rows here.
pub fn back_precision(weight: &Packed) -> Precision {
    match weight.precision() {
        Precision::F32 => Precision::F32,
        Precision::Bf16 | Precision::Int8 => Precision::Bf16,
    }
}

/// Writes, or adds, `x · weight`: `x` is `[rows, outputs]` in [`back_precision`], the result `[rows, inputs]`.
///
/// # Panics
/// Where this machine does not have the level, the rows are not those of the weight or the table is too small.
pub fn product_back(level: Level, weight: &Packed, x: &Inputs, out: Output<'_>) {
    let (level, Output { table, stride, add }) = (level.held(), out);
    assert_eq!((x.inputs(), x.precision()), (weight.outputs(), back_precision(weight)), "rows for another weight");
    let room = x.rows().checked_mul(stride).is_some_and(|room| room <= table.len());
    assert!(room && weight.inputs() <= stride, "a table too small");
    let place = Place { table: table.as_mut_ptr(), stride, add };
    (0..weight.inputs().div_ceil(PANEL)).into_par_iter().with_max_len(1).for_each_init(Turned::default, |turned, panel| {
        turned.fill(weight, panel);
        for start in (0..x.rows()).step_by(ROWS_AT_ONCE) {
            turned.times(level, x, start..x.rows().min(start + ROWS_AT_ONCE), &mut |row, sums| place.put(row, panel, weight, sums));
        }
    });
}

/// A panel of 32 inputs: input by input side by side, output by output; in bf16 two outputs stand together.
#[derive(Default)]
struct Turned {
    f32: Vec<f32>,
    bf16: Vec<u16>,
}

impl Turned {
    fn fill(&mut self, weight: &Packed, panel: usize) {
        let (wide, outputs) = (weight.wide(), weight.outputs());
        let inputs = panel * PANEL..weight.inputs().min((panel + 1) * PANEL);
        let deep = outputs.next_multiple_of(4);
        // Where the number of an output and an input stands.
        let at = |output: usize, input: usize, group: usize| {
            (output / PANEL) * PANEL * wide + (input / group) * PANEL * group + (output % PANEL) * group + input % group
        };
        let pair = |output: usize, input: usize| output / 2 * 2 * PANEL + (input - inputs.start) * 2 + output % 2;
        match weight.numbers() {
            Numbers::F32(numbers) => {
                reset(&mut self.f32, deep * PANEL, 0.0);
                for (output, own) in self.f32.chunks_exact_mut(PANEL).take(outputs).enumerate() {
                    own.iter_mut().zip(inputs.clone()).for_each(|(own, input)| *own = numbers[at(output, input, 1)]);
                }
            }
            Numbers::Bf16(numbers) => {
                reset(&mut self.bf16, deep * PANEL, 0);
                for output in 0..outputs {
                    inputs.clone().for_each(|input| self.bf16[pair(output, input)] = numbers[at(output, input, 2)]);
                }
            }
            Numbers::Int8 { numbers, scales, .. } => {
                reset(&mut self.bf16, deep * PANEL, 0);
                for output in 0..outputs {
                    let number = |input: usize| to_bf16(f32::from(numbers[at(output, input, 4)]) * scales[output]);
                    inputs.clone().for_each(|input| self.bf16[pair(output, input)] = number(input));
                }
            }
        }
    }

    fn times(&self, level: Level, x: &Inputs, rows: std::ops::Range<usize>, put: &mut dyn FnMut(usize, &[f32; PANEL])) {
        let mut at = rows.start;
        while at < rows.end {
            let count = block(level, rows.end - at);
            let mut sums = [[0.0; PANEL]; MOST_ROWS];
            match x.numbers() {
                RowNumbers::F32(x) => {
                    let wide = self.f32.len() / PANEL;
                    f32_sums(level, &x[at * wide..(at + count) * wide], &self.f32, &mut sums[..count]);
                }
                RowNumbers::Bf16(x) => {
                    let wide = self.bf16.len() / PANEL;
                    bf16_sums(level, &x[at * wide..(at + count) * wide], (&self.bf16, &self.bf16), &mut sums[..count]);
                }
                RowNumbers::Int8(_) => debug_assert!(false, "`product_back` compared the precisions"),
            }
            (0..count).for_each(|row| put(at + row, &sums[row]));
            at += count;
        }
    }
}

fn reset<T: Clone>(numbers: &mut Vec<T>, length: usize, zero: T) {
    numbers.clear();
    numbers.resize(length, zero);
}

/// Where results go, for several threads that each write columns of their own.
struct Place {
    table: *mut f32,
    stride: usize,
    add: Option<f32>,
}

// SAFETY: `product_back` hands each panel to one thread, and each panel writes columns of its own.
unsafe impl Sync for Place {}

impl Place {
    fn put(&self, row: usize, panel: usize, weight: &Packed, results: &[f32; PANEL]) {
        let columns = panel * PANEL..weight.inputs().min((panel + 1) * PANEL);
        // SAFETY: `product_back` checked that the table has the row and the columns; no other thread has these columns.
        let table = unsafe { std::slice::from_raw_parts_mut(self.table.add(row * self.stride + columns.start), columns.len()) };
        match self.add {
            None => table.copy_from_slice(&results[..columns.len()]),
            Some(times) => table.iter_mut().zip(results).for_each(|(own, result)| *own += times * result),
        }
    }
}
