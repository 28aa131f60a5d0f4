//! What texts mean, as vectors, by models of the kind of Qwen3-Embedding (Zhang et al. 2025): the row of a text's last
//! token after the final norm, of length 1.
//!
//! A text's vector depends on the text and the adapter alone, bit for bit, and not on what is computed with it.
use crate::adapter::Adapter;
use crate::cache::Cache;
use crate::forward::{ForwardError, Piece, Want};
use crate::model::Model;
use std::ops::Range;

/// How many tokens are read in one step, all texts together.
const TOKENS_AT_ONCE: usize = 512;

/// Why texts have no vectors. Places count from 0.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EmbedError {
    /// A text has no tokens.
    #[error("text {text} is empty; it needs at least one token")]
    Empty {
        /// Its place.
        text: usize,
    },
    /// A text is longer than the model reads.
    #[error("text {text} has {tokens} tokens; the model reads {context}")]
    TooLong {
        /// Its place.
        text: usize,
        /// How many it has.
        tokens: usize,
        /// The most.
        context: usize,
    },
    /// A token is not one of this model's.
    #[error("text {text} has the token {token}; the model has the tokens 0 to {last}")]
    UnknownToken {
        /// Its place.
        text: usize,
        /// The token.
        token: u32,
        /// The model's last.
        last: usize,
    },
    /// The vectors are to be longer than the model's, or have no numbers.
    #[error("vectors of {asked} numbers were asked for; this model's have 1 to {most}")]
    Dimensions {
        /// How many were asked for.
        asked: usize,
        /// How many there are.
        most: usize,
    },
    /// The model could not take them.
    #[error(transparent)]
    Forward(#[from] ForwardError),
}

impl Model {
    /// Returns the vector of each text: `[dimensions]` numbers of length 1, `[hidden_size]` where `dimensions` is `None`.
    /// Fewer are the first ones, made length 1 again (Kusupati et al. 2022, "Matryoshka representations").
    pub fn embed(&self, texts: &[&[u32]], adapter: Option<&Adapter>, dimensions: Option<usize>) -> Result<Vec<Vec<f32>>, EmbedError> {
        Ok(self.embed_while(texts, adapter, dimensions, &|| true)?.unwrap_or_default())
    }

    /// Returns what [`Self::embed`] does, and asks before each step of at most 512 tokens whether to go on; `None` where
    /// not.
    pub fn embed_while(
        &self,
        texts: &[&[u32]],
        adapter: Option<&Adapter>,
        dimensions: Option<usize>,
        goes_on: &dyn Fn() -> bool,
    ) -> Result<Option<Vec<Vec<f32>>>, EmbedError> {
        self.can_embed(texts, dimensions)?;
        let mut vectors = Vec::with_capacity(texts.len());
        for pass in passes(texts.iter().map(|text| text.len())) {
            let Some(rows) = self.last_rows(&texts[pass], adapter, goes_on)? else { return Ok(None) };
            if !rows.iter().all(|number| number.is_finite()) {
                return Err(ForwardError::NoNumbers.into());
            }
            for row in rows.chunks_exact(self.config.hidden_size) {
                vectors.push(unit(&row[..dimensions.unwrap_or(row.len())])?);
            }
        }
        Ok(Some(vectors))
    }

    /// Says whether [`Self::embed`] would take the texts.
    pub fn can_embed(&self, texts: &[&[u32]], dimensions: Option<usize>) -> Result<(), EmbedError> {
        let (context, last, most) = (self.config.context, self.config.vocab_size - 1, self.config.hidden_size);
        if let Some(asked) = dimensions.filter(|asked| !(1..=most).contains(asked)) {
            return Err(EmbedError::Dimensions { asked, most });
        }
        for (text, tokens) in texts.iter().enumerate() {
            if tokens.is_empty() {
                return Err(EmbedError::Empty { text });
            }
            if tokens.len() > context {
                return Err(EmbedError::TooLong { text, tokens: tokens.len(), context });
            }
            if let Some(token) = tokens.iter().copied().find(|token| *token as usize > last) {
                return Err(EmbedError::UnknownToken { text, token, last });
            }
        }
        Ok(())
    }

    /// Returns the last row of each text, `[texts, hidden_size]`; `None` where it is not to go on. A long text is read in
    /// parts.
    fn last_rows(&self, texts: &[&[u32]], adapter: Option<&Adapter>, goes_on: &dyn Fn() -> bool) -> Result<Option<Vec<f32>>, ForwardError> {
        if let [text] = texts {
            let mut cache = Cache::with_room(self, text.len());
            let mut rows = Vec::new();
            let parts = text.len().div_ceil(TOKENS_AT_ONCE);
            for (part, tokens) in text.chunks(TOKENS_AT_ONCE).enumerate() {
                if !goes_on() {
                    return Ok(None);
                }
                let want = if part + 1 == parts { Want::Last } else { Want::Nothing };
                rows = self.forward(&mut [Piece { cache: &mut cache, tokens, adapter, want }])?.rows;
            }
            return Ok(Some(rows));
        }
        if !goes_on() {
            return Ok(None);
        }
        let mut caches: Vec<Cache> = texts.iter().map(|text| Cache::with_room(self, text.len())).collect();
        let pieces = caches.iter_mut().zip(texts).map(|(cache, tokens)| Piece { cache, tokens, adapter, want: Want::Last });
        Ok(Some(self.forward(&mut pieces.collect::<Vec<_>>())?.rows))
    }
}

/// Returns which texts of these lengths are read together: as many as fit a step, and a longer one by itself.
pub fn passes(lengths: impl IntoIterator<Item = usize>) -> Vec<Range<usize>> {
    let (mut passes, mut tokens): (Vec<Range<usize>>, usize) = (Vec::new(), 0);
    for (at, length) in lengths.into_iter().enumerate() {
        match passes.last_mut() {
            Some(pass) if tokens + length <= TOKENS_AT_ONCE => {
                pass.end = at + 1;
                tokens += length;
            }
            _ => {
                passes.push(at..at + 1);
                tokens = length;
            }
        }
    }
    passes
}

/// Returns numbers in their direction, of length 1. Zeros have none.
fn unit(row: &[f32]) -> Result<Vec<f32>, ForwardError> {
    let length = row.iter().map(|number| f64::from(*number).powi(2)).sum::<f64>().sqrt();
    if length == 0.0 {
        return Err(ForwardError::NoNumbers);
    }
    Ok(row.iter().map(|number| (f64::from(*number) / length) as f32).collect())
}

/// Returns a question as models of the kind of Qwen3-Embedding were trained with: the task first, then the question.
/// Texts that are to be found stand by themselves.
pub fn instructed(task: &str, query: &str) -> String {
    format!("Instruct: {task}\nQuery:{query}")
}
