//! `generation_config.json`: how the makers of a model recommend to sample from it.
use crate::fields::{FieldError, Fields};
use crate::file::{FileError, MOST_SMALL_BYTES, parse_json, read_text};
use std::path::Path;

/// What the file recommends; `None` where it says nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GenerationConfig {
    /// Whether to sample at all; otherwise the most likely token is taken.
    pub do_sample: Option<bool>,
    /// By what logits are divided.
    pub temperature: Option<f64>,
    /// How many of the likeliest tokens may be drawn; 0 for all.
    pub top_k: Option<usize>,
    /// How much probability the drawn tokens hold together, at least.
    pub top_p: Option<f64>,
    /// The least probability of a drawn token, as a share of the likeliest.
    pub min_p: Option<f64>,
    /// By what the logits of tokens that occurred are made less; 1 for not at all.
    pub repetition_penalty: Option<f64>,
    /// The most new tokens.
    pub max_new_tokens: Option<usize>,
    /// The ids that end a text.
    pub eos: Vec<u32>,
}

/// Why a generation configuration was refused.
#[derive(Debug, thiserror::Error)]
pub enum GenerationConfigError {
    /// The file could not be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// A field is wrong.
    #[error(transparent)]
    Field(#[from] FieldError),
}

impl GenerationConfig {
    /// Reads `generation_config.json`; a directory without one recommends nothing.
    pub fn load(path: &Path) -> Result<Self, GenerationConfigError> {
        match read_text(path, MOST_SMALL_BYTES) {
            Err(FileError::Unreadable { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            text => Self::parse(&text?, path),
        }
    }

    /// Reads the text of a `generation_config.json`; `path` is only named in errors.
    pub fn parse(text: &str, path: &Path) -> Result<Self, GenerationConfigError> {
        let json = parse_json(text, path)?;
        let fields = Fields::new(path, &json)?;
        Ok(Self {
            do_sample: fields.flag("do_sample")?,
            temperature: fields.number("temperature", 0.0..=100.0)?,
            top_k: fields.size("top_k", 0..=1 << 22)?,
            top_p: fields.number("top_p", 0.0..=1.0)?,
            min_p: fields.number("min_p", 0.0..=1.0)?,
            repetition_penalty: fields.number("repetition_penalty", 1e-3..=1e3)?,
            max_new_tokens: fields.size("max_new_tokens", 1..=1 << 24)?,
            eos: fields.ids("eos_token_id")?,
        })
    }
}
