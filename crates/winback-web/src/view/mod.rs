//! What is shown, read once for pages and API alike, so that their numbers are equal. Each view carries
//! raw values for programs and, beside them, the text people read in the visit's language.
pub(crate) mod actions;
pub(crate) mod adapters;
pub(crate) mod claims;
pub(crate) mod course;
pub(crate) mod customer;
pub(crate) mod customers;
pub(crate) mod models;
pub(crate) mod overview;
pub(crate) mod runs;
pub(crate) mod strategy;
pub(crate) mod thresholds;
pub(crate) mod whatif;
pub(crate) mod writer;

use crate::strings::{Strings, fill};
use serde::Serialize;
use winback_core::money::{Currency, Money};
use winback_core::portfolio::Context;

/// An amount of money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub(crate) struct Amount {
    /// The amount in minor units (cents).
    pub minor: i64,
    /// The ISO 4217 code.
    pub currency: String,
    /// As people read it: `$1,889.50`.
    pub text: String,
}

impl Amount {
    fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency: currency.code().to_owned(), text: Money::new(minor, currency).to_string() }
    }

    /// Returns an amount in the currency of the table: what customers pay.
    pub(crate) fn paid(context: &Context, minor: i64) -> Self {
        Self::new(minor, context.table.currency)
    }

    /// Returns an amount in the currency of the catalogue: what an action costs and brings.
    pub(crate) fn spent(context: &Context, minor: i64) -> Self {
        Self::new(minor, context.catalogue.currency)
    }
}

/// A value with its name in files and its word for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub(crate) struct Named {
    /// The name used in files: `high`.
    pub tag: String,
    /// The word in the language of the request.
    pub label: String,
}

impl Named {
    pub(crate) fn new(tag: &str, label: &str) -> Self {
        Self { tag: tag.to_owned(), label: label.to_owned() }
    }
}

/// Returns a duration as people read it: `3.4 s`.
pub(crate) fn seconds(duration_ms: u64, s: &Strings) -> String {
    let decimals = if duration_ms < 1_000 { 2 } else { 1 };
    fill(s.seconds, &[("n", &format!("{:.decimals$}", duration_ms as f64 / 1000.0))])
}

/// Returns a time (RFC 3339, UTC) to the minute, as people read it.
pub(crate) fn moment(timestamp: &str) -> String {
    let minute: String = timestamp.chars().take(16).collect();
    format!("{} UTC", minute.replace('T', " "))
}
