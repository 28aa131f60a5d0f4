//! What clients ask, field by field. A field that would change the answer and is not built here is refused by its name,
//! so that nobody takes an answer for another one.
use crate::openai::error::ApiError;
use axum::extract::Request;
use axum::http::header;
use serde_json::{Map, Value};
use std::ops::RangeInclusive;
use std::time::Duration;
use winback_core::text_service::{Speaker, TextForm, TextInput, TextRequest, TextSettings, Turn};

/// The longest body that is read.
const MOST_BYTES: usize = 4 << 20;
/// For how long a client may take to send it.
const PATIENCE: Duration = Duration::from_secs(30);
/// The most stop texts, and the most bytes of one.
const MOST_STOPS: (usize, usize) = (16, 1024);
/// The longest name of a schema, as OpenAI has it.
const MOST_NAME: usize = 64;
/// How many tokens a completion has unless it says so, as OpenAI has it.
const COMPLETION_TOKENS: usize = 16;

/// Fields that say something about the client or the account and nothing about the answer.
const NO_MATTER: [&str; 7] = ["user", "metadata", "store", "service_tier", "safety_identifier", "prompt_cache_key", "parallel_tool_calls"];

/// The fields of a request that were not read yet.
#[derive(Debug)]
pub(super) struct Fields(Map<String, Value>);

/// Returns the fields of a request's body.
pub(super) async fn fields(request: Request) -> Result<Fields, ApiError> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json")) {
        return Err(ApiError::wrong_kind());
    }
    let body = tokio::time::timeout(PATIENCE, axum::body::to_bytes(request.into_body(), MOST_BYTES));
    let body = body.await.map_err(|_| ApiError::too_slow(PATIENCE))?.map_err(|_| ApiError::too_large(MOST_BYTES))?;
    match serde_json::from_slice(&body) {
        Ok(Value::Object(fields)) => Ok(Fields::of(fields)),
        Ok(_) => Err(ApiError::wrong("the body must be a JSON object")),
        Err(error) => Err(ApiError::wrong(format!("the body is not JSON: {error}"))),
    }
}

impl Fields {
    /// Returns the fields that say something.
    pub(super) fn of(fields: Map<String, Value>) -> Self {
        Self(fields.into_iter().filter(|(_, value)| !value.is_null()).collect())
    }

