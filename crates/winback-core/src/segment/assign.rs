//! Putting customers into segments: every customer into one, or into none with the reason. Nothing is guessed: where a
//! value is missing that could decide for an earlier segment, no later one is taken.
use crate::customer::{Cell, Customer};
use crate::locale::Localized;
use crate::risk::{Measure, ValueBounds, ValueTier};
use crate::schema::{ColumnIndex, Role, TableSchema};
use crate::segment::SegmentId;
use crate::segment::bind::{Bound, BoundRule, Reads, Wants, bind};
use crate::segment::lint::SegmentFinding;
use crate::segment::rules::SegmentRules;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// More days than this since a last visit are an error of the table: a hundred years.
const MAX_DAYS: f64 = 36_525.0;

/// Puts the customers of one table into segments. The same customer and the same day always give the same segment.
#[derive(Clone, Debug)]
pub struct Segmenter {
    pub(super) rules: Vec<BoundRule>,
    own: Option<ColumnIndex>,
    own_name: String,
    bounds: ValueBounds,
    value: Option<ColumnIndex>,
}

/// The segment of one customer, and what made it so.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SegmentAssignment {
    /// The segment; `None` where none fits or a value that decides is missing.
    pub segment: Option<SegmentId>,
    /// What made it so.
    pub by: AssignedBy,
    /// The later segments whose rules hold, too.
    pub also_fits: Vec<SegmentId>,
}

/// What decided on a segment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AssignedBy {
    /// The table names it in this column, which goes before any rule.
    Column(String),
    /// The rule of the segment, in English words of the table: `MonthlyCharges ≥ 80`; [`Segmenter::rule`] has the others.
    Rule(String),
    /// There are no rules.
    NoRules,
    /// No rule fits.
    NothingFits,
    /// A segment might fit or not: these values, by column, are missing or cannot be.
    Missing {
        /// The first segment that cannot be told.
        segment: SegmentId,
        /// The columns.
        columns: Vec<String>,
    },
}

/// Whether something holds.
enum Held {
    Yes,
    No,
    Unknown,
}

impl Segmenter {
    /// Prepares for the customers of one table, or returns the first thing in the rules that is wrong for it.
    pub fn new(rules: &SegmentRules, schema: &TableSchema, bounds: ValueBounds) -> Result<Self, SegmentFinding> {
        let own = schema.with_role(&Role::Segment);
        Ok(Self {
            rules: rules.segments.iter().map(|rule| bind(rule, schema, bounds.by())).collect::<Result<_, _>>()?,
            own,
            own_name: own.map(|at| schema.columns[at].name.clone()).unwrap_or_default(),
            value: schema.with_role(&bounds.by().role()),
            bounds,
        })
    }

    /// Returns the segment of a customer on a day.
    pub fn assign(&self, customer: &Customer, day: Date) -> SegmentAssignment {
        if let Some(segment) = self.own(customer) {
            return SegmentAssignment { segment: Some(segment), by: AssignedBy::Column(self.own_name.clone()), also_fits: Vec::new() };
        }
        let nobody = |by| SegmentAssignment { segment: None, by, also_fits: Vec::new() };
        for (place, rule) in self.rules.iter().enumerate().filter(|(_, rule)| rule.never.is_none()) {
            match self.holds(rule, customer, day) {
                Held::No => {}
                Held::Unknown => {
                    return nobody(AssignedBy::Missing { segment: rule.id.clone(), columns: self.unknown(rule, customer, day) });
                }
                Held::Yes => {
                    let others = self.rules[place + 1..].iter().filter(|rule| rule.never.is_none());
                    let also = others.filter(|other| matches!(self.holds(other, customer, day), Held::Yes));
                    return SegmentAssignment {
                        segment: Some(rule.id.clone()),
                        by: AssignedBy::Rule(rule.words.en.clone()),
                        also_fits: also.map(|other| other.id.clone()).collect(),
                    };
                }
            }
        }
        nobody(if self.rules.is_empty() { AssignedBy::NoRules } else { AssignedBy::NothingFits })
    }

