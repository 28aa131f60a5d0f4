//! Fine-tuning: gradients, losses and weights are those of PyTorch, and do not depend on memory or threads.
use crate::fixtures::{Fixture, distance, fixtures, read};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use winback_lm::finetune::{
    AdamW, Batch, LoraWeights, Memory, Recipe, Sample, Schedule, Teaching, Weights, Workspace, clip, gradients, loss,
};
use winback_lm::kernels::{BackScratch, ByLooked, Inputs, Level, Linear, Looked, Numerics, Output, Precision};
use winback_lm::tensor::{self, Tensor};
use winback_lm::{Cache, Model, Piece, Want};

/// Which numbers are learned from, as the fixtures of transformers and PEFT keep them.
struct Theirs {
    fixture: Fixture,
    told: serde_json::Value,
    file: Vec<u8>,
    weights: LoraWeights,
}

impl Theirs {
    fn named(model: &str, run: &str, numerics: Numerics) -> Option<Self> {
        let dir = fixtures()?.join(model);
        let fixture = Fixture::computed(model, numerics)?;
        let weights = LoraWeights::load(&dir.join("adapter_a"), &fixture.model).unwrap();
        let told = read(&dir.join(format!("{run}.json")));
        let file = std::fs::read(dir.join(format!("{run}.safetensors"))).unwrap();
        Some(Self { fixture, told, file, weights })
    }

    fn ids(&self, name: &str) -> Vec<Vec<i64>> {
        let tensors = SafeTensors::deserialize(&self.file).unwrap();
        let tensor = tensors.tensor(name).unwrap();
        let ids: Vec<i64> = tensor.data().as_chunks::<8>().0.iter().map(|bytes| i64::from_le_bytes(*bytes)).collect();
        ids.chunks_exact(tensor.shape()[1]).map(<[i64]>::to_vec).collect()
    }

    /// Returns the texts of a (micro-)batch, without their padding.
    fn batch(&self, name: &str) -> Batch {
        let [tokens, mask, labels] = ["input_ids", "attention_mask", "labels"].map(|what| self.ids(&format!("{name}.{what}")));
        let sample = |row: usize| {
            let kept: Vec<usize> = (0..mask[row].len()).filter(|at| mask[row][*at] == 1).collect();
            assert!(kept.iter().enumerate().all(|(at, kept)| at == *kept), "padded behind");
            let tokens = kept.iter().map(|at| u32::try_from(tokens[row][*at]).unwrap()).collect();
            Sample { tokens, learned: kept.iter().map(|at| labels[row][*at] != -100).collect() }
        };
        Batch::new(&self.fixture.model, &(0..tokens.len()).map(sample).collect::<Vec<_>>()).unwrap()
    }

    /// Returns the weights that PyTorch had after a step, read from an adapter's directory made of them.
    fn theirs_after(&self, step: &str) -> LoraWeights {
        let dir = tempfile::tempdir().unwrap();
        let modules = self.modules(&format!("{step}.after"), &self.weights);
        let bytes: Vec<Vec<u8>> =
            modules.iter().map(|(_, numbers)| numbers.iter().flat_map(|number| number.to_le_bytes()).collect()).collect();
        let shape =
            |name: &str| SafeTensors::deserialize(&self.file).unwrap().tensor(&format!("{step}.after.{name}")).unwrap().shape().to_vec();
        let views = modules.iter().zip(&bytes).map(|((name, _), bytes)| (name, TensorView::new(Dtype::F32, shape(name), bytes).unwrap()));
        std::fs::write(dir.path().join("adapter_model.safetensors"), safetensors::serialize(views, None).unwrap()).unwrap();
        std::fs::copy(self.fixture.dir.join("adapter_a/adapter_config.json"), dir.path().join("adapter_config.json")).unwrap();
        LoraWeights::load(dir.path(), &self.fixture.model).unwrap()
    }

