//! Files written whole or not at all, and tables for spreadsheets.
use std::io::{self, Write as _};
use winback_connectors::export::{ExportCell, write_defects, write_table};
use winback_connectors::file::write_atomically;
use winback_core::defect::{Defect, Outcome, Problem};
use winback_core::money::{Currency, Money};

fn names(folder: &std::path::Path) -> Vec<String> {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn a_write_that_fails_leaves_the_old_file_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.csv");
    write_atomically(&path, |out| out.write_all(b"old")).unwrap();
    let failed = write_atomically(&path, |out| {
        out.write_all(b"half")?;
        Err::<(), _>(io::Error::from(io::ErrorKind::StorageFull))
    });
    assert!(failed.unwrap_err().to_string().contains("the disk is full"));
    assert_eq!((std::fs::read(&path).unwrap(), names(folder.path())), (b"old".to_vec(), vec!["out.csv".to_owned()]));
    let into_folder = write_atomically(folder.path(), |out| out.write_all(b"x")).unwrap_err().to_string();
    assert!(into_folder.contains("a folder has that name"), "{into_folder}");
    let nowhere = write_atomically(&folder.path().join("no/out.csv"), |out| out.write_all(b"x")).unwrap_err().to_string();
    assert!(nowhere.contains("the folder does not exist"), "{nowhere}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full");
    let Ok(mut full) = full else {
        eprintln!("skipped: /dev/full is not there");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let error = write_atomically(&folder.path().join("out.csv"), |_| full.write_all(b"x")).unwrap_err();
    assert!(error.to_string().contains("the disk is full"), "{error}");
    assert!(names(folder.path()).is_empty());
}

#[test]
fn formulas_are_made_harmless_and_numbers_stay_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("list.csv");
    let texts = ["=1+1", "+1", "-1", "@SUM", "\tx", "\rx", "＝1", "a=b", "平安, 是福"];
    let usd = Currency::parse("USD").unwrap();
    let mut rows: Vec<Vec<ExportCell<'_>>> = texts.iter().map(|&text| vec![ExportCell::from(text), ExportCell::Integer(-5)]).collect();
    rows.push(vec![ExportCell::Money(Money::new(-150, usd)), ExportCell::Number(-0.25)]);
    rows.push(vec![ExportCell::Empty, ExportCell::Rounded(f64::NAN)]);
    assert_eq!(write_table(&path, &["id", "figure"], rows).unwrap(), 11);
    let text = std::fs::read_to_string(&path).unwrap();
    let expected =
        "id,figure\n'=1+1,-5\n'+1,-5\n'-1,-5\n'@SUM,-5\n'\tx,-5\n\"'\rx\",-5\n'＝1,-5\na=b,-5\n\"平安, 是福\",-5\n-1.50,-0.25\n,\n";
    assert_eq!(text, expected);
}

#[test]
fn rejected_rows_are_listed_by_line_and_column() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("row_findings.csv");
    let cell = Defect {
        line: 7,
        column: Some(2),
        column_name: Some("=age".into()),
        problem: Problem::NotANumber,
        outcome: Outcome::RowRejected,
        detail: "expected a number, found text of 3 characters".into(),
    };
    let row = Defect { column: None, column_name: None, problem: Problem::RaggedRow, ..cell.clone() };
    write_defects(&path, [&cell, &row]).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    let detail = "row_rejected,\"expected a number, found text of 3 characters\"";
    assert_eq!(text, format!("line,column,column_name,problem,outcome,detail\n7,2,'=age,not_a_number,{detail}\n7,,,ragged_row,{detail}\n"));
}
