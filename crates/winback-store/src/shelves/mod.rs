//! One shelf per port.
mod assessment;
mod campaign;
mod customer;
mod message;
mod overview;
mod portfolio;
mod run;
mod selection;
