//! The offer catalogue: what the company is ready to give, to whom, at what
//! cost, and the rules that choose among the offers.
use crate::digest::Digest;
use crate::locale::{Locale, Localized};
use crate::money::{Currency, Money};
use crate::risk::{RiskLevel, ValueTier};
use crate::schema::Theme;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::fmt;

pub mod budget;
pub mod lint;
pub mod matrix;
pub mod simulate;

/// An offer's id in the catalogue: `annual-15`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(transparent)]
pub struct OfferId(pub String);

impl fmt::Display for OfferId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The kinds of strategy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OfferKind {
    /// Less to pay for a while.
    Discount,
    /// More for the same price.
    Upgrade,
    /// Another plan or contract that fits better.
    PlanChange,
    /// An extra to try at no charge.
    FreeTrial,
    /// Help without a price: a check, a call back, a named contact.
    Service,
}

impl OfferKind {
    /// Every kind, in the order in which lists show them.
    pub const ALL: [OfferKind; 5] =
        [OfferKind::Discount, OfferKind::Upgrade, OfferKind::PlanChange, OfferKind::FreeTrial, OfferKind::Service];

    /// Returns the name used in files: `plan_change`.
    pub fn tag(self) -> &'static str {
        match self {
            OfferKind::Discount => "discount",
            OfferKind::Upgrade => "upgrade",
            OfferKind::PlanChange => "plan_change",
            OfferKind::FreeTrial => "free_trial",
            OfferKind::Service => "service",
        }
    }
}

/// One thing the company is ready to give.
#[derive(Clone, Debug, PartialEq)]
pub struct Offer {
    /// The id.
    pub id: OfferId,
    /// The kind.
    pub kind: OfferKind,
    /// The name for customers.
    pub name: Localized,
    /// What the customer gets, as one sentence for customers. Numbers stand in it as `{percent}`,
    /// `{months}` and `{saving}` and are filled from the terms.
    pub promise: Localized,
    /// The numbers of the promise.
    pub terms: Terms,
    /// What it costs the company.
    pub cost: OfferCost,
    /// Who may have it.
    pub eligibility: Eligibility,
    /// The first day it may be offered.
    pub valid_from: Option<Date>,
    /// The last day it may be offered.
    pub valid_until: Option<Date>,
    /// How many there are; `None` for no limit.
    pub stock: Option<u32>,
    /// What it is assumed to achieve.
    pub effect: EffectAssumption,
    /// What changes in the customer's row when it is taken, by column: `Contract` becomes `One year`.
    pub changes: Vec<(String, String)>,
}

impl Offer {
    /// Returns whether the customer pays less with it: a discount, or a change of plan with a percentage off.
    pub fn lowers_bill(&self) -> bool {
        self.kind == OfferKind::Discount || (self.kind == OfferKind::PlanChange && self.terms.percent.is_some())
    }

    /// Returns what it costs for a customer, half a minor unit rounded up; `None` when the cost is a share of
    /// a monthly charge that is unknown.
    pub fn cost_for(&self, monthly_charge: Option<Money>) -> Option<Money> {
        let needs_charge = self.cost.percent_of_charge > 0 && self.cost.months > 0;
        (!needs_charge || monthly_charge.is_some()).then(|| self.cost.for_charge(monthly_charge))
    }

    /// Returns what the offer takes off a monthly charge, cut to the minor unit so that it never promises more than is
    /// given; `None` where it takes off nothing.
    pub fn saving(&self, monthly_charge: Money) -> Option<Money> {
        let minor = i128::from(monthly_charge.minor.max(0)) * i128::from(self.terms.percent?) / 100;
        let minor = i64::try_from(minor).ok().filter(|&minor| minor > 0)?;
        Some(Money::new(minor, monthly_charge.currency))
    }

    /// Returns the promise with its numbers: `{percent}` becomes `15`, `{months}` becomes `12`, and `{saving}` what the
    /// customer saves in one month; or the first number that the text needs and nobody gave.
    pub fn promise_for(&self, monthly_charge: Option<Money>, locale: Locale) -> Result<String, PromiseNumber> {
        let numbers = [
            (PromiseNumber::Percent, self.terms.percent.map(|percent| percent.to_string())),
            (PromiseNumber::Months, self.terms.months.map(|months| months.to_string())),
            (PromiseNumber::Saving, monthly_charge.and_then(|charge| self.saving(charge)).map(|saving| saving.to_string())),
        ];
        let mut text = self.promise.get(locale).clone();
        for (number, value) in numbers {
            if text.contains(number.placeholder()) {
                text = text.replace(number.placeholder(), &value.ok_or(number)?);
            }
        }
        Ok(text)
    }
}

/// A number that a promise can state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PromiseNumber {
    /// Per cent off the monthly charge.
    Percent,
    /// For how many months.
    Months,
    /// What the customer saves in one month.
    Saving,
}

impl PromiseNumber {
    /// Returns the number as a promise writes it: `{percent}`.
    pub fn placeholder(self) -> &'static str {
        match self {
            PromiseNumber::Percent => "{percent}",
            PromiseNumber::Months => "{months}",
            PromiseNumber::Saving => "{saving}",
        }
    }

    /// Returns what to do where the number is not known.
    pub fn remedy(self) -> &'static str {
        match self {
            PromiseNumber::Percent => "give the offer a percent",
            PromiseNumber::Months => "give the offer its months",
            PromiseNumber::Saving => "make the offer only to customers with a monthly charge, or leave the saving out",
        }
    }
}

