//! The portfolio as a manager sees it: an overview, a list, one customer.
use crate::campaign::{ApprovalState, CampaignPlan};
use crate::customer::Customer;
use crate::feature::FeatureSchema;
use crate::id::{CustomerId, Position, RunId};
use crate::locale::Locale;
use crate::message::Company;
use crate::model::ModelCard;
use crate::offer::{Catalogue, OfferId};
use crate::peer::PeerTable;
use crate::pipeline::whatif::{WhatIf, WhatIfError};
use crate::risk::{ModelVersion, RiskAssessment, RiskLevel, RiskThresholds, ValueBounds, ValueTier};
use crate::run::Run;
use crate::schema::TableSchema;
use crate::segment::SegmentId;
use crate::segment::assign::Segmenter;
use crate::store::StoreError;
use crate::store::Writing;
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What one run was made with; everything needed to show it.
#[derive(Clone, Debug)]
pub struct Context {
    /// The run.
    pub run: Run,
    /// The table.
    pub table: Arc<TableSchema>,
    /// The features and reasons.
    pub features: Arc<FeatureSchema>,
    /// The model that scored.
    pub model: ModelVersion,
    /// The model's card, as JSON.
    pub card: Arc<serde_json::Value>,
    /// What is usual among peers.
    pub peers: Arc<PeerTable>,
    /// The risk thresholds.
    pub thresholds: RiskThresholds,
    /// Who decided on the thresholds, and the day (YYYY-MM-DD), as far as the settings say; either may be empty.
    pub decided: Option<(String, String)>,
    /// The value bounds.
    pub bounds: ValueBounds,
    /// The offers and rules.
    pub catalogue: Arc<Catalogue>,
    /// Who writes.
    pub company: Arc<Company>,
    /// The segments.
    pub segmenter: Arc<Segmenter>,
    /// True when the portfolio is a generated sample.
    pub sample: bool,
}

/// Hands out the context of the newest run that can be shown.
#[async_trait]
pub trait Desk: Send + Sync {
    /// Returns the context, or `None` before the first run was assessed.
    async fn context(&self) -> Result<Option<Arc<Context>>, StoreError>;
    /// Writes for one customer now, in every language, and stores the result; returns what was stored.
    async fn write_now(&self, context: &Context, position: Position) -> Result<Vec<Writing>, StoreError>;
    /// Returns what the offers of the catalogue would change for a customer today: the way under a line, and what
    /// becomes of the offers that somebody chose. The model that scored the run scores the changed rows.
    async fn what_if(&self, context: &Arc<Context>, file: &CustomerFile, line: f64, chosen: &[OfferId]) -> Result<WhatIf, WhatIfError>;
    /// Returns the cards of all models that are kept, that of the run shown among them.
    async fn cards(&self) -> Result<Cards, StoreError>;
}

/// The cards of the models that a folder keeps.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cards {
    /// The cards, by version.
    pub cards: Vec<ModelCard>,
    /// How many cannot be read.
    pub unread: u64,
}

/// What a manager sees first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Overview {
    /// Customers in the portfolio, those who have left included.
    pub customers: u64,
    /// Of them, customers who have left already and are left alone; no other figure here counts them.
    pub departed: u64,
    /// One cell per risk level and value tier that has customers.
    pub matrix: Vec<MatrixCell>,
    /// Customers by probability in twentieths: 0–5 %, 5–10 %, …
    pub histogram: Vec<u64>,
    /// What all customers pay a month, in minor units.
    pub monthly_minor: i64,
    /// What is expected to be lost a month: Σ probability × monthly charge, in minor units.
    pub at_risk_minor: i64,
    /// Plans by offer, the most frequent first; `None` for a contact without an offer.
    pub offers: Vec<OfferCount>,
    /// Customers by segment, the greatest first, those in none last; a segment of only such as have left has 0. Empty
    /// where the run was assessed before segments were kept.
    #[serde(default)]
    pub segments: Vec<SegmentTally>,
    /// Customers with a message.
    pub written: u64,
    /// Actions approved by a person.
    pub approved: u64,
}

/// The customers of one risk level and value tier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MatrixCell {
    /// The risk level.
    pub level: RiskLevel,
    /// The value tier; `None` where nothing is known of what it is measured by.
    pub tier: Option<ValueTier>,
    /// How many customers.
    pub customers: u64,
    /// What they pay a month, in minor units.
    pub monthly_minor: i64,
}

/// How many customers a segment has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentTally {
    /// The segment; `None` for customers in none.
    pub segment: Option<SegmentId>,
    /// How many customers.
    pub customers: u64,
}

/// How often an offer is planned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfferCount {
    /// The offer; `None` for a contact without an offer.
    pub offer: Option<OfferId>,
    /// How many customers.
    pub customers: u64,
    /// What it costs if all take it, in minor units.
    pub cost_minor: i64,
    /// What it is expected to bring net, in minor units.
    pub net_minor: i64,
}

