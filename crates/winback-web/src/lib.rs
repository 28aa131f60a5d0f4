//! The dashboard and the JSON API: what the store keeps, shown to people and programs.
//!
//! Pages and API read the same views of the same stored rows, so their numbers are equal. Nothing is
//! computed here that a verb should have computed; a page reads, arranges and puts into words. Time and
//! chance come in through [`WebState`].
//!
//! Read [`router`] first, then `guard` (who may come in), `pages` and `api`. [`openai_router`] is a server of its own: a
//! language model behind the interface of OpenAI.
#![forbid(unsafe_code)]

mod api;
mod assets;
mod auth;
mod charts;
mod guard;
mod list_query;
mod openai;
mod pages;
mod problem;
mod state;
mod stopping;
mod strings;
mod url;
mod view;
mod words;

pub use auth::{Person, PersonRole};
pub use openai::{OpenAiState, openai_router, serve_openai};
pub use state::WebState;

use axum::Router;
use axum::middleware::from_fn_with_state;
use tokio::net::TcpListener;
use tower_http::compression::CompressionLayer;
use utoipa_swagger_ui::SwaggerUi;

/// Serves the dashboard and the API until `stop` is done; requests under way are answered first.
///
/// # Errors
/// When the listener fails.
pub async fn serve(listener: TcpListener, state: WebState, stop: impl Future<Output = ()> + Send + 'static) -> std::io::Result<()> {
    stopping::serve_until(listener, router(state), stop, || false).await
}

/// Returns every page, the API under `/api/v1`, its document at `/api/openapi.json` and its reader at `/api/docs`.
pub fn router(state: WebState) -> Router {
    let (api, document) = api::router().split_for_parts();
    let docs: Router = SwaggerUi::new("/api/docs").url("/api/openapi.json", document).into();
    pages::router()
        .merge(api)
        .with_state(state.clone())
        .merge(docs)
        .merge(assets::router())
        .fallback(async || problem::Problem::NotFound)
        .method_not_allowed_fallback(async || problem::Problem::MethodNotAllowed)
        .layer(from_fn_with_state(state, guard::guard))
        .layer(CompressionLayer::new())
}
