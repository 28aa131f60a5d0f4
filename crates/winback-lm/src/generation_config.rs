//! `generation_config.json`: how the makers of a model recommend to sample from it. What would change the texts and is
//! not built here is refused by its name.
use crate::fields::{FieldError, Fields};
use crate::file::{FileError, MOST_SMALL_BYTES, parse_json, read_text};
use crate::json::Json;
use std::path::{Path, PathBuf};

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
    /// The most new tokens where nobody says how many.
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
    /// The file recommends what is not built here.
    #[error("{} recommends {field} ({found}), which Winback does not run; take it out if texts may be written without", path.display())]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// The field.
        field: String,
        /// What it holds.
        found: String,
    },
}

/// What is read.
const READ: [&str; 8] = ["do_sample", "temperature", "top_k", "top_p", "min_p", "repetition_penalty", "max_new_tokens", "eos_token_id"];
/// What changes no text here: where the file comes from, how another library works, and what only its way to search
/// (`num_beams`) reads.
const HARMLESS: [&str; 19] = [
    "_commit_hash",
    "_from_model_config",
    "bos_token_id",
    "cache_config",
    "cache_implementation",
    "chat_format",
    "compile_config",
    "decoder_start_token_id",
    "disable_compile",
    "early_stopping",
    "length_penalty",
    "max_length",
    "output_attentions",
    "output_hidden_states",
    "output_scores",
    "pad_token_id",
    "return_dict_in_generate",
    "transformers_version",
    "use_cache",
];
/// What changes nothing where it is 1; whatever else is not known changes nothing where it is 0 or empty.
const ONE: [&str; 6] =
    ["num_beams", "num_beam_groups", "typical_p", "encoder_repetition_penalty", "guidance_scale", "num_return_sequences"];

/// Returns whether a recommendation changes no text.
fn is_neutral(name: &str, value: &Json) -> bool {
    let number = match value {
        Json::Int(number) => Some(*number as f64),
        Json::Float(number) => Some(*number),
        _ => None,
    };
    value.is_empty() || number == Some(0.0) || number == Some(1.0) && ONE.contains(&name)
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
        if let Json::Map(entries) = &json {
            let known = |name: &str| READ.contains(&name) || HARMLESS.contains(&name);
            if let Some((name, value)) = entries.iter().find(|(name, value)| !known(name) && !is_neutral(name, value)) {
                let (path, field, found) = (path.to_owned(), name.clone(), value.to_string());
                return Err(GenerationConfigError::Unsupported { path, field, found });
            }
        }
        Ok(Self {
            do_sample: fields.flag("do_sample")?,
            temperature: fields.number("temperature", 0.0..=100.0)?,
            top_k: fields.size("top_k", 0..=1 << 22)?,
            top_p: fields.number("top_p", 1e-6..=1.0)?,
            min_p: fields.number("min_p", 0.0..=1.0)?,
            repetition_penalty: fields.number("repetition_penalty", 1e-3..=1e3)?,
            max_new_tokens: fields.size("max_new_tokens", 1..=1 << 24)?,
            eos: fields.ids("eos_token_id")?,
        })
    }
}
