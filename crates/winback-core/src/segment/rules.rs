//! The rules of `segments.toml`: which customers belong to which segment, in order of priority.
use crate::locale::Localized;
use crate::risk::ValueTier;
use crate::schema::Role;
use crate::segment::SegmentId;

/// A company's segments. The order is the priority: where several fit, the first is the customer's.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SegmentRules {
    /// The segments, the first to be asked first.
    pub segments: Vec<SegmentRule>,
}

/// One segment and who belongs to it.
#[derive(Clone, Debug, PartialEq)]
pub struct SegmentRule {
    /// The segment.
    pub id: SegmentId,
    /// The name for people.
    pub label: Localized,
    /// What must all hold; with nothing to hold, everybody fits.
    pub when: Vec<Condition>,
    /// The line of the file on which the segment begins.
    pub line: u64,
}

/// One thing that must hold for a customer.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// What is looked at.
    pub subject: Subject,
    /// What must be so.
    pub test: Test,
    /// What counts where the table has no such column.
    pub absent: Absent,
    /// The line of the file.
    pub line: u64,
}

/// What a condition looks at.
#[derive(Clone, Debug, PartialEq)]
pub enum Subject {
    /// The column with a name.
    Column(String),
    /// The column with a role.
    Role(Role),
    /// The value tier.
    ValueTier,
    /// The days from a column's date to the day of the run.
    DaysSince(String),
}

/// What must be so.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// The value is one of these words; for a flag `yes` or `no`, for a number the number.
    OneOf(Vec<String>),
    /// The number lies between two limits, of which the lower belongs to it and the upper does not.
    Between {
        /// The least number.
        at_least: Option<f64>,
        /// The number that is too great already.
        below: Option<f64>,
    },
    /// The value tier is one of these.
    Tier(Vec<ValueTier>),
    /// Nothing is given (`true`), or something is (`false`).
    Missing(bool),
}

/// What a condition counts for in a table that lacks its column altogether. A single empty cell is another matter:
/// it makes the condition unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absent {
    /// The file is wrong.
    Wrong,
    /// The condition holds.
    Holds,
    /// The condition does not hold, so nobody of this table belongs to the segment.
    Fails,
}

impl Absent {
    /// Returns the meaning of a word of the file: `holds` or `fails`.
    pub fn from_word(word: &str) -> Option<Self> {
        [("holds", Absent::Holds), ("fails", Absent::Fails)].into_iter().find(|(known, _)| *known == word).map(|(_, absent)| absent)
    }
}

impl Subject {
    /// The roles that a condition can name, as the file writes them.
    pub const ROLES: [(&'static str, Role); 6] = [
        ("days_inactive", Role::DaysInactive),
        ("monthly_charge", Role::MonthlyCharge),
        ("total_charge", Role::TotalCharge),
        ("usage", Role::Usage),
        ("tenure", Role::Tenure),
        ("contract", Role::Contract),
    ];

    /// Returns what the file calls it: `the role days_inactive`.
    pub fn words(&self) -> String {
        match self {
            Subject::Column(name) => format!("the column {name:?}"),
            Subject::DaysSince(name) => format!("the days since {name:?}"),
            Subject::ValueTier => "the value tier".into(),
            Subject::Role(role) => {
                let name = Self::ROLES.iter().find(|(_, known)| known == role).map_or("?", |(name, _)| *name);
                format!("the role {name}")
            }
        }
    }
}
