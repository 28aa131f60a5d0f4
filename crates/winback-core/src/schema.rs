//! What a company's table looks like: columns, their types and roles, the rules
//! for missing values, the words for people, and which columns tell one story.
mod cell_rules;
mod error;
mod expectation;
mod role;
mod theme;

use crate::digest::Digest;
use crate::locale::Localized;
use crate::money::Currency;
use crate::number::DecimalMark;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub use cell_rules::{AtLeast, CellRules, Several};
pub use error::SchemaError;
pub use expectation::Expectation;
pub use role::Role;
pub use theme::Theme;

/// A column's place in [`TableSchema::columns`].
pub type ColumnIndex = usize;

/// The description of one table, as `schema.toml` gives it. Built by [`TableSchema::check`].
#[derive(Clone, Debug, PartialEq)]
pub struct TableSchema {
    /// A short name for people: `telco`.
    pub name: String,
    /// The character between cells.
    pub delimiter: u8,
    /// The decimal mark of every number of the table.
    pub decimal_mark: DecimalMark,
    /// The currency of every amount of the table.
    pub currency: Currency,
    /// The columns, in the order of the schema file.
    pub columns: Vec<Column>,
    /// Columns that together tell one reason (see [`ReasonGroup`]).
    pub groups: Vec<ReasonGroup>,
    /// Families of columns that repeat one answer (see [`Family`]).
    pub families: Vec<Family>,
    /// The category column whose values form the peer groups a customer is compared with.
    pub peer_column: Option<ColumnIndex>,
}

/// One column of the table.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// The name in the header; compared without regard to case and outer white space.
    pub name: String,
    /// Other header names accepted for this column.
    pub aliases: Vec<String>,
    /// What the cells hold.
    pub kind: ColumnKind,
    /// What the column is for.
    pub role: Role,
    /// What to do with an empty cell.
    pub missing: MissingRule,
    /// The column's name for people.
    pub label: Localized,
    /// What the column is about, which decides the kind of offer that answers it.
    pub theme: Theme,
    /// Words for the values of a category or flag, by value as the file writes it.
    pub value_labels: BTreeMap<String, Localized>,
    /// The unit of a number, for people: `months`.
    pub unit: Option<Localized>,
    /// True when a file may lack the column; its cells are then missing, whatever the rule for empty cells says.
    pub optional: bool,
    /// True when a message to the customer may state the value. Never where nobody said so.
    pub tell: bool,
    /// The time a count or an amount covers, for people: `the last 30 days`; `None` where nobody said it.
    pub period: Option<Localized>,
    /// What the business expects of leaving as the number grows; `None` where nobody said it. Only for numbers that the
    /// model uses.
    pub expect: Option<Expectation>,
    /// How cells that are more than one plain value are read.
    pub cells: CellRules,
}

impl Column {
    /// Returns whether the column counts what the customer did, which means little without the time it covers. Days
    /// since the last visit carry their own time.
    pub fn is_behaviour(&self) -> bool {
        let counts = matches!(self.kind, ColumnKind::Number { .. } | ColumnKind::Money);
        counts && self.theme == Theme::Usage && self.role != Role::DaysInactive
    }
}

/// What the cells of a column hold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnKind {
    /// Free text, never a feature.
    Text,
    /// A number between two limits, both included.
    Number {
        /// The least value accepted.
        min: f64,
        /// The greatest value accepted.
        max: f64,
    },
    /// An amount of the table's currency, never negative.
    Money,
    /// Yes or no, each with the words that mean it.
    Flag {
        /// The words that mean yes.
        yes: Vec<String>,
        /// The words that mean no.
        no: Vec<String>,
    },
    /// One of a few words. With no levels listed, any word is accepted.
    Category {
        /// The words the file may hold, in display order.
        levels: Vec<String>,
    },
    /// A day of the calendar, written YYYY-MM-DD.
    Date,
}

impl ColumnKind {
    /// Returns whether the cells are numbers or amounts.
    pub fn is_number(&self) -> bool {
        matches!(self, Self::Number { .. } | Self::Money)
    }
}

/// What to do with an empty cell. White space alone counts as empty.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "rule", rename_all = "kebab-case")]
pub enum MissingRule {
    /// Leave the row out and name it.
    Reject,
    /// Keep the cell empty; the model fills it with what it learned from the training rows (median, or a level of its own).
    Learn,
    /// Fill with 0 where another column is 0 (a new customer has paid nothing yet); reject the row elsewhere.
    ZeroWhenZero {
        /// The other column's name.
        column: String,
    },
    /// Fill with a fixed value.
    Fill {
        /// The value as the file would write it.
        value: String,
    },
}

