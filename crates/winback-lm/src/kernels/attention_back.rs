//! The way back through attention over a whole text, for one key head and the query heads that share it (Dao et al. 2022,
//! "FlashAttention": weights are made again from the sums that were, block by block).
//!
//! Scores are made keys by queries, `K·Qᵀ`, so that weights and their gradients are at once the rows that keys and values
//! take theirs from. The gradient by queries is made the other way round, `Kᵀ·dS`, for which the same numbers are a panel.
//! So nothing as large as the scores is ever turned.
use super::inputs::wide_bf16_row;
use super::level::{Level, widely};
use super::packed::{PANEL, Precision, wide};
use super::plain::exp;
use super::product::{MOST_ROWS, Sums, bf16_sums, block, f32_sums};
use std::ops::Range;

/// How many keys are gone through together.
const KEYS_AT_ONCE: usize = 64;
/// How many queries are gone through with them before keys and values take their gradients: whole panels.
const QUERIES_AT_ONCE: usize = 8 * PANEL;

/// What rows of a text looked with, and what they took.
#[derive(Clone, Debug, Default)]
pub struct Looked {
    /// Token by token, of each head: `[rows * heads, dim]`.
    pub queries: Vec<f32>,
    /// `[rows, dim]`.
    pub keys: Vec<f32>,
    /// `[rows, dim]`.
    pub values: Vec<f32>,
    /// The gradient by what was taken, `[rows * heads, dim]`.
    pub by_taken: Vec<f32>,
    /// The logarithm of the sum of each query's weights.
    pub log_sums: Vec<f32>,
    /// What was taken times the gradient by it, added up, of each query.
    pub means: Vec<f32>,
}

/// The gradients by what rows looked with.
#[derive(Clone, Debug, Default)]
pub struct ByLooked {
    /// `[rows * heads, dim]`.
    pub queries: Vec<f32>,
    /// `[rows, dim]`.
    pub keys: Vec<f32>,
    /// `[rows, dim]`.
    pub values: Vec<f32>,
}

/// Room that the way back computes in, kept from one call to the next.
#[derive(Debug, Default)]
pub struct BackScratch {
    floats: Desk<f32>,
    brains: Desk<u16>,
}

impl Looked {
    /// Writes the gradients; every query sees the keys up to that of its own row. Products are of numbers of a precision,
    /// 8 bits as bf16, and are added up in f32.
    pub fn back(&self, (level, precision): (Level, Precision), dim: usize, found: &mut ByLooked, scratch: &mut BackScratch) {
        let level = level.held();
        match precision {
            Precision::F32 => Back::of(self, level, dim, &mut scratch.floats).all(found),
            Precision::Bf16 | Precision::Int8 => Back::of(self, level, dim, &mut scratch.brains).all(found),
        }
    }
}

/// A kind of number that products are made of.
trait Number: Copy + Default {
    /// How many inputs of an output stand together in a panel.
    const GROUP: usize;
    fn row(level: Level, row: &[f32], own: &mut [Self]);
    fn sums(level: Level, x: &[Self], panel: &[Self], sums: &mut [Sums]);
}

impl Number for f32 {
    const GROUP: usize = 1;

    fn row(_: Level, row: &[f32], own: &mut [Self]) {
        own.copy_from_slice(row);
    }

    fn sums(level: Level, x: &[Self], panel: &[Self], sums: &mut [Sums]) {
        f32_sums(level, x, panel, sums);
    }
}

impl Number for u16 {
    const GROUP: usize = 2;

    fn row(level: Level, row: &[f32], own: &mut [Self]) {
        wide_bf16_row(level, row, own);
    }

    fn sums(level: Level, x: &[Self], panel: &[Self], sums: &mut [Sums]) {
        bf16_sums(level, x, (panel, panel), sums);
    }
}

/// Everything in the forms in which products take it.
#[derive(Debug, Default)]
struct Desk<N> {
    /// A row in the kind of number, before it is put where it belongs.
    line: Vec<N>,
    keys: Vec<N>,
    values: Vec<N>,
    /// Queries as the outputs of a weight, and what they took: panel by panel of 32 queries.
    queries: Vec<N>,
    by_taken: Vec<N>,
    /// The same as its inputs: panel by panel of 32 dimensions.
    queries_in: Vec<N>,
    by_taken_in: Vec<N>,
    /// Some keys by dimension, `[dim, keys]`.
    turned: Vec<N>,
    /// Weights and the gradients by scores of some keys, `[keys, queries]`.
    weights: Vec<N>,
    by_scores: Vec<N>,
    /// Gradients by scores as panels of 32 queries.
    panel: Vec<N>,
    /// The gradient by queries, panel by panel, `[dim, 32]`.
    by_queries: Vec<Sums>,
    /// Those by some keys and values, `[keys, whole panels of dim]`.
    by_keys: Vec<f32>,
    by_values: Vec<f32>,
    log_sums: Vec<f32>,
    means: Vec<f32>,
}

