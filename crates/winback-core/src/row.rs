//! Rows: the cells of one line become a typed row by the rules of the schema,
//! and every cell that was changed, filled or refused is named.
mod cells;
mod header;

pub use header::{HeaderProblem, IgnoredColumn, MissingColumn};

use crate::customer::Cell;
use crate::defect::{Defect, Outcome, Problem, value_class};
use crate::id::CustomerId;
use crate::pipeline::import::SourceRow;
use crate::schema::{Column, ColumnIndex, ColumnKind, MissingRule, Role, TableSchema};
use cells::{CellReader, Read};
use std::sync::Arc;

/// Reads the rows under one header by one schema.
///
/// Words are interned per column, so a million rows share the handful of words
/// a category has.
#[derive(Debug)]
pub struct RowParser {
    columns: Vec<ColumnParser>,
    width: usize,
    ignored: Vec<IgnoredColumn>,
    id: ColumnIndex,
    /// Columns that are at least another and some more.
    least: Vec<(ColumnIndex, ColumnIndex, f64)>,
}

/// Returns the cell that a text is in a column, or what was expected; a category may hold any word where its levels
/// are not listed.
pub fn read_cell(schema: &TableSchema, column: &Column, text: &str) -> Result<Cell, String> {
    let mut reader = CellReader::new(schema, column);
    match reader.read(text) {
        Read::Value(cell) => Ok(cell),
        _ => Err(match &column.kind {
            ColumnKind::Category { levels } if !levels.is_empty() => format!("one of {}", levels.join(", ")),
            _ => reader.expected(),
        }),
    }
}

#[derive(Debug)]
struct ColumnParser {
    /// The cell's place in a row of the file; `None` where the file has no label.
    place: Option<usize>,
    /// The column's name in the file.
    name: String,
    reader: CellReader,
    missing: Missing,
    /// Whether a wrong value costs the whole row; it does not where the column is unused.
    needed: bool,
    /// Whether an empty cell that the model will fill is told.
    feature: bool,
}

#[derive(Debug)]
enum Missing {
    Reject,
    Learn,
    ZeroWhenZero(ColumnIndex),
    Fill(Cell),
}

impl RowParser {
    /// Returns a parser for the rows under a header.
    ///
    /// Names match without regard to case, order and outer white space, and by alias. Only the
    /// label may be absent: such a table can be scored, not learned from.
    pub fn new<S: AsRef<str>>(schema: &TableSchema, header: &[S]) -> Result<Self, HeaderProblem> {
        let matched = header::matching(schema, header)?;
        let columns = schema.columns.iter().zip(matched.places);
        let columns = columns.map(|(column, place)| ColumnParser::new(schema, column, place, header)).collect::<Result<_, _>>()?;
        let id = schema.with_role(&Role::Id).ok_or(HeaderProblem::NoId)?;
        let rules = schema.columns.iter().enumerate().flat_map(|(at, column)| column.cells.at_least.iter().map(move |rule| (at, rule)));
        let least = rules.filter_map(|(at, rule)| Some((at, schema.index_of(&rule.column)?, rule.plus)));
        Ok(Self { columns, width: header.len(), ignored: matched.ignored, id, least: least.collect() })
    }

    /// Returns the columns of the file that the schema does not name, with the reason they are not used.
    pub fn ignored(&self) -> &[IgnoredColumn] {
        &self.ignored
    }

    /// Returns where a column of the schema stands in the file, counted from 1; `None` where the file lacks it.
    pub fn column_number(&self, column: ColumnIndex) -> Option<u32> {
        self.columns.get(column)?.place.and_then(|place| u32::try_from(place + 1).ok())
    }

    /// Returns how many cells a row has.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Returns whether the file has the label column, so that a model can learn from it.
    pub fn has_label(&self) -> bool {
        self.columns.iter().any(|column| column.reader.is_label() && column.place.is_some())
    }

    /// Returns the name of a column of the file for [`Defect::column_name`], by its place counted from 0.
    pub fn name_at(&self, place: usize) -> Option<&str> {
        let known = self.columns.iter().find(|column| column.place == Some(place)).map(|column| column.name.as_str());
        known.or_else(|| self.ignored.iter().find(|column| column.number as usize == place + 1).map(|column| column.name.as_str()))
    }

