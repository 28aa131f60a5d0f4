//! Ids, kept as text exactly as the CRM gave them.
use serde::{Deserialize, Serialize};
use std::fmt;

/// The longest customer id accepted, in bytes.
pub const MAX_ID_BYTES: usize = 128;

/// A customer's id as the CRM wrote it: leading zeros and inner spaces are kept.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(try_from = "String", into = "String")]
pub struct CustomerId(String);

/// Why a text is no customer id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Nothing, or only white space.
    #[error("the id is empty")]
    Empty,
    /// Longer than [`MAX_ID_BYTES`].
    #[error("the id is longer than {MAX_ID_BYTES} bytes")]
    TooLong,
    /// A control or direction-changing character, which no CRM prints.
    #[error("the id holds a control character")]
    Control,
}

impl CustomerId {
    /// Returns the id, or says why the text cannot be one.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        if text.trim().is_empty() {
            return Err(IdError::Empty);
        }
        if text.len() > MAX_ID_BYTES {
            return Err(IdError::TooLong);
        }
        if text.chars().any(is_invisible_control) {
            return Err(IdError::Control);
        }
        Ok(Self(text.to_owned()))
    }

    /// Returns the id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Returns whether a character is a control character or changes the writing
/// direction of what stands around it (UAX #9 explicit formatting).
pub fn is_invisible_control(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

impl fmt::Display for CustomerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for CustomerId {
    type Error = IdError;
    fn try_from(text: String) -> Result<Self, IdError> {
        Self::parse(&text)
    }
}

impl From<CustomerId> for String {
    fn from(id: CustomerId) -> Self {
        id.0
    }
}

/// The number of one pass over one file. Runs are numbered from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
pub struct RunId(pub i64);

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A customer's place among the accepted rows of its run, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Position(pub u32);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_stay_as_the_crm_wrote_them() {
        let check = |text: &str, expected: Result<&str, IdError>| {
            assert_eq!(CustomerId::parse(text).as_ref().map(CustomerId::as_str), expected.as_ref().copied(), "{text:?}");
        };
        check("7590-VHVEG", Ok("7590-VHVEG"));
        check("000123", Ok("000123"));
        check("A 12", Ok("A 12"));
        check("<script>", Ok("<script>"));
        check("客戶１", Ok("客戶１"));
        check("", Err(IdError::Empty));
        check(" \t", Err(IdError::Empty));
        check("a\0b", Err(IdError::Control));
        check("a\u{202E}b", Err(IdError::Control));
        check(&"x".repeat(129), Err(IdError::TooLong));
    }
}
