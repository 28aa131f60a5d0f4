//! The rules for one cell, by the kind of its column.
use super::shared;
use crate::customer::Cell;
use crate::defect::Problem;
use crate::locale::{Locale, singular};
use crate::money::Currency;
use crate::number::{self, Decimal, DecimalMark, NumberError};
use crate::schema::{CellRules, Column, ColumnKind, Role, Several, TableSchema};
use crate::segment::SegmentId;
use std::collections::HashSet;
use std::sync::Arc;

/// The most unlisted words of a column that are kept for sharing; more than any category has.
const MAX_INTERNED: usize = 20_000;

const NO_SEGMENT: &str = "expected the name of a segment, letters, digits, _ and - such as Parent_Active, found another text; the cell was left empty, so the customer is written to in the general voice; correct the name";

/// What a cell turned out to be.
pub(super) enum Read {
    Value(Cell),
    Changed(Cell, Problem, &'static str),
    Noted(Cell, Problem, String),
    Empty,
    /// A word that the schema lists as not known.
    Unknown,
    Wrong(Problem),
}

/// Reads the cells of one column.
#[derive(Debug)]
pub(super) struct CellReader {
    kind: Kind,
    mark: DecimalMark,
    currency: Currency,
    part: Part,
    rules: CellRules,
    /// The words of the column's unit, which may stand behind a number.
    units: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Part {
    Id,
    Label,
    Segment,
    Other,
}

#[derive(Debug)]
enum Kind {
    Text,
    Date,
    Number { min: f64, max: f64 },
    Money,
    Flag { words: Vec<(String, bool)> },
    Category { levels: Vec<Arc<str>>, others: HashSet<Arc<str>> },
}

impl CellReader {
    pub fn new(schema: &TableSchema, column: &Column) -> Self {
        let kind = match &column.kind {
            ColumnKind::Text => Kind::Text,
            ColumnKind::Date => Kind::Date,
            ColumnKind::Number { min, max } => Kind::Number { min: *min, max: *max },
            ColumnKind::Money => Kind::Money,
            ColumnKind::Flag { yes, no } => {
                let words = yes.iter().map(|word| (word.trim().to_owned(), true));
                Kind::Flag { words: words.chain(no.iter().map(|word| (word.trim().to_owned(), false))).collect() }
            }
            ColumnKind::Category { levels } => {
                Kind::Category { levels: levels.iter().map(|level| shared(level.trim())).collect(), others: HashSet::new() }
            }
        };
        let part = match column.role {
            Role::Id => Part::Id,
            Role::Label => Part::Label,
            Role::Segment => Part::Segment,
            _ => Part::Other,
        };
        let rules = CellRules { unknown: column.cells.unknown.iter().map(|word| word.trim().to_owned()).collect(), ..column.cells.clone() };
        Self { kind, mark: schema.decimal_mark, currency: schema.currency, part, rules, units: units(column) }
    }

    pub fn is_label(&self) -> bool {
        self.part == Part::Label
    }

    pub fn is_id(&self) -> bool {
        self.part == Part::Id
    }

    /// Returns the column's zero, for the rule that fills one in.
    pub fn zero(&self) -> Cell {
        if matches!(self.kind, Kind::Money) { Cell::Money(0) } else { Cell::Number(0.0) }
    }

    /// Reads one cell. White space around it is removed, and told where something else is left.
    pub fn read(&mut self, text: &str) -> Read {
        let trimmed = text.trim();
        if trimmed.is_empty() || (self.knows_missing_words() && is_missing_word(trimmed)) {
            return Read::Empty;
        }
        if self.rules.unknown.iter().any(|word| same_but_for_case(word, trimmed)) {
            return Read::Unknown;
        }
        if self.part == Part::Segment && SegmentId::parse(trimmed).is_err() {
            return Read::Changed(Cell::Missing, Problem::NotASegment, NO_SEGMENT);
        }
        match self.read_trimmed(trimmed) {
            Read::Value(cell) if trimmed.len() != text.len() => {
                Read::Changed(cell, Problem::WordNormalised, "white space around the value was removed")
            }
            read => read,
        }
    }

