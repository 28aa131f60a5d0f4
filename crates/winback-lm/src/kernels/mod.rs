//! The arithmetic: a matrix times rows, and the small functions between two of them.
//!
//! A [`Level`] is one way to compute, chosen at run time. This is what a level must hold, and what tests check:
//!
//! - **A row is alone.** What comes out for a row depends on this row and the weights, never on which or how many
//!   rows are computed with it, nor on the number of threads. So every output adds its products up in an order that
//!   its length alone decides. This is what makes a batch give the same text as one request by itself.
//! - **Plain Rust is the truth.** [`Level::Plain`] computes in f32 from the weights as they are stored; another level
//!   says in its file how far it may be from that, and a test holds it to it on odd shapes.
//!
//! To add a level: a variant of [`Level`] with its name and what the processor must have, a variant of the packed
//! form in `linear.rs`, and a file beside `plain.rs`. Only in this directory may code be `unsafe`; today none is.
mod attention;
mod linear;
mod norm;
mod plain;
mod rope;

pub use attention::{Attention, History};
pub use linear::Linear;
pub use norm::{add, rms_norm, silu_mul};
pub use rope::Rope;

/// One way to compute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Plain Rust in f32, on any machine.
    Plain,
}

/// A level that cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum LevelError {
    /// There is no such level.
    #[error("there is no kernel level {name:?}; there are: {known}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// The names there are.
        known: String,
    },
}

impl Level {
    /// Every level, the fastest last.
    pub const ALL: [Self; 1] = [Self::Plain];

    /// Returns the name used in settings: `plain`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
        }
    }

    /// Returns the level of that name, to force it.
    pub fn named(name: &str) -> Result<Self, LevelError> {
        let known = || Self::ALL.map(Self::name).join(", ");
        Self::ALL
            .into_iter()
            .find(|level| level.name() == name)
            .ok_or_else(|| LevelError::Unknown { name: name.to_owned(), known: known() })
    }

    /// Returns the fastest level this machine can run.
    pub fn best() -> Self {
        Self::Plain
    }
}
