//! Packed weights as a person meets them.
use crate::home::Home;
use crate::lm::with_model;
use serde_json::json;
use winback_core::digest::Digest;

const WRITE: [&str; 6] = ["lm", "complete", "model", "Hello", "--max-tokens", "4"];
const FILE: &str = "model/.winback/packed-bf16-v1.bin";

/// Puts the sheet beside the model that `winback model pull` would.
fn keep_sheet(home: &Home) {
    let file = |name: &str| {
        let bytes = home.bytes(&format!("model/{name}"));
        json!({ "name": name, "bytes": bytes.len(), "sha256": Digest::of(&bytes) })
    };
    let files = ["config.json", "tokenizer.json", "chat_template.jinja", "model.safetensors"].map(file);
    let sheet = json!({
        "format": 1, "repository": "Qwen/Qwen3-tiny", "endpoint": "https://huggingface.co", "revision": "main",
        "commit": "0123456789abcdef0123456789abcdef01234567", "files": files,
    });
    home.keep("model/winback-model.json", sheet.to_string());
}

#[test]
fn packed_weights_are_kept_told_and_checked() {
    let Some(home) = with_model() else { return };
    keep_sheet(&home);
    let without = home.say(&[&WRITE[..], &["--no-packed-cache"]].concat());
    assert!(!home.path("model/.winback").exists(), "{without}");
    let first = home.say(&WRITE);
    assert!(first.err.contains(&format!("packed weights are kept in {FILE}")), "{first}");
    let second = home.say(&WRITE);
    assert!(!second.err.contains("packed"), "{second}");
    assert_eq!((&first.out, &second.out), (&without.out, &without.out));
    let told = home.does(&["lm", "info", "model"]);
    assert!(told.contains(&format!("bf16, {FILE}: the next start takes it")), "{told}");
    assert!(home.does(&["model", "verify", "model"]).contains("as pulled"));

    let mut bytes = home.bytes(FILE);
    *bytes.last_mut().unwrap() ^= 1;
    home.keep(FILE, bytes);
    let checked = home.say(&["model", "verify", "model"]);
    assert_eq!(checked.code, Some(7), "{checked}");
    assert!(checked.out.contains("its packed weights are not") && checked.out.contains("its content is damaged"), "{checked}");
    let third = home.say(&WRITE);
    assert!(third.err.contains(&format!("note: packed weights are not used: {FILE}: its content is damaged")), "{third}");
    assert_eq!(third.out, without.out);
    assert!(home.does(&["model", "verify", "model"]).contains("as pulled"));

    home.keep("model/model.safetensors", home.bytes("model/model.safetensors"));
    let info = home.json(&["lm", "info", "model"]);
    let what = "it was packed before the model's files changed or were moved; the next start makes it anew";
    assert_eq!((&info["packed"][0]["usable"], &info["packed"][0]["what"]), (&json!(false), &json!(what)));
}

#[test]
fn where_the_folder_is_closed_packed_weights_lie_with_the_user_s_own() {
    let Some(home) = with_model() else { return };
    home.keep("model/.winback", "not a folder");
    let said = home.command(&WRITE).env("XDG_CACHE_HOME", home.path("caches")).output().unwrap();
    let err = String::from_utf8(said.stderr).unwrap();
    assert!(err.contains("note: packed weights cannot be kept: model/.winback/packed-bf16-v1.bin: "), "{err}");
    assert!(err.contains(&format!("packed weights are kept in {}/winback/packed/", home.path("caches").display())), "{err}");
}
