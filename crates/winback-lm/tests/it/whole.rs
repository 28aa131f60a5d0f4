//! A whole model that learns: gradients are those of finite differences, nothing depends on threads or on where a run was
//! broken off, and what is published is loaded as what learned.
use crate::finetune::drawn;
use winback_lm::finetune::{
    Batch, BatchError, Lesson, Memory, Sample, State, Teaching, Weights, WholeRecipe, WholeRun, WholeWeights, Workspace, loss,
    whole_gradients,
};
use winback_lm::kernels::{Level, Numerics, Precision};
use winback_lm::{CONTROL, ChatTemplate, Config, Model, Tokens, publish, train_tokens};

fn shape(tied: bool) -> Config {
    Config {
        vocab_size: 48,
        hidden_size: 32,
        intermediate_size: 40,
        layers: 2,
        heads: 4,
        kv_heads: 2,
        head_dim: 8,
        rms_norm_eps: 1e-6,
        rope_theta: 1e4,
        tied,
        context: 64,
        eos: vec![2],
    }
}

pub fn samples(count: usize) -> Vec<Sample> {
    let sample = |at: usize| {
        let tokens: Vec<u32> = (0..9 + at % 5).map(|token| ((token * token * 7 + at * 13 + 3) % 48) as u32).collect();
        Sample { learned: (0..tokens.len()).map(|token| token > 2).collect(), tokens }
    };
    (0..count).map(sample).collect()
}

/// Returns weights whose every number matters: norms are not 1, matrices are not small.
pub fn weights(tied: bool) -> WholeWeights {
    let mut weights = WholeWeights::begin(&shape(tied), 5);
    let shrinks = weights.shrinks();
    for (at, (slice, matrix)) in weights.slices_mut().into_iter().zip(shrinks).enumerate() {
        let noise = drawn(slice.len(), at as u64 + 1);
        slice.iter_mut().zip(noise).for_each(|(number, noise)| *number = if matrix { noise * 0.3 } else { 1.0 + noise * 0.3 });
    }
    weights
}

fn gradients_of(weights: &WholeWeights, numerics: Numerics, memory: Memory) -> (f64, WholeWeights) {
    let model = weights.model(numerics);
    let batch = Batch::new(&model, &samples(4)).unwrap();
    let mut found = weights.zeros();
    let teaching = Teaching { times: 1.0, dropout: 0.0, seed: 0, memory };
    let sum = whole_gradients(&model, &batch, teaching, (&mut found, &mut Workspace::new(&model))).unwrap();
    (sum, found)
}

#[test]
fn gradients_of_all_weights_are_those_of_finite_differences() {
    for (tied, level) in [true, false].into_iter().flat_map(|tied| Level::here().map(move |level| (tied, level))) {
        let numerics = Numerics { level, precision: Precision::F32 };
        let weights = weights(tied);
        let (_, found) = gradients_of(&weights, numerics, Memory::Keep);
        let at = |weights: &WholeWeights| -> Result<f64, BatchError> {
            let model = weights.model(numerics);
            loss(&model, None, &Batch::new(&model, &samples(4))?, &mut Workspace::new(&model))
        };
        for (place, gradient) in found.slices().iter().enumerate().filter(|(_, gradient)| !gradient.is_empty()) {
            // Along the gradient the loss grows by its length; across it, drawn, by their product.
            let length = gradient.iter().map(|number| f64::from(*number).powi(2)).sum::<f64>().sqrt();
            let along: Vec<f32> = gradient.iter().map(|number| (f64::from(*number) / length) as f32).collect();
            let across: Vec<f32> =
                drawn(gradient.len(), place as u64 + 77).iter().map(|number| number / (gradient.len() as f32).sqrt()).collect();
            for direction in [along, across] {
                let expected: f64 = direction.iter().zip(*gradient).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
                let moved = |by: f32| {
                    let mut moved = weights.clone();
                    moved.slices_mut()[place].iter_mut().zip(&direction).for_each(|(number, step)| *number += by * step);
                    at(&moved).unwrap()
                };
                let step = 4e-3;
                let slope = (moved(step) - moved(-step)) / f64::from(2.0 * step);
                assert!(
                    (slope - expected).abs() < 0.02 * length.max(0.05),
                    "tied {tied} {level} list {place}: {slope} {expected} {length}"
                );
            }
        }
    }
}