    fn read_trimmed(&mut self, text: &str) -> Read {
        match &mut self.kind {
            Kind::Text => Read::Value(Cell::Text(shared(text))),
            Kind::Date if is_date(text) => Read::Value(Cell::Text(shared(text))),
            Kind::Date => Read::Wrong(Problem::NotADate),
            Kind::Number { min, max } => match self.rules.several.filter(|_| text.contains(BETWEEN_NUMBERS)) {
                Some(rule) => read_several(text, rule, |one| read_number(one, (&self.units, self.mark), *min, *max)),
                None => read_number(text, (&self.units, self.mark), *min, *max),
            },
            Kind::Money => read_money(text, self.mark, self.currency),
            Kind::Flag { words } => match find_flag(words, text) {
                Some(value) => Read::Value(Cell::Flag(value)),
                None if self.part == Part::Label => Read::Wrong(Problem::UnknownLabel),
                None => Read::Wrong(Problem::NotAFlag),
            },
            Kind::Category { levels, others } => read_category(text, levels, others),
        }
    }

    /// A name may well be "Null" and a region "NA"; a number never is. A label is never guessed at.
    fn knows_missing_words(&self) -> bool {
        match self.kind {
            Kind::Number { .. } | Kind::Money | Kind::Date => true,
            Kind::Flag { .. } => self.part != Part::Label,
            Kind::Text | Kind::Category { .. } => false,
        }
    }

    /// Returns what a cell of the column holds, for people: `a number from 0 to 72`.
    pub fn expected(&self) -> String {
        match &self.kind {
            Kind::Text if self.is_id() => "an id".into(),
            Kind::Text => "text".into(),
            Kind::Date => "a day of the calendar written as YYYY-MM-DD".into(),
            Kind::Number { min, max } => match (limit(*min), limit(*max)) {
                (Some(min), Some(max)) => format!("a number from {min} to {max}"),
                (Some(min), None) => format!("a number of {min} or more"),
                (None, Some(max)) => format!("a number of {max} or less"),
                (None, None) => "a number".into(),
            },
            Kind::Money => format!("an amount of 0 or more in {} with at most {} decimals", self.currency.code(), self.currency.exponent()),
            Kind::Flag { words } => {
                let words: Vec<&str> = words.iter().map(|(word, _)| word.as_str()).collect();
                format!("one of the words {}", words.join(", "))
            }
            Kind::Category { .. } => "a word".into(),
        }
    }

    /// Returns what a person can do about a wrong value.
    pub fn hint(&self, problem: Problem) -> &'static str {
        match problem {
            Problem::UnclearNumber => "write the amount in the table's currency, with a point or comma only where the schema expects one",
            Problem::OutOfRange => "correct the value, or widen the limits in schema.toml",
            Problem::NotAFlag | Problem::UnknownLabel => "correct the value, or add the word in schema.toml",
            _ => "correct the value",
        }
    }
}

/// Returns a limit as people write it; `None` where it limits nothing.
fn limit(value: f64) -> Option<String> {
    (value.is_finite() && value.abs() < 1e15).then(|| crate::customer::display_number(value))
}

fn is_missing_word(text: &str) -> bool {
    text.len() <= 4 && ["na", "n/a", "#n/a", "null", "nan"].iter().any(|word| text.eq_ignore_ascii_case(word))
}

fn find_flag(words: &[(String, bool)], text: &str) -> Option<bool> {
    let exact = words.iter().find(|(word, _)| word == text);
    exact.or_else(|| words.iter().find(|(word, _)| same_but_for_case(word, text))).map(|(_, value)| *value)
}

fn same_but_for_case(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b) || (!(a.is_ascii() && b.is_ascii()) && a.to_lowercase() == b.to_lowercase())
}

/// Returns whether a text is a day of the calendar written as YYYY-MM-DD.
pub(crate) fn is_date(text: &str) -> bool {
    let shape = text.len() == 10 && text.bytes().enumerate().all(|(i, b)| if i == 4 || i == 7 { b == b'-' } else { b.is_ascii_digit() });
    shape && text.parse::<jiff::civil::Date>().is_ok()
}

/// What may stand between several numbers of a cell; a comma could as well be part of one.
const BETWEEN_NUMBERS: [char; 6] = [';', '；', '、', '/', '|', '／'];

/// Returns the words of a column's unit in every language, in the singular, too; the longest first.
fn units(column: &Column) -> Vec<String> {
    let words = column.unit.iter().flat_map(|unit| Locale::ALL.map(|locale| unit.get(locale).trim()));
    let mut words: Vec<String> =
        words.flat_map(|word| [word, singular(word)]).filter(|word| !word.is_empty()).map(str::to_lowercase).collect();
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    words
}

/// Returns a number without the unit behind it, and whether there was one.
fn without_unit<'t>(text: &'t str, units: &[String]) -> (&'t str, bool) {
    let behind = |unit: &&String| {
        let at = text.len().checked_sub(unit.len())?;
        let end = text.get(at..).filter(|end| same_but_for_case(end, unit))?;
        Some(text[..text.len() - end.len()].trim_end())
    };
    units.iter().find_map(|unit| behind(&unit)).map_or((text, false), |number| (number, true))
}

