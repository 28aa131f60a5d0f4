//! `winback lm info`
use crate::cli::Place;
use crate::cli::lm::model::{Numbers, packed_cache, read_config, table_number_bytes};
use crate::cli::lm::shapes::{parameters, weight_bytes};
use crate::exit::{Exit, OrExit};
use crate::report;
use clap::ValueEnum as _;
use serde::Serialize;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use winback_lm::adapter::{AdapterConfig, AdapterConfigError};
use winback_lm::kernels::{Level, Stretch};
use winback_lm::packed_cache::Look;
use winback_lm::shape::Projection;
use winback_lm::shards::Shards;
use winback_lm::{ChatTemplate, Config, Tokens};

/// Tell what a model directory holds and what it takes to run it here
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The model directory
    #[arg(value_name = "DIR")]
    dir: PathBuf,
}

/// What a model directory holds.
#[derive(Serialize)]
struct Info {
    directory: String,
    layers: usize,
    hidden_size: usize,
    intermediate_size: usize,
    heads: usize,
    kv_heads: usize,
    head_dim: usize,
    vocab_size: usize,
    context: usize,
    tied: bool,
    parameters: usize,
    /// How many tensors the files hold.
    tensors: usize,
    memory: Vec<Memory>,
    /// The files of packed weights that are kept.
    packed: Vec<Kept>,
    tokenizer: Found,
    chat_template: Found,
    adapters: Vec<Beside>,
    /// The kernels this machine has, the slowest first.
    levels: Vec<&'static str>,
}

/// What a model takes in memory.
#[derive(Serialize)]
struct Memory {
    precision: &'static str,
    /// The matrices and the embedding table, which stays as it is in the files.
    weight_bytes: u64,
    /// The keys and values of a thousand tokens.
    cache_bytes_per_1000_tokens: usize,
}

/// A part of the directory.
#[derive(Serialize)]
struct Found {
    /// Whether it can be used.
    usable: bool,
    /// What it is, or why it cannot be used.
    what: String,
}

/// A file of packed weights.
#[derive(Serialize)]
struct Kept {
    precision: &'static str,
    file: String,
    bytes: u64,
    #[serde(flatten)]
    found: Found,
}

/// An adapter in the directory.
#[derive(Serialize)]
struct Beside {
    name: String,
    #[serde(flatten)]
    found: Found,
}

/// Tells.
pub fn run(at: &Place, args: &Args) -> anyhow::Result<()> {
    let (config, _) = read_config(&args.dir)?;
    let shards = Shards::open(&args.dir).or_exit(Exit::BadInput)?;
    let number_bytes = table_number_bytes(&args.dir, &shards)?;
    let info = Info {
        directory: args.dir.display().to_string(),
        layers: config.layers,
        hidden_size: config.hidden_size,
        intermediate_size: config.intermediate_size,
        heads: config.heads,
        kv_heads: config.kv_heads,
        head_dim: config.head_dim,
        vocab_size: config.vocab_size,
        context: config.context,
        tied: config.tied,
        parameters: parameters(&config),
        tensors: shards.names().count(),
        memory: Numbers::value_variants().iter().map(|numbers| memory(&config, *numbers, number_bytes)).collect(),
        packed: packed(&args.dir, &config)?,
        tokenizer: tokenizer(&args.dir, &config),
        chat_template: template(&args.dir),
        adapters: adapters(&args.dir, &config)?,
        levels: Level::here().map(Level::name).collect(),
    };
    report::print(at.json, &info, || told(&info))
}

fn memory(config: &Config, numbers: Numbers, table_number_bytes: usize) -> Memory {
    let weight_bytes = weight_bytes(config, numbers.precision(), table_number_bytes);
    let cache = config.layers * config.kv_heads * Stretch::bytes(config.head_dim, 1000, numbers.precision());
    Memory { precision: numbers.name(), weight_bytes, cache_bytes_per_1000_tokens: cache }
}

/// Returns the files of packed weights, and whether the next start takes them.
fn packed(dir: &Path, config: &Config) -> anyhow::Result<Vec<Kept>> {
    let kept = packed_cache(dir).kept(dir, config, Look::Beginning).or_exit(Exit::BadInput)?;
    let told = |kept: winback_lm::packed_cache::Kept| {
        let found = match kept.unusable {
            None => Found { usable: true, what: "the next start takes it".to_owned() },
            Some(why) => Found { usable: false, what: format!("{why}; the next start makes it anew") },
        };
        Kept { precision: kept.precision.name(), file: kept.path.display().to_string(), bytes: kept.bytes, found }
    };
    Ok(kept.into_iter().map(told).collect())
}