#[test]
fn memory_threads_and_the_cut_into_batches_teach_the_same() {
    for (level, precision) in Level::here().flat_map(|level| [Precision::F32, Precision::Bf16].map(|precision| (level, precision))) {
        let numerics = Numerics { level, precision };
        let with = |memory: Memory, threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| gradients_of(&weights(true), numerics, memory))
        };
        let first = with(Memory::Keep, 1);
        for (memory, threads) in [(Memory::Recompute, 1), (Memory::Keep, 2), (Memory::Recompute, 3)] {
            assert!(with(memory, threads) == first, "{numerics:?} {memory:?} {threads}");
        }
    }
}

fn lesson() -> Lesson {
    Lesson { learned_from: samples(60), kept_back: samples(5) }
}

fn recipe() -> WholeRecipe {
    WholeRecipe { learning_rate: 2e-2, tokens_per_step: 60, tokens_at_once: 30, epochs: 20, trials: 4, ..WholeRecipe::default() }
}

#[test]
fn a_run_learns_and_goes_on_where_it_stopped_with_the_same_bytes() {
    let (lesson, recipe, config) = (lesson(), recipe(), shape(true));
    let identity = WholeRun::identity(&config, Numerics::PLAIN, &lesson, &recipe);
    let mut run = WholeRun::begin(&config, Numerics::PLAIN, &lesson, &recipe).unwrap();
    let beginning = run.state().clone();
    let mut kept = Vec::new();
    while let Some(step) = run.step().unwrap() {
        if step.step == 5 {
            kept = run.state().to_bytes(&identity).unwrap();
        }
    }
    let state = run.state();
    let (first, last) = (state.losses()[0], *state.losses().last().unwrap());
    assert!(first > 3.5 && last < 0.5 * first, "{first} {last}");
    assert_eq!(state.trials().len(), 4);
    assert_eq!(run.tokens_from(run.steps()), 0);
    let resumed = State::from_bytes(&kept, &identity, &beginning).unwrap();
    let mut again = WholeRun::resume(Numerics::PLAIN, &lesson, &recipe, resumed).unwrap();
    while again.step().unwrap().is_some() {}
    assert!(again.state() == state);
    let other = WholeRecipe { seed: 9, ..recipe.clone() };
    let other = WholeRun::identity(&config, Numerics::PLAIN, &lesson, &other);
    assert!(State::from_bytes(&kept, &other, &beginning).is_err());
}

#[test]
fn what_is_published_is_what_learned() {
    let texts =
        ["Subject: hello\n\nDear {{first_name}},\n\n{{offer.promise}}", "主旨：您好\n\n{{first_name}} 您好：\n\n「{{offer.name}}」"];
    let tokenizer = train_tokens(texts.iter().cycle().take(40).copied(), 320).unwrap();
    let tokens = Tokens::parse(&tokenizer, "tokenizer.json".as_ref()).unwrap();
    let ids: Vec<u32> = CONTROL.iter().map(|token| tokens.id(token).unwrap()).collect();
    let config = Config { vocab_size: 320, eos: vec![ids[2], ids[0]], ..shape(true) };
    let weights = WholeWeights::begin(&config, 3);
    let dir = tempfile::tempdir().unwrap();
    for (name, bytes) in publish::files(&weights, &tokenizer).unwrap() {
        std::fs::write(dir.path().join(name), bytes).unwrap();
    }
    let model = Model::load(dir.path(), Numerics::PLAIN).unwrap();
    assert_eq!(model.config(), &config);
    Tokens::load(&dir.path().join("tokenizer.json"), config.vocab_size, &config.eos).unwrap();
    ChatTemplate::load(dir.path()).unwrap();
    let samples = [Sample { tokens: vec![1, 7, 300, 12, 5], learned: vec![true; 5] }];
    let found = |model: &Model| loss(model, None, &Batch::new(model, &samples).unwrap(), &mut Workspace::new(model)).unwrap();
    let (learned, loaded) = (found(&weights.model(Numerics::PLAIN)), found(&model));
    assert!((learned - loaded).abs() < 2e-3, "{learned} {loaded}: but for bf16 the same");
    // Read back, the weights are those of the file, to the bit.
    let again = WholeWeights::load(dir.path(), &config).unwrap();
    assert_eq!(found(&again.model(Numerics::PLAIN)), loaded);
}
