//! The files a company writes for Winback, and the first versions of them.
pub mod fault;
pub mod offers_file;
pub mod reader;
mod schema_column;
pub mod schema_file;
pub mod settings;

#[cfg(test)]
mod tests;
