//! Approving, declining and writing: the only pages that change anything.
use crate::auth::Ability;
use crate::guard::Visit;
use crate::problem::Problem;
use crate::state::WebState;
use crate::url;
use crate::view::{actions, customer};
use axum::extract::{Extension, Form, State};
use axum::response::{IntoResponse, Redirect, Response};
use winback_core::campaign::{Approval, ApprovalState};
use winback_core::portfolio::Context;

/// What became of a batch of decisions.
pub(crate) struct Decided {
    pub decided: u64,
    /// Customers who are to be left alone, so that there is nothing to decide.
    pub left_alone: u64,
}

/// Keeps one decision for each of these customers who is to be contacted.
pub(crate) async fn decide(
    state: &WebState,
    context: &Context,
    visit: &Visit,
    ids: &[String],
    to: ApprovalState,
) -> Result<Decided, Problem> {
    visit.need(Ability::Approve)?;
    let mut approvals = Vec::new();
    for id in ids {
        let position = customer::file(state, context, id).await?.customer.position;
        if actions::plan_at(state, context, position).await?.is_some_and(|plan| plan.decision.is_contact()) {
            approvals.push(Approval { position, state: to, by: visit.name(), at: (state.clock)() });
        }
    }
    state.store.decide(context.run.id, &approvals).await?;
    Ok(Decided { decided: approvals.len() as u64, left_alone: (ids.len() - approvals.len()) as u64 })
}

/// The fields of a form.
pub(super) type Fields = Form<Vec<(String, String)>>;

/// Returns the value of a field; empty where it is absent.
pub(super) fn field<'a>(fields: &'a [(String, String)], name: &str) -> &'a str {
    fields.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str())
}

fn state_of(text: &str) -> Result<ApprovalState, Problem> {
    crate::list_query::one_of("state", text, &crate::list_query::APPROVALS)
}

/// Decides for the customer of the form.
pub(crate) async fn one(state: State<WebState>, visit: Extension<Visit>, Form(fields): Fields) -> Result<Response, Problem> {
    let to = state_of(field(&fields, "state"))?;
    let context = state.context().await?;
    let decided = decide(&state, &context, &visit, &[field(&fields, "id").to_owned()], to).await?;
    Ok(back(field(&fields, "back"), &decided, to))
}

/// Decides for the customers marked in a list, or for all of the page.
pub(crate) async fn many(state: State<WebState>, visit: Extension<Visit>, Form(fields): Fields) -> Result<Response, Problem> {
    let (to, which) = match field(&fields, "do") {
        "approve-page" => (ApprovalState::Approved, "page_id"),
        "decline-marked" => (ApprovalState::Declined, "id"),
        "approve-marked" => (ApprovalState::Approved, "id"),
        other => {
            let expected = "approve-page / approve-marked / decline-marked".to_owned();
            return Err(Problem::BadQuery { name: "do".to_owned(), value: other.to_owned(), expected });
        }
    };
    let ids: Vec<String> = fields.iter().filter(|(name, _)| name == which).map(|(_, value)| value.clone()).collect();
    let context = state.context().await?;
    let decided = decide(&state, &context, &visit, &ids, to).await?;
    Ok(back(field(&fields, "back"), &decided, to))
}

fn back(address: &str, decided: &Decided, to: ApprovalState) -> Response {
    let word = match (decided.decided, to) {
        (0, _) => "none",
        (_, ApprovalState::Approved) => "approved",
        (_, ApprovalState::Declined) => "declined",
    };
    let (n, left) = (decided.decided.to_string(), decided.left_alone.to_string());
    let left = if decided.left_alone > 0 { left.as_str() } else { "" };
    redirect(address, &[("done", word), ("n", &n), ("left", left)])
}

fn redirect(address: &str, pairs: &[(&str, &str)]) -> Response {
    let address = url::local(address);
    let query = url::query(pairs);
    let joined = if address.contains('?') { query.replacen('?', "&", 1) } else { query };
    Redirect::to(&format!("{address}{joined}")).into_response()
}

/// Has messages written for the customer of the form.
pub(crate) async fn write(state: State<WebState>, visit: Extension<Visit>, Form(fields): Fields) -> Result<Response, Problem> {
    visit.need(Ability::Write)?;
    let context = state.context().await?;
    let file = customer::file(&state, &context, field(&fields, "id")).await?;
    let writings = state.desk.write_now(&context, file.customer.position).await?;
    let done = if writings.iter().any(|writing| !writing.messages.is_empty()) {
        "written"
    } else if !writings.is_empty() && writings.iter().all(|writing| writing.findings.is_empty() && !writing.withheld.is_empty()) {
        "withheld"
    } else {
        "held"
    };
    Ok(redirect(field(&fields, "back"), &[("done", done)]))
}
