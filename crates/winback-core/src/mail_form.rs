//! The mail form: how a language model writes a mail, and how mails stand in examples to learn from.
//!
//! ```text
//! Subject: Your plan, made lighter
//! Preview: One call is enough
//!
//! Dear {{first_name}},
//!
//! We would like to offer you {{offer.name}}.
//! ```
//!
//! The first line is the subject behind its heading, the second the preview text behind its own (or none), then an empty
//! line and the body in paragraphs. The footer is the house's. Personal data stands as slots, what a fact says as a
//! [`marker`]: the writer chooses what to say and copies no figure.
mod markers;
mod slots;

use crate::id::is_invisible_control;
use crate::locale::Locale;
use serde::{Deserialize, Serialize};

pub use markers::{marker, marker_names, unknown_markers};
pub use slots::Markers;
pub(crate) use slots::{misplaced_name, name_faults};

/// The longest text that is read, in bytes; no mail is nearly as long.
pub const LONGEST_TEXT: usize = 32 * 1024;

/// A mail without its footer: what [`MailForm::parse`] and [`MailForm::new`] let through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailForm {
    subject: String,
    preheader: String,
    body: String,
}

/// A text that is no mail form: the line, counted from 1, and what was expected there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct MailFormError {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub problem: MailFormProblem,
}

/// What is wrong with a line of a mail form.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MailFormProblem {
    /// More than any mail.
    #[error("the text has {0} bytes, and {LONGEST_TEXT} are the most that is read; cut it")]
    TooLong(usize),
    /// A heading does not stand where it must.
    #[error("expected a line that begins with {expected:?}")]
    Heading {
        /// The heading.
        expected: &'static str,
    },
    /// Nothing stands behind a heading.
    #[error("nothing stands behind {heading:?}; write the text there")]
    EmptyHeading {
        /// The heading.
        heading: &'static str,
    },
    /// A heading stands twice, or in the body.
    #[error("{heading:?} stands once, at the top; take it out here")]
    HeadingAgain {
        /// The heading.
        heading: &'static str,
    },
    /// The body does not begin behind an empty line.
    #[error("expected an empty line before the body")]
    NoGap,
    /// Nothing but headings.
    #[error("expected the body of the mail, its paragraphs apart by one empty line")]
    NoBody,
    /// More than one empty line.
    #[error("expected one empty line between paragraphs, found several")]
    WideGap,
    /// White space nobody sees.
    #[error("expected no white space at either end of the line")]
    OuterSpace,
    /// A character nobody sees.
    #[error("the control character U+{:04X} cannot stand in a mail; remove it", u32::from(*.0))]
    Control(char),
}

use MailFormProblem as Problem;

impl MailForm {
    /// Returns a form of a subject, a preview text (empty for none) and a body in a language.
    ///
    /// # Errors
    /// The first fault, with the line it would stand on.
    pub fn new(subject: &str, preheader: &str, body: &str, locale: Locale) -> Result<Self, MailFormError> {
        let [subject_heading, preview_heading] = headings(locale);
        for (at, text, heading) in [(0, subject, subject_heading), (1, preheader, preview_heading)] {
            let broken = text.find('\n').and(Some(Problem::Control('\n')));
            let missing = (at == 0 && text.is_empty()).then_some(Problem::EmptyHeading { heading });
            if let Some(problem) = broken.or(missing).or_else(|| fault_of_line(text)) {
                return Err(MailFormError { line: at + 1, problem });
            }
        }
        let lines: Vec<&str> = body.split('\n').collect();
        check_body(&lines, if preheader.is_empty() { 3 } else { 4 }, [subject_heading, preview_heading])?;
        Ok(Self { subject: subject.to_owned(), preheader: preheader.to_owned(), body: body.to_owned() })
    }

