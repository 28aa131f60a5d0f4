//! A text as it comes: ids in, letters out, no further than a stop string.
use crate::tokens::{Tokens, TokensError};

/// Turns ids that come one by one into text. A letter comes when all its bytes are there.
#[derive(Clone, Debug, Default)]
pub struct TextStream {
    ids: Vec<u32>,
    /// Where the ids begin that are read again with the next one: text depends on what stands before it.
    context: usize,
    /// The ids whose text was given.
    given: usize,
}

impl TextStream {
    /// Takes an id and returns the text that is complete with it; may be empty.
    pub fn push(&mut self, tokens: &Tokens, id: u32) -> Result<String, TokensError> {
        self.ids.push(id);
        let text = self.rest(tokens)?;
        if text.ends_with('\u{fffd}') {
            return Ok(String::new());
        }
        (self.context, self.given) = (self.given, self.ids.len());
        Ok(text)
    }

    /// Returns what is left when no more ids come: the bytes of a letter that never was complete give `\u{fffd}`.
    pub fn finish(&mut self, tokens: &Tokens) -> Result<String, TokensError> {
        let text = self.rest(tokens)?;
        (self.context, self.given) = (self.given, self.ids.len());
        Ok(text)
    }

    fn rest(&self, tokens: &Tokens) -> Result<String, TokensError> {
        let before = tokens.decode(&self.ids[self.context..self.given], false)?;
        let all = tokens.decode(&self.ids[self.context..], false)?;
        Ok(all.get(before.len()..).unwrap_or_default().to_owned())
    }
}

/// Looks for stop strings in a text that comes in pieces, and holds back what could be the beginning of one.
#[derive(Clone, Debug)]
pub struct Stops {
    stops: Vec<String>,
    held: String,
    stopped: bool,
}

impl Stops {
    /// Returns the search for these strings; empty ones are never found.
    pub fn new(stops: Vec<String>) -> Self {
        Self { stops: stops.into_iter().filter(|stop| !stop.is_empty()).collect(), held: String::new(), stopped: false }
    }

    /// Takes a piece of text and returns what may be shown. After a stop string that is nothing.
    pub fn push(&mut self, piece: &str) -> String {
        if self.stopped {
            return String::new();
        }
        self.held.push_str(piece);
        if let Some(at) = self.stops.iter().filter_map(|stop| self.held.find(stop)).min() {
            self.stopped = true;
            self.held.truncate(at);
            return std::mem::take(&mut self.held);
        }
        let keep = self.held.len() - self.could_begin();
        let rest = self.held.split_off(keep);
        std::mem::replace(&mut self.held, rest)
    }

    /// Returns what was held back, when the text is at its end.
    pub fn finish(&mut self) -> String {
        std::mem::take(&mut self.held)
    }

    /// Returns whether a stop string was found. It is not part of the text.
    pub fn stopped(&self) -> bool {
        self.stopped
    }

    /// Returns how many bytes at the end of the text could be the beginning of a stop string.
    fn could_begin(&self) -> usize {
        let begins = |start: &usize| self.stops.iter().any(|stop| stop.as_bytes().starts_with(&self.held.as_bytes()[*start..]));
        let starts = self.held.char_indices().map(|(at, _)| at);
        starts.filter(|start| begins(start)).min().map_or(0, |start| self.held.len() - start)
    }
}
