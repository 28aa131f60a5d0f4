//! Whether the words of each wording are fit to be sent.
use crate::locale::Locale;
use crate::manners::{Offence, find};
use crate::template::part::Part;
use crate::template::section::Section;
use crate::template::{TemplateError, TemplateProblem, Templates};
use std::collections::HashSet;

/// Stands for whatever a wording puts in.
const PUT_IN: char = '\u{FFFC}';

impl Templates {
    /// Returns an error for each digit, each phrase that is never said, and each wording written twice.
    pub(super) fn unfit_words(&self) -> Vec<TemplateError> {
        let mut seen = HashSet::new();
        let all = self.shelves.iter().flatten().chain(&self.spoilt);
        let sections: Vec<&Section> = all.filter(|section| seen.insert(section.key.as_str())).collect();
        let mut errors = Vec::new();
        for (at, section) in sections.iter().enumerate() {
            errors.extend(digit(section));
            errors.extend(self.rude(section));
            let twin = sections.get(..at).and_then(|before| before.iter().find(|one| one.same_head(section) && one.text == section.text));
            errors.extend(twin.map(|twin| section.problem(section.head_line(), TemplateProblem::Duplicate(twin.head_line()))));
        }
        errors
    }

    fn rude(&self, section: &Section) -> Vec<TemplateError> {
        let segment = section.segment.and_then(|at| self.segments.get(usize::from(at)));
        let locales = section.locale.map_or(Locale::ALL.to_vec(), |locale| vec![locale]);
        let offences = |text: &str| -> Vec<Offence> {
            let house = locales.iter().flat_map(|locale| self.phrases.house.find(*locale, segment, text));
            find(text).into_iter().chain(house).collect()
        };
        let spoken = spoken(section);
        let line_of = |count: usize| {
            let upto = |line: &usize| offences(&spoken.lines().take(*line).collect::<Vec<_>>().join("\n")).len() > count;
            (1..=spoken.lines().count()).find(upto).unwrap_or(1) - 1
        };
        let error = |(at, offence): (usize, Offence)| section.problem(section.line + line_of(at), TemplateProblem::Rude(offence));
        offences(&spoken).into_iter().enumerate().map(error).collect()
    }
}

fn digit(section: &Section) -> Option<TemplateError> {
    let text = if section.part == Part::Html { spoken(section) } else { without(&section.text, "{#", "#}", None) };
    let (at, digit) = text.lines().enumerate().find_map(|(at, line)| Some((at, line.chars().find(|c| c.is_numeric())?)))?;
    Some(section.problem(section.line + at, TemplateProblem::Digit(digit)))
}

/// Returns what the company itself says in a wording, line by line: no tags, a mark for whatever is put in, nothing
/// of what a customer may say and nothing of the list of what the caller must not say.
pub(in crate::template) fn spoken(section: &Section) -> String {
    let text = match section.part {
        Part::Forbidden => return String::new(),
        Part::Objection => section.text.split_once('\n').map_or(String::new(), |(_, answer)| format!("\n{answer}")),
        _ => section.text.clone(),
    };
    let text = without(&text, "{#", "#}", None);
    let text = without_tags(&text);
    let text = without(&text, "{{", "}}", Some(PUT_IN));
    if section.part == Part::Html { crate::review::visible_text(&text) } else { text }
}

/// Returns a text without its tags, its line ends kept.
pub(in crate::template) fn without_tags(text: &str) -> String {
    without(text, "{%", "%}", None)
}

/// Returns a text without what stands between two marks, its line ends kept.
fn without(text: &str, open: &str, close: &str, put: Option<char>) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, from)) = rest.split_once(open) {
        kept.push_str(before);
        kept.extend(put);
        let (inside, after) = from.split_once(close).unwrap_or((from, ""));
        kept.extend(inside.chars().filter(|c| *c == '\n'));
        rest = after;
    }
    kept.push_str(rest);
    kept
}
