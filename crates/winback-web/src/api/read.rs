//! What can be asked.
use crate::auth::Ability;
use crate::guard::Visit;
use crate::list_query::ListState;
use crate::pages::customers::seed_of;
use crate::problem::{Problem, ProblemBody};
use crate::state::WebState;
use crate::strings::Strings;
use crate::view::actions::{self, ActionsView};
use crate::view::customer::{self, CustomerView};
use crate::view::customers::{self, CustomersView};
use crate::view::models::{self, ModelsView, Watched};
use crate::view::overview::{self, OverviewView};
use crate::view::strategy::{self, StrategyView};
use crate::view::thresholds::{self, ThresholdsView};
use crate::view::whatif::{self, WhatIfView};
use axum::Json;
use axum::extract::{Extension, Path, State};
use serde::Serialize;
use winback_core::defect::Defect;

type Visited = Extension<Visit>;

/// The query of the customer list, for the document.
#[derive(utoipa::IntoParams)]
#[expect(dead_code, reason = "describes the query in the document; `ListState::parse` reads it")]
pub(crate) struct ListParams {
    /// A part of the id, in any case; an exact match stands first.
    search: Option<String>,
    /// `high`, `medium` or `low`.
    level: Option<String>,
    /// `high`, `mid`, `low` or `unknown`.
    tier: Option<String>,
    /// `current` (the default without a search), `left` or `all`.
    who: Option<String>,
    /// `yes` for those who are to be contacted, `no` for those who are left alone.
    contact: Option<String>,
    /// The id of the planned offer.
    offer: Option<String>,
    /// `yes` or `no`.
    written: Option<String>,
    /// `approved` or `declined`.
    approval: Option<String>,
    /// The name of a segment, or `(none)` for those in none.
    segment: Option<String>,
    /// `probability`, `net_value`, `monthly_charge`, `id` or `position`.
    sort: Option<String>,
    /// `desc` or `asc`.
    order: Option<String>,
    /// The page, counted from 1.
    page: Option<u64>,
    /// Rows on a page, 1 to 500; 50 when not given.
    size: Option<u64>,
}

/// The page of a list, for the document.
#[derive(utoipa::IntoParams)]
#[expect(dead_code, reason = "describes the query in the document; `ListState::parse` reads it")]
pub(crate) struct PageParams {
    /// The page, counted from 1.
    page: Option<u64>,
    /// Rows on a page, 1 to 500; 50 when not given.
    size: Option<u64>,
}

/// Returns the portfolio at a glance.
#[utoipa::path(get, path = "/overview", responses((status = 200, body = OverviewView), (status = 404, body = ProblemBody)))]
pub(crate) async fn overview(State(state): State<WebState>, visit: Visited) -> Result<Json<OverviewView>, Problem> {
    let context = state.context().await?;
    Ok(Json(overview::read(&state, &context, Strings::of(visit.locale)).await?))
}

/// Returns a page of the customer list; a page behind the end becomes the last one.
#[utoipa::path(get, path = "/customers", params(ListParams), responses((status = 200, body = CustomersView), (status = 400, body = ProblemBody)))]
pub(crate) async fn customers(State(state): State<WebState>, visit: Visited) -> Result<Json<CustomersView>, Problem> {
    let context = state.context().await?;
    let list = ListState::parse(&visit.query)?;
    Ok(Json(customers::read(&state, &context, &list, Strings::of(visit.locale)).await?))
}

/// Returns everything about one customer; for an id that is not there, the nearest ids.
#[utoipa::path(get, path = "/customers/{id}", params(("id" = String, Path, description = "The id as the CRM gave it, percent-encoded")),
    responses((status = 200, body = CustomerView), (status = 404, body = ProblemBody)))]
pub(crate) async fn customer(State(state): State<WebState>, Path(id): Path<String>, visit: Visited) -> Result<Json<CustomerView>, Problem> {
    let context = state.context().await?;
    let file = customer::file(&state, &context, &id).await?;
    Ok(Json(customer::view(&context, &file, Strings::of(visit.locale))?))
}

/// Returns which offers of the catalogue would bring a customer under a line, priced and scored again by the model, and
/// what becomes of a combination of them. `cheapest` is null where no action suffices.
#[utoipa::path(get, path = "/customers/{id}/whatif", params(("id" = String, Path, description = "The id as the CRM gave it, percent-encoded"),
    ("under" = Option<f64>, Query, description = "The probability to get under, above 0 and up to 1; where the risk becomes medium when not given"),
    ("offer" = Option<Vec<String>>, Query, description = "Offers to see together, named once each")),
    responses((status = 200, body = WhatIfView), (status = 400, body = ProblemBody), (status = 404, body = ProblemBody),
    (status = 503, description = "The model that scored the run cannot be loaded", body = ProblemBody)))]
pub(crate) async fn what_if(State(state): State<WebState>, Path(id): Path<String>, visit: Visited) -> Result<Json<WhatIfView>, Problem> {
    let context = state.context().await?;
    let file = customer::file(&state, &context, &id).await?;
    Ok(Json(whatif::read(&state, &context, &file, &visit, Strings::of(visit.locale)).await?))
}

/// A customer drawn at random.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct RandomView {
    /// The customer's id.
    id: String,
    /// The seed; the same seed and filter draw the same customer.
    seed: u64,
}

