//! The lies a draft may be made to tell. Written from the outside: nothing here knows how the review finds a claim.
pub mod case;
pub mod houses;
pub mod kinds;
pub mod plant;
pub mod report;
pub mod words;
