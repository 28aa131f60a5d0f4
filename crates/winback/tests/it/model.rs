//! Models from a Hub on this machine, as a person would pull, list and check them.
use crate::home::{Home, Said};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::process::Command;
use std::sync::{Arc, Mutex};
use winback_core::digest::Digest;

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
const CONFIG: &[u8] = br#"{"model_type":"qwen3"}"#;
const TOKENIZER: &[u8] = b"{\"model\":{}}";
const WEIGHTS: &[u8] = b"weights";

/// What the Hub lists: SHA-256 for each file, which it also knows for small ones that are kept with Git LFS.
fn listing() -> Vec<u8> {
    let files = [("config.json", CONFIG), ("tokenizer.json", TOKENIZER), ("model.safetensors", WEIGHTS)];
    let one = |(name, bytes): (&str, &[u8])| serde_json::json!({ "rfilename": name, "size": bytes.len(), "lfs": { "sha256": Digest::of(bytes) } });
    serde_json::json!({ "sha": COMMIT, "siblings": files.map(one) }).to_string().into_bytes()
}

/// Serves a small model, everything else is 404; returns the address and the first lines and headers of all requests.
fn hub() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let kept = asked.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let lines: Vec<String> =
                BufReader::new(&stream).lines().map(|line| line.unwrap()).take_while(|line| !line.is_empty()).collect();
            let path = lines[0].split(' ').nth(1).unwrap();
            let (status, body) = match path.rsplit('/').next().unwrap() {
                _ if !path.contains("Qwen/Qwen3-tiny") => (404, Vec::new()),
                "main?blobs=true" => (200, listing()),
                "config.json" => (200, CONFIG.to_vec()),
                "tokenizer.json" => (200, TOKENIZER.to_vec()),
                "model.safetensors" => (200, WEIGHTS.to_vec()),
                _ => (404, Vec::new()),
            };
            kept.lock().unwrap().push(lines.join("\n"));
            // A reader that has gone is its own affair.
            let _ = write!(stream, "HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len())
                .and_then(|()| stream.write_all(&body));
        }
    });
    (address, asked)
}

fn say(mut command: Command, address: &str) -> Said {
    for name in ["HF_TOKEN", "HF_TOKEN_PATH"] {
        command.env_remove(name);
    }
    Said::from(command.env("HF_ENDPOINT", address).output().unwrap())
}

#[test]
fn a_model_is_pulled_listed_and_checked() {
    let (address, asked) = hub();
    let home = Home::new();
    let winback = |args: &[&str]| say(home.command(args), &address);
    let mut picture = String::new();
    let mut show = |code: i32, args: &[&str]| {
        let said = winback(args);
        assert_eq!(said.code, Some(code), "{args:?}: {said}");
        picture.push_str(&format!("$ winback {}\n{said}\n", args.join(" ")));
    };
    show(0, &["model", "list"]);
    show(2, &["model", "verify"]);
    show(0, &["model", "pull", "Qwen/Qwen3-tiny"]);
    assert_eq!(home.bytes("models/Qwen/Qwen3-tiny/model.safetensors"), WEIGHTS);
    show(0, &["model", "pull", "Qwen/Qwen3-tiny"]);
    show(0, &["model", "list"]);
    show(0, &["model", "verify"]);
    show(0, &["model", "verify", "models/Qwen/Qwen3-tiny"]);
    home.keep("models/Qwen/Qwen3-tiny/model.safetensors", b"WEIGHTS");
    home.keep("models/Qwen/Qwen3-tiny/config.json", b"{}");
    home.keep("models/Qwen/.Qwen3-big.part/model.safetensors.0123.part", b"begun");
    home.keep("models/mine/config.json", CONFIG);
    home.keep("models/mine/model.safetensors", WEIGHTS);
    show(0, &["model", "list"]);
    show(7, &["model", "verify"]);
    show(7, &["model", "verify", "Qwen/Qwen3-tiny"]);
    show(2, &["model", "verify", "Qwen/Qwen3-none"]);
    show(2, &["model", "verify", "models/mine"]);
    show(0, &["model", "pull", "Qwen/Qwen3-tiny"]);
    show(0, &["model", "verify", "Qwen/Qwen3-tiny"]);
    show(2, &["model", "pull", "Qwen/Qwen3-none", "--to", "elsewhere"]);
    show(2, &["model", "pull", "Qwen/../Qwen3"]);
    show(2, &["model", "pull", "Qwen/Qwen3-tiny", "--revision", "../main"]);
    show(2, &["model", "pull", "Qwen/Qwen3-tiny", "--to", "models/mine"]);
    assert!(!home.path("elsewhere").exists());
    assert!(asked.lock().unwrap().iter().all(|ask| !ask.contains("authorization")));
    insta::assert_snapshot!(picture.replace(&address, "ADDRESS"));
}

