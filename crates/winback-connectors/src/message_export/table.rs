//! The wide table that mailing and calling tools import: a row for each customer and language.
use super::{Dispatch, Letterhead, action, decided, words};
use crate::export::{ExportCell as Cell, io_error};
use crate::file::{NewFile, WriteError, unwritten};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use winback_core::message::{CallScript, Channel, Content, Email, Fact};
use winback_core::money::Money;

/// Who reads the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reader {
    /// A program: UTF-8 without a mark, lines end with LF.
    Program,
    /// Excel, which needs a mark to see that it is UTF-8, and takes long ids for numbers.
    Excel,
}

/// The table on its way.
pub(super) struct Table {
    path: PathBuf,
    csv: csv::Writer<NewFile>,
    reader: Reader,
}

/// The columns; one may be added at the end, none renamed or left out.
pub(super) const HEADER: [&str; 36] = [
    "customer",
    "line",
    "language",
    "risk",
    "probability",
    "value",
    "monthly_charge",
    "currency",
    "goal",
    "segment",
    "action",
    "offer",
    "offer_name",
    "cost",
    "expected_net_assumed",
    "owner",
    "due",
    "approval",
    "email",
    "phone",
    "subject",
    "preheader",
    "text",
    "html",
    "sms",
    "call_opening",
    "call_reason",
    "call_offer",
    "call_objections",
    "call_forbidden",
    "call_close",
    "call_outcomes",
    "facts",
    "kept_back",
    "run",
    "source",
];

impl Table {
    pub fn create(path: &Path, reader: Reader) -> Result<Self, WriteError> {
        let mut file = NewFile::create(path)?;
        let mut builder = csv::WriterBuilder::new();
        if reader == Reader::Excel {
            file.write_all("\u{FEFF}".as_bytes()).map_err(|error| unwritten(path, error))?;
            builder.terminator(csv::Terminator::CRLF);
        }
        let mut table = Self { path: path.to_owned(), csv: builder.from_writer(file), reader };
        let header = table.csv.write_record(HEADER);
        table.told(header)?;
        Ok(table)
    }

    pub fn push(&mut self, head: &Letterhead<'_>, dispatch: &Dispatch<'_>) -> Result<(), WriteError> {
        let cells = cells(head, dispatch);
        let written = self.csv.write_record(cells.iter().map(|cell| {
            match (self.reader, cell) {
                (Reader::Excel, Cell::Code(text) | Cell::Dialled(text)) if Excel::would_read_anew(text) => format!("=\"{text}\"").into(),
                _ => cell.written(),
            }
            .into_owned()
        }));
        self.told(written)
    }

    pub fn finish(self) -> Result<(), WriteError> {
        let path = self.path;
        let file = self.csv.into_inner().map_err(|error| unwritten(&path, io::Error::from(error.error().kind())))?;
        file.commit()
    }

    fn told(&self, written: csv::Result<()>) -> Result<(), WriteError> {
        written.map_err(|error| unwritten(&self.path, io_error(error)))
    }
}

/// What Excel makes of ids and other codes.
struct Excel;

impl Excel {
    /// Returns whether Excel would turn a text into a number, a day or a truth value: `00123`, `1E5`, `3-4`, `TRUE`. Only
    /// a formula that gives the text keeps it; the text holds nothing that could end that formula.
    fn would_read_anew(text: &str) -> bool {
        let first = text.trim_start_matches(['+', '-', '.', '(', '$']).chars().next();
        let like_a_value =
            first.is_some_and(|c| c.is_ascii_digit()) || text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false");
        let short = text.len() <= 64 && text.chars().all(|c| c.is_ascii_alphanumeric() || " +-./:,()$%".contains(c));
        like_a_value && short
    }
}

fn cells<'a>(head: &Letterhead<'a>, dispatch: &'a Dispatch<'_>) -> Vec<Cell<'a>> {
    let mut cells = about(head, dispatch);
    cells.extend(mail(dispatch));
    cells.push(match dispatch.content(Channel::Sms) {
        Some(Content::Sms(sms)) => Cell::from(sms.text.as_str()),
        _ => Cell::Empty,
    });
    cells.extend(match dispatch.content(Channel::Call) {
        Some(Content::Call(script)) => call(script, dispatch),
        _ => vec![Cell::Empty; 7],
    });
    cells.push(text(facts(dispatch)));
    cells.push(text(dispatch.kept_back.join("\n")));
    cells.push(Cell::Integer(head.run.0));
    cells.push(Cell::from(head.source));
    cells
}

fn text<'a>(text: String) -> Cell<'a> {
    if text.is_empty() { Cell::Empty } else { Cell::Text(text.into()) }
}

