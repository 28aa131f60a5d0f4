//! Phrases that a person approved by writing them into a template.

/// The approved phrases of every template, by the cases they are for.
#[derive(Clone, Debug, Default)]
pub struct Phrases {}
