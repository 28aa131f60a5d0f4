//! How likely a customer is to leave, how serious that is, and why.
mod value;

use crate::id::{CustomerId, Position};
use serde::{Deserialize, Serialize};
use std::fmt;

pub use value::{BoundsError, Measure, NoTier, ValueBounds, ValueBy};

/// A probability in [0, 1]. Compared before rounding.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(try_from = "f64", into = "f64")]
pub struct Probability(f64);

/// A number that is no probability.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("{0} is no probability; expected a number from 0 to 1")]
pub struct ProbabilityError(f64);

impl Probability {
    /// Returns the probability, or the number that is none (NaN included).
    pub fn new(value: f64) -> Result<Self, ProbabilityError> {
        if (0.0..=1.0).contains(&value) { Ok(Self(value)) } else { Err(ProbabilityError(value)) }
    }

    /// Returns the probability of some log-odds: 1 / (1 + e^-x).
    pub fn from_log_odds(log_odds: f64) -> Result<Self, ProbabilityError> {
        Self::new(logistic(log_odds))
    }

    /// Returns the number.
    pub fn value(self) -> f64 {
        self.0
    }
}

impl fmt::Display for Probability {
    /// Writes a percentage cut (not rounded) to one decimal, so that 0.6999 never reads as 70.0 %;
    /// the ends read `<0.1%` and `>99.9%`, because nothing is certain.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match tenths(self.0) {
            t if t < 1 => f.write_str("<0.1%"),
            t if t > 999 => f.write_str(">99.9%"),
            t => write!(f, "{}.{}%", t / 10, t % 10),
        }
    }
}

impl TryFrom<f64> for Probability {
    type Error = ProbabilityError;
    fn try_from(value: f64) -> Result<Self, ProbabilityError> {
        Self::new(value)
    }
}

impl From<Probability> for f64 {
    fn from(probability: Probability) -> Self {
        probability.0
    }
}

/// How serious a probability is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RiskLevel {
    /// Below the medium threshold.
    Low,
    /// From the medium up to the high threshold.
    Medium,
    /// The high threshold and above.
    High,
}

impl RiskLevel {
    /// Every level, the most serious first.
    pub const ALL: [RiskLevel; 3] = [RiskLevel::High, RiskLevel::Medium, RiskLevel::Low];

    /// Returns the name used in files: `high`.
    pub fn tag(self) -> &'static str {
        match self {
            RiskLevel::High => "high",
            RiskLevel::Medium => "medium",
            RiskLevel::Low => "low",
        }
    }

    /// Returns the level with a name used in files.
    pub fn from_tag(tag: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.tag() == tag)
    }
}

/// How much a customer is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ValueTier {
    /// Below the mid bound.
    Low,
    /// From the mid bound up to the high bound.
    Mid,
    /// The high bound and above.
    High,
}

impl ValueTier {
    /// Every tier, the most valuable first.
    pub const ALL: [ValueTier; 3] = [ValueTier::High, ValueTier::Mid, ValueTier::Low];

    /// Returns the name used in files: `high`.
    pub fn tag(self) -> &'static str {
        match self {
            ValueTier::High => "high",
            ValueTier::Mid => "mid",
            ValueTier::Low => "low",
        }
    }

    /// Returns the tier with a name used in files.
    pub fn from_tag(tag: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tier| tier.tag() == tag)
    }
}

/// The probabilities from which a customer is at medium and at high risk.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawThresholds", into = "RawThresholds")]
pub struct RiskThresholds {
    medium: f64,
    high: f64,
}

#[derive(Serialize, Deserialize)]
struct RawThresholds {
    medium: f64,
    high: f64,
}

/// Thresholds that leave a level empty or lie outside (0, 1).
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("risk thresholds medium {medium} and high {high}: expected 0 < medium < high < 1")]
pub struct ThresholdError {
    medium: f64,
    high: f64,
}

impl RiskThresholds {
    /// Returns the thresholds if 0 < medium < high < 1.
    pub fn new(medium: f64, high: f64) -> Result<Self, ThresholdError> {
        if 0.0 < medium && medium < high && high < 1.0 { Ok(Self { medium, high }) } else { Err(ThresholdError { medium, high }) }
    }

    /// Returns the level of a probability: `high` and `medium` themselves belong to the higher level.
    pub fn level(&self, probability: Probability) -> RiskLevel {
        match probability.value() {
            p if p >= self.high => RiskLevel::High,
            p if p >= self.medium => RiskLevel::Medium,
            _ => RiskLevel::Low,
        }
    }

    /// Returns the medium threshold.
    pub fn medium(&self) -> f64 {
        self.medium
    }

    /// Returns the high threshold.
    pub fn high(&self) -> f64 {
        self.high
    }
}

impl Default for RiskThresholds {
    fn default() -> Self {
        Self { medium: 0.4, high: 0.7 }
    }
}

impl TryFrom<RawThresholds> for RiskThresholds {
    type Error = ThresholdError;
    fn try_from(raw: RawThresholds) -> Result<Self, ThresholdError> {
        Self::new(raw.medium, raw.high)
    }
}

impl From<RiskThresholds> for RawThresholds {
    fn from(thresholds: RiskThresholds) -> Self {
        Self { medium: thresholds.medium, high: thresholds.high }
    }
}

/// The version of a model: its family and the hash of its file.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(transparent)]
pub struct ModelVersion(pub String);

impl fmt::Display for ModelVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One reason group's part in a customer's score.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    /// The place of the group in [`crate::feature::FeatureSchema::groups`].
    pub group: u16,
    /// The signed contribution in log-odds; above 0 raises the risk.
    pub log_odds: f64,
}

