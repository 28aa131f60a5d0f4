//! Briefs, drafts and messages. A [`Message`] comes into being only in
//! [`crate::review::review`]; the store brings it back with [`Message::from_store`].
use crate::claim::Value;
use crate::digest::Digest;
use crate::goal::Goal;
use crate::id::{CustomerId, Position};
use crate::locale::{Locale, Localized};
use crate::offer::{OfferId, OfferKind};
use crate::prompt::Prompt;
use crate::risk::{RiskLevel, ValueTier};
use crate::schema::Theme;
use crate::script::{CallStep, Next};
use crate::segment::SegmentId;
use crate::slot::SlotValues;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// A way to reach a customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// A mail.
    Email,
    /// A short message.
    Sms,
    /// A telephone call.
    Call,
}

impl Channel {
    /// Every channel.
    pub const ALL: [Channel; 3] = [Channel::Email, Channel::Sms, Channel::Call];

    /// Returns the name used in files: `email`.
    pub fn tag(self) -> &'static str {
        match self {
            Channel::Email => "email",
            Channel::Sms => "sms",
            Channel::Call => "call",
        }
    }
}

/// Who writes: what stands in the greeting, the signature and the footer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Company {
    /// The company's name.
    pub name: Localized,
    /// A name short enough for a short message.
    pub short_name: Localized,
    /// The postal address for the footer.
    pub address: Localized,
    /// The telephone number customers can call.
    pub phone: String,
    /// The team that signs.
    pub team: Localized,
    /// The start of the unsubscribe address; the customer's own token follows it.
    pub unsubscribe_url: String,
    /// Phrases that somebody answers for: a guarantee, a superlative.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approved: Vec<Approved>,
}

/// A phrase that a person allows in messages and answers for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Approved {
    /// The phrase.
    pub phrase: Localized,
    /// Who answers for it.
    pub by: String,
    /// The day on which they allowed it.
    #[schemars(with = "String")]
    pub on: Date,
}

/// Everything that may be said to one customer in one language, and nothing else.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Brief {
    /// The customer's place in the run.
    pub position: Position,
    /// The customer.
    pub customer: CustomerId,
    /// The language to write in.
    pub locale: Locale,
    /// What the message wants to happen.
    pub goal: Goal,
    /// The segment, whose voice it is written in.
    pub segment: Option<SegmentId>,
    /// The day of writing, from which relative dates are counted.
    #[schemars(with = "String")]
    pub day: Date,
    /// Whether the customer is written to for the first time, as far as is known.
    pub first_contact: bool,
    /// The risk level; never said. `None` where nobody assessed it.
    pub level: Option<RiskLevel>,
    /// The value tier, for the tone; never said.
    pub tier: Option<ValueTier>,
    /// The theme of the main reason.
    pub theme: Option<Theme>,
    /// The offer to make; `None` for a service contact.
    pub offer: Option<OfferId>,
    /// The kind of the offer, which decides how it is told; `None` for a service contact.
    pub kind: Option<OfferKind>,
    /// The facts a text may use.
    pub facts: Vec<Fact>,
    /// Who writes.
    pub company: Company,
    /// The personal data, filled in after review; never written out with the brief.
    #[serde(skip)]
    pub slots: SlotValues,
    /// Chooses among equally good wordings.
    pub seed: u64,
}

/// One fact a text may use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Fact {
    /// A name that is unique in the brief: `offer.percent`.
    pub id: String,
    /// The fact as it stands in a text of the brief's language: `15%`.
    pub text: String,
    /// What it states, where it states one value; what a longer text states is read from its words.
    pub value: Option<Value>,
    /// Where it comes from.
    pub source: FactSource,
}

/// Where a fact comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "from", rename_all = "snake_case")]
pub enum FactSource {
    /// A cell of the company's table.
    Cell {
        /// The line of the file.
        line: u64,
        /// The column's name.
        column: String,
    },
    /// A field of the catalogue.
    Offer {
        /// The offer.
        offer: OfferId,
        /// The field: `percent`.
        field: String,
    },
    /// The company's own entry in the configuration.
    Company {
        /// The field: `phone`.
        field: String,
    },
}

