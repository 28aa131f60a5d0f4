//! The parts of a model in the files of its directory: each is found by its name, checked, and packed.
use crate::config::Config;
use crate::kernels::{Linear, Numerics};
use crate::model::Layer;
use crate::shape::{Fused, Projection};
use crate::shards::{Shards, WeightsError};
use crate::tensor::{Format, Tensor};
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::ops::Range;
use winback_core::digest::Digest;

/// The name of the output head in files.
const HEAD: &str = "lm_head.weight";

/// What was read so far: the hashes of the tensors, by name.
pub(crate) type Hashes = Vec<(String, Digest)>;

/// Returns the hash of all weights.
pub(crate) fn digest_of(mut hashes: Hashes) -> Digest {
    hashes.sort();
    Digest::of_parts(hashes.iter().map(|(_, hash)| hash.0.as_bytes()))
}

/// Where the parts of a model are read from.
pub(crate) struct Source<'a> {
    shards: &'a Shards,
    config: &'a Config,
    prefix: &'static str,
    numerics: Numerics,
}

impl<'a> Source<'a> {
    /// Returns the parts of a model in its files, unless there are others, too.
    pub(crate) fn of(shards: &'a Shards, config: &'a Config, numerics: Numerics) -> Result<Self, WeightsError> {
        // Embedding models are saved without their head, and then without this prefix.
        let prefix = if shards.shape("embed_tokens.weight").is_some() { "" } else { "model." };
        let source = Self { shards, config, prefix, numerics };
        source.no_unexpected()?;
        Ok(source)
    }

    /// Returns how the parts are packed.
    pub(crate) fn numerics(&self) -> Numerics {
        self.numerics
    }

    /// Returns the number format of the embedding table, if it has one that is read.
    pub(crate) fn table_format(&self) -> Option<Format> {
        self.shards.format(&format!("{}embed_tokens.weight", self.prefix))
    }

    /// Returns whether there is an output head.
    pub(crate) fn has_head(&self) -> bool {
        self.config.tied || !self.prefix.is_empty() || self.shards.shape(HEAD).is_some()
    }

    /// Reads the embedding table.
    pub(crate) fn embedding(&self, hashes: &mut Hashes) -> Result<Tensor, WeightsError> {
        self.matrix("embed_tokens.weight", [self.config.vocab_size, self.config.hidden_size], hashes)
    }

    /// Reads the last norm.
    pub(crate) fn final_norm(&self, hashes: &mut Hashes) -> Result<Vec<f32>, WeightsError> {
        self.vector("norm.weight", self.config.hidden_size, hashes)
    }

    /// Reads some layers side by side; of several errors the first layer's is told.
    pub(crate) fn layers(&self, which: Range<usize>, hashes: &mut Hashes) -> Result<Vec<Layer>, WeightsError> {
        let read: Vec<_> = which.into_par_iter().map(|layer| self.layer(layer)).collect();
        let mut layers = Vec::with_capacity(read.len());
        for layer in read {
            let (layer, its_hashes) = layer?;
            layers.push(layer);
            hashes.extend(its_hashes);
        }
        Ok(layers)
    }

    /// Returns the hash of all weights, read for nothing else.
    pub(crate) fn digest(&self) -> Result<Digest, WeightsError> {
        let names: Vec<&str> = self.shards.names().filter(|name| !(self.config.tied && *name == HEAD)).collect();
        let read = |name: &&str| {
            let shape = self.shards.shape(name).unwrap_or_default();
            self.shards.read(name, shape).map(|(_, hash)| ((*name).to_owned(), hash))
        };
        let hashes: Vec<_> = names.par_iter().map(read).collect::<Result<_, _>>()?;
        Ok(digest_of(hashes))
    }

