//! Answers: a text as a whole, or as it is written, in events (`text/event-stream`).
use crate::openai::Server;
use crate::openai::error::ApiError;
use crate::openai::metrics::Metrics;
use crate::openai::request::{Asked, Interface};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::convert::Infallible;
use std::sync::Arc;
use winback_core::text_service::{AcceptedText, TextEnded, TextEvent};

/// Has a text written and answers with it.
pub(super) async fn answer(server: &Server, asked: Asked) -> Result<Response, ApiError> {
    let model = asked.request.model.clone();
    let version = server.state.service.models().iter().find(|known| known.name == model).map(|known| known.version.clone());
    let began = (server.state.clock)();
    let AcceptedText { prompt_tokens, events } = server.state.service.submit(asked.request).await?;
    server.metrics.took(prompt_tokens);
    let prefix = if asked.interface == Interface::Chat { "chatcmpl" } else { "cmpl" };
    let id = format!("{prefix}-{:016x}", (server.state.random)());
    let head = Head { interface: asked.interface, id, created: began.as_second(), model, version, prompt_tokens };
    let watch = Watch { metrics: server.metrics.clone(), clock: server.state.clock.clone(), began, is_done: false };
    let events = watch.over(events);
    if asked.stream {
        let sent = streamed(head, asked.usage, events).map(|data| Ok::<_, Infallible>(Event::default().data(data)));
        return Ok(Sse::new(sent).keep_alive(KeepAlive::default()).into_response());
    }
    whole(&head, events).await
}

/// What every piece of an answer begins with.
struct Head {
    interface: Interface,
    id: String,
    created: i64,
    model: String,
    version: Option<String>,
    prompt_tokens: usize,
}

impl Head {
    fn of(&self, object: &str, choices: &Value) -> Value {
        json!({
            "id": self.id, "object": object, "created": self.created, "model": self.model,
            "system_fingerprint": self.version, "choices": choices,
        })
    }

    fn usage(&self, tokens: usize, cached: usize) -> Value {
        json!({
            "prompt_tokens": self.prompt_tokens, "completion_tokens": tokens, "total_tokens": self.prompt_tokens + tokens,
            "prompt_tokens_details": { "cached_tokens": cached },
        })
    }

    /// Returns a piece of a streamed answer; `delta` is what is new in a chat, and its text in a completion.
    fn piece(&self, text: Option<&str>, ends: Option<TextEnded>) -> Value {
        let reason = ends.map(reason);
        match self.interface {
            Interface::Chat => {
                let delta = text.map_or_else(|| json!({}), |text| json!({ "content": text }));
                self.of("chat.completion.chunk", &json!([{ "index": 0, "delta": delta, "logprobs": null, "finish_reason": reason }]))
            }
            Interface::Completion => {
                let text = text.unwrap_or_default();
                self.of("text_completion", &json!([{ "index": 0, "text": text, "logprobs": null, "finish_reason": reason }]))
            }
        }
    }

    /// Returns the piece that begins a chat.
    fn first(&self) -> Option<Value> {
        let delta = json!({ "role": "assistant", "content": "" });
        let choices = json!([{ "index": 0, "delta": delta, "logprobs": null, "finish_reason": null }]);
        (self.interface == Interface::Chat).then(|| self.of("chat.completion.chunk", &choices))
    }

    /// Returns the piece that tells the tokens used.
    fn last(&self, tokens: usize, cached: usize) -> Value {
        let object = if self.interface == Interface::Chat { "chat.completion.chunk" } else { "text_completion" };
        let mut last = self.of(object, &json!([]));
        last["usage"] = self.usage(tokens, cached);
        last
    }
}

fn reason(why: TextEnded) -> &'static str {
    match why {
        TextEnded::Stop => "stop",
        TextEnded::Length => "length",
    }
}

/// Returns the answer as a whole.
async fn whole(head: &Head, mut events: BoxStream<'static, TextEvent>) -> Result<Response, ApiError> {
    let mut text = String::new();
    while let Some(event) = events.next().await {
        match event {
            TextEvent::Text(piece) => text.push_str(&piece),
            TextEvent::Failed { why } => return Err(ApiError::failed(why)),
            TextEvent::Done { why, tokens, cached } => {
                let reason = reason(why);
                let (object, choice) = match head.interface {
                    Interface::Chat => {
                        let message = json!({ "role": "assistant", "content": text, "refusal": null });
                        ("chat.completion", json!({ "index": 0, "message": message, "logprobs": null, "finish_reason": reason }))
                    }
                    Interface::Completion => {
                        ("text_completion", json!({ "index": 0, "text": text, "logprobs": null, "finish_reason": reason }))
                    }
                };
                let mut body = head.of(object, &json!([choice]));
                body["usage"] = head.usage(tokens, cached);
                return Ok(axum::Json(body).into_response());
            }
        }
    }
    Err(ApiError::failed(None))
}

/// Returns the data of each event of a streamed answer. One that was not written to its end has no `[DONE]`.
fn streamed(head: Head, usage: bool, events: BoxStream<'static, TextEvent>) -> impl stream::Stream<Item = String> {
    let first: Vec<String> = head.first().iter().map(ToString::to_string).collect();
    let ended = events.chain(stream::once(async { TextEvent::Failed { why: None } }));
    let pieces = ended.scan(false, move |is_over, event| {
        let data = match event {
            _ if *is_over => return std::future::ready(None),
            TextEvent::Text(text) => vec![head.piece(Some(&text), None).to_string()],
            TextEvent::Done { why, tokens, cached } => {
                *is_over = true;
                let used = usage.then(|| head.last(tokens, cached).to_string());
                [Some(head.piece(None, Some(why)).to_string()), used, Some("[DONE]".to_owned())].into_iter().flatten().collect()
            }
            TextEvent::Failed { why } => {
                *is_over = true;
                vec![ApiError::failed(why).json().to_string()]
            }
        };
        std::future::ready(Some(data))
    });
    stream::iter(first).chain(pieces.flat_map(stream::iter))
}

/// Counts what becomes of a text.
struct Watch {
    metrics: Arc<Metrics>,
    clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    began: Timestamp,
    is_done: bool,
}

impl Watch {
    fn over(mut self, events: BoxStream<'static, TextEvent>) -> BoxStream<'static, TextEvent> {
        events
            .inspect(move |event| {
                // The whole of it moves in here, so that it is dropped with the events.
                let watch = &mut self;
                if let TextEvent::Done { tokens, .. } = event {
                    let took = (watch.clock)().as_millisecond() - watch.began.as_millisecond();
                    watch.metrics.wrote(*tokens, u64::try_from(took).unwrap_or_default());
                    watch.is_done = true;
                }
            })
            .boxed()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if !self.is_done {
            self.metrics.cancelled();
        }
    }
}
