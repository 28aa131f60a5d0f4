use super::*;
use crate::config::schema_file;
use proptest::prelude::*;
use winback_core::schema::{ColumnKind, Role, TableSchema};

/// Reads a simple CSV without quotes.
fn sketches(text: &str, delimiter: char) -> Vec<ColumnSketch> {
    let mut lines = text.trim_start_matches('\u{FEFF}').lines();
    let names: Vec<&str> = lines.next().unwrap().split(delimiter).collect();
    let rows: Vec<Vec<&str>> = lines.map(|line| line.split(delimiter).collect()).collect();
    names.iter().enumerate().map(|(at, name)| ColumnSketch::of(name, rows.iter().map(|row| row[at]))).collect()
}

fn proposal(name: &str, text: &str, delimiter: char) -> (String, TableSchema) {
    let columns = sketches(text, delimiter);
    let text = infer(&TableSketch { name, delimiter: delimiter as u8, currency: "USD", columns: &columns }).unwrap();
    let schema = schema_file::parse("proposed.toml", &text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    (text, schema)
}

/// Asserts that types, roles and families of the proposal are those of the schema a person wrote.
fn check_agrees(proposed: &TableSchema, written: &str, except: &[&str]) {
    let written = schema_file::parse("written.toml", written).unwrap();
    for column in proposed.columns.iter().filter(|column| !except.contains(&column.name.as_str())) {
        let expected = &written.columns[written.index_of(&column.name).unwrap()];
        assert_eq!(std::mem::discriminant(&column.kind), std::mem::discriminant(&expected.kind), "{}", column.name);
        assert_eq!(std::mem::discriminant(&column.role), std::mem::discriminant(&expected.role), "{}", column.name);
        assert_eq!(column.missing, expected.missing, "{}", column.name);
        if let (ColumnKind::Flag { yes, .. }, ColumnKind::Flag { yes: expected, .. }) = (&column.kind, &expected.kind) {
            assert_eq!(yes, expected, "{}", column.name);
        }
    }
    assert_eq!(proposed.families.len(), written.families.len());
}

#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn shared(name: &str) -> Option<String> {
    let path = format!("{}/../../../shared/data/{name}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).ok();
    if text.is_none() {
        eprintln!("skipped: the public file {name} is not here");
    }
    text
}

const TELCO: &str = include_str!("../../../defaults/schema.telco.toml");

#[test]
fn our_own_telco_sample_is_understood() {
    let mut sample = Vec::new();
    let contacts = Some(crate::sample::Contacts { as_of: "2026-01-31".parse().unwrap() });
    crate::sample::write_sample(&crate::sample::Order { rows: 2_000, seed: 1, contacts }, &mut sample).unwrap();
    let (_, schema) = proposal("sample", &String::from_utf8(sample).unwrap(), ',');
    // A date in the future has no name that tells it is the contract's end.
    check_agrees(&schema, TELCO, &["ContractEnd"]);
}

#[test]
fn the_public_telco_file_is_understood() {
    if let Some(text) = shared("telco-customer-churn.csv") {
        let (_, schema) = proposal("telco", &text, ',');
        check_agrees(&schema, TELCO, &[]);
    }
}

#[test]
fn the_public_marketing_file_is_understood() {
    if let Some(text) = shared("marketing_campaign.csv") {
        let (_, schema) = proposal("marketing", &text, ';');
        check_agrees(&schema, include_str!("../../../defaults/schema.marketing.toml"), &["Z_Revenue"]);
    }
}

#[test]
fn another_trade_is_understood() {
    let (text, schema) = proposal("gym", include_str!("../../../tests/data/gym-members.csv"), ',');
    check_agrees(&schema, include_str!("../../../defaults/schema.gym.toml"), &[]);
    insta::assert_snapshot!(text);
}

#[test]
fn a_table_without_an_id_or_a_feature_is_refused() {
    let check = |text: &str, expected: InferError| {
        let columns = sketches(text, ',');
        assert_eq!(infer(&TableSketch { name: "t", delimiter: b',', currency: "USD", columns: &columns }), Err(expected), "{text}");
    };
    check("a,b\n1,2\n1,2\n", InferError::NoId);
    check("id,word\n1,x\n2,x\n", InferError::NoFeature);
    check("id,ID\n1,x\n2,x\n", InferError::SameName("ID".into()));
    check("id,\n1,x\n", InferError::NoName(2));
    check("id,churn\n", InferError::NoId);
}

proptest! {
    #[test]
    fn whatever_the_table_holds_the_proposal_can_be_read(
        names in proptest::collection::btree_set("[ -~äß費\t\"\\\\']{1,12}", 1..6),
        cells in proptest::collection::vec(proptest::collection::vec(prop_oneof![
            "[ -~費\"\\\\]{0,8}", Just("Yes".to_owned()), Just("No".to_owned()), Just("".to_owned()),
            (0_i64..2000).prop_map(|n| format!("{}.{:02}", n / 100, n % 100)), Just("1e400".to_owned()), Just("-7".to_owned()),
        ], 6), 1..12),
    ) {
        let ids: Vec<String> = (0..cells.len()).map(|n| n.to_string()).collect();
        let mut columns = vec![ColumnSketch::of("customer id", ids.iter().map(String::as_str))];
        columns.extend(names.iter().enumerate().map(|(at, name)| ColumnSketch::of(name, cells.iter().map(|row| row[at].as_str()))));
        if let Ok(text) = infer(&TableSketch { name: "t", delimiter: b',', currency: "USD", columns: &columns }) {
            let schema = schema_file::parse("proposed.toml", &text).map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
            prop_assert_eq!(schema.columns.len(), columns.len());
            prop_assert_eq!(schema.columns.iter().filter(|column| column.role == Role::Id).count(), 1);
        }
    }
}
