//! Features: one function turns customers into the columns a model reads, for
//! training, serving and batch alike.
use crate::customer::{Cell, Customer};
use crate::digest::Digest;
use crate::locale::Localized;
use crate::schema::{ColumnIndex, ColumnKind, Role, TableSchema, Theme};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;

/// A feature's place in [`FeatureSchema::features`].
pub type FeatureIndex = usize;

/// What a model reads, derived from a [`TableSchema`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FeatureSchema {
    /// The features, in the order of the table's columns.
    pub features: Vec<Feature>,
    /// The reasons a score can have; each feature belongs to one.
    pub groups: Vec<FeatureGroup>,
}

/// One input of the model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Feature {
    /// The column's name in the table.
    pub name: String,
    /// Whether it is a number or a category (a flag is a category of `no` and `yes`).
    pub numeric: bool,
    /// The column it is read from.
    pub column: ColumnIndex,
    /// The reason it counts towards, in [`FeatureSchema::groups`].
    pub group: u16,
    /// The level that only repeats a parent's answer, and the parent's group, to which it then counts.
    pub repeats: Option<Repeats>,
    /// Whether the values were invented for demonstration (never looked at the label).
    pub synthetic: bool,
}

/// A level that repeats a parent's answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Repeats {
    /// The level's word: `No internet service`.
    pub level: String,
    /// The parent's group.
    pub group: u16,
}

/// One reason a score can have.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FeatureGroup {
    /// The name used in files.
    pub name: String,
    /// The name for people.
    pub label: Localized,
    /// What the reason is about.
    pub theme: Theme,
    /// The features that tell it, the leading one first.
    pub features: Vec<FeatureIndex>,
}

/// Customers as columns. Row order is the order of the customers.
#[derive(Clone, Debug, PartialEq)]
pub struct FeatureTable {
    /// What the columns are.
    pub schema: Arc<FeatureSchema>,
    /// One column per feature, each [`Self::rows`] long.
    pub columns: Vec<FeatureColumn>,
    /// Whether each customer left; `None` where the table does not say.
    pub labels: Vec<Option<bool>>,
}

/// One feature of every customer.
#[derive(Clone, Debug, PartialEq)]
pub enum FeatureColumn {
    /// Numbers in the column's unit (money in major units); NaN where missing.
    Number(Vec<f64>),
    /// Places in `levels`; [`MISSING_CODE`] where missing.
    Category {
        /// One code per row.
        codes: Vec<u16>,
        /// The words, the schema's first, then others in order of first appearance.
        levels: Vec<Arc<str>>,
    },
}

/// The code of a missing category.
pub const MISSING_CODE: u16 = u16::MAX;

/// The most levels one category column can have.
pub const MAX_LEVELS: usize = 10_000;

/// A category with more words than a model can learn from.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("column {column:?} holds more than {MAX_LEVELS} different words; give it the role \"unused\" or the type text")]
pub struct TooManyLevels {
    /// The column's name.
    pub column: String,
}

/// A reason that these features do not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "reason {group} is not among the {known} reasons of this schema; the score was made with another one, so assess the customers again"
)]
pub struct UnknownGroup {
    /// The reason's place, as it was stored.
    pub group: u16,
    /// How many reasons there are.
    pub known: usize,
}

impl FeatureSchema {
    /// Returns the reason at a place, as scores name it.
    pub fn group(&self, place: u16) -> Result<&FeatureGroup, UnknownGroup> {
        self.groups.get(usize::from(place)).ok_or(UnknownGroup { group: place, known: self.groups.len() })
    }

    /// Returns the features and reasons of a table.
    pub fn of(table: &TableSchema) -> Self {
        let columns: Vec<ColumnIndex> = (0..table.columns.len()).filter(|&c| table.columns[c].role.is_feature()).collect();
        let groups = reason_groups(table, &columns);
        let group_of = |column: ColumnIndex| {
            let feature = columns.iter().position(|&c| c == column)?;
            groups.iter().position(|group| group.features.contains(&feature)).and_then(|g| u16::try_from(g).ok())
        };
        let features = columns.iter().map(|&column| Feature {
            name: table.columns[column].name.clone(),
            numeric: matches!(table.columns[column].kind, ColumnKind::Number { .. } | ColumnKind::Money),
            column,
            group: group_of(column).unwrap_or_default(),
            repeats: repeats(table, column, group_of),
            synthetic: table.columns[column].role == Role::Synthetic,
        });
        Self { features: features.collect(), groups: groups.clone() }
    }

    /// Returns the hash of the features and the reasons they count towards.
    pub fn digest(&self) -> Digest {
        Digest::of_value(self)
    }
}

fn repeats(table: &TableSchema, column: ColumnIndex, group_of: impl Fn(ColumnIndex) -> Option<u16>) -> Option<Repeats> {
    let family = table.families.iter().find(|family| family.children.contains(&column))?;
    Some(Repeats { level: family.child_value.clone(), group: group_of(family.parent)? })
}

