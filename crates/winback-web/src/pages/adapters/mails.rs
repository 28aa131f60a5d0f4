//! One version: how it learned, what its evaluation found, and its mails beside the other writers', customer by customer.
use super::super::{Page, render};
use super::Teller;
use crate::guard::Visit;
use crate::pages::customers::seed_of;
use crate::problem::Problem;
use crate::state::WebState;
use crate::strings::fill;
use crate::url;
use crate::view::Named;
use crate::view::adapters::evaluation::{self, EvaluationView};
use crate::view::adapters::mails::{self, CaseView, MailView};
use crate::view::adapters::{self, VersionView};
use askama::Template;
use axum::extract::{Extension, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use winback_core::gallery::Evaluation;
use winback_core::search::draw;

#[derive(Template)]
#[template(path = "adapter.html")]
struct VersionPage {
    page: Page,
    teller: Teller,
    segment: Named,
    version: VersionView,
    evaluation: Option<EvaluationView>,
    /// The mails to one customer; absent where nobody's are there.
    case: Option<CaseView>,
    /// How many customers' mails there are.
    total: u64,
    /// The seed by which the customer was drawn.
    seed: String,
}

impl VersionPage {
    /// Returns the version as a table of one row.
    fn versions(&self) -> &[VersionView] {
        std::slice::from_ref(&self.version)
    }

    fn here(&self) -> String {
        url::adapter(&self.segment.tag, &self.version.version)
    }

    /// Returns the command that evaluates this version.
    fn evaluate(&self) -> String {
        self.teller.evaluate(&format!("{} {}", self.segment.tag, self.version.version))
    }

    fn at(&self, place: u64) -> String {
        format!("{}?at={place}#mails", self.here())
    }

    fn place(&self, case: &CaseView) -> String {
        format!("{} / {}", self.teller.count(&case.place), self.teller.count(&self.total))
    }

    fn slots_told(&self) -> String {
        fill(self.page.s.adapters.slots_told, &[("slot", "{{first_name}}")])
    }

    fn perplexity(&self, value: &f64) -> String {
        fill(self.page.s.adapters.mail_perplexity, &[("n", &format!("{value:.2}"))])
    }

    /// Returns the language of the mails as an attribute; empty where it is not known.
    fn lang<'a>(&self, case: &'a CaseView) -> &'a str {
        case.language.as_ref().map_or("", |language| &language.tag)
    }

    /// Returns who wrote the reference, for the reference alone.
    fn source<'a>(&self, case: &'a CaseView, mail: &MailView) -> Option<&'a str> {
        case.source.as_ref().filter(|_| mail.writer.tag == "reference").map(|source| source.label.as_str())
    }
}

pub(crate) async fn show(
    State(state): State<WebState>,
    Path((segment, version)): Path<(String, String)>,
    Extension(visit): Extension<Visit>,
) -> Result<Response, Problem> {
    let found = adapters::found(&state, &segment, &version).await?;
    let (context, votes) = (state.desk.context().await?, state.gallery.votes().await?);
    let page = Page::new(&visit, context.as_deref());
    let segment = adapters::segment_name(&found.card.segment, context.as_ref(), page.s);
    let place = found.evaluation.as_ref().map(|found| place(found, &visit)).transpose()?;
    let template = VersionPage {
        teller: Teller { s: page.s },
        version: adapters::version_view(&found.card, &found.version),
        evaluation: found.evaluation.as_ref().map(|found| evaluation::view(found, &segment, &votes, page.s)),
        case: found.evaluation.as_ref().zip(place).and_then(|(found, place)| mails::case(found, place, page.s)),
        total: found.evaluation.as_ref().map_or(0, |found| found.cases.len() as u64),
        seed: visit.param("seed").to_owned(),
        segment,
        page,
    };
    render(StatusCode::OK, &template)
}

/// Returns the place of the customer that the address asks for, counted from 0: by name, by number, or the first.
fn place(found: &Evaluation, visit: &Visit) -> Result<u64, Problem> {
    let (customer, at) = (visit.param("customer"), visit.param("at"));
    if !customer.trim().is_empty() {
        return mails::place(found, customer);
    }
    let last = (found.cases.len() as u64).max(1);
    let bad = || Problem::BadQuery { name: "at".to_owned(), value: at.to_owned(), expected: format!("1 – {last}") };
    match at {
        "" => Ok(0),
        at => at.parse::<u64>().ok().filter(|place| *place > 0).map(|place| place.min(last) - 1).ok_or_else(bad),
    }
}

/// Draws one customer of the evaluation and goes there; the seed stands in the address, so the draw can be repeated.
pub(crate) async fn random(
    State(state): State<WebState>,
    Path((segment, version)): Path<(String, String)>,
    Extension(visit): Extension<Visit>,
) -> Result<Response, Problem> {
    let found = adapters::found(&state, &segment, &version).await?;
    let cases = &found.evaluated()?.cases;
    let seed = seed_of(&state, visit.param("seed"))?;
    let place = draw(seed, cases.len() as u64).and_then(|place| usize::try_from(place).ok());
    let case = place.and_then(|place| cases.get(place)).ok_or(Problem::NobodyMatches)?;
    let query = url::query(&[("customer", &case.customer), ("seed", &seed.to_string())]);
    Ok(Redirect::to(&format!("{}{query}#mails", url::adapter(&segment, &version))).into_response())
}
