//! The ports to whatever learns from tables, and the card that tells how well it learned.
mod overview;
mod warning;

use crate::digest::Digest;
use crate::feature::{FeatureSchema, FeatureTable};
use crate::id::{CustomerId, Position};
use crate::progress::Progress;
use crate::risk::{ModelVersion, RiskAssessment};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::error::Error;

pub use overview::{Background, Calls, CurvePoint, Effect, EffectAt, EffectPoint, GroupScore, Importance, MetricsInterval, UnitEffect};
pub use warning::Warning;

/// A model that scores customers and says why.
pub trait ChurnModel: Send + Sync {
    /// Returns the version: family and hash of the model file.
    fn version(&self) -> &ModelVersion;
    /// Returns the features it was trained on.
    fn schema(&self) -> &FeatureSchema;
    /// Returns one assessment per row, in row order, whose reasons add up to its score.
    fn assess(&self, table: &FeatureTable, who: &[(Position, CustomerId)]) -> Result<Vec<RiskAssessment>, SchemaMismatch>;
    /// Returns how many cells of each column hold a word that the model learned nothing of by itself: one it never
    /// saw in training, or saw too rarely. Columns without such a cell are left out.
    fn unseen_words(&self, table: &FeatureTable) -> Result<BTreeMap<String, u64>, SchemaMismatch>;
    /// Returns `Ok` where scores are probabilities, or why they are none, so that no level may be drawn from them.
    fn check_probabilities(&self) -> Result<(), NotProbabilities> {
        Ok(())
    }
}

/// A model whose scores say who is likelier to leave, but not how likely.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the scores of the model {model} are no probabilities: it learned from customers of whom the rarer kind was repeated, and it was not \
     calibrated afterwards, so no risk level can be told from them"
)]
pub struct NotProbabilities {
    /// The model.
    pub model: ModelVersion,
}

/// A table whose columns are not those the model was trained on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the model {model} was trained on other columns: {difference}")]
pub struct SchemaMismatch {
    /// The model.
    pub model: ModelVersion,
    /// What differs, by column name.
    pub difference: String,
}

/// Something that makes models.
pub trait ChurnTrainer: Send + Sync {
    /// Fits a model to the labelled rows. Same table, same options: same bytes.
    fn train(&self, table: &FeatureTable, options: &TrainOptions, progress: &dyn Progress) -> Result<Trained, TrainError>;
}

/// How to train.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainOptions {
    /// Draws the folds.
    pub seed: u64,
    /// How many stratified folds to cross-validate with; 0 for none.
    pub folds: usize,
    /// The strength of the L2 penalty on standardised coefficients (the scikit-learn `1 / C`).
    pub l2: f64,
    /// The hash of the data, for the card.
    pub data: Digest,
    /// What is known of the columns besides their values.
    pub background: Background,
    /// Whether the rarer kind of customer is learned from repeatedly.
    pub balance: Balance,
}

/// What is done about one kind of customer being rarer than the other, in what is learned from; never in what is
/// held out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Balance {
    /// Nothing.
    #[default]
    None,
    /// Customers of the rarer kind are learned from repeatedly, until both kinds weigh the same.
    Oversample,
}

impl Balance {
    /// Every way, the default first.
    pub const ALL: [Balance; 2] = [Balance::None, Balance::Oversample];

    /// Returns the word that settings use: `oversample`.
    pub fn tag(self) -> &'static str {
        match self {
            Balance::None => "none",
            Balance::Oversample => "oversample",
        }
    }

    /// Returns whether nothing is done, which stored settings and model files leave out.
    pub fn is_none(&self) -> bool {
        *self == Balance::None
    }
}

/// A fresh model.
pub struct Trained {
    /// The model, ready to score.
    pub model: Box<dyn ChurnModel>,
    /// The model file: text, versioned, with its own checksum.
    pub file: Vec<u8>,
    /// How well it learned.
    pub card: ModelCard,
}

