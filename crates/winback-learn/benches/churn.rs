//! Features, fit and scores with reasons on Telco-shaped rows, in memory: seconds and rows per second.
//!
//!     cargo bench -p winback-learn --bench churn -- rows.csv
//!
//! The file has the columns of the Telco table (`winback sample --rows 1000000 --out rows.csv`). Reading it into
//! customers is timed apart. `bench/churn_pipeline.py` runs this beside the Python peer in one run.
use std::collections::HashMap;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Instant;
use winback_core::customer::{Cell, Customer};
use winback_core::digest::Digest;
use winback_core::feature::{FeatureSchema, features};
use winback_core::id::{CustomerId, Position};
use winback_core::locale::Localized;
use winback_core::model::{ChurnTrainer, TrainOptions};
use winback_core::money::Currency;
use winback_core::number::DecimalMark;
use winback_core::progress::Silent;
use winback_core::schema::{Column, ColumnKind, Family, MissingRule, Role, TableSchema, Theme};
use winback_learn::{LogisticTrainer, RECOMMENDED_L2};

type Failure = Box<dyn std::error::Error>;

const TURNS: usize = 5;

fn main() -> Result<(), Failure> {
    let file = std::env::args().skip(1).find(|argument| !argument.starts_with("--"));
    let Some(file) = file else {
        return Err("name a file of Telco-shaped rows: cargo bench -p winback-learn --bench churn -- rows.csv".into());
    };
    let mut out = std::io::stdout().lock();
    let start = Instant::now();
    let (table, customers) = read(&file)?;
    writeln!(out, "{} rows read in {:.2} s", customers.len(), start.elapsed().as_secs_f64())?;
    let schema = Arc::new(FeatureSchema::of(&table));
    let who: Vec<_> = customers.iter().map(|customer| (customer.position, customer.id.clone())).collect();
    let options = TrainOptions { seed: 1, folds: 0, l2: RECOMMENDED_L2, data: Digest::of(file.as_bytes()) };
    let mut turns = Vec::new();
    for _ in 0..TURNS {
        let mut laps = Vec::new();
        let mut lap = Instant::now();
        let mut stop = || laps.push(std::mem::replace(&mut lap, Instant::now()).elapsed().as_secs_f64());
        let columns = features(&table, &schema, &customers)?;
        stop();
        let trained = LogisticTrainer.train(&columns, &options, &Silent)?;
        stop();
        let assessed = trained.model.assess(&columns, &who)?;
        stop();
        assert_eq!(assessed.len(), customers.len());
        laps.push(laps.iter().sum());
        turns.push(laps);
    }
    for (place, name) in ["features", "train", "assess with reasons", "all three"].iter().enumerate() {
        let mut times: Vec<f64> = turns.iter().map(|laps| laps[place]).collect();
        times.sort_by(f64::total_cmp);
        let median = times[TURNS / 2];
        writeln!(out, "{name:20} {median:8.3} s  {:>12.0} rows/s", customers.len() as f64 / median)?;
    }
    Ok(())
}

/// Reads the rows into customers, the words interned as the import does.
fn read(file: &str) -> Result<(TableSchema, Vec<Customer>), Failure> {
    let mut reader = csv::Reader::from_path(file)?;
    let header = reader.headers()?.clone();
    let table = table(&header)?;
    let mut words: HashMap<String, Arc<str>> = HashMap::new();
    let mut customers = Vec::new();
    let mut record = csv::StringRecord::new();
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
        let position = Position(u32::try_from(customers.len())?);
        customers.push(Customer { id: CustomerId::parse(&record[0])?, position, line: 0, cells });
    }
    Ok((table, customers))
}

fn table(header: &csv::StringRecord) -> Result<TableSchema, Failure> {
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
        missing: MissingRule::Learn,
        label: Localized::same(name),
        theme: Theme::Product,
        value_labels: std::collections::BTreeMap::new(),
        unit: None,
    }
}