/// A text as the writer made it, with slots, not yet reviewed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Draft {
    /// What it says.
    pub content: Content,
    /// The offer it makes.
    pub offer: Option<OfferId>,
    /// The version of the words it was made from: template hash, or model, adapter and prompt.
    pub writer: WriterVersion,
}

/// The version of whatever wrote a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct WriterVersion {
    /// `built-in`, or the name of the model with that of its adapter and version: `Qwen3-0.6B/Dormant/v2`.
    pub name: String,
    /// The hash of the templates; or of the model, its adapter and the words of its prompts.
    pub words: Digest,
    /// The parts of that hash where a model wrote; nothing for templates, and for messages that older versions stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<LanguageModelVersion>,
}

/// With what a model wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct LanguageModelVersion {
    /// What its texts come of, as the model's service tells it: of a model of this machine the first twelve digits of the hash
    /// of weights, precision, tokenizer, chat template and settings, and behind a plus those of the adapter's.
    pub version: String,
    /// The hash of the prompt that it answered, the system line and what was asked for this customer.
    pub prompt: Digest,
    /// The hash of the file that the words of the prompt are from.
    pub prompt_words: Digest,
}

impl WriterVersion {
    /// Returns the version of what one hash tells: of templates, of a model that is being tried.
    pub fn of_words(name: impl Into<String>, words: Digest) -> Self {
        Self { name: name.into(), words, model: None }
    }

    /// Returns the version of a model that answers a prompt.
    pub fn of_model(name: &str, version: &str, prompt: &Prompt) -> Self {
        let words = Digest::of_parts([version.as_bytes(), prompt.words.0.as_bytes()]);
        let model = LanguageModelVersion { version: version.to_owned(), prompt: prompt.digest.clone(), prompt_words: prompt.words.clone() };
        Self { name: name.to_owned(), words, model: Some(model) }
    }
}

/// What a message says, by channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "channel", rename_all = "snake_case")]
pub enum Content {
    /// A mail.
    Email(Email),
    /// A short message.
    Sms(Sms),
    /// What to say in a call.
    Call(CallScript),
}

/// A mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Email {
    /// The subject line.
    pub subject: String,
    /// The line that mail programs show after the subject.
    pub preheader: String,
    /// The plain-text body with the footer.
    pub text: String,
    /// The HTML body with the footer.
    pub html: String,
}

/// A short message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Sms {
    /// The text; at most 70 UTF-16 units when filled.
    pub text: String,
}

/// What to say in a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CallScript {
    /// Who calls, and may we speak.
    pub opening: String,
    /// Why we call.
    pub reason: String,
    /// What we offer.
    pub offer: String,
    /// What the customer may answer and what we say then.
    pub objections: Vec<Objection>,
    /// What the caller must not say.
    pub forbidden: Vec<String>,
    /// How the call ends.
    pub close: String,
    /// What the caller ticks afterwards.
    pub outcomes: Vec<CallOutcome>,
}

/// What the customer may answer, what we say then, and where the call goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Objection {
    /// A name that is unique in the script: `no-time`.
    pub id: String,
    /// The steps after which the customer may say it.
    pub after: Vec<CallStep>,
    /// Where the call goes after our answer.
    pub then: Next,
    /// What the customer says.
    pub customer: String,
    /// What we answer.
    pub answer: String,
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CallOutcome {
    /// The code for the CRM: `accepted`.
    pub code: String,
    /// The words for the caller.
    pub label: String,
}

impl Content {
    /// Returns the channel.
    pub fn channel(&self) -> Channel {
        match self {
            Content::Email(_) => Channel::Email,
            Content::Sms(_) => Channel::Sms,
            Content::Call(_) => Channel::Call,
        }
    }

    /// Returns the texts a person reads or hears, with the names findings and ledgers call them by. The HTML of a
    /// mail is left out: it says what the text says.
    pub fn parts(&self) -> Vec<(Cow<'static, str>, &str)> {
        match self {
            Content::Email(mail) => {
                vec![("subject".into(), &mail.subject), ("preheader".into(), &mail.preheader), ("text".into(), &mail.text)]
            }
            Content::Sms(sms) => vec![("text".into(), &sms.text)],
            Content::Call(script) => script.parts(),
        }
    }
}

