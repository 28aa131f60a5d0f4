//! The recipe file: how adapters learn, and what becomes of segments with few examples.
use crate::exit::{Exit, OrExit, stop};
use crate::workbench::read_text;
use serde::{Deserialize, Serialize};
use std::path::Path;
use winback_lm::finetune::Recipe;

/// The greatest share that may be kept back.
pub const MOST_KEPT_BACK: f64 = 0.5;

/// A recipe file: `[recipe]` says how an adapter learns, `[segments]` who gets one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RecipeFile {
    /// How an adapter learns.
    pub recipe: Recipe,
    /// Who gets one.
    pub segments: Rows,
}

/// What becomes of segments with few examples, and how many are kept back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rows {
    /// The least examples an adapter of its own is made of.
    pub least_rows: usize,
    /// What a segment with fewer gets.
    pub few_rows: FewRows,
    /// The share of examples that are kept back to see how well it goes.
    pub kept_back: f64,
}

/// What a segment with too few examples gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FewRows {
    /// The adapter that learned from the examples of all segments.
    Shared,
    /// None.
    Refuse,
}

impl Default for Rows {
    fn default() -> Self {
        Self { least_rows: 50, few_rows: FewRows::Shared, kept_back: 0.1 }
    }
}

impl RecipeFile {
    /// Reads a recipe file, or returns the recipe that holds without one.
    pub fn read(path: Option<&Path>) -> anyhow::Result<Self> {
        const HINT: &str = "docs/adapters.md lists what a recipe may say";
        let Some(path) = path else { return Ok(Self::default()) };
        let text = read_text(path)?;
        let found: Self = toml::from_str(&text)
            .map_err(|error| stop(Exit::BadConfig, format!("{} cannot be read: {}", path.display(), error.to_string().trim_end()), HINT))?;
        found.recipe.check().or_hint(Exit::BadConfig, HINT)?;
        if !(0.0..=MOST_KEPT_BACK).contains(&found.segments.kept_back) || found.segments.kept_back == 0.0 {
            let what = format!(
                "kept_back = {} in {}; expected a share above 0, at most {MOST_KEPT_BACK}",
                found.segments.kept_back,
                path.display()
            );
            return Err(stop(Exit::BadConfig, what, HINT));
        }
        Ok(found)
    }
}
