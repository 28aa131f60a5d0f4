//! What one column of a table looks like.
use std::collections::BTreeMap;

/// What one column looks like, over the rows that were read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ColumnSketch {
    /// The name in the header.
    pub name: String,
    /// How many rows were read.
    pub rows: u64,
    /// How many cells were empty or white space.
    pub empty: u64,
    /// How often each value stands; only the first few different ones are kept.
    pub values: BTreeMap<String, u64>,
    /// True when there are more different values than were kept.
    pub more_values: bool,
    /// True when some value stands in two rows.
    pub repeats: bool,
    /// How many cells read as a number.
    pub numbers: u64,
    /// How many cells are a number with decimals.
    pub decimals: u64,
    /// The most digits after the decimal mark.
    pub scale: u8,
    /// The least number.
    pub min: f64,
    /// The greatest number.
    pub max: f64,
    /// How many cells are a day written YYYY-MM-DD.
    pub dates: u64,
}

impl ColumnSketch {
    /// Returns how many cells hold something.
    pub fn filled(&self) -> u64 {
        self.rows - self.empty
    }

    /// Returns one line for the person who confirms: never a value that may be personal.
    pub fn summary(&self) -> String {
        let different = match (self.more_values, self.values.len()) {
            (true, kept) => format!("more than {kept} different values"),
            (false, 1) => "1 value".into(),
            (false, kept) => format!("{kept} different values"),
        };
        let numbers =
            if self.numbers > 0 { format!(", {} numbers from {} to {}", self.numbers, self.min, self.max) } else { String::new() };
        format!("{} rows, {} empty, {different}{numbers}", self.rows, self.empty)
    }
}

/// Sketches made of cells, for tests that have no file to look at.
#[cfg(test)]
mod of_cells {
    use super::ColumnSketch;
    use std::collections::BTreeSet;
    use winback_core::number::{self, DecimalMark};

    /// How many different values of a column are kept by name.
    const KEPT_VALUES: usize = 40;

    impl ColumnSketch {
        /// Returns the sketch of a column's cells.
        pub fn of<'a>(name: &str, cells: impl IntoIterator<Item = &'a str>) -> Self {
            let mut sketch = Self { name: name.to_owned(), min: f64::INFINITY, max: f64::NEG_INFINITY, ..Self::default() };
            let mut seen = BTreeSet::new();
            for cell in cells {
                sketch.rows += 1;
                let cell = cell.trim();
                if cell.is_empty() {
                    sketch.empty += 1;
                    continue;
                }
                sketch.repeats |= !seen.insert(cell);
                sketch.observe(cell);
            }
            sketch
        }

        fn observe(&mut self, cell: &str) {
            if let Some(count) = self.values.get_mut(cell) {
                *count += 1;
            } else if self.values.len() < KEPT_VALUES {
                self.values.insert(cell.to_owned(), 1);
            } else {
                self.more_values = true;
            }
            if let Ok(read) = number::read(cell, DecimalMark::Point) {
                let value = read.value.to_f64();
                self.numbers += 1;
                self.decimals += u64::from(read.value.scale > 0);
                self.scale = self.scale.max(read.value.scale);
                self.min = self.min.min(value);
                self.max = self.max.max(value);
            }
            self.dates += u64::from(cell.len() == 10 && cell.parse::<jiff::civil::Date>().is_ok());
        }
    }
}
