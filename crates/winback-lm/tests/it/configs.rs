//! What a configuration must say, and what is refused by its name.
use crate::tiny::{chain, config};
use serde_json::{Value, json};
use std::path::Path;
use winback_lm::{Config, GenerationConfig};

fn parse(value: &Value) -> Result<Config, String> {
    Config::parse(&value.to_string(), Path::new("m/config.json")).map_err(|error| chain(&error))
}

/// Returns the configuration with some fields changed; `null` takes a field away.
fn with(changes: &Value) -> Value {
    let mut value = config();
    value.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    value
}

#[test]
fn both_layouts_and_what_may_be_absent() {
    let plain = parse(&config()).unwrap();
    assert_eq!((plain.q_dim(), plain.kv_dim(), plain.eos.clone()), (36, 18, vec![2, 5]));
    let nested = with(&json!({ "rope_theta": null, "rope_parameters": { "rope_theta": 10000.0, "rope_type": "default" } }));
    assert_eq!(parse(&nested).unwrap(), plain);
    let derived = parse(&with(&json!({ "head_dim": null, "num_attention_heads": 5, "num_key_value_heads": 5 }))).unwrap();
    assert_eq!(derived.head_dim, 4);
    assert_eq!(parse(&with(&json!({ "eos_token_id": 7 }))).unwrap().eos, [7]);
    assert!(!parse(&with(&json!({ "tie_word_embeddings": null }))).unwrap().tied);
    assert!(parse(&with(&json!({ "sliding_window": 4096, "use_sliding_window": false, "layer_types": ["full_attention"] }))).is_ok());
}

#[test]
fn the_published_configuration_is_read() {
    let published = r#"{"architectures": ["Qwen3ForCausalLM"], "attention_bias": false, "attention_dropout": 0.0, "bos_token_id": 151643,
        "eos_token_id": 151645, "head_dim": 128, "hidden_act": "silu", "hidden_size": 1024, "initializer_range": 0.02,
        "intermediate_size": 3072, "max_position_embeddings": 40960, "max_window_layers": 28, "model_type": "qwen3",
        "num_attention_heads": 16, "num_hidden_layers": 28, "num_key_value_heads": 8, "rms_norm_eps": 1e-06, "rope_scaling": null,
        "rope_theta": 1000000, "sliding_window": null, "tie_word_embeddings": true, "torch_dtype": "bfloat16",
        "transformers_version": "4.51.0", "use_cache": true, "use_sliding_window": false, "vocab_size": 151936}"#;
    let expected = Config {
        vocab_size: 151_936,
        hidden_size: 1024,
        intermediate_size: 3072,
        layers: 28,
        heads: 16,
        kv_heads: 8,
        head_dim: 128,
        rms_norm_eps: 1e-6,
        rope_theta: 1e6,
        tied: true,
        context: 40_960,
        eos: vec![151_645],
    };
    assert_eq!(Config::parse(published, Path::new("config.json")).unwrap(), expected);
}

#[test]
#[rustfmt::skip]
fn what_is_not_built_here_is_refused_by_its_name() {
    let check = |changes: Value, expected: &str| {
        let error = parse(&with(&changes)).unwrap_err();
        assert!(error.starts_with("m/config.json asks for "), "{error}");
        assert!(error.contains(expected), "{error} does not say {expected}");
    };
    check(json!({ "model_type": "llama" }), "\"llama\" (model_type)");
    check(json!({ "model_type": "qwen3_moe" }), "\"qwen3_moe\" (model_type)");
    check(json!({ "architectures": ["Qwen3ForSequenceClassification"] }), "\"Qwen3ForSequenceClassification\" (architectures)");
    check(json!({ "num_experts": 128 }), "a mixture of experts (num_experts)");
    check(json!({ "quantization_config": { "bits": 4 } }), "quantised weights (quantization_config)");
    check(json!({ "attention_bias": true }), "biases in attention (attention_bias)");
    check(json!({ "use_sliding_window": true }), "a sliding window (use_sliding_window)");
    check(json!({ "layer_types": ["full_attention", "sliding_attention"] }), "layer_types: \"sliding_attention\"");
    check(json!({ "hidden_act": "gelu" }), "\"gelu\" (hidden_act)");
    check(json!({ "rope_scaling": { "rope_type": "yarn", "factor": 4.0 } }), "\"yarn\" (rope_scaling.rope_type)");
    check(json!({ "rope_scaling": { "factor": 4.0 } }), "rope_scaling.factor");
    check(json!({ "rope_parameters": { "rope_type": "linear", "rope_theta": 1e6 } }), "\"linear\" (rope_parameters.rope_type)");
    check(json!({ "partial_rotary_factor": 0.5 }), "partial_rotary_factor");
}

