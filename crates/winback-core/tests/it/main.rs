//! The tests of core that go through several of its rooms.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]
mod agents;
mod author;
mod cards;
mod channels;
mod counterfactual;
mod dormant;
mod ledger;
mod lies;
mod lint;
mod mail_form;
mod messages;
mod offers;
mod past_mails;
mod prompts;
mod sample;
mod truth;
mod verbs;
mod wordings;
