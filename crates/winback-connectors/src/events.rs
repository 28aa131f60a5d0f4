//! Dated events (`customer_id, date, kind, amount`) as behaviour per customer.
use crate::csv::record::{Record, RecordReader};
use crate::csv::{DELIMITERS, MAX_CELL_BYTES, read_header};
use crate::file::{open, unread};
use jiff::civil::Date;
use std::collections::BTreeMap;
use std::path::Path;
use winback_core::behaviour::{Behaviour, BehaviourSums, Event, EventKind};
use winback_core::defect::{Defect, Outcome, Problem, value_class};
use winback_core::id::CustomerId;
use winback_core::number::{self, DecimalMark};
use winback_core::pipeline::import::SourceError;

const COLUMNS: [&str; 4] = ["customer_id", "date", "kind", "amount"];

/// What the events of a file say about each customer.
#[derive(Clone, Debug, PartialEq)]
pub struct EventSummary {
    /// The figures of every customer with an event in the file.
    pub customers: BTreeMap<CustomerId, Behaviour>,
    /// How many rows the file has.
    pub rows: u64,
    /// How many rows lie after the date or before the windows, and did not count.
    pub outside: u64,
    /// The rows that could not be read.
    pub defects: Vec<Defect>,
}

/// Reads an events file and returns each customer's behaviour as of a date.
///
/// # Errors
/// When the file cannot be read or lacks one of its four columns. Rows at fault are named and left out.
pub fn read_events(path: &Path, as_of: Date) -> Result<EventSummary, SourceError> {
    let (delimiter, places) = find_columns(path)?;
    let mut records = RecordReader::new(open(path)?, delimiter);
    let width = read_header(path, &mut records)?.len();
    let mut sums: BTreeMap<CustomerId, BehaviourSums> = BTreeMap::new();
    let mut summary = EventSummary { customers: BTreeMap::new(), rows: 0, outside: 0, defects: Vec::new() };
    while records.advance().map_err(|error| unread(path, error))? {
        summary.rows += 1;
        match read_event(&records.record(), width, places) {
            Ok((id, event)) => {
                let counted = sums.entry(id).or_insert_with(|| BehaviourSums::new(as_of)).add(&event);
                summary.outside += u64::from(!counted);
            }
            Err(defect) => summary.defects.push(*defect),
        }
    }
    summary.customers = sums.into_iter().map(|(id, sums)| (id, sums.behaviour())).collect();
    Ok(summary)
}

fn find_columns(path: &Path) -> Result<(u8, [usize; 4]), SourceError> {
    let mut missing = COLUMNS.to_vec();
    for delimiter in DELIMITERS {
        let mut records = RecordReader::new(open(path)?, delimiter);
        let header = read_header(path, &mut records)?;
        let place = |name: &str| header.iter().position(|found| found.eq_ignore_ascii_case(name));
        if let [Some(id), Some(date), Some(kind), Some(amount)] = COLUMNS.map(place) {
            return Ok((delimiter, [id, date, kind, amount]));
        }
        let absent: Vec<&str> = COLUMNS.into_iter().filter(|name| place(name).is_none()).collect();
        if absent.len() < missing.len() {
            missing = absent;
        }
    }
    let problem = format!("an events file needs the columns {}; missing: {}", COLUMNS.join(", "), missing.join(", "));
    let advice = "rename the columns in the file".to_owned();
    Err(SourceError::Header { file: path.display().to_string(), problem, advice })
}

fn read_event(record: &Record<'_>, width: usize, [id, date, kind, amount]: [usize; 4]) -> Result<(CustomerId, Event), Box<Defect>> {
    let whole = |problem, detail: String| Box::new(defect(record.line, None, problem, detail));
    if record.too_long(MAX_CELL_BYTES).is_some() {
        return Err(whole(Problem::CellTooLong, format!("expected cells of at most {MAX_CELL_BYTES} bytes; check the quotes")));
    }
    let cells = record.cells().map_err(|_| whole(Problem::NotUtf8, "expected text in UTF-8; save the file as \"CSV UTF-8\"".into()))?;
    if cells.len() != width {
        return Err(whole(Problem::RaggedRow, format!("expected {width} cells as in the header, found {}", cells.len())));
    }
    let wrong = |place: usize, problem, expected: &str| {
        let detail = format!("expected {expected}, found {}; correct the value", value_class(cells[place]));
        Box::new(defect(record.line, Some((place, COLUMNS[column_of(place, [id, date, kind, amount])])), problem, detail))
    };
    let customer = CustomerId::parse(cells[id].trim()).map_err(|_| wrong(id, Problem::BadId, "a customer id"))?;
    let day = parse_day(cells[date]).ok_or_else(|| wrong(date, Problem::NotADate, "a day written as YYYY-MM-DD"))?;
    let what = EventKind::from_tag(cells[kind]).ok_or_else(|| wrong(kind, Problem::NotAFlag, "login, complaint or usage"))?;
    let value = match (what, cells[amount].trim()) {
        (EventKind::Login | EventKind::Complaint, _) => 0.0,
        (EventKind::Usage, text) => {
            let number = number::read(text, DecimalMark::Point).map_err(|_| wrong(amount, Problem::NotANumber, "a number of 0 or more"))?;
            number.value.to_f64()
        }
    };
    if value < 0.0 {
        return Err(wrong(amount, Problem::OutOfRange, "a number of 0 or more"));
    }
    Ok((customer, Event { date: day, kind: what, amount: value }))
}

fn column_of(place: usize, places: [usize; 4]) -> usize {
    places.iter().position(|&known| known == place).unwrap_or_default()
}

fn parse_day(text: &str) -> Option<Date> {
    let text = text.trim();
    (text.len() == 10).then(|| text.parse().ok()).flatten()
}

fn defect(line: u64, column: Option<(usize, &str)>, problem: Problem, detail: String) -> Defect {
    let number = column.and_then(|(place, _)| u32::try_from(place + 1).ok());
    let column_name = column.map(|(_, name)| name.to_owned());
    Defect { line, column: number, column_name, problem, outcome: Outcome::RowRejected, detail }
}
