//! A language model behind the interface of OpenAI: `/v1/models`, `/v1/chat/completions`, `/v1/completions`, with
//! `/health` and `/metrics` beside them. It is a server of its own and shares no address with the dashboard.
//!
//! Read [`openai_router`] first, then `request` (what is asked), `answer` (what comes back at once or as it is written)
//! and `error`.
mod answer;
mod door;
mod embeddings;
mod error;
mod metrics;
mod request;

use crate::openai::error::ApiError;
use crate::openai::metrics::Metrics;
use crate::openai::request::Asked;
use crate::stopping::serve_until;
use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::header;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::net::TcpListener;
use winback_core::digest::Digest;
use winback_core::text_service::{RefusedText, ServedModel, TextService};

/// What the server of a language model needs. Time and chance come in as functions.
#[derive(Clone)]
pub struct OpenAiState {
    /// The models.
    pub service: Arc<dyn TextService>,
    /// The hash of the key that clients send; `None` to answer whoever reaches the address from this machine.
    pub key_sha256: Option<Digest>,
    /// Returns the present time.
    pub clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// Returns a fresh number, for ids and for seeds that are not given.
    pub random: Arc<dyn Fn() -> u64 + Send + Sync>,
}

/// The state with what is counted.
#[derive(Clone)]
struct Server {
    state: OpenAiState,
    metrics: Arc<Metrics>,
}

/// Serves a language model until `stop` is done; texts under way are written to their end first. A client that has sent
/// half a request is not waited for.
///
/// # Errors
/// When the listener fails.
pub async fn serve_openai(
    listener: TcpListener,
    state: OpenAiState,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let service = state.service.clone();
    let is_busy = move || service.load().taken > 0;
    serve_until(listener, openai_router(state), stop, is_busy).await
}

/// Returns the server's addresses.
pub fn openai_router(state: OpenAiState) -> Router {
    let server = Server { state, metrics: Arc::default() };
    Router::new()
        .route("/v1/models", get(models))
        .route("/v1/models/{*name}", get(model))
        .route("/v1/chat/completions", post(chat))
        .route("/v1/completions", post(complete))
        .route("/v1/embeddings", post(embed))
        .route("/metrics", get(metrics))
        .route("/health", get(health))
        .fallback(async |request: Request| ApiError::no_address(request.uri().path()))
        .method_not_allowed_fallback(async |request: Request| ApiError::wrong_method(request.method().as_str(), request.uri().path()))
        .layer(from_fn_with_state(server.clone(), door::admit))
        .with_state(server)
}

async fn models(State(server): State<Server>) -> Response {
    let models: Vec<Value> = server.state.service.models().iter().map(shown).collect();
    axum::Json(json!({ "object": "list", "data": models })).into_response()
}

async fn model(State(server): State<Server>, Path(name): Path<String>) -> Result<Response, ApiError> {
    let models = server.state.service.models();
    match models.iter().find(|model| model.name == name) {
        Some(model) => Ok(axum::Json(shown(model)).into_response()),
        None => Err(ApiError::no_model(&name, models)),
    }
}

/// Returns a model as the interface shows it. When it was made is not known, so the date is the beginning of time.
fn shown(model: &ServedModel) -> Value {
    json!({ "id": model.name, "object": "model", "created": 0, "owned_by": "winback", "version": model.version })
}

async fn chat(State(server): State<Server>, request: Request) -> Result<Response, ApiError> {
    let asked = Asked::chat(request::fields(request).await?, (server.state.random)())?;
    answer::answer(&server, asked).await
}

async fn complete(State(server): State<Server>, request: Request) -> Result<Response, ApiError> {
    let asked = Asked::completion(request::fields(request).await?, (server.state.random)())?;
    answer::answer(&server, asked).await
}

async fn embed(State(server): State<Server>, request: Request) -> Result<Response, ApiError> {
    embeddings::answer(&server, request::fields(request).await?).await
}

async fn metrics(State(server): State<Server>) -> Response {
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], server.metrics.text(server.state.service.load())).into_response()
}

async fn health(State(server): State<Server>) -> Result<Response, ApiError> {
    match server.state.service.works() {
        true => Ok(axum::Json(json!({ "status": "ok" })).into_response()),
        false => Err(RefusedText::Stopped.into()),
    }
}
