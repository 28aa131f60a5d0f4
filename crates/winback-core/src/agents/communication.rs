//! The communication agent: brief → a mail, a short message and a call script.
//! This one writes from templates and needs no model. What it writes is a draft;
//! only [`crate::review::review`] makes a message of it.
mod mail;

use crate::agents::trace::{AgentName, AgentVerdict, Trace};
use crate::brief::mix;
use crate::digest::Digest;
use crate::locale::Locale;
use crate::message::{Brief, CallOutcome, CallScript, Channel, Content, Draft, Email, Fact, Finding, Objection, Sms, WriterVersion};
use crate::review::{Reviewer, SMS_UNITS, what_to_cut, worst_case_units};
use crate::script::{CallStep, Next};
use crate::slot::Slot;
use crate::sms::tells_refusal;
use crate::store::Writing;
use crate::template::{Case, Fields, TemplateError, TemplatePart as Part, TemplateSection as Section, Templates, Texts};
use minijinja::Value;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;

pub use mail::{mail_draft, mail_form, review_mail, review_reply};

/// What the agent wrote for one customer: a draft for each channel, or why there is none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Drafts {
    /// The drafts, in the order mail, short message, call.
    pub drafts: Vec<Draft>,
    /// What kept a channel without a draft.
    pub findings: Vec<Finding>,
}

/// Returns drafts for every channel. The same brief and templates give the same bytes.
pub fn write(templates: &Templates, brief: &Brief) -> Drafts {
    write_on(templates, brief, &Channel::ALL)
}

fn write_on(templates: &Templates, brief: &Brief, channels: &[Channel]) -> Drafts {
    let writer = WriterVersion::of_words(templates.name(), templates.digest().clone());
    let page = Page::new(templates, brief);
    let mut drafts = Drafts { drafts: Vec::with_capacity(channels.len()), findings: Vec::new() };
    for channel in channels {
        let content = match channel {
            Channel::Email => page.email().map(Content::Email),
            Channel::Sms => page.sms().map(Content::Sms),
            Channel::Call => page.call().map(Content::Call),
        };
        match content {
            Ok(content) => drafts.drafts.push(Draft { content, offer: brief.offer.clone(), writer: writer.clone() }),
            Err(finding) => drafts.findings.push(finding),
        }
    }
    drafts
}

/// Writes for every channel and reviews each draft: what passed, and what kept the rest back.
pub fn write_and_review(templates: &Templates, brief: &Brief) -> Writing {
    write_and_review_on(templates, brief, &Channel::ALL)
}

/// As [`write_and_review`], for some channels alone.
pub fn write_and_review_on(templates: &Templates, brief: &Brief, channels: &[Channel]) -> Writing {
    let Drafts { drafts, mut findings } = write_on(templates, brief, channels);
    let mut messages = Vec::with_capacity(drafts.len());
    let mut reviewer = Reviewer::new(brief, templates.phrases());
    for draft in drafts {
        match reviewer.review(draft) {
            Ok(message) => messages.push(message),
            Err(found) => findings.extend(found),
        }
    }
    Writing { position: brief.position, customer: brief.customer.clone(), locale: brief.locale, messages, findings, withheld: Vec::new() }
}

/// Returns the trace of what was written: passed when every channel has its message.
pub fn trace(brief: &Brief, writing: &Writing) -> Trace {
    let verdict = if writing.findings.is_empty() { AgentVerdict::Passed } else { AgentVerdict::Held };
    // A brief is written out without its personal data, so the hash is of what a writer sees.
    Trace { agent: AgentName::Communication, input: Digest::of_value(brief), by: "rules".into(), verdict }
}

/// Where a part of a message comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Origin {
    /// The channel.
    pub channel: Channel,
    /// The name of the section: `opening`, `objection no-time`.
    pub part: String,
    /// The template file.
    pub file: String,
    /// The line on which the wording begins.
    pub line: usize,
}