/// The way back at work.
struct Back<'a, N> {
    looked: &'a Looked,
    desk: &'a mut Desk<N>,
    level: Level,
    dim: usize,
    rows: usize,
    /// How many queries a row has.
    heads: usize,
    /// How many queries there are, filled up to whole panels.
    room: usize,
}

impl<'a, N: Number> Back<'a, N> {
    fn of(looked: &'a Looked, level: Level, dim: usize, desk: &'a mut Desk<N>) -> Self {
        let (rows, queries) = (looked.keys.len() / dim, looked.queries.len() / dim);
        let heads = queries / rows.max(1);
        assert!(looked.values.len() == looked.keys.len() && queries == rows * heads, "keys, values and queries that do not fit");
        assert!(looked.by_taken.len() == looked.queries.len() && looked.log_sums.len() == queries, "what was taken does not fit");
        assert_eq!(looked.means.len(), queries, "what was taken does not fit");
        Self { looked, desk, level, dim, rows, heads, room: queries.next_multiple_of(PANEL) }
    }

    fn all(mut self, found: &mut ByLooked) {
        self.lay_out();
        found.keys.clear();
        found.values.clear();
        for first in (0..self.rows).step_by(KEYS_AT_ONCE) {
            self.keys_and_values(first..self.rows.min(first + KEYS_AT_ONCE), found);
        }
        found.queries.clear();
        found.queries.resize(self.looked.queries.len(), 0.0);
        let panels = found.queries.chunks_mut(PANEL * self.dim).zip(self.desk.by_queries.chunks_exact(self.dim));
        for (own, by_dimension) in panels {
            for (query, own) in own.chunks_exact_mut(self.dim).enumerate() {
                own.iter_mut().zip(by_dimension).for_each(|(own, sums)| *own = sums[query]);
            }
        }
    }

    /// Puts everything where products take it from.
    fn lay_out(&mut self) {
        let Self { looked, desk, level, dim, room, .. } = self;
        let (level, dim, room) = (*level, *dim, *room);
        rows_of(level, &looked.keys, dim, &mut desk.keys);
        rows_of(level, &looked.values, dim, &mut desk.values);
        let line = &mut desk.line;
        for (from, outputs, inputs) in
            [(&looked.queries, &mut desk.queries, &mut desk.queries_in), (&looked.by_taken, &mut desk.by_taken, &mut desk.by_taken_in)]
        {
            rows_of(level, from, dim, line);
            as_outputs(line, (wide(dim), room), outputs);
            as_inputs(line, (wide(dim), dim, room), inputs);
        }
        desk.by_queries.clear();
        desk.by_queries.resize(room / PANEL * dim, [0.0; PANEL]);
        for (own, from, beyond) in [(&mut desk.log_sums, &looked.log_sums, f32::INFINITY), (&mut desk.means, &looked.means, 0.0)] {
            own.clone_from(from);
            own.resize(room, beyond);
        }
    }

    /// Adds the gradients by some keys and values, and what they give to that by the queries.
    fn keys_and_values(&mut self, keys: Range<usize>, found: &mut ByLooked) {
        let (dim, width) = (self.dim, self.dim.next_multiple_of(PANEL));
        self.turn(&keys);
        for sums in [&mut self.desk.by_keys, &mut self.desk.by_values] {
            sums.clear();
            sums.resize(keys.len() * width, 0.0);
        }
        // Queries before the first key see none of these.
        let first = keys.start * self.heads / PANEL * PANEL;
        for start in (first..self.room).step_by(QUERIES_AT_ONCE) {
            let queries = start..self.room.min(start + QUERIES_AT_ONCE);
            self.score(&keys, &queries);
            self.add_to_queries(keys.len(), &queries);
            let (desk, from) = (&mut *self.desk, (self.level, self.room, queries));
            add_up(&from, &desk.by_scores, &desk.queries_in, &mut desk.by_keys);
            add_up(&from, &desk.weights, &desk.by_taken_in, &mut desk.by_values);
        }
        for (own, sums) in [(&mut found.keys, &self.desk.by_keys), (&mut found.values, &self.desk.by_values)] {
            sums.chunks_exact(width).for_each(|sums| own.extend_from_slice(&sums[..dim]));
        }
    }

