//! Versions evaluated as a person evaluates them, on the tiny random model: side by side, kept, and refused where they harm.
use crate::adapters::{keep, names, train};
use crate::home::Home;
use crate::lm::with_model;
use serde_json::{Value, json};

/// Evaluates every version on the examples it learned from.
pub const EVAL: [&str; 7] = ["adapters", "eval", "--data", "mails.jsonl", "--base-model-path", "model", "--no-packed-cache"];

/// Returns a folder with a trained version of one segment, of whose customers enough are kept back.
fn taught() -> Option<Home> {
    let home = with_model()?;
    keep(&home, &[("Dormant", 180)], "epochs = 2");
    let said = train(&home, &["--quiet"]);
    assert_eq!(said.code, Some(0), "{said}");
    Some(home)
}

fn eval(home: &Home, more: &[&str]) -> Value {
    home.json(&[&EVAL[..], more].concat())
}

fn evaluation(home: &Home, version: &str) -> Value {
    serde_json::from_str(&home.text(&format!("adapters/Dormant/evaluations/{version}.json"))).unwrap()
}

/// Makes the evaluation of a version say that nearly all of its mails kept their slots, which the tiny model's never do.
pub fn vouch(home: &Home, segment: &str, version: &str) {
    let path = format!("adapters/{segment}/evaluations/{version}.json");
    let mut found: Value = serde_json::from_str(&home.text(&path)).unwrap();
    for writer in found["writers"].as_array_mut().unwrap().iter_mut().filter(|writer| writer["writer"] == "adapter") {
        writer["figures"]["slot_pass"] = json!({ "value": 1.0, "low": 0.9, "high": 1.0 });
    }
    home.keep(&path, found.to_string());
}

/// Puts another version there: the first one's files with its weights changed.
fn changed(home: &Home, version: &str, change: impl Fn(&str, &mut [u8])) {
    for file in ["adapter_config.json", "manifest.json", "loss.svg", "run.json"] {
        home.keep(&format!("adapters/Dormant/{version}/{file}"), home.bytes(&format!("adapters/Dormant/v1/{file}")));
    }
    let mut bytes = home.bytes("adapters/Dormant/v1/adapter_model.safetensors");
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let header: Value = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
    for (name, tensor) in header.as_object().unwrap().iter().filter(|(name, _)| *name != "__metadata__") {
        let [from, to] = [0, 1].map(|at| 8 + length + tensor["data_offsets"][at].as_u64().unwrap() as usize);
        assert_eq!(tensor["dtype"], "F32");
        change(name, &mut bytes[from..to]);
    }
    let path = home.keep(&format!("adapters/Dormant/{version}/adapter_model.safetensors"), &bytes);
    let mut manifest: Value = serde_json::from_str(&home.text(&format!("adapters/Dormant/{version}/manifest.json"))).unwrap();
    manifest["files"]["adapter_model.safetensors"] = winback_core::digest::Digest::of(&std::fs::read(path).unwrap()).0.into();
    home.keep(&format!("adapters/Dormant/{version}/manifest.json"), manifest.to_string());
}

