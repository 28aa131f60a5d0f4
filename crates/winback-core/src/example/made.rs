//! Making examples: a brief and the mail that answers it, the built-in writer's or one that the company once sent.
use crate::agents::communication::{mail_draft, mail_form};
use crate::brief::NoBrief;
use crate::claim::{Reading, Value, read};
use crate::mail_form::{MailForm, MailFormError, unknown_markers};
use crate::message::{Brief, Channel, Finding, WriterVersion};
use crate::prompt::{Prompt, prompt};
use crate::review::{review, with_markers};
use crate::schema::TableSchema;
use crate::segment::SegmentId;
use crate::slot::Slot;
use crate::template::Templates;
use serde::{Deserialize, Serialize};

/// Ids of fewer characters are looked for in no text: they are any number.
const SHORTEST_ID: usize = 4;

/// A mail that the company once sent to a customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastMail {
    /// The line of its file, counted from 1.
    pub line: u64,
    /// The subject.
    pub subject: String,
    /// The preview text; empty where it had none.
    pub preview: String,
    /// The text, with or without its footer.
    pub body: String,
}

/// Who wrote the mail of an example.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailSource {
    /// The built-in writer, in the segment's voice.
    BuiltIn,
    /// The company.
    PastMail,
}

/// What an example is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// Whose voice it teaches.
    pub segment: SegmentId,
    /// What is asked.
    pub prompt: Prompt,
    /// The mail, with slots and markers.
    pub mail: MailForm,
    /// Who wrote it.
    pub source: MailSource,
}

/// Why no example was made of a customer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotMade {
    /// No segment.
    #[error("no segment fits: a value that decides is missing, or no rule holds")]
    NoSegment,
    /// Nothing can be written.
    #[error(transparent)]
    NoBrief(#[from] NoBrief),
    /// The mail does not pass its review.
    #[error("the mail is held, {}: {}", .0.part, .0.detail)]
    Held(Finding),
    /// A past mail that is no mail form.
    #[error("the past mail of line {line} cannot be used; {why}")]
    NoForm {
        /// The line of the file of mails.
        line: u64,
        /// What is wrong, by the line of the mail as it would stand.
        why: MailFormError,
    },
    /// A past mail with personal data that is no slot.
    #[error("the past mail of line {line} holds {what}, which a model must not learn; take it out of the mail")]
    Personal {
        /// The line of the file of mails.
        line: u64,
        /// What it holds.
        what: &'static str,
    },
    /// A past mail with a marker of its own.
    #[error("the past mail of line {line}: {}", .finding.detail)]
    Marker {
        /// The line of the file of mails.
        line: u64,
        /// What is wrong.
        finding: Finding,
    },
}

/// What examples are made with.
#[derive(Clone, Copy, Debug)]
pub struct Maker<'a> {
    /// The words of mails and prompts.
    pub templates: &'a Templates,
    /// The company's table, which says what may be told.
    pub schema: &'a TableSchema,
}

