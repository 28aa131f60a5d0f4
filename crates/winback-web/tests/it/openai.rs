//! The server of a language model over a model that does nothing.
use async_trait::async_trait;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tower::ServiceExt;
use winback_core::text_service::{
    AcceptedText, EmbeddingRequest, Embeddings, RefusedText, ServedModel, TextLoad, TextRequest, TextService,
};
use winback_web::{OpenAiState, openai_router, serve_openai};

/// A model that works or has stopped, writes nothing, and takes its time to embed.
#[derive(Default)]
struct Idle {
    works: bool,
    takes: Duration,
    embeds: AtomicBool,
}

#[async_trait]
impl TextService for Idle {
    fn models(&self) -> &[ServedModel] {
        &[]
    }

    async fn submit(&self, _: TextRequest) -> Result<AcceptedText, RefusedText> {
        Err(RefusedText::Stopped)
    }

    async fn embed(&self, _: EmbeddingRequest) -> Result<Embeddings, RefusedText> {
        self.embeds.store(true, Ordering::SeqCst);
        tokio::time::sleep(self.takes).await;
        Ok(Embeddings { tokens: 1, vectors: vec![vec![1.0]] })
    }

    fn works(&self) -> bool {
        self.works
    }

    fn load(&self) -> TextLoad {
        TextLoad { taken: usize::from(self.embeds.load(Ordering::SeqCst)), ..TextLoad::default() }
    }
}

async fn health(works: bool) -> StatusCode {
    let clock = Arc::new(|| crate::fakes::at(60));
    let state = OpenAiState { service: Arc::new(Idle { works, ..Idle::default() }), key_sha256: None, clock, random: Arc::new(|| 1) };
    let request = Request::get("/health").header("host", "localhost").body(Body::empty()).unwrap();
    openai_router(state).oneshot(request).await.unwrap().status()
}

#[tokio::test]
async fn a_server_whose_model_has_stopped_is_not_healthy() {
    assert_eq!(health(true).await, StatusCode::OK);
    assert_eq!(health(false).await, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn a_server_that_is_stopped_gives_the_answers_it_has_begun_on() {
    // Longer than it waits for clients for whom nothing is being done.
    let service = Arc::new(Idle { works: true, takes: Duration::from_secs(7), ..Idle::default() });
    let state =
        OpenAiState { service: service.clone(), key_sha256: None, clock: Arc::new(|| crate::fakes::at(60)), random: Arc::new(|| 1) };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = async move {
        while !service.embeds.load(Ordering::SeqCst) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let served = tokio::spawn(serve_openai(listener, state, stop));
    let body = "{\"model\": \"m\", \"input\": \"a\"}";
    let head =
        format!("POST /v1/embeddings HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: {}", body.len());
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(format!("{head}\r\nConnection: close\r\n\r\n{body}").as_bytes()).await.unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer:?}");
    assert!(served.await.unwrap().is_ok());
}
