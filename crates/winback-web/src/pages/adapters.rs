//! The adapters of each segment: how they learned, what evaluations found, what people chose.
mod mails;
mod vote;

pub(super) use mails::{random, show as version};
pub(crate) use vote::CHOICES;
pub(super) use vote::{show as ballot, take as vote};

use super::{Page, render};
use crate::charts::{self, Losses};
use crate::guard::Visit;
use crate::problem::Problem;
use crate::state::WebState;
use crate::strings::{Strings, fill};
use crate::url;
use crate::view::Named;
use crate::view::adapters::evaluation::{EvaluationView, FigureView, measure, tag};
use crate::view::adapters::{self, AdaptersView, FactsView, LossView, VersionView};
use askama::Template;
use axum::extract::{Extension, State};
use axum::http::StatusCode;
use axum::response::Response;
use winback_core::gallery::Measure;
use winback_core::money::group_thousands;

#[derive(Template)]
#[template(path = "adapters.html")]
struct AdaptersPage {
    page: Page,
    teller: Teller,
    view: AdaptersView,
}

pub(crate) async fn show(State(state): State<WebState>, Extension(visit): Extension<Visit>) -> Result<Response, Problem> {
    let context = state.desk.context().await?;
    let page = Page::new(&visit, context.as_deref());
    let view = adapters::read(&state, page.s).await?;
    render(StatusCode::OK, &AdaptersPage { teller: Teller { s: page.s }, page, view })
}

/// Puts parts of the pages about adapters into words.
struct Teller {
    s: &'static Strings,
}

impl Teller {
    fn count(&self, number: &u64) -> String {
        group_thousands(&number.to_string())
    }

    fn is_some(&self, number: &u64) -> bool {
        *number > 0
    }

    fn with_version(&self, sentence: &str, version: &str) -> String {
        fill(sentence, &[("version", version)])
    }

    fn counted(&self, sentence: &str, number: &u64) -> String {
        fill(sentence, &[("n", &self.count(number))])
    }

    fn loss(&self, loss: &f64) -> String {
        format!("{loss:.3}")
    }

    fn address(&self, segment: &Named, version: &str) -> String {
        url::adapter(&segment.tag, version)
    }

    /// Returns the newest version whose folder can be read, for its curve.
    fn newest<'a>(&self, versions: &'a [VersionView]) -> Option<(&'a str, &'a FactsView)> {
        versions.iter().rev().find_map(|version| Some((version.version.as_str(), version.facts.as_ref()?)))
    }

    fn curve(&self, facts: &FactsView) -> Option<Losses> {
        let points = |points: &[LossView]| points.iter().map(|point| (point.step, point.loss)).collect::<Vec<_>>();
        charts::losses(&points(&facts.losses), &points(&facts.trials))
    }

    fn curve_told(&self, facts: &FactsView) -> String {
        fill(self.s.adapters.curve_told, &[("before", &self.loss(&facts.loss_before)), ("after", &self.loss(&facts.loss_after))])
    }

    fn evaluation_told(&self, found: &EvaluationView) -> String {
        let [customers, examples, reviewed] = [found.customers, found.examples, found.reviewed].map(|number| self.count(&number));
        fill(self.s.adapters.evaluation_told, &[("customers", &customers), ("examples", &examples), ("reviewed", &reviewed)])
    }

    /// Returns the measures in the order of the table, each with what it tells.
    fn measures(&self) -> Vec<(&'static str, &'static str)> {
        Measure::ALL.map(|of| measure(of, self.s)).to_vec()
    }

    /// Returns how measures were computed, each with its name.
    fn signatures<'a>(&self, found: &'a EvaluationView) -> Vec<(&'static str, &'a String)> {
        let signature = |of: Measure| found.signatures.get(tag(of)).map(|signature| (measure(of, self.s).0, signature));
        Measure::ALL.into_iter().filter_map(signature).collect()
    }

    /// Returns a figure for each measure, with the measure's name; `None` for what was not measured.
    fn cells<'a>(&self, figures: &'a [FigureView]) -> Vec<(&'static str, Option<&'a FigureView>)> {
        Measure::ALL.map(|of| (measure(of, self.s).0, figures.iter().find(|figure| figure.measure == tag(of)))).to_vec()
    }

    fn apart_from(&self, other: &Named) -> String {
        fill(self.s.adapters.apart_from, &[("writer", &other.label)])
    }

    fn between(&self, first: &Named, second: &Named) -> String {
        fill(self.s.adapters.votes_between, &[("first", &first.label), ("second", &second.label)])
    }

    /// Returns what the gate says, in a sentence.
    fn gate(&self, found: &EvaluationView, in_use: &bool) -> &'static str {
        let a = self.s.adapters;
        match (found.gate.may_be_used, in_use) {
            (true, true) => a.gate_already,
            (true, false) => a.gate_yes,
            (false, true) => a.gate_against,
            (false, false) => a.gate_no,
        }
    }

    /// Returns the command that puts a version to use, as a shell takes it.
    fn promote(&self, found: &EvaluationView) -> String {
        let answered = if found.gate.may_be_answered_for { " --claims-unmeasured" } else { "" };
        format!("winback adapters promote {} {}{answered}", found.segment.tag, found.version)
    }

    /// Returns the command that evaluates: all versions, those of a segment, or one.
    fn evaluate(&self, what: &str) -> String {
        let what = if what.is_empty() { String::new() } else { format!(" {what}") };
        format!("winback adapters eval{what} --data enhanced_emails.jsonl --base-model-path models/Qwen/Qwen3-0.6B")
    }

    /// Returns the language of a text that the program keeps in English, where the page is in another and has no words for it.
    fn lang(&self, text: &str) -> &'static str {
        if text.is_ascii() { "en" } else { self.s.locale.tag() }
    }

    fn damaged_line(&self, line: &u64) -> String {
        fill(self.s.defect_row, &[("line", &line.to_string())])
    }
}
