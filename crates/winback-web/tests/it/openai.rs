//! The server of a language model over a model that does nothing.
use async_trait::async_trait;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use std::sync::Arc;
use tower::ServiceExt;
use winback_core::text_service::{
    AcceptedText, EmbeddingRequest, Embeddings, RefusedText, ServedModel, TextLoad, TextRequest, TextService,
};
use winback_web::{OpenAiState, openai_router};

/// A model that works or has stopped.
struct Idle {
    works: bool,
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
        Err(RefusedText::Stopped)
    }

    fn works(&self) -> bool {
        self.works
    }

    fn load(&self) -> TextLoad {
        TextLoad::default()
    }
}

async fn health(works: bool) -> StatusCode {
    let clock = Arc::new(|| crate::fakes::at(60));
    let state = OpenAiState { service: Arc::new(Idle { works }), key_sha256: None, clock, random: Arc::new(|| 1) };
    let request = Request::get("/health").header("host", "localhost").body(Body::empty()).unwrap();
    openai_router(state).oneshot(request).await.unwrap().status()
}

#[tokio::test]
async fn a_server_whose_model_has_stopped_is_not_healthy() {
    assert_eq!(health(true).await, StatusCode::OK);
    assert_eq!(health(false).await, StatusCode::SERVICE_UNAVAILABLE);
}
