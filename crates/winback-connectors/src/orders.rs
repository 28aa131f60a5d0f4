//! Orders (`customer, date, quantity, amount`) of a table with commas, semicolons, bars, tabs or white space between cells.
use crate::file::{open, unread};
use jiff::civil::Date;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use winback_core::defect::{Defect, Outcome, Problem, value_class};
use winback_core::id::CustomerId;
use winback_core::number::{self, DecimalMark};
use winback_core::pipeline::import::SourceError;
use winback_core::segment::rfm::Order;

/// The longest line, in bytes.
const MAX_LINE_BYTES: usize = 64 * 1024;
const CUSTOMERS: [&str; 6] = ["customer_id", "customerid", "customer", "id", "master_id", "member_no"];
const DATES: [&str; 5] = ["date", "order_date", "orderdate", "day", "invoice_date"];
const AMOUNTS: [&str; 7] = ["amount", "dollar_value", "dollars", "total", "revenue", "price", "spent"];

/// What an order file holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Orders {
    /// The orders, in the order of the file.
    pub orders: Vec<Order>,
    /// How many rows the file has.
    pub rows: u64,
    /// The rows that could not be read; they are left out.
    pub defects: Vec<Defect>,
}

/// How the lines of a file are cut, and where the three columns stand.
struct Shape {
    delimiter: Option<char>,
    width: usize,
    places: [usize; 3],
}

/// Reads an order file. Dates are written YYYY-MM-DD or YYYYMMDD.
///
/// # Errors
/// When the file cannot be read or lacks a column for the customer, the date or the amount. Rows at fault are named and
/// left out.
pub fn read_orders(path: &Path) -> Result<Orders, SourceError> {
    let mut lines = BufReader::new(open(path)?).split(b'\n');
    let Some(header) = lines.next().transpose().map_err(|error| unread(path, error))? else {
        return Err(no_columns(path, &["customer_id", "date", "amount"]));
    };
    let header = String::from_utf8_lossy(header.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&header)).into_owned();
    let shape = shape(path, &header)?;
    let mut found = Orders::default();
    for (line, bytes) in (2_u64..).zip(lines) {
        let bytes = bytes.map_err(|error| unread(path, error))?;
        let text = if bytes.len() > MAX_LINE_BYTES { None } else { std::str::from_utf8(&bytes).ok() };
        if text.is_some_and(|text| text.trim().is_empty()) {
            continue;
        }
        found.rows += 1;
        let read = text.ok_or_else(|| whole(line, Problem::NotUtf8, "expected a line of UTF-8 text of a sensible length".into()));
        match read.and_then(|text| read_order(text, line, &shape)) {
            Ok(order) => found.orders.push(order),
            Err(defect) => found.defects.push(*defect),
        }
    }
    Ok(found)
}

fn cells(text: &str, delimiter: Option<char>) -> Vec<&str> {
    match delimiter {
        Some(delimiter) => text.trim_end_matches('\r').split(delimiter).map(|cell| cell.trim().trim_matches('"').trim()).collect(),
        None => text.split_whitespace().collect(),
    }
}

fn shape(path: &Path, header: &str) -> Result<Shape, SourceError> {
    let delimiter = [',', ';', '\t', '|'].into_iter().find(|delimiter| header.contains(*delimiter));
    let names: Vec<String> = cells(header, delimiter).iter().map(|name| name.to_lowercase()).collect();
    let place = |known: &[&str]| known.iter().find_map(|known| names.iter().position(|name| name == known));
    let found =
        [(&CUSTOMERS[..], "customer_id"), (&DATES[..], "date"), (&AMOUNTS[..], "amount")].map(|(known, name)| place(known).ok_or(name));
    match found {
        [Ok(customer), Ok(date), Ok(amount)] => Ok(Shape { delimiter, width: names.len(), places: [customer, date, amount] }),
        found => Err(no_columns(path, &found.into_iter().filter_map(Result::err).collect::<Vec<_>>())),
    }
}

fn no_columns(path: &Path, missing: &[&str]) -> SourceError {
    let problem = format!("an order file needs the columns customer_id, date and amount; missing: {}", missing.join(", "));
    SourceError::Header { file: path.display().to_string(), problem, advice: "rename the columns in the file".to_owned() }
}