#[test]
fn versions_are_evaluated_on_what_was_kept_back_and_the_harmful_one_is_refused() {
    let Some(home) = taught() else { return };
    // Whatever the first version adds, this one takes away.
    changed(&home, "v2", |name, bytes| {
        if name.contains("lora_B") {
            bytes.chunks_exact_mut(4).for_each(|number| number[3] ^= 0x80);
        }
    });
    let said = home.say(&["adapters", "promote", "Dormant", "v2"]);
    assert!(said.code == Some(7) && said.err.contains("v2 of Dormant is not put to use: it was not evaluated"), "{said}");
    assert!(said.err.contains("winback adapters eval SEGMENT VERSION --data FILE --base-model-path DIR"), "{said}");

    let found = eval(&home, &["--seed", "7"]);
    assert_eq!(names(&home, "adapters/Dormant"), ["evaluations", "v1", "v2"]);
    assert_eq!(names(&home, "adapters/Dormant/evaluations"), ["v1.json", "v2.json"]);
    let [good, harmful] = [0, 1].map(|at| found["evaluations"][at]["found"].clone());
    let value = |found: &Value, writer: usize, measure: &str| found["writers"][writer]["figures"][measure]["value"].as_f64();
    let perplexity = |found: &Value, writer: usize| value(found, writer, "perplexity").unwrap();
    assert_eq!(good["writers"][1]["writer"], "adapter");
    assert!(perplexity(&good, 1) < 0.8 * perplexity(&good, 0) && perplexity(&harmful, 1) > perplexity(&harmful, 0), "{good} {harmful}");
    assert_eq!(perplexity(&good, 0), perplexity(&harmful, 0), "the base is tried once for both");
    assert_eq!(value(&good, 1, "review_pass"), None, "the examples carry no briefs");
    let reference = value(&good, 2, "slot_pass");
    assert_eq!((good["writers"][2]["writer"].as_str(), reference), (Some("reference"), Some(1.0)));

    // The loss of training is the logarithm of the perplexity.
    let manifest: Value = serde_json::from_str(&home.text("adapters/Dormant/v1/manifest.json")).unwrap();
    for (writer, loss) in [(0, "loss_before"), (1, "loss_after")] {
        let loss = manifest["metrics"][loss].as_f64().unwrap();
        assert!((perplexity(&good, writer).ln() - loss).abs() < 0.02 * loss, "{loss} {good}");
    }

    // Every mail stands beside its figures, and none of a customer who was learned from.
    let kept = evaluation(&home, "v1");
    let cases = kept["cases"].as_array().unwrap();
    assert_eq!(cases.len() as u64, manifest["data"]["kept_back"].as_u64().unwrap());
    assert!(cases.iter().all(|case| case["mails"].as_array().unwrap().len() == 3 && case["locale"] == "en"), "{cases:?}");
    let of = [&kept, &evaluation(&home, "v2")].map(|found| found["of"]["adapter_sha256"].as_str().unwrap().to_owned());
    assert!(of[0].len() == 64 && of[0] != of[1], "each is of its own files: {of:?}");
    let notes = kept["notes"].to_string();
    assert!(notes.contains("36 of 36 examples name no customer: each counts as one of its own"), "{notes}");
    let first = home.bytes("adapters/Dormant/evaluations/v1.json");
    eval(&home, &["Dormant", "v1", "--seed", "7"]);
    assert!(home.bytes("adapters/Dormant/evaluations/v1.json") == first, "the same again, by itself as beside another");
    eval(&home, &["Dormant", "v1", "--seed", "8"]);
    assert!(home.bytes("adapters/Dormant/evaluations/v1.json") != first);

    let said = home.say(&["adapters", "promote", "Dormant", "v2", "--claims-unmeasured"]);
    assert!(said.code == Some(7) && said.err.contains("its perplexity is not lower than that of the base"), "{said}");
    let said = home.say(&["adapters", "promote", "Dormant", "v1"]);
    assert!(said.code == Some(7) && said.err.contains("claim-pass was not measured, since the examples carry no briefs"), "{said}");
    assert!(!home.path("adapters/Dormant/current").exists(), "the segment keeps the base");
    // The base keeps no slots either, and that makes the version's mails no better.
    let promote = ["adapters", "promote", "Dormant", "v1", "--claims-unmeasured"];
    let said = home.say(&promote);
    assert!(said.code == Some(7) && said.err.contains("too few of its mails pass: slot-pass is 0.0 %"), "{said}");
    vouch(&home, "Dormant", "v1");
    home.does(&promote);
    assert_eq!(home.text("adapters/Dormant/current"), "v1\n");
    let listed = home.json(&["adapters", "list"]);
    assert!(listed[0]["evaluation"]["writers"].is_array() && listed[1]["evaluation"]["refused"].is_string(), "{listed}");

    // Other weights in the same place are no longer what was evaluated.
    changed(&home, "v2", |_, bytes| bytes.fill(0));
    let said = home.say(&["adapters", "promote", "Dormant", "v2"]);
    assert!(said.err.contains("its evaluation is of other files than it has now"), "{said}");
    let promote = ["adapters", "promote", "Dormant", "v2", "--data", "mails.jsonl", "--base-model-path", "model", "--no-packed-cache"];
    let said = home.say(&[&promote[..], &["--claims-unmeasured"]].concat());
    assert!(said.code == Some(7) && said.err.contains("the difference is +0.00"), "what changes nothing is no better: {said}");
}

#[test]
fn what_cannot_be_evaluated_is_told() {
    let Some(home) = taught() else { return };
    let good = home.text("mails.jsonl");
    let mut picture = String::new();
    let mut check = |what: &str, more: &[&str]| {
        picture.push_str(&format!("── {what}\n{}\n", home.say(&[&EVAL[..], more].concat())));
        assert!(!home.path("adapters/Dormant/evaluations").exists(), "nothing is written");
    };
    check("no such segment", &["Dorment"]);
    check("no such version", &["Dormant", "v7"]);
    home.keep("mails.jsonl", good.lines().skip(1).map(|line| format!("{line}\n")).collect::<String>());
    check("another file", &[]);
    check("another file, by name", &["Dormant", "v1"]);
    home.keep("mails.jsonl", format!("{good}{{\"input\": \"Hi\", \"output\""));
    check("half a line", &[]);
    home.keep("mails.jsonl", good.replace("\"role\":\"You write.\"", "\"role\":\"You write.\",\"locale\":\"fr\""));
    check("a language nobody knows", &[]);
    home.keep("mails.jsonl", &good);
    home.keep("adapters/Dormant/v1/adapter_model.safetensors", "weights");
    check("damaged files", &[]);
    insta::assert_snapshot!(picture);
}

