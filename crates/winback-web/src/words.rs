//! Typed results of the agents, in words. The typed results themselves come from one function, so that
//! the core's own agents can take its place.
use crate::strings::{Strings, fill};
use winback_core::agents::churn_reasoning::{CauseSummary, CauseVerdict};
use winback_core::agents::data_analyst::{Comparison, PointedReason, RiskSummary};
use winback_core::campaign::{CampaignPlan, Choice, Decision, PriceSensitivity, Usage, WhyNoContact, WhyNoOffer};
use winback_core::customer::{Cell, Customer, display_number};
use winback_core::locale::Locale;
use winback_core::money::{Money, group_thousands};
use winback_core::offer::OfferId;
use winback_core::portfolio::{Context, CustomerFile};
use winback_core::risk::{RiskAssessment, tenths};
use winback_core::schema::{ColumnKind, Role, TableSchema};

/// What an agent says: the summary first, then the details.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    pub summary: String,
    pub details: Vec<String>,
}

/// Returns the risk and cause summaries of a customer; `None` before the customer was assessed.
/// To be replaced by `core::agents::data_analyst` and `churn_reasoning` once they land.
pub(crate) fn summaries(context: &Context, file: &CustomerFile) -> Option<(RiskSummary, CauseSummary)> {
    let assessment = file.assessment.as_ref()?;
    let charge = file.customer.monthly_charge(&context.table);
    let summary = RiskSummary {
        customer: assessment.customer.clone(),
        model: context.model.clone(),
        probability: assessment.probability,
        base_probability: assessment.base_probability(),
        level: context.thresholds.level(assessment.probability),
        tier: context.bounds.tier(charge).ok(),
        monthly_minor: charge.map(|money| money.minor),
        reasons: pointed(context, assessment),
        comparisons: comparisons(context, &file.customer),
        imputed: assessment.imputed,
    };
    let causes = causes(&summary.reasons);
    Some((summary, causes))
}

fn pointed(context: &Context, assessment: &RiskAssessment) -> Vec<PointedReason> {
    let features = &context.features;
    let named = assessment.points().into_iter().filter_map(|points| {
        let group = features.groups.get(usize::from(points.group))?;
        Some(PointedReason {
            group: points.group,
            name: group.name.clone(),
            theme: group.theme,
            tenths: points.tenths,
            columns: group.features.iter().map(|&feature| features.features[feature].column).collect(),
            synthetic: group.features.iter().any(|&feature| features.features[feature].synthetic),
        })
    });
    let mut reasons: Vec<PointedReason> = named.collect();
    reasons.sort_by_key(|reason| (-reason.tenths.abs(), reason.group));
    reasons
}

fn causes(reasons: &[PointedReason]) -> CauseSummary {
    let causes: Vec<PointedReason> = reasons.iter().filter(|reason| reason.tenths >= 10).take(3).cloned().collect();
    let protections = reasons.iter().filter(|reason| reason.tenths <= -10).take(2).cloned().collect();
    let verdict = match causes.as_slice() {
        [] => CauseVerdict::NoDominantReason,
        [first, second, ..] if first.tenths - second.tenths <= 2 => CauseVerdict::TwoEqual,
        _ => CauseVerdict::OneMain,
    };
    CauseSummary { verdict, causes, protections }
}

fn comparisons(context: &Context, customer: &Customer) -> Vec<Comparison> {
    let Some((name, group)) = context.peers.group(&context.table, customer) else { return Vec::new() };
    let compare = |(column, cell): (usize, &Cell)| {
        let value = match cell {
            Cell::Number(value) => *value,
            Cell::Money(minor) => *minor as f64,
            _ => return None,
        };
        let peer_median = *group.medians.get(&context.table.columns[column].name)?;
        Some(Comparison { column, value, peer_median, peer_group: name.to_owned(), peer_customers: group.customers })
    };
    customer.cells.iter().enumerate().filter_map(compare).collect()
}

/// Returns tenths of a percentage point with a sign: `+12.3`.
pub(crate) fn points(tenths: i32) -> String {
    let sign = match tenths {
        0 => "±",
        t if t < 0 => "−",
        _ => "+",
    };
    let size = tenths.unsigned_abs();
    format!("{sign}{}.{}", size / 10, size % 10)
}