/// Draws one customer uniformly from those the filter leaves.
#[utoipa::path(get, path = "/random", params(ListParams, ("seed" = Option<u64>, Query, description = "Repeats a draw")),
    responses((status = 200, body = RandomView), (status = 404, description = "The filter leaves nobody", body = ProblemBody)))]
pub(crate) async fn random(State(state): State<WebState>, visit: Visited) -> Result<Json<RandomView>, Problem> {
    let context = state.context().await?;
    let list = ListState::parse(&visit.query)?;
    let seed = seed_of(&state, visit.param("seed"))?;
    let drawn = state.store.random(context.run.id, &list.filter, seed).await?.ok_or(Problem::NobodyMatches)?;
    Ok(Json(RandomView { id: drawn.to_string(), seed }))
}

/// Returns the strategy: value × reason × risk → rule → offers.
#[utoipa::path(get, path = "/strategy", responses((status = 200, body = StrategyView), (status = 404, body = ProblemBody)))]
pub(crate) async fn strategy(State(state): State<WebState>, visit: Visited) -> Result<Json<StrategyView>, Problem> {
    let context = state.context().await?;
    Ok(Json(strategy::view(&context, Strings::of(visit.locale))?))
}

/// Returns the model's card as it was stored beside the model.
#[utoipa::path(get, path = "/model", responses((status = 200, body = serde_json::Value), (status = 404, body = ProblemBody)))]
pub(crate) async fn model(State(state): State<WebState>) -> Result<Json<serde_json::Value>, Problem> {
    Ok(Json(state.context().await?.card.as_ref().clone()))
}

/// Returns the models of the folder with their main measures, the one that scored the run shown first.
#[utoipa::path(get, path = "/models", responses((status = 200, body = ModelsView), (status = 404, body = ProblemBody)))]
pub(crate) async fn models(State(state): State<WebState>) -> Result<Json<ModelsView>, Problem> {
    Ok(Json(models::read(&state, &*state.context().await?).await?))
}

/// Returns what the run shown keeps of its model: `fairness`, the scores if nothing but a trait were different, and
/// `drift`, how the customers moved from those of an earlier run. Either is null where it was not measured.
#[utoipa::path(get, path = "/model/watch", responses((status = 200, body = serde_json::Value), (status = 404, body = ProblemBody)))]
pub(crate) async fn model_watch(State(state): State<WebState>) -> Result<Json<Watched>, Problem> {
    Ok(Json(models::watched(&*state.context().await?)?))
}

/// Returns how many customers would change their risk level under other thresholds.
#[utoipa::path(get, path = "/thresholds", params(("medium" = Option<f64>, Query), ("high" = Option<f64>, Query)),
    responses((status = 200, body = ThresholdsView), (status = 400, body = ProblemBody)))]
pub(crate) async fn thresholds(State(state): State<WebState>, visit: Visited) -> Result<Json<ThresholdsView>, Problem> {
    visit.need(Ability::PreviewThresholds)?;
    let context = state.context().await?;
    let tried = thresholds::parse(&context, visit.param("medium"), visit.param("high"))?;
    Ok(Json(thresholds::read(&state, &context, &tried, Strings::of(visit.locale)).await?))
}

/// What was wrong with a row of the file.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct DefectView {
    /// The line on which the row begins, counted from 1.
    line: u64,
    /// The column, counted from 1.
    column: Option<u32>,
    /// The column's name.
    column_name: Option<String>,
    /// The kind, in snake_case.
    #[schema(value_type = String)]
    problem: winback_core::defect::Problem,
    /// `row_rejected`, `cell_changed` or `noted`.
    #[schema(value_type = String)]
    outcome: winback_core::defect::Outcome,
    /// What was expected, what class of value was found and what to do; never the value.
    detail: String,
}

impl From<Defect> for DefectView {
    fn from(defect: Defect) -> Self {
        let Defect { line, column, column_name, problem, outcome, detail } = defect;
        Self { line, column, column_name, problem, outcome, detail }
    }
}

/// Returns a page of what was wrong with rows of the file, in order of line.
#[utoipa::path(get, path = "/data/defects", params(PageParams), responses((status = 200, body = Vec<DefectView>), (status = 404, body = ProblemBody)))]
pub(crate) async fn defects(State(state): State<WebState>, visit: Visited) -> Result<Json<Vec<DefectView>>, Problem> {
    let context = state.context().await?;
    let list = ListState::parse(&visit.query)?;
    let defects = state.store.defects(context.run.id, (list.page - 1) * list.size, list.size).await?;
    Ok(Json(defects.into_iter().map(DefectView::from).collect()))
}

/// Returns a page of the approved actions: customer, offer, cost, owner, due date, expected net value.
#[utoipa::path(get, path = "/actions", params(PageParams), responses((status = 200, body = ActionsView), (status = 404, body = ProblemBody)))]
pub(crate) async fn actions(State(state): State<WebState>, visit: Visited) -> Result<Json<ActionsView>, Problem> {
    let context = state.context().await?;
    let list = ListState::parse(&visit.query)?;
    Ok(Json(actions::read(&state, &context, list.page, list.size, Strings::of(visit.locale)).await?))
}