/// Why no model could be made.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// The table has no label.
    #[error("no row says whether its customer left; training needs a label column")]
    NoLabels,
    /// Every labelled customer left, or none did.
    #[error("all {rows} labelled customers have the label {label}; training needs customers of both kinds")]
    OneClass {
        /// How many are labelled.
        rows: usize,
        /// `left` or `stayed`.
        label: &'static str,
    },
    /// Too few customers of one kind.
    #[error("only {found} customers {label}; training{} needs at least {needed} of each kind", in_folds(*folds))]
    TooFew {
        /// How many there are.
        found: usize,
        /// `left` or `stayed`.
        label: &'static str,
        /// The number of folds.
        folds: usize,
        /// How many are needed.
        needed: usize,
    },
    /// The solver did not reach an optimum.
    #[error("the fit did not converge: {0}")]
    NotConverged(String),
    /// A column that teaches nothing was the only one.
    #[error("no column holds anything to learn from: {0}")]
    NothingToLearn(String),
    /// Anything else.
    #[error("the model could not be made")]
    Other(#[source] Box<dyn Error + Send + Sync>),
}

fn in_folds(folds: usize) -> String {
    if folds == 0 { String::new() } else { format!(" with {folds} folds") }
}

/// What a model was made of and how well it scores customers it has not seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelCard {
    /// The model.
    pub version: ModelVersion,
    /// The family: `logistic`.
    pub family: String,
    /// The hash of the data.
    pub data: Digest,
    /// The hash of the feature schema.
    pub features: Digest,
    /// Labelled rows.
    pub rows: u64,
    /// Of them, customers who left.
    pub left: u64,
    /// The seed of the folds.
    pub seed: u64,
    /// The penalty.
    pub l2: f64,
    /// The result of cross-validation; `None` when it was not asked for.
    pub validation: Option<Validation>,
    /// How scores were calibrated; `None` where nothing was held out to do it with.
    #[serde(default)]
    pub calibration: Option<CalibrationNote>,
    /// What was done about one kind of customer being rarer.
    #[serde(default)]
    pub balance: Balance,
    /// The columns, each with how it was used or why not.
    pub columns: Vec<ColumnNote>,
    /// What the model cannot tell, in sentences.
    pub limits: Vec<String>,
    /// What the model would say on average if a column had another value, column by column in the table's order;
    /// columns that are not used are left out. Empty on cards of earlier models.
    #[serde(default)]
    pub effects: Vec<Effect>,
    /// What a person should know before believing an effect. Empty on cards of earlier models.
    #[serde(default)]
    pub warnings: Vec<Warning>,
}

/// How a model's scores became probabilities.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CalibrationNote {
    /// The map in use: each in the order of the trials replaces the one before where its log loss is lower by more than
    /// 0.00001. The plain scores of a model of repeated customers are never used.
    pub method: CalibrationMethod,
    /// Each map that was tried, and how well it did.
    pub trials: Vec<Trial>,
}

/// How well one map did on folds it was not fitted to.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trial {
    /// The map.
    pub method: CalibrationMethod,
    /// The mean log loss, in nats a customer.
    pub log_loss: f64,
}

/// A map from a model's score to calibrated log-odds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CalibrationMethod {
    /// Scores stay as they are.
    None,
    /// A line (Platt 1999).
    Platt,
    /// A line in ln p and −ln(1 − p) (Kull, Silva Filho and Flach 2017).
    Beta,
    /// Steps that follow the order of the scores, joined by lines (Zadrozny and Elkan 2002).
    Isotonic,
}

impl CalibrationMethod {
    /// Returns the name used in files: `isotonic`.
    pub fn tag(self) -> &'static str {
        match self {
            CalibrationMethod::None => "none",
            CalibrationMethod::Platt => "platt",
            CalibrationMethod::Beta => "beta",
            CalibrationMethod::Isotonic => "isotonic",
        }
    }
}

