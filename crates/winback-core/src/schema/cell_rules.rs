//! How the cells of a column are read that hold more than one plain value: words for what is not known, several numbers,
//! and numbers that another column rules out.
use serde::{Deserialize, Serialize};

/// Rules for the cells of one column, beside its type.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CellRules {
    /// Words that mean that the value is not known, such as `-1` or `999`; compared without regard to case.
    pub unknown: Vec<String>,
    /// What becomes of a cell of several numbers, such as `3;7`; without it such a cell is refused.
    pub several: Option<Several>,
    /// What the number cannot be below; a row in which it is contradicts itself.
    pub at_least: Vec<AtLeast>,
}

/// Which of several numbers a cell stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Several {
    /// The least.
    Min,
    /// The greatest.
    Max,
    /// The one in the middle, or the mean of the two in the middle.
    Median,
}

impl Several {
    /// Every rule with its word in files.
    pub const WORDS: [(&'static str, Several); 3] = [("min", Several::Min), ("max", Several::Max), ("median", Several::Median)];

    /// Returns what some numbers come to; `None` for none.
    pub fn of(self, mut numbers: Vec<f64>) -> Option<f64> {
        numbers.sort_by(f64::total_cmp);
        let middle = numbers.len() / 2;
        match self {
            Several::Min => numbers.first().copied(),
            Several::Max => numbers.last().copied(),
            Several::Median if numbers.len().is_multiple_of(2) => {
                let (low, high) = (numbers.get(middle.checked_sub(1)?)?, numbers.get(middle)?);
                Some(f64::midpoint(*low, *high))
            }
            Several::Median => numbers.get(middle).copied(),
        }
    }

    /// Returns what is done, for people.
    pub fn told(self) -> &'static str {
        match self {
            Several::Min => "several numbers stand in the cell, and the least was taken",
            Several::Max => "several numbers stand in the cell, and the greatest was taken",
            Several::Median => "several numbers stand in the cell, and their median was taken",
        }
    }
}

/// A number that another column's number and some more are the least for: years of age for years of work and fourteen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AtLeast {
    /// The other column.
    pub column: String,
    /// How much more.
    pub plus: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_numbers_come_to_one() {
        let check = |numbers: &[f64], expected: [Option<f64>; 3]| {
            assert_eq!([Several::Min, Several::Max, Several::Median].map(|rule| rule.of(numbers.to_vec())), expected);
        };
        check(&[], [None; 3]);
        check(&[7.0], [Some(7.0); 3]);
        check(&[7.0, 3.0], [Some(3.0), Some(7.0), Some(5.0)]);
        check(&[7.0, 3.0, 4.0], [Some(3.0), Some(7.0), Some(4.0)]);
    }
}
