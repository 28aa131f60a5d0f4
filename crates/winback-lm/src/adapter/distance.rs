//! How far apart two adapters are: by what they add to the weights of a base, not by their two halves, which can differ
//! and add the same.
use super::{AdapterConfig, AdapterError};
use crate::shards::Shards;
use serde::Serialize;
use std::collections::BTreeSet;
use std::path::Path;

/// The weights of two adapters, side by side.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Distance {
    /// The length of what the first adds: the root of the sum of squares over all modules.
    pub first: f64,
    /// The length of what the second adds.
    pub second: f64,
    /// The length of the difference.
    pub apart: f64,
    /// The cosine of the angle between them: 1 in the same direction, 0 in unrelated ones; 0 where one adds nothing.
    pub cosine: f64,
}

/// Returns how far apart two adapters of the same base are. What a module of one of them adds is `s · B · A`; lengths and
/// products of such are made of the small squares `Bᵀ·B'` and `A·A'ᵀ`, `[rank, rank]`, so no whole matrix is.
///
/// # Errors
/// When one cannot be read, or the shapes of a module differ.
pub fn distance(first: &Path, second: &Path) -> Result<Distance, AdapterError> {
    let (one, two) = (Half::open(first)?, Half::open(second)?);
    let modules: BTreeSet<String> = one.modules().chain(two.modules()).collect();
    let mut sums = [0.0; 3];
    for module in modules {
        let (a, b) = (one.read(&module)?, two.read(&module)?);
        for (sum, (x, y)) in sums.iter_mut().zip([(&a, &a), (&b, &b), (&a, &b)]) {
            if let (Some(x), Some(y)) = (x, y) {
                if (x.inputs, x.outputs()) != (y.inputs, y.outputs()) {
                    return Err(AdapterError::Unexpected {
                        path: second.to_owned(),
                        tensor: module,
                        why: "of another shape than the other adapter's",
                    });
                }
                *sum += x.product(y);
            }
        }
    }
    let [first, second, both] = sums;
    let apart = (first + second - 2.0 * both).max(0.0).sqrt();
    let (first, second) = (first.max(0.0).sqrt(), second.max(0.0).sqrt());
    Ok(Distance { first, second, apart, cosine: if first * second > 0.0 { both / (first * second) } else { 0.0 } })
}

/// An adapter's file, open.
struct Half {
    config: AdapterConfig,
    shards: Shards,
}

/// What one module adds.
struct Added {
    scale: f64,
    inputs: usize,
    rank: usize,
    /// `[rank, inputs]`.
    down: Vec<f32>,
    /// `[outputs, rank]`.
    up: Vec<f32>,
}

impl Half {
    fn open(dir: &Path) -> Result<Self, AdapterError> {
        let config = AdapterConfig::load(&dir.join("adapter_config.json"))?;
        Ok(Self { config, shards: Shards::open_file(&dir.join("adapter_model.safetensors"))? })
    }

    fn modules(&self) -> impl Iterator<Item = String> {
        let name = |tensor: &str| Some(tensor.strip_prefix("base_model.model.")?.strip_suffix(".lora_A.weight")?.to_owned());
        self.shards.names().filter_map(name).collect::<Vec<_>>().into_iter()
    }

    fn read(&self, module: &str) -> Result<Option<Added>, AdapterError> {
        let Some((rank, scale)) = self.config.rank_and_scale(module)? else { return Ok(None) };
        let half = |half: &str| {
            let tensor = format!("base_model.model.{module}.lora_{half}.weight");
            let [rows, columns] = *self.shards.shape(&tensor).unwrap_or_default() else { return Ok(None) };
            Ok::<_, AdapterError>(Some(self.shards.read(&tensor, &[rows, columns])?.0))
        };
        let (Some(down), Some(up)) = (half("A")?, half("B")?) else { return Ok(None) };
        if (down.rows(), up.columns()) != (rank, rank) {
            return Ok(None);
        }
        Ok(Some(Added { scale: f64::from(scale), inputs: down.columns(), rank, down: down.to_f32(), up: up.to_f32() }))
    }
}

impl Added {
    fn outputs(&self) -> usize {
        self.up.len() / self.rank
    }

    /// Returns the sum of the products of all entries with another's.
    fn product(&self, other: &Self) -> f64 {
        let mut ups = vec![0.0; self.rank * other.rank];
        for (one, two) in self.up.chunks_exact(self.rank).zip(other.up.chunks_exact(other.rank)) {
            for (row, one) in ups.chunks_exact_mut(other.rank).zip(one) {
                row.iter_mut().zip(two).for_each(|(sum, two)| *sum += f64::from(*one) * f64::from(*two));
            }
        }
        let mut sum = 0.0;
        for (ups, one) in ups.chunks_exact(other.rank).zip(self.down.chunks_exact(self.inputs)) {
            for (up, two) in ups.iter().zip(other.down.chunks_exact(other.inputs)) {
                sum += up * one.iter().zip(two).map(|(one, two)| f64::from(*one) * f64::from(*two)).sum::<f64>();
            }
        }
        sum * self.scale * other.scale
    }
}
