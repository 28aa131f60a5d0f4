//! The dashboard and the API over thirty made-up customers.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails loudly")]
mod fakes;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use serde_json::Value;
use std::sync::Arc;
use tower::ServiceExt;
use winback_core::digest::Digest;
use winback_web::{Person, PersonRole, WebState};

mod adapters;
mod claims;
mod models;
mod openai;
mod pages;
mod safety;
mod whatif;

fn state() -> WebState {
    state_of(fakes::portfolio())
}

fn state_of((store, desk): (Arc<fakes::FakeStore>, Arc<fakes::FakeDesk>)) -> WebState {
    WebState {
        store,
        desk,
        gallery: fakes::gallery::gallery(),
        people: Arc::from([]),
        hosts: Arc::from([]),
        clock: Arc::new(|| fakes::at(60)),
        random_seed: Arc::new(|| 42),
    }
}

/// Returns a state in which one person of each role may come in; the token is `token-` and the name.
fn state_with_people() -> WebState {
    let person = |name: &str, role| Person { name: name.into(), role, token_sha256: Digest::of(format!("token-{name}").as_bytes()).0 };
    let people = [
        person("ana", PersonRole::Analyst),
        person("max", PersonRole::Marketer),
        person("apo", PersonRole::Approver),
        person("agi", PersonRole::Agent),
        person("adm", PersonRole::Admin),
    ];
    WebState { people: Arc::from(people), ..state() }
}

/// An answer, read to its end.
struct Answer {
    status: StatusCode,
    headers: axum::http::HeaderMap,
    text: String,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }
}

async fn send(state: &WebState, request: Request<Body>) -> Answer {
    let response = winback_web::router(state.clone()).oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    Answer { status: parts.status, headers: parts.headers, text: String::from_utf8_lossy(&bytes).into_owned() }
}

async fn get(state: &WebState, path: &str) -> Answer {
    send(state, Request::get(path).header(header::HOST, "127.0.0.1:7979").body(Body::empty()).unwrap()).await
}

async fn post_form(state: &WebState, path: &str, body: &'static str) -> Answer {
    let request = Request::post(path)
        .header(header::HOST, "127.0.0.1:7979")
        .header(header::ORIGIN, "http://127.0.0.1:7979")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    send(state, request.body(Body::from(body)).unwrap()).await
}

async fn post_json(state: &WebState, path: &str, token: Option<&str>, body: &'static str) -> Answer {
    let request = Request::post(path).header(header::HOST, "localhost").header(header::CONTENT_TYPE, "application/json");
    let request = match token {
        Some(token) => request.header(header::AUTHORIZATION, format!("Bearer {token}")),
        None => request,
    };
    send(state, request.body(Body::from(body)).unwrap()).await
}
