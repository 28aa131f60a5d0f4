//! A file of profiles, read row by row.
use crate::prompts::people::{PAGE_ROWS, Page, Person, Planned};
use std::collections::HashMap;
use std::path::Path;
use winback_connectors::csv::CsvSource;
use winback_connectors::file::Fingerprint;
use winback_core::customer::Customer;
use winback_core::defect::{Defect, Outcome, Problem};
use winback_core::id::{CustomerId, Position};
use winback_core::pipeline::import::{CustomerSource as _, SourceError, SourceRow};
use winback_core::row::IgnoredColumn;
use winback_core::schema::{ColumnIndex, Role, TableSchema};

/// The rows of a file of profiles.
pub struct Profiles {
    source: CsvSource,
    /// The line of each id so far.
    seen: HashMap<CustomerId, u64>,
    /// The lines of ids that stand twice.
    twice: HashMap<CustomerId, [u64; 2]>,
    /// The number and the name of the column of ids.
    id: (Option<u32>, Option<String>),
    /// Its place in the schema.
    id_place: Option<ColumnIndex>,
    next: u32,
}

impl Profiles {
    /// Opens a file, and returns it with the schema of the columns that it has: a column that a file may lack, and does,
    /// decides on nobody's segment.
    pub fn open(path: &Path, mut schema: TableSchema, fingerprint: &Fingerprint) -> Result<(Self, TableSchema), SourceError> {
        let source = CsvSource::open(path, &schema, fingerprint.clone())?;
        let mut place = 0..;
        schema.columns.retain(|column| {
            let there = place.next().is_some_and(|at| source.column_number(at).is_some());
            there || !column.optional
        });
        let source = CsvSource::open(path, &schema, fingerprint.clone())?;
        let id = schema.with_role(&Role::Id);
        let id_place = id;
        let id = (id.and_then(|at| source.column_number(at)), id.and_then(|at| schema.columns.get(at)).map(|column| column.name.clone()));
        Ok((Self { source, seen: HashMap::new(), twice: HashMap::new(), id, id_place, next: 0 }, schema))
    }

    /// Returns the columns of the file that the schema does not name.
    pub fn ignored(&self) -> &[IgnoredColumn] {
        self.source.ignored()
    }

    /// Returns the ids of the rows read so far.
    pub fn ids(&self) -> impl Iterator<Item = &CustomerId> {
        self.seen.keys()
    }

    /// Returns the first two lines of an id that stood twice so far.
    pub fn twice(&self, id: &CustomerId) -> Option<[u64; 2]> {
        self.twice.get(id).copied()
    }

    /// From here on, remembers the lines of rows that cannot be read and carry an id.
    pub fn look_for(&mut self, id: &CustomerId) {
        if let Some(place) = self.id_place {
            self.source.look_for(id.clone(), place);
        }
    }

    /// Returns the first line of a row that cannot be read and carries the id that is looked for.
    pub fn unread(&self) -> Option<u64> {
        self.source.unread().first().copied()
    }

    /// Returns the next rows; `None` behind the last.
    pub fn next_page(&mut self) -> Result<Option<Page>, SourceError> {
        let read = self.source.next_page(PAGE_ROWS)?;
        if read.source_rows == 0 {
            return Ok(None);
        }
        let mut page = Page { rows: read.source_rows, people: Vec::with_capacity(read.rows.len()), defects: read.defects };
        for row in read.rows {
            match self.seen.get(&row.id) {
                Some(&first) => {
                    self.twice.entry(row.id).or_insert([first, row.line]);
                    page.defects.push(self.duplicate(row.line, first));
                }
                None => page.people.push(self.person(row)),
            }
        }
        page.defects.sort_by_key(|defect| defect.line);
        Ok(Some(page))
    }

    fn person(&mut self, row: SourceRow) -> Person {
        self.seen.insert(row.id.clone(), row.line);
        let customer = Customer { id: row.id, position: Position(self.next), line: row.line, cells: row.cells };
        self.next = self.next.saturating_add(1);
        Person { customer, planned: Planned::Nothing }
    }

    fn duplicate(&self, line: u64, first: u64) -> Defect {
        let (column, column_name) = self.id.clone();
        let detail = format!("the id stood on line {first} already; keep one of the two rows");
        Defect { line, column, column_name, problem: Problem::DuplicateId, outcome: Outcome::RowRejected, detail }
    }
}
