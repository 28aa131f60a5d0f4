//! What is wrong with an offer file, found before it is used: each finding has
//! its line and says what was expected.
use crate::counterfactual::Moves;
use crate::message::Approved;
use crate::offer::matrix::Cell;
use crate::offer::{Catalogue, Offer};
use crate::schema::TableSchema;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

mod offers;
mod rules;
mod words;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The file cannot be used.
    Error,
    /// The file can be used; a person may want to know.
    Warning,
}

/// The kinds of findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// An id is empty or stands for two things.
    Id,
    /// A rule or a test names an offer that does not exist.
    UnknownOffer,
    /// The offer has expired, is not valid yet, or its last day lies before its first.
    Period,
    /// A cost below zero.
    NegativeCost,
    /// A percentage outside its range.
    Percent,
    /// Zero months, or months without a percentage.
    Months,
    /// The promise and the terms do not fit together.
    PromiseTerms,
    /// A name or a promise is no plain text: template syntax, markup, control characters.
    Markup,
    /// A name or a promise says what no message says: blame, spying, urgency, guilt, empty phrases.
    Manners,
    /// A name or a promise claims what somebody must answer for, and nobody does: a superlative, a guarantee.
    Unapproved,
    /// A promise holds a number typed by hand.
    TypedNumber,
    /// The promise gives something else than the cost counts.
    CostTerms,
    /// The assumed effect is outside 0 to 1 or has no source.
    Effect,
    /// A number for the whole file is out of range.
    Setting,
    /// No rule names the offer, or the offer is open to nobody its rule is for.
    Unused,
    /// Limits that nobody can meet, or nothing left.
    Eligibility,
    /// A text is missing in a language.
    MissingLanguage,
    /// The file has no offers or no rules, or a rule has no offers or no owner.
    Empty,
    /// Earlier rules take everyone the rule is for.
    Shadowed,
    /// Two rules for the same customers name different offers.
    Contradiction,
    /// Customers whom no rule is for.
    Hole,
    /// A test of the file fails.
    Case,
    /// A condition or a change names a column that the table does not have.
    UnknownColumn,
    /// An offer changes what no offer can, or to a value that the column cannot have.
    Change,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct LintFinding {
    /// How bad it is.
    pub severity: Severity,
    /// The line of the rule file, counted from 1.
    pub line: u64,
    /// The kind.
    pub fault: Fault,
    /// What is wrong and what is expected.
    pub text: String,
}

/// A part of the offer file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Section {
    /// The settings at the top.
    File,
    /// The offers.
    Offer,
    /// The rules.
    Rule,
    /// The tests.
    Case,
}

/// On which line everything in an offer file stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines {
    places: BTreeMap<(Section, usize, String), u64>,
}

impl Lines {
    /// Notes the line of a field; `field` is a path such as `promise.en`, empty for the entry itself.
    pub fn note(&mut self, place: (Section, usize), field: &str, line: u64) {
        self.places.insert((place.0, place.1, field.to_owned()), line);
    }

    /// Returns the line of a field of the entry with a place in its section, or of the nearest thing around the field.
    pub fn of(&self, place: (Section, usize), field: &str) -> u64 {
        let mut field = field;
        loop {
            if let Some(line) = self.places.get(&(place.0, place.1, field.to_owned())) {
                return *line;
            }
            match field.rfind('.') {
                _ if field.is_empty() => return 1,
                Some(dot) => field = &field[..dot],
                None => field = "",
            }
        }
    }
}

/// Looks an offer file over, with the phrases that somebody answers for; errors stand before warnings, each in order of
/// line.
pub fn lint(catalogue: &Catalogue, lines: &Lines, today: Date, approved: &[Approved]) -> Vec<LintFinding> {
    let mut page = Page { catalogue, lines, today, approved, findings: Vec::new() };
    settings(&mut page);
    offers::check(&mut page);
    rules::check(&mut page);
    page.findings.sort_by_key(|finding| (finding.severity, finding.line));
    page.findings
}

/// Names each condition on a column that a table does not have, which nobody meets, and each change that no offer can
/// make or that the table has no column for.
pub fn lint_columns(catalogue: &Catalogue, lines: &Lines, table: &TableSchema) -> Vec<LintFinding> {
    let mut page = Page { catalogue, lines, today: Date::ZERO, approved: &[], findings: Vec::new() };
    let known = |name: &str| table.index_of(name).is_some();
    for (index, offer) in catalogue.offers.iter().enumerate() {
        for (column, _) in offer.eligibility.having.iter().filter(|(column, _)| !known(column)) {
            let text =
                format!("offer {:?} asks for the column {column:?}, which the table does not have, so nobody can have it", offer.id.0);
            page.warning((Section::Offer, index), &format!("eligible.having.{column}"), Fault::UnknownColumn, text);
        }
        for (column, _) in offer.changes.iter().filter(|(column, _)| !known(column)) {
            let text = format!("offer {:?} changes the column {column:?}, which the table does not have", offer.id.0);
            page.warning((Section::Offer, index), &format!("changes.{column}"), Fault::UnknownColumn, text);
        }
    }
    for fault in Moves::faults(table, catalogue) {
        let (offer, column) = fault.place();
        let index = catalogue.offers.iter().position(|one| one.id == *offer).unwrap_or_default();
        page.error((Section::Offer, index), &format!("changes.{column}"), Fault::Change, fault.to_string());
    }
    page.findings
}

/// Returns the first offer of the first rule that fits which this kind of customer can have, as the file's tests mean it.
pub fn first_offer(catalogue: &Catalogue, cell: Cell) -> Option<&Offer> {
    let rule = catalogue.rule(cell.tier, cell.level, cell.theme)?;
    let mut offers = rule.offers.iter().filter_map(|id| catalogue.offer(id));
    offers.find(|offer| super::matrix::open_to(offer, cell))
}

struct Page<'a> {
    catalogue: &'a Catalogue,
    lines: &'a Lines,
    today: Date,
    approved: &'a [Approved],
    findings: Vec<LintFinding>,
}

impl Page<'_> {
    fn error(&mut self, place: (Section, usize), field: &str, fault: Fault, text: String) {
        self.findings.push(LintFinding { severity: Severity::Error, line: self.lines.of(place, field), fault, text });
    }

    fn warning(&mut self, place: (Section, usize), field: &str, fault: Fault, text: String) {
        self.findings.push(LintFinding { severity: Severity::Warning, line: self.lines.of(place, field), fault, text });
    }
}

fn settings(page: &mut Page<'_>) {
    let (catalogue, file) = (page.catalogue, (Section::File, 0));
    if !(catalogue.margin > 0.0 && catalogue.margin < 1.0) {
        let text = format!("margin is {}; expected a share between 0 and 1, such as 0.45", catalogue.margin);
        page.error(file, "margin", Fault::Setting, text);
    }
    if catalogue.horizon_months == 0 {
        page.error(file, "horizon_months", Fault::Setting, "horizon_months is 0; expected at least 1".into());
    }
    let [high, medium] = catalogue.due_days;
    if high > medium {
        let text = format!("high risk is due after {high} days and medium risk after {medium}; the more urgent one should come first");
        page.warning(file, "due_days", Fault::Setting, text);
    }
    if catalogue.offers.is_empty() {
        page.error(file, "", Fault::Empty, "the file has no offers; write at least one [[offer]]".into());
    }
    if catalogue.rules.is_empty() {
        page.error(file, "", Fault::Empty, "the file has no rules; write at least one [[rule]]".into());
    }
}
