//! Every kernel level against sums in f64, on odd shapes; and that a row is computed by itself.
use crate::tiny::numbers;
use half::{bf16, f16};
use proptest::prelude::*;
use std::sync::Arc;
use winback_lm::kernels::{Attention, History, Level, Linear, Rope, rms_norm, silu_mul};
use winback_lm::tensor::{Numbers, Tensor};

/// Returns a weight in each number format, with the numbers it holds exactly.
fn weights(outputs: usize, inputs: usize, seed: u64) -> Vec<Arc<Tensor>> {
    let drawn = numbers(outputs * inputs, seed, 1.0);
    let formats = [
        Numbers::F32(drawn.clone()),
        Numbers::Bf16(drawn.iter().map(|number| bf16::from_f32(*number)).collect()),
        Numbers::F16(drawn.iter().map(|number| f16::from_f32(*number)).collect()),
    ];
    formats.into_iter().map(|numbers| Arc::new(Tensor::new(outputs, inputs, numbers).unwrap())).collect()
}

/// Returns how far a level may be from the true sum, for products of about this size altogether.
fn tolerance(level: Level, size: f64) -> f64 {
    match level {
        Level::Plain => 1e-6 * size + 1e-6,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_matrix_times_rows_is_right_on_odd_shapes((rows, outputs, inputs) in (0..7_usize, 1..40_usize, 1..80_usize), seed in any::<u64>()) {
        let x = numbers(rows * inputs, seed ^ 1, 1.0);
        for (level, weight) in Level::ALL.into_iter().flat_map(|level| weights(outputs, inputs, seed).into_iter().map(move |weight| (level, weight))) {
            let linear = Linear::pack(level, weight.clone());
            prop_assert_eq!((linear.outputs(), linear.inputs()), (outputs, inputs));
            let out = linear.applied(&x);
            prop_assert_eq!(out.len(), rows * outputs);
            let exact = weight.to_f32();
            for (row, out) in x.chunks_exact(inputs).zip(out.chunks_exact(outputs)) {
                for (weights, out) in exact.chunks_exact(inputs).zip(out) {
                    let products: Vec<f64> = weights.iter().zip(row).map(|(a, b)| f64::from(*a) * f64::from(*b)).collect();
                    let size: f64 = products.iter().map(|product| product.abs()).sum();
                    prop_assert!((products.iter().sum::<f64>() - f64::from(*out)).abs() <= tolerance(level, size));
                }
                let alone = linear.applied(row);
                prop_assert_eq!(alone.iter().map(|number| number.to_bits()).collect::<Vec<_>>(), out.iter().map(|number| number.to_bits()).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn attention_is_the_mean_of_values_by_likeness(lengths in prop::collection::vec(1..30_usize, 1..4), seed in any::<u64>()) {
        let shape = Attention { heads: 6, kv_heads: 2, head_dim: 10 };
        let queries = numbers(lengths.len() * 60, seed, 1.0);
        let kept: Vec<[Vec<f32>; 2]> = lengths.iter().map(|length| [1, 2].map(|which| numbers(length * 20, seed ^ which, 1.0))).collect();
        let histories: Vec<History> = kept.iter().map(|[keys, values]| History { keys, values }).collect();
        let out = shape.apply(&queries, &histories);
        for (at, out) in out.chunks_exact(10).enumerate() {
            let ([keys, values], query, begin) = (&kept[at / 6], &queries[at * 10..(at + 1) * 10], at % 6 / 3 * 10);
            let part = |token: &[f32]| token[begin..begin + 10].iter().map(|number| f64::from(*number)).collect::<Vec<f64>>();
            let like = |key: Vec<f64>| (key.iter().zip(query).map(|(a, b)| a * f64::from(*b)).sum::<f64>() / 10_f64.sqrt()).exp();
            let weights: Vec<f64> = keys.chunks_exact(20).map(|key| like(part(key))).collect();
            for (i, out) in out.iter().enumerate() {
                let sum: f64 = weights.iter().zip(values.chunks_exact(20)).map(|(weight, value)| weight * part(value)[i]).sum();
                prop_assert!((sum / weights.iter().sum::<f64>() - f64::from(*out)).abs() < 1e-5);
            }
        }
    }

    #[test]
    fn turning_keeps_lengths_and_tells_only_distances(seed in any::<u64>(), (a, b, shift) in (0..500_usize, 0..500_usize, 0..500_usize)) {
        let turned = |position: usize, seed: u64| {
            let mut head = numbers(8, seed, 1.0);
            Rope::new(8, 10_000.0, &[position]).apply(&mut head, 1);
            head
        };
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum::<f64>();
        let here = dot(&turned(a, seed), &turned(b, seed ^ 9));
        let there = dot(&turned(a + shift, seed), &turned(b + shift, seed ^ 9));
        prop_assert!((here - there).abs() < 2e-3, "{} {}", here, there);
        let still = numbers(8, seed, 1.0);
        prop_assert!((dot(&turned(a, seed), &turned(a, seed)) - dot(&still, &still)).abs() < 1e-4);
    }
}

#[test]
fn norms_and_gates_are_those_of_their_papers() {
    let mut rows = [3.0, 4.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0];
    rms_norm(&mut rows, &[1.0, 2.0, 1.0, 1.0], 0.0);
    assert_eq!(rows.map(|number| (number * 1000.0).round()), [1200.0, 3200.0, 0.0, 0.0, 1000.0, 2000.0, 1000.0, 1000.0]);
    let mut gate = [0.0, 1.0, -1.0, 100.0, -100.0];
    silu_mul(&mut gate, &[5.0, 2.0, 2.0, 2.0, 2.0]);
    assert_eq!(gate.map(|number| (number * 1000.0).round()), [0.0, 1462.0, -538.0, 200_000.0, 0.0]);
}

#[test]
fn a_level_is_forced_by_its_name() {
    for level in Level::ALL {
        assert_eq!(Level::named(level.name()), Ok(level));
    }
    assert!(Level::ALL.contains(&Level::best()));
    let error = Level::named("cuda").unwrap_err().to_string();
    assert!(error.starts_with("there is no kernel level \"cuda\"; there are: plain"), "{error}");
}
