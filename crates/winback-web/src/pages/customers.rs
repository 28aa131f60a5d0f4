//! The customer list, and a customer drawn from it.
use super::{Page, context_or_empty, render};
use crate::guard::Visit;
use crate::list_query::{ListState, SORTS, WHO, segment_tag, tiers};
use crate::problem::Problem;
use crate::state::WebState;
use crate::url;
use crate::view::Named;
use crate::view::customers::{self, CustomersView, RowView};
use crate::words;
use askama::Template;
use axum::extract::{Extension, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use winback_core::campaign::ApprovalState;
use winback_core::money::group_thousands;
use winback_core::portfolio::{Context, SortKey};
use winback_core::risk::RiskLevel;

#[derive(Template)]
#[template(path = "customers.html")]
struct CustomersPage {
    page: Page,
    view: CustomersView,
    list: ListState,
    search: String,
    choices: Vec<Choice>,
    total: String,
    /// The first and the last row shown, counted from 1.
    range: (String, String),
    /// Whether a page behind the end was asked for.
    beyond: bool,
}

/// A drop-down of the filter.
struct Choice {
    name: &'static str,
    label: &'static str,
    /// (value, label, whether chosen).
    options: Vec<(String, String, bool)>,
}

impl CustomersPage {
    fn href(&self, row: &RowView) -> String {
        url::customer(&row.id)
    }

    fn page_href(&self, page: u64) -> String {
        self.list.address(page, self.list.sort, self.list.descending)
    }

    /// Returns the address that sorts by a column, or turns its order if it is the one sorted by.
    fn sort_href(&self, name: &str) -> String {
        let key = SORTS.iter().find(|(_, known)| *known == name).map_or(SortKey::Probability, |(key, _)| *key);
        let descending = if key == self.list.sort { !self.list.descending } else { key != SortKey::Id };
        self.list.address(1, key, descending)
    }

    /// Returns the aria-sort value of a column.
    fn sorted(&self, name: &str) -> &'static str {
        match (self.list.sort_name() == name, self.list.descending) {
            (false, _) => "none",
            (true, true) => "descending",
            (true, false) => "ascending",
        }
    }

    fn random_href(&self) -> String {
        let pairs = ListState::filter_pairs(&self.list.filter);
        let borrowed: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (*name, value.as_str())).collect();
        format!("/random{}", url::query(&borrowed))
    }

    fn filtered(&self) -> bool {
        ListState::filter_pairs(&self.list.filter).iter().any(|(_, value)| !value.is_empty())
    }
}

pub(crate) async fn show(state: State<WebState>, Extension(visit): Extension<Visit>) -> Result<Response, Problem> {
    let context = match context_or_empty(&state, &visit).await? {
        Ok(context) => context,
        Err(empty) => return Ok(empty),
    };
    let list = ListState::parse(&visit.query)?;
    let page = Page::new(&visit, Some(&context));
    let view = customers::read(&state, &context, &list, page.s).await?;
    let first = (view.page - 1) * view.size;
    let range = (group_thousands(&(first + 1).to_string()), group_thousands(&(first + view.rows.len() as u64).to_string()));
    let beyond = view.page < list.page;
    let list = ListState { page: view.page, ..list };
    let (search, mut choices) = (list.filter.search.clone().unwrap_or_default(), choices(&list, &context, &page));
    let segments = customers::segments(&state, &context, page.s).await?;
    choices.extend((!segments.is_empty()).then(|| segment_choice(&list, segments, &page)));
    let total = group_thousands(&view.total.to_string());
    render(StatusCode::OK, &CustomersPage { page, view, list, search, choices, total, range, beyond })
}

fn choices(list: &ListState, context: &Context, page: &Page) -> Vec<Choice> {
    let s = page.s;
    let chosen = ListState::filter_pairs(&list.filter);
    let choice = |name: &'static str, label: &'static str, known: Vec<Named>| {
        let value = chosen.iter().find(|(pair, _)| *pair == name).map(|(_, value)| value.as_str()).unwrap_or_default();
        let any = (String::new(), s.filter_any.to_owned(), value.is_empty());
        let options = known.into_iter().map(|named| {
            let is_chosen = named.tag == value;
            (named.tag, named.label, is_chosen)
        });
        Choice { name, label, options: std::iter::once(any).chain(options).collect() }
    };
    let offers = context.catalogue.offers.iter().map(|offer| Named::new(&offer.id.0, &words::offer_name(context, &offer.id, s.locale)));
    let who = WHO.map(|(tag, departed)| {
        let label = departed.map_or(s.who_all, |departed| if departed { s.left_already } else { s.who_current });
        (tag.to_owned(), label.to_owned(), departed == list.filter.departed)
    });
    vec![
        Choice { name: "who", label: s.nav_customers, options: who.to_vec() },
        choice("level", s.col_risk, RiskLevel::ALL.map(|level| Named::new(level.tag(), s.level(level))).to_vec()),
        choice("tier", s.col_value, tiers().map(|(tag, tier)| Named::new(tag, tier.map_or(s.tier_unknown, |tier| s.tier(tier)))).to_vec()),
        choice("contact", s.contact, vec![Named::new("yes", s.contact_yes), Named::new("no", s.contact_no)]),
        choice("offer", s.col_offer, offers.collect()),
        choice("written", s.col_messages, vec![Named::new("yes", s.written_yes), Named::new("no", s.written_no)]),
        choice("approval", s.col_approval, vec![s.approval(ApprovalState::Approved), s.approval(ApprovalState::Declined)]),
    ]
}

/// Returns the drop-down of the segments, each with how many customers it has.
fn segment_choice(list: &ListState, segments: Vec<(Named, u64)>, page: &Page) -> Choice {
    let chosen = list.filter.segment.as_ref().map(|segment| segment_tag(segment.as_ref()));
    let option = |(segment, customers): (Named, u64)| {
        let label = format!("{} ({})", segment.label, group_thousands(&customers.to_string()));
        let is_chosen = chosen == Some(segment.tag.as_str());
        (segment.tag, label, is_chosen)
    };
    let any = (String::new(), page.s.filter_any.to_owned(), chosen.is_none());
    Choice { name: "segment", label: page.s.segment, options: std::iter::once(any).chain(segments.into_iter().map(option)).collect() }
}

/// Draws one customer of the filter and goes there; the seed stands in the address, so the draw can be repeated.
pub(crate) async fn random(State(state): State<WebState>, Extension(visit): Extension<Visit>) -> Result<Response, Problem> {
    let context = state.context().await?;
    let list = ListState::parse(&visit.query)?;
    let seed = seed_of(&state, visit.param("seed"))?;
    let drawn = state.store.random(context.run.id, &list.filter, seed).await?.ok_or(Problem::NobodyMatches)?;
    let mut pairs = ListState::filter_pairs(&list.filter);
    pairs.push(("seed", seed.to_string()));
    let address = url::customer(drawn.as_str());
    let borrowed: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let query = url::query(&borrowed);
    let joined = if address.contains('?') { query.replacen('?', "&", 1) } else { query };
    Ok(Redirect::to(&format!("{address}{joined}")).into_response())
}

/// Returns the seed given, or a fresh one.
pub(crate) fn seed_of(state: &WebState, text: &str) -> Result<u64, Problem> {
    match text {
        "" => Ok((state.random_seed)()),
        text => text.parse().map_err(|_| Problem::BadQuery {
            name: "seed".to_owned(),
            value: text.to_owned(),
            expected: format!("0 – {}", u64::MAX),
        }),
    }
}
