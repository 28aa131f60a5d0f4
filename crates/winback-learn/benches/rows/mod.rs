//! Telco-shaped rows from a file.
use std::collections::HashMap;
use std::sync::Arc;
use winback_core::customer::{Cell, Customer};
use winback_core::id::{CustomerId, Position};
use winback_core::locale::Localized;
use winback_core::money::Currency;
use winback_core::number::DecimalMark;
use winback_core::schema::{Column, ColumnKind, Family, MissingRule, Role, TableSchema, Theme};

pub type Failure = Box<dyn std::error::Error>;

/// Hands every row to `each` as a customer, the words interned as the import does; returns the schema.
pub fn read(file: &str, mut each: impl FnMut(&TableSchema, Customer) -> Result<(), Failure>) -> Result<TableSchema, Failure> {
    let mut reader = csv::Reader::from_path(file)?;
    let table = table(&reader.headers()?.clone())?;
    let mut words: HashMap<String, Arc<str>> = HashMap::new();
    let mut record = csv::StringRecord::new();
    let mut position = Position(0);
    while reader.read_record(&mut record)? {
        let cell = |(column, text): (&Column, &str)| -> Cell {
            match &column.kind {
                ColumnKind::Number { .. } => text.trim().parse().map_or(Cell::Missing, Cell::Number),
                ColumnKind::Money => Cell::Money((text.trim().parse::<f64>().unwrap_or(0.0) * 100.0).round() as i64),
                ColumnKind::Flag { yes, .. } => Cell::Flag(yes.iter().any(|word| word == text)),
                ColumnKind::Text => Cell::Text(text.into()),
                _ => Cell::Category(words.entry(text.to_owned()).or_insert_with(|| text.into()).clone()),
            }
        };
        let cells: Vec<Cell> = table.columns.iter().zip(record.iter()).map(cell).collect();
        each(&table, Customer { id: CustomerId::parse(&record[0])?, position, line: 0, cells })?;
        position = Position(position.0 + 1);
    }
    Ok(table)
}

/// Returns the schema of a file's columns.
pub fn table(header: &csv::StringRecord) -> Result<TableSchema, Failure> {
    let columns: Vec<Column> = header.iter().map(column).collect();
    let place = |name: &str| header.iter().position(|known| known == name);
    let parent = place("InternetService").ok_or("the file has no column InternetService")?;
    let names = ["OnlineSecurity", "OnlineBackup", "DeviceProtection", "TechSupport", "StreamingTV", "StreamingMovies"];
    let children = names.iter().filter_map(|name| place(name)).collect();
    let family = Family { parent, parent_value: "No".into(), children, child_value: "No internet service".into() };
    Ok(TableSchema {
        name: "telco".into(),
        delimiter: b',',
        decimal_mark: DecimalMark::Point,
        currency: Currency::parse("USD")?,
        columns,
        groups: Vec::new(),
        families: vec![family],
        peer_column: Some(parent),
    })
}

fn column(name: &str) -> Column {
    let flag = || ColumnKind::Flag { yes: vec!["Yes".into(), "1".into()], no: vec!["No".into(), "0".into()] };
    let (kind, role) = match name {
        "customerID" => (ColumnKind::Text, Role::Id),
        "tenure" => (ColumnKind::Number { min: 0.0, max: 1e4 }, Role::Tenure),
        "MonthlyCharges" => (ColumnKind::Money, Role::MonthlyCharge),
        "TotalCharges" => (ColumnKind::Money, Role::TotalCharge),
        "Churn" => (flag(), Role::Label),
        "SeniorCitizen" | "Partner" | "Dependents" | "PhoneService" | "PaperlessBilling" => (flag(), Role::Feature),
        _ => (ColumnKind::Category { levels: Vec::new() }, Role::Feature),
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
        theme: Theme::Product,
        value_labels: std::collections::BTreeMap::new(),
        unit: None,
    }
}
