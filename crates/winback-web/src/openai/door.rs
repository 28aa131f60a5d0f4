//! The door: who may come in. Every answer is counted here, also a refusal.
use crate::guard::is_known_host;
use crate::openai::Server;
use crate::openai::error::ApiError;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use winback_core::digest::Digest;

/// Lets a request in or says why not.
pub(super) async fn admit(State(server): State<Server>, request: Request, next: Next) -> Response {
    let endpoint = match request.uri().path() {
        "/v1/chat/completions" => "chat",
        "/v1/completions" => "completions",
        "/v1/embeddings" => "embeddings",
        "/metrics" => "metrics",
        "/health" => "health",
        path if path.starts_with("/v1/models") => "models",
        _ => "other",
    };
    let open = endpoint == "health";
    let refused = match &server.state.key_sha256 {
        Some(_) if open => None,
        Some(key) => (!has_key(request.headers(), key)).then(ApiError::wrong_key),
        // Without a key, only programs of this machine are answered, and no page of another site that a browser shows.
        None => foreign_host(&request).map(|host| ApiError::foreign_host(&host)),
    };
    let mut response = match refused {
        Some(error) => error.into_response(),
        None => next.run(request).await,
    };
    server.metrics.answered(endpoint, response.status().as_u16());
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.headers_mut().insert(HeaderName::from_static("x-content-type-options"), HeaderValue::from_static("nosniff"));
    response
}

/// Returns whether the request has the key. Hashes of equal length are compared to their end, so the time that it takes
/// tells nothing about the key.
fn has_key(headers: &HeaderMap, key: &Digest) -> bool {
    let sent = headers.get(header::AUTHORIZATION).and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
    let sent = Digest::of(sent.unwrap_or_default());
    sent.0.len() == key.0.len() && sent.0.bytes().zip(key.0.bytes()).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
}

fn foreign_host(request: &Request) -> Option<String> {
    let host = request.headers().get(header::HOST).and_then(|value| value.to_str().ok());
    let host = host.or_else(|| request.uri().authority().map(|authority| authority.as_str())).unwrap_or_default();
    (!is_known_host(host, &[])).then(|| host.to_owned())
}
