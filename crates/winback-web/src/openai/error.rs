//! What went wrong with a request, in the shape clients of OpenAI know.
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use std::time::Duration;
use winback_core::text_service::{RefusedText, ServedModel};

/// An error answer.
#[derive(Debug)]
pub(super) struct ApiError {
    status: StatusCode,
    kind: &'static str,
    code: Option<&'static str>,
    /// The field of the request that is wrong.
    param: Option<String>,
    message: String,
    retry_after_s: Option<u64>,
}

impl ApiError {
    fn new(status: StatusCode, kind: &'static str, message: String) -> Self {
        Self { status, kind, code: None, param: None, message, retry_after_s: None }
    }

    /// The request is wrong as a whole.
    pub(super) fn wrong(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request_error", message.into())
    }

    /// A field of the request is wrong.
    pub(super) fn field(name: &str, message: impl Into<String>) -> Self {
        Self { param: Some(name.to_owned()), ..Self::wrong(message) }
    }

    /// The body is not JSON by its header.
    pub(super) fn wrong_kind() -> Self {
        let message = "the Content-Type must be application/json".to_owned();
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "invalid_request_error", message)
    }

    /// The body is larger than any that is read.
    pub(super) fn too_large(most: usize) -> Self {
        let message = format!("the request has more than {} MiB", most >> 20);
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "invalid_request_error", message)
    }

    /// The body did not come.
    pub(super) fn too_slow(patience: Duration) -> Self {
        let message = format!("the request did not arrive within {} s", patience.as_secs());
        Self::new(StatusCode::REQUEST_TIMEOUT, "invalid_request_error", message)
    }

    /// The key is absent or wrong.
    pub(super) fn wrong_key() -> Self {
        let message = "the API key is absent or wrong; send it as Authorization: Bearer KEY".to_owned();
        Self { code: Some("invalid_api_key"), ..Self::new(StatusCode::UNAUTHORIZED, "invalid_request_error", message) }
    }

    /// A server without a key was called by another name than this machine's.
    pub(super) fn foreign_host(host: &str) -> Self {
        let message = format!("this server has no key and answers only under localhost, not under {host:?}");
        Self::new(StatusCode::MISDIRECTED_REQUEST, "invalid_request_error", message)
    }

    /// No model has the name.
    pub(super) fn no_model(name: &str, models: &[ServedModel]) -> Self {
        let known = models.iter().map(|model| model.name.clone()).collect();
        RefusedText::UnknownModel { name: name.to_owned(), known }.into()
    }

    /// Nothing has the address.
    pub(super) fn no_address(path: &str) -> Self {
        let message = format!(
            "nothing is served at {path:?}; this server has /v1/models, /v1/chat/completions, /v1/completions, /v1/embeddings, /health \
             and /metrics"
        );
        Self::new(StatusCode::NOT_FOUND, "invalid_request_error", message)
    }

    /// The address takes another method.
    pub(super) fn wrong_method(method: &str, path: &str) -> Self {
        let message = format!("{path} does not take {method}");
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "invalid_request_error", message)
    }

    /// The text could not be written to its end: for a reason of its own, or because the model failed or the client was
    /// too slow.
    pub(super) fn failed(why: Option<String>) -> Self {
        let message = why.unwrap_or_else(|| "the model could not write this text to its end; try again".to_owned());
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "server_error", message)
    }

    /// Returns the error with the field that is to blame, where it is known, the request is, and no other field is named.
    pub(super) fn about(self, field: Option<&str>) -> Self {
        match self {
            Self { status: StatusCode::BAD_REQUEST, param: None, .. } => Self { param: field.map(str::to_owned), ..self },
            other => other,
        }
    }

    /// Returns the body.
    pub(super) fn json(&self) -> serde_json::Value {
        json!({ "error": { "message": self.message, "type": self.kind, "param": self.param, "code": self.code } })
    }
}

impl From<RefusedText> for ApiError {
    fn from(refused: RefusedText) -> Self {
        let message = refused.to_string();
        match refused {
            RefusedText::UnknownModel { .. } => Self {
                code: Some("model_not_found"),
                param: Some("model".to_owned()),
                ..Self::new(StatusCode::NOT_FOUND, "invalid_request_error", message)
            },
            RefusedText::TooLong(_) => Self { code: Some("context_length_exceeded"), ..Self::wrong(message) },
            RefusedText::Wrong(_) => Self::wrong(message),
            RefusedText::Form(_) => Self::field("response_format", message),
            RefusedText::Busy { retry_after_s } => Self {
                code: Some("rate_limit_exceeded"),
                retry_after_s: Some(retry_after_s),
                ..Self::new(StatusCode::TOO_MANY_REQUESTS, "rate_limit_error", message)
            },
            RefusedText::Failed(_) => Self::new(StatusCode::INTERNAL_SERVER_ERROR, "server_error", message),
            RefusedText::Stopped => Self::new(StatusCode::SERVICE_UNAVAILABLE, "server_error", message),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = (self.status, axum::Json(self.json())).into_response();
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
