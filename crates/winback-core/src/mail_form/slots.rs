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
        let parts = [("subject", form.subject()), ("preheader", form.preheader()), ("text", form.body())];
        let mut told: Vec<(&str, String)> = if self.named { name_faults(parts) } else { Vec::new() };
        for slot in Slot::ALL.into_iter().filter(|slot| !(self.named && *slot == Slot::FirstName)) {
            let here = parts.into_iter().filter(|(_, text)| text.contains(slot.marker()));
            let detail = format!("the slot {} has no value here, or is the house's to place; take it out", slot.marker());
            told.extend(here.map(|(part, _)| (part, detail.clone())));
        }
        found.extend(told.into_iter().map(|(part, detail)| finding(part, detail)));
        found.extend(if self.named { misplaced_name(form) } else { None });
        found
    }
}

fn finding(part: &str, detail: String) -> Finding {
    Finding { channel: Channel::Email, part: part.to_owned(), check: "slots-kept".to_owned(), detail }
}

/// Returns what is wrong with the number of the name's slots in a mail to somebody whose name is known, by part: there is
/// one, in the text. The review and [`Markers`] judge by this one rule.
pub(crate) fn name_faults<'p>(parts: [(&'p str, &str); 3]) -> Vec<(&'p str, String)> {
    let marker = Slot::FirstName.marker();
    let of_text = |text: &str| match text.matches(marker).count() {
        0 => Some(format!("the slot {marker} is missing, although there is a value for it; it stands once, in the greeting")),
        1 => None,
        count => Some(format!("the slot {marker} stands {count} times; it stands once, in the greeting")),
    };
    let of_line = |text: &str| text.contains(marker).then(|| format!("the slot {marker} stands once, in the greeting; take it out here"));
    let [subject, preheader, text] = parts;
    let lines = [subject, preheader].map(|(part, text)| (part, of_line(text)));
    lines.into_iter().chain([(text.0, of_text(text.1))]).filter_map(|(part, fault)| Some((part, fault?))).collect()
}

/// Returns what is wrong with the place of the only slot of the name: it stands in the greeting, which is the first paragraph
/// of a form, wherever the house's layout puts that.
pub(crate) fn misplaced_name(form: &MailForm) -> Option<Finding> {
    let marker = Slot::FirstName.marker();
    let greeted = form.paragraphs().next().is_some_and(|greeting| greeting.contains(marker));
    let detail = format!("the slot {marker} stands outside the greeting, which is the first paragraph; it stands once, there");
    (form.body().matches(marker).count() == 1 && !greeted).then(|| finding("text", detail))
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
        check(
            &known,
            ["Hi", "Hello,\n\nwelcome.\n\nKind regards,\n{{first_name}}"],
            &["text: the slot {{first_name}} stands outside the greeting"],
        );
        check(&unnamed, ["Hi", "Dear {{first_name}}"], &["text: the slot {{first_name}} has no value here"]);
        check(&unnamed, ["Hi", "Dear you"], &[]);
        check(&known, ["Hi", "{{first_name}} {{unsubscribe_url}}"], &["text: the slot {{unsubscribe_url}} has no value here"]);
        check(&known, ["{{offer.price}}", "{{first_name}}"], &["subject: {{offer.price}} names neither"]);
    }
}
