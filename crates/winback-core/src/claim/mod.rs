//! Claims: what a text states that could be true or false, in a form that can be
//! compared. A fact of a brief states claims too, and the same reader reads both.
mod phrases;
mod value;

pub use phrases::Phrases;
pub use value::{Sense, Unit, Value};
