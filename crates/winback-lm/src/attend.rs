//! Attention of a ragged batch: what the rows of many sequences take from what each has said.
//!
//! First the new keys and values join their sequences. Then every row looks at the beginning that its sequence shares
//! with others, all rows of a beginning together, so that it is read once; and last at its sequence's own text.
use crate::forward::{Piece, Plan};
use crate::kernels::{Scratch, Taken};
use crate::model::Model;
use rayon::prelude::*;
use std::ops::Range;

/// How many rows of a sequence are looked after together.
const ROWS_AT_ONCE: usize = 12;

/// Some rows of a piece, and some key heads.
struct Task {
    piece: usize,
    rows: Range<usize>,
    heads: Range<usize>,
}

/// The rows of one step in one layer.
struct Rows<'a> {
    model: &'a Model,
    layer: usize,
    plan: &'a Plan<'a>,
    /// Queries, keys and values, `[rows, (heads + 2 * kv_heads) * head_dim]`.
    qkv: &'a [f32],
}

impl Model {
    /// Adds the keys and values of all rows to their sequences, and returns what the rows take from there,
    /// `[rows, heads * head_dim]`.
    pub(crate) fn attend(&self, layer: usize, pieces: &mut [Piece], plan: &Plan, qkv: &[f32]) -> Vec<f32> {
        let rows = Rows { model: self, layer, plan, qkv };
        pieces.par_iter_mut().zip(&plan.of_piece).for_each(|(piece, of)| rows.remember(piece, of.clone()));
        let pieces = &*pieces;
        let heads = self.config().kv_heads;
        let both: Vec<(usize, usize)> = (0..plan.sharers.len()).flat_map(|prefix| (0..heads).map(move |head| (prefix, head))).collect();
        let shared: Vec<Taken> =
            both.par_iter().map_init(Scratch::default, |scratch, (prefix, head)| rows.look_at_beginning(*prefix, *head, scratch)).collect();
        let look = |scratch: &mut Scratch, task: &Task| rows.look(&pieces[task.piece], task, &shared, scratch);
        let taken: Vec<Vec<f32>> = rows.tasks().par_iter().map_init(Scratch::default, look).collect();
        taken.concat()
    }
}

impl Rows<'_> {
    /// Returns how many query heads share a key head, times their width.
    fn group_width(&self) -> usize {
        let config = self.model.config();
        config.q_dim() / config.kv_heads
    }

    fn width(&self) -> usize {
        self.model.config().q_dim() + 2 * self.model.config().kv_dim()
    }

    /// Adds the keys and values of a piece to its sequence.
    fn remember(&self, piece: &mut Piece, rows: Range<usize>) {
        let (config, width) = (self.model.config(), self.width());
        let dim = config.head_dim;
        for (head, stretch) in piece.cache.layer_mut(self.layer).iter_mut().enumerate() {
            for row in self.qkv[rows.start * width..rows.end * width].chunks_exact(width) {
                let (keys, values) = row[config.q_dim()..].split_at(config.kv_dim());
                stretch.push(&keys[head * dim..][..dim], &values[head * dim..][..dim]);
            }
        }
    }

    /// Returns the queries of some rows for a key head, `[rows * group, head_dim]`.
    fn queries(&self, rows: impl Iterator<Item = usize>, head: usize) -> Vec<f32> {
        let (group, width) = (self.group_width(), self.width());
        let mut queries = Vec::with_capacity(rows.size_hint().0 * group);
        rows.for_each(|row| queries.extend_from_slice(&self.qkv[row * width + head * group..][..group]));
        queries
    }

    fn look_at_beginning(&self, prefix: usize, head: usize, scratch: &mut Scratch) -> Taken {
        let (prefix, rows) = &self.plan.sharers[prefix];
        let queries = self.queries(rows.iter().copied(), head);
        let numerics = self.model.numerics();
        let dim = self.model.config().head_dim;
        let count = queries.len() / dim;
        let mut taken = Taken::nothing(count, dim);
        prefix.layer(self.layer)[head].attend(numerics.level, (&queries, &vec![prefix.len(); count]), &mut taken, scratch);
        taken
    }

    /// Returns what is to be done, in the order of the rows: few rows are parted by key heads as well, so that no
    /// thread is idle.
    fn tasks(&self) -> Vec<Task> {
        let heads = self.model.config().kv_heads;
        let few = self.plan.positions.len() < 2 * rayon::current_num_threads();
        let (rows_at_once, heads_at_once) = if few { (1, 1) } else { (ROWS_AT_ONCE, heads) };
        let mut tasks = Vec::new();
        for piece in &self.plan.order {
            let rows = self.plan.of_piece[*piece].clone();
            for first in rows.clone().step_by(rows_at_once) {
                let rows = first..rows.end.min(first + rows_at_once);
                let parts = (0..heads).step_by(heads_at_once).map(|head| head..head + heads_at_once);
                tasks.extend(parts.map(|heads| Task { piece: *piece, rows: rows.clone(), heads }));
            }
        }
        tasks
    }

    /// Returns what some rows of a piece take for some key heads, `[rows, heads * group * head_dim]`; `shared` is what
    /// was taken from each beginning for each head.
    fn look(&self, piece: &Piece, task: &Task, shared: &[Taken], scratch: &mut Scratch) -> Vec<f32> {
        let (config, group) = (self.model.config(), self.group_width());
        let per_row = group / config.head_dim;
        let before = piece.cache.own() + task.rows.start - self.plan.of_piece[task.piece].start;
        let sees: Vec<usize> = (0..task.rows.len()).flat_map(|row| std::iter::repeat_n(before + row + 1, per_row)).collect();
        let mut out = vec![0.0; task.rows.len() * task.heads.len() * group];
        for (at, head) in task.heads.clone().enumerate() {
            let mut taken = match self.plan.begins[task.rows.start] {
                Some((prefix, place)) => shared[prefix * config.kv_heads + head].of(place * per_row..(place + task.rows.len()) * per_row),
                None => Taken::nothing(sees.len(), config.head_dim),
            };
            let queries = self.queries(task.rows.clone(), head);
            piece.cache.layer(self.layer)[head].attend(self.model.numerics().level, (&queries, &sees), &mut taken, scratch);
            for (row, means) in taken.means().chunks_exact(group).enumerate() {
                out[(row * task.heads.len() + at) * group..][..group].copy_from_slice(means);
            }
        }
        out
    }
}
