//! `winback lm` on the tiny random model of `../shared/fixtures/qwen3-tiny`, which writes nonsense, always the same.
use crate::home::Home;
use serde_json::Value;
use std::path::Path;

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/fixtures/qwen3-tiny");

/// Returns a folder with the tiny model in `model`, its three adapters inside; `None` where the fixtures are absent.
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
pub fn with_model() -> Option<Home> {
    let fixtures = Path::new(FIXTURES);
    if !fixtures.is_dir() {
        eprintln!("SKIPPED: ../shared/fixtures/qwen3-tiny is not here");
        return None;
    }
    let home = Home::new();
    let copy = |from: &str, to: &str| home.keep(&format!("model/{to}"), std::fs::read(fixtures.join(from)).unwrap());
    copy("tied/config.json", "config.json");
    copy("tied/model.safetensors", "model.safetensors");
    copy("tokenizer/tokenizer.json", "tokenizer.json");
    copy("chat_template/qwen3.jinja", "chat_template.jinja");
    for adapter in ["adapter_a", "adapter_b", "adapter_c"] {
        for file in ["adapter_config.json", "adapter_model.safetensors"] {
            copy(&format!("tied/{adapter}/{file}"), &format!("{adapter}/{file}"));
        }
    }
    Some(home)
}

#[test]
fn a_model_directory_is_told() {
    let Some(home) = with_model() else { return };
    let here = home.json(&["lm", "info", "model"])["levels"].as_array().unwrap().len();
    assert!(here >= 1);
    let told = home.does(&["lm", "info", "model"]);
    let lines: Vec<&str> = told.lines().filter(|line| !line.starts_with("kernels here")).collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn memory_is_told_alike_from_wherever_the_directory_is_named() {
    let Some(home) = with_model() else { return };
    let of = |dir: &str| home.json(&["lm", "info", dir])["memory"].clone();
    let told = of("model");
    assert_eq!(told, of(home.path("model").to_str().unwrap()));
    // The table stays as it is in the file, in f32.
    let config: Value = serde_json::from_slice(&home.bytes("model/config.json")).unwrap();
    let table = config["vocab_size"].as_u64().unwrap() * config["hidden_size"].as_u64().unwrap();
    let weights = |at: usize| told[at]["weight_bytes"].as_u64().unwrap();
    assert_eq!((weights(0) - 4 * table) / 4, (weights(2) - 4 * table), "{told}");
}

#[test]
fn what_would_not_fit_into_memory_is_refused_with_both_numbers() {
    let Some(home) = with_model() else { return };
    let check = |args: &[&str], what: &str| {
        let said = home.say(args);
        assert_eq!(said.code, Some(1), "{said}");
        let told = said.err.strip_prefix(&format!("error: {what} of memory, and this machine has ")).unwrap_or_else(|| panic!("{said}"));
        assert!(told.split_once(" left\n").is_some_and(|(left, _)| left.ends_with("iB")), "{said}");
    };
    // 1 TiB by its length, and a few thousand bytes on the disk.
    let mut config: Value = serde_json::from_slice(&home.bytes("model/config.json")).unwrap();
    (config["vocab_size"], config["hidden_size"]) = ((1 << 22).into(), (1 << 16).into());
    let header = format!(r#"{{"model.embed_tokens.weight":{{"dtype":"F32","shape":[4194304,65536],"data_offsets":[0,{}]}}}}"#, 1_u64 << 40);
    let weights = home.keep("large/model.safetensors", [&(header.len() as u64).to_le_bytes()[..], header.as_bytes()].concat());
    let file = std::fs::OpenOptions::new().write(true).open(weights).unwrap();
    file.set_len(8 + header.len() as u64 + (1 << 40)).unwrap();
    home.keep("large/config.json", config.to_string());
    home.keep("large/tokenizer.json", home.bytes("model/tokenizer.json"));
    check(&["lm", "complete", "large", "Hello", "--precision", "int8"], "the model large needs 1.3 TiB");
    check(
        &["lm", "bench", "model", "--rows", "100000", "--prompt", "100000", "--no-packed-cache"],
        "a batch of 100000 texts needs 3.5 TiB",
    );
    check(
        &["lm", "bench", "--drawn", "0.6b", "--precision", "int8", "--adapters", "100000"],
        "a measurement with 100000 adapters needs 1.8 TiB",
    );
    let said = home.say(&["lm", "bench", "model", "--adapters", "3000000"]);
    assert!(said.code == Some(2) && said.err.contains("3000000 is not in 0..=100000"), "{said}");
    check(&["lm", "serve", "model", "--port", "0", "--cache", "16777216", "--no-packed-cache"], "--cache needs 16.0 TiB");
    let said = home.say(&["lm", "serve", "model", "--port", "0", "--cache", "17592186044416"]);
    assert!(said.code == Some(2) && said.err.contains("17592186044416 is not in 1..="), "{said}");
}

#[test]
fn a_text_is_as_long_as_its_makers_recommend() {
    let Some(home) = with_model() else { return };
    home.keep("model/generation_config.json", r#"{"max_new_tokens": 3}"#);
    let tokens = |more: &[&str]| home.json(&[&["lm", "complete", "model", "Hello"], more].concat())["tokens"].clone();
    assert_eq!((tokens(&[]), tokens(&["--max-tokens", "5"])), (3.into(), 5.into()));
}

#[test]
fn a_text_goes_on_as_the_seed_says_and_an_adapter_writes_another() {
    let Some(home) = with_model() else { return };
    let write = |more: &[&str]| {
        let args = [&["lm", "complete", "model", "Hello", "--max-tokens", "12", "--precision", "f32"], more].concat();
        home.json(&args)
    };
    let likeliest = write(&[]);
    assert_eq!((&likeliest["tokens"], &likeliest["ended"]), (&Value::from(12), &Value::from("length")));
    assert_eq!(likeliest, write(&["--level", "plain"]), "every level writes the same");
    assert_ne!(likeliest["text"], write(&["--adapter", "model/adapter_a"])["text"]);
    let drawn = |seed: &str| write(&["--temperature", "1", "--seed", seed])["text"].clone();
    assert_eq!(drawn("1"), drawn("1"));
    assert_ne!(drawn("1"), drawn("2"));
    let stop = likeliest["text"].as_str().unwrap().chars().nth(3).unwrap().to_string();
    let stopped = write(&["--stop", &stop]);
    assert_eq!(stopped["ended"], "stop");
    assert!(!stopped["text"].as_str().unwrap().contains(&stop));
}

#[test]
fn what_streams_to_the_screen_is_what_is_reported_and_standard_input_is_a_prompt() {
    let Some(home) = with_model() else { return };
    home.keep("prompt.txt", "Hello\n");
    for command in ["complete", "chat"] {
        let args = ["lm", command, "model", "Hello", "--max-tokens", "9"];
        let reported = home.json(&args);
        let said = home.say(&args);
        assert_eq!(said.out, format!("{}\n", reported["text"].as_str().unwrap()));
        assert_eq!(said.err, "note: cut short after 9 tokens; --max-tokens says how many\n");
        let piped = home.command(&["lm", command, "model", "--max-tokens", "9", "--quiet"]);
        let piped = { piped }.stdin(std::fs::File::open(home.path("prompt.txt")).unwrap()).output().unwrap();
        assert_eq!(String::from_utf8(piped.stdout).unwrap(), said.out, "{command}");
    }
}

#[test]
fn a_chat_is_read_through_the_template_and_control_tokens_in_it_are_text() {
    let Some(home) = with_model() else { return };
    let tokens = |args: &[&str]| {
        let told = home.json(&[&["lm", "chat", "model", "--max-tokens", "1"], args].concat());
        told["prompt_tokens"].as_u64().unwrap()
    };
    let plain = tokens(&["Hi"]);
    assert!(tokens(&["Hi", "--no-think"]) > plain, "an empty thought stands before the answer");
    assert!(tokens(&["Hi", "--system", "Be brief."]) > plain);
    // The template would end the message there and begin another one, in 2 tokens.
    assert!(tokens(&["Hi<|im_end|><|im_start|>"]) > plain + 8);
}

#[test]
fn a_text_is_kept_to_a_schema() {
    let Some(home) = with_model() else { return };
    let schema = r#"{"type": "object", "properties": {"zone": {"enum": ["north", "south"]}, "age": {"type": "integer", "minimum": 18, "maximum": 99}},
        "required": ["zone", "age"], "additionalProperties": false}"#;
    home.keep("schema.json", schema);
    for command in ["complete", "chat"] {
        let args = ["lm", command, "model", "Hello", "--schema", "schema.json", "--temperature", "1.5"];
        let written = home.json(&args);
        assert_eq!(written["ended"], "stop", "{written}");
        let text = written["text"].as_str().unwrap();
        let value: Value = serde_json::from_str(text).unwrap();
        assert!(text.starts_with("{\"zone\": \"") && (18..=99).contains(&value["age"].as_i64().unwrap()), "{text}");
        assert_eq!(home.does(&args), format!("{text}\n"));
    }
}

#[test]
fn what_cannot_be_written_is_told() {
    let Some(home) = with_model() else { return };
    home.keep("not.json", "{\"not\": {}}");
    home.keep("half.json", "{\"type\":");
    let mut picture = String::new();
    let mut check = |args: &[&str]| picture.push_str(&format!("$ winback {}\n{}\n", args.join(" "), home.say(args)));
    check(&["lm", "info", "nowhere"]);
    check(&["lm", "complete", "model/adapter_a", "Hello"]);
    check(&["lm", "complete", "model", "Hello", "--adapter", "model"]);
    check(&["lm", "complete", "model", "Hello", "--temperature", "101"]);
    check(&["lm", "complete", "model", ""]);
    check(&["lm", "complete", "model", "Hello", "--schema", "nowhere.json"]);
    check(&["lm", "complete", "model", "Hello", "--schema", "half.json"]);
    check(&["lm", "complete", "model", "Hello", "--schema", "not.json"]);
    check(&["lm", "bench"]);
    insta::assert_snapshot!(picture);
}

#[test]
fn speed_is_measured_for_each_batch() {
    let Some(home) = with_model() else { return };
    let measured =
        home.json(&["lm", "bench", "model", "--rows", "1,3", "--prompt", "5", "--new", "2", "--adapters", "2", "--threads", "1"]);
    let batches = measured["batches"].as_array().unwrap();
    assert_eq!(batches.iter().map(|one| one["rows"].as_u64().unwrap()).collect::<Vec<_>>(), [1, 3]);
    assert!(batches.iter().all(|one| one["written_tokens_per_second"].as_f64().unwrap() > 0.0));
    assert_eq!(measured["threads"], 1);
}

#[test]
fn texts_are_compared_with_references() {
    let home = Home::new();
    home.keep("texts.txt", "the cat sat on the mat\nwe miss you, and here is one month free\n");
    home.keep("references.txt", "the cat sat on a mat\nwe miss you: here is a month for free\n");
    let eval = ["lm", "eval", "--hypotheses", "texts.txt", "--references", "references.txt"];
    let mut picture = home.does(&eval);
    let told = home.json(&eval);
    assert_eq!(told["bleu"]["signature"], "nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp");
    let twice = home.json(&[&eval[..], &["--references", "texts.txt"]].concat());
    assert_eq!(twice["bleu"]["score"].as_f64().unwrap().round(), 100.0, "the texts are among the references");
    home.keep("short.txt", "one line\n");
    home.keep("none.txt", "");
    let mut check = |args: &[&str]| picture.push_str(&format!("$ winback {}\n{}\n", args.join(" "), home.say(args)));
    check(&["lm", "eval", "--hypotheses", "texts.txt", "--references", "short.txt"]);
    check(&["lm", "eval", "--hypotheses", "none.txt", "--references", "none.txt"]);
    check(&["lm", "eval", "--hypotheses", "texts.txt", "--references", "references.txt", "--tokenize", "ja"]);
    insta::assert_snapshot!(picture);
}

#[test]
fn a_model_tells_how_likely_it_finds_replies() {
    let Some(home) = with_model() else { return };
    home.keep("model/generation_config.json", r#"{"eos_token_id": [1]}"#);
    let chat = |reply: &str| {
        let messages = serde_json::json!([{ "role": "user", "content": "Hi" }, { "role": "assistant", "content": reply }]);
        serde_json::json!({ "messages": messages }).to_string()
    };
    let text = |prompt: &str, reply: &str| serde_json::json!({ "prompt": prompt, "completion": reply }).to_string();
    home.keep("replies.jsonl", format!("{}\n\n{}\n{}\n", chat("Hello Ada"), text("Dear", " customer"), text("a", "b")));
    let eval = ["lm", "eval", "--model", "model", "--conversations", "replies.jsonl", "--no-think", "--precision", "f32"];
    let told = home.json(&eval);
    let each = told["each"].as_array().unwrap();
    let sum = |name: &str| each.iter().map(|one| one[name].as_f64().unwrap()).sum::<f64>();
    assert_eq!((each.len(), told["replies"].as_u64(), told["tokens"].as_f64()), (3, Some(3), Some(sum("tokens"))));
    let perplexity = told["perplexity"].as_f64().unwrap();
    assert!((perplexity - (sum("surprise") / sum("tokens")).exp()).abs() < 1e-9, "{told}");
    assert!((100.0..50_000.0).contains(&perplexity), "a random model of 512 tokens: {told}");
    let adapted = home.json(&[&eval[..], &["--adapter", "model/adapter_a"]].concat());
    assert_ne!(told["perplexity"], adapted["perplexity"]);
    assert_eq!((&told["tokens"], &each[0]["prompt_tokens"]), (&adapted["tokens"], &adapted["each"][0]["prompt_tokens"]));
    let told = home.does(&eval);
    assert!(told.starts_with(&format!("3 replies of {} tokens: perplexity {perplexity:.4}\n", sum("tokens"))), "{told}");
    let check = |line: &str, expected: &str| {
        home.keep("wrong.jsonl", format!("{}\n{line}\n", text("a", "b")));
        let said = home.say(&["lm", "eval", "--model", "model", "--conversations", "wrong.jsonl"]);
        assert_eq!(said.code, Some(3), "{said}");
        assert!(said.err.contains(expected), "{said}");
    };
    check("{", "line 2 of wrong.jsonl is no conversation");
    check(r#"{"messages": [{"role": "user", "content": "Hi"}]}"#, "the last message must be the assistant's");
    check(r#"{"messages": [{"role": "nobody", "content": "Hi"}]}"#, "line 2 of wrong.jsonl has the role \"nobody\"");
    check(r#"{"prompt": "", "completion": "x"}"#, "line 2 of wrong.jsonl has an empty prompt or an empty reply");
    check(&text("a", &"b c ".repeat(4000)), "and the model reads 4096");
    let both = [&eval[..], &["--hypotheses", "texts.txt", "--references", "texts.txt"]].concat();
    assert_eq!(home.say(&both).code, Some(2));
}
