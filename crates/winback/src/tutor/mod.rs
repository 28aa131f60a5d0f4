//! Teaching adapters: one for each segment, each from the same recipe, each kept on the way so that a killed run goes on.
pub mod course;
mod curve;
pub mod plan;
pub mod recipe_file;
pub mod watch;