/// Returns which wordings a brief is written with, part by part. The choice depends on the brief alone, so it is
/// made again for whoever asks and costs nothing when nobody does.
pub fn origins(templates: &Templates, brief: &Brief) -> Vec<Origin> {
    let page = Page::new(templates, brief);
    let mut origins = Vec::new();
    for part in Part::ALL {
        let ids = if part.has_ids() { templates.ids(brief.locale, part).into_iter().map(Some).collect() } else { vec![None] };
        for id in ids {
            let section = match part {
                Part::Sms => page.fitting_sms().ok().map(|(section, _)| section),
                _ => templates.choose(brief.locale, part, id, page.case),
            };
            let name = || id.map_or(part.tag().to_owned(), |id| format!("{} {id}", part.tag()));
            let origin =
                |section: &Section| Origin { channel: part.channel(), part: name(), file: section.file.clone(), line: section.line };
            origins.extend(section.map(origin));
        }
    }
    origins
}

/// Which short message goes first: on a first contact one that tells how to refuse further ones, then as every
/// wording (the segment's own, the most specific, the one that says most of what is known), the longest, then the
/// seed decides.
type SmsRank = (bool, (bool, u32, u32), usize, u64);

/// A brief laid out for the templates.
struct Page<'a> {
    templates: &'a Templates,
    brief: &'a Brief,
    case: Case,
    texts: Texts<'a>,
}

impl<'a> Page<'a> {
    fn new(templates: &'a Templates, brief: &'a Brief) -> Self {
        Self::saying(templates, brief, |fact| fact.text.as_str().into())
    }

    /// Returns the page on which each fact says what `text` makes of it.
    fn saying(templates: &'a Templates, brief: &'a Brief, text: impl Fn(&'a Fact) -> Cow<'a, str>) -> Self {
        let mut texts = Texts::default();
        for fact in &brief.facts {
            texts.put(&fact.id, text(fact));
        }
        for slot in Slot::ALL.into_iter().filter(|&slot| slot == Slot::AgentName || brief.slots.usable(slot).is_some()) {
            texts.put(slot.name(), slot.marker());
        }
        texts.put("company.tel", crate::review::tel_link(&brief.company.phone));
        let segment = brief.segment.as_ref().and_then(|segment| templates.segment(segment));
        let (goal, kind, theme, tier) = (brief.goal, brief.kind, brief.theme, brief.tier);
        let case = Case { goal, segment, kind, theme, tier, has: texts.has(), seed: brief.seed };
        Self { templates, brief, case, texts }
    }

    fn email(&self) -> Result<Email, Finding> {
        self.mail(self.mail_parts(&Part::OF_EMAIL)?)
    }

    /// Returns parts of the mail in their wordings for this customer; an optional one without a wording is empty.
    fn mail_parts(&self, parts: &[Part]) -> Result<BTreeMap<&'static str, String>, Finding> {
        let text = |part: Part| if part.is_optional() { self.optional(part) } else { self.part(Channel::Email, part, None) };
        parts.iter().map(|part| Ok((part.tag(), text(*part)?))).collect()
    }

    /// Returns the mail of some parts in the company's layout.
    fn mail(&self, mut parts: BTreeMap<&'static str, String>) -> Result<Email, Finding> {
        let fields: Fields = parts.iter().map(|(tag, text)| (*tag, Value::from(text.as_str()))).collect();
        let mut groups = self.texts.groups().clone();
        groups.insert("part", Value::from(fields));
        groups.insert("lang", Value::from(self.brief.locale.tag()));
        let layout = Value::from(groups);
        Ok(Email {
            subject: parts.remove(Part::Subject.tag()).unwrap_or_default(),
            preheader: parts.remove(Part::Preheader.tag()).unwrap_or_default(),
            text: self.laid_out(Part::Text, layout.clone())?,
            html: self.laid_out(Part::Html, layout)?,
        })
    }

    fn sms(&self) -> Result<Sms, Finding> {
        Ok(Sms { text: self.fitting_sms()?.1 })
    }

