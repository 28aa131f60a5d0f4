//! The small model that comes with Winback: what it learns from, and how it is made anew.
pub mod corpus;
pub mod exam;
mod grammar;
pub mod school;
pub mod shipped;
pub mod voices;

use winback_core::template::Templates;

#[cfg(test)]
mod tests;

/// Returns the templates by which lessons are written and mails judged: the built-in ones.
pub fn templates() -> anyhow::Result<Templates> {
    Templates::built_in().map_err(|errors| anyhow::anyhow!("the built-in templates are broken: {errors:?}"))
}
