//! Making examples: a brief and the mail that answers it, the built-in writer's or one that the company once sent.
use super::personal::{Personal, greeted, personal};
use crate::agents::communication::{mail_form, review_mail};
use crate::brief::NoBrief;
use crate::customer::Customer;
use crate::mail_form::{MailForm, MailFormError, Markers};
use crate::message::{Brief, Channel, Finding, WriterVersion};
use crate::prompt::{Prompt, prompt};
use crate::review::with_markers;
use crate::schema::TableSchema;
use crate::segment::SegmentId;
use crate::slot::Slot;
use crate::template::Templates;
use serde::{Deserialize, Serialize};

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
        what: Personal,
    },
    /// A past mail whose slots and markers are not those of a mail to this customer.
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
    /// Returns the example of a brief, with the past mail for its output where there is one, which went to this customer.
    /// Equal arguments give equal examples.
    ///
    /// # Errors
    /// Why there is none.
    pub fn make(&self, brief: &Brief, past: Option<(&PastMail, &Customer)>) -> Result<Made, NotMade> {
        let segment = brief.segment.clone().ok_or(NotMade::NoSegment)?;
        let (mail, source) = match past {
            Some((past, customer)) => (self.past(brief, past, customer)?, MailSource::PastMail),
            None => (self.written(brief)?, MailSource::BuiltIn),
        };
        Ok(Made { segment, prompt: prompt(self.templates, brief, self.schema, Channel::Email), mail, source })
    }

    /// Returns the mail of the built-in writer, which passes the review.
    fn written(&self, brief: &Brief) -> Result<MailForm, NotMade> {
        let form = mail_form(self.templates, brief).map_err(NotMade::Held)?;
        let writer = WriterVersion::of_words(self.templates.name(), self.templates.digest().clone());
        match review_mail(self.templates, brief, &form, writer).map_err(|findings| findings.into_iter().next()) {
            Ok(_) | Err(None) => Ok(form),
            Err(Some(finding)) => Err(NotMade::Held(finding)),
        }
    }

    /// Returns a past mail with the name's slot and markers for facts, where nothing personal is left in it and the gate of
    /// adapters would let its slots and markers pass.
    fn past(&self, brief: &Brief, past: &PastMail, customer: &Customer) -> Result<MailForm, NotMade> {
        let line = past.line;
        let body = past.body.replace("\r\n", "\n");
        let body = body.split_once("\n--\n").map_or(body.as_str(), |(body, _)| body);
        let name = brief.slots.usable(Slot::FirstName);
        let body = tidied(body);
        let body = name.map_or(body.clone(), |name| greeted(&body, name));
        let form = MailForm::new(past.subject.trim(), past.preview.trim(), &body, brief.locale);
        let form = form.map_err(|why| NotMade::NoForm { line, why })?;
        let form = with_markers(brief, self.templates.phrases(), &form);
        if let Some(what) = personal(&form, brief, (customer, self.schema)) {
            return Err(NotMade::Personal { line, what });
        }
        let faults = Markers::of(&brief.facts, name.is_some()).faults(&form);
        faults.into_iter().next().map_or(Ok(form), |finding| Err(NotMade::Marker { line, finding }))
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_that_nobody_sees_is_tidied() {
        assert_eq!(tidied("\n\n Dear Julia, \r\n\r\n\r\nBye\t\nUs\n\n"), "Dear Julia,\n\nBye\nUs");
        assert_eq!(tidied("　　您好：\n"), "　　您好：");
    }
}
