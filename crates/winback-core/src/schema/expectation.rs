//! What the business expects of leaving as a number grows.
use serde::{Deserialize, Serialize};

/// What the business expects of leaving as a number grows. A model that says otherwise gets a warning on its card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expectation {
    /// More customers leave.
    Rises,
    /// Fewer customers leave.
    Falls,
}

impl Expectation {
    /// Every expectation with its word in files.
    pub const WORDS: [(&'static str, Expectation); 2] = [("rises", Expectation::Rises), ("falls", Expectation::Falls)];
}
