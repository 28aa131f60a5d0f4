//! What is wrong with a configuration file, and where.
use std::fmt;

/// A fault at one place of a configuration file. Its text reads
/// `schema.toml:12:8: unknown key "lable" in [[column]] "tenure"; did you mean "label"?`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {fault}")]
pub struct ConfigError {
    /// Where the fault stands.
    pub place: Place,
    /// What is wrong.
    pub fault: Box<Fault>,
}

/// A place in a file that a person can go to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file as it was named to the program.
    pub file: String,
    /// The line, counted from 1; 0 where there is no file, as for an environment variable.
    pub line: usize,
    /// The character in the line, counted from 1.
    pub column: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str(&self.file),
            line => write!(f, "{}:{line}:{}", self.file, self.column),
        }
    }
}

/// What is wrong at a place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The text is no TOML.
    #[error("this is not TOML: {0}")]
    Syntax(String),
    /// A key that nothing reads.
    #[error("unknown key {key:?} in {section}; {}", suggest(nearest.as_deref(), known))]
    UnknownKey {
        /// The key.
        key: String,
        /// The section it stands in, as a person would name it.
        section: String,
        /// The known key that is spelt most alike.
        nearest: Option<String>,
        /// Every key the section can hold.
        known: Vec<String>,
    },
    /// A key that must be there is not.
    #[error("{section} lacks {key:?}; expected {expected}")]
    MissingKey {
        /// The key.
        key: String,
        /// The section it should stand in.
        section: String,
        /// What it should hold.
        expected: String,
    },
    /// A value of another kind than the key holds.
    #[error("{key:?} holds {found}; expected {expected}")]
    WrongType {
        /// The key.
        key: String,
        /// What it should hold.
        expected: String,
        /// What it holds.
        found: String,
    },
    /// A word that is none of those the key can hold.
    #[error("{key:?} holds {found:?}; {}", suggest(nearest.as_deref(), known))]
    UnknownWord {
        /// The key.
        key: String,
        /// The word.
        found: String,
        /// The known word that is spelt most alike.
        nearest: Option<String>,
        /// Every word the key can hold.
        known: Vec<String>,
    },
    /// Anything else, said in full.
    #[error("{0}")]
    Other(String),
}

fn suggest(nearest: Option<&str>, known: &[String]) -> String {
    match nearest {
        Some(word) => format!("did you mean {word:?}?"),
        None => format!("expected one of {}", known.join(", ")),
    }
}
