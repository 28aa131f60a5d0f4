//! The tests of the whole: what the binary does as a person would use it, and the walls of the house.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops where its preparation fails")]
mod adapters;
mod bad_input;
mod browser;
mod demo;
mod drift;
mod export;
mod families;
mod home;
mod lm;
mod lm_embed;
mod lm_packed;
mod lm_serve;
mod manners;
mod model;
mod network;
mod offers;
mod planted;
mod readme;
mod runs;
mod segments;
mod survives;
mod tables;
mod telco;
mod templates;
mod walls;
mod whatif;
