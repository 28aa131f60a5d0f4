//! What was wrong with a cell or a row: where it stands and what became of it,
//! never the value itself, which may be personal.
use serde::{Deserialize, Serialize};
use std::fmt;

/// What the import did about a defect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The row was left out.
    RowRejected,
    /// The row was kept with a value filled in or rewritten by a stated rule.
    CellChanged,
    /// The row was kept as it is; a person may want to know.
    Noted,
}

/// The kind of a defect, for counting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Problem {
    /// The row has more or fewer cells than the header.
    RaggedRow,
    /// The row is not UTF-8.
    NotUtf8,
    /// A cell is longer than the limit.
    CellTooLong,
    /// A cell that must hold something is empty.
    Missing,
    /// A cell that should be a number is not.
    NotANumber,
    /// A number that could be read two ways, or with more decimals than the currency has.
    UnclearNumber,
    /// A number outside the column's limits.
    OutOfRange,
    /// A yes/no cell holds something else.
    NotAFlag,
    /// A date that is no date of the calendar or is not written as YYYY-MM-DD.
    NotADate,
    /// The label is neither the positive nor the negative word.
    UnknownLabel,
    /// The id is empty, too long or holds control characters.
    BadId,
    /// The id stood in an earlier row.
    DuplicateId,
    /// The row equals an earlier one but for its id.
    TwinRow,
    /// A number was understood although it held separators, a sign or full-width digits.
    NumberNormalised,
    /// A word was understood although it had other capitals or white space around it.
    WordNormalised,
    /// An empty cell was filled by the column's rule.
    MissingFilled,
    /// A category the schema does not list.
    NewCategory,
    /// The name of a segment that no file of a voice could have.
    NotASegment,
    /// Two cells contradict each other.
    Contradiction,
}

/// One defect of one row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Defect {
    /// The line of the file on which the row begins, counted from 1 (the header is line 1).
    pub line: u64,
    /// The column, counted from 1, where one cell is at fault.
    pub column: Option<u32>,
    /// The column's name in the file.
    pub column_name: Option<String>,
    /// The kind.
    pub problem: Problem,
    /// What was done.
    pub outcome: Outcome,
    /// What was expected, what class of value was found, and what to do; never the value.
    pub detail: String,
}

impl fmt::Display for Defect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}", self.line)?;
        match (self.column, &self.column_name) {
            (Some(number), Some(name)) => write!(f, ", column {number} ({name})")?,
            (Some(number), None) => write!(f, ", column {number}")?,
            _ => {}
        }
        write!(f, ": {}", self.detail)
    }
}

/// Describes a value without telling it: `empty`, `a number`, `text of 12 characters`.
pub fn value_class(text: &str) -> String {
    let trimmed = text.trim();
    if text.is_empty() {
        return "an empty cell".into();
    }
    if trimmed.is_empty() {
        return "only white space".into();
    }
    if let Ok(number) = crate::number::read(trimmed, crate::number::DecimalMark::Point) {
        return if number.value.mantissa < 0 { "a negative number".into() } else { "a number".into() };
    }
    match trimmed.chars().count() {
        1 => "text of 1 character".into(),
        n => format!("text of {n} characters"),
    }
}
