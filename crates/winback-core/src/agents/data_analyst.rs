//! The data analyst: assessment → risk summary. Every number in its summary is
//! the model's or the table's own.
use crate::id::CustomerId;
use crate::risk::{ModelVersion, Probability, RiskLevel, ValueTier};
use crate::schema::Theme;
use serde::{Deserialize, Serialize};

/// What is known about a customer's risk, in numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct RiskSummary {
    /// The customer.
    pub customer: CustomerId,
    /// The model that scored.
    pub model: ModelVersion,
    /// The probability of leaving.
    pub probability: Probability,
    /// The probability of the average customer.
    pub base_probability: f64,
    /// The level under the run's thresholds.
    pub level: RiskLevel,
    /// The value tier; `None` when the monthly charge is unknown.
    pub tier: Option<ValueTier>,
    /// The monthly charge in minor units.
    pub monthly_minor: Option<i64>,
    /// Every reason in points, the strongest first.
    pub reasons: Vec<PointedReason>,
    /// How the customer's numbers compare with the peers'.
    pub comparisons: Vec<Comparison>,
    /// How many features were empty and filled by what the model learned; above 0 the score is less certain.
    pub imputed: u16,
}

/// One reason with its points.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PointedReason {
    /// The reason group's place in the feature schema.
    pub group: u16,
    /// The group's name in files.
    pub name: String,
    /// What the reason is about.
    pub theme: Theme,
    /// Tenths of a percentage point, signed; above 0 raises the risk.
    pub tenths: i32,
    /// The columns behind it with their places in the table, the leading one first.
    pub columns: Vec<usize>,
    /// Whether the values were invented for demonstration.
    pub synthetic: bool,
}

/// One number compared with what is usual among peers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Comparison {
    /// The column's place in the table.
    pub column: usize,
    /// The customer's value; money in minor units.
    pub value: f64,
    /// The peers' median, in the same unit.
    pub peer_median: f64,
    /// The value of the peer column that makes the group; empty for everyone.
    pub peer_group: String,
    /// How many customers the group has.
    pub peer_customers: u64,
}
