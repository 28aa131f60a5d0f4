//! Equal to transformers and PEFT: hidden states and logits within 1e-4 in f32, greedy texts token by token.
use crate::fixtures::{Fixture, distance, read};
use winback_lm::kernels::{Level, Numerics, Precision};
use winback_lm::{Adapter, Cache, Config, Model, Piece, Want};

const TOLERANCE: f32 = 1e-4;
const MODELS: [&str; 2] = ["tied", "untied"];

/// Returns every model with every level of this machine, in f32.
fn exact() -> impl Iterator<Item = (&'static str, Fixture)> {
    let both = MODELS.into_iter().flat_map(|name| Level::here().map(move |level| (name, Numerics { level, precision: Precision::F32 })));
    both.filter_map(|(name, numerics)| Some((name, Fixture::computed(name, numerics)?)))
}

/// Returns the logits of all rows of some texts, each with its adapter.
fn logits(model: &Model, texts: &[Vec<u32>], adapters: &[Option<&Adapter>], want: Want) -> Vec<f32> {
    let mut caches = vec![Cache::new(model); texts.len()];
    let pieces = caches.iter_mut().zip(texts).zip(adapters);
    let mut pieces: Vec<Piece> = pieces.map(|((cache, tokens), adapter)| Piece { cache, tokens, adapter: *adapter, want }).collect();
    let hidden = model.forward(&mut pieces).unwrap();
    model.logits(&hidden.rows).unwrap()
}

#[test]
fn hidden_states_are_those_of_transformers() {
    for (name, fixture) in exact() {
        let texts = fixture.ids("input_ids");
        let states: Vec<_> = texts.iter().map(|text| fixture.model.hidden_states(text, None).unwrap()).collect();
        assert_eq!(states[0].len(), 3);
        for layer in 0..3 {
            let ours: Vec<f32> = states.iter().flat_map(|state| state[layer].clone()).collect();
            let off = distance(&ours, &fixture.numbers(&format!("hidden.{layer}")));
            assert!(off <= TOLERANCE, "{name}: hidden.{layer} is off by {off}");
        }
    }
}

#[test]
fn logits_are_those_of_transformers_and_peft() {
    for (name, fixture) in exact() {
        let texts = fixture.ids("input_ids");
        for (writer, adapter) in fixture.writers() {
            let ours = logits(&fixture.model, &texts, &[adapter, adapter], Want::All);
            let off = distance(&ours, &fixture.numbers(&format!("logits.{writer}")));
            assert!(off <= TOLERANCE, "{name}: logits.{writer} is off by {off}");
        }
    }
}

#[test]
fn texts_of_different_length_need_no_padding() {
    for (name, fixture) in exact() {
        let (padded, mask) = (fixture.ids("padded_input_ids"), fixture.ids("padded_attention_mask"));
        let kept = |(row, mask): (&Vec<u32>, &Vec<u32>)| row.iter().zip(mask).filter(|(_, kept)| **kept == 1).map(|(id, _)| *id).collect();
        let texts: Vec<Vec<u32>> = padded.iter().zip(&mask).map(kept).collect();
        assert_eq!(texts.iter().map(Vec::len).collect::<Vec<_>>(), [5, 9, 12]);
        for (writer, adapter) in fixture.writers() {
            let ours = logits(&fixture.model, &texts, &[adapter; 3], Want::Last);
            let off = distance(&ours, &fixture.numbers(&format!("padded_last_logits.{writer}")));
            assert!(off <= TOLERANCE, "{name}: padded_last_logits.{writer} is off by {off}");
        }
    }
}

#[test]
fn adapters_mix_in_one_batch() {
    for (name, fixture) in exact() {
        let [a, b, c] = [0, 1, 2].map(|at| Some(&fixture.adapters[at]));
        let ours = logits(&fixture.model, &fixture.ids("mixed_input_ids"), &[None, a, b, c, a], Want::All);
        let off = distance(&ours, &fixture.numbers("mixed_logits"));
        assert!(off <= TOLERANCE, "{name}: mixed_logits is off by {off}");
    }
}

#[test]
fn greedy_texts_are_those_of_transformers() {
    for (name, fixture) in exact() {
        let greedy = read(&fixture.dir.join("greedy.json"));
        let ids = |value: &serde_json::Value| -> Vec<u32> { serde_json::from_value(value.clone()).unwrap() };
        for prompt in ["prompt", "prompt2"] {
            for (writer, adapter) in fixture.writers() {
                let expected = ids(&greedy[format!("{prompt}.{writer}")]["tokens"]);
                assert_eq!(expected.len(), 32);
                let ours = greedily(&fixture.model, &ids(&greedy[prompt]), adapter, expected.len());
                assert_eq!(ours, expected, "{name}: {prompt} by {writer}");
            }
        }
    }
}

