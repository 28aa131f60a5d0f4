//! How a column becomes something a model can weigh, learned from the training rows alone.
//!
//! A category has one slot per word. A number has one slot per knot, the knots being quantiles of
//! its training values on the scale sign(x) · ln(1 + |x|), and a value between two knots shares
//! itself between them, so that the effect of a number is a broken line. The rules:
//!
//! - a missing number counts as the training median; a missing category as a word of its own where
//!   training rows had it missing, and as the most frequent word where none had;
//! - words with fewer than [`MIN_WORD_ROWS`] training rows, or beyond the most frequent ones, share
//!   the slot *other*; a word never seen goes to *other* too, and where there is no *other* it
//!   counts like the average customer's;
//! - a number below the first or above the last knot counts as that knot: nothing is extrapolated;
//! - a column that is the same in every training row is not used.
use crate::hat::{place, scale};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use winback_core::feature::{FeatureColumn, FeatureTable, MISSING_CODE};

/// The fewest training rows for a word to have its own slot.
pub const MIN_WORD_ROWS: u32 = 5;
/// The most words of one column that have their own slot.
pub const MAX_WORDS: usize = 64;
/// The most slots all categories have together, which bounds the time of a fit.
pub const MAX_SLOTS: usize = 1_536;
/// How many knots lie between the least and the greatest value of a number.
pub const INNER_KNOTS: usize = 5;

/// How one column is read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "as", rename_all = "snake_case")]
pub enum Encoder {
    /// The column is not used.
    Unused {
        /// Why not: `the same in every row`.
        why: String,
    },
    /// One slot per word.
    Words(Words),
    /// One slot per knot.
    Number(Knots),
}

/// The slots of a category: its words, then the missing cell and the other words where there are such.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Words {
    /// The words with a slot each, in slot order.
    pub words: Vec<String>,
    /// The slot of a missing cell.
    pub missing: u16,
    /// The slot of every other word, where the training rows had such.
    pub other: Option<u16>,
    /// How many slots there are.
    pub slots: u16,
    /// How many training rows had the cell missing.
    pub missing_rows: u64,
    /// How many words share the slot *other*.
    pub rare_words: u64,
}

/// The knots of a number's broken line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Knots {
    /// The places of the knots on the scale sign(x) · ln(1 + |x|), rising; at least two.
    pub at: Vec<f64>,
    /// The standard deviation of the training values on that scale, which makes penalties comparable.
    pub deviation: f64,
    /// What a missing cell counts as, in the column's unit.
    pub median: f64,
    /// How many training rows had the cell missing.
    pub missing_rows: u64,
}

impl Encoder {
    /// Returns how many slots the column has.
    pub fn slots(&self) -> usize {
        match self {
            Self::Unused { .. } => 0,
            Self::Words(words) => usize::from(words.slots),
            Self::Number(knots) => knots.at.len(),
        }
    }

    fn unused(why: &str) -> Self {
        Self::Unused { why: why.to_owned() }
    }
}

/// Returns one encoder per feature, learned from some rows of a table. Features for which `skip` gives a reason are not used.
pub fn learn(table: &FeatureTable, rows: &[u32], skip: &(dyn Fn(usize) -> Option<String> + Sync)) -> Vec<Encoder> {
    let categories = table.columns.iter().filter(|column| matches!(column, FeatureColumn::Category { .. })).count();
    let most_words = (MAX_SLOTS / categories.max(1)).clamp(2, MAX_WORDS);
    let encode = |(feature, column): (usize, &FeatureColumn)| match (skip(feature), column) {
        (Some(why), _) => Encoder::Unused { why },
        (None, FeatureColumn::Number(values)) => learn_number(values, rows),
        (None, FeatureColumn::Category { codes, levels }) => {
            let words: Vec<&str> = levels.iter().map(AsRef::as_ref).collect();
            learn_words(codes, &words, rows, most_words)
        }
    };
    table.columns.par_iter().enumerate().map(encode).collect()
}

