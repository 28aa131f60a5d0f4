//! What a run takes in memory, planned before it begins.
use super::gradients::Sample;
use super::head::{LOGITS_AT_ONCE, ROWS_AT_ONCE};
use super::layer::rows_at_once;
use super::recipe::{Recipe, RecipeError};
use crate::config::Config;
use crate::shape::{Fused, Projection};

/// How many numbers stand for each weight of an adapter: itself, its gradient, the two moments, the best one.
const OF_A_WEIGHT: usize = 5;
/// How many more while a checkpoint is made: the four that it holds, three times over.
const OF_A_CHECKPOINT: usize = 12;
/// How many tables of the queries of a key head a thread has that goes back through attention.
const TABLES_OF_QUERIES: usize = 16;

/// How many tables as wide as gates and ups a chunk of rows is gone through with.
const TABLES_OF_A_CHUNK: usize = 4;

/// What a token of a text takes: itself and its flag, once more in the lesson of an adapter, and while all texts are checked.
const OF_A_TOKEN: usize = 2 * (4 + 1) + 4 + 16;
/// What the steps of an epoch take for each text: a group of its own in a step of its own.
const OF_A_TEXT: usize = 256;
/// What a step leaves behind: its loss and its trials, once more while they are written.
const OF_A_STEP: usize = 64;

/// Returns how many bytes the texts of a lesson and the plan of its steps take at most, in a run of all of them.
pub fn lesson_bytes(recipe: &Recipe, texts: &[Sample]) -> u64 {
    let tokens: u64 = texts.iter().map(|text| text.tokens.len() as u64).sum();
    // Two steps that follow each other have more tokens than one may have.
    let steps = (texts.len() as u64).min(2 * tokens / recipe.tokens_per_step.max(1) as u64 + 1).saturating_mul(u64::from(recipe.epochs));
    let texts = texts.len() as u64 * OF_A_TEXT as u64;
    let trials = u64::from(recipe.epochs).saturating_mul(u64::from(recipe.evaluations_per_epoch)).min(steps);
    tokens * OF_A_TOKEN as u64 + texts + steps.saturating_add(trials).saturating_mul(OF_A_STEP as u64)
}

/// Returns how many bytes a run on so many threads takes at most, besides the base's weights.
pub fn needed_bytes(config: &Config, recipe: &Recipe, texts: &[Sample], threads: usize) -> Result<u64, RecipeError> {
    let longest = texts.iter().map(|text| text.tokens.len()).max().unwrap_or(0);
    let all: usize = texts.iter().map(|text| text.tokens.len()).sum();
    // A text that is longer goes through alone; fewer texts than fit at once are all there is.
    let rows = recipe.tokens_at_once.min(all).max(longest);
    let adapted = recipe.config()?;
    let mut weights = 0;
    for layer in 0..config.layers {
        for which in Projection::ALL {
            let [outputs, inputs] = which.shape(config);
            // A pattern that takes too long was refused with the recipe.
            if let Ok(Some((rank, _))) = adapted.rank_and_scale(&crate::adapter::module(layer, which)) {
                weights += rank * (outputs + inputs);
            }
        }
    }
    let (hidden, open) = (config.hidden_size, config.intermediate_size);
    let qkv = Fused::Qkv.shape(config)[0];
    // Counted as f32; a model of bf16 or 8 bits keeps all but the middle in half of it.
    let (always, kept) = (qkv + config.q_dim() + config.heads + hidden, 2 * open);
    let layers_kept = if recipe.recompute { 1 } else { config.layers };
    // What enters each layer and leaves the last, the gradient, what attention took and the gradients by what it looked with.
    let of_a_row = kept * layers_kept + (always + hidden) * config.layers + 3 * hidden + qkv + 2 * config.q_dim();
    // What a chunk of rows is gone through with, by as many threads as have one, and the gradients that each chunk makes.
    let at_once = rows_at_once(config);
    let chunks = rows.div_ceil(at_once).max(1);
    let between_products = TABLES_OF_A_CHUNK * at_once.min(rows) * qkv.max(2 * open) * chunks.min(threads);
    let of_chunks = chunks * weights / config.layers.max(1);
    let turned: usize = Fused::ALL.into_iter().map(|fused| fused.shape(config).into_iter().product::<usize>()).sum();
    let desks = TABLES_OF_QUERIES * longest * config.q_dim() / config.kv_heads.max(1) * threads;
    let logits = 2 * LOGITS_AT_ONCE.min(rows.min(ROWS_AT_ONCE) * config.vocab_size).max(config.vocab_size);
    let learning = 4 * (rows * of_a_row + between_products + of_chunks + turned + desks + logits + weights);
    let of_the_adapter = 4 * weights * OF_A_WEIGHT;
    // What a step computed in is still there while a checkpoint is made.
    Ok((of_the_adapter + learning + 4 * weights * OF_A_CHECKPOINT) as u64)
}
