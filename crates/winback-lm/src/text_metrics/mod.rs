//! How texts compare with references: BLEU, chrF, perplexity, distinct n-grams, length.
//!
//! BLEU and chrF are those of sacreBLEU 2.6 to the last digit it prints, tokenizers included. They tell how alike two
//! texts are in their words, not which is the better one.
mod bleu;
mod chrf;
mod ngrams;
mod perplexity;
mod tokenize;
mod variety;

#[cfg(test)]
mod tests;

pub use bleu::{Bleu, BleuCounts, MOST_WORDS, corpus_bleu, sentence_bleu};
pub use chrf::{Chrf, ChrfCounts, corpus_chrf, sentence_chrf};
pub use perplexity::Perplexity;
pub use tokenize::{Tokenizer, UnknownTokenizer};
pub use variety::{Variety, variety};

/// Texts that cannot be compared.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MetricError {
    /// There is nothing to compare.
    #[error("there is no text to compare; expected at least one")]
    NoText,
    /// A text has no reference.
    #[error("text {0} has no reference to be compared with; expected at least one, and as many for every text")]
    NoReference(usize),
    /// There are not as many references for each text.
    #[error("text {text} has {found} references and the first one {expected}; expected as many for every text")]
    Uneven {
        /// Which text, counted from 1.
        text: usize,
        /// How many it has.
        found: usize,
        /// How many the first one has.
        expected: usize,
    },
    /// There are not as many references as texts.
    #[error("{texts} texts stand beside references for {references}; expected one line of references for each text")]
    Count {
        /// How many texts.
        texts: usize,
        /// How many of them have references.
        references: usize,
    },
}

/// Returns how many references each text has, once there are as many for every one.
fn check(texts: &[&str], references: &[Vec<&str>]) -> Result<usize, MetricError> {
    if texts.len() != references.len() {
        return Err(MetricError::Count { texts: texts.len(), references: references.len() });
    }
    let expected = references.first().ok_or(MetricError::NoText)?.len();
    for (text, own) in references.iter().enumerate() {
        if own.is_empty() {
            return Err(MetricError::NoReference(text + 1));
        }
        if own.len() != expected {
            return Err(MetricError::Uneven { text: text + 1, found: own.len(), expected });
        }
    }
    Ok(expected)
}
