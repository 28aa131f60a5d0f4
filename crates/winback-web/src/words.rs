//! What the agents say, in the words of the core, and the few words that only pages need.
use crate::strings::{Strings, fill};
use crate::view::Named;
use winback_core::agents::campaign_designer::theme_words;
use winback_core::agents::churn_reasoning::Voice;
use winback_core::agents::data_analyst::{AnalystError, PointedReason};
use winback_core::campaign::{CampaignPlan, PriceSensitivity, Usage};
use winback_core::customer::{Cell, Customer, display_cell, display_number};
use winback_core::locale::Locale;
use winback_core::offer::OfferId;
use winback_core::pipeline::assess::{Explainer, Explanation};
use winback_core::portfolio::{Context, CustomerFile};
use winback_core::risk::tenths;
use winback_core::schema::{ColumnKind, Role, Theme};
use winback_core::segment::SegmentId;

/// Returns what the first two agents say of a customer; `None` before the customer was assessed.
pub(crate) fn explain(context: &Context, file: &CustomerFile) -> Result<Option<Explanation>, AnalystError> {
    let explainer = Explainer {
        table: &context.table,
        features: &context.features,
        peers: &context.peers,
        model: &context.model,
        thresholds: context.thresholds,
        bounds: context.bounds,
    };
    file.assessment.as_ref().map(|assessment| explainer.explain(&file.customer, assessment)).transpose()
}

/// Returns the words for this customer's reasons.
pub(crate) fn voice<'a>(context: &'a Context, customer: &'a Customer, locale: Locale) -> Voice<'a> {
    Voice { table: &context.table, features: &context.features, customer, locale }
}

/// Returns a share, cut to a tenth of a percent like every probability.
pub(crate) fn percent(share: f64) -> String {
    let t = tenths(share);
    format!("{}.{}%", t / 10, t % 10)
}

/// Returns the customer's values behind a reason, the leading column first.
pub(crate) fn reason_value(context: &Context, customer: &Customer, reason: &PointedReason, s: &Strings) -> String {
    let shown: Vec<String> = reason.columns.iter().map(|&column| customer.display(&context.table, column, s.locale)).collect();
    shown.join(s.list_comma)
}

/// Returns an offer's name in a language; its id where the catalogue no longer has it.
pub(crate) fn offer_name(context: &Context, offer: &OfferId, locale: Locale) -> String {
    context.catalogue.offer(offer).map_or_else(|| offer.0.clone(), |known| known.name.get(locale).clone())
}

/// Returns a segment with its name in a language; its name in files where the rules do not have it.
pub(crate) fn segment(context: &Context, segment: &SegmentId, locale: Locale) -> Named {
    let label = context.segmenter.label(segment).map_or_else(|| segment.to_string(), |label| label.get(locale).clone());
    Named::new(segment.as_str(), &label)
}

/// Returns a column's name for people; its name in files where the table does not have it.
pub(crate) fn column(context: &Context, name: &str, s: &Strings) -> String {
    let found = context.table.index_of(name).and_then(|at| context.table.columns.get(at));
    found.map_or_else(|| name.to_owned(), |column| column.label.get(s.locale).clone())
}

/// Returns a word of a column as a person reads it; flags are `yes` and `no`.
pub(crate) fn word(context: &Context, name: &str, word: &str, s: &Strings) -> String {
    let Some(column) = context.table.index_of(name).and_then(|at| context.table.columns.get(at)) else { return word.to_owned() };
    let cell = match column.kind {
        ColumnKind::Flag { .. } => Cell::Flag(word.eq_ignore_ascii_case("yes")),
        _ => Cell::Category(word.into()),
    };
    display_cell(&cell, column, &context.table, s.locale)
}

/// Returns a number of a column as a person reads it, with its unit; money in major units.
pub(crate) fn number(context: &Context, name: &str, value: f64, s: &Strings) -> String {
    let Some(column) = context.table.index_of(name).and_then(|at| context.table.columns.get(at)) else { return display_number(value) };
    let minor = value * context.table.currency.minor_per_major() as f64;
    let cell = if column.kind == ColumnKind::Money { Cell::Money(minor.round() as i64) } else { Cell::Number(value) };
    display_cell(&cell, column, &context.table, s.locale)
}

/// Returns what a theme is called where it stands alone.
pub(crate) fn theme(theme: Option<Theme>, s: &Strings) -> String {
    let Some(theme) = theme else { return s.theme_none.to_owned() };
    capital(theme_words(theme).get(s.locale))
}

/// Returns words as they stand at the head of a column or a row: with a capital, where the script has any.
pub(crate) fn capital(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// Returns what the plan was chosen by, one (label, value) a row.
pub(crate) fn inputs(plan: &CampaignPlan, customer: &Customer, context: &Context, s: &Strings) -> Vec<(String, String)> {
    let inputs = &plan.inputs;
    let of = |role: Role| context.table.with_role(&role).map(|column| customer.display(&context.table, column, s.locale));
    let sensitivity = match inputs.price_sensitivity {
        PriceSensitivity::Raised { .. } => s.price_raised,
        PriceSensitivity::Typical { .. } => s.price_typical,
        PriceSensitivity::Unknown => s.price_unknown,
    };
    let usage = match inputs.usage {
        Usage::Changed { drop_rate } if drop_rate < 0.0 => fill(s.usage_grew, &[("n", &percent(-drop_rate))]),
        Usage::Changed { drop_rate } => fill(s.usage_fell, &[("n", &percent(drop_rate))]),
        Usage::NotMeasured => s.usage_unknown.to_owned(),
    };
    vec![
        (s.input_value.to_owned(), inputs.tier.map_or(s.tier_unknown, |tier| s.tier(tier)).to_owned()),
        (s.input_reason.to_owned(), theme(inputs.theme, s)),
        (s.input_price.to_owned(), sensitivity.to_owned()),
        (s.input_contract.to_owned(), of(Role::Contract).or_else(|| inputs.contract.clone()).unwrap_or_else(|| s.unknown.to_owned())),
        (s.input_tenure.to_owned(), of(Role::Tenure).unwrap_or_else(|| s.unknown.to_owned())),
        (s.input_usage.to_owned(), usage),
    ]
}
