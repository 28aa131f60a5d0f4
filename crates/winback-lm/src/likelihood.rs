//! How likely a model finds a text that is there already.
use crate::adapter::Adapter;
use crate::cache::Cache;
use crate::forward::{ForwardError, Piece, Want};
use crate::model::Model;
use rayon::prelude::*;

/// How many tokens are read in one step.
const READ_AT_ONCE: usize = 512;
/// For how many of them there are logits at a time: each has as many as the vocabulary.
const ROWS_AT_ONCE: usize = 64;

impl Model {
    /// Returns the natural logarithm of the probability of each token of a reply, after the prompt and what the reply says
    /// before it: `[reply]`, all finite.
    ///
    /// # Errors
    /// When the prompt is empty, prompt and reply are longer than the model reads, a token or the adapter is not of this
    /// model, or what is computed is no number.
    pub fn log_probabilities(&self, prompt: &[u32], reply: &[u32], adapter: Option<&Adapter>) -> Result<Vec<f32>, ForwardError> {
        let (text, config) = ([prompt, reply].concat(), &self.config);
        if prompt.is_empty() {
            return Err(ForwardError::NoTokens { piece: 0 });
        }
        if text.len() > config.context {
            return Err(ForwardError::TooLong { piece: 0, length: text.len(), context: config.context });
        }
        if let Some(token) = text.iter().find(|token| **token as usize >= config.vocab_size) {
            return Err(ForwardError::UnknownToken { piece: 0, token: *token, last: config.vocab_size - 1 });
        }
        // What a token tells is about the next one, so the last one need not be read.
        let (read, mut cache) = (&text[..text.len() - 1], Cache::with_room(self, text.len() - 1));
        let (mut found, mut logits) = (Vec::with_capacity(reply.len()), Vec::new());
        for tokens in read.chunks(READ_AT_ONCE) {
            let begin = cache.len();
            // The first row that tells about a token of the reply.
            let first = begin.max(prompt.len() - 1);
            let want = if first < begin + tokens.len() { Want::All } else { Want::Nothing };
            let rows = self.forward(&mut [Piece { cache: &mut cache, tokens, adapter, want }])?.rows;
            let rows = rows.get((first - begin) * config.hidden_size..).unwrap_or_default();
            for (some, told) in rows.chunks(ROWS_AT_ONCE * config.hidden_size).zip(text[first + 1..].chunks(ROWS_AT_ONCE)) {
                self.logits_into(some, &mut logits)?;
                let rows = logits.par_chunks_exact(config.vocab_size).zip(told);
                found.par_extend(rows.map(|(logits, token)| log_probability(logits, *token)));
            }
        }
        if found.iter().all(|one: &f32| one.is_finite()) { Ok(found) } else { Err(ForwardError::NoNumbers) }
    }
}

/// Returns the logarithm of a token's share in the softmax of logits.
fn log_probability(logits: &[f32], token: u32) -> f32 {
    let most = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let total: f64 = logits.iter().map(|logit| f64::from(logit - most).exp()).sum();
    (f64::from(logits[token as usize] - most) - total.ln()) as f32
}
