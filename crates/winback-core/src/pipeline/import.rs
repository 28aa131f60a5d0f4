//! `import`: rows of a file become customers, each rejected row named.
use crate::customer::{Cell, Customer};
use crate::defect::{Defect, Outcome, Problem};
use crate::id::{CustomerId, Position};
use crate::progress::{Progress, Work};
use crate::run::Run;
use crate::schema::{ColumnIndex, Role, TableSchema};
use crate::store::{CustomerPage, Store, StoreError};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::error::Error;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Hands out the rows of a file, page by page.
pub trait CustomerSource: Send {
    /// Returns the next rows, at most `rows` rows of the file; a page with `source_rows` 0 means the end.
    fn next_page(&mut self, rows: usize) -> Result<SourcePage, SourceError>;
    /// Returns where a column of the schema stands in the file, counted from 1; `None` where the file lacks it.
    fn column_number(&self, column: ColumnIndex) -> Option<u32>;
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

/// What an import did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportReport {
    /// Rows of the file, the header not counted.
    pub source_rows: u64,
    /// Rows that became customers.
    pub accepted: u64,
    /// Rows that were left out.
    pub rejected: u64,
    /// Cells that were filled or rewritten by a stated rule.
    pub changed_cells: u64,
    /// Defects by kind and by what was done.
    pub problems: Vec<ProblemCount>,
    /// Customers whose label is known.
    pub labelled: u64,
    /// Of them, customers who left.
    pub left: u64,
    /// The columns that a file may lack and this one has.
    #[serde(default)]
    pub given: Vec<String>,
    /// The first defects, for a person to look at; the store keeps all.
    pub first: Vec<Defect>,
}

/// How often a kind of defect was met, and what was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProblemCount {
    /// The kind.
    pub problem: Problem,
    /// What was done.
    pub outcome: Outcome,
    /// How often.
    pub count: u64,
}

/// Why an import failed. What was stored before stays and is taken up again by the next import of the same file.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The file has a header and nothing else.
    #[error("the file holds no rows below its header")]
    NoRows,
    /// Every row was rejected.
    #[error("all {rows} rows were rejected; the first: {first}")]
    NothingUseful {
        /// How many rows.
        rows: u64,
        /// The first defect.
        first: Box<Defect>,
    },
    /// More customers than a run can hold.
    #[error("the file holds more than {} customers; split it", u32::MAX)]
    TooMany,
}

/// How many rows of the file one transaction stores.
pub const PAGE_ROWS: usize = 8_192;
const FIRST_DEFECTS: usize = 20;

/// Reads every row of a source into the store. Rows that a broken-off import of the same run has stored are
/// read again (so that duplicates are still seen) but not stored again.
pub async fn import(
    run: &Run,
    schema: &TableSchema,
    source: &mut dyn CustomerSource,
    store: &dyn Store,
    progress: &dyn Progress,
) -> Result<ImportReport, ImportError> {
    let done = store.progress(run.id).await?.source_rows;
    let mut intake = Intake::new(schema, source);
    progress.begin(Work::Import, None);
    loop {
        let page = source.next_page(PAGE_ROWS)?;
        if page.source_rows == 0 {
            break;
        }
        let rows = page.source_rows;
        let page = intake.take(page)?;
        if page.source_rows > done {
            store.save_customers(run.id, schema, &page).await?;
        }
        progress.advance(rows);
    }
    progress.done();
    intake.finish()
}

/// Reads every row of a source as an import would, without storing anything.
pub fn check(schema: &TableSchema, source: &mut dyn CustomerSource) -> Result<ImportReport, ImportError> {
    let mut intake = Intake::new(schema, source);
    loop {
        let page = source.next_page(PAGE_ROWS)?;
        if page.source_rows == 0 {
            return intake.finish();
        }
        intake.take(page)?;
    }
}

/// Gives rows their positions and finds those that stood in the file before.
struct Intake<'a> {
    schema: &'a TableSchema,
    id_name: String,
    id_number: Option<u32>,
    lines: HashMap<CustomerId, u64>,
    twins: HashMap<u64, u64>,
    problems: BTreeMap<(Problem, Outcome), u64>,
    report: ImportReport,
}

impl<'a> Intake<'a> {
    fn new(schema: &'a TableSchema, source: &dyn CustomerSource) -> Self {
        let id = schema.with_role(&Role::Id);
        let id_name = id.map(|column| schema.columns[column].name.clone()).unwrap_or_default();
        let id_number = id.and_then(|column| source.column_number(column));
        let given = schema.columns.iter().enumerate().filter(|(place, column)| column.optional && source.column_number(*place).is_some());
        let given = given.map(|(_, column)| column.name.clone()).collect();
        Self {
            schema,
            id_name,
            id_number,
            lines: HashMap::new(),
            twins: HashMap::new(),
            problems: BTreeMap::new(),
            report: ImportReport { given, ..ImportReport::default() },
        }
    }

