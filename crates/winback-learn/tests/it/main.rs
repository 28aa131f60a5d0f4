//! What the learner must hold, on the real Telco customers and on tables made to hurt.
mod files;
mod hard_tables;
mod laws;
mod telco;
mod telco_table;
