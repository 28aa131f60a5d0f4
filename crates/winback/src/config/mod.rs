//! The files a company writes for Winback, and the first versions of them.
pub mod fault;
pub mod infer;
pub mod init;
pub mod offers_file;
pub mod reader;
mod schema_column;
pub mod schema_file;
pub mod segments_file;
pub mod settings;

/// The schema of the public Telco table, as `winback init` writes it.
pub const SCHEMA_TELCO: &str = include_str!("../../defaults/schema.telco.toml");

#[cfg(test)]
mod tests;
