//! Attention over whole texts, there and back: each key head of a text by itself.
use super::desks::Desks;
use super::layer::Kept;
use crate::config::Config;
use crate::kernels::{BackScratch, ByLooked, Level, Looked, Numerics, Rope, Scratch, Stretch, Taken, dot, wide_norm_row};
use crate::model::Layer;
use rayon::prelude::*;
use std::ops::Range;

/// Queries, keys and values of some texts.
pub(super) struct Attention<'a> {
    pub(super) config: &'a Config,
    /// At least bf16.
    pub(super) numerics: Numerics,
    pub(super) layer: &'a Layer,
    pub(super) rope: &'a Rope,
    /// What came out of the layer's first product; heads are normed and turned by their positions where they are needed.
    pub(super) kept: &'a Kept,
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
    desks: Desks<Desk>,
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

    /// Writes the queries, keys and values of a key head of a text.
    fn gather(&self, (text, head): (&Range<usize>, usize), looked: &mut Looked) {
        let Config { head_dim: dim, rms_norm_eps: eps, .. } = *self.config;
        let (q_dim, kv_dim, group, level) = (self.config.q_dim(), self.config.kv_dim(), self.group() * dim, self.level());
        for (own, first, count, norm) in [
            (&mut looked.queries, head * group, group, Some(&self.layer.query_norm)),
            (&mut looked.keys, q_dim + head * dim, dim, Some(&self.layer.key_norm)),
            (&mut looked.values, q_dim + kv_dim + head * dim, dim, None),
        ] {
            own.resize(text.len() * count, 0.0);
            for (row, own) in text.clone().zip(own.chunks_exact_mut(count)) {
                self.kept.read_qkv(level, row, first..first + count, own);
                if let Some(norm) = norm {
                    own.chunks_exact_mut(dim).for_each(|head| wide_norm_row(level, head, norm, eps));
                    self.rope.apply(level, row, own);
                }
            }
        }
    }

    /// Lets every row look at itself and what stands before it in its text, and returns the logarithm of the sum of each
    /// query's weights.
    pub(super) fn look(&self, looks: &mut Looks) -> Vec<f32> {
        let each = self.each();
        let Looks { taken, desks, .. } = looks;
        taken.resize_with(each.len(), Taken::default);
        each.par_iter().zip(&mut *taken).with_max_len(1).for_each(|((text, head), taken)| {
            desks.with(Desk::default, |desk| self.look_with((text, *head), taken, desk));
        });
        taken.iter().flat_map(Taken::log_sums).collect()
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

    /// Writes what a row took, `[heads * head_dim]`.
    pub(super) fn taken(&self, looks: &Looks, row: usize, out: &mut [f32]) {
        let group = self.group();
        for (head, out) in out.chunks_exact_mut(group * self.config.head_dim).enumerate() {
            let (of, place) = self.find(row, head);
            looks.taken[of].means_into(place * group..(place + 1) * group, out);
        }
    }

    /// Goes back from the gradient by what was taken, `[rows, heads * head_dim]`.
    pub(super) fn back(&self, by_taken: &[f32], looks: &mut Looks) {
        let each = self.each();
        let Looks { by, desks, .. } = looks;
        by.resize_with(each.len(), ByLooked::default);
        each.par_iter().zip(by).with_max_len(1).for_each(|((text, head), by)| {
            desks.with(Desk::default, |desk| self.back_with((text, *head), by_taken, by, desk));
        });
    }

    fn back_with(&self, (text, head): (&Range<usize>, usize), by_taken: &[f32], by: &mut ByLooked, desk: &mut Desk) {
        let (dim, group, q_dim) = (self.config.head_dim, self.group(), self.config.q_dim());
        let Desk { looked, back, taken, .. } = desk;
        self.gather((text, head), looked);
        looked.by_taken.clear();
        looked.means.clear();
        taken.resize(group * dim, 0.0);
        let columns = head * group * dim..(head + 1) * group * dim;
        for row in text.clone() {
            let gradient = &by_taken[row * q_dim..][columns.clone()];
            self.kept.read_taken(self.level(), row, columns.clone(), taken);
            looked.by_taken.extend_from_slice(gradient);
            looked.means.extend(gradient.chunks_exact(dim).zip(taken.chunks_exact(dim)).map(|(gradient, taken)| dot(gradient, taken)));
        }
        let first = self.first_query(text, head);
        looked.log_sums.clear();
        looked.log_sums.extend_from_slice(&self.kept.log_sums[first..first + text.len() * group]);
        looked.back((self.level(), self.numerics.precision), dim, by, back);
    }

    /// Writes some heads of the gradient by a row's queries, keys and values, as the first product made them turned by its
    /// position.
    pub(super) fn by_turned(&self, looks: &Looks, row: usize, columns: &Range<usize>, out: &mut [f32]) {
        let (dim, group) = (self.config.head_dim, self.group());
        let (heads, kv_heads) = (self.config.heads, self.config.kv_heads);
        for (head, out) in (columns.start / dim..).zip(out.chunks_exact_mut(dim)) {
            let key_head = if head < heads { head / group } else { (head - heads) % kv_heads };
            let (of, place) = self.find(row, key_head);
            let ByLooked { queries, keys, values } = &looks.by[of];
            let (from, at) = match head {
                _ if head < heads => (queries, place * group + head % group),
                _ if head < heads + kv_heads => (keys, place),
                _ => (values, place),
            };
            out.copy_from_slice(&from[at * dim..(at + 1) * dim]);
        }
        let turned = ((heads + kv_heads) * dim).saturating_sub(columns.start).min(out.len());
        self.rope.undo(self.level(), row, &mut out[..turned]);
    }
}
