//! What inputs mean: read beside the texts that are being written, one request at a time, a step's worth at a time.
use crate::scriptorium::Scriptorium;
use std::sync::Arc;
use winback_core::text_service::{EmbeddingInput, EmbeddingRequest, Embeddings, RefusedText};
use winback_lm::embed::passes;
use winback_lm::{Adapter, Cache, EmbedError};

/// The most tokens of a request, as OpenAI has it.
const MOST_TOKENS: usize = 300_000;

impl Scriptorium {
    /// Returns the vectors of inputs.
    pub(super) async fn vectors(&self, request: EmbeddingRequest, adapter: Option<Arc<Adapter>>) -> Result<Embeddings, RefusedText> {
        let (tokens, dimensions, inputs) = (self.tokens.clone(), request.dimensions, request.inputs);
        let read = move || {
            let ids = |input| match input {
                EmbeddingInput::Tokens(ids) => Ok(ids),
                EmbeddingInput::Text(text) => tokens.encode_whole_text(&text).map_err(|error| RefusedText::Wrong(error.to_string())),
            };
            inputs.into_iter().map(ids).collect::<Result<Vec<Vec<u32>>, _>>()
        };
        let texts = tokio::task::spawn_blocking(read).await.map_err(|_| RefusedText::Stopped)??;
        let tokens = texts.iter().map(Vec::len).sum();
        self.check(&texts, tokens, dimensions)?;
        let _turn = self.reading.lock().await;
        let mut vectors = Vec::with_capacity(texts.len());
        for pass in passes(texts.iter().map(Vec::len)) {
            let (model, adapter, some) = (self.model.clone(), adapter.clone(), texts[pass].to_vec());
            let embed = move || {
                let some: Vec<&[u32]> = some.iter().map(Vec::as_slice).collect();
                model.embed(&some, adapter.as_deref(), dimensions)
            };
            vectors.extend(tokio::task::spawn_blocking(embed).await.map_err(|_| RefusedText::Stopped)?.map_err(|why| refused(&why))?);
        }
        Ok(Embeddings { tokens, vectors })
    }

    /// Refuses what cannot be read, before anything is.
    fn check(&self, texts: &[Vec<u32>], tokens: usize, dimensions: Option<usize>) -> Result<(), RefusedText> {
        let texts: Vec<&[u32]> = texts.iter().map(Vec::as_slice).collect();
        self.model.can_embed(&texts, dimensions).map_err(|why| refused(&why))?;
        if tokens > MOST_TOKENS {
            return Err(RefusedText::TooLong(format!("the inputs have {tokens} tokens together; a request may have {MOST_TOKENS}")));
        }
        let (longest, allowed) = (texts.iter().map(|text| text.len()).max().unwrap_or_default(), self.bounds.limits.cache_bytes);
        let needed = Cache::bytes(&self.model, longest);
        if needed > allowed {
            let (needed, allowed) = (needed.div_ceil(1 << 20), allowed >> 20);
            let text =
                format!("a text of {longest} tokens would take {needed} MiB of memory, and all texts together may take {allowed} MiB");
            return Err(RefusedText::TooLong(text));
        }
        Ok(())
    }
}

fn refused(why: &EmbedError) -> RefusedText {
    let text = why.to_string();
    if matches!(why, EmbedError::TooLong { .. }) { RefusedText::TooLong(text) } else { RefusedText::Wrong(text) }
}
