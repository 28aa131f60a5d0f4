//! CSV files as customers, read row by row in bounded memory.
mod content;
pub(crate) mod record;
mod sniff;

pub use sniff::{ColumnStatistics, MAX_DISTINCT, Sniffed, sniff};

use crate::file::{Fingerprint, open, unread};
use record::{Record, RecordReader};
use std::fs::File;
use std::path::{Path, PathBuf};
use winback_core::defect::{Defect, Outcome, Problem};
use winback_core::id::CustomerId;
use winback_core::pipeline::import::{CustomerSource, SourceError, SourcePage, SourceRow};
use winback_core::row::{HeaderProblem, IgnoredColumn, RowParser};
use winback_core::schema::{ColumnIndex, TableSchema};

/// The longest cell accepted, in bytes.
pub const MAX_CELL_BYTES: usize = 64 * 1024;

/// The delimiters a file may have.
pub(crate) const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// The rows of a CSV file, read by a schema. Memory stays bounded however large a cell is.
#[derive(Debug)]
pub struct CsvSource {
    path: PathBuf,
    fingerprint: Fingerprint,
    records: RecordReader<File>,
    parser: RowParser,
    pending: bool,
    finished: bool,
    /// Somebody who is looked for, and the place of the column of ids.
    wanted: Option<(CustomerId, usize)>,
    /// Where rows begin that cannot be read and carry the id looked for.
    unread: Vec<u64>,
}

impl CsvSource {
    /// Opens a file whose fingerprint was taken before; checks its content, its header and that it has rows.
    ///
    /// # Errors
    /// Says what the file is where it is no table, what does not fit where the header is wrong, and
    /// that the file changed where it is no longer the one of the fingerprint.
    pub fn open(path: &Path, schema: &TableSchema, fingerprint: Fingerprint) -> Result<Self, SourceError> {
        let file = open(path)?;
        fingerprint.check(path, &file)?;
        let (file, head) = content::check(path, file)?;
        let mut records = RecordReader::new(file, schema.delimiter);
        let header = read_header(path, &mut records)?;
        let parser = RowParser::new(schema, &header).map_err(|problem| wrong_header(path, schema, &head, &header, &problem))?;
        let pending = records.advance().map_err(|error| unread(path, error))?;
        if !pending {
            return Err(not_a_table(path, "a header without rows", "export the table again with its rows"));
        }
        Ok(Self { path: path.to_owned(), fingerprint, records, parser, pending, finished: false, wanted: None, unread: Vec::new() })
    }

    /// Returns the columns of the file that the schema does not name.
    pub fn ignored(&self) -> &[IgnoredColumn] {
        self.parser.ignored()
    }

    /// Returns whether the file has the label column.
    pub fn has_label(&self) -> bool {
        self.parser.has_label()
    }

    /// From here on, remembers the lines of rows that cannot be read and carry an id in a column of the schema.
    pub fn look_for(&mut self, id: CustomerId, column: ColumnIndex) {
        let place = self.parser.column_number(column).and_then(|number| usize::try_from(number).ok()?.checked_sub(1));
        self.wanted = place.map(|place| (id, place));
    }

    /// Returns where rows begin that cannot be read and carry the id that is looked for.
    pub fn unread(&self) -> &[u64] {
        &self.unread
    }

    fn next_record(&mut self) -> Result<bool, SourceError> {
        if std::mem::take(&mut self.pending) {
            return Ok(true);
        }
        if self.finished {
            return Ok(false);
        }
        let found = self.records.advance().map_err(|error| unread(&self.path, error))?;
        if !found {
            self.finished = true;
            self.fingerprint.check_read(&self.path, self.records.bytes_read())?;
        }
        Ok(found)
    }
}

impl CustomerSource for CsvSource {
    fn next_page(&mut self, rows: usize) -> Result<SourcePage, SourceError> {
        let mut page = SourcePage { rows: Vec::with_capacity(rows.min(65_536)), ..SourcePage::default() };
        while page.source_rows < rows as u64 && self.next_record()? {
            page.source_rows += 1;
            let record = self.records.record();
            let (row, defects) = read_row(&mut self.parser, &record);
            if let (None, Some((id, place))) = (&row, &self.wanted)
                && record.cells().is_ok_and(|cells| cells.get(*place).is_some_and(|cell| cell.trim() == id.as_str()))
            {
                self.unread.push(record.line);
            }
            page.rows.extend(row);
            page.defects.extend(defects);
        }
        Ok(page)
    }

    fn column_number(&self, column: ColumnIndex) -> Option<u32> {
        self.parser.column_number(column)
    }
}

fn read_row(parser: &mut RowParser, record: &Record<'_>) -> (Option<SourceRow>, Vec<Defect>) {
    let (row, mut defects) = match refusal(parser, record) {
        Some(defect) => return (None, vec![defect]),
        None => match record.cells() {
            Ok(cells) => parser.parse(record.line, &cells),
            Err(place) => return (None, vec![not_utf8(parser, record, place, "the text is not UTF-8")]),
        },
    };
    if row.is_none()
        && let (Some(swallowed), Some(first)) = (record.swallowed(), defects.first_mut())
    {
        first.detail.push_str("; ");
        first.detail.push_str(&swallowed.sentence());
    }
    (row, defects)
}

