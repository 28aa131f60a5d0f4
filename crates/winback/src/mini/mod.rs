//! The small model that comes with Winback: what it learns from, and how it is made anew.
pub mod corpus;
pub mod exam;
mod grammar;
pub mod school;

#[cfg(test)]
mod tests;
