//! The training rows as a fit reads them: per row one slot of each category and two of each number.
//!
//! A row touches about two dozen of the coefficients, so sums over a million rows never see a dense
//! matrix. Sums are taken over chunks of fixed size and added in their order, which makes them equal
//! bit by bit for any number of threads.
use crate::cholesky::Square;
use crate::encode::Encoder;
use rayon::prelude::*;
use winback_core::feature::{FeatureColumn, FeatureTable};

/// How many rows are summed by one thread at a time.
const CHUNK: usize = 8_192;
/// In how many parts second derivatives are summed; each part needs a matrix of its own.
const HESSIAN_PARTS: usize = 8;

/// Encoded training rows. Slot 0 is the intercept's, which every row has.
pub struct Design {
    columns: Vec<SlotColumn>,
    labels: Vec<f64>,
    slots: usize,
}

enum SlotColumn {
    Word { offset: usize, slots: Vec<u16> },
    Number { offset: usize, left: Vec<u16>, share: Vec<f64> },
}

/// Sums over all rows at some coefficients.
#[derive(Clone)]
pub struct Sums {
    /// The negative log-likelihood.
    pub loss: f64,
    /// Its derivative by each slot.
    pub gradient: Vec<f64>,
    /// The greatest distance of a score from 0, in log-odds.
    pub furthest: f64,
    /// Its second derivatives (lower triangle), where asked for.
    pub hessian: Option<Square>,
}

impl Design {
    /// Encodes the labelled rows among `rows`.
    pub fn of(table: &FeatureTable, rows: &[u32], encoders: &[Encoder]) -> Self {
        let offsets: Vec<usize> = encoders
            .iter()
            .scan(1, |next, encoder| {
                let offset = *next;
                *next += encoder.slots();
                Some(offset)
            })
            .collect();
        let columns = table.columns.par_iter().zip(encoders).zip(&offsets);
        let columns = columns.filter_map(|((column, encoder), &offset)| encode_column(column, encoder, offset, rows)).collect();
        let labels = rows.iter().map(|&row| f64::from(u8::from(table.labels[row as usize] == Some(true)))).collect();
        Self { columns, labels, slots: 1 + encoders.iter().map(Encoder::slots).sum::<usize>() }
    }

    /// Returns every `step`th row.
    pub fn every(&self, step: usize) -> Self {
        let thin = |column: &SlotColumn| match column {
            SlotColumn::Word { offset, slots } => {
                SlotColumn::Word { offset: *offset, slots: slots.iter().step_by(step).copied().collect() }
            }
            SlotColumn::Number { offset, left, share } => SlotColumn::Number {
                offset: *offset,
                left: left.iter().step_by(step).copied().collect(),
                share: share.iter().step_by(step).copied().collect(),
            },
        };
        let labels = self.labels.iter().step_by(step).copied().collect();
        Self { columns: self.columns.iter().map(thin).collect(), labels, slots: self.slots }
    }

    /// Returns the number of rows.
    pub fn rows(&self) -> usize {
        self.labels.len()
    }

    /// Returns the share of rows with label 1.
    pub fn rate(&self) -> f64 {
        self.labels.iter().sum::<f64>() / self.labels.len() as f64
    }

    /// Returns how much of each slot the average row has.
    pub fn shares(&self) -> Vec<f64> {
        let mut mass = vec![0.0; self.slots];
        mass[0] = self.rows() as f64;
        for column in &self.columns {
            match column {
                SlotColumn::Word { offset, slots } => slots.iter().for_each(|&slot| mass[offset + usize::from(slot)] += 1.0),
                SlotColumn::Number { offset, left, share } => left.iter().zip(share).for_each(|(&left, &share)| {
                    mass[offset + usize::from(left)] += 1.0 - share;
                    mass[offset + usize::from(left) + 1] += share;
                }),
            }
        }
        let rows = self.rows() as f64;
        mass.iter().map(|mass| mass / rows).collect()
    }

    /// Returns the sums at the values of the slots.
    pub fn sums(&self, values: &[f64], with_hessian: bool) -> Sums {
        let size = if with_hessian { CHUNK.max(self.rows().div_ceil(HESSIAN_PARTS)) } else { CHUNK };
        let chunk = |start: usize| self.chunk_sums(start * size..((start + 1) * size).min(self.rows()), values, with_hessian);
        let parts: Vec<Sums> = (0..self.rows().div_ceil(size)).into_par_iter().map(chunk).collect();
        let hessian = with_hessian.then(|| Square::zeros(self.slots));
        parts.into_iter().fold(Sums { loss: 0.0, gradient: vec![0.0; self.slots], furthest: 0.0, hessian }, |sums, part| sums.plus(&part))
    }

