//! `winback lm bench`
use crate::cli::Place;
use crate::cli::lm::model::{Computing, read_config};
use crate::cli::lm::shapes::{Published, adapter_bytes, weight_bytes};
use crate::memory;
use crate::report;
use serde::Serialize;
use std::path::PathBuf;
use std::time::Instant;
use winback_lm::{Adapter, Cache, Config, Model, Piece, Want};

/// The rank of the adapters that are drawn for a measurement.
const RANK: usize = 16;

/// Measure how many tokens a second this machine reads and writes
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The model directory
    #[arg(value_name = "DIR", required_unless_present = "drawn", conflicts_with = "drawn")]
    dir: Option<PathBuf>,
    /// Measure a published shape with drawn weights: as fast and as large as the real one, nothing to download
    #[arg(long, value_enum, value_name = "SHAPE")]
    drawn: Option<Published>,
    #[command(flatten)]
    computing: Computing,
    /// How many texts are written at once, each number in turn
    #[arg(long, value_name = "COUNTS", value_delimiter = ',', default_values_t = [1, 8, 32, 128], value_parser = count())]
    rows: Vec<u64>,
    /// How many tokens a prompt has
    #[arg(long, value_name = "COUNT", default_value_t = 64, value_parser = count())]
    prompt: u64,
    /// How many tokens are written for each text
    #[arg(long, value_name = "COUNT", default_value_t = 16, value_parser = count())]
    new: u64,
    /// How many drawn adapters of rank 16 the texts take in turn; 0 for the base alone
    #[arg(long, value_name = "COUNT", default_value_t = 0, value_parser = clap::value_parser!(u64).range(..=100_000))]
    adapters: u64,
}

fn count() -> clap::builder::RangedU64ValueParser<u64> {
    clap::value_parser!(u64).range(1..=100_000)
}

/// What was measured.
#[derive(Serialize)]
struct Measured {
    model: String,
    level: &'static str,
    precision: &'static str,
    threads: usize,
    adapters: u64,
    prompt_tokens: u64,
    new_tokens: u64,
    load_seconds: f64,
    batches: Vec<Batch>,
}

/// The figures of one batch.
#[derive(Serialize)]
struct Batch {
    rows: u64,
    read_tokens_per_second: f64,
    step_ms: f64,
    written_tokens_per_second: f64,
}

/// Measures.
pub fn run(at: &Place, args: &Args) -> anyhow::Result<()> {
    let start = Instant::now();
    let (model, name) = model(args, at.quiet)?;
    let numerics = model.numerics();
    let load_seconds = start.elapsed().as_secs_f64();
    let adapters: Vec<Adapter> = (0..args.adapters).map(|seed| Adapter::drawn(&model, RANK, seed)).collect();
    let batches = args.rows.iter().map(|rows| batch(&model, &adapters, *rows, args)).collect::<anyhow::Result<_>>()?;
    let measured = Measured {
        model: name,
        level: numerics.level.name(),
        precision: args.computing.precision.name(),
        threads: winback_learn::threads(),
        adapters: args.adapters,
        prompt_tokens: args.prompt,
        new_tokens: args.new,
        load_seconds,
        batches,
    };
    report::print(at.json, &measured, || told(&measured))
}

fn model(args: &Args, quiet: bool) -> anyhow::Result<(Model, String)> {
    if let Some(shape) = args.drawn {
        let numerics = args.computing.start()?;
        let needed = weight_bytes(&shape.config(), numerics.precision, 2);
        memory::check("the drawn model", needed, "take a smaller shape, or --precision int8")?;
        check_adapters(args, &shape.config())?;
        let name = format!("drawn weights of the shape of {}", shape.name());
        return Ok((Model::drawn(shape.config(), 1, numerics), name));
    }
    let dir = args.dir.clone().unwrap_or_default();
    let (config, _) = read_config(&dir)?;
    check_adapters(args, &config)?;
    Ok((args.computing.weights(&dir, config, quiet)?.0, dir.display().to_string()))
}

