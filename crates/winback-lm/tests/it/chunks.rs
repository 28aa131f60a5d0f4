//! Batches that go through a layer in several chunks, several blocks of outputs and several pieces of gates: what comes out is
//! what small batches make, and depends neither on threads nor on what was computed in the same memory before.
use crate::finetune::drawn;
use winback_lm::finetune::{
    Batch, LoraWeights, Memory, Recipe, Sample, Teaching, Weights, WholeWeights, Workspace, gradients, whole_gradients,
};
use winback_lm::kernels::{Level, Numerics, Precision};
use winback_lm::{Config, Model};

/// Heads that no block of outputs is a multiple of, more gates than are gone through at once, more outputs than a block.
fn shape() -> Config {
    Config {
        vocab_size: 48,
        hidden_size: 8,
        intermediate_size: 1_100,
        layers: 2,
        heads: 4,
        kv_heads: 2,
        head_dim: 6,
        rms_norm_eps: 1e-6,
        rope_theta: 1e4,
        tied: true,
        context: 64,
        eos: vec![2],
    }
}

fn whole() -> WholeWeights {
    let mut weights = WholeWeights::begin(&shape(), 5);
    for (at, slice) in weights.slices_mut().into_iter().enumerate() {
        let noise = drawn(slice.len(), at as u64 + 1);
        let is_norm = slice.iter().all(|number| *number == 1.0);
        slice.iter_mut().zip(noise).for_each(|(number, noise)| *number = if is_norm { 1.0 + noise * 0.3 } else { noise * 0.2 });
    }
    weights
}

fn samples(count: usize) -> Vec<Sample> {
    let sample = |at: usize| {
        let tokens: Vec<u32> = (0..9 + at % 5).map(|token| ((token * token * 7 + at * 13 + 3) % 48) as u32).collect();
        Sample { learned: (0..tokens.len()).map(|token| token > 2).collect(), tokens }
    };
    (0..count).map(sample).collect()
}

/// Calls a function on so many threads.
fn on<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(work)
}

fn bits<W: Weights>(weights: &W) -> Vec<u32> {
    weights.slices().into_iter().flatten().map(|number| number.to_bits()).collect()
}

/// Compares gradients with those of small batches, list by list.
fn near<W: Weights>(found: &W, expected: &W, most: f32, what: &str) {
    for (place, (found, expected)) in found.slices().into_iter().zip(expected.slices()).enumerate() {
        let largest = expected.iter().fold(0.0_f32, |most, number| most.max(number.abs()));
        let apart = found.iter().zip(expected).fold(0.0_f32, |most, (a, b)| most.max((a - b).abs()));
        assert!((expected.is_empty() || largest > 0.0) && apart <= most * largest, "{what} list {place}: {apart} of {largest}");
    }
}

fn adapter(model: &Model) -> LoraWeights {
    let recipe = Recipe { rank: 3, alpha: 6.0, ..Recipe::default() };
    let mut weights = LoraWeights::begin(model, &recipe.config().unwrap(), 1).unwrap();
    for (at, slice) in weights.slices_mut().into_iter().enumerate() {
        let drawn = drawn(slice.len(), at as u64 + 1);
        slice.iter_mut().zip(drawn).for_each(|(number, drawn)| *number = 0.3 * drawn);
    }
    weights
}

#[test]
fn an_adapter_learns_from_many_rows_what_it_learns_from_few_at_a_time() {
    for (precision, most) in [(Precision::F32, 1e-4), (Precision::Bf16, 2e-3)] {
        let model = whole().model(Numerics { level: Level::best(), precision });
        let weights = adapter(&model);
        let (all, batch) = (samples(330), Batch::new(&model, &samples(310)).unwrap());
        assert!(batch.rows() > 2 * 1_428 && batch.rows() % 1_428 > 0, "three chunks, the last one short: {}", batch.rows());
        let mut workspace = Workspace::new(&model);
        let mut with = |batch: &Batch, (dropout, memory, threads): (f32, Memory, usize)| {
            let (mut found, teaching) = (weights.zeros(), Teaching { times: 1.0, dropout, seed: 7, memory });
            let sum = on(threads, || gradients(&model, &weights, batch, teaching, (&mut found, &mut workspace))).unwrap();
            (sum, found)
        };
        // Memory in which a larger batch was.
        with(&Batch::new(&model, &all).unwrap(), (0.0, Memory::Keep, 2));
        let (sum, found) = with(&batch, (0.0, Memory::Recompute, 1));
        let mut parts = weights.zeros();
        let part = |some: &[Sample]| {
            let teaching = Teaching { times: 1.0, dropout: 0.0, seed: 7, memory: Memory::Keep };
            let batch = Batch::new(&model, some).unwrap();
            gradients(&model, &weights, &batch, teaching, (&mut parts, &mut Workspace::new(&model))).unwrap()
        };
        let expected: f64 = samples(310).chunks(31).map(part).sum();
        assert!((sum - expected).abs() < 1e-6 * expected, "{sum} {expected}");
        near(&found, &parts, most, &format!("{precision:?}"));
        let first = with(&batch, (0.25, Memory::Recompute, 1));
        assert_ne!(bits(&first.1), bits(&found), "something is left out");
        for (memory, threads) in [(Memory::Keep, 1), (Memory::Recompute, 2), (Memory::Keep, 3), (Memory::Recompute, 3)] {
            let (sum, found) = with(&batch, (0.25, memory, threads));
            assert_eq!((sum.to_bits(), bits(&found)), (first.0.to_bits(), bits(&first.1)), "{precision:?} {memory:?} {threads}");
        }
    }
}

#[test]
fn a_whole_model_learns_from_many_rows_what_it_learns_from_few_at_a_time() {
    let weights = whole();
    let model = weights.model(Numerics { level: Level::best(), precision: Precision::F32 });
    let batch = Batch::new(&model, &samples(310)).unwrap();
    let with = |batch: &Batch, threads: usize, found: &mut WholeWeights| {
        let teaching = Teaching { times: 1.0, dropout: 0.0, seed: 0, memory: Memory::Keep };
        on(threads, || whole_gradients(&model, batch, teaching, (found, &mut Workspace::new(&model)))).unwrap()
    };
    let [mut one, mut three, mut parts] = [(); 3].map(|()| weights.zeros());
    let sums = [with(&batch, 1, &mut one), with(&batch, 3, &mut three)].map(f64::to_bits);
    assert_eq!((sums[0], bits(&one)), (sums[1], bits(&three)));
    for some in samples(310).chunks(31) {
        with(&Batch::new(&model, some).unwrap(), 2, &mut parts);
    }
    near(&one, &parts, 1e-4, "whole");
}
