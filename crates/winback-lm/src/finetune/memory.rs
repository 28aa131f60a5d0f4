//! What a run takes in memory, planned before it begins.
use super::gradients::Sample;
use super::recipe::{Recipe, RecipeError};
use crate::config::Config;
use crate::shape::{Fused, Projection};

/// How many bytes the numbers of logits take that are in memory at once, with their gradient.
const LOGITS_BYTES: usize = 2 * 4 * (1 << 23);
/// How many numbers stand for each weight of an adapter: itself, its gradient, the two moments, the best one.
const OF_A_WEIGHT: usize = 5;
/// How many more while a checkpoint is made: the four that it holds, three times over.
const OF_A_CHECKPOINT: usize = 12;
/// How many rows of a text attention goes through together, and how many tables of scores a thread has.
const SCORES: usize = 3 * 128;

/// Returns how many bytes a run on so many threads takes at most, besides the base's weights.
pub fn needed_bytes(config: &Config, recipe: &Recipe, texts: &[Sample], threads: usize) -> Result<u64, RecipeError> {
    let longest = texts.iter().map(|text| text.tokens.len()).max().unwrap_or(0);
    let all: usize = texts.iter().map(|text| text.tokens.len()).sum();
    // A text that is longer goes through alone; fewer texts than fit at once are all there is.
    let rows = recipe.tokens_at_once.min(all).max(longest);
    let adapted = recipe.config()?;
    let (mut weights, mut ranks) = (0, 0);
    for layer in 0..config.layers {
        for which in Projection::ALL {
            let [outputs, inputs] = which.shape(config);
            // A pattern that takes too long was refused with the recipe.
            if let Ok(Some((rank, _))) = adapted.rank_and_scale(&crate::adapter::module(layer, which)) {
                weights += rank * (outputs + inputs);
                ranks += rank;
            }
        }
    }
    let (hidden, open) = (config.hidden_size, config.intermediate_size);
    let qkv = Fused::Qkv.shape(config)[0];
    let kept = 2 * qkv + config.q_dim() + config.heads + hidden + 2 * open + ranks / config.layers.max(1);
    let between_layers = hidden * (config.layers + 2);
    let on_the_way_back = 8 * open + 6 * hidden + 4 * qkv;
    let layers_kept = if recipe.recompute { 1 } else { config.layers };
    let of_a_row = between_layers + kept * layers_kept + on_the_way_back;
    let scores = SCORES * longest * threads;
    let learning = 4 * (rows * of_a_row + scores) + LOGITS_BYTES.min(2 * 4 * rows * config.vocab_size);
    let of_the_adapter = 4 * weights * OF_A_WEIGHT;
    Ok((of_the_adapter + learning.max(4 * weights * OF_A_CHECKPOINT)) as u64)
}
