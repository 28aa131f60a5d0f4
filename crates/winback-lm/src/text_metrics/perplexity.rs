//! Perplexity over the tokens of replies.
use serde::Serialize;

/// How surprised a model is by texts, told token by token. Two are comparable only where one tokenizer made the tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Perplexity {
    /// The tokens.
    pub tokens: u64,
    /// The sum of −ln p over them.
    pub surprise: f64,
}

impl Perplexity {
    /// Adds the log-probabilities (natural logarithm) of the tokens of one reply.
    pub fn add(&mut self, log_probabilities: &[f32]) {
        self.tokens += log_probabilities.len() as u64;
        self.surprise -= log_probabilities.iter().map(|one| f64::from(*one)).sum::<f64>();
    }

    /// Returns e to the mean of −ln p over all tokens, so that each counts the same whatever reply it stands in;
    /// `None` without a token.
    pub fn value(&self) -> Option<f64> {
        (self.tokens > 0).then(|| (self.surprise / self.tokens as f64).exp())
    }
}

impl std::ops::AddAssign<&Self> for Perplexity {
    fn add_assign(&mut self, other: &Self) {
        self.tokens += other.tokens;
        self.surprise += other.surprise;
    }
}
