//! Everything Winback learns from tables: today, who is about to leave and why.
//!
//! [`LogisticTrainer`] fits a penalised logistic regression in which every column
//! counts by itself ([`encode`]), and [`TreeTrainer`] boosted trees or a forest
//! ([`tree`]); [`BlendTrainer`] fits both and takes their mean. In every family a score is the average customer's score
//! plus one part per reason, exactly ([`explain`], [`tree::shap`]); scores are calibrated on customers the model had not
//! seen ([`calibrate`]), of whom [`validate`] also tells how well it scores them. [`artifact`] is the model file, and
//! [`shelf`] keeps model files in a directory. Nothing here reads a clock or draws a random number that a seed does not
//! decide: same table, same options, same bytes.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub mod artifact;
pub mod balance;
pub mod blend;
pub mod calibrate;
pub mod calibrated;
pub mod card;
mod cholesky;
pub mod classes;
pub mod cluster;
mod collinear;
pub mod compare;
mod curves;
mod design;
mod effects;
pub mod encode;
pub mod explain;
pub mod family;
mod fit;
mod group_scores;
mod hat;
mod importance;
pub mod logistic;
pub mod metrics;
mod regression;
mod sample;
mod schema_check;
pub mod shelf;
pub mod split;
mod train;
pub mod tree;
pub mod validate;
mod warnings;

pub use artifact::ArtifactError;
pub use balance::Balanced;
pub use blend::{Blend, BlendModel, BlendTrainer};
pub use calibrated::CalibratedModel;
pub use card::card_markdown;
pub use logistic::LogisticModel;
pub use regression::{Logistic, LogisticTrainer, RECOMMENDED_L2};
pub use tree::{TreeModel, TreeTrainer};

/// Limits the work on tables to so many threads; results are the same with any number. Works once a process.
///
/// # Errors
/// When the threads cannot be started or work has begun already.
pub fn limit_threads(threads: usize) -> Result<(), rayon::ThreadPoolBuildError> {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build_global()
}

/// Returns how many threads learning and computing use.
pub fn threads() -> usize {
    rayon::current_num_threads()
}
