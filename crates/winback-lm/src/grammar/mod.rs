//! Texts that are JSON of a given schema, whatever the model would rather write.
//!
//! Before a token is drawn, every token that could not go on towards a text of the schema is ruled out; where only one
//! text can follow, its tokens are written without asking the model. Which tokens may come is decided by llguidance
//! (Microsoft Research; Earley's parser over derivatives of regular expressions, walked along a trie of the vocabulary).
//!
//! A schema comes from whoever asks, so it is checked and compiled as a whole before anything is written for it:
//! [`Grammars::json_schema`] says by name what is not taken. What it gives, a [`Grammar`], serves any number of texts.
mod guide;
mod schema;
mod vocabulary;
mod work;

pub(crate) use guide::Guide;
pub use guide::GuideError;
pub use schema::{LARGEST_NUMBER, MOST_LEVELS, MOST_REFERENCES, MOST_SCHEMA_BYTES};
pub use work::{MOST_JOINED, MOST_JOINED_BYTES, MOST_MULTIPLES, MOST_NAME_PATTERN_BYTES, MOST_NAME_PATTERNS};

use crate::config::Config;
use crate::tokens::Tokens;
use llguidance::api::{ParserLimits, TopLevelGrammar};
use llguidance::{Matcher, ParserFactory};
use serde_json::Value;
use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// The stack on which a schema is compiled, in bytes. What llguidance needs grows with how deep a schema goes, through
/// its references; this is several times what the deepest schema takes that is let through.
const STACK: usize = 256 << 20;

/// How many schemas are remembered.
const MOST_KNOWN: usize = 16;

/// How many tokens of a text are tried before a schema is taken.
const TRIED: usize = 8;

/// Why no texts of a schema can be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GrammarError {
    /// The text is no JSON.
    #[error("the schema is not JSON: {0}")]
    NotJson(String),
    /// The schema is no object.
    #[error("the schema is {found}; it must be a JSON object, such as {{\"type\": \"object\", \"properties\": {{}}}}")]
    NotAnObject {
        /// What it is.
        found: &'static str,
    },
    /// It is larger than any that is compiled.
    #[error("the schema has {found} bytes; at most {MOST_SCHEMA_BYTES} are taken")]
    TooLarge {
        /// Its bytes without spaces.
        found: usize,
    },
    /// It is nested deeper than any that is compiled.
    #[error("the schema is nested more than {MOST_LEVELS} levels deep")]
    TooDeep,
    /// It refers more often than any that is compiled.
    #[error("the schema has {found} $ref; at most {MOST_REFERENCES} are taken")]
    TooManyReferences {
        /// How many.
        found: usize,
    },
    /// It has a number that is not reckoned with.
    #[error("the schema has the number {found}; those from -{LARGEST_NUMBER} to {LARGEST_NUMBER} are taken")]
    Number {
        /// The number.
        found: String,
    },
    /// It has a key that would change how it is compiled, or that is not honoured.
    #[error("the schema has {key:?}, which is not taken")]
    Key {
        /// The key.
        key: &'static str,
    },
    /// It is more work than is done for one.
    #[error("the schema is too much work: {0}")]
    TooMuchWork(String),
    /// It asks for what cannot be constrained to, for nothing that exists, or for more work than is done for one.
    #[error("the schema cannot be written to: {0}")]
    Refused(String),
    /// The tokenizer is of a kind whose tokens are not bytes.
    #[error("the tokens of this model are not bytes of text (its decoder is not ByteLevel), so no schema can be kept to")]
    NotBytes,
    /// The vocabulary could not be put in order.
    #[error("the vocabulary of this model could not be put in order: {0}")]
    Vocabulary(String),
}

/// Makes grammars for one model.
pub struct Grammars {
    tokens: Arc<Tokens>,
    factory: ParserFactory,
    /// One schema is compiled at a time.
    compiling: Mutex<()>,
    /// The schemas that were asked for last, the latest first.
    known: Mutex<VecDeque<(String, Arc<Grammar>)>>,
}

impl fmt::Debug for Grammars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grammars").finish_non_exhaustive()
    }
}

impl Grammars {
    /// Puts the vocabulary of a model in order. This takes a while (a second for 150,000 tokens) and is done once.
    pub fn new(tokens: &Arc<Tokens>, config: &Config) -> Result<Self, GrammarError> {
        let env = vocabulary::vocabulary(tokens, config)?;
        let mut factory = ParserFactory::new_simple(&env).map_err(|why| GrammarError::Vocabulary(why.to_string()))?;
        *factory.limits_mut() = limits();
        factory.quiet();
        Ok(Self { tokens: tokens.clone(), factory, compiling: Mutex::default(), known: Mutex::default() })
    }

