//! Phrases that a person approved by writing them into a template: claims in words that
//! no fact states, each with the whole clause around it, and the cases it was written for.
use super::context::clause;
use super::reader::{Claim, Reading, read};
use super::value::Value;
use super::wordings::{HOLE, Known, Wordings};
use crate::locale::Locale;
use crate::manners::HouseRules;
use crate::message::{Binding, Brief, Channel};
use crate::segment::SegmentId;
use crate::template::{Case, TemplatePart as Part, TemplateSection as Section};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

/// What a template cannot approve: a company must be able to keep it, whoever typed it.
const NEVER: [&str; 9] = ["superlative", "guarantee", "urgency", "scarcity", "refund", "gift", "award", "lottery", "unlimited"];

/// The approved phrases of every template, by the cases they are for.
#[derive(Clone, Debug, Default)]
pub struct Phrases {
    approved: HashMap<String, Vec<Approved>>,
    /// Every clause of every wording.
    wordings: Wordings,
    segments: Vec<SegmentId>,
    /// What the company never says, and how long its mails may be.
    pub(crate) house: HouseRules,
    /// Tells the phrases of different templates apart.
    id: u64,
}

/// One claim of a template with its clause.
#[derive(Clone, Debug)]
struct Approved {
    section: Arc<Section>,
    locales: Option<Locale>,
    before: Edge,
    words: String,
    after: Edge,
    line: u32,
}

/// What stands on one side of a claim, up to the end of its clause or to something put in.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Edge {
    text: String,
    /// Whether something put in follows, not the end of the clause.
    hole: bool,
}

/// A place in a draft.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spot<'a> {
    pub brief: &'a Brief,
    pub channel: Channel,
    pub part: &'a str,
    pub text: &'a str,
}

impl Phrases {
    /// Returns no phrases, for templates whose segments have voices of their own.
    pub(crate) fn of_segments(segments: Vec<SegmentId>, id: u64) -> Self {
        Self { segments, id, ..Self::default() }
    }

    /// Returns whether a kind of claim can be approved by no template, only by the company.
    pub(crate) fn never_approves(of: &str) -> bool {
        NEVER.contains(&of)
    }

    /// Returns whether a clause of a draft is that of a wording for this case.
    pub(crate) fn is_wording(&self, clause: &str, spot: Spot<'_>, case: Case) -> bool {
        self.wordings.knows(clause, |known| fits(known, spot, case))
    }

    /// Returns what a line claims that stands word for word in a wording for this case.
    pub(crate) fn line(&self, line: &str, spot: Spot<'_>, case: Case) -> Option<&[Claim]> {
        self.wordings.line(line, |known| fits(known, spot, case))
    }

    /// Learns the words of one wording.
    pub(crate) fn learn_words(&mut self, section: &Section) {
        let text = if section.part == Part::Html { crate::review::visible_text(&section.text) } else { section.text.clone() };
        for locale in section.locale.map_or(Locale::ALL.to_vec(), |locale| vec![locale]) {
            self.wordings.learn(section, locale, &text);
        }
    }

    /// Learns the claims in words of one wording, and returns those that no template can approve, with their lines.
    pub(crate) fn learn(&mut self, section: &Section) -> Vec<(usize, String)> {
        let mut text = with_holes(&section.text);
        if section.part == Part::Forbidden {
            return Vec::new();
        }
        if section.part == Part::Objection {
            // The first line is the customer's own.
            text = text
                .chars()
                .scan(true, |first, c| Some(if std::mem::replace(first, *first && c != '\n') && c != '\n' { ' ' } else { c }))
                .collect();
        }
        let mut refused = Vec::new();
        let locales = section.locale.map_or(Locale::ALL.to_vec(), |locale| vec![locale]);
        let shared = Arc::new(section.clone());
        for locale in locales {
            let day = jiff::civil::date(2000, 1, 1);
            for claim in read(&text, &Reading { locale, day, currency: None }) {
                let line = section.line + text[..claim.span.start].matches('\n').count();
                match key(&claim.value) {
                    Some(of) if Self::never_approves(of) => refused.push((line, text[claim.span.clone()].to_owned())),
                    Some(of) => {
                        let approved = Approved::new(&shared, locale, &text, &claim, line);
                        self.approved.entry(of.to_owned()).or_default().push(approved);
                    }
                    None => {}
                }
            }
        }
        refused
    }

    /// Returns the template line that approves a claim at a place of a draft, if one does.
    pub(crate) fn approve(&self, claim: &Claim, spot: Spot<'_>) -> Option<Binding> {
        let candidates = self.approved.get(key(&claim.value)?)?;
        let case = self.case(spot.brief);
        let found = candidates.iter().find(|phrase| phrase.fits(claim, spot) && phrase.section.fits(case))?;
        Some(Binding::Phrase { file: found.section.file.clone(), line: found.line })
    }