    /// Writes some keys by dimension.
    fn turn(&mut self, keys: &Range<usize>) {
        let (wide_dim, wide_keys) = (wide(self.dim), wide(keys.len()));
        let Desk { keys: from, turned, .. } = &mut *self.desk;
        turned.clear();
        turned.resize(self.dim * wide_keys, N::default());
        for (at, key) in keys.clone().enumerate() {
            let key = &from[key * wide_dim..(key + 1) * wide_dim];
            turned.chunks_exact_mut(wide_keys).zip(key).for_each(|(own, number)| own[at] = *number);
        }
    }

    /// Writes the weights of some queries for some keys and the gradients by their scores.
    fn score(&mut self, keys: &Range<usize>, queries: &Range<usize>) {
        let (level, count, dim) = (self.level, queries.len(), wide(self.dim));
        let (mut weights, mut by_scores) = ([[0.0; PANEL]; MOST_ROWS], [[0.0; PANEL]; MOST_ROWS]);
        let desk = &mut *self.desk;
        for table in [&mut desk.weights, &mut desk.by_scores] {
            table.resize(keys.len() * count, N::default());
        }
        for panel in (queries.start..queries.end).step_by(PANEL) {
            let (of, own) = (panel * dim..(panel + PANEL) * dim, panel..panel + PANEL);
            let sums_and_means = (&desk.log_sums[own.clone()], &desk.means[own]);
            let mut at = keys.start;
            while at < keys.end {
                let rows = at..at + block(level, keys.end - at);
                let (weights, by_scores) = (&mut weights[..rows.len()], &mut by_scores[..rows.len()]);
                let here = rows.start * dim..rows.end * dim;
                if rows.start * self.heads < panel + PANEL {
                    N::sums(level, &desk.keys[here.clone()], &desk.queries[of.clone()], weights);
                    N::sums(level, &desk.values[here], &desk.by_taken[of.clone()], by_scores);
                    let seen = (rows.start * self.heads, self.heads, panel);
                    wide_weigh_back(level, (weights, by_scores), sums_and_means, (seen, 1.0 / (self.dim as f32).sqrt()));
                } else {
                    weights.fill([0.0; PANEL]);
                    by_scores.fill([0.0; PANEL]);
                }
                for (table, from) in [(&mut desk.weights, weights), (&mut desk.by_scores, by_scores)] {
                    for (row, from) in (rows.start - keys.start..).zip(from) {
                        N::row(level, from, &mut table[row * count + panel - queries.start..][..PANEL]);
                    }
                }
                at = rows.end;
            }
        }
    }

    /// Adds what some keys give to the gradient by some queries.
    fn add_to_queries(&mut self, keys: usize, queries: &Range<usize>) {
        let (level, dim, wide_keys) = (self.level, self.dim, wide(keys));
        let Desk { by_scores, turned, panel: own, by_queries, .. } = &mut *self.desk;
        for panel in queries.clone().step_by(PANEL) {
            as_panel(by_scores, (queries.len(), panel - queries.start), wide_keys, own);
            let sums = &mut by_queries[panel / PANEL * dim..(panel / PANEL + 1) * dim];
            let (mut at, mut more) = (0, [[0.0; PANEL]; MOST_ROWS]);
            while at < dim {
                let rows = at..at + block(level, dim - at);
                let more = &mut more[..rows.len()];
                N::sums(level, &turned[rows.start * wide_keys..rows.end * wide_keys], own, more);
                wide_add(level, sums[rows.clone()].as_flattened_mut(), more.as_flattened());
                at = rows.end;
            }
        }
    }
}

/// Adds to the gradients of some keys, or values, what queries give them: the product of `[keys, queries]` with panels of
/// 32 dimensions, of which some queries are taken.
fn add_up<N: Number>((level, room, queries): &(Level, usize, Range<usize>), x: &[N], panels: &[N], own: &mut [f32]) {
    let (count, width) = (queries.len(), panels.len() / room);
    let mut more = [[0.0; PANEL]; MOST_ROWS];
    let keys = x.len() / count;
    let mut at = 0;
    while at < keys {
        let rows = at..at + block(*level, keys - at);
        let more = &mut more[..rows.len()];
        for first in (0..width).step_by(PANEL) {
            let from = first * room + queries.start * PANEL;
            N::sums(*level, &x[rows.start * count..rows.end * count], &panels[from..from + count * PANEL], more);
            for (row, more) in rows.clone().zip(&*more) {
                wide_add(*level, &mut own[row * width + first..][..PANEL], more);
            }
        }
        at = rows.end;
    }
}

