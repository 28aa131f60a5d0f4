//! The campaign designer: assessment and catalogue → plan. The rules choose; the
//! same input and the same catalogue always give the same plan.
//!
//! The first rule that fits value tier, risk level and main reason names the
//! offers. They are tried in the rule's order, with two exceptions that the data
//! of the one customer call for: offers that lower the bill come first for a
//! customer whose price sensitivity is raised, and upgrades come last for a
//! customer whose use fell by [`LESS_USE`] or more. Unknown sensitivity and
//! unmeasured use change nothing. The first offer that the customer can have and
//! that is worth more than it costs is chosen, the second is the runner-up.
use crate::campaign::{
    CampaignPlan, Choice, Considered, Decision, ExpectedEffect, PlanInputs, PriceSensitivity, Usage, Verdict, WhyNoContact, WhyNoOffer,
};
use crate::customer::{Cell, Customer, display_number};
use crate::id::{CustomerId, Position};
use crate::money::{Currency, Money};
use crate::offer::{Catalogue, Offer, OfferKind, Rule};
use crate::peer::PeerTable;
use crate::risk::{Probability, RiskLevel, ValueTier};
use crate::schema::{ColumnIndex, Role, TableSchema, Theme};
use crate::store::Standing;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

mod words;
pub use words::{OtherOffer, PlanText, describe, theme_words};

/// The share by which use must have fallen before upgrades are tried last.
pub const LESS_USE: f64 = 0.3;

/// The column that says by what share use fell, where the table has it.
pub const USAGE_COLUMN: &str = "usage_drop_rate";

/// Everything the campaign designer is told about one customer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct DesignInput {
    /// The customer's place in the run.
    pub position: Position,
    /// The customer.
    pub customer: CustomerId,
    /// The probability of leaving.
    pub probability: Probability,
    /// What the plan is chosen by.
    pub inputs: PlanInputs,
    /// The monthly charge in minor units of the catalogue's currency; `None` when unknown.
    pub monthly_minor: Option<i64>,
    /// The values of the columns that the catalogue's conditions name, by the name used there; flags read `yes` or `no`.
    pub columns: BTreeMap<String, String>,
    /// Whether the customer has left already and is to be left alone.
    pub already_left: bool,
}

/// A table whose amounts cannot be compared with the catalogue's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the table's amounts are in {table}, the offers' in {catalogue}; give both files the same currency")]
pub struct OtherCurrency {
    table: String,
    catalogue: String,
}

/// Gathers the inputs of one table's customers.
pub struct Designer<'a> {
    schema: &'a TableSchema,
    peers: &'a PeerTable,
    columns: Vec<(String, ColumnIndex)>,
    usage: Option<ColumnIndex>,
}

impl<'a> Designer<'a> {
    /// Prepares for the columns that these catalogues name; two are given to compare them.
    pub fn new(schema: &'a TableSchema, peers: &'a PeerTable, catalogues: &[&Catalogue]) -> Result<Self, OtherCurrency> {
        if let Some(other) = catalogues.iter().find(|catalogue| catalogue.currency != schema.currency) {
            return Err(OtherCurrency { table: schema.currency.code().into(), catalogue: other.currency.code().into() });
        }
        let named = catalogues.iter().flat_map(|catalogue| &catalogue.offers).flat_map(|offer| &offer.eligibility.having);
        let known: BTreeMap<String, ColumnIndex> =
            named.filter_map(|(name, _)| schema.index_of(name).map(|column| (name.clone(), column))).collect();
        Ok(Self { schema, peers, columns: known.into_iter().collect(), usage: schema.index_of(USAGE_COLUMN) })
    }

    /// Returns the input for a customer; `theme` is that of the main reason, `None` without a dominant one.
    pub fn input(&self, customer: &Customer, standing: &Standing, theme: Option<Theme>) -> DesignInput {
        let columns = self
            .columns
            .iter()
            .filter_map(|(name, column)| Some((name.clone(), condition_text(customer.cells.get(*column)?, self.schema.currency)?)));
        DesignInput {
            position: customer.position,
            customer: customer.id.clone(),
            probability: standing.assessment.probability,
            inputs: self.plan_inputs(customer, standing, theme),
            monthly_minor: standing.monthly_minor,
            columns: columns.collect(),
            already_left: false,
        }
    }

