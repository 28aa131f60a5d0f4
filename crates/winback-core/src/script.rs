//! The course of a call: its steps, and where an answer leads.
use serde::{Deserialize, Serialize};

/// A step of a call, in the order in which they are spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CallStep {
    /// Who calls, and may we speak.
    Opening,
    /// Why we call.
    Reason,
    /// What we offer.
    Offer,
    /// How the call ends.
    Close,
}

impl CallStep {
    /// Every step, in order.
    pub const ALL: [CallStep; 4] = [CallStep::Opening, CallStep::Reason, CallStep::Offer, CallStep::Close];

    /// The steps after which a customer may object.
    pub const SPOKEN: [CallStep; 3] = [CallStep::Opening, CallStep::Reason, CallStep::Offer];

    /// Returns the name used in files: `opening`.
    pub fn tag(self) -> &'static str {
        match self {
            CallStep::Opening => "opening",
            CallStep::Reason => "reason",
            CallStep::Offer => "offer",
            CallStep::Close => "close",
        }
    }

    /// Returns the step of a name.
    pub fn from_tag(tag: &str) -> Option<Self> {
        CallStep::ALL.into_iter().find(|step| step.tag() == tag)
    }
}

/// Where a call goes after an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Next {
    /// On to a step.
    Step(CallStep),
    /// The call ends with an outcome, by code.
    End(String),
}

impl Next {
    /// Returns where a word of a template leads: to a step of that name, or to the end with that outcome.
    pub fn of(word: &str) -> Self {
        CallStep::from_tag(word).map_or_else(|| Next::End(word.to_owned()), Next::Step)
    }
}
