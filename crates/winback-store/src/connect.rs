//! Opening a store: the file, its settings, its layout.
use crate::error::{is_busy, opening, writing};
use crate::migrations::{self, Migrator};
use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, SqliteTransactionMode, Statement,
    TransactionOptions, TransactionTrait as _,
};
use sea_orm_migration::{IntoSchemaManagerConnection, MigratorTrait as _, SchemaManager};
use std::fs::OpenOptions;
use std::io;
use std::path::Path;
use std::time::Duration;
use winback_core::store::StoreError;

/// How long a writer waits for another one before it gives up.
const BUSY: Duration = Duration::from_secs(30);
/// How long is waited before a busy store is tried again.
const RETRY: Duration = Duration::from_millis(20);
/// Connections that read at the same time; SQLite lets one write.
const CONNECTIONS: u32 = 4;
const PAGE_BYTES: u32 = 8_192;
/// A connection's page cache, in KiB (the minus sign is SQLite's way to say KiB).
const CACHE: &str = "-65536";
/// The write-ahead log is copied back after so many pages: 128 MiB.
const CHECKPOINT_PAGES: &str = "16384";
/// Rows a connection may read ahead of whoever takes them.
const READ_AHEAD: usize = 1_024;

/// A store in one SQLite file. Clones share its connections.
#[derive(Clone, Debug)]
pub struct SqliteStore {
    db: DatabaseConnection,
}

impl SqliteStore {
    /// Opens the store at a path, making the file and its folder where they are not there, and brings it to the
    /// newest layout. Refuses a store whose layout a newer program made.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        probe(path)?;
        // One connection changes the layout and is closed before the others look at it: a connection that read the
        // layout before a migration was done may keep the old one.
        let first = connected(path, 1).await?;
        let migrated = migrate(&first).await;
        first.close().await.map_err(opening)?;
        migrated?;
        Ok(Self { db: connected(path, CONNECTIONS).await? })
    }

    /// Closes every connection, so that the log is copied back into the one file.
    pub async fn close(self) -> Result<(), StoreError> {
        self.db.close().await.map_err(writing)
    }

    /// Returns a connection for a single reading statement.
    pub(crate) fn db(&self) -> &DatabaseConnection {
        &self.db
    }

    /// Begins a transaction that writes. It takes the writer's place at once: one that reads first and writes later
    /// would meet "database is locked" in spite of the waiting time.
    pub(crate) async fn begin_write(&self) -> Result<DatabaseTransaction, StoreError> {
        self.db.begin_with_options(immediate()).await.map_err(writing)
    }

    /// Begins a transaction that only reads, so that several statements see one state.
    pub(crate) async fn begin_read(&self) -> Result<DatabaseTransaction, StoreError> {
        self.db.begin().await.map_err(opening)
    }
}

/// Connects. SQLite does not wait by itself while another program turns a new store's log on or closes the last
/// connection, so this does.
async fn connected(path: &Path, connections: u32) -> Result<DatabaseConnection, StoreError> {
    let mut waited = Duration::ZERO;
    loop {
        match Database::connect(options(path, connections, None)).await {
            Err(error) if is_busy(&error) && waited < BUSY => {
                tokio::time::sleep(RETRY).await;
                waited += RETRY;
            }
            connected => return connected.map_err(opening),
        }
    }
}

/// Tries to open the file for writing before SQLite does, because SQLite's "unable to open database file" hides why.
fn probe(path: &Path) -> Result<(), StoreError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let made = folder.map_or(Ok(()), std::fs::create_dir_all);
    let opened = made.and_then(|()| OpenOptions::new().create(true).append(true).open(path));
    opened.map(drop).map_err(|error| match error.kind() {
        io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => StoreError::Disk { what: "read-only" },
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::Disk { what: "full" },
        _ => StoreError::Unavailable { doing: "open", source: Box::new(error) },
    })
}

fn options(path: &Path, connections: u32, most_pages: Option<u32>) -> ConnectOptions {
    let path = path.to_owned();
    let mut options = ConnectOptions::new("sqlite:");
    options.max_connections(connections).sqlx_logging(false).acquire_timeout(BUSY);
    options.map_sqlx_sqlite_opts(move |sqlite| {
        let sqlite = sqlite
            .filename(&path)
            .in_memory(false)
            .shared_cache(false)
            .page_size(PAGE_BYTES)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY)
            .foreign_keys(true)
            .row_buffer_size(READ_AHEAD)
            .pragma("cache_size", CACHE)
            .pragma("temp_store", "memory")
            .pragma("wal_autocheckpoint", CHECKPOINT_PAGES);
        match most_pages {
            Some(pages) => sqlite.pragma("max_page_count", pages.to_string()),
            None => sqlite,
        }
    });
    options
}

/// Brings the layout up to date in one transaction, so that a program killed in the middle, or two that open a new
/// store at once, leave no half of a layout. (SeaORM would take no transaction on SQLite by itself.)
async fn migrate(db: &DatabaseConnection) -> Result<(), StoreError> {
    if applied(db).await?.len() == migrations::known().len() {
        return Ok(());
    }
    let tx = db.begin_with_options(immediate()).await.map_err(opening)?;
    applied(&tx).await?;
    Migrator::up(&tx, None).await.map_err(opening)?;
    tx.commit().await.map_err(opening)
}

fn immediate() -> TransactionOptions {
    TransactionOptions { sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate), ..TransactionOptions::default() }
}