/// Who it is, what is known, and what is planned.
fn about<'a>(head: &Letterhead<'a>, dispatch: &'a Dispatch<'_>) -> Vec<Cell<'a>> {
    let (customer, standing, plan) = (dispatch.customer, dispatch.standing, dispatch.plan);
    let choice = plan.and_then(|plan| plan.decision.choice());
    let planned = |minor: i64| Cell::Money(Money::new(minor, head.catalogue.currency));
    let offer = choice.and_then(|choice| head.catalogue.offer(&choice.offer));
    let first = dispatch.messages.first();
    let or_empty = |text: Option<&'a str>| text.map_or(Cell::Empty, Cell::from);
    vec![
        Cell::Code(customer.id.as_str().into()),
        Cell::Integer(i64::try_from(customer.line).unwrap_or(i64::MAX)),
        Cell::from(dispatch.locale.tag()),
        or_empty(standing.map(|standing| standing.level.tag())),
        standing.map_or(Cell::Empty, |standing| Cell::Number(standing.assessment.probability.value())),
        or_empty(standing.and_then(|standing| standing.tier).map(winback_core::risk::ValueTier::tag)),
        customer.monthly_charge(head.schema).map_or(Cell::Empty, Cell::Money),
        Cell::from(head.schema.currency.code()),
        or_empty(first.map(|record| record.goal.tag())),
        first.and_then(|record| record.segment.as_ref()).map_or(Cell::Empty, |segment| Cell::Code(segment.as_str().into())),
        Cell::from(action(plan)),
        choice.map_or(Cell::Empty, |choice| Cell::Code(choice.offer.0.as_str().into())),
        or_empty(offer.map(|offer| offer.name.get(dispatch.locale).as_str())),
        choice.map_or(Cell::Empty, |choice| planned(choice.cost_minor)),
        choice.map_or(Cell::Empty, |choice| planned(choice.effect.net_minor)),
        or_empty(plan.map(|plan| plan.owner.get(dispatch.locale).as_str())),
        plan.and_then(|plan| plan.due).map_or(Cell::Empty, |due| Cell::Text(due.to_string().into())),
        Cell::from(decided(dispatch.approval)),
        dispatch
            .recipient
            .email
            .as_ref()
            .ok()
            .and_then(Option::as_ref)
            .map_or(Cell::Empty, |address| Cell::Text(address.to_string().into())),
        phone(dispatch),
    ]
}

/// A `+` before nothing but digits is a number to a spreadsheet, not a formula, and what a gateway for short messages expects.
fn phone<'a>(dispatch: &'a Dispatch<'_>) -> Cell<'a> {
    let number = |number: &'a Result<Option<String>, _>| number.as_ref().ok().and_then(Option::as_deref);
    let number = number(&dispatch.recipient.sms).or_else(|| number(&dispatch.recipient.call));
    number.map_or(Cell::Empty, |number| Cell::Dialled(number.into()))
}

fn mail<'a>(dispatch: &'a Dispatch<'_>) -> [Cell<'a>; 4] {
    match dispatch.content(Channel::Email) {
        Some(Content::Email(Email { subject, preheader, text, html })) => {
            [subject, preheader, text, html].map(|part| Cell::from(part.as_str()))
        }
        _ => [Cell::Empty, Cell::Empty, Cell::Empty, Cell::Empty],
    }
}

fn call<'a>(script: &'a CallScript, dispatch: &Dispatch<'_>) -> Vec<Cell<'a>> {
    let words = words::of(dispatch.locale);
    let answers = script.objections.iter().map(|objection| {
        let then = words.then(&objection.then, script);
        format!("{} → {} [{then}]", objection.customer, objection.answer)
    });
    let outcomes = script.outcomes.iter().map(|outcome| format!("{} = {}", outcome.code, outcome.label));
    vec![
        Cell::from(script.opening.as_str()),
        Cell::from(script.reason.as_str()),
        Cell::from(script.offer.as_str()),
        text(answers.collect::<Vec<_>>().join("\n")),
        text(script.forbidden.join("\n")),
        Cell::from(script.close.as_str()),
        text(outcomes.collect::<Vec<_>>().join("\n")),
    ]
}

/// Returns the facts of every message, each once.
fn facts(dispatch: &Dispatch<'_>) -> String {
    let mut seen: Vec<&Fact> = Vec::new();
    for fact in dispatch.messages.iter().flat_map(|record| &record.facts) {
        if !seen.iter().any(|known| known.id == fact.id) {
            seen.push(fact);
        }
    }
    seen.iter().map(|fact| format!("{} = {}", fact.id, fact.text)).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn excel_reads_ids_and_numbers_as_they_are_written() {
        let check = |text: &str, kept: bool| assert_eq!(Excel::would_read_anew(text), kept, "{text}");
        for text in ["00123", "12345678901234567890", "1E5", "3-4", "2026-01-31", "TRUE", "+886912345678", "7590-VHVEG", ".5", "-1", "50%"]
        {
            check(text, true);
        }
        for text in ["ABC-1", "mei@example.com", "=1+1", "1\"&cmd", "您好", "20% off, for you!\nBye", ""] {
            check(text, false);
        }
    }
}
