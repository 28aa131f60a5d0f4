//! Many rows in few statements. The text of a statement is the same for each
//! full batch, so the database prepares it once.
use crate::error::{reading, writing};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult, Statement, TryGetable, Value};
use std::fmt::Write as _;
use winback_core::store::StoreError;

/// Rows per statement, the greatest first. 256 rows of 16 columns stay far below SQLite's 32,766 parameters.
const BATCHES: [usize; 3] = [256, 16, 1];

/// A table that rows are put into, in place of earlier rows of the same key.
pub(crate) struct Upsert {
    /// The table.
    pub table: &'static str,
    /// The columns, those of the key first.
    pub columns: &'static [&'static str],
    /// How many columns form the key.
    pub key: usize,
}

impl Upsert {
    /// Puts rows into the table; `values` holds them one after the other.
    pub async fn save(&self, db: &impl ConnectionTrait, values: Vec<Value>) -> Result<(), StoreError> {
        let width = self.columns.len();
        let mut left = values.len() / width;
        let mut values = values.into_iter();
        for batch in BATCHES {
            if left < batch {
                continue;
            }
            let sql = self.sql(db.get_database_backend(), batch);
            while left >= batch {
                let row_values: Vec<Value> = values.by_ref().take(batch * width).collect();
                let statement = Statement::from_sql_and_values(db.get_database_backend(), sql.as_str(), row_values);
                db.execute_raw(statement).await.map_err(writing)?;
                left -= batch;
            }
        }
        Ok(())
    }

    fn sql(&self, backend: DbBackend, rows: usize) -> String {
        let mut sql = format!("INSERT INTO {} ({}) VALUES ", self.table, self.columns.join(", "));
        for row in 0..rows {
            sql.push_str(if row == 0 { "(" } else { ", (" });
            for column in 0..self.columns.len() {
                sql.push_str(if column == 0 { "" } else { ", " });
                placeholder(&mut sql, backend, row * self.columns.len() + column + 1);
            }
            sql.push(')');
        }
        let (key, rest) = self.columns.split_at(self.key);
        let _ = write!(sql, " ON CONFLICT ({}) DO ", key.join(", "));
        match rest {
            [] => sql.push_str("NOTHING"),
            rest => {
                let set: Vec<String> = rest.iter().map(|column| format!("{column} = excluded.{column}")).collect();
                let _ = write!(sql, "UPDATE SET {}", set.join(", "));
            }
        }
        sql
    }
}

/// Writes one placeholder. SQLite gets bare question marks: it looks up numbered ones one by one, which takes
/// quadratic time in long statements.
fn placeholder(sql: &mut String, backend: DbBackend, number: usize) {
    match backend {
        DbBackend::Postgres => {
            let _ = write!(sql, "${number}");
        }
        _ => sql.push('?'),
    }
}

/// Returns all rows of a query with `$1` placeholders.
pub(crate) async fn all(db: &impl ConnectionTrait, sql: &str, values: Vec<Value>) -> Result<Vec<QueryResult>, StoreError> {
    db.query_all_raw(Statement::from_sql_and_values(db.get_database_backend(), sql, values)).await.map_err(reading)
}

/// Returns the first row of a query, if there is one.
pub(crate) async fn first(db: &impl ConnectionTrait, sql: &str, values: Vec<Value>) -> Result<Option<QueryResult>, StoreError> {
    db.query_one_raw(Statement::from_sql_and_values(db.get_database_backend(), sql, values)).await.map_err(reading)
}

/// Returns the single number of a query; 0 where it gives none.
pub(crate) async fn number(db: &impl ConnectionTrait, sql: &str, values: Vec<Value>) -> Result<u64, StoreError> {
    let row = first(db, sql, values).await?;
    let number: Option<i64> = row.map(|row| row.try_get_by_index(0)).transpose().map_err(reading)?.flatten();
    Ok(number.and_then(|number| u64::try_from(number).ok()).unwrap_or(0))
}

/// Executes a statement; returns how many rows it touched.
pub(crate) async fn execute(db: &impl ConnectionTrait, sql: &str, values: Vec<Value>) -> Result<u64, StoreError> {
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    Ok(db.execute_raw(statement).await.map_err(writing)?.rows_affected())
}

/// Reads the columns of one row from left to right.
pub(crate) struct Columns<'a> {
    row: &'a QueryResult,
    next: usize,
}

impl<'a> Columns<'a> {
    /// Begins at the first column.
    pub fn of(row: &'a QueryResult) -> Self {
        Self { row, next: 0 }
    }

    /// Returns the next column's value, or what the database said.
    pub fn next<T: TryGetable>(&mut self) -> Result<T, DbErr> {
        self.next += 1;
        self.row.try_get_by_index(self.next - 1)
    }
}

/// Returns placeholders `$from, …` for a list of values, for use in `IN (…)`.
pub(crate) fn list(from: usize, count: usize) -> String {
    (from..from + count).map(|number| format!("${number}")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_fits_each_database() {
        let upsert = Upsert { table: "t", columns: &["a", "b"], key: 1 };
        let sqlite = "INSERT INTO t (a, b) VALUES (?, ?), (?, ?) ON CONFLICT (a) DO UPDATE SET b = excluded.b";
        assert_eq!(upsert.sql(DbBackend::Sqlite, 2), sqlite);
        let postgres = "INSERT INTO t (a, b) VALUES ($1, $2), ($3, $4) ON CONFLICT (a) DO UPDATE SET b = excluded.b";
        assert_eq!(upsert.sql(DbBackend::Postgres, 2), postgres);
        let keys_only = Upsert { table: "t", columns: &["a"], key: 1 };
        assert_eq!(keys_only.sql(DbBackend::Sqlite, 1), "INSERT INTO t (a) VALUES (?) ON CONFLICT (a) DO NOTHING");
    }
}
