//! The weights of a whole model while all of it learns, in f32.
use super::sums::Draw;
use super::weights::Weights;
use crate::config::Config;
use crate::kernels::{Linear, Numerics, Precision};
use crate::model::{Layer, Model};
use crate::shape::Fused;
use crate::shards::{Shards, WeightsError};
use crate::table::Table;
use crate::tensor::{Numbers, Tensor};
use half::bf16;
use rayon::prelude::*;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensorError};
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use winback_core::digest::Digest;

/// How far drawn weights are from 0, as models of this kind begin (Radford et al. 2019).
const SPREAD: f32 = 0.02;

/// Every weight of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct WholeWeights {
    config: Config,
    /// `[vocab_size, hidden_size]`.
    pub(super) embedding: Vec<f32>,
    pub(super) final_norm: Vec<f32>,
    /// `[vocab_size, hidden_size]`; empty where it is the embedding table.
    pub(super) head: Vec<f32>,
    pub(super) layers: Vec<LayerWeights>,
}

/// Those of a layer.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct LayerWeights {
    pub(super) attention_norm: Vec<f32>,
    pub(super) query_norm: Vec<f32>,
    pub(super) key_norm: Vec<f32>,
    pub(super) mlp_norm: Vec<f32>,
    /// In the order of [`Fused`], each `[outputs, inputs]`.
    pub(super) linears: [Vec<f32>; 4],
}

impl WholeWeights {
    /// Returns weights to begin with: norms are 1, matrices drawn evenly with a deviation of 0.02; those that add to the
    /// residual stream are smaller by the root of how many do (Radford et al. 2019).
    pub fn begin(config: &Config, seed: u64) -> Self {
        let mut draw = Draw::new(seed);
        let mut matrix = |count: usize, spread: f32| -> Vec<f32> {
            let most = spread * 3.0_f32.sqrt();
            (0..count).map(|_| (2.0 * draw.unit() - 1.0) * most).collect()
        };
        let adding = SPREAD / (2.0 * config.layers as f32).sqrt();
        let table = config.vocab_size * config.hidden_size;
        let embedding = matrix(table, SPREAD);
        let head = if config.tied { Vec::new() } else { matrix(table, SPREAD) };
        let layer = |_| LayerWeights {
            linears: Fused::ALL.map(|fused| {
                let [outputs, inputs] = fused.shape(config);
                matrix(outputs * inputs, if matches!(fused, Fused::O | Fused::Down) { adding } else { SPREAD })
            }),
            attention_norm: vec![1.0; config.hidden_size],
            query_norm: vec![1.0; config.head_dim],
            key_norm: vec![1.0; config.head_dim],
            mlp_norm: vec![1.0; config.hidden_size],
        };
        let layers = (0..config.layers).map(layer).collect();
        Self { config: config.clone(), embedding, final_norm: vec![1.0; config.hidden_size], head, layers }
    }

    /// Reads the weights of a directory, to go on learning.
    pub fn load(dir: &Path, config: &Config) -> Result<Self, WeightsError> {
        let shards = Shards::open(dir)?;
        let mut weights = Self::begin(config, 0);
        for (name, shape, own) in weights.named_mut() {
            own.copy_from_slice(&shards.read(&name, &shape)?.0.to_f32());
        }
        shards.unchanged()?;
        Ok(weights)
    }

    /// Returns the shape.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Returns the model that these weights are, to compute with. Its numbers are rounded to its precision.
    pub fn model(&self, numerics: Numerics) -> Model {
        let config = &self.config;
        let pack = |[outputs, inputs]: [usize; 2], numbers: &[f32]| {
            Linear::pack(numerics, &[&Tensor::of(outputs, inputs, Numbers::F32(numbers.to_vec()))])
        };
        let layer = |layer: &LayerWeights| Layer {
            attention_norm: layer.attention_norm.clone(),
            query_norm: layer.query_norm.clone(),
            key_norm: layer.key_norm.clone(),
            mlp_norm: layer.mlp_norm.clone(),
            linears: Fused::ALL.map(|fused| pack(fused.shape(config), &layer.linears[fused as usize])),
        };
        let table = [config.vocab_size, config.hidden_size];
        let head = pack(table, if config.tied { &self.embedding } else { &self.head });
        let embedding = Tensor::of(config.vocab_size, config.hidden_size, Numbers::F32(self.embedding.clone()));
        Model {
            embedding: Table::Read(Arc::new(embedding)),
            layers: self.layers.par_iter().map(layer).collect(),
            final_norm: self.final_norm.clone(),
            head: Some(head),
            config: config.clone(),
            numerics,
            digest: Digest::of(b"a model that learns"),
        }
    }

