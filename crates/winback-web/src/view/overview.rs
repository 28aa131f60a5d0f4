//! The portfolio at a glance.
use super::runs::{self, OtherRunView};
use super::{Amount, Named, seconds};
use crate::problem::Problem;
use crate::state::WebState;
use crate::strings::Strings;
use crate::words;
use serde::Serialize;
use winback_core::portfolio::{Context, MatrixCell, Overview};
use winback_core::risk::{RiskLevel, ValueTier};
use winback_core::run::StageReport;

/// The portfolio at a glance.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct OverviewView {
    /// The number of the run.
    pub run: i64,
    /// The name of the file.
    pub source: String,
    /// When the run began (RFC 3339).
    pub started_at: String,
    /// The model that scored.
    pub model: String,
    /// True when the portfolio is a generated sample.
    pub sample: bool,
    /// Customers in the portfolio, those who have left included.
    pub customers: u64,
    /// Of them, customers who have left already; no other figure here counts them.
    pub departed: u64,
    /// What all customers pay a month.
    pub monthly: Amount,
    /// What is expected to be lost a month: Σ probability × monthly charge.
    pub at_risk: Amount,
    /// One row per risk level, the most serious first.
    pub matrix: Vec<MatrixRow>,
    /// Customers by probability in twentieths.
    pub histogram: Vec<u64>,
    /// Plans by offer. Costs and net values are assumptions until an experiment measures them.
    pub offers: Vec<OfferView>,
    /// Customers with a message.
    pub written: u64,
    /// Actions approved by a person.
    pub approved: u64,
    /// The stages that are done, with how long each took.
    pub stages: Vec<StageView>,
    /// The run that was worked on last, where it is not this one.
    pub other_run: Option<OtherRunView>,
}

/// A finished stage of the run.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct StageView {
    /// The stage.
    pub stage: Named,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// The same as people read it.
    pub duration: String,
}

/// The customers of one risk level.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct MatrixRow {
    /// The risk level.
    pub level: Named,
    /// One cell per value tier, the most valuable first, then the customers of unknown value.
    pub cells: Vec<MatrixCellView>,
    /// Customers of the row.
    pub customers: u64,
}

/// The customers of one risk level and value tier.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct MatrixCellView {
    /// The value tier; absent where nothing is known of what it is measured by.
    pub tier: Option<Named>,
    /// How many customers.
    pub customers: u64,
    /// What they pay a month.
    pub monthly: Amount,
}

/// How often an offer is planned.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct OfferView {
    /// The offer; absent for a contact without an offer.
    pub offer: Option<Named>,
    /// How many customers.
    pub customers: u64,
    /// What it costs if all take it.
    pub cost: Amount,
    /// What it is expected to bring net, as assumed.
    pub net: Amount,
}

pub(crate) async fn read(state: &WebState, context: &Context, s: &Strings) -> Result<OverviewView, Problem> {
    let overview = state.store.overview(context.run.id).await?;
    let other_run = runs::other(state, context, s).await?;
    Ok(view(context, &overview, other_run, s))
}

fn view(context: &Context, overview: &Overview, other_run: Option<OtherRunView>, s: &Strings) -> OverviewView {
    let unknown = overview.matrix.iter().any(|cell| cell.tier.is_none());
    let tiers: Vec<Option<ValueTier>> = ValueTier::ALL.into_iter().map(Some).chain(unknown.then_some(None)).collect();
    OverviewView {
        run: context.run.id.0,
        source: context.run.origin.source.clone(),
        started_at: context.run.started_at.to_string(),
        model: context.model.to_string(),
        sample: context.sample,
        customers: overview.customers,
        departed: overview.departed,
        monthly: Amount::paid(context, overview.monthly_minor),
        at_risk: Amount::paid(context, overview.at_risk_minor),
        matrix: RiskLevel::ALL.into_iter().map(|level| matrix_row(context, &overview.matrix, level, &tiers, s)).collect(),
        histogram: overview.histogram.clone(),
        offers: overview
            .offers
            .iter()
            .map(|count| OfferView {
                offer: count.offer.as_ref().map(|id| Named::new(&id.0, &words::offer_name(context, id, s.locale))),
                customers: count.customers,
                cost: Amount::spent(context, count.cost_minor),
                net: Amount::spent(context, count.net_minor),
            })
            .collect(),
        written: overview.written,
        approved: overview.approved,
        stages: context.run.stages.iter().map(|report| stage_view(report, s)).collect(),
        other_run,
    }
}

fn stage_view(report: &StageReport, s: &Strings) -> StageView {
    let stage = Named::new(report.stage.tag(), s.stage(report.stage));
    StageView { stage, duration_ms: report.duration_ms, duration: seconds(report.duration_ms, s) }
}

fn matrix_row(context: &Context, cells: &[MatrixCell], level: RiskLevel, tiers: &[Option<ValueTier>], s: &Strings) -> MatrixRow {
    let of = |tier: &Option<ValueTier>| cells.iter().find(|cell| cell.level == level && cell.tier == *tier);
    let cells: Vec<MatrixCellView> = tiers
        .iter()
        .map(|tier| MatrixCellView {
            tier: tier.map(|tier| Named::new(tier.tag(), s.tier(tier))),
            customers: of(tier).map_or(0, |cell| cell.customers),
            monthly: Amount::paid(context, of(tier).map_or(0, |cell| cell.monthly_minor)),
        })
        .collect();
    let customers = cells.iter().map(|cell| cell.customers).sum();
    MatrixRow { level: Named::new(level.tag(), s.level(level)), cells, customers }
}
