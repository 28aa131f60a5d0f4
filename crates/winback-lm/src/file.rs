//! The small files of a model directory: read whole, as text, and never more than is sensible.
use crate::json::Json;
use serde::de::DeserializeOwned;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The longest configuration or template read, in bytes.
pub(crate) const MOST_SMALL_BYTES: u64 = 4 << 20;

/// Why a file could not be read as text or as JSON.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The file is absent or closed to us.
    #[error("{} could not be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is no file.
    #[error("{} is a folder, a pipe or a device, and must be a file", path.display())]
    NoFile {
        /// What is no file.
        path: PathBuf,
    },
    /// The file is longer than any of its kind.
    #[error("{} is longer than {most} bytes, which no file of this kind is", path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
        /// The most that is read.
        most: u64,
    },
    /// The file is not text in UTF-8.
    #[error("{} is not text: byte {at} is no UTF-8", path.display())]
    NotText {
        /// The file.
        path: PathBuf,
        /// The first byte that is not text, counted from 0.
        at: usize,
    },
    /// The file is not JSON.
    #[error("{} is damaged at line {line}, column {column}; copy it again", path.display())]
    NotJson {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// The column, counted from 1.
        column: usize,
        /// Why.
        source: serde_json::Error,
    },
}

/// Returns the text of a file of at most `most` bytes.
pub(crate) fn read_text(path: &Path, most: u64) -> Result<String, FileError> {
    let unreadable = |source| FileError::Unreadable { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    open_file(path)?.take(most + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > most {
        return Err(FileError::TooLong { path: path.to_owned(), most });
    }
    String::from_utf8(bytes).map_err(|error| FileError::NotText { path: path.to_owned(), at: error.utf8_error().valid_up_to() })
}

/// Opens a file to read it. A pipe would let the reader wait for ever, and a device might never end.
pub(crate) fn open_file(path: &Path) -> Result<File, FileError> {
    let unreadable = |source| FileError::Unreadable { path: path.to_owned(), source };
    // Asked before it is opened, because a pipe waits there already.
    if !std::fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(FileError::NoFile { path: path.to_owned() });
    }
    File::open(path).map_err(unreadable)
}

/// Returns JSON text as a value; `path` is named where it is damaged.
pub(crate) fn parse_json(text: &str, path: &Path) -> Result<Json, FileError> {
    parse_as(text, path)
}

/// Returns JSON text as what it must be; `path` is named where it is damaged.
pub(crate) fn parse_as<T: DeserializeOwned>(text: &str, path: &Path) -> Result<T, FileError> {
    serde_json::from_str(text).map_err(|source| FileError::NotJson {
        path: path.to_owned(),
        line: source.line(),
        column: source.column(),
        source,
    })
}