    /// The schema of any JSON object.
    pub const ANY_OBJECT: &str = r#"{"type": "object"}"#;

    /// Returns the grammar of the JSON texts of a schema, given as the text of a JSON Schema (2020-12, or the draft that
    /// its `$schema` names). Properties are written in the order of the schema, with `, ` and `: ` between them and no
    /// other space. A schema that was asked for lately is not compiled again.
    pub fn json_schema(&self, schema: &str) -> Result<Arc<Grammar>, GrammarError> {
        if let Some(known) = self.known(schema) {
            return Ok(known);
        }
        let checked = schema::checked(schema)?;
        let _one_at_a_time = self.compiling.lock().unwrap_or_else(PoisonError::into_inner);
        let compile = || self.compile(checked);
        let compiled = std::thread::scope(|scope| {
            let thread = std::thread::Builder::new().name("grammar".to_owned()).stack_size(STACK);
            let running = thread.spawn_scoped(scope, compile).map_err(|error| GrammarError::Refused(error.to_string()))?;
            running.join().unwrap_or_else(|_| Err(GrammarError::Refused("its compiler stopped".to_owned())))
        })?;
        let grammar = Arc::new(Grammar { tokens: self.tokens.clone(), begun: Mutex::new(compiled) });
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.push_front((schema.to_owned(), grammar.clone()));
        known.truncate(MOST_KNOWN);
        Ok(grammar)
    }

    /// Returns the grammar of a schema that was compiled lately.
    pub fn known(&self, schema: &str) -> Option<Arc<Grammar>> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let at = known.iter().position(|(text, _)| text == schema)?;
        let found = known.remove(at)?;
        let grammar = found.1.clone();
        known.push_front(found);
        Some(grammar)
    }

    /// Returns the grammar of any JSON object.
    pub fn json_object(&self) -> Result<Arc<Grammar>, GrammarError> {
        self.json_schema(Self::ANY_OBJECT)
    }

    fn compile(&self, schema: Value) -> Result<Matcher, GrammarError> {
        let parser = self.factory.create_parser(TopLevelGrammar::from_json_schema(schema));
        let begun = match parser {
            Ok(parser) => Matcher::new(Ok(parser)),
            Err(why) => {
                let causes: Vec<String> = why.chain().map(ToString::to_string).collect();
                return Err(GrammarError::Refused(schema::reason(causes.iter().map(String::as_str))));
            }
        };
        // Some schemas are too much work as soon as a text begins.
        let mut tried = Guide::new(begun.deep_clone());
        let mut logits = vec![0.0; self.factory.tok_env().tok_trie().vocab_size()];
        for _ in 0..TRIED {
            if tried.is_over() {
                break;
            }
            logits.fill(0.0);
            let first = |logits: &[f32]| (0..).zip(logits).find(|(_, logit)| **logit == 0.0).map(|(id, _)| id);
            tried.next(&mut logits, first).map_err(|GuideError(why)| GrammarError::Refused(why))?;
        }
        Ok(begun)
    }
}

/// How much work one schema may be. Those of llguidance itself allow a text a quarter of a million states, about half a
/// gigabyte; a text of a real schema has some hundreds.
fn limits() -> ParserLimits {
    ParserLimits { max_lexer_states: 20_000, max_grammar_size: 200_000, verbose_errors: false, ..ParserLimits::default() }
}

/// The bytes that the states of one text may take, as many as its limits allow.
pub const TEXT_BYTES: usize = 32 << 20;

/// What a text may be.
pub struct Grammar {
    tokens: Arc<Tokens>,
    /// A text of which nothing is written.
    begun: Mutex<Matcher>,
}

impl fmt::Debug for Grammar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grammar").finish_non_exhaustive()
    }
}

impl Grammar {
    /// Returns whether it was made for this vocabulary.
    pub(crate) fn is_for(&self, tokens: &Arc<Tokens>) -> bool {
        Arc::ptr_eq(&self.tokens, tokens)
    }

    /// Begins a text. It shares nothing with other texts, so that none depends on what else is written.
    pub(crate) fn begin(&self) -> Guide {
        Guide::new(self.begun.lock().unwrap_or_else(PoisonError::into_inner).deep_clone())
    }
}
