//! A vocabulary as llguidance walks it: a trie of the bytes of every token.
//!
//! The crate its authors keep for this, `toktrie_hf_tokenizers`, brings a second version of `tokenizers` with it, takes
//! every added token of the form `<…>` for a control token and no other, and ends texts by names it knows. Here a model
//! says itself which tokens end its texts, and no added token is ever drawn inside a constrained text.
use crate::config::Config;
use crate::grammar::GrammarError;
use crate::tokens::Tokens;
use llguidance::toktrie::{INVALID_TOKEN, TokEnv, TokRxInfo, TokTrie, TokenId, TokenizerEnv};
use std::sync::Arc;

/// Returns the vocabulary of a model.
pub(super) fn vocabulary(tokens: &Arc<Tokens>, config: &Config) -> Result<TokEnv, GrammarError> {
    let bytes = tokens.vocabulary().ok_or(GrammarError::NotBytes)?;
    let size = u32::try_from(config.vocab_size).map_err(|_| GrammarError::Vocabulary("it has too many tokens".to_owned()))?;
    let ends: Vec<TokenId> = config.eos.iter().copied().filter(|id| *id < size).collect();
    // Ids without a token keep no bytes, and are not in the trie.
    let mut words = vec![Vec::new(); config.vocab_size];
    for (id, text) in bytes.into_iter().filter(|(id, _)| *id < size) {
        words[id as usize] = text;
    }
    let controls = tokens.added().iter().map(|token| token.id).chain(ends.iter().copied()).filter(|id| *id < size);
    for id in controls {
        let name = tokens.token(id).unwrap_or_default();
        words[id as usize] = [&[TokTrie::SPECIAL_TOKEN_MARKER], name.as_bytes()].concat();
    }
    // It checks itself, by panics.
    let build = || {
        let trie = TokTrie::from(&TokRxInfo::new(size, INVALID_TOKEN), &words);
        if ends.is_empty() { trie } else { trie.with_eos_tokens(&ends) }
    };
    let trie = std::panic::catch_unwind(build).map_err(|_| GrammarError::Vocabulary("its tokens contradict each other".to_owned()))?;
    Ok(Arc::new(Vocabulary { trie, tokens: tokens.clone() }))
}

struct Vocabulary {
    trie: TokTrie,
    tokens: Arc<Tokens>,
}

impl TokenizerEnv for Vocabulary {
    fn tok_trie(&self) -> &TokTrie {
        &self.trie
    }

    /// Returns the tokens the model would read these bytes as. Where its tokenizer gives other bytes back, as with
    /// letters that it composes, each of the longest token that fits.
    fn tokenize_bytes(&self, bytes: &[u8]) -> Vec<TokenId> {
        self.trie.tokenize_with_greedy_fallback(bytes, |text| {
            let ids = self.tokens.encode_text(text).unwrap_or_default();
            if self.trie.decode(&ids) == text.as_bytes() { ids } else { self.trie.greedy_tokenize(text.as_bytes()) }
        })
    }
}
