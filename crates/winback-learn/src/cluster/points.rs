//! Customers as points of a space in which every column counts alike.
//!
//! - a number is cut at its 0.5 % and 99.5 % quantiles and standardised to mean 0 and deviation 1, five deviations at
//!   most, so that no outlier makes a cluster of its own;
//! - a category has one 0/1 coordinate per word (words of less than 1 % of the rows share one), divided by the column's
//!   whole deviation, so that ten words count no more than one number;
//! - a missing number counts as the mean; a missing category as a word of its own;
//! - a column that is the same in every row, or empty, is not used.
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use winback_core::feature::{FeatureColumn, FeatureIndex, FeatureTable, MISSING_CODE};

/// The share of values that is cut at each end.
const CUT: f64 = 0.005;
/// The greatest distance of a number from the mean, in deviations.
const FURTHEST: f64 = 5.0;
/// The least share of the rows for a word to have its own coordinate.
const MIN_SHARE: f64 = 0.01;

/// What was done to a column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "note", rename_all = "snake_case")]
pub enum Note {
    /// It is not used.
    Unused {
        /// The column.
        column: String,
        /// Why.
        why: String,
    },
    /// Some numbers were cut.
    Cut {
        /// The column.
        column: String,
        /// How many cells.
        cells: u64,
        /// The least number that stays.
        low: f64,
        /// The greatest number that stays.
        high: f64,
    },
    /// Some cells were empty; a number counts as the mean, a category as a word of its own.
    Empty {
        /// The column.
        column: String,
        /// How many cells.
        cells: u64,
    },
}

impl Note {
    /// Returns the note as a sentence.
    pub fn text(&self) -> String {
        match self {
            Note::Unused { column, why } => format!("column {column} is not used: {why}"),
            Note::Cut { column, cells, low, high } => {
                format!("column {column}: {cells} numbers outside {low} to {high} count as the nearer limit")
            }
            Note::Empty { column, cells } => format!("column {column}: {cells} empty cells count as the average"),
        }
    }
}

/// One coordinate.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// The column.
    pub feature: FeatureIndex,
    /// What it holds.
    pub of: AxisOf,
}

/// What a coordinate holds.
#[derive(Clone, Debug, PartialEq)]
pub enum AxisOf {
    /// A number, with the mean and the deviation that it was standardised by.
    Number {
        /// The mean.
        mean: f64,
        /// The standard deviation.
        deviation: f64,
    },
    /// Whether the category is this word.
    Word(String),
    /// Whether the category is another word, or missing.
    Rest,
}

/// The customers as points.
#[derive(Clone, Debug, PartialEq)]
pub struct Points {
    /// The coordinates, in the order of the columns.
    pub axes: Vec<Axis>,
    /// What was done to columns.
    pub notes: Vec<Note>,
    values: Vec<f64>,
    rows: usize,
}

impl Points {
    /// Returns the points of a table.
    pub fn of(table: &FeatureTable) -> Self {
        let mut made = Self { axes: Vec::new(), notes: Vec::new(), values: Vec::new(), rows: table.rows() };
        let mut columns: Vec<Vec<f64>> = Vec::new();
        for (feature, column) in table.columns.iter().enumerate() {
            let name = &table.schema.features[feature].name;
            match column {
                FeatureColumn::Number(values) => made.add_number((feature, name), values, &mut columns),
                FeatureColumn::Category { codes, levels } => {
                    let words: Vec<&str> = levels.iter().map(AsRef::as_ref).collect();
                    made.add_category((feature, name), codes, &words, &mut columns);
                }
            }
        }
        made.values = (0..made.rows).flat_map(|row| columns.iter().map(move |column| column[row])).collect();
        made
    }

    /// Returns how many coordinates there are.
    pub fn width(&self) -> usize {
        self.axes.len()
    }

    /// Returns how many customers there are.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Returns every row's number.
    pub fn rows_all(&self) -> Vec<u32> {
        (0..self.rows as u32).collect()
    }

    /// Returns the coordinates of a customer.
    pub fn row(&self, row: usize) -> &[f64] {
        &self.values[row * self.width()..(row + 1) * self.width()]
    }