    /// Takes a field, whatever it is.
    pub(super) fn take(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name)
    }

    /// Takes the name of the model.
    pub(super) fn model(&mut self) -> Result<String, ApiError> {
        self.text("model")?.ok_or_else(|| ApiError::field("model", "model is absent; /v1/models lists the names"))
    }

    pub(super) fn text(&mut self, name: &str) -> Result<Option<String>, ApiError> {
        match self.0.remove(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(ApiError::field(name, format!("{name} must be a text"))),
        }
    }

    fn flag(&mut self, name: &str) -> Result<Option<bool>, ApiError> {
        match self.0.remove(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(_) => Err(ApiError::field(name, format!("{name} must be true or false"))),
        }
    }

    fn number(&mut self, name: &str, range: RangeInclusive<f64>) -> Result<Option<f32>, ApiError> {
        let Some(value) = self.0.remove(name) else { return Ok(None) };
        let number = value.as_f64().filter(|number| range.contains(number));
        let expected = || format!("{name} must be a number from {} to {}", range.start(), range.end());
        number.map(|number| Some(number as f32)).ok_or_else(|| ApiError::field(name, expected()))
    }

    pub(super) fn whole(&mut self, name: &str, range: RangeInclusive<u64>) -> Result<Option<usize>, ApiError> {
        let Some(value) = self.0.remove(name) else { return Ok(None) };
        let number = value.as_u64().filter(|number| range.contains(number)).and_then(|number| usize::try_from(number).ok());
        let expected = || format!("{name} must be a whole number from {} to {}", range.start(), range.end());
        number.map(Some).ok_or_else(|| ApiError::field(name, expected()))
    }

    fn seed(&mut self, drawn: u64) -> Result<u64, ApiError> {
        let Some(value) = self.0.remove("seed") else { return Ok(drawn) };
        // A negative seed is another number of 64 bits.
        let seed = value.as_u64().or_else(|| value.as_i64().map(i64::cast_unsigned));
        seed.ok_or_else(|| ApiError::field("seed", "seed must be a whole number of 64 bits"))
    }

    fn stops(&mut self) -> Result<Vec<String>, ApiError> {
        let wrong = || {
            ApiError::field(
                "stop",
                format!("stop must be a text, or a list of at most {}, none empty or longer than {} bytes", MOST_STOPS.0, MOST_STOPS.1),
            )
        };
        let texts = match self.0.remove("stop") {
            None => Vec::new(),
            Some(Value::String(text)) => vec![text],
            Some(Value::Array(list)) => {
                let text = |value: &Value| value.as_str().map(str::to_owned);
                list.iter().map(text).collect::<Option<Vec<_>>>().ok_or_else(wrong)?
            }
            Some(_) => return Err(wrong()),
        };
        let fits = |text: &String| (1..=MOST_STOPS.1).contains(&text.len());
        if texts.len() <= MOST_STOPS.0 && texts.iter().all(fits) { Ok(texts) } else { Err(wrong()) }
    }

    /// Returns whether a streamed answer is to end with the tokens used.
    fn usage(&mut self) -> Result<bool, ApiError> {
        let expected = "stream_options must be an object, such as {\"include_usage\": true}";
        let mut options = match self.0.remove("stream_options") {
            None => return Ok(false),
            Some(Value::Object(options)) => Self::of(options),
            Some(_) => return Err(ApiError::field("stream_options", expected)),
        };
        let usage = options.flag("include_usage")?.unwrap_or(false);
        options.nothing_else_in("stream_options")?;
        Ok(usage)
    }

    fn settings(&mut self, most_tokens: Option<usize>, drawn: u64) -> Result<TextSettings, ApiError> {
        Ok(TextSettings {
            temperature: self.number("temperature", 0.0..=2.0)?,
            top_p: self.number("top_p", 0.0..=1.0)?,
            top_k: self.whole("top_k", 0..=1 << 22)?,
            min_p: self.number("min_p", 0.0..=1.0)?,
            repetition_penalty: self.number("repetition_penalty", 0.001..=1000.0)?,
            seed: self.seed(drawn)?,
            most_tokens,
            stops: self.stops()?,
        })
    }

    fn form(&mut self) -> Result<TextForm, ApiError> {
        let Some(format) = self.0.remove("response_format") else { return Ok(TextForm::Free) };
        let expected = "response_format must be {\"type\": \"text\"}, {\"type\": \"json_object\"} or \
            {\"type\": \"json_schema\", \"json_schema\": {\"name\": …, \"schema\": {…}}}";
        match format.get("type").and_then(Value::as_str) {
            Some("text") => Ok(TextForm::Free),
            Some("json_object") => Ok(TextForm::JsonObject),
            Some("json_schema") => match format.get("json_schema") {
                Some(Value::Object(named)) => schema(named),
                _ => Err(ApiError::field("response_format", expected)),
            },
            _ => Err(ApiError::field("response_format", expected)),
        }
    }

    fn most_tokens(&mut self, name: &str) -> Result<Option<usize>, ApiError> {
        self.whole(name, 1..=1 << 24)
    }

    /// Refuses what is left in a part of the request and is not neutral.
    fn nothing_else_in(self, part: &str) -> Result<(), ApiError> {
        match self.0.into_iter().find(|(name, value)| !is_neutral(name, value)) {
            None => Ok(()),
            Some((name, _)) => {
                let name = format!("{part}.{name}");
                Err(ApiError::field(&name, format!("this server does not take {name}, or not this value of it")))
            }
        }
    }

    /// Refuses what is left and is not neutral.
    pub(super) fn nothing_else(mut self) -> Result<(), ApiError> {
        NO_MATTER.iter().for_each(|name| drop(self.0.remove(*name)));
        match self.0.into_iter().find(|(name, value)| !is_neutral(name, value)) {
            None => Ok(()),
            Some((name, _)) if name == "n" || name == "best_of" => {
                Err(ApiError::field(&name, format!("this server writes one text a request; {name} must be 1")))
            }
            Some((name, _)) => Err(ApiError::field(&name, format!("this server does not take {name}, or not this value of it"))),
        }
    }
}

