//! Customers and defects.
use crate::cells::{self, CellReader};
use crate::connect::SqliteStore;
use crate::error::{damaged, reading, writing};
use crate::rows::{Columns, Upsert, all, execute, first, number};
use async_trait::async_trait;
use sea_orm::{ConnectionTrait, QueryResult, Value};
use winback_core::customer::Customer;
use winback_core::defect::Defect;
use winback_core::id::{CustomerId, Position, RunId};
use winback_core::schema::TableSchema;
use winback_core::store::{CustomerPage, CustomerStore, StoreError};

const CUSTOMERS: Upsert = Upsert { table: "customer", columns: &["run_id", "position", "id", "line", "cells"], key: 2 };
const DEFECTS: Upsert = Upsert { table: "defect", columns: &["run_id", "line", "number", "body"], key: 3 };
const CUSTOMER: &str = "SELECT position, id, line, cells FROM customer WHERE run_id = $1";

#[async_trait]
impl CustomerStore for SqliteStore {
    async fn save_customers(&self, run: RunId, schema: &TableSchema, page: &CustomerPage) -> Result<(), StoreError> {
        let customers = customer_values(run, schema, &page.customers)?;
        let defects = defect_values(run, &page.defects)?;
        let tx = self.begin_write().await?;
        CUSTOMERS.save(&tx, customers).await?;
        forget_ids(&tx, run).await?;
        DEFECTS.save(&tx, defects).await?;
        // A page that is saved again must not put the mark back.
        let mark = "UPDATE run SET source_rows = $2 WHERE id = $1 AND source_rows < $2";
        execute(&tx, mark, vec![run.0.into(), page.source_rows.cast_signed().into()]).await?;
        tx.commit().await.map_err(writing)
    }

    async fn customers(&self, run: RunId, schema: &TableSchema, from: Position, limit: u64) -> Result<Vec<Customer>, StoreError> {
        let sql = format!("{CUSTOMER} AND position >= $2 ORDER BY position LIMIT $3");
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = all(self.db(), &sql, vec![run.0.into(), i64::from(from.0).into(), limit.into()]).await?;
        let mut reader = CellReader::new(schema);
        rows.iter().map(|row| read_customer(row, run, &mut reader)).collect()
    }

    async fn customer(&self, run: RunId, schema: &TableSchema, id: &CustomerId) -> Result<Option<Customer>, StoreError> {
        by_id(self.db(), run, schema, id).await
    }

    async fn defects(&self, run: RunId, offset: u64, limit: u64) -> Result<Vec<Defect>, StoreError> {
        let sql = "SELECT body FROM defect WHERE run_id = $1 ORDER BY line, number LIMIT $2 OFFSET $3";
        let bound = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let rows = all(self.db(), sql, vec![run.0.into(), bound(limit).into(), bound(offset).into()]).await?;
        let read = |row: &QueryResult| {
            let body: String = row.try_get_by_index(0).map_err(reading)?;
            serde_json::from_str(&body).map_err(|error| damaged("defect", run, error))
        };
        rows.iter().map(read).collect()
    }
}

/// Makes customers quick to find by their id; done once, when all of them are there.
pub(super) async fn index_ids(db: &impl ConnectionTrait, run: RunId) -> Result<(), StoreError> {
    forget_ids(db, run).await?;
    let sql = "INSERT INTO customer_id (run_id, id, position) SELECT run_id, id, position FROM customer WHERE run_id = $1 ORDER BY id";
    execute(db, sql, vec![run.0.into()]).await.map(drop)
}

/// Returns how many customers a run has; counted in the index of ids once it is there, for its rows are short.
pub(super) async fn count(db: &impl ConnectionTrait, run: RunId) -> Result<u64, StoreError> {
    match number(db, "SELECT COUNT(*) FROM customer_id WHERE run_id = $1", vec![run.0.into()]).await? {
        0 => number(db, "SELECT COUNT(*) FROM customer WHERE run_id = $1", vec![run.0.into()]).await,
        indexed => Ok(indexed),
    }
}

async fn forget_ids(db: &impl ConnectionTrait, run: RunId) -> Result<(), StoreError> {
    execute(db, "DELETE FROM customer_id WHERE run_id = $1", vec![run.0.into()]).await.map(drop)
}

/// Returns one customer by its id, in whatever transaction the caller has. While an import is under way every row
/// is looked at.
pub(super) async fn by_id(
    db: &impl ConnectionTrait,
    run: RunId,
    schema: &TableSchema,
    id: &CustomerId,
) -> Result<Option<Customer>, StoreError> {
    let asked: Vec<Value> = vec![run.0.into(), id.as_str().into()];
    let indexed = first(db, "SELECT 1 FROM customer_id WHERE run_id = $1 LIMIT 1", vec![run.0.into()]).await?.is_some();
    let found = if indexed { "position = (SELECT position FROM customer_id WHERE run_id = $1 AND id = $2)" } else { "id = $2" };
    let row = first(db, &format!("{CUSTOMER} AND {found}"), asked).await?;
    row.map(|row| read_customer(&row, run, &mut CellReader::new(schema))).transpose()
}

fn customer_values(run: RunId, schema: &TableSchema, customers: &[Customer]) -> Result<Vec<Value>, StoreError> {
    let mut values = Vec::with_capacity(customers.len() * CUSTOMERS.columns.len());
    for customer in customers {
        let cells = cells::encode(&customer.cells, schema).map_err(|why| damaged("customer", run, why))?;
        values.push(run.0.into());
        values.push(i64::from(customer.position.0).into());
        values.push(customer.id.as_str().into());
        values.push(customer.line.cast_signed().into());
        values.push(cells.into());
    }
    Ok(values)
}

fn defect_values(run: RunId, defects: &[Defect]) -> Result<Vec<Value>, StoreError> {
    let mut values = Vec::with_capacity(defects.len() * DEFECTS.columns.len());
    let mut counts = std::collections::HashMap::new();
    for defect in defects {
        let number = counts.entry(defect.line).or_insert(0_i64);
        let body = serde_json::to_string(defect).map_err(|error| damaged("defect", run, error))?;
        values.extend([run.0.into(), defect.line.cast_signed().into(), (*number).into(), body.into()]);
        *number += 1;
    }
    Ok(values)
}

fn read_customer(row: &QueryResult, run: RunId, reader: &mut CellReader<'_>) -> Result<Customer, StoreError> {
    let mut columns = Columns::of(row);
    let position = columns.next::<i64>().map_err(reading)?;
    let id = columns.next::<String>().map_err(reading)?;
    let line = columns.next::<i64>().map_err(reading)?;
    let cells = columns.next::<String>().map_err(reading)?;
    Ok(Customer {
        id: CustomerId::try_from(id).map_err(|error| damaged("customer", run, error))?,
        position: place(position, "customer", run)?,
        line: line.cast_unsigned(),
        cells: reader.read(&cells).map_err(|why| damaged("customer", run, format!("row {position}: {why}")))?,
    })
}

/// Returns a stored place in the run.
pub(super) fn place(position: i64, what: &'static str, run: RunId) -> Result<Position, StoreError> {
    u32::try_from(position).map(Position).map_err(|_| damaged(what, run, format!("position {position}")))
}
