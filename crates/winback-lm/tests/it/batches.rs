//! Laws of a batch: a sequence's numbers are its own, bit for bit, whatever else is computed with it.
use crate::tiny::{chain, lora, lora_config, write_json, write_model, write_tensors};
use proptest::prelude::*;
use safetensors::Dtype;
use std::sync::LazyLock;
use winback_lm::kernels::Level;
use winback_lm::{Adapter, Cache, ForwardError, Model, Piece, Want};

struct Writers {
    model: Model,
    adapters: Vec<Adapter>,
}

static WRITERS: LazyLock<Writers> = LazyLock::new(|| {
    let dir = tempfile::tempdir().unwrap();
    write_model(dir.path(), Dtype::BF16);
    let model = Model::load(dir.path(), Level::Plain).unwrap();
    let (all, some) = ([("self_attn.q_proj", 36, 20), ("mlp.down_proj", 20, 23)], [("self_attn.v_proj", 18, 20)]);
    let load = |name: &str, projections: &[(&str, usize, usize)]| {
        let dir = dir.path().join(name);
        let targets: Vec<&str> = projections.iter().map(|(name, _, _)| *name).collect();
        write_json(&dir, "adapter_config.json", &lora_config(&targets));
        write_tensors(&dir.join("adapter_model.safetensors"), &lora(projections, 5));
        Adapter::load(&dir, &model).unwrap()
    };
    let adapters = vec![load("a", &all), load("b", &some)];
    Writers { model, adapters }
});

/// A text and the number of its writer: 0 for the base, then the adapters.
type Text = (Vec<u32>, usize);

fn texts() -> impl Strategy<Value = Vec<Text>> {
    prop::collection::vec((prop::collection::vec(0..37_u32, 1..12), 0..3_usize), 1..7)
}

fn adapter(writer: usize) -> Option<&'static Adapter> {
    writer.checked_sub(1).map(|at| &WRITERS.adapters[at])
}

/// Returns the rows of each text, computed in one step.
fn together(texts: &[Text], caches: &mut [Cache]) -> Vec<Vec<f32>> {
    let pieces = texts.iter().zip(caches);
    let mut pieces: Vec<Piece> =
        pieces.map(|((tokens, writer), cache)| Piece { cache, tokens, adapter: adapter(*writer), want: Want::All }).collect();
    let hidden = WRITERS.model.forward(&mut pieces).unwrap();
    hidden.of_piece.iter().map(|rows| hidden.rows[rows.start * 20..rows.end * 20].to_vec()).collect()
}

fn alone(text: &Text) -> Vec<f32> {
    together(std::slice::from_ref(text), &mut [Cache::new(WRITERS.model.config())]).remove(0)
}

fn bits(rows: &[f32]) -> Vec<u32> {
    rows.iter().map(|number| number.to_bits()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_text_is_the_same_alone_and_in_any_batch(texts in texts()) {
        let mut caches = vec![Cache::new(WRITERS.model.config()); texts.len()];
        for (text, rows) in texts.iter().zip(together(&texts, &mut caches)) {
            prop_assert_eq!(bits(&rows), bits(&alone(text)));
        }
    }

    #[test]
    fn a_prompt_may_be_read_in_parts(text in prop::collection::vec(0..37_u32, 2..20), cut in 1..19_usize, writer in 0..3_usize) {
        let cut = cut.min(text.len() - 1);
        let whole = alone(&(text.clone(), writer));
        let mut cache = [Cache::new(WRITERS.model.config())];
        let mut rows = together(&[(text[..cut].to_vec(), writer)], &mut cache).remove(0);
        for token in &text[cut..] {
            rows.extend(together(&[(vec![*token], writer)], &mut cache).remove(0));
        }
        prop_assert_eq!(bits(&rows), bits(&whole));
        // Forgotten tokens leave nothing behind.
        cache[0].truncate(cut);
        prop_assert_eq!(cache[0].len(), cut);
        let other: Vec<u32> = text.iter().map(|token| 36 - token).collect();
        let again = together(&[(other[cut..].to_vec(), writer)], &mut cache).remove(0);
        let expected = alone(&([&text[..cut], &other[cut..]].concat(), writer));
        prop_assert_eq!(bits(&again), bits(&expected[cut * 20..]));
    }

    #[test]
    fn threads_change_nothing(texts in texts()) {
        let run = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| together(&texts, &mut vec![Cache::new(WRITERS.model.config()); texts.len()]))
        };
        let (one, three) = (run(1), run(3));
        prop_assert_eq!(one, three);
    }
}

#[test]
fn rows_come_back_as_asked_and_in_the_order_of_the_pieces() {
    let model = &WRITERS.model;
    let mut caches = vec![Cache::new(model.config()); 3];
    let texts: [Text; 3] = [(vec![1, 2, 3], 1), (vec![4, 5], 0), (vec![6, 7, 8, 9], 1)];
    let wants = [Want::All, Want::Nothing, Want::Last];
    let pieces = texts.iter().zip(&mut caches).zip(wants);
    let mut pieces: Vec<Piece> =
        pieces.map(|(((tokens, writer), cache), want)| Piece { cache, tokens, adapter: adapter(*writer), want }).collect();
    let hidden = model.forward(&mut pieces).unwrap();
    assert_eq!(hidden.of_piece, [0..3, 3..3, 3..4]);
    assert_eq!(hidden.rows[..60], alone(&texts[0]));
    assert_eq!(hidden.rows[60..], alone(&texts[2])[60..]);
    assert_eq!(caches.iter().map(Cache::len).collect::<Vec<_>>(), [3, 2, 4]);
    // An adapter changes what it writes.
    assert_ne!(alone(&(vec![1, 2, 3], 0)), alone(&texts[0]));
    assert!(model.forward(&mut []).unwrap().rows.is_empty());
}

#[test]
fn a_step_that_cannot_be_taken_changes_nothing() {
    let model = &WRITERS.model;
    let check = |tokens: &[u32], expected: &ForwardError, text: &str| {
        let (mut fine, mut cache) = (Cache::new(model.config()), Cache::new(model.config()));
        let first = Piece { cache: &mut fine, tokens: &[1], adapter: None, want: Want::Last };
        let second = Piece { cache: &mut cache, tokens, adapter: None, want: Want::Last };
        let error = model.forward(&mut [first, second]).unwrap_err();
        assert_eq!((&error, chain(&error).as_str()), (expected, text));
        assert!(fine.is_empty() && cache.is_empty());
    };
    check(&[], &ForwardError::NoTokens { piece: 1 }, "piece 1 of the batch has no tokens; a prompt needs at least one");
    let unknown = ForwardError::UnknownToken { piece: 1, token: 37, last: 36 };
    check(&[3, 37], &unknown, "piece 1 of the batch has the token 37; the model has the tokens 0 to 36");
    let long = ForwardError::TooLong { piece: 1, length: 65, context: 64 };
    check(&[0; 65], &long, "piece 1 of the batch would make its sequence 65 tokens long; the model reads 64");

    let dir = tempfile::tempdir().unwrap();
    write_model(dir.path(), Dtype::F32);
    let other = Model::load(dir.path(), Level::Plain).unwrap();
    let mut cache = Cache::new(model.config());
    let piece = Piece { cache: &mut cache, tokens: &[1], adapter: adapter(1), want: Want::Last };
    assert_eq!(other.forward(&mut [piece]).unwrap_err(), ForwardError::AnotherBase { piece: 0 });
}
