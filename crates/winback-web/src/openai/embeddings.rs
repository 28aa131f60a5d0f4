//! What texts mean, at `/v1/embeddings`.
use crate::openai::Server;
use crate::openai::error::ApiError;
use crate::openai::request::Fields;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::{Value, json};
use winback_core::text_service::{EmbeddingInput, EmbeddingRequest};

/// The most inputs of a request, as OpenAI has it.
const MOST_INPUTS: usize = 2048;

/// How vectors are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    /// As a list of numbers.
    Float,
    /// As the bytes of 32-bit floats, the lowest first, in base64.
    Base64,
}

/// Answers a request.
pub(super) async fn answer(server: &Server, fields: Fields) -> Result<Response, ApiError> {
    let (request, encoding) = read(fields)?;
    let model = request.model.clone();
    // Dimensions that the model does not have are the other thing that a model can refuse.
    let to_blame = if request.dimensions.is_none() { Some("input") } else { None };
    let embeddings = server.state.service.embed(request).await.map_err(|why| ApiError::from(why).about(to_blame))?;
    server.metrics.embedded(embeddings.tokens);
    let shown = |(index, vector)| Shown { object: "embedding", index, embedding: encoding.write(vector) };
    let data = embeddings.vectors.into_iter().enumerate().map(shown).collect();
    let usage = json!({ "prompt_tokens": embeddings.tokens, "total_tokens": embeddings.tokens });
    Ok(axum::Json(List { object: "list", data, model, usage }).into_response())
}

/// The answer. Its numbers are written as the 32-bit floats that they are.
#[derive(Serialize)]
struct List {
    object: &'static str,
    data: Vec<Shown>,
    model: String,
    usage: Value,
}

#[derive(Serialize)]
struct Shown {
    object: &'static str,
    index: usize,
    embedding: Written,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Written {
    Numbers(Vec<f32>),
    Coded(String),
}

impl Encoding {
    fn write(self, vector: Vec<f32>) -> Written {
        match self {
            Self::Float => Written::Numbers(vector),
            Self::Base64 => Written::Coded(STANDARD.encode(vector.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<u8>>())),
        }
    }
}

fn read(mut fields: Fields) -> Result<(EmbeddingRequest, Encoding), ApiError> {
    let model = fields.model()?;
    let inputs = inputs(fields.take("input"))?;
    let dimensions = fields.whole("dimensions", 1..=1 << 20)?;
    let encoding = match fields.text("encoding_format")?.as_deref() {
        None | Some("float") => Encoding::Float,
        Some("base64") => Encoding::Base64,
        Some(_) => return Err(ApiError::field("encoding_format", "encoding_format must be float or base64")),
    };
    fields.nothing_else()?;
    Ok((EmbeddingRequest { model, inputs, dimensions }, encoding))
}

/// Returns the inputs: one text, several, the tokens of one, or those of several.
fn inputs(input: Option<Value>) -> Result<Vec<EmbeddingInput>, ApiError> {
    let wrong = |what: &str| ApiError::field("input", format!("input {what}"));
    let expected = || wrong("must be a text, a list of texts, a list of tokens, or a list of lists of tokens, none empty");
    let inputs = match input {
        Some(Value::String(text)) => vec![EmbeddingInput::Text(text)],
        Some(Value::Array(list)) if list.first().is_some_and(Value::is_number) => vec![tokens(&list).ok_or_else(expected)?],
        Some(Value::Array(list)) => list.into_iter().map(one).collect::<Option<Vec<_>>>().ok_or_else(expected)?,
        _ => return Err(expected()),
    };
    match inputs.len() {
        0 => Err(expected()),
        1..=MOST_INPUTS => Ok(inputs),
        count => Err(wrong(&format!("has {count} texts; a request may have {MOST_INPUTS}"))),
    }
}

fn one(input: Value) -> Option<EmbeddingInput> {
    match input {
        Value::String(text) => Some(EmbeddingInput::Text(text)),
        Value::Array(list) => tokens(&list),
        _ => None,
    }
}

fn tokens(list: &[Value]) -> Option<EmbeddingInput> {
    let id = |id: &Value| id.as_u64().and_then(|id| u32::try_from(id).ok());
    list.iter().map(id).collect::<Option<Vec<u32>>>().map(EmbeddingInput::Tokens)
}
