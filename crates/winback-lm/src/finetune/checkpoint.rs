//! A state as a file, and back. The file begins with the hash of the rest, so that a damaged one is seen.
use super::adamw::AdamW;
use super::run::State;
use super::weights::Weights;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use std::collections::HashMap;
use winback_core::digest::Digest;

/// Why a checkpoint cannot be gone on from.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// The file is not what was written.
    #[error("the checkpoint is damaged: {why}")]
    Damaged {
        /// What is wrong with it.
        why: String,
    },
    /// It belongs to another run.
    #[error("the checkpoint belongs to another run: its texts, its recipe or its base were others")]
    AnotherRun,
}

/// How long the hash is.
const HASH: usize = 64;
/// Where the header tells which run it is, and how many steps were taken.
const TOLD: &str = "run";
const KINDS: [&str; 4] = ["weights", "means", "squares", "best"];

impl<W: Weights> State<W> {
    /// Returns the bytes of a checkpoint of a run (see [`super::Run::identity`]).
    pub fn to_bytes(&self, identity: &Digest) -> Result<Vec<u8>, CheckpointError> {
        let (means, squares) = self.adam.moments();
        let of_kind = |(kind, weights): (&str, &W)| -> Vec<(String, Dtype, Vec<u8>)> {
            let bytes = |slice: &[f32]| slice.iter().flat_map(|number| number.to_le_bytes()).collect();
            weights.slices().into_iter().enumerate().map(|(at, slice)| (format!("{kind}.{at:05}"), Dtype::F32, bytes(slice))).collect()
        };
        let f64s = |numbers: &mut dyn Iterator<Item = f64>| numbers.flat_map(f64::to_le_bytes).collect::<Vec<u8>>();
        let mut parts: Vec<_> = KINDS.into_iter().zip([&self.weights, means, squares, &self.best]).flat_map(of_kind).collect();
        parts.push(("losses".to_owned(), Dtype::F64, f64s(&mut self.losses.iter().copied())));
        parts.push(("trials".to_owned(), Dtype::F64, f64s(&mut self.trials.iter().flat_map(|(step, loss)| [f64::from(*step), *loss]))));
        let mut views = Vec::with_capacity(parts.len());
        for (name, dtype, bytes) in &parts {
            let width = if *dtype == Dtype::F64 { 8 } else { 4 };
            views.push((name, TensorView::new(*dtype, vec![bytes.len() / width], bytes).map_err(|error| damaged(&error))?));
        }
        // One entry: several would be written in an order of chance.
        let told = HashMap::from([(TOLD.to_owned(), format!("{identity} {}", self.steps))]);
        let body = safetensors::serialize(views, Some(told)).map_err(|error| damaged(&error))?;
        Ok([Digest::of(&body).0.as_bytes(), &body].concat())
    }

    /// Returns the state of a checkpoint of a run; `like` is any state of it, such as the one it began with.
    pub fn from_bytes(bytes: &[u8], identity: &Digest, like: &Self) -> Result<Self, CheckpointError> {
        let (hash, body) = bytes.split_at_checked(HASH).ok_or_else(|| damaged(&"it is cut short"))?;
        if Digest::of(body).0.as_bytes() != hash {
            return Err(damaged(&"its hash is another"));
        }
        let (_, header) = SafeTensors::read_metadata(body).map_err(|error| damaged(&error))?;
        let told = header.metadata().as_ref().and_then(|told| told.get(TOLD)?.split_once(' '));
        let (of, steps) = told.ok_or_else(|| damaged(&"it does not tell its run"))?;
        if of != identity.0 {
            return Err(CheckpointError::AnotherRun);
        }
        let tensors = SafeTensors::deserialize(body).map_err(|error| damaged(&error))?;
        let of_kind = |kind: &str| {
            let mut weights = like.weights.clone();
            for (at, slice) in weights.slices_mut().into_iter().enumerate() {
                let tensor = tensors.tensor(&format!("{kind}.{at:05}")).map_err(|error| damaged(&error))?;
                let (numbers, _) = tensor.data().as_chunks::<4>();
                if numbers.len() != slice.len() {
                    return Err(damaged(&"a matrix has another size"));
                }
                slice.iter_mut().zip(numbers).for_each(|(own, bytes)| *own = f32::from_le_bytes(*bytes));
            }
            Ok(weights)
        };
        let f64s = |name: &str| {
            let tensor = tensors.tensor(name).map_err(|error| damaged(&error))?;
            Ok(tensor.data().as_chunks::<8>().0.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect::<Vec<f64>>())
        };
        let steps: u32 = steps.parse().map_err(|error| damaged(&error))?;
        let trials = f64s("trials")?.chunks_exact(2).map(|trial| (trial[0] as u32, trial[1])).collect();
        let [weights, means, squares, best] = KINDS.map(of_kind);
        let adam: AdamW<W> = like.adam.resumed(steps, means?, squares?);
        Ok(Self { steps, weights: weights?, adam, losses: f64s("losses")?, trials, best: best? })
    }
}

fn damaged(why: &dyn std::fmt::Display) -> CheckpointError {
    CheckpointError::Damaged { why: why.to_string() }
}