impl Maker<'_> {
    /// Returns the example of a brief, with the past mail for its output where there is one. Equal arguments give equal
    /// examples.
    ///
    /// # Errors
    /// Why there is none.
    pub fn make(&self, brief: &Brief, past: Option<&PastMail>) -> Result<Made, NotMade> {
        let segment = brief.segment.clone().ok_or(NotMade::NoSegment)?;
        let (mail, source) = match past {
            Some(past) => (self.past(brief, past)?, MailSource::PastMail),
            None => (self.written(brief)?, MailSource::BuiltIn),
        };
        Ok(Made { segment, prompt: prompt(self.templates, brief, self.schema, Channel::Email), mail, source })
    }

    /// Returns the mail of the built-in writer, which passes the review.
    fn written(&self, brief: &Brief) -> Result<MailForm, NotMade> {
        let form = mail_form(self.templates, brief).map_err(NotMade::Held)?;
        let writer = WriterVersion { name: self.templates.name().to_owned(), words: self.templates.digest().clone() };
        let reviewed =
            mail_draft(self.templates, brief, &form, writer).and_then(|draft| review(brief, self.templates.phrases(), draft).map(drop));
        match reviewed.map_err(|findings| findings.into_iter().next()) {
            Ok(()) | Err(None) => Ok(form),
            Err(Some(finding)) => Err(NotMade::Held(finding)),
        }
    }

    /// Returns a past mail with slots for personal data and markers for facts, where nothing personal is left in it.
    fn past(&self, brief: &Brief, past: &PastMail) -> Result<MailForm, NotMade> {
        let line = past.line;
        let body = past.body.replace("\r\n", "\n");
        let body = body.split_once("\n--\n").map_or(body.as_str(), |(body, _)| body);
        let slotted = |text: &str| with_slots(text.trim(), brief);
        let form = MailForm::new(&slotted(&past.subject), &slotted(&past.preview), &slotted(&tidied(body)), brief.locale);
        let form = form.map_err(|why| NotMade::NoForm { line, why })?;
        let form = with_markers(brief, self.templates.phrases(), &form);
        if let Some(finding) = unknown_markers(&form, &brief.facts).into_iter().next() {
            return Err(NotMade::Marker { line, finding });
        }
        personal(&form.to_text(brief.locale), brief).map_or(Ok(form), |what| Err(NotMade::Personal { line, what }))
    }
}

/// Returns a text with the markers of slots in place of what stands in them for this customer.
fn with_slots(text: &str, brief: &Brief) -> String {
    let values = Slot::ALL.into_iter().filter_map(|slot| Some((slot, brief.slots.usable(slot)?)));
    values.fold(text.to_owned(), |text, (slot, value)| {
        let (mut marked, mut from) = (String::with_capacity(text.len()), 0);
        for (at, _) in text.match_indices(value).filter(|(at, _)| apart(&text, *at, value)) {
            marked.push_str(&text[from..at]);
            marked.push_str(slot.marker());
            from = at + value.len();
        }
        marked + &text[from..]
    })
}

/// Returns whether a value that stands in a text is not a piece of a longer word.
fn apart(text: &str, at: usize, value: &str) -> bool {
    let letter = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let (before, after) = (text[..at].chars().next_back(), text[at + value.len()..].chars().next());
    !(letter(before) && letter(value.chars().next()) || letter(after) && letter(value.chars().next_back()))
}

/// Returns a text with no white space at the ends of lines, one empty line between paragraphs, and none around it. Two
/// full-width spaces that indent a Chinese paragraph stay.
fn tidied(text: &str) -> String {
    let mut lines: Vec<&str> = Vec::new();
    for line in text.lines().map(|line| line.trim_end().trim_start_matches([' ', '\t'])) {
        if !(line.is_empty() && lines.last().is_none_or(|before| before.is_empty())) {
            lines.push(line);
        }
    }
    lines.join("\n").trim_end_matches('\n').to_owned()
}

/// Returns what a text holds of a person that is no slot.
fn personal(text: &str, brief: &Brief) -> Option<&'static str> {
    let id = brief.customer.as_str();
    if id.chars().count() >= SHORTEST_ID && text.match_indices(id).any(|(at, _)| apart(text, at, id)) {
        return Some("the customer's id");
    }
    let reading = Reading { locale: brief.locale, day: brief.day, currency: None };
    let claimed = read(text, &reading).into_iter().any(|claim| matches!(claim.value, Value::Contact { .. }));
    (claimed || text.contains('@') || text.contains("://")).then_some("an address, a link or a telephone number")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_that_nobody_sees_is_tidied() {
        assert_eq!(tidied("\n\n Dear Julia, \r\n\r\n\r\nBye\t\nUs\n\n"), "Dear Julia,\n\nBye\nUs");
        assert_eq!(tidied("　　您好：\n"), "　　您好：");
    }
}
