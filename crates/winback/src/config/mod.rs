//! The files a company writes for Winback, and the first versions of them.
pub mod fault;
pub mod infer;
pub mod init;
pub mod reader;
mod schema_column;
pub mod schema_file;
pub mod settings;

#[cfg(test)]
mod tests;
