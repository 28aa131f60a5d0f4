//! The language model of Winback: a dense Qwen3, run in this process.
//!
//! [`Model::load`] reads a Hugging Face directory, [`Adapter::load`] a PEFT adapter for it, and [`Model::forward`]
//! takes one step for any number of sequences, each with its own adapter. [`Tokens`] turns text into token ids,
//! [`ChatTemplate`] a conversation into text the way the model was trained, and [`prompt()`] both together so that what
//! a user types is never taken for the model's control tokens. [`Grammars`] keeps texts to a JSON schema. [`kernels`] holds the arithmetic.
//!
//! Everything that comes from a file is checked before it is used, and refused with the name of the file and of what
//! is wrong in it. Nothing here reads a clock, and nothing is drawn by chance but by a seed.
#![deny(missing_docs)]

#[forbid(unsafe_code)]
pub mod adapter;
#[forbid(unsafe_code)]
mod attend;
#[forbid(unsafe_code)]
mod beginnings;
#[forbid(unsafe_code)]
mod cache;
#[forbid(unsafe_code)]
pub mod chat_template;
#[forbid(unsafe_code)]
pub mod config;
#[forbid(unsafe_code)]
pub mod conversation;
#[forbid(unsafe_code)]
mod drawn;
#[forbid(unsafe_code)]
pub mod embed;
#[forbid(unsafe_code)]
pub mod engine;
#[forbid(unsafe_code)]
pub mod evaluation;
#[forbid(unsafe_code)]
mod fields;
#[forbid(unsafe_code)]
mod file;
#[forbid(unsafe_code)]
pub mod finetune;
#[forbid(unsafe_code)]
pub mod forward;
#[forbid(unsafe_code)]
pub mod generation_config;
#[forbid(unsafe_code)]
pub mod grammar;
#[forbid(unsafe_code)]
pub mod header;
#[forbid(unsafe_code)]
pub mod json;
#[expect(unsafe_code, reason = "the instructions of a processor; every block says why it holds")]
pub mod kernels;
#[forbid(unsafe_code)]
mod likelihood;
#[forbid(unsafe_code)]
mod model;
#[forbid(unsafe_code)]
pub mod packed_cache;
#[forbid(unsafe_code)]
pub mod prompt;
#[forbid(unsafe_code)]
pub mod publish;
#[forbid(unsafe_code)]
mod python;
#[forbid(unsafe_code)]
pub mod sample;
#[forbid(unsafe_code)]
pub mod shape;
#[forbid(unsafe_code)]
pub mod shards;
#[forbid(unsafe_code)]
pub mod shelf;
#[forbid(unsafe_code)]
mod source;
#[forbid(unsafe_code)]
pub mod stream;
#[forbid(unsafe_code)]
mod table;
#[forbid(unsafe_code)]
mod template_bounds;
#[forbid(unsafe_code)]
mod template_code;
#[forbid(unsafe_code)]
pub mod tensor;
#[forbid(unsafe_code)]
pub mod text_metrics;
#[forbid(unsafe_code)]
mod token_trainer;
#[forbid(unsafe_code)]
pub mod tokens;

pub use adapter::{Adapter, AdapterError};
pub use beginnings::Sharing;
pub use cache::{Cache, Prefix};
pub use chat_template::ChatTemplate;
pub use config::{Config, ConfigError};
pub use conversation::{Conversation, Message, Role};
pub use embed::EmbedError;
pub use engine::{Ended, Engine, Event, Limits, RefusedRequest, Request, RequestId, StepError, WriteError};
pub use fields::FieldError;
pub use file::FileError;
pub use forward::{ForwardError, Hidden, Piece, Want};
pub use generation_config::{GenerationConfig, GenerationConfigError};
pub use grammar::{Grammar, GrammarError, Grammars, GuideError};
pub use model::{Model, ModelError};
pub use packed_cache::{Origin, PackedCache};
pub use prompt::{prompt, prompt_and_reply};
pub use token_trainer::{CONTROL, TrainError, train_tokens};
pub use tokens::Tokens;
