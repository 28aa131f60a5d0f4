//! A law: every planted defect is found, in its line and its column, and nothing else is.
use crate::home::Home;
use proptest::prelude::*;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A kind of defect: its tag, the columns it may stand in, the bytes that plant it.
type Kind = (&'static str, &'static [usize], &'static [u8]);

const KINDS: [Kind; 9] = [
    ("not_a_number", &[6, 19, 20], b"twelve"),
    ("missing", &[6, 19, 21], b""),
    ("out_of_range", &[6], b"99999"),
    ("not_a_flag", &[4, 5, 17], b"perhaps"),
    ("unknown_label", &[21], b"maybe"),
    ("new_category", &[9, 16, 18], b"something new"),
    ("bad_id", &[1], b""),
    ("not_utf8", &[2, 9, 16, 21], b"\xFF\xFE"),
    ("unclear_number", &[19, 20], b"12.345"),
];

const ROWS: usize = 60;

/// What is planted into one row, and how many blank lines stand before it.
#[derive(Clone, Debug)]
struct Plant {
    kind: usize,
    column: prop::sample::Index,
    blank_lines: usize,
}

fn plants() -> impl Strategy<Value = BTreeMap<usize, Plant>> {
    let plant = (0..KINDS.len() + 3, any::<prop::sample::Index>(), 0..3usize);
    let plant = plant.prop_map(|(kind, column, blank_lines)| Plant { kind, column, blank_lines });
    prop::collection::btree_map(1..ROWS, plant, 0..12)
}

/// A defect as it is expected: line, column (0 for none), tag.
type Found = (u64, u64, String);

/// Plants the defects and returns the file with what should be found in it.
fn plant(table: &str, plants: &BTreeMap<usize, Plant>, line_end: &str) -> (Vec<u8>, BTreeSet<Found>) {
    let mut lines = table.lines();
    let mut file = format!("{}{line_end}", lines.next().unwrap()).into_bytes();
    let rows: Vec<Vec<&[u8]>> = lines.map(|line| line.split(',').map(str::as_bytes).collect()).collect();
    let (mut line, mut expected) = (1, BTreeSet::new());
    let long = vec![b'x'; 70_000];
    for (index, row) in rows.iter().enumerate() {
        line += 1;
        let mut cells = row.clone();
        if let Some(plant) = plants.get(&index) {
            file.extend(line_end.repeat(plant.blank_lines).bytes());
            line += plant.blank_lines as u64;
            let (tag, column) = match KINDS.get(plant.kind) {
                Some(&(tag, columns, bytes)) => {
                    let column = *plant.column.get(columns);
                    cells[column - 1] = bytes;
                    (tag, column)
                }
                None if plant.kind == KINDS.len() => {
                    cells.pop();
                    ("ragged_row", 0)
                }
                None if plant.kind == KINDS.len() + 1 => {
                    let column = plant.column.index(cells.len()) + 1;
                    cells[column - 1] = &long;
                    ("cell_too_long", column)
                }
                None => {
                    cells[0] = rows[0][0];
                    ("duplicate_id", 1)
                }
            };
            expected.insert((line, column as u64, tag.to_owned()));
        }
        file.extend(cells.join(&b','));
        file.extend(line_end.bytes());
    }
    (file, expected)
}

fn found(report: &Value) -> BTreeSet<Found> {
    let defects = report["first"].as_array().unwrap().iter();
    defects
        .map(|one| (one["line"].as_u64().unwrap(), one["column"].as_u64().unwrap_or(0), one["problem"].as_str().unwrap().to_owned()))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn every_planted_defect_is_found_where_it_stands(plants in plants(), crlf in any::<bool>(), bom in any::<bool>()) {
        let home = Home::with_sample(ROWS as u64);
        let (mut file, expected) = plant(&home.text("sample.csv"), &plants, if crlf { "\r\n" } else { "\n" });
        if bom {
            file.splice(0..0, *b"\xEF\xBB\xBF");
        }
        home.keep("planted.csv", file);
        let said = home.say(&["import", "--check", "--json", "planted.csv"]);
        let report: Value = serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{said}"));
        prop_assert_eq!(&found(&report), &expected);
        let rejected = expected.iter().filter(|(_, _, tag)| tag != "new_category").count() as u64;
        prop_assert_eq!(report["rejected"].as_u64(), Some(rejected));
        prop_assert_eq!(report["accepted"].as_u64(), Some(ROWS as u64 - rejected));
        prop_assert_eq!(said.code, Some(if rejected > 0 { 7 } else { 0 }));
    }
}
