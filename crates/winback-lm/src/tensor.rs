//! One tensor in memory, in the number format of its file.
use half::{bf16, f16};

/// The number formats weights come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// 32-bit floating point.
    F32,
    /// The upper half of a 32-bit floating point number.
    Bf16,
    /// 16-bit floating point.
    F16,
}

impl Format {
    /// Returns the name used in safetensors files: `BF16`.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "F32",
            Self::Bf16 => "BF16",
            Self::F16 => "F16",
        }
    }

    /// Returns how many bytes a number takes.
    pub fn bytes(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::Bf16 | Self::F16 => 2,
        }
    }
}

/// The numbers of a tensor, row by row.
#[derive(Clone, Debug, PartialEq)]
pub enum Numbers {
    /// 32-bit floating point.
    F32(Vec<f32>),
    /// bfloat16.
    Bf16(Vec<bf16>),
    /// IEEE half precision.
    F16(Vec<f16>),
}

impl Numbers {
    /// Returns no numbers yet, with room for `count`, or `None` where there is no memory for them.
    pub(crate) fn with_capacity(format: Format, count: usize) -> Option<Self> {
        fn room<T>(count: usize) -> Option<Vec<T>> {
            let mut numbers = Vec::new();
            numbers.try_reserve_exact(count).ok().map(|()| numbers)
        }
        match format {
            Format::F32 => room(count).map(Self::F32),
            Format::Bf16 => room(count).map(Self::Bf16),
            Format::F16 => room(count).map(Self::F16),
        }
    }

    /// Appends little-endian bytes, whose length must be a multiple of the format's, and returns whether all are finite.
    pub(crate) fn extend_from_bytes(&mut self, bytes: &[u8]) -> bool {
        let (pairs, _) = bytes.as_chunks::<2>();
        match self {
            Self::F32(numbers) => {
                let (quads, _) = bytes.as_chunks::<4>();
                numbers.extend(quads.iter().map(|quad| f32::from_le_bytes(*quad)));
                numbers[numbers.len() - quads.len()..].iter().all(|number| number.is_finite())
            }
            Self::Bf16(numbers) => {
                numbers.extend(pairs.iter().map(|pair| bf16::from_le_bytes(*pair)));
                numbers[numbers.len() - pairs.len()..].iter().all(|number| number.is_finite())
            }
            Self::F16(numbers) => {
                numbers.extend(pairs.iter().map(|pair| f16::from_le_bytes(*pair)));
                numbers[numbers.len() - pairs.len()..].iter().all(|number| number.is_finite())
            }
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::F32(numbers) => numbers.len(),
            Self::Bf16(numbers) => numbers.len(),
            Self::F16(numbers) => numbers.len(),
        }
    }
}

/// A matrix `[rows, columns]`, or a vector as one row.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    rows: usize,
    columns: usize,
    numbers: Numbers,
}

impl Tensor {
    /// Returns a matrix, or `None` where there are not `rows * columns` numbers.
    pub fn new(rows: usize, columns: usize, numbers: Numbers) -> Option<Self> {
        (rows.checked_mul(columns) == Some(numbers.len())).then_some(Self { rows, columns, numbers })
    }

    /// Returns a matrix of numbers that were made for it.
    pub(crate) fn of(rows: usize, columns: usize, numbers: Numbers) -> Self {
        debug_assert_eq!(rows * columns, numbers.len());
        Self { rows, columns, numbers }
    }

    /// Returns how many rows it has.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Returns how wide a row is.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Returns the numbers as they are stored.
    pub fn numbers(&self) -> &Numbers {
        &self.numbers
    }

    /// Writes a row as f32, exactly; `out` is as wide as a row.
    pub fn read_row(&self, row: usize, out: &mut [f32]) {
        let range = row * self.columns..(row + 1) * self.columns;
        match &self.numbers {
            Numbers::F32(numbers) => out.copy_from_slice(&numbers[range]),
            Numbers::Bf16(numbers) => out.iter_mut().zip(&numbers[range]).for_each(|(out, number)| *out = number.to_f32()),
            Numbers::F16(numbers) => out.iter_mut().zip(&numbers[range]).for_each(|(out, number)| *out = number.to_f32()),
        }
    }

    /// Returns all numbers as f32, exactly, row by row.
    pub fn to_f32(&self) -> Vec<f32> {
        match &self.numbers {
            Numbers::F32(numbers) => numbers.clone(),
            Numbers::Bf16(numbers) => numbers.iter().map(|number| number.to_f32()).collect(),
            Numbers::F16(numbers) => numbers.iter().map(|number| number.to_f32()).collect(),
        }
    }
}
