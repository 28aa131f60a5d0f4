//! How varied texts are.
use super::Tokenizer;
use serde::Serialize;
use std::collections::HashSet;

/// How varied texts are, and how long.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Variety {
    /// The share of different words among all (distinct-1; Li et al. 2016).
    pub distinct_1: f64,
    /// The share of different pairs of neighbours.
    pub distinct_2: f64,
    /// The mean length in words.
    pub mean_words: f64,
    /// The mean length in characters.
    pub mean_characters: f64,
}

/// Returns how varied texts are; all 0 without a text.
pub fn variety(texts: &[&str], tokenizer: Tokenizer) -> Variety {
    if texts.is_empty() {
        return Variety::default();
    }
    let words: Vec<Vec<String>> = texts.iter().map(|text| tokenizer.words(text).split_whitespace().map(str::to_owned).collect()).collect();
    let distinct = |n: usize| {
        let runs = || words.iter().flat_map(move |text| text.windows(n));
        let (all, different) = (runs().count(), runs().collect::<HashSet<_>>().len());
        if all == 0 { 0.0 } else { different as f64 / all as f64 }
    };
    let mean = |total: usize| total as f64 / texts.len() as f64;
    Variety {
        distinct_1: distinct(1),
        distinct_2: distinct(2),
        mean_words: mean(words.iter().map(Vec::len).sum()),
        mean_characters: mean(texts.iter().map(|text| text.chars().count()).sum()),
    }
}
