//! Rows by the rules of the schema.
use crate::telco::{column, flag, levels, read, read_bytes, real_file, schema, table};
use winback_core::customer::Cell;
use winback_core::defect::{Outcome, Problem};
use winback_core::row::{HeaderProblem, RowParser};
use winback_core::schema::{ColumnKind, MissingRule, Role, TableSchema};

#[test]
fn every_row_of_the_telco_file_is_accounted_for() {
    let Some(path) = real_file() else { return };
    let file = read(&path, &schema()).unwrap();
    assert_eq!((file.source_rows, file.rows.len(), file.defects.len()), (7043, 7043, 11));
    assert!(file.defects.iter().all(|d| d.problem == Problem::MissingFilled && d.outcome == Outcome::CellChanged && d.column == Some(20)));
    assert_eq!((file.defects[0].line, file.rows[488].line, &file.rows[488].cells[19]), (490, 490, &Cell::Money(0)));
    assert_eq!((file.rows[0].cells[18].clone(), file.rows[0].id.as_str()), (Cell::Money(2985), "7590-VHVEG"));
    let left = file.rows.iter().filter(|row| row.cells[20] == Cell::Flag(true)).count();
    assert_eq!(left, 1869);
}

fn small(missing: &MissingRule) -> TableSchema {
    let feature = |name: &str, kind| column(name, kind, Role::Feature, missing.clone());
    table(
        b',',
        vec![
            column("id", ColumnKind::Text, Role::Id, MissingRule::Reject),
            feature("age", ColumnKind::Number { min: 0.0, max: 120.0 }),
            column("fee", ColumnKind::Money, Role::MonthlyCharge, missing.clone()),
            feature("plan", levels(&["Basic", "Gold"])),
            feature("city", levels(&[])),
            feature("paper", flag("Yes", "No")),
            column("ends", ColumnKind::Date, Role::ContractEnd, missing.clone()),
            column("left", flag("Yes", "No"), Role::Label, MissingRule::Reject),
        ],
    )
}

#[test]
fn a_row_without_an_id_is_named_whatever_the_schema_says_of_empty_cells() {
    for rule in [MissingRule::Learn, MissingRule::ZeroWhenZero { column: "age".into() }] {
        let mut schema = small(&MissingRule::Reject);
        schema.columns[0].missing = rule;
        let mut cells = GOOD;
        cells[0] = " ";
        let (row, defects) = RowParser::new(&schema, &HEADER).unwrap().parse(9, &cells);
        let found: Vec<_> = defects.iter().map(|d| (d.line, d.column, d.problem, d.outcome)).collect();
        assert_eq!((row, found), (None, vec![(9, Some(1), Problem::BadId, Outcome::RowRejected)]));
    }
}

const HEADER: [&str; 8] = ["id", "age", "fee", "plan", "city", "paper", "ends", "left"];
const GOOD: [&str; 8] = ["007", "40", "79.99", "Gold", "Rome", "Yes", "2025-02-28", "No"];

/// Puts one value into a good row and returns the cell with the defects it causes.
fn with(place: usize, value: &str, missing: &MissingRule) -> (Option<Cell>, Vec<(u32, Problem, Outcome)>) {
    let mut parser = RowParser::new(&small(missing), &HEADER).unwrap();
    let mut cells = GOOD;
    cells[place] = value;
    let (row, defects) = parser.parse(9, &cells);
    assert!(defects.iter().all(|d| d.line == 9 && d.column_name.as_deref() == Some(HEADER[place])));
    assert!(defects.iter().all(|d| value.trim().len() < 4 || !d.detail.contains(value.trim())), "a value is told: {defects:?}");
    (row.map(|row| row.cells[place].clone()), defects.iter().map(|d| (d.column.unwrap(), d.problem, d.outcome)).collect())
}

