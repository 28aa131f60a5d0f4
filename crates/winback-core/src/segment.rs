//! Segments: the kinds of customers that a company speaks to in a voice of their own.
//!
//! [`rules`] says who belongs to which, [`assign`] puts customers into them, [`lint`] finds what is wrong with the rules.
pub mod assign;
mod bind;
pub mod lint;
pub mod rfm;
pub mod rules;
#[cfg(test)]
mod tests;
pub mod words;

use serde::{Deserialize, Serialize};
use std::fmt;

/// The longest name of a segment, in bytes.
pub const MAX_SEGMENT_BYTES: usize = 64;

/// The segments that have a voice out of the box.
pub const BUILT_IN: [&str; 5] = ["Parent_Active", "Regular_Active", "Dormant", "Need_Reengagement", "HighValue_Active"];

/// A segment's name: `Parent_Active`. It is also the name of its voice's file and of its adapter, so it holds
/// letters, digits, `_` and `-` alone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(try_from = "String", into = "String")]
pub struct SegmentId(String);

/// A text that is no segment's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no name for a segment; expected letters, digits, _ and - (at most {MAX_SEGMENT_BYTES} bytes), such as Parent_Active")]
pub struct SegmentError(String);

impl SegmentId {
    /// Returns the segment of a name.
    pub fn parse(text: &str) -> Result<Self, SegmentError> {
        let name = text.trim();
        let fits = !name.is_empty() && name.len() <= MAX_SEGMENT_BYTES && name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-');
        if fits { Ok(Self(name.to_owned())) } else { Err(SegmentError(text.chars().take(MAX_SEGMENT_BYTES).collect())) }
    }

    /// Returns the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SegmentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for SegmentId {
    type Error = SegmentError;

    fn try_from(text: String) -> Result<Self, SegmentError> {
        Self::parse(&text)
    }
}

impl From<SegmentId> for String {
    fn from(segment: SegmentId) -> Self {
        segment.0
    }
}
