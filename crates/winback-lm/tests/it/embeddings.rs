//! Vectors of texts: each its own, of length 1, cut where asked.
use crate::fixtures::{Fixture, fixtures};
use crate::tiny::{stored, weights, write_json, write_tensors};
use proptest::prelude::*;
use safetensors::Dtype;
use std::cell::Cell;
use std::sync::LazyLock;
use winback_lm::embed::{instructed, passes};
use winback_lm::kernels::{Level, Numerics, Precision};
use winback_lm::{EmbedError, ForwardError, Model, Tokens};

static FIXTURES: LazyLock<Vec<Fixture>> = LazyLock::new(|| {
    let ways = [(Level::Plain, Precision::F32), (Level::best(), Precision::Bf16), (Level::best(), Precision::Int8)];
    ways.into_iter().filter_map(|(level, precision)| Fixture::computed("untied", Numerics { level, precision })).collect()
});

fn slices(texts: &[Vec<u32>]) -> Vec<&[u32]> {
    texts.iter().map(Vec::as_slice).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn a_text_s_vector_does_not_depend_on_what_else_is_embedded(
        texts in prop::collection::vec(prop::collection::vec(0..512_u32, 1..60), 1..9), way in 0..3_usize, writer in 0..4_usize,
        dimensions in prop::option::of(1..65_usize)
    ) {
        let Some(fixture) = FIXTURES.get(way) else { return Ok(()) };
        let adapter = writer.checked_sub(1).map(|at| &fixture.adapters[at]);
        let together = fixture.model.embed(&slices(&texts), adapter, dimensions).unwrap();
        prop_assert_eq!(together.len(), texts.len());
        for (text, vector) in texts.iter().zip(&together) {
            let alone = fixture.model.embed(&[text], adapter, dimensions).unwrap();
            prop_assert_eq!(&alone[0], vector);
            let length: f32 = vector.iter().map(|number| number * number).sum();
            prop_assert!((length - 1.0).abs() < 1e-5 && vector.len() == dimensions.unwrap_or(64));
        }
    }

    #[test]
    fn every_text_is_in_one_step_and_no_step_is_too_large(lengths in prop::collection::vec(0..700_usize, 0..40)) {
        let passes = passes(lengths.iter().copied());
        prop_assert_eq!(passes.iter().cloned().flatten().collect::<Vec<_>>(), (0..lengths.len()).collect::<Vec<_>>());
        for pass in passes {
            let tokens: usize = lengths[pass.clone()].iter().sum();
            prop_assert!(tokens <= 512 || pass.len() == 1, "{:?} has {}", pass, tokens);
        }
    }
}

#[test]
fn a_long_text_and_a_short_vector_are_what_the_whole_ones_are() {
    let Some(fixture) = FIXTURES.first() else { return };
    let long: Vec<u32> = (0..600).map(|at| at * 7 % 512).collect();
    let states = fixture.model.hidden_states(&long, None).unwrap();
    let row = &states.last().unwrap()[599 * 64..];
    for dimensions in [1, 17, 64] {
        let length = row[..dimensions].iter().map(|number| number * number).sum::<f32>().sqrt();
        let vector = fixture.model.embed(&[&long], None, Some(dimensions)).unwrap().remove(0);
        for (found, expected) in vector.iter().zip(row) {
            assert!((found - expected / length).abs() < 1e-5, "{found} {expected}");
        }
    }
}

#[test]
fn what_has_no_vector_is_named() {
    let Some(fixture) = FIXTURES.first() else { return };
    let check = |texts: &[&[u32]], dimensions: Option<usize>, expected: &str| {
        let error: EmbedError = fixture.model.embed(texts, None, dimensions).unwrap_err();
        assert_eq!(error.to_string(), expected);
    };
    check(&[&[1], &[]], None, "text 1 is empty; it needs at least one token");
    check(&[&[1], &[2], &[3; 5000]], None, "text 2 has 5000 tokens; the model reads 4096");
    check(&[&[1, 600]], None, "text 0 has the token 600; the model has the tokens 0 to 511");
    check(&[&[1]], Some(65), "vectors of 65 numbers were asked for; this model's have 1 to 64");
    check(&[&[1]], Some(0), "vectors of 0 numbers were asked for; this model's have 1 to 64");
}

