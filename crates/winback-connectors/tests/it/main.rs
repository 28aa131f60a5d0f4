//! The connectors against files, folders and local servers.
mod events;
mod features;
mod files;
mod http;
mod planted;
mod refusals;
mod rows;
mod telco;
mod webhook;