/// Returns why a record cannot even be parted into cells that may be read.
fn refusal(parser: &RowParser, record: &Record<'_>) -> Option<Defect> {
    if let Some(place) = record.too_long(MAX_CELL_BYTES) {
        let mut detail = format!("expected a cell of at most {MAX_CELL_BYTES} bytes, found a longer one; shorten it");
        if let Some(swallowed) = record.swallowed() {
            detail = format!("{detail}, or close the quote: {}", swallowed.sentence());
        }
        return Some(defect(parser, record.line, Some(place), Problem::CellTooLong, detail));
    }
    if let Some(swallowed) = record.swallowed().filter(|_| record.unclosed_quote()) {
        let detail = format!("expected a quote that closes the cell, found the end of the file; {}", swallowed.sentence());
        return Some(defect(parser, record.line, Some(swallowed.place), Problem::RaggedRow, detail));
    }
    if let Some(place) = record.place_of(0) {
        return Some(not_utf8(parser, record, place, "the cell holds a NUL byte"));
    }
    if !record.terminated && record.len() < parser.width() {
        let (width, found) = (parser.width(), record.len());
        let detail = format!(
            "expected {width} cells, found {found} and the end of the file in the middle of the row; the file was cut short, download or export it again"
        );
        return Some(defect(parser, record.line, None, Problem::RaggedRow, detail));
    }
    None
}

fn not_utf8(parser: &RowParser, record: &Record<'_>, place: usize, what: &str) -> Defect {
    let detail = format!("expected text in UTF-8, but {what}; save the file as \"CSV UTF-8\"");
    defect(parser, record.line, Some(place), Problem::NotUtf8, detail)
}

fn defect(parser: &RowParser, line: u64, place: Option<usize>, problem: Problem, detail: String) -> Defect {
    let column = place.and_then(|place| u32::try_from(place + 1).ok());
    let column_name = place.and_then(|place| parser.name_at(place)).map(str::to_owned);
    Defect { line, column, column_name, problem, outcome: Outcome::RowRejected, detail }
}

/// Reads the first record as names of columns.
pub(crate) fn read_header<R: std::io::Read>(path: &Path, records: &mut RecordReader<R>) -> Result<Vec<String>, SourceError> {
    if !records.advance().map_err(|error| unread(path, error))? {
        return Err(not_a_table(path, "an empty file", "export the table again"));
    }
    let record = records.record();
    if record.too_long(MAX_CELL_BYTES).is_some() || record.swallowed().is_some() {
        let problem = "the header does not end where the line ends; a name is far too long, or a quote is never closed".to_owned();
        return Err(header_error(path, problem, "close the quote, or export the table again"));
    }
    match record.cells() {
        Ok(cells) => Ok(cells.into_iter().map(|cell| cell.trim().to_owned()).collect()),
        Err(_) => Err(not_a_table(path, "text in another encoding than UTF-8", "save it as \"CSV UTF-8\" and try again")),
    }
}

fn wrong_header(path: &Path, schema: &TableSchema, head: &[u8], header: &[String], problem: &HeaderProblem) -> SourceError {
    let fits = |header: &[String]| header.iter().filter(|name| schema.index_of(name).is_some()).count();
    let read_with = |delimiter: u8| {
        let mut records = RecordReader::new(head, delimiter);
        read_header(path, &mut records).map(|header| (fits(&header), delimiter)).unwrap_or((0, delimiter))
    };
    let best = DELIMITERS.into_iter().filter(|&d| d != schema.delimiter).map(read_with).max();
    if let Some((columns, delimiter)) = best.filter(|&(columns, _)| columns > fits(header) && columns > 1) {
        let (is, said) = (delimiter_name(delimiter), delimiter_name(schema.delimiter));
        let problem = format!("the cells are parted by {is} ({columns} of the schema's columns are found so), but the schema says {said}");
        return header_error(path, problem, &format!("write delimiter = {:?} in schema.toml", char::from(delimiter).to_string()));
    }
    header_error(path, problem.to_string(), problem.advice())
}

fn delimiter_name(delimiter: u8) -> String {
    match delimiter {
        b',' => "a comma".into(),
        b';' => "a semicolon".into(),
        b'\t' => "a tab".into(),
        other => format!("{:?}", char::from(other)),
    }
}

fn header_error(path: &Path, problem: String, advice: &str) -> SourceError {
    SourceError::Header { file: path.display().to_string(), problem, advice: advice.to_owned() }
}

pub(crate) fn not_a_table(path: &Path, what: &str, advice: &str) -> SourceError {
    SourceError::NotATable { file: path.display().to_string(), what: what.to_owned(), advice: advice.to_owned() }
}
