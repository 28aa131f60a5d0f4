//! LoRA adapters in the layout of PEFT: `adapter_config.json` and `adapter_model.safetensors`
//! (Hu et al. 2021, "LoRA"; <https://huggingface.co/docs/peft>).
//!
//! An adapter adds `scale · B(A(x))` to some of the seven matrices of a layer. What PEFT knows beyond that is refused
//! by its name, since an adapter that is half applied writes worse text and says nothing.
mod config;
mod distance;
mod patterns;

use crate::config::Config;
use crate::fields::{FieldError, Fields};
use crate::file::{FileError, MOST_SMALL_BYTES, parse_json, read_text};
use crate::json::Json;
use crate::kernels::{Added, Inputs, Linear, Numerics};
use crate::model::Model;
use crate::shape::{Fused, Projection};
use crate::shards::{Shards, WeightsError};
use crate::tensor::Tensor;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};
use winback_core::digest::Digest;

pub use config::{AdapterConfig, AdapterConfigError};
pub use distance::{Distance, distance};

/// The name of the file beside an adapter that says what it was made from; Winback writes it, PEFT does not.
pub const MANIFEST: &str = "manifest.json";

/// Why an adapter could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum AdapterError {
    /// The configuration was refused.
    #[error("the configuration of the adapter was refused")]
    Config(#[from] AdapterConfigError),
    /// The weights were refused.
    #[error("the weights of the adapter were refused")]
    Weights(#[from] WeightsError),
    /// The manifest could not be read.
    #[error("the manifest of the adapter could not be read")]
    Manifest(#[from] FileError),
    /// The manifest does not say what it must.
    #[error("the manifest of the adapter was refused")]
    ManifestField(#[from] FieldError),
    /// The adapter names a module of which it has only one half, or none.
    #[error("{} has no tensor {tensor}, but adapter_config.json targets its module", path.display())]
    Missing {
        /// The weights.
        path: PathBuf,
        /// The tensor.
        tensor: String,
    },
    /// The adapter has a tensor that belongs to nothing its configuration names.
    #[error("{} has the tensor {tensor}, {why}", path.display())]
    Unexpected {
        /// The weights.
        path: PathBuf,
        /// The tensor.
        tensor: String,
        /// What it belongs to.
        why: &'static str,
    },
    /// The adapter was made for other weights.
    #[error("the adapter {} was made for the base {}, and this base is {}; an adapter fits only the weights it was trained on", path.display(), made_for.short(), base.short())]
    AnotherBase {
        /// The adapter.
        path: PathBuf,
        /// The base its manifest names.
        made_for: Digest,
        /// The base it was to be used with.
        base: Digest,
    },
}

/// What an adapter adds to matrices that take the same rows.
#[derive(Debug)]
pub(crate) struct Lora {
    /// The ways down of all of them, one after the other.
    pub(crate) down: Linear,
    pub(crate) ups: Vec<Up>,
}

/// The way up to the outputs of one matrix.
#[derive(Debug)]
pub(crate) struct Up {
    pub(crate) which: Projection,
    pub(crate) linear: Linear,
    pub(crate) scale: f32,
    /// Where its rank begins in what comes down.
    pub(crate) from: usize,
    /// Where its outputs begin.
    pub(crate) to: usize,
}

impl Lora {
    /// Returns what comes down of some rows for each way up, in the form in which it is taken; `down` is
    /// `[rows, all ranks]`.
    pub(crate) fn parted(&self, down: &[f32]) -> Vec<Inputs> {
        let total = self.down.outputs();
        let part = |Up { linear, from, .. }: &Up| {
            let mut inputs = Inputs::default();
            linear.take_columns((down, total), *from, &mut inputs);
            inputs
        };
        self.ups.iter().map(part).collect()
    }

    /// Returns the ways up as what is added to some rows of a product.
    pub(crate) fn added<'a>(&'a self, parted: &'a [Inputs], rows: &Range<usize>) -> impl Iterator<Item = Added<'a>> {
        self.ups.iter().zip(parted).map(|(Up { linear, scale, to, .. }, own)| linear.added(own, rows.clone(), (*to, *scale)))
    }
}

/// An adapter in memory, for one base.
#[derive(Debug)]
pub struct Adapter {
    pub(crate) base: Digest,
    pub(crate) digest: Digest,
    /// How the base computes what an adapter adds.
    pub(crate) numerics: Numerics,
    /// Per layer, in the order of [`Fused`].
    pub(crate) layers: Vec<[Option<Lora>; 4]>,
}

impl Adapter {
    /// Loads an adapter directory for a base model.
    pub fn load(dir: &Path, model: &Model) -> Result<Self, AdapterError> {
        let config = AdapterConfig::load(&dir.join("adapter_config.json"))?;
        made_for(dir, model)?;
        let path = dir.join("adapter_model.safetensors");
        if !path.exists() && dir.join("adapter_model.bin").exists() {
            return Err(WeightsError::OnlyPickle { path: dir.to_owned(), file: "adapter_model.bin".to_owned() }.into());
        }
        let shards = Shards::open_file(&path)?;
        let scales = config.scales(model.config())?;
        let source = Source { path: &path, shards: &shards, scales: &scales, model };
        source.no_unexpected()?;
        let mut hashes = Vec::new();
        let layers = (0..model.config().layers).map(|layer| source.layer(layer, &mut hashes)).collect::<Result<_, _>>()?;
        shards.unchanged()?;
        hashes.push(Digest::of(format!("{scales:?}").as_bytes()));
        let digest = Digest::of_parts(hashes.iter().map(|hash| hash.0.as_bytes()));
        Ok(Self { base: model.digest().clone(), digest, numerics: model.numerics().at_least_bf16(), layers })
    }

    /// Returns the hash of the base it was loaded for.
    pub fn base(&self) -> &Digest {
        &self.base
    }

    /// Returns the hash of its weights and scales.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// Returns whether it was loaded for this model, computing as it does.
    pub(crate) fn fits(&self, model: &Model) -> bool {
        self.base == *model.digest() && self.numerics == model.numerics().at_least_bf16()
    }

    /// Returns whether it adds to a matrix.
    pub fn adapts(&self, layer: usize, which: Projection) -> bool {
        let loras = self.layers.get(layer).into_iter().flatten().flatten();
        loras.flat_map(|lora| &lora.ups).any(|up| up.which == which)
    }

    /// Returns what it adds to some matrices, if anything.
    pub(crate) fn lora(&self, layer: usize, fused: Fused) -> Option<&Lora> {
        self.layers.get(layer)?[fused as usize].as_ref()
    }
}

/// Refuses a base that is not the one the manifest names; an adapter without a manifest fits what its shapes fit.
fn made_for(dir: &Path, model: &Model) -> Result<(), AdapterError> {
    let path = dir.join(MANIFEST);
    if !path.exists() {
        return Ok(());
    }
    const FIELD: &str = "base_sha256";
    const EXPECTED: &str = "the 64 hexadecimal digits of the base's hash";
    let manifest = parse_json(&read_text(&path, MOST_SMALL_BYTES)?, &path)?;
    let fields = Fields::new(&path, &manifest)?;
    let found = fields.get(FIELD).ok_or_else(|| fields.missing(FIELD, EXPECTED))?;
    let is_hash = |hash: &str| hash.len() == 64 && hash.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
    match found {
        Json::Text(hash) if *hash == model.digest().0 => Ok(()),
        Json::Text(hash) if is_hash(hash) => {
            Err(AdapterError::AnotherBase { path: dir.to_owned(), made_for: Digest(hash.clone()), base: model.digest().clone() })
        }
        other => Err(fields.wrong(FIELD, other, EXPECTED).into()),
    }
}

/// Where the parts of an adapter are read from.
struct Source<'a> {
    path: &'a Path,
    shards: &'a Shards,
    /// The rank and scale of each changed module.
    scales: &'a BTreeMap<String, (usize, f32)>,
    model: &'a Model,
}

/// Returns the name of a module as PEFT sees it in Qwen3: `model.layers.0.self_attn.q_proj`.
pub(crate) fn module(layer: usize, which: Projection) -> String {
    format!("model.layers.{layer}.{}", which.name())
}

impl Source<'_> {
    fn shape(&self) -> &Config {
        self.model.config()
    }

    fn no_unexpected(&self) -> Result<(), AdapterError> {
        let places: BTreeSet<String> =
            self.scales.keys().flat_map(|name| ["A", "B"].map(|half| format!("base_model.model.{name}.lora_{half}.weight"))).collect();
        let unexpected = self.shards.names().find(|name| !places.contains(*name));
        unexpected.map_or(Ok(()), |tensor| {
            Err(AdapterError::Unexpected { path: self.path.to_owned(), tensor: tensor.to_owned(), why: belongs_to(tensor) })
        })
    }

    fn layer(&self, layer: usize, hashes: &mut Vec<Digest>) -> Result<[Option<Lora>; 4], AdapterError> {
        let mut loras = [const { None }; 4];
        for fused in Fused::ALL {
            loras[fused as usize] = self.lora(layer, fused, hashes)?;
        }
        Ok(loras)
    }

    fn lora(&self, layer: usize, fused: Fused, hashes: &mut Vec<Digest>) -> Result<Option<Lora>, AdapterError> {
        let numerics = self.model.numerics().at_least_bf16();
        let (mut downs, mut ups, mut from, mut to) = (Vec::new(), Vec::new(), 0, 0);
        for which in fused.parts() {
            let name = module(layer, *which);
            let [outputs, inputs] = which.shape(self.shape());
            if let Some((rank, scale)) = self.scales.get(&name).copied() {
                downs.push(self.half(&name, "A", [rank, inputs], hashes)?);
                let up = self.half(&name, "B", [outputs, rank], hashes)?;
                ups.push(Up { which: *which, linear: Linear::pack(numerics, &[&up]), scale, from, to });
                from += rank;
            }
            to += outputs;
        }
        let down = || Linear::pack(numerics, &downs.iter().collect::<Vec<_>>());
        Ok((!ups.is_empty()).then(|| Lora { down: down(), ups }))
    }

    fn half(&self, name: &str, half: &str, shape: [usize; 2], hashes: &mut Vec<Digest>) -> Result<Tensor, AdapterError> {
        let tensor = format!("base_model.model.{name}.lora_{half}.weight");
        if self.shards.shape(&tensor).is_none() {
            return Err(AdapterError::Missing { path: self.path.to_owned(), tensor });
        }
        let (weight, hash) = self.shards.read(&tensor, &shape)?;
        hashes.push(hash);
        Ok(weight)
    }
}

fn belongs_to(tensor: &str) -> &'static str {
    match tensor {
        _ if tensor.contains("lora_magnitude_vector") => "which belongs to DoRA; Winback runs plain LoRA",
        _ if tensor.contains("lora_embedding") || tensor.contains("embed_tokens") => {
            "which changes the embedding; Winback adapts the seven matrices of a layer"
        }
        _ if tensor.contains("lm_head") => "which changes the output head; Winback adapts the seven matrices of a layer",
        _ if tensor.contains("modules_to_save") => "which replaces a module whole (modules_to_save); Winback runs plain LoRA",
        _ if tensor.contains(".bias") || tensor.contains("lora_bias") => "which is a bias; Winback runs LoRA without",
        _ => "which belongs to no module that adapter_config.json targets in this model",
    }
}