/// Returns whether a field asks for what is done anyhow.
fn is_neutral(name: &str, value: &Value) -> bool {
    match name {
        "n" | "best_of" => *value == 1,
        "frequency_penalty" | "presence_penalty" => value.as_f64() == Some(0.0),
        "logprobs" | "echo" | "include_obfuscation" => *value == false,
        "tool_choice" => *value == "none" || *value == "auto",
        "top_logprobs" => *value == 0,
        "tools" | "functions" | "tool_calls" | "annotations" => value.as_array().is_some_and(Vec::is_empty),
        "logit_bias" => value.as_object().is_some_and(Map::is_empty),
        "modalities" => value.as_array().is_some_and(|kinds| kinds.iter().all(|kind| kind == "text")),
        "suffix" => *value == "",
        _ => false,
    }
}

/// Which of the two interfaces is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Interface {
    /// `/v1/chat/completions`.
    Chat,
    /// `/v1/completions`.
    Completion,
}

/// A request, read.
#[derive(Debug)]
pub(super) struct Asked {
    pub interface: Interface,
    pub request: TextRequest,
    /// Whether the answer comes as it is written.
    pub stream: bool,
    /// Whether a streamed answer ends with the tokens used.
    pub usage: bool,
}

impl Asked {
    /// Reads a request to `/v1/chat/completions`.
    pub(super) fn chat(mut fields: Fields, drawn: u64) -> Result<Self, ApiError> {
        let turns = turns(fields.0.remove("messages"))?;
        let thinking = thinking(fields.0.remove("chat_template_kwargs"))?;
        let form = fields.form()?;
        // The answer is JSON from its first letter, so there is no thought before it.
        let thinking = match (&form, thinking) {
            (TextForm::Free, thinking) => thinking,
            (_, Some(true)) => {
                let message = "with a response_format of JSON the answer comes at once; enable_thinking must be false or absent";
                return Err(ApiError::field("chat_template_kwargs", message));
            }
            _ => Some(false),
        };
        let (old, new) = (fields.most_tokens("max_tokens")?, fields.most_tokens("max_completion_tokens")?);
        Self::read(fields, Interface::Chat, (TextInput::Chat { turns, thinking }, form), (new.or(old), drawn))
    }

    /// Reads a request to `/v1/completions`.
    pub(super) fn completion(mut fields: Fields, drawn: u64) -> Result<Self, ApiError> {
        let expected = "prompt must be one text; this server writes one text a request";
        let prompt = match fields.0.remove("prompt") {
            Some(Value::String(text)) => text,
            Some(Value::Array(mut list)) if list.len() == 1 && list[0].is_string() => match list.pop() {
                Some(Value::String(text)) => text,
                _ => return Err(ApiError::field("prompt", expected)),
            },
            _ => return Err(ApiError::field("prompt", expected)),
        };
        let most = fields.most_tokens("max_tokens")?.unwrap_or(COMPLETION_TOKENS);
        let form = fields.form()?;
        Self::read(fields, Interface::Completion, (TextInput::Text(prompt), form), (Some(most), drawn))
    }

    fn read(
        mut fields: Fields,
        interface: Interface,
        (input, form): (TextInput, TextForm),
        (most_tokens, drawn): (Option<usize>, u64),
    ) -> Result<Self, ApiError> {
        let model = fields.model()?;
        let stream = fields.flag("stream")?.unwrap_or(false);
        let usage = fields.usage()?;
        let settings = fields.settings(most_tokens, drawn)?;
        fields.nothing_else()?;
        Ok(Self { interface, request: TextRequest { model, input, settings, form }, stream, usage })
    }
}