/// Columns that trade off against one another and are told as one reason,
/// such as tenure and the total charged over that tenure.
#[derive(Clone, Debug, PartialEq)]
pub struct ReasonGroup {
    /// The name used in files.
    pub name: String,
    /// The columns, the one that leads the story first.
    pub columns: Vec<ColumnIndex>,
    /// The name for people.
    pub label: Localized,
    /// What the group is about.
    pub theme: Theme,
}

/// Columns that all repeat one answer of a parent column: six add-ons say
/// "No internet service" exactly where InternetService says "No". For such a
/// customer the whole family is one reason, the parent's.
#[derive(Clone, Debug, PartialEq)]
pub struct Family {
    /// The column that gives the answer.
    pub parent: ColumnIndex,
    /// The parent's value that makes the children meaningless.
    pub parent_value: String,
    /// The columns that repeat it.
    pub children: Vec<ColumnIndex>,
    /// The word with which the children repeat it.
    pub child_value: String,
}

impl TableSchema {
    /// Returns the column with a role, if the table has one.
    pub fn with_role(&self, role: &Role) -> Option<ColumnIndex> {
        self.columns.iter().position(|column| column.role == *role)
    }

    /// Returns the place of the column with a name or alias, in any case.
    pub fn index_of(&self, name: &str) -> Option<ColumnIndex> {
        let name = name.trim();
        self.columns
            .iter()
            .position(|column| std::iter::once(&column.name).chain(&column.aliases).any(|known| known.trim().eq_ignore_ascii_case(name)))
    }

    /// Returns the hash of everything that stands in the schema. It is stored and compared by later builds,
    /// so it is taken over values in a fixed order and not over how Rust prints them.
    pub fn digest(&self) -> Digest {
        let column = |c: &Column| {
            let plain = (&c.name, &c.aliases, &c.kind, &c.role, &c.missing, &c.label, c.theme, &c.value_labels, &c.unit, c.optional);
            // Columns without a period or an expectation keep the hash they had before there were such.
            match (&c.period, c.expect) {
                (period, expect) if c.cells != CellRules::default() => Digest::of_value(&(plain, period, expect, &c.cells)),
                (None, None) => Digest::of_value(&plain),
                (Some(period), None) => Digest::of_value(&(plain, period)),
                (period, Some(expect)) => Digest::of_value(&(plain, period, expect)),
            }
        };
        let columns: Vec<Digest> = self.columns.iter().map(column).collect();
        let groups: Vec<_> = self.groups.iter().map(|g| (&g.name, &g.columns, &g.label, g.theme)).collect();
        let families: Vec<_> = self.families.iter().map(|f| (f.parent, &f.parent_value, &f.children, &f.child_value)).collect();
        let comma = self.decimal_mark == DecimalMark::Comma;
        Digest::of_value(&(&self.name, self.delimiter, comma, self.currency, columns, groups, families, self.peer_column))
    }

    /// Checks that roles, kinds, groups and families fit together.
    pub fn check(self) -> Result<Self, SchemaError> {
        self.check_names()?;
        self.check_roles()?;
        self.check_families()?;
        self.check_groups()?;
        Ok(self)
    }

    fn check_names(&self) -> Result<(), SchemaError> {
        let mut seen = std::collections::HashSet::new();
        for name in self.columns.iter().flat_map(|c| std::iter::once(&c.name).chain(&c.aliases)) {
            if !seen.insert(name.trim().to_lowercase()) {
                return Err(SchemaError::DuplicateName(name.clone()));
            }
        }
        Ok(())
    }

    fn check_roles(&self) -> Result<(), SchemaError> {
        let count = |role: &Role| self.columns.iter().filter(|column| column.role == *role).count();
        let ids = count(&Role::Id);
        if ids != 1 {
            return Err(SchemaError::RoleCount { role: "id", expected: "exactly one", found: ids });
        }
        for (role, name) in SINGLE_ROLES {
            let found = count(&role);
            if found > 1 {
                return Err(SchemaError::RoleCount { role: name, expected: "at most one", found });
            }
        }
        self.columns.iter().try_for_each(|column| check_kind(column).and_then(|()| self.check_cells(column)))?;
        if !self.columns.iter().any(|column| column.role.is_feature()) {
            return Err(SchemaError::Other("no column is a feature, so there is nothing to learn from".into()));
        }
        if let Some(peer) = self.peer_column
            && !matches!(self.columns[peer].kind, ColumnKind::Category { .. } | ColumnKind::Flag { .. })
        {
            let column = self.columns[peer].name.clone();
            return Err(SchemaError::WrongKind { column, role: "peer", needs: "a category or a flag" });
        }
        Ok(())
    }