/// Refuses more adapters than this machine has memory for.
fn check_adapters(args: &Args, config: &Config) -> anyhow::Result<()> {
    let needed = args.adapters.saturating_mul(adapter_bytes(config, args.computing.precision.precision(), RANK));
    memory::check(&format!("a measurement with {} adapters", args.adapters), needed, "take fewer --adapters")
}

fn batch(model: &Model, adapters: &[Adapter], rows: u64, args: &Args) -> anyhow::Result<Batch> {
    let (count, room) = (rows as usize, (args.prompt + args.new) as usize);
    let row_bytes = Cache::bytes(model, room) + 4 * (model.config().vocab_size + room);
    memory::check(&format!("a batch of {rows} texts"), rows.saturating_mul(row_bytes as u64), "take fewer --rows, or a shorter --prompt")?;
    let vocabulary = model.config().vocab_size as u64;
    let prompt = |row: u64| (0..args.prompt).map(|at| ((at * 7_919 + row * 104_729) % vocabulary) as u32).collect();
    let prompts: Vec<Vec<u32>> = (0..rows).map(prompt).collect();
    let of = |row: usize| if adapters.is_empty() { None } else { Some(&adapters[row % adapters.len()]) };
    let of: Vec<Option<&Adapter>> = (0..count).map(of).collect();
    let mut caches: Vec<Cache> = (0..count).map(|_| Cache::with_room(model, room)).collect();
    let start = Instant::now();
    let mut next = Vec::with_capacity(count);
    // As the engine does: some 512 tokens of prompts at a time.
    let at_once = (512 / args.prompt).max(1) as usize;
    for first in (0..count).step_by(at_once) {
        let some = first..count.min(first + at_once);
        next.extend(step(model, &mut caches[some.clone()], &prompts[some.clone()], &of[some])?);
    }
    let read_tokens_per_second = (rows * args.prompt) as f64 / start.elapsed().as_secs_f64();
    let start = Instant::now();
    for _ in 0..args.new {
        let tokens: Vec<Vec<u32>> = next.iter().map(|token| vec![*token]).collect();
        next = step(model, &mut caches, &tokens, &of)?;
    }
    let seconds = start.elapsed().as_secs_f64();
    let (step_ms, written) = (1e3 * seconds / args.new as f64, (rows * args.new) as f64 / seconds);
    Ok(Batch { rows, read_tokens_per_second, step_ms, written_tokens_per_second: written })
}

/// Takes one step for each text and returns its likeliest next token.
fn step(model: &Model, caches: &mut [Cache], tokens: &[Vec<u32>], adapters: &[Option<&Adapter>]) -> anyhow::Result<Vec<u32>> {
    let pieces = caches.iter_mut().zip(tokens).zip(adapters);
    let mut pieces: Vec<Piece> =
        pieces.map(|((cache, tokens), adapter)| Piece { cache, tokens, adapter: *adapter, want: Want::Last }).collect();
    let hidden = model.forward(&mut pieces)?;
    let logits = model.logits(&hidden.rows)?;
    let likeliest = |row: &[f32]| row.iter().zip(0..).max_by(|a, b| a.0.total_cmp(b.0)).map_or(0, |(_, id)| id);
    Ok(logits.chunks_exact(model.config().vocab_size).map(likeliest).collect())
}

fn told(measured: &Measured) -> String {
    let Measured { model, level, precision, threads, adapters, prompt_tokens, new_tokens, load_seconds, .. } = measured;
    let mixed = if *adapters > 0 { format!(", {adapters} adapters of rank {RANK} mixed") } else { String::new() };
    let row = |one: &Batch| {
        let figures = [one.read_tokens_per_second, one.step_ms, one.written_tokens_per_second].map(|figure| format!("{figure:.1}"));
        [vec![one.rows.to_string()], figures.to_vec()].concat()
    };
    let rows = report::table(&["texts at once", "read tokens/s", "ms a step", "written tokens/s"], measured.batches.iter().map(row));
    format!(
        "{model}: {precision}, {level}, {threads} threads{mixed}; ready in {load_seconds:.1} s\n\
         prompts of {prompt_tokens} tokens, {new_tokens} new tokens each\n{rows}"
    )
}
