//! Weights in files: what is read exactly, and what is refused with its file and tensor.
use crate::tiny::{Tensors, chain, config, stored, weights, write_json, write_model, write_tensors};
use safetensors::Dtype;
use serde_json::json;
use std::collections::BTreeMap;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use winback_lm::header::parse_header;
use winback_lm::kernels::Numerics;
use winback_lm::shards::Shards;
use winback_lm::{ForwardError, Model};

const Q: &str = "model.layers.1.self_attn.q_proj.weight";

/// Returns why a model with these weights is refused, without the directory's name.
fn refusal(change: impl FnOnce(&mut Tensors)) -> String {
    let dir = tempfile::tempdir().unwrap();
    write_json(dir.path(), "config.json", &config());
    let mut tensors = weights(Dtype::BF16);
    change(&mut tensors);
    write_tensors(&dir.path().join("model.safetensors"), &tensors);
    refusal_of(dir.path())
}

fn refusal_of(dir: &Path) -> String {
    let error = Model::load(dir, Numerics::PLAIN).unwrap_err();
    chain(&error).replace(&format!("{}/", dir.display()), "").replace(&dir.display().to_string(), "DIR")
}

#[test]
fn every_format_is_read_exactly() {
    for dtype in [Dtype::F32, Dtype::BF16, Dtype::F16] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.safetensors");
        // Numbers that every format holds exactly.
        let numbers: Vec<f32> = (0..15).map(|at| at as f32 * 0.25 - 1.5).collect();
        write_tensors(&path, &BTreeMap::from([("x".to_owned(), stored(&numbers, &[3, 5], dtype))]));
        let (tensor, _) = Shards::open_file(&path).unwrap().read("x", &[3, 5]).unwrap();
        assert_eq!((tensor.rows(), tensor.columns(), tensor.to_f32()), (3, 5, numbers.clone()), "{dtype:?}");
        let mut row = [0.0; 5];
        tensor.read_row(1, &mut row);
        assert_eq!(row, numbers[5..10]);
    }
}

#[test]
fn one_file_and_shards_are_the_same_model() {
    let dir = tempfile::tempdir().unwrap();
    write_model(dir.path(), Dtype::BF16);
    let whole = Model::load(dir.path(), Numerics::PLAIN).unwrap();
    std::fs::remove_file(dir.path().join("model.safetensors")).unwrap();
    let mut map = BTreeMap::new();
    let all = weights(Dtype::BF16);
    for shard in 0..3 {
        let file = format!("model-0000{}-of-00003.safetensors", shard + 1);
        let part: Tensors = all.clone().into_iter().skip(shard).step_by(3).collect();
        map.extend(part.keys().map(|name| (name.clone(), file.clone())));
        write_tensors(&dir.path().join(&file), &part);
    }
    let index = |map: &BTreeMap<String, String>| {
        write_json(dir.path(), "model.safetensors.index.json", &json!({ "metadata": { "total_size": 1 }, "weight_map": map }));
    };
    index(&map);
    assert_eq!(Model::load(dir.path(), Numerics::PLAIN).unwrap().digest(), whole.digest());

    let mut moved = map.clone();
    moved.insert(Q.to_owned(), "../elsewhere.safetensors".to_owned());
    index(&moved);
    let out = "which is no name of a safetensors file in this directory";
    assert!(refusal_of(dir.path()).ends_with(&format!("{Q} lies in \"../elsewhere.safetensors\", {out}")));
    let other = map.values().find(|file| **file != map[Q]).unwrap().clone();
    moved.insert(Q.to_owned(), other);
    index(&moved);
    assert!(refusal_of(dir.path()).contains(&format!("it does not say that the tensor {Q} is in {}", map[Q])));
    index(&map);
    std::fs::remove_file(dir.path().join(&map[Q])).unwrap();
    let refusal = refusal_of(dir.path());
    assert!(refusal.contains(&format!("{} is absent, but the index names it for", map[Q])), "{refusal}");
}

#[test]
fn a_tensor_that_does_not_fit_is_named() {
    let check = |change: &dyn Fn(&mut Tensors), expected: &str| {
        let expected = format!("the weights of the model were refused: {expected}");
        assert_eq!(refusal(change), expected);
    };
    check(&|tensors| drop(tensors.remove(Q)), &format!("DIR/model.safetensors has no tensor {Q}").replace("DIR/", ""));
    check(
        &|tensors| drop(tensors.insert("model.layers.3.mlp.up_proj.weight".into(), stored(&[1.0], &[1], Dtype::F32))),
        "model.safetensors has the tensor model.layers.3.mlp.up_proj.weight, which this model has no place for",
    );
    check(
        &|tensors| drop(tensors.insert(Q.into(), stored(&[0.5; 720], &[20, 36], Dtype::F32))),
        &format!("model.safetensors: tensor {Q} is of shape [20, 36] and must be of shape [36, 20]"),
    );
    check(
        &|tensors| drop(tensors.insert(Q.into(), crate::tiny::Stored { dtype: Dtype::I64, shape: vec![36, 20], bytes: vec![0; 5760] })),
        &format!("model.safetensors: tensor {Q} is I64 and must be BF16, F16 or F32"),
    );
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        for dtype in [Dtype::F32, Dtype::BF16, Dtype::F16] {
            let mut numbers = [0.5; 720];
            numbers[719] = bad;
            let why = "holds NaN or infinity; the file is damaged or its training failed";
            check(
                &|tensors| drop(tensors.insert(Q.into(), stored(&numbers, &[36, 20], dtype))),
                &format!("model.safetensors: tensor {Q} {why}"),
            );
        }
    }
}

