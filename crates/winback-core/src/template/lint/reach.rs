//! Wordings that nobody would ever get.
use super::cases::cases;
use crate::locale::Locale;
use crate::script::Next;
use crate::spelling::nearest;
use crate::template::part::{OF_OFFER, Part};
use crate::template::section::Section;
use crate::template::{Case, TemplateError, TemplateProblem, Templates};
use std::collections::HashSet;

impl Templates {
    /// Returns an error for each wording that can never be chosen or leads nowhere.
    pub(super) fn never_chosen(&self, broken: &HashSet<String>) -> Vec<TemplateError> {
        let cases: Vec<Case> = cases().collect();
        let mut errors = Vec::new();
        for (locale, part) in Locale::ALL.into_iter().flat_map(|locale| Part::ALL.map(|part| (locale, part))) {
            let shelf = self.shelf(locale, part);
            let outcomes = if part == Part::Objection { self.ids(locale, Part::Outcome) } else { Vec::new() };
            let unread = broken.contains(&format!("{locale}/{}", Part::Outcome.file()));
            // A file of every language stands on each language's shelf and is looked at once.
            let own = |section: &&Section| section.locale.is_some() || locale == Locale::ALL[0];
            for section in shelf.iter().filter(own) {
                let error = |problem| section.problem(section.head_line(), problem);
                errors.extend(no_outcome(section, &outcomes).filter(|_| !unread).map(error));
                errors.extend(out_of_reach(section, shelf, &cases).map(error));
            }
        }
        errors
    }
}

fn no_outcome(section: &Section, outcomes: &[&str]) -> Option<TemplateProblem> {
    let Some(Next::End(then)) = &section.then else { return None };
    if outcomes.contains(&then.as_str()) {
        return None;
    }
    let steps = crate::script::CallStep::ALL.map(crate::script::CallStep::tag);
    let known = || outcomes.iter().copied().chain(steps);
    let hint = match nearest(then, known()) {
        Some(near) => format!("did you mean then={near}?"),
        None => format!("the outcomes are {}", outcomes.join(", ")),
    };
    Some(TemplateProblem::NoOutcome { then: then.clone(), hint })
}

fn out_of_reach(section: &Section, shelf: &[Section], cases: &[Case]) -> Option<TemplateProblem> {
    let mut before: Option<&Section> = None;
    let mut possible = false;
    for case in cases.iter().filter_map(|case| at_best(section, *case)) {
        possible = true;
        // The longest short message that fits is sent, so a less specific one has its turn where others are too long.
        let goes_before =
            |other: &&Section| section.part != Part::Sms && other.id == section.id && other.rank() > section.rank() && other.fits(case);
        match shelf.iter().find(goes_before) {
            None => return None,
            Some(other) => before = before.or(Some(other)),
        }
    }
    match before {
        _ if !possible => Some(TemplateProblem::Impossible(section.conditions_told())),
        Some(other) => Some(TemplateProblem::Shadowed(format!("the wording of {}:{}", other.file, other.head_line()))),
        None => None,
    }
}

/// Returns a case in which the wording fits with as little as it needs: whatever else is known only lets more
/// specific wordings fit.
fn at_best(section: &Section, case: Case) -> Option<Case> {
    let has = case.has | if case.kind.is_some() { section.needs } else { section.needs & !OF_OFFER };
    let case = Case { segment: section.segment, has, ..case };
    section.fits(case).then_some(case)
}
