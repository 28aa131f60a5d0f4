//! Rules bound to the columns of one table, so that a customer is put into a segment without a look at a name.
use crate::customer::Cell;
use crate::locale::{Locale, Localized};
use crate::risk::ValueTier;
use crate::schema::{Column, ColumnIndex, ColumnKind, Role, TableSchema};
use crate::segment::SegmentId;
use crate::segment::lint::{SegmentFault, SegmentFinding};
use crate::segment::rules::{Absent, Condition, SegmentRule, Subject, Test};
use crate::spelling::nearest;

/// The rule of one segment.
#[derive(Clone, Debug)]
pub struct BoundRule {
    pub id: SegmentId,
    pub label: Localized,
    pub line: u64,
    pub when: Vec<Bound>,
    /// Why nobody of this table can belong to it.
    pub never: Option<String>,
    /// What the rule says, in words of the table.
    pub words: Localized,
}

/// One condition.
#[derive(Clone, Debug, PartialEq)]
pub struct Bound {
    pub reads: Reads,
    pub wants: Wants,
    /// The column it looks at.
    pub name: String,
    pub minor_per_major: f64,
}

/// What is looked at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reads {
    Cell(ColumnIndex),
    /// Days since the last visit as the table counts them.
    Days(ColumnIndex),
    /// Days since a date of the table.
    DaysSince(ColumnIndex),
    Tier,
}

/// What must be so.
#[derive(Clone, Debug, PartialEq)]
pub enum Wants {
    Words(Vec<String>),
    Flag(bool),
    Numbers(Vec<f64>),
    Between(f64, f64),
    Tier(Vec<ValueTier>),
    Missing(bool),
}

impl Wants {
    /// Returns whether a cell is as wanted; `None` where it says nothing of it.
    pub fn of_cell(&self, cell: &Cell, minor_per_major: f64) -> Option<bool> {
        match (self, cell) {
            (Wants::Flag(wanted), Cell::Flag(value)) => Some(wanted == value),
            (Wants::Words(words), Cell::Category(word) | Cell::Text(word)) => Some(words.iter().any(|known| **known == **word)),
            (_, Cell::Number(value)) => self.of_number(*value),
            (_, Cell::Money(minor)) => self.of_number(*minor as f64 / minor_per_major),
            _ => None,
        }
    }

    /// Returns whether a number is as wanted.
    pub fn of_number(&self, value: f64) -> Option<bool> {
        match self {
            Wants::Numbers(numbers) => Some(numbers.contains(&value)),
            Wants::Between(least, below) => Some(*least <= value && value < *below),
            _ => None,
        }
    }
}

/// Returns a rule bound to a table, or what is wrong with it.
pub fn bind(rule: &SegmentRule, schema: &TableSchema) -> Result<BoundRule, SegmentFinding> {
    let mut bound = BoundRule {
        id: rule.id.clone(),
        label: rule.label.clone(),
        line: rule.line,
        when: Vec::new(),
        never: None,
        words: Localized::same("—"),
    };
    for condition in &rule.when {
        match (find(condition, schema)?, condition.absent) {
            (Some(reads), _) => {
                let one = bind_condition(condition, reads, schema)?;
                bound.when.push(one);
            }
            (None, Absent::Fails) => bound.never = Some(condition.subject.words()),
            (None, _) => {}
        }
    }
    if !bound.when.is_empty() {
        let said = |locale| bound.when.iter().map(|one| one.words(locale)).collect::<Vec<_>>().join(" · ");
        bound.words = Localized::from_fn(said);
    }
    Ok(bound)
}

