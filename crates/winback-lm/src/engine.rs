//! Many texts at once: requests come at any time, and each step of the model takes one token for every text that is
//! being written and a piece of every prompt that is being read. A text that ends makes room for the next at once.
//!
//! What is written for a request depends on the request alone: its prompt, its adapter, its shared beginning, its
//! settings and its seed, and not on what else is written with it, nor on how much of a prompt is read at a time.
mod text;

use crate::adapter::Adapter;
use crate::beginnings::{Begin, Beginnings, Sharing};
use crate::cache::{Cache, Prefix};
use crate::forward::{ForwardError, Piece, Want};
use crate::grammar::{self, Grammar, GuideError};
use crate::model::Model;
use crate::sample::{Sampling, SamplingError};
use crate::tokens::Tokens;
use rayon::prelude::*;
use std::collections::VecDeque;
use std::sync::Arc;
use text::{Drawn, Text};

/// How many requests are planned in one step that then wait for another one.
const PLANNED: usize = 64;

/// How much an engine does at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most texts that are written at the same time.
    pub rows: usize,
    /// The most prompt tokens that are read in one step, all requests together.
    pub prompt_tokens: usize,
    /// The most bytes that the keys and values of all texts take, their shared beginnings and what keeps them to schemas
    /// included.
    pub cache_bytes: usize,
    /// The most of these that beginnings take which requests share without saying so; 0 where nothing is to be shared.
    /// Those that no text uses go as soon as a text needs the room.
    pub shared_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { rows: 128, prompt_tokens: 512, cache_bytes: 8 << 30, shared_bytes: 4 << 30 }
    }
}

/// What is to be written.
#[derive(Clone, Debug)]
pub struct Request {
    /// The tokens of the prompt, those of the shared beginning left out; at least one.
    pub prompt: Vec<u32>,
    /// The beginning that the prompt continues, read by the same model with the same adapter.
    pub prefix: Option<Arc<Prefix>>,
    /// The adapter; `None` for the base model.
    pub adapter: Option<Arc<Adapter>>,
    /// How tokens are drawn.
    pub sampling: Sampling,
    /// The most tokens to write.
    pub most_tokens: usize,
    /// Texts that end it; they are not part of it.
    pub stops: Vec<String>,
    /// What the text must be; `None` for whatever the model writes. A text that reaches the most tokens or a stop text
    /// before its end is the beginning of one.
    pub grammar: Option<Arc<Grammar>>,
}

/// The number of a request, counted from 0 in the order they came.
pub type RequestId = u64;

/// Something that happened to a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// More of its text.
    Text {
        /// The request.
        request: RequestId,
        /// The text, to be put behind what came before.
        text: String,
    },
    /// Its text is complete.
    Done {
        /// The request.
        request: RequestId,
        /// Why it ended.
        why: Ended,
        /// How many tokens were written, the ending one included.
        tokens: usize,
        /// How many tokens of the prompt were not read for it, because another request with the same beginning had been.
        cached: usize,
    },
    /// It cannot be written on, and nothing more comes of it; other requests go on.
    Failed {
        /// The request.
        request: RequestId,
        /// Why.
        why: WriteError,
    },
}

/// Why a text cannot be written on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// The model gives no numbers.
    #[error(transparent)]
    Forward(#[from] ForwardError),
    /// It cannot be kept to its schema.
    #[error(transparent)]
    Guide(#[from] GuideError),
}

/// Why a text ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The model ended it, or nothing could follow by its grammar.
    Model,
    /// A stop text came.
    Stop,
    /// It reached the most tokens.
    Length,
}

/// Why a request was not taken.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RefusedRequest {
    /// The prompt is empty.
    #[error("the prompt has no tokens; it needs at least one")]
    NoPrompt,
    /// Nothing may be written.
    #[error("the request asks for 0 new tokens; it needs at least one")]
    NothingToWrite,
    /// The text would be longer than the model reads.
    #[error("{prompt} prompt tokens and {new} new ones are {} tokens; the model reads {context}", prompt.saturating_add(*new))]
    TooLong {
        /// Tokens of the prompt with its beginning.
        prompt: usize,
        /// The most new tokens.
        new: usize,
        /// What the model reads.
        context: usize,
    },
    /// Its keys and values alone are more than all may take.
    #[error("the text would take {needed} MiB of memory for what was said, and all texts together may take {allowed} MiB")]
    TooLarge {
        /// What it needs, in MiB, rounded up.
        needed: usize,
        /// What is allowed, in MiB.
        allowed: usize,
    },
    /// Its grammar was made for other tokens.
    #[error("the schema was compiled for another model than the one that is to write")]
    AnotherVocabulary,
    /// A setting cannot be.
    #[error(transparent)]
    Sampling(#[from] SamplingError),
    /// A token is not one of this model's.
    #[error("the prompt has the token {token}; the model has the tokens 0 to {last}")]
    UnknownToken {
        /// The token.
        token: u32,
        /// The model's last.
        last: usize,
    },
    /// The adapter was loaded for another model.
    #[error("the adapter belongs to another base model")]
    AnotherBase,
    /// The shared beginning is of no use to this model.
    #[error("the shared beginning was read by another model, or in another precision")]
    AnotherModelsPrefix,
    /// The shared beginning is of no use with this adapter.
    #[error("the shared beginning was read with another adapter")]
    AnotherAdaptersPrefix,
    /// The model only embeds.
    #[error("this model has no output head; it embeds and cannot write")]
    NoHead,
}