/// Returns a share, cut to a tenth of a percent like every probability.
pub(crate) fn percent(share: f64) -> String {
    let t = tenths(share);
    format!("{}.{}%", t / 10, t % 10)
}

pub(crate) fn analyst(context: &Context, summary: &RiskSummary, s: &Strings) -> Told {
    let tier = summary.tier.map_or(s.tier_unknown, |tier| s.tier(tier));
    let probability = summary.probability.to_string();
    let base = percent(summary.base_probability);
    let headline = fill(s.analyst_summary, &[("p", &probability), ("level", s.level(summary.level)), ("base", &base), ("tier", tier)]);
    let mut details: Vec<String> = summary.comparisons.iter().map(|comparison| compared(&context.table, comparison, s)).collect();
    if summary.imputed > 0 {
        details.push(fill(s.analyst_imputed, &[("n", &summary.imputed.to_string())]));
    }
    Told { summary: headline, details }
}

fn compared(table: &TableSchema, comparison: &Comparison, s: &Strings) -> String {
    let column = &table.columns[comparison.column];
    let show = |value: f64| match column.kind {
        ColumnKind::Money => Money::new(value as i64, table.currency).to_string(),
        _ => match &column.unit {
            Some(unit) => format!("{} {}", display_number(value), unit.get(s.locale)),
            None => display_number(value),
        },
    };
    let group = match table.peer_column.map(|column| &table.columns[column]) {
        Some(peer) => {
            let word = peer.value_labels.get(&comparison.peer_group).map_or(&comparison.peer_group, |label| label.get(s.locale));
            fill(s.peer_group, &[("column", peer.label.get(s.locale)), ("value", word)])
        }
        None => s.peer_everyone.to_owned(),
    };
    let pairs = [
        ("column", column.label.get(s.locale).as_str()),
        ("value", &show(comparison.value)),
        ("group", &group),
        ("median", &show(comparison.peer_median)),
        ("n", &group_thousands(&comparison.peer_customers.to_string())),
    ];
    fill(s.peer_compared, &pairs)
}

/// Returns a reason as its label with the customer's own value: `Contract (month to month)`.
pub(crate) fn reason_name(context: &Context, customer: &Customer, reason: &PointedReason, locale: Locale) -> String {
    let label = context.features.groups.get(usize::from(reason.group)).map_or(reason.name.as_str(), |group| group.label.get(locale));
    match reason_value(context, customer, reason, locale) {
        Some(value) if locale == Locale::En => format!("{label} ({value})"),
        Some(value) => format!("{label}（{value}）"),
        None => label.to_owned(),
    }
}

/// Returns the customer's value of the leading column of a reason.
pub(crate) fn reason_value(context: &Context, customer: &Customer, reason: &PointedReason, locale: Locale) -> Option<String> {
    reason.columns.first().map(|&column| customer.display(&context.table, column, locale))
}

pub(crate) fn causes_told(context: &Context, customer: &Customer, causes: &CauseSummary, s: &Strings) -> Told {
    let name = |reason: &PointedReason| reason_name(context, customer, reason, s.locale);
    let summary = match (causes.verdict, causes.causes.as_slice()) {
        (CauseVerdict::TwoEqual, [first, second, ..]) => fill(s.cause_two, &[("a", &name(first)), ("b", &name(second))]),
        (CauseVerdict::OneMain, [first, ..]) => fill(s.cause_one, &[("a", &name(first)), ("points", &points(first.tenths))]),
        _ => s.cause_none.to_owned(),
    };
    let line = |text: &'static str| {
        move |reason: &PointedReason| {
            let told = fill(text, &[("a", &name(reason)), ("points", &points(reason.tenths))]);
            if reason.synthetic { format!("{told} {}", s.cause_synthetic) } else { told }
        }
    };
    let raising = causes.causes.iter().map(line(s.cause_raises));
    Told { summary, details: raising.chain(causes.protections.iter().map(line(s.cause_lowers))).collect() }
}

/// Returns an offer's name in a language; its id where the catalogue no longer has it.
pub(crate) fn offer_name(context: &Context, offer: &OfferId, locale: Locale) -> String {
    context.catalogue.offer(offer).map_or_else(|| offer.0.clone(), |known| known.name.get(locale).clone())
}

