//! Named fields of a JSON file, each read as what it must be or refused by its name.
use crate::json::Json;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

/// A field that is absent or holds something else than it must.
#[derive(Debug, thiserror::Error)]
pub enum FieldError {
    /// The file is no map of names to values.
    #[error("{} holds {found} where named fields were expected", path.display())]
    NoFields {
        /// The file.
        path: PathBuf,
        /// What it holds.
        found: String,
    },
    /// The field is absent.
    #[error("{} has no {field}, which must be {expected}", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
        /// The field.
        field: String,
        /// What it must be.
        expected: String,
    },
    /// The field holds something else.
    #[error("{}: {field} is {found} and must be {expected}", path.display())]
    Wrong {
        /// The file.
        path: PathBuf,
        /// The field.
        field: String,
        /// What it holds.
        found: String,
        /// What it must be.
        expected: String,
    },
}

/// The fields of one file, or of one map inside it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fields<'a> {
    path: &'a Path,
    map: &'a Json,
}

impl<'a> Fields<'a> {
    pub(crate) fn new(path: &'a Path, map: &'a Json) -> Result<Self, FieldError> {
        match map {
            Json::Map(_) => Ok(Self { path, map }),
            other => Err(FieldError::NoFields { path: path.to_owned(), found: other.to_string() }),
        }
    }

    /// Returns what a field holds; `null` counts as absent.
    pub(crate) fn get(&self, field: &str) -> Option<&'a Json> {
        self.map.get(field).filter(|value| **value != Json::Null)
    }

    /// Returns the fields of a map that is a field itself.
    pub(crate) fn inside(&self, field: &str) -> Result<Option<Self>, FieldError> {
        self.get(field).map(|map| Self::new(self.path, map).map_err(|_| self.wrong(field, map, "a map"))).transpose()
    }

    pub(crate) fn text(&self, field: &str) -> Result<Option<&'a str>, FieldError> {
        match self.get(field) {
            None => Ok(None),
            Some(Json::Text(text)) => Ok(Some(text)),
            Some(other) => Err(self.wrong(field, other, "text")),
        }
    }

    pub(crate) fn flag(&self, field: &str) -> Result<Option<bool>, FieldError> {
        match self.get(field) {
            None => Ok(None),
            Some(Json::Bool(flag)) => Ok(Some(*flag)),
            Some(other) => Err(self.wrong(field, other, "true or false")),
        }
    }

    pub(crate) fn size(&self, field: &str, within: RangeInclusive<usize>) -> Result<Option<usize>, FieldError> {
        let expected = || format!("a whole number from {} to {}", within.start(), within.end());
        match self.get(field) {
            None => Ok(None),
            Some(Json::Int(number)) if usize::try_from(*number).is_ok_and(|number| within.contains(&number)) => {
                Ok(usize::try_from(*number).ok())
            }
            Some(other) => Err(self.wrong(field, other, &expected())),
        }
    }

    pub(crate) fn number(&self, field: &str, within: RangeInclusive<f64>) -> Result<Option<f64>, FieldError> {
        let found = match self.get(field) {
            None => return Ok(None),
            Some(value) => value,
        };
        let number = match found {
            Json::Int(number) => *number as f64,
            Json::Float(number) => *number,
            _ => f64::NAN,
        };
        if within.contains(&number) {
            return Ok(Some(number));
        }
        Err(self.wrong(field, found, &format!("a number from {} to {}", within.start(), within.end())))
    }

    /// Returns token ids: one number, or a list of them.
    pub(crate) fn ids(&self, field: &str) -> Result<Vec<u32>, FieldError> {
        let id = |value: &Json| match value {
            Json::Int(number) => u32::try_from(*number).ok(),
            _ => None,
        };
        let Some(found) = self.get(field) else { return Ok(Vec::new()) };
        let ids = match found {
            Json::List(items) => items.iter().map(id).collect(),
            one => id(one).map(|id| vec![id]),
        };
        ids.ok_or_else(|| self.wrong(field, found, "a token id or a list of them"))
    }

    pub(crate) fn missing(&self, field: &str, expected: &str) -> FieldError {
        FieldError::Missing { path: self.path.to_owned(), field: field.to_owned(), expected: expected.to_owned() }
    }

    pub(crate) fn wrong(&self, field: &str, found: &Json, expected: &str) -> FieldError {
        FieldError::Wrong { path: self.path.to_owned(), field: field.to_owned(), found: found.to_string(), expected: expected.to_owned() }
    }
}
