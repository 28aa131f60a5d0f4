//! Which model, and how it computes.
use crate::exit::{Exit, OrExit, stop};
use crate::telemetry::say;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use winback_core::digest::Digest;
use winback_lm::kernels::{Level, Numerics, Precision};
use winback_lm::packed_cache::BESIDE;
use winback_lm::{Adapter, ChatTemplate, Config, GenerationConfig, Model, Origin, PackedCache, Tokens};

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
        self.precision().name()
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
    /// Keep the packed weights in memory: neither use nor make a file of them beside the model
    #[arg(long)]
    pub no_packed_cache: bool,
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

    /// Loads the weights of a directory, and says what became of the file of packed ones.
    pub fn weights(&self, dir: &Path, config: Config, quiet: bool) -> anyhow::Result<Model> {
        let numerics = self.start()?;
        let cache = if self.no_packed_cache { PackedCache::default() } else { packed_cache(dir) };
        let loaded = Model::with_cache(dir, config, numerics, &cache).or_hint(Exit::BadInput, FILES)?;
        loaded.refused.iter().for_each(|note| say(&format!("note: packed weights are not used: {note}")));
        loaded.not_kept.iter().for_each(|note| say(&format!("note: packed weights cannot be kept: {note}")));
        match &loaded.origin {
            Origin::Made(path) if !quiet => {
                say(&format!("packed weights are kept in {}; the next start takes them from there", path.display()));
            }
            Origin::Read if !loaded.not_kept.is_empty() => say("note: the weights are packed in memory, as at every start"),
            _ => {}
        }
        Ok(loaded.model)
    }
}

/// Returns where packed weights are kept: beside the model, or else in the user's folder for such things.
pub fn packed_cache(dir: &Path) -> PackedCache {
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let caches = absolute("XDG_CACHE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".cache")));
    let key = Digest::of(dir.canonicalize().unwrap_or_else(|_| dir.to_owned()).as_os_str().as_encoded_bytes());
    let of_user = caches.map(|caches| caches.join("winback/packed").join(key.short()));
    PackedCache { folders: std::iter::once(dir.join(BESIDE)).chain(of_user).collect() }
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
    pub fn load(dir: &Path, computing: &Computing, quiet: bool) -> anyhow::Result<Self> {
        let (config, generation) = read_config(dir)?;
        let tokens = Tokens::load(&dir.join("tokenizer.json"), config.vocab_size, &config.eos).or_hint(Exit::BadInput, FILES)?;
        let model = computing.weights(dir, config, quiet)?;
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
    let mut config = Config::load(&dir.join("config.json")).or_hint(Exit::BadInput, FILES)?;
    let generation = GenerationConfig::load(&dir.join("generation_config.json")).or_exit(Exit::BadInput)?;
    let more: Vec<u32> = generation.eos.iter().copied().filter(|id| !config.eos.contains(id)).collect();
    config.eos.extend(more);
    Ok((config, generation))
}
