//! Adapters as a person teaches them, on the tiny random model: trained, killed, gone on with, put to use and back.
use crate::adapters_eval::{EVAL, vouch};
use crate::home::{Home, Said};
use crate::lm::with_model;
use serde_json::{Value, json};
use std::process::{Command, Stdio};
use std::time::Duration;

const TRAIN: [&str; 9] =
    ["adapters", "train", "--data", "mails.jsonl", "--base-model-path", "model", "--recipe", "recipe.toml", "--no-packed-cache"];
/// The files of a version.
const FILES: [&str; 5] = ["adapter_config.json", "adapter_model.safetensors", "loss.svg", "manifest.json", "run.json"];

/// Returns a number that a seed decides.
fn drawn(seed: u64) -> u64 {
    let number = seed.wrapping_add(0x9E37_79B9_7F4A_7C15).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    (number ^ (number >> 29)).wrapping_mul(0x94D0_49BB_1331_11EB) >> 17
}

/// Returns the line of an example.
pub fn line(at: u64, segment: &str) -> String {
    let words = ["plan", "line", "help", "bill", "month", "offer", "phone", "data", "fibre", "advice", "home", "sport"];
    let body: Vec<&str> = (0..24).map(|word| words[(drawn(at * 100 + word) % 12) as usize]).collect();
    let output = format!("Subject: we miss you\n\n{}", body.join(" "));
    json!({ "input": format!("Write to customer {at}."), "output": output, "segment": segment, "winback": { "role": "You write." } })
        .to_string()
}

/// Puts a recipe and examples of these segments there.
pub fn keep(home: &Home, segments: &[(&str, u64)], recipe: &str) {
    let lines: Vec<String> =
        segments.iter().zip(0..).flat_map(|((segment, rows), at)| (0..*rows).map(move |row| line(1000 * at + row, segment))).collect();
    home.keep("mails.jsonl", lines.join("\n") + "\n");
    let usual = "[segments]\nleast_rows = 8\nkept_back = 0.2\n[recipe]\nrank = 4\nlearning_rate = 0.01\ntokens_per_step = 400\ntokens_at_once = 400\n";
    home.keep("recipe.toml", format!("{usual}{recipe}\n"));
}

pub fn train(home: &Home, more: &[&str]) -> Said {
    home.say(&[&TRAIN[..], more].concat())
}

