//! Which model, and how it computes.
use crate::exit::{Exit, OrExit, stop};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use winback_lm::kernels::{Level, Numerics, Precision};
use winback_lm::{Adapter, ChatTemplate, Config, GenerationConfig, Model, Tokens};

/// What a person does about a directory that is no model.
const FILES: &str = "a model directory holds config.json, safetensors and tokenizer.json; docs/language-model.md says where to get one";

/// The kind of number weights are kept in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Numbers {
    /// 32-bit floats: exact, slow, large
    F32,
    /// 16-bit floats, as Qwen3 is published
    Bf16,
    /// 8-bit integers: half the memory, faster, a little less exact
    Int8,
}

impl Numbers {
    /// The same for the model.
    pub fn precision(self) -> Precision {
        match self {
            Self::F32 => Precision::F32,
            Self::Bf16 => Precision::Bf16,
            Self::Int8 => Precision::Int8,
        }
    }

    /// Returns the name on the command line: `bf16`.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
            Self::Int8 => "int8",
        }
    }
}

/// How a model computes.
#[derive(Debug, clap::Args)]
pub struct Computing {
    /// The kind of number weights are kept in
    #[arg(long, value_enum, default_value = "bf16")]
    pub precision: Numbers,
    /// The instructions to use, by name; `auto` takes the fastest this machine has
    #[arg(long, default_value = "auto", value_name = "NAME")]
    pub level: Level,
    /// How many threads compute [default: work.workers of winback.toml, else all cores]
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..))]
    pub threads: Option<u16>,
}

impl Computing {
    /// Starts the threads that were asked for and returns how to compute.
    pub fn start(&self) -> anyhow::Result<Numerics> {
        if let Some(threads) = self.threads {
            let hint = "work.workers of winback.toml already says how many; leave --threads out";
            winback_learn::limit_threads(threads.into()).or_hint(Exit::Usage, hint)?;
        }
        Ok(Numerics { level: self.level, precision: self.precision.precision() })
    }
}

/// A model with what belongs to it.
pub struct Loaded {
    /// The weights.
    pub model: Arc<Model>,
    /// The tokenizer.
    pub tokens: Arc<Tokens>,
    /// What its makers recommend.
    pub generation: GenerationConfig,
    dir: PathBuf,
}

impl Loaded {
    /// Loads a directory.
    pub fn load(dir: &Path, numerics: Numerics) -> anyhow::Result<Self> {
        let (config, generation) = read_config(dir)?;
        let tokens = Tokens::load(&dir.join("tokenizer.json"), config.vocab_size, &config.eos).or_hint(Exit::BadInput, FILES)?;
        let model = Model::with_config(dir, config, numerics).or_hint(Exit::BadInput, FILES)?;
        Ok(Self { model: Arc::new(model), tokens: Arc::new(tokens), generation, dir: dir.to_owned() })
    }

    /// Returns the chat template of the model.
    pub fn template(&self) -> anyhow::Result<ChatTemplate> {
        ChatTemplate::load(&self.dir).or_hint(Exit::BadInput, "without a template, `winback lm complete` goes on with a text")
    }

    /// Loads an adapter for the model.
    pub fn adapter(&self, dir: &Path) -> anyhow::Result<Arc<Adapter>> {
        let hint = "an adapter directory holds adapter_config.json and adapter_model.safetensors, as PEFT writes them";
        Ok(Arc::new(Adapter::load(dir, &self.model).or_hint(Exit::BadInput, hint)?))
    }
}

/// Returns the shape of a model and what its makers recommend. Texts end where either file says that they do.
pub fn read_config(dir: &Path) -> anyhow::Result<(Config, GenerationConfig)> {
    if !dir.is_dir() {
        return Err(stop(Exit::Usage, format!("{} is not a directory", dir.display()), FILES));
    }
    let config = Config::load(&dir.join("config.json")).or_hint(Exit::BadInput, FILES)?;
    let generation = GenerationConfig::load(&dir.join("generation_config.json")).or_exit(Exit::BadInput)?;
    Ok((config.with_ends(&generation.eos), generation))
}
