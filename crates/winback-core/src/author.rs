//! The author: a language model that writes mails behind the port [`TextService`], and the built-in writer, who steps in.
//!
//! Every mail is asked for with the prompt of its brief, from the model of its segment, and meets the review like any
//! other. What is refused is asked for once more, with another seed; refused twice, the mail is the built-in writer's and
//! keeps both refusals ([`crate::message::MessageRecord::refused`]).
//!
//! The second request is the first with another seed: what the review found is not told to the model. Adapters and small
//! models have learned to answer a brief and nothing else, so a conversation about findings is strange to them, and
//! findings quote what must not be said.
use crate::agents::communication::{review_reply, write_and_review_on};
use crate::brief::mix;
use crate::id::CustomerId;
use crate::message::{Brief, Channel, Finding, Message, RefusedMail, WriterVersion};
use crate::prompt::{Prompt, prompt};
use crate::schema::TableSchema;
use crate::segment::SegmentId;
use crate::template::Templates;
use crate::text_service::{
    AcceptedText, RefusedText, ServedModel, Speaker, TextEnded, TextEvent, TextForm, TextInput, TextRequest, TextService, TextSettings,
    Turn,
};
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How often a mail is asked for before the built-in writer steps in.
const TRIES: u64 = 2;

/// What the finding is called where a model did not end its mail.
pub const UNFINISHED: &str = "unfinished";
/// What the finding is called where a prompt is longer than the model reads.
pub const TOO_LONG: &str = "prompt-too-long";
/// What the finding is called where the model failed and the built-in writer was to step in.
pub const FAILED: &str = "model-failed";

/// Waits for some seconds. Core has no clock, so whoever has one brings this.
pub type Pause = fn(seconds: u64) -> BoxFuture<'static, ()>;

/// What happens when the model itself fails, as opposed to its mails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhenItFails {
    /// Writing stops with the reason.
    #[default]
    Stop,
    /// The built-in writer writes, and the mail says why.
    BuiltIn,
}

/// How an author works.
#[derive(Clone, Copy, Debug)]
pub struct Habits {
    /// The most mails asked for at once; at least one is.
    pub at_once: usize,
    /// What happens when the model fails.
    pub when_it_fails: WhenItFails,
    /// By what logits are divided when a mail is asked for again. Needed where the model always takes the likeliest token:
    /// another seed changes nothing then. `None` for as always.
    pub warmer: Option<f32>,
    /// How a busy model is waited for.
    pub pause: Pause,
}

/// A language model that writes mails, with an adapter for some segments.
#[derive(Clone)]
pub struct Author {
    service: Arc<dyn TextService>,
    base: ServedModel,
    segments: BTreeMap<SegmentId, ServedModel>,
    habits: Habits,
}

/// Why mails were not written to their end.
#[derive(Debug, thiserror::Error)]
pub enum AuthorError {
    /// The model does not take the request.
    #[error("{model} does not write")]
    Refused {
        /// The name of the model.
        model: String,
        /// Why.
        #[source]
        why: RefusedText,
    },
    /// The model failed in the middle of a mail.
    #[error("{model} failed while it wrote to customer {customer}: {why}")]
    Failed {
        /// The name of the model.
        model: String,
        /// To whom it wrote.
        customer: CustomerId,
        /// Why.
        why: String,
    },
}

/// What mails took: one of them, or all together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effort {
    /// Mails that a model was asked for.
    pub mails: u64,
    /// How often it was asked.
    pub tries: u64,
    /// Tokens of the prompts.
    pub prompt_tokens: u64,
    /// Of these, tokens that were not read, because another prompt with the same beginning had been.
    pub cached_tokens: u64,
    /// Tokens written.
    pub written_tokens: u64,
}

impl Effort {
    /// Adds what other mails took.
    pub fn add(&mut self, other: &Self) {
        self.mails += other.mails;
        self.tries += other.tries;
        self.prompt_tokens += other.prompt_tokens;
        self.cached_tokens += other.cached_tokens;
        self.written_tokens += other.written_tokens;
    }
}

