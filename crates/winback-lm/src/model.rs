//! A dense Qwen3 in memory.
use crate::config::{Config, ConfigError};
use crate::generation_config::{GenerationConfig, GenerationConfigError};
use crate::kernels::{Cursor, Linear, Numerics, bytes_of};
use crate::shape::Fused;
use crate::shards::{Shards, WeightsError};
use crate::source::{Hashes, Source, digest_of};
use crate::table::Table;
use std::path::Path;
use std::sync::Arc;
use winback_core::digest::Digest;

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
    pub(crate) embedding: Table,
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

impl Layer {
    /// Returns the layer that comes next in a file of packed weights; `None` where it is not all there.
    pub(crate) fn taken(config: &Config, numerics: Numerics, from: &mut Cursor) -> Option<Self> {
        let mut norm = |width: usize| Some(from.take::<f32>(width)?.to_vec());
        let (attention_norm, query_norm) = (norm(config.hidden_size)?, norm(config.head_dim)?);
        let (key_norm, mlp_norm) = (norm(config.head_dim)?, norm(config.hidden_size)?);
        let mut linear = |fused: Fused| Linear::taken(numerics, fused.shape(config), from);
        let [qkv, o, gate_up, down] = Fused::ALL;
        let linears = [linear(qkv)?, linear(o)?, linear(gate_up)?, linear(down)?];
        Some(Self { attention_norm, query_norm, key_norm, mlp_norm, linears })
    }

    /// Returns what [`Self::taken`] takes, list by list.
    pub(crate) fn lists(&self) -> Vec<&[u8]> {
        let norms = [&self.attention_norm, &self.query_norm, &self.key_norm, &self.mlp_norm].map(|norm| bytes_of(norm));
        norms.into_iter().chain(self.linears.iter().flat_map(Linear::lists)).collect()
    }
}

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
        let source = Source::of(&shards, &config, numerics)?;
        let mut hashes = Hashes::new();
        let embedding = Arc::new(source.embedding(&mut hashes)?);
        let final_norm = source.final_norm(&mut hashes)?;
        let head = source.head(&embedding, &mut hashes)?;
        let layers = source.layers(0..config.layers, &mut hashes)?;
        shards.unchanged()?;
        Ok(Self { embedding: Table::Read(embedding), layers, final_norm, head, numerics, digest: digest_of(hashes), config })
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

    /// Returns the hash of the weights of a directory, as [`Self::digest`] tells it, without keeping them.
    ///
    /// # Errors
    /// When they cannot be read, or are not those of the configuration.
    pub fn digest_in(dir: &Path, config: &Config) -> Result<Digest, WeightsError> {
        let shards = Shards::open(dir)?;
        Source::of(&shards, config, Numerics::PLAIN)?.digest()
    }

    /// Returns the hash of all weights: names, number formats, shapes and bytes, in the order of the names and whatever
    /// files they lie in. Adapters name it as their base.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }
}
