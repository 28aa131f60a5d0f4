//! A Hub on this machine, which does what it is told.
use crate::http::serve;
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use futures_util::StreamExt as _;
use serde_json::json;
use sha1::{Digest as _, Sha1};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Notify;
use winback_connectors::hub::{Endpoint, Hub, HubError, Patience, Pulled, Repository, Revision, Token, pull};
use winback_core::digest::{Digest, hex};
use winback_core::progress::Silent;

pub const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
pub const OTHER_COMMIT: &str = "fedcba9876543210fedcba9876543210fedcba98";

pub type Files = BTreeMap<String, Vec<u8>>;

/// Returns a repository with everything a model needs, and much that it does not.
pub fn model() -> Files {
    let index = r#"{"weight_map":{"a":"model-00001-of-00002.safetensors","b":"model-00002-of-00002.safetensors"}}"#;
    let files: [(&str, &[u8]); 14] = [
        ("README.md", b"# a model"),
        ("config.json", br#"{"model_type":"qwen3"}"#),
        ("generation_config.json", b"{}"),
        ("tokenizer.json", b"{}"),
        ("tokenizer_config.json", br#"{"a":1}"#),
        ("chat_template.jinja", b"what is up, doc?"),
        ("model.safetensors.index.json", index.as_bytes()),
        ("model-00001-of-00002.safetensors", b"weights, part one"),
        ("model-00002-of-00002.safetensors", b"weights, part two"),
        ("pytorch_model.bin", b"a pickle"),
        ("optimizer.pt", b"a pickle"),
        ("vocab.json", b"{}"),
        ("onnx/model.safetensors", b"another form"),
        ("onnx/config.json", b"{}"),
    ];
    files.into_iter().map(|(name, bytes)| (name.to_owned(), bytes.to_vec())).collect()
}

/// A request as it came in.
#[derive(Clone, Debug)]
pub struct Ask {
    pub path: String,
    pub range: Option<String>,
    pub authorization: Option<String>,
}

type Trick = Box<dyn Fn(&Ask) -> Option<Response> + Send>;

#[derive(Default)]
struct Inner {
    commit: String,
    files: Files,
    announced: BTreeMap<String, u64>,
    asked: Vec<Ask>,
    once: Vec<Trick>,
    always: Vec<Trick>,
}

#[derive(Clone)]
pub struct FakeHub(Arc<Mutex<Inner>>);

impl FakeHub {
    pub fn of(files: Files) -> Self {
        Self(Arc::new(Mutex::new(Inner { commit: COMMIT.to_owned(), files, ..Inner::default() })))
    }

    /// Moves the branch to another commit.
    pub fn become_of(&self, commit: &str, files: Files) {
        let mut inner = self.0.lock().unwrap();
        (inner.commit, inner.files) = (commit.to_owned(), files);
    }

    /// Announces another length.
    pub fn announce(&self, name: &str, bytes: u64) {
        self.0.lock().unwrap().announced.insert(name.to_owned(), bytes);
    }

    /// Answers the next request that it fits in another way.
    pub fn once(&self, trick: impl Fn(&Ask) -> Option<Response> + Send + 'static) {
        self.0.lock().unwrap().once.push(Box::new(trick));
    }

    /// Answers every request that it fits in another way.
    pub fn always(&self, trick: impl Fn(&Ask) -> Option<Response> + Send + 'static) {
        self.0.lock().unwrap().always.push(Box::new(trick));
    }

    pub fn asked(&self) -> Vec<Ask> {
        self.0.lock().unwrap().asked.clone()
    }

    pub async fn serve(&self) -> String {
        let inner = self.0.clone();
        serve(Router::new().fallback(move |request: Request| async move { inner.lock().unwrap().answer(&request) })).await
    }
}

impl Inner {
    fn answer(&mut self, request: &Request) -> Response {
        let header = |name| request.headers().get(name).map(|value: &header::HeaderValue| value.to_str().unwrap().to_owned());
        let ask = Ask { path: request.uri().to_string(), range: header(header::RANGE), authorization: header(header::AUTHORIZATION) };
        self.asked.push(ask.clone());
        if let Some((at, answer)) = self.once.iter().enumerate().find_map(|(at, trick)| trick(&ask).map(|answer| (at, answer))) {
            drop(self.once.remove(at));
            return answer;
        }
        if let Some(answer) = self.always.iter().find_map(|trick| trick(&ask)) {
            return answer;
        }
        if ask.path.starts_with("/api/models/Qwen/Qwen3-tiny/revision/") {
            return self.listing().into_response();
        }
        let name = ask.path.strip_prefix(&format!("/Qwen/Qwen3-tiny/resolve/{}/", self.commit));
        match name.and_then(|name| self.files.get(name)) {
            Some(bytes) => part_of(bytes, ask.range.as_deref()),
            None => StatusCode::NOT_FOUND.into_response(),
        }
    }

    /// As huggingface.co answers: large files with the SHA-256 of Git LFS, small ones with Git's own hash.
    fn listing(&self) -> String {
        let sibling = |(name, bytes): (&String, &Vec<u8>)| {
            let length = self.announced.get(name).copied().unwrap_or(bytes.len() as u64);
            let blob = match name.as_str() {
                // `echo -n 'what is up, doc?' | git hash-object --stdin`, from the book Pro Git.
                "chat_template.jinja" => "bd9dbf5aae1a3862dd1526723246b20206e5fc37".to_owned(),
                _ => hex(&Sha1::new().chain_update(format!("blob {}\0", bytes.len())).chain_update(bytes).finalize()),
            };
            match name.ends_with(".safetensors") || name.ends_with(".bin") {
                true => json!({ "rfilename": name, "size": length, "blobId": "0".repeat(40),
                                "lfs": { "sha256": Digest::of(bytes), "size": length, "pointerSize": 134 } }),
                false => json!({ "rfilename": name, "size": length, "blobId": blob }),
            }
        };
        json!({ "id": "Qwen/Qwen3-tiny", "sha": self.commit, "gated": false, "siblings": self.files.iter().map(sibling).collect::<Vec<_>>() })
            .to_string()
    }
}

fn part_of(bytes: &[u8], range: Option<&str>) -> Response {
    let Some(from) = range.map(|range| range.strip_prefix("bytes=").unwrap().strip_suffix('-').unwrap().parse::<usize>().unwrap()) else {
        return bytes.to_vec().into_response();
    };
    let told = format!("bytes {from}-{}/{}", bytes.len() - 1, bytes.len());
    (StatusCode::PARTIAL_CONTENT, [(header::CONTENT_RANGE, told)], bytes[from..].to_vec()).into_response()
}

/// Gives some bytes, and breaks off once the other side has heard them.
pub fn breaks_off(bytes: &[u8], after: usize, heard: Arc<Notify>) -> Response {
    let first = bytes[..after].to_vec();
    let first = futures_util::stream::once(async move { Ok(first) });
    let then = futures_util::stream::once(async move {
        heard.notified().await;
        Err(std::io::Error::other("gone"))
    });
    Response::builder().header(header::CONTENT_LENGTH, bytes.len()).body(Body::from_stream(first.chain(then))).unwrap()
}

/// Does not wait.
pub fn quick() -> Patience {
    let pause = Duration::from_millis(1);
    Patience { attempts: 4, first_pause: pause, longest_pause: pause * 2, wait: Duration::from_secs(5) }
}

pub fn repository() -> Repository {
    Repository::parse("Qwen/Qwen3-tiny").unwrap()
}

pub fn hub_of(server: &str, token: Option<Token>, patience: Patience) -> Hub {
    Hub::new(Endpoint::parse(Some(server)).unwrap(), token, patience).unwrap()
}

pub fn hub(server: &str) -> Hub {
    hub_of(server, None, quick())
}

pub async fn pull_into(server: &str, folder: &Path, revision: &str) -> Result<Pulled, HubError> {
    pull(&hub(server), &repository(), &Revision::parse(revision).unwrap(), folder, &Silent).await
}

/// Returns the names in a folder, in order.
pub fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
