//! Trying other risk thresholds: how many customers would change their level.
use super::{Page, context_or_empty, render};
use crate::auth::Ability;
use crate::guard::Visit;
use crate::problem::Problem;
use crate::state::WebState;
use crate::strings::fill;
use crate::view::thresholds::{self, ThresholdsView};
use askama::Template;
use axum::extract::{Extension, State};
use axum::http::StatusCode;
use axum::response::Response;
use winback_core::locale::Locale;
use winback_core::money::group_thousands;

#[derive(Template)]
#[template(path = "thresholds.html")]
struct ThresholdsPage {
    page: Page,
    medium: String,
    high: String,
    /// What the numbers would change, or why they cannot be taken.
    preview: Result<ThresholdsView, String>,
    current: (f64, f64),
}

impl ThresholdsPage {
    fn count(&self, number: &u64) -> String {
        group_thousands(&number.to_string())
    }

    /// Returns who decided on the thresholds in force, and when.
    fn decided(&self, view: &ThresholdsView) -> String {
        let s = self.page.s;
        let by = fill(s.thresholds_decided, &[("by", &view.decided_by)]);
        let on = fill(s.thresholds_decided_on, &[("on", &view.decided_on)]);
        match (view.decided_by.is_empty(), view.decided_on.is_empty()) {
            (false, false) if s.locale == Locale::En => format!("{by} {on}"),
            (false, false) => format!("{by}{on}"),
            (false, true) => by,
            (true, _) => s.thresholds_undecided.to_owned(),
        }
    }

    /// Returns the three rows of the table of moves: those who are high, medium and low now.
    fn rows<'a>(&self, view: &'a ThresholdsView) -> Vec<&'a [thresholds::MoveView]> {
        view.moves.chunks(3).collect()
    }
}

pub(crate) async fn show(state: State<WebState>, visit: Extension<Visit>) -> Result<Response, Problem> {
    visit.need(Ability::PreviewThresholds)?;
    let context = match context_or_empty(&state, &visit).await? {
        Ok(context) => context,
        Err(empty) => return Ok(empty),
    };
    let page = Page::new(&visit, Some(&context));
    let current = (context.thresholds.medium(), context.thresholds.high());
    let shown = |text: &str, current: f64| if text.is_empty() { current.to_string() } else { text.to_owned() };
    let (medium, high) = (shown(visit.param("medium"), current.0), shown(visit.param("high"), current.1));
    let (status, preview) = match thresholds::parse(&context, &medium, &high) {
        Ok(tried) => (StatusCode::OK, Ok(thresholds::read(&state, &context, &tried, page.s).await?)),
        Err(problem) => (StatusCode::BAD_REQUEST, Err(problem.text(page.s).1)),
    };
    render(status, &ThresholdsPage { page, medium, high, preview, current })
}
