//! The model file: JSON text that holds numbers and words and nothing that runs.
//!
//! ```text
//! {"format": "winback-churn", "format_version": 1, "sha256": "<of the body's text>", "body": {…}}
//! ```
//!
//! The hash is over the exact text of the body, so that a changed digit is noticed. The file holds
//! no date and nothing of the machine: same table, same options, same bytes.
use crate::encode::Encoder;
use crate::explain::{Coefficients, ColumnModel};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::io::Read;
use std::path::{Path, PathBuf};
use winback_core::digest::Digest;
use winback_core::feature::{Feature, FeatureSchema};

/// The family of models this crate writes.
pub const FAMILY: &str = "logistic";
/// The word every model file begins with.
pub const FORMAT: &str = "winback-churn";
/// The version of the layout.
pub const FORMAT_VERSION: u32 = 1;
/// The largest model file read, in bytes.
pub const MAX_BYTES: u64 = 64 << 20;
/// The largest value a slot may have, in log-odds; far beyond any that penalised training gives.
const MAX_VALUE: f64 = 1e4;

/// What a model file holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Body {
    /// The features the model was trained on.
    pub schema: FeatureSchema,
    /// The hash of the data.
    pub data: Digest,
    /// The penalty.
    pub l2: f64,
    /// What was learned.
    pub coefficients: Coefficients,
}

/// Why a model file was refused.
#[derive(Debug, thiserror::Error)]
pub enum ArtifactError {
    /// The file could not be read.
    #[error("the model file {} could not be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is too long to be a model.
    #[error("the model file is longer than {MAX_BYTES} bytes, which no model of Winback is")]
    TooLarge,
    /// The file is of another kind.
    #[error("this is no model file of Winback: it does not begin with the format {FORMAT:?}; run `winback train` to make one")]
    NotOurs,
    /// The file ends too early.
    #[error("the model file is cut off after {bytes} bytes; copy it again or run `winback train`")]
    Truncated {
        /// How long it is.
        bytes: usize,
    },
    /// The file is no JSON.
    #[error("the model file is damaged at line {line}, column {column}; copy it again or run `winback train`")]
    Damaged {
        /// The line, counted from 1.
        line: usize,
        /// The column, counted from 1.
        column: usize,
        /// Why.
        source: serde_json::Error,
    },
    /// The file was written by a later Winback.
    #[error("the model file has the format version {found}; this Winback reads up to {FORMAT_VERSION}; install a newer Winback")]
    Newer {
        /// The version.
        found: u32,
    },
    /// The body is not the one that was hashed.
    #[error(
        "the model file was changed after training: its content has the SHA-256 {found}, the file says {stated}; run `winback train` again"
    )]
    Tampered {
        /// The hash of the body.
        found: String,
        /// The hash the file states.
        stated: String,
    },
    /// The parts do not fit together.
    #[error("the model file contradicts itself: {0}")]
    Inconsistent(String),
    /// The model could not be written as text.
    #[error("the model could not be written as text")]
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
    format: String,
    format_version: u32,
    sha256: Option<String>,
    #[serde(borrow)]
    body: Option<&'a RawValue>,
}

/// Returns the bytes of a model file.
pub fn write(body: &Body) -> Result<Vec<u8>, ArtifactError> {
    check(body)?;
    let text = serde_json::value::to_raw_value(body).map_err(ArtifactError::Unwritable)?;
    let sha256 = Digest::of(text.get().as_bytes()).0;
    let file = Outgoing { format: FORMAT, format_version: FORMAT_VERSION, sha256, body: &text };
    let mut bytes = serde_json::to_vec(&file).map_err(ArtifactError::Unwritable)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Reads the bytes of a model file, or says why they are refused.
pub fn read(bytes: &[u8]) -> Result<Body, ArtifactError> {
    let begin = format!("{{\"format\":\"{FORMAT}\"");
    if !bytes.starts_with(begin.as_bytes()) {
        let cut = !bytes.is_empty() && begin.as_bytes().starts_with(bytes);
        return Err(if cut { ArtifactError::Truncated { bytes: bytes.len() } } else { ArtifactError::NotOurs });
    }
    let file: Incoming = serde_json::from_slice(bytes).map_err(|source| damage(source, bytes))?;
    if file.format_version > FORMAT_VERSION {
        return Err(ArtifactError::Newer { found: file.format_version });
    }
    let (Some(stated), Some(text), FORMAT) = (file.sha256, file.body, file.format.as_str()) else {
        return Err(ArtifactError::Inconsistent("it has no body or no sha256".into()));
    };
    let found = Digest::of(text.get().as_bytes()).0;
    if found != stated {
        return Err(ArtifactError::Tampered { found, stated });
    }
    let body: Body = serde_json::from_str(text.get()).map_err(|source| ArtifactError::Inconsistent(source.to_string()))?;
    check(&body)?;
    Ok(body)
}

/// Reads a model file.
pub fn load(path: &Path) -> Result<Vec<u8>, ArtifactError> {
    let unreadable = |source| ArtifactError::Unreadable { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    std::fs::File::open(path).and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes)).map_err(unreadable)?;
    if bytes.len() as u64 > MAX_BYTES { Err(ArtifactError::TooLarge) } else { Ok(bytes) }
}

