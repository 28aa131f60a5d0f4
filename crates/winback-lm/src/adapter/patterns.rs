//! Patterns over module names, with the meaning they have in PEFT, which matches them with Python's `re`.
//!
//! Adapters come from anybody, so what a pattern may cost is bounded: its length, the size it is compiled to, how many
//! are compiled, and the steps back one match may take.
use fancy_regex::{Regex, RegexBuilder};

/// How many steps back a match may take before it is given up.
const MOST_STEPS_BACK: usize = 10_000;
/// The longest pattern read, in bytes; those of Unsloth have about 400.
const MOST_PATTERN_BYTES: usize = 4096;
/// The most memory a compiled pattern may take; that of Unsloth takes less than half of it.
const MOST_COMPILED_BYTES: usize = 256 << 10;

/// A pattern that must match a whole name.
#[derive(Clone, Debug)]
pub(super) struct Pattern(How);

#[derive(Clone, Debug)]
enum How {
    /// Letters that stand for themselves and dots that stand for any letter, before the end of a name.
    Ending(String),
    Compiled(Regex),
}

impl Pattern {
    /// Returns a pattern that must match the whole name (`re.fullmatch`), or why it is none.
    pub(super) fn whole(pattern: &str) -> Result<Self, String> {
        Self::compiled(pattern, &format!("^(?:{pattern})$"))
    }

    /// Returns a pattern that must match the name or its end behind a dot, as PEFT's `rank_pattern` does.
    pub(super) fn ending(pattern: &str) -> Result<Self, String> {
        match !pattern.is_empty() && pattern.len() <= MOST_PATTERN_BYTES && pattern.chars().all(|letter| plain(letter) || letter == '.') {
            true => Ok(Self(How::Ending(pattern.to_owned()))),
            false => Self::compiled(pattern, &format!(r"^(?:.*\.)?(?:{pattern})$")),
        }
    }

    fn compiled(pattern: &str, placed: &str) -> Result<Self, String> {
        let length = pattern.len();
        if length > MOST_PATTERN_BYTES {
            return Err(format!("a pattern of {length} bytes; at most {MOST_PATTERN_BYTES} are read"));
        }
        let build = |pattern: &str| {
            let mut builder = RegexBuilder::new(pattern);
            builder.backtrack_limit(MOST_STEPS_BACK).delegate_size_limit(MOST_COMPILED_BYTES);
            builder.build().map_err(|error| error.to_string())
        };
        // By itself first: `a)|(b` is no pattern, but would be one between parentheses.
        build(pattern)?;
        build(placed).map(|regex| Self(How::Compiled(regex)))
    }

    /// Returns whether it is one of those that take memory and steps.
    pub(super) fn is_compiled(&self) -> bool {
        matches!(self.0, How::Compiled(_))
    }

    /// Returns whether a name matches, `None` where that takes too many steps to tell.
    pub(super) fn matches(&self, name: &str) -> Option<bool> {
        match &self.0 {
            How::Compiled(regex) => regex.is_match(name).ok(),
            How::Ending(pattern) => Some(ends_like(name, pattern)),
        }
    }
}

/// Returns whether a letter stands for itself in a pattern.
fn plain(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_'
}

/// Returns whether a name is like a pattern, or ends like it behind a dot.
fn ends_like(name: &str, pattern: &str) -> bool {
    let (mut name, mut pattern) = (name.chars().rev(), pattern.chars().rev());
    let alike = pattern.all(|letter| name.next().is_some_and(|own| own == letter || letter == '.' && own != '\n'));
    alike && matches!(name.next(), None | Some('.'))
}
