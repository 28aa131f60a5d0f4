//! A sheet for whoever reads messages before they are sent: each as it is, with what it claims and on what that rests.
use super::{Dispatch, Letterhead};
use crate::file::{NewFile, WriteError, unwritten};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use winback_core::message::{Binding, Content, Fact, FactSource, LedgerEntry, MessageRecord};

/// The file on its way.
pub(super) struct ReadingSheet {
    path: PathBuf,
    file: NewFile,
}

impl ReadingSheet {
    pub fn create(path: &Path, head: &Letterhead<'_>) -> Result<Self, WriteError> {
        let mut sheet = Self { path: path.to_owned(), file: NewFile::create(path)? };
        sheet.add(&format!(
            "# Messages of run {}, unedited\n\nFrom {}. Each message is followed by its ledger: every claim of the text, and the fact or the approved phrase it rests on.\n",
            head.run,
            cell(head.source)
        ))?;
        Ok(sheet)
    }

    pub fn push(&mut self, dispatch: &Dispatch<'_>) -> Result<(), WriteError> {
        let mut text = String::new();
        for record in &dispatch.messages {
            message(&mut text, dispatch, record);
        }
        self.add(&text)
    }

    pub fn finish(self) -> Result<(), WriteError> {
        self.file.commit()
    }

    fn add(&mut self, text: &str) -> Result<(), WriteError> {
        self.file.write_all(text.as_bytes()).map_err(|error| unwritten(&self.path, error))
    }
}

fn message(out: &mut String, dispatch: &Dispatch<'_>, record: &MessageRecord) {
    let known = [
        dispatch.standing.map(|standing| format!("{} risk", standing.level.tag())),
        dispatch.standing.and_then(|standing| standing.tier).map(|tier| format!("{} value", tier.tag())),
        Some(format!("goal {}", record.goal.tag())),
        record.segment.as_ref().map(|segment| format!("segment {segment}")),
        Some(record.offer.as_ref().map_or("no offer".to_owned(), |offer| format!("offer {}", offer.0))),
    ];
    let known: Vec<String> = known.into_iter().flatten().collect();
    let channel = record.content.channel().tag();
    let _ = writeln!(out, "\n## {} · {} · {channel}\n", cell(dispatch.customer.id.as_str()), record.locale);
    let _ = writeln!(out, "Line {}; {}.\n", dispatch.customer.line, cell(&known.join(", ")));
    fenced(out, &as_read(&record.content));
    ledger(out, record);
}

/// Returns a message as its reader meets it.
fn as_read(content: &Content) -> String {
    match content {
        Content::Email(mail) => format!("Subject: {}\nPreheader: {}\n\n{}", mail.subject, mail.preheader, mail.text.trim_end()),
        Content::Sms(sms) => sms.text.clone(),
        Content::Call(script) => {
            let parts = script.parts();
            let lines = parts.iter().map(|(name, text)| format!("[{name}] {text}"));
            lines.collect::<Vec<_>>().join("\n")
        }
    }
}

/// Writes a text between fences that are longer than any in the text, so that none of it is read as Markdown.
fn fenced(out: &mut String, text: &str) {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest.max(2) + 1);
    let _ = writeln!(out, "{fence}text\n{text}\n{fence}\n");
}

fn ledger(out: &mut String, record: &MessageRecord) {
    if record.ledger.is_empty() {
        out.push_str("No claim is recorded for this message.\n");
        return;
    }
    out.push_str("| part | words | rests on | which says | from |\n| --- | --- | --- | --- | --- |\n");
    let parts = record.content.parts();
    for entry in record.ledger.iter().filter(|entry| !is_within(entry, &record.ledger)) {
        let text = parts.iter().find(|(name, _)| *name == entry.part).map_or("", |(_, text)| *text);
        let words = marked(text, entry).unwrap_or("(the place is not in the text)");
        let (rests_on, says, from) = basis(record, &entry.bound);
        let row = [&entry.part, words, &rests_on, &says, &from].map(cell);
        let _ = writeln!(out, "| {} |", row.join(" | "));
    }
}

/// Returns whether a claim is only a piece of a longer one that rests on the same: nobody reads that twice.
fn is_within(entry: &LedgerEntry, ledger: &[LedgerEntry]) -> bool {
    let length = entry.end - entry.start;
    let covers = |other: &LedgerEntry| other.start <= entry.start && entry.end <= other.end && other.end - other.start > length;
    ledger.iter().any(|other| other.part == entry.part && other.bound == entry.bound && covers(other))
}

fn marked<'a>(text: &'a str, entry: &LedgerEntry) -> Option<&'a str> {
    text.get(usize::try_from(entry.start).ok()?..usize::try_from(entry.end).ok()?)
}

/// Returns what a claim rests on, what that says and where it comes from.
fn basis(record: &MessageRecord, bound: &Binding) -> (String, String, String) {
    match bound {
        Binding::Phrase { file, line } => ("approved phrase".into(), String::new(), format!("{file}, line {line}")),
        Binding::Fact { id } => match record.facts.iter().find(|fact| fact.id == *id) {
            Some(Fact { id, text, source, .. }) => (id.clone(), text.clone(), origin(source)),
            None => (id.clone(), "(the message has no such fact)".into(), String::new()),
        },
    }
}

fn origin(source: &FactSource) -> String {
    match source {
        FactSource::Cell { line, column } => format!("line {line}, column {column}"),
        FactSource::Offer { offer, field } => format!("offer {}, {field}", offer.0),
        FactSource::Company { field } => format!("winback.toml, company.{field}"),
    }
}

/// Returns a text for one line of Markdown, where it is read as text: no table, markup, link or tag of its own.
fn cell(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\r' | '\t' => out.push(' '),
            '\\' | '|' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '~' | '&' | '{' | '}' => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out
}