    fn plan_inputs(&self, customer: &Customer, standing: &Standing, theme: Option<Theme>) -> PlanInputs {
        let contract = match customer.cell(self.schema, &Role::Contract) {
            Cell::Category(word) => Some(word.to_string()),
            _ => None,
        };
        let tenure_months = match customer.cell(self.schema, &Role::Tenure) {
            Cell::Number(months) => Some(*months),
            _ => None,
        };
        let usage = match self.usage.and_then(|column| customer.cells.get(column)) {
            Some(Cell::Number(drop_rate)) => Usage::Changed { drop_rate: *drop_rate },
            _ => Usage::NotMeasured,
        };
        let price_sensitivity = price_sensitivity(self.schema, self.peers, customer);
        PlanInputs { level: standing.level, tier: standing.tier, theme, contract, tenure_months, price_sensitivity, usage }
    }
}

/// Returns how a customer takes to prices, as far as the peers tell. Without peers, labels or a charge it is unknown.
pub fn price_sensitivity(schema: &TableSchema, peers: &PeerTable, customer: &Customer) -> PriceSensitivity {
    let known = || {
        let (_, group) = peers.group(schema, customer)?;
        let effect = group.price?;
        let charge_column = schema.with_role(&Role::MonthlyCharge)?;
        let median = *group.medians.get(&schema.columns[charge_column].name)?;
        let charge = customer.monthly_charge(schema)?.minor as f64;
        let (low, _, _) = effect.difference()?;
        (low > 0.0).then_some((charge > median, effect))
    };
    match known() {
        Some((true, effect)) => PriceSensitivity::Raised { effect },
        Some((false, effect)) => PriceSensitivity::Typical { effect },
        None => PriceSensitivity::Unknown,
    }
}

fn condition_text(cell: &Cell, currency: Currency) -> Option<String> {
    match cell {
        Cell::Missing => None,
        Cell::Number(value) => Some(display_number(*value)),
        Cell::Money(minor) => Some(Money::new(*minor, currency).decimal()),
        Cell::Flag(value) => Some(if *value { "yes" } else { "no" }.to_owned()),
        Cell::Category(text) | Cell::Text(text) => Some(text.to_string()),
    }
}

/// Returns the plan for a customer: nobody at low risk is contacted; a customer at risk gets the first offer
/// that fits and is worth it, else a contact without an offer.
pub fn plan(input: &DesignInput, catalogue: &Catalogue, today: Date) -> CampaignPlan {
    plan_spending(input, catalogue, today, Spending::Allowed)
}

/// Whether a plan may cost something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spending {
    /// Offers may cost what they cost.
    Allowed,
    /// The budget is spent: only what costs nothing can be offered.
    Nothing,
}

/// Returns the plan for a customer as [`plan`] does; without spending, the first offer that costs nothing.
pub fn plan_spending(input: &DesignInput, catalogue: &Catalogue, today: Date, spending: Spending) -> CampaignPlan {
    match why_no_contact(input) {
        Some(why) => finish(input, catalogue, None, (Decision::NoContact { why }, Vec::new())),
        None => {
            let rule = catalogue.rule(input.inputs.tier, input.inputs.level, input.inputs.theme);
            let outcome = decide(input, catalogue, rule, (today, spending));
            let mut plan = finish(input, catalogue, rule, outcome);
            plan.due = Some(due(input.inputs.level, catalogue, today));
            plan
        }
    }
}

fn why_no_contact(input: &DesignInput) -> Option<WhyNoContact> {
    match input.inputs.level {
        _ if input.already_left => Some(WhyNoContact::AlreadyLeft),
        RiskLevel::Low => Some(WhyNoContact::LowRisk),
        _ => None,
    }
}

