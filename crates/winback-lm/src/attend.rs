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

/// Memory that all layers of a step use: what the rows of each beginning, and then of each sequence, take for each head.
#[derive(Default)]
pub(crate) struct Looks {
    shared: Vec<Taken>,
    own: Vec<Taken>,
}

/// A key head of a piece.
struct Task<'a> {
    stretch: &'a mut Stretch,
    taken: &'a mut Taken,
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
    pub(crate) fn attend(
        &self,
        layer: usize,
        pieces: &mut [Piece],
        (plan, qkv): (&Plan, &[f32]),
        (looks, taken): (&mut Looks, &mut Vec<f32>),
    ) {
        let Looks { shared, own } = looks;
        let (rows, heads) = (Rows { model: self, plan, qkv }, self.config().kv_heads);
        let both: Vec<(usize, usize)> = (0..plan.sharers.len()).flat_map(|prefix| (0..heads).map(move |head| (prefix, head))).collect();
        let beginning = |desk: &mut Desk, ((prefix, head), taken): (&(usize, usize), &mut Taken)| {
            let (prefix, sharers) = &plan.sharers[*prefix];
            rows.look_at_beginning((prefix, layer, *head), sharers, (desk, taken));
        };
        shared.resize_with(both.len(), Taken::default);
        both.par_iter().zip(shared.par_iter_mut()).with_max_len(1).for_each_init(Desk::default, beginning);
        own.resize_with(pieces.len() * heads, Taken::default);
        let mut tasks = Vec::with_capacity(pieces.len() * heads);
        for ((piece, rows), taken) in pieces.iter_mut().zip(&plan.of_piece).zip(own.chunks_exact_mut(heads)) {
            let before = piece.cache.own();
            let both = piece.cache.layer_mut(layer).iter_mut().zip(taken).enumerate();
            tasks.extend(both.map(|(head, (stretch, taken))| Task { stretch, taken, head, rows: rows.clone(), before }));
        }
        tasks.par_iter_mut().for_each_init(Desk::default, |desk, task| rows.look(task, shared, desk));
        let (width, group) = (self.config().q_dim(), rows.group_width());
        taken.resize(plan.positions.len() * width, 0.0);
        for_rows(taken, width, |(row, out)| {
            let piece = plan.owners[row];
            let (at, queries) = (row - plan.of_piece[piece].start, group / self.config().head_dim);
            let heads = out.chunks_exact_mut(group).zip(&own[piece * heads..]);
            heads.for_each(|(out, taken)| taken.means_into(at * queries..(at + 1) * queries, out));
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

    /// Writes what the rows that share a beginning take from it for a key head.
    fn look_at_beginning(&self, (prefix, layer, head): (&Prefix, usize, usize), rows: &[usize], (desk, taken): (&mut Desk, &mut Taken)) {
        let dim = self.model.config().head_dim;
        let Desk { scratch, queries, sees } = desk;
        self.queries(rows.iter().copied(), head, queries);
        sees.clear();
        sees.resize(queries.len() / dim, prefix.len());
        taken.forget(sees.len(), dim);
        prefix.layer(layer)[head].attend(self.model.numerics().level, (queries, sees), taken, scratch);
    }

    /// Adds the keys and values of a piece to its sequence, and writes what its rows take from there and from the
    /// beginning; `shared` is what was taken from each beginning for each head.
    fn look(&self, task: &mut Task, shared: &[Taken], desk: &mut Desk) {
        let (config, width) = (self.model.config(), self.width());
        let Task { stretch, taken, head, rows, before } = task;
        let Desk { scratch, queries, sees } = desk;
        let (dim, per_row) = (config.head_dim, self.group_width() / config.head_dim);
        for row in self.qkv[rows.start * width..rows.end * width].chunks_exact(width) {
            let (keys, values) = row[config.q_dim()..].split_at(config.kv_dim());
            stretch.push(&keys[*head * dim..][..dim], &values[*head * dim..][..dim]);
        }
        sees.clear();
        sees.extend((0..rows.len() * per_row).map(|query| *before + query / per_row + 1));
        match self.plan.begins[rows.start] {
            Some((prefix, place)) => {
                taken.copy(&shared[prefix * config.kv_heads + *head], place * per_row..(place + rows.len()) * per_row);
            }
            None => taken.forget(sees.len(), dim),
        }
        self.queries(rows.clone(), *head, queries);
        stretch.attend(self.model.numerics().level, (queries, sees), taken, scratch);
    }
}
