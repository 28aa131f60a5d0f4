//! What can be changed: decisions, and messages written on demand.
use crate::auth::Ability;
use crate::guard::Visit;
use crate::list_query::{APPROVALS, MAX_SIZE, one_of};
use crate::pages::decide;
use crate::problem::{Problem, ProblemBody};
use crate::state::WebState;
use crate::strings::Strings;
use crate::view::customer::{self, CustomerView};
use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Extension, State};
use serde::{Deserialize, Serialize};

/// A decision about planned actions.
#[derive(Deserialize, utoipa::ToSchema)]
pub(crate) struct DecisionRequest {
    /// The ids of the customers, at most 500.
    customers: Vec<String>,
    /// `approved` or `declined`.
    state: String,
}

/// What became of a decision.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct DecisionResult {
    /// Actions decided.
    decided: u64,
    /// Customers who are to be left alone, so that there was nothing to decide.
    left_alone: u64,
}

/// Names a customer.
#[derive(Deserialize, utoipa::ToSchema)]
pub(crate) struct WriteRequest {
    /// The customer's id.
    customer: String,
}

/// Returns the body of a request, or the problem that it cannot be read.
pub(super) fn body<T>(body: Result<Json<T>, JsonRejection>) -> Result<T, Problem> {
    body.map(|Json(value)| value).map_err(|rejection| Problem::BadBody { detail: rejection.body_text() })
}

/// Approves or declines planned actions. A later decision replaces an earlier one, so repeating a request is safe.
/// When one id is unknown, nothing is decided.
#[utoipa::path(post, path = "/decisions", request_body = DecisionRequest, responses((status = 200, body = DecisionResult),
    (status = 400, body = ProblemBody), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody)))]
pub(crate) async fn decide(
    State(state): State<WebState>,
    visit: Extension<Visit>,
    request: Result<Json<DecisionRequest>, JsonRejection>,
) -> Result<Json<DecisionResult>, Problem> {
    let request = body(request)?;
    let to = one_of("state", &request.state, &APPROVALS)?;
    if request.customers.len() as u64 > MAX_SIZE {
        return Err(Problem::BadBody { detail: format!("more than {MAX_SIZE} customers in one request; send them in parts") });
    }
    let context = state.context().await?;
    let decided = decide::decide(&state, &context, &visit, &request.customers, to).await?;
    Ok(Json(DecisionResult { decided: decided.decided, left_alone: decided.left_alone }))
}

/// Writes for one customer now, in every language, and returns the customer with the messages.
#[utoipa::path(post, path = "/messages", request_body = WriteRequest,
    responses((status = 200, body = CustomerView), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody)))]
pub(crate) async fn write(
    State(state): State<WebState>,
    visit: Extension<Visit>,
    request: Result<Json<WriteRequest>, JsonRejection>,
) -> Result<Json<CustomerView>, Problem> {
    visit.need(Ability::Write)?;
    let request = body(request)?;
    let context = state.context().await?;
    let mut file = customer::file(&state, &context, &request.customer).await?;
    file.writings = state.desk.write_now(&context, file.customer.position).await?;
    Ok(Json(customer::view(&context, &file, Strings::of(visit.locale))?))
}
