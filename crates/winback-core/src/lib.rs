//! The nouns of customer retention, the rules between them, the verbs of the
//! pipeline and the ports those verbs need.
//!
//! Nothing here opens a file, a socket or a database, reads a clock or draws a
//! random number: time, seeds and ids come in as arguments. A reader who wants
//! to follow one customer opens, in this order, [`customer`], [`feature`],
//! [`risk`], [`agents`], [`campaign`], [`message`] and [`pipeline`].
#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub mod agents;
pub mod author;
pub mod behaviour;
pub mod brief;
pub mod campaign;
mod chance;
pub mod claim;
pub mod consent;
pub mod counterfactual;
pub mod customer;
pub mod defect;
pub mod digest;
pub mod drift;
pub mod example;
pub mod fairness;
#[cfg(any(test, feature = "fakes"))]
pub mod fakes;
pub mod feature;
pub mod gallery;
pub mod goal;
pub mod id;
pub mod interval;
pub mod likeness;
pub mod locale;
pub mod mail_form;
pub mod manners;
pub mod message;
pub mod model;
pub mod money;
pub mod number;
pub mod offer;
pub mod peer;
pub mod pipeline;
pub mod portfolio;
pub mod progress;
pub mod prompt;
pub mod review;
pub mod risk;
pub mod row;
pub mod run;
pub mod schema;
pub mod script;
pub mod search;
pub mod segment;
pub mod slot;
pub mod sms;
pub mod spelling;
pub mod store;
pub mod template;
pub mod text_service;