fn read_number(text: &str, (units, mark): (&[String], DecimalMark), min: f64, max: f64) -> Read {
    let (text, with_unit) = without_unit(text, units);
    let found = match number::read(text, mark) {
        Ok(found) => found,
        Err(error) => return Read::Wrong(number_problem(error)),
    };
    let value = found.value.to_f64();
    if !(min..=max).contains(&value) {
        return Read::Wrong(Problem::OutOfRange);
    }
    if with_unit {
        return Read::Changed(Cell::Number(value), Problem::NumberNormalised, "a number was understood although its unit stood behind it");
    }
    told(Cell::Number(value), found.normalised)
}

/// Reads a cell of several numbers, all of which must be right.
fn read_several(text: &str, rule: Several, read: impl Fn(&str) -> Read) -> Read {
    let mut numbers = Vec::new();
    for one in text.split(BETWEEN_NUMBERS) {
        match read(one.trim()) {
            Read::Value(Cell::Number(number)) | Read::Changed(Cell::Number(number), ..) => numbers.push(number),
            Read::Wrong(problem) => return Read::Wrong(problem),
            _ => return Read::Wrong(Problem::NotANumber),
        }
    }
    rule.of(numbers).map_or(Read::Empty, |number| Read::Changed(Cell::Number(number), Problem::NumberNormalised, rule.told()))
}

fn read_money(text: &str, mark: DecimalMark, currency: Currency) -> Read {
    let amount = |value: Decimal| value.to_minor(currency.exponent());
    match number::read(text, mark).and_then(|found| Ok((amount(found.value)?, found.normalised))) {
        Ok((minor, _)) if minor < 0 => Read::Wrong(Problem::OutOfRange),
        Ok((_, true)) if !sign_fits(text, currency) => Read::Wrong(Problem::UnclearNumber),
        Ok((minor, normalised)) => told(Cell::Money(minor), normalised),
        Err(error) => Read::Wrong(number_problem(error)),
    }
}

fn told(cell: Cell, normalised: bool) -> Read {
    if !normalised {
        return Read::Value(cell);
    }
    Read::Changed(cell, Problem::NumberNormalised, "a number was understood although it held separators, a sign or full-width digits")
}

fn number_problem(error: NumberError) -> Problem {
    match error {
        NumberError::NotANumber => Problem::NotANumber,
        NumberError::TooLong => Problem::OutOfRange,
        NumberError::Ambiguous | NumberError::TooPrecise => Problem::UnclearNumber,
    }
}

/// Returns whether the currency sign of an amount, if it has one, can be the table's own.
fn sign_fits(text: &str, currency: Currency) -> bool {
    let dollars = ["USD", "TWD", "HKD", "SGD", "AUD", "CAD", "NZD", "MXN", "MOP"];
    let signs: [(&[&str], &[&str]); 6] = [
        (&["NT$", "ＮＴ＄"], &["TWD"]),
        (&["US$", "ＵＳ＄"], &["USD"]),
        (&["$", "＄"], &dollars),
        (&["¥", "￥"], &["CNY", "JPY"]),
        (&["€"], &["EUR"]),
        (&["£", "￡"], &["GBP"]),
    ];
    let written = signs.iter().find(|(signs, _)| signs.iter().any(|sign| text.contains(sign)));
    written.is_none_or(|(_, codes)| codes.contains(&currency.code()))
}

fn read_category(text: &str, levels: &[Arc<str>], others: &mut HashSet<Arc<str>>) -> Read {
    if let Some(level) = levels.iter().find(|level| level.as_ref() == text) {
        return Read::Value(Cell::Category(level.clone()));
    }
    if let Some(level) = levels.iter().find(|level| same_but_for_case(level, text)) {
        let detail = "the word was rewritten as the schema lists it; only capitals or white space differed";
        return Read::Changed(Cell::Category(level.clone()), Problem::WordNormalised, detail);
    }
    let word = Cell::Category(interned(text, others));
    if levels.is_empty() {
        return Read::Value(word);
    }
    let detail = format!(
        "expected one of the {} words the schema lists, found another; it is kept, and the model treats it as new; check the spelling",
        levels.len()
    );
    Read::Noted(word, Problem::NewCategory, detail)
}

fn interned(text: &str, known: &mut HashSet<Arc<str>>) -> Arc<str> {
    if let Some(word) = known.get(text) {
        return word.clone();
    }
    let word = shared(text);
    if known.len() < MAX_INTERNED {
        known.insert(word.clone());
    }
    word
}
