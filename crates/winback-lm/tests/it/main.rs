//! What the language model must hold: equal to transformers and PEFT on tiny random models, and nothing accepted that
//! it cannot run.
#![expect(clippy::unwrap_used, reason = "a test stops where its preparation fails")]
#![expect(clippy::print_stderr, reason = "a test says what it skips")]
mod adapters;
mod batches;
mod configs;
mod fixtures;
mod kernels;
mod parity;
mod safetensors_files;
mod tiny;
mod unsafe_code;
