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

/// The schema of a file of profiles, as `winback init --schema profiles` writes it.
pub const SCHEMA_PROFILES: &str = include_str!("../../defaults/schema.profiles.toml");
/// The segments of a file of profiles.
pub const SEGMENTS_PROFILES: &str = include_str!("../../defaults/segments.profiles.toml");

#[cfg(test)]
mod tests;
