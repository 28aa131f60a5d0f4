//! How a column becomes a code of one byte, learned from the training rows alone.
//!
//! - A number falls into a bin between two borders. There is a border between any two neighbouring training values
//!   where there are few of them, and else between bins of about as many rows each, counted on at
//!   most [`SAMPLE_ROWS`] rows. The outermost bins are open, so an outlier is just a large number.
//! - A number that is missing or not finite has a bin of its own.
//! - A word with at least [`crate::encode::MIN_WORD_ROWS`] training rows has a code of its own (the [`MAX_BINS`] - 1
//!   most frequent at most); all others, and words never seen, share the code *other*; a missing cell has its own.
//! - A column that has the same code in every training row is not used, and says why.
use crate::encode::MIN_WORD_ROWS;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use winback_core::feature::{FeatureColumn, FeatureTable};

/// The most codes a column has besides the one of a missing cell.
pub const MAX_BINS: usize = 254;
/// The most rows quantiles are taken from; larger tables give every k-th row.
pub const SAMPLE_ROWS: usize = 262_144;

/// How every column of a table is read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Bins {
    /// One per feature, in the schema's order.
    pub columns: Vec<ColumnBins>,
}

/// How one column is read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "as", rename_all = "snake_case", deny_unknown_fields)]
pub enum ColumnBins {
    /// The column is not used.
    Unused {
        /// Why not: `the same in every row`.
        why: String,
    },
    /// A number: its code is how many borders lie below it.
    Number {
        /// The borders, rising.
        borders: Vec<f64>,
        /// How many training rows had the cell missing.
        missing_rows: u64,
    },
    /// A category: its code is the word's place.
    Words {
        /// The words with a code each.
        words: Vec<String>,
        /// How many training rows held another word.
        other_rows: u64,
        /// How many other words there were.
        rare_words: u64,
        /// How many training rows had the cell missing.
        missing_rows: u64,
    },
}

impl ColumnBins {
    /// Returns how many codes the column has, the last being that of a missing cell; 0 for an unused column.
    pub(crate) fn codes(&self) -> usize {
        match self {
            Self::Unused { .. } => 0,
            Self::Number { borders, .. } => borders.len() + 2,
            Self::Words { words, .. } => words.len() + 2,
        }
    }

    /// Returns whether a column of numbers, or of words, can be read so.
    pub(crate) fn fits(&self, numeric: bool) -> bool {
        match self {
            Self::Unused { .. } => true,
            Self::Number { .. } => numeric,
            Self::Words { .. } => !numeric,
        }
    }

    /// Returns whether the codes before the last are in an order that means something.
    pub(crate) fn ordered(&self) -> bool {
        matches!(self, Self::Number { .. })
    }

    /// Returns the code of a missing cell.
    pub(crate) fn missing(&self) -> u8 {
        self.codes().saturating_sub(1) as u8
    }

    /// Returns whether a code tells nothing that training saw of the cell itself: it is missing, or a word never seen.
    pub(crate) fn is_filled(&self, code: u8) -> bool {
        let unseen = match self {
            Self::Words { words, other_rows: 0, .. } => usize::from(code) == words.len(),
            _ => false,
        };
        unseen || code == self.missing()
    }

    /// Returns the code of a word.
    pub(crate) fn word(&self, word: &str) -> Option<u8> {
        match self {
            Self::Words { words, .. } => words.iter().position(|known| known == word).map(|place| place as u8),
            _ => None,
        }
    }

    fn number(borders: &[f64], value: f64) -> u8 {
        if value.is_finite() { borders.partition_point(|&border| border < value) as u8 } else { borders.len() as u8 + 1 }
    }

    /// Returns the code of every word of a table's column, and that of a missing cell at the end.
    fn table_words(&self, levels: &[Arc<str>]) -> Vec<u8> {
        let other = self.missing() - 1;
        levels.iter().map(|level| self.word(level).unwrap_or(other)).chain(std::iter::once(self.missing())).collect()
    }

    fn unused(why: &str) -> Self {
        Self::Unused { why: why.to_owned() }
    }

    fn encode(&self, column: &FeatureColumn, rows: impl IndexedParallelIterator<Item = usize>) -> Vec<u8> {
        match (self, column) {
            (Self::Number { borders, .. }, FeatureColumn::Number(values)) => rows.map(|row| Self::number(borders, values[row])).collect(),
            (Self::Words { .. }, FeatureColumn::Category { codes, levels }) => {
                let known = self.table_words(levels);
                rows.map(|row| known[usize::from(codes[row]).min(known.len() - 1)]).collect()
            }
            _ => Vec::new(),
        }
    }
}

impl Bins {
    /// Learns the bins of some rows, at most `most` for a number. Features for which `skip` gives a reason are not used.
    pub fn learn(table: &FeatureTable, rows: &[u32], most: usize, skip: &(dyn Fn(usize) -> Option<String> + Sync)) -> Self {
        let most = most.clamp(2, MAX_BINS);
        let learn = |(feature, column): (usize, &FeatureColumn)| match (skip(feature), column) {
            (Some(why), _) => ColumnBins::Unused { why },
            (None, FeatureColumn::Number(values)) => learn_number(values, rows, most),
            (None, FeatureColumn::Category { codes, levels }) => learn_words(codes, levels, rows),
        };
        Self { columns: table.columns.par_iter().enumerate().map(learn).collect() }
    }

