//! The features file: read back, byte-equal, and told in its sidecar.
use crate::telco::{column, levels, read, read_bytes, real_file, schema, table};
use proptest::prelude::*;
use std::path::Path;
use std::sync::Arc;
use winback_connectors::features_csv::{ColumnName, Origin, Sidecar, sidecar_path, write_features};
use winback_core::customer::{Cell, Customer};
use winback_core::defect::{Outcome, Problem};
use winback_core::digest::Digest;
use winback_core::feature::{FeatureSchema, FeatureTable, features};
use winback_core::id::{CustomerId, Position};
use winback_core::pipeline::import::SourceRow;
use winback_core::schema::{ColumnKind, MissingRule, Role, TableSchema};

fn table_of(schema: &TableSchema, rows: Vec<SourceRow>) -> (Vec<CustomerId>, Vec<Customer>, FeatureTable) {
    let customer = |(row, place): (SourceRow, u32)| Customer { id: row.id, position: Position(place), line: row.line, cells: row.cells };
    let customers: Vec<Customer> = rows.into_iter().zip(0..).map(customer).collect();
    let table = features(schema, &Arc::new(FeatureSchema::of(schema)), &customers).unwrap();
    (customers.iter().map(|customer| customer.id.clone()).collect(), customers, table)
}

fn origin(schema: &TableSchema) -> Origin {
    Origin {
        source_file: "table.csv".into(),
        source_sha256: Digest::of(b"source"),
        schema_digest: schema.digest(),
        id_column: "customerID".into(),
        label_column: schema.with_role(&Role::Label).map(|column| schema.columns[column].name.clone()),
        rules: vec![(Problem::MissingFilled, Outcome::CellChanged, 11)],
    }
}

#[test]
fn the_telco_features_read_back_as_the_values_they_came_from() {
    let Some(path) = real_file() else { return };
    let schema = schema();
    let (ids, customers, table) = table_of(&schema, read(&path, &schema).unwrap().rows);
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("churn_features.csv");
    let sidecar = write_features(&out, &ids, &table, &origin(&schema)).unwrap();
    let first = std::fs::read(&out).unwrap();
    assert_eq!((sidecar.rows, &sidecar.csv_sha256), (7043, &Digest::of(&first)));
    let stored: Sidecar = serde_json::from_slice(&std::fs::read(sidecar_path(&out)).unwrap()).unwrap();
    assert_eq!((&stored, sidecar_path(&out).file_name().unwrap().to_str()), (&sidecar, Some("churn_features.schema.json")));
    check_categories(&out, &schema, &customers);
    write_features(&out, &ids, &table, &origin(&schema)).unwrap();
    assert_eq!(std::fs::read(&out).unwrap(), first);
}

fn check_categories(path: &Path, schema: &TableSchema, customers: &[Customer]) {
    let mut csv = csv::Reader::from_path(path).unwrap();
    let names: Vec<ColumnName> = csv.headers().unwrap().iter().map(ColumnName::parse).collect();
    for (record, customer) in csv.records().map(Result::unwrap).zip(customers) {
        for (value, name) in record.iter().zip(&names).filter(|(value, name)| *value == "1" && name.level.is_some()) {
            let cell = &customer.cells[schema.index_of(&name.feature).unwrap()];
            let level = name.level.as_deref().unwrap();
            let same = match cell {
                Cell::Category(word) => word.as_ref() == level,
                Cell::Flag(flag) => level == if *flag { "yes" } else { "no" },
                _ => false,
            };
            assert!(same, "{value} {name} {cell:?}");
        }
        assert_eq!(record.iter().zip(&names).filter(|(value, name)| *value == "1" && name.level.is_some()).count(), 16);
    }
}

#[test]
fn missing_cells_are_empty_and_invented_columns_are_marked() {
    let feature = |name: &str, kind| column(name, kind, Role::Feature, MissingRule::Learn);
    let number = ColumnKind::Number { min: 0.0, max: 99.0 };
    let id = column("id", ColumnKind::Text, Role::Id, MissingRule::Reject);
    let schema = table(b',', vec![id, feature("logins", number), feature("plan=x", levels(&["A"]))]);
    let rows = read_bytes(b"id,logins,plan=x\n01,3,A\n02,,\n03,2.5,\"B=b, c\"\n", &schema).unwrap().rows;
    let (ids, _, mut table) = table_of(&schema, rows);
    let mut features = (*table.schema).clone();
    features.features[0].synthetic = true;
    table.schema = Arc::new(features);
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("f.csv");
    write_features(&out, &ids, &table, &origin(&schema)).unwrap();
    let text = std::fs::read_to_string(&out).unwrap();
    assert_eq!(text, "customerID,logins[synthetic],plan\\=x=A,\"plan\\=x=B=b, c\"\n01,3,1,0\n02,,,\n03,2.5,0,1\n");
    assert!(write_features(&out, &ids[1..], &table, &origin(&schema)).is_err());
}

proptest! {
    #[test]
    fn every_column_name_reads_back(feature in "[a=\\\\\\[\\] ]{0,6}(\\[synthetic\\])?[a\\\\=]{0,2}", level in proptest::option::of("[a=\\\\\\[\\]]{0,6}"), synthetic in any::<bool>()) {
        let name = ColumnName { feature, level, synthetic };
        prop_assert_eq!(ColumnName::parse(&name.to_string()), name);
    }
}