    /// Returns the numbers of all modules under a name, in the order of ours.
    fn modules(&self, prefix: &str, like: &LoraWeights) -> Vec<(String, Vec<f32>)> {
        let tensors = SafeTensors::deserialize(&self.file).unwrap();
        let numbers = |name: String| {
            let tensor = tensors.tensor(&format!("{prefix}.{name}")).unwrap();
            (name, tensor.data().as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
        };
        names(like).into_iter().map(numbers).collect()
    }
}

fn names(weights: &LoraWeights) -> Vec<String> {
    let name = |layer: usize, which: &str, half: &str| format!("base_model.model.model.layers.{layer}.{which}.lora_{half}.weight");
    weights.modules().flat_map(|(layer, which, _, _)| ["A", "B"].map(|half| name(layer, which.name(), half))).collect()
}

fn numbers(weights: &LoraWeights) -> Vec<Vec<f32>> {
    weights.modules().flat_map(|(_, _, a, b)| [a.to_f32(), b.to_f32()]).collect()
}

fn largest<'a>(numbers: impl IntoIterator<Item = &'a f32>) -> f32 {
    numbers.into_iter().fold(0.0, |most, number| most.max(number.abs()))
}

/// Holds gradients to 1e-5 of the largest entry of all.
fn same_gradients(run: &Theirs, prefix: &str, ours: &LoraWeights, what: &str) {
    let theirs = run.modules(prefix, ours);
    let most = largest(theirs.iter().flat_map(|(_, numbers)| numbers));
    for ((name, theirs), ours) in theirs.iter().zip(numbers(ours)) {
        let off = distance(theirs, &ours);
        assert!(off <= 1e-5 * most, "{what}: {name} is off by {off}, the largest entry is {most}");
    }
}

fn exact() -> impl Iterator<Item = (&'static str, Numerics)> {
    ["tied", "untied"].into_iter().flat_map(|name| Level::here().map(move |level| (name, Numerics { level, precision: Precision::F32 })))
}

fn teaching(batch_tokens: usize, memory: Memory) -> Teaching {
    Teaching { times: 1.0 / batch_tokens as f32, dropout: 0.0, seed: 0, memory }
}

#[test]
fn three_plain_steps_are_those_of_pytorch() {
    for (name, numerics) in exact() {
        let Some(run) = Theirs::named(name, "train_plain", numerics) else { return };
        let (model, mut weights) = (&run.fixture.model, run.weights.clone());
        let (mut adam, mut workspace) = (AdamW::new(&weights, 0.01), Workspace::new(model));
        for (at, told) in run.told["steps"].as_array().unwrap().iter().take(3).enumerate() {
            let (what, step) = (format!("{name} {numerics:?} step {}", at + 1), format!("step{}", at + 1));
            let batch = run.batch(&step);
            assert_eq!(batch.learned() as u64, told["label_tokens"].as_u64().unwrap());
            let mut found = weights.zeros();
            let sum =
                gradients(model, &weights, &batch, teaching(batch.learned(), Memory::Recompute), (&mut found, &mut workspace)).unwrap();
            let mean = sum / batch.learned() as f64;
            assert!((mean - told["loss"].as_f64().unwrap()).abs() <= 1e-5, "{what}: {mean} {told}");
            assert!((loss(model, Some(&weights), &batch, &mut workspace).unwrap() - sum).abs() < 1e-9);
            same_gradients(&run, &format!("{step}.grad"), &found, &what);
            let length = clip(&mut found.clone(), f64::INFINITY);
            assert!((length / told["grad_norm"].as_f64().unwrap() - 1.0).abs() < 1e-5, "{what}: {length} {told}");
            adam.step(&mut weights, &found, 1e-3);
            same_weights(&run, &step, (&weights, &found), &what);
            // Where a gradient is near 0 rounding decides the sign of Adam's first step: go on from their weights.
            weights = run.theirs_after(&step);
        }
        let batch = run.batch("step1");
        let mean = loss(model, Some(&weights), &batch, &mut Workspace::new(model)).unwrap() / batch.learned() as f64;
        assert!((mean - run.told["steps"][3]["loss"].as_f64().unwrap()).abs() <= 1e-5, "{name}: {mean}");
    }
}

