//! Markers: what stands in a mail form where the text of a fact will stand.
use super::MailForm;
use crate::message::{Channel, Fact, Finding};
use crate::slot::{Slot, find_open};
use crate::spelling::nearest;
use std::ops::Range;

/// The most characters of a marker that a finding shows.
const SHOWN: usize = 60;

/// Returns the marker of a fact by its id: `{{offer.name}}`.
pub fn marker(fact: &str) -> String {
    format!("{{{{{fact}}}}}")
}

impl MailForm {
    /// Returns the form with the text of each fact in place of its marker, in one pass: what a fact says is not filled
    /// again. Slots stay, and so does what names no fact (see [`unknown_markers`]).
    #[must_use]
    pub fn filled(&self, facts: &[Fact]) -> Self {
        let fill = |text: &str| replaced(text, |name| facts.iter().find(|fact| fact.id == name).map(|fact| fact.text.as_str()));
        Self { subject: fill(&self.subject), preheader: fill(&self.preheader), body: fill(&self.body) }
    }

    /// Returns the form with spans of its parts (subject, preview text, body, in bytes) replaced by markers of facts.
    /// Spans come in the order of the text; those that overlap an earlier one or do not lie on characters are left.
    #[must_use]
    pub(crate) fn marked(&self, [subject, preheader, body]: [Vec<(Range<usize>, String)>; 3]) -> Self {
        Self {
            subject: with_markers(&self.subject, &subject),
            preheader: with_markers(&self.preheader, &preheader),
            body: with_markers(&self.body, &body),
        }
    }
}

/// Returns a finding for each marker of a form that is neither a slot nor a fact, by name.
pub fn unknown_markers(form: &MailForm, facts: &[Fact]) -> Vec<Finding> {
    let parts = [("subject", &form.subject), ("preheader", &form.preheader), ("text", &form.body)];
    let known = || facts.iter().map(|fact| fact.id.as_str()).chain(Slot::ALL.map(Slot::tag));
    let unknown = |name: &&str| !known().any(|known| known == *name);
    let told = |name: &str| {
        let shown: String = name.chars().take(SHOWN).collect();
        let hint = match nearest(&shown, known()) {
            Some(near) => format!("was {} meant?", marker(near)),
            None => format!("those that do are {}", known().map(marker).collect::<Vec<_>>().join(", ")),
        };
        format!("{} names neither a fact of the brief nor a slot; {hint}", marker(&shown))
    };
    let finding = |part: &str, name: &str| Finding {
        channel: Channel::Email,
        part: part.to_owned(),
        check: "facts-known".to_owned(),
        detail: told(name),
    };
    parts.into_iter().flat_map(|(part, text)| marker_names(text).filter(unknown).map(move |name| finding(part, name))).collect()
}

/// Returns what stands between the braces of each marker of a text; for one that is not closed, the rest of its line.
pub fn marker_names(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let inside = &rest[find_open(rest)? + 2..];
        let line = inside.lines().next().unwrap_or_default();
        let name = line.split_once("}}").map_or(line, |(name, _)| name);
        rest = &inside[name.len()..];
        Some(name)
    })
}

/// Returns a text with what a name stands for in place of its marker.
fn replaced<'v>(text: &str, value: impl Fn(&str) -> Option<&'v str>) -> String {
    let mut filled = String::with_capacity(text.len() + 64);
    let mut rest = text;
    while let Some(at) = find_open(rest) {
        let inside = &rest[at + 2..];
        let known = inside.split_once("}}").and_then(|(name, after)| Some((value(name)?, after)));
        filled.push_str(&rest[..at]);
        match known {
            Some((value, after)) => {
                filled.push_str(value);
                rest = after;
            }
            None => {
                filled.push_str("{{");
                rest = inside;
            }
        }
    }
    filled.push_str(rest);
    filled
}

fn with_markers(text: &str, spans: &[(Range<usize>, String)]) -> String {
    let (mut marked, mut at) = (String::with_capacity(text.len()), 0);
    for (span, fact) in spans {
        let Some(before) = text.get(at..span.start).filter(|_| text.is_char_boundary(span.end)) else { continue };
        marked.push_str(before);
        marked.push_str(&marker(fact));
        at = span.end;
    }
    marked.push_str(text.get(at..).unwrap_or_default());
    marked
}
