//! Attention of rows over the keys and values of a stretch of text, with several query heads to one key head
//! (Ainslie et al. 2023, "GQA").
//!
//! A [`Stretch`] keeps its keys and values as a packed weight keeps its numbers: keys as panels of 32 tokens, values as
//! panels of 32 dimensions, so that scores and sums are products like any other and a stretch that many rows share is
//! read once for all of them. A row that looks at two stretches, such as the prefix of its segment and its own text,
//! merges what it takes from each by their weights (Milakov and Gimelshein 2018, "online softmax").
use super::inputs::{to_bf16, wide_bf16_row};
use super::level::{Level, widely};
use super::packed::{PANEL, Precision};
use super::plain::wide_weigh;
use super::product::{MOST_ROWS, Sums, bf16_sums, block, f32_sums};
use std::ops::Range;

/// How many tokens are looked at together. A row takes from a stretch span by span, in their order; so a text of which a
/// whole number of spans is a stretch of its own gives the same bits as one in one stretch.
pub const SPAN: usize = 128;

/// The keys and values of a stretch of text for one key head of one layer.
#[derive(Clone, Debug)]
pub struct Stretch {
    dim: usize,
    room: usize,
    length: usize,
    numbers: Kept,
}

/// Keys `[panel of tokens][dimension][token]` and values `[panel of dimensions][token][dimension]`, packed as weights are.
#[derive(Clone, Debug)]
enum Kept {
    F32 { keys: Vec<f32>, values: Vec<f32> },
    Bf16 { keys: Vec<u16>, values: Vec<u16> },
}

/// What some rows have taken from the stretches they have looked at.
#[derive(Clone, Debug, Default)]
pub struct Taken {
    dim: usize,
    /// The highest score of each row, and the sum of its weights relative to that.
    weights: Vec<(f32, f32)>,
    /// The sums of the values by weight, `[rows, dim]`.
    values: Vec<f32>,
}

impl Taken {
    /// Returns what rows have taken that have looked at nothing.
    pub fn nothing(rows: usize, dim: usize) -> Self {
        let mut nothing = Self::default();
        nothing.forget(rows, dim);
        nothing
    }

    /// Makes it what rows have taken that have looked at nothing; memory that is there already is used again.
    pub fn forget(&mut self, rows: usize, dim: usize) {
        self.dim = dim;
        self.weights.clear();
        self.weights.resize(rows, (f32::NEG_INFINITY, 0.0));
        self.values.clear();
        self.values.resize(rows * dim, 0.0);
    }

    /// Makes it what some of the rows of another have taken.
    pub fn copy(&mut self, other: &Self, rows: Range<usize>) {
        self.dim = other.dim;
        self.weights.clear();
        self.weights.extend_from_slice(&other.weights[rows.clone()]);
        self.values.clear();
        self.values.extend_from_slice(&other.values[rows.start * other.dim..rows.end * other.dim]);
    }

    /// Writes the mean of the values by weight for some rows, `[rows, dim]`.
    pub fn means_into(&self, rows: Range<usize>, out: &mut [f32]) {
        let values = self.values[rows.start * self.dim..rows.end * self.dim].chunks_exact(self.dim);
        for (((_, weight), values), out) in self.weights[rows].iter().zip(values).zip(out.chunks_exact_mut(self.dim)) {
            // What is no number stays so; only what has looked at nothing has taken nothing.
            let share = if *weight == 0.0 { 0.0 } else { 1.0 / weight };
            out.iter_mut().zip(values).for_each(|(out, value)| *out = value * share);
        }
    }

    /// Returns the logarithm of the sum of each row's weights.
    pub fn log_sums(&self) -> impl Iterator<Item = f32> {
        self.weights.iter().map(|(most, sum)| most + sum.ln())
    }

    /// Adds what a row took from another stretch.
    #[inline(always)]
    fn merge(&mut self, row: usize, (most, weight): (f32, f32), values: &[f32]) {
        let (own_most, own_weight) = self.weights[row];
        let highest = own_most.max(most);
        let (own, other) = (scale(own_most - highest), scale(most - highest));
        self.weights[row] = (highest, own_weight * own + weight * other);
        let kept = &mut self.values[row * self.dim..(row + 1) * self.dim];
        kept.iter_mut().zip(values).for_each(|(kept, value)| *kept = *kept * own + value * other);
    }
}

widely!(fn wide_merge(taken: &mut Taken, row: usize, found: (f32, f32), values: &[f32]) = Taken::merge);

/// Returns e to a number that is at most 0; nothing was looked at where it is no number.
fn scale(difference: f32) -> f32 {
    if difference.is_nan() { 0.0 } else { difference.exp() }
}