/// Which customers a list shows. It is read from an address and never kept: JSON could not tell `Some(None)` from `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// A part of the id, in any case; an exact match stands first.
    pub search: Option<String>,
    /// Only this risk level.
    pub level: Option<RiskLevel>,
    /// Only this value tier; `Some(None)` for those whose value is unknown.
    pub tier: Option<Option<ValueTier>>,
    /// Only those who are to be contacted, or only those who are left alone.
    pub contact: Option<bool>,
    /// Only those to whom this offer is planned.
    pub offer: Option<OfferId>,
    /// Only those with (or without) messages.
    pub written: Option<bool>,
    /// Only those in this state of approval.
    pub approval: Option<ApprovalState>,
    /// Only those who have left already and are left alone, or only the others.
    pub departed: Option<bool>,
    /// Only this segment; `Some(None)` for those in none.
    pub segment: Option<Option<SegmentId>>,
}

/// The order of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SortKey {
    /// By probability.
    #[default]
    Probability,
    /// By monthly charge.
    MonthlyCharge,
    /// By what the planned action is expected to bring.
    NetValue,
    /// By id.
    Id,
    /// By place in the file.
    Position,
}

/// Which part of a list is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListQuery {
    /// Which customers.
    pub filter: Filter,
    /// In which order.
    pub sort: SortKey,
    /// The greatest first.
    pub descending: bool,
    /// How many to leave out at the start.
    pub offset: u64,
    /// How many to return; a page of rows has 1 to 500.
    pub limit: u64,
}

impl Default for ListQuery {
    fn default() -> Self {
        Self { filter: Filter::default(), sort: SortKey::Probability, descending: true, offset: 0, limit: 50 }
    }
}

/// A part of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct ListPage {
    /// How many customers the filter leaves in all.
    pub total: u64,
    /// The rows asked for.
    pub rows: Vec<CustomerRow>,
}

/// One customer in a list.
#[derive(Clone, Debug, PartialEq)]
pub struct CustomerRow {
    /// The place in the run.
    pub position: Position,
    /// The id.
    pub id: CustomerId,
    /// The probability of leaving.
    pub probability: f64,
    /// The risk level.
    pub level: RiskLevel,
    /// The value tier.
    pub tier: Option<ValueTier>,
    /// The monthly charge in minor units.
    pub monthly_minor: Option<i64>,
    /// The group of the main reason; `None` without a dominant one.
    pub main_group: Option<u16>,
    /// Whether the customer is to be contacted; `None` before there is a plan.
    pub contact: Option<bool>,
    /// The planned offer.
    pub offer: Option<OfferId>,
    /// What the plan is expected to bring, in minor units; `None` without an offer.
    pub net_minor: Option<i64>,
    /// Whether the customer has left already and is left alone.
    pub departed: bool,
    /// Whether there are messages.
    pub written: bool,
    /// What a person decided.
    pub approval: Option<ApprovalState>,
    /// The segment; `None` for a customer in none, and where the run was assessed before segments were kept.
    pub segment: Option<SegmentId>,
}

/// Everything stored about one customer.
#[derive(Clone, Debug, PartialEq)]
pub struct CustomerFile {
    /// The row.
    pub customer: Customer,
    /// The score.
    pub assessment: Option<RiskAssessment>,
    /// The plan.
    pub plan: Option<CampaignPlan>,
    /// The messages, or what kept them back.
    pub writings: Vec<Writing>,
    /// What a person decided.
    pub approval: Option<ApprovalState>,
}

/// Reads portfolios for people.
#[async_trait]
pub trait PortfolioReader: Send + Sync {
    /// Returns what a manager sees first.
    async fn overview(&self, run: RunId) -> Result<Overview, StoreError>;
    /// Returns a part of the list.
    async fn list(&self, run: RunId, query: &ListQuery) -> Result<ListPage, StoreError>;
    /// Returns the places of the customers of a list, as many as the question asks for: a place is small, so the whole
    /// of a portfolio can be walked along in the order of the list without counting anew for every page.
    async fn positions(&self, run: RunId, query: &ListQuery) -> Result<Vec<Position>, StoreError>;
    /// Returns everything about one customer.
    async fn file(&self, run: RunId, id: &CustomerId, schema: &TableSchema) -> Result<Option<CustomerFile>, StoreError>;
    /// Returns one customer drawn uniformly from those the filter leaves; the same seed draws the same one.
    async fn random(&self, run: RunId, filter: &Filter, seed: u64) -> Result<Option<CustomerId>, StoreError>;
    /// Returns up to `limit` ids that come closest to a text, the closest first.
    async fn nearest_ids(&self, run: RunId, text: &str, limit: usize) -> Result<Vec<CustomerId>, StoreError>;
    /// Returns how many customers move from each level to each other under new thresholds, as (from, to, customers);
    /// those who have left already are not counted.
    async fn threshold_moves(&self, run: RunId, thresholds: &RiskThresholds) -> Result<Vec<(RiskLevel, RiskLevel, u64)>, StoreError>;
}

/// Returns the language a page or message falls back to.
pub const DEFAULT_LOCALE: Locale = Locale::En;
