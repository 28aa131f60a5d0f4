//! The file of learned segments, by the discipline of [`crate::artifact`]: JSON text that holds numbers and words and
//! nothing that runs, with the hash of the exact text of its body.
//!
//! ```text
//! {"format": "winback-segments", "format_version": 1, "sha256": "<of the body's text>", "body": {…}}
//! ```
use super::{ClassModel, MAX_CLASSES};
use crate::artifact::MAX_BYTES;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use winback_core::digest::Digest;

/// The word every such file begins with.
pub const FORMAT: &str = "winback-segments";
/// The latest version of the layout.
pub const FORMAT_VERSION: u32 = 1;

/// Why a file of learned segments was refused.
#[derive(Debug, thiserror::Error)]
pub enum ClassFileError {
    /// The file is too long.
    #[error("the segments take more than {MAX_BYTES} bytes, which no file of learned segments may have")]
    TooLarge,
    /// The file is of another kind.
    #[error("this is no file of learned segments: it does not begin with the format {FORMAT:?}")]
    NotOurs,
    /// The file is no JSON, or cut off.
    #[error("the file is damaged or cut off at line {line}, column {column}; copy it again")]
    Damaged {
        /// The line, counted from 1.
        line: usize,
        /// The column, counted from 1.
        column: usize,
        /// Why.
        source: serde_json::Error,
    },
    /// The file was written by a later Winback.
    #[error("the file has the format version {found}; this Winback reads up to {FORMAT_VERSION}; install a newer Winback")]
    Newer {
        /// The version.
        found: u32,
    },
    /// The body is not the one that was hashed.
    #[error("the file was changed after training: its content has the SHA-256 {found}, the file says {stated}")]
    Tampered {
        /// The hash of the body.
        found: String,
        /// The hash the file states.
        stated: String,
    },
    /// The parts do not fit together.
    #[error("the file contradicts itself: {0}")]
    Inconsistent(String),
    /// The segments could not be written as text.
    #[error("the segments could not be written as text")]
    Unwritable(#[source] serde_json::Error),
}

#[derive(Serialize)]
struct Outgoing<'a> {
    format: &'a str,
    format_version: u32,
    sha256: String,
    body: &'a RawValue,
}

#[derive(Deserialize)]
struct Incoming<'a> {
    format_version: u32,
    sha256: String,
    #[serde(borrow)]
    body: &'a RawValue,
}

/// Returns the bytes of a file. The same segments give the same bytes.
///
/// # Errors
/// When the file would be too long.
pub fn write(model: &ClassModel) -> Result<Vec<u8>, ClassFileError> {
    let body = serde_json::value::to_raw_value(model).map_err(ClassFileError::Unwritable)?;
    let sha256 = Digest::of(body.get().as_bytes()).0;
    let file = Outgoing { format: FORMAT, format_version: FORMAT_VERSION, sha256, body: &body };
    let mut bytes = serde_json::to_vec(&file).map_err(ClassFileError::Unwritable)?;
    bytes.push(b'\n');
    if bytes.len() as u64 > MAX_BYTES { Err(ClassFileError::TooLarge) } else { Ok(bytes) }
}

/// Reads the bytes of a file.
///
/// # Errors
/// When they are of another kind or version, were changed, or do not fit together.
pub fn read(bytes: &[u8]) -> Result<ClassModel, ClassFileError> {
    if !bytes.starts_with(format!("{{\"format\":\"{FORMAT}\"").as_bytes()) {
        return Err(ClassFileError::NotOurs);
    }
    let damaged = |source: serde_json::Error| ClassFileError::Damaged { line: source.line(), column: source.column(), source };
    let file: Incoming = serde_json::from_slice(bytes).map_err(damaged)?;
    if file.format_version > FORMAT_VERSION {
        return Err(ClassFileError::Newer { found: file.format_version });
    }
    let found = Digest::of(file.body.get().as_bytes()).0;
    if found != file.sha256 {
        return Err(ClassFileError::Tampered { found, stated: file.sha256 });
    }
    let model: ClassModel = serde_json::from_str(file.body.get()).map_err(|source| ClassFileError::Inconsistent(source.to_string()))?;
    check(&model).map_err(ClassFileError::Inconsistent)?;
    Ok(model)
}

fn check(model: &ClassModel) -> Result<(), String> {
    let (names, trees) = (&model.names, &model.ensembles);
    if !(2..=MAX_CLASSES).contains(&names.len()) || names.windows(2).any(|pair| pair[0] >= pair[1]) {
        return Err(format!("it names {} segments, or one twice", names.len()));
    }
    if trees.len() != names.len() {
        return Err(format!("{} segments have trees, and {} have names", trees.len(), names.len()));
    }
    for (name, ensemble) in names.iter().zip(trees) {
        let columns = ensemble.bins.columns.len();
        if columns != model.schema.features.len() {
            return Err(format!("the trees of {name} read {columns} columns of {}", model.schema.features.len()));
        }
        let kinds = model.schema.features.iter().zip(&ensemble.bins.columns);
        if let Some((feature, _)) = kinds.into_iter().find(|(feature, bins)| !bins.fits(feature.numeric)) {
            return Err(format!("column {:?} is read as another kind than it is", feature.name));
        }
        ensemble.check().map_err(|what| format!("the trees of {name}: {what}"))?;
    }
    Ok(())
}