fn reason_groups(table: &TableSchema, columns: &[ColumnIndex]) -> Vec<FeatureGroup> {
    let mut groups: Vec<FeatureGroup> = Vec::new();
    for (feature, &column) in columns.iter().enumerate() {
        match table.groups.iter().find(|group| group.columns.contains(&column)) {
            Some(group) if groups.iter().any(|known| known.name == group.name) => {}
            Some(group) => groups.push(FeatureGroup {
                name: group.name.clone(),
                label: group.label.clone(),
                theme: group.theme,
                features: group.columns.iter().filter_map(|c| columns.iter().position(|known| known == c)).collect(),
            }),
            None => {
                let source = &table.columns[column];
                groups.push(FeatureGroup {
                    name: source.name.clone(),
                    label: source.label.clone(),
                    theme: source.theme,
                    features: vec![feature],
                });
            }
        }
    }
    groups
}

/// Returns the features of customers, one row each, in their order.
pub fn features(table: &TableSchema, schema: &Arc<FeatureSchema>, customers: &[Customer]) -> Result<FeatureTable, TooManyLevels> {
    let mut builder = FeatureBuilder::new(table, schema.clone());
    customers.iter().try_for_each(|customer| builder.push(customer))?;
    Ok(builder.finish())
}

/// Builds a feature table page by page, so that a million customers never stand in memory at once.
pub struct FeatureBuilder<'a> {
    table: &'a TableSchema,
    schema: Arc<FeatureSchema>,
    columns: Vec<ColumnBuilder>,
    label: Option<ColumnIndex>,
    labels: Vec<Option<bool>>,
}

enum ColumnBuilder {
    Number(Vec<f64>),
    Category { codes: Vec<u16>, levels: Vec<Arc<str>>, places: HashMap<Arc<str>, u16> },
}

impl<'a> FeatureBuilder<'a> {
    /// Begins a table without rows.
    pub fn new(table: &'a TableSchema, schema: Arc<FeatureSchema>) -> Self {
        let columns = schema.features.iter().map(|feature| ColumnBuilder::new(&table.columns[feature.column].kind)).collect();
        Self { table, schema, columns, label: table.with_role(&Role::Label), labels: Vec::new() }
    }

    /// Adds one customer's row.
    pub fn push(&mut self, customer: &Customer) -> Result<(), TooManyLevels> {
        for (feature, column) in self.schema.features.iter().zip(&mut self.columns) {
            column.push(&customer.cells[feature.column], self.table).map_err(|Full| TooManyLevels { column: feature.name.clone() })?;
        }
        let label = self.label.and_then(|column| match customer.cells[column] {
            Cell::Flag(left) => Some(left),
            _ => None,
        });
        self.labels.push(label);
        Ok(())
    }

    /// Returns the table.
    pub fn finish(self) -> FeatureTable {
        FeatureTable { schema: self.schema, columns: self.columns.into_iter().map(ColumnBuilder::finish).collect(), labels: self.labels }
    }
}

struct Full;

impl ColumnBuilder {
    fn new(kind: &ColumnKind) -> Self {
        let levels: Vec<Arc<str>> = match kind {
            ColumnKind::Category { levels } => levels.iter().map(|level| Arc::from(level.as_str())).collect(),
            ColumnKind::Flag { .. } => vec![Arc::from("no"), Arc::from("yes")],
            _ => return Self::Number(Vec::new()),
        };
        let places = levels.iter().cloned().zip(0..).collect();
        Self::Category { codes: Vec::new(), levels, places }
    }

    fn push(&mut self, cell: &Cell, table: &TableSchema) -> Result<(), Full> {
        match (self, cell) {
            (Self::Number(values), Cell::Number(value)) => values.push(*value),
            (Self::Number(values), Cell::Money(minor)) => values.push(*minor as f64 / table.currency.minor_per_major() as f64),
            (Self::Number(values), _) => values.push(f64::NAN),
            (Self::Category { codes, .. }, Cell::Flag(value)) => codes.push(u16::from(*value)),
            (Self::Category { codes, levels, places }, Cell::Category(word)) => codes.push(place_of(word, levels, places)?),
            (Self::Category { codes, .. }, _) => codes.push(MISSING_CODE),
        }
        Ok(())
    }

    fn finish(self) -> FeatureColumn {
        match self {
            Self::Number(values) => FeatureColumn::Number(values),
            Self::Category { codes, levels, .. } => FeatureColumn::Category { codes, levels },
        }
    }
}

fn place_of(word: &Arc<str>, levels: &mut Vec<Arc<str>>, places: &mut HashMap<Arc<str>, u16>) -> Result<u16, Full> {
    if levels.len() <= 8
        && let Some(place) = levels.iter().position(|level| Arc::ptr_eq(level, word) || level == word)
    {
        return u16::try_from(place).map_err(|_| Full);
    }
    if let Some(&place) = places.get(word) {
        return Ok(place);
    }
    let place = u16::try_from(levels.len()).map_err(|_| Full)?;
    if levels.len() >= MAX_LEVELS {
        return Err(Full);
    }
    levels.push(word.clone());
    places.insert(word.clone(), place);
    Ok(place)
}

impl FeatureTable {
    /// Returns the number of customers.
    pub fn rows(&self) -> usize {
        self.labels.len()
    }
}
