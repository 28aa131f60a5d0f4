//! A page of the customer list.
use super::{Amount, Named};
use crate::list_query::{ListState, NO_SEGMENT, segment_tag};
use crate::problem::Problem;
use crate::state::WebState;
use crate::strings::Strings;
use crate::words;
use serde::Serialize;
use winback_core::portfolio::{Context, CustomerRow, SegmentTally};
use winback_core::risk::Probability;

/// A page of the customer list.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct CustomersView {
    /// How many customers the filter leaves.
    pub total: u64,
    /// The page shown, counted from 1; the last one when a later one was asked for.
    pub page: u64,
    /// Customers on a page.
    pub size: u64,
    /// How many pages there are.
    pub pages: u64,
    /// The customers.
    pub rows: Vec<RowView>,
}

/// One customer of the list.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct RowView {
    /// The id.
    pub id: String,
    /// The probability of leaving, from 0 to 1.
    pub probability: f64,
    /// The probability as people read it, cut to a tenth of a percent.
    pub probability_text: String,
    /// The risk level.
    pub level: Named,
    /// The value tier; absent where nothing is known of what it is measured by.
    pub tier: Option<Named>,
    /// The monthly charge.
    pub monthly: Option<Amount>,
    /// The main reason; absent without a dominant one.
    pub main_reason: Option<String>,
    /// Whether the customer is to be contacted; absent before there is a plan.
    pub contact: Option<bool>,
    /// Why there is no offer, in words; empty where there is one.
    pub no_offer: String,
    /// The planned offer.
    pub offer: Option<Named>,
    /// What the plan is expected to bring, as assumed.
    pub net: Option<Amount>,
    /// Whether there are messages.
    pub written: bool,
    /// What a person decided.
    pub approval: Option<Named>,
    /// The segment; absent for a customer in none, and where the run was assessed before segments were kept.
    pub segment: Option<Named>,
}

/// Returns the segments by which the run's list can be filtered, the greatest first, those that have nobody last; none
/// where the run was assessed before segments were kept.
pub(crate) async fn segments(state: &WebState, context: &Context, s: &Strings) -> Result<Vec<(Named, u64)>, Problem> {
    let tallies = state.store.overview(context.run.id).await?.segments;
    if tallies.is_empty() {
        return Ok(Vec::new());
    }
    let (in_some, in_none): (Vec<_>, Vec<_>) = tallies.into_iter().partition(|tally| tally.segment.is_some());
    let named = |tally: &SegmentTally| tally.segment.as_ref().map(|segment| (words::segment(context, segment, s.locale), tally.customers));
    let empty = context.segmenter.segments().filter(|(id, _)| in_some.iter().all(|tally| tally.segment.as_ref() != Some(*id)));
    let empty = empty.map(|(id, label)| (Named::new(id.as_str(), label.get(s.locale)), 0));
    let none = in_none.iter().map(|tally| (Named::new(NO_SEGMENT, s.segment_none), tally.customers));
    Ok(in_some.iter().filter_map(named).chain(empty).chain(none).collect())
}

/// Refuses a segment that the run does not have, with those that it has.
async fn known(state: &WebState, context: &Context, list: &ListState, s: &Strings) -> Result<(), Problem> {
    let Some(asked) = &list.filter.segment else { return Ok(()) };
    let asked = segment_tag(asked.as_ref());
    let known = segments(state, context, s).await?;
    if asked == NO_SEGMENT && !known.is_empty() || known.iter().any(|(segment, _)| segment.tag == asked) {
        return Ok(());
    }
    if known.is_empty() {
        return Err(Problem::NoSegments);
    }
    let expected = known.iter().map(|(segment, _)| segment.tag.as_str()).chain([NO_SEGMENT]).collect::<Vec<_>>().join(" / ");
    Err(Problem::BadQuery { name: "segment".to_owned(), value: asked.to_owned(), expected })
}

/// Reads a page; a page behind the end becomes the last one.
pub(crate) async fn read(state: &WebState, context: &Context, list: &ListState, s: &Strings) -> Result<CustomersView, Problem> {
    known(state, context, list, s).await?;
    let run = context.run.id;
    let mut list = list.clone();
    let mut found = state.store.list(run, &list.query()).await?;
    if found.rows.is_empty() && list.page > list.pages(found.total) {
        list.page = list.pages(found.total);
        found = state.store.list(run, &list.query()).await?;
    }
    let rows = found.rows.iter().map(|row| row_view(context, row, s)).collect();
    Ok(CustomersView { total: found.total, page: list.page, size: list.size, pages: list.pages(found.total), rows })
}

/// Returns why a customer gets no offer.
fn no_offer(row: &CustomerRow, s: &Strings) -> &'static str {
    match (&row.offer, row.contact) {
        (Some(_), _) => "",
        (None, _) if row.departed => s.left_already,
        (None, None) => "—",
        (None, Some(true)) => s.no_offer,
        (None, Some(false)) => s.alone_low_risk,
    }
}

fn row_view(context: &Context, row: &CustomerRow, s: &Strings) -> RowView {
    let group = row.main_group.and_then(|group| context.features.groups.get(usize::from(group)));
    RowView {
        id: row.id.to_string(),
        probability: row.probability,
        probability_text: Probability::new(row.probability).map_or_else(|_| "—".to_owned(), |probability| probability.to_string()),
        level: Named::new(row.level.tag(), s.level(row.level)),
        tier: row.tier.map(|tier| Named::new(tier.tag(), s.tier(tier))),
        monthly: row.monthly_minor.map(|minor| Amount::paid(context, minor)),
        main_reason: group.map(|group| group.label.get(s.locale).clone()),
        contact: row.contact,
        no_offer: no_offer(row, s).to_owned(),
        offer: row.offer.as_ref().map(|id| Named::new(&id.0, &words::offer_name(context, id, s.locale))),
        net: row.net_minor.map(|minor| Amount::spent(context, minor)),
        written: row.written,
        approval: row.approval.map(|approval| s.approval(approval)),
        segment: row.segment.as_ref().map(|segment| words::segment(context, segment, s.locale)),
    }
}