    /// Returns a number that tells the phrases of different templates apart.
    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    /// Returns the case of a brief.
    pub(crate) fn case(&self, brief: &Brief) -> Case {
        let place = |segment: &SegmentId| self.segments.iter().position(|known| known == segment).and_then(|at| u16::try_from(at).ok());
        let segment = brief.segment.as_ref().and_then(place);
        Case { goal: brief.goal, segment, kind: brief.kind, theme: brief.theme, tier: brief.tier, has: u32::MAX, seed: 0 }
    }
}

/// Returns under what a claim in words is kept; `None` for numbers, prices and dates, which only facts state.
fn key(value: &Value) -> Option<&str> {
    match value {
        Value::Promise { of, .. } => Some(of),
        Value::Name { name } => Some(name),
        _ => None,
    }
}

impl Approved {
    fn new(section: &Arc<Section>, locale: Locale, text: &str, claim: &Claim, line: usize) -> Self {
        let clause = clause(text, &claim.span);
        let (before, after) = (&text[clause.start..claim.span.start], &text[claim.span.end..clause.end]);
        let (left, right) = (before.rfind(HOLE), after.find(HOLE));
        let left_text = left.map_or(before.trim_start(), |at| &before[at + HOLE.len_utf8()..]);
        let right_text = right.map_or(after.trim_end(), |at| &after[..at]);
        Self {
            section: Arc::clone(section),
            locales: Some(locale),
            before: Edge { text: left_text.to_owned(), hole: left.is_some() },
            words: text[claim.span.clone()].to_owned(),
            after: Edge { text: right_text.to_owned(), hole: right.is_some() },
            line: u32::try_from(line).unwrap_or(u32::MAX),
        }
    }

    fn fits(&self, claim: &Claim, spot: Spot<'_>) -> bool {
        self.locales == Some(spot.brief.locale)
            && stands_in(self.section.part, spot.channel, spot.part)
            && spot.text.get(claim.span.clone()) == Some(self.words.as_str())
            && self.surrounds(claim, spot)
    }

    fn surrounds(&self, claim: &Claim, spot: Spot<'_>) -> bool {
        let clause = clause(spot.text, &claim.span);
        let (before, after) = (&spot.text[clause.start..claim.span.start], &spot.text[claim.span.end..clause.end]);
        let left = if self.before.hole {
            before
                .strip_suffix(self.before.text.as_str())
                .is_some_and(|rest| filled(spot.brief, rest, |rest, end| rest.ends_with(end), before.len() == self.before.text.len()))
        } else {
            before.trim_start() == self.before.text
        };
        left && if self.after.hole {
            after
                .strip_prefix(self.after.text.as_str())
                .is_some_and(|rest| filled(spot.brief, rest, |rest, start| rest.starts_with(start), after.len() == self.after.text.len()))
        } else {
            after.trim_end() == self.after.text
        }
    }
}

/// Returns whether what was put in stands there: the text of a fact, a slot, or a fact that ends with its own
/// punctuation, so that the clause begins right behind it.
fn filled(brief: &Brief, rest: &str, touches: fn(&str, &str) -> bool, at_edge: bool) -> bool {
    at_edge
        || touches(rest, "}}")
        || touches(rest, "{{")
        || brief.facts.iter().any(|fact| {
            !fact.text.is_empty() && (touches(rest, &fact.text) || fact.text.ends_with(rest.trim()) || fact.text.starts_with(rest.trim()))
        })
}

fn fits(known: &Known, spot: Spot<'_>, case: Case) -> bool {
    known.locale == spot.brief.locale && stands_in(known.section.part, spot.channel, spot.part) && known.section.fits(case)
}

/// Returns whether a part of a template comes to stand in a part of a message.
fn stands_in(part: Part, channel: Channel, name: &str) -> bool {
    match channel {
        Channel::Email if part == Part::Html => name == "html",
        Channel::Sms => part == Part::Sms,
        Channel::Email if part.file() == "email.jinja" => match part {
            Part::Subject => matches!(name, "subject" | "html"),
            Part::Preheader => matches!(name, "preheader" | "html"),
            _ => matches!(name, "text" | "html"),
        },
        Channel::Call if part.file() == "call.jinja" => match part {
            Part::Objection => name.starts_with("answer") || name.starts_with("objection"),
            Part::Forbidden => name.starts_with("forbidden"),
            Part::Outcome => name.starts_with("outcome"),
            part => name == part.tag(),
        },
        _ => false,
    }
}

/// Returns a wording with a mark in place of everything the template puts in or leaves out.
fn with_holes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        let close = match rest.get(at + 1..at + 2) {
            Some("{") => "}}",
            Some("%") => "%}",
            Some("#") => "#}",
            _ => {
                out.push_str(&rest[..=at]);
                rest = &rest[at + 1..];
                continue;
            }
        };
        let (before, after) = rest.split_at(at);
        let tag: Range<usize> = 0..after.find(close).map_or(after.len(), |end| end + close.len());
        out.push_str(before);
        out.push(HOLE);
        out.extend(after[tag.clone()].chars().filter(|c| *c == '\n'));
        rest = &after[tag.end..];
    }
    out.push_str(rest);
    out
}
