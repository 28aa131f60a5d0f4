//! The verbs: one file each, one report each. The command line, the API and the
//! dashboard call these and nothing deeper.
pub mod assess;
pub mod import;
pub mod plan;
pub mod sample;
pub mod segment;
pub mod train;
pub mod whatif;
pub mod write;
