//! The prompt generator: brief → what a language model is asked, in the brief's
//! own language, for one channel. Its words are files that a company can replace.
//!
//! Only what may be said stands in a prompt: the offer's and the company's facts,
//! and those cells of the customer's row whose column says `tell = true`. Personal
//! data stands in it as slots, whose values the prompt never holds; so do values that
//! the offer works out from cells that may not be told. What is unknown is left out.
//! Whatever comes from the customer's row is quoted as data.
mod hole;
mod role;
mod words;

use crate::agents::campaign_designer::theme_words;
use crate::digest::Digest;
use crate::locale::Locale;
use crate::mail_form::marker;
use crate::message::{Brief, Channel, Fact, FactSource};
use crate::review::{MIN_OBJECTIONS, SMS_UNITS, SUBJECT_WIDTH};
use crate::risk::ValueTier;
use crate::schema::{Column, TableSchema};
use crate::slot::Slot;
use crate::template::{Templates, place_of_name};
use serde::{Deserialize, Serialize};

pub(crate) use words::FILE;
pub use words::PromptWords;

/// What a language model is asked to write, for one customer and channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Prompt {
    /// The language, of the prompt and of the text asked for.
    pub locale: Locale,
    /// The channel.
    pub channel: Channel,
    /// Who the model is and what always holds.
    pub system: String,
    /// What is asked for this customer.
    pub user: String,
    /// The hash of the file that its words are from.
    pub words: Digest,
    /// The hash of all of it: the prompt's version.
    pub digest: Digest,
}

/// Facts worked out from the customer's own numbers. Where those may not be told they stand in a prompt by name alone.
const WORKED_OUT: [&str; 3] = ["offer.promise", "offer.saving", "charge.monthly"];

/// Returns what a model is asked to write for a brief on one channel, in the words of the templates. `schema` says which
/// cells may be told. The same arguments give the same prompt.
pub fn prompt(templates: &Templates, brief: &Brief, schema: &TableSchema, channel: Channel) -> Prompt {
    let words = templates.prompt_words(brief.locale);
    let (facts, closed) = sayable(brief, schema);
    let page = Page { words, brief, schema, channel, facts, closed };
    let (system, user) = (page.system(), page.user());
    let digest = Digest::of_parts([words.digest().0.as_bytes(), system.as_bytes(), user.as_bytes()]);
    Prompt { locale: brief.locale, channel, system, user, words: words.digest().clone(), digest }
}

/// Returns the facts whose text may stand in a prompt: what comes from the offer or the company, and cells that may be told;
/// and the other facts. A text that repeats one that may not, such as a promise that states a saving, is one of those.
fn sayable<'a>(brief: &'a Brief, schema: &TableSchema) -> (Vec<&'a Fact>, Vec<&'a Fact>) {
    let told = |name: &str| column(schema, name).is_some_and(|column| column.tell);
    let open = |fact: &Fact| match &fact.source {
        FactSource::Cell { column, .. } => told(column),
        FactSource::Offer { .. } | FactSource::Company { .. } => true,
    };
    let closed: Vec<&str> = brief.facts.iter().filter(|fact| !open(fact)).map(|fact| fact.text.as_str()).collect();
    let repeats = |fact: &Fact| closed.iter().any(|text| !text.is_empty() && fact.text.contains(text));
    let facts = brief.facts.iter().filter(|fact| !fact.text.trim().is_empty());
    facts.partition(|fact| open(fact) && !repeats(fact))
}

fn column<'s>(schema: &'s TableSchema, name: &str) -> Option<&'s Column> {
    schema.index_of(name).and_then(|place| schema.columns.get(place))
}

struct Page<'a> {
    words: &'a PromptWords,
    brief: &'a Brief,
    schema: &'a TableSchema,
    channel: Channel,
    facts: Vec<&'a Fact>,
    /// Facts whose text may not stand in a prompt.
    closed: Vec<&'a Fact>,
}

