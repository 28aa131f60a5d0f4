//! The files a company writes: what they say, read into core's types.
pub mod offers_file;
