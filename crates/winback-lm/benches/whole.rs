//! Steps in which a whole small model learns: `cargo bench -p winback-lm --bench whole -- [--steps N] [--batch N]
//! [--tokens N] [--learned N] [--recompute] [--precision f32]`.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark run by hand")]
mod shape;

use shape::{argument, shape};
use std::time::Instant;
use winback_lm::Config;
use winback_lm::finetune::{AdamW, Batch, Memory, Sample, Teaching, Weights, WholeWeights, Workspace, clip, whole_gradients};
use winback_lm::kernels::{Level, Numerics, Precision};

/// Returns the shape of the model that comes with Winback.
fn mini_shape() -> Config {
    Config {
        vocab_size: 6_000,
        hidden_size: 256,
        intermediate_size: 768,
        layers: 6,
        heads: 4,
        kv_heads: 2,
        head_dim: 64,
        context: 2_048,
        ..shape()
    }
}

fn main() {
    let number = |name: &str, default: usize| argument(name).map_or(default, |n| n.parse().unwrap());
    let (steps, batch, tokens) = (number("--steps", 5), number("--batch", 16), number("--tokens", 400));
    let learned = number("--learned", tokens / 2);
    let memory = if std::env::args().any(|arg| arg == "--recompute") { Memory::Recompute } else { Memory::Keep };
    let precision = if argument("--precision").as_deref() == Some("f32") { Precision::F32 } else { Precision::Bf16 };
    let level: Level = argument("--level").unwrap_or("auto".into()).parse().unwrap();
    let numerics = Numerics { level, precision };
    let mut weights = WholeWeights::begin(&mini_shape(), 1);
    let mut adam = AdamW::new(&weights, 0.1);
    println!("{level}, {precision:?}, {} threads, {memory:?}, {batch} x {tokens} tokens, {learned} learned", rayon::current_num_threads());
    println!("{:.2} M parameters", weights.parameters() as f64 / 1e6);
    let mut seconds = Vec::new();
    let mut workspace = Workspace::new(&weights.model(numerics));
    for step in 0..steps {
        let sample = |at: usize| Sample {
            tokens: (0..tokens).map(|token| ((token * 7_919 + (at + step * batch) * 104_729) % 6_000) as u32).collect(),
            learned: (0..tokens).map(|token| token >= tokens - learned).collect(),
        };
        let start = Instant::now();
        let model = weights.model(numerics);
        let packed = start.elapsed().as_secs_f64();
        let batch = Batch::new(&model, &(0..batch).map(sample).collect::<Vec<_>>()).unwrap();
        let mut found = weights.zeros();
        let teaching = Teaching { times: 1.0 / batch.learned() as f32, dropout: 0.0, seed: 0, memory };
        let sum = whole_gradients(&model, &batch, teaching, (&mut found, &mut workspace)).unwrap();
        let there_and_back = start.elapsed().as_secs_f64() - packed;
        clip(&mut found, 1.0);
        adam.step(&mut weights, &found, 1e-3);
        let took = start.elapsed().as_secs_f64();
        seconds.push(took);
        let parts = format!("packed {packed:.3} s, gradients {there_and_back:.3} s, step {:.3} s", took - packed - there_and_back);
        println!(
            "step {step}: loss {:.3}, {took:.3} s ({parts}), {:.0} tokens/s",
            sum / batch.learned() as f64,
            batch.rows() as f64 / took
        );
    }
    seconds.sort_by(f64::total_cmp);
    println!("median {:.0} tokens/s", (batch * tokens) as f64 / seconds[seconds.len() / 2]);
}
