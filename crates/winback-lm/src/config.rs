//! `config.json`: the shape of a dense Qwen3, in the key layout of the published repositories (`rope_theta` at the
//! top) and in that of transformers 5 (`rope_parameters`). Whatever would change what the model computes and is not
//! built here is refused by its name.
use crate::fields::{FieldError, Fields};
use crate::file::{FileError, MOST_SMALL_BYTES, parse_json, read_text};
use crate::json::Json;
use std::path::{Path, PathBuf};

/// The most inputs a matrix may have: the sum of so many products of two bytes still fits 32 bits.
const MOST_INPUTS: usize = 1 << 16;

/// The shape of a model. All sizes are at least 1, and `heads` is a multiple of `kv_heads`.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// How many token ids there are, padding of the table included.
    pub vocab_size: usize,
    /// The width of the residual stream.
    pub hidden_size: usize,
    /// The width inside the feed-forward part.
    pub intermediate_size: usize,
    /// How many layers there are.
    pub layers: usize,
    /// How many query heads a layer has.
    pub heads: usize,
    /// How many key and value heads a layer has.
    pub kv_heads: usize,
    /// The width of one head; even.
    pub head_dim: usize,
    /// What is added to the mean square before its root is taken.
    pub rms_norm_eps: f32,
    /// The base of the rotary angles.
    pub rope_theta: f64,
    /// Whether the output head is the embedding table.
    pub tied: bool,
    /// The most tokens a sequence may have.
    pub context: usize,
    /// The ids that end a text; may be empty.
    pub eos: Vec<u32>,
}

/// Why a configuration was refused.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file could not be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// A field is absent or wrong.
    #[error(transparent)]
    Field(#[from] FieldError),
    /// The model needs what is not built here.
    #[error("{} asks for {feature}; Winback runs dense Qwen3 models without it", path.display())]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// What it asks for, with the field that says so.
        feature: String,
    },
}

impl Config {
    /// Reads `config.json`.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        Self::parse(&read_text(path, MOST_SMALL_BYTES)?, path)
    }

    /// Reads the text of a `config.json`; `path` is only named in errors.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let json = parse_json(text, path)?;
        let fields = Fields::new(path, &json)?;
        let unsupported = |feature: String| ConfigError::Unsupported { path: path.to_owned(), feature };
        another_architecture(&fields)?.map_or(Ok(()), |feature| Err(unsupported(feature)))?;
        another_attention(&fields)?.map_or(Ok(()), |feature| Err(unsupported(feature)))?;
        let rope_theta = rope(&fields, unsupported)?;
        let config = read(&fields, rope_theta)?;
        consistent(&config, &fields)?;
        Ok(config)
    }

    /// Returns the shape with more ids that end a text: those of `generation_config.json`.
    pub fn with_ends(mut self, more: &[u32]) -> Self {
        let new: Vec<u32> = more.iter().copied().filter(|id| !self.eos.contains(id)).collect();
        self.eos.extend(new);
        self
    }

    /// Returns the width of all query heads together.
    pub fn q_dim(&self) -> usize {
        self.heads * self.head_dim
    }

    /// Returns the width of all key (or value) heads together.
    pub fn kv_dim(&self) -> usize {
        self.kv_heads * self.head_dim
    }
}

fn read(fields: &Fields, rope_theta: f64) -> Result<Config, FieldError> {
    let size = |field: &str, most: usize| {
        fields.size(field, 1..=most)?.ok_or_else(|| fields.missing(field, &format!("a whole number from 1 to {most}")))
    };
    let (hidden_size, heads) = (size("hidden_size", MOST_INPUTS)?, size("num_attention_heads", 1 << 10)?);
    Ok(Config {
        vocab_size: size("vocab_size", 1 << 22)?,
        hidden_size,
        intermediate_size: size("intermediate_size", MOST_INPUTS)?,
        layers: size("num_hidden_layers", 1 << 10)?,
        heads,
        kv_heads: fields.size("num_key_value_heads", 1..=1 << 10)?.unwrap_or(heads),
        head_dim: fields.size("head_dim", 2..=1 << 10)?.unwrap_or(hidden_size / heads),
        rms_norm_eps: fields.number("rms_norm_eps", 1e-12..=0.1)?.ok_or_else(|| fields.missing("rms_norm_eps", "a small number"))? as f32,
        rope_theta,
        tied: fields.flag("tie_word_embeddings")?.unwrap_or(false),
        context: size("max_position_embeddings", 1 << 24)?,
        eos: fields.ids("eos_token_id")?,
    })
}