#[test]
fn no_step_is_taken_that_nobody_waits_for() {
    let Some(fixture) = FIXTURES.first() else { return };
    let check = |texts: &[&[u32]], most: usize, expected: Option<usize>, asked: usize| {
        let steps = Cell::new(0);
        let goes_on = || steps.replace(steps.get() + 1) < most;
        let vectors = fixture.model.embed_while(texts, None, None, &goes_on).unwrap();
        assert_eq!((vectors.map(|vectors| vectors.len()), steps.get()), (expected, asked));
    };
    // 1,200 tokens are three steps, and the short texts one more together.
    check(&[&[1; 1200], &[2], &[3]], 9, Some(3), 4);
    check(&[&[1; 1200], &[2], &[3]], 3, None, 4);
    check(&[&[1; 1200]], 1, None, 2);
    check(&[&[1], &[2]], 0, None, 1);
}

#[test]
fn vectors_that_are_no_numbers_are_not_given() {
    let dir = tempfile::tempdir().unwrap();
    write_json(dir.path(), "config.json", &crate::tiny::config());
    write_tensors(&dir.path().join("model.safetensors"), &crate::tiny::too_large(weights(Dtype::F32), crate::tiny::NORMS[0]));
    let model = Model::load(dir.path(), Numerics::PLAIN).unwrap();
    for dimensions in [None, Some(3)] {
        assert_eq!(model.embed(&[&[1, 2]], None, dimensions), Err(EmbedError::Forward(ForwardError::NoNumbers)));
    }
    // Rows of zeros have no direction.
    let mut zeros = weights(Dtype::F32);
    zeros.insert("model.norm.weight".into(), stored(&[0.0; 20], &[20], Dtype::F32));
    write_tensors(&dir.path().join("model.safetensors"), &zeros);
    let model = Model::load(dir.path(), Numerics::PLAIN).unwrap();
    assert_eq!(model.embed(&[&[1]], None, None), Err(EmbedError::Forward(ForwardError::NoNumbers)));
}

#[test]
fn a_text_ends_as_its_tokenizer_says_and_control_tokens_in_it_are_text() {
    let Some(dir) = fixtures() else { return };
    let path = dir.join("tokenizer/tokenizer.json");
    let plain = Tokens::load(&path, 512, &[]).unwrap();
    assert_eq!(plain.encode_whole_text("Hello").unwrap(), plain.encode_text("Hello").unwrap());
    // As Qwen3-Embedding has it.
    let mut json = crate::fixtures::read(&path);
    let end = serde_json::json!({ "SpecialToken": { "id": "<|endoftext|>", "type_id": 0 } });
    let text = serde_json::json!({ "Sequence": { "id": "A", "type_id": 0 } });
    json["post_processor"] = serde_json::json!({
        "type": "TemplateProcessing", "single": [text, end], "pair": [text, end],
        "special_tokens": { "<|endoftext|>": { "id": "<|endoftext|>", "ids": [0], "tokens": ["<|endoftext|>"] } },
    });
    let tokens = Tokens::parse(&json.to_string(), &path).unwrap();
    for text in ["Hello", "", "挽回 a customer", "a <|endoftext|> b"] {
        let expected = [tokens.encode_text(text).unwrap(), vec![0]].concat();
        assert_eq!(tokens.encode_whole_text(text).unwrap(), expected);
        assert_eq!(expected.iter().filter(|id| **id == 0).count(), 1, "{text}");
    }
    assert_eq!(instructed("Find it", "where?"), "Instruct: Find it\nQuery:where?");
}
