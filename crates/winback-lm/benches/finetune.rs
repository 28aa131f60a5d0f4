//! Steps of fine-tuning on drawn weights of the shape of Qwen3-0.6B in bf16, an adapter on all seven matrices:
//! `cargo bench -p winback-lm --bench finetune -- [--steps N] [--batch N] [--tokens N] [--learned N] [--rank N] [--keep]
//! [--layers N] [--dropout X] [--lengths 128,512,…] [--ranks 4,16,…]`. With lengths or ranks one line is printed for each;
//! of longer texts there are fewer, so that a step has the same number of tokens as far as it goes.
//!
//! The share of the bound is that of the multiplications a step cannot do without, two operations each, at the speed of
//! the best bf16 product that was measured first: all matrices there and back, gates and ups once more where they are not
//! kept, the head there and back for what is learned, the adapters, and attention as far as rows see.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark run by hand")]
mod shape;

use shape::{argument, shape};
use std::time::Instant;
use winback_lm::finetune::{AdamW, Batch, LoraWeights, Memory, Recipe, Sample, Teaching, Weights, Workspace, gradients};
use winback_lm::kernels::{Inputs, Level, Linear, Numerics, Output, Precision};
use winback_lm::tensor::{self, Tensor};
use winback_lm::{Config, Model};

/// What a step is made of.
#[derive(Clone, Copy)]
struct Job {
    steps: usize,
    batch: usize,
    tokens: usize,
    learned: usize,
    rank: usize,
    dropout: f32,
    memory: Memory,
}

/// Returns the most memory that was in use so far, in GiB.
fn peak() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0");
    line.split_whitespace().next().unwrap().parse::<f64>().unwrap() / f64::from(1 << 20)
}

