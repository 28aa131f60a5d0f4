//! The flip test: what a score would be if nothing about a customer were different but who the customer is. Each
//! column with the role `trait` is set to each of its words for everyone, and everyone is scored again. A flip that
//! moves few scores says that the model does not look at the trait itself; columns that go together with it (a
//! proxy) are not found that way.
use crate::feature::{Feature, FeatureColumn, FeatureSchema, FeatureTable};
use crate::id::{CustomerId, Position};
use crate::model::{ChurnModel, SchemaMismatch};
use crate::risk::{RiskAssessment, RiskThresholds};
use crate::schema::{Role, TableSchema};
use serde::{Deserialize, Serialize};

/// The most words of one trait that are flipped to; the most frequent ones are.
pub const MOST_WORDS: usize = 20;
/// From which mean change of a score, as a probability, a trait is worth a word in a report: one point.
const WORTH_A_WORD: f64 = 0.01;

/// The flips of a run, as they are kept with it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct FlipReport {
    /// How many customers the run has.
    pub customers: u64,
    /// How many of them were scored: all, or as many as were drawn.
    pub scored: u64,
    /// What decided who was drawn.
    pub seed: u64,
    /// One for each trait that is a category or a flag.
    pub flips: Vec<TraitFlip>,
    /// The columns that are traits, too, and numbers: they are not flipped.
    #[serde(default)]
    pub numbers: Vec<String>,
}

impl FlipReport {
    /// Returns whether only some customers were scored.
    pub fn is_sample(&self) -> bool {
        self.scored < self.customers
    }

    /// Returns the traits that alone move scores by more than a point on average.
    pub fn moving(&self) -> impl Iterator<Item = &TraitFlip> {
        self.flips.iter().filter(|flip| flip.mean_change > WORTH_A_WORD)
    }
}

/// What the flips of one trait would change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct TraitFlip {
    /// The column.
    pub column: String,
    /// How many customers were scored.
    pub customers: u64,
    /// How each word that somebody has fares, of many the [`MOST_WORDS`] most frequent.
    pub words: Vec<WordScores>,
    /// How many words are too rare to be among them.
    #[serde(default)]
    pub rare_words: u64,
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
        let column = table.columns.get(place).filter(|_| is_trait(schema, feature));
        let Some(FeatureColumn::Category { codes, levels }) = column else { continue };
        let (words, rare_words) = frequent(codes, levels.len());
        let mut flipped = Vec::with_capacity(words.len());
        for &code in &words {
            let mut other = table.clone();
            if let Some(FeatureColumn::Category { codes, .. }) = other.columns.get_mut(place) {
                codes.fill(code);
            }
            flipped.push(model.assess(&other, who)?);
        }
        let scores = words.iter().zip(&flipped).map(|(&code, all)| word_scores(&levels[usize::from(code)], code, (codes, &now), all));
        let mut flip = summed(&feature.name, scores.collect(), &flipped, thresholds);
        flip.rare_words = rare_words;
        found.push(flip);
    }
    Ok(found)
}

/// Returns the traits that are numbers, which [`flips`] leaves out, in the order of the columns.
pub fn numeric_traits(schema: &TableSchema, features: &FeatureSchema) -> Vec<String> {
    let numbers = features.features.iter().filter(|feature| feature.numeric && is_trait(schema, feature));
    numbers.map(|feature| feature.name.clone()).collect()
}

fn is_trait(schema: &TableSchema, feature: &Feature) -> bool {
    schema.columns.get(feature.column).is_some_and(|column| column.role == Role::Trait)
}

/// Returns the codes of the most frequent words that somebody has, in their order, and how many are rarer. A word that
/// nobody has is none that the model learned, and nothing is known of those who have it.
fn frequent(codes: &[u16], words: usize) -> (Vec<u16>, u64) {
    let mut counts = vec![0_u64; words];
    codes.iter().for_each(|&code| {
        if let Some(count) = counts.get_mut(usize::from(code)) {
            *count += 1;
        }
    });
    let somebody = |code: &u16| counts[usize::from(*code)] > 0;
    let mut order: Vec<u16> = (0..u16::try_from(words).unwrap_or(u16::MAX)).filter(somebody).collect();
    order.sort_by_key(|&code| std::cmp::Reverse(counts[usize::from(code)]));
    let rare_words = order.len().saturating_sub(MOST_WORDS) as u64;
    order.truncate(MOST_WORDS);
    order.sort_unstable();
    (order, rare_words)
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
    TraitFlip {
        column: column.to_owned(),
        customers: customers as u64,
        words,
        rare_words: 0,
        mean_change: mean(&changes),
        most_change,
        other_level,
    }
}

/// Returns the mean; 0 of nothing.
fn mean(values: &[f64]) -> f64 {
    if values.is_empty() { 0.0 } else { values.iter().sum::<f64>() / values.len() as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_words_the_frequent_ones_are_flipped_to() {
        assert_eq!(frequent(&[2, 2, 0, u16::MAX], 3), (vec![0, 2], 0), "few are all told, in their order, but none that nobody has");
        let codes: Vec<u16> = (0..100).flat_map(|code| vec![code; usize::from(code) + 1]).collect();
        assert_eq!(frequent(&codes, 100), ((80..100).collect::<Vec<u16>>(), 80));
    }

    #[test]
    fn a_trait_is_worth_a_word_from_more_than_a_point() {
        let flip = |column: &str, mean_change: f64| TraitFlip {
            column: column.into(),
            customers: 10,
            words: Vec::new(),
            rare_words: 0,
            mean_change,
            most_change: mean_change,
            other_level: 0,
        };
        let report = FlipReport {
            customers: 30_000,
            scored: 10,
            seed: 1,
            flips: vec![flip("quiet", 0.01), flip("loud", 0.0101)],
            numbers: Vec::new(),
        };
        assert_eq!(report.moving().map(|flip| flip.column.as_str()).collect::<Vec<_>>(), ["loud"]);
        assert!(report.is_sample());
    }
}