/// Holds weights after a step where the gradient is not so near 0 that rounding decides its sign.
fn same_weights(run: &Theirs, step: &str, (ours, gradients): (&LoraWeights, &LoraWeights), what: &str) {
    for (((name, theirs), ours), gradients) in run.modules(&format!("{step}.after"), ours).iter().zip(numbers(ours)).zip(numbers(gradients))
    {
        for ((theirs, ours), gradient) in theirs.iter().zip(&ours).zip(&gradients) {
            assert!(gradient.abs() <= 1e-6 || (theirs - ours).abs() <= 2e-5, "{what}: {name}: {theirs} {ours}, gradient {gradient}");
        }
    }
}

#[test]
fn gathered_clipped_and_scheduled_steps_are_those_of_pytorch() {
    for (name, numerics) in exact() {
        let Some(run) = Theirs::named(name, "train_accum", numerics) else { return };
        let (model, mut weights) = (&run.fixture.model, run.weights.clone());
        let mut adam = AdamW::new(&weights, 0.01);
        let schedule = Schedule { peak: 2e-3, warmup: 1, steps: 4 };
        for (at, told) in run.told["steps"].as_array().unwrap().iter().enumerate() {
            let (what, step) = (format!("{name} {numerics:?} step {}", at + 1), format!("step{}", at + 1));
            let parts = ["micro1", "micro2"].map(|part| run.batch(&format!("{step}.{part}")));
            let tokens: usize = parts.iter().map(Batch::learned).sum();
            assert_eq!(tokens as u64, told["label_tokens"].as_u64().unwrap());
            let mut found = weights.zeros();
            let mut workspace = Workspace::new(model);
            let add = |batch| gradients(model, &weights, batch, teaching(tokens, Memory::Recompute), (&mut found, &mut workspace)).unwrap();
            let mean = parts.iter().map(add).sum::<f64>() / tokens as f64;
            assert!((mean - told["loss"].as_f64().unwrap()).abs() <= 1e-5, "{what}: {mean} {told}");
            let length = clip(&mut found, 1.0);
            assert!((length / told["grad_norm_before_clip"].as_f64().unwrap() - 1.0).abs() < 1e-5, "{what}: {length} {told}");
            let rate = schedule.rate(u32::try_from(at).unwrap());
            assert!((rate - told["lr"].as_f64().unwrap()).abs() < 1e-12, "{what}: {rate}");
            adam.step(&mut weights, &found, rate as f32);
            same_weights(&run, &step, (&weights, &found), &what);
        }
    }
}

#[test]
fn memory_and_threads_change_no_bit() {
    for precision in [Precision::F32, Precision::Bf16] {
        for level in Level::here() {
            let Some(run) = Theirs::named("tied", "train_plain", Numerics { level, precision }) else { return };
            let batch = run.batch("step1");
            // What one way leaves in memory changes nothing of the next.
            let mut workspace = Workspace::new(&run.fixture.model);
            let mut with = |memory: Memory, threads: usize| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                let mut found = run.weights.zeros();
                let teaching = Teaching { dropout: 0.25, seed: 7, ..teaching(batch.learned(), memory) };
                let into = (&mut found, &mut workspace);
                let sum = pool.install(|| gradients(&run.fixture.model, &run.weights, &batch, teaching, into)).unwrap();
                (sum.to_bits(), found)
            };
            let first = with(Memory::Recompute, 1);
            for (memory, threads) in [(Memory::Keep, 1), (Memory::Recompute, 2), (Memory::Keep, 3)] {
                assert!(with(memory, threads) == first, "{level} {precision:?} {memory:?} {threads}");
            }
        }
    }
}

