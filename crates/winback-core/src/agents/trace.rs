//! What an agent did, so that a result can be traced and repeated.
use crate::digest::Digest;
use serde::{Deserialize, Serialize};

/// The agents, in the order in which they work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AgentName {
    /// Assessment → risk summary.
    DataAnalyst,
    /// Reasons → cause summary.
    ChurnReasoning,
    /// Assessment and catalogue → plan.
    CampaignDesigner,
    /// Plan → e-mail, SMS, call script.
    Communication,
}

/// What an agent did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Trace {
    /// The agent.
    pub agent: AgentName,
    /// The hash of its input.
    pub input: Digest,
    /// What did the work: `rules`, or a model with its adapter and prompt version.
    pub by: String,
    /// How it ended.
    pub verdict: AgentVerdict,
}

/// How an agent's work ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AgentVerdict {
    /// It answered and its answer passed its checks.
    Passed,
    /// Its answer was kept back for a person.
    Held,
    /// There was nothing for it to do.
    NotNeeded,
}
