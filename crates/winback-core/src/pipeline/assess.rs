//! `assess`: customers become assessments with reasons. One customer or a
//! million, the same function scores them.
use crate::agents::churn_reasoning::{self, CauseSummary};
use crate::agents::data_analyst::{self, AnalystError, AnalystInput, RiskSummary};
use crate::customer::Customer;
use crate::drift::RunDrift;
use crate::drift::profile::Profile;
use crate::fairness::FlipReport;
use crate::feature::{FeatureSchema, TooManyLevels, UnknownGroup, features};
use crate::id::{Position, RunId};
use crate::model::{ChurnModel, NotProbabilities, SchemaMismatch};
use crate::peer::PeerTable;
use crate::pipeline::import::PAGE_ROWS;
use crate::pipeline::sample::{Draw, Sample};
use crate::progress::{Progress, Work};
use crate::risk::{ModelVersion, RiskAssessment, RiskLevel, RiskThresholds, ValueBounds};
use crate::schema::TableSchema;
use crate::segment::assign::Segmenter;
use crate::store::{Standing, Store, StoreError};
use futures_util::future::join;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What customers are assessed with.
#[derive(Clone)]
pub struct Assessor<'a> {
    /// The table.
    pub table: &'a TableSchema,
    /// The features and reasons.
    pub features: &'a Arc<FeatureSchema>,
    /// The model.
    pub model: &'a dyn ChurnModel,
    /// The risk thresholds.
    pub thresholds: RiskThresholds,
    /// The value bounds.
    pub bounds: ValueBounds,
    /// The segments.
    pub segmenter: &'a Segmenter,
    /// The day from which segments count; see [`day_of`](crate::pipeline::segment::day_of).
    pub day: Date,
}

/// What an assessment of a portfolio did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssessReport {
    /// Customers assessed.
    pub assessed: u64,
    /// Of them, by risk level.
    pub levels: BTreeMap<RiskLevel, u64>,
    /// Of them, customers without a value tier.
    pub without_tier: u64,
    /// Of them, customers of whom some feature was empty.
    pub imputed: u64,
    /// Cells whose word the model learned nothing of, by column; they count as a rare word, or like the average customer's.
    #[serde(default)]
    pub unseen_words: BTreeMap<String, u64>,
}

/// What the assess stage keeps with a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AssessStage {
    /// What became of the customers.
    #[serde(flatten)]
    pub customers: AssessReport,
    /// What the scores would be if nothing but a trait were different; `None` for runs of before it was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fairness: Option<FlipReport>,
    /// Why that could not be measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fairness_failed: Option<String>,
    /// What the customers look like, for later runs to be compared with; `None` for runs of before it was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<Profile>,
    /// How the customers moved from those of an earlier run; `None` where there is none to compare with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drift: Option<RunDrift>,
    /// Why they could not be compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drift_failed: Option<String>,
}