/// Returns what a condition reads; `None` where the table lacks it and the condition says what then counts.
fn find(condition: &Condition, schema: &TableSchema) -> Result<Option<Reads>, SegmentFinding> {
    let by_role = |role: &Role| schema.with_role(role);
    let found = match &condition.subject {
        Subject::Column(name) => schema.index_of(name).map(Reads::Cell),
        Subject::Role(role) => by_role(role).map(Reads::Cell),
        Subject::ValueTier => by_role(&Role::MonthlyCharge).map(|_| Reads::Tier),
        Subject::DaysSince(name) => schema.index_of(name).map(Reads::DaysSince),
    };
    let found = found.map(|reads| match reads {
        Reads::Cell(at) if schema.columns[at].role == Role::DaysInactive => Reads::Days(at),
        other => other,
    });
    match (found, condition.absent) {
        (None, Absent::Wrong) => Err(unknown_column(condition, schema)),
        (found, _) => Ok(found),
    }
}

fn unknown_column(condition: &Condition, schema: &TableSchema) -> SegmentFinding {
    let names = || schema.columns.iter().map(|column| column.name.as_str());
    let hint = match &condition.subject {
        Subject::Column(name) | Subject::DaysSince(name) => match nearest(name, names()) {
            Some(near) => format!("did you mean {near:?}?"),
            None => format!("its columns are {}", names().collect::<Vec<_>>().join(", ")),
        },
        Subject::ValueTier => "the value tier comes from the column with the role monthly_charge".to_owned(),
        Subject::Role(_) => "give the role to a column of schema.toml".to_owned(),
    };
    let text = format!(
        "the table has nothing for {}; {hint} If that is right for this table, say without_column = \"holds\" or \"fails\"",
        condition.subject.words()
    );
    SegmentFinding::error(condition.line, SegmentFault::UnknownColumn, text)
}

fn bind_condition(condition: &Condition, reads: Reads, schema: &TableSchema) -> Result<Bound, SegmentFinding> {
    let column = match reads {
        Reads::Cell(at) | Reads::Days(at) | Reads::DaysSince(at) => schema.columns.get(at),
        Reads::Tier => schema.with_role(&Role::MonthlyCharge).and_then(|at| schema.columns.get(at)),
    };
    let bound = column.ok_or_else(|| "the column is not there".to_owned()).and_then(|column| {
        let minor_per_major = schema.currency.minor_per_major() as f64;
        Ok(Bound { reads, wants: wants(condition, reads, column)?, name: column.name.clone(), minor_per_major })
    });
    bound.map_err(|text| SegmentFinding::error(condition.line, SegmentFault::Condition, text))
}

/// Returns what a condition wants of a column, or why it cannot be asked of it.
fn wants(condition: &Condition, reads: Reads, column: &Column) -> Result<Wants, String> {
    let (name, dated) = (&column.name, matches!(reads, Reads::DaysSince(_)));
    if dated && column.kind != ColumnKind::Date {
        return Err(format!("days_since needs a column of type date; {name:?} is none"));
    }
    if column.role.is_personal() || column.role == Role::Id {
        return Err(format!("the column {name:?} says who somebody is; no segment is made of that"));
    }
    match (&condition.test, reads) {
        (Test::Missing(missing), _) => Ok(Wants::Missing(*missing)),
        (Test::Tier(tiers), Reads::Tier) => Ok(Wants::Tier(tiers.clone())),
        (Test::Between { at_least, below }, Reads::Cell(_) | Reads::Days(_) | Reads::DaysSince(_)) => {
            let (least, below) = (at_least.unwrap_or(f64::NEG_INFINITY), below.unwrap_or(f64::INFINITY));
            match column.kind {
                ColumnKind::Number { .. } | ColumnKind::Money if least < below => Ok(Wants::Between(least, below)),
                ColumnKind::Date if dated && least < below => Ok(Wants::Between(least, below)),
                _ if least >= below => Err(format!("no number is at least {least} and below {below}, so nobody can fit")),
                _ => Err(format!("at_least and below need a number; {name:?} is none")),
            }
        }
        (Test::OneOf(words), Reads::DaysSince(_)) => numbers(words, column),
        (Test::OneOf(words), Reads::Cell(_) | Reads::Days(_)) => words_of(words, column),
        _ => Err(format!("this cannot be asked of {}", condition.subject.words())),
    }
}

