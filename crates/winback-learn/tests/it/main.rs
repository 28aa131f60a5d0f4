//! What the learner must hold, on the real Telco customers and on tables made to hurt.
#![expect(clippy::unwrap_used, reason = "a test stops where its preparation fails")]
#![expect(clippy::print_stderr, reason = "a test says what it skips and what it measured")]
mod bad_tables;
mod calibrated;
mod card;
mod files;
mod hard_tables;
mod laws;
mod order_laws;
mod segment_classes;
mod telco;
mod telco_table;
mod trees;
