//! Text to token ids and back, by the model's own `tokenizer.json`.
//!
//! A tokenizer has *added tokens*: pieces of text, such as `<|im_start|>`, that stand for one id wherever they occur.
//! They are how a conversation is told from its content, so text from outside must never become one.
//! [`Tokens::encode_text`] never gives one; [`Tokens::encode_with_control`] gives one for each occurrence, and is for
//! text that a template wrote.
use crate::file::{FileError, parse_as, read_text};
use crate::json::Json;
use aho_corasick::{AhoCorasick, MatchKind};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use tokenizers::{AddedToken, DecoderWrapper, Tokenizer};
use winback_core::digest::Digest;

/// The longest tokenizer read, in bytes; Qwen3's has 11 MB.
const MOST_BYTES: u64 = 32 << 20;
/// The most parts of a sequence of parts.
const MOST_PARTS: usize = 8;
/// The expressions by which a tokenizer may split a text: that of Qwen2 and Qwen3. Another one could take hours for a text
/// that fits the context, or be given up within it without a word, and so give other ids than its makers mean.
const SPLITS: [&str; 2] = [
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    crate::token_trainer::PARTS,
];

/// Why a tokenizer was refused, or could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum TokensError {
    /// The file could not be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// The file is no tokenizer.
    #[error("{} is no tokenizer: {why}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// The tokenizer has a part of a kind that is not built here.
    #[error("{}: its {part} is {found}; Winback runs the tokenizers of dense Qwen3, where it is {expected}", path.display())]
    AnotherKind {
        /// The file.
        path: PathBuf,
        /// The part: `normalizer`.
        part: &'static str,
        /// What it is.
        found: String,
        /// What it must be.
        expected: &'static str,
    },
    /// The tokenizer gives ids the model does not have.
    #[error("{} belongs to another model: its token {token:?} has the id {id}, and the model has the ids 0 to {last}", path.display())]
    TooManyIds {
        /// The file.
        path: PathBuf,
        /// The token.
        token: String,
        /// Its id.
        id: u32,
        /// The model's last id.
        last: usize,
    },
    /// The tokenizer does not know an id the model ends its texts with.
    #[error("{} belongs to another model: it has no token of the id {id}, which ends the model's texts", path.display())]
    NoEnd {
        /// The file.
        path: PathBuf,
        /// The id.
        id: u32,
    },
    /// The tokenizer has an added token of a kind that is not built here.
    #[error("{}: the added token {token:?} {what}, which Winback does not run", path.display())]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// The token.
        token: String,
        /// What it asks for.
        what: &'static str,
    },
    /// A text could not be turned into ids, or ids into a text.
    #[error("the tokenizer failed: {0}")]
    Failed(String),
}

/// The tokenizer of a model.
#[derive(Debug)]
pub struct Tokens {
    whole: Tokenizer,
    /// The same without added tokens.
    plain: Tokenizer,
    added: Vec<Added>,
    find: AhoCorasick,
    /// Finds every added token, also where two overlap.
    overlapping: AhoCorasick,
    /// The hash of the file.
    digest: Digest,
    /// What the tokenizer's post-processor puts before and behind a text.
    around: [Vec<u32>; 2],
}

/// A piece of text that is one id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Added {
    /// The text.
    pub text: String,
    /// Its id.
    pub id: u32,
    /// Whether it is left out where a text is shown: `<|im_end|>` is, `<think>` is not.
    pub special: bool,
}

impl Tokens {
    /// Reads `tokenizer.json` for a model of `vocab_size` ids that ends its texts with the ids `eos`.
    pub fn load(path: &Path, vocab_size: usize, eos: &[u32]) -> Result<Self, TokensError> {
        let tokens = Self::parse(&read_text(path, MOST_BYTES)?, path)?;
        let too_many = |(token, id): (String, u32)| TokensError::TooManyIds { path: path.to_owned(), token, id, last: vocab_size - 1 };
        if let Some(last) = tokens.whole.get_vocab(true).into_iter().max_by_key(|(_, id)| *id).filter(|(_, id)| *id as usize >= vocab_size)
        {
            return Err(too_many(last));
        }
        match eos.iter().find(|id| tokens.whole.id_to_token(**id).is_none()) {
            Some(id) => Err(TokensError::NoEnd { path: path.to_owned(), id: *id }),
            None => Ok(tokens),
        }
    }

