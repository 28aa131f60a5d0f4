//! The review: the only place where a [`Message`] is born. It trusts no writer.
//! Everything is checked on the draft with its slots still open; only then is
//! the personal data filled in, escaped for the place where it stands.
mod account;
mod claims;
mod html;
mod manners;
mod marks;
mod memo;
mod script;
mod sms;

use crate::claim::Phrases;
use crate::locale::Locale;
use crate::mail_form::name_faults;
use crate::message::{Binding, Brief, CallScript, Channel, Content, Draft, Email, Fact, Finding, LedgerEntry, Message, MessageRecord, Sms};
use crate::slot::{Place, Refused, Slot, WhenMissing, fill};
use claims::{Grounds, ReadPart};
use std::borrow::Cow;

use html::Html;
pub(crate) use html::{Tags, visible_text};
pub use marks::with_markers;
pub use script::{ANSWER_SECONDS, MAIN_PATH_SECONDS, MIN_OBJECTIONS};
pub(crate) use sms::what_to_cut;
pub use sms::{SMS_UNITS, worst_case_units};

/// The check that notes a customer greeted without the name the table has, because it cannot stand in a message.
pub const NEUTRAL_GREETING: &str = "neutral-greeting";
/// The widest subject line, where a Chinese character counts two.
pub const SUBJECT_WIDTH: usize = 78;

/// The longest text of a draft that is read, in bytes: far more than anybody is sent.
const LONGEST_PART: usize = 64 * 1024;

/// Returns the message, or everything that is wrong with the draft. A message records the checks it passed. Whether a model
/// put the name into the greeting is seen on its mail form: [`crate::agents::communication::review_mail`].
pub fn review(brief: &Brief, phrases: &Phrases, draft: Draft) -> Result<Message, Vec<Finding>> {
    Reviewer::new(brief, phrases).review(draft)
}

/// Reviews the drafts of one brief, whose facts are read once.
pub(crate) struct Reviewer<'a> {
    grounds: Grounds<'a>,
}

impl<'a> Reviewer<'a> {
    pub(crate) fn new(brief: &'a Brief, phrases: &'a Phrases) -> Self {
        Self { grounds: Grounds::new(brief, phrases, Channel::Email) }
    }

    /// Returns the message, or everything that is wrong with the draft.
    pub(crate) fn review(&mut self, draft: Draft) -> Result<Message, Vec<Finding>> {
        self.grounds.for_channel(draft.content.channel());
        judge(&self.grounds, draft)
    }
}

fn judge(grounds: &Grounds<'_>, draft: Draft) -> Result<Message, Vec<Finding>> {
    let brief = grounds.brief();
    let mut desk = Desk { brief, channel: draft.content.channel(), findings: Vec::new(), checks: Vec::new() };
    desk.offer_matches(&draft);
    let html = if let Content::Email(email) = &draft.content { Some(Html::read(&email.html, grounds.phrases().tags())) } else { None };
    let parts = parts(&draft.content, html.as_ref());
    if let Some(long) = parts.iter().find(|part| part.raw.len() > LONGEST_PART) {
        let detail = format!("the text has {} bytes, and {LONGEST_PART} are the most that is read; cut it", long.raw.len());
        desk.find(&long.name, "length", detail);
        return Err(desk.findings);
    }
    desk.slots(&parts);
    if let Content::Email(email) = &draft.content
        && !grounds.phrases().are_of(&draft.writer.words)
    {
        desk.slots_kept(email);
    }
    desk.greeting();
    desk.characters(&parts);
    let read = read_parts(&parts, grounds);
    let ledger = desk.claims(&read, grounds);
    desk.manners(&grounds.phrases().house, &read, &draft.content);
    match &draft.content {
        Content::Email(email) => html.iter().for_each(|html| desk.email(email, html)),
        Content::Sms(sms) => desk.sms(sms),
        Content::Call(script) => desk.call(script),
    }
    if !desk.findings.is_empty() {
        return Err(desk.findings);
    }
    let bound = |fact: &Fact| ledger.iter().any(|entry| matches!(&entry.bound, Binding::Fact { id } if *id == fact.id));
    let used = |fact: &&Fact| bound(fact) || read.iter().flat_map(|read| &read.said).any(|said| said.id == fact.id);
    let facts = brief.facts.iter().filter(used).cloned().collect();
    let content = match filled(draft.content, brief) {
        Ok(content) => content,
        Err(refused) => {
            desk.find("text", "slots-filled", refused.to_string());
            return Err(desk.findings);
        }
    };
    Ok(Message::reviewed(MessageRecord {
        position: brief.position,
        customer: brief.customer.clone(),
        locale: brief.locale,
        content,
        offer: draft.offer,
        writer: draft.writer,
        facts,
        goal: brief.goal,
        segment: brief.segment.clone(),
        ledger,
        checks: desk.checks.into_iter().map(str::to_owned).collect(),
        refused: Vec::new(),
    }))
}

