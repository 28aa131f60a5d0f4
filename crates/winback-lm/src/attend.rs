//! Attention of a ragged batch: what the rows of many sequences take from what each has said.
//!
//! Every row looks at the beginning that its sequence shares with others, all rows of a beginning together, so that it
//! is read once. Then the new keys and values join their sequences, and every row looks at its sequence's own text.
use crate::cache::Prefix;
use crate::forward::{Piece, Plan};
use crate::kernels::{Scratch, Stretch, Taken, for_rows};
use crate::model::Model;
use rayon::prelude::*;
use std::ops::Range;

/// A key head of a piece.
struct Task<'a> {
    stretch: &'a mut Stretch,
    head: usize,
    rows: Range<usize>,
    /// How many own tokens the sequence had before.
    before: usize,
}

/// The rows of one step in one layer.
struct Rows<'a> {
    model: &'a Model,
    plan: &'a Plan<'a>,
    /// Queries, keys and values, `[rows, (heads + 2 * kv_heads) * head_dim]`.
    qkv: &'a [f32],
}

/// Memory that a thread computes in.
#[derive(Default)]
struct Desk {
    scratch: Scratch,
    queries: Vec<f32>,
    sees: Vec<usize>,
}

impl Model {
    /// Adds the keys and values of all rows to their sequences, and writes what the rows take from there over what was
    /// in `taken`, `[rows, heads * head_dim]`.
    pub(crate) fn attend(&self, layer: usize, pieces: &mut [Piece], (plan, qkv): (&Plan, &[f32]), taken: &mut Vec<f32>) {
        let (rows, heads) = (Rows { model: self, plan, qkv }, self.config().kv_heads);
        let both: Vec<(usize, usize)> = (0..plan.sharers.len()).flat_map(|prefix| (0..heads).map(move |head| (prefix, head))).collect();
        let beginning = |desk: &mut Desk, (prefix, head): &(usize, usize)| {
            let (prefix, sharers) = &plan.sharers[*prefix];
            rows.look_at_beginning((prefix, layer, *head), sharers, desk)
        };
        let shared: Vec<Taken> = both.par_iter().with_max_len(1).map_init(Desk::default, beginning).collect();
        let mut tasks = Vec::with_capacity(pieces.len() * heads);
        for (piece, rows) in pieces.iter_mut().zip(&plan.of_piece) {
            let before = piece.cache.own();
            let stretches = piece.cache.layer_mut(layer).iter_mut().enumerate();
            tasks.extend(stretches.map(|(head, stretch)| Task { stretch, head, rows: rows.clone(), before }));
        }
        let own: Vec<Vec<f32>> = tasks.par_iter_mut().map_init(Desk::default, |desk, task| rows.look(task, &shared, desk)).collect();
        let (width, group) = (self.config().q_dim(), rows.group_width());
        taken.resize(plan.positions.len() * width, 0.0);
        for_rows(taken, width, |(row, out)| {
            let piece = plan.owners[row];
            let at = row - plan.of_piece[piece].start;
            let heads = out.chunks_exact_mut(group).zip(&own[piece * heads..]);
            heads.for_each(|(out, means)| out.copy_from_slice(&means[at * group..(at + 1) * group]));
        });
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

    /// Writes the queries of some rows for a key head, `[rows * group, head_dim]`.
    fn queries(&self, rows: impl Iterator<Item = usize>, head: usize, into: &mut Vec<f32>) {
        let (group, width) = (self.group_width(), self.width());
        into.clear();
        rows.for_each(|row| into.extend_from_slice(&self.qkv[row * width + head * group..][..group]));
    }

    /// Returns what the rows that share a beginning take from it for a key head.
    fn look_at_beginning(&self, (prefix, layer, head): (&Prefix, usize, usize), rows: &[usize], desk: &mut Desk) -> Taken {
        let dim = self.model.config().head_dim;
        let Desk { scratch, queries, sees } = desk;
        self.queries(rows.iter().copied(), head, queries);
        sees.clear();
        sees.resize(queries.len() / dim, prefix.len());
        let mut taken = Taken::nothing(sees.len(), dim);
        prefix.layer(layer)[head].attend(self.model.numerics().level, (queries, sees), &mut taken, scratch);
        taken
    }

    /// Adds the keys and values of a piece to its sequence, and returns what its rows take from there and from the
    /// beginning, `[rows, group * head_dim]`; `shared` is what was taken from each beginning for each head.
    fn look(&self, task: &mut Task, shared: &[Taken], desk: &mut Desk) -> Vec<f32> {
        let (config, width) = (self.model.config(), self.width());
        let Task { stretch, head, rows, before } = task;
        let Desk { scratch, queries, sees } = desk;
        let (dim, per_row) = (config.head_dim, self.group_width() / config.head_dim);
        for row in self.qkv[rows.start * width..rows.end * width].chunks_exact(width) {
            let (keys, values) = row[config.q_dim()..].split_at(config.kv_dim());
            stretch.push(&keys[*head * dim..][..dim], &values[*head * dim..][..dim]);
        }
        sees.clear();
        sees.extend((0..rows.len() * per_row).map(|query| *before + query / per_row + 1));
        let mut taken = match self.plan.begins[rows.start] {
            Some((prefix, place)) => shared[prefix * config.kv_heads + *head].of(place * per_row..(place + rows.len()) * per_row),
            None => Taken::nothing(sees.len(), dim),
        };
        self.queries(rows.clone(), *head, queries);
        stretch.attend(self.model.numerics().level, (queries, sees), &mut taken, scratch);
        taken.means()
    }
}
