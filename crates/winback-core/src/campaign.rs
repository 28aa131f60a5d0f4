//! What is planned for a customer: the chosen offer, the runner-up, why, at what
//! cost, and what it is expected to bring.
use crate::digest::Digest;
use crate::id::{CustomerId, Position};
use crate::locale::{Localized, one_text_or_each};
use crate::offer::OfferId;
use crate::peer::PriceEffect;
use crate::risk::{RiskLevel, ValueTier};
use crate::schema::Theme;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// The plan for one customer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CampaignPlan {
    /// The customer's place in the run.
    pub position: Position,
    /// The customer.
    pub customer: CustomerId,
    /// What the plan was chosen by.
    pub inputs: PlanInputs,
    /// The rule that fitted, by its id; `None` when the default was taken.
    pub rule: Option<String>,
    /// What is to be done.
    pub decision: Decision,
    /// Every offer the rule named and what became of it, in the order in which they were tried.
    pub considered: Vec<Considered>,
    /// Who is to do it. A plan may hold one text for every language, as plans of an earlier form do.
    #[serde(deserialize_with = "one_text_or_each")]
    pub owner: Localized,
    /// The day by which it is to be done; `None` where nothing is.
    #[schemars(with = "Option<String>")]
    pub due: Option<Date>,
    /// The catalogue it was chosen from.
    pub catalogue: Digest,
}

/// Everything a plan depends on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PlanInputs {
    /// The risk level.
    pub level: RiskLevel,
    /// The value tier; `None` when nothing is known of what it is measured by.
    pub tier: Option<ValueTier>,
    /// The theme of the main reason; `None` without a dominant reason.
    pub theme: Option<Theme>,
    /// The kind of contract, as the file writes it.
    pub contract: Option<String>,
    /// Months with the company.
    pub tenure_months: Option<f64>,
    /// How the customer takes to prices.
    pub price_sensitivity: PriceSensitivity,
    /// How the use has changed.
    pub usage: Usage,
}

/// How a customer takes to prices, estimated from what the peers did.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum PriceSensitivity {
    /// Pays more than the peers' median, and peers who do leave more often (the interval of the difference lies above 0).
    Raised {
        /// What the peers did.
        effect: PriceEffect,
    },
    /// Peers who pay more leave more often, but this customer does not pay more.
    Typical {
        /// What the peers did.
        effect: PriceEffect,
    },
    /// The data do not tell. Treated as neutral, never as insensitive.
    Unknown,
}

/// How the use has changed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Usage {
    /// Measured: the share by which use fell (negative when it grew).
    Changed {
        /// 0.3 means that use fell by 30 %.
        drop_rate: f64,
    },
    /// No usage was measured.
    NotMeasured,
}

/// What is to be done for a customer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum Decision {
    /// Make an offer.
    Offer(Choice),
    /// Get in touch without an offer.
    ServiceContact {
        /// Why there is no offer.
        why: WhyNoOffer,
    },
    /// Leave the customer alone.
    NoContact {
        /// Why.
        why: WhyNoContact,
    },
}

/// The chosen offer and what it means.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Choice {
    /// The offer.
    pub offer: OfferId,
    /// The next best that the customer could have.
    pub runner_up: Option<OfferId>,
    /// What it costs if taken, in minor units of the catalogue's currency.
    pub cost_minor: i64,
    /// What it is expected to bring.
    pub effect: ExpectedEffect,
}

/// What an offer is expected to bring. An assumption until an experiment measures it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ExpectedEffect {
    /// The probability of leaving without the offer.
    pub probability_before: f64,
    /// The probability of leaving with it, as assumed.
    pub probability_after: f64,
    /// The margin kept over the horizon, in minor units: (before − after) × monthly charge × margin × months.
    pub kept_margin_minor: i64,
    /// The kept margin less the cost, in minor units.
    pub net_minor: i64,
    /// Over how many months.
    pub horizon_months: u16,
}

/// An offer the rule named, and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Considered {
    /// The offer.
    pub offer: OfferId,
    /// What became of it.
    pub verdict: Verdict,
}

/// What became of an offer under consideration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It was chosen.
    Chosen,
    /// The customer could have it, but an offer before it was chosen.
    RunnerUp,
    /// The customer could have it, but two offers before it came first.
    NotNeeded,
    /// It is not for this risk level.
    OtherRisk,
    /// It is not for this value tier.
    OtherValue,
    /// The tenure is outside its limits or unknown.
    OtherTenure,
    /// The charge is below its limit or unknown.
    ChargeTooLow,
    /// A column has none of the values it asks for.
    OtherColumn,
    /// It is not valid on the day of the plan.
    NotValidToday,
    /// None are left.
    OutOfStock,
    /// It would cost more than it is expected to keep.
    NotWorthIt,
    /// The customer could have it, but the budget went to customers for whom it brings more.
    OverBudget,
}

/// Why no offer is made although the customer is at risk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WhyNoOffer {
    /// The customer can have none of the rule's offers.
    NoEligibleOffer,
    /// Every offer the customer can have costs more than it is expected to keep.
    NoneWorthIt,
    /// The offers the customer can have cost something, and the budget went to customers for whom it brings more.
    BudgetSpent,
}

/// Why a customer is left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WhyNoContact {
    /// The risk is low; a message would only remind the customer that one can leave.
    LowRisk,
    /// The table says that the customer has left already, and the run is told to leave such customers alone.
    AlreadyLeft,
}

impl CampaignPlan {
    /// Returns whether the customer gets something else than the best offer because the budget is spent.
    pub fn is_over_budget(&self) -> bool {
        self.considered.iter().any(|one| one.verdict == Verdict::OverBudget)
    }
}

impl Decision {
    /// Returns the chosen offer, if there is one.
    pub fn choice(&self) -> Option<&Choice> {
        match self {
            Decision::Offer(choice) => Some(choice),
            _ => None,
        }
    }

    /// Returns whether the customer has left already and is left alone.
    pub fn is_departed(&self) -> bool {
        matches!(self, Decision::NoContact { why: WhyNoContact::AlreadyLeft })
    }

    /// Returns whether the customer is to be contacted.
    pub fn is_contact(&self) -> bool {
        !matches!(self, Decision::NoContact { .. })
    }
}

/// What a person decided about a planned action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalState {
    /// To be done.
    Approved,
    /// Not to be done.
    Declined,
}

/// A person's decision about a planned action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// The customer's place in the run.
    pub position: Position,
    /// The decision.
    pub state: ApprovalState,
    /// Who decided.
    pub by: String,
    /// When.
    pub at: Timestamp,
}