/// What became of one mail, and what it took.
#[derive(Clone, Debug)]
pub struct Letter {
    /// The mail, or everything that keeps the customer without one: the model's refused mails and the built-in writer's.
    pub outcome: Result<Message, Vec<Finding>>,
    /// What it took.
    pub effort: Effort,
}

impl Letter {
    /// Returns the mail of the built-in writer.
    pub fn built_in(templates: &Templates, brief: &Brief) -> Self {
        let mut writing = write_and_review_on(templates, brief, &[Channel::Email]);
        let outcome = writing.messages.pop().ok_or(writing.findings);
        Self { outcome, effort: Effort::default() }
    }

    /// Returns the letter of a writer who stepped in after these mails.
    fn after(self, refused: Vec<RefusedMail>, effort: Effort) -> Self {
        let outcome = match self.outcome {
            Ok(message) => Ok(message.after(refused)),
            Err(findings) => Err(refused.into_iter().flat_map(|mail| mail.findings).chain(findings).collect()),
        };
        Self { outcome, effort }
    }
}

/// The words that mails are asked for and reviewed with.
#[derive(Clone, Copy)]
pub struct Words<'a> {
    /// The templates.
    pub templates: &'a Templates,
    /// The table, which says which cells may be told.
    pub schema: &'a TableSchema,
}

/// What came of one request.
enum Reply {
    Whole(String),
    Unfinished(usize),
    TooLong(String),
}

impl Author {
    /// Returns an author who writes with a model of a service, and for some segments with others, all by their names.
    ///
    /// # Errors
    /// When the service has no model of a name.
    pub fn new(
        service: Arc<dyn TextService>,
        base: &str,
        segments: impl IntoIterator<Item = (SegmentId, String)>,
        habits: Habits,
    ) -> Result<Self, AuthorError> {
        let served = |name: &str| {
            let known = || service.models().iter().map(|model| model.name.clone()).collect();
            let unknown = || RefusedText::UnknownModel { name: name.to_owned(), known: known() };
            let found = service.models().iter().find(|model| model.name == name).cloned();
            found.ok_or_else(|| AuthorError::Refused { model: name.to_owned(), why: unknown() })
        };
        let segments = segments.into_iter().map(|(segment, name)| Ok((segment, served(&name)?))).collect::<Result<_, AuthorError>>()?;
        Ok(Self { base: served(base)?, segments, service, habits })
    }

    /// Returns the model that writes for a segment: its own, or the base.
    pub fn model_of(&self, segment: Option<&SegmentId>) -> &ServedModel {
        segment.and_then(|segment| self.segments.get(segment)).unwrap_or(&self.base)
    }

    /// Returns a mail for each brief, in their order. Those whose prompts begin alike are asked for together, so that the
    /// beginning is read once; what is written for a brief depends on the brief alone.
    ///
    /// # Errors
    /// When the model fails and the built-in writer is not to step in for that.
    pub async fn letters(&self, words: Words<'_>, briefs: &[&Brief]) -> Result<Vec<Letter>, AuthorError> {
        let mut asked: Vec<(usize, &ServedModel, Prompt)> = Vec::with_capacity(briefs.len());
        for (at, brief) in briefs.iter().enumerate() {
            let prompt = prompt(words.templates, brief, words.schema, Channel::Email);
            asked.push((at, self.model_of(brief.segment.as_ref()), prompt));
        }
        asked.sort_by(|(_, a, one), (_, b, other)| (&a.name, &one.system, &one.user).cmp(&(&b.name, &other.system, &other.user)));
        let mut letters: BTreeMap<usize, Letter> = BTreeMap::new();
        let (mut next, mut running) = (asked.iter(), FuturesUnordered::new());
        loop {
            let free = self.habits.at_once.max(1).saturating_sub(running.len());
            for (at, model, prompt) in next.by_ref().take(free) {
                running.push(async move { (*at, self.letter(words, briefs[*at], (model, prompt)).await) });
            }
            let Some((at, letter)) = running.next().await else { break };
            letters.insert(at, letter?);
        }
        Ok(letters.into_values().collect())
    }