/// Reads every part; lines of the HTML that stand in the text, the subject or the preheader are judged there.
fn read_parts<'p>(parts: &'p [Part<'p>], grounds: &Grounds<'p>) -> Vec<ReadPart<'p>> {
    let mut read = Vec::with_capacity(parts.len());
    for (at, part) in parts.iter().enumerate() {
        let others = if part.name == "html" { parts.get(..at).unwrap_or_default() } else { &[] };
        let elsewhere = others.iter().flat_map(|other| claims::lines(other.read)).map(|(_, line)| line).collect();
        read.push(grounds.read(part, &elsewhere));
    }
    read
}

/// Returns the link that dials a telephone number: `tel:+15550100`.
pub fn tel_link(phone: &str) -> String {
    let dialled = phone.chars().enumerate().filter(|&(at, c)| c.is_ascii_digit() || (at == 0 && c == '+')).map(|(_, c)| c);
    std::iter::once("tel:").flat_map(str::chars).chain(dialled).collect()
}

/// One text of a draft.
struct Part<'a> {
    name: Cow<'static, str>,
    /// As it was written.
    raw: &'a str,
    /// As a person reads it.
    read: &'a str,
}

fn parts<'a>(content: &'a Content, html: Option<&'a Html<'_>>) -> Vec<Part<'a>> {
    let mut parts: Vec<Part<'_>> = content.parts().into_iter().map(|(name, raw)| Part { name, raw, read: raw }).collect();
    if let (Content::Email(email), Some(html)) = (content, html) {
        parts.push(Part { name: "html".into(), raw: &email.html, read: &html.text });
    }
    parts
}

/// Returns what stands in a slot of a finished message.
fn slot_value(brief: &Brief, slot: Slot) -> Option<&str> {
    let blank = if brief.locale == Locale::En { "________" } else { "＿＿＿＿" };
    brief.slots.usable(slot).or((slot.when_missing() == WhenMissing::Blank).then_some(blank))
}

/// Returns, for each slot of a text, where its marker ends and by how many bytes everything behind it moves when
/// the slots up to there are filled.
fn shifts(text: &str, brief: &Brief) -> Vec<(usize, isize)> {
    let mut moved = 0;
    let shift = |(at, _): (usize, &str)| {
        let (slot, length) = Slot::at(&text[at..])?;
        moved += slot_value(brief, slot)?.len().cast_signed() - length.cast_signed();
        Some((at + length, moved))
    };
    text.match_indices("{{").filter_map(shift).collect()
}

/// Returns a text with its slots filled, or the slot that cannot be.
fn filled(mut content: Content, brief: &Brief) -> Result<Content, Refused> {
    let put = |text: &mut String, place| -> Result<(), Refused> {
        if crate::slot::find_open(text).is_some() {
            *text = fill(text, place, |slot| slot_value(brief, slot))?;
        }
        Ok(())
    };
    match &mut content {
        Content::Email(Email { subject, preheader, text, html }) => {
            put(subject, Place::Header)?;
            put(preheader, Place::Header)?;
            put(text, Place::Plain)?;
            put(html, Place::Html)?;
        }
        Content::Sms(Sms { text }) => put(text, Place::Sms)?,
        Content::Call(CallScript { opening, reason, offer, objections, forbidden, close, outcomes }) => {
            let answers = objections.iter_mut().flat_map(|objection| [&mut objection.customer, &mut objection.answer]);
            let labels = outcomes.iter_mut().map(|outcome| &mut outcome.label);
            for part in [opening, reason, offer, close].into_iter().chain(answers).chain(forbidden).chain(labels) {
                put(part, Place::Script)?;
            }
        }
    }
    Ok(content)
}

/// Returns the first character of a text that is invisible and no line end. All but a few characters are told by
/// their first byte.
fn invisible(text: &str) -> Option<char> {
    let may_be = |byte: u8| byte < b' ' && byte != b'\n' || matches!(byte, 0x7F | 0xC2 | 0xE2);
    let begins = |(at, byte): (usize, u8)| if may_be(byte) { text.get(at..)?.chars().next() } else { None };
    text.bytes().enumerate().filter_map(begins).find(|&c| crate::id::is_invisible_control(c))
}

/// Returns where a part of a text stands.
fn place_of(channel: Channel, part: &str) -> Place {
    match (channel, part) {
        (Channel::Email, "subject" | "preheader") => Place::Header,
        (Channel::Email, "html") => Place::Html,
        (Channel::Email, _) => Place::Plain,
        (Channel::Sms, _) => Place::Sms,
        (Channel::Call, _) => Place::Script,
    }
}