#[test]
fn numbers_of_16_and_8_bits_teach_nearly_the_same() {
    for (precision, most) in [(Precision::Bf16, 0.03), (Precision::Int8, 0.12)] {
        for level in Level::here() {
            let (Some(exact), Some(run)) = (
                Theirs::named("untied", "train_plain", Numerics::PLAIN),
                Theirs::named("untied", "train_plain", Numerics { level, precision }),
            ) else {
                return;
            };
            let of = |run: &Theirs| {
                let (batch, mut found) = (run.batch("step1"), run.weights.zeros());
                let (teaching, mut workspace) = (teaching(batch.learned(), Memory::Keep), Workspace::new(&run.fixture.model));
                gradients(&run.fixture.model, &run.weights, &batch, teaching, (&mut found, &mut workspace)).unwrap();
                numbers(&found).concat()
            };
            let (exact, rounded) = (of(&exact), of(&run));
            let length = |numbers: &[f32]| numbers.iter().map(|number| f64::from(*number).powi(2)).sum::<f64>().sqrt();
            let apart: Vec<f32> = exact.iter().zip(&rounded).map(|(a, b)| a - b).collect();
            let off = length(&apart) / length(&exact);
            assert!(off < most, "{level} {precision:?}: gradients are off by {off} of their length");
        }
    }
}

/// What was learned is written with as it was learned.
#[test]
fn the_adapter_that_writes_is_the_one_that_learned() {
    let Some(run) = Theirs::named("tied", "train_plain", Numerics::PLAIN) else { return };
    let (model, weights) = (&run.fixture.model, &run.weights);
    let tokens = vec![7, 300, 41, 5, 99];
    let logits = |adapter| {
        let mut cache = Cache::new(model);
        let hidden = model.forward(&mut [Piece { cache: &mut cache, tokens: &tokens, adapter: Some(adapter), want: Want::All }]).unwrap();
        model.logits(&hidden.rows).unwrap()
    };
    let learned = weights.adapter(model);
    assert_eq!(logits(&learned), logits(&run.fixture.adapters[0]));
    let sample = Sample { tokens: tokens.clone(), learned: vec![false, true, true, false, true] };
    let batch = Batch::new(model, &[sample]).unwrap();
    let rows = logits(&run.fixture.adapters[0]);
    let surprise = |(at, token): (usize, usize)| {
        let row = &rows[at * 512..(at + 1) * 512];
        let sum: f64 = row.iter().map(|logit| f64::from(*logit).exp()).sum();
        sum.ln() - f64::from(row[token])
    };
    let expected: f64 = [(0, 300), (1, 41), (3, 99)].into_iter().map(surprise).sum();
    let found = loss(model, Some(weights), &batch, &mut Workspace::new(model)).unwrap();
    assert!((found - expected).abs() < 1e-4, "{found} {expected}");
}

#[test]
fn what_teaches_nothing_is_refused_by_its_place() {
    let Some(Fixture { model, .. }) = Fixture::named("tied") else { return };
    let refused = |tokens: Vec<u32>, learned: Vec<bool>| {
        let good = Sample { tokens: vec![1, 2], learned: vec![false, true] };
        Batch::new(&model, &[good, Sample { tokens, learned }]).unwrap_err().to_string()
    };
    let first = model.config().context + 1;
    assert_eq!(refused(vec![1, 2], vec![false]), "text 1 has 2 tokens and 1 flags of what is learned; each token needs one");
    assert_eq!(refused(vec![1, 2], vec![true, false]), "text 1 has no token to learn; its reply is empty, or all of it is masked");
    assert_eq!(refused(vec![], vec![]), "text 1 has no token to learn; its reply is empty, or all of it is masked");
    assert_eq!(refused(vec![1, 512], vec![false, true]), "text 1 has the token 512; the model has the tokens 0 to 511");
    assert!(refused(vec![1; first], vec![true; first]).starts_with(&format!("text 1 has {first} tokens; the model reads")));
}