    async fn letter(&self, words: Words<'_>, brief: &Brief, (model, prompt): (&ServedModel, &Prompt)) -> Result<Letter, AuthorError> {
        let writer = WriterVersion::of_model(&model.name, &model.version, prompt);
        let mut effort = Effort { mails: 1, ..Effort::default() };
        let mut refused: Vec<RefusedMail> = Vec::new();
        for attempt in 0..TRIES {
            let seed = mix(brief.seed, &format!("mail {} {attempt}", brief.locale));
            let temperature = self.habits.warmer.filter(|_| attempt > 0);
            let settings = TextSettings { seed, temperature, ..TextSettings::default() };
            effort.tries += 1;
            let reply = match self.reply(request(model, prompt, settings), &brief.customer, &mut effort).await {
                Err(error) if self.habits.when_it_fails == WhenItFails::Stop => return Err(error),
                reply => reply,
            };
            let (findings, again) = match reply {
                Ok(Reply::Whole(text)) => match review_reply(words.templates, brief, &text, writer.clone()) {
                    Ok(message) => return Ok(Letter { outcome: Ok(message.after(refused)), effort }),
                    Err(findings) => (findings, true),
                },
                Ok(Reply::Unfinished(tokens)) => {
                    (vec![finding(UNFINISHED, format!("the mail has no end after {tokens} tokens, the most there may be"))], true)
                }
                Ok(Reply::TooLong(why)) => (vec![finding(TOO_LONG, why)], false),
                Err(error) => (vec![finding(FAILED, told(&error))], false),
            };
            refused.push(RefusedMail { writer: writer.clone(), findings });
            if !again {
                break;
            }
        }
        Ok(Letter::built_in(words.templates, brief).after(refused, effort))
    }

    /// Asks for one mail and waits for all of it.
    async fn reply(&self, request: TextRequest, customer: &CustomerId, effort: &mut Effort) -> Result<Reply, AuthorError> {
        let failed = |why: String| AuthorError::Failed { model: request.model.clone(), customer: customer.clone(), why };
        let mut accepted = match self.submit(&request).await {
            Ok(accepted) => accepted,
            Err(RefusedText::TooLong(why)) => return Ok(Reply::TooLong(why)),
            Err(why) => return Err(AuthorError::Refused { model: request.model, why }),
        };
        effort.prompt_tokens += accepted.prompt_tokens as u64;
        let mut text = String::new();
        while let Some(event) = accepted.events.next().await {
            match event {
                TextEvent::Text(more) => text.push_str(&more),
                TextEvent::Done { why, tokens, cached } => {
                    effort.cached_tokens += cached as u64;
                    effort.written_tokens += tokens as u64;
                    return Ok(if why == TextEnded::Length { Reply::Unfinished(tokens) } else { Reply::Whole(text) });
                }
                TextEvent::Failed { why } => return Err(failed(why.unwrap_or_else(|| "it gives no numbers any more".into()))),
            }
        }
        let why = if self.service.works() { "its text broke off" } else { "it has stopped" };
        Err(failed(why.into()))
    }

    /// Hands a request in; as long as the service is busy, it is waited for.
    async fn submit(&self, request: &TextRequest) -> Result<AcceptedText, RefusedText> {
        loop {
            match self.service.submit(request.clone()).await {
                Err(RefusedText::Busy { .. }) if !self.service.works() => return Err(RefusedText::Stopped),
                Err(RefusedText::Busy { retry_after_s }) => (self.habits.pause)(retry_after_s).await,
                taken => return taken,
            }
        }
    }
}

fn request(model: &ServedModel, prompt: &Prompt, settings: TextSettings) -> TextRequest {
    let turn = |speaker, text: &String| Turn { speaker, text: text.clone(), reasoning: None };
    let turns = vec![turn(Speaker::System, &prompt.system), turn(Speaker::User, &prompt.user)];
    TextRequest { model: model.name.clone(), input: TextInput::Chat { turns, thinking: Some(false) }, settings, form: TextForm::Free }
}

fn finding(check: &str, detail: String) -> Finding {
    Finding { channel: Channel::Email, part: "text".into(), check: check.into(), detail }
}

/// Returns an error with its cause, as a sentence.
fn told(error: &AuthorError) -> String {
    match error {
        AuthorError::Refused { why, .. } => format!("{error}: {why}"),
        AuthorError::Failed { .. } => error.to_string(),
    }
}