/// Why customers could not be assessed.
#[derive(Debug, thiserror::Error)]
pub enum AssessError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The model knows other columns.
    #[error(transparent)]
    Schema(#[from] SchemaMismatch),
    /// The model's scores are no probabilities.
    #[error(transparent)]
    NotProbabilities(#[from] NotProbabilities),
    /// A category has too many words.
    #[error(transparent)]
    TooManyLevels(#[from] TooManyLevels),
    /// The model gave a reason that the features do not have.
    #[error(transparent)]
    Group(#[from] UnknownGroup),
}

/// Assesses every customer of a run that has no assessment yet, a page a transaction.
pub async fn assess(run: RunId, assessor: &Assessor<'_>, store: &dyn Store, progress: &dyn Progress) -> Result<AssessReport, AssessError> {
    Ok(assess_and_draw(run, assessor, (0, 0), (store, progress)).await?.0)
}

/// Does the same and returns a [`sample`](crate::pipeline::sample::sample) of the whole run, drawn out of the pages as they pass, so
/// that no customer is read a second time for it.
pub async fn assess_and_draw(
    run: RunId,
    assessor: &Assessor<'_>,
    (most, seed): (usize, u64),
    (store, progress): (&dyn Store, &dyn Progress),
) -> Result<(AssessReport, Sample), AssessError> {
    assessor.model.check_probabilities()?;
    let done = store.progress(run).await?;
    let mut draw = Draw::new((assessor.table, assessor.features), (most, seed), done.customers);
    let mut report = recount((run, done.assessed), assessor, store, &mut draw).await?;
    progress.begin(Work::Assess, Some(done.customers - done.assessed));
    let mut from = done.assessed;
    let mut next = page(run, assessor, store, from).await?;
    while !next.is_empty() {
        from += next.len() as u64;
        draw.look(&next)?;
        let (standings, unseen) = assessor.look(&next)?;
        let (saved, loaded) = join(store.save_assessments(run, &standings), page(run, assessor, store, from)).await;
        saved?;
        standings.iter().for_each(|standing| report.count(standing));
        report.add_unseen(unseen);
        progress.advance(standings.len() as u64);
        next = loaded?;
    }
    progress.done();
    Ok((report, draw.finish()))
}

/// Returns the report of the assessments that a broken-off run has stored.
async fn recount(
    (run, assessed): (RunId, u64),
    assessor: &Assessor<'_>,
    store: &dyn Store,
    draw: &mut Draw<'_>,
) -> Result<AssessReport, AssessError> {
    let mut report = AssessReport::default();
    while report.assessed < assessed {
        let from = Position(u32::try_from(report.assessed).unwrap_or(u32::MAX));
        let standings = store.assessments(run, from, PAGE_ROWS as u64).await?;
        if standings.is_empty() {
            break;
        }
        let customers = store.customers(run, assessor.table, from, standings.len() as u64).await?;
        draw.look(&customers)?;
        report.add_unseen(assessor.model.unseen_words(&features(assessor.table, assessor.features, &customers)?)?);
        standings.iter().for_each(|standing| report.count(standing));
    }
    Ok(report)
}

async fn page(run: RunId, assessor: &Assessor<'_>, store: &dyn Store, from: u64) -> Result<Vec<Customer>, StoreError> {
    let from = Position(u32::try_from(from).unwrap_or(u32::MAX));
    store.customers(run, assessor.table, from, PAGE_ROWS as u64).await
}

impl AssessReport {
    fn count(&mut self, standing: &Standing) {
        self.assessed += 1;
        *self.levels.entry(standing.level).or_default() += 1;
        self.without_tier += u64::from(standing.tier.is_none());
        self.imputed += u64::from(standing.assessment.imputed > 0);
    }

    fn add_unseen(&mut self, unseen: BTreeMap<String, u64>) {
        for (column, cells) in unseen {
            *self.unseen_words.entry(column).or_default() += cells;
        }
    }
}

impl Assessor<'_> {
    /// Returns where each customer stands, in the same order.
    pub fn stand(&self, customers: &[Customer]) -> Result<Vec<Standing>, AssessError> {
        Ok(self.look(customers)?.0)
    }

    /// Returns where each customer stands, and the cells whose words the model learned nothing of, by column.
    fn look(&self, customers: &[Customer]) -> Result<(Vec<Standing>, BTreeMap<String, u64>), AssessError> {
        self.model.check_probabilities()?;
        let table = features(self.table, self.features, customers)?;
        let who: Vec<_> = customers.iter().map(|customer| (customer.position, customer.id.clone())).collect();
        let (assessments, unseen) = (self.model.assess(&table, &who)?, self.model.unseen_words(&table)?);
        let standings = customers.iter().zip(assessments).map(|(customer, assessment)| self.standing(customer, assessment));
        Ok((standings.collect::<Result<_, _>>()?, unseen))
    }

    fn standing(&self, customer: &Customer, assessment: RiskAssessment) -> Result<Standing, UnknownGroup> {
        let charge = customer.monthly_charge(self.table);
        Ok(Standing {
            level: self.thresholds.level(assessment.probability),
            tier: customer.tier(self.table, &self.bounds).ok(),
            monthly_minor: charge.map(|money| money.minor),
            main_group: churn_reasoning::main_group(&assessment.points(), self.features)?,
            segment: self.segmenter.assign(customer, self.day).segment,
            assessment,
        })
    }
}

/// Everything the first two agents say of one customer.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// The data analyst's summary.
    pub risk: RiskSummary,
    /// Churn reasoning's summary.
    pub causes: CauseSummary,
}

/// What a stored assessment is explained with.
pub struct Explainer<'a> {
    /// The table.
    pub table: &'a TableSchema,
    /// The features and reasons.
    pub features: &'a FeatureSchema,
    /// What is usual among peers.
    pub peers: &'a PeerTable,
    /// The model that scored.
    pub model: &'a ModelVersion,
    /// The risk thresholds.
    pub thresholds: RiskThresholds,
    /// The value bounds.
    pub bounds: ValueBounds,
}

impl Explainer<'_> {
    /// Returns what the data analyst and churn reasoning say of a stored assessment.
    pub fn explain(&self, customer: &Customer, assessment: &RiskAssessment) -> Result<Explanation, AnalystError> {
        let risk = data_analyst::analyse(&AnalystInput::gather(self, customer, assessment)?)?;
        let causes = churn_reasoning::reason(&risk);
        Ok(Explanation { risk, causes })
    }
}