impl Stretch {
    /// Returns an empty stretch with room for some tokens; `precision` is that of the model, 8-bit weights keep bf16 here.
    pub fn new(dim: usize, room: usize, precision: Precision) -> Self {
        let room = room.next_multiple_of(PANEL);
        let (keys, values) = (room * dim.next_multiple_of(4), room * dim.next_multiple_of(PANEL));
        let numbers = match precision {
            Precision::F32 => Kept::F32 { keys: vec![0.0; keys], values: vec![0.0; values] },
            Precision::Bf16 | Precision::Int8 => Kept::Bf16 { keys: vec![0; keys], values: vec![0; values] },
        };
        Self { dim, room, length: 0, numbers }
    }

    /// Returns how many tokens it holds.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Returns whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Returns how many it can hold.
    pub fn room(&self) -> usize {
        self.room
    }

    /// Returns the bytes that one takes.
    pub fn bytes(dim: usize, room: usize, precision: Precision) -> usize {
        let numbers = room.next_multiple_of(PANEL) * (dim.next_multiple_of(4) + dim.next_multiple_of(PANEL));
        numbers * if precision == Precision::F32 { 4 } else { 2 }
    }

    /// Forgets all but the first tokens.
    pub fn truncate(&mut self, length: usize) {
        self.length = self.length.min(length);
    }

    /// Adds one token's key and value, `[dim]` each. Where there is no room left, it is doubled.
    pub fn push(&mut self, key: &[f32], value: &[f32]) {
        if self.length == self.room {
            self.grow();
        }
        let (dim, room, token) = (self.dim.next_multiple_of(4), self.room, self.length);
        match &mut self.numbers {
            Kept::F32 { keys, values } => {
                let panel = (token / PANEL) * PANEL * dim + token % PANEL;
                key.iter().enumerate().for_each(|(at, number)| keys[panel + at * PANEL] = *number);
                for (of, part) in value.chunks(PANEL).enumerate() {
                    values[of * PANEL * room + token * PANEL..][..part.len()].copy_from_slice(part);
                }
            }
            Kept::Bf16 { keys, values } => {
                let panel = (token / PANEL) * PANEL * dim + token % PANEL * 2;
                for (at, pair) in key.chunks(2).enumerate() {
                    let place = panel + at * PANEL * 2;
                    pair.iter().zip(&mut keys[place..place + 2]).for_each(|(number, kept)| *kept = to_bf16(*number));
                }
                for (of, part) in value.chunks(PANEL).enumerate() {
                    let place = of * PANEL * room + token / 2 * PANEL * 2 + token % 2;
                    part.iter().enumerate().for_each(|(at, number)| values[place + 2 * at] = to_bf16(*number));
                }
            }
        }
        self.length += 1;
    }

    /// Doubles the room. Keys lie token by token and only become more; each panel of values moves.
    fn grow(&mut self) {
        let (old, room) = (self.room, (2 * self.room).max(PANEL));
        let (keys_wide, panels) = (self.dim.next_multiple_of(4), self.dim.div_ceil(PANEL));
        match &mut self.numbers {
            Kept::F32 { keys, values } => {
                keys.resize(room * keys_wide, 0.0);
                *values = moved(values, (old, room), panels);
            }
            Kept::Bf16 { keys, values } => {
                keys.resize(room * keys_wide, 0);
                *values = moved(values, (old, room), panels);
            }
        }
        self.room = room;
    }

    /// Lets rows look at the stretch: `queries` holds them one after the other, `[rows, dim]`, and `sees` how many of
    /// its first tokens each may look at.
    pub fn attend(&self, level: Level, (queries, sees): (&[f32], &[usize]), taken: &mut Taken, scratch: &mut Scratch) {
        let (level, mut at) = (level.held(), 0);
        while at < sees.len() {
            let rows = at..at + block(level, sees.len() - at);
            let queries = &queries[rows.start * self.dim..rows.end * self.dim];
            let most = sees[rows.clone()].iter().copied().max().unwrap_or_default().min(self.length);
            for first in (0..most).step_by(SPAN) {
                let span = first..most.min(first + SPAN);
                self.attend_block(level, (queries, &sees[rows.clone()], span), (taken, at), scratch);
            }
            at = rows.end;
        }
    }

    fn attend_block(
        &self,
        level: Level,
        (queries, sees, span): (&[f32], &[usize], Range<usize>),
        (taken, first): (&mut Taken, usize),
        scratch: &mut Scratch,
    ) {
        let wide = span.len().next_multiple_of(4);
        let times = 1.0 / (self.dim as f32).sqrt();
        scratch.scores.resize(sees.len() * wide, 0.0);
        self.score(level, queries, (span.start, wide), scratch);
        let mut found = [None; MOST_ROWS];
        for ((scores, sees), found) in scratch.scores.chunks_exact_mut(wide).zip(sees).zip(&mut found) {
            let (seen, rest) = scores.split_at_mut(sees.saturating_sub(span.start).min(span.len()));
            *found = (!seen.is_empty()).then(|| wide_weigh(level, seen, times));
            rest.fill(0.0);
        }
        self.sum(level, sees.len(), (span.start, wide), scratch);
        let width = self.dim.next_multiple_of(PANEL);
        for (row, (found, values)) in found.into_iter().zip(scratch.values.chunks_exact(width)).enumerate() {
            // A row that sees nothing of the span is left as it is, to the sign of a zero.
            if let Some(found) = found {
                wide_merge(level, taken, first + row, found, values);
            }
        }
    }

