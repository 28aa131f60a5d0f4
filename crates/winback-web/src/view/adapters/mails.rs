//! The mails of an evaluation, side by side for each customer, with what was found of each.
use super::evaluation::writer;
use crate::problem::Problem;
use crate::strings::Strings;
use crate::view::Named;
use crate::view::claims::part_label;
use serde::Serialize;
use winback_core::example::MailSource;
use winback_core::gallery::{EvaluatedCase, Evaluation, WrittenMail};
use winback_core::id::CustomerId;
use winback_core::search::{fold, nearest};

/// What the check of mails that came to no end is called among findings; a flag of its own tells it.
const CUT_OFF: &str = "cut-off";

/// A page of the customers of an evaluation.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct MailsView {
    /// How many customers' mails there are.
    pub total: u64,
    /// The page, counted from 1.
    pub page: u64,
    /// How many pages there are, at least 1.
    pub pages: u64,
    /// The customers of the page.
    pub customers: Vec<CaseView>,
}

/// The mails to one customer, each writer's.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct CaseView {
    /// The customer, or the line of the examples where they name none.
    pub customer: String,
    /// The place among the evaluation's customers, counted from 1.
    pub place: u64,
    /// The language, where it is known.
    pub language: Option<Named>,
    /// Who wrote the reference, where it is known: `built_in` or `past_mail`.
    pub source: Option<Named>,
    /// The mails, at most one of each writer.
    pub mails: Vec<MailView>,
}

/// A mail and what was found of it.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct MailView {
    /// Who wrote it.
    pub writer: Named,
    /// The mail as it was written, with slots and markers.
    pub text: String,
    /// The mail as it reads, slots left open; absent where the text is no mail or the facts are not known.
    pub reads: Option<String>,
    /// How surprised the writer is by the reference to this customer, a token; absent for the reference.
    pub perplexity: Option<f64>,
    /// Whether its slots are right; absent where the language is not known.
    pub slot_pass: Option<bool>,
    /// Whether it passes the review; absent where the example carries nothing to review it by.
    pub review_pass: Option<bool>,
    /// What is wrong with it.
    pub findings: Vec<MailFindingView>,
    /// Whether it was cut off because it came to no end.
    pub is_cut_off: bool,
}

/// One thing that is wrong with a mail.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct MailFindingView {
    /// The part of the mail, where it is told.
    pub part: Option<Named>,
    /// The check that failed; empty where it is not told.
    pub check: String,
    /// What was found and what to do, in English.
    pub detail: String,
}

impl MailView {
    /// Returns the mail as a person reads it.
    pub(crate) fn shown(&self) -> &str {
        self.reads.as_ref().unwrap_or(&self.text)
    }
}

/// Returns a page of the customers.
pub(crate) fn page(found: &Evaluation, page: u64, size: u64, s: &Strings) -> MailsView {
    let total = found.cases.len() as u64;
    let pages = total.div_ceil(size).max(1);
    let page = page.min(pages);
    let first = (page - 1) * size;
    let customers = (first..total.min(first + size)).filter_map(|place| case(found, place, s)).collect();
    MailsView { total, page, pages, customers }
}

/// Returns the place of a customer, counted from 0; the problem for one who is not there names the nearest.
pub(crate) fn place(found: &Evaluation, customer: &str) -> Result<u64, Problem> {
    let wanted = customer.trim();
    let exact = found.cases.iter().position(|case| case.customer == wanted);
    let folded = || found.cases.iter().position(|case| fold(&case.customer) == fold(wanted));
    let absent = || {
        let known = found.cases.iter().filter_map(|case| CustomerId::parse(&case.customer).ok());
        let nearest = nearest(&fold(wanted), known, 5).iter().map(ToString::to_string).collect();
        let (segment, version) = (found.segment.to_string(), found.version.clone());
        Problem::NoMail { segment, version, customer: customer.to_owned(), nearest }
    };
    exact.or_else(folded).map(|place| place as u64).ok_or_else(absent)
}

/// Returns the mails to the customer at a place, counted from 0.
pub(crate) fn case(found: &Evaluation, place: u64, s: &Strings) -> Option<CaseView> {
    let case = found.cases.get(usize::try_from(place).ok()?)?;
    Some(CaseView {
        customer: case.customer.clone(),
        place: place + 1,
        language: case.locale.map(|locale| Named::new(locale.tag(), s.language(locale))),
        source: case.source.map(|source| source_name(source, s)),
        mails: mails(case, &found.version, s),
    })
}

fn mails(case: &EvaluatedCase, version: &str, s: &Strings) -> Vec<MailView> {
    let mail = |mail: &WrittenMail| MailView {
        writer: writer(mail.writer, version, s),
        text: mail.text.clone(),
        reads: mail.reads.clone(),
        perplexity: mail.perplexity,
        slot_pass: mail.slot_pass,
        review_pass: mail.review_pass,
        findings: mail.findings.iter().filter_map(|finding| finding_view(finding, s)).collect(),
        is_cut_off: mail.is_cut_off,
    };
    let mut mails: Vec<&WrittenMail> = case.mails.iter().collect();
    mails.sort_by_key(|mail| mail.writer);
    mails.into_iter().map(mail).collect()
}

fn source_name(source: MailSource, s: &Strings) -> Named {
    match source {
        MailSource::BuiltIn => Named::new("built_in", s.adapters.source_built_in),
        MailSource::PastMail => Named::new("past_mail", s.adapters.source_past),
    }
}

/// Takes a finding, `part: check: what was found`, apart.
fn finding_view(finding: &str, s: &Strings) -> Option<MailFindingView> {
    let parts: Vec<&str> = finding.splitn(3, ": ").collect();
    match parts[..] {
        [CUT_OFF, ..] => None,
        [part, check, detail] => {
            Some(MailFindingView { part: Some(Named::new(part, &part_label(part, s))), check: check.to_owned(), detail: detail.to_owned() })
        }
        _ => Some(MailFindingView { part: None, check: String::new(), detail: finding.to_owned() }),
    }
}
