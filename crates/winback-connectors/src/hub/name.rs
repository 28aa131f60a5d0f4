//! What a model, a revision and a file of it may be called: nothing that could lead out of a folder or into an address.
use std::fmt;

/// The longest name of an owner or a model the Hub allows.
const MOST_NAME_BYTES: usize = 96;
/// The longest revision accepted.
const MOST_REVISION_BYTES: usize = 250;

/// A name that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} cannot be {what}: {why}")]
pub struct NameError {
    /// What was written.
    pub text: String,
    /// What it should have named.
    pub what: &'static str,
    /// What is wrong and what is expected.
    pub why: &'static str,
}

/// A model repository, `owner/name`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository {
    owner: String,
    name: String,
}

impl Repository {
    /// Returns the repository of a text such as `Qwen/Qwen3-0.6B`.
    ///
    /// # Errors
    /// Says what is expected of a name.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let wrong = |why| NameError { text: text.to_owned(), what: "the name of a model", why };
        let (owner, name) = text.split_once('/').ok_or_else(|| wrong("expected owner/name, such as Qwen/Qwen3-0.6B"))?;
        for part in [owner, name] {
            let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
            if part.is_empty() || part.len() > MOST_NAME_BYTES || !part.chars().all(plain) {
                return Err(wrong("expected owner/name of letters, digits, '.', '_' and '-', such as Qwen/Qwen3-0.6B"));
            }
            if part.contains("..") || part.starts_with(['.', '-']) || part.ends_with(['.', '-']) {
                return Err(wrong("neither part may hold '..', or begin or end with '.' or '-'"));
            }
        }
        Ok(Self { owner: owner.to_owned(), name: name.to_owned() })
    }

    /// Returns who published it.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// Returns what it is called.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.name)
    }
}

/// A state of a repository as a person names it: a branch, a tag or a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision(String);

impl Revision {
    /// Returns the revision of a text such as `main` or `refs/pr/3`.
    ///
    /// # Errors
    /// Says what is expected of a revision.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let wrong = |why| NameError { text: text.to_owned(), what: "a revision", why };
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '/');
        if text.is_empty() || text.len() > MOST_REVISION_BYTES || !text.chars().all(plain) {
            return Err(wrong("expected a branch, a tag or a commit, of letters, digits, '.', '_', '-' and '/'"));
        }
        if text.contains("..") || text.contains("//") || text.starts_with(['/', '-', '.']) || text.ends_with(['/', '.']) {
            return Err(wrong("it may not hold '..' or '//', begin with '/', '-' or '.', or end with '/' or '.'"));
        }
        Ok(Self(text.to_owned()))
    }

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns it as one part of an address.
    pub(super) fn in_address(&self) -> String {
        self.0.replace('/', "%2F")
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Returns whether a text is a commit: 40 lower-case hexadecimal digits.
pub fn is_commit(text: &str) -> bool {
    is_hex(text, 40)
}

pub(super) fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Returns whether a file of that name may be kept: one name, no folder, nothing hidden.
pub(super) fn is_plain_file(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    !name.is_empty() && name.len() <= 200 && name.chars().all(plain) && !name.starts_with(['.', '-']) && !name.contains("..")
}