    /// Reads the text of a `tokenizer.json`; `path` is only named in errors.
    pub fn parse(text: &str, path: &Path) -> Result<Self, TokensError> {
        let damaged = |why: String| TokensError::Damaged { path: path.to_owned(), why };
        Parts::check(text, path)?;
        // The library stops with a panic at some files that are JSON and no tokenizer.
        let parsed = std::panic::catch_unwind(|| text.parse::<Tokenizer>());
        let mut whole = match parsed {
            Ok(parsed) => parsed.map_err(|why| damaged(why.to_string()))?,
            Err(_) => return Err(damaged("the parts of it contradict each other".to_owned())),
        };
        // A tokenizer that cuts or fills up does so for training; the lengths of texts are decided elsewhere.
        whole.with_truncation(None).map_err(|why| damaged(why.to_string()))?.with_padding(None);
        let mut plain = Tokenizer::new(whole.get_model().clone());
        plain.with_normalizer(whole.get_normalizer().cloned()).map_err(|why| damaged(why.to_string()))?;
        plain.with_pre_tokenizer(whole.get_pre_tokenizer().cloned());
        let decoder = whole.get_added_tokens_decoder();
        let mut added: Vec<Added> = Vec::new();
        for (id, token) in decoder.iter().filter(|(_, token)| !token.content.is_empty()) {
            if let Some(what) = unsupported(token) {
                return Err(TokensError::Unsupported { path: path.to_owned(), token: token.content.clone(), what });
            }
            added.push(Added { text: token.content.clone(), id: *id, special: token.special });
        }
        added.sort_by_key(|token| token.id);
        let texts = added.iter().map(|token| &token.text);
        let find = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(texts.clone());
        let find = find.map_err(|why| damaged(why.to_string()))?;
        let overlapping = AhoCorasick::new(texts).map_err(|why| damaged(why.to_string()))?;
        let around = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| around(&whole)));
        let around = around.map_err(|_| damaged("its post-processor fails".to_owned()))?.map_err(|why| damaged(why.to_string()))?;
        Ok(Self { whole, plain, added, find, overlapping, digest: Digest::of(text.as_bytes()), around })
    }

    /// Returns the hash of the file.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// Returns the added tokens, by id.
    pub fn added(&self) -> &[Added] {
        &self.added
    }

    /// Returns the id of a token: `<|im_end|>`.
    pub fn id(&self, token: &str) -> Option<u32> {
        self.whole.token_to_id(token)
    }

    /// Returns the token of an id, in the letters of the vocabulary (`Ġlike` for ` like`).
    pub fn token(&self, id: u32) -> Option<String> {
        self.whole.id_to_token(id)
    }

    /// Returns the bytes that each token of the vocabulary stands for in a text, added tokens left out; `None` for a
    /// tokenizer whose tokens are not bytes. In byte-level vocabularies (Radford et al. 2019, "Language Models are
    /// Unsupervised Multitask Learners") each letter of a token is a byte.
    pub(crate) fn vocabulary(&self) -> Option<Vec<(u32, Vec<u8>)>> {
        let Some(DecoderWrapper::ByteLevel(_)) = self.whole.get_decoder() else { return None };
        let bytes = |(token, id): (String, u32)| {
            let bytes: Option<Vec<u8>> = token.chars().map(byte).collect();
            // The decoder takes a token with any other letter as text.
            (id, bytes.unwrap_or_else(|| token.into_bytes()))
        };
        Some(self.plain.get_vocab(false).into_iter().map(bytes).collect())
    }

    /// Returns the ids of text that is only text: no id of an added token is among them.
    pub fn encode_text(&self, text: &str) -> Result<Vec<u32>, TokensError> {
        let mut ids = Vec::new();
        self.extend_plain(text, &mut ids)?;
        Ok(ids)
    }

    /// Returns the ids of text that is only text, between those that the tokenizer's post-processor puts around every
    /// text: the tokenizers of Qwen3-Embedding end one with `<|endoftext|>`, whose row is what the text means.
    pub fn encode_whole_text(&self, text: &str) -> Result<Vec<u32>, TokensError> {
        let [mut ids, after] = self.around.clone();
        self.extend_plain(text, &mut ids)?;
        ids.extend(after);
        Ok(ids)
    }

    /// Returns the ids of text whose added tokens are meant, as `encode(…, add_special_tokens=False)` of Hugging Face.
    pub fn encode_with_control(&self, text: &str) -> Result<Vec<u32>, TokensError> {
        self.encode_marked(text, str::to_owned)
    }

    /// Returns the ids of text whose added tokens are meant. What lies between them goes through `unmark` first.
    pub(crate) fn encode_marked(&self, text: &str, unmark: impl Fn(&str) -> String) -> Result<Vec<u32>, TokensError> {
        let (mut ids, mut done) = (Vec::new(), 0);
        for found in self.find.find_iter(text) {
            self.extend_plain(&unmark(&text[done..found.start()]), &mut ids)?;
            ids.push(self.added[found.pattern().as_usize()].id);
            done = found.end();
        }
        self.extend_plain(&unmark(&text[done..]), &mut ids)?;
        Ok(ids)
    }

    /// Returns where added tokens begin in a text, also where two overlap; all of them, or only the special ones.
    pub(crate) fn starts(&self, text: &str, special_only: bool) -> BTreeSet<usize> {
        let found = self.overlapping.find_overlapping_iter(text);
        let asked = found.filter(|found| !special_only || self.added[found.pattern().as_usize()].special);
        asked.map(|found| found.start()).collect()
    }

    fn extend_plain(&self, text: &str, ids: &mut Vec<u32>) -> Result<(), TokensError> {
        if text.is_empty() {
            return Ok(());
        }
        let encoding = self.plain.encode_fast(text, false).map_err(|why| TokensError::Failed(why.to_string()))?;
        ids.extend_from_slice(encoding.get_ids());
        Ok(())
    }

    /// Returns the bytes that an id stands for in a text, perhaps a part of a letter; none for a special token and for an
    /// id without a token. Together those of some ids are what [`Self::decode`] without special tokens reads.
    pub fn bytes(&self, id: u32) -> Vec<u8> {
        let is_special = self.added.binary_search_by_key(&id, |token| token.id).is_ok_and(|at| self.added[at].special);
        let token = if is_special { None } else { self.whole.id_to_token(id) };
        let token = token.unwrap_or_default();
        token.chars().map(byte).collect::<Option<_>>().unwrap_or_else(|| token.into_bytes())
    }

    /// Returns the text of ids, with or without special tokens. Ids without a token give nothing; bytes that are no
    /// text give `\u{fffd}`.
    pub fn decode(&self, ids: &[u32], with_special: bool) -> Result<String, TokensError> {
        self.whole.decode(ids, !with_special).map_err(|why| TokensError::Failed(why.to_string()))
    }
}