    /// Takes the longest wording that fits one message, those that go first by [`Section::rank`] before others. On a
    /// first contact one that tells how to refuse goes before any other, whose review would hold it.
    fn fitting_sms(&self) -> Result<(&Section, String), Finding> {
        let mut least = usize::MAX;
        let mut best: Option<(SmsRank, &Section, String)> = None;
        for (turn, section) in self.templates.all(self.locale(), Part::Sms, self.case).into_iter().enumerate() {
            let text = self.templates.render(section, &self.texts).map_err(|error| broken(Channel::Sms, &error))?;
            let units = worst_case_units(&text, self.brief);
            least = least.min(units);
            if units > SMS_UNITS {
                continue;
            }
            let refusable = !self.brief.first_contact || tells_refusal(&text, self.locale(), &self.brief.company.phone);
            let rank = (refusable, section.rank(), units, mix(self.brief.seed, &turn.to_string()));
            if best.as_ref().is_none_or(|(before, ..)| *before < rank) {
                best = Some((rank, section, text));
            }
        }
        best.map(|(_, section, text)| (section, text)).ok_or_else(|| self.too_long(if least == usize::MAX { 0 } else { least }))
    }

    fn too_long(&self, units: usize) -> Finding {
        let detail = format!("the shortest wording has up to {units} UTF-16 units; {}", what_to_cut(self.brief, units));
        Finding { channel: Channel::Sms, part: "text".into(), check: "length".into(), detail }
    }

    fn call(&self) -> Result<CallScript, Finding> {
        let one = |part| self.part(Channel::Call, part, None);
        Ok(CallScript {
            opening: one(Part::CallOpening)?,
            reason: one(Part::CallReason)?,
            offer: one(Part::CallOffer)?,
            objections: self.each(Part::Objection, |section, text| objection(section, &text))?,
            forbidden: self.each(Part::Forbidden, |_, text| text)?,
            close: one(Part::CallClose)?,
            outcomes: self.each(Part::Outcome, |section, label| CallOutcome { code: section.id.clone().unwrap_or_default(), label })?,
        })
    }

    fn each<T>(&self, part: Part, make: impl Fn(&Section, String) -> T) -> Result<Vec<T>, Finding> {
        let ids = self.templates.ids(self.locale(), part).into_iter();
        let chosen = ids.filter_map(|id| self.templates.choose(self.locale(), part, Some(id), self.case));
        let render = |section| self.templates.render(section, &self.texts).map_err(|error| broken(Channel::Call, &error));
        chosen.map(|section| Ok(make(section, render(section)?))).collect()
    }

    fn part(&self, channel: Channel, part: Part, id: Option<&str>) -> Result<String, Finding> {
        let section = self.templates.choose(self.locale(), part, id, self.case).ok_or_else(|| Finding {
            channel,
            part: part.tag().into(),
            check: "wording".into(),
            detail: format!("no wording of [{}] fits this customer; add a section [{}] without conditions", part.tag(), part.tag()),
        })?;
        self.templates.render(section, &self.texts).map_err(|error| broken(channel, &error))
    }

    fn optional(&self, part: Part) -> Result<String, Finding> {
        match self.templates.choose(self.locale(), part, None, self.case) {
            Some(section) => self.templates.render(section, &self.texts).map_err(|error| broken(Channel::Email, &error)),
            None => Ok(String::new()),
        }
    }

    fn laid_out(&self, part: Part, page: Value) -> Result<String, Finding> {
        let section = self.templates.choose(self.locale(), part, None, self.case).ok_or_else(|| Finding {
            channel: Channel::Email,
            part: part.tag().into(),
            check: "wording".into(),
            detail: format!("there is no layout [{}]; add it", part.tag()),
        })?;
        self.templates.lay_out(section, page).map_err(|error| broken(Channel::Email, &error))
    }

    fn locale(&self) -> Locale {
        self.brief.locale
    }
}

/// An objection's first line is the customer's, the rest is the answer.
fn objection(section: &Section, text: &str) -> Objection {
    let (customer, answer) = text.split_once('\n').unwrap_or((text, ""));
    Objection {
        id: section.id.clone().unwrap_or_default(),
        after: if section.after.is_empty() { CallStep::SPOKEN.to_vec() } else { section.after.clone() },
        then: section.then.clone().unwrap_or(Next::Step(CallStep::Close)),
        customer: customer.trim().to_owned(),
        answer: answer.trim().to_owned(),
    }
}

fn broken(channel: Channel, error: &TemplateError) -> Finding {
    Finding { channel, part: error.file.clone(), check: "template".into(), detail: error.to_string() }
}