#[test]
fn reports_of_models_are_json_when_asked() {
    let (address, _asked) = hub();
    let home = Home::new();
    let json = |args: &[&str]| -> serde_json::Value {
        let said = say(home.command(&[args, &["--json"]].concat()), &address);
        assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{said}");
        serde_json::from_str(&said.out).unwrap()
    };
    let pulled = json(&["model", "pull", "Qwen/Qwen3-tiny", "--to", "here"]);
    assert_eq!((&pulled["model"]["commit"], &pulled["downloaded_bytes"]), (&COMMIT.into(), &41.into()));
    assert_eq!(json(&["model", "list"]), serde_json::json!([]), "it was put elsewhere");
    assert_eq!(json(&["model", "verify", "here"])[0]["differences"], serde_json::json!([]));
}

#[test]
fn a_token_is_sent_and_never_shown() {
    let (address, asked) = hub();
    let home = Home::new();
    let file = home.keep("token", "hf_secret\n");
    let pull = |repository: &str, endpoint: &str| {
        let mut command = home.command(&["model", "pull", repository, "--json"]);
        command.env_remove("HF_TOKEN").env("HF_TOKEN_PATH", &file).env("HF_ENDPOINT", endpoint).env("WINBACK_LOG", "trace");
        Said::from(command.output().unwrap())
    };
    let said = pull("Qwen/Qwen3-tiny", &address);
    assert_eq!(said.code, Some(0), "{said}");
    let absent = pull("Qwen/Qwen3-none", &address);
    let nobody = pull("Qwen/Qwen3-tiny", &address.replace("http://", "http://me:pass@"));
    assert_eq!((absent.code, nobody.code), (Some(2), Some(2)), "{absent}{nobody}");
    let asked = asked.lock().unwrap();
    assert!(asked.len() == 5 && asked.iter().all(|ask| ask.contains("authorization: Bearer hf_secret")), "{asked:?}");
    for said in [said, absent, nobody] {
        assert!(!said.to_string().contains("hf_secret") && !said.to_string().contains("me:pass"), "{said}");
    }
    let sheet = home.text("models/Qwen/Qwen3-tiny/winback-model.json");
    assert!(!sheet.contains("hf_secret"), "{sheet}");
}

#[test]
fn the_small_model_comes_with_winback() {
    let home = Home::new();
    let said = home.does(&["model", "pull", "winback/mini"]);
    assert!(said.starts_with("winback/mini put: 13.0 MB in ") && said.contains("nothing was downloaded"), "{said}");
    assert!(home.does(&["model", "pull", "winback/mini"]).contains("is there already"));
    let listed = home.json(&["model", "list"]);
    assert_eq!((&listed[0]["name"], &listed[0]["complete"]), (&"winback/mini".into(), &true.into()), "{listed}");
    home.does(&["model", "verify", "winback/mini"]);
    home.keep("models/winback/mini/mini.json", "{}");
    let said = home.say(&["model", "pull", "winback/mini"]);
    assert!(said.code == Some(7) && said.err.contains("mini.json has 2 bytes"), "{said}");
    home.keep("models/own/config.json", "{}");
    let said = home.say(&["model", "pull", "winback/mini", "--to", "models/own"]);
    assert!(said.code == Some(2) && said.err.contains("holds something else"), "{said}");
    assert_eq!(home.text("models/own/config.json"), "{}");
}
