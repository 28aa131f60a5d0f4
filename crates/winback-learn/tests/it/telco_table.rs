//! The real Telco table, read for tests only.
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use winback_core::customer::{Cell, Customer};
use winback_core::digest::Digest;
use winback_core::feature::{FeatureSchema, FeatureTable, features};
use winback_core::id::{CustomerId, Position};
use winback_core::locale::Localized;
use winback_core::model::{Background, Balance, TrainOptions};
use winback_core::money::Currency;
use winback_core::number::{DecimalMark, read};
use winback_core::schema::{Column, ColumnKind, Family, MissingRule, ReasonGroup, Role, TableSchema, Theme};

const ADD_ONS: [&str; 6] = ["OnlineSecurity", "OnlineBackup", "DeviceProtection", "TechSupport", "StreamingTV", "StreamingMovies"];

/// The reason groups recommended for Telco.
pub const GROUPS: [(&str, &[&str]); 2] =
    [("tenure", &["tenure", "TotalCharges"]), ("internet", &["InternetService", "MonthlyCharges", "StreamingTV", "StreamingMovies"])];

pub fn data(name: &str) -> Option<PathBuf> {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")).join(name);
    if path.exists() {
        return Some(path);
    }
    eprintln!("SKIPPED: {name} is not beside the repository (../shared/data)");
    None
}

pub fn options(folds: usize, l2: f64) -> TrainOptions {
    let (data, background) = (Digest::of(b"telco"), Background::default());
    TrainOptions { seed: 11, folds, l2, data, background, balance: Balance::None }
}

/// Returns the table and its customers, or `None` where the file is absent.
pub fn telco(groups: &[(&str, &[&str])]) -> Option<(FeatureTable, Vec<(Position, CustomerId)>)> {
    let mut reader = csv::Reader::from_path(data("telco-customer-churn.csv")?).unwrap();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let names: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let schema = schema(&names, &rows, groups);
    let customers: Vec<Customer> = rows.iter().enumerate().map(|(row, record)| customer(&schema, row, record)).collect();
    let table = features(&schema, &Arc::new(FeatureSchema::of(&schema)), &customers).unwrap();
    Some((table, customers.into_iter().map(|customer| (customer.position, customer.id)).collect()))
}

fn schema(names: &[String], rows: &[csv::StringRecord], groups: &[(&str, &[&str])]) -> TableSchema {
    let place = |name: &str| names.iter().position(|known| known == name).unwrap();
    let columns = names.iter().enumerate().map(|(index, name)| column(index, name, rows)).collect();
    let group = |(name, columns): &(&str, &[&str])| ReasonGroup {
        name: (*name).to_owned(),
        columns: columns.iter().map(|column| place(column)).collect(),
        label: Localized::same(name),
        theme: Theme::Usage,
    };
    let family = |parent: &str, children: &[&str], child_value: &str| Family {
        parent: place(parent),
        parent_value: "No".into(),
        children: children.iter().map(|child| place(child)).collect(),
        child_value: child_value.into(),
    };
    let families =
        vec![family("InternetService", &ADD_ONS, "No internet service"), family("PhoneService", &["MultipleLines"], "No phone service")];
    let (delimiter, decimal_mark, currency) = (b',', DecimalMark::Point, Currency::parse("USD").unwrap());
    let groups = groups.iter().map(group).collect();
    TableSchema { name: "telco".into(), delimiter, decimal_mark, currency, columns, groups, families, peer_column: None }.check().unwrap()
}

fn column(index: usize, name: &str, rows: &[csv::StringRecord]) -> Column {
    let (role, kind) = match name {
        "customerID" => (Role::Id, ColumnKind::Text),
        "Churn" => (Role::Label, ColumnKind::Flag { yes: vec!["Yes".into()], no: vec!["No".into()] }),
        "tenure" => (Role::Tenure, ColumnKind::Number { min: 0.0, max: 1200.0 }),
        "MonthlyCharges" => (Role::MonthlyCharge, ColumnKind::Money),
        "TotalCharges" => (Role::TotalCharge, ColumnKind::Money),
        _ => {
            let mut levels: Vec<String> = rows.iter().map(|row| row[index].to_owned()).collect();
            levels.sort();
            levels.dedup();
            (Role::Feature, ColumnKind::Category { levels })
        }
    };
    Column {
        name: name.into(),
        aliases: Vec::new(),
        kind,
        role,
        optional: false,
        tell: false,
        period: None,
        expect: None,
        cells: winback_core::schema::CellRules::default(),
        missing: MissingRule::Learn,
        label: Localized::same(name),
        theme: Theme::Usage,
        value_labels: BTreeMap::new(),
        unit: None,
    }
}

fn customer(schema: &TableSchema, row: usize, record: &csv::StringRecord) -> Customer {
    let cell = |(column, text): (&Column, &str)| match &column.kind {
        ColumnKind::Flag { .. } => Cell::Flag(text == "Yes"),
        ColumnKind::Number { .. } => Cell::Number(text.parse().unwrap()),
        // The blank total charges belong to customers of tenure 0, who have paid nothing yet.
        ColumnKind::Money if text.trim().is_empty() => Cell::Money(0),
        ColumnKind::Money => Cell::Money(read(text, DecimalMark::Point).unwrap().value.to_minor(2).unwrap()),
        ColumnKind::Category { .. } => Cell::Category(Arc::from(text)),
        _ => Cell::Text(Arc::from(text)),
    };
    let cells = schema.columns.iter().zip(record).map(cell).collect();
    Customer { id: CustomerId::parse(&record[0]).unwrap(), position: Position(row as u32), line: row as u64 + 2, cells }
}