#[test]
fn cells_are_read_normalised_or_refused() {
    use Outcome::{CellChanged, Noted, RowRejected};
    use Problem::*;
    let check = |place: usize, value: &str, cell: Option<Cell>, defect: Option<(Problem, Outcome)>| {
        let expected = defect.map(|(problem, outcome)| (place as u32 + 1, problem, outcome)).into_iter().collect::<Vec<_>>();
        assert_eq!(with(place, value, &MissingRule::Reject), (cell, expected), "column {place}, {value:?}");
    };
    let text = |word: &str| Some(Cell::Text(word.into()));
    let word = |word: &str| Some(Cell::Category(word.into()));
    check(0, "007", text("007"), None);
    check(0, " 007 ", text("007"), Some((WordNormalised, CellChanged)));
    check(0, "NA", text("NA"), None);
    check(0, "", None, Some((BadId, RowRejected)));
    check(0, "a\u{202E}b", None, Some((BadId, RowRejected)));
    check(1, "１２", Some(Cell::Number(12.0)), Some((NumberNormalised, CellChanged)));
    check(1, "120", Some(Cell::Number(120.0)), None);
    check(1, "120.01", None, Some((OutOfRange, RowRejected)));
    check(1, "-1", None, Some((OutOfRange, RowRejected)));
    check(1, "forty", None, Some((NotANumber, RowRejected)));
    check(1, "1,23", None, Some((UnclearNumber, RowRejected)));
    check(1, "N/A", None, Some((Missing, RowRejected)));
    check(2, "79.99", Some(Cell::Money(7999)), None);
    check(2, "1,234.5", Some(Cell::Money(123_450)), Some((NumberNormalised, CellChanged)));
    check(2, "$20", Some(Cell::Money(2000)), Some((NumberNormalised, CellChanged)));
    check(2, "€20", None, Some((UnclearNumber, RowRejected)));
    check(2, "NT$20", None, Some((UnclearNumber, RowRejected)));
    check(2, "80.005", None, Some((UnclearNumber, RowRejected)));
    check(2, "-0.01", None, Some((OutOfRange, RowRejected)));
    check(2, "1234567890123456789", None, Some((OutOfRange, RowRejected)));
    check(3, "gold", word("Gold"), Some((WordNormalised, CellChanged)));
    check(3, "Platinum", word("Platinum"), Some((NewCategory, Noted)));
    check(4, "NA", word("NA"), None);
    check(4, "null", word("null"), None);
    check(5, "YES", Some(Cell::Flag(true)), None);
    check(5, "maybe", None, Some((NotAFlag, RowRejected)));
    check(6, "2025-02-29", None, Some((NotADate, RowRejected)));
    check(6, "20250228", None, Some((NotADate, RowRejected)));
    check(7, "Perhaps", None, Some((UnknownLabel, RowRejected)));
    check(7, "NA", None, Some((UnknownLabel, RowRejected)));
    check(7, " ", None, Some((Missing, RowRejected)));
}

#[test]
fn empty_cells_follow_the_rule_of_their_column() {
    let changed = |problem, outcome| vec![(2, problem, outcome)];
    assert_eq!(with(1, " ", &MissingRule::Learn), (Some(Cell::Missing), changed(Problem::Missing, Outcome::Noted)));
    assert_eq!(with(1, "null", &MissingRule::Learn), (Some(Cell::Missing), changed(Problem::Missing, Outcome::Noted)));
    let file = read_bytes(b"id,tenure,paid\na,0,\nb,3, \nc,0,NA\nd,2,5\n", &zero_schema()).unwrap();
    let found: Vec<_> = file.defects.iter().map(|d| (d.line, d.column, d.problem)).collect();
    assert_eq!(found, [(2, Some(3), Problem::MissingFilled), (3, Some(3), Problem::Missing), (4, Some(3), Problem::MissingFilled)]);
    assert_eq!(file.rows.iter().map(|row| row.id.as_str()).collect::<Vec<_>>(), ["a", "c", "d"]);
}

fn zero_schema() -> TableSchema {
    let zero = MissingRule::ZeroWhenZero { column: "tenure".into() };
    let months = ColumnKind::Number { min: 0.0, max: 100.0 };
    table(
        b',',
        vec![
            column("paid", ColumnKind::Money, Role::TotalCharge, zero),
            column("id", ColumnKind::Text, Role::Id, MissingRule::Reject),
            column("tenure", months, Role::Tenure, MissingRule::Reject),
        ],
    )
}

#[test]
fn headers_match_in_any_order_and_say_what_is_wrong() {
    let header = |names: &str| {
        let names: Vec<&str> = names.split(',').collect();
        RowParser::new(&zero_schema(), &names).map(|parser| parser.ignored().iter().map(|c| (c.number, c.name.clone())).collect::<Vec<_>>())
    };
    assert_eq!(header("TENURE, Id ,paid"), Ok(vec![]));
    assert_eq!(header("x,tenure,id,paid,"), Ok(vec![(1, "x".into()), (5, String::new())]));
    let missing = header("tenures,id,Paid_").unwrap_err();
    let text = "the header lacks the columns \"paid\" (closest in the file: \"Paid_\"), \"tenure\" (closest in the file: \"tenures\")";
    assert_eq!(missing.to_string(), text);
    assert_eq!(header("id,tenure,paid,ID"), Err(HeaderProblem::Duplicate { name: "ID".into(), first: 1, second: 4 }));
}

#[test]
fn a_table_without_its_label_can_be_scored() {
    let parser = RowParser::new(&small(&MissingRule::Reject), &HEADER[..7]).unwrap();
    assert!(!parser.has_label());
}
