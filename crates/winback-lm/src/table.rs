//! The embedding table: a row for each token, in the number format of its file.
use crate::kernels::{Cursor, Shared, bytes_of};
use crate::tensor::{Format, Numbers, Tensor};
use half::slice::HalfFloatSliceExt as _;
use half::{bf16, f16};
use std::sync::Arc;

/// The rows of all tokens, in memory or in a file of packed weights.
#[derive(Debug)]
pub(crate) enum Table {
    Read(Arc<Tensor>),
    Mapped { columns: usize, rows: Rows },
}

/// Rows in a file.
#[derive(Debug)]
pub(crate) enum Rows {
    F32(Shared<f32>),
    Bf16(Shared<u16>),
    F16(Shared<u16>),
}

impl Table {
    /// Returns the table that comes next in a file; `None` where it is not all there.
    pub(crate) fn taken(format: Format, [rows, columns]: [usize; 2], from: &mut Cursor) -> Option<Self> {
        let count = rows.checked_mul(columns)?;
        let rows = match format {
            Format::F32 => Rows::F32(from.take(count)?),
            Format::Bf16 => Rows::Bf16(from.take(count)?),
            Format::F16 => Rows::F16(from.take(count)?),
        };
        Some(Self::Mapped { columns, rows })
    }

    /// Writes the row of a token, exactly; `out` is as wide as a row.
    pub(crate) fn read_row(&self, token: usize, out: &mut [f32]) {
        match self {
            Self::Read(tensor) => tensor.read_row(token, out),
            Self::Mapped { columns, rows } => {
                let range = token * columns..(token + 1) * columns;
                match rows {
                    Rows::F32(rows) => out.copy_from_slice(&rows[range]),
                    Rows::Bf16(rows) => out.iter_mut().zip(&rows[range]).for_each(|(out, bits)| *out = bf16::from_bits(*bits).to_f32()),
                    Rows::F16(rows) => out.iter_mut().zip(&rows[range]).for_each(|(out, bits)| *out = f16::from_bits(*bits).to_f32()),
                }
            }
        }
    }
}

/// Returns a table as the bytes that [`Table::taken`] takes.
pub(crate) fn bytes_of_table(tensor: &Tensor) -> &[u8] {
    match tensor.numbers() {
        Numbers::F32(numbers) => bytes_of(numbers),
        Numbers::Bf16(numbers) => bytes_of(numbers.reinterpret_cast()),
        Numbers::F16(numbers) => bytes_of(numbers.reinterpret_cast()),
    }
}
