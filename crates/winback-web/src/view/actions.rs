//! The list of approved actions: what is to be done, by whom, until when, at what cost.
use super::{Amount, Named};
use crate::problem::Problem;
use crate::state::WebState;
use crate::strings::Strings;
use crate::words;
use serde::Serialize;
use winback_core::campaign::{Approval, ApprovalState, CampaignPlan};
use winback_core::id::Position;
use winback_core::portfolio::Context;

/// A page of the approved actions.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct ActionsView {
    /// How many actions are approved.
    pub total: u64,
    /// The page, counted from 1.
    pub page: u64,
    /// Actions on a page.
    pub size: u64,
    /// The actions in the order of the file.
    pub actions: Vec<ActionView>,
}

/// One approved action.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct ActionView {
    /// The customer's id.
    pub customer: String,
    /// The offer; absent for a contact without an offer.
    pub offer: Option<Named>,
    /// What it costs if taken.
    pub cost: Option<Amount>,
    /// What it is expected to bring net, as assumed.
    pub net: Option<Amount>,
    /// Who is to do it.
    pub owner: String,
    /// The day by which it is to be done (YYYY-MM-DD).
    pub due: Option<String>,
    /// Who approved it.
    pub approved_by: String,
    /// When (RFC 3339).
    pub approved_at: String,
}

pub(crate) async fn read(state: &WebState, context: &Context, page: u64, size: u64, s: &Strings) -> Result<ActionsView, Problem> {
    let decisions = state.store.decisions(context.run.id, ApprovalState::Approved).await?;
    let skip = usize::try_from((page - 1).saturating_mul(size)).unwrap_or(usize::MAX);
    let take = usize::try_from(size).unwrap_or(usize::MAX);
    let mut actions = Vec::new();
    for approval in decisions.iter().skip(skip).take(take) {
        if let Some(plan) = plan_at(state, context, approval.position).await? {
            actions.push(action(context, approval, &plan, s));
        }
    }
    Ok(ActionsView { total: decisions.len() as u64, page, size, actions })
}

/// Returns the plan for one customer.
pub(crate) async fn plan_at(state: &WebState, context: &Context, position: Position) -> Result<Option<CampaignPlan>, Problem> {
    let plans = state.store.plans(context.run.id, position, 1).await?;
    Ok(plans.into_iter().find(|plan| plan.position == position))
}

fn action(context: &Context, approval: &Approval, plan: &CampaignPlan, s: &Strings) -> ActionView {
    let choice = plan.decision.choice();
    ActionView {
        customer: plan.customer.to_string(),
        offer: choice.map(|choice| Named::new(&choice.offer.0, &words::offer_name(context, &choice.offer, s.locale))),
        cost: choice.map(|choice| Amount::spent(context, choice.cost_minor)),
        net: choice.map(|choice| Amount::spent(context, choice.effect.net_minor)),
        owner: plan.owner.get(s.locale).clone(),
        due: plan.due.map(|due| due.to_string()),
        approved_by: approval.by.clone(),
        approved_at: approval.at.to_string(),
    }
}