/// The seed decides what an adapter begins with, and it begins by changing nothing.
#[test]
fn an_adapter_begins_by_changing_nothing() {
    let Some(fixture) = Fixture::named("untied") else { return };
    let config = winback_lm::adapter::AdapterConfig::load(&fixture.dir.join("adapter_b/adapter_config.json")).unwrap();
    let begin = |seed| LoraWeights::begin(&fixture.model, &config, seed).unwrap();
    let weights = begin(3);
    assert!(weights == begin(3) && weights != begin(4));
    assert_eq!(weights.modules().count(), 4, "two modules in each of two layers");
    let down = weights.modules().map(|(_, _, a, _)| a.to_f32()).collect::<Vec<_>>().concat();
    assert!(largest(&down) <= 0.125 && largest(&down) > 0.12, "within 1 / sqrt(64), and near it: {}", largest(&down));
    let batch = |model: &Model| Batch::new(model, &[Sample { tokens: vec![9, 8, 7], learned: vec![false, true, true] }]).unwrap();
    let model = &fixture.model;
    let mut workspace = Workspace::new(model);
    let mut of = |weights| loss(model, weights, &batch(model), &mut workspace).unwrap();
    assert_eq!(of(Some(&weights)), of(None));
}

/// Returns drawn numbers between −1 and 1.
pub fn drawn(count: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let next = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..count).map(next).collect()
}

fn naive(a: impl Fn(usize, usize) -> f32, b: impl Fn(usize, usize) -> f32, [rows, inner, columns]: [usize; 3]) -> Vec<f32> {
    let at = |row, column| (0..inner).map(|k| f64::from(a(row, k)) * f64::from(b(k, column))).sum::<f64>() as f32;
    (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column))).map(|(row, column)| at(row, column)).collect()
}

/// What is left out stays left out as long as the seed is the same, so that the loss is a function of the weights.
#[test]
fn gradients_with_numbers_left_out_are_those_of_finite_differences() {
    for level in Level::here() {
        let model = crate::whole::weights(true).model(Numerics { level, precision: Precision::F32 });
        let batch = Batch::new(&model, &crate::whole::samples(4)).unwrap();
        let recipe = Recipe { rank: 3, alpha: 6.0, ..Recipe::default() };
        let mut weights = LoraWeights::begin(&model, &recipe.config().unwrap(), 1).unwrap();
        for (at, slice) in weights.slices_mut().into_iter().enumerate() {
            let drawn = drawn(slice.len(), at as u64 + 1);
            slice.iter_mut().zip(drawn).for_each(|(number, drawn)| *number = 0.3 * drawn);
        }
        let with = |weights: &LoraWeights, dropout: f32, seed: u64| {
            let teaching = Teaching { times: 1.0, dropout, seed, memory: Memory::Recompute };
            let mut found = weights.zeros();
            (gradients(&model, weights, &batch, teaching, (&mut found, &mut Workspace::new(&model))).unwrap(), found)
        };
        let (sum, found) = with(&weights, 0.4, 11);
        assert_eq!(with(&weights, 0.4, 11).0, sum);
        assert!(with(&weights, 0.4, 12).0 != sum && with(&weights, 0.0, 11).0 != sum, "{level}: something is left out");
        for (place, gradient) in found.slices().into_iter().enumerate() {
            let length = gradient.iter().map(|number| f64::from(*number).powi(2)).sum::<f64>().sqrt();
            let along: Vec<f32> = gradient.iter().map(|number| (f64::from(*number) / length) as f32).collect();
            let across = drawn(gradient.len(), place as u64 + 77).iter().map(|number| number / (gradient.len() as f32).sqrt()).collect();
            for direction in [along, across] {
                let expected: f64 = direction.iter().zip(gradient).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
                let moved = |by: f32| {
                    let mut moved = weights.clone();
                    moved.slices_mut()[place].iter_mut().zip(&direction).for_each(|(number, step)| *number += by * step);
                    with(&moved, 0.4, 11).0
                };
                let slope = (moved(4e-3) - moved(-4e-3)) / 8e-3;
                assert!((slope - expected).abs() < 0.02 * length.max(0.05), "{level} list {place}: {slope} {expected} {length}");
            }
        }
    }
}

