//! The training rows as the grower reads them: few bytes a row.
//!
//! Columns with few codes are told together by one byte where no more than 256 combinations of them stand in the
//! rows: six yes-or-no columns take one byte, and so do the add-ons of a table that says "No internet service" in
//! all of them at once. A histogram by that byte holds the histogram of each of its columns. (Ke and others, 2017,
//! bundle columns of which at most one differs from 0; here any columns go together.)
use super::bins::{Bins, Codes};
use rayon::prelude::*;
use winback_core::feature::FeatureSchema;

/// The most bytes of a row that are read together.
pub(crate) const WIDTH: usize = 8;
/// The most codes a column may have to be told together with another.
const FEW: usize = 64;
/// How many bundles are tried for a column.
const TRIES: usize = 12;
/// How many rows tell quickly that columns do not go together.
const SAMPLE: usize = 8_192;
const CHUNK: usize = 65_536;

/// The rows, bundle by bundle.
pub(crate) struct Matrix {
    pub rows: usize,
    pub bundles: Vec<Bundle>,
    pub blocks: Vec<Block>,
    /// Where each column is found: its bundle and its place among the bundle's members; `None` where unused.
    pub places: Vec<Option<(usize, usize)>>,
}

/// One byte of every row and what it says.
pub(crate) struct Bundle {
    /// How many codes the byte has.
    pub codes: usize,
    pub members: Vec<Member>,
}

/// A column within a bundle.
pub(crate) struct Member {
    pub column: usize,
    /// The column's code for each code of the bundle.
    pub code_of: Vec<u8>,
}

/// Up to [`WIDTH`] bundles, row after row.
pub(crate) struct Block {
    pub width: usize,
    pub codes: Vec<u8>,
}

struct Open {
    bundle: Bundle,
    codes: Vec<u8>,
}

impl Matrix {
    /// Bundles the columns of encoded rows.
    pub fn of(bins: &Bins, codes: Codes, rows: usize) -> Self {
        let mut open: Vec<Open> = Vec::new();
        for (column, (bins, codes)) in bins.columns.iter().zip(codes.columns).enumerate().filter(|(_, (bins, _))| bins.codes() > 0) {
            let fresh = Open::of(column, bins.codes(), codes);
            let first = open.len().saturating_sub(TRIES);
            let joined = if bins.codes() > FEW { None } else { (first..open.len()).find_map(|at| Some((at, open[at].with(&fresh)?))) };
            match joined {
                Some((at, joined)) => open[at] = joined,
                None => open.push(fresh),
            }
        }
        Self::interleave(open, rows, bins.columns.len())
    }

    fn interleave(open: Vec<Open>, rows: usize, columns: usize) -> Self {
        let widths = open.len().div_ceil(WIDTH).max(1);
        let per_block = open.len().div_ceil(widths).max(1);
        let block = |part: &[Open]| {
            let mut codes = vec![0; rows * part.len()];
            codes.par_chunks_mut(part.len() * CHUNK).zip((0..rows).into_par_iter().step_by(CHUNK)).for_each(|(out, from)| {
                for (place, open) in part.iter().enumerate() {
                    out[place..].iter_mut().step_by(part.len()).zip(&open.codes[from..]).for_each(|(out, &code)| *out = code);
                }
            });
            Block { width: part.len(), codes }
        };
        let blocks = open.chunks(per_block).map(block).collect();
        let mut places = vec![None; columns];
        let bundles: Vec<Bundle> = open.into_iter().map(|open| open.bundle).collect();
        for (at, bundle) in bundles.iter().enumerate() {
            bundle.members.iter().enumerate().for_each(|(member, known)| places[known.column] = Some((at, member)));
        }
        Self { rows, bundles, blocks, places }
    }

    /// Returns the columns that are used, by name: which columns a seed draws does not hang on their order in the table.
    pub fn used(&self, schema: &FeatureSchema) -> Vec<usize> {
        let mut used: Vec<usize> = (0..self.places.len()).filter(|&column| self.places[column].is_some()).collect();
        used.sort_by(|&a, &b| schema.features[a].name.cmp(&schema.features[b].name));
        used
    }

    /// Returns the block that holds a bundle, and the bundle's place in it.
    pub fn locate(&self, bundle: usize) -> (usize, usize) {
        let width = self.blocks.first().map_or(1, |block| block.width);
        (bundle / width, bundle % width)
    }
}