fn finish(input: &DesignInput, catalogue: &Catalogue, rule: Option<&Rule>, outcome: (Decision, Vec<Considered>)) -> CampaignPlan {
    CampaignPlan {
        position: input.position,
        customer: input.customer.clone(),
        inputs: input.inputs.clone(),
        rule: rule.map(|rule| rule.id.clone()),
        decision: outcome.0,
        considered: outcome.1,
        owner: rule.map(|rule| rule.owner.clone()).unwrap_or_default(),
        due: None,
        catalogue: catalogue.digest.clone(),
    }
}

fn due(level: RiskLevel, catalogue: &Catalogue, today: Date) -> Date {
    let [high, medium] = catalogue.due_days;
    let days = if level == RiskLevel::High { high } else { medium };
    today.saturating_add(jiff::Span::new().days(days))
}

fn decide(input: &DesignInput, catalogue: &Catalogue, rule: Option<&Rule>, when: (Date, Spending)) -> (Decision, Vec<Considered>) {
    let (today, spending) = when;
    let offers = in_order(input, catalogue, rule);
    let mut fitting: Vec<&Offer> = Vec::new();
    let mut considered = Vec::with_capacity(offers.len());
    for offer in offers {
        let verdict = match refusal(offer, input, catalogue, today) {
            Some(refusal) => refusal,
            None if spending == Spending::Nothing && offer.cost.for_charge(charge(input, catalogue)).minor > 0 => Verdict::OverBudget,
            None => {
                fitting.push(offer);
                [Verdict::Chosen, Verdict::RunnerUp, Verdict::NotNeeded][(fitting.len() - 1).min(2)]
            }
        };
        considered.push(Considered { offer: offer.id.clone(), verdict });
    }
    let Some(chosen) = fitting.first() else {
        let any = |verdict: Verdict| considered.iter().any(|one| one.verdict == verdict);
        let why = match () {
            () if any(Verdict::OverBudget) => WhyNoOffer::BudgetSpent,
            () if any(Verdict::NotWorthIt) => WhyNoOffer::NoneWorthIt,
            () => WhyNoOffer::NoEligibleOffer,
        };
        return (Decision::ServiceContact { why }, considered);
    };
    let choice = Choice {
        offer: chosen.id.clone(),
        runner_up: fitting.get(1).map(|offer| offer.id.clone()),
        cost_minor: chosen.cost.for_charge(charge(input, catalogue)).minor,
        effect: expected_effect(chosen, input, catalogue),
    };
    (Decision::Offer(choice), considered)
}

/// Returns the rule's offers in the order in which they are tried (see the module's text).
fn in_order<'a>(input: &DesignInput, catalogue: &'a Catalogue, rule: Option<&Rule>) -> Vec<&'a Offer> {
    let mut offers: Vec<&Offer> = rule.map_or(&[][..], |rule| &rule.offers).iter().filter_map(|id| catalogue.offer(id)).collect();
    let minds_price = matches!(input.inputs.price_sensitivity, PriceSensitivity::Raised { .. });
    let uses_less = uses_less(&input.inputs.usage);
    offers.sort_by_key(|offer| match offer.kind {
        _ if minds_price && offer.lowers_bill() => 0,
        OfferKind::Upgrade if uses_less => 2,
        _ => 1,
    });
    offers
}

/// Returns whether use fell so far that an upgrade would be more of what the customer does not use.
pub fn uses_less(usage: &Usage) -> bool {
    matches!(usage, Usage::Changed { drop_rate } if *drop_rate >= LESS_USE)
}

/// Returns the monthly charge; a negative one counts as unknown.
fn charge(input: &DesignInput, catalogue: &Catalogue) -> Option<Money> {
    input.monthly_minor.filter(|minor| *minor >= 0).map(|minor| Money::new(minor, catalogue.currency))
}

/// Returns why an offer is not made to a customer, `None` if it can be made and is worth it.
fn refusal(offer: &Offer, input: &DesignInput, catalogue: &Catalogue, today: Date) -> Option<Verdict> {
    unavailable(offer, input, catalogue, today).or_else(|| not_worth_it(offer, input, catalogue))
}