/// What the model says of one customer. `base + Σ reasons = log_odds` within 1e-9.
#[derive(Clone, Debug, PartialEq)]
pub struct RiskAssessment {
    /// The customer's place in the run.
    pub position: Position,
    /// The customer.
    pub customer: CustomerId,
    /// The model's score.
    pub log_odds: f64,
    /// The score as a probability.
    pub probability: Probability,
    /// The score of the average customer, in log-odds.
    pub base: f64,
    /// Every group's part, in the order of the feature schema's groups.
    pub reasons: Vec<Reason>,
    /// How many features were empty and filled by what the model learned.
    pub imputed: u16,
}

/// A reason in points of probability, as people see it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Points {
    /// The place of the group in the feature schema.
    pub group: u16,
    /// Tenths of a percentage point; the sum over all groups is exactly that of the displayed difference.
    pub tenths: i32,
}

impl RiskAssessment {
    /// Returns every reason in tenths of a percentage point, in group order; see [`points`].
    pub fn points(&self) -> Vec<Points> {
        points(self.log_odds, self.base, &self.reasons)
    }

    /// Returns the probability of the average customer.
    pub fn base_probability(&self) -> f64 {
        logistic(self.base)
    }
}

/// Returns 1 / (1 + e^-x).
pub fn logistic(log_odds: f64) -> f64 {
    1.0 / (1.0 + (-log_odds).exp())
}

/// Returns reasons in tenths of a percentage point, in their order: each gets the share of the difference
/// between the two probabilities that it has of the difference in log-odds, and the rounded parts add up
/// exactly to the difference between the displayed percentages (largest remainder).
pub fn points(log_odds: f64, base: f64, reasons: &[Reason]) -> Vec<Points> {
    let (p, base_p) = (logistic(log_odds), logistic(base));
    let span = log_odds - base;
    let slope = if span.abs() < 1e-9 { p * (1.0 - p) } else { (p - base_p) / span };
    let exact: Vec<f64> = reasons.iter().map(|reason| reason.log_odds * slope * 1000.0).collect();
    let whole = round_to_sum(&exact, tenths(p) - tenths(base_p));
    reasons.iter().zip(whole).map(|(reason, tenths)| Points { group: reason.group, tenths }).collect()
}

/// Returns a probability in displayed tenths of a percent: the largest t with t / 1000 ≤ p, so that
/// no probability below a threshold is shown at it.
pub fn tenths(probability: f64) -> i32 {
    let guess = (probability * 1000.0).floor() as i32;
    match guess {
        t if f64::from(t + 1) / 1000.0 <= probability => t + 1,
        t if f64::from(t) / 1000.0 > probability => t - 1,
        t => t,
    }
}

/// Rounds numbers to integers whose sum is `target`, changing each by less than the total needs
/// (largest remainder; ties go to the earlier).
fn round_to_sum(exact: &[f64], target: i32) -> Vec<i32> {
    let mut whole: Vec<i32> = exact.iter().map(|x| x.floor() as i32).collect();
    let mut order: Vec<usize> = (0..exact.len()).collect();
    order.sort_by(|&a, &b| (exact[b] - exact[b].floor()).total_cmp(&(exact[a] - exact[a].floor())).then(a.cmp(&b)));
    let mut missing = target - whole.iter().sum::<i32>();
    let mut turn = 0;
    while missing != 0 && !order.is_empty() {
        let at = if missing > 0 { order[turn % order.len()] } else { order[order.len() - 1 - turn % order.len()] };
        whole[at] += missing.signum();
        missing -= missing.signum();
        turn += 1;
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_compared_before_rounding() {
        let check = |p: f64, level: RiskLevel, display: &str| {
            let p = Probability::new(p).unwrap();
            assert_eq!((RiskThresholds::default().level(p), p.to_string().as_str()), (level, display));
        };
        check(0.7, RiskLevel::High, "70.0%");
        check(0.6999, RiskLevel::Medium, "69.9%");
        check(0.7_f64.next_down(), RiskLevel::Medium, "69.9%");
        check(0.4, RiskLevel::Medium, "40.0%");
        check(0.39999, RiskLevel::Low, "39.9%");
        check(0.0, RiskLevel::Low, "<0.1%");
        check(1.0, RiskLevel::High, ">99.9%");
        check(0.29, RiskLevel::Low, "29.0%");
    }

    #[test]
    fn a_number_outside_0_to_1_has_no_level() {
        for number in [f64::NAN, -0.1, 1.1, f64::INFINITY] {
            assert!(Probability::new(number).is_err(), "{number}");
        }
    }

    #[test]
    fn swapped_or_equal_thresholds_are_refused() {
        for (medium, high) in [(0.7, 0.4), (0.4, 0.4), (0.0, 0.5), (0.5, 1.0), (f64::NAN, 0.5)] {
            assert!(RiskThresholds::new(medium, high).is_err(), "{medium} {high}");
        }
    }

    #[test]
    fn displayed_points_add_up_to_the_displayed_difference() {
        let reasons = [0.731, -0.2222, 0.05, 1e-6, -0.9]
            .iter()
            .enumerate()
            .map(|(i, &log_odds)| Reason { group: i as u16, log_odds })
            .collect::<Vec<_>>();
        let base = -1.2;
        let log_odds = base + reasons.iter().map(|r| r.log_odds).sum::<f64>();
        let probability = Probability::from_log_odds(log_odds).unwrap();
        let id = CustomerId::parse("1").unwrap();
        let assessment = RiskAssessment { position: Position(0), customer: id, log_odds, probability, base, reasons, imputed: 0 };
        let sum: i32 = assessment.points().iter().map(|p| p.tenths).sum();
        assert_eq!(sum, tenths(probability.value()) - tenths(assessment.base_probability()));
        assert!(assessment.points()[0].tenths > 0 && assessment.points()[4].tenths < 0);
    }
}
