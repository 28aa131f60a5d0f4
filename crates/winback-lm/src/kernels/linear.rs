//! A weight matrix, or several that take the same rows, packed once.
use super::inputs::Inputs;
use super::level::Level;
use super::packed::{Packed, Precision, wide};
use super::product::{Added, Goal, Job, Output, product};
use super::shared::Cursor;
use crate::tensor::Tensor;
use std::ops::Range;

/// How a model computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numerics {
    /// With which instructions.
    pub level: Level,
    /// With which numbers.
    pub precision: Precision,
}

impl Numerics {
    /// Returns what is exact and runs on any machine.
    pub const PLAIN: Self = Self { level: Level::Plain, precision: Precision::F32 };

    /// Returns the same for what must not be rounded to 8 bits: adapters, keys and values.
    pub fn at_least_bf16(self) -> Self {
        let precision = if self.precision == Precision::Int8 { Precision::Bf16 } else { self.precision };
        Self { precision, ..self }
    }
}

/// A weight `[outputs, inputs]`, ready to be multiplied with rows.
#[derive(Clone, Debug)]
pub struct Linear {
    level: Level,
    weight: Packed,
}

impl Linear {
    /// Packs some weights that take the same rows, their outputs one after the other.
    pub fn pack(numerics: Numerics, weights: &[&Tensor]) -> Self {
        let outputs = weights.iter().map(|weight| weight.rows()).sum();
        let inputs = weights.first().map_or(0, |weight| weight.columns());
        let weight = Packed::new(outputs, inputs, numerics.precision, |mut output, row| {
            for weight in weights {
                match output.checked_sub(weight.rows()) {
                    Some(later) => output = later,
                    None => return weight.read_row(output, row),
                }
            }
        });
        Self { level: numerics.level, weight }
    }

    /// Returns a weight whose numbers come next in a file; `None` where they are not all there.
    pub(crate) fn taken(numerics: Numerics, [outputs, inputs]: [usize; 2], from: &mut Cursor) -> Option<Self> {
        Some(Self { level: numerics.level, weight: Packed::taken(outputs, inputs, numerics.precision, from)? })
    }

    /// Returns the numbers as [`Self::taken`] takes them.
    pub(crate) fn lists(&self) -> Vec<&[u8]> {
        self.weight.lists()
    }

    /// Returns how wide a row of the result is.
    pub fn outputs(&self) -> usize {
        self.weight.outputs()
    }

    /// Returns how wide a row must be.
    pub fn inputs(&self) -> usize {
        self.weight.inputs()
    }

    /// Returns the bytes it takes in memory.
    pub fn bytes(&self) -> usize {
        self.weight.bytes()
    }

    /// Returns in which precision it takes rows.
    pub fn precision(&self) -> Precision {
        self.weight.precision()
    }

    /// Writes rows into `into` in the form in which the weight takes them; they fit every weight of the same width and
    /// precision.
    pub fn take(&self, x: &[f32], into: &mut Inputs) {
        self.take_columns((x, self.inputs()), 0, into);
    }

    /// Does the same with some columns of a table whose rows are `stride` numbers long, from the column `first` on.
    pub fn take_columns(&self, (table, stride): (&[f32], usize), first: usize, into: &mut Inputs) {
        into.fill_columns(self.level, (table, stride), first..first + self.inputs(), self.weight.precision());
    }

    /// Returns `x · weightᵀ`: `x` is `[rows, inputs]`, the result `[rows, outputs]`. Rows may be none.
    pub fn apply(&self, x: &[f32]) -> Vec<f32> {
        let mut inputs = Inputs::default();
        self.take(x, &mut inputs);
        let mut table = vec![0.0; inputs.rows() * self.outputs()];
        self.apply_to(&inputs, 0..inputs.rows(), Output { table: &mut table, stride: self.outputs(), add: None });
        table
    }

    /// Returns `y · weight`, the way back: `y` is `[rows, outputs]`, the result `[rows, inputs]`.
    pub fn apply_back(&self, y: &[f32]) -> Vec<f32> {
        let (mut turned, mut inputs) = (Self::room(self.level), Inputs::default());
        turned.turn(self, 0..self.outputs());
        turned.take(y, &mut inputs);
        let mut table = vec![0.0; inputs.rows() * self.inputs()];
        turned.apply_to(&inputs, 0..inputs.rows(), Output { table: &mut table, stride: self.inputs(), add: None });
        table
    }

    /// Returns a weight of nothing, to be filled.
    pub fn room(level: Level) -> Self {
        Self { level, weight: Packed::room() }
    }

    /// Makes it the transpose of some outputs of a weight, `[inputs, outputs]`, one of 8 bits as bf16.
    pub fn turn(&mut self, other: &Self, outputs: Range<usize>) {
        self.weight.turn(&other.weight, outputs);
    }

    /// Makes it the weight whose outputs are the columns of some rows, and whose inputs are these rows: a product with it
    /// adds up over rows.
    pub fn of_columns(&mut self, rows: &Inputs) {
        self.weight.of_columns(self.level, rows);
    }

    /// Writes, or adds, `x · weightᵀ` for some of the rows.
    pub fn apply_to(&self, x: &Inputs, rows: Range<usize>, out: Output<'_>) {
        product(self.level, &self.weight, x, rows, out);
    }

    /// Returns the same as one of several products, with more that is added to some of the rows first.
    pub fn job<'a>(&'a self, inputs: &'a Inputs, rows: Range<usize>, out: Output<'a>, added: Vec<Added<'a>>) -> Job<'a> {
        Job { level: self.level, weight: &self.weight, inputs, rows, out: Goal::Table(out), added }
    }

    /// Returns the same whose results are rounded as they are written, as the rows of `into`.
    ///
    /// # Panics
    /// Where they are to be of 8 bits.
    pub fn job_into<'a>(
        &'a self,
        inputs: &'a Inputs,
        rows: Range<usize>,
        (into, precision): (&'a mut Inputs, Precision),
        added: Vec<Added<'a>>,
    ) -> Job<'a> {
        let out = Goal::Rows(into.written((rows.len(), self.outputs()), precision), wide(self.outputs()));
        Job { level: self.level, weight: &self.weight, inputs, rows, out, added }
    }

    /// Returns `inputs · weightᵀ`, times a number, as what is added to some rows of another product, from an output on.
    pub fn added<'a>(&'a self, inputs: &'a Inputs, rows: Range<usize>, (first, times): (usize, f32)) -> Added<'a> {
        Added { weight: &self.weight, inputs, rows, first, times }
    }
}
