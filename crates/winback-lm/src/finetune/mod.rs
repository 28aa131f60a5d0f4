//! Fine-tuning: an adapter learns from prompts and replies, the base stays as it is.
//!
//! The way back is written out by hand, for this one kind of model: per layer the four products, two norms, the norm and
//! turn of heads, attention and the gated middle. No gradient is made for the frozen weights (Hu et al. 2021, "LoRA").
//! [`gradients()`] is the whole of it, [`AdamW`] makes the step, and a [`Run`] takes all steps of a [`Recipe`].
mod adamw;
mod attention;
mod checkpoint;
mod desks;
mod gradients;
mod head;
mod layer;
mod lora;
mod memory;
mod reader;
mod recipe;
mod run;
mod sums;
mod timetable;
mod ways;
mod weights;
mod whole;
mod whole_run;

pub use adamw::{AdamW, Schedule, clip};
pub use checkpoint::CheckpointError;
pub use gradients::{Batch, BatchError, Memory, Sample, Teaching, Workspace, gradients, loss, whole_gradients};
pub use lora::LoraWeights;
pub use memory::{lesson_bytes, needed_bytes};
pub use reader::{Reader, Unread, UnreadExample};
pub use recipe::{Recipe, RecipeError};
pub use run::{Lesson, Run, RunError, State, Step, mean_loss};
pub use weights::Weights;
pub use whole::WholeWeights;
pub use whole_run::{WholeRecipe, WholeRun};
