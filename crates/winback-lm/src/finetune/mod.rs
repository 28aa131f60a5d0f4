//! Fine-tuning: an adapter learns from prompts and replies, the base stays as it is.
//!
//! The way back is written out by hand, for this one kind of model: per layer the four products, two norms, the norm and
//! turn of heads, attention and the gated middle. No gradient is made for the frozen weights (Hu et al. 2021, "LoRA").
//! [`gradients()`] is the whole of it; [`AdamW`] makes the step.
mod adamw;
mod attention;
mod gradients;
mod head;
mod layer;
mod lora;
mod sums;

pub use adamw::{AdamW, Schedule, clip};
pub use gradients::{Batch, BatchError, Memory, Sample, Teaching, gradients, loss};
pub use lora::LoraWeights;
