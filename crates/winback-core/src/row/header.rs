//! The header: which cell of the file is which column of the schema.
use crate::schema::{ColumnIndex, Role, TableSchema};
use crate::spelling::edits;
use std::fmt;

/// A column of the file that the schema does not name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IgnoredColumn {
    /// The column's number, counted from 1.
    pub number: u32,
    /// The name in the header; may be empty.
    pub name: String,
    /// Why it is not used.
    pub why: &'static str,
}

/// A column of the schema that the file does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingColumn {
    /// The name in the schema.
    pub name: String,
    /// The name in the header that comes closest, where one is close.
    pub closest: Option<String>,
}

impl fmt::Display for MissingColumn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.closest {
            Some(closest) => write!(f, "{:?} (closest in the file: {closest:?})", self.name),
            None => write!(f, "{:?}", self.name),
        }
    }
}

/// Why a header does not fit a schema.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderProblem {
    /// The file lacks columns.
    #[error("the header lacks {}", list(.0))]
    Missing(Vec<MissingColumn>),
    /// Two columns of the file have one name, or are one column of the schema.
    #[error("columns {first} and {second} of the header are both {name:?}")]
    Duplicate {
        /// The name of the second of them.
        name: String,
        /// The first one's number, counted from 1.
        first: u32,
        /// The second one's number.
        second: u32,
    },
    /// A rule of the schema for missing cells cannot be followed.
    #[error("the schema's rule for missing cells of {column:?} cannot be followed: {why}")]
    Rule {
        /// The column's name in the schema.
        column: String,
        /// Why.
        why: String,
    },
    /// The schema names no id.
    #[error("the schema gives no column the role \"id\"")]
    NoId,
}

impl HeaderProblem {
    /// Returns what a person can do about it.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Missing(_) => "rename the columns in the file, or add the file's names as aliases in schema.toml",
            Self::Duplicate { .. } => "rename or remove one of the two",
            Self::Rule { .. } | Self::NoId => "correct schema.toml",
        }
    }
}

fn list(missing: &[MissingColumn]) -> String {
    let names: Vec<String> = missing.iter().map(MissingColumn::to_string).collect();
    let noun = if missing.len() == 1 { "the column" } else { "the columns" };
    format!("{noun} {}", names.join(", "))
}

/// Where each column of the schema stands in the file, and what is left over.
pub(super) struct Matching {
    pub places: Vec<Option<usize>>,
    pub ignored: Vec<IgnoredColumn>,
}

pub(super) fn matching<S: AsRef<str>>(schema: &TableSchema, header: &[S]) -> Result<Matching, HeaderProblem> {
    let names: Vec<&str> = header.iter().map(|name| name.as_ref().trim()).collect();
    check_duplicates(&names)?;
    let mut places: Vec<Option<usize>> = vec![None; schema.columns.len()];
    let mut ignored = Vec::new();
    for (place, name) in names.iter().enumerate() {
        match find(schema, name) {
            Some(column) => match places[column] {
                Some(first) => return Err(duplicate(name, first, place)),
                None => places[column] = Some(place),
            },
            None => ignored.push(IgnoredColumn { number: number(place), name: (*name).to_owned(), why: "not in the schema" }),
        }
    }
    check_missing(schema, &places, &ignored)?;
    Ok(Matching { places, ignored })
}

fn number(place: usize) -> u32 {
    u32::try_from(place + 1).unwrap_or(u32::MAX)
}

fn duplicate(name: &str, first: usize, second: usize) -> HeaderProblem {
    HeaderProblem::Duplicate { name: name.to_owned(), first: number(first), second: number(second) }
}

fn check_duplicates(names: &[&str]) -> Result<(), HeaderProblem> {
    let mut seen = std::collections::HashMap::new();
    for (place, name) in names.iter().enumerate().filter(|(_, name)| !name.is_empty()) {
        if let Some(first) = seen.insert(name.to_lowercase(), place) {
            return Err(duplicate(name, first, place));
        }
    }
    Ok(())
}

fn find(schema: &TableSchema, name: &str) -> Option<ColumnIndex> {
    let name = name.to_lowercase();
    let is_it = |known: &String| known.trim().to_lowercase() == name;
    schema.columns.iter().position(|column| is_it(&column.name) || column.aliases.iter().any(is_it))
}

fn check_missing(schema: &TableSchema, places: &[Option<usize>], ignored: &[IgnoredColumn]) -> Result<(), HeaderProblem> {
    let absent =
        schema.columns.iter().zip(places).filter(|(column, place)| place.is_none() && column.role != Role::Label && !column.optional);
    let missing: Vec<MissingColumn> =
        absent.map(|(column, _)| MissingColumn { name: column.name.clone(), closest: closest(&column.name, ignored) }).collect();
    if missing.is_empty() { Ok(()) } else { Err(HeaderProblem::Missing(missing)) }
}

/// Returns the leftover name that is nearest, if at most a third of the letters differ.
fn closest(name: &str, ignored: &[IgnoredColumn]) -> Option<String> {
    let wanted = letters(name);
    let nearest = ignored.iter().map(|column| (edits(&wanted, &letters(&column.name)), column)).min_by_key(|(far, _)| *far)?;
    let limit = (wanted.chars().count() / 3).max(2);
    (nearest.0 <= limit && !nearest.1.name.is_empty()).then(|| nearest.1.name.clone())
}

fn letters(name: &str) -> String {
    name.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect()
}
