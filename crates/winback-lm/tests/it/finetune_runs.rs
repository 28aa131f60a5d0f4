//! A run of fine-tuning: it learns, it goes on where it was broken off, and it refuses what cannot be.
use crate::finetune::drawn;
use crate::fixtures::Fixture;
use winback_core::digest::Digest;
use winback_lm::finetune::{CheckpointError, Lesson, LoraWeights, Recipe, Run, Sample, State, lesson_bytes, mean_loss, needed_bytes};

/// Returns texts in which one token always follows another, which a model can learn, by a seed.
pub fn lesson(texts: usize, seed: u64) -> Lesson {
    let sample = |at: usize| {
        let drawn = drawn(12, seed + at as u64);
        let start = 40 + (drawn[0].abs() * 60.0) as u32;
        let length = 5 + (drawn[1].abs() * 9.0) as u32;
        let tokens: Vec<u32> = (0..length).map(|step| 40 + (start + 7 * step) % 100).collect();
        Sample { learned: (0..tokens.len()).map(|at| at > 1).collect(), tokens }
    };
    Lesson { learned_from: (0..texts).map(sample).collect(), kept_back: (texts..texts + texts / 4).map(sample).collect() }
}

pub fn recipe() -> Recipe {
    let quick =
        Recipe { rank: 4, learning_rate: 0.02, epochs: 3, tokens_per_step: 60, tokens_at_once: 25, patience: 0, ..Recipe::default() };
    Recipe { dropout: 0.1, evaluations_per_epoch: 3, seed: 5, ..quick }
}

fn ended(mut run: Run) -> Vec<u8> {
    while run.step().unwrap().is_some() {}
    run.state().to_bytes(&Digest::of(b"run")).unwrap()
}

#[test]
fn what_follows_is_learned_and_the_best_is_kept() {
    let Some(Fixture { model, .. }) = Fixture::named("tied") else { return };
    let (lesson, recipe) = (lesson(60, 9), recipe());
    let mut run = Run::begin(&model, &lesson, &recipe).unwrap();
    let mut trials = Vec::new();
    while let Some(step) = run.step().unwrap() {
        assert!(step.loss.is_finite() && step.tokens > 0 && step.rate >= 0.0);
        trials.extend(step.trial);
    }
    let state = run.state();
    assert!(run.is_done() && state.steps() == run.steps() && trials.len() >= 7, "{trials:?}");
    let (before, best) = (state.trials()[0].1, state.best_trial().unwrap());
    assert!(best.1 < 0.6 * before, "from {before} to {}", best.1);
    let again = mean_loss(&model, Some(state.best()), &lesson.kept_back, 1000).unwrap();
    assert!((again - best.1).abs() < 1e-9, "the best weights are those of the best trial: {again} {best:?}");
}

/// The rate rises from 0: the only step must not be its first.
#[test]
fn a_run_of_one_step_learns() {
    let Some(Fixture { model, .. }) = Fixture::named("tied") else { return };
    let lesson = lesson(8, 2);
    for warmup in [0.05, 1.0] {
        let short = Recipe { epochs: 1, tokens_per_step: 10_000, warmup, ..recipe() };
        let mut run = Run::begin(&model, &lesson, &short).unwrap();
        let beginning = run.state().weights().clone();
        let step = run.step().unwrap().unwrap();
        assert!(run.is_done() && step.rate == short.learning_rate, "{step:?}");
        assert!(*run.state().weights() != beginning);
    }
}

#[test]
fn a_run_broken_off_anywhere_ends_with_the_same_bytes() {
    let Some(Fixture { model, .. }) = Fixture::named("tied") else { return };
    let (lesson, recipe) = (lesson(24, 2), recipe());
    let identity = Digest::of(b"run");
    let unbroken = ended(Run::begin(&model, &lesson, &recipe).unwrap());
    let steps = Run::begin(&model, &lesson, &recipe).unwrap().steps();
    for broken_after in 0..steps {
        let mut run = Run::begin(&model, &lesson, &recipe).unwrap();
        (0..broken_after).for_each(|_| assert!(run.step().unwrap().is_some()));
        let bytes = run.state().to_bytes(&identity).unwrap();
        let like = Run::begin(&model, &lesson, &recipe).unwrap();
        let state = State::from_bytes(&bytes, &identity, like.state()).unwrap();
        assert!(state == *run.state(), "after {broken_after}");
        assert!(ended(Run::resume(&model, &lesson, &recipe, state).unwrap()) == unbroken, "after {broken_after}");
    }
}

