//! Whether the slots of a mail form are right: the first thing that is measured of a model's mail.
use super::{MailForm, marker_names, unknown_markers};
use crate::message::{Channel, Fact, FactSource, Finding};
use crate::slot::Slot;

/// What may stand in a mail form between double braces, and what must.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Markers {
    /// The facts that have a marker.
    facts: Vec<Fact>,
    /// Whether the customer's name is known, so that the greeting has its slot.
    named: bool,
}

impl Markers {
    /// Returns the markers of a brief's facts; `named` says whether the customer's name is known.
    pub fn of(facts: &[Fact], named: bool) -> Self {
        Self { facts: facts.to_vec(), named }
    }

    /// Returns the markers that stand in what was asked.
    pub fn in_prompt(prompt: &str) -> Self {
        let is_slot = |name: &str| Slot::ALL.iter().any(|slot| slot.tag() == name);
        let fact = |name: &str| Fact {
            id: name.to_owned(),
            text: String::new(),
            value: None,
            source: FactSource::Company { field: name.to_owned() },
        };
        let names: Vec<&str> = marker_names(prompt).collect();
        let facts = names.iter().filter(|name| !is_slot(name)).map(|name| fact(name)).collect();
        Self { facts, named: names.contains(&Slot::FirstName.tag()) }
    }

    /// Returns everything that is wrong with the slots and markers of a form: one that names nothing, the slot of the name
    /// dropped, repeated or out of its place, a slot that has no business in a mail or no value.
    pub fn faults(&self, form: &MailForm) -> Vec<Finding> {
        let mut found = unknown_markers(form, &self.facts);
        let mut tell = |part: &str, detail: String| {
            found.push(Finding { channel: Channel::Email, part: part.to_owned(), check: "slots-kept".to_owned(), detail });
        };
        let parts = [("subject", form.subject()), ("preheader", form.preheader()), ("text", form.body())];
        for slot in Slot::ALL {
            let (marker, wanted) = (slot.marker(), slot == Slot::FirstName && self.named);
            for (part, text) in parts {
                match (wanted, part, text.matches(marker).count()) {
                    (true, "text", 1) | (_, "subject" | "preheader", 0) | (false, _, 0) => {}
                    (true, "text", 0) => tell(part, format!("the slot {marker} is missing; it stands once, in the greeting")),
                    (true, "text", count) => tell(part, format!("the slot {marker} stands {count} times; it stands once, in the greeting")),
                    (true, ..) => tell(part, format!("the slot {marker} stands once, in the greeting; take it out here")),
                    (false, ..) => tell(part, format!("the slot {marker} has no value here, or is the house's to place; take it out")),
                }
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::locale::Locale;

    #[test]
    fn each_slot_that_is_dropped_repeated_or_invented_is_told() {
        let known = Markers::in_prompt("Write {{first_name}} about {{offer.name}}.");
        let unnamed = Markers::in_prompt("Write about {{offer.name}}.");
        let check = |markers: &Markers, [subject, body]: [&str; 2], expected: &[&str]| {
            let form = MailForm::new(subject, "", body, Locale::En).unwrap();
            let found: Vec<String> =
                markers.faults(&form).into_iter().map(|finding| format!("{}: {}", finding.part, finding.detail)).collect();
            assert_eq!(found.len(), expected.len(), "{found:?}");
            found.iter().zip(expected).for_each(|(found, expected)| assert!(found.starts_with(expected), "{found}"));
        };
        check(&known, ["Hi", "Dear {{first_name}}, {{offer.name}}"], &[]);
        check(&known, ["Hi", "Dear {{first_name}}"], &[]);
        check(&known, ["Hi", "Dear you"], &["text: the slot {{first_name}} is missing"]);
        check(&known, ["Hi", "{{first_name}} {{first_name}}"], &["text: the slot {{first_name}} stands 2 times"]);
        check(&known, ["{{first_name}}", "{{first_name}}"], &["subject: the slot {{first_name}} stands once, in the greeting"]);
        check(&unnamed, ["Hi", "Dear {{first_name}}"], &["text: the slot {{first_name}} has no value here"]);
        check(&unnamed, ["Hi", "Dear you"], &[]);
        check(&known, ["Hi", "{{first_name}} {{unsubscribe_url}}"], &["text: the slot {{unsubscribe_url}} has no value here"]);
        check(&known, ["{{offer.price}}", "{{first_name}}"], &["subject: {{offer.price}} names neither"]);
    }
}
