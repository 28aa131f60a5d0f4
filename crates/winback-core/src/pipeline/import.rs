//! `import`: rows of a file become customers, each rejected row named.
use crate::customer::Cell;
use crate::defect::Defect;
use crate::id::CustomerId;
use std::error::Error;

/// Hands out the rows of a file, page by page.
pub trait CustomerSource: Send {
    /// Returns the next rows, at most `rows` rows of the file; a page with `source_rows` 0 means the end.
    fn next_page(&mut self, rows: usize) -> Result<SourcePage, SourceError>;
}

/// Some rows of a file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SourcePage {
    /// The rows that could be read, in order.
    pub rows: Vec<SourceRow>,
    /// What was wrong with rows of this page.
    pub defects: Vec<Defect>,
    /// How many rows of the file the page covers, rejected ones included.
    pub source_rows: u64,
}

/// One row, read by the schema.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceRow {
    /// The line on which the row begins, counted from 1.
    pub line: u64,
    /// The id.
    pub id: CustomerId,
    /// The cells in the schema's column order.
    pub cells: Vec<Cell>,
}

/// Why a file cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The file is something else than a table.
    #[error("{file}: this is {what}, not a CSV table; {advice}")]
    NotATable {
        /// The file's name.
        file: String,
        /// `an HTML page`, `a zip archive`, …
        what: String,
        /// What to do.
        advice: String,
    },
    /// The header does not fit the schema.
    #[error("{file}, line 1: {problem}; {advice}")]
    Header {
        /// The file's name.
        file: String,
        /// What is wrong.
        problem: String,
        /// What to do.
        advice: String,
    },
    /// The file cannot be read.
    #[error("{file}: the file cannot be read")]
    Read {
        /// The file's name.
        file: String,
        /// What the system said.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// The file changed while it was read, or between two reads of one run.
    #[error("{file}: the file changed while it was being read; import it again")]
    Changed {
        /// The file's name.
        file: String,
    },
}
