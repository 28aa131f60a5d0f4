//! Adapters in the layout of PEFT: which modules they change and by how much, and what is refused by its name.
use crate::tiny::{Tensors, chain, lora, lora_config, stored, write_json, write_model, write_tensors};
use safetensors::Dtype;
use serde_json::{Value, json};
use std::path::Path;
use winback_lm::adapter::{AdapterConfig, MANIFEST};
use winback_lm::kernels::Numerics;
use winback_lm::shape::Projection;
use winback_lm::{Adapter, Model};

const Q0: &str = "model.layers.0.self_attn.q_proj";
const UP1: &str = "model.layers.1.mlp.up_proj";

fn parse(changes: &Value) -> Result<AdapterConfig, String> {
    let mut value = lora_config(&["q_proj", "up_proj"]);
    value.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    AdapterConfig::parse(&value.to_string(), Path::new("a/adapter_config.json")).map_err(|error| chain(&error))
}

#[test]
fn rank_and_scale_are_those_of_peft() {
    let check = |changes: Value, module: &str, expected: Option<(usize, f32)>| {
        assert_eq!(parse(&changes).unwrap().rank_and_scale(module).unwrap(), expected, "{changes} at {module}");
    };
    check(json!({}), Q0, Some((3, 2.0)));
    check(json!({}), "model.layers.0.self_attn.k_proj", None);
    check(json!({ "use_rslora": true, "r": 4, "lora_alpha": 8 }), Q0, Some((4, 4.0)));
    check(json!({ "lora_alpha": 1.5 }), Q0, Some((3, 0.5)));
    let targets = |modules: Value| json!({ "target_modules": modules });
    check(targets(json!("all-linear")), UP1, Some((3, 2.0)));
    check(targets(json!(["layers.1.mlp.up_proj"])), UP1, Some((3, 2.0)));
    check(targets(json!(["layers.1.mlp.up_proj"])), "model.layers.11.mlp.up_proj", None);
    check(targets(json!(["self_attn.q_proj"])), Q0, Some((3, 2.0)));
    check(targets(json!(r".*layers\.0\.self_attn\.[qv]_proj")), Q0, Some((3, 2.0)));
    check(targets(json!(r".*layers\.0\.self_attn\.[qv]_proj")), "model.layers.0.self_attn.k_proj", None);
    check(targets(json!(r".*self_attn\.q")), Q0, None);
    check(targets(json!(r"model\.layers\.(?!0\.).*\.q_proj")), Q0, None);
    let patterns = |ranks: Value, alphas: Value| json!({ "rank_pattern": ranks, "alpha_pattern": alphas });
    check(patterns(json!({ "q_proj": 2 }), json!({})), Q0, Some((2, 3.0)));
    check(patterns(json!({ "q_proj": 2 }), json!({ "layers.0.self_attn.q_proj": 8 })), Q0, Some((2, 4.0)));
    check(patterns(json!({ "proj": 2 }), json!({})), Q0, Some((3, 2.0)));
    // Of patterns the first in the file counts, and `json!` would sort them.
    let in_order = |patterns: &str| {
        let rest = r#""peft_type": "LORA", "r": 3, "lora_alpha": 6, "target_modules": ["q_proj"]"#;
        let text = format!(r#"{{ {rest}, "rank_pattern": {patterns} }}"#);
        AdapterConfig::parse(&text, Path::new("adapter_config.json")).unwrap().rank_and_scale(Q0).unwrap()
    };
    assert_eq!(in_order(r#"{ "q_proj": 2, ".*\\.0\\..*": 1 }"#), Some((2, 3.0)));
    assert_eq!(in_order(r#"{ ".*\\.0\\..*": 1, "q_proj": 2 }"#), Some((1, 6.0)));
}

#[test]
#[rustfmt::skip]
fn what_goes_beyond_plain_lora_is_refused_by_its_name() {
    let check = |changes: Value, expected: &str| {
        let error = parse(&changes).unwrap_err();
        assert!(error.starts_with("a/adapter_config.json") && error.contains(expected), "{error} does not say {expected}");
    };
    check(json!({ "peft_type": "LOHA" }), "\"LOHA\" (peft_type)");
    check(json!({ "peft_type": null }), "has no peft_type");
    check(json!({ "use_dora": true }), "DoRA (use_dora)");
    check(json!({ "modules_to_save": ["lm_head"] }), "(modules_to_save)");
    check(json!({ "fan_in_fan_out": true }), "(fan_in_fan_out)");
    check(json!({ "bias": "lora_only" }), "\"lora_only\" (bias)");
    check(json!({ "lora_bias": true }), "lora_bias, which this Winback does not know");
    check(json!({ "task_type": "SEQ_CLS" }), "\"SEQ_CLS\" (task_type)");
    check(json!({ "layers_to_transform": [0] }), "some of the layers only (layers_to_transform)");
    check(json!({ "exclude_modules": ["v_proj"] }), "exclude_modules");
    check(json!({ "layer_replication": [[0, 1]] }), "layer_replication");
    check(json!({ "trainable_token_indices": [1, 2] }), "trainable_token_indices");
    check(json!({ "init_lora_weights": "pissa" }), "a base changed by \"pissa\" (init_lora_weights)");
    check(json!({ "use_something_new": true }), "use_something_new, which this Winback does not know");
    check(json!({ "r": 0 }), "r is 0 and must be a whole number from 1");
    check(json!({ "r": null }), "has no r, which must be the rank");
    check(json!({ "lora_alpha": null }), "has no lora_alpha");
    check(json!({ "lora_alpha": -1 }), "lora_alpha is -1");
    check(json!({ "rank_pattern": { "q_proj": 0 } }), "rank_pattern.q_proj is 0 and must be a number above 0");
    check(json!({ "rank_pattern": { "(": 2 } }), "rank_pattern is \"(\" and must be a pattern");
    check(json!({ "target_modules": null }), "has no target_modules");
    check(json!({ "target_modules": [] }), "target_modules is a list of 0");
    check(json!({ "target_modules": ["q_proj", "c_attn"] }), "targets \"c_attn\", which is none of q_proj");
    check(json!({ "target_modules": ["embed_tokens"] }), "targets \"embed_tokens\"");
    check(json!({ "target_modules": ["lm_head"] }), "targets \"lm_head\"");
    check(json!({ "target_modules": ".*" }), "targets \"lm_head\"");
    check(json!({ "target_modules": "(" }), "target_modules is \"(\" and must be a pattern");
    // Between parentheses it would be a pattern, and change q_proj.
    check(json!({ "target_modules": "zzz)|(.*q_proj" }), "target_modules is \"zzz)|(.*q_proj\" and must be a pattern");
    check(json!({ "rank_pattern": { "zzz)|(q_proj": 2 } }), "rank_pattern is \"zzz)|(q_proj\" and must be a pattern");
    check(json!({ "alpha_pattern": { r"\w{150}N": 8 } }), r#"alpha_pattern is "\\w{150}N" and must be a pattern"#);
    let many = |form: fn(usize) -> String, count: usize| Value::from_iter((0..count).map(|at| (form(at), 2)));
    check(json!({ "alpha_pattern": many(|at| format!("x{at}+"), 65) }), "alpha_pattern is a map of 65 and must be at most 64 patterns that are more than names");
    check(json!({ "rank_pattern": many(|at| format!("x{at}"), 8193) }), "rank_pattern is a map of 8193 and must be at most 8192 patterns");
    // A rank for each of the matrices of a large model is nothing unusual.
    parse(&json!({ "rank_pattern": many(|at| format!("model.layers.{at}.self_attn.q_proj"), 448) })).unwrap();
}

#[test]
fn a_pattern_that_takes_too_long_is_an_error_and_not_another_scale() {
    let check = |told: String, module: &str, field: &str| {
        let expected = format!(
            "a/adapter_config.json: to tell whether {module} matches a pattern of {field} takes too many steps; write a simpler pattern"
        );
        assert_eq!(told, expected);
    };
    let endless = r"(\w|\.)\1?(?:\w*\w*)*y";
    check(parse(&json!({ "target_modules": r"model(\w|\.)\1?(?:[\w.]*[\w.]*)*y" })).unwrap_err(), "model.embed_tokens", "target_modules");
    for field in ["alpha_pattern", "rank_pattern"] {
        let config = parse(&json!({ field: { endless: 8 } })).unwrap();
        check(config.rank_and_scale(Q0).unwrap_err().to_string(), Q0, field);
    }
}

#[test]
fn the_patterns_of_unsloth_are_read() {
    let pattern = r"(?:.*?(?:language|text).*?(?:self_attn|attention|attn|mlp|feed_forward|ffn|dense).*?(?:q_proj|k_proj|v_proj|o_proj|gate_proj|up_proj|down_proj).*?)|(?:\bmodel\.layers\.[\d]{1,}\.(?:self_attn|attention|attn|mlp|feed_forward|ffn|dense)\.(?:(?:q_proj|k_proj|v_proj|o_proj|gate_proj|up_proj|down_proj)))";
    let config = parse(&json!({ "target_modules": pattern, "rank_pattern": { ".*q_proj": 2, r"layers\.(0|1)\.mlp\..*": 5 } })).unwrap();
    assert_eq!(config.rank_and_scale(Q0).unwrap(), Some((2, 3.0)));
    assert_eq!(config.rank_and_scale(UP1).unwrap(), Some((5, 1.2)));
}

/// Returns what becomes of an adapter of the queries after a change to its directory.
fn load(model: &Model, change: impl FnOnce(&Path, &mut Tensors)) -> Result<Adapter, String> {
    let dir = tempfile::tempdir().unwrap();
    let mut tensors = lora(&[("self_attn.q_proj", 36, 20)], 1);
    write_json(dir.path(), "adapter_config.json", &lora_config(&["q_proj"]));
    change(dir.path(), &mut tensors);
    if !tensors.is_empty() {
        write_tensors(&dir.path().join("adapter_model.safetensors"), &tensors);
    }
    Adapter::load(dir.path(), model).map_err(|error| chain(&error).replace(&format!("{}/", dir.path().display()), ""))
}

fn model() -> Model {
    let dir = tempfile::tempdir().unwrap();
    write_model(dir.path(), Dtype::F32);
    Model::load(dir.path(), Numerics::PLAIN).unwrap()
}

#[test]
fn an_adapter_changes_what_it_targets_and_nothing_else() {
    let adapter = load(&model(), |_, _| {}).unwrap();
    let changed = |which: Projection| (0..3).filter(|layer| adapter.adapts(*layer, which)).count();
    assert_eq!(Projection::ALL.map(changed), [3, 0, 0, 0, 0, 0, 0]);
}

#[test]
#[rustfmt::skip]
fn an_adapter_that_does_not_fit_its_configuration_is_refused() {
    let model = model();
    let name = |half: &str| format!("base_model.model.model.layers.1.self_attn.q_proj.lora_{half}.weight");
    let check = |change: &dyn Fn(&Path, &mut Tensors), expected: &str| {
        let error = load(&model, change).unwrap_err();
        assert!(error.contains(expected), "{error} does not say {expected}");
    };
    let one = |shape: &[usize]| stored(&vec![0.5; shape.iter().product()], shape, Dtype::F32);
    check(&|_, tensors| drop(tensors.remove(&name("B"))), "has no tensor base_model.model.model.layers.1.self_attn.q_proj.lora_B.weight");
    check(&|_, tensors| drop(tensors.insert(name("A"), one(&[4, 20]))), "is of shape [4, 20] and must be of shape [3, 20]");
    check(&|_, tensors| drop(tensors.insert(name("A"), stored(&[f32::NAN; 60], &[3, 20], Dtype::F32))), "holds NaN or infinity");
    check(&|_, tensors| drop(tensors.insert(name("magnitude_vector"), one(&[36]))), "belongs to DoRA");
    check(&|_, tensors| drop(tensors.insert("base_model.model.model.embed_tokens.lora_embedding_A".into(), one(&[3, 37]))), "changes the embedding");
    check(&|_, tensors| drop(tensors.insert("base_model.model.lm_head.lora_A.weight".into(), one(&[3, 20]))), "changes the output head");
    check(&|_, tensors| tensors.extend(lora(&[("self_attn.v_proj", 18, 20)], 5)), "belongs to no module that adapter_config.json targets");
    check(&|dir, tensors| { tensors.clear(); std::fs::write(dir.join("adapter_model.bin"), b"PK\x03\x04").unwrap() }, "only as a Python pickle (adapter_model.bin)");
    check(&|dir, tensors| { tensors.clear(); std::fs::write(dir.join("adapter_model.safetensors"), b"PK\x03\x04").unwrap() }, "is a Python pickle");
}

#[test]
fn an_adapter_of_another_base_is_refused() {
    let model = model();
    let manifest = |hash: String| move |dir: &Path, _: &mut Tensors| write_json(dir, MANIFEST, &json!({ "base_sha256": hash }));
    assert!(load(&model, manifest(model.digest().0.clone())).is_ok());
    let error = load(&model, manifest("ab".repeat(32))).unwrap_err();
    let expected = format!("was made for the base abababababab, and this base is {}", model.digest().short());
    assert!(error.contains(&expected), "{error}");
    let field = |value: Value| move |dir: &Path, _: &mut Tensors| write_json(dir, MANIFEST, &value);
    let unclear = |value: Value, expected: &str| {
        let error = load(&model, field(value)).unwrap_err();
        assert_eq!(error, format!("the manifest of the adapter was refused: manifest.json{expected}"));
    };
    unclear(json!({ "base_sha256": 5 }), ": base_sha256 is 5 and must be the 64 hexadecimal digits of the base's hash");
    unclear(json!({ "base_sha256": "q" }), ": base_sha256 is \"q\" and must be the 64 hexadecimal digits of the base's hash");
    unclear(json!({ "base_sha256": null }), " has no base_sha256, which must be the 64 hexadecimal digits of the base's hash");
    unclear(json!({ "base": "ab" }), " has no base_sha256, which must be the 64 hexadecimal digits of the base's hash");
    // One changed number makes another base.
    let dir = tempfile::tempdir().unwrap();
    write_model(dir.path(), Dtype::F32);
    let mut tensors = crate::tiny::weights(Dtype::F32);
    tensors.get_mut("model.norm.weight").unwrap().bytes[0] ^= 1;
    write_tensors(&dir.path().join("model.safetensors"), &tensors);
    let other = Model::load(dir.path(), Numerics::PLAIN).unwrap();
    assert!(load(&other, manifest(model.digest().0.clone())).is_err());
}