    /// Only numbers have several numbers in a cell, or contradict another number.
    fn check_cells(&self, column: &Column) -> Result<(), SchemaError> {
        let number = |column: &Column| matches!(column.kind, ColumnKind::Number { .. });
        let CellRules { several, at_least, .. } = &column.cells;
        if (several.is_some() || !at_least.is_empty()) && !number(column) {
            let text = format!("column {:?} has a rule (several, at_least) that only a column of type number can have", column.name);
            return Err(SchemaError::Other(text));
        }
        let fits = |other: &Column| number(other) && other.name != column.name;
        match at_least.iter().find(|rule| !self.index_of(&rule.column).is_some_and(|at| fits(&self.columns[at]))) {
            None => Ok(()),
            Some(rule) => {
                let text = format!("column {:?} is to be at least {:?}, which is no other column of type number", column.name, rule.column);
                Err(SchemaError::Other(text))
            }
        }
    }

    fn check_families(&self) -> Result<(), SchemaError> {
        for family in &self.families {
            for &child in &family.children {
                let ColumnKind::Category { levels } = &self.columns[child].kind else {
                    let column = self.columns[child].name.clone();
                    return Err(SchemaError::WrongKind { column, role: "family child", needs: "a category" });
                };
                if !levels.contains(&family.child_value) {
                    let text = format!("the family value {:?} is no level of column {:?}", family.child_value, self.columns[child].name);
                    return Err(SchemaError::Other(text));
                }
            }
        }
        let mut children = std::collections::HashSet::new();
        for family in &self.families {
            if !self.columns[family.parent].role.is_feature() {
                let parent = &self.columns[family.parent].name;
                return Err(SchemaError::Other(format!("the parent {parent:?} of a family is no feature, so no reason can be told by it")));
            }
            if let Some(&twice) = family.children.iter().find(|&&child| !children.insert(child)) {
                return Err(SchemaError::Other(format!("column {:?} stands in two families", self.columns[twice].name)));
            }
        }
        Ok(())
    }

    /// Reasons are told apart by name: a group's, or that of a column that stands in no group.
    fn check_groups(&self) -> Result<(), SchemaError> {
        let (mut grouped, mut names) = (std::collections::HashSet::new(), std::collections::HashSet::new());
        for group in &self.groups {
            if !names.insert(&group.name) {
                return Err(SchemaError::Other(format!("two groups are named {:?}", group.name)));
            }
            if self.columns.iter().enumerate().any(|(place, column)| column.name == group.name && !group.columns.contains(&place)) {
                return Err(SchemaError::Other(format!("the group {:?} has the name of a column outside it", group.name)));
            }
            for &place in &group.columns {
                let column = &self.columns[place];
                if !column.role.is_feature() {
                    return Err(SchemaError::Other(format!("column {:?} of the group {:?} is no feature", column.name, group.name)));
                }
                if !grouped.insert(place) {
                    return Err(SchemaError::Other(format!("column {:?} stands in two groups", column.name)));
                }
            }
        }
        Ok(())
    }
}

const SINGLE_ROLES: [(Role, &str); 17] = [
    (Role::Label, "label"),
    (Role::MonthlyCharge, "monthly_charge"),
    (Role::TotalCharge, "total_charge"),
    (Role::Usage, "usage"),
    (Role::Tenure, "tenure"),
    (Role::Contract, "contract"),
    (Role::ContractEnd, "contract_end"),
    (Role::FirstName, "first_name"),
    (Role::Email, "email"),
    (Role::Phone, "phone"),
    (Role::Language, "language"),
    (Role::Segment, "segment"),
    (Role::DaysInactive, "days_inactive"),
    (Role::Favourites, "favourites"),
    (Role::EmailConsent, "email_consent"),
    (Role::SmsConsent, "sms_consent"),
    (Role::CallConsent, "call_consent"),
];

