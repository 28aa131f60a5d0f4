//! A tokenizer made from texts: BPE over bytes (Radford et al. 2019, "Language Models are Unsupervised Multitask
//! Learners"), parted as Qwen3 parts text, but for markers such as `{{offer.name}}`, which stay whole.
use std::collections::HashSet;
use tokenizers::models::bpe::{BPE, BpeTrainerBuilder};
use tokenizers::models::{ModelWrapper, TrainerWrapper};
use tokenizers::normalizers::NFC;
use tokenizers::pre_tokenizers::PreTokenizerWrapper;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::{AddedToken, SplitDelimiterBehavior, Tokenizer};

/// The control tokens, behind the vocabulary in this order: what ends a text that is no conversation, what begins a
/// message and what ends it.
pub const CONTROL: [&str; 3] = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"];

/// How Qwen3 parts text; in front a marker, which no run of signs may begin.
pub(crate) const PARTS: &str = r"\{\{[a-z0-9_.]+\}\}|(?i:'s|'t|'re|'ve|'m|'ll|'d)|(?:(?!\{\{[a-z])[^\r\n\p{L}\p{N}])?\p{L}+|\p{N}| ?(?:(?!\{\{[a-z])[^\s\p{L}\p{N}])+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// The longest entry, in bytes: eight Chinese characters.
const LONGEST: usize = 24;

/// Why no tokenizer was made.
#[derive(Debug, thiserror::Error)]
#[error("no tokenizer could be made of the texts: {0}")]
pub struct TrainError(String);

/// Returns the `tokenizer.json` of a vocabulary of `size` entries, control tokens included, made from texts. The same
/// texts give the same bytes, in whatever order they come.
pub fn train_tokens<'t>(texts: impl Iterator<Item = &'t str> + Send, size: usize) -> Result<String, TrainError> {
    let failed = |why: tokenizers::Error| TrainError(why.to_string());
    let mut tokenizer = Tokenizer::new(ModelWrapper::BPE(BPE::default()));
    let bytes = ByteLevel::new(false, false, false);
    let parts = Split::new(SplitPattern::Regex(PARTS.to_owned()), SplitDelimiterBehavior::Isolated, false).map_err(failed)?;
    tokenizer.with_normalizer(Some(NFC)).map_err(failed)?;
    tokenizer.with_pre_tokenizer(Some(Sequence::new(vec![PreTokenizerWrapper::Split(parts), PreTokenizerWrapper::ByteLevel(bytes)])));
    tokenizer.with_post_processor(Some(bytes)).with_decoder(Some(bytes));
    let alphabet: HashSet<char> = ByteLevel::alphabet().into_iter().collect();
    let trainer = BpeTrainerBuilder::new()
        .vocab_size(size.saturating_sub(CONTROL.len()))
        .min_frequency(2)
        .initial_alphabet(alphabet)
        .max_token_length(Some(LONGEST))
        .show_progress(false)
        .build();
    let mut trainer = TrainerWrapper::BpeTrainer(trainer);
    tokenizer.train(&mut trainer, texts).map_err(failed)?;
    let control: Vec<AddedToken> = CONTROL.iter().map(|token| AddedToken::from(*token, true).normalized(false)).collect();
    tokenizer.add_special_tokens(control).map_err(failed)?;
    tokenizer.to_string(true).map_err(failed)
}