    /// Reads one row that begins on a line of the file.
    ///
    /// A row with a fault gives no row and names each fault; any other row names each cell that was
    /// filled, rewritten or worth a person's look.
    pub fn parse(&mut self, line: u64, cells: &[&str]) -> (Option<SourceRow>, Vec<Defect>) {
        if cells.len() != self.width {
            return (None, vec![self.ragged(line, cells.len())]);
        }
        let mut defects = Vec::new();
        let mut typed = Vec::with_capacity(self.columns.len());
        for column in &mut self.columns {
            let cell = match column.place {
                Some(place) => column.cell(line, cells[place], &mut defects),
                None => Cell::Missing,
            };
            typed.push(cell);
        }
        self.fill_zeros(line, &mut typed, &mut defects);
        self.drop_contradictions(line, &mut typed, &mut defects);
        let id = self.id(line, &typed, &mut defects);
        match id {
            Some(id) if !defects.iter().any(is_rejection) => (Some(SourceRow { line, id, cells: typed }), defects),
            _ => {
                defects.retain(is_rejection);
                (None, defects)
            }
        }
    }

    /// Empties pairs of cells that cannot both be right: nobody is 12 years old and has worked for 20.
    fn drop_contradictions(&self, line: u64, cells: &mut [Cell], defects: &mut Vec<Defect>) {
        let number = |cell: &Cell| if let Cell::Number(number) = cell { Some(*number) } else { None };
        let both = |(at, other, _): &(usize, usize, f64)| Some((number(&cells[*at])?, number(&cells[*other])?));
        let contradict = |rule: &&(usize, usize, f64)| both(rule).is_some_and(|(number, least)| number < least + rule.2);
        let found: Vec<(usize, usize, f64)> = self.least.iter().filter(contradict).copied().collect();
        for (at, other, plus) in found {
            let (column, than) = (&self.columns[at], &self.columns[other].name);
            let plus = if plus == 0.0 { String::new() } else { format!(" and {}", crate::customer::display_number(plus)) };
            let detail =
                format!("{} is below {than}{plus}, so one of the two is wrong; both were left empty, correct the row", column.name);
            defects.push(column.defect(line, Problem::Contradiction, Outcome::CellChanged, detail));
            (cells[at], cells[other]) = (Cell::Missing, Cell::Missing);
        }
    }

    fn ragged(&self, line: u64, found: usize) -> Defect {
        let detail = format!(
            "expected {} cells as in the header, found {found}; a delimiter inside a cell needs quotes around the cell, and a row must not be cut short",
            self.width
        );
        Defect { line, column: None, column_name: None, problem: Problem::RaggedRow, outcome: Outcome::RowRejected, detail }
    }

    fn id(&self, line: u64, cells: &[Cell], defects: &mut Vec<Defect>) -> Option<CustomerId> {
        let column = &self.columns[self.id];
        let Cell::Text(text) = &cells[self.id] else { return None };
        match CustomerId::parse(text) {
            Ok(id) => Some(id),
            Err(error) => {
                let detail = format!("{error}; expected an id of 1 to {} bytes without control characters", crate::id::MAX_ID_BYTES);
                defects.push(column.defect(line, Problem::BadId, Outcome::RowRejected, detail));
                None
            }
        }
    }

    /// Fills the empty cells whose rule looks at another cell of the row.
    fn fill_zeros(&self, line: u64, cells: &mut [Cell], defects: &mut Vec<Defect>) {
        for (at, column) in self.columns.iter().enumerate() {
            let Missing::ZeroWhenZero(other) = column.missing else { continue };
            let number = column.number();
            let faulty = defects.iter().any(|defect| defect.column == number);
            if cells[at] != Cell::Missing || number.is_none() || faulty {
                continue;
            }
            let other_name = &self.columns[other].name;
            if matches!(cells[other], Cell::Money(0)) || matches!(cells[other], Cell::Number(value) if value == 0.0) {
                cells[at] = column.reader.zero();
                let detail = format!("found an empty cell and filled in 0, because {other_name} is 0");
                defects.push(column.defect(line, Problem::MissingFilled, Outcome::CellChanged, detail));
            } else {
                let expected = column.reader.expected();
                let detail =
                    format!("expected {expected}, found an empty cell; it counts as 0 only where {other_name} is 0, so give the value");
                defects.push(column.defect(line, Problem::Missing, Outcome::RowRejected, detail));
            }
        }
    }
}

fn is_rejection(defect: &Defect) -> bool {
    defect.outcome == Outcome::RowRejected
}

