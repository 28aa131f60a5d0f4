//! Exit codes and hints: what a command says when it cannot do what it was asked.
use std::fmt;
use std::process::ExitCode;

/// Why a command ended; the number is the process's exit code. The list stands in `winback --help` and the README.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Something failed that no other code names.
    Failure = 1,
    /// The command line is wrong, or the customer or file it names does not exist.
    Usage = 2,
    /// The input file or its rows cannot be used.
    BadInput = 3,
    /// Another run is at work in this folder.
    Busy = 4,
    /// winback.toml, schema.toml, offers.toml, segments.toml or a template is wrong.
    BadConfig = 5,
    /// The store or the disk failed.
    Storage = 6,
    /// A check found something: lint, doctor, `--check`.
    Findings = 7,
    /// The job was done for some customers or segments only, or the built-in writer stepped in for a model; the report says
    /// for whom.
    Partial = 8,
}

/// The text of `winback --help` that explains exit codes.
pub const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  failed for a reason that no other code names
  2  wrong command line, or a customer or file that does not exist
  3  the input file or its rows cannot be used
  4  another run is at work in this folder
  5  winback.toml, schema.toml, offers.toml, segments.toml or a template is wrong
  6  the store or the disk failed
  7  a check found something (lint, doctor, --check)
  8  done in part: not for all customers or segments, or not by the model asked for; the report says which";

/// An error with the code to leave with and what to type next.
#[derive(Debug)]
pub struct Hinted {
    code: Exit,
    hint: Option<String>,
    error: anyhow::Error,
}

impl fmt::Display for Hinted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for Hinted {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.error.source()
    }
}

/// Gives errors an exit code and a hint.
pub trait OrExit<T> {
    /// Leaves with a code.
    fn or_exit(self, code: Exit) -> anyhow::Result<T>;
    /// Leaves with a code and says what to type next.
    fn or_hint(self, code: Exit, hint: impl Into<String>) -> anyhow::Result<T>;
}

impl<T, E: Into<anyhow::Error>> OrExit<T> for Result<T, E> {
    fn or_exit(self, code: Exit) -> anyhow::Result<T> {
        self.map_err(|error| Hinted { code, hint: None, error: error.into() }.into())
    }

    fn or_hint(self, code: Exit, hint: impl Into<String>) -> anyhow::Result<T> {
        self.map_err(|error| Hinted { code, hint: Some(hint.into()), error: error.into() }.into())
    }
}

/// Returns an error that leaves with a code and says what to type next.
pub fn stop(code: Exit, what: impl fmt::Display, hint: impl Into<String>) -> anyhow::Error {
    Hinted { code, hint: Some(hint.into()), error: anyhow::anyhow!("{what}") }.into()
}

/// Returns the exit code of an error and what a person reads: the error, its causes, the hint.
pub fn explain(error: &anyhow::Error) -> (ExitCode, String) {
    let hinted = error.chain().find_map(|cause| cause.downcast_ref::<Hinted>());
    let code = hinted.map_or(Exit::Failure, |hinted| hinted.code);
    let mut text = String::from("error: ");
    let mut last = String::new();
    for cause in error.chain() {
        let sentence = cause.to_string();
        if !last.contains(&sentence) {
            let lead = if last.is_empty() { "" } else { "\n  because: " };
            text.push_str(&format!("{lead}{sentence}"));
            last = sentence;
        }
    }
    if let Some(hint) = hinted.and_then(|hinted| hinted.hint.as_ref()) {
        text.push_str(&format!("\n  hint: {hint}"));
    }
    (ExitCode::from(code as u8), text)
}
