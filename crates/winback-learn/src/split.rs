//! Folds for cross-validation: stratified by label, the same for the same seed,
//! and with identical rows in the same fold, so that no row is tested on its twin.
use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use winback_core::feature::{FeatureColumn, FeatureTable};

/// The fold of a row that belongs to none, because its label is not known.
pub const NO_FOLD: u16 = u16::MAX;

/// Steele, Lea and Flood's SplitMix64 (OOPSLA 2014): small, fast, and fixed by its seed on every machine.
#[derive(Clone, Debug)]
pub struct SplitMix64(u64);

impl SplitMix64 {
    /// Starts the sequence of a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Returns the next 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Returns a number below `bound`, which is above 0 (Lemire 2019, without the rejection step: the bias is below 2^-32).
    pub fn below(&mut self, bound: u32) -> u32 {
        let high = (self.next_u64() >> 32) * u64::from(bound);
        (high >> 32) as u32
    }

    /// Puts a list into random order (Fisher and Yates).
    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for last in (1..list.len()).rev() {
            let bound = u32::try_from(last + 1).unwrap_or(u32::MAX);
            list.swap(last, self.below(bound) as usize);
        }
    }
}

/// Returns the fold of each row, [`NO_FOLD`] where the label is missing. Twins (rows equal in
/// every feature and in the label) share a fold; each label is spread as evenly as twins allow.
pub fn stratified_folds(table: &FeatureTable, folds: u16, seed: u64) -> Vec<u16> {
    let mut fold_of = vec![NO_FOLD; table.rows()];
    let mut sizes = vec![0_usize; usize::from(folds)];
    let mut random = SplitMix64::new(seed);
    for label in [true, false] {
        let mut twins = twins(table, label);
        random.shuffle(&mut twins);
        let mut of_label = vec![0_usize; usize::from(folds)];
        for rows in twins {
            let fold = (0..sizes.len()).min_by_key(|&fold| (of_label[fold], sizes[fold])).unwrap_or_default();
            of_label[fold] += rows.len();
            sizes[fold] += rows.len();
            rows.into_iter().for_each(|row| fold_of[row as usize] = fold as u16);
        }
    }
    fold_of
}

/// Returns the rows with a label, those that are equal in every feature together, in order of first appearance.
pub fn twins(table: &FeatureTable, label: bool) -> Vec<Vec<u32>> {
    let mut place_of: HashMap<u64, usize> = HashMap::new();
    let mut groups: Vec<Vec<u32>> = Vec::new();
    for (row, _) in table.labels.iter().enumerate().filter(|(_, known)| **known == Some(label)) {
        let place = *place_of.entry(hash_of_row(table, row)).or_insert(groups.len());
        if place == groups.len() {
            groups.push(Vec::with_capacity(1));
        }
        groups[place].push(row as u32);
    }
    groups
}

/// Two different rows with one hash (about one chance in 10^8 for a million rows) would only share a fold.
fn hash_of_row(table: &FeatureTable, row: usize) -> u64 {
    let mut hasher = Fold(0);
    for column in &table.columns {
        match column {
            FeatureColumn::Number(values) => (values[row] + 0.0).to_bits().hash(&mut hasher),
            FeatureColumn::Category { codes, .. } => u64::from(codes[row]).hash(&mut hasher),
        }
    }
    hasher.finish()
}

/// A hash that is the same in every process, unlike the standard library's.
struct Fold(u64);

impl Hasher for Fold {
    fn finish(&self) -> u64 {
        SplitMix64(self.0).next_u64()
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.write_u64(u64::from(byte)));
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = SplitMix64(self.0 ^ value).next_u64();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_is_the_published_one() {
        let mut random = SplitMix64::new(1_234_567);
        let drawn: Vec<u64> = (0..3).map(|_| random.next_u64()).collect();
        assert_eq!(drawn, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn a_shuffle_keeps_every_element() {
        let mut list: Vec<u32> = (0..100).collect();
        SplitMix64::new(7).shuffle(&mut list);
        assert_ne!(list, (0..100).collect::<Vec<_>>());
        list.sort_unstable();
        assert_eq!(list, (0..100).collect::<Vec<_>>());
    }
}
