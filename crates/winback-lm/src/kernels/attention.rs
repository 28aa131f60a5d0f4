//! Attention of each row over what its own sequence has said so far, with several query heads to one key head
//! (Ainslie et al. 2023, "GQA").
use super::plain::dot;
use rayon::prelude::*;
use std::ops::Range;
use std::slice::ChunksExact;

/// The keys and values one row may look at: its own sequence up to and with itself, `[length, kv_heads * head_dim]`.
#[derive(Clone, Copy, Debug)]
pub struct History<'a> {
    /// The keys, turned by their positions.
    pub keys: &'a [f32],
    /// The values.
    pub values: &'a [f32],
}

/// The heads of a model.
#[derive(Clone, Copy, Debug)]
pub struct Attention {
    /// How many query heads there are.
    pub heads: usize,
    /// How many key and value heads.
    pub kv_heads: usize,
    /// How wide a head is.
    pub head_dim: usize,
}

impl Attention {
    /// Returns what each row takes from its history, `[rows, heads * head_dim]`, for queries of the same shape.
    /// A row and a head are computed by themselves, over the whole history in order.
    pub fn apply(&self, queries: &[f32], histories: &[History]) -> Vec<f32> {
        let mut out = vec![0.0; queries.len()];
        let one = |scores: &mut Vec<f32>, (at, out): (usize, &mut [f32])| {
            let history = &histories[at / self.heads];
            let part = self.part_of(at % self.heads);
            let query = &queries[at * self.head_dim..(at + 1) * self.head_dim];
            scores.clear();
            scores.extend(self.tokens(history.keys).map(|key| dot(query, &key[part.clone()]) / (self.head_dim as f32).sqrt()));
            softmax(scores);
            for (share, value) in scores.iter().zip(self.tokens(history.values)) {
                out.iter_mut().zip(&value[part.clone()]).for_each(|(out, value)| *out += share * value);
            }
        };
        out.par_chunks_mut(self.head_dim).with_min_len(4).enumerate().for_each_init(Vec::new, one);
        out
    }

    /// Returns where the key head of a query head lies in a token's keys.
    fn part_of(&self, head: usize) -> Range<usize> {
        let begin = head / (self.heads / self.kv_heads) * self.head_dim;
        begin..begin + self.head_dim
    }

    fn tokens<'a>(&self, all: &'a [f32]) -> ChunksExact<'a, f32> {
        all.chunks_exact(self.kv_heads * self.head_dim)
    }
}

/// Makes scores the shares of one whole.
fn softmax(scores: &mut [f32]) {
    let most = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0;
    for score in scores.iter_mut() {
        *score = (*score - most).exp();
        sum += *score;
    }
    scores.iter_mut().for_each(|score| *score /= sum);
}
