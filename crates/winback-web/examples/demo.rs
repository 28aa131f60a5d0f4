//! Serves the dashboard over the thirty made-up customers of the tests: `cargo run -p winback-web --example demo`.
#![expect(clippy::unwrap_used, clippy::wildcard_imports, reason = "the made-up customers are test data, shared with the tests")]
use std::sync::Arc;
use winback_web::WebState;

#[path = "../tests/it/fakes/mod.rs"]
mod fakes;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let (store, desk) = fakes::portfolio();
    let state = WebState {
        store,
        desk,
        gallery: fakes::gallery::gallery(),
        people: Arc::from([]),
        hosts: Arc::from([]),
        clock: Arc::new(jiff::Timestamp::now),
        random_seed: Arc::new(|| jiff::Timestamp::now().as_nanosecond() as u64),
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:7979").await?;
    axum::serve(listener, winback_web::router(state)).await
}
