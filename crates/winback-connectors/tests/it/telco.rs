//! The Telco table's schema, built by hand, and ways to read a text as its file.
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use winback_connectors::csv::CsvSource;
use winback_connectors::file::Fingerprint;
use winback_core::defect::Defect;
use winback_core::locale::Localized;
use winback_core::money::Currency;
use winback_core::number::DecimalMark;
use winback_core::pipeline::import::{CustomerSource as _, SourceError, SourceRow};
use winback_core::schema::{Column, ColumnKind, MissingRule, Role, TableSchema, Theme};

pub fn column(name: &str, kind: ColumnKind, role: Role, missing: MissingRule) -> Column {
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
        missing,
        label: Localized::default(),
        theme: Theme::Profile,
        value_labels: BTreeMap::new(),
        unit: None,
    }
}

pub fn flag(yes: &str, no: &str) -> ColumnKind {
    ColumnKind::Flag { yes: vec![yes.into()], no: vec![no.into()] }
}

pub fn levels(words: &[&str]) -> ColumnKind {
    ColumnKind::Category { levels: words.iter().map(|&word| word.into()).collect() }
}

pub fn table(delimiter: u8, columns: Vec<Column>) -> TableSchema {
    let currency = Currency::parse("USD").unwrap();
    let schema = TableSchema {
        name: "test".into(),
        delimiter,
        decimal_mark: DecimalMark::Point,
        currency,
        columns,
        groups: vec![],
        families: vec![],
        peer_column: None,
    };
    schema.check().unwrap()
}

pub fn schema() -> TableSchema {
    let feature = |name: &str, kind| column(name, kind, Role::Feature, MissingRule::Reject);
    let yes_no = || flag("Yes", "No");
    let internet = || levels(&["No", "Yes", "No internet service"]);
    let mut columns = vec![
        column("customerID", ColumnKind::Text, Role::Id, MissingRule::Reject),
        feature("gender", levels(&["Female", "Male"])),
        feature("SeniorCitizen", flag("1", "0")),
        feature("Partner", yes_no()),
        feature("Dependents", yes_no()),
        column("tenure", ColumnKind::Number { min: 0.0, max: 1200.0 }, Role::Tenure, MissingRule::Reject),
        feature("PhoneService", yes_no()),
        feature("MultipleLines", levels(&["No", "Yes", "No phone service"])),
        feature("InternetService", levels(&["DSL", "Fiber optic", "No"])),
    ];
    for name in ["OnlineSecurity", "OnlineBackup", "DeviceProtection", "TechSupport", "StreamingTV", "StreamingMovies"] {
        columns.push(feature(name, internet()));
    }
    let zero = MissingRule::ZeroWhenZero { column: "tenure".into() };
    let payment = ["Electronic check", "Mailed check", "Bank transfer (automatic)", "Credit card (automatic)"];
    columns.extend([
        column("Contract", levels(&["Month-to-month", "One year", "Two year"]), Role::Contract, MissingRule::Reject),
        feature("PaperlessBilling", yes_no()),
        feature("PaymentMethod", levels(&payment)),
        column("MonthlyCharges", ColumnKind::Money, Role::MonthlyCharge, MissingRule::Reject),
        column("TotalCharges", ColumnKind::Money, Role::TotalCharge, zero),
        column("Churn", yes_no(), Role::Label, MissingRule::Reject),
    ]);
    table(b',', columns)
}

/// Returns the real table, or says that the test skips it.
pub fn real_file() -> Option<PathBuf> {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/telco-customer-churn.csv"));
    if !path.is_file() {
        eprintln!("skipped: {} is not there", path.display());
        return None;
    }
    Some(path.to_owned())
}

pub struct ReadFile {
    pub rows: Vec<SourceRow>,
    pub defects: Vec<Defect>,
    pub source_rows: u64,
}

pub fn read(path: &Path, schema: &TableSchema) -> Result<ReadFile, SourceError> {
    let mut source = CsvSource::open(path, schema, Fingerprint::of(path)?)?;
    let mut file = ReadFile { rows: vec![], defects: vec![], source_rows: 0 };
    loop {
        let page = source.next_page(1000)?;
        if page.source_rows == 0 {
            return Ok(file);
        }
        file.rows.extend(page.rows);
        file.defects.extend(page.defects);
        file.source_rows += page.source_rows;
    }
}

pub fn read_bytes(bytes: &[u8], schema: &TableSchema) -> Result<ReadFile, SourceError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.csv");
    std::fs::write(&path, bytes).unwrap();
    read(&path, schema)
}
