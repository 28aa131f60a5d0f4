//! One customer: basics, score with reasons, the four agents, the messages.
use super::{Page, context_or_empty, render};
use crate::charts::{self, Change, PointBar, Waterfall};
use crate::guard::Visit;
use crate::list_query::ListState;
use crate::problem::Problem;
use crate::state::WebState;
use crate::strings::{Strings, fill};
use crate::url;
use crate::view::customer::{self, CallView, CustomerView, EmailView, RiskView, SmsView, WritingView};
use crate::view::whatif::{self, ChosenView, WayView, WhatIfView};
use askama::Template;
use axum::extract::{Extension, Path, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use std::sync::Arc;
use winback_core::agents::data_analyst::display_points;
use winback_core::locale::Locale;
use winback_core::portfolio::{Context, CustomerFile};

#[derive(Template)]
#[template(path = "customer.html")]
struct CustomerPage {
    page: Page,
    view: CustomerView,
    /// The seed of the draw that led here, and the address of the next draw.
    drawn: Option<(String, String)>,
    medium: String,
    high: String,
    /// Where the risk becomes medium, as a probability.
    line: f64,
    /// What the offers would change; absent for a customer without a score.
    whatif: Option<Panel>,
}

/// What the what-if panel shows.
enum Panel {
    /// The form alone, with the line to get under: every set of offers is scored again only when somebody asks.
    Unasked(f64),
    /// The answer.
    Told(Box<WhatIfView>),
    /// Why nothing can be scored again.
    Refused(String),
}

impl CustomerPage {
    fn bar(&self, risk: &RiskView, tenths: &i32) -> PointBar {
        let widest = risk.reasons.iter().map(|reason| reason.tenths.abs()).max().unwrap_or(1);
        charts::point_bar(*tenths, widest)
    }

    fn points(&self, tenths: &i32) -> String {
        display_points(*tenths)
    }

    fn percent(&self, tenths: &i32) -> String {
        format!("{}.{}%", tenths / 10, tenths % 10)
    }

    /// Returns the way from the average customer's probability to this customer's.
    fn waterfall(&self, risk: &RiskView) -> Waterfall {
        let s = self.page.s;
        let changes: Vec<Change> =
            risk.reasons.iter().map(|reason| Change { label: reason.reason.label.clone(), tenths: reason.tenths }).collect();
        let words = charts::Words { first: s.reasons_base, last: s.reasons_sum, others: s.waterfall_others };
        charts::waterfall(risk.base_tenths, &changes, risk.total_tenths, words)
    }

    /// Returns the same in a sentence, for those who do not see the drawing.
    fn told(&self, risk: &RiskView, drawing: &Waterfall) -> String {
        let s = self.page.s;
        let steps = drawing.steps.iter().filter(|step| step.kind != "whole").map(|step| format!("{} {}", step.label, step.figure));
        let steps = steps.collect::<Vec<_>>().join(s.list_comma);
        fill(
            s.waterfall_told,
            &[("base", &self.percent(&risk.base_tenths)), ("steps", &steps), ("total", &self.percent(&risk.total_tenths))],
        )
    }

    fn mail_href(&self, writing: &WritingView) -> String {
        format!("/mail{}", url::query(&[("id", &self.view.id), ("text", &writing.language.tag)]))
    }

    fn call_href(&self, writing: &WritingView) -> String {
        format!("/call{}", url::query(&[("id", &self.view.id), ("text", &writing.language.tag)]))
    }

    /// Returns where the form of the what-if panel leads: this page, without its question.
    fn whatif_action(&self) -> String {
        let address = url::customer(&self.view.id);
        format!("{}#whatif", address.split('?').next().unwrap_or(&address))
    }

    /// Returns where the question with the usual line leads.
    fn whatif_href(&self) -> String {
        let address = url::customer(&self.view.id);
        let sign = if address.contains('?') { '&' } else { '?' };
        format!("{address}{sign}under={}#whatif", self.line)
    }

    /// Returns what a set of offers changes, in words.
    fn changes(&self, way: &WayView) -> String {
        way.changes.iter().map(|change| change.label.as_str()).collect::<Vec<_>>().join(self.page.s.list_comma)
    }

    /// Returns the combination that somebody chose, in words.
    fn combination(&self, chosen: &ChosenView) -> String {
        fill(self.page.s.whatif_chosen, &[("way", &whatif::names(&chosen.offers))])
    }

    /// Returns whether a language's messages stand open: the page's own language.
    fn opened(&self, writing: &WritingView) -> bool {
        writing.language.tag == self.page.s.locale.tag()
    }

    /// Returns whether the customer is to be left alone, so that there is nothing to write.
    fn alone(&self) -> bool {
        self.view.plan.as_ref().is_some_and(|plan| !plan.contact)
    }

    /// Returns the messages the summary speaks of: those in the page's own language, else the first.
    fn leading(&self) -> Option<&WritingView> {
        self.view.writings.first()
    }

    /// Returns how many claims the messages make, in words.
    fn claims_count(&self, writing: &WritingView) -> String {
        fill(self.page.s.claims_count, &[("n", &writing.ledger.len().to_string())])
    }

    /// Returns how a short message is sent: `GSM-7, 1 segment`, and the character that costs it GSM-7.
    fn sent_as(&self, sms: &SmsView) -> String {
        let s = self.page.s;
        let sent = fill(s.sms_segments, &[("encoding", &sms.encoding), ("n", &sms.segments.to_string())]);
        let because = sms.ucs2_because.iter().map(|sign| fill(s.sms_because, &[("sign", sign)]));
        std::iter::once(sent).chain(because).collect::<Vec<_>>().join(" · ")
    }

    /// Returns the name of an answer or another numbered part of a script.
    fn numbered(&self, part: &str, at: &usize) -> String {
        format!("{part} {at}")
    }

    fn any_claim(&self) -> bool {
        self.view.writings.iter().any(|writing| !writing.ledger.is_empty())
    }

    fn any_message(&self) -> bool {
        self.view.writings.iter().any(WritingView::any)
    }
}

pub(crate) async fn show(state: State<WebState>, Path(id): Path<String>, visit: Extension<Visit>) -> Result<Response, Problem> {
    show_id(state, &id, &visit).await
}

/// Shows the customer of `?id=`, for ids that browsers fold when they stand in a path.
pub(crate) async fn show_by_query(state: State<WebState>, visit: Extension<Visit>) -> Result<Response, Problem> {
    let id = visit.param("id").to_owned();
    show_id(state, &id, &visit).await
}

async fn show_id(state: State<WebState>, id: &str, visit: &Visit) -> Result<Response, Problem> {
    let context = match context_or_empty(&state, visit).await? {
        Ok(context) => context,
        Err(empty) => return Ok(empty),
    };
    let file = customer::file(&state, &context, id).await?;
    let page = Page::new(visit, Some(&context));
    let mut view = customer::view(&context, &file, page.s)?;
    view.writings.sort_by_key(|writing| writing.language.tag != visit.locale.tag());
    let percent = |threshold: f64| winback_core::customer::display_number(threshold * 100.0);
    let (medium, high) = (percent(context.thresholds.medium()), percent(context.thresholds.high()));
    let whatif = match view.risk.is_some() {
        true => Some(panel(&state, (&context, &file), visit, page.s).await?),
        false => None,
    };
    let line = context.thresholds.medium();
    render(StatusCode::OK, &CustomerPage { page, view, drawn: drawn(visit)?, medium, high, line, whatif })
}

/// Returns what the what-if panel shows; a line that is none is a bad question.
async fn panel(state: &WebState, (context, file): (&Arc<Context>, &CustomerFile), visit: &Visit, s: &Strings) -> Result<Panel, Problem> {
    if !whatif::is_asked(visit) {
        return Ok(Panel::Unasked(context.thresholds.medium()));
    }
    match whatif::read(state, context, file, visit, s).await {
        Ok(view) => Ok(Panel::Told(Box::new(view))),
        Err(problem @ (Problem::NoAnswer | Problem::NotScored | Problem::OffersDoNotFit | Problem::NotScoredAgain)) => {
            Ok(Panel::Refused(problem.text(s).1))
        }
        Err(problem) => Err(problem),
    }
}

fn drawn(visit: &Visit) -> Result<Option<(String, String)>, Problem> {
    let seed = visit.param("seed");
    if seed.is_empty() {
        return Ok(None);
    }
    let pairs = ListState::filter_pairs(&ListState::parse(&visit.query)?.filter);
    let borrowed: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (*name, value.as_str())).collect();
    Ok(Some((seed.to_owned(), format!("/random{}", url::query(&borrowed)))))
}

