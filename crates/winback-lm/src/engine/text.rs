//! One text on its way through the engine.
use super::{Ended, Event, Request, RequestId, WriteError, grammar_bytes};
use crate::beginnings::{Begin, Beginnings};
use crate::cache::Cache;
use crate::forward::ForwardError;
use crate::grammar::Guide;
use crate::model::Model;
use crate::sample::are_numbers;
use crate::stream::{Stops, TextStream};
use crate::tokens::Tokens;
use std::collections::BTreeSet;

/// A text that is being written.
pub(super) struct Text {
    pub(super) id: RequestId,
    pub(super) request: Request,
    pub(super) cache: Cache,
    pub(super) bytes: usize,
    /// How many tokens were read, of the prompt, by whomever, and then of what was written.
    pub(super) read: usize,
    /// How many of them were not read for this text.
    cached: usize,
    /// How many prompt tokens are read before they become a shared beginning.
    pub(super) making: Option<usize>,
    /// What was written.
    pub(super) written: Vec<u32>,
    /// The tokens of the prompt and of what was written, where a penalty asks for them.
    occurred: Vec<u32>,
    guide: Option<Guide>,
    stream: TextStream,
    stops: Stops,
    /// Whether nothing more comes of it.
    pub(super) is_over: bool,
}

/// What comes next in a text.
pub(super) struct Drawn {
    /// Its tokens.
    tokens: Vec<u32>,
    /// Whether nothing can come after them.
    is_last: bool,
}

impl Text {
    /// Begins a text.
    pub(super) fn begin(id: RequestId, request: Request, begin: &Begin, model: &Model) -> Self {
        let whole = request.prompt.len() + request.most_tokens;
        let (cached, making) = match begin {
            Begin::After(prefix) => (prefix.len(), None),
            Begin::Making(length) => (0, Some(*length)),
            Begin::Alone | Begin::Waits(_) => (0, None),
        };
        let own = whole - cached.max(making.unwrap_or_default());
        let cache = match (begin, &request.prefix) {
            (Begin::After(prefix), _) | (_, Some(prefix)) => Cache::after(prefix, model, own),
            _ => Cache::with_room(model, making.unwrap_or(own)),
        };
        let stops = Stops::new(request.stops.clone());
        let (stream, written, bytes) =
            (TextStream::default(), Vec::with_capacity(request.most_tokens), Cache::bytes(model, own) + grammar_bytes(&request));
        let guide = request.grammar.as_ref().map(|grammar| grammar.begin());
        let occurred = occurred(&request);
        Self { id, request, cache, bytes, read: cached, cached, making, written, occurred, guide, stream, stops, is_over: false }
    }

    /// Makes what was read a beginning for others, once it is all there.
    pub(super) fn share(&mut self, model: &Model, beginnings: &mut Beginnings) {
        if self.making != Some(self.read) {
            return;
        }
        self.making = None;
        let whole = self.request.prompt.len() + self.request.most_tokens;
        match std::mem::replace(&mut self.cache, Cache::new(model)).into_prefix() {
            Ok(prefix) => {
                beginnings.made(self.id, &prefix);
                self.cache = Cache::after(&prefix, model, whole - self.read);
            }
            Err(own) => {
                beginnings.given_up(self.id);
                self.cache = own;
            }
        }
    }

    /// Returns what comes next, no more than there is room for.
    pub(super) fn draw(&mut self, logits: &mut [f32]) -> Result<Drawn, WriteError> {
        let Self { request, written, occurred, guide, .. } = self;
        let Request { sampling, most_tokens, .. } = &*request;
        // Told before a schema rules tokens out: what cannot be drawn after that is the schema's fault.
        if !are_numbers(logits) {
            return Err(ForwardError::NoNumbers.into());
        }
        let sample = |logits: &[f32]| sampling.next(logits, occurred, written.len() as u64);
        let Some(guide) = guide else {
            let token = sample(logits).ok_or(ForwardError::NoNumbers)?;
            return Ok(Drawn { tokens: vec![token], is_last: false });
        };
        let mut tokens = guide.next(logits, sample)?;
        let left = most_tokens - written.len();
        let is_last = guide.is_over() && tokens.len() <= left;
        tokens.truncate(left);
        Ok(Drawn { tokens, is_last })
    }

    /// Puts what was drawn behind the text.
    pub(super) fn write(&mut self, drawn: &Drawn, model: &Model, tokens: &Tokens, events: &mut Vec<Event>) {
        let (mut text, mut ended) = (String::new(), None);
        for token in &drawn.tokens {
            self.written.push(*token);
            if let (true, Err(place)) = (self.request.sampling.repetition_penalty != 1.0, self.occurred.binary_search(token)) {
                self.occurred.insert(place, *token);
            }
            if model.config().eos.contains(token) {
                ended = Some(Ended::Model);
                break;
            }
            text.push_str(&self.stops.push(&self.stream.push(tokens, *token)));
            if self.stops.stopped() {
                ended = Some(Ended::Stop);
                break;
            }
        }
        let ended = match ended {
            None if drawn.is_last => Some(Ended::Model),
            None if self.written.len() == self.request.most_tokens => Some(Ended::Length),
            ended => ended,
        };
        self.is_over = ended.is_some();
        if self.is_over {
            // A stop text may still come of what was held back.
            text.push_str(&self.stops.push(&self.stream.finish()));
            text.push_str(&self.stops.finish());
        }
        if !text.is_empty() {
            events.push(Event::Text { request: self.id, text });
        }
        let ended = if self.stops.stopped() { Some(Ended::Stop) } else { ended };
        events.extend(ended.map(|why| Event::Done { request: self.id, why, tokens: self.written.len(), cached: self.cached }));
    }

    /// Gives the text up.
    pub(super) fn fail(&mut self, why: WriteError, events: &mut Vec<Event>) {
        self.is_over = true;
        events.push(Event::Failed { request: self.id, why });
    }
}

/// Returns the tokens of a prompt and its beginning, each once and in order, where a penalty asks for them.
fn occurred(request: &Request) -> Vec<u32> {
    if request.sampling.repetition_penalty == 1.0 {
        return Vec::new();
    }
    let before = request.prefix.as_ref().map_or(&[][..], |prefix| prefix.tokens());
    before.iter().chain(&request.prompt).copied().collect::<BTreeSet<u32>>().into_iter().collect()
}
