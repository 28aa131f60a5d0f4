//! The gradients of all weights of a model as safetensors, for `bench/peers/lm_whole.py`:
//! `cargo run -p winback-lm --example whole_gradients -- MODEL TEXTS.json OUT`. TEXTS.json is a list of
//! `{"tokens": […], "learned": […]}`; the loss, the mean over what is learned, is printed.
#![expect(clippy::print_stdout, reason = "an example run by hand")]
use serde::Deserialize;
use std::error::Error;
use std::path::PathBuf;
use winback_lm::Config;
use winback_lm::finetune::{Batch, Memory, Sample, Teaching, Weights, WholeWeights, Workspace, whole_gradients};
use winback_lm::kernels::{Level, Numerics, Precision};

#[derive(Deserialize)]
struct Text {
    tokens: Vec<u32>,
    learned: Vec<bool>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut paths = std::env::args().skip(1).map(PathBuf::from);
    let (Some(dir), Some(texts), Some(out)) = (paths.next(), paths.next(), paths.next()) else {
        return Err("three paths are needed".into());
    };
    let weights = WholeWeights::load(&dir, &Config::load(&dir.join("config.json"))?)?;
    let model = weights.model(Numerics { level: "auto".parse::<Level>()?, precision: Precision::F32 });
    let texts: Vec<Text> = serde_json::from_str(&std::fs::read_to_string(texts)?)?;
    let samples: Vec<Sample> = texts.into_iter().map(|Text { tokens, learned }| Sample { tokens, learned }).collect();
    let batch = Batch::new(&model, &samples)?;
    let mut found = weights.zeros();
    let times = 1.0 / batch.learned() as f32;
    let teaching = Teaching { times, dropout: 0.0, seed: 0, memory: Memory::Keep };
    let sum = whole_gradients(&model, &batch, teaching, (&mut found, &mut Workspace::new(&model)))?;
    std::fs::write(out, found.to_safetensors(Precision::F32)?)?;
    println!("{}", sum / batch.learned() as f64);
    Ok(())
}
