//! `[writer]`: who writes the mails, the built-in writer or a language model on this machine, and how it computes.
use super::layers::{Layers, Setting};
use crate::config::fault::ConfigError;
use std::path::PathBuf;
use winback_core::author::WhenItFails;
use winback_lm::kernels::{Level, Precision};

/// The most mails that are written at the same time.
const MOST_ROWS: u64 = 1024;
/// The most memory that can be named, in MiB.
const MOST_MIB: u64 = 1 << 24;

/// Who writes mails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum WriterKind {
    /// The wordings of the templates
    BuiltIn,
    /// The language model that `writer` of winback.toml names, else the small one that comes with Winback
    Local,
}

/// The section.
#[derive(Clone, Debug)]
pub struct WriterSettings {
    /// Who writes where the command line does not say.
    pub kind: WriterKind,
    /// The model directory, seen from the folder; `None` for the small model that comes with Winback.
    pub model: Option<PathBuf>,
    /// The folder of adapters, seen from the folder.
    pub adapters: PathBuf,
    /// The kind of number weights are kept in.
    pub precision: Precision,
    /// The instructions.
    pub level: Level,
    /// How many mails are written at the same time.
    pub rows: usize,
    /// The most MiB for what is said in all mails; `None` for half of what is left, at most 4096.
    pub memory_mib: Option<u64>,
    /// What happens when the model fails.
    pub when_it_fails: WhenItFails,
}

impl WriterSettings {
    /// Reads the section.
    pub fn read(layers: &Layers) -> Result<Self, ConfigError> {
        let model = layers.get("writer.model")?;
        let named = model.text("a model directory such as \"models/Qwen/Qwen3-0.6B\", or \"\"")?.trim();
        let kinds = [("built-in", WriterKind::BuiltIn), ("local", WriterKind::Local)];
        let kind = one_of(layers.get("writer.kind")?, &kinds)?;
        let precisions = [Precision::F32, Precision::Bf16, Precision::Int8].map(|precision| (precision.name(), precision));
        let level = layers.get("writer.level")?;
        let memory = layers.get("writer.memory")?.whole(0..=MOST_MIB)?;
        let fails = [("stop", WhenItFails::Stop), ("built-in", WhenItFails::BuiltIn)];
        Ok(Self {
            kind,
            model: (!named.is_empty()).then(|| named.into()),
            adapters: layers.get("writer.adapters")?.filled_text("the name of a folder")?.into(),
            precision: one_of(layers.get("writer.precision")?, &precisions)?,
            level: level.filled_text("auto, or the name of instructions")?.parse().map_err(|error| level.other(&format!("{error}")))?,
            rows: usize::try_from(layers.get("writer.rows")?.whole(1..=MOST_ROWS)?).unwrap_or(1),
            memory_mib: (memory > 0).then_some(memory),
            when_it_fails: one_of(layers.get("writer.when_it_fails")?, &fails)?,
        })
    }
}

/// Returns what a word stands for.
fn one_of<T: Copy>(setting: &Setting, words: &[(&str, T)]) -> Result<T, ConfigError> {
    let expected = format!("one of {}", words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", "));
    let found = setting.filled_text(&expected)?;
    let known = words.iter().find(|(word, _)| *word == found).map(|(_, value)| *value);
    known.ok_or_else(|| setting.expected(&expected))
}
