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
    /// What is close to what was asked for: name and address.
    nearest: Vec<(String, String)>,
    /// Where else to go: the list that the problem is about.
    list: (&'static str, &'static str),
}

/// Returns the page; none if not even that can be rendered.
pub(crate) fn page(problem: &Problem, visit: &Visit) -> Option<Response> {
    let page = Page::new(visit, None);
    let (title, detail) = problem.text(page.s);
    let address = |name: &String| match problem {
        Problem::NoAdapter { .. } => format!("/adapters#{}", url::encode(name)),
        Problem::NoVersion { segment, .. } => url::adapter(segment, name),
        Problem::NoMail { segment, version, .. } => {
            format!("{}{}#mails", url::adapter(segment, version), url::query(&[("customer", name)]))
        }
        _ => url::customer(name),
    };
    let nearest = problem.nearest().iter().map(|name| (name.clone(), address(name))).collect();
    let of_adapters = visit.path.starts_with("/adapters");
    let list = if of_adapters { ("/adapters", page.s.adapters.title) } else { ("/customers", page.s.nav_customers) };
    render(problem.status(), &ProblemPage { page, title, detail, nearest, list }).ok()
}