#[test]
fn too_few_customers_tell_nothing_and_how_many_would_is_told() {
    let Some(home) = with_model() else { return };
    keep(&home, &[("Dormant", 40)], "epochs = 2");
    assert_eq!(train(&home, &["--quiet"]).code, Some(0));
    home.does(&EVAL);
    let said = home.say(&["adapters", "promote", "Dormant", "v1", "--claims-unmeasured"]);
    assert!(said.code == Some(7) && said.err.contains("held-out customers, and 35 are the least that tell anything"), "{said}");
    assert!(home.json(&EVAL)["evaluations"][0]["found"]["shared"] == "absent");
}

/// Two mails to each customer: whoever is kept back was not learned from, so that nobody is left out.
#[test]
fn several_mails_of_a_customer_are_kept_back_together() {
    let Some(home) = with_model() else { return };
    keep(&home, &[("Dormant", 80)], "epochs = 1");
    let mut lines: Vec<Value> = home.text("mails.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for (at, line) in lines.iter_mut().enumerate() {
        line["winback"]["customer"] = json!(format!("A-{}", at % 40));
        line["winback"]["locale"] = json!("en");
        line["winback"]["versions"] = json!({ "prompt_words": winback_core::digest::Digest::of(b"earlier words").0 });
    }
    home.keep("mails.jsonl", lines.iter().map(|line| format!("{line}\n")).collect::<String>());
    let said = train(&home, &["--quiet"]);
    assert!(said.code == Some(0) && said.out.contains("8 customers are kept back to try it on, and 35 are the least"), "{said}");
    let listed = home.json(&["adapters", "list"]);
    let note = listed[0]["note"].as_str().unwrap();
    assert!(note.contains("it learned from prompts in other words than this folder's (en)"), "{listed}");
    home.does(&EVAL);
    let found = evaluation(&home, "v1");
    assert_eq!((&found["customers"], &found["examples"]), (&json!(8), &json!(16)));
    assert!(!found["notes"].to_string().contains("left out"), "{}", found["notes"]);
}

/// A shared adapter of other examples may know the customers that a newer version is tried on.
#[test]
fn a_version_is_not_put_to_use_beside_a_shared_adapter_of_other_examples() {
    let Some(home) = with_model() else { return };
    keep(&home, &[("Dormant", 190), ("Parent_Active", 3)], "epochs = 1");
    let said = train(&home, &["--quiet"]);
    assert_eq!(said.code, Some(0), "{said}");
    home.does(&EVAL);
    let found = evaluation(&home, "v1");
    assert_eq!((&found["shared"], &found["writers"][1]["writer"]), (&json!("compared"), &json!("shared")));
    let copy: Value = serde_json::from_str(&home.text("adapters/Parent_Active/evaluations/v1.json")).unwrap();
    assert_eq!((&copy["shared"], copy["customers"].as_u64() > Some(35)), (&json!("copied"), true), "on the customers of all segments");

    keep(&home, &[("Dormant", 196), ("Parent_Active", 10)], "epochs = 1");
    assert_eq!(train(&home, &["--quiet"]).code, Some(0));
    let said = home.say(&[&EVAL[..], &["Dormant", "v2"]].concat());
    assert!(said.out.contains("may know these customers and is not compared"), "{said}");
    let said = home.say(&["adapters", "promote", "Dormant", "v2", "--claims-unmeasured"]);
    assert!(said.code == Some(7) && said.err.contains("it was not compared with the shared adapter"), "{said}");
    let planned: Value = serde_json::from_str(&train(&home, &["--shared", "--dry-run", "--json"]).out).unwrap();
    assert_eq!((&planned["segments"][0]["segment"], &planned["segments"][0]["outcome"]), (&json!("shared"), &json!("would_train")));
    let said = train(&home, &["--shared", "--quiet"]);
    assert!(said.code == Some(0) && crate::adapters::names(&home, "adapters/shared") == ["v1", "v2"], "{said}");
    home.does(&[&EVAL[..], &["Dormant", "v2"]].concat());
    assert_eq!(evaluation(&home, "v2")["shared"], "compared");

    // A newer one that is damaged is passed over, and one whose weights are others is not compared.
    home.keep("adapters/shared/v3/manifest.json", "{}");
    home.keep("adapters/shared/v2/adapter_model.safetensors", "weights");
    home.does(&[&EVAL[..], &["Dormant", "v2"]].concat());
    let found = evaluation(&home, "v2");
    let notes = found["notes"].to_string();
    assert!(found["shared"] == "left_out" && notes.contains("v3 is passed over") && notes.contains("v2 is not compared"), "{notes}");
}
