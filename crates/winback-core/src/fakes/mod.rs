//! Stand-ins for tests of other crates: a store in memory, samples of every
//! record, and the contract that every store must fulfil.
pub mod contract;
pub mod memory;
mod memory_portfolio;
pub mod samples;

pub use memory::MemoryStore;
