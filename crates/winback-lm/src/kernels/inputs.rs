//! Rows in the form in which a packed weight takes them.
use super::level::{Level, widely};
use super::norm::for_rows;
use super::packed::{Precision, wide};
use super::plain::widen;
use rayon::prelude::*;
use std::ops::Range;

/// Some rows of inputs, in the precision of the weights they are to meet.
#[derive(Clone, Debug)]
pub struct Inputs {
    rows: usize,
    inputs: usize,
    numbers: RowNumbers,
    /// What one step of a row is worth: 1 but in 8 bits.
    scales: Vec<f32>,
}

/// The numbers of the rows, each filled up with zeros.
#[derive(Clone, Debug)]
pub(super) enum RowNumbers {
    F32(Vec<f32>),
    Bf16(Vec<u16>),
    /// Each number is the row's scale × (byte − 128).
    Int8(Vec<u8>),
}

impl Default for Inputs {
    fn default() -> Self {
        Self { rows: 0, inputs: 0, numbers: RowNumbers::F32(Vec::new()), scales: Vec::new() }
    }
}

/// The fewest numbers that are worth another thread.
const WORTH_A_THREAD: usize = 1 << 14;

impl Inputs {
    /// Rounds rows of `inputs` numbers, each by itself, to what a weight of a precision takes.
    pub fn new(rows: &[f32], inputs: usize, precision: Precision) -> Self {
        let mut new = Self::default();
        new.fill(Level::Plain, rows, inputs, precision);
        new
    }

    /// Does the same over what was there; memory that is there already is used again. The level changes no number.
    pub fn fill(&mut self, level: Level, rows: &[f32], inputs: usize, precision: Precision) {
        self.fill_columns(level, (rows, inputs), 0..inputs, precision);
    }

    /// Does the same with some columns of a table whose rows are `stride` numbers long.
    pub fn fill_columns(&mut self, level: Level, (table, stride): (&[f32], usize), columns: Range<usize>, precision: Precision) {
        let (rows, inputs, stride) = (table.len() / stride.max(1), columns.len(), stride.max(1));
        self.fill_from(level, (rows, inputs), precision, &Columns { table, stride, columns });
    }

    /// Does the same with rows that a function writes, of which it is given the place.
    pub fn fill_rows(
        &mut self,
        level: Level,
        (rows, inputs): (usize, usize),
        precision: Precision,
        write: impl Fn(usize, &mut [f32]) + Sync,
    ) {
        self.fill_from(level, (rows, inputs), precision, &Written(write, inputs));
    }

    fn fill_from(&mut self, level: Level, (rows, inputs): (usize, usize), precision: Precision, from: &impl Source) {
        let level = level.held();
        self.begin((rows, inputs), precision);
        let (scales, at_once) = (&mut self.scales, (rows, inputs));
        match &mut self.numbers {
            RowNumbers::F32(numbers) => each(at_once, numbers, scales, |row, own, _| {
                from.write(row, &mut own[..inputs]);
                own[inputs..].fill(0.0);
                1.0
            }),
            RowNumbers::Bf16(numbers) => each(at_once, numbers, scales, |row, own, scratch| {
                wide_bf16_row(level, from.numbers(row, scratch), &mut own[..inputs]);
                own[inputs..].fill(0);
                1.0
            }),
            RowNumbers::Int8(bytes) => each(at_once, bytes, scales, |row, own, scratch| {
                own[inputs..].fill(ZERO);
                wide_byte_row(level, from.numbers(row, scratch), own)
            }),
        }
    }

    /// Makes room for so many rows of a precision, over what was there.
    fn begin(&mut self, (rows, inputs): (usize, usize), precision: Precision) {
        (self.rows, self.inputs) = (rows, inputs);
        if self.precision() != precision {
            self.numbers = match precision {
                Precision::F32 => RowNumbers::F32(Vec::new()),
                Precision::Bf16 => RowNumbers::Bf16(Vec::new()),
                Precision::Int8 => RowNumbers::Int8(Vec::new()),
            };
        }
    }

    /// Makes room for so many rows that a product writes, and returns their numbers; what fills them up is zeros.
    ///
    /// # Panics
    /// Where they are of 8 bits, whose scale is known only when a row is whole.
    pub(super) fn written(&mut self, (rows, inputs): (usize, usize), precision: Precision) -> &mut RowNumbers {
        assert_ne!(precision, Precision::Int8, "a product does not write rows of 8 bits");
        self.begin((rows, inputs), precision);
        self.scales.clear();
        self.scales.resize(rows, 1.0);
        match &mut self.numbers {
            RowNumbers::F32(numbers) => room(numbers, (rows, inputs)),
            RowNumbers::Bf16(numbers) => room(numbers, (rows, inputs)),
            RowNumbers::Int8(_) => {}
        }
        &mut self.numbers
    }