/// Returns the seconds that all threads computed so far, and those of the system for them.
fn cpu_s() -> f64 {
    let told = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let numbers: Vec<&str> = told.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    [11, 12].into_iter().filter_map(|at: usize| numbers.get(at)?.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// Returns the operations of the best of some bf16 products, a second of wall time and of all threads' time.
fn bound(level: Level) -> (f64, f64) {
    let (rows, wide, outputs) = (512, 1024, 3072);
    let numbers = |count: usize| (0..count).map(|at| (at % 17) as f32 - 8.0).collect::<Vec<_>>();
    let tensor = Tensor::new(outputs, wide, tensor::Numbers::F32(numbers(outputs * wide))).unwrap();
    let linear = Linear::pack(Numerics { level, precision: Precision::Bf16 }, &[&tensor]);
    let mut inputs = Inputs::default();
    linear.take(&numbers(rows * wide), &mut inputs);
    let mut table = vec![0.0; rows * outputs];
    let (mut by_wall, mut by_threads) = (0.0_f64, 0.0_f64);
    for _ in 0..8 {
        let (start, before) = (Instant::now(), cpu_s());
        (0..40).for_each(|_| linear.apply_to(&inputs, 0..rows, Output { table: &mut table, stride: outputs, add: None }));
        let operations = 40.0 * 2.0 * (rows * outputs * wide) as f64;
        by_wall = by_wall.max(operations / start.elapsed().as_secs_f64());
        by_threads = by_threads.max(operations / (cpu_s() - before).max(0.01));
    }
    (by_wall, by_threads)
}

/// Returns the operations of a step.
fn operations(config: &Config, job: Job, parameters: usize) -> f64 {
    let Config { hidden_size, intermediate_size, layers, heads, kv_heads, head_dim, vocab_size, .. } = *config;
    let rows = (job.batch * (job.tokens - 1)) as f64;
    let of_layer = hidden_size * head_dim * (2 * heads + 2 * kv_heads) + 3 * hidden_size * intermediate_size;
    // Gates and ups once more, where they are not kept.
    let again = if job.memory == Memory::Recompute { 1.0 } else { 0.0 };
    let gates = 2 * hidden_size * intermediate_size;
    let matrices = rows * (layers * of_layer) as f64 * 2.0 + again * rows * (layers * gates) as f64;
    let head = 2.0 * (job.batch * job.learned * vocab_size * hidden_size) as f64;
    // Back it is the gradient by each matrix and that by what went in.
    let adapters = 3.0 * rows * parameters as f64;
    // Two products there, five back.
    let attention = 7.0 * rows * (job.tokens / 2 * layers * heads * head_dim) as f64;
    2.0 * (matrices + head + adapters + attention)
}

fn measured(model: &Model, job: Job, (by_wall, by_threads): (f64, f64)) {
    let Job { steps, batch, tokens, learned, rank, dropout, memory } = job;
    let recipe = Recipe { rank, ..Recipe::default() };
    let mut weights = LoraWeights::begin(model, &recipe.config().unwrap(), 1).unwrap();
    let (mut adam, mut workspace) = (AdamW::new(&weights, 0.01), Workspace::new(model));
    println!("{memory:?}, {batch} x {tokens} tokens, {learned} learned, rank {rank}, {:.1} M weights", weights.parameters() as f64 / 1e6);
    let mut seconds = Vec::new();
    for step in 0..steps {
        let sample = |at: usize| Sample {
            tokens: (0..tokens).map(|token| ((token * 7_919 + (at + step * batch) * 104_729) % 151_000) as u32).collect(),
            learned: (0..tokens).map(|token| token >= tokens - learned).collect(),
        };
        let batch = Batch::new(model, &(0..batch).map(sample).collect::<Vec<_>>()).unwrap();
        let (start, before) = (Instant::now(), cpu_s());
        let mut found = weights.zeros();
        let teaching = Teaching { times: 1.0 / batch.learned() as f32, dropout, seed: step as u64, memory };
        let sum = gradients(model, &weights, &batch, teaching, (&mut found, &mut workspace)).unwrap();
        adam.step(&mut weights, &found, 1e-4);
        let took = (start.elapsed().as_secs_f64(), cpu_s() - before);
        seconds.push(took);
        println!("  step {step}: loss {:.3}, {:.2} s, of all threads {:.2} s", sum / batch.learned() as f64, took.0, took.1);
    }
    let needed = operations(model.config(), job, weights.parameters());
    let median = |of: fn(&(f64, f64)) -> f64| {
        let mut sorted: Vec<f64> = seconds.iter().map(of).collect();
        sorted.sort_by(f64::total_cmp);
        sorted[sorted.len() / 2]
    };
    let (wall, threads) = (median(|took| took.0), median(|took| took.1));
    println!(
        "  median {:.0} tokens/s, {:.2} GFLOP a token, {:.0} % of the bound by wall, {:.0} % by the threads' time, peak {:.2} GiB",
        (batch * tokens) as f64 / wall,
        needed / (batch * tokens) as f64 / 1e9,
        100.0 * needed / wall / by_wall,
        100.0 * needed / threads / by_threads,
        peak()
    );
}

fn main() {
    let number = |name: &str, default: usize| argument(name).map_or(default, |n| n.parse().unwrap());
    let list = |name: &str| argument(name).map(|list| list.split(',').map(|n| n.parse().unwrap()).collect::<Vec<usize>>());
    let (steps, batch, tokens, rank) = (number("--steps", 3), number("--batch", 4), number("--tokens", 512), number("--rank", 16));
    let memory = if std::env::args().any(|arg| arg == "--keep") { Memory::Keep } else { Memory::Recompute };
    let dropout = argument("--dropout").map_or(0.0, |share| share.parse().unwrap());
    let level: Level = argument("--level").unwrap_or("auto".into()).parse().unwrap();
    let bound = bound(level);
    println!("{level}, {} threads: a bf16 product reaches {:.0} GFLOP/s", rayon::current_num_threads(), bound.0 / 1e9);
    let config = Config { layers: number("--layers", 28), ..shape() };
    let model = Model::drawn(config, 1, Numerics { level, precision: Precision::Bf16 });
    println!("the model takes {:.2} GiB", peak());
    let job = Job { steps, batch, tokens, learned: number("--learned", tokens / 2), rank, dropout, memory };
    match (list("--lengths"), list("--ranks")) {
        (None, None) => measured(&model, job, bound),
        (lengths, ranks) => {
            for tokens in lengths.unwrap_or_default() {
                measured(&model, Job { batch: (job.batch * job.tokens / tokens).max(1), tokens, learned: tokens / 2, ..job }, bound);
            }
            ranks.unwrap_or_default().into_iter().for_each(|rank| measured(&model, Job { rank, ..job }, bound));
        }
    }
}