impl Page<'_> {
    fn system(&self) -> String {
        let (words, company, locale) = (self.words, &self.brief.company, self.brief.locale);
        let role = words.with("role", &[("company.name", company.name.get(locale)), ("company.team", company.team.get(locale))]);
        let until = self.facts.iter().any(|fact| fact.id == "offer.until");
        let deadline = (!until).then_some(words.get("no_deadline"));
        let never = words.get("never").lines().chain(deadline).filter(|line| !line.trim().is_empty()).map(|line| format!("- {line}"));
        format!("{role}\n\n{}\n{}", words.get("never_heading"), never.collect::<Vec<_>>().join("\n"))
    }

    fn user(&self) -> String {
        let words = self.words;
        let about = [self.goal(), self.offer(), self.topic(), self.segment(), self.tone()];
        let about: Vec<String> = about.into_iter().filter(|sentence| !sentence.is_empty()).collect();
        let (data, facts): (Vec<&Fact>, Vec<&Fact>) = self.facts.iter().partition(|fact| matches!(fact.source, FactSource::Cell { .. }));
        // The footer with the address is the house's.
        let facts = facts.into_iter().filter(|fact| self.channel != Channel::Email || fact.id != "company.address");
        let facts: Vec<String> = facts.map(|fact| self.fact(fact)).collect();
        let heading = match (self.channel, facts.first()) {
            (Channel::Email, Some(_)) => words.with("facts.email", &[("marker", &self.example())]),
            _ => words.get("facts").to_owned(),
        };
        let mut parts = vec![about.join(self.space()), format!("{heading}\n{}", facts.join("\n"))];
        if !data.is_empty() {
            let lines: Vec<String> = data.into_iter().map(|fact| self.datum(fact)).collect();
            parts.push(format!("{}\n{}", words.get("data"), lines.join("\n")));
        }
        parts.extend([self.slots(), self.asked()].into_iter().filter(|part| !part.is_empty()));
        parts.join("\n\n")
    }

    fn goal(&self) -> String {
        self.words.get(&format!("goal.{}", self.brief.goal)).to_owned()
    }

    fn offer(&self) -> String {
        match (self.brief.kind, self.facts.iter().find(|fact| fact.id == "offer.name")) {
            (Some(kind), Some(name)) => self.words.with(&format!("offer.{}", kind.tag()), &[("offer.name", &name.text)]),
            _ => self.words.get("no_offer").to_owned(),
        }
    }

    fn topic(&self) -> String {
        match self.brief.theme {
            Some(theme) => self.words.with("topic", &[("theme", theme_words(theme).get(self.brief.locale))]),
            None => self.words.get("no_topic").to_owned(),
        }
    }

    /// A segment that the words know says who the reader is; the name of any other is quoted as it stands.
    fn segment(&self) -> String {
        let Some(segment) = &self.brief.segment else { return String::new() };
        match self.words.find(&format!("segment.{segment}")) {
            Some(words) => self.words.with("segment", &[("segment", words)]),
            None => self.words.with("own_segment", &[("segment", segment.as_str())]),
        }
    }

    fn tone(&self) -> String {
        let tier = match self.brief.tier {
            Some(ValueTier::High) => "tone.high",
            Some(ValueTier::Mid) => "tone.mid",
            Some(ValueTier::Low) => "tone.low",
            None => "tone.unknown",
        };
        self.words.get(tier).to_owned()
    }

    /// Returns the marker of a fact, for an example of one.
    fn example(&self) -> String {
        let named = self.facts.iter().find(|fact| fact.id == "offer.name").or(self.facts.first());
        named.map_or_else(String::new, |fact| marker(&fact.id))
    }

    /// Returns a fact as a line, its text in quotes, so that none can pass for an instruction. In a mail it is said by its
    /// marker.
    fn fact(&self, fact: &Fact) -> String {
        let name = if self.channel == Channel::Email { marker(&fact.id) } else { fact.id.clone() };
        format!("- {name}{}{}", self.colon(), quoted(&fact.text))
    }

    /// Returns what the table says of the customer as a line: what wordings can put in as a fact, the rest by the name of
    /// its column.
    fn datum(&self, fact: &Fact) -> String {
        let FactSource::Cell { column: name, .. } = &fact.source else { return self.fact(fact) };
        let Some(column) = column(self.schema, name).filter(|_| place_of_name(&fact.id).is_none()) else { return self.fact(fact) };
        let value = if column.kind.is_number() { fact.text.clone() } else { quoted(&fact.text) };
        let own = format!("about.{}", column.name);
        let section = if self.words.find(&own).is_some() { own.as_str() } else { "about" };
        format!("- {}", self.words.with(section, &[("label", column.label.get(self.brief.locale)), ("value", &value)]))
    }

    /// Returns the slots that the channel may leave open and that this customer has a value for.
    fn slots(&self) -> String {
        let words = self.words;
        let fits = |slot: Slot| match slot {
            Slot::FirstName => self.brief.slots.usable(slot).is_some(),
            // It stands in the footer, which is the house's.
            Slot::UnsubscribeUrl => false,
            Slot::AgentName => self.channel == Channel::Call,
        };
        let line = |marker: &str, what: &str| format!("- {marker}{}{what}", self.colon());
        let slots = Slot::ALL.into_iter().filter(|slot| fits(*slot));
        let mut lines: Vec<String> = slots.map(|slot| line(slot.marker(), words.get(&format!("slot.{}", slot.tag())))).collect();
        if self.channel == Channel::Email {
            let closed = self.closed.iter().filter(|fact| WORKED_OUT.contains(&fact.id.as_str()));
            lines.extend(closed.map(|fact| line(&marker(&fact.id), words.get(&format!("slot.{}", fact.id)))));
        }
        let open = (!lines.is_empty()).then(|| format!("{}\n{}", words.get("slots"), lines.join("\n")));
        let nameless = (!fits(Slot::FirstName)).then(|| words.get("no_name").to_owned());
        open.into_iter().chain(nameless).collect::<Vec<_>>().join("\n\n")
    }

    /// Returns what is to be written, and how.
    fn asked(&self) -> String {
        let (units, width) = (SMS_UNITS.to_string(), SUBJECT_WIDTH.to_string());
        let (half, objections) = ((SUBJECT_WIDTH / 2).to_string(), MIN_OBJECTIONS.to_string());
        let limits =
            [("limit.sms", &*units), ("limit.subject", &*width), ("limit.subject_half", &*half), ("limit.objections", &*objections)];
        let asked = self.words.with(self.channel.tag(), &limits);
        if self.brief.first_contact && self.channel == Channel::Sms {
            format!("{asked}{}{}", self.space(), self.words.get("first_contact"))
        } else {
            asked
        }
    }

    /// Returns the mark between a name and what it stands for.
    fn colon(&self) -> &'static str {
        if self.brief.locale == Locale::En { ": " } else { "：" }
    }

    /// Returns what stands between sentences.
    fn space(&self) -> &'static str {
        if self.brief.locale == Locale::En { " " } else { "" }
    }
}

/// Returns a text in quotes on one line.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
