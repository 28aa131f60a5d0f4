//! What went wrong with a request, as problem+json (RFC 9457) and as a page.
use crate::strings::{Strings, fill};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use std::error::Error;
use winback_core::agents::data_analyst::AnalystError;
use winback_core::locale::Locale;
use winback_core::pipeline::whatif::WhatIfError;
use winback_core::store::StoreError;

/// Why a request was not answered as asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    NotFound,
    MethodNotAllowed,
    NoRun,
    NoCustomer { id: String, nearest: Vec<String> },
    NobodyMatches,
    BadQuery { name: String, value: String, expected: String },
    BadBody { detail: String },
    SignInNeeded,
    NotAllowed,
    ForeignOrigin,
    ForeignHost { host: String },
    NoAnswer,
    NotScored,
    OffersDoNotFit,
    NotScoredAgain,
    NoSegments,
    NoAdapter { segment: String, nearest: Vec<String> },
    NoVersion { segment: String, version: String, known: Vec<String> },
    NotEvaluated { segment: String, version: String },
    DamagedAdapter { why: String },
    NoMail { segment: String, version: String, customer: String, nearest: Vec<String> },
    NothingToChoose,
    NoBallot,
    VotedBefore,
    Store,
    Render,
}

/// A problem as RFC 9457 writes it.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct ProblemBody {
    /// A name for the kind of problem, stable between versions.
    r#type: String,
    /// The HTTP status.
    status: u16,
    /// The kind of problem in words.
    title: String,
    /// What was wrong with this request and what to do.
    detail: String,
    /// Ids or names close to the one that was not found.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    nearest: Vec<String>,
}

