//! How trees are grown. The defaults scored best on held-out Telco customers, on folds other than those the figures
//! in `docs/benchmarks.md` are measured on.
use super::bins::MAX_BINS;
use super::node::MAX_DEPTH;

/// How an ensemble is fitted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum TreeOptions {
    /// Boosted trees.
    Boosting(BoostingOptions),
    /// A random forest.
    Forest(ForestOptions),
}

/// How boosted trees are grown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BoostingOptions {
    /// How many trees follow one another.
    pub trees: usize,
    /// How many such sequences are grown on rows and columns drawn anew and averaged.
    pub bags: usize,
    /// The most splits above a leaf.
    pub max_depth: usize,
    /// How much of each tree's answer counts.
    pub rate: f64,
    /// The L2 penalty on the values of leaves.
    pub lambda: f64,
    /// The least gain of a split.
    pub gamma: f64,
    /// The least sum of p (1 - p) in a leaf.
    pub min_weight: f64,
    /// Which part of the rows is drawn for each tree, without putting back.
    pub row_share: f64,
    /// Which part of the columns is drawn for each tree.
    pub column_share: f64,
    /// Keeps rare words in the middle when words are put in order.
    pub word_smoothing: f64,
    /// The most bins a number has: few of them smooth a small table, 254 are the most.
    pub bins: usize,
    /// Decides every draw.
    pub seed: u64,
}

impl Default for BoostingOptions {
    fn default() -> Self {
        Self {
            trees: 270,
            bags: 10,
            max_depth: 2,
            rate: 0.05,
            lambda: 1.0,
            gamma: 0.0,
            min_weight: 2.0,
            row_share: 0.3,
            column_share: 0.3,
            word_smoothing: 1.0,
            bins: 32,
            seed: 1,
        }
    }
}

/// How a forest is grown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ForestOptions {
    /// How many trees.
    pub trees: usize,
    /// The most splits above a leaf.
    pub max_depth: usize,
    /// The fewest drawn rows in a leaf.
    pub min_rows: usize,
    /// Which part of the columns each node chooses from.
    pub column_share: f64,
    /// How many rows of the average kind are added to every leaf.
    pub smoothing: f64,
    /// The most bins a number has: few of them smooth a small table, 254 are the most.
    pub bins: usize,
    /// Decides every draw.
    pub seed: u64,
}

impl Default for ForestOptions {
    fn default() -> Self {
        Self { trees: 200, max_depth: 7, min_rows: 20, column_share: 0.3, smoothing: 3.0, bins: 32, seed: 1 }
    }
}

/// Options no trees can be grown with.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("{name} is {found}; expected {}{to}", expected(*from))]
pub struct BadTreeOptions {
    name: &'static str,
    found: f64,
    from: f64,
    to: f64,
}

fn expected(from: f64) -> String {
    if from == f64::MIN_POSITIVE { "above 0 and up to ".into() } else { format!("{from} to ") }
}

/// The most trees of an ensemble.
const MAX_TREES: usize = 100_000;

impl TreeOptions {
    /// Returns the most bins a number has.
    pub(crate) fn bins(&self) -> usize {
        match self {
            Self::Boosting(options) => options.bins,
            Self::Forest(options) => options.bins,
        }
    }

    /// Returns the first option that is out of bounds.
    pub fn check(&self) -> Result<(), BadTreeOptions> {
        const LEAST: f64 = f64::MIN_POSITIVE;
        let bounds = match self {
            Self::Boosting(options) => vec![
                ("trees × bags", (options.trees * options.bags) as f64, 1.0, MAX_TREES as f64),
                ("max_depth", options.max_depth as f64, 1.0, MAX_DEPTH as f64),
                ("rate", options.rate, LEAST, 1.0),
                ("lambda", options.lambda, LEAST, 1e9),
                ("gamma", options.gamma, 0.0, 1e9),
                ("min_weight", options.min_weight, 0.0, 1e9),
                ("row_share", options.row_share, LEAST, 1.0),
                ("column_share", options.column_share, LEAST, 1.0),
                ("word_smoothing", options.word_smoothing, 0.0, 1e9),
                ("bins", options.bins as f64, 2.0, MAX_BINS as f64),
            ],
            Self::Forest(options) => vec![
                ("trees", options.trees as f64, 1.0, MAX_TREES as f64),
                ("max_depth", options.max_depth as f64, 1.0, MAX_DEPTH as f64),
                ("min_rows", options.min_rows as f64, 1.0, 1e9),
                ("column_share", options.column_share, LEAST, 1.0),
                ("smoothing", options.smoothing, LEAST, 1e9),
                ("bins", options.bins as f64, 2.0, MAX_BINS as f64),
            ],
        };
        match bounds.into_iter().find(|(_, found, from, to)| !(from..=to).contains(&found)) {
            Some((name, found, from, to)) => Err(BadTreeOptions { name, found, from, to }),
            None => Ok(()),
        }
    }
}