#[test]
fn a_tied_model_may_hold_its_table_twice_if_both_agree() {
    let dir = tempfile::tempdir().unwrap();
    write_model(dir.path(), Dtype::F32);
    let plain = Model::load(dir.path(), Numerics::PLAIN).unwrap();
    let mut tensors = weights(Dtype::F32);
    let table = tensors["model.embed_tokens.weight"].clone();
    tensors.insert("lm_head.weight".into(), table.clone());
    write_tensors(&dir.path().join("model.safetensors"), &tensors);
    assert_eq!(Model::load(dir.path(), Numerics::PLAIN).unwrap().digest(), plain.digest());
    let refused = refusal(|tensors| drop(tensors.insert("lm_head.weight".into(), table)));
    let expected = "tensor lm_head.weight is another than the embedding table and must be equal to it";
    assert!(refused.contains(expected), "{refused}");
}

#[test]
fn an_embedding_model_is_saved_without_prefix_and_head() {
    let dir = tempfile::tempdir().unwrap();
    let bare = |name: String| name.strip_prefix("model.").unwrap().to_owned();
    let tensors: Tensors = weights(Dtype::BF16).into_iter().map(|(name, tensor)| (bare(name), tensor)).collect();
    write_tensors(&dir.path().join("model.safetensors"), &tensors);
    let load = |tied: bool| {
        let mut config = config();
        config["tie_word_embeddings"] = json!(tied);
        write_json(dir.path(), "config.json", &config);
        Model::load(dir.path(), Numerics::PLAIN).unwrap()
    };
    let states = [true, false].map(|tied| load(tied).hidden_states(&[1, 2, 3], None).unwrap());
    assert_eq!(states[0], states[1]);
    assert_eq!(load(true).logits(&states[0][3]).unwrap().len(), 3 * 37);
    assert_eq!(load(false).logits(&states[0][3]), Err(ForwardError::NoHead));
    // With its prefix, a model that is not tied must have its head.
    let refusal = refusal(|tensors| drop(tensors.remove("model.norm.weight")));
    assert!(refusal.ends_with("has no tensor model.norm.weight"), "{refusal}");
}

#[test]
fn a_file_that_is_no_safetensors_file_is_named_for_what_it_is() {
    let check = |content: &[u8], expected: &str| {
        let dir = tempfile::tempdir().unwrap();
        write_json(dir.path(), "config.json", &config());
        std::fs::write(dir.path().join("model.safetensors"), content).unwrap();
        let refusal = refusal_of(dir.path());
        assert!(refusal.starts_with(&format!("the weights of the model were refused: model.safetensors {expected}")), "{refusal}");
    };
    check(b"PK\x03\x04archive/data.pkl", "is a Python pickle, which can run code when it is opened");
    check(b"\x80\x02}q\x00(X\x05\x00", "is a Python pickle");
    check(b"GGUF\x03\0\0\0\0\0\0\0", "is a GGUF file");
    check(b"version https://git-lfs.github.com/spec/v1\n", "is a Git LFS pointer without its content");
    check(b"<!DOCTYPE html>", "is a web page");
    check(b"", "is cut off: 0 bytes are there, 8 are needed");
    check(b"\x05\0\0", "is cut off: 3 bytes are there, 8 are needed");
    check(&[100, 0, 0, 0, 0, 0, 0, 0, b'{'], "is cut off: 9 bytes are there, 108 are needed");
    check(&(100_u64 << 20).to_le_bytes(), "says that its header has 104857600 bytes; no model's has more than");
    check(&u64::MAX.to_le_bytes(), "says that its header has 18446744073709551615 bytes");
    let dir = tempfile::tempdir().unwrap();
    write_json(dir.path(), "config.json", &config());
    assert!(refusal_of(dir.path()).contains("holds neither model.safetensors nor model.safetensors.index.json"));
    std::fs::write(dir.path().join("pytorch_model.bin"), b"PK\x03\x04").unwrap();
    assert!(refusal_of(dir.path()).contains("holds weights only as a Python pickle (pytorch_model.bin)"));
}

