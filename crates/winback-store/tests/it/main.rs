//! The SQLite store against the contract, and against being killed.
mod killed;
mod running;

use winback_core::fakes::contract;
use winback_store::SqliteStore;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sqlite_store_keeps_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("winback.db")).await.unwrap();
    contract::run_store(&store).await.unwrap();
}
