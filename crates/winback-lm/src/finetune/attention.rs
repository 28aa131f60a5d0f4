//! Attention over whole texts, there and back: each key head of a text by itself.
use super::layer::Kept;
use crate::config::Config;
use crate::kernels::{BackScratch, ByLooked, Level, Looked, Numerics, Scratch, Stretch, Taken, dot, for_rows};
use rayon::prelude::*;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

/// Queries, keys and values of some texts.
pub(super) struct Attention<'a> {
    pub(super) config: &'a Config,
    /// At least bf16.
    pub(super) numerics: Numerics,
    /// `[rows, (heads + 2 * kv_heads) * head_dim]`, turned by their positions.
    pub(super) qkv: &'a [f32],
    /// The rows of each text.
    pub(super) texts: &'a [Range<usize>],
}

/// Memory that all layers use, one after the other.
#[derive(Debug, Default)]
pub(super) struct Looks {
    /// What each key head of each text took.
    taken: Vec<Taken>,
    /// The gradients by what it looked with.
    by: Vec<ByLooked>,
    /// What threads compute in; one takes any, and puts it back.
    desks: Mutex<Vec<Desk>>,
}

#[derive(Debug, Default)]
struct Desk {
    looked: Looked,
    sees: Vec<usize>,
    there: Scratch,
    back: BackScratch,
    taken: Vec<f32>,
}

