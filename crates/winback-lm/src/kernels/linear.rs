//! A weight matrix, packed once for a level.
use super::{Level, plain};
use crate::tensor::Tensor;
use std::sync::Arc;

/// A weight `[outputs, inputs]`, ready to be multiplied with rows.
#[derive(Clone, Debug)]
pub struct Linear {
    outputs: usize,
    inputs: usize,
    packed: Packed,
}

/// The weight in the order its level reads it.
#[derive(Clone, Debug)]
enum Packed {
    /// As it is stored, shared with whoever else needs it (a tied embedding table).
    Plain(Arc<Tensor>),
}

impl Linear {
    /// Packs a weight for a level.
    pub fn pack(level: Level, weight: Arc<Tensor>) -> Self {
        let (outputs, inputs) = (weight.rows(), weight.columns());
        let packed = match level {
            Level::Plain => Packed::Plain(weight),
        };
        Self { outputs, inputs, packed }
    }

    /// Returns how wide a row of the result is.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// Returns how wide a row must be.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Writes `x · weightᵀ` into `out`: `x` is `[rows, inputs]`, `out` `[rows, outputs]`. Rows may be none.
    pub fn apply(&self, x: &[f32], out: &mut [f32]) {
        debug_assert_eq!(x.len() * self.outputs, out.len() * self.inputs, "as many rows out as in");
        match &self.packed {
            Packed::Plain(weight) => plain::linear(weight, x, out),
        }
    }

    /// Returns `x · weightᵀ` as rows of their own.
    pub fn applied(&self, x: &[f32]) -> Vec<f32> {
        let mut out = vec![0.0; x.len() / self.inputs * self.outputs];
        self.apply(x, &mut out);
        out
    }
}
