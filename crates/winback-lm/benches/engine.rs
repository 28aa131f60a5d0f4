//! The mixed job of docs/benchmarks.md on drawn weights of the shape of Qwen3-0.6B, and what each part of it costs:
//! `cargo bench -p winback-lm --bench engine -- [--precision bf16|int8|f32] [--level NAME] [--rows N] [--new N] [--own N]
//! [--adapters N]`.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark run by hand")]
mod shape;

use rayon::prelude::*;
use shape::{argument, shape};
use std::sync::{Arc, Mutex};
use std::time::Instant;
use winback_lm::kernels::{Level, Numerics, Precision};
use winback_lm::{Adapter, Cache, Model, Piece, Prefix, Want};

/// The table of logits, which every step writes over.
static LOGITS: Mutex<Vec<f32>> = Mutex::new(Vec::new());

/// Takes one step and returns the likeliest next token of each sequence.
fn step(model: &Model, caches: &mut [Cache], tokens: &[Vec<u32>], adapters: &[Option<&Adapter>]) -> Vec<u32> {
    let pieces = caches.iter_mut().zip(tokens).zip(adapters);
    let mut pieces: Vec<Piece> =
        pieces.map(|((cache, tokens), adapter)| Piece { cache, tokens, adapter: *adapter, want: Want::Last }).collect();
    let hidden = model.forward(&mut pieces).unwrap();
    let mut logits = LOGITS.lock().unwrap();
    model.logits_into(&hidden.rows, &mut logits).unwrap();
    let likeliest =
        |row: &[f32]| row.iter().enumerate().fold((0, f32::MIN), |best, (at, &x)| if x > best.1 { (at, x) } else { best }).0 as u32;
    logits.par_chunks_exact(model.config().vocab_size).map(likeliest).collect()
}

fn ids(count: usize, seed: usize) -> Vec<u32> {
    (0..count).map(|at| ((at * 7_919 + seed * 104_729) % 151_000) as u32).collect()
}

/// Returns the seconds that processors have worked for this process: what a step costs where others use the machine, too.
fn worked() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    after_name.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse().unwrap_or(0.0)).sum::<f64>() / 100.0
}

fn main() {
    let precision = match argument("--precision").as_deref() {
        Some("f32") => Precision::F32,
        Some("int8") => Precision::Int8,
        _ => Precision::Bf16,
    };
    let level: Level = argument("--level").unwrap_or("auto".into()).parse().unwrap();
    let number = |name: &str, default: usize| argument(name).map_or(default, |n| n.parse().unwrap());
    let (rows, new) = (number("--rows", 128), number("--new", 32));
    let (segments, own) = (number("--adapters", 5), number("--own", 60));
    let start = Instant::now();
    let model = Model::drawn(shape(), 1, Numerics { level, precision });
    let adapters: Vec<Adapter> = (0..segments).map(|seed| Adapter::drawn(&model, 16, seed as u64)).collect();
    println!("{level} {precision:?}, {} threads; made in {:.1} s", rayon::current_num_threads(), start.elapsed().as_secs_f64());

    let start = Instant::now();
    let prefix = |at: usize| -> Arc<Prefix> {
        let mut cache = [Cache::with_room(&model, 600)];
        step(&model, &mut cache, &[ids(600, at)], &[Some(&adapters[at])]);
        let [cache] = cache;
        cache.into_prefix().unwrap()
    };
    let prefixes: Vec<Arc<Prefix>> = (0..segments).map(prefix).collect();
    let seconds = start.elapsed().as_secs_f64();
    println!("{segments} prefixes of 600 tokens: {seconds:.2} s, {:.0} tokens/s", segments as f64 * 600.0 / seconds);

    let mut caches: Vec<Cache> = (0..rows).map(|at| Cache::after(&prefixes[at % segments], &model, own + new + 1)).collect();
    let of: Vec<Option<&Adapter>> = (0..rows).map(|at| Some(&adapters[at % segments])).collect();
    let start = Instant::now();
    let mut next = Vec::new();
    for first in (0..rows).step_by(16) {
        let some = first..rows.min(first + 16);
        let tokens: Vec<Vec<u32>> = some.clone().map(|at| ids(own, at + 100)).collect();
        next.extend(step(&model, &mut caches[some.clone()], &tokens, &of[some]));
    }
    let seconds = start.elapsed().as_secs_f64();
    println!("{rows} own prompts of {own} tokens: {seconds:.2} s, {:.0} tokens/s", (rows * own) as f64 / seconds);

    let (start, before) = (Instant::now(), worked());
    for _ in 0..new {
        let tokens: Vec<Vec<u32>> = next.iter().map(|token| vec![*token]).collect();
        next = step(&model, &mut caches, &tokens, &of);
    }
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{new} new tokens for {rows} rows: {:.1} ms a step ({:.0} ms of work), {:.0} tokens/s",
        1e3 * seconds / new as f64,
        1e3 * (worked() - before) / new as f64,
        (rows * new) as f64 / seconds
    );
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    println!("{}", status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default());
}