fn greedily(model: &Model, prompt: &[u32], adapter: Option<&Adapter>, length: usize) -> Vec<u32> {
    let mut cache = Cache::new(model);
    let (mut said, mut next) = (Vec::new(), prompt.to_vec());
    while said.len() < length {
        let piece = Piece { cache: &mut cache, tokens: &next, adapter, want: Want::Last };
        let hidden = model.forward(&mut [piece]).unwrap();
        let logits = model.logits(&hidden.rows).unwrap();
        let likeliest = logits.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).unwrap().0 as u32;
        said.push(likeliest);
        next = vec![likeliest];
    }
    said
}

#[test]
fn both_layouts_of_the_configuration_say_the_same() {
    for name in MODELS {
        let Some(fixture) = Fixture::named(name) else { return };
        let config = Config::load(&fixture.dir.join("config.hub.json")).unwrap();
        assert_eq!(config, *fixture.model.config());
        assert_eq!(config.tied, name == "tied");
        let again = Model::with_config(&fixture.dir, config, Numerics::PLAIN).unwrap();
        assert_eq!(again.digest(), fixture.model.digest());
        let texts = fixture.ids("input_ids");
        let both = [&again, &fixture.model].map(|model| logits(model, &texts, &[None, None], Want::Last));
        assert_eq!(both[0], both[1]);
    }
}

#[test]
fn texts_end_where_either_configuration_says() {
    let dir = tempfile::tempdir().unwrap();
    crate::tiny::write_model(dir.path(), safetensors::Dtype::F32);
    let ends = || Model::load(dir.path(), Numerics::PLAIN).unwrap().config().eos.clone();
    assert_eq!(ends(), [2, 5]);
    crate::tiny::write_json(dir.path(), "generation_config.json", &serde_json::json!({ "eos_token_id": [5, 9] }));
    assert_eq!(ends(), [2, 5, 9]);
}

/// Returns how far logits are from the exact ones, relative to their size, and how often the likeliest token is the same.
fn likeness(ours: &[f32], exact: &[f32], vocabulary: usize) -> (f64, f64) {
    let square = |numbers: &mut dyn Iterator<Item = f32>| numbers.map(|number| f64::from(number).powi(2)).sum::<f64>();
    let off = square(&mut ours.iter().zip(exact).map(|(a, b)| a - b)) / square(&mut exact.iter().copied());
    let likeliest = |row: &[f32]| row.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).map(|(at, _)| at);
    let rows = || ours.chunks_exact(vocabulary).zip(exact.chunks_exact(vocabulary));
    let same = rows().filter(|(a, b)| likeliest(a) == likeliest(b)).count();
    (off.sqrt(), same as f64 / rows().count() as f64)
}

#[test]
fn shorter_numbers_stay_near() {
    for (precision, most, least) in [(Precision::Bf16, 0.02, 0.95), (Precision::Int8, 0.05, 0.9)] {
        for (name, level) in MODELS.into_iter().flat_map(|name| Level::here().map(move |level| (name, level))) {
            let Some(fixture) = Fixture::computed(name, Numerics { level, precision }) else { return };
            let texts = fixture.ids("input_ids");
            for (writer, adapter) in fixture.writers() {
                let ours = logits(&fixture.model, &texts, &[adapter, adapter], Want::All);
                let (off, same) = likeness(&ours, &fixture.numbers(&format!("logits.{writer}")), 512);
                assert!(off <= most && same >= least, "{name}, {precision:?}, {level}, {writer}: off by {off:.4}, {same} the same");
            }
        }
    }
}

#[test]
fn a_text_means_the_row_of_its_last_token() {
    for (name, fixture) in exact() {
        let texts = fixture.ids("input_ids");
        let slices: Vec<&[u32]> = texts.iter().map(Vec::as_slice).collect();
        let ours = fixture.model.embed(&slices, None, None).unwrap();
        let (last, width) = (fixture.numbers("hidden.2"), fixture.model.config().hidden_size);
        for (at, (ours, rows)) in ours.iter().zip(last.chunks_exact(texts[0].len() * width)).enumerate() {
            let row = &rows[rows.len() - width..];
            let length = row.iter().map(|number| number * number).sum::<f32>().sqrt();
            let expected: Vec<f32> = row.iter().map(|number| number / length).collect();
            let off = distance(ours, &expected);
            assert!(off <= TOLERANCE, "{name}: text {at} is off by {off}");
        }
    }
}