impl Open {
    fn of(column: usize, count: usize, codes: Vec<u8>) -> Self {
        let code_of = (0..count).map(|code| code as u8).collect();
        Self { bundle: Bundle { codes: count, members: vec![Member { column, code_of }] }, codes }
    }

    /// Returns both as one, or `None` where more than 256 combinations stand in the rows.
    fn with(&self, other: &Self) -> Option<Self> {
        let span = other.bundle.codes;
        let pair = |(&a, &b): (&u8, &u8)| usize::from(a) * span + usize::from(b);
        let size = self.bundle.codes * span;
        let step = (self.codes.len() / SAMPLE).max(1);
        let mut seen = vec![false; size];
        self.codes.iter().step_by(step).zip(other.codes.iter().step_by(step)).for_each(|both| seen[pair(both)] = true);
        if seen.iter().filter(|&&seen| seen).count() > 256 {
            return None;
        }
        let chunks = self.codes.par_chunks(CHUNK).zip(other.codes.par_chunks(CHUNK));
        let seen_in = |(a, b): (&[u8], &[u8])| {
            let mut seen = vec![false; size];
            a.iter().zip(b).for_each(|both| seen[pair(both)] = true);
            seen
        };
        let either = |mut a: Vec<bool>, b: Vec<bool>| {
            a.iter_mut().zip(b).for_each(|(a, b)| *a |= b);
            a
        };
        let seen = chunks.map(seen_in).reduce(|| vec![false; size], either);
        let pairs: Vec<usize> = (0..size).filter(|&pair| seen[pair]).collect();
        if pairs.len() > 256 {
            return None;
        }
        let mut rank = vec![0_u8; size];
        pairs.iter().enumerate().for_each(|(place, &pair)| rank[pair] = place as u8);
        let codes = self.codes.par_iter().zip(&other.codes).map(|both| rank[pair(both)]).collect();
        let mut members = self.bundle.project(&pairs, |pair| pair / span);
        members.extend(other.bundle.project(&pairs, |pair| pair % span));
        Some(Self { bundle: Bundle { codes: pairs.len(), members }, codes })
    }
}

impl Bundle {
    /// Returns the members as they are told by pairs, of each of which `half` is a code of this bundle.
    fn project(&self, pairs: &[usize], half: impl Fn(usize) -> usize) -> Vec<Member> {
        let code_of = |known: &Member| pairs.iter().map(|&pair| known.code_of[half(pair)]).collect();
        self.members.iter().map(|known| Member { column: known.column, code_of: code_of(known) }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::bins::ColumnBins;
    use super::*;
    use crate::split::SplitMix64;

    #[test]
    fn a_bundle_tells_the_codes_of_its_columns() {
        let mut random = SplitMix64::new(3);
        let counts = [2, 2, 3, 255, 2, 40, 7, 64, 65, 3, 3, 3, 2, 2, 2, 9, 30, 31, 20, 2, 50, 3, 4, 4];
        let rows = 3_000;
        let bins = |count: usize| ColumnBins::Number { borders: (0..count - 1).map(|at| at as f64).collect(), missing_rows: 0 };
        let mut bins: Vec<ColumnBins> = counts.iter().map(|&count| bins(count)).collect();
        bins[4] = ColumnBins::Unused { why: "the same in every row".into() };
        let mut column = |&count: &u32| (0..rows).map(|_| random.below(count) as u8).collect();
        let mut columns: Vec<Vec<u8>> = counts.map(|count| count as u32).iter().map(&mut column).collect();
        columns[4].clear();
        let matrix = Matrix::of(&Bins { columns: bins }, Codes { columns: columns.clone() }, rows);
        assert!(matrix.bundles.len() < 20 && matrix.blocks.len() > 1, "{} bundles", matrix.bundles.len());
        assert_eq!(matrix.places[4], None);
        for (column, codes) in columns.iter().enumerate().filter(|(column, _)| *column != 4) {
            let (bundle, member) = matrix.places[column].unwrap();
            let (block, place) = matrix.locate(bundle);
            let code_of = &matrix.bundles[bundle].members[member].code_of;
            let block = &matrix.blocks[block];
            for (row, &code) in codes.iter().enumerate() {
                assert_eq!(code_of[usize::from(block.codes[row * block.width + place])], code);
            }
        }
    }
}
