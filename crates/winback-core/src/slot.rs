//! Slots: where personal data will stand in a text. A text carries
//! `{{first_name}}`; the name itself is filled in after review, escaped for the
//! place where it stands.
use crate::id::is_invisible_control;
use serde::{Deserialize, Serialize};

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

impl SlotValues {
    /// Returns the value of a slot if it can stand in a text: a name that reads like a name, an address that is
    /// one. Anything else (markup, control characters, ten thousand letters) counts as missing, never as text.
    pub fn usable(&self, slot: Slot) -> Option<&str> {
        let value = self.get(slot)?.trim();
        let fits = match slot {
            Slot::FirstName | Slot::AgentName => is_name(value),
            Slot::UnsubscribeUrl => is_link(value),
        };
        fits.then_some(value)
    }
}

fn is_name(text: &str) -> bool {
    text.encode_utf16().count() <= MAX_NAME_UNITS && text.chars().any(char::is_alphabetic) && text.chars().all(stands_in_a_name)
}

fn stands_in_a_name(c: char) -> bool {
    match c {
        ' ' | '-' | '\'' | '.' | '&' | '\u{2019}' | '\u{2010}' | '\u{3000}' => true,
        c if c.is_ascii() => c.is_ascii_alphabetic(),
        '\u{2000}'..='\u{206F}' | '\u{FEFF}' | '\u{FF01}'..='\u{FF20}' => false,
        c => !is_invisible_control(c) && !c.is_numeric() && !c.is_whitespace(),
    }
}

/// Returns whether a text of the table may be told as it is: a short line of words without digits, markup or
/// punctuation that could begin a sentence of its own.
pub(crate) fn is_plain_words(text: &str) -> bool {
    let text = text.trim();
    let plain = |c: char| c.is_alphabetic() || matches!(c, ' ' | '-' | '\'' | '\u{2019}' | '&' | '/' | ',' | '、' | '，');
    !text.is_empty() && text.encode_utf16().count() <= MAX_NAME_UNITS && text.chars().all(plain)
}

fn is_link(text: &str) -> bool {
    let known = ["https://", "http://", "mailto:"].iter().any(|scheme| text.starts_with(scheme));
    known && text.len() <= 2_000 && text.bytes().all(|b| b.is_ascii_graphic() && !b"\"'<>{}\\`".contains(&b))
}

/// Where a value stands, which decides how it is escaped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Plain text: a header line, a body, a short message, a script.
    Plain,
    /// HTML text or a quoted attribute.
    Html,
}

/// Returns a text with every slot filled in one pass, so that a value that looks like a slot stays what it is.
/// Markers that are no slot stay as they are; so do slots whose value `value` does not give.
pub fn fill<'v>(text: &str, place: Place, value: impl Fn(Slot) -> Option<&'v str>) -> String {
    let mut filled = String::with_capacity(text.len() + 64);
    let mut rest = text;
    while let Some(at) = rest.find("{{") {
        filled.push_str(&rest[..at]);
        rest = &rest[at..];
        let known = Slot::ALL.iter().find_map(|&slot| Some((value(slot)?, marker_len(rest, slot)?)));
        let Some((value, length)) = known else {
            filled.push_str("{{");
            rest = &rest[2..];
            continue;
        };
        match place {
            Place::Plain => filled.push_str(value),
            Place::Html => escape_html(value, &mut filled),
        }
        rest = &rest[length..];
    }
    filled.push_str(rest);
    filled
}

fn marker_len(text: &str, slot: Slot) -> Option<usize> {
    let after = text.strip_prefix("{{")?.strip_prefix(slot.tag())?.strip_prefix("}}")?;
    Some(text.len() - after.len())
}

/// Writes a text so that HTML shows it as it is, in text and in quoted attributes.
pub fn escape_html(text: &str, into: &mut String) {
    for c in text.chars() {
        match c {
            '&' => into.push_str("&amp;"),
            '<' => into.push_str("&lt;"),
            '>' => into.push_str("&gt;"),
            '"' => into.push_str("&quot;"),
            '\'' => into.push_str("&#39;"),
            c => into.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> SlotValues {
        SlotValues { first_name: Some(name.into()), ..SlotValues::default() }
    }

    #[test]
    fn only_a_name_is_used_as_a_name() {
        let check = |name: &str, used: bool| assert_eq!(named(name).usable(Slot::FirstName).is_some(), used, "{name:?}");
        for name in ["Julia", "O\u{2019}Brien", "Anne-Marie", "王小明", "José", "Anna & Tom", "J. R.", "محمد", " Li "] {
            check(name, true);
        }
        check(&"名".repeat(MAX_NAME_UNITS), true);
        // Each of these takes two UTF-16 units, so forty of them are twice what a short message counts with.
        check(&"𠮷".repeat(MAX_NAME_UNITS / 2), true);
        check(&"𠮷".repeat(MAX_NAME_UNITS / 2 + 1), false);
        let long = "x".repeat(10_240);
        for name in
            ["", "  ", "{{7*7}}", "<script>", "Ju\r\nBcc: x", "a\0b", "a\u{202E}b", "7", "R2D2", "{{unsubscribe_url}}", &long, "..."]
        {
            check(name, false);
        }
    }

    #[test]
    fn a_value_that_looks_like_a_slot_is_not_filled_again() {
        let value = |slot| match slot {
            Slot::FirstName => Some("{{agent_name}}"),
            Slot::AgentName => Some("secret"),
            Slot::UnsubscribeUrl => None,
        };
        assert_eq!(
            fill("a {{first_name}} {{7*7}} {{unsubscribe_url}} b", Place::Plain, value),
            "a {{agent_name}} {{7*7}} {{unsubscribe_url}} b"
        );
    }

    #[test]
    fn values_are_escaped_in_html() {
        let filled = fill("<b>{{first_name}}</b>", Place::Html, |_| Some("<i>&\"'"));
        assert_eq!(filled, "<b>&lt;i&gt;&amp;&quot;&#39;</b>");
    }
}