fn words_of(words: &[String], column: &Column) -> Result<Wants, String> {
    match &column.kind {
        ColumnKind::Number { .. } | ColumnKind::Money => numbers(words, column),
        ColumnKind::Flag { .. } => match words {
            [word] if word == "yes" || word == "no" => Ok(Wants::Flag(word == "yes")),
            _ => Err(format!("{:?} is yes or no; expected is = \"yes\" or is = \"no\"", column.name)),
        },
        ColumnKind::Category { levels } if !levels.is_empty() => match words.iter().find(|word| !levels.contains(word)) {
            None => Ok(Wants::Words(words.to_vec())),
            Some(word) => {
                let hint = match nearest(word, levels.iter().map(String::as_str)) {
                    Some(near) => format!("did you mean {near:?}?"),
                    None => format!("expected one of {}", levels.join(", ")),
                };
                Err(format!("{:?} never holds {word:?}; {hint}", column.name))
            }
        },
        _ => Ok(Wants::Words(words.to_vec())),
    }
}

fn numbers(words: &[String], column: &Column) -> Result<Wants, String> {
    let number = |word: &String| word.parse().ok().filter(|number: &f64| number.is_finite());
    words
        .iter()
        .map(|word| number(word).ok_or_else(|| format!("{:?} holds numbers, and {word:?} is none", column.name)))
        .collect::<Result<_, _>>()
        .map(Wants::Numbers)
}

impl Bound {
    /// Returns what the condition says: the table's own words, and signs that read alike in every language.
    pub fn words(&self, locale: Locale) -> String {
        let name = match (self.reads, locale) {
            (Reads::DaysSince(_), Locale::ZhTw) => format!("{} 距今天數", self.name),
            (Reads::DaysSince(_), Locale::ZhCn) => format!("{} 距今天数", self.name),
            (Reads::DaysSince(_), Locale::En) => format!("days since {}", self.name),
            (Reads::Tier, Locale::ZhTw) => format!("價值分級（{}）", self.name),
            (Reads::Tier, Locale::ZhCn) => format!("价值等级（{}）", self.name),
            (Reads::Tier, Locale::En) => format!("value tier ({})", self.name),
            (Reads::Cell(_) | Reads::Days(_), _) => self.name.clone(),
        };
        // A full-width bracket brings its own space.
        let gap = if name.ends_with('）') { "" } else { " " };
        match &self.wants {
            Wants::Words(words) => format!("{name}{gap}= {}", words.join(" / ")),
            Wants::Flag(yes) => format!("{name}{gap}= {}", yes_or_no(*yes, locale)),
            Wants::Numbers(numbers) => format!("{name}{gap}= {}", numbers.iter().map(f64::to_string).collect::<Vec<_>>().join(" / ")),
            Wants::Between(least, below) if below.is_infinite() => format!("{name}{gap}≥ {least}"),
            Wants::Between(least, below) if least.is_infinite() => format!("{name}{gap}< {below}"),
            Wants::Between(least, below) => format!("{least} ≤ {name}{gap}< {below}"),
            Wants::Tier(tiers) => {
                format!("{name}{gap}= {}", tiers.iter().map(|tier| tier_word(*tier, locale)).collect::<Vec<_>>().join(" / "))
            }
            Wants::Missing(true) => format!("{name}{gap}= —"),
            Wants::Missing(false) => format!("{name}{gap}≠ —"),
        }
    }
}

fn yes_or_no(yes: bool, locale: Locale) -> &'static str {
    match (yes, locale) {
        (true, Locale::En) => "yes",
        (false, Locale::En) => "no",
        (true, _) => "是",
        (false, _) => "否",
    }
}

fn tier_word(tier: ValueTier, locale: Locale) -> &'static str {
    match (tier, locale) {
        (tier, Locale::En) => tier.tag(),
        (ValueTier::High, _) => "高",
        (ValueTier::Mid, _) => "中",
        (ValueTier::Low, _) => "低",
    }
}
