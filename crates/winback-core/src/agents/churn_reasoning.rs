//! Churn reasoning: risk summary → cause summary. It adds no fact that is not in
//! the summary, and never tells a factor that lowers the risk as a cause.
use crate::agents::comparison::Leaning;
use crate::agents::data_analyst::{PointedReason, RiskSummary};
use crate::feature::{FeatureSchema, UnknownGroup};
use crate::risk::{Points, tenths};
use crate::schema::Theme;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;

mod words;
pub use words::{MOST_CHARACTERS, MOST_WORDS, Voice, reading_length};

/// A reason below one percentage point is not named as a cause.
pub const LEAST_TENTHS: i32 = 10;
/// Causes whose points differ from the strongest by at most a twentieth weigh the same.
const EQUAL_SHARE: i32 = 20;
const MOST_CAUSES: usize = 3;
const MOST_PROTECTIONS: usize = 2;

/// Why a customer may leave, in order of weight.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CauseSummary {
    /// Whether there is a story to tell.
    pub verdict: CauseVerdict,
    /// At most three reasons that raise the risk, the strongest first.
    pub causes: Vec<PointedReason>,
    /// At most two reasons that lower it, the strongest first.
    pub protections: Vec<PointedReason>,
    /// Reasons beyond the three that weigh the same as they do.
    pub equals_left_out: usize,
    /// Named reasons that go against what is usual among customers with such values.
    pub contradictions: Vec<Contradiction>,
    /// The displayed probabilities of the average customer and of this one, and what the reasons that are not
    /// named make of the difference.
    pub sum: Sum,
}

/// How the named reasons and the others lead from the average customer to this one, in tenths of a percentage point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Sum {
    /// The average customer.
    pub base_tenths: i32,
    /// This customer: the average, the named reasons and the others.
    pub total_tenths: i32,
    /// The reasons that are not named, together.
    pub others_tenths: i32,
}

/// A named reason that goes against what one would expect of its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Contradiction {
    /// The reason's place in the feature schema.
    pub group: u16,
    /// What it goes against.
    pub against: Against,
}

/// What a reason goes against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Against {
    /// Customers with such values usually differ from the others in the opposite way.
    Usual(Leaning),
    /// A price reason raises the risk although the amount is below the peers' median.
    LowPrice,
    /// A price reason lowers the risk although the amount is above the peers' median.
    HighPrice,
}

/// Whether there is a story to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CauseVerdict {
    /// One reason stands out.
    OneMain,
    /// Two reasons weigh (nearly) the same.
    TwoEqual,
    /// Three reasons or more weigh (nearly) the same.
    ThreeEqual,
    /// No reason raises the risk enough to be named.
    NoDominantReason,
}

impl CauseVerdict {
    /// Returns how many of the causes come first together.
    pub fn leading(self) -> usize {
        match self {
            CauseVerdict::NoDominantReason => 0,
            CauseVerdict::OneMain => 1,
            CauseVerdict::TwoEqual => 2,
            CauseVerdict::ThreeEqual => 3,
        }
    }
}

/// Returns why a customer may leave.
pub fn reason(summary: &RiskSummary) -> CauseSummary {
    let mut causes: Vec<PointedReason> = summary.reasons.iter().filter(|r| r.tenths >= LEAST_TENTHS).cloned().collect();
    causes.sort_by_key(|r| (-r.tenths, r.group));
    let strongest = causes.first().map_or(0, |first| first.tenths);
    let equals = causes.iter().filter(|cause| (strongest - cause.tenths) * EQUAL_SHARE <= strongest).count();
    causes.truncate(MOST_CAUSES);
    let mut protections: Vec<PointedReason> = summary.reasons.iter().filter(|r| r.tenths <= -LEAST_TENTHS).cloned().collect();
    protections.sort_by_key(|r| (r.tenths, r.group));
    protections.truncate(MOST_PROTECTIONS);
    let verdict = match equals {
        0 => CauseVerdict::NoDominantReason,
        1 => CauseVerdict::OneMain,
        2 => CauseVerdict::TwoEqual,
        _ => CauseVerdict::ThreeEqual,
    };
    let named = || causes.iter().chain(&protections);
    let all: i32 = summary.reasons.iter().map(|reason| reason.tenths).sum();
    let total_tenths = tenths(summary.probability.value());
    CauseSummary {
        verdict,
        equals_left_out: equals.saturating_sub(MOST_CAUSES),
        contradictions: named().filter_map(|reason| contradiction(reason, summary)).collect(),
        sum: Sum { base_tenths: total_tenths - all, total_tenths, others_tenths: all - named().map(|reason| reason.tenths).sum::<i32>() },
        causes,
        protections,
    }
}

/// Returns what a reason goes against: what is usual, where every value behind it of which something is known says
/// the opposite, or the comparison of the price.
fn contradiction(reason: &PointedReason, summary: &RiskSummary) -> Option<Contradiction> {
    let numbers = summary.comparisons.iter().map(|comparison| (comparison.column, comparison.leaning));
    let words = summary.words.iter().map(|comparison| (comparison.column, comparison.leaning));
    let behind = numbers.chain(words).filter(|(column, _)| reason.columns.contains(column));
    let known: Vec<Leaning> = behind.filter_map(|(_, leaning)| leaning).collect();
    let opposite = if reason.tenths > 0 { Leaning::Less } else { Leaning::More };
    let contradicts = !known.is_empty() && known.iter().all(|leaning| *leaning == opposite);
    let against = if contradicts { Some(Against::Usual(opposite)) } else { against_price(reason, summary) };
    against.map(|against| Contradiction { group: reason.group, against })
}

fn against_price(reason: &PointedReason, summary: &RiskSummary) -> Option<Against> {
    let leading = reason.columns.first().filter(|_| reason.theme == Theme::Price)?;
    let comparison = summary.comparisons.iter().find(|comparison| comparison.column == *leading)?;
    match comparison.value.partial_cmp(&comparison.peer_median)? {
        Ordering::Less if reason.tenths > 0 => Some(Against::LowPrice),
        Ordering::Greater if reason.tenths < 0 => Some(Against::HighPrice),
        _ => None,
    }
}

/// Returns the group of the strongest reason that raises the risk and that an offer can answer. Who a customer
/// is (theme [`Theme::Profile`]) is never the reason for an offer.
pub fn main_group(points: &[Points], features: &FeatureSchema) -> Result<Option<u16>, UnknownGroup> {
    let mut main: Option<Points> = None;
    for one in points.iter().filter(|points| points.tenths >= LEAST_TENTHS) {
        let answerable = features.group(one.group)?.theme != Theme::Profile;
        let heavier = main.is_none_or(|main| (one.tenths, std::cmp::Reverse(one.group)) > (main.tenths, std::cmp::Reverse(main.group)));
        if answerable && heavier {
            main = Some(*one);
        }
    }
    Ok(main.map(|points| points.group))
}
