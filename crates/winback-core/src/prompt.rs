//! The prompt generator: brief → what a language model is asked, in the brief's
//! own language, for one channel.
//!
//! Only what may be said stands in a prompt: the offer's and the company's facts,
//! and those cells of the customer's row whose column says `tell = true`. Personal
//! data stands in it as slots, whose values the prompt never holds. What is unknown
//! is left out. Whatever comes from the customer's row is quoted as data.
mod en;
mod zh_cn;
mod zh_tw;

use crate::agents::campaign_designer::theme_words;
use crate::digest::Digest;
use crate::goal::Goal;
use crate::locale::Locale;
use crate::message::{Brief, Channel, Fact, FactSource};
use crate::review::{MIN_OBJECTIONS, SMS_UNITS, SUBJECT_WIDTH};
use crate::risk::ValueTier;
use crate::schema::TableSchema;
use crate::slot::Slot;
use serde::{Deserialize, Serialize};

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
    /// The hash of both.
    pub digest: Digest,
}

/// The wording of one language. Words in braces are filled in.
struct Words {
    role: &'static str,
    never_heading: &'static str,
    never: &'static [&'static str],
    no_deadline: &'static str,
    /// In the order of [`Goal::ALL`].
    goals: [&'static str; 3],
    offer: &'static str,
    no_offer: &'static str,
    topic: &'static str,
    no_topic: &'static str,
    segment: &'static str,
    /// For a segment of the company's own, whose name is quoted.
    own_segment: &'static str,
    /// What the built-in segments are, by name.
    segments: [(&'static str, &'static str); 5],
    /// For high, mid, low and unknown value.
    tones: [&'static str; 4],
    facts_heading: &'static str,
    data_heading: &'static str,
    slots_heading: &'static str,
    /// In the order of [`Slot::ALL`].
    slots: [&'static str; 3],
    no_name: &'static str,
    /// In the order of [`Channel::ALL`].
    channels: [&'static str; 3],
    first_contact: &'static str,
    /// The mark between the name of a fact and its text.
    colon: &'static str,
    /// Stands between sentences.
    space: &'static str,
}

fn words(locale: Locale) -> &'static Words {
    match locale {
        Locale::ZhTw => &zh_tw::WORDS,
        Locale::ZhCn => &zh_cn::WORDS,
        Locale::En => &en::WORDS,
    }
}

/// Returns what a model is asked to write for a brief on one channel. `schema` says which cells may be told. The same
/// arguments give the same prompt.
pub fn prompt(brief: &Brief, schema: &TableSchema, channel: Channel) -> Prompt {
    let page = Page { words: words(brief.locale), brief, facts: sayable(brief, schema) };
    let (system, user) = (page.system(), page.user(channel));
    let digest = Digest::of_parts([system.as_bytes(), user.as_bytes()]);
    Prompt { locale: brief.locale, channel, system, user, digest }
}

/// Returns the facts that may stand in a prompt: what comes from the offer or the company, and cells that may be told.
/// A text that repeats one that may not, such as a promise that states a saving, is left out with it.
fn sayable<'a>(brief: &'a Brief, schema: &TableSchema) -> Vec<&'a Fact> {
    let told = |column: &str| schema.index_of(column).and_then(|place| schema.columns.get(place)).is_some_and(|column| column.tell);
    let open = |fact: &Fact| match &fact.source {
        FactSource::Cell { column, .. } => told(column),
        FactSource::Offer { .. } | FactSource::Company { .. } => true,
    };
    let closed: Vec<&str> = brief.facts.iter().filter(|fact| !open(fact)).map(|fact| fact.text.as_str()).collect();
    let repeats = |fact: &Fact| closed.iter().any(|text| !text.is_empty() && fact.text.contains(text));
    brief.facts.iter().filter(|fact| !fact.text.trim().is_empty() && open(fact) && !repeats(fact)).collect()
}

struct Page<'a> {
    words: &'static Words,
    brief: &'a Brief,
    facts: Vec<&'a Fact>,
}