/// Writes rows, each filled up with zeros.
fn rows_of<N: Number>(level: Level, rows: &[f32], dim: usize, own: &mut Vec<N>) {
    let wide = wide(dim);
    own.clear();
    own.resize(rows.len() / dim * wide, N::default());
    own.chunks_exact_mut(wide).zip(rows.chunks_exact(dim)).for_each(|(own, row)| N::row(level, row, &mut own[..dim]));
}

/// Writes rows as panels of 32 outputs, filled up with zeros to so many.
fn as_outputs<N: Number>(rows: &[N], (wide, room): (usize, usize), own: &mut Vec<N>) {
    own.clear();
    own.resize(room * wide, N::default());
    for (rows, own) in rows.chunks(PANEL * wide).zip(own.chunks_exact_mut(PANEL * wide)) {
        for (output, row) in rows.chunks_exact(wide).enumerate() {
            for (input, number) in row.chunks_exact(N::GROUP).enumerate() {
                own[(input * PANEL + output) * N::GROUP..][..N::GROUP].copy_from_slice(number);
            }
        }
    }
}

/// Writes rows as so many inputs of panels of 32 columns.
fn as_inputs<N: Number>(rows: &[N], (wide, columns, room): (usize, usize, usize), own: &mut Vec<N>) {
    own.clear();
    own.resize(columns.next_multiple_of(PANEL) * room, N::default());
    for (panel, own) in own.chunks_exact_mut(PANEL * room).enumerate() {
        let columns = panel * PANEL..columns.min((panel + 1) * PANEL);
        for (row, from) in rows.chunks_exact(wide).enumerate() {
            let own = &mut own[row / N::GROUP * PANEL * N::GROUP..][..PANEL * N::GROUP];
            own.chunks_exact_mut(N::GROUP).zip(&from[columns.clone()]).for_each(|(own, number)| own[row % N::GROUP] = *number);
        }
    }
}

/// Writes 32 columns of rows, from one on, as a panel of so many inputs.
fn as_panel<N: Number>(rows: &[N], (wide, first): (usize, usize), inputs: usize, own: &mut Vec<N>) {
    own.clear();
    own.resize(inputs * PANEL, N::default());
    for (row, from) in rows.chunks_exact(wide).enumerate() {
        let own = &mut own[row / N::GROUP * PANEL * N::GROUP..][..PANEL * N::GROUP];
        own.chunks_exact_mut(N::GROUP).zip(&from[first..first + PANEL]).for_each(|(own, number)| own[row % N::GROUP] = *number);
    }
}

widely!(fn wide_add(own: &mut [f32], more: &[f32]) = add);
widely!(fn wide_weigh_back(both: (&mut [Sums], &mut [Sums]), of: (&[f32], &[f32]), at: ((usize, usize, usize), f32)) = weigh_back);

#[inline(always)]
fn add(own: &mut [f32], more: &[f32]) {
    own.iter_mut().zip(more).for_each(|(own, more)| *own += more);
}

/// Makes the scores of keys for 32 queries weights, and the gradients by these weights those by the scores before they
/// were scaled. The first key is seen from the query `first` on, each one after it from `heads` later on.
#[inline(always)]
fn weigh_back(
    (weights, gradients): (&mut [Sums], &mut [Sums]),
    (log_sums, means): (&[f32], &[f32]),
    ((first, heads, panel), times): ((usize, usize, usize), f32),
) {
    let ([log_sums], [means]) = (log_sums.as_chunks::<PANEL>().0, means.as_chunks::<PANEL>().0) else { return };
    for (key, (weights, gradients)) in weights.iter_mut().zip(gradients).enumerate() {
        for at in 0..PANEL {
            let less = weights[at] * times - log_sums[at];
            let weight = exp(if less < 0.0 { less } else { 0.0 });
            weights[at] = weight;
            gradients[at] = weight * (gradients[at] - means[at]) * times;
        }
        let unseen = (first + key * heads).saturating_sub(panel).min(PANEL);
        weights[..unseen].fill(0.0);
        gradients[..unseen].fill(0.0);
    }
}
