//! A table that is looked at once and not stored: its schema, its customers, its features.
use crate::cli::import::propose;
use crate::config::schema_file;
use crate::exit::{Exit, OrExit, stop};
use crate::stages::{fingerprint, unread_code};
use crate::telemetry::say;
use crate::workbench::read_text;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use winback_connectors::csv::CsvSource;
use winback_core::customer::Customer;
use winback_core::feature::{FeatureSchema, FeatureTable, features};
use winback_core::id::Position;
use winback_core::pipeline::import::{CustomerSource as _, PAGE_ROWS};
use winback_core::schema::TableSchema;

/// A table in memory.
pub struct Table {
    /// What its columns are.
    pub schema: TableSchema,
    /// The customers, in the order of the file.
    pub customers: Vec<Customer>,
    /// Their features.
    pub features: FeatureTable,
}

/// Reads a file by a schema, or by one that is guessed from it; rows that cannot be read are told and left out.
pub fn read(file: &Path, schema: Option<&PathBuf>, change: impl FnOnce(&mut TableSchema) -> anyhow::Result<()>) -> anyhow::Result<Table> {
    let (name, text) = match schema {
        Some(path) => (path.display().to_string(), read_text(path)?),
        None => {
            say("note: what each column is was guessed from the file; winback import --infer shows the guesses, --schema takes your own");
            ("the proposed schema".to_owned(), propose(file, "USD")?)
        }
    };
    let mut schema = schema_file::parse(&name, &text).or_hint(Exit::BadConfig, "docs/adding.md tells how a schema is written")?;
    change(&mut schema)?;
    let customers = customers(file, &schema)?;
    if customers.is_empty() {
        return Err(stop(Exit::BadInput, format!("{}: no row could be read", file.display()), "winback import --check tells why"));
    }
    let features = features(&schema, &Arc::new(FeatureSchema::of(&schema)), &customers).or_exit(Exit::BadInput)?;
    Ok(Table { schema, customers, features })
}

fn customers(file: &Path, schema: &TableSchema) -> anyhow::Result<Vec<Customer>> {
    const HINT: &str = "docs/data.md tells what is expected of a file";
    let mut source = CsvSource::open(file, schema, fingerprint(file)?).or_hint(unread_code(file), HINT)?;
    let (mut customers, mut rejected, mut first) = (Vec::new(), 0, None);
    loop {
        let page = source.next_page(PAGE_ROWS).or_hint(Exit::BadInput, HINT)?;
        if page.source_rows == 0 {
            break;
        }
        rejected += page.source_rows.saturating_sub(page.rows.len() as u64);
        if page.rows.len() as u64 != page.source_rows && first.is_none() {
            first = page.defects.into_iter().find(|defect| defect.outcome == winback_core::defect::Outcome::RowRejected);
        }
        for row in page.rows {
            let position = Position(u32::try_from(customers.len()).unwrap_or(u32::MAX));
            customers.push(Customer { id: row.id, position, line: row.line, cells: row.cells });
        }
    }
    if rejected > 0 {
        let example = first.map(|defect| format!(": {defect}")).unwrap_or_default();
        say(&format!("note: {rejected} rows cannot be read and are left out{example}"));
    }
    Ok(customers)
}