#[test]
fn a_checkpoint_that_is_damaged_or_of_another_run_is_refused() {
    let Some(Fixture { model, .. }) = Fixture::named("tied") else { return };
    let (lesson, recipe) = (lesson(8, 2), recipe());
    let run = Run::begin(&model, &lesson, &recipe).unwrap();
    let identity = Run::identity(&model, &lesson, &recipe);
    let bytes = run.state().to_bytes(&identity).unwrap();
    let read = |bytes: &[u8], identity: &Digest| State::from_bytes(bytes, identity, run.state());
    assert!(read(&bytes, &identity).unwrap() == *run.state());
    for at in (0..bytes.len()).step_by(bytes.len() / 40) {
        let mut wrong = bytes.clone();
        wrong[at] ^= 1;
        assert!(matches!(read(&wrong, &identity), Err(CheckpointError::Damaged { .. })), "byte {at}");
        assert!(matches!(read(&bytes[..at], &identity), Err(CheckpointError::Damaged { .. })), "cut at {at}");
    }
    for other in [Recipe { seed: 6, ..recipe.clone() }, Recipe { rank: 5, ..recipe.clone() }] {
        let other = Run::identity(&model, &lesson, &other);
        assert_eq!(read(&bytes, &other), Err(CheckpointError::AnotherRun));
    }
}

#[test]
fn learning_ends_when_nothing_becomes_better() {
    let Some(Fixture { model, .. }) = Fixture::named("tied") else { return };
    let lesson = lesson(24, 2);
    let hopeless = Recipe { learning_rate: 1e-9, patience: 2, epochs: 50, ..recipe() };
    let mut run = Run::begin(&model, &lesson, &hopeless).unwrap();
    while run.step().unwrap().is_some() {}
    assert!(run.state().steps() < run.steps(), "it ended before its {} steps", run.steps());
    let wild = Recipe { learning_rate: 1.0, clip: 1e9, weight_decay: 0.0, epochs: 40, ..recipe() };
    let mut run = Run::begin(&model, &lesson, &wild).unwrap();
    let last = loop {
        match run.step() {
            Ok(Some(_)) => {}
            other => break other,
        }
    };
    let best = run.state().best_trial().unwrap().1;
    assert!(best <= run.state().trials()[0].1, "the best is never worse than the beginning: {last:?}");
}

#[test]
fn a_recipe_that_cannot_be_is_refused_by_its_field() {
    let Some(Fixture { model, .. }) = Fixture::named("tied") else { return };
    let lesson = lesson(4, 2);
    let refused = |recipe: &Recipe| Run::begin(&model, &lesson, recipe).unwrap_err().to_string();
    assert_eq!(refused(&Recipe { rank: 0, ..recipe() }), "rank = 0 in the recipe; expected a number from 1 to 4096");
    assert!(refused(&Recipe { learning_rate: f64::NAN, ..recipe() }).starts_with("learning_rate = NaN in the recipe"));
    assert!(refused(&Recipe { targets: vec!["w_pack".into()], ..recipe() }).contains("targets \"w_pack\", which is none of q_proj"));
    let empty = Lesson { learned_from: Vec::new(), ..lesson.clone() };
    let said = Run::begin(&model, &empty, &recipe()).unwrap_err().to_string();
    assert_eq!(said, "there are no texts to learn from; an adapter needs both texts to learn from and texts kept back");
    let mut masked = lesson.clone();
    masked.kept_back[0].learned.fill(false);
    let said = Run::begin(&model, &masked, &recipe()).unwrap_err().to_string();
    assert_eq!(said, "of the texts kept back, text 0 has no token to learn; its reply is empty, or all of it is masked");
}

