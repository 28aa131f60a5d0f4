//! Files that are no table, and rows that cannot be trusted.
use crate::telco::{column, levels, read, read_bytes, table};
use std::error::Error as _;
use winback_connectors::csv::{CsvSource, sniff};
use winback_connectors::file::Fingerprint;
use winback_core::defect::Problem;
use winback_core::pipeline::import::{CustomerSource as _, SourceError};
use winback_core::schema::{ColumnKind, MissingRule, Role, TableSchema};

fn schema() -> TableSchema {
    let feature = |name: &str, kind| column(name, kind, Role::Feature, MissingRule::Reject);
    let age = ColumnKind::Number { min: 0.0, max: 99.0 };
    let note = column("note", ColumnKind::Text, Role::Unused { why: "text".into() }, MissingRule::Learn);
    table(
        b',',
        vec![column("id", ColumnKind::Text, Role::Id, MissingRule::Reject), feature("age", age), feature("plan", levels(&[])), note],
    )
}

#[test]
fn a_file_that_is_no_table_is_refused_by_its_content() {
    let check = |bytes: &[u8], part: &str| {
        let error = read_bytes(bytes, &schema()).err().expect(part).to_string();
        assert!(error.contains(part) && error.contains("table.csv"), "{error}");
    };
    let utf16: Vec<u8> = "id,age,plan,note\r\n1,2,a,b\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let utf16_marked = [&b"\xFF\xFE"[..], &utf16].concat();
    check(b"", "an empty file");
    check(b"\xEF\xBB\xBF\r\n \r\n", "an empty file");
    check(b"id,age,plan,note\r\n", "a header without rows");
    check(b"\n<!DOCTYPE html><html><body>Sign in</body></html>", "an HTML page");
    check(b"PK\x03\x04rest of a zip", "a zip archive");
    check(b"PK\x03\x04..[Content_Types].xml", "an Excel workbook");
    check(b"\x1F\x8B\x08\0", "a gzip archive");
    check(b"%PDF-1.7", "a PDF document");
    check(&utf16, "UTF-16");
    check(&utf16_marked, "save it as \"CSV UTF-8\"");
    check(b"id,age\0,plan,note\n", "a binary file");
    check(b"{\"id\": 1}", "a JSON document");
    check(b"id,\xE9ge,plan,note\n1,2,3,4\n", "another encoding than UTF-8");
    check(b"id;age;plan;note\n1;2;3;4\n", "parted by a semicolon (4 of the schema's columns are found so), but the schema says a comma");
    check(b"id,ages,plan,note\n1,2,3,4\n", "lacks the column \"age\" (closest in the file: \"ages\")");
    check(b"id,age,plan,\"note\n1,2,3,4\n", "a quote is never closed");
}

#[test]
fn a_header_that_begins_like_an_archive_is_still_a_header() {
    let mut schema = schema();
    schema.columns[0].name = "PK".into();
    assert_eq!(read_bytes(b"PK,age,plan,note\n1,2,a,b\n", &schema).unwrap().rows.len(), 1);
    assert!(read_bytes(b"PK\x05\x06 empty", &schema).err().unwrap().to_string().contains("a zip archive"));
}

#[test]
fn a_missing_file_and_a_folder_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let cause = |path: &std::path::Path| read(path, &schema()).err().unwrap().source().unwrap().to_string();
    assert!(cause(&folder.path().join("none.csv")).contains("No such file"));
    assert!(cause(folder.path()).contains("it is a directory"));
}

