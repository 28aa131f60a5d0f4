//! Steps of fine-tuning on drawn weights of the shape of Qwen3-0.6B, rank 16 on all seven matrices:
//! `cargo bench -p winback-lm --bench finetune -- [--steps N] [--batch N] [--tokens N] [--learned N] [--rank N] [--keep]`.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark run by hand")]
mod shape;

use shape::{argument, shape};
use std::time::Instant;
use winback_lm::Model;
use winback_lm::finetune::{AdamW, Batch, LoraWeights, Memory, Recipe, Sample, Teaching, Weights, gradients};
use winback_lm::kernels::{Level, Numerics, Precision};

/// Returns the most memory that was in use so far, in GiB.
fn peak() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0");
    line.split_whitespace().next().unwrap().parse::<f64>().unwrap() / f64::from(1 << 20)
}

fn main() {
    let number = |name: &str, default: usize| argument(name).map_or(default, |n| n.parse().unwrap());
    let (steps, batch, tokens, rank) = (number("--steps", 3), number("--batch", 4), number("--tokens", 512), number("--rank", 16));
    let learned = number("--learned", tokens / 2);
    let memory = if std::env::args().any(|arg| arg == "--keep") { Memory::Keep } else { Memory::Recompute };
    let level: Level = argument("--level").unwrap_or("auto".into()).parse().unwrap();
    let model = Model::drawn(shape(), 1, Numerics { level, precision: Precision::Bf16 });
    let recipe = Recipe { rank, ..Recipe::default() };
    let mut weights = LoraWeights::begin(&model, &recipe.config().unwrap(), 1).unwrap();
    let mut adam = AdamW::new(&weights, 0.01);
    println!("{level}, {} threads, {memory:?}, {batch} x {tokens} tokens, {learned} learned, rank {rank}", rayon::current_num_threads());
    println!("{:.1} M parameters; model and state {:.2} GiB", weights.parameters() as f64 / 1e6, peak());
    let mut seconds = Vec::new();
    for step in 0..steps {
        let sample = |at: usize| Sample {
            tokens: (0..tokens).map(|token| ((token * 7_919 + (at + step * batch) * 104_729) % 151_000) as u32).collect(),
            learned: (0..tokens).map(|token| token >= tokens - learned).collect(),
        };
        let batch = Batch::new(&model, &(0..batch).map(sample).collect::<Vec<_>>()).unwrap();
        let start = Instant::now();
        let mut found = weights.zeros();
        let teaching = Teaching { times: 1.0 / batch.learned() as f32, dropout: 0.0, seed: step as u64, memory };
        let sum = gradients(&model, &weights, &batch, teaching, &mut found).unwrap();
        adam.step(&mut weights, &found, 1e-4);
        let took = start.elapsed().as_secs_f64();
        seconds.push(took);
        println!("step {step}: loss {:.3}, {took:.2} s, {:.0} tokens/s", sum / batch.learned() as f64, batch.rows() as f64 / took);
    }
    seconds.sort_by(f64::total_cmp);
    println!("median {:.0} tokens/s, peak {:.2} GiB", (batch * tokens) as f64 / seconds[seconds.len() / 2], peak());
}