/// A cut inside a number reads as a wrong number at the very end, so the place counts besides the kind.
fn damage(source: serde_json::Error, bytes: &[u8]) -> ArtifactError {
    let (last, before) = (bytes.split(|byte| *byte == b'\n').next_back(), bytes.iter().filter(|byte| **byte == b'\n').count());
    let at_end = source.line() == before + 1 && source.column() >= last.map_or(0, <[u8]>::len);
    match source.classify() {
        _ if at_end => ArtifactError::Truncated { bytes: bytes.len() },
        serde_json::error::Category::Eof => ArtifactError::Truncated { bytes: bytes.len() },
        _ => ArtifactError::Damaged { line: source.line(), column: source.column(), source },
    }
}

/// Checks that lengths, slots and groups fit together and that every number is finite.
fn check(body: &Body) -> Result<(), ArtifactError> {
    let (schema, columns) = (&body.schema, &body.coefficients.columns);
    let wrong = |text: String| Err(ArtifactError::Inconsistent(text));
    if columns.len() != schema.features.len() {
        return wrong(format!("{} columns for {} features", columns.len(), schema.features.len()));
    }
    if !(body.coefficients.intercept.abs() <= MAX_VALUE && body.l2.is_finite()) {
        return wrong("the intercept or the penalty is no usable number".into());
    }
    if let Some(group) = schema.groups.iter().find(|group| group.features.iter().any(|&feature| feature >= schema.features.len())) {
        return wrong(format!("the reason {:?} names a feature that is not there", group.name));
    }
    schema.features.iter().zip(columns).try_for_each(|(feature, column)| {
        check_column(feature, column, schema.groups.len()).or_else(|what| wrong(format!("column {:?} {what}", feature.name)))
    })
}

fn check_column(feature: &Feature, column: &ColumnModel, groups: usize) -> Result<(), &'static str> {
    let parent = feature.repeats.as_ref().map_or(0, |repeats| usize::from(repeats.group));
    if column.name != feature.name {
        return Err("has the name of another");
    }
    if usize::from(feature.group) >= groups || parent >= groups {
        return Err("belongs to a reason that is not there");
    }
    if column.values.len() != column.encoder.slots() || column.shares.len() != column.encoder.slots() {
        return Err("has another number of values than of slots");
    }
    if column.values.iter().any(|value| value.is_nan() || value.abs() > MAX_VALUE) {
        return Err("has a value that is no usable number");
    }
    if column.shares.iter().any(|share| !(0.0..=1.0 + 1e-9).contains(share)) {
        return Err("has a share outside 0 to 1");
    }
    check_encoder(&column.encoder, feature.numeric)
}

fn check_encoder(encoder: &Encoder, numeric: bool) -> Result<(), &'static str> {
    match encoder {
        Encoder::Unused { .. } => Ok(()),
        Encoder::Words(_) if numeric => Err("is a number with words"),
        Encoder::Number(_) if !numeric => Err("is a category with knots"),
        Encoder::Words(words) => {
            let beyond = words.missing >= words.slots || words.other.is_some_and(|slot| slot >= words.slots);
            if beyond || words.words.len() > usize::from(words.slots) { Err("has a word without a slot") } else { Ok(()) }
        }
        Encoder::Number(knots) => {
            let rising = knots.at.len() >= 2 && knots.at.windows(2).all(|pair| pair[0] < pair[1]);
            let finite = knots.at.iter().chain([&knots.median, &knots.deviation]).all(|value| value.is_finite());
            if rising && finite { Ok(()) } else { Err("has knots that do not rise") }
        }
    }
}