fn whole(line: u64, problem: Problem, detail: String) -> Box<Defect> {
    Box::new(Defect { line, column: None, column_name: None, problem, outcome: Outcome::RowRejected, detail })
}

fn read_order(text: &str, line: u64, shape: &Shape) -> Result<Order, Box<Defect>> {
    let cells = cells(text, shape.delimiter);
    if cells.len() != shape.width {
        let detail = format!("expected {} cells as in the header, found {}", shape.width, cells.len());
        return Err(whole(line, Problem::RaggedRow, detail));
    }
    let [customer, date, amount] = shape.places.map(|place| cells[place]);
    let at = |place: usize, name: &str, problem, detail: String| {
        let column = u32::try_from(shape.places[place] + 1).ok();
        Box::new(Defect { line, column, column_name: Some(name.to_owned()), problem, outcome: Outcome::RowRejected, detail })
    };
    let customer = CustomerId::parse(customer).map_err(|error| at(0, "customer", Problem::BadId, error.to_string()))?;
    let unread = |name: &str, expected: &str, cell: &str| format!("{name}: expected {expected}, found {}", value_class(cell));
    let day =
        read_date(date).ok_or_else(|| at(1, "date", Problem::NotADate, unread("date", "a day such as 2026-11-21 or 20261121", date)))?;
    let cents = number::read(amount, DecimalMark::Point).ok().and_then(|read| read.value.to_minor(2).ok());
    let cents = cents.ok_or_else(|| at(2, "amount", Problem::NotANumber, unread("amount", "an amount such as 29.33", amount)))?;
    Ok(Order { customer, date: day, amount_cents: cents })
}

fn read_date(text: &str) -> Option<Date> {
    let day = text.get(..10).filter(|_| text.as_bytes().get(4) == Some(&b'-')).unwrap_or(text);
    let plain = day.len() == 8 && day.bytes().all(|byte| byte.is_ascii_digit());
    let written = if plain { format!("{}-{}-{}", &day[..4], &day[4..6], &day[6..]) } else { day.to_owned() };
    (written.len() == 10).then(|| written.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Orders, SourceError> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        read_orders(file.path())
    }

    #[test]
    fn one_order_is_read_from_every_shape_of_table() {
        let check = |text: &str| {
            let found = read(text).unwrap();
            assert_eq!((found.rows, found.defects.len()), (1, 0), "{text}: {:?}", found.defects);
            let order = &found.orders[0];
            assert_eq!(
                (order.customer.as_str(), order.date.to_string().as_str(), order.amount_cents),
                ("00004", "1997-01-01", 2_933),
                "{text}"
            );
        };
        check(" customer_id  date number_of_cds  dollar_value\n 00004 19970101  2   29.33\n");
        check("id,date,quantity,amount\r\n00004,1997-01-01,2,29.33\r\n\r\n");
        check("\u{FEFF}Amount;Date;ID\n29.33;1997-01-01;00004");
        check("customer\tdate\ttotal\n00004\t1997-01-01T10:00\t29.33\n");
        check("\"customer\"|\"order_date\"|\"total\"\n\"00004\"|\"1997-01-01\"|\"29.33\"\n");
    }

    #[test]
    fn what_cannot_be_read_is_named_by_line() {
        let found =
            read("id,date,amount\n,2026-01-01,1\nA,yesterday,1\nA,2026-02-30,1\nA,2026-01-01,much\nA,2026-01-01\nA,2026-01-01,-3.50\n")
                .unwrap();
        let told: Vec<(u64, Problem)> = found.defects.iter().map(|defect| (defect.line, defect.problem)).collect();
        let expected =
            [(2, Problem::BadId), (3, Problem::NotADate), (4, Problem::NotADate), (5, Problem::NotANumber), (6, Problem::RaggedRow)];
        assert_eq!(told, expected);
        assert_eq!((found.orders.len(), found.orders[0].amount_cents), (1, -350));
        let wrong = read("who,when,amount\n").unwrap_err().to_string();
        assert!(wrong.contains("missing: customer_id, date"), "{wrong}");
        assert!(read("").is_err());
    }
}