/// Returns the loss of attention in f64, the sum of what is taken times `by_taken`, with what the way back is told.
fn attended(looked: &mut Looked, [rows, heads, dim]: [usize; 3]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
    let of = |table: &[f32], at: usize| table[at * dim..(at + 1) * dim].to_vec();
    (looked.log_sums, looked.means) = (Vec::new(), Vec::new());
    let mut loss = 0.0;
    for query in 0..rows * heads {
        let scores: Vec<f64> =
            (0..=query / heads).map(|key| dot(&of(&looked.queries, query), &of(&looked.keys, key)) / (dim as f64).sqrt()).collect();
        let sum: f64 = scores.iter().map(|score| score.exp()).sum();
        let gradient = of(&looked.by_taken, query);
        let mean: f64 = scores.iter().enumerate().map(|(key, score)| score.exp() / sum * dot(&of(&looked.values, key), &gradient)).sum();
        looked.log_sums.push(sum.ln() as f32);
        looked.means.push(mean as f32);
        loss += mean;
    }
    loss
}

#[test]
fn the_way_back_through_attention_is_that_of_finite_differences() {
    for (level, (precision, most)) in
        Level::here().flat_map(|level| [(Precision::F32, 1e-3), (Precision::Bf16, 2e-2)].map(|how| (level, how)))
    {
        for [rows, heads, dim] in [[1, 1, 4], [5, 3, 6], [70, 2, 40], [150, 1, 8], [200, 2, 32]] {
            let drawn = |count: usize, seed| drawn(count * dim, seed);
            let (queries, keys, values) = (drawn(rows * heads, 1), drawn(rows, 2), drawn(rows, 3));
            let mut looked = Looked { queries, keys, values, by_taken: drawn(rows * heads, 4), ..Looked::default() };
            attended(&mut looked, [rows, heads, dim]);
            let mut found = ByLooked::default();
            // What was computed before in the same room, with more rows, leaves nothing behind.
            let mut scratch = BackScratch::default();
            let more =
                Looked { queries: vec![1.0; 300 * dim], keys: vec![1.0; 300 * dim], values: vec![1.0; 300 * dim], ..Looked::default() };
            let more = Looked { by_taken: vec![1.0; 300 * dim], log_sums: vec![1.0; 300], means: vec![1.0; 300], ..more };
            more.back((level, precision), dim, &mut found, &mut scratch);
            looked.back((level, precision), dim, &mut found, &mut scratch);
            for which in 0..3 {
                let gradient = [&found.queries, &found.keys, &found.values][which];
                let length = gradient.iter().map(|number| f64::from(*number).powi(2)).sum::<f64>().sqrt();
                for seed in [0, 9] {
                    // Along the gradient first, then anywhere.
                    let anywhere = self::drawn(gradient.len(), seed);
                    let direction: Vec<f64> = match seed {
                        0 => gradient.iter().map(|number| f64::from(*number) / length.max(1e-9)).collect(),
                        _ => anywhere.iter().map(|number| f64::from(*number) / (gradient.len() as f64).sqrt()).collect(),
                    };
                    let expected: f64 = direction.iter().zip(gradient).map(|(a, b)| a * f64::from(*b)).sum();
                    let moved = |by: f64| {
                        let mut moved = looked.clone();
                        let table = match which {
                            0 => &mut moved.queries,
                            1 => &mut moved.keys,
                            _ => &mut moved.values,
                        };
                        table.iter_mut().zip(&direction).for_each(|(number, step)| *number += (by * step) as f32);
                        attended(&mut moved, [rows, heads, dim])
                    };
                    let slope = (moved(1e-2) - moved(-1e-2)) / 2e-2;
                    let what = format!("{level} {precision:?} {rows} {heads} {dim}, {which}: {slope} {expected} {length}");
                    assert!((slope - expected).abs() < most * length.max(0.1) + 1e-4, "{what}");
                }
            }
        }
    }
}