    /// Returns how many rows there are.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Returns in which precision they are.
    pub fn precision(&self) -> Precision {
        match self.numbers {
            RowNumbers::F32(_) => Precision::F32,
            RowNumbers::Bf16(_) => Precision::Bf16,
            RowNumbers::Int8(_) => Precision::Int8,
        }
    }

    /// Returns how many inputs a row has.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Writes some columns of a row as it was rounded.
    pub fn read(&self, level: Level, row: usize, columns: Range<usize>, into: &mut [f32]) {
        let start = row * wide(self.inputs);
        let own = start + columns.start..start + columns.end;
        match &self.numbers {
            RowNumbers::F32(numbers) => into.copy_from_slice(&numbers[own]),
            RowNumbers::Bf16(numbers) => wide_floats(level.held(), &numbers[own], into),
            RowNumbers::Int8(bytes) => {
                let scale = self.scales[row];
                into.iter_mut().zip(&bytes[own]).for_each(|(into, byte)| *into = scale * (f32::from(*byte) - f32::from(ZERO)));
            }
        }
    }

    /// Writes all rows as they were rounded, `[rows, inputs]`, over what was there.
    pub fn read_all(&self, level: Level, into: &mut Vec<f32>) {
        into.resize(self.rows * self.inputs, 0.0);
        for_rows(into, self.inputs.max(1), |(row, into)| self.read(level, row, 0..self.inputs, into));
    }

    /// Puts other numbers in the place of all.
    pub(super) fn set(&mut self, rows: usize, inputs: usize, numbers: RowNumbers) {
        (self.rows, self.inputs, self.numbers) = (rows, inputs, numbers);
        self.scales.clear();
        self.scales.resize(rows, 1.0);
    }

    /// Returns the memory of its numbers, where they are floats.
    pub(super) fn spare_floats(&mut self) -> Vec<f32> {
        if let RowNumbers::F32(numbers) = &mut self.numbers { std::mem::take(numbers) } else { Vec::new() }
    }

    /// Returns the memory of its numbers, where they are bf16.
    pub(super) fn spare_brains(&mut self) -> Vec<u16> {
        if let RowNumbers::Bf16(numbers) = &mut self.numbers { std::mem::take(numbers) } else { Vec::new() }
    }

    pub(super) fn numbers(&self) -> &RowNumbers {
        &self.numbers
    }

    pub(super) fn scales(&self) -> &[f32] {
        &self.scales
    }
}

/// The byte that stands for 0.
const ZERO: u8 = 128;

/// Returns the first numbers of memory that is made longer where it is too short, and never shorter: what is written into
/// it is of several sizes in turn, and what lies behind is nobody's.
pub(super) fn at_least<T: Copy + Default>(own: &mut Vec<T>, length: usize) -> &mut [T] {
    if own.len() < length {
        own.resize(length, T::default());
    }
    &mut own[..length]
}

/// Makes memory long enough for so many rows, of which what fills them up is zeros.
fn room<T: Copy + Default>(own: &mut Vec<T>, (rows, inputs): (usize, usize)) {
    let wide = wide(inputs);
    let own = at_least(own, rows * wide);
    if wide > inputs {
        own.chunks_exact_mut(wide).for_each(|row| row[inputs..].fill(T::default()));
    }
}

/// Where rows come from.
trait Source: Sync {
    /// Writes a row.
    fn write(&self, row: usize, into: &mut [f32]);
    /// Returns a row, which may be written into `scratch` for it.
    fn numbers<'a>(&'a self, row: usize, scratch: &'a mut Vec<f32>) -> &'a [f32];
}

/// Some columns of a table.
struct Columns<'t> {
    table: &'t [f32],
    stride: usize,
    columns: Range<usize>,
}

impl Source for Columns<'_> {
    fn write(&self, row: usize, into: &mut [f32]) {
        into.copy_from_slice(self.numbers(row, &mut Vec::new()));
    }

    fn numbers<'a>(&'a self, row: usize, _: &'a mut Vec<f32>) -> &'a [f32] {
        &self.table[row * self.stride + self.columns.start..row * self.stride + self.columns.end]
    }
}

/// Rows that a function writes, all of the same length.
struct Written<F>(F, usize);

impl<F: Fn(usize, &mut [f32]) + Sync> Source for Written<F> {
    fn write(&self, row: usize, into: &mut [f32]) {
        (self.0)(row, into);
    }

    fn numbers<'a>(&'a self, row: usize, scratch: &'a mut Vec<f32>) -> &'a [f32] {
        scratch.resize(self.1, 0.0);
        (self.0)(row, scratch);
        scratch
    }
}

