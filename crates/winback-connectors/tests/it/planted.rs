//! A law: defects planted anywhere in a valid file are found at their line and column, and nothing else is.
use crate::telco::{column, flag, levels, read_bytes, table};
use proptest::prelude::*;
use winback_core::defect::{Outcome, Problem};
use winback_core::schema::{ColumnKind, MissingRule, Role, TableSchema};

const HEADER: [&str; 8] = ["id", "age", "fee", "plan", "paper", "since", "note", "left"];

fn schema(delimiter: u8) -> TableSchema {
    let feature = |name: &str, kind| column(name, kind, Role::Feature, MissingRule::Reject);
    let zero = MissingRule::ZeroWhenZero { column: "age".into() };
    table(
        delimiter,
        vec![
            column("id", ColumnKind::Text, Role::Id, MissingRule::Reject),
            feature("age", ColumnKind::Number { min: 0.0, max: 99.0 }),
            column("fee", ColumnKind::Money, Role::TotalCharge, zero),
            feature("plan", levels(&["Basic", "Gold"])),
            feature("paper", flag("Yes", "No")),
            column("since", ColumnKind::Date, Role::ContractEnd, MissingRule::Reject),
            column("note", ColumnKind::Text, Role::Unused { why: "text".into() }, MissingRule::Learn),
            column("left", flag("Yes", "No"), Role::Label, MissingRule::Reject),
        ],
    )
}