    /// Returns the bytes of a `model.safetensors` in f32 or bf16, each matrix under the name by which transformers knows it.
    pub fn to_safetensors(&self, precision: Precision) -> Result<Vec<u8>, SafeTensorError> {
        let mut weights = self.clone();
        let bytes = |numbers: &[f32]| -> Vec<u8> {
            match precision {
                Precision::F32 => numbers.iter().flat_map(|number| number.to_le_bytes()).collect(),
                Precision::Bf16 | Precision::Int8 => numbers.iter().flat_map(|number| bf16::from_f32(*number).to_le_bytes()).collect(),
            }
        };
        let dtype = if precision == Precision::F32 { Dtype::F32 } else { Dtype::BF16 };
        let parts: Vec<_> = weights.named_mut().into_iter().map(|(name, shape, numbers)| (name, shape, bytes(numbers))).collect();
        let mut views = Vec::with_capacity(parts.len());
        for (name, shape, bytes) in &parts {
            views.push((name, TensorView::new(dtype, shape.clone(), bytes)?));
        }
        safetensors::serialize(views, Some(HashMap::from([("format".to_owned(), "pt".to_owned())])))
    }

    /// Returns every tensor of a file with its name and shape; fused matrices are those of their parts, one after the other.
    fn named_mut(&mut self) -> Vec<(String, Vec<usize>, &mut [f32])> {
        let config = &self.config;
        let table = vec![config.vocab_size, config.hidden_size];
        let mut named: Vec<(String, Vec<usize>, &mut [f32])> = vec![
            ("model.embed_tokens.weight".to_owned(), table.clone(), &mut self.embedding),
            ("model.norm.weight".to_owned(), vec![config.hidden_size], &mut self.final_norm),
        ];
        if !self.head.is_empty() {
            named.push(("lm_head.weight".to_owned(), table, &mut self.head));
        }
        for (at, layer) in self.layers.iter_mut().enumerate() {
            let name = |part: &str| format!("model.layers.{at}.{part}.weight");
            let LayerWeights { attention_norm, query_norm, key_norm, mlp_norm, linears } = layer;
            let norms = [attention_norm, query_norm, key_norm, mlp_norm];
            let names = ["input_layernorm", "self_attn.q_norm", "self_attn.k_norm", "post_attention_layernorm"];
            named.extend(names.into_iter().zip(norms).map(|(part, norm)| (name(part), vec![norm.len()], norm.as_mut_slice())));
            for (fused, linear) in Fused::ALL.into_iter().zip(linears) {
                let mut left = linear.as_mut_slice();
                for part in fused.parts() {
                    let [outputs, inputs] = part.shape(config);
                    let (own, others) = left.split_at_mut(outputs * inputs);
                    named.push((name(part.name()), vec![outputs, inputs], own));
                    left = others;
                }
            }
        }
        named
    }
}

impl Weights for WholeWeights {
    fn slices(&self) -> Vec<&[f32]> {
        let layers = self.layers.iter().flat_map(|layer| {
            let LayerWeights { attention_norm, query_norm, key_norm, mlp_norm, linears } = layer;
            [attention_norm, query_norm, key_norm, mlp_norm].into_iter().chain(linears)
        });
        [&self.embedding, &self.final_norm, &self.head].into_iter().chain(layers).map(Vec::as_slice).collect()
    }

    fn slices_mut(&mut self) -> Vec<&mut [f32]> {
        let layers = self.layers.iter_mut().flat_map(|layer| {
            let LayerWeights { attention_norm, query_norm, key_norm, mlp_norm, linears } = layer;
            [attention_norm, query_norm, key_norm, mlp_norm].into_iter().chain(linears)
        });
        [&mut self.embedding, &mut self.final_norm, &mut self.head].into_iter().chain(layers).map(Vec::as_mut_slice).collect()
    }

    /// Norms stay near 1 by themselves: only matrices shrink.
    fn shrinks(&self) -> Vec<bool> {
        let of_layer = [false, false, false, false, true, true, true, true];
        [true, false, true].into_iter().chain(self.layers.iter().flat_map(|_| of_layer)).collect()
    }
}
