//! The flip test: what a score would be if nothing about a customer were different but who the customer is. Each
//! column with the role `trait` is set to each of its words for everyone, and everyone is scored again. A flip that
//! moves few scores says that the model does not look at the trait itself; columns that go together with it (a
//! proxy) are not found that way.
use crate::feature::{FeatureColumn, FeatureTable};
use crate::id::{CustomerId, Position};
use crate::model::{ChurnModel, SchemaMismatch};
use crate::risk::{RiskAssessment, RiskThresholds};
use crate::schema::{Role, TableSchema};
use serde::{Deserialize, Serialize};

/// What the flips of one trait would change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct TraitFlip {
    /// The column.
    pub column: String,
    /// How many customers were scored.
    pub customers: u64,
    /// How each word fares.
    pub words: Vec<WordScores>,
    /// The mean of the widest distance between two words' scores of one customer, as a probability.
    pub mean_change: f64,
    /// The widest of all.
    pub most_change: f64,
    /// How many customers would have another risk level under another word.
    pub other_level: u64,
}

/// How customers with one word fare, and how everyone would.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct WordScores {
    /// The word.
    pub word: String,
    /// How many customers have it.
    pub customers: u64,
    /// Their mean score, with everything that goes together with the word.
    pub mean_score: f64,
    /// The mean score of everyone if all had it and nothing else were different.
    pub mean_if_all: f64,
}

/// Flips every trait that is a category or a flag and returns what would change, in the order of the columns.
pub fn flips(
    schema: &TableSchema,
    (table, who): (&FeatureTable, &[(Position, CustomerId)]),
    model: &dyn ChurnModel,
    thresholds: RiskThresholds,
) -> Result<Vec<TraitFlip>, SchemaMismatch> {
    let now = model.assess(table, who)?;
    let mut found = Vec::new();
    for (place, feature) in table.schema.features.iter().enumerate() {
        let is_trait = schema.columns.get(feature.column).is_some_and(|column| column.role == Role::Trait);
        let Some(FeatureColumn::Category { codes, levels }) = table.columns.get(place).filter(|_| is_trait) else { continue };
        let mut flipped = Vec::with_capacity(levels.len());
        for code in 0..u16::try_from(levels.len()).unwrap_or(u16::MAX) {
            let mut other = table.clone();
            if let Some(FeatureColumn::Category { codes, .. }) = other.columns.get_mut(place) {
                codes.fill(code);
            }
            flipped.push(model.assess(&other, who)?);
        }
        let words = levels.iter().zip(&flipped).zip(0..).map(|((word, all), code)| word_scores(word, code, (codes, &now), all));
        found.push(summed(&feature.name, words.collect(), &flipped, thresholds));
    }
    Ok(found)
}

fn word_scores(word: &str, code: u16, (codes, now): (&[u16], &[RiskAssessment]), all: &[RiskAssessment]) -> WordScores {
    let own: Vec<f64> = codes.iter().zip(now).filter(|(own, _)| **own == code).map(|(_, one)| one.probability.value()).collect();
    let everyone: Vec<f64> = all.iter().map(|one| one.probability.value()).collect();
    WordScores { word: word.to_owned(), customers: own.len() as u64, mean_score: mean(&own), mean_if_all: mean(&everyone) }
}

fn summed(column: &str, words: Vec<WordScores>, flipped: &[Vec<RiskAssessment>], thresholds: RiskThresholds) -> TraitFlip {
    let customers = flipped.first().map_or(0, Vec::len);
    let (mut changes, mut other_level) = (Vec::with_capacity(customers), 0);
    for row in 0..customers {
        let scores = || flipped.iter().filter_map(|all| all.get(row)).map(|one| one.probability);
        let values: Vec<f64> = scores().map(|score| score.value()).collect();
        changes.push(values.iter().copied().fold(f64::MIN, f64::max) - values.iter().copied().fold(f64::MAX, f64::min));
        let mut levels = scores().map(|score| thresholds.level(score));
        let first = levels.next();
        other_level += u64::from(levels.any(|level| Some(level) != first));
    }
    let most_change = changes.iter().copied().fold(0.0, f64::max);
    TraitFlip { column: column.to_owned(), customers: customers as u64, words, mean_change: mean(&changes), most_change, other_level }
}

/// Returns the mean; 0 of nothing.
fn mean(values: &[f64]) -> f64 {
    if values.is_empty() { 0.0 } else { values.iter().sum::<f64>() / values.len() as f64 }
}
