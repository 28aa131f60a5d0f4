//! What the review keeps back and what it lets through: lies, honest words, and facts that changed.
mod changed;
mod clean;
mod law;
mod own_words;
mod told;
