//! The tokenizers of sacreBLEU: `13a` for languages with spaces, `zh` for Chinese, `char` for any.
use std::fmt;
use std::str::FromStr;

/// How a text becomes words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tokenizer {
    /// That of `mteval-v13a.pl`: punctuation apart, numbers whole.
    #[default]
    Thirteen,
    /// Each Chinese character by itself, the rest as [`Self::Thirteen`].
    Zh,
    /// Each character by itself.
    Char,
}

/// A name of no tokenizer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no tokenizer of BLEU; expected 13a, zh or char")]
pub struct UnknownTokenizer(String);

impl Tokenizer {
    /// Every tokenizer.
    pub const ALL: [Self; 3] = [Self::Thirteen, Self::Zh, Self::Char];

    /// Returns the name in a signature: `13a`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Thirteen => "13a",
            Self::Zh => "zh",
            Self::Char => "char",
        }
    }

    /// Returns the text with one space between its words.
    pub fn words(self, text: &str) -> String {
        let text = text.trim_end_matches(is_space);
        match self {
            Self::Thirteen => {
                let plain = text.replace("<skipped>", "").replace("-\n", "").replace('\n', " ");
                let plain = plain.replace("&quot;", "\"").replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">");
                spaced(&format!(" {plain} "))
            }
            Self::Zh => {
                let mut apart = String::with_capacity(2 * text.len());
                for c in text.trim_matches(is_space).chars() {
                    if is_chinese(c) {
                        apart.extend([' ', c, ' ']);
                    } else {
                        apart.push(c);
                    }
                }
                spaced(&apart)
            }
            Self::Char => joined(text.chars().filter(|c| !is_space(*c))),
        }
    }
}

impl fmt::Display for Tokenizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Tokenizer {
    type Err = UnknownTokenizer;

    fn from_str(name: &str) -> Result<Self, UnknownTokenizer> {
        Self::ALL.into_iter().find(|one| one.name() == name).ok_or_else(|| UnknownTokenizer(name.to_owned()))
    }
}

/// Returns whether Python counts a character as white space.
pub(super) fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1C}'..='\u{1F}').contains(&c)
}

fn joined(words: impl Iterator<Item = char>) -> String {
    let mut text = String::new();
    for word in words {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push(word);
    }
    text
}

/// Puts spaces around punctuation, as the four rules of `mteval-v13a.pl` do, one after the other.
fn spaced(text: &str) -> String {
    let text: Vec<char> = text.chars().flat_map(|c| if is_mark(c) { vec![' ', c, ' '] } else { vec![c] }).collect();
    let point = |c: char| matches!(c, '.' | ',');
    let text = pairs(&text, |a, b| !a.is_ascii_digit() && point(b), |a, b| vec![a, ' ', b, ' ']);
    let text = pairs(&text, |a, b| point(a) && !b.is_ascii_digit(), |a, b| vec![' ', a, ' ', b]);
    let text = pairs(&text, |a, b| a.is_ascii_digit() && b == '-', |a, b| vec![a, ' ', b, ' ']);
    let text: String = text.into_iter().collect();
    text.split(is_space).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Replaces pairs of neighbours from left to right, none overlapping another. A full stop of a regular expression's
/// class matches any character but what stands in it, line ends included.
fn pairs(text: &[char], found: impl Fn(char, char) -> bool, put: impl Fn(char, char) -> Vec<char>) -> Vec<char> {
    let (mut made, mut at) = (Vec::with_capacity(text.len() + 16), 0);
    while at < text.len() {
        match text.get(at + 1) {
            Some(&next) if found(text[at], next) => {
                made.extend(put(text[at], next));
                at += 2;
            }
            _ => {
                made.push(text[at]);
                at += 1;
            }
        }
    }
    made
}

/// Returns whether a character always stands apart: `[\{-\~\[-\` -\&\(-\+\:-\@\/]`.
fn is_mark(c: char) -> bool {
    matches!(c, '{'..='~' | '['..='`' | ' '..='&' | '('..='+' | ':'..='@' | '/')
}

/// Returns whether sacreBLEU's `zh` tokenizer sets a character apart. Two of its ranges are written with five digits,
/// which Python reads as a character and a digit, so that they lie between U+2001 and U+2A6D and between U+2F81 and
/// U+2FA1; scores that are to be equal must follow.
fn is_chinese(c: char) -> bool {
    matches!(c,
        '\u{2001}'..='\u{2A6D}' | '\u{2E80}'..='\u{2EFF}' | '\u{2F00}'..='\u{2FDF}' | '\u{2FF0}'..='\u{2FFF}'
        | '\u{3000}'..='\u{303F}' | '\u{3100}'..='\u{312F}' | '\u{31A0}'..='\u{31BF}' | '\u{31C0}'..='\u{31EF}'
        | '\u{3200}'..='\u{33FF}' | '\u{3400}'..='\u{4DB5}' | '\u{4E00}'..='\u{9FBB}' | '\u{F900}'..='\u{FA2D}'
        | '\u{FA30}'..='\u{FA6A}' | '\u{FA70}'..='\u{FAD9}' | '\u{FE10}'..='\u{FE1F}' | '\u{FE30}'..='\u{FE4F}'
        | '\u{FF00}'..='\u{FFEF}')
}