pub fn names(home: &Home, folder: &str) -> Vec<String> {
    let read = std::fs::read_dir(home.path(folder)).unwrap();
    let mut names: Vec<String> = read.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn bytes(home: &Home, version: &str) -> Vec<Vec<u8>> {
    FILES.map(|file| home.bytes(&format!("adapters/{version}/{file}"))).to_vec()
}

#[test]
fn each_segment_gets_an_adapter_of_one_recipe() {
    let Some(home) = with_model() else { return };
    keep(&home, &[("Dormant", 30), ("Parent_Active", 24), ("Need_Reengagement", 3)], "epochs = 4");
    let planned: Value = serde_json::from_str(&train(&home, &["--dry-run", "--json"]).out).unwrap();
    let outcomes = |report: &Value| -> Vec<String> {
        report["segments"].as_array().unwrap().iter().map(|row| format!("{} {}", row["segment"], row["outcome"]).replace('"', "")).collect()
    };
    assert_eq!(outcomes(&planned), ["Dormant would_train", "Need_Reengagement would_share", "Parent_Active would_train"]);
    assert!(planned["memory_bytes"].as_u64().unwrap() > 1 << 20 && !home.path("adapters").exists(), "{planned}");

    let said = train(&home, &["--date", "2026-11-21", "--licence", "CC0-1.0", "--origin", "made up by a test"]);
    assert_eq!(said.code, Some(0), "{said}");
    assert!(said.err.lines().any(|line| line.starts_with("Dormant: step ") && line.contains("tokens/s")), "{said}");
    let too_few = "Dormant: 6 customers are kept back to try it on, and 35 are the least before it may be put to use; even kept_back = 0.5";
    assert!(said.out.contains(too_few) && !said.out.contains("winback adapters promote"), "{said}");
    let shared = "Need_Reengagement: 12 customers of all segments are kept back to try it on";
    assert!(said.out.contains(shared) && planned["segments"][0]["too_few"].is_string(), "{said} {planned}");
    assert_eq!(names(&home, "adapters"), [".lock", "Dormant", "Need_Reengagement", "Parent_Active", "shared"]);
    let data = home.json(&["adapters", "list"])[0]["manifest"]["data"].clone();
    assert_eq!((&data["licence"], &data["origin"]), (&json!("CC0-1.0"), &json!("made up by a test")));
    assert_eq!(train(&home, &["--licence", ""]).code, Some(2), "nothing is no licence");
    for segment in ["Dormant", "Need_Reengagement", "Parent_Active", "shared"] {
        assert_eq!(names(&home, &format!("adapters/{segment}")), ["v1"]);
        assert_eq!(names(&home, &format!("adapters/{segment}/v1")), FILES);
    }
    let weights = |segment: &str| home.bytes(&format!("adapters/{segment}/v1/adapter_model.safetensors"));
    assert_eq!(weights("Need_Reengagement"), weights("shared"));
    assert_ne!(weights("Dormant"), weights("shared"));
    let manifest: Value = serde_json::from_str(&home.text("adapters/Dormant/v1/manifest.json")).unwrap();
    assert_eq!((&manifest["recipe"]["rank"], &manifest["date"], &manifest["kind"]), (&json!(4), &json!("2026-11-21"), &json!("own")));
    let (before, after) = (manifest["metrics"]["loss_before"].as_f64().unwrap(), manifest["metrics"]["loss_after"].as_f64().unwrap());
    assert!(after < 0.8 * before, "{manifest}");
    assert_eq!(manifest["data"]["learned_from"].as_u64().unwrap() + manifest["data"]["kept_back"].as_u64().unwrap(), 30);
    assert!(home.text("adapters/Dormant/v1/loss.svg").starts_with("<svg"));

    let again: Value = serde_json::from_str(&train(&home, &["--json", "--quiet"]).out).unwrap();
    assert_eq!(outcomes(&again), ["Dormant earlier", "Need_Reengagement earlier", "Parent_Active earlier"]);
    assert_eq!(names(&home, "adapters/Dormant"), ["v1"]);
    let checked = home.does(&["adapters", "verify", "--base-model-path", "model"]);
    assert_eq!(checked.matches("as written").count(), 4, "{checked}");
    let template = home.bytes("model/chat_template.jinja");
    home.keep("model/chat_template.jinja", [&template[..], b" "].concat());
    let checked = home.say(&["adapters", "verify", "Dormant", "--base-model-path", "model"]);
    assert!(checked.code == Some(7) && checked.out.contains("taught through another chat template"), "{checked}");
    home.keep("model/chat_template.jinja", template);

    // What is kept back tells what an adapter brings: the same figure as `lm eval` finds.
    let lines = home.text("mails.jsonl");
    let line: Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    let messages = json!([{ "role": "system", "content": "You write." }, { "role": "user", "content": line["input"] }, { "role": "assistant", "content": line["output"] }]);
    home.keep("replies.jsonl", json!({ "messages": messages }).to_string());
    let perplexity = |more: &[&str]| {
        let eval = ["lm", "eval", "--model", "model", "--conversations", "replies.jsonl", "--no-think", "--precision", "f32"];
        home.json(&[&eval[..], more].concat())["perplexity"].as_f64().unwrap()
    };
    assert!(perplexity(&["--adapter", "adapters/Dormant/v1"]) < 0.7 * perplexity(&[]));
}

#[test]
fn teaching_again_heals_what_does_not_fit_or_is_damaged() {
    let Some(home) = with_model() else { return };
    keep(&home, &[("Dormant", 20)], "epochs = 1");
    let outcome = || {
        let said = train(&home, &["--json"]);
        let report: Value = serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{said}"));
        (
            report["segments"][0]["outcome"].as_str().unwrap().to_owned(),
            report["segments"][0]["version"].as_str().unwrap().to_owned(),
            said.err,
        )
    };
    let is = |outcome: (String, String, String), expected: [&str; 2]| assert_eq!([&*outcome.0, &*outcome.1], expected, "{}", outcome.2);
    is(outcome(), ["trained", "v1"]);
    is(outcome(), ["earlier", "v1"]);
    // The same tokens through another template: the first would be refused, so another is made.
    let template = home.text("model/chat_template.jinja");
    home.keep("model/chat_template.jinja", format!("{{#- a note -#}}{template}"));
    is(outcome(), ["trained", "v2"]);
    is(outcome(), ["earlier", "v2"]);
    let weights = "adapters/Dormant/v2/adapter_model.safetensors";
    let mut bytes = home.bytes(weights);
    let whole = bytes.clone();
    *bytes.last_mut().unwrap() ^= 1;
    home.keep(weights, bytes);
    let healed = outcome();
    assert!(healed.2.contains("Dormant v2 was trained on just this before, and is damaged"), "{}", healed.2);
    is(healed, ["trained", "v3"]);
    is(outcome(), ["earlier", "v3"]);
    assert_eq!(home.bytes("adapters/Dormant/v3/adapter_model.safetensors"), whole);
}

#[test]
fn the_memory_of_many_short_steps_is_planned() {
    let Some(home) = with_model() else { return };
    let planned = |recipe: &str| {
        keep(&home, &[("Dormant", 40)], recipe);
        let recipe = home.text("recipe.toml").replace("tokens_per_step = 400\n", "");
        home.keep("recipe.toml", recipe);
        let said = train(&home, &["--dry-run", "--json"]);
        serde_json::from_str::<Value>(&said.out).unwrap_or_else(|_| panic!("{said}"))["memory_bytes"].as_u64().unwrap()
    };
    let (few, many) = (planned("epochs = 1\ntokens_per_step = 1"), planned("epochs = 10000\ntokens_per_step = 1"));
    assert!(many - few > 9_999 * 32 * 8, "a loss for each step: {few} {many}");
}

#[test]
fn versions_are_listed_compared_put_to_use_and_written_with() {
    let Some(home) = with_model() else { return };
    keep(&home, &[("Dormant", 180), ("Parent_Active", 160)], "epochs = 2");
    assert!(home.does(&["adapters", "list"]).contains("no adapter in ./adapters; winback adapters train teaches them"));
    let said = train(&home, &["--dry-run"]).out;
    assert!(said.contains("Parent_Active: 32 customers are kept back") && said.contains("about kept_back = 0.22 in [segments]"), "{said}");
    keep(&home, &[("Dormant", 180), ("Parent_Active", 180)], "epochs = 2");
    let said = train(&home, &["--quiet"]);
    assert!(
        said.out
            .contains("winback adapters promote Dormant v1 --data mails.jsonl --base-model-path model evaluates it, and puts it to use if"),
        "{said}"
    );
    home.does(&EVAL);
    keep(&home, &[("Dormant", 182)], "epochs = 3\nalpha = 16.0");
    assert_eq!(train(&home, &["--quiet"]).code, Some(0));
    home.does(&[&EVAL[..], &["Dormant", "v2"]].concat());
    [("Dormant", "v1"), ("Dormant", "v2"), ("Parent_Active", "v1")].iter().for_each(|(segment, version)| vouch(&home, segment, version));
    let write = |adapter: &str| {
        home.json(&["lm", "chat", "model", "Hi", "--adapter", adapter, "--max-tokens", "8", "--precision", "f32"])["text"].clone()
    };
    let none = home.say(&["lm", "chat", "model", "Hi", "--adapter", "adapters/Dormant"]);
    assert!(none.code == Some(2) && none.err.contains("no version of Dormant is in use"), "{none}");
    assert_eq!(
        home.does(&["adapters", "promote", "Dormant", "v1", "--claims-unmeasured"]),
        "Dormant: v1 writes now, before it was the base\n"
    );
    assert_eq!(home.does(&["adapters", "promote", "Dormant", "v2", "--claims-unmeasured"]), "Dormant: v2 writes now, before it was v1\n");
    assert_eq!(write("adapters/Dormant"), write("adapters/Dormant/v2"));
    assert_ne!(write("adapters/Dormant"), write("adapters/Dormant/v1"));
    let listed = home.json(&["adapters", "list"]);
    let told: Vec<String> =
        listed.as_array().unwrap().iter().map(|one| format!("{} {} {}", one["segment"], one["version"], one["in_use"])).collect();
    assert_eq!(told, ["\"Dormant\" \"v1\" false", "\"Dormant\" \"v2\" true", "\"Parent_Active\" \"v1\" false"]);
    let compared = home.json(&["adapters", "diff", "Dormant", "v1", "v2"]);
    let fields: Vec<&str> = compared["differs"].as_array().unwrap().iter().map(|field| field[0].as_str().unwrap()).collect();
    assert!(
        ["data.learned_from", "data.sha256", "recipe.alpha", "recipe.epochs", "metrics.loss_after", "evaluation.perplexity"]
            .iter()
            .all(|field| fields.contains(field)),
        "{fields:?}"
    );
    assert!(compared["weights"]["apart"].as_f64().unwrap() > 0.0);
    assert!(home.does(&["adapters", "diff", "Dormant", "v1", "v2"]).contains("What v2 adds to the base differs from what v1 adds by"));

    home.does(&["adapters", "promote", "Parent_Active", "v1", "--claims-unmeasured"]);
    let server = home.serves(&["lm", "serve", "model", "--port", "0", "--no-packed-cache", "--adapter", "adapters"]);
    let models = server.get("/v1/models");
    assert!(models.contains("\"Dormant\"") && models.contains("\"Parent_Active\"") && models.contains("\"model\""), "{models}");
    drop(server);
    assert_eq!(home.does(&["adapters", "rollback", "Dormant"]), "Dormant: v1 writes now, before it was v2\n");
    assert_eq!(home.does(&["adapters", "rollback", "Dormant"]), "Dormant: the base writes now, before it was v1\n");

    let mut picture = String::new();
    let mut check = |args: &[&str]| picture.push_str(&format!("$ winback {}\n{}\n", args.join(" "), home.say(args)));
    check(&["adapters", "rollback", "Dormant"]);
    check(&["adapters", "promote", "Dorment", "v1"]);
    check(&["adapters", "promote", "../Dormant", "v1"]);
    check(&["adapters", "promote", "Dormant", "v3"]);
    check(&["lm", "serve", "model", "--adapter", "nowhere", "--no-packed-cache"]);
    check(&["adapters", "promote", "Dormant", "v2"]);
    std::fs::remove_file(home.path("adapters/Dormant/evaluations/v2.json")).unwrap();
    check(&["adapters", "promote", "Dormant", "v2"]);
    std::fs::remove_file(home.path("adapters/Dormant/v2/manifest.json")).unwrap();
    home.keep("adapters/Parent_Active/v1/loss.svg", "<svg/>");
    check(&["adapters", "verify"]);
    insta::assert_snapshot!(picture);
    strays_are_told(&home);
}

fn strays_are_told(home: &Home) {
    // What stands there by mistake is told, and costs the others nothing.
    for stray in ["two words/v1", "Dormant/backup"] {
        home.keep(&format!("adapters/{stray}/manifest.json"), "{}");
    }
    home.keep("adapters/Parent_Active/current", "");
    let told = home.does(&["adapters", "list"]);
    let rows =
        ["\"two words\" is no name of a segment's folder", "backup stands among the versions", "current names \"\", which is no version"];
    assert!(rows.iter().all(|row| told.contains(row)) && told.matches("v1").count() >= 2, "{told}");
    let said = home.say(&["adapters", "verify"]);
    assert!(said.code == Some(7) && rows.iter().all(|row| said.out.contains(row)) && said.out.contains("as written"), "{said}");
    // The folder that the writer reads is the one that all commands mean.
    home.keep("winback.toml", "[writer]\nadapters = \"voices\"\n");
    assert!(home.does(&["adapters", "list"]).contains("no adapter in ./voices; winback adapters train teaches them"));
}

#[test]
fn what_cannot_be_taught_is_told_before_the_first_step() {
    let Some(home) = with_model() else { return };
    keep(&home, &[("Dormant", 12)], "");
    let good = home.text("mails.jsonl");
    let mut picture = String::new();
    let mut check = |mails: &str, more: &[&str]| {
        home.keep("mails.jsonl", mails);
        picture.push_str(&format!(
            "── {} {}\n{}\n",
            mails.strip_prefix(&*good).unwrap_or(mails).trim(),
            more.join(" "),
            train(&home, more)
        ));
        assert!(!home.path("adapters").exists(), "nothing is written");
    };
    let roles = r#"{"messages": [{"role": "assistant", "content": "Hi"}, {"role": "user", "content": "Hi"}], "segment": "Dormant"}"#;
    let faults = [
        r#"{"input": "", "output": "Hi", "segment": "Dormant"}"#,
        r#"{"input": "Hi", "output": " ", "segment": "Dormant"}"#,
        roles,
        r#"{"input": "Hi", "output": "Hi", "segment": "Dorment"}"#,
        r#"{"input": "Hi", "output": "Hi""#,
    ];
    check(&format!("{good}{}", faults.join("\r\n\r\n")), &[]);
    let long = json!({ "input": "Hi", "output": "many words ".repeat(2000), "segment": "Dormant" }).to_string();
    home.keep("mails.jsonl", format!("{good}{long}\n"));
    let said = train(&home, &[]);
    assert!(said.code == Some(3) && said.err.contains("line 13: it has ") && said.err.contains("and the model reads 4096"), "{said}");
    check("[\n]", &[]);
    check("\n", &[]);
    check(&good, &["--segment", "Dorment"]);
    home.keep("recipe.toml", "[recipe]\nrnak = 4\n");
    check(&good, &[]);
    home.keep("recipe.toml", "[recipe]\nrank = 0\n");
    check(&good, &[]);
    home.keep("recipe.toml", "[segments]\nkept_back = 0.0\n");
    check(&good, &[]);
    insta::assert_snapshot!(picture);
    let bom = format!("\u{feff}{}", good.replace('\n', "\r\n\r\n"));
    home.keep("mails.jsonl", bom.trim_end());
    keep_recipe(&home);
    let said = train(&home, &["--dry-run"]);
    assert!(said.code == Some(0) && said.out.starts_with("12 examples;"), "{said}");
    home.keep("mails.jsonl", format!("{good}{}\n", line(99, "dormant")));
    let said = train(&home, &["--any-segment", "--dry-run"]);
    assert!(said.code == Some(3) && said.err.contains("Dormant and dormant differ in capitals alone"), "{said}");
}

fn keep_recipe(home: &Home) {
    home.keep("recipe.toml", "[segments]\nleast_rows = 8\n");
}

#[test]
fn a_segment_that_fails_does_not_stop_the_others() {
    let Some(home) = with_model() else { return };
    keep(&home, &[("Dormant", 20), ("Parent_Active", 3)], "epochs = 1");
    // Twenty mails that are all alike leave nothing to keep back.
    let alike = (0..20).map(|at| {
        json!({ "input": format!("{at}"), "output": "Please come back to us, we would like it.", "segment": "HighValue_Active" })
            .to_string()
    });
    home.keep("mails.jsonl", home.text("mails.jsonl") + &alike.collect::<Vec<_>>().join("\n"));
    home.keep("recipe.toml", home.text("recipe.toml").replace("least_rows = 8", "least_rows = 8\nfew_rows = \"refuse\""));
    let said = train(&home, &["--quiet"]);
    assert_eq!(said.code, Some(8), "{said}");
    assert!(said.out.contains("HighValue_Active: its 20 examples nearly repeat one another"), "{said}");
    assert!(said.out.contains("Parent_Active: it has 3 examples, and the recipe asks for 8 (least_rows)"), "{said}");
    assert_eq!(names(&home, "adapters"), [".lock", "Dormant"]);
    assert_eq!(train(&home, &["--quiet", "--segment", "Parent_Active"]).code, Some(1));
}

/// Makes every number of the base's last norm this one.
fn with_norm(home: &Home, number: f32) {
    let mut bytes = home.bytes("model/model.safetensors");
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let header: Value = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
    let [from, to] = [0, 1].map(|at| 8 + length + header["model.norm.weight"]["data_offsets"][at].as_u64().unwrap() as usize);
    bytes[from..to].chunks_exact_mut(4).for_each(|place| place.copy_from_slice(&number.to_le_bytes()));
    home.keep("model/model.safetensors", bytes);
}

#[test]
fn a_loss_that_is_no_number_is_told_with_what_to_do() {
    let Some(home) = with_model() else { return };
    keep(&home, &[("Dormant", 20)], "alpha = 1000000.0");
    let check = |norm: f32, expected: &str| {
        with_norm(&home, norm);
        let said = train(&home, &["--quiet", "--checkpoint-steps", "1", "--precision", "f32"]);
        assert_eq!(said.code, Some(1), "{norm}: {said}");
        assert!(said.out.contains(expected), "{norm}: {said}");
        assert_eq!(names(&home, "adapters"), [".lock"], "nothing came of it");
    };
    check(1e35, "the loss of step 1 is no number; the largest step (learning_rate) is too large, or a text is damaged; take a smaller");
    check(3e38, "the base finds the texts kept back so unlikely that their loss is no number");
}

/// Starts a training in the background.
fn started(home: &Home, more: &[&str]) -> std::process::Child {
    home.command(&[&TRAIN[..], more].concat()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

const LONG: &str = "epochs = 12";
const EVERY_STEP: [&str; 2] = ["--checkpoint-steps", "1"];

#[test]
fn a_training_killed_at_any_moment_ends_with_the_same_bytes() {
    let Some(home) = with_model() else { return };
    keep(&home, &[("Dormant", 24), ("Parent_Active", 3)], LONG);
    assert_eq!(train(&home, &["--quiet"]).code, Some(0));
    let unbroken = ["Dormant/v1", "Parent_Active/v1", "shared/v1"].map(|version| bytes(&home, version));
    std::fs::rename(home.path("adapters"), home.path("unbroken")).unwrap();
    let mut kills = 0;
    for attempt in 0..60 {
        let mut child = started(&home, &EVERY_STEP);
        std::thread::sleep(Duration::from_millis(100 + drawn(attempt + u64::from(std::process::id())) % 900));
        if child.try_wait().unwrap().is_some() {
            break;
        }
        // SIGKILL: nothing of the program runs any more.
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;
    }
    assert!(kills > 0, "it was never killed");
    let said = train(&home, &EVERY_STEP);
    assert_eq!(said.code, Some(0), "{said}");
    assert!(["Dormant/v1", "Parent_Active/v1", "shared/v1"].map(|version| bytes(&home, version)) == unbroken, "after {kills} kills");
    assert_eq!(names(&home, "adapters/Dormant"), ["v1"], "nothing else is left");
}

/// Interrupts a training once it has kept something, and returns what it said.
fn interrupted(home: &Home, more: &[&str]) -> Said {
    let child = started(home, more);
    let kept = || {
        std::fs::read_dir(home.path("adapters/Dormant"))
            .is_ok_and(|mut found| found.any(|entry| std::fs::read_dir(entry.unwrap().path()).is_ok_and(|files| files.count() > 1)))
    };
    for _ in 0..1200 {
        if kept() {
            break;
        }
        std::thread::sleep(Duration::from_millis(25));
    }
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    Said::from(child.wait_with_output().unwrap())
}

#[test]
fn a_training_that_is_interrupted_or_has_a_broken_checkpoint_goes_on() {
    let Some(home) = with_model() else { return };
    keep(&home, &[("Dormant", 24)], "epochs = 40");
    let said = interrupted(&home, &EVERY_STEP);
    assert_eq!(said.code, Some(130), "{said}");
    assert!(said.err.contains("which is kept; run the command again and it goes on from there"), "{said}");
    let training = format!("adapters/Dormant/{}", names(&home, "adapters/Dormant")[0]);
    let checkpoints = names(&home, &training);
    assert_eq!(checkpoints.len(), 2, "{checkpoints:?}");
    assert!(home.does(&["adapters", "list"]).contains("training not done; the same command goes on with it"));
    let newest = format!("{training}/{}", checkpoints[1]);
    let mut half = home.bytes(&newest);
    half.truncate(half.len() / 2);
    home.keep(&newest, half);

    // The disk is full: what is there stays as it is.
    let folder = std::path::Path::new(env!("CARGO_BIN_EXE_winback")).parent().unwrap().display().to_string();
    let line = format!("trap '' XFSZ; ulimit -f 40; PATH={folder}:$PATH exec winback --home . {} --checkpoint-steps 1", TRAIN.join(" "));
    let full = Said::from(Command::new("sh").args(["-c", &line]).current_dir(home.path("")).output().unwrap());
    assert_eq!(full.code, Some(6), "{full}");
    assert!(full.err.contains("cannot be written") && full.err.contains("it goes on from the last checkpoint"), "{full}");
    assert_eq!(names(&home, &training), [checkpoints[0].clone()], "the whole one is intact, and nothing half is left");

    let said = train(&home, &["--checkpoint-steps", "1000"]);
    assert_eq!(said.code, Some(0), "{said}");
    assert!(full.err.contains("is damaged") && full.err.contains("the one before it is"), "{full}");
    let step: u32 = checkpoints[0].trim_start_matches("step-").trim_end_matches(".checkpoint").parse().unwrap();
    assert!(said.err.contains(&format!("Dormant: goes on after step {step} of")), "{said}");
    let broken = bytes(&home, "Dormant/v1");
    std::fs::rename(home.path("adapters"), home.path("broken")).unwrap();
    assert_eq!(train(&home, &["--quiet", "--threads", "1"]).code, Some(0));
    assert!(bytes(&home, "Dormant/v1") == broken);
}

#[test]
fn two_trainings_of_one_folder_do_not_meet_and_memory_is_planned() {
    let Some(home) = with_model() else { return };
    keep(&home, &[("Dormant", 24)], "epochs = 2000");
    let mut first = started(&home, &["--quiet"]);
    let held = || home.path("adapters/.lock").exists();
    (0..400).take_while(|_| !held()).for_each(|_| std::thread::sleep(Duration::from_millis(25)));
    std::thread::sleep(Duration::from_millis(100));
    let second = train(&home, &[]);
    first.kill().unwrap();
    first.wait().unwrap();
    assert!(second.code == Some(4) && second.err.contains("another training is at work in ./adapters"), "{second}");
    keep(&home, &[("Dormant", 24)], "epochs = 1");
    home.keep("recipe.toml", home.text("recipe.toml").replace("rank = 4", "rank = 4096"));
    let folder = std::path::Path::new(env!("CARGO_BIN_EXE_winback")).parent().unwrap().display().to_string();
    let line = format!("ulimit -v 600000; PATH={folder}:$PATH exec winback --home . {} --dry-run --threads 1", TRAIN.join(" "));
    let small = Said::from(Command::new("sh").args(["-c", &line]).current_dir(home.path("")).output().unwrap());
    assert_eq!(small.code, Some(1), "{small}");
    assert!(
        small.err.contains("teaching the model model by this recipe needs") && small.err.contains("hint: take a smaller tokens_at_once"),
        "{small}"
    );
}
