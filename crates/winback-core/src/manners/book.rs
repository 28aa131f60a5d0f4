//! A list of phrases that finds them in a text in one pass.
use super::{Offence, Reason, fold};
use std::collections::HashMap;

/// One phrase of a book.
#[derive(Clone, Debug)]
struct Entry {
    shown: String,
    folded: String,
    /// Why it is never said; `None` for decent words that hold a phrase of the list ("no hurry").
    never: Option<(Reason, &'static str)>,
}

/// Phrases, ready to be found.
#[derive(Clone, Debug)]
pub struct Phrasebook {
    entries: Vec<Entry>,
    /// The entries by their first character, the longest first.
    starts: HashMap<char, Vec<usize>>,
    /// One bit for each first character of the basic plane: most characters of a text begin no phrase.
    begins: Vec<u64>,
}

impl Default for Phrasebook {
    fn default() -> Self {
        Self { entries: Vec::new(), starts: HashMap::new(), begins: vec![0; 0x1_0000 / 64] }
    }
}

impl Phrasebook {
    /// Adds a phrase that is never said.
    pub fn never(&mut self, phrase: &str, reason: Reason, instead: &'static str) {
        self.add(phrase, Some((reason, instead)));
    }

    /// Adds words that may be said although they hold a phrase of the list.
    pub fn decent(&mut self, words: &str) {
        self.add(words, None);
    }

    /// Returns whether there is nothing in the book.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn add(&mut self, phrase: &str, never: Option<(Reason, &'static str)>) {
        let folded = fold(phrase);
        let Some(first) = folded.chars().next() else { return };
        if let Some(word) = self.begins.get_mut(first as usize / 64) {
            *word |= 1 << (first as usize % 64);
        }
        self.entries.push(Entry { shown: phrase.trim().to_owned(), folded, never });
        let bucket = self.starts.entry(first).or_default();
        bucket.push(self.entries.len() - 1);
        bucket.sort_by_key(|&at| std::cmp::Reverse(self.entries.get(at).map_or(0, |entry| entry.folded.len())));
    }

    /// Returns the phrases of a folded text that are never said, the longest at each place, none inside another or
    /// inside decent words.
    pub fn find(&self, folded: &str) -> Vec<Offence> {
        let (mut found, mut read_until) = (Vec::new(), 0);
        for (at, c) in folded.char_indices().filter(|(_, c)| self.may_begin(*c)) {
            let bucket = self.starts.get(&c).into_iter().flatten().filter_map(|&entry| self.entries.get(entry));
            let Some(entry) = bucket.into_iter().find(|entry| stands_at(folded, at, &entry.folded)) else { continue };
            match entry.never {
                Some((reason, instead)) if at >= read_until => found.push(Offence { phrase: entry.shown.clone(), reason, instead }),
                _ => {}
            }
            read_until = read_until.max(at + entry.folded.len());
        }
        found
    }

    fn may_begin(&self, c: char) -> bool {
        self.begins.get(c as usize / 64).map_or(!self.is_empty(), |word| word & (1 << (c as usize % 64)) != 0)
    }
}

/// Returns whether a phrase stands at a place of a text, its Latin words whole.
fn stands_at(text: &str, at: usize, phrase: &str) -> bool {
    let Some(after) = text.get(at..).and_then(|rest| rest.strip_prefix(phrase)) else { return false };
    let is_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() && !super::is_wide(c));
    let before = text.get(..at).and_then(|text| text.chars().next_back());
    let whole_start = !(is_word(phrase.chars().next()) && is_word(before));
    let whole_end = !(is_word(phrase.chars().next_back()) && is_word(after.chars().next()));
    whole_start && whole_end
}
