//! Slots: where personal data will stand in a text. A text carries
//! `{{first_name}}`; the name itself is filled in after review, checked and
//! escaped for the place where it stands.
//!
//! | slot | holds | places | when its value is missing or cannot stand in a text |
//! | --- | --- | --- | --- |
//! | `first_name` | a name | all | a wording without it: the neutral greeting; counted |
//! | `unsubscribe_url` | a link | the mail's text and HTML | a wording without it, which names the company's number |
//! | `agent_name` | a name | the call script | a blank that the caller fills by speaking |
mod name;
mod place;

use serde::{Deserialize, Serialize};

pub(crate) use name::is_plain_words;
pub(crate) use place::find_open;
pub use place::{Place, Refused, escape_html, fill};

/// The longest name a greeting uses, in UTF-16 units, as short messages count; a longer one gets the greeting without a name.
pub const MAX_NAME_UNITS: usize = 40;

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

    /// Returns the name wordings use: `slot.first_name`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Slot::FirstName => "slot.first_name",
            Slot::UnsubscribeUrl => "slot.unsubscribe_url",
            Slot::AgentName => "slot.agent_name",
        }
    }

    /// Returns the slot as it stands in a text: `{{first_name}}`.
    pub fn marker(self) -> &'static str {
        match self {
            Slot::FirstName => "{{first_name}}",
            Slot::UnsubscribeUrl => "{{unsubscribe_url}}",
            Slot::AgentName => "{{agent_name}}",
        }
    }

    /// Returns the slot whose marker a text begins with, and the marker's length in bytes.
    pub(crate) fn at(text: &str) -> Option<(Slot, usize)> {
        let slot = Slot::ALL.into_iter().find(|slot| text.starts_with(slot.marker()))?;
        Some((slot, slot.marker().len()))
    }

    /// Returns what the slot holds.
    pub fn kind(self) -> SlotKind {
        match self {
            Slot::FirstName | Slot::AgentName => SlotKind::Name,
            Slot::UnsubscribeUrl => SlotKind::Link,
        }
    }

    /// Returns what becomes of a text whose slot has no value.
    pub fn when_missing(self) -> WhenMissing {
        match self {
            Slot::FirstName | Slot::UnsubscribeUrl => WhenMissing::OtherWording,
            Slot::AgentName => WhenMissing::Blank,
        }
    }
}

/// What a slot holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlotKind {
    /// A person's name: letters of any script with what joins them, [`MAX_NAME_UNITS`] at most.
    Name,
    /// An address that a browser or a mail program opens.
    Link,
}

/// What becomes of a text whose slot has no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenMissing {
    /// A wording without the slot is chosen; one that has it all the same is held by the review.
    OtherWording,
    /// A blank stands there, for a person to fill.
    Blank,
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

impl SlotValues {
    /// Returns the value of a slot if it can stand in a text: a name that reads like a name, an address that is
    /// one. Anything else (markup, control characters, ten thousand letters) counts as missing, never as text.
    pub fn usable(&self, slot: Slot) -> Option<&str> {
        let value = self.get(slot)?.trim();
        let fits = match slot.kind() {
            SlotKind::Name => name::is_name(value),
            SlotKind::Link => is_link(value),
        };
        fits.then_some(value)
    }

    /// Returns whether a slot has a value that cannot stand in a text, so that one without it is written.
    pub fn left_out(&self, slot: Slot) -> bool {
        self.get(slot).is_some_and(|value| !value.trim().is_empty()) && self.usable(slot).is_none()
    }
}

fn is_link(text: &str) -> bool {
    let known = ["https://", "http://", "mailto:"].iter().any(|scheme| text.starts_with(scheme));
    known && text.len() <= 2_000 && text.bytes().all(|b| b.is_ascii_graphic() && !b"\"'<>{}\\`".contains(&b))
}

#[cfg(test)]
pub(crate) fn named(name: &str) -> SlotValues {
    SlotValues { first_name: Some(name.into()), ..SlotValues::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_left_out_is_known() {
        let check = |name: &str, left_out: bool| assert_eq!(named(name).left_out(Slot::FirstName), left_out, "{name:?}");
        check("Julia", false);
        check("", false);
        check(" ", false);
        check("<b>", true);
        assert!(!SlotValues::default().left_out(Slot::FirstName));
    }
}