/// What is written is what PEFT reads, and what is read back.
#[test]
fn an_adapter_is_written_as_peft_writes_it() {
    let Some(Fixture { model, .. }) = Fixture::named("untied") else { return };
    let (lesson, recipe) = (lesson(8, 4), recipe());
    let mut run = Run::begin(&model, &lesson, &recipe).unwrap();
    run.step().unwrap();
    let weights = &run.state().weights().clone();
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("adapter_config.json"), recipe.peft_config("base")).unwrap();
    std::fs::write(dir.path().join("adapter_model.safetensors"), weights.to_peft().unwrap()).unwrap();
    assert!(LoraWeights::load(dir.path(), &model).unwrap() == *weights);
}

/// A beginning is kept for the adapter that read it, which its hash names.
#[test]
fn another_scale_is_another_adapter() {
    let Some(Fixture { model, .. }) = Fixture::named("untied") else { return };
    let begin = |alpha: f64| {
        let recipe = Recipe { alpha, ..recipe() };
        LoraWeights::begin(&model, &recipe.config().unwrap(), 1).unwrap().digest()
    };
    assert_eq!(begin(8.0), begin(8.0));
    assert_ne!(begin(8.0), begin(16.0), "the same numbers, told twice as loud");
}

/// Keys and values are made by matrices of one shape, so their numbers alone do not tell which they change.
#[test]
fn another_matrix_is_another_adapter() {
    let Some(Fixture { model, .. }) = Fixture::named("untied") else { return };
    let of = |target: &str| {
        let recipe = Recipe { targets: vec![target.to_owned()], ..recipe() };
        LoraWeights::begin(&model, &recipe.config().unwrap(), 1).unwrap().digest()
    };
    assert_ne!(of("k_proj"), of("v_proj"));
}

#[test]
fn what_texts_and_steps_take_is_planned() {
    let Lesson { learned_from, .. } = lesson(60, 9);
    let tokens: u64 = learned_from.iter().map(|text| text.tokens.len() as u64).sum();
    let planned = |epochs: u32, tokens_per_step: usize| lesson_bytes(&Recipe { epochs, tokens_per_step, ..recipe() }, &learned_from);
    assert!(planned(1, 1_000) > 10 * tokens, "each token stands with its flag in the class and in the lesson");
    // A step of each text: 60 steps an epoch leave a loss of eight bytes each, and no plan of their own.
    let more = planned(10_000, 1) - planned(1, 1);
    assert!((60 * 9_999 * 8..60 * 9_999 * 256).contains(&more), "{more}");
    assert!(planned(10_000, 1_000_000) < planned(10_000, 1) / 10, "few steps leave little");
}

#[test]
fn what_a_run_takes_is_planned() {
    let Some(Fixture { model, .. }) = Fixture::named("tied") else { return };
    let Lesson { learned_from, .. } = lesson(60, 9);
    let needed = |recipe: &Recipe| needed_bytes(model.config(), recipe, &learned_from, 2).unwrap();
    let (usual, kept) = (needed(&recipe()), needed(&Recipe { recompute: false, ..recipe() }));
    assert!(kept > usual, "what is not computed again is kept: {kept} {usual}");
    assert!(needed(&Recipe { tokens_at_once: 50, ..recipe() }) > usual);
    let all = Recipe { tokens_at_once: 1_000_000_000, ..recipe() };
    assert_eq!(needed(&all), needed(&Recipe { tokens_at_once: 100_000, ..recipe() }), "there are not as many tokens");
    let large = Recipe { rank: 4096, ..recipe() };
    // Seven matrices of two layers: each of its own inputs and outputs, 17 numbers for each weight.
    let weights: u64 = 2 * 4096 * (128 + 96 + 96 + 128 + 192 + 192 + 192);
    assert!(needed(&large) >= 4 * 17 * weights, "what a step computed in is still there while a checkpoint is made");
    assert!(needed_bytes(model.config(), &Recipe { targets: vec!["w".into()], ..recipe() }, &learned_from, 2).is_err());
}