    fn take(&mut self, page: SourcePage) -> Result<CustomerPage, ImportError> {
        self.report.source_rows += page.source_rows;
        let mut defects = page.defects;
        let mut customers = Vec::with_capacity(page.rows.len());
        let mut left_out = HashSet::new();
        for row in page.rows {
            if let Some(&first) = self.lines.get(&row.id) {
                left_out.insert(row.line);
                defects.push(self.duplicate(&row, first));
                continue;
            }
            defects.extend(self.twin(&row));
            customers.push(self.accept(row)?);
        }
        // What was done to the cells of a row that is left out changed nothing.
        defects.retain(|defect| defect.outcome == Outcome::RowRejected || !left_out.contains(&defect.line));
        defects.sort_by_key(|defect| (defect.line, defect.column));
        self.count(&defects);
        Ok(CustomerPage { customers, defects, source_rows: self.report.source_rows })
    }

    fn accept(&mut self, row: SourceRow) -> Result<Customer, ImportError> {
        let position = u32::try_from(self.report.accepted).map_err(|_| ImportError::TooMany)?;
        self.report.accepted += 1;
        self.lines.insert(row.id.clone(), row.line);
        let customer = Customer { id: row.id, position: Position(position), line: row.line, cells: row.cells };
        if let Some(left) = customer.label(self.schema) {
            self.report.labelled += 1;
            self.report.left += u64::from(left);
        }
        Ok(customer)
    }

    fn duplicate(&self, row: &SourceRow, first: u64) -> Defect {
        let (column, column_name) = (self.id_number, Some(self.id_name.clone()));
        let detail =
            format!("the id stood in line {first} already; the first row is kept, this one is left out: give each customer one row");
        Defect { line: row.line, column, column_name, problem: Problem::DuplicateId, outcome: Outcome::RowRejected, detail }
    }

    /// Returns a note when a row equals an earlier one in everything but the id and personal data.
    fn twin(&mut self, row: &SourceRow) -> Option<Defect> {
        let mut hasher = DefaultHasher::new();
        for (column, cell) in self.schema.columns.iter().zip(&row.cells) {
            if column.role != Role::Id && !column.role.is_personal() {
                hash_cell(cell, &mut hasher);
            }
        }
        let first = *self.twins.entry(hasher.finish()).or_insert(row.line);
        let detail = format!("equals line {first} in everything but the id; both are kept, and training keeps them in one fold");
        let defect =
            || Defect { line: row.line, column: None, column_name: None, problem: Problem::TwinRow, outcome: Outcome::Noted, detail };
        (first != row.line).then(defect)
    }

    fn count(&mut self, defects: &[Defect]) {
        let mut rejected_line = 0;
        for defect in defects {
            *self.problems.entry((defect.problem, defect.outcome)).or_default() += 1;
            match defect.outcome {
                Outcome::RowRejected if defect.line != rejected_line => {
                    rejected_line = defect.line;
                    self.report.rejected += 1;
                }
                Outcome::CellChanged => self.report.changed_cells += 1,
                _ => {}
            }
        }
        let room = FIRST_DEFECTS.saturating_sub(self.report.first.len());
        self.report.first.extend(defects.iter().take(room).cloned());
    }

    fn finish(self) -> Result<ImportReport, ImportError> {
        let mut report = self.report;
        let counted = self.problems.into_iter().map(|((problem, outcome), count)| ProblemCount { problem, outcome, count });
        report.problems = counted.collect();
        if report.source_rows == 0 {
            return Err(ImportError::NoRows);
        }
        match report.first.iter().find(|defect| defect.outcome == Outcome::RowRejected) {
            Some(first) if report.accepted == 0 => {
                Err(ImportError::NothingUseful { rows: report.source_rows, first: Box::new(first.clone()) })
            }
            _ => Ok(report),
        }
    }
}

fn hash_cell(cell: &Cell, hasher: &mut DefaultHasher) {
    std::mem::discriminant(cell).hash(hasher);
    match cell {
        Cell::Missing => {}
        Cell::Number(value) => value.to_bits().hash(hasher),
        Cell::Money(minor) => minor.hash(hasher),
        Cell::Flag(value) => value.hash(hasher),
        Cell::Category(text) | Cell::Text(text) => text.hash(hasher),
    }
}
