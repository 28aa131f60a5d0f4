//! The strategy page: which offers for whom, without a hole.
use super::{Page, context_or_empty, render};
use crate::guard::Visit;
use crate::problem::Problem;
use crate::state::WebState;
use crate::view::strategy::{self, StrategyView};
use askama::Template;
use axum::extract::{Extension, State};
use axum::http::StatusCode;
use axum::response::Response;
use winback_core::locale::Locale;
use winback_core::offer::Rule;
use winback_core::portfolio::Context;

#[derive(Template)]
#[template(path = "strategy.html")]
struct StrategyPage {
    page: Page,
    view: StrategyView,
    rules: Vec<RuleRow>,
}

impl StrategyPage {
    /// Returns the head of the column of costs: amounts at the mid bound, where that is a monthly charge.
    fn col_cost(&self) -> &'static str {
        if self.view.offers.iter().all(|offer| offer.cost_at_mid.is_some()) { self.page.s.col_cost_mid } else { self.page.s.col_cost }
    }
}

/// A rule with who answers for it.
struct RuleRow {
    id: String,
    owner: String,
    date: String,
    line: u64,
}

pub(crate) async fn show(state: State<WebState>, visit: Extension<Visit>) -> Result<Response, Problem> {
    let context = match context_or_empty(&state, &visit).await? {
        Ok(context) => context,
        Err(empty) => return Ok(empty),
    };
    let page = Page::new(&visit, Some(&context));
    let view = strategy::view(&context, page.s)?;
    let rules = rules(&context, page.s.locale);
    render(StatusCode::OK, &StrategyPage { page, view, rules })
}

fn rules(context: &Context, locale: Locale) -> Vec<RuleRow> {
    let row =
        |rule: &Rule| RuleRow { id: rule.id.clone(), owner: rule.owner.get(locale).clone(), date: rule.date.to_string(), line: rule.line };
    context.catalogue.rules.iter().map(row).collect()
}
