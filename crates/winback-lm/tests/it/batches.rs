//! Laws of a batch: a sequence's numbers are its own, bit for bit, whatever else is computed with it.
use crate::tiny::{chain, lora, lora_config, write_json, write_model, write_tensors};
use proptest::prelude::*;
use safetensors::Dtype;
use std::sync::Arc;
use std::sync::LazyLock;
use winback_lm::kernels::{Level, Numerics, Precision};
use winback_lm::{Adapter, Cache, ForwardError, Model, Piece, Prefix, Want};

struct Writers {
    model: Model,
    adapters: Vec<Adapter>,
}

/// A model for each way to compute that this machine has, the exact one first.
static ALL: LazyLock<Vec<Writers>> = LazyLock::new(|| {
    let precisions = [Precision::F32, Precision::Bf16, Precision::Int8];
    let all = precisions.into_iter().flat_map(|precision| Level::here().map(move |level| Numerics { level, precision }));
    all.map(writers).collect()
});

fn writers(numerics: Numerics) -> Writers {
    let dir = tempfile::tempdir().unwrap();
    write_model(dir.path(), Dtype::BF16);
    let model = Model::load(dir.path(), numerics).unwrap();
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
}

/// A text and the number of its writer: 0 for the base, then the adapters.
type Text = (Vec<u32>, usize);

fn texts() -> impl Strategy<Value = Vec<Text>> {
    prop::collection::vec((prop::collection::vec(0..37_u32, 1..12), 0..3_usize), 1..7)
}

impl Writers {
    fn adapter(&self, writer: usize) -> Option<&Adapter> {
        writer.checked_sub(1).map(|at| &self.adapters[at])
    }

    fn caches(&self, count: usize) -> Vec<Cache> {
        vec![Cache::new(&self.model); count]
    }

    /// Returns the rows of each text, computed in one step.
    fn together(&self, texts: &[Text], caches: &mut [Cache]) -> Vec<Vec<f32>> {
        let pieces = texts.iter().zip(caches);
        let mut pieces: Vec<Piece> =
            pieces.map(|((tokens, writer), cache)| Piece { cache, tokens, adapter: self.adapter(*writer), want: Want::All }).collect();
        let hidden = self.model.forward(&mut pieces).unwrap();
        hidden.of_piece.iter().map(|rows| hidden.rows[rows.start * 20..rows.end * 20].to_vec()).collect()
    }

    fn alone(&self, text: &Text) -> Vec<f32> {
        self.together(std::slice::from_ref(text), &mut self.caches(1)).remove(0)
    }

    fn prefix(&self, text: &Text) -> Arc<Prefix> {
        let mut caches = self.caches(1);
        self.together(std::slice::from_ref(text), &mut caches);
        caches.remove(0).into_prefix().unwrap()
    }
}