fn learn_words(codes: &[u16], words: &[&str], rows: &[u32], most: usize) -> Encoder {
    let mut counts = vec![0_u32; words.len()];
    let mut missing_rows = 0_u64;
    for &row in rows {
        match counts.get_mut(usize::from(codes[row as usize])) {
            Some(count) => *count += 1,
            None => missing_rows += 1,
        }
    }
    if missing_rows == rows.len() as u64 {
        return Encoder::unused("empty in every row");
    }
    let seen: Vec<usize> = (0..words.len()).filter(|&word| counts[word] > 0).collect();
    let mut kept: Vec<usize> = seen.iter().copied().filter(|&word| counts[word] >= MIN_WORD_ROWS).collect();
    // By name in the end, so that the order in which a table lists its words decides nothing.
    kept.sort_by(|&a, &b| counts[b].cmp(&counts[a]).then_with(|| words[a].cmp(words[b])));
    kept.truncate(most);
    let most_frequent = kept.first().copied();
    kept.sort_by(|&a, &b| words[a].cmp(words[b]));
    let rare = seen.len() - kept.len();
    let own = (missing_rows > 0).then_some(kept.len() as u16);
    let other = (rare > 0).then_some((kept.len() + usize::from(own.is_some())) as u16);
    let slots = (kept.len() + usize::from(own.is_some()) + usize::from(other.is_some())) as u16;
    let mode = most_frequent.and_then(|word| kept.iter().position(|&known| known == word)).map(|slot| slot as u16);
    let missing = own.or(mode).or(other).unwrap_or_default();
    match slots {
        0 | 1 if rare > 1 => Encoder::unused("no word stands in enough rows"),
        0 | 1 => Encoder::unused("the same in every row"),
        _ => {
            let words = kept.iter().map(|&word| words[word].to_owned()).collect();
            Encoder::Words(Words { words, missing, other, slots, missing_rows, rare_words: rare as u64 })
        }
    }
}

fn learn_number(values: &[f64], rows: &[u32]) -> Encoder {
    let mut known: Vec<f64> = rows.iter().map(|&row| values[row as usize]).filter(|value| value.is_finite()).collect();
    if known.is_empty() {
        return Encoder::unused("empty in every row");
    }
    let missing_rows = (rows.len() - known.len()) as u64;
    known.par_sort_unstable_by(f64::total_cmp);
    let median = known[(known.len() - 1) / 2];
    known.par_iter_mut().for_each(|value| *value = scale(*value));
    let at = knots(&known);
    let (Some(&low), Some(&high)) = (at.first(), at.last()) else { return Encoder::unused("empty in every row") };
    let inside = |value: &f64| value.clamp(low, high);
    let mean = known.iter().map(inside).sum::<f64>() / known.len() as f64;
    let deviation = (known.iter().map(inside).map(|value| (value - mean).powi(2)).sum::<f64>() / known.len() as f64).sqrt();
    if at.len() < 2 || deviation <= 1e-12 * high.abs().max(low.abs()).max(1.0) {
        return Encoder::unused("the same in every row");
    }
    Encoder::Number(Knots { at, deviation, median, missing_rows })
}

/// Returns the least and the greatest of sorted values, one in a thousand left out at each end where
/// the rest still differ, and quantiles between them, each once.
fn knots(sorted: &[f64]) -> Vec<f64> {
    let quantile = |share: f64| sorted[((sorted.len() - 1) as f64 * share).round() as usize];
    let (mut low, mut high) = (quantile(0.001), quantile(0.999));
    if low == high {
        (low, high) = (quantile(0.0), quantile(1.0));
    }
    let inner = (1..=INNER_KNOTS).map(|k| quantile(k as f64 / (INNER_KNOTS + 1) as f64)).filter(|&at| low < at && at < high);
    let mut at: Vec<f64> = std::iter::once(low).chain(inner).chain(std::iter::once(high)).collect();
    at.dedup();
    at
}

impl Words {
    /// Returns the slot of each code of a table's column, `None` for a word never seen that no slot stands for.
    pub fn slots_of(&self, levels: &[std::sync::Arc<str>]) -> Vec<Option<u16>> {
        let slot = |word: &str| self.words.iter().position(|known| known == word).map(|slot| slot as u16);
        levels.iter().map(|word| slot(word).or(self.other)).collect()
    }

    /// Returns the slot of a code, given the slots of the table's words.
    pub fn slot(&self, code: u16, slots: &[Option<u16>]) -> Option<u16> {
        match code {
            MISSING_CODE => Some(self.missing),
            code => slots.get(usize::from(code)).copied().unwrap_or(Some(self.missing)),
        }
    }
}

impl Knots {
    /// Returns the left knot of a value's interval and the share of the right one.
    pub fn place(&self, value: f64) -> (u16, f64) {
        let value = if value.is_finite() { value } else { self.median };
        place(&self.at, scale(value))
    }
}
