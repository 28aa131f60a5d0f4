//! chrF (Popović 2015) as sacreBLEU computes it: runs of one to six characters, white space left out, beta 2.
use super::ngrams::counts;
use super::tokenize::is_space;
use super::{MetricError, check};
use serde::Serialize;

/// The longest runs of characters that are compared.
const MOST: usize = 6;
/// How many times as much recall counts as precision.
const BETA: f64 = 2.0;

/// A chrF score.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Chrf {
    /// The score, from 0 to 100.
    pub score: f64,
    /// How it was computed, in sacreBLEU's form: `nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no`.
    pub signature: String,
}

/// Per length of run: how many the text has, how many the reference has, and how many they share.
type Matches = [[u64; 3]; MOST];

/// What is counted in texts. Those of several texts add up to that of all together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChrfCounts(Matches);

impl ChrfCounts {
    /// Counts one text; `references` is not empty.
    pub fn of(text: &str, references: &[&str]) -> Self {
        Self(best(text, references))
    }

    /// Returns the score of all texts that were counted, from 0 to 100.
    pub fn score(&self) -> f64 {
        f_score(&self.0)
    }
}

impl std::ops::AddAssign<&Self> for ChrfCounts {
    fn add_assign(&mut self, other: &Self) {
        self.0.iter_mut().flatten().zip(other.0.iter().flatten()).for_each(|(all, own)| *all += own);
    }
}

/// Returns the chrF of all texts together; `references` holds those of each text.
pub fn corpus_chrf(texts: &[&str], references: &[Vec<&str>]) -> Result<Chrf, MetricError> {
    let of_each = check(texts, references)?;
    let mut all = ChrfCounts::default();
    for (text, references) in texts.iter().zip(references) {
        all += &ChrfCounts::of(text, references);
    }
    Ok(Chrf { score: all.score(), signature: format!("nrefs:{of_each}|case:mixed|eff:yes|nc:{MOST}|nw:0|space:no") })
}

/// Returns the chrF of one text.
pub fn sentence_chrf(text: &str, references: &[&str]) -> Result<Chrf, MetricError> {
    corpus_chrf(&[text], &[references.to_vec()])
}

/// Returns what a text shares with the reference that it is most like.
fn best(text: &str, references: &[&str]) -> Matches {
    let letters = |text: &str| -> Vec<char> { text.chars().filter(|c| !is_space(*c)).collect() };
    let text = letters(text);
    let (mut best, mut most) = (Matches::default(), -1.0);
    for reference in references {
        let reference = letters(reference);
        let own: Matches = std::array::from_fn(|n| {
            let (of_text, known) = (counts(&text, n + 1), counts(&reference, n + 1));
            let shared = of_text.iter().map(|(run, count)| known.get(run).map_or(0, |known| *count.min(known))).sum();
            let own = if known.is_empty() { 0 } else { of_text.values().sum() };
            [own, known.values().sum(), shared]
        });
        let score = f_score(&own);
        if score > most {
            (best, most) = (own, score);
        }
    }
    best
}

fn f_score(found: &Matches) -> f64 {
    let (mut precision, mut recall, mut orders) = (0.0, 0.0, 0.0);
    for [own, known, shared] in found.iter().filter(|[own, known, _]| *own > 0 && *known > 0) {
        precision += *shared as f64 / *own as f64;
        recall += *shared as f64 / *known as f64;
        orders += 1.0;
    }
    if precision + recall == 0.0 {
        return 0.0;
    }
    (precision, recall) = (precision / orders, recall / orders);
    100.0 * (1.0 + BETA * BETA) * precision * recall / (BETA * BETA * precision + recall)
}