/// The numbers of a promise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// Per cent off the monthly charge.
    pub percent: Option<u8>,
    /// For how many months.
    pub months: Option<u16>,
}

/// What an offer costs the company for one customer: `fixed + monthly charge × percent × months`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OfferCost {
    /// A fixed amount.
    pub fixed: Money,
    /// Per cent of the monthly charge given up …
    pub percent_of_charge: u8,
    /// … for so many months.
    pub months: u16,
}

impl OfferCost {
    /// Returns the cost for a customer, half a minor unit rounded up.
    pub fn for_charge(&self, monthly_charge: Option<Money>) -> Money {
        let charge = monthly_charge.map_or(0, |money| money.minor);
        let hundredths = i128::from(charge) * i128::from(self.percent_of_charge) * i128::from(self.months);
        let share = i64::try_from((hundredths + 50).div_euclid(100)).unwrap_or(i64::MAX);
        Money::new(self.fixed.minor.saturating_add(share), self.fixed.currency)
    }
}

/// Who may have an offer. An empty list allows everyone; a condition on something unknown is not met.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Eligibility {
    /// The risk levels.
    pub risk: Vec<RiskLevel>,
    /// The value tiers.
    pub value: Vec<ValueTier>,
    /// The least tenure in months.
    pub tenure_min: Option<f64>,
    /// The greatest tenure in months.
    pub tenure_max: Option<f64>,
    /// The least monthly charge.
    pub charge_min: Option<Money>,
    /// Columns and the values they must have, by column name: `Contract` one of `Month-to-month`.
    pub having: Vec<(String, Vec<String>)>,
}

/// What an offer is assumed to achieve; an assumption until an experiment measures it.
#[derive(Clone, Debug, PartialEq)]
pub struct EffectAssumption {
    /// The share of the would-be leavers who stay because of it, from 0 to 1.
    pub saves: f64,
    /// Where the number comes from, in the owner's words.
    pub source: Localized,
}

/// One rule: for these customers, try these offers in this order.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// The rule's name, unique in the file.
    pub id: String,
    /// Who answers for it.
    pub owner: Localized,
    /// The day it was last changed.
    pub date: Date,
    /// The value tiers it is for; empty for all, the unknown tier included.
    pub value: Vec<ValueTier>,
    /// The risk levels it is for; empty for all.
    pub risk: Vec<RiskLevel>,
    /// The themes of the main reason it is for; empty for all, "no dominant reason" included.
    pub reason: Vec<Theme>,
    /// The offers, the preferred one first.
    pub offers: Vec<OfferId>,
    /// The line of the rule file.
    pub line: u64,
}

/// A test that the rule file carries with itself.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleCase {
    /// The value tier.
    pub value: ValueTier,
    /// The risk level.
    pub risk: RiskLevel,
    /// The theme of the main reason; `None` for no dominant reason.
    pub reason: Option<Theme>,
    /// The first offer expected.
    pub expect: OfferId,
    /// The line of the rule file.
    pub line: u64,
}

/// The catalogue and its rules, as `offers.toml` gives them.
#[derive(Clone, Debug, PartialEq)]
pub struct Catalogue {
    /// The currency of every amount.
    pub currency: Currency,
    /// The share of the monthly charge that is margin, from 0 to 1, for the expected value.
    pub margin: f64,
    /// How many months a kept customer is counted for.
    pub horizon_months: u16,
    /// What all offers of a run may cost together; `None` for no limit.
    pub budget: Option<Money>,
    /// Days until an action is due, by risk level: high, medium.
    pub due_days: [u16; 2],
    /// The offers.
    pub offers: Vec<Offer>,
    /// The rules; the first that fits is taken.
    pub rules: Vec<Rule>,
    /// The file's own tests.
    pub cases: Vec<RuleCase>,
    /// The hash of the file.
    pub digest: Digest,
}

impl Catalogue {
    /// Returns an offer by its id.
    pub fn offer(&self, id: &OfferId) -> Option<&Offer> {
        self.offers.iter().find(|offer| offer.id == *id)
    }

    /// Takes one piece of an offer from its stock, after a customer was given it. An offer without a limit stays as it is.
    pub fn take(&mut self, id: &OfferId) {
        if let Some(stock) = self.offers.iter_mut().find(|offer| offer.id == *id).and_then(|offer| offer.stock.as_mut()) {
            *stock = stock.saturating_sub(1);
        }
    }

    /// Puts one piece of an offer back into its stock, after all not given to a customer.
    pub fn put_back(&mut self, id: &OfferId) {
        if let Some(stock) = self.offers.iter_mut().find(|offer| offer.id == *id).and_then(|offer| offer.stock.as_mut()) {
            *stock = stock.saturating_add(1);
        }
    }

    /// Returns the first rule that fits; `tier` and `theme` are `None` where unknown.
    pub fn rule(&self, tier: Option<ValueTier>, level: RiskLevel, theme: Option<Theme>) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.fits(tier, level, theme))
    }
}

impl Rule {
    /// Returns whether the rule is for these customers.
    pub fn fits(&self, tier: Option<ValueTier>, level: RiskLevel, theme: Option<Theme>) -> bool {
        let of_value = self.value.is_empty() || tier.is_some_and(|tier| self.value.contains(&tier));
        let of_reason = self.reason.is_empty() || theme.is_some_and(|theme| self.reason.contains(&theme));
        of_value && of_reason && (self.risk.is_empty() || self.risk.contains(&level))
    }
}