/// What is added up over rows: the columns of some times the columns of others, as gradients by weights are.
#[test]
fn sums_over_rows_are_those_by_hand() {
    for (level, (precision, most)) in
        Level::here().flat_map(|level| [(Precision::F32, 1e-4), (Precision::Bf16, 0.05)].map(|how| (level, how)))
    {
        let (mut columns, mut turned) = (Linear::room(level), Inputs::default());
        for [rows, left, right] in [[130, 70, 40], [1, 1, 1], [3, 5, 33], [66, 16, 200], [7, 9, 4]] {
            let (a, b) = (drawn(rows * left, 1), drawn(rows * right, 2));
            let expected = naive(|r, k| a[k * left + r], |k, c| b[k * right + c], [left, rows, right]);
            columns.of_columns(&Inputs::new(&b, right, precision));
            turned.turn(&Inputs::new(&a, left, precision));
            let mut out = vec![0.5; left * right];
            columns.apply_to(&turned, 0..left, Output { table: &mut out, stride: right, add: Some(1.0) });
            out.iter_mut().for_each(|number| *number -= 0.5);
            let off = distance(&out, &expected) / (rows as f32).sqrt();
            assert!(off < most, "{level} {precision:?} {rows} {left} {right}: {off}");
        }
    }
}

#[test]
fn some_outputs_of_a_weight_go_back_alone() {
    for level in Level::here() {
        let mut turned = Linear::room(level);
        for precision in [Precision::F32, Precision::Bf16, Precision::Int8] {
            let (rows, outputs, inputs) = (3, 150, 70);
            let weight = drawn(outputs * inputs, 3);
            let tensor = Tensor::new(outputs, inputs, tensor::Numbers::F32(weight.clone())).unwrap();
            let linear = Linear::pack(Numerics { level, precision }, &[&tensor]);
            for some in [0..150, 32..96, 64..150, 5..41, 149..150, 0..128] {
                let y = drawn(rows * some.len(), 4);
                let expected =
                    naive(|r, k| y[r * some.len() + k], |k, c| weight[(some.start + k) * inputs + c], [rows, some.len(), inputs]);
                turned.turn(&linear, some.clone());
                assert_eq!([turned.outputs(), turned.inputs()], [inputs, some.len()]);
                let off = distance(&turned.apply(&y), &expected) / (outputs as f32).sqrt();
                assert!(off < 0.03, "{level} {precision:?} {some:?}: {off}");
            }
        }
    }
}

#[test]
fn a_packed_weight_goes_back_as_it_came() {
    for level in Level::here() {
        for (precision, most) in [(Precision::F32, 1e-5), (Precision::Bf16, 0.02), (Precision::Int8, 0.03)] {
            for [rows, outputs, inputs] in [[1, 1, 1], [5, 33, 7], [70, 64, 96], [250, 130, 31]] {
                let weight = drawn(outputs * inputs, 3);
                let tensor = Tensor::new(outputs, inputs, tensor::Numbers::F32(weight.clone())).unwrap();
                let linear = Linear::pack(Numerics { level, precision }, &[&tensor]);
                let y = drawn(rows * outputs, 4);
                let expected = naive(|r, k| y[r * outputs + k], |k, c| weight[k * inputs + c], [rows, outputs, inputs]);
                let off = distance(&linear.apply_back(&y), &expected) / (outputs as f32).sqrt();
                assert!(off < most, "{level} {precision:?} {rows} {outputs} {inputs}: {off}");
            }
        }
    }
}
