//! The first page: the portfolio at a glance.
use super::{Page, context_or_empty, render};
use crate::charts::{self, Bar};
use crate::guard::Visit;
use crate::list_query::UNKNOWN_TIER;
use crate::problem::Problem;
use crate::state::WebState;
use crate::strings::fill;
use crate::url;
use crate::view::overview::{self, MatrixCellView, MatrixRow, OverviewView};
use crate::view::seconds;
use askama::Template;
use axum::extract::{Extension, State};
use axum::http::StatusCode;
use axum::response::Response;
use winback_core::money::group_thousands;

#[derive(Template)]
#[template(path = "overview.html")]
struct OverviewPage {
    page: Page,
    view: OverviewView,
    bars: Vec<Bar>,
    share_at_risk: String,
    medium: String,
    high: String,
}

impl OverviewPage {
    fn count(&self, number: &u64) -> String {
        group_thousands(&number.to_string())
    }

    /// Returns how many customers have left already, in words.
    fn departed(&self) -> String {
        fill(self.page.s.fig_departed, &[("n", &self.count(&self.view.departed))])
    }

    /// Returns the list of a cell's customers, where it has any.
    fn cell_link(&self, row: &MatrixRow, cell: &MatrixCellView) -> Option<String> {
        let tier = cell.tier.as_ref().map_or(UNKNOWN_TIER, |tier| &tier.tag);
        (cell.customers > 0).then(|| format!("/customers{}", url::query(&[("level", &row.level.tag), ("tier", tier)])))
    }

    /// Returns how long all stages took together.
    fn total(&self) -> String {
        seconds(self.view.stages.iter().map(|stage| stage.duration_ms).sum(), self.page.s)
    }

    /// Returns how dark a cell is, from 0 to 4, by its share of the greatest cell's revenue.
    fn heat(&self, cell: &MatrixCellView) -> i64 {
        let most = self.view.matrix.iter().flat_map(|row| &row.cells).map(|cell| cell.monthly.minor).max().unwrap_or(0).max(1);
        (cell.monthly.minor.saturating_mul(4) + most - 1).div_euclid(most).clamp(0, 4)
    }
}

pub(crate) async fn show(state: State<WebState>, Extension(visit): Extension<Visit>) -> Result<Response, Problem> {
    let context = match context_or_empty(&state, &visit).await? {
        Ok(context) => context,
        Err(empty) => return Ok(empty),
    };
    let page = Page::new(&visit, Some(&context));
    let view = overview::read(&state, &context, page.s).await?;
    let bars = charts::histogram(&view.histogram, &context.thresholds);
    let share = if view.monthly.minor > 0 { view.at_risk.minor as f64 / view.monthly.minor as f64 } else { 0.0 };
    let percent = |threshold: f64| winback_core::customer::display_number(threshold * 100.0);
    let (medium, high) = (percent(context.thresholds.medium()), percent(context.thresholds.high()));
    let share_at_risk = fill(page.s.fig_of_revenue, &[("n", &format!("{:.1}%", share * 100.0))]);
    render(StatusCode::OK, &OverviewPage { page, view, bars, share_at_risk, medium, high })
}