    fn chunk_sums(&self, rows: std::ops::Range<usize>, values: &[f64], with_hessian: bool) -> Sums {
        let mut scores = vec![values[0]; rows.len()];
        self.columns.iter().for_each(|column| column.add_scores(&rows, values, &mut scores));
        let (mut loss, mut furthest) = (0.0, 0.0_f64);
        let mut residuals = Vec::with_capacity(rows.len());
        let mut weights = Vec::with_capacity(rows.len());
        for (&score, &label) in scores.iter().zip(&self.labels[rows.clone()]) {
            let tail = (-score.abs()).exp();
            let p = if score >= 0.0 { 1.0 / (1.0 + tail) } else { tail / (1.0 + tail) };
            loss += tail.ln_1p() + score.max(0.0) - label * score;
            furthest = furthest.max(score.abs());
            residuals.push(p - label);
            weights.push(tail / ((1.0 + tail) * (1.0 + tail)));
        }
        let mut gradient = vec![0.0; self.slots];
        gradient[0] = residuals.iter().sum();
        self.columns.iter().for_each(|column| column.add_gradient(&rows, &residuals, &mut gradient));
        let hessian = with_hessian.then(|| self.chunk_hessian(&rows, &weights));
        Sums { loss, gradient, furthest, hessian }
    }

    fn chunk_hessian(&self, rows: &std::ops::Range<usize>, weights: &[f64]) -> Square {
        let mut hessian = Square::zeros(self.slots);
        let mut active: Vec<(usize, f64)> = Vec::with_capacity(2 * self.columns.len() + 1);
        for (row, &weight) in rows.clone().zip(weights) {
            active.clear();
            active.push((0, 1.0));
            self.columns.iter().for_each(|column| column.push_active(row, &mut active));
            for (place, &(slot, amount)) in active.iter().enumerate() {
                let line = &mut hessian.entries[slot * self.slots..(slot + 1) * self.slots];
                let amount = amount * weight;
                active[..=place].iter().for_each(|&(other, share)| line[other] += amount * share);
            }
        }
        hessian
    }
}

impl Sums {
    fn plus(mut self, other: &Self) -> Self {
        self.loss += other.loss;
        self.furthest = self.furthest.max(other.furthest);
        add(&mut self.gradient, &other.gradient);
        if let (Some(sum), Some(part)) = (&mut self.hessian, &other.hessian) {
            add(&mut sum.entries, &part.entries);
        }
        self
    }
}

fn add(sum: &mut [f64], part: &[f64]) {
    sum.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
}

impl SlotColumn {
    fn add_scores(&self, rows: &std::ops::Range<usize>, values: &[f64], scores: &mut [f64]) {
        match self {
            Self::Word { offset, slots } => {
                let values = &values[*offset..];
                scores.iter_mut().zip(&slots[rows.clone()]).for_each(|(score, &slot)| *score += values[usize::from(slot)]);
            }
            Self::Number { offset, left, share } => {
                let values = &values[*offset..];
                let places = left[rows.clone()].iter().zip(&share[rows.clone()]);
                for (score, (&left, &share)) in scores.iter_mut().zip(places) {
                    let (from, to) = (values[usize::from(left)], values[usize::from(left) + 1]);
                    *score += from + share * (to - from);
                }
            }
        }
    }

    fn add_gradient(&self, rows: &std::ops::Range<usize>, residuals: &[f64], gradient: &mut [f64]) {
        match self {
            Self::Word { offset, slots } => {
                let gradient = &mut gradient[*offset..];
                residuals.iter().zip(&slots[rows.clone()]).for_each(|(residual, &slot)| gradient[usize::from(slot)] += residual);
            }
            Self::Number { offset, left, share } => {
                let gradient = &mut gradient[*offset..];
                let places = left[rows.clone()].iter().zip(&share[rows.clone()]);
                for (residual, (&left, &share)) in residuals.iter().zip(places) {
                    gradient[usize::from(left)] += residual * (1.0 - share);
                    gradient[usize::from(left) + 1] += residual * share;
                }
            }
        }
    }

    fn push_active(&self, row: usize, active: &mut Vec<(usize, f64)>) {
        match self {
            Self::Word { offset, slots } => active.push((offset + usize::from(slots[row]), 1.0)),
            Self::Number { offset, left, share } => {
                let at = offset + usize::from(left[row]);
                active.push((at, 1.0 - share[row]));
                active.push((at + 1, share[row]));
            }
        }
    }
}

fn encode_column(column: &FeatureColumn, encoder: &Encoder, offset: usize, rows: &[u32]) -> Option<SlotColumn> {
    match (encoder, column) {
        (Encoder::Words(words), FeatureColumn::Category { codes, levels }) => {
            let slots = words.slots_of(levels);
            let slot = |&row: &u32| words.slot(codes[row as usize], &slots).unwrap_or(words.missing);
            Some(SlotColumn::Word { offset, slots: rows.iter().map(slot).collect() })
        }
        (Encoder::Number(knots), FeatureColumn::Number(values)) => {
            let (left, share) = rows.par_iter().map(|&row| knots.place(values[row as usize])).unzip();
            Some(SlotColumn::Number { offset, left, share })
        }
        _ => None,
    }
}
