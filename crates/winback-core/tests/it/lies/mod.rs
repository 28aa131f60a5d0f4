//! The lies a draft may be made to tell, and the law that none of them gets past the review. Written from the outside:
//! it knows the types of messages, the writer and the review, and nothing of how the review finds a claim.
pub mod case;
pub mod english;
pub mod houses;
pub mod kinds;
pub mod mainland;
pub mod plant;
pub mod report;
pub mod taiwan;
pub mod words;

#[cfg(test)]
mod law;
