//! What an unknown file seems to be: its delimiter, its columns and what they hold.
use super::record::RecordReader;
use super::{DELIMITERS, content, not_a_table, read_header};
use crate::file::{open, unread};
use std::collections::HashMap;
use std::path::Path;
use winback_core::number::{self, DecimalMark};
use winback_core::pipeline::import::SourceError;

/// The most different values of a column that are counted one by one.
pub const MAX_DISTINCT: usize = 1_000;
/// The longest value that is counted, in bytes; a longer one is no word of a category.
const MAX_VALUE_BYTES: usize = 256;
/// How many rows are kept as a sample.
const SAMPLE_ROWS: usize = 20;

/// What a file seems to be.
#[derive(Clone, Debug, PartialEq)]
pub struct Sniffed {
    /// The character between cells.
    pub delimiter: u8,
    /// The names of the columns, as the file writes them.
    pub header: Vec<String>,
    /// The first rows.
    pub sample: Vec<Vec<String>>,
    /// What each column holds, in the order of the header.
    pub columns: Vec<ColumnStatistics>,
    /// How many rows were read.
    pub rows: u64,
    /// How many rows had another number of cells, or no UTF-8, and were left out of the statistics.
    pub unread_rows: u64,
}

/// What a column holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ColumnStatistics {
    /// The name in the header.
    pub name: String,
    /// Rows whose cell is empty or white space.
    pub empty: u64,
    /// Rows whose cell holds something.
    pub filled: u64,
    /// Filled cells that are numbers.
    pub numeric: u64,
    /// Filled cells that are days written as YYYY-MM-DD.
    pub dates: u64,
    /// The least number.
    pub min: Option<f64>,
    /// The greatest number.
    pub max: Option<f64>,
    /// The most decimals of a number.
    pub decimals: u8,
    /// The different values in order of first appearance with their counts, at most [`MAX_DISTINCT`].
    pub values: Vec<(String, u64)>,
    /// Whether there are more different values, or longer ones, than [`Self::values`] lists.
    pub more_values: bool,
    places: HashMap<String, usize>,
}

impl ColumnStatistics {
    /// Returns the share of rows whose cell is empty, from 0 to 1.
    pub fn empty_share(&self) -> f64 {
        share(self.empty, self.empty + self.filled)
    }

    /// Returns the share of filled cells that are numbers, from 0 to 1.
    pub fn numeric_share(&self) -> f64 {
        share(self.numeric, self.filled)
    }

    /// Returns the share of filled cells that are dates, from 0 to 1.
    pub fn date_share(&self) -> f64 {
        share(self.dates, self.filled)
    }

    fn add(&mut self, cell: &str) {
        let cell = cell.trim();
        if cell.is_empty() {
            self.empty += 1;
            return;
        }
        self.filled += 1;
        self.dates += u64::from(cell.len() == 10 && cell.as_bytes()[4] == b'-' && cell.parse::<jiff::civil::Date>().is_ok());
        if let Ok(number) = number::read(cell, DecimalMark::Point) {
            let value = number.value.to_f64();
            self.numeric += 1;
            self.decimals = self.decimals.max(number.value.scale);
            self.min = Some(self.min.map_or(value, |min| min.min(value)));
            self.max = Some(self.max.map_or(value, |max| max.max(value)));
        }
        self.count(cell);
    }

    fn count(&mut self, cell: &str) {
        if let Some(&place) = self.places.get(cell) {
            self.values[place].1 += 1;
        } else if self.values.len() < MAX_DISTINCT && cell.len() <= MAX_VALUE_BYTES {
            self.places.insert(cell.to_owned(), self.values.len());
            self.values.push((cell.to_owned(), 1));
        } else {
            self.more_values = true;
        }
    }
}

fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// Reads a file without a schema and tells what its columns hold.
///
/// # Errors
/// As [`super::CsvSource::open`], but for the schema.
pub fn sniff(path: &Path) -> Result<Sniffed, SourceError> {
    let (file, head) = content::check(path, open(path)?)?;
    let delimiter = guess_delimiter(&head);
    let mut records = RecordReader::new(file, delimiter);
    let header = read_header(path, &mut records)?;
    let columns = header.iter().map(|name| ColumnStatistics { name: name.clone(), ..ColumnStatistics::default() }).collect();
    let mut sniffed = Sniffed { delimiter, header, sample: Vec::new(), columns, rows: 0, unread_rows: 0 };
    while records.advance().map_err(|error| unread(path, error))? {
        sniffed.rows += 1;
        match records.record().cells() {
            Ok(cells) if cells.len() == sniffed.columns.len() => sniffed.add(&cells),
            _ => sniffed.unread_rows += 1,
        }
    }
    match sniffed.rows {
        0 => Err(not_a_table(path, "a header without rows", "export the table again with its rows")),
        _ => Ok(sniffed),
    }
}

impl Sniffed {
    fn add(&mut self, cells: &[&str]) {
        self.columns.iter_mut().zip(cells).for_each(|(column, cell)| column.add(cell));
        if self.sample.len() < SAMPLE_ROWS {
            self.sample.push(cells.iter().map(|&cell| cell.to_owned()).collect());
        }
    }
}

/// Returns the delimiter that parts the most rows into as many cells as the header has.
fn guess_delimiter(head: &[u8]) -> u8 {
    let score = |delimiter: u8| {
        let mut records = RecordReader::new(head, delimiter);
        let mut widths = Vec::new();
        while widths.len() < 50 && matches!(records.advance(), Ok(true)) {
            widths.push(records.record().len());
        }
        let width = widths.first().copied().unwrap_or_default();
        let fitting = widths.iter().filter(|&&found| found == width && width > 1).count();
        (fitting, width)
    };
    // The first of equals wins, so that a table of one column counts as comma-separated.
    DELIMITERS.into_iter().rev().max_by_key(|&delimiter| score(delimiter)).unwrap_or(b',')
}
