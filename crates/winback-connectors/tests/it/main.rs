//! The connectors against files, folders and local servers.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops where its preparation fails")]
#![expect(clippy::print_stderr, reason = "a test says what it skips")]
mod events;
mod examples;
mod fake_hub;
mod features;
mod files;
mod growing;
mod http;
mod hub;
mod message_export;
mod parcel;
mod past_mails;
mod planted;
mod refusals;
mod rows;
mod telco;
mod telco_file;
mod webhook;
mod wire;