/// Fills each row of `own`, zeros included, and keeps the scale that `fill` returns. `fill` is given memory, too.
fn each<T: Copy + Default + Send>(
    (rows, inputs): (usize, usize),
    own: &mut Vec<T>,
    scales: &mut Vec<f32>,
    fill: impl Fn(usize, &mut [T], &mut Vec<f32>) -> f32 + Sync,
) {
    let wide = wide(inputs).max(1);
    let own = at_least(own, rows * wide);
    scales.resize(rows, 0.0);
    let some = |(first, (own, scales)): (usize, (&mut [T], &mut [f32]))| {
        let mut scratch = Vec::new();
        let numbers = own.chunks_exact_mut(wide).zip(scales);
        numbers.enumerate().for_each(|(row, (own, scale))| *scale = fill(first + row, own, &mut scratch));
    };
    let at_once = (WORTH_A_THREAD / wide).max(1);
    match own.len() <= 2 * WORTH_A_THREAD {
        true => some((0, (own, scales))),
        false => {
            let both = own.par_chunks_mut(at_once * wide).zip(scales.par_chunks_mut(at_once));
            both.enumerate().for_each(|(at, both)| some((at * at_once, both)));
        }
    }
}

widely!(pub(super) fn wide_bf16_row(row: &[f32], own: &mut [u16]) = bf16_row);
widely!(fn wide_floats(row: &[u16], own: &mut [f32]) = floats);
widely!(fn wide_byte_row(row: &[f32], own: &mut [u8]) -> f32 = byte_row);

/// Rounds a row to bf16.
#[inline(always)]
fn bf16_row(row: &[f32], own: &mut [u16]) {
    own.iter_mut().zip(row).for_each(|(own, number)| *own = to_bf16(*number));
}

/// Writes bf16 numbers as floats.
#[inline(always)]
fn floats(row: &[u16], own: &mut [f32]) {
    own.iter_mut().zip(row).for_each(|(own, bits)| *own = widen(*bits));
}

/// Rounds a row to 8 bits and returns what one step is worth.
#[inline(always)]
fn byte_row(row: &[f32], own: &mut [u8]) -> f32 {
    let most = largest(row);
    let per = if most > 0.0 { 127.0 / most } else { 0.0 };
    own.iter_mut().zip(row).for_each(|(own, number)| *own = to_byte(number * per));
    most / 127.0
}

/// Returns the largest size of some numbers, NaN where one of them is: without their signs numbers are in the order of
/// their bits, NaN above infinity. Eight are kept at a time, so that the compiler can go through them together.
#[inline(always)]
fn largest(numbers: &[f32]) -> f32 {
    let size = |number: &f32| number.abs().to_bits();
    let mut most = [0_u32; 8];
    let mut eights = numbers.chunks_exact(8);
    for eight in eights.by_ref() {
        most.iter_mut().zip(eight).for_each(|(most, number)| *most = size(number).max(*most));
    }
    f32::from_bits(most.into_iter().chain(eights.remainder().iter().map(size)).fold(0, u32::max))
}

/// Returns the nearest bf16, the even one of two; the rounding of the processor's own instruction. NaN stays NaN.
#[inline(always)]
pub(super) fn to_bf16(number: f32) -> u16 {
    let bits = number.to_bits();
    let quiet = (bits >> 16) as u16 | 0x40;
    let nearest = (bits.wrapping_add(0x7FFF + (bits >> 16 & 1)) >> 16) as u16;
    if number.is_nan() { quiet } else { nearest }
}

/// Returns the byte of a number between −127 and 127: the nearest whole one, the even one of two.
#[inline(always)]
fn to_byte(number: f32) -> u8 {
    // Adding 1.5 × 2²³ leaves the whole number in the last bits.
    const WHOLE: f32 = 12_582_912.0;
    ((number + WHOLE).to_bits() as u8).wrapping_add(ZERO)
}

#[cfg(test)]
mod tests {
    use super::to_bf16;
    use half::bf16;

    #[test]
    fn numbers_are_rounded_as_the_format_says_and_nan_stays_nan() {
        for bits in [0_u32, 1, 0x3F80_7FFF, 0x3F80_8000, 0x3F81_8000, 0x7F7F_FFFF, 0x7F80_0000, 0xFF80_0000, 0x8000_0001] {
            assert_eq!(to_bf16(f32::from_bits(bits)), bf16::from_f32(f32::from_bits(bits)).to_bits(), "{bits:x}");
        }
        for bits in [0x7F80_0001_u32, 0x7FC0_0000, 0x7FFF_FFFF, 0xFFFF_FFFF] {
            assert!(bf16::from_bits(to_bf16(f32::from_bits(bits))).is_nan(), "{bits:x}");
        }
    }
}
