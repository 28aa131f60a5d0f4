//! Good manners: what a message never says, in every language, and a gentler way
//! to say it. Nobody is blamed, watched, pressed or made to feel guilty, and no
//! sentence is spent on saying nothing.
//!
//! Phrases are found without regard to case, width and inner white space, and to
//! whether a Chinese text says 您 or 你.
mod book;
mod greeting;
mod house;
mod phrases;

pub use book::Phrasebook;
pub use house::{HouseRules, Limits, Rules};

use std::sync::LazyLock;

/// Why a phrase is never said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// It blames the customer for what they did or did not do.
    Blame,
    /// It tells the customer that they are watched.
    Spying,
    /// It presses with a hurry that no fact supports.
    Urgency,
    /// It says nothing.
    Empty,
    /// It makes the customer feel guilty.
    Guilt,
    /// It greets nobody: the name is missing.
    Nameless,
    /// The company never says it.
    House,
}

impl Reason {
    /// Returns what the phrase does, after "which".
    pub fn words(self) -> &'static str {
        match self {
            Reason::Blame => "blames the customer",
            Reason::Spying => "tells the customer that they are watched",
            Reason::Urgency => "presses with an urgency that no fact supports",
            Reason::Empty => "says nothing",
            Reason::Guilt => "makes the customer feel guilty",
            Reason::Nameless => "greets without a name",
            Reason::House => "the company never says",
        }
    }
}

/// A phrase of a text that is never said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offence {
    /// The phrase, as the list has it.
    pub phrase: String,
    /// Why it is never said.
    pub reason: Reason,
    /// What to say instead.
    pub instead: &'static str,
}

impl std::fmt::Display for Offence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} is a phrase which {}; {}", self.phrase, self.reason.words(), self.instead)
    }
}

static BUILT_IN: LazyLock<Phrasebook> = LazyLock::new(phrases::book);

/// Returns every phrase of a text that no message says, in the order of the text.
pub fn find(text: &str) -> Vec<Offence> {
    let mut offences = BUILT_IN.find(&fold(text));
    offences.extend(greeting::nameless(text));
    offences
}

/// Returns a text as phrases are compared: without regard to case, width, inner white space and invisible
/// characters, 你 and 妳 as 您, 臺 as 台, every apostrophe the same.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    let (mut gap, mut last) = (false, '\0');
    for c in text.chars() {
        if c.is_whitespace() {
            gap = true;
            continue;
        }
        let c = match c {
            'A'..='Z' => c.to_ascii_lowercase(),
            c if c.is_ascii() => c,
            '\u{200B}'..='\u{200F}' | '\u{2060}' | '\u{FEFF}' | '\u{00AD}' => continue,
            '\u{2018}' | '\u{2019}' | '\u{02BC}' => '\'',
            '你' | '妳' => '您',
            '臺' => '台',
            c => half_width(c),
        };
        if gap && last != '\0' && !is_wide(last) && !is_wide(c) {
            folded.push(' ');
        }
        gap = false;
        last = c;
        folded.push(c);
    }
    folded
}

/// Returns the half-width, lower-case form of a letter, digit or sign.
fn half_width(c: char) -> char {
    let narrow = match c {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
        c if u32::from(c) < 0x2E80 => c.to_lowercase().next().unwrap_or(c),
        c => c,
    };
    narrow.to_ascii_lowercase()
}

/// Returns whether a character belongs to a script without spaces.
fn is_wide(c: char) -> bool {
    u32::from(c) >= 0x2E80
}

#[cfg(test)]
mod tests;