/// Returns why a customer cannot have an offer, whatever it is worth; `None` if it can be had.
pub(crate) fn unavailable(offer: &Offer, input: &DesignInput, catalogue: &Catalogue, today: Date) -> Option<Verdict> {
    not_eligible(offer, input, catalogue)
        .or_else(|| not_valid(offer, today).then_some(Verdict::NotValidToday))
        .or_else(|| (offer.stock == Some(0)).then_some(Verdict::OutOfStock))
}

fn not_valid(offer: &Offer, today: Date) -> bool {
    offer.valid_from.is_some_and(|first| today < first) || offer.valid_until.is_some_and(|last| last < today)
}

fn not_eligible(offer: &Offer, input: &DesignInput, catalogue: &Catalogue) -> Option<Verdict> {
    let (who, inputs) = (&offer.eligibility, &input.inputs);
    let tenure = inputs.tenure_months;
    let too_short = who.tenure_min.is_some_and(|least| tenure.is_none_or(|months| months < least));
    let too_long = who.tenure_max.is_some_and(|most| tenure.is_none_or(|months| months > most));
    let too_cheap = who.charge_min.is_some_and(|least| charge(input, catalogue).is_none_or(|charge| charge.minor < least.minor));
    let other_column = who.having.iter().any(|(name, values)| !has_one_of(input.columns.get(name), values));
    match () {
        () if !who.risk.is_empty() && !who.risk.contains(&inputs.level) => Some(Verdict::OtherRisk),
        () if !tier_fits(&who.value, inputs.tier) => Some(Verdict::OtherValue),
        () if too_short || too_long => Some(Verdict::OtherTenure),
        () if too_cheap => Some(Verdict::ChargeTooLow),
        () if other_column => Some(Verdict::OtherColumn),
        () => None,
    }
}

fn tier_fits(tiers: &[ValueTier], tier: Option<ValueTier>) -> bool {
    tiers.is_empty() || tier.is_some_and(|tier| tiers.contains(&tier))
}

fn has_one_of(value: Option<&String>, values: &[String]) -> bool {
    value.is_some_and(|value| values.iter().any(|one| one.trim().eq_ignore_ascii_case(value.trim())))
}

/// Without a charge the worth cannot be judged: help without a price and what costs nothing pass, the rest waits for a charge.
fn not_worth_it(offer: &Offer, input: &DesignInput, catalogue: &Catalogue) -> Option<Verdict> {
    let Some(charge) = charge(input, catalogue) else {
        let free = offer.cost_for(None).is_some_and(|cost| cost.minor == 0 || offer.kind == OfferKind::Service);
        return (!free).then_some(Verdict::ChargeTooLow);
    };
    let kept = expected_effect(offer, input, catalogue).kept_margin_minor;
    (kept <= offer.cost.for_charge(Some(charge)).minor).then_some(Verdict::NotWorthIt)
}

/// Returns what an offer is assumed to bring. The probability after is before × (1 − saves); the kept margin is
/// rounded to the nearest minor unit, half away from zero. Without a known charge no margin is counted.
pub fn expected_effect(offer: &Offer, input: &DesignInput, catalogue: &Catalogue) -> ExpectedEffect {
    let before = input.probability.value();
    let after = before * (1.0 - offer.effect.saves);
    let charge = charge(input, catalogue);
    let kept_per_month = (before - after) * charge.map_or(0.0, |charge| charge.minor as f64) * catalogue.margin;
    let kept_margin_minor = (kept_per_month * f64::from(catalogue.horizon_months)).round() as i64;
    let cost = offer.cost.for_charge(charge).minor;
    ExpectedEffect {
        probability_before: before,
        probability_after: after,
        kept_margin_minor,
        net_minor: kept_margin_minor.saturating_sub(cost),
        horizon_months: catalogue.horizon_months,
    }
}

#[cfg(test)]
mod tests;