/// Why a step was not taken. No text has changed, and the same step would fail again.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// The model refused it.
    #[error("the model could not take the next step")]
    Forward(#[from] ForwardError),
}

/// A request that waits for its turn.
struct Waiting {
    id: RequestId,
    request: Request,
    /// The request that makes its beginning, where it was seen that it has to wait for that.
    maker: Option<RequestId>,
}

/// A model at work on many requests.
pub struct Engine {
    model: Arc<Model>,
    tokens: Arc<Tokens>,
    limits: Limits,
    next: RequestId,
    waiting: VecDeque<Waiting>,
    running: Vec<Text>,
    beginnings: Beginnings,
    logits: Vec<f32>,
}

impl Engine {
    /// Returns an engine without requests.
    pub fn new(model: Arc<Model>, tokens: Arc<Tokens>, limits: Limits) -> Self {
        let beginnings = Beginnings::new(limits.shared_bytes);
        Self { model, tokens, limits, next: 0, waiting: VecDeque::new(), running: Vec::new(), beginnings, logits: Vec::new() }
    }

    /// Takes a request, or says why it never could be done.
    pub fn submit(&mut self, request: Request) -> Result<RequestId, RefusedRequest> {
        self.check(&request)?;
        let id = self.next;
        self.next += 1;
        self.waiting.push_back(Waiting { id, request, maker: None });
        Ok(id)
    }

    fn check(&self, request: &Request) -> Result<(), RefusedRequest> {
        request.sampling.check()?;
        let (config, before) = (self.model.config(), request.prefix.as_ref().map_or(0, |prefix| prefix.len()));
        if self.model.head.is_none() {
            return Err(RefusedRequest::NoHead);
        }
        if request.prompt.is_empty() {
            return Err(RefusedRequest::NoPrompt);
        }
        if request.most_tokens == 0 {
            return Err(RefusedRequest::NothingToWrite);
        }
        let prompt = before + request.prompt.len();
        if prompt.saturating_add(request.most_tokens) > config.context {
            return Err(RefusedRequest::TooLong { prompt, new: request.most_tokens, context: config.context });
        }
        if let Some(token) = request.prompt.iter().find(|token| **token as usize >= config.vocab_size) {
            return Err(RefusedRequest::UnknownToken { token: *token, last: config.vocab_size - 1 });
        }
        let adapter = request.adapter.as_deref();
        if adapter.is_some_and(|adapter| !adapter.fits(&self.model)) {
            return Err(RefusedRequest::AnotherBase);
        }
        if request.grammar.as_ref().is_some_and(|grammar| !grammar.is_for(&self.tokens)) {
            return Err(RefusedRequest::AnotherVocabulary);
        }
        if let Some(prefix) = &request.prefix {
            if !prefix.fits(&self.model) {
                return Err(RefusedRequest::AnotherModelsPrefix);
            }
            if !prefix.is_read_with(adapter) {
                return Err(RefusedRequest::AnotherAdaptersPrefix);
            }
        }
        let needed = self.bytes(request);
        if needed > self.limits.cache_bytes {
            return Err(RefusedRequest::TooLarge { needed: needed.div_ceil(1 << 20), allowed: self.limits.cache_bytes >> 20 });
        }
        Ok(())
    }

    /// Forgets a request, if it is not done already.
    pub fn cancel(&mut self, request: RequestId) {
        self.waiting.retain(|waiting| waiting.id != request);
        self.running.retain(|text| text.id != request);
        self.beginnings.given_up(request);
    }

    /// Returns how many requests wait for their turn.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Returns how many texts are being written.
    pub fn running(&self) -> usize {
        self.running.len()
    }

    /// Returns what the beginnings have brought that requests share.
    pub fn sharing(&self) -> Sharing {
        self.beginnings.sharing()
    }

    /// Returns how often a request was compared with others, to see what they have in common.
    pub fn planned(&self) -> u64 {
        self.beginnings.planned
    }