    /// Returns how many different points there are.
    pub fn different(&self) -> usize {
        let bits = |row| self.row(row).iter().map(|value| (value + 0.0).to_bits()).collect::<Vec<u64>>();
        (0..self.rows).map(bits).collect::<HashSet<_>>().len()
    }

    fn unused(&mut self, name: &str, why: &str) {
        self.notes.push(Note::Unused { column: name.to_owned(), why: why.to_owned() });
    }

    fn empty(&mut self, name: &str, cells: usize) {
        if cells > 0 {
            self.notes.push(Note::Empty { column: name.to_owned(), cells: cells as u64 });
        }
    }

    fn add_number(&mut self, (feature, name): (FeatureIndex, &str), values: &[f64], columns: &mut Vec<Vec<f64>>) {
        let mut known: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
        if known.is_empty() {
            return self.unused(name, "empty in every row");
        }
        known.sort_unstable_by(f64::total_cmp);
        let (low, high) = limits(&known);
        let cut = known.iter().filter(|value| **value < low || **value > high).count();
        let count = known.len() as f64;
        let inside = |value: &f64| value.clamp(low, high);
        let mean = known.iter().map(inside).sum::<f64>() / count;
        let deviation = (known.iter().map(|value| (inside(value) - mean).powi(2)).sum::<f64>() / count).sqrt();
        if !deviation.is_finite() {
            return self.unused(name, "its numbers are too large to be compared");
        }
        if deviation <= 1e-12 * mean.abs().max(1.0) {
            return self.unused(name, "the same in every row");
        }
        self.empty(name, values.len() - known.len());
        if cut > 0 {
            self.notes.push(Note::Cut { column: name.to_owned(), cells: cut as u64, low, high });
        }
        let place = |value: &f64| if value.is_finite() { ((inside(value) - mean) / deviation).clamp(-FURTHEST, FURTHEST) } else { 0.0 };
        columns.push(values.iter().map(place).collect());
        self.axes.push(Axis { feature, of: AxisOf::Number { mean, deviation } });
    }

    fn add_category(&mut self, (feature, name): (FeatureIndex, &str), codes: &[u16], words: &[&str], columns: &mut Vec<Vec<f64>>) {
        let rows = codes.len() as f64;
        let mut counts = vec![0_usize; words.len()];
        codes.iter().for_each(|&code| {
            if let Some(count) = counts.get_mut(usize::from(code)) {
                *count += 1;
            }
        });
        let missing = codes.iter().filter(|code| **code == MISSING_CODE).count();
        if missing == codes.len() {
            return self.unused(name, "empty in every row");
        }
        let own: Vec<usize> = (0..words.len()).filter(|&word| counts[word] as f64 >= (rows * MIN_SHARE).max(1.0)).collect();
        let rest = codes.len() - own.iter().map(|&word| counts[word]).sum::<usize>();
        let share = |count: usize| count as f64 / rows;
        let spread: f64 = own.iter().map(|&word| counts[word]).chain([rest]).map(|count| share(count) * (1.0 - share(count))).sum();
        if spread <= 1e-9 {
            return self.unused(name, "the same in every row");
        }
        self.empty(name, missing);
        let weight = 1.0 / spread.sqrt();
        for &word in &own {
            columns.push(codes.iter().map(|&code| if usize::from(code) == word { weight } else { 0.0 }).collect());
            self.axes.push(Axis { feature, of: AxisOf::Word(words[word].to_owned()) });
        }
        if rest > 0 {
            columns.push(codes.iter().map(|&code| if own.contains(&usize::from(code)) { 0.0 } else { weight }).collect());
            self.axes.push(Axis { feature, of: AxisOf::Rest });
        }
    }
}

/// Returns between which values of a sorted column nothing is cut.
fn limits(sorted: &[f64]) -> (f64, f64) {
    let quantile = |share: f64| sorted[((sorted.len() - 1) as f64 * share).round() as usize];
    let (low, high) = (quantile(CUT), quantile(1.0 - CUT));
    if low < high { (low, high) } else { (quantile(0.0), quantile(1.0)) }
}
