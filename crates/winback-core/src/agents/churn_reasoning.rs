//! Churn reasoning: risk summary → cause summary. It adds no fact that is not in
//! the summary, and never tells a factor that lowers the risk as a cause.
use crate::agents::data_analyst::PointedReason;
use serde::{Deserialize, Serialize};

/// Why a customer may leave, in order of weight.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CauseSummary {
    /// Whether there is a story to tell.
    pub verdict: CauseVerdict,
    /// At most three reasons that raise the risk, the strongest first.
    pub causes: Vec<PointedReason>,
    /// At most two reasons that lower it, the strongest first.
    pub protections: Vec<PointedReason>,
}

/// Whether there is a story to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CauseVerdict {
    /// One reason stands out.
    OneMain,
    /// Two reasons weigh (nearly) the same.
    TwoEqual,
    /// No reason raises the risk enough to be named.
    NoDominantReason,
}
