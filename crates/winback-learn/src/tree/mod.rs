//! Trees: boosting and forest on one histogram grower, and exact reasons for both.
//!
//! Columns become codes of one byte ([`bins`]); trees ask about codes and nothing else, so a tree, its file and its
//! explanation never see a number of the table. A score is an offset plus one value per tree, in log-odds.
mod best_split;
pub mod bins;
mod boosting;
mod code_set;
mod exits;
mod forest;
mod grow;
mod histogram;
mod matrix;
mod model;
mod node;
mod options;
mod partition;
mod route;
mod score;
pub mod shap;
mod train;

use crate::validate::why_nothing;
use bins::{Bins, Codes, ColumnBins};
use node::Tree;
use serde::{Deserialize, Serialize};
use winback_core::feature::FeatureTable;
use winback_core::model::TrainError;

pub use model::TreeModel;
pub use options::{BadTreeOptions, BoostingOptions, ForestOptions, TreeOptions};
pub use score::Scorer;
pub(crate) use train::SHARED_PARTS;
pub use train::TreeTrainer;

/// The largest sum of a file's values, in log-odds; far beyond any that training gives.
const MAX_VALUE: f64 = 1e4;

/// Trees whose values add up, and how their columns are read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ensemble {
    /// How columns become codes.
    pub bins: Bins,
    /// What every score begins with, in log-odds.
    pub offset: f64,
    /// The trees.
    pub trees: Vec<Tree>,
}

/// Fits trees to the rows named, which have a label. Features for which `skip` gives a reason are not used.
pub fn fit(
    table: &FeatureTable,
    rows: &[u32],
    options: &TreeOptions,
    skip: &(dyn Fn(usize) -> Option<String> + Sync),
) -> Result<Ensemble, TrainError> {
    options.check().map_err(|source| TrainError::Other(Box::new(source)))?;
    let bins = Bins::learn(table, rows, options.bins(), skip);
    if bins.columns.iter().all(|bins| bins.codes() == 0) {
        let names = table.schema.features.iter().map(|feature| feature.name.as_str());
        let unused = names.zip(&bins.columns).filter_map(|(name, bins)| match bins {
            ColumnBins::Unused { why } => Some((name, why.as_str())),
            _ => None,
        });
        return Err(TrainError::NothingToLearn(why_nothing(unused)));
    }
    match options {
        TreeOptions::Boosting(options) => Ok(boosting::fit(table, rows, bins, options)),
        TreeOptions::Forest(options) => Ok(forest::fit(table, rows, bins, options)),
    }
}

impl Ensemble {
    /// Returns a table's rows as the trees read them; the table has the columns of training.
    pub fn encode(&self, table: &FeatureTable) -> Codes {
        self.bins.encode(table)
    }

    /// Returns the score of a row, in log-odds.
    pub fn log_odds(&self, codes: &Codes, row: usize) -> f64 {
        self.trees.iter().fold(self.offset, |sum, tree| sum + tree.value(codes, row))
    }

    /// Returns how many cells of a row say nothing training saw: missing ones and words never seen.
    pub fn filled(&self, codes: &Codes, row: usize) -> u16 {
        let columns = self.bins.columns.iter().zip(&codes.columns);
        columns.filter(|(bins, codes)| codes.get(row).is_some_and(|&code| bins.is_filled(code))).count() as u16
    }

    /// Says what is wrong with an ensemble from a file.
    pub fn check(&self) -> Result<(), String> {
        self.bins.check()?;
        for (place, tree) in self.trees.iter().enumerate() {
            tree.check(&self.bins).map_err(|what| format!("tree {place} {what}"))?;
        }
        let most = self.offset.abs() + self.trees.iter().map(Tree::furthest).sum::<f64>();
        if most <= MAX_VALUE { Ok(()) } else { Err("the values of the trees add up to no usable number".into()) }
    }
}
