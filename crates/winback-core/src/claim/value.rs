//! What one claim states, with its unit.
use crate::money::Currency;
use serde::{Deserialize, Serialize};

/// What one claim states. Two claims are the same when their values are equal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Value {
    /// A share, in hundredths of a percent: 15 % is 1,500. `八折` is 2,000 off.
    Percent {
        /// Hundredths of a percent.
        hundredths: i64,
        /// Whether it is taken off.
        sense: Sense,
    },
    /// An amount of money.
    Money {
        /// Minor units of the currency, or hundredths where no currency is named.
        minor: i64,
        /// The currency, where the text names one.
        #[schemars(with = "Option<String>")]
        currency: Option<Currency>,
        /// The period it is paid for: a month; `None` for once.
        per: Option<Unit>,
        /// Whether it is paid or saved.
        sense: Sense,
    },
    /// A length of time: six months.
    Span {
        /// How many.
        count: i64,
        /// Of what.
        unit: Unit,
    },
    /// A day, as far as the text names it.
    Day {
        /// The year of the common era.
        year: Option<i16>,
        /// The month, from 1.
        month: Option<i8>,
        /// The day of the month, from 1.
        day: Option<i8>,
    },
    /// A count of something: 2 lines.
    Number {
        /// Thousandths.
        thousandths: i64,
        /// What is counted, where the text says it.
        of: Option<String>,
    },
    /// A telephone number, an address of a page or of a mailbox, as digits or lower-case text.
    Contact {
        /// The address.
        text: String,
    },
    /// The name of a product, an offer, a company.
    Name {
        /// The name.
        name: String,
    },
    /// A promise, a superlative, a deadline in words: something the company could be held to.
    Promise {
        /// What kind of promise: `free`, `guarantee`, `superlative`.
        of: String,
        /// The words.
        words: String,
    },
}

/// Whether an amount is paid, saved or put on top.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Sense {
    /// What is paid, or what is left to pay.
    Paid,
    /// What is taken off, saved or given back.
    Off,
    /// What is put on top: a surcharge, a bonus.
    Added,
    /// The text does not say.
    Plain,
}

/// A unit of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Minutes.
    Minute,
    /// Hours.
    Hour,
    /// Days.
    Day,
    /// Weeks.
    Week,
    /// Months.
    Month,
    /// Quarters of a year.
    Quarter,
    /// Years.
    Year,
}