fn check_kind(column: &Column) -> Result<(), SchemaError> {
    let wrong = |role, needs| Err(SchemaError::WrongKind { column: column.name.clone(), role, needs });
    match (&column.role, &column.kind) {
        (Role::Label, kind) if !matches!(kind, ColumnKind::Flag { .. }) => wrong("label", "a flag"),
        (Role::EmailConsent, kind) if !matches!(kind, ColumnKind::Flag { .. }) => wrong("email_consent", "a flag (yes or no)"),
        (Role::SmsConsent, kind) if !matches!(kind, ColumnKind::Flag { .. }) => wrong("sms_consent", "a flag (yes or no)"),
        (Role::CallConsent, kind) if !matches!(kind, ColumnKind::Flag { .. }) => wrong("call_consent", "a flag (yes or no)"),
        (Role::MonthlyCharge | Role::TotalCharge, kind) if !matches!(kind, ColumnKind::Money) => {
            wrong("monthly_charge or total_charge", "money")
        }
        (Role::Usage, kind) if !matches!(kind, ColumnKind::Number { min, .. } if *min >= 0.0) => {
            wrong("usage", "a number with min = 0 or more")
        }
        (Role::Tenure, kind) if !matches!(kind, ColumnKind::Number { .. }) => wrong("tenure", "a number"),
        (Role::Contract, kind) if !matches!(kind, ColumnKind::Category { .. }) => wrong("contract", "a category"),
        (Role::ContractEnd, kind) if !matches!(kind, ColumnKind::Date) => wrong("contract_end", "a date"),
        (Role::Id | Role::FirstName | Role::Email | Role::Phone | Role::Language, kind) if !matches!(kind, ColumnKind::Text) => {
            wrong("id or personal", "text")
        }
        (role, kind) if column.expect.is_some() && !(role.is_feature() && kind.is_number()) => {
            Err(SchemaError::Other(format!("column {:?} says what to expect, which only a number that the model uses can", column.name)))
        }
        (role, ColumnKind::Text | ColumnKind::Date) if role.is_feature() => wrong("feature", "a number, money, a flag or a category"),
        (_, ColumnKind::Number { min, max }) if min.is_nan() || max.is_nan() || min > max => {
            Err(SchemaError::Other(format!("column {:?} has limits that leave no value: {min} to {max}", column.name)))
        }
        (_, ColumnKind::Category { levels }) => check_levels(&column.name, levels),
        (_, ColumnKind::Flag { yes, no }) => check_flag(&column.name, yes, no),
        _ => Ok(()),
    }
}

fn check_levels(column: &str, levels: &[String]) -> Result<(), SchemaError> {
    let mut seen = std::collections::HashSet::new();
    match levels.iter().map(|level| level.trim()).find(|level| !seen.insert(*level)) {
        Some(twice) => Err(SchemaError::Other(format!("column {column:?} lists the word {twice:?} twice"))),
        None => Ok(()),
    }
}

