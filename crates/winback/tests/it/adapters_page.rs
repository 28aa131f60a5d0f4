//! The dashboard over adapters that were taught and evaluated here, on the tiny random model.
use crate::adapters::{keep, train};
use crate::adapters_eval::{EVAL, vouch};
use crate::home::Served;
use crate::lm::with_model;
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

/// Returns the status and the JSON of an answer.
fn read(answer: &str) -> (u16, Value) {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), serde_json::from_str(body).unwrap())
}

fn post(served: &Served, path: &str, body: &Value) -> (u16, Value) {
    let mut stream = TcpStream::connect(&served.address).unwrap();
    let body = body.to_string();
    let head = format!("POST {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Type: application/json", served.address);
    write!(stream, "{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    read(&answer)
}

#[test]
fn the_dashboard_shows_what_was_taught_and_keeps_what_people_choose() {
    let Some(home) = with_model() else { return };
    keep(&home, &[("Dormant", 180)], "epochs = 2");
    let said = train(&home, &["--quiet"]);
    assert_eq!(said.code, Some(0), "{said}");
    home.json(&EVAL);
    vouch(&home, "Dormant", "v1");
    home.keep("adapters/Dormant/v2/manifest.json", "{}");
    let served = home.serves(&["serve", "--port", "0"]);
    let page = served.get("/adapters/Dormant/v1?lang=en");
    assert!(page.contains("<svg class=\"losses\"") && page.contains("by-reference") && page.contains("Subject: we miss you"), "{page}");
    let (_, all) = read(&served.get("/api/v1/adapters?lang=en"));
    let [first, second] = [0, 1].map(|at| all["segments"][0]["versions"][at].clone());
    assert!(
        first["facts"]["losses"].as_array().unwrap().len() > 1 && second["damaged"].as_str().unwrap().contains("manifest.json"),
        "{all}"
    );
    let gate = &all["segments"][0]["evaluation"]["gate"];
    assert_eq!((&gate["may_be_used"], &gate["may_be_answered_for"]), (&json!(false), &json!(true)), "the examples carry no briefs: {gate}");

    let (_, drawn) = read(&served.get("/api/v1/adapters/Dormant/v1/vote?seed=5"));
    let vote = json!({"customer": drawn["customer"], "seed": 5, "ballot": drawn["ballot"], "choice": "left"});
    let (status, told) = post(&served, "/api/v1/adapters/Dormant/v1/vote", &vote);
    assert_eq!(status, 200, "{told}");
    assert_eq!(post(&served, "/api/v1/adapters/Dormant/v1/vote", &vote).0, 409, "one form counts once");
    let kept = home.text("adapters/votes.jsonl");
    let kept: Value = serde_json::from_str(kept.trim_end()).unwrap();
    assert_eq!((&kept["customer"], &kept["left"], &kept["choice"]), (&drawn["customer"], &told["left"]["tag"], &json!("left")));
    assert_eq!(read(&served.get("/api/v1/adapters")).1["votes"], 1);
    assert_eq!(read(&served.get("/api/v1/adapters/Dorment/v1")).1["nearest"], json!(["Dormant"]));
}
