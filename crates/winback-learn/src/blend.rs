//! A regression and boosted trees together: the score is the mean of both, in log-odds.
//!
//! They err in different places, so that their mean scores better than either, and because it is a mean in log-odds
//! the reasons are the means of both reasons and still add up exactly.
use crate::artifact::{self, ArtifactError, BlendBody, Learned};
use crate::card;
use crate::logistic::LogisticModel;
use crate::regression::Logistic;
use crate::train::{Family, Fresh, train};
use crate::tree::{SHARED_PARTS, TreeModel, TreeOptions};
use crate::validate::{Fitted, Learner};
use std::collections::BTreeMap;
use winback_core::digest::Digest;
use winback_core::feature::{FeatureSchema, FeatureTable};
use winback_core::id::{CustomerId, Position};
use winback_core::model::{ChurnModel, ChurnTrainer, SchemaMismatch, TrainError, TrainOptions, Trained};
use winback_core::progress::Progress;
use winback_core::risk::{ModelVersion, Probability, Reason, RiskAssessment};

/// The family's name in files and versions.
pub const FAMILY: &str = "blend";

/// Fits a regression, with the penalty of [`TrainOptions`], and trees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BlendTrainer {
    /// How the trees are grown.
    pub trees: TreeOptions,
}

/// Blends of a regression and trees.
#[derive(Clone, Copy, Debug)]
pub struct Blend {
    /// One half.
    pub logistic: Logistic,
    /// The other.
    pub trees: TreeOptions,
}

impl ChurnTrainer for BlendTrainer {
    fn train(&self, table: &FeatureTable, options: &TrainOptions, progress: &dyn Progress) -> Result<Trained, TrainError> {
        train(table, &Blend { logistic: Logistic { l2: options.l2 }, trees: self.trees }, options, progress)
    }
}

impl Learner for Blend {
    fn learn(&self, table: &FeatureTable, rows: &[u32], without_synthetic: bool) -> Result<Box<dyn Fitted>, TrainError> {
        let logistic = self.logistic.learn(table, rows, without_synthetic)?;
        Ok(Box::new(Both { logistic, trees: self.trees.learn(table, rows, without_synthetic)? }))
    }
}

struct Both {
    logistic: Box<dyn Fitted>,
    trees: Box<dyn Fitted>,
}

impl Fitted for Both {
    fn scores(&self, table: &FeatureTable, rows: &[u32]) -> Vec<f64> {
        means(&self.logistic.scores(table, rows), &self.trees.scores(table, rows))
    }
}

/// Returns the scores of a blend, given those of its halves.
pub(crate) fn means(one: &[f64], other: &[f64]) -> Vec<f64> {
    one.iter().zip(other).map(|(&one, &other)| mean(one, other)).collect()
}

impl Family for Blend {
    fn fit(&self, table: &FeatureTable, rows: &[u32], data: &Digest) -> Result<Fresh, TrainError> {
        let (logistic, trees) = (self.logistic.body(table, rows, data)?, self.trees.body(table, rows, data)?);
        let mut columns = card::column_notes(&logistic.coefficients.columns);
        let by_trees = card::tree_column_notes(table, &trees.ensemble.bins);
        columns.iter_mut().zip(by_trees).filter(|(one, other)| one.used_as != other.used_as).for_each(|(one, other)| {
            one.used_as = format!("{}; by trees: {}", one.used_as, other.used_as);
        });
        let learned = Learned::Blend(BlendBody { logistic, trees });
        Ok(Fresh { family: FAMILY, learned, columns, own_limits: vec![SHARED_PARTS], l2: self.logistic.l2 })
    }
}

/// A regression and trees, ready to score together.
#[derive(Clone, Debug)]
pub struct BlendModel {
    version: ModelVersion,
    logistic: LogisticModel,
    trees: TreeModel,
}

impl BlendModel {
    /// Reads a model from the bytes of its file.
    pub fn from_file(file: &[u8]) -> Result<Self, ArtifactError> {
        let Learned::Blend(body) = artifact::read(file)? else { return Err(ArtifactError::OtherFamily) };
        Ok(Self::of(body, file))
    }

    /// Returns the model a file holds.
    pub(crate) fn of(body: BlendBody, file: &[u8]) -> Self {
        let version = ModelVersion(format!("{FAMILY}-{}", Digest::of(file).short()));
        Self { version, logistic: LogisticModel::of(body.logistic, file), trees: TreeModel::of(body.trees, file) }
    }

    fn as_own(&self, mismatch: SchemaMismatch) -> SchemaMismatch {
        SchemaMismatch { model: self.version.clone(), ..mismatch }
    }

    fn blend(&self, one: RiskAssessment, other: &RiskAssessment) -> Result<RiskAssessment, SchemaMismatch> {
        let log_odds = mean(one.log_odds, other.log_odds);
        let probability = Probability::from_log_odds(log_odds)
            .map_err(|source| SchemaMismatch { model: self.version.clone(), difference: format!("customer {}: {source}", one.customer) })?;
        let both = one.reasons.iter().zip(&other.reasons);
        let reasons = both.map(|(a, b)| Reason { group: a.group, log_odds: mean(a.log_odds, b.log_odds) }).collect();
        let (base, imputed) = (mean(one.base, other.base), one.imputed.max(other.imputed));
        Ok(RiskAssessment { log_odds, probability, base, reasons, imputed, ..one })
    }
}

impl ChurnModel for BlendModel {
    fn version(&self) -> &ModelVersion {
        &self.version
    }

    fn schema(&self) -> &FeatureSchema {
        self.logistic.schema()
    }

    fn assess(&self, table: &FeatureTable, who: &[(Position, CustomerId)]) -> Result<Vec<RiskAssessment>, SchemaMismatch> {
        let one = self.logistic.assess(table, who).map_err(|mismatch| self.as_own(mismatch))?;
        let other = self.trees.assess(table, who).map_err(|mismatch| self.as_own(mismatch))?;
        one.into_iter().zip(&other).map(|(one, other)| self.blend(one, other)).collect()
    }

    fn unseen_words(&self, table: &FeatureTable) -> Result<BTreeMap<String, u64>, SchemaMismatch> {
        let mut cells = self.logistic.unseen_words(table).map_err(|mismatch| self.as_own(mismatch))?;
        for (column, count) in self.trees.unseen_words(table).map_err(|mismatch| self.as_own(mismatch))? {
            let known = cells.entry(column).or_default();
            *known = count.max(*known);
        }
        Ok(cells)
    }
}

fn mean(one: f64, other: f64) -> f64 {
    0.5 * (one + other)
}