/// The parts of a `tokenizer.json` that decide what it does with a text. The library knows kinds that make gigabytes
/// of a few letters, so none is handed to it that Qwen3 does not have.
#[derive(Deserialize)]
struct Parts {
    normalizer: Option<Json>,
    pre_tokenizer: Option<Json>,
    post_processor: Option<Json>,
    decoder: Option<Json>,
    model: Option<Merging>,
}

/// The model of a tokenizer, but for its vocabulary.
#[derive(Deserialize)]
struct Merging {
    #[serde(rename = "type")]
    kind: Option<Json>,
    dropout: Option<Json>,
    continuing_subword_prefix: Option<Json>,
    end_of_word_suffix: Option<Json>,
    byte_fallback: Option<Json>,
}

impl Parts {
    /// Refuses a text that has other parts than the tokenizers of Qwen3.
    fn check(text: &str, path: &Path) -> Result<(), TokensError> {
        let parts: Self = parse_as(text, path)?;
        let other = |part: &'static str, found: String, expected: &'static str| TokensError::AnotherKind {
            path: path.to_owned(),
            part,
            found,
            expected,
        };
        let check = |part: &'static str, found: &Option<Json>, kinds: &[&str], expected: &'static str| match found {
            Some(found) => kinds_of(found, kinds).map_or(Ok(()), |kind| Err(other(part, kind, expected))),
            None => Ok(()),
        };
        check("normalizer", &parts.normalizer, &["NFC"], "NFC or none")?;
        check("pre_tokenizer", &parts.pre_tokenizer, &["Split", "ByteLevel"], "Split and ByteLevel")?;
        if let Some(found) = parts.pre_tokenizer.as_ref().and_then(other_splits) {
            return Err(other("pre_tokenizer", found, "a Split where Qwen3 splits, and a ByteLevel that adds no space"));
        }
        check("post_processor", &parts.post_processor, &["ByteLevel", "TemplateProcessing"], "ByteLevel and TemplateProcessing")?;
        check("decoder", &parts.decoder, &["ByteLevel"], "ByteLevel")?;
        let model = parts.model.ok_or_else(|| TokensError::Damaged { path: path.to_owned(), why: "it has no model".to_owned() })?;
        match &model.kind {
            Some(Json::Text(kind)) if kind == "BPE" => {}
            found => return Err(other("model", found.as_ref().map_or("of no kind".to_owned(), Json::to_string), "BPE")),
        }
        let merging = [
            (&model.dropout, "a model that merges by chance (dropout)"),
            (&model.continuing_subword_prefix, "a model that marks how words go on (continuing_subword_prefix)"),
            (&model.end_of_word_suffix, "a model that marks how words end (end_of_word_suffix)"),
            (&model.byte_fallback, "a model that falls back on bytes (byte_fallback)"),
        ];
        match merging.into_iter().find(|(field, _)| field.as_ref().is_some_and(|field| !field.is_empty() && *field != Json::Float(0.0))) {
            Some((_, what)) => Err(other("model", what.to_owned(), "BPE over bytes")),
            None => Ok(()),
        }
    }
}