#[test]
#[rustfmt::skip]
fn a_wrong_field_is_named_with_what_it_must_be() {
    let check = |changes: Value, expected: &str| {
        let error = parse(&with(&changes)).unwrap_err();
        assert_eq!(error, format!("m/config.json{expected}"));
    };
    check(json!({ "hidden_size": null }), " has no hidden_size, which must be a whole number from 1 to 65536");
    check(json!({ "hidden_size": "20" }), ": hidden_size is \"20\" and must be a whole number from 1 to 65536");
    check(json!({ "num_hidden_layers": 0 }), ": num_hidden_layers is 0 and must be a whole number from 1 to 1024");
    check(json!({ "vocab_size": 1e9 }), ": vocab_size is 1000000000 and must be a whole number from 1 to 4194304");
    check(json!({ "num_key_value_heads": 4 }), ": num_key_value_heads is 4 and must be a divisor of num_attention_heads, which is 6");
    check(json!({ "intermediate_size": 65_537 }), ": intermediate_size is 65537 and must be a whole number from 1 to 65536");
    check(json!({ "num_attention_heads": 1023, "head_dim": 66 }), ": num_attention_heads is 1023 and must be at most 992, so that all heads together are no wider than 65536");
    check(json!({ "head_dim": 5 }), ": head_dim is 5 and must be even, because rotary positions turn pairs");
    check(json!({ "eos_token_id": 37 }), ": eos_token_id is 37 and must be below vocab_size, 37");
    check(json!({ "eos_token_id": [-1] }), ": eos_token_id is a list of 1 and must be a token id or a list of them");
    check(json!({ "rope_theta": null }), " has no rope_theta, which must be a number, here or in rope_parameters");
    check(json!({ "rms_norm_eps": 2 }), ": rms_norm_eps is 2 and must be a number from 0.000000000001 to 0.1");
    check(json!({ "tie_word_embeddings": "yes" }), ": tie_word_embeddings is \"yes\" and must be true or false");
    check(json!({ "model_type": null }), " has no model_type, which must be \"qwen3\"");
}

#[test]
fn a_damaged_file_is_named_with_its_place() {
    let check = |text: &str, expected: &str| {
        let error = Config::parse(text, Path::new("config.json")).unwrap_err();
        assert!(chain(&error).starts_with(expected), "{}", chain(&error));
    };
    check("{\"model_type\": \"qwen3\",", "config.json is damaged at line 1, column 23; copy it again");
    check("[]", "config.json holds a list of 0 where named fields were expected");
    check("", "config.json is damaged at line 1, column 0");
    check(&"[".repeat(5000), "config.json is damaged at line 1, column 128");
    let absent = chain(&Config::load(Path::new("/nowhere/config.json")).unwrap_err());
    assert!(absent.starts_with("/nowhere/config.json could not be read: "), "{absent}");
}

#[test]
fn the_recommendations_of_a_model_are_read() {
    let parse = |text: &str| GenerationConfig::parse(text, Path::new("generation_config.json")).map_err(|error| chain(&error));
    let published = r#"{"bos_token_id": 151643, "do_sample": true, "eos_token_id": [151645, 151643], "pad_token_id": 151643,
        "temperature": 0.6, "top_k": 20, "top_p": 0.95, "transformers_version": "4.51.0"}"#;
    let read = parse(published).unwrap();
    assert_eq!((read.do_sample, read.temperature, read.top_k, read.top_p), (Some(true), Some(0.6), Some(20), Some(0.95)));
    assert_eq!((read.eos, read.min_p, read.repetition_penalty), (vec![151_645, 151_643], None, None));
    assert_eq!(parse(r#"{"top_p": 1.5}"#).unwrap_err(), "generation_config.json: top_p is 1.5 and must be a number from 0.000001 to 1");
    assert!(parse(r#"{"top_p": 0}"#).unwrap_err().ends_with("top_p is 0 and must be a number from 0.000001 to 1"));
    assert_eq!(GenerationConfig::load(Path::new("/nowhere/generation_config.json")).unwrap(), GenerationConfig::default());
}

#[test]
fn a_recommendation_that_would_be_forgotten_is_refused_by_its_name() {
    let parse = |text: &str| GenerationConfig::parse(text, Path::new("g.json")).map(|_| ()).map_err(|error| chain(&error));
    let check = |text: &str, field: &str| {
        let expected = format!("g.json recommends {field}, which Winback does not run; take it out if texts may be written without");
        assert_eq!(parse(text), Err(expected));
    };
    check(r#"{"no_repeat_ngram_size": 3}"#, "no_repeat_ngram_size (3)");
    check(r#"{"num_beams": 4}"#, "num_beams (4)");
    check(r#"{"typical_p": 0.9}"#, "typical_p (0.9)");
    check(r#"{"bad_words_ids": [[1]]}"#, "bad_words_ids (a list of 1)");
    check(r#"{"use_something_new": true}"#, "use_something_new (true)");
    let neutral = r#"{"num_beams": 1, "typical_p": 1.0, "no_repeat_ngram_size": 0, "bad_words_ids": null, "suppress_tokens": [],
        "length_penalty": 1.5, "use_cache": true, "max_length": 20, "max_new_tokens": 9}"#;
    assert_eq!(parse(neutral), Ok(()));
}