/// A review under way.
struct Desk<'a> {
    brief: &'a Brief,
    channel: Channel,
    findings: Vec<Finding>,
    checks: Vec<&'static str>,
}

impl Desk<'_> {
    fn find(&mut self, part: &str, check: &'static str, detail: String) {
        self.findings.push(Finding { channel: self.channel, part: part.to_owned(), check: check.to_owned(), detail });
    }

    /// Notes a failed check of one part, or that it was passed.
    fn expect(&mut self, passed: bool, part: &str, check: &'static str, detail: impl FnOnce() -> String) {
        if !passed {
            self.find(part, check, detail());
        }
        if !self.checks.contains(&check) {
            self.checks.push(check);
        }
    }

    fn fact(&self, id: &str) -> Option<&Fact> {
        self.brief.facts.iter().find(|fact| fact.id == id)
    }

    fn offer_matches(&mut self, draft: &Draft) {
        let name = |offer: &Option<crate::offer::OfferId>| offer.as_ref().map_or("no offer".to_owned(), ToString::to_string);
        self.expect(draft.offer == self.brief.offer, "offer", "offer-of-the-plan", || {
            format!("the draft makes {}, the plan {}; write it again for the planned offer", name(&draft.offer), name(&self.brief.offer))
        });
    }

    fn slots(&mut self, parts: &[Part<'_>]) {
        self.checks.extend(["slots-known", "slots-filled", "no-template-syntax"]);
        for part in parts.iter().filter(|part| part.raw.contains('{')) {
            self.slots_of(&part.name, part.raw);
        }
    }

    fn slots_of(&mut self, part: &str, text: &str) {
        if text.match_indices('{').any(|(at, _)| text[at + 1..].starts_with(['%', '#'])) {
            self.find(part, "no-template-syntax", "template syntax such as {% is left in the text; remove it".into());
        }
        let mut rest = text;
        while let Some(at) = crate::slot::find_open(rest) {
            let marker = &rest[at..];
            rest = &marker[2..];
            let Some((slot, _)) = Slot::at(marker) else {
                let shown: String = rest.split_once("}}").map_or(rest, |(name, _)| name).chars().take(40).collect();
                self.find(part, "slots-known", format!("{{{{{shown}}}}} is no slot; use first_name, unsubscribe_url or agent_name"));
                continue;
            };
            let here = place_of(self.channel, part).takes(slot);
            if !here {
                self.find(part, "slots-known", format!("the slot {} cannot stand in this part; remove it", slot.marker()));
            } else if slot.when_missing() == WhenMissing::OtherWording && self.brief.slots.usable(slot).is_none() {
                let detail = format!("there is no value that can stand for {}; use a wording without it", slot.marker());
                self.find(part, "slots-filled", detail);
            }
        }
    }

    /// A model leaves each slot that has a value where the house fills it, once: none is dropped, repeated or put into the
    /// subject. In a mail of the templates at hand a person chose where they stand.
    fn slots_kept(&mut self, email: &Email) {
        self.checks.push("slots-kept");
        if self.brief.slots.usable(Slot::FirstName).is_some() {
            let parts = [("subject", &*email.subject), ("preheader", &*email.preheader), ("text", &*email.text)];
            for (part, detail) in name_faults(parts) {
                self.find(part, "slots-kept", detail);
            }
        }
        if self.brief.slots.usable(Slot::UnsubscribeUrl).is_some() {
            let (marker, count) = (Slot::UnsubscribeUrl.marker(), email.text.matches(Slot::UnsubscribeUrl.marker()).count());
            let told = if count == 0 { "is missing".to_owned() } else { format!("stands {count} times") };
            self.expect(count == 1, "text", "slots-kept", || {
                format!("the slot {marker} {told}; it stands once, in the footer, which the house adds")
            });
        }
    }

    /// Notes that the customer has a name that cannot stand in a message and is greeted without it.
    fn greeting(&mut self) {
        if self.brief.slots.left_out(Slot::FirstName) {
            self.checks.push(NEUTRAL_GREETING);
        }
    }

    fn characters(&mut self, parts: &[Part<'_>]) {
        self.checks.extend(["plain-characters", "single-line"]);
        for part in parts {
            if let Some(odd) = invisible(part.read) {
                let detail = format!("the control character U+{:04X} stands in the text; remove it", u32::from(odd));
                self.find(&part.name, "plain-characters", detail);
            }
            let single = matches!(&*part.name, "subject" | "preheader") || self.channel == Channel::Sms;
            if single && part.raw.contains('\n') {
                self.find(&part.name, "single-line", "the text has several lines; write it as one".into());
            }
        }
    }

    /// Binds every claim, accounts for every other word, and returns the ledger of the parts a person reads.
    fn claims(&mut self, read: &[ReadPart<'_>], grounds: &Grounds<'_>) -> Vec<LedgerEntry> {
        let mut ledger = Vec::new();
        for read in read {
            let part = read.part;
            for found in read.bound.iter().filter(|found| found.to.is_none()) {
                let words = part.read.get(found.claim.span.clone()).unwrap_or_default();
                self.find(&part.name, "claims-bound", grounds.explain(words, &found.claim));
            }
            if part.name != "html" {
                claims::entries(part, &read.bound, self.brief, &mut ledger);
            }
            for clause in &read.left {
                let detail = format!(
                    "{clause:?} is neither a fact of the brief, nor an approved wording for this case, nor plain courtesy; take it \
                     out, say what a fact says, or write it into a template, where somebody answers for it"
                );
                self.find(&part.name, "words-accounted", detail);
            }
        }
        self.checks.extend(["claims-bound", "words-accounted"]);
        if self.channel == Channel::Email {
            let differing = claims::differing(read);
            self.expect(differing.is_none(), "html", "html-agrees", || {
                let said = differing.map(|claim| claim.value.say(self.brief.locale)).unwrap_or_default();
                format!("the text and the HTML do not claim the same: {said} stands in one of them; make them agree")
            });
        }
        ledger
    }

    fn email(&mut self, email: &Email, html: &Html<'_>) {
        let width: usize = email.subject.chars().map(|c| if c < '\u{1100}' { 1 } else { 2 }).sum();
        self.expect(!email.subject.trim().is_empty(), "subject", "subject-present", || "the subject is empty; write one".into());
        self.expect(width <= SUBJECT_WIDTH, "subject", "subject-length", || {
            format!(
                "the subject is {width} wide (a Chinese character counts two), at most {SUBJECT_WIDTH} fit; shorten it or the offer's name"
            )
        });
        for (part, read, raw) in [("text", email.text.as_str(), &email.text), ("html", html.text.as_str(), &email.html)] {
            self.names_offer(part, read);
            self.footer(part, read, raw);
        }
        self.links(html);
        self.layout(email, html);
    }

    /// A mail looks as the company's layout does: nothing in it hides or moves what a reader must see.
    fn layout(&mut self, email: &Email, html: &Html<'_>) {
        self.expect(html.foreign.is_none(), "html", "html-of-layout", || {
            let tag: String = html.foreign.unwrap_or_default().chars().take(200).collect();
            format!("<{tag}> is none of the tags of email.html.jinja; use those, or change that file, where somebody answers for it")
        });
        let unseen = html.hidden.iter().find(|hidden| hidden.trim() != email.preheader.trim());
        self.expect(unseen.is_none(), "html", "html-of-layout", || {
            let words: String = unseen.map_or("", String::as_str).trim().chars().take(200).collect();
            format!("{words:?} is hidden, and only the preheader may be; take it out")
        });
    }

    fn links(&mut self, html: &Html<'_>) {
        self.expect(html.active.is_none(), "html", "html-inert", || {
            format!("{:?} does not belong in a mail; remove it", html.active.unwrap_or_default())
        });
        let phone = tel_link(&self.brief.company.phone);
        let unsubscribe = Slot::UnsubscribeUrl.marker();
        let foreign = html.links.iter().find(|link| **link != phone && **link != unsubscribe);
        self.expect(foreign.is_none(), "html", "links-known", || {
            format!(
                "the link {:?} is neither the company's number nor the unsubscribe address; remove it",
                foreign.map_or("", String::as_str)
            )
        });
    }

    fn footer(&mut self, part: &str, read: &str, raw: &str) {
        for id in ["company.name", "company.address"] {
            let there = self.fact(id).is_some_and(|fact| !fact.text.trim().is_empty() && read.contains(fact.text.trim()));
            self.expect(there, part, "footer", || format!("the footer lacks {id}; put it in, or give it in the configuration"));
        }
        let by_link = self.brief.slots.usable(Slot::UnsubscribeUrl).is_some();
        let refusable = if by_link { raw.contains(Slot::UnsubscribeUrl.marker()) } else { read.contains(&self.brief.company.phone) };
        self.expect(refusable, part, "unsubscribe", || {
            "the footer does not say how to refuse further mails; put the unsubscribe line back".into()
        });
    }

    fn names_offer(&mut self, part: &str, read: &str) {
        if let Some(name) = self.fact("offer.name").map(|fact| fact.text.clone()) {
            self.expect(read.contains(&name), part, "offer-named", || format!("the offer's name {name:?} is missing; name the offer"));
        }
    }
}
