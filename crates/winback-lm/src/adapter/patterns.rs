//! Patterns over module names, with the meaning they have in PEFT, which matches them with Python's `re`.
use fancy_regex::{Regex, RegexBuilder};

/// How many steps back a pattern may take before it is given up: adapters come from anybody.
const MOST_STEPS_BACK: usize = 100_000;
/// The longest pattern read, in bytes; those of Unsloth have about 400.
const MOST_PATTERN_BYTES: usize = 4096;

/// A pattern that must match a whole name.
#[derive(Clone, Debug)]
pub(super) struct Pattern(Regex);

impl Pattern {
    /// Returns a pattern that must match the whole name (`re.fullmatch`), or why it is none.
    pub(super) fn whole(pattern: &str) -> Result<Self, String> {
        Self::of(&format!("^(?:{pattern})$"), pattern.len())
    }

    /// Returns a pattern that must match the name or its end behind a dot, as PEFT's `rank_pattern` does.
    pub(super) fn ending(pattern: &str) -> Result<Self, String> {
        Self::of(&format!(r"^(?:.*\.)?(?:{pattern})$"), pattern.len())
    }

    fn of(pattern: &str, length: usize) -> Result<Self, String> {
        if length > MOST_PATTERN_BYTES {
            return Err(format!("a pattern of {length} bytes; at most {MOST_PATTERN_BYTES} are read"));
        }
        RegexBuilder::new(pattern).backtrack_limit(MOST_STEPS_BACK).build().map(Self).map_err(|error| error.to_string())
    }

    /// Returns whether a name matches. A pattern that takes too long to tell does not.
    pub(super) fn matches(&self, name: &str) -> bool {
        self.0.is_match(name).unwrap_or(false)
    }
}