    /// Returns the codes of all rows of a table, which has the columns the bins were learned on.
    pub(crate) fn encode(&self, table: &FeatureTable) -> Codes {
        let columns = self.columns.par_iter().zip(&table.columns);
        Codes { columns: columns.map(|(bins, column)| bins.encode(column, (0..table.rows()).into_par_iter())).collect() }
    }

    /// Returns the codes of some rows, in their order.
    pub(crate) fn encode_rows(&self, table: &FeatureTable, rows: &[u32]) -> Codes {
        let columns = self.columns.par_iter().zip(&table.columns);
        let encode = |(bins, column): (&ColumnBins, &FeatureColumn)| bins.encode(column, rows.par_iter().map(|&row| row as usize));
        Codes { columns: columns.map(encode).collect() }
    }

    /// Says what is wrong with bins from a file.
    pub(crate) fn check(&self) -> Result<(), String> {
        let wrong = |bins: &ColumnBins| match bins {
            ColumnBins::Unused { .. } => None,
            _ if bins.codes() > MAX_BINS + 1 => Some("has more codes than fit a byte"),
            ColumnBins::Number { borders, .. } if borders.iter().any(|border| !border.is_finite()) => {
                Some("has a border that is no number")
            }
            ColumnBins::Number { borders, .. } if borders.windows(2).any(|pair| pair[0] >= pair[1]) => Some("has borders that do not rise"),
            ColumnBins::Words { words, .. } if (1..words.len()).any(|at| words[..at].contains(&words[at])) => Some("has a word twice"),
            _ => None,
        };
        match self.columns.iter().enumerate().find_map(|(place, bins)| Some((place, wrong(bins)?))) {
            Some((place, what)) => Err(format!("column {place} {what}")),
            None => Ok(()),
        }
    }
}

/// The codes of some rows, column by column; unused columns are empty.
#[derive(Clone, Debug)]
pub struct Codes {
    pub(crate) columns: Vec<Vec<u8>>,
}

fn learn_number(values: &[f64], rows: &[u32], most: usize) -> ColumnBins {
    let missing_rows = rows.iter().filter(|&&row| !values[row as usize].is_finite()).count() as u64;
    if missing_rows == rows.len() as u64 {
        return ColumnBins::unused("empty in every row");
    }
    let step = rows.len().div_ceil(SAMPLE_ROWS);
    let mut known: Vec<f64> = rows.iter().step_by(step).map(|&row| values[row as usize]).filter(|value| value.is_finite()).collect();
    known.par_sort_unstable_by(f64::total_cmp);
    let borders = borders(&known, most);
    match borders.is_empty() && missing_rows == 0 {
        true => ColumnBins::unused("the same in every row"),
        false => ColumnBins::Number { borders, missing_rows },
    }
}

/// Returns borders between sorted values: between any two where few differ, else so that bins hold about as many each.
fn borders(sorted: &[f64], most: usize) -> Vec<f64> {
    let runs: Vec<&[f64]> = sorted.chunk_by(|a, b| a == b).collect();
    let few = runs.len() <= most;
    let (mut borders, mut filled, mut left) = (Vec::new(), 0, sorted.len());
    for pair in runs.windows(2) {
        filled += pair[0].len();
        let share = left / (most - borders.len());
        if few || (filled >= share && borders.len() + 1 < most) {
            borders.push(between(pair[0][0], pair[1][0]));
            left -= filled;
            filled = 0;
        }
    }
    borders
}

/// Returns a number from `low` up to, but not including, `high`: their middle where there is one.
fn between(low: f64, high: f64) -> f64 {
    let middle = low / 2.0 + high / 2.0;
    if low <= middle && middle < high { middle } else { low }
}