impl CallScript {
    /// Returns every text of the script with its name: `opening`, `objection 1`, `answer 1`, `outcome 2`.
    pub fn parts(&self) -> Vec<(Cow<'static, str>, &str)> {
        let mut parts: Vec<(Cow<'static, str>, &str)> =
            vec![("opening".into(), &self.opening), ("reason".into(), &self.reason), ("offer".into(), &self.offer)];
        for (at, objection) in self.objections.iter().enumerate() {
            parts.push((format!("objection {}", at + 1).into(), &objection.customer));
            parts.push((format!("answer {}", at + 1).into(), &objection.answer));
        }
        parts.extend(self.forbidden.iter().enumerate().map(|(at, text)| (format!("forbidden {}", at + 1).into(), text.as_str())));
        parts.push(("close".into(), &self.close));
        parts.extend(self.outcomes.iter().enumerate().map(|(at, outcome)| (format!("outcome {}", at + 1).into(), outcome.label.as_str())));
        parts
    }
}

/// Everything a message is made of; only `review` and the store turn it into a [`Message`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageRecord {
    /// The customer's place in the run.
    pub position: Position,
    /// The customer.
    pub customer: CustomerId,
    /// The language.
    pub locale: Locale,
    /// What it says, slots filled.
    pub content: Content,
    /// The offer it makes.
    pub offer: Option<OfferId>,
    /// What wrote it.
    pub writer: WriterVersion,
    /// The facts it uses.
    pub facts: Vec<Fact>,
    /// What the message wants to happen.
    pub goal: Goal,
    /// The segment in whose voice it is written.
    pub segment: Option<SegmentId>,
    /// Every claim of the text and what it is bound to, in the order of the text.
    pub ledger: Vec<LedgerEntry>,
    /// The checks it passed, by name.
    pub checks: Vec<String>,
    /// The mails of a model that the review refused before this one, in their order; left out where there were none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<RefusedMail>,
}

/// A mail that was written and not taken: whose it was, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedMail {
    /// What wrote it, or failed to.
    pub writer: WriterVersion,
    /// Everything that was wrong with it.
    pub findings: Vec<Finding>,
}

impl MessageRecord {
    /// Returns the last refusal of the writer that was asked first, where another one stepped in for it.
    pub fn stepped_in_for(&self) -> Option<&RefusedMail> {
        self.refused.last().filter(|refused| refused.writer != self.writer)
    }
}

/// One claim of a message and what it is bound to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct LedgerEntry {
    /// The part it stands in, as [`Content::parts`] names it.
    pub part: String,
    /// Where it begins in that part, slots filled, in bytes.
    pub start: u32,
    /// Where it ends, excluded.
    pub end: u32,
    /// What it states.
    pub value: Value,
    /// What it rests on.
    pub bound: Binding,
}

/// What a claim rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "to", rename_all = "snake_case")]
pub enum Binding {
    /// A fact of the message, by id.
    Fact {
        /// The fact's id.
        id: String,
    },
    /// A phrase that a person approved by writing it into a template.
    Phrase {
        /// The template file.
        file: String,
        /// The line of the file.
        line: u32,
    },
}

/// A reviewed text, ready for a person to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message(MessageRecord);

impl Message {
    /// Makes a message of a reviewed record. Called by `review` alone.
    pub(crate) fn reviewed(record: MessageRecord) -> Self {
        Self(record)
    }

    /// Brings back a message that was reviewed before it was stored. Called by stores alone.
    pub fn from_store(record: MessageRecord) -> Self {
        Self(record)
    }

    /// Returns the message with the refused mails that came before it.
    pub(crate) fn after(self, refused: Vec<RefusedMail>) -> Self {
        Self(MessageRecord { refused, ..self.0 })
    }

    /// Returns what the message is made of.
    pub fn record(&self) -> &MessageRecord {
        &self.0
    }
}

/// One thing a review found wrong with a draft.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Finding {
    /// The channel of the draft.
    pub channel: Channel,
    /// The part of the text: `subject`, `text`, `objection 3`.
    pub part: String,
    /// The check that failed: `number-without-fact`.
    pub check: String,
    /// What was found and what to do.
    pub detail: String,
}
