//! The ports behind which everything is kept. A method is one transaction.
use crate::campaign::{Approval, ApprovalState, CampaignPlan};
use crate::consent::Withheld;
use crate::customer::Customer;
use crate::defect::Defect;
use crate::id::{CustomerId, Position, RunId};
use crate::locale::Locale;
use crate::message::{Finding, Message};
use crate::risk::{RiskAssessment, RiskLevel, ValueTier};
use crate::run::{Run, RunOrigin, RunProgress, StageReport};
use crate::schema::TableSchema;
use crate::segment::SegmentId;
use async_trait::async_trait;
use jiff::Timestamp;
use std::error::Error;

/// Why a store could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be opened, read or written.
    #[error("cannot {doing} the store")]
    Unavailable {
        /// `open`, `read` or `write`.
        doing: &'static str,
        /// What the database said.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// The disk is full or read-only.
    #[error("the disk that holds the store is {what}; nothing was lost, free some space or allow writing and run the same command again")]
    Disk {
        /// `full` or `read-only`.
        what: &'static str,
    },
    /// The store was made by a newer version of Winback.
    #[error("the store has the layout {found}, this program knows {known}; use the newer program")]
    Newer {
        /// The layout of the store.
        found: String,
        /// The newest layout known here.
        known: String,
    },
    /// Something stored cannot be read back.
    #[error("the store holds a damaged {what} (run {run}): {why}")]
    Damaged {
        /// `customer`, `plan`, …
        what: &'static str,
        /// The run.
        run: RunId,
        /// What is wrong with it.
        why: String,
    },
}

/// Keeps runs.
#[async_trait]
pub trait RunStore: Send + Sync {
    /// Returns the unfinished run of this origin if there is one, else begins a new run.
    async fn begin(&self, origin: &RunOrigin, now: Timestamp) -> Result<Run, StoreError>;
    /// Returns a run.
    async fn run(&self, id: RunId) -> Result<Option<Run>, StoreError>;
    /// Returns the newest runs, the newest first.
    async fn runs(&self, limit: u64) -> Result<Vec<Run>, StoreError>;
    /// Keeps the report of a finished stage, in place of an earlier one of that stage and of all later stages.
    async fn finish_stage(&self, id: RunId, report: &StageReport) -> Result<(), StoreError>;
    /// Forgets a stage and all later ones with everything they stored, so that they can be done again.
    async fn reopen(&self, id: RunId, stage: crate::run::Stage) -> Result<(), StoreError>;
    /// Returns how far a run has come, counted from what is stored.
    async fn progress(&self, id: RunId) -> Result<RunProgress, StoreError>;
    /// Deletes all runs but the newest `keep`; returns how many.
    async fn prune(&self, keep: u64) -> Result<u64, StoreError>;
}

/// A page of rows on its way into the store. Saving the same page twice changes nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CustomerPage {
    /// The accepted rows.
    pub customers: Vec<Customer>,
    /// What was wrong with rows of this page.
    pub defects: Vec<Defect>,
    /// How many rows of the file are dealt with once this page is saved.
    pub source_rows: u64,
}

/// Keeps customers.
#[async_trait]
pub trait CustomerStore: Send + Sync {
    /// Keeps a page of accepted rows and defects.
    async fn save_customers(&self, run: RunId, schema: &TableSchema, page: &CustomerPage) -> Result<(), StoreError>;
    /// Returns up to `limit` customers from a position on, in order of position.
    async fn customers(&self, run: RunId, schema: &TableSchema, from: Position, limit: u64) -> Result<Vec<Customer>, StoreError>;
    /// Returns one customer by its id.
    async fn customer(&self, run: RunId, schema: &TableSchema, id: &CustomerId) -> Result<Option<Customer>, StoreError>;
    /// Returns up to `limit` defects in order of line, leaving out the first `offset`.
    async fn defects(&self, run: RunId, offset: u64, limit: u64) -> Result<Vec<Defect>, StoreError>;
}

/// An assessment with what lists are filtered by.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// The score and its reasons.
    pub assessment: RiskAssessment,
    /// The level under the run's thresholds.
    pub level: RiskLevel,
    /// The tier under the run's bounds.
    pub tier: Option<ValueTier>,
    /// The monthly charge in minor units.
    pub monthly_minor: Option<i64>,
    /// The group of the main reason; `None` without a dominant one.
    pub main_group: Option<u16>,
    /// The segment under the run's rules on the day it began; `None` for a customer in none.
    pub segment: Option<SegmentId>,
}

/// Keeps assessments.
#[async_trait]
pub trait AssessmentStore: Send + Sync {
    /// Keeps assessments, in place of earlier ones of the same customers.
    async fn save_assessments(&self, run: RunId, page: &[Standing]) -> Result<(), StoreError>;
    /// Returns up to `limit` assessments from a position on, in order of position.
    async fn assessments(&self, run: RunId, from: Position, limit: u64) -> Result<Vec<Standing>, StoreError>;
}

/// Keeps plans and what people decided about them.
#[async_trait]
pub trait CampaignStore: Send + Sync {
    /// Keeps plans, in place of earlier ones of the same customers.
    async fn save_plans(&self, run: RunId, page: &[CampaignPlan]) -> Result<(), StoreError>;
    /// Returns up to `limit` plans from a position on, in order of position.
    async fn plans(&self, run: RunId, from: Position, limit: u64) -> Result<Vec<CampaignPlan>, StoreError>;
    /// Returns the customers most worth contacting: those with an offer by expected net value, the highest first
    /// (ties by position), then service contacts by probability.
    async fn best(&self, run: RunId, limit: u64) -> Result<Vec<Position>, StoreError>;
    /// Keeps a person's decisions; a later one replaces an earlier one.
    async fn decide(&self, run: RunId, decisions: &[Approval]) -> Result<(), StoreError>;
    /// Returns the decisions in a state, in order of position.
    async fn decisions(&self, run: RunId, state: ApprovalState) -> Result<Vec<Approval>, StoreError>;
}

/// What writing for one customer in one language came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Writing {
    /// The customer's place in the run.
    pub position: Position,
    /// The customer.
    pub customer: CustomerId,
    /// The language.
    pub locale: Locale,
    /// The messages that passed review, at most one a channel.
    pub messages: Vec<Message>,
    /// What kept the other channels back.
    pub findings: Vec<Finding>,
    /// The channels that are not written for, for want of consent or address.
    pub withheld: Vec<Withheld>,
}

/// Keeps messages.
#[async_trait]
pub trait MessageStore: Send + Sync {
    /// Keeps what writing came to, in place of earlier ones of the same customer and language.
    async fn save_writings(&self, run: RunId, page: &[Writing]) -> Result<(), StoreError>;
    /// Returns what writing for one customer came to, in the order of [`Locale::ALL`].
    async fn writings(&self, run: RunId, position: Position) -> Result<Vec<Writing>, StoreError>;
    /// Returns which of these customers have been written for in every one of these languages.
    async fn written(&self, run: RunId, among: &[Position], locales: &[Locale]) -> Result<Vec<Position>, StoreError>;
}

/// Everything a store keeps.
pub trait Store: RunStore + CustomerStore + AssessmentStore + CampaignStore + MessageStore + crate::portfolio::PortfolioReader {}
impl<T: RunStore + CustomerStore + AssessmentStore + CampaignStore + MessageStore + crate::portfolio::PortfolioReader> Store for T {}