/// Returns what was written for `?id=` in the language `?text=`, with the words of that language around it.
async fn writing(state: &WebState, visit: &Visit) -> Result<(CustomerView, WritingView, &'static Strings), Problem> {
    let context = state.context().await?;
    let text = visit.param("text");
    let s = Strings::of(Locale::ALL.into_iter().find(|locale| locale.tag() == text).ok_or(Problem::NotFound)?);
    let file = customer::file(state, &context, visit.param("id")).await?;
    let mut view = customer::view(&context, &file, s)?;
    let wanted = view.writings.iter().position(|writing| writing.language.tag == text).ok_or(Problem::NotFound)?;
    let writing = view.writings.swap_remove(wanted);
    Ok((view, writing, s))
}

/// The mail as it would arrive. Shown in a frame that can run, load and submit nothing (see the policy in `guard`).
pub(crate) async fn mail(State(state): State<WebState>, visit: Extension<Visit>) -> Result<Response, Problem> {
    let (_, writing, _) = writing(&state, &visit).await?;
    let EmailView { html, .. } = writing.email.ok_or(Problem::NotFound)?;
    Ok(Html(html).into_response())
}

#[derive(Template)]
#[template(path = "call.html")]
struct CallPage {
    page: Page,
    /// The words of the sheet, in the language of its script; the frame around it keeps the visitor's.
    sheet: &'static Strings,
    view: CustomerView,
    writing: WritingView,
}

impl CallPage {
    fn spoken_time(&self, call: &CallView) -> String {
        fill(self.sheet.call_seconds, &[("seconds", &call.course.seconds.to_string())])
    }
}

/// The call script on a sheet of its own, for printing and ticking.
pub(crate) async fn call(State(state): State<WebState>, visit: Extension<Visit>) -> Result<Response, Problem> {
    let (view, writing, sheet) = writing(&state, &visit).await?;
    if writing.call.is_none() {
        return Err(Problem::NotFound);
    }
    render(StatusCode::OK, &CallPage { page: Page::new(&visit, None), sheet, view, writing })
}