#[test]
fn rows_that_cannot_be_trusted_are_named_and_the_others_load() {
    let check = |rows: &[u8], expected: &[(u64, Option<u32>, Problem)], kept: usize, part: &str| {
        let file = read_bytes(&[b"\xEF\xBB\xBFid,age,plan,note\r\n", rows].concat(), &schema()).unwrap();
        let found: Vec<_> = file.defects.iter().map(|d| (d.line, d.column, d.problem)).collect();
        assert_eq!((found.as_slice(), file.rows.len()), (expected, kept), "{}", String::from_utf8_lossy(rows));
        assert!(expected.is_empty() || file.defects[0].detail.contains(part), "{}", file.defects[0].detail);
    };
    use Problem::{CellTooLong, NotANumber, NotUtf8, RaggedRow};
    check(b"1,2,a,\"two\r\nlines\"\r\n\r\n2,x,a,b\r\n", &[(5, Some(2), NotANumber)], 1, "a number from 0 to 99");
    check(b"1,2,a,b\r2,x,a,b\r3,4,a,b", &[(3, Some(2), NotANumber)], 2, "text of 1 character");
    check(b"1,2,a\n2,3,a,b\n", &[(2, None, RaggedRow)], 1, "expected 4 cells as in the header, found 3");
    check(b"1,2,a,b\n2,3", &[(3, None, RaggedRow)], 1, "cut short");
    check(b"1,2,\xFF,b\n2,3,a,b\n", &[(2, Some(3), NotUtf8)], 1, "UTF-8");
    let nul = [&b"1,2,a\0,b\n"[..], &b"2,3,a,b\n".repeat(50)].concat();
    check(&nul, &[(2, Some(3), NotUtf8)], 50, "NUL");
    let swallowing = b"1,2,a,b\n2,\"3,a,b\n3,4,a,b\n4,5,a,b\n";
    check(swallowing, &[(3, Some(2), RaggedRow)], 1, "the quote that opens on line 3, column 2, draws lines 4 to 5 into this row");
    let closed_later = b"1,\"2,a,b\n2,3,a,b\n3,4\",a,b\n4,5,a,b\n";
    check(closed_later, &[(2, Some(2), NotANumber)], 1, "draws lines 3 to 4 into this row");
    let unclosed_last = b"1,2,a,\"b\n2,3,a,b\n";
    check(unclosed_last, &[(2, Some(4), RaggedRow)], 0, "draws line 3 into this row");
    let long = [b"1,2,".as_slice(), &b"a".repeat(65_537), b",b\n2,3,a,b\n"].concat();
    check(&long, &[(2, Some(3), CellTooLong)], 1, "65536 bytes");
    let huge = [b"1,2,".as_slice(), &b"a".repeat(5_000_000), b",b\n2,3,a,b\n"].concat();
    check(&huge, &[(2, Some(3), CellTooLong)], 1, "65536 bytes");
    let endless = [b"1,\"2,a,b\n".as_slice(), &b"2,3,a,b\n".repeat(200_000)].concat();
    check(&endless, &[(2, Some(2), CellTooLong)], 0, "draws lines 3 to 200002 into this row");
}

#[test]
fn a_file_that_changes_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    std::fs::write(&path, "id,age,plan,note\n1,2,a,b\n").unwrap();
    let fingerprint = Fingerprint::of(&path).unwrap();
    let mut source = CsvSource::open(&path, &schema(), fingerprint.clone()).unwrap();
    std::fs::write(&path, "id,age,plan,note\n1,2,a,b\n2,3,a,b\n").unwrap();
    assert!(matches!(source.next_page(10), Err(SourceError::Changed { .. })));
    assert!(matches!(CsvSource::open(&path, &schema(), fingerprint), Err(SourceError::Changed { .. })));
}

#[test]
fn a_file_of_long_texts_is_described_without_keeping_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    let rows: String = (0..30).map(|row| format!("{row},{row}{}\n", "x".repeat(20_000))).collect();
    std::fs::write(&path, format!("id,text\n{rows}")).unwrap();
    let found = sniff(&path).unwrap();
    let [id, text] = &found.columns[..] else { panic!("two columns") };
    assert_eq!((id.values.len(), id.more_values, id.filled), (30, false, 30));
    assert_eq!((text.values.len(), text.more_values, text.filled), (0, true, 30));
}

#[test]
fn an_unknown_file_is_described() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    std::fs::write(&path, "\u{FEFF}id;day;fee\r\na;2024-01-31;1.50\r\nb;;3\r\n").unwrap();
    let found = sniff(&path).unwrap();
    assert_eq!((found.delimiter, found.rows, found.header.join("|").as_str()), (b';', 2, "id|day|fee"));
    let [_, day, fee] = &found.columns[..] else { panic!("three columns") };
    assert_eq!((day.date_share(), day.empty_share(), fee.numeric_share()), (1.0, 0.5, 1.0));
    assert_eq!((fee.min, fee.max, fee.decimals, fee.values.len()), (Some(1.5), Some(3.0), 2, 2));
}