/// How a column was used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ColumnNote {
    /// The column's name.
    pub name: String,
    /// How it was used: `one-hot, 3 levels`, or `not used: the same in every row`.
    pub used_as: String,
    /// How many cells were empty and what fills them.
    pub missing: String,
}

/// Scores on customers the model had not seen. Cards of earlier models lack some parts, which are then empty.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Validation {
    /// How many folds.
    pub folds: usize,
    /// The mean over the folds.
    pub mean: Metrics,
    /// The standard deviation over the folds.
    pub deviation: Metrics,
    /// Over all held-out scores together.
    pub pooled: Metrics,
    /// One per fold.
    pub per_fold: Vec<Metrics>,
    /// What each cut would bring, on held-out scores.
    pub cuts: Vec<Cut>,
    /// Ten bins of held-out scores: how many, the mean score and the share who left.
    pub reliability: Vec<ReliabilityBin>,
    /// The pooled ROC-AUC without the synthetic columns, where there are any.
    pub auc_without_synthetic: Option<f64>,
    /// The 95 % interval of the mean over the folds: that of the corrected resampled t-test (Nadeau and Bengio 2003),
    /// which allows for folds that share what they learn from. `None` with fewer than two folds.
    #[serde(default)]
    pub intervals: Option<MetricsInterval>,
    /// The ROC curve of all held-out scores together: x the share of those who stayed, y the share of those who left
    /// that a cut reaches, from (0, 0) to (1, 1). At most 200 points.
    #[serde(default)]
    pub roc: Vec<CurvePoint>,
    /// The precision–recall curve of all held-out scores together: x the recall, rising from 0 to 1, y the precision.
    /// It is the stepped line whose area is the average precision. At most 200 points.
    #[serde(default)]
    pub precision_recall: Vec<CurvePoint>,
    /// Permutation importance of every reason, the most important first.
    #[serde(default)]
    pub importance: Vec<Importance>,
    /// How many held-out customers took part in the importance, all folds together.
    #[serde(default)]
    pub importance_rows: u64,
    /// How many times each reason was shuffled in each fold.
    #[serde(default)]
    pub importance_repeats: u32,
    /// The measures for each word of the columns that say who a customer is.
    #[serde(default)]
    pub groups: Vec<GroupScore>,
    /// How many customers are in none of them, by column: those with words beyond the most frequent.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub outside_groups: BTreeMap<String, u64>,
    /// What calling so many customers with the highest score would bring.
    #[serde(default)]
    pub calls: Vec<Calls>,
}

/// The usual measures of a probability.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// Area under the ROC curve.
    pub roc_auc: f64,
    /// Area under the precision–recall curve (average precision).
    pub pr_auc: f64,
    /// Mean negative log-likelihood, natural logarithm.
    pub log_loss: f64,
    /// Mean squared error of the probability.
    pub brier: f64,
    /// Expected calibration error over ten bins of equal width.
    pub ece10: f64,
}

/// What calling everyone from a probability upward would bring.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cut {
    /// The probability.
    pub threshold: f64,
    /// How many customers lie at or above it.
    pub customers: u64,
    /// Of them, those who left.
    pub left: u64,
    /// Their share, with its 95 % interval (Wilson).
    pub precision: f64,
    /// The lower end.
    pub precision_low: f64,
    /// The upper end.
    pub precision_high: f64,
    /// The share of all leavers among them.
    pub recall: f64,
}

/// One bin of a reliability diagram.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReliabilityBin {
    /// The lower end of the bin.
    pub from: f64,
    /// How many customers.
    pub customers: u64,
    /// Their mean score.
    pub mean_score: f64,
    /// The share who left.
    pub left: f64,
    /// The lower end of the share's 95 % interval (Wilson); 0 in an empty bin.
    #[serde(default)]
    pub low: f64,
    /// The upper end; 1 in an empty bin, and 0 on cards of before there were intervals.
    #[serde(default)]
    pub high: f64,
}
