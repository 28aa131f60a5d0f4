//! What the language model must hold: equal to transformers and PEFT on tiny random models, and nothing accepted that
//! it cannot run.
#![expect(clippy::unwrap_used, reason = "a test stops where its preparation fails")]
#![expect(clippy::panic, reason = "a fixture of another form stops a test")]
#![expect(clippy::print_stderr, reason = "a test says what it skips")]
mod adapters;
mod batches;
mod chat;
mod chunks;
mod configs;
mod embeddings;
mod engine;
mod finetune;
mod finetune_masks;
mod finetune_runs;
mod fixtures;
mod grammar;
mod hostile;
mod kernels;
mod likelihood;
mod packed_cache;
mod parity;
mod safetensors_files;
mod sampling;
mod sharing;
mod shelf;
mod streams;
mod tiny;
mod token_trainer;
mod tokenizer;
mod unsafe_code;
mod whole;
