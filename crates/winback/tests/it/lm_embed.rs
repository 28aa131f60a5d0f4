//! What texts mean, on the command line and over HTTP, with the tiny random model.
use crate::lm::with_model;
use crate::lm_serve::{get, post, serve};
use serde_json::{Value, json};
use std::io::Write as _;
use std::process::Stdio;

const EMBED: [&str; 5] = ["lm", "embed", "model", "--precision", "f32"];

/// Returns the vectors of JSON lines.
fn vectors(lines: &str) -> Vec<Vec<f64>> {
    let vector = |line: &str| serde_json::from_value(serde_json::from_str::<Value>(line).unwrap()["embedding"].clone()).unwrap();
    lines.lines().map(vector).collect()
}

fn length(vector: &[f64]) -> f64 {
    vector.iter().map(|number| number * number).sum::<f64>().sqrt()
}

#[test]
fn texts_are_embedded_line_by_line() {
    let Some(home) = with_model() else { return };
    let embed = |more: &[&str]| home.does(&[&EMBED[..], more].concat());
    let two = embed(&["Hello", "Where is my parcel?"]);
    let first: Value = serde_json::from_str(two.lines().next().unwrap()).unwrap();
    assert_eq!((&first["index"], &first["tokens"]), (&json!(0), &json!(4)));
    let two = vectors(&two);
    assert!(two.len() == 2 && two.iter().all(|vector| vector.len() == 64 && (length(vector) - 1.0).abs() < 1e-5));
    assert_eq!(vectors(&embed(&["Where is my parcel?"]))[0], two[1]);
    let mut child = home.command(&EMBED).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    child.stdin.take().unwrap().write_all("Hello\nWhere is my parcel?\n".as_bytes()).unwrap();
    assert_eq!(vectors(&String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()), two);
    let short = vectors(&embed(&["Hello", "--dimensions", "8"]));
    assert!(short[0].len() == 8 && (length(&short[0]) - 1.0).abs() < 1e-5);
    assert_ne!(vectors(&embed(&["Hello", "--instruct", "Find answers"]))[0], two[0]);
    assert_ne!(vectors(&embed(&["Hello", "--adapter", "model/adapter_a"]))[0], two[0]);

    let mut picture = String::new();
    let mut check = |args: &[&str]| picture.push_str(&format!("$ winback {}\n{}\n", args.join(" "), home.say(args)));
    check(&[&EMBED[..], &["Hello", "--dimensions", "65"]].concat());
    check(&[&EMBED[..], &["Hello", ""]].concat());
    check(&EMBED);
    insta::assert_snapshot!(picture);
}

#[test]
fn embeddings_are_served_as_openai_has_them() {
    let Some(home) = with_model() else { return };
    let served = serve(&home, &[]);
    let ask = |more: Value| {
        let mut body = json!({ "model": "model", "input": "Hello" });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        post(&served, "/v1/embeddings", &body)
    };
    let vector = |answer: &Value, at: usize| serde_json::from_value::<Vec<f64>>(answer["data"][at]["embedding"].clone()).unwrap();
    let one = ask(json!({})).json();
    assert_eq!((&one["object"], &one["data"][0]["object"], &one["model"]), (&json!("list"), &json!("embedding"), &json!("model")));
    assert_eq!(one["usage"], json!({ "prompt_tokens": 4, "total_tokens": 4 }));
    assert_eq!(vec![vector(&one, 0)], vectors(&home.does(&[&EMBED[..], &["Hello"]].concat())), "the command line says the same");
    let many = ask(json!({ "input": ["Where is my parcel?", "Hello"], "encoding_format": "float", "user": "me" })).json();
    assert_eq!((&many["data"][1]["index"], vector(&many, 1)), (&json!(1), vector(&one, 0)));
    let tokens = ask(json!({ "input": [7, 8, 9] })).json();
    assert_eq!(vector(&tokens, 0), vector(&ask(json!({ "input": [[1], [7, 8, 9]] })).json(), 1));
    assert_eq!(vector(&ask(json!({ "dimensions": 8 })).json(), 0).len(), 8);
    assert_ne!(vector(&ask(json!({ "model": "parents" })).json(), 0), vector(&one, 0));
    let coded = ask(json!({ "encoding_format": "base64" })).json()["data"][0]["embedding"].as_str().unwrap().to_owned();
    assert_eq!(coded.len(), (64_usize * 4).div_ceil(3) * 4);

    let mut picture = String::new();
    let mut wrong = |name: &str, more: Value| {
        let answer = ask(more);
        picture.push_str(&format!("{name}: {} {}\n", answer.status, answer.body));
    };
    wrong("unknown model", json!({ "model": "gpt" }));
    wrong("no text", json!({ "input": [] }));
    wrong("texts and tokens", json!({ "input": [1, "a"] }));
    wrong("an empty text", json!({ "input": ["a", ""] }));
    wrong("a token nobody has", json!({ "input": [512] }));
    wrong("too long", json!({ "input": [vec![7; 4097]] }));
    wrong("too many", json!({ "input": vec!["a"; 2049] }));
    wrong("too wide", json!({ "dimensions": 65 }));
    wrong("another encoding", json!({ "encoding_format": "int8" }));
    wrong("a field nobody knows", json!({ "dimension": 8 }));
    insta::assert_snapshot!(picture);
    assert!(get(&served, "/metrics").body.contains("winback_lm_embedded_tokens_total "));
}