    /// Returns the segments with their names for people, in order of priority.
    pub fn segments(&self) -> impl Iterator<Item = (&SegmentId, &Localized)> {
        self.rules.iter().map(|rule| (&rule.id, &rule.label))
    }

    /// Returns the name of a segment for people, where the rules have it.
    pub fn label(&self, segment: &SegmentId) -> Option<&Localized> {
        self.segments().find(|(id, _)| *id == segment).map(|(_, label)| label)
    }

    /// Returns what the rule of a segment says, where the rules have it.
    pub fn rule(&self, segment: &SegmentId) -> Option<&Localized> {
        self.rules.iter().find(|rule| rule.id == *segment).map(|rule| &rule.words)
    }

    /// Returns the segments with what their rules say in words of the table, in order of priority.
    pub fn spoken(&self) -> impl Iterator<Item = (&SegmentId, &str)> {
        self.rules.iter().map(|rule| (&rule.id, rule.words.en.as_str()))
    }

    fn own(&self, customer: &Customer) -> Option<SegmentId> {
        match self.own.and_then(|at| customer.cells.get(at)) {
            Some(Cell::Text(name) | Cell::Category(name)) => SegmentId::parse(name).ok(),
            _ => None,
        }
    }

    fn holds(&self, rule: &BoundRule, customer: &Customer, day: Date) -> Held {
        let mut unknown = false;
        for condition in &rule.when {
            match self.test(condition, customer, day) {
                Held::No => return Held::No,
                Held::Unknown => unknown = true,
                Held::Yes => {}
            }
        }
        if unknown { Held::Unknown } else { Held::Yes }
    }

    fn unknown(&self, rule: &BoundRule, customer: &Customer, day: Date) -> Vec<String> {
        let open = rule.when.iter().filter(|condition| matches!(self.test(condition, customer, day), Held::Unknown));
        let mut names: Vec<String> = open.map(|condition| condition.name.clone()).collect();
        names.dedup();
        names
    }

    fn test(&self, condition: &Bound, customer: &Customer, day: Date) -> Held {
        let cell = |at: ColumnIndex| customer.cells.get(at).unwrap_or(&Cell::Missing);
        let held = match (&condition.reads, &condition.wants) {
            (Reads::Cell(at) | Reads::Days(at) | Reads::DaysSince(at), Wants::Missing(missing)) => {
                Some((*cell(*at) == Cell::Missing) == *missing)
            }
            (Reads::Tier, Wants::Missing(missing)) => Some(self.tier(customer).is_none() == *missing),
            (Reads::Tier, Wants::Tier(tiers)) => self.tier(customer).map(|tier| tiers.contains(&tier)),
            (Reads::Cell(at), wants) => wants.of_cell(cell(*at), condition.minor_per_major),
            (Reads::Days(at), wants) => number(cell(*at)).filter(is_days).and_then(|days| wants.of_number(days)),
            (Reads::DaysSince(at), wants) => days_since(cell(*at), day).filter(is_days).and_then(|days| wants.of_number(days)),
            (Reads::Tier, _) => None,
        };
        match held {
            Some(true) => Held::Yes,
            Some(false) => Held::No,
            None => Held::Unknown,
        }
    }

    fn tier(&self, customer: &Customer) -> Option<ValueTier> {
        self.bounds.tier(self.value.and_then(|at| customer.cells.get(at)).and_then(Measure::of)).ok()
    }
}

fn number(cell: &Cell) -> Option<f64> {
    if let Cell::Number(value) = cell { Some(*value) } else { None }
}

fn is_days(days: &f64) -> bool {
    (0.0..MAX_DAYS).contains(days)
}

/// Returns the whole days from a date to a day; below 0 for a date to come.
fn days_since(cell: &Cell, day: Date) -> Option<f64> {
    let Cell::Text(text) = cell else { return None };
    let then: Date = text.parse().ok()?;
    Some(f64::from(then.until(day).ok()?.get_days()))
}