    /// Takes one step for every text and returns what came of it; nothing where there is nothing to do.
    pub fn step(&mut self) -> Result<Vec<Event>, StepError> {
        self.admit();
        let turns = self.turns();
        let mut pieces: Vec<Piece> = Vec::with_capacity(turns.len());
        for (text, turn) in self.running.iter_mut().zip(&turns).filter(|(_, turn)| turn.count > 0) {
            let Text { cache, request, written, read, .. } = text;
            let tokens = match read.checked_sub(request.prompt.len()) {
                None => &request.prompt[*read..*read + turn.count],
                Some(from) => &written[from..from + turn.count],
            };
            let want = if turn.is_last { Want::Last } else { Want::Nothing };
            pieces.push(Piece { cache, tokens, adapter: request.adapter.as_deref(), want });
        }
        let hidden = self.model.forward(&mut pieces)?;
        self.model.logits_into(&hidden.rows, &mut self.logits)?;
        for (text, turn) in self.running.iter_mut().zip(&turns) {
            text.read += turn.count;
            text.share(&self.model, &mut self.beginnings);
        }
        let mut asked: Vec<&mut Text> =
            self.running.iter_mut().zip(&turns).filter(|(_, turn)| turn.is_last).map(|(text, _)| text).collect();
        let rows = self.logits.par_chunks_exact_mut(self.model.config().vocab_size);
        let drawn: Vec<Result<Drawn, WriteError>> = asked.par_iter_mut().zip(rows).map(|(text, logits)| text.draw(logits)).collect();
        let mut events = Vec::new();
        for (text, drawn) in asked.into_iter().zip(drawn) {
            match drawn {
                Ok(drawn) => text.write(&drawn, &self.model, &self.tokens, &mut events),
                Err(why) => text.fail(why, &mut events),
            }
        }
        self.running.retain(|text| !text.is_over);
        Ok(events)
    }

    /// Returns the bytes of what is said in a text, and of what keeps it to a schema.
    fn bytes(&self, request: &Request) -> usize {
        Cache::bytes(&self.model, request.prompt.len() + request.most_tokens) + grammar_bytes(request)
    }

    /// Begins texts, the first that came first, as long as there is room. One whose beginning another text is reading
    /// waits for it and holds up nobody; however many wait, few are planned in one step.
    fn admit(&mut self) {
        let (mut at, mut planned) = (0, 0);
        while at < self.waiting.len() && self.running.len() < self.limits.rows && planned < PLANNED {
            if self.waiting[at].maker.is_some_and(|maker| self.beginnings.is_making(maker)) {
                at += 1;
                continue;
            }
            let others = self.waiting.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, waiting)| &waiting.request);
            let begin = self.beginnings.plan(&self.waiting[at].request, others, &self.model);
            if let Begin::Waits(maker) = begin {
                self.waiting[at].maker = Some(maker);
                (at, planned) = (at + 1, planned + 1);
                continue;
            }
            if !self.make_room(self.bytes(&self.waiting[at].request), &begin) {
                return;
            }
            if let Some(Waiting { id, request, .. }) = self.waiting.remove(at) {
                self.beginnings.begun(id, &request, &begin, &self.model);
                self.running.push(Text::begin(id, request, &begin, &self.model));
            }
        }
    }

    /// Returns whether a text may begin whose prompt and answer take some bytes. Beginnings that nobody uses give way,
    /// where that is enough.
    fn make_room(&mut self, whole: usize, begin: &Begin) -> bool {
        // What lies in a beginning that is kept is counted there.
        let kept = if let Begin::After(prefix) = begin { Cache::bytes(&self.model, prefix.len()) } else { 0 };
        let used: usize = self.running.iter().map(|text| text.bytes).sum();
        let needed = used + whole - kept.min(whole);
        if needed + self.beginnings.bytes_in_use() > self.limits.cache_bytes {
            return false;
        }
        while self.beginnings.bytes() + needed > self.limits.cache_bytes && self.beginnings.drop_one() {}
        true
    }

    /// Returns what each text does in the next step: one that is being written goes on by its last token, and prompts
    /// share what may be read, as do tokens that were written several at a time.
    fn turns(&self) -> Vec<Turn> {
        let mut left = self.limits.prompt_tokens.max(1);
        let turn = |text: &Text| {
            let known = text.request.prompt.len() + text.written.len();
            let unread = known - text.read;
            if unread == 1 && !text.written.is_empty() {
                return Turn { count: 1, is_last: true };
            }
            let count = unread.min(left).min(text.making.map_or(usize::MAX, |making| making - text.read));
            left -= count;
            Turn { count, is_last: count == unread }
        };
        self.running.iter().map(turn).collect()
    }
}

/// Returns the bytes of what keeps a text to a schema.
fn grammar_bytes(request: &Request) -> usize {
    if request.grammar.is_some() { grammar::TEXT_BYTES } else { 0 }
}

/// What a text does in a step.
struct Turn {
    /// How many tokens it reads.
    count: usize,
    /// Whether something is written after that.
    is_last: bool,
}
