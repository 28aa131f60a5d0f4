//! Keeps runs, customers, assessments, plans, decisions and messages in one
//! SQLite file.
//!
//! Open it with [`SqliteStore::open`]; take [`RunLock`] before starting a run,
//! so that two runs never work on one file. Each method of the ports is one
//! transaction, and the disk has it before the method returns
//! (`synchronous=FULL`): a run killed at any point goes on from what is stored.
//!
//! Layout, by customer = (run, place in the run): `customer` holds the cells as
//! a JSON array, `assessment` and `plan` hold what lists are filtered by beside
//! the parts that only a customer's own page needs. `plan_pattern` holds what
//! many plans have in common.
#![forbid(unsafe_code)]

mod cells;
mod codes;
mod connect;
mod error;
mod lock;
mod migrations;
mod patterns;
mod reasons;
mod rows;
mod shelves;

pub use connect::SqliteStore;
pub use lock::{LockError, RunLock};