fn learn_words(codes: &[u16], levels: &[Arc<str>], rows: &[u32]) -> ColumnBins {
    let mut counts = vec![0_u32; levels.len()];
    let mut missing_rows = 0_u64;
    for &row in rows {
        match counts.get_mut(usize::from(codes[row as usize])) {
            Some(count) => *count += 1,
            None => missing_rows += 1,
        }
    }
    if missing_rows == rows.len() as u64 {
        return ColumnBins::unused("empty in every row");
    }
    let seen = counts.iter().filter(|&&count| count > 0).count();
    let mut kept: Vec<usize> = (0..levels.len()).filter(|&word| counts[word] >= MIN_WORD_ROWS).collect();
    // By name in the end, so that the order in which a table lists its words decides nothing.
    kept.sort_by(|&a, &b| counts[b].cmp(&counts[a]).then_with(|| levels[a].cmp(&levels[b])));
    kept.truncate(MAX_BINS - 1);
    kept.sort_by(|&a, &b| levels[a].cmp(&levels[b]));
    let other_rows = rows.len() as u64 - missing_rows - kept.iter().map(|&word| u64::from(counts[word])).sum::<u64>();
    let differ = kept.len() + usize::from(missing_rows > 0) + usize::from(other_rows > 0);
    match (differ, seen) {
        (0 | 1, 2..) => ColumnBins::unused("no word stands in enough rows"),
        (0 | 1, _) => ColumnBins::unused("the same in every row"),
        _ => ColumnBins::Words {
            words: kept.iter().map(|&word| levels[word].to_string()).collect(),
            other_rows,
            rare_words: (seen - kept.len()) as u64,
            missing_rows,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(values: &[f64], most: usize) -> ColumnBins {
        learn_number(values, &(0..values.len() as u32).collect::<Vec<_>>(), most)
    }

    fn borders_of(bins: &ColumnBins) -> &[f64] {
        if let ColumnBins::Number { borders, .. } = bins { borders } else { &[] }
    }

    #[test]
    fn few_values_have_a_bin_each_and_borders_lie_between() {
        let bins = number(&[3.0, 1.0, f64::NAN, 1.0, 7.0], 254);
        assert_eq!(bins, ColumnBins::Number { borders: vec![2.0, 5.0], missing_rows: 1 });
        let codes: Vec<u8> = [1.0, 2.0, 2.1, 7.0, 1e300, -1e300].map(|value| ColumnBins::number(borders_of(&bins), value)).to_vec();
        assert_eq!(codes, [0, 0, 1, 2, 2, 0]);
        for empty in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(ColumnBins::number(borders_of(&bins), empty), bins.missing());
        }
    }

    #[test]
    fn many_values_share_bins_of_about_as_many_rows() {
        let values: Vec<f64> = (0..10_000).map(|row| f64::from(row * 7_919 % 10_000)).collect();
        for most in [2, 10, 254] {
            let bins = number(&values, most);
            let borders = borders_of(&bins);
            assert_eq!(borders.len(), most - 1);
            let mut counts = vec![0; most];
            values.iter().for_each(|&value| counts[usize::from(ColumnBins::number(borders, value))] += 1);
            assert!(counts.iter().all(|&count: &usize| count.abs_diff(10_000 / most) <= 40), "{most}: {counts:?}");
        }
    }

    #[test]
    fn outliers_and_frequent_values_do_not_use_up_the_bins() {
        let value = |row: usize| match row % 10 {
            0..=5 => 0.0,
            6 => 1e9 * row as f64,
            _ => row as f64,
        };
        let bins = number(&(0..5_000).map(value).collect::<Vec<_>>(), 16);
        let borders = borders_of(&bins);
        assert!(borders.len() == 15 && borders[0] > 0.0 && borders[0] < 100.0, "{borders:?}");
        assert!(borders.iter().filter(|&&border| border < 5_000.0).count() >= 10, "{borders:?}");
        assert_eq!(between(1.0, 1.0_f64.next_up()), 1.0);
        assert_eq!(between(f64::MIN, f64::MAX), 0.0);
    }

    #[test]
    fn columns_with_one_code_are_not_used() {
        let check = |bins: ColumnBins, expected: &str| assert_eq!(bins, ColumnBins::unused(expected));
        check(number(&[4.0; 9], 254), "the same in every row");
        check(number(&[f64::NAN; 9], 254), "empty in every row");
        assert_eq!(number(&[4.0, f64::NAN], 254), ColumnBins::Number { borders: vec![], missing_rows: 1 }, "empty or not tells something");
        let levels: Vec<Arc<str>> = ["a", "b"].map(Arc::from).to_vec();
        let words = |codes: &[u16]| learn_words(codes, &levels, &(0..codes.len() as u32).collect::<Vec<_>>());
        check(words(&[0; 9]), "the same in every row");
        check(words(&[winback_core::feature::MISSING_CODE; 9]), "empty in every row");
        check(words(&[0, 1, 1, 0]), "no word stands in enough rows");
        let rare = ColumnBins::Words { words: vec!["a".into()], other_rows: 2, rare_words: 1, missing_rows: 0 };
        assert_eq!(words(&[0, 0, 0, 0, 0, 1, 1]), rare);
    }

    #[test]
    fn ten_thousand_words_keep_the_most_frequent() {
        let levels: Vec<Arc<str>> = (0..10_000).map(|word| Arc::from(format!("w{word:04}"))).collect();
        let codes: Vec<u16> = (0..10_000_u16).chain((0..300).flat_map(|word| [word; 6])).collect();
        let bins = learn_words(&codes, &levels, &(0..codes.len() as u32).collect::<Vec<_>>());
        let ColumnBins::Words { words, other_rows, rare_words, .. } = &bins else { panic!("not used") };
        assert_eq!((words.len(), words[0].as_str(), *rare_words), (253, "w0000", 9_747));
        assert_eq!(*other_rows, codes.len() as u64 - 253 * 7);
        assert_eq!((bins.codes(), bins.missing(), bins.word("w0252"), bins.word("w9999")), (255, 254, Some(252), None));
    }
}
