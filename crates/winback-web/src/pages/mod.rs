//! The pages. Each file holds one page: what it reads and its template.
pub(crate) mod adapters;
mod customer;
pub(crate) mod customers;
mod data;
pub(crate) mod decide;
mod model;
mod overview;
pub(crate) mod problem;
mod sign_in;
mod strategy;
mod thresholds;

use crate::assets;
use crate::auth::Ability;
use crate::guard::Visit;
use crate::problem::Problem;
use crate::state::WebState;
use crate::strings::{Strings, fill};
use crate::url;
use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use std::sync::Arc;
use winback_core::locale::Locale;
use winback_core::portfolio::Context;

pub(crate) fn router() -> Router<WebState> {
    Router::new()
        .route("/", get(overview::show))
        .route("/customers", get(customers::show))
        .route("/customers/decide", post(decide::many))
        .route("/random", get(customers::random))
        .route("/customers/{id}", get(customer::show))
        .route("/customer", get(customer::show_by_query))
        .route("/mail", get(customer::mail))
        .route("/call", get(customer::call))
        .route("/decide", post(decide::one))
        .route("/write", post(decide::write))
        .route("/strategy", get(strategy::show))
        .route("/model", get(model::show))
        .route("/adapters", get(adapters::show))
        .route("/adapters/{segment}/{version}", get(adapters::version))
        .route("/adapters/{segment}/{version}/random", get(adapters::random))
        .route("/adapters/{segment}/{version}/vote", get(adapters::ballot).post(adapters::vote))
        .route("/thresholds", get(thresholds::show))
        .route("/data", get(data::show))
        .route("/health", get(async || "ok\n"))
        .route("/sign-in", get(sign_in::show).post(sign_in::enter))
        .route("/sign-out", post(sign_in::leave))
}

/// What the frame around every page needs.
pub(crate) struct Page {
    pub s: &'static Strings,
    pub languages: Vec<Link>,
    pub nav: Vec<Link>,
    /// Whether the portfolio is a generated sample.
    pub sample: bool,
    pub person: Option<String>,
    pub may_write: bool,
    pub may_approve: bool,
    /// What the action before came to.
    pub notice: Option<String>,
    /// This page's address, for coming back to it.
    pub here: String,
    pub css: &'static str,
    pub js: &'static str,
    pub icon: &'static str,
}

/// A link of the frame.
pub(crate) struct Link {
    pub href: String,
    pub label: &'static str,
    pub lang: &'static str,
    pub current: bool,
}

impl Page {
    pub(crate) fn new(visit: &Visit, context: Option<&Context>) -> Self {
        let s = Strings::of(visit.locale);
        Self {
            s,
            languages: Locale::ALL.into_iter().map(|locale| language_link(visit, locale, s)).collect(),
            nav: nav(visit, s),
            sample: context.is_some_and(|context| context.sample),
            person: visit.person.as_ref().map(|(name, _)| name.clone()),
            may_write: visit.may(Ability::Write),
            may_approve: visit.may(Ability::Approve),
            notice: notice(visit, s),
            here: address(visit, &["lang", "done", "n", "left"], None),
            css: assets::css(),
            js: assets::js(),
            icon: assets::icon(),
        }
    }
}

fn language_link(visit: &Visit, locale: Locale, s: &Strings) -> Link {
    let href = address(visit, &["lang", "done", "n", "left"], Some(("lang", locale.tag())));
    Link { href, label: s.language(locale), lang: locale.tag(), current: locale == visit.locale }
}

/// Returns this visit's address without some parameters and with another one.
fn address(visit: &Visit, without: &[&str], with: Option<(&str, &str)>) -> String {
    let kept =
        visit.query.iter().filter(|(name, _)| !without.contains(&name.as_str())).map(|(name, value)| (name.as_str(), value.as_str()));
    let pairs: Vec<(&str, &str)> = kept.chain(with).collect();
    format!("{}{}", visit.path, url::query(&pairs))
}

fn nav(visit: &Visit, s: &'static Strings) -> Vec<Link> {
    let places = [
        ("/", s.nav_overview),
        ("/customers", s.nav_customers),
        ("/strategy", s.nav_strategy),
        ("/model", s.nav_model),
        ("/adapters", s.adapters.title),
        ("/thresholds", s.nav_thresholds),
        ("/data", s.nav_data),
    ];
    let allowed = places.into_iter().filter(|(path, _)| *path != "/thresholds" || visit.may(Ability::PreviewThresholds));
    let link = |(path, label): (&'static str, &'static str)| {
        let current = if path == "/" { visit.path == "/" } else { visit.path.starts_with(path) };
        Link { href: path.to_owned(), label, lang: "", current }
    };
    allowed.map(link).collect()
}

fn notice(visit: &Visit, s: &Strings) -> Option<String> {
    let count = |name: &str| visit.param(name).parse::<u64>().unwrap_or(0).to_string();
    let text = match visit.param("done") {
        "approved" => s.done_approved,
        "declined" => s.done_declined,
        "written" => s.done_written,
        "held" => s.done_held,
        "withheld" => s.messages_withheld,
        "none" => s.done_none,
        "voted_before" => s.adapters.voted_before,
        _ => return None,
    };
    let told = fill(text, &[("n", &count("n"))]);
    let left = count("left");
    Some(if left == "0" { told } else { format!("{told} {}", fill(s.done_left, &[("n", &left)])) })
}

/// Returns a rendered page.
pub(crate) fn render(status: StatusCode, template: &impl Template) -> Result<Response, Problem> {
    Ok((status, Html(template.render()?)).into_response())
}

/// The page before the first run.
#[derive(Template)]
#[template(path = "empty.html")]
struct EmptyPage {
    page: Page,
}

/// Returns the context, or the page that says how to make a first run.
pub(crate) async fn context_or_empty(state: &State<WebState>, visit: &Visit) -> Result<Result<Arc<Context>, Response>, Problem> {
    match state.desk.context().await? {
        Some(context) => Ok(Ok(context)),
        None => Ok(Err(render(StatusCode::OK, &EmptyPage { page: Page::new(visit, None) })?)),
    }
}
