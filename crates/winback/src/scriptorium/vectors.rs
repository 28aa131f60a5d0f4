//! What inputs mean: read beside the texts that are being written, one request at a time, a step's worth at a time.
//!
//! A request keeps its place until the last step for it is done, also when its client is gone; then no further step is
//! taken.
use crate::scriptorium::{BYTES_A_TOKEN, Scriptorium, wrong};
use std::sync::Arc;
use tokio::sync::OwnedSemaphorePermit;
use winback_core::text_service::{EmbeddingInput, EmbeddingRequest, Embeddings, RefusedText};
use winback_lm::{Adapter, Cache, EmbedError, Tokens};

/// The most tokens of a request, as OpenAI has it.
const MOST_TOKENS: usize = 300_000;

impl Scriptorium {
    /// Returns the vectors of the inputs of a request that has a place.
    pub(super) async fn vectors(
        &self,
        request: EmbeddingRequest,
        adapter: Option<Arc<Adapter>>,
        place: OwnedSemaphorePermit,
    ) -> Result<Embeddings, RefusedText> {
        let EmbeddingRequest { inputs, dimensions, .. } = request;
        check_bytes(&inputs, self.model.config().context)?;
        // Gone with the client.
        let client = Arc::new(());
        let waits = Arc::downgrade(&client);
        let is_wanted = move || waits.strong_count() > 0;
        let (tokens, still) = (self.tokens.clone(), is_wanted.clone());
        let reader = self.readers.clone().acquire_owned().await.map_err(|_| RefusedText::Stopped)?;
        let read = move || {
            let _reader = reader;
            Ok((ids(inputs, &tokens, &still)?, place))
        };
        let (texts, place) = tokio::task::spawn_blocking(read).await.map_err(|_| RefusedText::Stopped)??;
        self.check(&texts, dimensions)?;
        let tokens = texts.iter().map(Vec::len).sum();
        let turn = self.reading.clone().acquire_owned().await.map_err(|_| RefusedText::Stopped)?;
        let model = self.model.clone();
        let embed = move || {
            let _held = (place, turn);
            let texts: Vec<&[u32]> = texts.iter().map(Vec::as_slice).collect();
            model.embed_while(&texts, adapter.as_deref(), dimensions, &is_wanted)
        };
        let vectors = tokio::task::spawn_blocking(embed).await.map_err(|_| RefusedText::Stopped)?.map_err(|why| refused(&why))?;
        drop(client);
        Ok(Embeddings { tokens, vectors: vectors.ok_or(RefusedText::Stopped)? })
    }

    /// Refuses tokens that cannot be taken, before a step is.
    fn check(&self, texts: &[Vec<u32>], dimensions: Option<usize>) -> Result<(), RefusedText> {
        let texts: Vec<&[u32]> = texts.iter().map(Vec::as_slice).collect();
        self.model.can_embed(&texts, dimensions).map_err(|why| refused(&why))?;
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

/// Refuses texts that have more bytes than the tokens that are taken could have, before they are read.
fn check_bytes(inputs: &[EmbeddingInput], context: usize) -> Result<(), RefusedText> {
    let bytes = |input: &EmbeddingInput| if let EmbeddingInput::Text(text) = input { text.len() } else { 0 };
    let most = context.saturating_mul(BYTES_A_TOKEN);
    if let Some((at, long)) = inputs.iter().map(bytes).enumerate().find(|(_, bytes)| *bytes > most) {
        return Err(RefusedText::TooLong(format!("text {at} has {long} bytes; a model that reads {context} tokens takes at most {most}")));
    }
    let (all, most) = (inputs.iter().map(bytes).sum::<usize>(), MOST_TOKENS * BYTES_A_TOKEN);
    if all > most {
        return Err(RefusedText::TooLong(format!("the inputs have {all} bytes together; a request may have {most}")));
    }
    Ok(())
}

/// Returns the tokens of inputs, as long as anybody waits for them.
fn ids(inputs: Vec<EmbeddingInput>, tokens: &Tokens, is_wanted: &dyn Fn() -> bool) -> Result<Vec<Vec<u32>>, RefusedText> {
    let (mut texts, mut count) = (Vec::with_capacity(inputs.len()), 0);
    for input in inputs {
        if !is_wanted() {
            return Err(RefusedText::Stopped);
        }
        let text = match input {
            EmbeddingInput::Tokens(ids) => ids,
            EmbeddingInput::Text(text) => tokens.encode_whole_text(&text).map_err(wrong)?,
        };
        count += text.len();
        if count > MOST_TOKENS {
            return Err(RefusedText::TooLong(format!(
                "the inputs have more than {MOST_TOKENS} tokens together; a request may have no more"
            )));
        }
        texts.push(text);
    }
    Ok(texts)
}

fn refused(why: &EmbedError) -> RefusedText {
    let text = why.to_string();
    match why {
        EmbedError::TooLong { .. } => RefusedText::TooLong(text),
        EmbedError::Forward(_) => RefusedText::Failed(text),
        _ => RefusedText::Wrong(text),
    }
}