impl Problem {
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Problem::NotFound | Problem::NoRun | Problem::NoCustomer { .. } | Problem::NobodyMatches => StatusCode::NOT_FOUND,
            Problem::NoAdapter { .. } | Problem::NoVersion { .. } | Problem::NotEvaluated { .. } | Problem::NoMail { .. } => {
                StatusCode::NOT_FOUND
            }
            Problem::NothingToChoose | Problem::NoBallot => StatusCode::NOT_FOUND,
            Problem::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Problem::BadQuery { .. } | Problem::BadBody { .. } => StatusCode::BAD_REQUEST,
            Problem::SignInNeeded => StatusCode::UNAUTHORIZED,
            Problem::NotAllowed | Problem::ForeignOrigin => StatusCode::FORBIDDEN,
            Problem::ForeignHost { .. } => StatusCode::MISDIRECTED_REQUEST,
            Problem::NoAnswer => StatusCode::SERVICE_UNAVAILABLE,
            Problem::NotScored | Problem::NoSegments | Problem::VotedBefore | Problem::DamagedAdapter { .. } => StatusCode::CONFLICT,
            Problem::OffersDoNotFit | Problem::NotScoredAgain | Problem::Store | Problem::Render => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Problem::NotFound => "not-found",
            Problem::MethodNotAllowed => "method-not-allowed",
            Problem::NoRun => "no-run",
            Problem::NoCustomer { .. } => "no-customer",
            Problem::NobodyMatches => "nobody-matches",
            Problem::BadQuery { .. } => "bad-query",
            Problem::BadBody { .. } => "bad-body",
            Problem::SignInNeeded => "sign-in-needed",
            Problem::NotAllowed => "not-allowed",
            Problem::ForeignOrigin => "foreign-origin",
            Problem::ForeignHost { .. } => "foreign-host",
            Problem::NoAnswer => "no-answer",
            Problem::NotScored => "not-scored",
            Problem::OffersDoNotFit => "offers-do-not-fit",
            Problem::NotScoredAgain => "not-scored-again",
            Problem::NoSegments => "no-segments",
            Problem::NoAdapter { .. } => "no-adapter",
            Problem::NoVersion { .. } => "no-version",
            Problem::NotEvaluated { .. } => "not-evaluated",
            Problem::DamagedAdapter { .. } => "damaged-adapter",
            Problem::NoMail { .. } => "no-mail",
            Problem::NothingToChoose => "nothing-to-choose",
            Problem::NoBallot => "no-ballot",
            Problem::VotedBefore => "voted-before",
            Problem::Store => "store",
            Problem::Render => "render",
        }
    }

    /// Returns the title and the detail in a language.
    pub(crate) fn text(&self, s: &Strings) -> (String, String) {
        let (title, detail) = match self {
            Problem::NotFound => (s.problem_not_found, s.problem_not_found_detail.to_owned()),
            Problem::MethodNotAllowed => (s.problem_method, s.problem_method_detail.to_owned()),
            Problem::NoRun => (s.empty_title, s.empty_detail.to_owned()),
            Problem::NoCustomer { id, .. } => (s.problem_no_customer, fill(s.problem_no_customer_detail, &[("id", id)])),
            Problem::NobodyMatches => (s.problem_nobody, s.problem_nobody_detail.to_owned()),
            Problem::BadQuery { name, value, expected } => {
                (s.problem_query, fill(s.problem_query_detail, &[("name", name), ("value", value), ("expected", expected)]))
            }
            Problem::BadBody { detail } => (s.problem_body, detail.clone()),
            Problem::SignInNeeded => (s.problem_sign_in, s.problem_sign_in_detail.to_owned()),
            Problem::NotAllowed => (s.problem_not_allowed, s.problem_not_allowed_detail.to_owned()),
            Problem::ForeignOrigin => (s.problem_origin, s.problem_origin_detail.to_owned()),
            Problem::ForeignHost { host } => (s.problem_host, fill(s.problem_host_detail, &[("host", host)])),
            Problem::NoAnswer => (s.problem_no_answer, s.problem_no_answer_detail.to_owned()),
            Problem::NotScored => (s.problem_not_scored, s.problem_not_scored_detail.to_owned()),
            Problem::OffersDoNotFit => (s.problem_offers, s.problem_offers_detail.to_owned()),
            Problem::NotScoredAgain => (s.problem_search, s.problem_search_detail.to_owned()),
            Problem::NoSegments => (s.problem_segments, s.segments_not_kept.to_owned()),
            Problem::Store | Problem::Render => (s.problem_store, s.problem_store_detail.to_owned()),
            of_adapters => return of_adapters.text_of_adapters(s),
        };
        (title.to_owned(), detail)
    }

    fn text_of_adapters(&self, s: &Strings) -> (String, String) {
        let a = s.adapters;
        let (title, detail) = match self {
            Problem::NoAdapter { segment, .. } => (a.problem_adapter, fill(a.problem_adapter_detail, &[("segment", segment)])),
            Problem::NoVersion { segment, version, .. } => {
                (a.problem_version, fill(a.problem_version_detail, &[("segment", segment), ("version", version)]))
            }
            Problem::NotEvaluated { segment, version } => {
                (a.problem_evaluation, fill(a.problem_evaluation_detail, &[("segment", segment), ("version", version)]))
            }
            Problem::DamagedAdapter { why } => (a.problem_damaged, fill(a.problem_damaged_detail, &[("why", why)])),
            Problem::NoMail { segment, version, customer, .. } => {
                (a.problem_mail, fill(a.problem_mail_detail, &[("segment", segment), ("version", version), ("customer", customer)]))
            }
            Problem::NothingToChoose => (a.nothing_title, a.nothing_detail.to_owned()),
            Problem::NoBallot => (a.problem_ballot, a.problem_ballot_detail.to_owned()),
            Problem::VotedBefore => (a.problem_voted, a.voted_before.to_owned()),
            _ => (s.problem_not_found, s.problem_not_found_detail.to_owned()),
        };
        (title.to_owned(), detail)
    }

    /// Returns the names close to one that was not found.
    pub(crate) fn nearest(&self) -> &[String] {
        match self {
            Problem::NoCustomer { nearest, .. } | Problem::NoAdapter { nearest, .. } | Problem::NoMail { nearest, .. } => nearest,
            Problem::NoVersion { known, .. } => known,
            _ => &[],
        }
    }

    /// Returns that something kept cannot be read, with why in the log.
    pub(crate) fn unread(error: &(dyn Error + 'static), what: &'static str) -> Self {
        tracing::error!(%error, causes = ?causes(error), "{what}");
        Problem::Store
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (title, detail) = self.text(Strings::of(Locale::En));
        let nearest = self.nearest().to_vec();
        let status = self.status();
        let body = ProblemBody { r#type: format!("urn:winback:problem:{}", self.name()), status: status.as_u16(), title, detail, nearest };
        let text = serde_json::to_string(&body).unwrap_or_default();
        let mut response = (status, [(header::CONTENT_TYPE, "application/problem+json")], text).into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Problem::unread(&error, "a page could not be read from the store")
    }
}

impl From<WhatIfError> for Problem {
    fn from(error: WhatIfError) -> Self {
        tracing::error!(%error, causes = ?causes(&error), "a customer could not be scored again");
        match error {
            WhatIfError::NoModel { .. } => Problem::NoAnswer,
            WhatIfError::NotAssessed => Problem::NotScored,
            WhatIfError::Currency(_) | WhatIfError::Change(_) => Problem::OffersDoNotFit,
            WhatIfError::Search(_) | WhatIfError::Ended(_) => Problem::NotScoredAgain,
        }
    }
}

fn causes(error: &dyn Error) -> Vec<String> {
    std::iter::successors(error.source(), |cause| (*cause).source()).map(ToString::to_string).collect()
}

impl From<AnalystError> for Problem {
    fn from(error: AnalystError) -> Self {
        tracing::error!(%error, "a stored score cannot be explained");
        Problem::Store
    }
}

impl From<askama::Error> for Problem {
    fn from(error: askama::Error) -> Self {
        tracing::error!(%error, "a page could not be rendered");
        Problem::Render
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use winback_core::counterfactual::BadChange;
    use winback_core::offer::OfferId;
    use winback_core::risk::ModelVersion;

    #[test]
    fn only_a_model_that_is_gone_is_told_as_such() {
        let change = BadChange::Immovable { offer: OfferId("a".into()), column: "tenure".into(), role: "tenure" };
        let gone = WhatIfError::NoModel { model: ModelVersion("m".into()), source: "no such file".into() };
        let told = [gone, WhatIfError::NotAssessed, change.into(), WhatIfError::Ended("cancelled".into())].map(Problem::from);
        assert_eq!(told, [Problem::NoAnswer, Problem::NotScored, Problem::OffersDoNotFit, Problem::NotScoredAgain]);
        assert_eq!(told.each_ref().map(|problem| problem.status().as_u16()), [503, 409, 500, 500]);
        for locale in Locale::ALL {
            let s = Strings::of(locale);
            let own = told.iter().skip(1).all(|problem| problem.text(s).1 != s.problem_no_answer_detail);
            assert!(own, "each has its own words");
        }
    }
}