/// A value to plant: the column, what is written, what must be found and done.
type Plant = (usize, &'static [u8], Problem, Outcome);

/// What must be found: line, column, problem, outcome.
type Found = (u64, Option<u32>, Problem, Outcome);

const PLANTS: [Plant; 20] = [
    (0, b"  ", Problem::BadId, Outcome::RowRejected),
    (0, b"a\x01b", Problem::BadId, Outcome::RowRejected),
    (1, b"", Problem::Missing, Outcome::RowRejected),
    (1, b"abc", Problem::NotANumber, Outcome::RowRejected),
    (1, b"1e5", Problem::NotANumber, Outcome::RowRejected),
    (1, b"100", Problem::OutOfRange, Outcome::RowRejected),
    (1, "７".as_bytes(), Problem::NumberNormalised, Outcome::CellChanged),
    (2, b"-5", Problem::OutOfRange, Outcome::RowRejected),
    (2, b"$5", Problem::NumberNormalised, Outcome::CellChanged),
    (2, b"5.005", Problem::UnclearNumber, Outcome::RowRejected),
    (2, b" ", Problem::Missing, Outcome::RowRejected),
    (3, b"gold", Problem::WordNormalised, Outcome::CellChanged),
    (3, b"Silver", Problem::NewCategory, Outcome::Noted),
    (3, b"G\xFFld", Problem::NotUtf8, Outcome::RowRejected),
    (4, b"2", Problem::NotAFlag, Outcome::RowRejected),
    (5, b"2024-02-30", Problem::NotADate, Outcome::RowRejected),
    (6, b"\xE5\xAE", Problem::NotUtf8, Outcome::RowRejected),
    (7, b"perhaps", Problem::UnknownLabel, Outcome::RowRejected),
    (7, b"", Problem::Missing, Outcome::RowRejected),
    (6, &[b'x'; 70_000], Problem::CellTooLong, Outcome::RowRejected),
];

#[derive(Clone, Debug)]
struct PlannedRow {
    plant: Option<usize>,
    ragged: Option<bool>,
    note_lines: usize,
    quoted: [bool; 8],
    empty_lines_before: usize,
}

fn planned_row() -> impl Strategy<Value = PlannedRow> {
    let plant = prop_oneof![3 => Just(None), 2 => (0..PLANTS.len()).prop_map(Some)];
    let ragged = prop_oneof![9 => Just(None), 1 => any::<bool>().prop_map(Some)];
    (plant, ragged, 0..3_usize, any::<[bool; 8]>(), prop_oneof![9 => Just(0_usize), 1 => 1..3_usize]).prop_map(
        |(plant, ragged, note_lines, quoted, empty_lines_before)| PlannedRow { plant, ragged, note_lines, quoted, empty_lines_before },
    )
}

/// Writes the file and returns it with what must be found: line, column, problem, outcome.
fn write(rows: &[PlannedRow], delimiter: u8, newline: &str, bom: bool, names_last: bool) -> (Vec<u8>, Vec<Found>) {
    let order: Vec<usize> = if names_last { (0..8).rev().collect() } else { (0..8).collect() };
    let mut bytes = if bom { b"\xEF\xBB\xBF".to_vec() } else { Vec::new() };
    let header: Vec<&str> = order.iter().map(|&c| HEADER[c]).collect();
    bytes.extend(header.join(&char::from(delimiter).to_string()).bytes().chain(newline.bytes()));
    let (mut line, mut expected) = (2, Vec::new());
    for (number, row) in rows.iter().enumerate() {
        bytes.extend(newline.repeat(row.empty_lines_before).bytes());
        line += row.empty_lines_before as u64;
        let start = line;
        let mut cells: Vec<Vec<u8>> = ["", "7", "79.99", "Gold", "Yes", "2024-02-29", "", "No"].map(|c| c.as_bytes().to_vec()).to_vec();
        cells[0] = format!("00{number}").into_bytes();
        cells[6] = format!("a \"note\"{}", newline.repeat(row.note_lines)).into_bytes();
        cells[6].extend(b" end");
        line += row.note_lines as u64 + 1;
        if let Some((column, value, problem, outcome)) = row.plant.map(|plant| PLANTS[plant]) {
            line -= if column == 6 { row.note_lines as u64 } else { 0 };
            cells[column] = value.to_vec();
            let place = order.iter().position(|&c| c == column).unwrap() as u32 + 1;
            expected.push((start, Some(place), problem, outcome));
        }
        let mut written: Vec<Vec<u8>> = order.iter().map(|&c| quote(&cells[c], row.quoted[c], delimiter)).collect();
        if let Some(more) = row.ragged.filter(|_| row.plant.is_none()) {
            if more {
                written.push(b"extra".to_vec());
            } else {
                written.remove(0);
            }
            expected.push((start, None, Problem::RaggedRow, Outcome::RowRejected));
        }
        bytes.extend(written.join(&delimiter));
        bytes.extend(newline.bytes());
    }
    (bytes, expected)
}

fn quote(cell: &[u8], wish: bool, delimiter: u8) -> Vec<u8> {
    let needs = cell.iter().any(|b| [b'"', b'\n', b'\r', delimiter].contains(b));
    if !needs && !wish {
        return cell.to_vec();
    }
    let doubled = cell.iter().flat_map(|&b| if b == b'"' { vec![b, b] } else { vec![b] });
    std::iter::once(b'"').chain(doubled).chain(std::iter::once(b'"')).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn every_planted_defect_is_found_where_it_stands(
        rows in prop::collection::vec(planned_row(), 1..25),
        delimiter in prop::sample::select(vec![b',', b';', b'\t', b'|']),
        newline in prop::sample::select(vec!["\n", "\r\n"]),
        bom in any::<bool>(),
        reversed in any::<bool>(),
    ) {
        let (bytes, expected) = write(&rows, delimiter, newline, bom, reversed);
        let file = read_bytes(&bytes, &schema(delimiter)).unwrap();
        let found: Vec<_> = file.defects.iter().map(|d| (d.line, d.column, d.problem, d.outcome)).collect();
        prop_assert_eq!(&found, &expected);
        prop_assert!(file.defects.iter().all(|d| d.column.is_none() == d.column_name.is_none()));
        let rejected = expected.iter().filter(|(.., outcome)| *outcome == Outcome::RowRejected).count();
        prop_assert_eq!((file.source_rows, file.rows.len()), (rows.len() as u64, rows.len() - rejected));
    }
}