    /// Returns the form that a text in a language is, or what is wrong with it. Line ends behind the last line are none of
    /// it.
    ///
    /// # Errors
    /// The first fault, with its line and what was expected.
    pub fn parse(text: &str, locale: Locale) -> Result<Self, MailFormError> {
        let fault = |line, problem| Err(MailFormError { line, problem });
        if text.len() > LONGEST_TEXT {
            return fault(1, Problem::TooLong(text.len()));
        }
        let [subject_heading, preview_heading] = headings(locale);
        let lines: Vec<&str> = text.trim_end_matches('\n').split('\n').collect();
        let subject = behind(&lines, 0, subject_heading)?;
        let previewed = lines.get(1).is_some_and(|line| begins(line, preview_heading));
        let preheader = if previewed { behind(&lines, 1, preview_heading)? } else { "" };
        let gap = if previewed { 2 } else { 1 };
        match lines.get(gap) {
            Some(&"") => {}
            None => return fault(gap + 1, Problem::NoBody),
            Some(line) if begins(line, subject_heading) => return fault(gap + 1, Problem::HeadingAgain { heading: subject_heading }),
            Some(_) => return fault(gap + 1, Problem::NoGap),
        }
        let body = lines.get(gap + 1..).unwrap_or_default();
        check_body(body, gap + 2, [subject_heading, preview_heading])?;
        Ok(Self { subject: subject.to_owned(), preheader: preheader.to_owned(), body: body.join("\n") })
    }

    /// Returns the form as a text in a language, without a line end behind its last line; [`MailForm::parse`] gives the
    /// form back.
    pub fn to_text(&self, locale: Locale) -> String {
        let [subject, preview] = headings(locale);
        let preheader = if self.preheader.is_empty() { String::new() } else { format!("{preview}{}\n", self.preheader) };
        format!("{subject}{}\n{preheader}\n{}", self.subject, self.body)
    }

    /// Returns the subject line.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// Returns the line that mail programs show after the subject; empty where there is none.
    pub fn preheader(&self) -> &str {
        &self.preheader
    }

    /// Returns the body, its paragraphs apart by an empty line.
    pub fn body(&self) -> &str {
        &self.body
    }

    /// Returns the paragraphs of the body.
    pub fn paragraphs(&self) -> impl Iterator<Item = &str> {
        self.body.split("\n\n")
    }
}

/// Returns the headings of the subject and of the preview text in a language.
pub fn headings(locale: Locale) -> [&'static str; 2] {
    match locale {
        Locale::ZhTw => ["主旨：", "預覽："],
        Locale::ZhCn => ["主题：", "预览："],
        Locale::En => ["Subject: ", "Preview: "],
    }
}

/// Returns whether a line begins with a heading, whatever stands behind it.
fn begins(line: &str, heading: &str) -> bool {
    line.starts_with(heading.trim_end())
}

/// Returns what stands behind the heading of a line.
fn behind<'t>(lines: &[&'t str], at: usize, heading: &'static str) -> Result<&'t str, MailFormError> {
    let fault = |problem| MailFormError { line: at + 1, problem };
    let line = lines.get(at).copied().unwrap_or_default();
    if line.trim_end() == heading.trim_end() {
        return Err(fault(Problem::EmptyHeading { heading }));
    }
    let text = line.strip_prefix(heading).ok_or(fault(Problem::Heading { expected: heading }))?;
    fault_of_line(text).map_or(Ok(text), |problem| Err(fault(problem)))
}

/// Checks the lines of a body, the first of which has a number.
fn check_body(lines: &[&str], first: usize, headings: [&'static str; 2]) -> Result<(), MailFormError> {
    if lines.iter().all(|line| line.is_empty()) {
        return Err(MailFormError { line: first, problem: Problem::NoBody });
    }
    let mut empty = true;
    for (at, line) in lines.iter().enumerate() {
        let heading = headings.into_iter().find(|heading| begins(line, heading));
        let gap = (line.is_empty() && empty).then_some(Problem::WideGap);
        let found = gap.or_else(|| heading.map(|heading| Problem::HeadingAgain { heading })).or_else(|| fault_of_line(line));
        if let Some(problem) = found {
            return Err(MailFormError { line: first + at, problem });
        }
        empty = line.is_empty();
    }
    if empty { Err(MailFormError { line: first + lines.len() - 1, problem: Problem::WideGap }) } else { Ok(()) }
}

/// Returns what is wrong with a line wherever it stands.
fn fault_of_line(line: &str) -> Option<Problem> {
    // Full-width spaces indent a Chinese paragraph.
    let unseen = |c: char| c.is_whitespace() && c != '\u{3000}';
    let outer = line.starts_with(unseen) || line.ends_with(unseen) || (!line.is_empty() && line.trim().is_empty());
    line.chars().find(|c| is_invisible_control(*c)).map(Problem::Control).or(outer.then_some(Problem::OuterSpace))
}

#[cfg(test)]
mod tests;
