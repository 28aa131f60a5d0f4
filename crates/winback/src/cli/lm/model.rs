//! Which model, and how it computes.
use crate::cli::adapters::OrShelf as _;
use crate::cli::lm::shapes::weight_bytes;
use crate::exit::{Exit, OrExit, stop};
use crate::memory;
use crate::telemetry::say;
use crate::workbench::read_text;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use winback_core::digest::Digest;
use winback_lm::adapter::MANIFEST;
use winback_lm::kernels::{Level, Numerics, Precision};
use winback_lm::packed_cache::BESIDE;
use winback_lm::shards::Shards;
use winback_lm::shelf::{Manifest, Shelf, is_of_segment};
use winback_lm::tensor::Format;
use winback_lm::{Adapter, ChatTemplate, Config, GenerationConfig, Grammar, GrammarError, Grammars, Model, Origin, PackedCache, Tokens};

/// What a person does about a directory that is no model.
const FILES: &str = "a model directory holds config.json, safetensors and tokenizer.json; docs/language-model.md says where to get one";

/// What a person does where memory is short.
const FREE: &str = "close other programs, take --precision int8, or take a smaller model";

/// What a person does about a schema that is not taken.
pub const SCHEMA: &str = "docs/language-model.md says which schemas a text can be kept to";

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

impl From<Precision> for Numbers {
    fn from(precision: Precision) -> Self {
        match precision {
            Precision::F32 => Self::F32,
            Precision::Bf16 => Self::Bf16,
            Precision::Int8 => Self::Int8,
        }
    }
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

impl Default for Computing {
    fn default() -> Self {
        Self { precision: Numbers::Bf16, level: Level::best(), threads: None, no_packed_cache: false }
    }
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

    /// Loads the weights of a directory, and says what became of the file of packed ones. Returns the model, and how many
    /// bytes of such a file are mapped for it.
    pub fn weights(&self, dir: &Path, config: Config, quiet: bool) -> anyhow::Result<(Model, u64)> {
        let numerics = self.start()?;
        check_memory(dir, &config, numerics.precision)?;
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
        let mapped_bytes = match &loaded.origin {
            Origin::Mapped(path) | Origin::Made(path) => std::fs::metadata(path).map_or(0, |metadata| metadata.len()),
            Origin::Read => 0,
        };
        Ok((loaded.model, mapped_bytes))
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
    /// How many bytes of a file of packed weights are mapped.
    pub mapped_bytes: u64,
    dir: PathBuf,
}

impl Loaded {
    /// Loads a directory.
    pub fn load(dir: &Path, computing: &Computing, quiet: bool) -> anyhow::Result<Self> {
        let (config, generation) = read_config(dir)?;
        let tokens = Tokens::load(&dir.join("tokenizer.json"), config.vocab_size, &config.eos).or_hint(Exit::BadInput, FILES)?;
        let (model, mapped_bytes) = computing.weights(dir, config, quiet)?;
        Ok(Self { model: Arc::new(model), tokens: Arc::new(tokens), generation, mapped_bytes, dir: dir.to_owned() })
    }

    /// Returns the chat template of the model.
    pub fn template(&self) -> anyhow::Result<ChatTemplate> {
        ChatTemplate::load(&self.dir).or_hint(Exit::BadInput, "without a template, `winback lm complete` goes on with a text")
    }

    /// Reads a schema that texts of the model are kept to.
    pub fn grammar(&self, file: &Path) -> anyhow::Result<Arc<Grammar>> {
        let text = read_text(file)?;
        let refused = |error: GrammarError| stop(Exit::BadInput, format!("{}: {error}", file.display()), SCHEMA);
        let grammars = Grammars::new(&self.tokens, self.model.config()).map_err(refused)?;
        grammars.json_schema(&text).map_err(refused)
    }

    /// Loads an adapter for the model: a directory as PEFT writes it, or a segment's folder, whose version in use it is.
    pub fn adapter(&self, dir: &Path) -> anyhow::Result<Arc<Adapter>> {
        let dir = &in_use(dir)?;
        if dir.join(MANIFEST).exists() {
            unchanged(dir)?;
        }
        // What cannot be opened is told by the one who loads it.
        if let Ok(shards) = Shards::open_file(&dir.join("adapter_model.safetensors")) {
            memory::check(&format!("the adapter {}", dir.display()), shards.bytes(), FREE)?;
        }
        let hint = "an adapter directory holds adapter_config.json and adapter_model.safetensors, as PEFT writes them";
        Ok(Arc::new(Adapter::load(dir, &self.model).or_hint(Exit::BadInput, hint)?))
    }
}

/// Refuses an adapter of Winback's whose files are not as they were written: what was evaluated is not what would write.
fn unchanged(dir: &Path) -> anyhow::Result<()> {
    let hint = "winback adapters train makes a new version of it; winback adapters rollback takes this one out of use";
    Manifest::load(dir).and_then(|manifest| manifest.verify(dir)).or_hint(Exit::BadInput, hint)
}

/// Returns the directory of the version in use where a directory is a segment's, else the directory itself.
fn in_use(dir: &Path) -> anyhow::Result<PathBuf> {
    if dir.join("adapter_config.json").exists() || !is_of_segment(dir) {
        return Ok(dir.to_owned());
    }
    // `adapters/Dormant/.` has a name as well.
    let whole = dir.canonicalize().or_exit(Exit::Usage)?;
    let (above, name) = (whole.parent().unwrap_or(&whole), whole.file_name().unwrap_or_default().to_string_lossy());
    let shelf = Shelf::new(above);
    shelf.in_use(&shelf.named(&name).or_shelf()?).or_shelf()
}

/// Refuses a model whose weights are more than this machine has memory for.
pub fn check_memory(dir: &Path, config: &Config, precision: Precision) -> anyhow::Result<()> {
    let shards = Shards::open(dir).or_hint(Exit::BadInput, FILES)?;
    let needed = weight_bytes(config, precision, table_number_bytes(dir, &shards)?);
    memory::check(&format!("the model {}", dir.display()), needed, FREE)
}

/// Returns how many bytes a number of the embedding table has, which stays in memory as it is in the files.
pub fn table_number_bytes(dir: &Path, shards: &Shards) -> anyhow::Result<usize> {
    let names = ["model.embed_tokens.weight", "embed_tokens.weight"];
    let format = names.iter().find_map(|name| shards.format(name));
    let absent = || format!("{} has no tensor {} of BF16, F16 or F32", dir.display(), names[0]);
    format.map(Format::bytes).ok_or_else(|| stop(Exit::BadInput, absent(), FILES))
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