fn bits(rows: &[f32]) -> Vec<u32> {
    rows.iter().map(|number| number.to_bits()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn a_text_is_the_same_alone_and_in_any_batch(texts in texts(), at in 0..12_usize) {
        let writers = &ALL[at % ALL.len()];
        for (text, rows) in texts.iter().zip(writers.together(&texts, &mut writers.caches(texts.len()))) {
            prop_assert_eq!(bits(&rows), bits(&writers.alone(text)));
        }
    }

    #[test]
    fn a_prompt_may_be_read_in_parts(text in prop::collection::vec(0..37_u32, 2..50), cut in 1..49_usize, writer in 0..3_usize, at in 0..12_usize) {
        let writers = &ALL[at % ALL.len()];
        let cut = cut.min(text.len() - 1);
        let whole = writers.alone(&(text.clone(), writer));
        let mut cache = writers.caches(1);
        let mut rows = writers.together(&[(text[..cut].to_vec(), writer)], &mut cache).remove(0);
        for token in &text[cut..] {
            rows.extend(writers.together(&[(vec![*token], writer)], &mut cache).remove(0));
        }
        prop_assert_eq!(bits(&rows), bits(&whole));
        // Forgotten tokens leave nothing behind.
        cache[0].truncate(cut);
        prop_assert_eq!(cache[0].len(), cut);
        let other: Vec<u32> = text.iter().map(|token| 36 - token).collect();
        let again = writers.together(&[(other[cut..].to_vec(), writer)], &mut cache).remove(0);
        let expected = writers.alone(&([&text[..cut], &other[cut..]].concat(), writer));
        prop_assert_eq!(bits(&again), bits(&expected[cut * 20..]));
    }

    #[test]
    fn a_shared_beginning_is_read_as_if_it_were_each_text_s_own(
        beginning in prop::collection::vec(0..37_u32, 1..45), texts in texts(), writer in 0..3_usize, at in 0..12_usize
    ) {
        let writers = &ALL[at % ALL.len()];
        let prefix = writers.prefix(&(beginning.clone(), writer));
        prop_assert_eq!(prefix.len(), beginning.len());
        // Every other text shares the beginning; the rest is on its own.
        let texts: Vec<Text> = texts.into_iter().enumerate().map(|(at, (text, other))| (text, if at.is_multiple_of(2) { writer } else { other })).collect();
        let cache = |at: usize| if at.is_multiple_of(2) { Cache::after(&prefix, &writers.model, 4) } else { Cache::new(&writers.model) };
        let mut caches: Vec<Cache> = (0..texts.len()).map(cache).collect();
        let rows = writers.together(&texts, &mut caches);
        for (at, (text, rows)) in texts.iter().zip(&rows).enumerate() {
            let alone = writers.together(std::slice::from_ref(text), &mut [cache(at)]).remove(0);
            prop_assert_eq!(bits(rows), bits(&alone));
            if at.is_multiple_of(2) {
                prop_assert_eq!(caches[at].len(), beginning.len() + text.0.len());
                let whole = writers.alone(&([beginning.clone(), text.0.clone()].concat(), writer));
                let off = rows.iter().zip(&whole[beginning.len() * 20..]).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
                // Sums in another order round another way now and then; a step of 8 bits is wider than one of bf16.
                let allowed = match writers.model.numerics().precision {
                    Precision::F32 => 1e-4,
                    Precision::Bf16 => 0.3,
                    Precision::Int8 => 0.6,
                };
                prop_assert!(off < allowed, "{:?}: off by {}", writers.model.numerics(), off);
            }
        }
    }

    #[test]
    fn threads_change_nothing(texts in texts(), at in 0..12_usize) {
        let writers = &ALL[at % ALL.len()];
        let run = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| writers.together(&texts, &mut writers.caches(texts.len())))
        };
        let (one, three) = (run(1), run(3));
        prop_assert_eq!(one, three);
    }
}

#[test]
fn rows_come_back_as_asked_and_in_the_order_of_the_pieces() {
    let writers = &ALL[0];
    let model = &writers.model;
    let mut caches = vec![Cache::new(model); 3];
    let texts: [Text; 3] = [(vec![1, 2, 3], 1), (vec![4, 5], 0), (vec![6, 7, 8, 9], 1)];
    let wants = [Want::All, Want::Nothing, Want::Last];
    let pieces = texts.iter().zip(&mut caches).zip(wants);
    let mut pieces: Vec<Piece> =
        pieces.map(|(((tokens, writer), cache), want)| Piece { cache, tokens, adapter: writers.adapter(*writer), want }).collect();
    let hidden = model.forward(&mut pieces).unwrap();
    assert_eq!(hidden.of_piece, [0..3, 3..3, 3..4]);
    assert_eq!(hidden.rows[..60], writers.alone(&texts[0]));
    assert_eq!(hidden.rows[60..], writers.alone(&texts[2])[60..]);
    assert_eq!(caches.iter().map(Cache::len).collect::<Vec<_>>(), [3, 2, 4]);
    // An adapter changes what it writes.
    assert_ne!(writers.alone(&(vec![1, 2, 3], 0)), writers.alone(&texts[0]));
    assert!(model.forward(&mut []).unwrap().rows.is_empty());
}

#[test]
fn a_step_that_cannot_be_taken_changes_nothing() {
    let writers = &ALL[0];
    let model = &writers.model;
    let check = |tokens: &[u32], expected: &ForwardError, text: &str| {
        let (mut fine, mut cache) = (Cache::new(model), Cache::new(model));
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
    let other = Model::load(dir.path(), Numerics::PLAIN).unwrap();
    let mut cache = Cache::new(model);
    let piece = Piece { cache: &mut cache, tokens: &[1], adapter: writers.adapter(1), want: Want::Last };
    assert_eq!(other.forward(&mut [piece]).unwrap_err(), ForwardError::AnotherCache { piece: 0 });
    let mut cache = Cache::new(&other);
    let piece = Piece { cache: &mut cache, tokens: &[1], adapter: writers.adapter(1), want: Want::Last };
    assert_eq!(other.forward(&mut [piece]).unwrap_err(), ForwardError::AnotherBase { piece: 0 });
}