/// Reads a named schema. Whether it is strict makes no difference: every text is kept to all of it.
fn schema(named: &Map<String, Value>) -> Result<TextForm, ApiError> {
    let wrong = |key: &str, expected: &str| {
        let param = format!("response_format.json_schema.{key}");
        let message = format!("{param} {expected}");
        Err(ApiError::field(&param, message))
    };
    let is_name = |name: &str| {
        (1..=MOST_NAME).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
    };
    for (key, value) in named {
        match (key.as_str(), value) {
            ("name", Value::String(name)) if is_name(name) => {}
            ("name", _) => return wrong(key, "must be of 1 to 64 letters a-z, A-Z, 0-9, _ and -"),
            ("description", Value::String(_) | Value::Null) | ("strict", Value::Bool(_) | Value::Null) | ("schema", Value::Object(_)) => {}
            ("description", _) => return wrong(key, "must be a text"),
            ("strict", _) => return wrong(key, "must be true or false"),
            ("schema", _) => return wrong(key, "must be a JSON Schema, which is an object"),
            _ => return wrong(key, "is not taken"),
        }
    }
    match (named.get("name"), named.get("schema")) {
        (None, _) => wrong("name", "is absent"),
        (_, None) => wrong("schema", "is absent"),
        (_, Some(schema)) => Ok(TextForm::Json(schema.to_string())),
    }
}

fn thinking(kwargs: Option<Value>) -> Result<Option<bool>, ApiError> {
    let wrong = || ApiError::field("chat_template_kwargs", "chat_template_kwargs may say {\"enable_thinking\": true} or false");
    match kwargs {
        None => Ok(None),
        Some(Value::Object(kwargs)) => match (kwargs.len(), kwargs.get("enable_thinking")) {
            (0, _) => Ok(None),
            (1, Some(Value::Bool(thinking))) => Ok(Some(*thinking)),
            _ => Err(wrong()),
        },
        Some(_) => Err(wrong()),
    }
}

fn turns(messages: Option<Value>) -> Result<Vec<Turn>, ApiError> {
    match messages {
        Some(Value::Array(messages)) if !messages.is_empty() => messages.into_iter().enumerate().map(turn).collect(),
        _ => Err(ApiError::field("messages", "messages must be a list of at least one message")),
    }
}

fn turn((at, message): (usize, Value)) -> Result<Turn, ApiError> {
    let place = format!("messages[{at}]");
    let wrong = |what: &str| ApiError::field(&place, format!("{place} {what}"));
    let Value::Object(fields) = message else { return Err(wrong("must be an object")) };
    let mut fields = Fields::of(fields);
    let speaker = match fields.0.remove("role").as_ref().and_then(Value::as_str) {
        Some("system" | "developer") => Speaker::System,
        Some("user") => Speaker::User,
        Some("assistant") => Speaker::Assistant,
        _ => return Err(wrong("must have the role system, developer, user or assistant")),
    };
    let text = match fields.0.remove("content") {
        Some(Value::String(text)) => text,
        Some(Value::Array(parts)) => parts.into_iter().map(part).collect::<Option<String>>().ok_or_else(|| wrong("may hold only text"))?,
        _ => return Err(wrong("must have a content of text")),
    };
    let reasoning = match fields.0.remove("reasoning_content") {
        None => None,
        Some(Value::String(thought)) if speaker == Speaker::Assistant => Some(thought),
        Some(_) => return Err(wrong("may have a reasoning_content only as a text of the assistant's")),
    };
    fields.nothing_else_in(&place)?;
    Ok(Turn { speaker, text, reasoning })
}

/// Returns the text of a part of a message that is only text.
fn part(mut part: Value) -> Option<String> {
    let fields = part.as_object_mut()?;
    match (fields.remove("type")?, fields.remove("text")?) {
        (Value::String(kind), Value::String(text)) if kind == "text" && fields.is_empty() => Some(text),
        _ => None,
    }
}