#[test]
fn a_header_may_have_any_length() {
    use winback_lm::shards::Shards;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.safetensors");
    // The lengths 640, 896, 1152 and 1408 begin with the bytes of a pickle.
    for length in (80..2_000).step_by(8) {
        let json = r#"{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#;
        let header = format!("{json}{}", " ".repeat(length - json.len()));
        std::fs::write(&path, [&(length as u64).to_le_bytes()[..], header.as_bytes(), &[0; 4]].concat()).unwrap();
        assert!(Shards::open_file(&path).is_ok(), "{length}: {:?}", Shards::open_file(&path));
    }
}

#[test]
fn a_file_that_is_cut_or_grown_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    write_model(dir.path(), Dtype::BF16);
    let path = dir.path().join("model.safetensors");
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
    assert!(refusal_of(dir.path()).contains("model.safetensors is cut off"));
    std::fs::write(&path, [&bytes[..], b"\0\0"].concat()).unwrap();
    assert!(refusal_of(dir.path()).contains("model.safetensors has 2 bytes behind its last tensor that belong to none"));
}

#[test]
fn a_file_that_changes_while_it_is_open_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("model.safetensors");
    write_tensors(&path, &BTreeMap::from([("x".to_owned(), stored(&[1.0; 8], &[8], Dtype::F32))]));
    let open = Shards::open_file(&path).unwrap();
    assert!(open.read("x", &[8]).is_ok() && open.unchanged().is_ok());
    let mut file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    let length = file.metadata().unwrap().len();
    file.set_len(length - 4).unwrap();
    assert!(chain(&open.read("x", &[8]).unwrap_err()).contains("changed while it was read"));
    file.seek(SeekFrom::End(0)).unwrap();
    file.write_all(&2.0_f32.to_le_bytes()).unwrap();
    file.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
    assert!(open.read("x", &[8]).is_ok(), "it is as long as before");
    assert!(chain(&open.unchanged().unwrap_err()).contains("changed while it was read; load the model again"));
}

#[test]
#[rustfmt::skip]
fn a_header_that_breaks_the_rules_is_refused() {
    let check = |json: &str, expected: &str| {
        let error = chain(&parse_header(json, 16, Path::new("m.safetensors")).unwrap_err());
        assert!(error.contains(expected), "{error} does not say {expected}");
    };
    let x = |fields: &str| format!(r#"{{"x": {{{fields}}}}}"#);
    check("[]", "m.safetensors holds a list of 0");
    check("{", "m.safetensors is damaged at line 1");
    check(&x(r#""dtype": "F32", "shape": [4]"#), "tensor x has no data_offsets");
    check(&x(r#""dtype": "F31", "shape": [4], "data_offsets": [0, 16]"#), "tensor x has the unknown dtype \"F31\"");
    check(&x(r#""dtype": "F32", "shape": [-4], "data_offsets": [0, 16]"#), "tensor x has a shape that is no list of sizes");
    check(&x(r#""dtype": "F32", "shape": [4], "data_offsets": [0]"#), "tensor x has data_offsets that are not two");
    check(&x(r#""dtype": "F32", "shape": [4], "data_offsets": [16, 0]"#), "16 bytes, but lies at bytes 16 to 0");
    check(&x(r#""dtype": "F32", "shape": [3], "data_offsets": [0, 16]"#), "12 bytes, but lies at bytes 0 to 16");
    check(&x(r#""dtype": "F32", "shape": [4294967296, 4294967296, 4], "data_offsets": [0, 16]"#), "which no file can hold");
    check(&x(r#""dtype": "F32", "shape": [2], "data_offsets": [8, 16]"#), "leaves a gap after the header: it begins at byte 8");
    check(&x(r#""dtype": "F32", "shape": [2], "data_offsets": [0, 8]"#), "has 8 bytes behind its last tensor");
    check(&x(r#""dtype": "F32", "shape": [5], "data_offsets": [0, 20]"#), "is cut off: 16 bytes are there, 20 are needed");
    check(r#"{"x": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}, "x": {"dtype": "F32", "shape": [2], "data_offsets": [8, 16]}}"#, "tensor x is named twice");
    check(r#"{"x": {"dtype": "F32", "shape": [3], "data_offsets": [0, 12]}, "y": {"dtype": "F32", "shape": [2], "data_offsets": [8, 16]}}"#, "tensor y overlaps x: it begins at byte 8, not at 12");
    let fine = parse_header(r#"{"__metadata__": {"format": "pt"}, "y": {"dtype": "F32", "shape": [2], "data_offsets": [8, 16]}, "x": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}"#, 16, Path::new("m"));
    assert_eq!(fine.unwrap().len(), 2);
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_refused_instead_of_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    write_model(dir.path(), Dtype::F32);
    let refusal = |name: &str| {
        let path = dir.path().join(name);
        std::fs::rename(&path, dir.path().join("aside")).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        let told = refusal_of(dir.path());
        std::fs::remove_file(&path).unwrap();
        std::fs::rename(dir.path().join("aside"), &path).unwrap();
        assert!(told.ends_with(&format!("{name} is a folder, a pipe or a device, and must be a file")), "{told}");
    };
    refusal("model.safetensors");
    refusal("config.json");
}
