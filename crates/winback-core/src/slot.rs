//! Slots: where personal data will stand in a text. A text carries
//! `{{first_name}}`; the name itself is filled in after review, escaped for the
//! place where it stands.
use serde::{Deserialize, Serialize};

/// A place for personal data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Slot {
    /// The name a message greets with.
    FirstName,
    /// The address under which the customer unsubscribes.
    UnsubscribeUrl,
    /// The name of the person who makes the call.
    AgentName,
}

impl Slot {
    /// Every slot.
    pub const ALL: [Slot; 3] = [Slot::FirstName, Slot::UnsubscribeUrl, Slot::AgentName];

    /// Returns the name used in texts: `first_name`.
    pub fn tag(self) -> &'static str {
        match self {
            Slot::FirstName => "first_name",
            Slot::UnsubscribeUrl => "unsubscribe_url",
            Slot::AgentName => "agent_name",
        }
    }

    /// Returns the slot as it stands in a text: `{{first_name}}`.
    pub fn marker(self) -> String {
        format!("{{{{{}}}}}", self.tag())
    }
}

/// The values of the slots for one customer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SlotValues {
    /// The name, where the table has one.
    pub first_name: Option<String>,
    /// The unsubscribe address, where the company has one.
    pub unsubscribe_url: Option<String>,
    /// The caller's name; left as a blank to speak where unknown.
    pub agent_name: Option<String>,
}

impl SlotValues {
    /// Returns the value of a slot.
    pub fn get(&self, slot: Slot) -> Option<&str> {
        match slot {
            Slot::FirstName => self.first_name.as_deref(),
            Slot::UnsubscribeUrl => self.unsubscribe_url.as_deref(),
            Slot::AgentName => self.agent_name.as_deref(),
        }
    }
}