fn check_flag(column: &str, yes: &[String], no: &[String]) -> Result<(), SchemaError> {
    let is_yes = |word: &&String| yes.iter().any(|other| other.trim().to_lowercase() == word.trim().to_lowercase());
    match no.iter().find(is_yes) {
        Some(word) => Err(SchemaError::Other(format!("column {column:?} uses the word {word:?} for yes and for no"))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fakes::samples::schema;
    use crate::feature::FeatureSchema;

    fn group(name: &str, columns: &[ColumnIndex]) -> ReasonGroup {
        ReasonGroup { name: name.into(), columns: columns.to_vec(), label: Localized::same(name), theme: Theme::Price }
    }

    #[test]
    fn a_schema_that_would_mislead_the_reasons_is_refused() {
        let check = |spoil: &dyn Fn(&mut TableSchema), expected: &str| {
            let mut table = schema();
            spoil(&mut table);
            match table.check() {
                Err(error) => assert!(!expected.is_empty() && error.to_string().contains(expected), "{error}"),
                Ok(_) => assert!(expected.is_empty(), "passed, expected {expected}"),
            }
        };
        let family =
            |parent, child_value: &str| Family { parent, parent_value: "no".into(), children: vec![4], child_value: child_value.into() };
        check(&|_| {}, "");
        check(&|table| table.groups = vec![group("tenure", &[1, 2])], "");
        check(&|table| table.groups = vec![group("price", &[1]), group("price", &[2])], "two groups are named \"price\"");
        check(&|table| table.groups = vec![group("Contract", &[1, 2])], "the group \"Contract\" has the name of a column outside it");
        check(&|table| table.groups = vec![group("price", &[2, 3])], "column \"Churn\" of the group \"price\" is no feature");
        check(&|table| table.families = vec![family(6, "Month-to-month")], "");
        check(&|table| table.families = vec![family(3, "Month-to-month")], "the parent \"Churn\" of a family is no feature");
        let twice = vec![family(6, "Month-to-month"), family(1, "Month-to-month")];
        check(&|table| table.families = twice.clone(), "column \"Contract\" stands in two families");
        let levels = ["a", "b", " a "].map(str::to_owned).to_vec();
        check(&|table| table.columns[4].kind = ColumnKind::Category { levels: levels.clone() }, "lists the word \"a\" twice");
        let flag = ColumnKind::Flag { yes: vec!["Yes".into()], no: vec!["yes".into()] };
        check(&|table| table.columns[6].kind = flag.clone(), "uses the word \"yes\" for yes and for no");
        check(&|table| table.columns[6].role = Role::SmsConsent, "");
        check(&|table| table.columns[1].role = Role::SmsConsent, "column \"tenure\" has the role \"sms_consent\", which needs a flag");
        check(&|table| table.columns[1].role = Role::Usage, "");
        let below_zero = |table: &mut TableSchema| {
            table.columns[1].role = Role::Usage;
            table.columns[1].kind = ColumnKind::Number { min: -1.0, max: 9.0 };
        };
        check(&below_zero, "column \"tenure\" has the role \"usage\", which needs a number with min = 0 or more");
        check(&|table| table.columns[2].role = Role::Usage, "which needs a number with min = 0 or more");
        let both = |table: &mut TableSchema| {
            table.columns.push(Column { name: "Another".into(), ..table.columns[6].clone() });
            table.columns[6].role = Role::CallConsent;
            table.columns[7].role = Role::CallConsent;
        };
        check(&both, "at most one column with the role \"call_consent\"");
    }

    #[test]
    fn the_digest_changes_with_everything_that_stands_in_the_schema() {
        let changes: [&dyn Fn(&mut TableSchema); 23] = [
            &|t| t.name.push('x'),
            &|t| t.delimiter = b';',
            &|t| t.decimal_mark = DecimalMark::Comma,
            &|t| t.currency = Currency::parse("TWD").unwrap(),
            &|t| t.columns[1].name.push('x'),
            &|t| t.columns[1].aliases.push("months".into()),
            &|t| t.columns[1].kind = ColumnKind::Number { min: 0.0, max: 2e9 },
            &|t| t.columns[6].role = Role::Unused { why: "x".into() },
            &|t| t.columns[1].missing = MissingRule::Fill { value: "0".into() },
            &|t| t.columns[1].label = Localized::same("x"),
            &|t| t.columns[1].theme = if t.columns[1].theme == Theme::Price { Theme::Usage } else { Theme::Price },
            &|t| drop(t.columns[4].value_labels.insert("x".into(), Localized::same("x"))),
            &|t| t.columns[1].unit = Some(Localized::same("x")),
            &|t| t.columns[1].optional = !t.columns[1].optional,
            &|t| t.columns[1].period = Some(Localized::same("x")),
            &|t| t.columns[1].expect = Some(Expectation::Falls),
            &|t| t.columns[1].cells.unknown.push("999".into()),
            &|t| t.columns[1].cells.several = Some(Several::Median),
            &|t| t.columns[1].cells.at_least.push(AtLeast { column: "x".into(), plus: 14.0 }),
            &|t| t.groups.push(group("price", &[1, 2])),
            &|t| t.families.push(Family { parent: 6, parent_value: "no".into(), children: vec![4], child_value: "x".into() }),
            &|t| t.peer_column = None,
            &|t| t.columns.swap(1, 2),
        ];
        let mut seen = std::collections::HashSet::from([schema().digest()]);
        for (place, change) in changes.iter().enumerate() {
            let mut table = schema();
            change(&mut table);
            assert!(seen.insert(table.digest()), "change {place}");
        }
    }

    /// Digests are stored and compared by later builds, so another compiler must not change them.
    #[test]
    fn digests_are_the_same_in_every_build() {
        assert_eq!(schema().digest().short(), "ce813c13c1b5");
        assert_eq!(FeatureSchema::of(&schema()).digest().short(), "cf224aa8ba89");
    }
}