pub(crate) fn money(context: &Context, minor: i64) -> String {
    Money::new(minor, context.catalogue.currency).to_string()
}

pub(crate) fn designer(context: &Context, plan: &CampaignPlan, s: &Strings) -> Told {
    let due = plan.due.map_or_else(String::new, |due| due.to_string());
    match &plan.decision {
        Decision::Offer(choice) => {
            let name = offer_name(context, &choice.offer, s.locale);
            let summary = fill(s.plan_offer, &[("offer", &name), ("owner", &plan.owner), ("due", &due)]);
            Told { summary, details: offer_details(context, plan, choice, s) }
        }
        Decision::ServiceContact { why } => {
            let why = match why {
                WhyNoOffer::NoEligibleOffer => s.why_no_eligible,
                WhyNoOffer::NoneWorthIt => s.why_none_worth,
            };
            let summary = fill(s.plan_service, &[("why", why), ("owner", &plan.owner), ("due", &due)]);
            Told { summary, details: vec![why_rule(plan, s)] }
        }
        Decision::NoContact { why } => {
            let why = match why {
                WhyNoContact::LowRisk => s.why_low_risk,
                WhyNoContact::AlreadyLeft => s.why_already_left,
            };
            Told { summary: fill(s.plan_none, &[("why", why)]), details: Vec::new() }
        }
    }
}

fn why_rule(plan: &CampaignPlan, s: &Strings) -> String {
    let tier = plan.inputs.tier.map_or(s.tier_unknown, |tier| s.tier(tier));
    let theme = plan.inputs.theme.map_or(s.theme_none, |theme| s.theme(theme));
    let pairs = [("level", s.level(plan.inputs.level)), ("tier", tier), ("theme", theme)];
    match &plan.rule {
        Some(rule) => format!("{} {}", fill(s.plan_rule, &[("rule", rule)]), fill(s.plan_because, &pairs)),
        None => format!("{} {}", s.plan_default_rule, fill(s.plan_because, &pairs)),
    }
}

fn offer_details(context: &Context, plan: &CampaignPlan, choice: &Choice, s: &Strings) -> Vec<String> {
    let mut details = vec![why_rule(plan, s)];
    if let Some(runner_up) = &choice.runner_up {
        details.push(fill(s.plan_runner_up, &[("offer", &offer_name(context, runner_up, s.locale))]));
    }
    details.push(fill(s.plan_cost, &[("cost", &money(context, choice.cost_minor))]));
    let effect = &choice.effect;
    let source = context.catalogue.offer(&choice.offer).map_or("—", |offer| offer.effect.source.as_str());
    let pairs = [
        ("before", percent(effect.probability_before)),
        ("after", percent(effect.probability_after)),
        ("kept", money(context, effect.kept_margin_minor)),
        ("net", money(context, effect.net_minor)),
        ("months", effect.horizon_months.to_string()),
        ("source", source.to_owned()),
    ];
    details.push(fill(s.plan_effect, &pairs.each_ref().map(|(name, value)| (*name, value.as_str()))));
    details
}

/// Returns what the plan was chosen by, one (label, value) a row.
pub(crate) fn inputs(plan: &CampaignPlan, customer: &Customer, context: &Context, s: &Strings) -> Vec<(String, String)> {
    let inputs = &plan.inputs;
    let contract = context.table.with_role(&Role::Contract).map(|column| customer.display(&context.table, column, s.locale));
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
    let tenure = context.table.with_role(&Role::Tenure).map(|column| customer.display(&context.table, column, s.locale));
    vec![
        (s.input_value.to_owned(), inputs.tier.map_or(s.tier_unknown, |tier| s.tier(tier)).to_owned()),
        (s.input_reason.to_owned(), inputs.theme.map_or(s.theme_none, |theme| s.theme(theme)).to_owned()),
        (s.input_price.to_owned(), sensitivity.to_owned()),
        (s.input_contract.to_owned(), contract.or_else(|| inputs.contract.clone()).unwrap_or_else(|| s.unknown.to_owned())),
        (s.input_tenure.to_owned(), tenure.unwrap_or_else(|| s.unknown.to_owned())),
        (s.input_usage.to_owned(), usage),
    ]
}
