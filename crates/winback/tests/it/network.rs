//! What goes over the network, against a server on this machine: downloads that are checked, posts that are signed.
use crate::home::Home;
use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};
use winback_connectors::webhook::signature;
use winback_core::digest::Digest;

/// One request as it came in.
struct Request {
    line: String,
    headers: HashMap<String, String>,
    body: Vec<u8>,
}

/// Starts a server that gives the answers in turn and hands out the requests; returns its address.
fn server(answers: Vec<(u16, Vec<u8>)>) -> (String, Receiver<Request>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (send, requests) = channel();
    std::thread::spawn(move || {
        for (status, body) in answers {
            let (mut stream, _) = listener.accept().unwrap();
            send.send(read(&mut BufReader::new(&stream))).unwrap();
            write!(stream, "HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len()).unwrap();
            stream.write_all(&body).unwrap();
        }
    });
    (address, requests)
}

fn read(stream: &mut impl std::io::BufRead) -> Request {
    let mut lines = stream.by_ref().lines().map(|line| line.unwrap());
    let line = lines.next().unwrap();
    let header = |line: String| line.split_once(": ").map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).unwrap();
    let headers: HashMap<String, String> = lines.take_while(|line| !line.is_empty()).map(header).collect();
    let mut body = vec![0; headers.get("content-length").map_or(0, |length| length.parse().unwrap())];
    stream.read_exact(&mut body).unwrap();
    Request { line, headers, body }
}

const FETCHED: &str = "data/raw/WA_Fn-UseC_-Telco-Customer-Churn.csv";

/// Returns a folder whose configuration fetches the file from an address.
fn fetching(address: &str, expected: &[u8]) -> Home {
    let home = Home::new();
    let digest = Digest::of(expected);
    home.keep(
        "winback.toml",
        format!("[fetch.telco]\nurl = \"{address}/telco.csv\"\nsha256 = \"{digest}\"\nfile = \"WA_Fn-UseC_-Telco-Customer-Churn.csv\"\n"),
    );
    home
}

#[test]
fn a_download_is_kept_only_when_its_checksum_is_right() {
    let table = Home::with_sample(50).bytes("sample.csv");
    let (address, requests) = server(vec![(200, table.clone())]);
    let home = fetching(&address, &table);
    assert_eq!(home.json(&["data", "fetch", "telco"])["downloaded"], true);
    assert_eq!(requests.recv().unwrap().line, "GET /telco.csv HTTP/1.1");
    assert_eq!(home.bytes(FETCHED), table);
    assert_eq!(home.json(&["data", "fetch", "telco"])["downloaded"], false, "the file is there already");
    assert!(home.does(&["import"]).contains("50 rows read"), "the file is found without its name");

    let (address, _requests) = server(vec![(200, b"<html>moved</html>".to_vec())]);
    let wrong = fetching(&address, &table);
    let said = wrong.say(&["data", "fetch", "telco"]);
    assert_eq!(said.code, Some(3), "{said}");
    assert_eq!(std::fs::read_dir(wrong.path("data/raw")).unwrap().count(), 0, "nothing is left behind");
    let mut picture = said.to_string().replace(&address, "ADDRESS");

    let (address, _requests) = server(vec![(404, Vec::new())]);
    picture += &fetching(&address, &table).say(&["data", "fetch", "telco"]).to_string().replace(&address, "ADDRESS");
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", nobody.local_addr().unwrap());
    drop(nobody);
    let offline = fetching(&address, &table).say(&["data", "fetch", "telco"]).to_string().replace(&address, "ADDRESS");
    picture += &offline.replace(address.trim_start_matches("http://"), "ADDRESS");
    picture += &fetching(&address, &table).say(&["data", "fetch", "gym"]).to_string();
    insta::assert_snapshot!(picture);
}

#[test]
fn approved_actions_are_posted_once_and_signed() {
    let home = Home::with_run(400);
    home.does(&["actions", "approve", "--top", "3", "--by", "Mei"]);
    let secret = "a secret that both know";
    let post =
        |address: &str| home.command(&["actions", "post", address, "--json"]).env("WINBACK_WEBHOOK_SECRET", secret).output().unwrap();

    let (address, requests) = server(vec![(503, Vec::new()), (200, b"ok".to_vec()), (200, b"ok".to_vec()), (401, Vec::new())]);
    let output = post(&address);
    assert!(output.status.success(), "{output:?}");
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told, serde_json::json!({ "actions": 3, "status": 200, "attempts": 2 }));
    let (busy, first) = (requests.recv().unwrap(), requests.recv().unwrap());
    assert_eq!(first.headers["x-winback-signature"], signature(secret.as_bytes(), &first.body));
    assert_ne!(first.headers["x-winback-signature"], signature(b"another secret", &first.body));
    assert_eq!((&busy.body, &busy.headers["idempotency-key"]), (&first.body, &first.headers["idempotency-key"]));
    let body: serde_json::Value = serde_json::from_slice(&first.body).unwrap();
    let actions = body["actions"].as_array().unwrap();
    assert_eq!(actions.len(), 3);
    assert!(actions.iter().all(|action| action["approved_by"] == "Mei" && action["customer"].is_string()), "{body}");

    assert!(post(&address).status.success());
    assert_eq!(requests.recv().unwrap().headers["idempotency-key"], first.headers["idempotency-key"], "the same actions, the same key");
    let refused = post(&address);
    assert_eq!(refused.status.code(), Some(1));
    let err = String::from_utf8(refused.stderr).unwrap();
    assert!(err.contains("refused the message with 401") && err.contains("hint: "), "{err}");
    let unsigned = home.say(&["actions", "post", &address]);
    assert_eq!(unsigned.code, Some(2));
    assert!(unsigned.err.contains("WINBACK_WEBHOOK_SECRET"), "{unsigned}");
}
