//! Claims: what a text states that could be true or false, in a form that can be
//! compared. A fact of a brief states claims too, and the same reader reads both.
//!
//! [`read`] goes through a text once: an automaton finds the words of all three
//! languages, small parsers read the numbers, dates and names around them.
mod amount;
mod around;
mod compare;
mod context;
mod date;
#[cfg(test)]
mod laws;
mod lexicon;
mod numeral;
mod phrases;
mod reader;
mod say;
mod value;
mod wordings;

pub use compare::Compare;
pub(crate) use context::{clause, denied_within, sentence};
pub use phrases::Phrases;
pub(crate) use phrases::Spot;
pub use reader::{Claim, Reading, read};
pub use value::{Sense, Unit, Value};
pub(crate) use wordings::{clauses, is_courtesy, is_mark, is_put_in, mark};