fn tokenizer(dir: &Path, config: &Config) -> Found {
    match Tokens::load(&dir.join("tokenizer.json"), config.vocab_size, &config.eos) {
        Ok(tokens) => Found { usable: true, what: format!("tokenizer.json, {} added tokens", tokens.added().len()) },
        Err(error) => Found { usable: false, what: why(error) },
    }
}

fn template(dir: &Path) -> Found {
    match ChatTemplate::load(dir) {
        Ok(_) if dir.join("chat_template.jinja").exists() => Found { usable: true, what: "chat_template.jinja".into() },
        Ok(_) => Found { usable: true, what: "tokenizer_config.json".into() },
        Err(error) => Found { usable: false, what: why(error) },
    }
}

/// Returns why something cannot be used, with what is behind it.
fn why(error: impl Into<anyhow::Error>) -> String {
    format!("{:#}", error.into())
}

/// Returns the adapters that lie in the directory, by name.
fn adapters(dir: &Path, config: &Config) -> anyhow::Result<Vec<Beside>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).or_exit(Exit::BadInput)? {
        let path = entry?.path().join("adapter_config.json");
        let Some(folder) = path.parent().filter(|_| path.is_file()) else { continue };
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let told = match AdapterConfig::load(&path).and_then(|adapter| adapts(&adapter, config)) {
            Ok(what) => Found { usable: true, what },
            Err(error) => Found { usable: false, what: why(error) },
        };
        found.push(Beside { name, found: told });
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

/// Returns the ranks of an adapter and the matrices it adds to.
fn adapts(adapter: &AdapterConfig, config: &Config) -> Result<String, AdapterConfigError> {
    let scales = adapter.scales(config)?;
    let ranks: BTreeSet<usize> = scales.values().map(|(rank, _)| *rank).collect();
    let names = Projection::ALL.iter().map(|which| which.name()).filter(|name| scales.keys().any(|module| module.ends_with(name)));
    let names: Vec<&str> = names.filter_map(|name| name.rsplit('.').next()).collect();
    let ranks: Vec<String> = ranks.iter().map(ToString::to_string).collect();
    Ok(format!("rank {} on {}", ranks.join(", "), names.join(", ")))
}

fn told(info: &Info) -> String {
    let row = |name: &str, what: String| vec![name.to_owned(), what];
    let count = |number: usize| report::count(number as u64);
    let (levels, found) = (info.levels.join(", "), |found: &Found| match found.usable {
        true => found.what.clone(),
        false => format!("cannot be used: {}", found.what),
    });
    let head = if info.tied { "tied to the embedding table" } else { "its own" };
    let mut rows = vec![
        row("model", info.directory.clone()),
        row("parameters", format!("{} in {} tensors", count(info.parameters), count(info.tensors))),
        row("layers", format!("{} of width {}, {} inside", info.layers, info.hidden_size, info.intermediate_size)),
        row("heads", format!("{} for queries, {} for keys and values, of width {}", info.heads, info.kv_heads, info.head_dim)),
        row("vocabulary", format!("{} ids; the output head is {head}", count(info.vocab_size))),
        row("context", format!("{} tokens", count(info.context))),
        row("tokenizer", found(&info.tokenizer)),
        row("chat template", found(&info.chat_template)),
    ];
    rows.extend(info.adapters.iter().map(|one| row("adapter", format!("{}: {}", one.name, found(&one.found)))));
    rows.extend(info.packed.iter().map(|one| row("packed weights", format!("{}, {}: {}", one.precision, one.file, one.found.what))));
    rows.push(row("kernels here", format!("{levels}; auto takes the last")));
    let mib = |bytes: u64| format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20));
    let memory = |one: &Memory| vec![one.precision.to_owned(), mib(one.weight_bytes), mib(one.cache_bytes_per_1000_tokens as u64)];
    let memory = report::table(&["precision", "weights", "keys and values of 1,000 tokens"], info.memory.iter().map(memory));
    format!("{}\n\n{memory}", report::table(&[], rows))
}