impl Page<'_> {
    fn system(&self) -> String {
        let words = self.words;
        let company = self.brief.company.name.get(self.brief.locale);
        let role = words.role.replace("{team}", self.brief.company.team.get(self.brief.locale)).replace("{company}", company);
        let until = self.facts.iter().any(|fact| fact.id == "offer.until");
        let deadline = (!until).then_some(words.no_deadline);
        let never = words.never.iter().copied().chain(deadline).map(|line| format!("- {line}"));
        format!("{role}\n\n{}\n{}", words.never_heading, never.collect::<Vec<_>>().join("\n"))
    }

    fn user(&self, channel: Channel) -> String {
        let words = self.words;
        let about = [self.goal(), self.offer(), self.topic(), self.segment(), self.tone()];
        let about: Vec<String> = about.into_iter().filter(|sentence| !sentence.is_empty()).collect();
        let (data, facts): (Vec<&Fact>, Vec<&Fact>) = self.facts.iter().partition(|fact| matches!(fact.source, FactSource::Cell { .. }));
        let mut parts = vec![about.join(words.space), format!("{}\n{}", words.facts_heading, self.quoted(&facts))];
        if !data.is_empty() {
            parts.push(format!("{}\n{}", words.data_heading, self.quoted(&data)));
        }
        parts.extend([self.slots(channel), self.channel(channel)]);
        parts.join("\n\n")
    }

    fn goal(&self) -> String {
        let place = Goal::ALL.iter().position(|goal| *goal == self.brief.goal).unwrap_or_default();
        self.words.goals[place].to_owned()
    }

    fn offer(&self) -> String {
        match self.facts.iter().find(|fact| fact.id == "offer.name") {
            Some(name) => self.words.offer.replace("{name}", &name.text),
            None => self.words.no_offer.to_owned(),
        }
    }

    fn topic(&self) -> String {
        match self.brief.theme {
            Some(theme) => self.words.topic.replace("{theme}", theme_words(theme).get(self.brief.locale)),
            None => self.words.no_topic.to_owned(),
        }
    }

    /// A built-in segment says who the reader is; the name of any other is quoted as it stands.
    fn segment(&self) -> String {
        let Some(segment) = &self.brief.segment else { return String::new() };
        let known = self.words.segments.iter().find(|(name, _)| *name == segment.as_str());
        match known {
            Some((_, words)) => self.words.segment.replace("{segment}", words),
            None => self.words.own_segment.replace("{segment}", segment.as_str()),
        }
    }

    fn tone(&self) -> String {
        let place = match self.brief.tier {
            Some(ValueTier::High) => 0,
            Some(ValueTier::Mid) => 1,
            Some(ValueTier::Low) => 2,
            None => 3,
        };
        self.words.tones[place].to_owned()
    }

    /// Returns facts a line each, every text in quotes on one line, so that none can pass for an instruction.
    fn quoted(&self, facts: &[&Fact]) -> String {
        let line = |fact: &&Fact| {
            let text = serde_json::Value::from(fact.text.as_str());
            format!("- {}{}{text}", fact.id, self.words.colon)
        };
        facts.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    /// Returns the slots that the channel may leave open and that this customer has a value for.
    fn slots(&self, channel: Channel) -> String {
        let words = self.words;
        let fits = |slot: Slot| match slot {
            Slot::FirstName => self.brief.slots.usable(slot).is_some(),
            Slot::UnsubscribeUrl => channel == Channel::Email && self.brief.slots.usable(slot).is_some(),
            Slot::AgentName => channel == Channel::Call,
        };
        let lines = Slot::ALL.into_iter().zip(words.slots).filter(|(slot, _)| fits(*slot));
        let lines = lines.map(|(slot, what)| format!("- {}{}{what}", slot.marker(), words.colon));
        let lines: Vec<String> = lines.collect();
        let open = (!lines.is_empty()).then(|| format!("{}\n{}", words.slots_heading, lines.join("\n")));
        let nameless = (!fits(Slot::FirstName)).then(|| words.no_name.to_owned());
        open.into_iter().chain(nameless).collect::<Vec<_>>().join("\n\n")
    }

    fn channel(&self, channel: Channel) -> String {
        let place = Channel::ALL.iter().position(|one| *one == channel).unwrap_or_default();
        let limits = self.words.channels[place]
            .replace("{units}", &SMS_UNITS.to_string())
            .replace("{width}", &SUBJECT_WIDTH.to_string())
            .replace("{half}", &(SUBJECT_WIDTH / 2).to_string())
            .replace("{objections}", &MIN_OBJECTIONS.to_string());
        if self.brief.first_contact && channel != Channel::Call {
            format!("{limits}{}{}", self.words.space, self.words.first_contact)
        } else {
            limits
        }
    }
}