impl ColumnParser {
    fn new<S: AsRef<str>>(schema: &TableSchema, column: &Column, place: Option<usize>, header: &[S]) -> Result<Self, HeaderProblem> {
        let mut reader = CellReader::new(schema, column);
        let wrong = |why: String| HeaderProblem::Rule { column: column.name.clone(), why };
        let missing = match &column.missing {
            // Without an id a row is nobody's, so no rule may fill one in or pass over it.
            _ if reader.is_id() => Missing::Reject,
            MissingRule::Reject => Missing::Reject,
            MissingRule::Learn => Missing::Learn,
            MissingRule::ZeroWhenZero { column: other } => {
                let other = schema.index_of(other).ok_or_else(|| wrong(format!("it names the column {other:?}, which is not there")))?;
                Missing::ZeroWhenZero(other)
            }
            MissingRule::Fill { value } => match reader.read(value) {
                Read::Value(cell) | Read::Changed(cell, ..) | Read::Noted(cell, ..) => Missing::Fill(cell),
                Read::Empty | Read::Unknown | Read::Wrong(_) => {
                    return Err(wrong(format!("its value does not fit: expected {}", reader.expected())));
                }
            },
        };
        let name = place.and_then(|place| header.get(place)).map_or(column.name.as_str(), |name| name.as_ref().trim()).to_owned();
        let needed = !matches!(column.role, Role::Unused { .. });
        Ok(Self { place, name, reader, missing, needed, feature: column.role.is_feature() })
    }

    /// Returns the column's number in the file, counted from 1.
    fn number(&self) -> Option<u32> {
        self.place.and_then(|place| u32::try_from(place + 1).ok())
    }

    fn defect(&self, line: u64, problem: Problem, outcome: Outcome, detail: String) -> Defect {
        Defect { line, column: self.number(), column_name: Some(self.name.clone()), problem, outcome, detail }
    }

    fn cell(&mut self, line: u64, text: &str, defects: &mut Vec<Defect>) -> Cell {
        match self.reader.read(text) {
            Read::Value(cell) => cell,
            Read::Changed(cell, problem, detail) => {
                defects.push(self.defect(line, problem, Outcome::CellChanged, detail.to_owned()));
                cell
            }
            Read::Noted(cell, problem, detail) => {
                defects.push(self.defect(line, problem, Outcome::Noted, detail));
                cell
            }
            Read::Empty => self.empty(line, defects),
            Read::Unknown => {
                if matches!(self.missing, Missing::Learn) {
                    let detail = "found a word that the schema lists as not known; the cell counts as empty".to_owned();
                    defects.push(self.defect(line, Problem::Missing, Outcome::Noted, detail));
                    return Cell::Missing;
                }
                self.empty(line, defects)
            }
            Read::Wrong(problem) => self.wrong(line, text, problem, defects),
        }
    }

    fn wrong(&self, line: u64, text: &str, problem: Problem, defects: &mut Vec<Defect>) -> Cell {
        let (expected, found) = (self.reader.expected(), value_class(text));
        let hint = self.reader.hint(problem);
        if self.needed {
            let detail = format!("expected {expected}, found {found}; {hint}");
            defects.push(self.defect(line, problem, Outcome::RowRejected, detail));
        } else {
            let detail = format!("expected {expected}, found {found}; the column is not used, so the cell was left empty");
            defects.push(self.defect(line, problem, Outcome::CellChanged, detail));
        }
        Cell::Missing
    }

    fn empty(&self, line: u64, defects: &mut Vec<Defect>) -> Cell {
        match &self.missing {
            Missing::Fill(cell) => {
                let detail = "found an empty cell and filled in the value the schema gives".to_owned();
                defects.push(self.defect(line, Problem::MissingFilled, Outcome::CellChanged, detail));
                cell.clone()
            }
            Missing::ZeroWhenZero(_) => Cell::Missing,
            Missing::Learn => {
                if self.feature {
                    let detail = "found an empty cell; it stays empty, and the model fills it with what it learned".to_owned();
                    defects.push(self.defect(line, Problem::Missing, Outcome::Noted, detail));
                }
                Cell::Missing
            }
            Missing::Reject => {
                let problem = if self.reader.is_id() { Problem::BadId } else { Problem::Missing };
                let detail = format!("expected {}, found an empty cell; give the value", self.reader.expected());
                defects.push(self.defect(line, problem, Outcome::RowRejected, detail));
                Cell::Missing
            }
        }
    }
}

/// Returns a shared copy of a text.
fn shared(text: &str) -> Arc<str> {
    Arc::from(text)
}