    fn no_unexpected(&self) -> Result<(), WeightsError> {
        let Self { config, prefix, .. } = self;
        let mut places = BTreeSet::from([format!("{prefix}embed_tokens.weight"), format!("{prefix}norm.weight"), HEAD.to_owned()]);
        for layer in 0..config.layers {
            let norms = ["input_layernorm", "post_attention_layernorm", "self_attn.q_norm", "self_attn.k_norm"];
            let parts = norms.into_iter().chain(Projection::ALL.map(Projection::name));
            places.extend(parts.map(|part| format!("{prefix}layers.{layer}.{part}.weight")));
        }
        let unexpected = self.shards.names().find(|name| !places.contains(*name));
        unexpected.map_or(Ok(()), |tensor| {
            Err(WeightsError::UnexpectedTensor { path: self.shards.path_of(tensor).to_owned(), tensor: tensor.to_owned() })
        })
    }

    fn matrix(&self, name: &str, shape: [usize; 2], hashes: &mut Hashes) -> Result<Tensor, WeightsError> {
        let name = format!("{}{name}", self.prefix);
        let (tensor, hash) = self.shards.read(&name, &shape)?;
        hashes.push((name, hash));
        Ok(tensor)
    }

    fn vector(&self, name: &str, width: usize, hashes: &mut Hashes) -> Result<Vec<f32>, WeightsError> {
        let name = format!("{}{name}", self.prefix);
        let (tensor, hash) = self.shards.read(&name, &[width])?;
        hashes.push((name, hash));
        Ok(tensor.to_f32())
    }

    /// Returns the output head. Tied, it is the embedding table; files often hold it a second time, which must agree.
    pub(crate) fn head(&self, embedding: &Tensor, hashes: &mut Hashes) -> Result<Option<Linear>, WeightsError> {
        let shape = [self.config.vocab_size, self.config.hidden_size];
        let present = self.shards.shape(HEAD).is_some();
        if self.config.tied {
            if present && self.shards.read(HEAD, &shape)?.0 != *embedding {
                return Err(WeightsError::WrongTensor {
                    path: self.shards.path_of(HEAD).to_owned(),
                    tensor: HEAD.to_owned(),
                    found: "another than the embedding table".to_owned(),
                    expected: "equal to it, because config.json says tie_word_embeddings".to_owned(),
                });
            }
            return Ok(Some(Linear::pack(self.numerics, &[embedding])));
        }
        if !self.has_head() {
            return Ok(None);
        }
        let (tensor, hash) = self.shards.read(HEAD, &shape)?;
        hashes.push((HEAD.to_owned(), hash));
        Ok(Some(Linear::pack(self.numerics, &[&tensor])))
    }

    fn layer(&self, layer: usize) -> Result<(Layer, Hashes), WeightsError> {
        let config = self.config;
        let mut hashes = Hashes::new();
        let mut norm = |part: &str, width: usize| self.vector(&format!("layers.{layer}.{part}.weight"), width, &mut hashes);
        let attention_norm = norm("input_layernorm", config.hidden_size)?;
        let query_norm = norm("self_attn.q_norm", config.head_dim)?;
        let key_norm = norm("self_attn.k_norm", config.head_dim)?;
        let mlp_norm = norm("post_attention_layernorm", config.hidden_size)?;
        let mut linear = |fused: Fused| {
            let read = |which: &Projection| {
                let name = format!("layers.{layer}.{}.weight", which.name());
                self.matrix(&name, which.shape(config), &mut hashes)
            };
            let weights: Vec<Tensor> = fused.parts().iter().map(read).collect::<Result<_, _>>()?;
            Ok::<_, WeightsError>(Linear::pack(self.numerics, &weights.iter().collect::<Vec<_>>()))
        };
        let [qkv, o, gate_up, down] = Fused::ALL;
        let linears = [linear(qkv)?, linear(o)?, linear(gate_up)?, linear(down)?];
        Ok((Layer { attention_norm, query_norm, key_norm, mlp_norm, linears }, hashes))
    }
}
