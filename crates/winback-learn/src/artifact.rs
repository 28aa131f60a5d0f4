//! The model file: JSON text that holds numbers and words and nothing that runs.
//!
//! ```text
//! {"format": "winback-churn", "format_version": 1, "sha256": "<of the body's text>", "body": {…}}
//! ```
//!
//! A file of version 1 holds a logistic regression, one of version 2 trees and one of version 3 a blend of both, so
//! that a Winback that knows no trees still reads the files it can. One of version 4 holds any of these behind a
//! calibration; a model whose scores need none, and of which nothing else is to be told, is written as itself.
//!
//! The hash is over the exact text of the body, so that a changed digit is noticed. The file holds
//! no date and nothing of the machine: same table, same options, same bytes.
mod check;

use crate::calibrate::{Calibration, Chosen};
use crate::explain::Coefficients;
use crate::tree::Ensemble;
use check::check;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::io::Read;
use std::path::{Path, PathBuf};
use winback_core::digest::Digest;
use winback_core::feature::FeatureSchema;
use winback_core::model::{Balance, Trial};

/// The word every model file begins with.
pub const FORMAT: &str = "winback-churn";
/// The latest version of the layout.
pub const FORMAT_VERSION: u32 = 4;
/// The largest model file read, in bytes.
pub const MAX_BYTES: u64 = 64 << 20;

/// What a model file holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Learned {
    /// A logistic regression (version 1).
    Logistic(Body),
    /// Trees (version 2).
    Trees(TreeBody),
    /// Both (version 3).
    Blend(BlendBody),
    /// Any of them, calibrated (version 4).
    Calibrated(CalibratedBody),
}

/// What the file of a logistic regression holds.
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

/// What the file of boosted trees or of a forest holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TreeBody {
    /// How the trees were grown.
    pub family: TreeFamily,
    /// The features the model was trained on.
    pub schema: FeatureSchema,
    /// The hash of the data.
    pub data: Digest,
    /// What was learned.
    pub ensemble: Ensemble,
}

/// What the file of a blend holds. Its score is the mean of both scores, in log-odds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlendBody {
    /// One half.
    pub logistic: Body,
    /// The other half, of the same data.
    pub trees: TreeBody,
}

/// What the file of a calibrated model holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalibratedBody {
    /// From the model's score to calibrated log-odds.
    pub calibration: Calibration,
    /// How each map did on customers it was not fitted to; empty where nothing was held out.
    pub trials: Vec<Trial>,
    /// What was done about one kind of customer being rarer.
    #[serde(default, skip_serializing_if = "Balance::is_none")]
    pub balance: Balance,
    /// The model, itself not calibrated.
    pub model: Box<Learned>,
}

impl Learned {
    /// Returns the model behind its calibration. Where the scores stay as they are and customers were learned from as
    /// they come, that is the model itself.
    pub(crate) fn calibrated(self, chosen: Chosen, balance: Balance) -> Self {
        match (chosen.map, balance) {
            (Calibration::None, Balance::None) => self,
            (calibration, balance) => {
                Self::Calibrated(CalibratedBody { calibration, trials: chosen.trials, balance, model: Box::new(self) })
            }
        }
    }
}

/// How trees were grown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TreeFamily {
    /// One after another.
    Boosted,
    /// Each by itself.
    Forest,
}

impl TreeFamily {
    /// Returns the name used in files and versions: `boosted`.
    pub fn tag(self) -> &'static str {
        match self {
            Self::Boosted => "boosted",
            Self::Forest => "forest",
        }
    }
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
    /// The file holds a model of another family than the one asked for.
    #[error("the model file holds a model of another family than the one asked for")]
    OtherFamily,
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
pub fn write(learned: &Learned) -> Result<Vec<u8>, ArtifactError> {
    check(learned)?;
    let (format_version, text) = match learned {
        Learned::Logistic(body) => (1, serde_json::value::to_raw_value(body)),
        Learned::Trees(body) => (2, serde_json::value::to_raw_value(body)),
        Learned::Blend(body) => (3, serde_json::value::to_raw_value(body)),
        Learned::Calibrated(body) => (4, serde_json::value::to_raw_value(body)),
    };
    let text = text.map_err(ArtifactError::Unwritable)?;
    let sha256 = Digest::of(text.get().as_bytes()).0;
    let file = Outgoing { format: FORMAT, format_version, sha256, body: &text };
    let mut bytes = serde_json::to_vec(&file).map_err(ArtifactError::Unwritable)?;
    bytes.push(b'\n');
    if bytes.len() as u64 > MAX_BYTES { Err(ArtifactError::TooLarge) } else { Ok(bytes) }
}

/// Reads the bytes of a model file, or says why they are refused.
pub fn read(bytes: &[u8]) -> Result<Learned, ArtifactError> {
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
    let inconsistent = |source: serde_json::Error| ArtifactError::Inconsistent(source.to_string());
    let learned = match file.format_version {
        0 => return Err(ArtifactError::Inconsistent("there is no format version 0".into())),
        1 => Learned::Logistic(serde_json::from_str(text.get()).map_err(inconsistent)?),
        2 => Learned::Trees(serde_json::from_str(text.get()).map_err(inconsistent)?),
        3 => Learned::Blend(serde_json::from_str(text.get()).map_err(inconsistent)?),
        _ => Learned::Calibrated(serde_json::from_str(text.get()).map_err(inconsistent)?),
    };
    check(&learned)?;
    Ok(learned)
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