/// Returns what a pre-tokenizer does otherwise than Qwen3's, if it or a part of its sequence does.
fn other_splits(part: &Json) -> Option<String> {
    if let Some(Json::List(parts)) = part.get("pretokenizers") {
        return parts.iter().find_map(other_splits);
    }
    let text = |name: &str| if let Some(Json::Text(text)) = part.get(name) { text.as_str() } else { "" };
    let expression = part.get("pattern").and_then(|pattern| pattern.get("Regex"));
    match text("type") {
        "Split" if !matches!(expression, Some(Json::Text(expression)) if SPLITS.contains(&expression.as_str())) => {
            Some("a Split by another expression".to_owned())
        }
        "Split" if text("behavior") != "Isolated" => Some(format!("a Split whose behavior is {:?}", short(text("behavior")))),
        "Split" if part.get("invert").is_some_and(|invert| !invert.is_empty()) => Some("a Split that is inverted".to_owned()),
        "ByteLevel" if part.get("add_prefix_space") != Some(&Json::Bool(false)) => {
            Some("a ByteLevel that adds a space (add_prefix_space)".to_owned())
        }
        _ => None,
    }
}

/// Returns the beginning of a text that a person should read.
fn short(text: &str) -> String {
    text.chars().take(40).collect()
}

/// Returns the kind of a part that is none of these, if it or a part of its sequence is.
fn kinds_of(part: &Json, kinds: &[&str]) -> Option<String> {
    let inside = ["normalizers", "pretokenizers", "processors", "decoders"].into_iter().find_map(|name| part.get(name));
    match (part.get("type"), inside) {
        (Some(Json::Text(kind)), None) if kinds.contains(&kind.as_str()) => None,
        (Some(Json::Text(kind)), Some(Json::List(parts))) if kind == "Sequence" && parts.len() <= MOST_PARTS => {
            let plain = |part: &Json| matches!(part.get("type"), Some(Json::Text(kind)) if kind == "Sequence");
            parts.iter().find_map(|part| if plain(part) { Some("a sequence of sequences".to_owned()) } else { kinds_of(part, kinds) })
        }
        (Some(Json::Text(kind)), Some(Json::List(parts))) if kind == "Sequence" => Some(format!("a sequence of {}", parts.len())),
        (Some(Json::Text(kind)), _) => Some(short(kind)),
        _ => Some("of no kind".to_owned()),
    }
}

/// Returns the byte that a letter of a byte-level vocabulary stands for: printable letters of Latin-1 for themselves, the
/// others, in order, for the letters from U+0100 on.
fn byte(letter: char) -> Option<u8> {
    let stands_for_itself = |letter: char| matches!(letter, '!'..='~' | '\u{a1}'..='\u{ac}' | '\u{ae}'..='\u{ff}');
    if stands_for_itself(letter) {
        return u8::try_from(letter).ok();
    }
    let place = u32::from(letter).checked_sub(0x100)? as usize;
    (0..=u8::MAX).filter(|byte| !stands_for_itself(char::from(*byte))).nth(place)
}

/// Returns what a tokenizer puts before and behind a text.
fn around(whole: &Tokenizer) -> tokenizers::Result<[Vec<u32>; 2]> {
    let encoding = whole.encode("a", true)?;
    let own: Vec<bool> = encoding.get_special_tokens_mask().iter().map(|special| *special == 0).collect();
    let first = own.iter().position(|own| *own).unwrap_or(own.len());
    let end = own.iter().rposition(|own| *own).map_or(own.len(), |last| last + 1);
    Ok([encoding.get_ids()[..first].to_vec(), encoding.get_ids()[end..].to_vec()])
}

fn unsupported(token: &AddedToken) -> Option<&'static str> {
    match token {
        AddedToken { lstrip: true, .. } | AddedToken { rstrip: true, .. } => Some("takes the spaces beside it (lstrip, rstrip)"),
        AddedToken { single_word: true, .. } => Some("stands only between words (single_word)"),
        AddedToken { normalized: true, .. } => Some("is looked for in normalised text (normalized)"),
        _ => None,
    }
}
