//! A dense Qwen3 in memory.
use crate::config::{Config, ConfigError};
use crate::generation_config::{GenerationConfig, GenerationConfigError};
use crate::kernels::{Linear, Numerics};
use crate::shape::{Fused, Projection};
use crate::shards::{Shards, WeightsError};
use crate::tensor::Tensor;
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use winback_core::digest::Digest;

/// The name of the output head in files.
const HEAD: &str = "lm_head.weight";

/// Why a model could not be loaded. Nothing is left half loaded.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The configuration was refused.
    #[error("the configuration of the model was refused")]
    Config(#[from] ConfigError),
    /// The recommended settings were refused.
    #[error("the recommended settings of the model were refused")]
    Generation(#[from] GenerationConfigError),
    /// The weights were refused.
    #[error("the weights of the model were refused")]
    Weights(#[from] WeightsError),
}

/// The weights of a model, packed, and what they are.
#[derive(Debug)]
pub struct Model {
    pub(crate) config: Config,
    pub(crate) embedding: Arc<Tensor>,
    pub(crate) layers: Vec<Layer>,
    pub(crate) final_norm: Vec<f32>,
    /// Absent in a model that only embeds.
    pub(crate) head: Option<Linear>,
    pub(crate) numerics: Numerics,
    pub(crate) digest: Digest,
}

/// One layer.
#[derive(Debug)]
pub(crate) struct Layer {
    pub(crate) attention_norm: Vec<f32>,
    pub(crate) query_norm: Vec<f32>,
    pub(crate) key_norm: Vec<f32>,
    pub(crate) mlp_norm: Vec<f32>,
    /// In the order of [`Fused`].
    pub(crate) linears: [Linear; 4],
}

/// What was read so far: the hashes of the tensors, by name.
type Hashes = Vec<(String, Digest)>;

impl Model {
    /// Loads a Hugging Face directory: `config.json` and its safetensors, one file or shards. Texts end where
    /// `config.json` says, or `generation_config.json` if there is one.
    pub fn load(dir: &Path, numerics: Numerics) -> Result<Self, ModelError> {
        let config = Config::load(&dir.join("config.json"))?;
        let generation = GenerationConfig::load(&dir.join("generation_config.json"))?;
        Ok(Self::with_config(dir, config.with_ends(&generation.eos), numerics)?)
    }

    /// Loads the weights of a directory for a configuration that was read already.
    pub fn with_config(dir: &Path, config: Config, numerics: Numerics) -> Result<Self, WeightsError> {
        let shards = Shards::open(dir)?;
        // Embedding models are saved without their head, and then without this prefix.
        let prefix = if shards.shape("embed_tokens.weight").is_some() { "" } else { "model." };
        let source = Source { shards: &shards, config: &config, prefix, numerics };
        source.no_unexpected()?;
        let mut hashes = Hashes::new();
        let embedding = Arc::new(source.matrix("embed_tokens.weight", [config.vocab_size, config.hidden_size], &mut hashes)?);
        let final_norm = source.vector("norm.weight", config.hidden_size, &mut hashes)?;
        let head = source.head(&embedding, &mut hashes)?;
        // Layers are read side by side; of several errors the first layer's is told.
        let read: Vec<_> = (0..config.layers).into_par_iter().map(|layer| source.layer(layer)).collect();
        let mut layers = Vec::with_capacity(config.layers);
        for layer in read {
            let (layer, its_hashes) = layer?;
            layers.push(layer);
            hashes.extend(its_hashes);
        }
        shards.unchanged()?;
        hashes.sort();
        let digest = Digest::of_parts(hashes.iter().map(|(_, hash)| hash.0.as_bytes()));
        Ok(Self { config, embedding, layers, final_norm, head, numerics, digest })
    }

    /// Returns the shape of the model.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Returns the hash of all that decides what it computes: weights, shape, precision and the processor's instructions.
    pub fn version(&self) -> Digest {
        let how = format!("{:?} {:?}", self.config, self.numerics);
        Digest::of_parts([self.digest.0.as_bytes(), how.as_bytes()])
    }

    /// Returns how it computes.
    pub fn numerics(&self) -> Numerics {
        self.numerics
    }

    /// Returns the hash of all weights: names, number formats, shapes and bytes, in the order of the names and whatever
    /// files they lie in. Adapters name it as their base.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }
}

/// Where the parts of a model are read from.
struct Source<'a> {
    shards: &'a Shards,
    config: &'a Config,
    prefix: &'static str,
    numerics: Numerics,
}

impl Source<'_> {
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
    fn head(&self, embedding: &Arc<Tensor>, hashes: &mut Hashes) -> Result<Option<Linear>, WeightsError> {
        let shape = [self.config.vocab_size, self.config.hidden_size];
        let present = self.shards.shape(HEAD).is_some();
        let only_embeds = self.prefix.is_empty() && !present;
        if self.config.tied {
            if present && self.shards.read(HEAD, &shape)?.0 != **embedding {
                return Err(WeightsError::WrongTensor {
                    path: self.shards.path_of(HEAD).to_owned(),
                    tensor: HEAD.to_owned(),
                    found: "another than the embedding table".to_owned(),
                    expected: "equal to it, because config.json says tie_word_embeddings".to_owned(),
                });
            }
            return Ok(Some(Linear::pack(self.numerics, &[embedding])));
        }
        if only_embeds {
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
