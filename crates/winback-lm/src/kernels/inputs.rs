//! Rows in the form in which a packed weight takes them.
use super::packed::{Precision, wide};
use rayon::prelude::*;

/// Some rows of inputs, in the precision of the weights they are to meet.
#[derive(Clone, Debug)]
pub struct Inputs {
    rows: usize,
    inputs: usize,
    numbers: RowNumbers,
}

/// The numbers of the rows, each filled up with zeros.
#[derive(Clone, Debug)]
pub(super) enum RowNumbers {
    F32(Vec<f32>),
    Bf16(Vec<u16>),
    /// Each number is `scale × (byte − 128)`.
    Int8 {
        bytes: Vec<u8>,
        scales: Vec<f32>,
    },
}

/// The fewest numbers that are worth another thread.
const WORTH_A_THREAD: usize = 1 << 14;

impl Inputs {
    /// Rounds rows of `inputs` numbers, each by itself, to what a weight of a precision takes.
    pub fn new(rows: &[f32], inputs: usize, precision: Precision) -> Self {
        let (count, wide) = (rows.len() / inputs.max(1), wide(inputs).max(1));
        let numbers = match precision {
            Precision::F32 => RowNumbers::F32(each(rows, inputs, 0.0, |row, own: &mut [f32]| own[..inputs].copy_from_slice(row))),
            Precision::Bf16 => RowNumbers::Bf16(each(rows, inputs, 0, |row, own: &mut [u16]| {
                own.iter_mut().zip(row).for_each(|(own, number)| *own = to_bf16(*number));
            })),
            Precision::Int8 => {
                let mut scales = vec![0.0; count];
                let most: Vec<f32> = rows.chunks_exact(inputs.max(1)).map(largest).collect();
                scales.iter_mut().zip(&most).for_each(|(scale, most)| *scale = most / 127.0);
                let bytes = each(rows, inputs, ZERO, |row, own: &mut [u8]| {
                    let most = largest(row);
                    let per = if most > 0.0 { 127.0 / most } else { 0.0 };
                    own.iter_mut().zip(row).for_each(|(own, number)| *own = to_byte(number * per));
                });
                debug_assert_eq!(bytes.len(), count * wide);
                RowNumbers::Int8 { bytes, scales }
            }
        };
        Self { rows: count, inputs, numbers }
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
            RowNumbers::Int8 { .. } => Precision::Int8,
        }
    }

    /// Returns how many inputs a row has.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    pub(super) fn numbers(&self) -> &RowNumbers {
        &self.numbers
    }
}

/// The byte that stands for 0.
const ZERO: u8 = 128;

/// Returns what `fill` makes of each row, filled up with `rest`.
fn each<T: Copy + Send + Sync>(rows: &[f32], inputs: usize, rest: T, fill: impl Fn(&[f32], &mut [T]) + Sync) -> Vec<T> {
    let wide = wide(inputs).max(1);
    let mut numbers = vec![rest; rows.len() / inputs.max(1) * wide];
    let at_once = (WORTH_A_THREAD / wide).max(1);
    let some = |(own, rows): (&mut [T], &[f32])| {
        own.chunks_exact_mut(wide).zip(rows.chunks_exact(inputs)).for_each(|(own, row)| fill(row, own));
    };
    match numbers.len() <= 2 * WORTH_A_THREAD {
        true => some((&mut numbers, rows)),
        false => numbers.par_chunks_mut(at_once * wide).zip(rows.par_chunks(at_once * inputs)).for_each(some),
    }
    numbers
}

/// Returns the largest size of some numbers, NaN where one of them is: without their signs numbers are in the order of
/// their bits, NaN above infinity. Eight are kept at a time, so that the compiler can go through them together.
fn largest(numbers: &[f32]) -> f32 {
    let size = |number: &f32| number.abs().to_bits();
    let mut most = [0_u32; 8];
    let mut eights = numbers.chunks_exact(8);
    for eight in eights.by_ref() {
        most.iter_mut().zip(eight).for_each(|(most, number)| *most = size(number).max(*most));
    }
    f32::from_bits(most.into_iter().chain(eights.remainder().iter().map(size)).fold(0, u32::max))
}

/// Returns the nearest bf16, the even one of two; the rounding of the processor's own instruction.
pub(super) fn to_bf16(number: f32) -> u16 {
    let bits = number.to_bits();
    ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16) as u16
}

/// Returns the byte of a number between −127 and 127: the nearest whole one, the even one of two.
fn to_byte(number: f32) -> u8 {
    // Adding 1.5 × 2²³ leaves the whole number in the last bits.
    const WHOLE: f32 = 12_582_912.0;
    ((number + WHOLE).to_bits() as u8).wrapping_add(ZERO)
}
