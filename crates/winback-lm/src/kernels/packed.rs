//! Weights in the order in which kernels read them.
//!
//! A weight of `outputs × inputs` numbers is cut into panels of [`PANEL`] outputs. A panel holds, input by input, the
//! numbers of its outputs side by side; in bf16 two inputs of an output stand together, and in int8 four:
//!
//! ```text
//! f32    panel [input][output]          bf16   panel [input / 2][output][2]          int8   panel [input / 4][output][4]
//! ```
//!
//! which is what the dot instructions of AVX-512, AMX and NEON take. Missing outputs and inputs are zeros.
use super::shared::{Cursor, Shared, bytes_of};
use half::bf16;

/// The version of this order and of how numbers are rounded into it. A file of packed weights is only read where it was
/// written by the same version, so whatever changes one of them changes this number.
pub const LAYOUT: u32 = 1;

/// The outputs of a panel.
pub const PANEL: usize = 32;
/// Inputs are filled up to a multiple of this.
const STEP: usize = 4;

/// How the numbers of a weight are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Precision {
    /// 32-bit floats, as training and comparisons want them.
    F32,
    /// 16-bit brain floats, as Qwen3 is published.
    Bf16,
    /// 8-bit integers with one scale per output; the rows they meet are rounded to 8 bits each, too.
    Int8,
}

impl Precision {
    /// Returns its name: `bf16`.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
            Self::Int8 => "int8",
        }
    }

    /// Returns the bytes of one number.
    pub fn bytes(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::Bf16 => 2,
            Self::Int8 => 1,
        }
    }

    /// Returns how many inputs of an output stand together.
    pub(super) fn group(self) -> usize {
        match self {
            Self::F32 => 1,
            Self::Bf16 => 2,
            Self::Int8 => 4,
        }
    }
}

/// A weight, packed.
#[derive(Clone, Debug)]
pub struct Packed {
    pub(super) outputs: usize,
    pub(super) inputs: usize,
    pub(super) numbers: Numbers,
}

/// The numbers of a packed weight, panel after panel.
#[derive(Clone, Debug)]
pub(super) enum Numbers {
    F32(Shared<f32>),
    Bf16(Shared<u16>),
    Int8 {
        numbers: Shared<i8>,
        /// What one step is worth, per output.
        scales: Shared<f32>,
        /// The sum of the numbers of each output.
        sums: Shared<i32>,
    },
}

impl Packed {
    /// Packs a weight of `outputs` rows of `inputs` numbers; `row` writes one of them.
    pub fn new(outputs: usize, inputs: usize, precision: Precision, mut row: impl FnMut(usize, &mut [f32])) -> Self {
        let wide = inputs.next_multiple_of(STEP);
        let length = outputs.next_multiple_of(PANEL) * wide;
        let mut own = vec![0.0; inputs];
        let at = |output: usize, input: usize| {
            let group = precision.group();
            (output / PANEL) * PANEL * wide + (input / group) * PANEL * group + (output % PANEL) * group + input % group
        };
        let numbers = match precision {
            Precision::F32 => {
                let mut numbers = vec![0.0; length];
                for output in 0..outputs {
                    row(output, &mut own);
                    own.iter().enumerate().for_each(|(input, number)| numbers[at(output, input)] = *number);
                }
                Numbers::F32(numbers.into())
            }
            Precision::Bf16 => {
                let mut numbers = vec![0; length];
                for output in 0..outputs {
                    row(output, &mut own);
                    own.iter().enumerate().for_each(|(input, number)| numbers[at(output, input)] = bf16::from_f32(*number).to_bits());
                }
                Numbers::Bf16(numbers.into())
            }
            Precision::Int8 => {
                let (mut numbers, mut scales, mut sums) = (vec![0; length], vec![0.0; outputs], vec![0; outputs]);
                for output in 0..outputs {
                    row(output, &mut own);
                    let most = own.iter().fold(0.0_f32, |most, number| most.max(number.abs()));
                    let scale = most / 127.0;
                    let per = if scale > 0.0 { 1.0 / scale } else { 0.0 };
                    for (input, number) in own.iter().enumerate() {
                        let rounded = (number * per).round_ties_even() as i8;
                        numbers[at(output, input)] = rounded;
                        sums[output] += i32::from(rounded);
                    }
                    scales[output] = scale;
                }
                Numbers::Int8 { numbers: numbers.into(), scales: scales.into(), sums: sums.into() }
            }
        };
        Self { outputs, inputs, numbers }
    }

    /// Returns a weight whose numbers come next in a file; `None` where they are not all there.
    pub(crate) fn taken(outputs: usize, inputs: usize, precision: Precision, from: &mut Cursor) -> Option<Self> {
        let length = outputs.checked_next_multiple_of(PANEL)?.checked_mul(wide(inputs))?;
        let numbers = match precision {
            Precision::F32 => Numbers::F32(from.take(length)?),
            Precision::Bf16 => Numbers::Bf16(from.take(length)?),
            Precision::Int8 => Numbers::Int8 { numbers: from.take(length)?, scales: from.take(outputs)?, sums: from.take(outputs)? },
        };
        Some(Self { outputs, inputs, numbers })
    }

    /// Returns what [`Self::taken`] takes, list by list.
    pub(crate) fn lists(&self) -> Vec<&[u8]> {
        match &self.numbers {
            Numbers::F32(numbers) => vec![bytes_of(numbers)],
            Numbers::Bf16(numbers) => vec![bytes_of(numbers)],
            Numbers::Int8 { numbers, scales, sums } => vec![bytes_of(numbers), bytes_of(scales), bytes_of(sums)],
        }
    }

    /// Returns how many outputs the weight has.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// Returns how many inputs the weight has.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Returns how its numbers are kept.
    pub fn precision(&self) -> Precision {
        match self.numbers {
            Numbers::F32(_) => Precision::F32,
            Numbers::Bf16(_) => Precision::Bf16,
            Numbers::Int8 { .. } => Precision::Int8,
        }
    }

    /// Returns the bytes that it takes in memory.
    pub fn bytes(&self) -> usize {
        let scales = if matches!(self.numbers, Numbers::Int8 { .. }) { self.outputs * 8 } else { 0 };
        self.outputs.next_multiple_of(PANEL) * self.wide() * self.precision().bytes() + scales
    }

    /// Returns how many panels it has.
    pub(super) fn panels(&self) -> usize {
        self.outputs.div_ceil(PANEL)
    }

    /// Returns how many inputs a panel has, zeros included.
    pub(super) fn wide(&self) -> usize {
        wide(self.inputs)
    }

    pub(super) fn numbers(&self) -> &Numbers {
        &self.numbers
    }
}

/// Returns how many inputs a panel has for so many, zeros included.
pub(super) fn wide(inputs: usize) -> usize {
    inputs.next_multiple_of(STEP)
}