/// Returns the layouts that the store has had, or refuses one that is not known here.
async fn applied<C>(db: &C) -> Result<Vec<String>, StoreError>
where
    C: ConnectionTrait,
    for<'a> &'a C: IntoSchemaManagerConnection<'a>,
{
    if !SchemaManager::new(db).has_table("seaql_migrations").await.map_err(opening)? {
        return Ok(Vec::new());
    }
    let statement = Statement::from_string(db.get_database_backend(), "SELECT version FROM seaql_migrations ORDER BY version DESC");
    let rows = db.query_all_raw(statement).await.map_err(opening)?;
    let applied = rows.iter().map(|row| row.try_get_by_index(0)).collect::<Result<Vec<String>, _>>().map_err(opening)?;
    let known = migrations::known();
    match applied.iter().find(|version| !known.contains(version)) {
        Some(newer) => Err(StoreError::Newer { found: newer.clone(), known: known.last().cloned().unwrap_or_default() }),
        None => Ok(applied),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use winback_core::fakes::samples;
    use winback_core::id::RunId;
    use winback_core::portfolio::{Filter, ListQuery, PortfolioReader as _};
    use winback_core::store::{CustomerStore as _, RunStore as _};

    async fn limited(path: &Path, pages: Option<u32>) -> SqliteStore {
        SqliteStore::open(path).await.unwrap().close().await.unwrap();
        SqliteStore { db: Database::connect(options(path, 1, pages)).await.unwrap() }
    }

    #[tokio::test]
    async fn a_full_disk_is_called_full_and_nothing_is_lost() {
        let folder = tempfile::tempdir().unwrap();
        let store = limited(&folder.path().join("w.db"), Some(40)).await;
        let run = store.begin(&samples::origin("a"), samples::time()).await.unwrap().id;
        let mut saved = 0;
        let error = loop {
            match store.save_customers(run, &samples::schema(), &samples::page(saved, 200)).await {
                Ok(()) => saved += 200,
                Err(error) => break error,
            }
        };
        assert!(matches!(error, StoreError::Disk { what: "full" }), "{error:?}");
        assert_eq!(store.progress(run).await.unwrap().customers, u64::from(saved));
    }

    #[tokio::test]
    async fn a_read_only_store_is_called_read_only() {
        let folder = tempfile::tempdir().unwrap();
        let store = limited(&folder.path().join("w.db"), None).await;
        store.db.execute_unprepared("PRAGMA query_only = 1").await.unwrap();
        let error = store.begin(&samples::origin("a"), samples::time()).await.unwrap_err();
        assert!(matches!(error, StoreError::Disk { what: "read-only" }), "{error:?}");
    }

    #[tokio::test]
    async fn a_store_of_a_newer_program_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("w.db");
        let store = SqliteStore::open(&path).await.unwrap();
        store.db.execute_unprepared("INSERT INTO seaql_migrations VALUES ('m0999_later', 1)").await.unwrap();
        store.close().await.unwrap();
        let error = SqliteStore::open(&path).await.unwrap_err();
        assert_eq!(error.to_string(), "the store has the layout m0999_later, this program knows m0002_segment; use the newer program");
    }

    #[tokio::test]
    async fn a_store_of_an_older_program_opens_with_everything_and_without_segments() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("w.db");
        probe(&path).unwrap();
        let old = connected(&path, 1).await.unwrap();
        Migrator::up(&old, Some(1)).await.unwrap();
        let run = "INSERT INTO run VALUES (1, 'a.csv', 'd', 's', '{}', '2026-11-21T00:00:00Z', 1)";
        let row = "INSERT INTO listing (run_id, position, customer, search, probability, level) VALUES (1, 0, 'A', 'a', 0.8, 2)";
        for sql in [run, row] {
            old.execute_unprepared(sql).await.unwrap();
        }
        old.close().await.unwrap();
        let store = SqliteStore::open(&path).await.unwrap();
        let listed = store.list(RunId(1), &ListQuery::default()).await.unwrap();
        assert_eq!((listed.total, listed.rows[0].id.as_str(), &listed.rows[0].segment), (1, "A", &None));
        assert_eq!(store.overview(RunId(1)).await.unwrap().segments, [], "nothing is said of segments that were not kept");
        let none = Filter { segment: Some(None), ..Filter::default() };
        assert_eq!(store.list(RunId(1), &ListQuery { filter: none, ..ListQuery::default() }).await.unwrap().total, 0);
    }

    #[tokio::test]
    async fn what_is_no_database_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("w.db");
        let text = "customerID,Churn\n".repeat(2000);
        std::fs::write(&path, &text).unwrap();
        assert!(matches!(SqliteStore::open(&path).await, Err(StoreError::Unavailable { doing: "open", .. })));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        assert!(matches!(SqliteStore::open(folder.path()).await, Err(StoreError::Unavailable { doing: "open", .. })));
    }

    #[tokio::test]
    async fn the_disk_has_what_a_method_returned_from() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("new/folder/w.db")).await.unwrap();
        for (pragma, expected) in [("synchronous", 2_i64), ("foreign_keys", 1), ("page_size", 8192)] {
            let statement = Statement::from_string(store.db.get_database_backend(), format!("PRAGMA {pragma}"));
            let row = store.db.query_one_raw(statement).await.unwrap().unwrap();
            assert_eq!(row.try_get_by_index::<i64>(0).unwrap(), expected, "{pragma}");
        }
    }
}