    /// Writes the scores of rows for the tokens of a span, `[rows, wide]`.
    fn score(&self, level: Level, queries: &[f32], (start, wide): (usize, usize), scratch: &mut Scratch) {
        let keys_of = |panel: usize, dim: usize| (start + panel * PANEL) * dim..(start + (panel + 1) * PANEL) * dim;
        let (dim, rows) = (self.dim.next_multiple_of(4), queries.len() / self.dim);
        let panels = wide.div_ceil(PANEL);
        let mut put = |panel: usize, sums: &[Sums]| {
            let columns = panel * PANEL..wide.min((panel + 1) * PANEL);
            for (scores, sums) in scratch.scores.chunks_exact_mut(wide).zip(sums) {
                scores[columns.clone()].copy_from_slice(&sums[..columns.len()]);
            }
        };
        match &self.numbers {
            Kept::F32 { keys, .. } => {
                let queries = filled(level, (queries, self.dim, dim), |_, row, kept| kept.copy_from_slice(row), &mut scratch.floats);
                let mut sums = [[0.0; PANEL]; MOST_ROWS];
                for panel in 0..panels {
                    f32_sums(level, queries, &keys[keys_of(panel, dim)], &mut sums[..rows]);
                    put(panel, &sums[..rows]);
                }
            }
            Kept::Bf16 { keys, .. } => {
                let queries = filled(level, (queries, self.dim, dim), wide_bf16_row, &mut scratch.brains);
                let mut sums = [[0.0; PANEL]; MOST_ROWS];
                for panel in 0..panels {
                    let keys = &keys[keys_of(panel, dim)];
                    bf16_sums(level, queries, (keys, keys), &mut sums[..rows]);
                    put(panel, &sums[..rows]);
                }
            }
        }
    }

    /// Writes the sums of the values by weight, `[rows, dim]` filled up to whole panels.
    fn sum(&self, level: Level, rows: usize, (start, wide): (usize, usize), scratch: &mut Scratch) {
        let width = self.dim.next_multiple_of(PANEL);
        scratch.values.resize(rows * width, 0.0);
        let mut put = |panel: usize, sums: &[Sums]| {
            for (values, sums) in scratch.values.chunks_exact_mut(width).zip(sums) {
                values[panel * PANEL..(panel + 1) * PANEL].copy_from_slice(sums);
            }
        };
        let of = |panel: usize| panel * PANEL * self.room + start * PANEL..panel * PANEL * self.room + (start + wide) * PANEL;
        match &self.numbers {
            Kept::F32 { values, .. } => {
                let mut sums = [[0.0; PANEL]; MOST_ROWS];
                for panel in 0..width / PANEL {
                    f32_sums(level, &scratch.scores, &values[of(panel)], &mut sums[..rows]);
                    put(panel, &sums[..rows]);
                }
            }
            Kept::Bf16 { values, .. } => {
                let weights = filled(level, (&scratch.scores, wide, wide), wide_bf16_row, &mut scratch.brains);
                let mut sums = [[0.0; PANEL]; MOST_ROWS];
                for panel in 0..width / PANEL {
                    let values = &values[of(panel)];
                    bf16_sums(level, weights, (values, values), &mut sums[..rows]);
                    put(panel, &sums[..rows]);
                }
            }
        }
    }
}

/// Returns panels of values with more room in each.
fn moved<T: Copy + Default>(values: &[T], (old, room): (usize, usize), panels: usize) -> Vec<T> {
    let mut moved = vec![T::default(); panels * PANEL * room];
    if old > 0 {
        let both = moved.chunks_exact_mut(PANEL * room).zip(values.chunks_exact(PANEL * old));
        both.for_each(|(new, own)| new[..own.len()].copy_from_slice(own));
    }
    moved
}

/// Room that attention computes in, kept from one call to the next.
#[derive(Clone, Debug, Default)]
pub struct Scratch {
    scores: Vec<f32>,
    values: Vec<f32>,
    floats: Vec<f32>,
    brains: Vec<u16>,
}

/// Returns rows of another width and kind of number, filled up with zeros.
fn filled<'s, T: Copy + Default>(
    level: Level,
    (rows, own, wide): (&[f32], usize, usize),
    fill: impl Fn(Level, &[f32], &mut [T]),
    into: &'s mut Vec<T>,
) -> &'s [T] {
    into.resize(rows.len() / own * wide, T::default());
    for (row, kept) in rows.chunks_exact(own).zip(into.chunks_exact_mut(wide)) {
        let (kept, rest) = kept.split_at_mut(own);
        fill(level, row, kept);
        rest.fill(T::default());
    }
    into
}