fn consistent(config: &Config, fields: &Fields) -> Result<(), FieldError> {
    let whole = |number: usize| Json::Int(number as i64);
    if !config.heads.is_multiple_of(config.kv_heads) {
        let expected = format!("a divisor of num_attention_heads, which is {}", config.heads);
        return Err(fields.wrong("num_key_value_heads", &whole(config.kv_heads), &expected));
    }
    if config.head_dim == 0 || !config.head_dim.is_multiple_of(2) {
        return Err(fields.wrong("head_dim", &whole(config.head_dim), "even, because rotary positions turn pairs"));
    }
    if config.q_dim() > MOST_INPUTS {
        let expected = format!("at most {}, so that all heads together are no wider than {MOST_INPUTS}", MOST_INPUTS / config.head_dim);
        return Err(fields.wrong("num_attention_heads", &whole(config.heads), &expected));
    }
    match config.eos.iter().find(|id| **id as usize >= config.vocab_size) {
        Some(id) => Err(fields.wrong("eos_token_id", &whole(*id as usize), &format!("below vocab_size, {}", config.vocab_size))),
        None => Ok(()),
    }
}

/// Returns what names another kind of model, if anything does.
fn another_architecture(fields: &Fields) -> Result<Option<String>, FieldError> {
    let model_type = fields.text("model_type")?.ok_or_else(|| fields.missing("model_type", "\"qwen3\""))?;
    if model_type != "qwen3" {
        return Ok(Some(format!("the architecture {model_type:?} (model_type)")));
    }
    if let Some(Json::List(names)) = fields.get("architectures") {
        let known = |name: &&Json| !matches!(name, Json::Text(name) if name == "Qwen3ForCausalLM" || name == "Qwen3Model");
        if let Some(other) = names.iter().find(known) {
            return Ok(Some(format!("the architecture {other} (architectures)")));
        }
    }
    let experts = ["num_experts", "num_local_experts", "num_experts_per_tok", "moe_intermediate_size"];
    let other = [("quantization_config", "quantised weights"), ("vision_config", "images"), ("audio_config", "sound")];
    let mut named = experts.map(|field| (field, "a mixture of experts")).into_iter().chain(other);
    Ok(named.find(|(field, _)| fields.get(field).is_some()).map(|(field, what)| format!("{what} ({field})")))
}

/// Returns what changes attention or the feed-forward part, if anything does.
fn another_attention(fields: &Fields) -> Result<Option<String>, FieldError> {
    for (field, what) in
        [("attention_bias", "biases in attention"), ("mlp_bias", "biases in the MLP"), ("use_sliding_window", "a sliding window")]
    {
        if fields.flag(field)? == Some(true) {
            return Ok(Some(format!("{what} ({field})")));
        }
    }
    if let Some(layers) = fields.get("layer_types") {
        let full = |kind: &&Json| !matches!(kind, Json::Text(kind) if kind == "full_attention");
        let Json::List(kinds) = layers else { return Err(fields.wrong("layer_types", layers, "a list")) };
        if let Some(other) = kinds.iter().find(full) {
            return Ok(Some(format!("attention of another kind than full_attention (layer_types: {other})")));
        }
    }
    match fields.text("hidden_act")? {
        None | Some("silu") => Ok(None),
        Some(other) => Ok(Some(format!("the activation {other:?} (hidden_act)"))),
    }
}

/// Returns the base of the rotary angles, from either layout, unless something scales them.
fn rope(fields: &Fields, unsupported: impl Fn(String) -> ConfigError) -> Result<f64, ConfigError> {
    const THETA: std::ops::RangeInclusive<f64> = 1.0..=1e12;
    for field in ["rope_scaling", "rope_parameters"] {
        let Some(inside) = fields.inside(field)? else { continue };
        for key in ["rope_type", "type"] {
            match inside.text(key)? {
                None | Some("default") => {}
                Some(kind) => return Err(unsupported(format!("scaled rotary positions, {kind:?} ({field}.{key})"))),
            }
        }
        if field == "rope_scaling" && inside.get("factor").is_some() {
            return Err(unsupported("scaled rotary positions (rope_scaling.factor)".to_owned()));
        }
        if inside.number("partial_rotary_factor", 0.0..=1.0)?.is_some_and(|share| share < 1.0) {
            return Err(unsupported(format!("rotary positions on a part of each head ({field}.partial_rotary_factor)")));
        }
    }
    if fields.number("partial_rotary_factor", 0.0..=1.0)?.is_some_and(|share| share < 1.0) {
        return Err(unsupported("rotary positions on a part of each head (partial_rotary_factor)".to_owned()));
    }
    let nested = fields.inside("rope_parameters")?.map(|inside| inside.number("rope_theta", THETA)).transpose()?.flatten();
    let theta = fields.number("rope_theta", THETA)?.or(nested);
    Ok(theta.ok_or_else(|| fields.missing("rope_theta", "a number, here or in rope_parameters"))?)
}
