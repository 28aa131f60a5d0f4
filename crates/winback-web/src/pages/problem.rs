//! A problem as a page.
use super::{Page, render};
use crate::guard::Visit;
use crate::problem::Problem;
use crate::url;
use askama::Template;
use axum::response::Response;

#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage {
    page: Page,
    title: String,
    detail: String,
    /// Customers with ids close to the one asked for: id and address.
    nearest: Vec<(String, String)>,
}

/// Returns the page; none if not even that can be rendered.
pub(crate) fn page(problem: &Problem, visit: &Visit) -> Option<Response> {
    let page = Page::new(visit, None);
    let (title, detail) = problem.text(page.s);
    let nearest = match problem {
        Problem::NoCustomer { nearest, .. } => nearest.iter().map(|id| (id.clone(), url::customer(id))).collect(),
        _ => Vec::new(),
    };
    render(problem.status(), &ProblemPage { page, title, detail, nearest }).ok()
}
