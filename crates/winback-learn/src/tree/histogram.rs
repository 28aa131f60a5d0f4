//! Sums of gradients by code.
//!
//! Gradients are whole numbers of a small unit, so that sums are exact: they come out the same in whatever order and
//! by however many threads rows are added, and a histogram minus that of one child is that of the other.
use super::matrix::{Matrix, WIDTH};
use rayon::prelude::*;

/// A sum of gradients and of second derivatives, in units.
pub(crate) type Sum = [i64; 2];
/// The gradient and the second derivative of a row, in units.
pub(crate) type Pair = [i32; 2];
/// How many units make 1, where gradients lie within -1 to 1.
pub(crate) const UNITS: f64 = (1_u64 << 30) as f64;

/// How many rows one thread adds at a time.
const CHUNK: usize = 32_768;

type Codes = [Sum; 256];

/// The sums by code of every bundle.
#[derive(Clone)]
pub(crate) struct Histogram(Vec<Codes>);

/// Which rows to add.
#[derive(Clone, Copy)]
pub(crate) enum Rows<'a> {
    /// All of them.
    All,
    /// These.
    Some(&'a [u32]),
}

impl Histogram {
    /// Adds up rows of a matrix.
    pub fn of(matrix: &Matrix, pairs: &[Pair], rows: Rows) -> Self {
        let bundles = matrix.bundles.len();
        let count = match rows {
            Rows::All => matrix.rows,
            Rows::Some(list) => list.len(),
        };
        if count <= CHUNK {
            return Self::zero(bundles).with(matrix, pairs, rows, 0..count);
        }
        let part = |at: usize| at * CHUNK..((at + 1) * CHUNK).min(count);
        let chunks = (0..count.div_ceil(CHUNK)).into_par_iter();
        chunks
            .fold(|| Self::zero(bundles), |sums, at| sums.with(matrix, pairs, rows, part(at)))
            .reduce(|| Self::zero(bundles), |sums, part| sums.plus(&part))
    }

    fn zero(bundles: usize) -> Self {
        Self(vec![[[0; 2]; 256]; bundles])
    }

    fn with(mut self, matrix: &Matrix, pairs: &[Pair], rows: Rows, part: std::ops::Range<usize>) -> Self {
        let mut first = 0;
        for block in &matrix.blocks {
            let sums = &mut self.0[first..first + block.width];
            let reader = Reader { codes: &block.codes, pairs, rows, part: part.clone() };
            match block.width {
                1 => reader.add::<1>(sums),
                2 => reader.add::<2>(sums),
                3 => reader.add::<3>(sums),
                4 => reader.add::<4>(sums),
                5 => reader.add::<5>(sums),
                6 => reader.add::<6>(sums),
                7 => reader.add::<7>(sums),
                _ => reader.add::<WIDTH>(sums),
            }
            first += block.width;
        }
        self
    }

    fn plus(mut self, other: &Self) -> Self {
        let ours = self.0.as_flattened_mut().as_flattened_mut();
        ours.iter_mut().zip(other.0.as_flattened().as_flattened()).for_each(|(sum, part)| *sum += part);
        self
    }

    /// Takes away what one child holds, which leaves the other.
    pub fn minus(mut self, child: &Self) -> Self {
        let ours = self.0.as_flattened_mut().as_flattened_mut();
        ours.iter_mut().zip(child.0.as_flattened().as_flattened()).for_each(|(sum, part)| *sum -= part);
        self
    }

    /// Returns the sums of a bundle.
    pub fn bundle(&self, place: usize) -> &[Sum; 256] {
        &self.0[place]
    }
}

struct Reader<'a> {
    codes: &'a [u8],
    pairs: &'a [Pair],
    rows: Rows<'a>,
    part: std::ops::Range<usize>,
}

impl Reader<'_> {
    fn add<const W: usize>(&self, sums: &mut [Codes]) {
        let Some(sums) = sums.first_chunk_mut::<W>() else { return };
        let codes = self.codes.as_chunks::<W>().0;
        match self.rows {
            Rows::All => {
                codes[self.part.clone()].iter().zip(&self.pairs[self.part.clone()]).for_each(|(codes, pair)| add(sums, codes, *pair));
            }
            Rows::Some(list) => list[self.part.clone()].iter().for_each(|&row| add(sums, &codes[row as usize], self.pairs[row as usize])),
        }
    }
}

#[inline]
fn add<const W: usize>(sums: &mut [Codes; W], codes: &[u8; W], pair: Pair) {
    let (gradient, weight) = (i64::from(pair[0]), i64::from(pair[1]));
    for (sums, &code) in sums.iter_mut().zip(codes) {
        let sum = &mut sums[usize::from(code)];
        *sum = [sum[0] + gradient, sum[1] + weight];
    }
}
