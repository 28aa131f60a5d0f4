//! The places a slot stands in, and filling it there.
use super::Slot;
use crate::id::is_invisible_control;
use std::fmt;

/// Where a value stands, which decides what may stand there and how it is escaped. No place takes control
/// characters, line ends or characters that turn the direction of what follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A line of a mail's head: the subject, and the preheader, which is shown beside it.
    Header,
    /// The plain text of a mail.
    Plain,
    /// HTML text or a quoted attribute; escaped.
    Html,
    /// A short message.
    Sms,
    /// What a caller says.
    Script,
    /// The start of a cell of a table. What a spreadsheet would take for a formula is refused here; the exporter
    /// neutralises the cell as a whole besides, and quotes it.
    Csv,
}

impl Place {
    /// Every place.
    pub const ALL: [Place; 6] = [Place::Header, Place::Plain, Place::Html, Place::Sms, Place::Script, Place::Csv];

    /// Returns whether a slot has any business in the place.
    pub fn takes(self, slot: Slot) -> bool {
        match slot {
            Slot::FirstName => true,
            Slot::UnsubscribeUrl => matches!(self, Place::Plain | Place::Html),
            Slot::AgentName => self == Place::Script,
        }
    }

    /// Returns the first character of a value that cannot stand in the place.
    fn refuses(self, value: &str) -> Option<char> {
        let formula = value.chars().next().filter(|c| self == Place::Csv && matches!(c, '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠'));
        let breaks = |c: &char| is_invisible_control(*c) || matches!(c, '\u{2028}' | '\u{2029}' | '\u{61C}' | '\u{FEFF}' | '\u{200B}');
        formula.or_else(|| value.chars().find(breaks))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Place::Header => "a header line",
            Place::Plain => "plain text",
            Place::Html => "HTML",
            Place::Sms => "a short message",
            Place::Script => "a call script",
            Place::Csv => "a cell of a table",
        })
    }
}

/// Why a value was not put into a text. The value itself is personal and not told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The slot has no business there.
    #[error("the slot {} cannot stand in {place}; remove it", .slot.marker())]
    Slot {
        /// The slot.
        slot: Slot,
        /// Where it stood.
        place: Place,
    },
    /// The value holds what the place does not take.
    #[error("the value of {} holds U+{:04X}, which cannot stand in {place}; use a wording without it", .slot.marker(), u32::from(*.found))]
    Value {
        /// The slot.
        slot: Slot,
        /// Where it was to stand.
        place: Place,
        /// The first character that cannot.
        found: char,
    },
}

/// Returns a text with every slot filled in one pass, so that a value that looks like a slot stays what it is, or
/// the slot whose value the place refuses. Markers that are no slot stay as they are; so do slots whose value
/// `value` does not give.
pub fn fill<'v>(text: &str, place: Place, value: impl Fn(Slot) -> Option<&'v str>) -> Result<String, Refused> {
    let mut filled = String::with_capacity(text.len() + 64);
    let mut rest = text;
    while let Some(at) = find_open(rest) {
        filled.push_str(&rest[..at]);
        rest = &rest[at..];
        let known = Slot::at(rest).and_then(|(slot, length)| Some((slot, value(slot)?, length)));
        let Some((slot, value, length)) = known else {
            filled.push_str("{{");
            rest = &rest[2..];
            continue;
        };
        if !place.takes(slot) {
            return Err(Refused::Slot { slot, place });
        }
        if let Some(found) = place.refuses(value) {
            return Err(Refused::Value { slot, place, found });
        }
        match place {
            Place::Html => escape_html(value, &mut filled),
            _ => filled.push_str(value),
        }
        rest = &rest[length..];
    }
    filled.push_str(rest);
    Ok(filled)
}

/// Returns where the next marker of a text may begin: the place of `{{`.
pub(crate) fn find_open(text: &str) -> Option<usize> {
    text.match_indices('{').map(|(at, _)| at).find(|at| text[at + 1..].starts_with('{'))
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
    use crate::slot::named;
    use proptest::prelude::*;

    #[test]
    fn a_slot_stands_only_where_it_has_business() {
        let check = |slot: Slot, places: &[Place]| {
            let takes: Vec<Place> = Place::ALL.into_iter().filter(|place| place.takes(slot)).collect();
            assert_eq!(takes, places, "{slot:?}");
            for place in Place::ALL {
                let filled = fill(slot.marker(), place, |_| Some("Julia"));
                assert_eq!(filled, if takes.contains(&place) { Ok("Julia".into()) } else { Err(Refused::Slot { slot, place }) });
            }
        };
        check(Slot::FirstName, &Place::ALL);
        check(Slot::UnsubscribeUrl, &[Place::Plain, Place::Html]);
        check(Slot::AgentName, &[Place::Script]);
    }

    #[test]
    fn a_refusal_names_the_slot_and_the_character_but_never_the_value() {
        let refused = fill("{{first_name}}", Place::Header, |_| Some("Julia\r\nBcc: all")).unwrap_err();
        let told = "the value of {{first_name}} holds U+000D, which cannot stand in a header line; use a wording without it";
        assert_eq!(refused.to_string(), told);
    }

    proptest! {
        #[test]
        fn no_place_takes_what_could_break_out_of_it(value in "\\PC{0,20}|.{0,20}|[\r\n\0=+@<>\"'&\u{202E}\u{2028}\u{200B}a-z{} -]{0,20}") {
            for place in Place::ALL {
                let Ok(filled) = fill("a{{first_name}}b", place, |_| Some(value.as_str())) else { continue };
                prop_assert!(!filled.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{202A}'..='\u{202E}')), "{filled:?}");
                prop_assert!(place != Place::Html || !filled.contains(['<', '>', '"', '\'']), "{filled:?}");
                prop_assert!(place != Place::Csv || !filled[1..].starts_with(['=', '+', '-', '@']), "{filled:?}");
                let as_it_is = ["a", &value, "b"].concat();
                prop_assert!(place == Place::Html || filled == as_it_is);
            }
        }

        #[test]
        fn a_usable_name_can_stand_anywhere(name in "\\PC{0,20}|.{0,20}|[a-zé\u{301}名 .'&-]{0,20}") {
            let values = named(&name);
            if let Some(name) = values.usable(Slot::FirstName) {
                for place in Place::ALL {
                    prop_assert!(fill("{{first_name}}", place, |_| Some(name)).is_ok(), "{place}");
                }
                let markup = name.find(['{', '}', '<', '>', '"', '=', '@', '/', '\\', ':', '%', '$', '#', ';', '(', '_', '*', '`']);
                prop_assert_eq!(markup, None);
            }
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
            Ok("a {{agent_name}} {{7*7}} {{unsubscribe_url}} b".into())
        );
    }

    #[test]
    fn values_are_escaped_in_html() {
        let filled = fill("<b title=\"{{first_name}}\">{{first_name}}</b>", Place::Html, |_| Some("<i>&\"'"));
        assert_eq!(filled, Ok("<b title=\"&lt;i&gt;&amp;&quot;&#39;\">&lt;i&gt;&amp;&quot;&#39;</b>".into()));
    }
}
