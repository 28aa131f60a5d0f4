//! A text as it comes: ids in, letters out, no further than a stop string.
use crate::tokens::Tokens;

/// Turns ids that come one by one into text. A letter comes when all its bytes are there.
#[derive(Clone, Debug, Default)]
pub struct TextStream {
    /// The bytes of a letter that is not complete, three at most.
    begun: Vec<u8>,
}

impl TextStream {
    /// Takes an id and returns the text that is complete with it; may be empty. Bytes that are no text give `\u{fffd}`,
    /// as many as [`Tokens::decode`] gives for all ids together.
    pub fn push(&mut self, tokens: &Tokens, id: u32) -> String {
        self.begun.extend(tokens.bytes(id));
        let mut text = String::new();
        let mut rest = self.begun.as_slice();
        let left: &[u8] = loop {
            match std::str::from_utf8(rest) {
                Ok(whole) => {
                    text.push_str(whole);
                    break &[];
                }
                Err(error) => {
                    let (whole, broken) = rest.split_at(error.valid_up_to());
                    text.push_str(&String::from_utf8_lossy(whole));
                    let Some(wrong) = error.error_len() else { break broken };
                    text.push(char::REPLACEMENT_CHARACTER);
                    rest = &broken[wrong..];
                }
            }
        };
        self.begun = left.to_vec();
        text
    }

    /// Returns what is left when no more ids come: a letter that never was complete gives `\u{fffd}`.
    pub fn finish(&mut self) -> String {
        String::from_utf8_lossy(&std::mem::take(&mut self.begun)).into_owned()
    }
}

/// Looks for stop strings in a text that comes in pieces, and holds back what could be the beginning of one. The one that
/// is complete first counts, of several the longest: so it does not matter where pieces begin.
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
        let found = self.stops.iter().filter_map(|stop| self.held.find(stop).map(|at| (at + stop.len(), at)));
        if let Some((_, at)) = found.min() {
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
        let mut starts = self.held.char_indices().map(|(at, _)| at);
        starts.find(begins).map_or(0, |start| self.held.len() - start)
    }
}
