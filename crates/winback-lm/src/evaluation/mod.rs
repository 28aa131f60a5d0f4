//! The figures of writers side by side, with intervals: from sums for each customer to what [`winback_core::gallery`] keeps.
//!
//! The intervals are percentiles of a bootstrap over customers (Efron 1979): customers are drawn with replacement, all their
//! mails and all writers together, so that differences are paired (Koehn 2004, "Statistical Significance Tests for Machine
//! Translation Evaluation"). Measures of a corpus (perplexity, BLEU, chrF) are computed anew of each resample, from its sums. Shares of mails
//! that pass have the intervals of scores instead ([`winback_core::interval`]): of few failures a bootstrap makes too little.
mod bootstrap;
mod shares;
mod sums;

#[cfg(test)]
mod tests;

pub use bootstrap::{Figures, figures};
pub use sums::Sums;
