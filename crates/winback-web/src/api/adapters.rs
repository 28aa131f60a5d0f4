//! The adapters of each segment: the same views as on their pages.
use super::change::body;
use crate::auth::Ability;
use crate::guard::Visit;
use crate::list_query::{ListState, one_of};
use crate::pages::adapters::CHOICES;
use crate::pages::customers::seed_of;
use crate::problem::{Problem, ProblemBody};
use crate::state::WebState;
use crate::strings::Strings;
use crate::view::adapters::ballot::{self, BallotView, RevealedView, Sent};
use crate::view::adapters::evaluation::{self, EvaluationView};
use crate::view::adapters::mails::{self, MailsView};
use crate::view::adapters::{self, AdaptersView};
use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Extension, Path, State};
use serde::Deserialize;

type Visited = Extension<Visit>;
type Named = Path<(String, String)>;

/// The names in an address, for the document.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "describes the address in the document")]
pub(crate) struct VersionParams {
    /// The segment, percent-encoded; `shared` for the adapter that learned from the examples of all.
    segment: String,
    /// The version: `v1`.
    version: String,
}

/// A vote on the pair of mails that was drawn.
#[derive(Deserialize, utoipa::ToSchema)]
pub(crate) struct VoteRequest {
    /// The customer, as the pair names them.
    customer: String,
    /// What the pair was drawn by.
    seed: u64,
    /// What names the pair, as it was drawn.
    ballot: String,
    /// `left`, `right` or `neither`.
    choice: String,
}

/// Returns the adapters of every segment: versions, how they learned, the newest evaluation's figures, what people chose.
#[utoipa::path(get, path = "/adapters", responses((status = 200, body = AdaptersView)))]
pub(crate) async fn all(State(state): State<WebState>, visit: Visited) -> Result<Json<AdaptersView>, Problem> {
    Ok(Json(adapters::read(&state, Strings::of(visit.locale)).await?))
}

/// Returns what the evaluation of a version found, what the gate says of it, and what people chose.
#[utoipa::path(get, path = "/adapters/{segment}/{version}", params(VersionParams),
    responses((status = 200, body = EvaluationView), (status = 404, body = ProblemBody)))]
pub(crate) async fn evaluation(
    State(state): State<WebState>,
    Path((segment, version)): Named,
    visit: Visited,
) -> Result<Json<EvaluationView>, Problem> {
    let s = Strings::of(visit.locale);
    let of = adapters::found(&state, &segment, &version).await?;
    let (context, votes) = (state.desk.context().await?, state.gallery.votes().await?);
    let segment = adapters::segment_name(&of.card.segment, context.as_ref(), s);
    Ok(Json(evaluation::view(of.evaluated()?, &segment, &votes, s)))
}

/// Returns a page of the mails of an evaluation, each writer's side by side for a customer; with `customer`, those to one.
#[utoipa::path(get, path = "/adapters/{segment}/{version}/mails", params(VersionParams,
    ("customer" = Option<String>, Query, description = "The customer, or `line 12` where the examples name none"),
    ("page" = Option<u64>, Query, description = "The page, counted from 1"),
    ("size" = Option<u64>, Query, description = "Customers on a page, 1 to 500; 50 when not given")),
    responses((status = 200, body = MailsView), (status = 400, body = ProblemBody), (status = 404, body = ProblemBody)))]
pub(crate) async fn mails(
    State(state): State<WebState>,
    Path((segment, version)): Named,
    visit: Visited,
) -> Result<Json<MailsView>, Problem> {
    let s = Strings::of(visit.locale);
    let of = adapters::found(&state, &segment, &version).await?;
    let found = of.evaluated()?;
    let customer = visit.param("customer");
    if !customer.trim().is_empty() {
        let place = mails::place(found, customer)?;
        return Ok(Json(mails::page(found, place + 1, 1, s)));
    }
    let list = ListState::parse(&visit.query)?;
    Ok(Json(mails::page(found, list.page, list.size, s)))
}

/// Draws two mails to one customer, of those pairs that the fewest have voted on, without telling who wrote which.
#[utoipa::path(get, path = "/adapters/{segment}/{version}/vote", params(VersionParams, ("seed" = Option<u64>, Query, description = "Repeats a draw")),
    responses((status = 200, body = BallotView), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody)))]
pub(crate) async fn draw(
    State(state): State<WebState>,
    Path((segment, version)): Named,
    visit: Visited,
) -> Result<Json<BallotView>, Problem> {
    visit.need(Ability::Write)?;
    let seed = seed_of(&state, visit.param("seed"))?;
    let of = adapters::found(&state, &segment, &version).await?;
    let votes = state.gallery.votes().await?;
    ballot::next(of.evaluated()?, &votes, seed, Strings::of(visit.locale)).map(Json).ok_or(Problem::NothingToChoose)
}

/// Keeps a vote on a pair that was drawn, and tells who wrote which. The same pair sent twice counts once.
#[utoipa::path(post, path = "/adapters/{segment}/{version}/vote", params(VersionParams), request_body = VoteRequest,
    responses((status = 200, body = RevealedView), (status = 400, body = ProblemBody), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody),
    (status = 409, description = "The pair has been voted on since it was drawn", body = ProblemBody)))]
pub(crate) async fn vote(
    State(state): State<WebState>,
    Path((segment, version)): Named,
    visit: Visited,
    request: Result<Json<VoteRequest>, JsonRejection>,
) -> Result<Json<RevealedView>, Problem> {
    visit.need(Ability::Write)?;
    let request = body(request)?;
    let choice = one_of("choice", &request.choice, &CHOICES)?;
    let of = adapters::found(&state, &segment, &version).await?;
    let sent = Sent { customer: &request.customer, seed: &request.seed.to_string(), ballot: &request.ballot };
    Ok(Json(ballot::vote(&state, &of, &sent, choice, Strings::of(visit.locale)).await?))
}
