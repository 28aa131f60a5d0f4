//! Other people's systems: files in and out, downloads, models of a Hub, webhooks.
//!
//! Everything that crosses this border is checked here and nowhere deeper: a file
//! is refused by its content before a row is read, a row that cannot be trusted is
//! named by line and column, a download is installed only when its checksum is
//! right, and a file is written whole or not at all.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub mod csv;
pub mod eml;
pub mod events;
pub mod examples;
pub mod export;
pub mod features_csv;
pub mod file;
pub mod folder;
pub mod folds_csv;
pub mod growing_file;
pub mod http;
pub mod hub;
pub mod json_lines;
pub mod mail_address;
pub mod message_export;
pub mod orders;
pub mod past_mails;
pub mod recipient;
pub mod telco_file;
pub mod webhook;