impl Attention<'_> {
    fn level(&self) -> Level {
        self.numerics.level
    }

    fn width(&self) -> usize {
        self.config.q_dim() + 2 * self.config.kv_dim()
    }

    /// Returns how many query heads share a key head.
    fn group(&self) -> usize {
        self.config.heads / self.config.kv_heads
    }

    /// Returns every text with every key head.
    fn each(&self) -> Vec<(Range<usize>, usize)> {
        self.texts.iter().flat_map(|text| (0..self.config.kv_heads).map(move |head| (text.clone(), head))).collect()
    }

    /// Returns the place of a row among those of [`Self::each`] for a key head, and its place in its text.
    fn find(&self, row: usize, head: usize) -> (usize, usize) {
        let text = self.texts.partition_point(|text| text.end <= row);
        (text * self.config.kv_heads + head, row - self.texts[text].start)
    }

    /// Returns where the numbers of a text's key head begin in a table of one number for each query.
    fn first_query(&self, text: &Range<usize>, head: usize) -> usize {
        (text.start * self.config.kv_heads + head * text.len()) * self.group()
    }

    /// Returns the numbers of a row's queries, keys or values of a key head.
    fn part(&self, row: usize, first: usize, count: usize) -> &[f32] {
        &self.qkv[row * self.width() + first..][..count]
    }

    /// Writes the queries, keys and values of a key head of a text.
    fn gather(&self, (text, head): (&Range<usize>, usize), looked: &mut Looked) {
        let (dim, q_dim, kv_dim) = (self.config.head_dim, self.config.q_dim(), self.config.kv_dim());
        let group = self.group() * dim;
        for (own, first, count) in [
            (&mut looked.queries, head * group, group),
            (&mut looked.keys, q_dim + head * dim, dim),
            (&mut looked.values, q_dim + kv_dim + head * dim, dim),
        ] {
            own.clear();
            text.clone().for_each(|row| own.extend_from_slice(self.part(row, first, count)));
        }
    }

    /// Lets every row look at itself and what stands before it in its text, and writes the logarithm of the sum of each
    /// query's weights.
    pub(super) fn look(&self, looks: &mut Looks, log_sums: &mut Vec<f32>) {
        let each = self.each();
        let Looks { taken, desks, .. } = looks;
        taken.resize_with(each.len(), Taken::default);
        each.par_iter().zip(&mut *taken).with_max_len(1).for_each(|((text, head), taken)| {
            with_desk(desks, |desk| self.look_with((text, *head), taken, desk));
        });
        log_sums.clear();
        taken.iter().for_each(|taken| log_sums.extend(taken.log_sums()));
    }

    fn look_with(&self, (text, head): (&Range<usize>, usize), taken: &mut Taken, Desk { looked, sees, there, .. }: &mut Desk) {
        let dim = self.config.head_dim;
        self.gather((text, head), looked);
        let mut stretch = Stretch::new(dim, text.len(), self.numerics.precision);
        looked.keys.chunks_exact(dim).zip(looked.values.chunks_exact(dim)).for_each(|(key, value)| stretch.push(key, value));
        sees.clear();
        sees.extend((0..text.len() * self.group()).map(|query| query / self.group() + 1));
        taken.forget(sees.len(), dim);
        stretch.attend(self.level(), (&looked.queries, sees), taken, there);
    }

    /// Writes what some rows took, `[rows, heads * head_dim]`.
    pub(super) fn taken(&self, looks: &Looks, rows: &Range<usize>, out: &mut Vec<f32>) {
        let (group, width) = (self.group(), self.group() * self.config.head_dim);
        out.resize(rows.len() * self.config.q_dim(), 0.0);
        for_rows(out, self.config.q_dim(), |(at, out)| {
            for (head, out) in out.chunks_exact_mut(width).enumerate() {
                let (of, place) = self.find(rows.start + at, head);
                looks.taken[of].means_into(place * group..(place + 1) * group, out);
            }
        });
    }

    /// Goes back from the gradient by what was taken, `[rows, heads * head_dim]`.
    pub(super) fn back(&self, kept: &Kept, by_taken: &[f32], looks: &mut Looks) {
        let each = self.each();
        let Looks { by, desks, .. } = looks;
        by.resize_with(each.len(), ByLooked::default);
        each.par_iter().zip(by).with_max_len(1).for_each(|((text, head), by)| {
            with_desk(desks, |desk| self.back_with((text, *head), (kept, by_taken), by, desk));
        });
    }

    fn back_with(&self, (text, head): (&Range<usize>, usize), (kept, by_taken): (&Kept, &[f32]), by: &mut ByLooked, desk: &mut Desk) {
        let (dim, group, q_dim) = (self.config.head_dim, self.group(), self.config.q_dim());
        let Desk { looked, back, taken, .. } = desk;
        self.gather((text, head), looked);
        looked.by_taken.clear();
        looked.means.clear();
        taken.resize(group * dim, 0.0);
        let columns = head * group * dim..(head + 1) * group * dim;
        for row in text.clone() {
            let gradient = &by_taken[row * q_dim..][columns.clone()];
            kept.read_taken(self.level(), row, columns.clone(), taken);
            looked.by_taken.extend_from_slice(gradient);
            looked.means.extend(gradient.chunks_exact(dim).zip(taken.chunks_exact(dim)).map(|(gradient, taken)| dot(gradient, taken)));
        }
        let first = self.first_query(text, head);
        looked.log_sums.clear();
        looked.log_sums.extend_from_slice(&kept.log_sums[first..first + text.len() * group]);
        looked.back((self.level(), self.numerics.precision), dim, by, back);
    }

    /// Writes the gradient by some rows of [`Self::qkv`].
    pub(super) fn by_qkv(&self, looks: &Looks, rows: &Range<usize>, out: &mut Vec<f32>) {
        let (dim, q_dim, kv_dim) = (self.config.head_dim, self.config.q_dim(), self.config.kv_dim());
        let group = self.group() * dim;
        out.resize(rows.len() * self.width(), 0.0);
        for_rows(out, self.width(), |(at, out)| {
            for head in 0..self.config.kv_heads {
                let (of, place) = self.find(rows.start + at, head);
                let ByLooked { queries, keys, values } = &looks.by[of];
                out[head * group..][..group].copy_from_slice(&queries[place * group..][..group]);
                out[q_dim + head * dim..][..dim].copy_from_slice(&keys[place * dim..][..dim]);
                out[q_dim + kv_dim + head * dim..][..dim].copy_from_slice(&values[place * dim..][..dim]);
            }
        });
    }
}

/// Calls a function with a desk that nobody else uses.
fn with_desk(desks: &Mutex<Vec<Desk>>, work: impl FnOnce(&mut Desk)) {
    let lock = || desks.lock().unwrap_or_else(PoisonError::into_inner);
    let mut desk = lock().pop().unwrap_or_default();
    work(&mut desk);
    lock().push(desk);
}
