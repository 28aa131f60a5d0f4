//! What is wrong with the rules and the file's own tests.
use super::{Fault, Page, Section, first_offer};
use crate::locale::Locale;
use crate::offer::matrix::{Cell, open_to};
use crate::offer::{OfferId, Rule};
use crate::spelling::nearest;
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn check(page: &mut Page<'_>) {
    let rules = &page.catalogue.rules;
    let mut seen: BTreeMap<&str, u64> = BTreeMap::new();
    for (index, rule) in rules.iter().enumerate() {
        identity(page, index, rule, &mut seen);
        offers(page, index, rule);
        reach(page, index, rule);
    }
    holes(page);
    cases(page);
}

fn identity<'a>(page: &mut Page<'_>, index: usize, rule: &'a Rule, seen: &mut BTreeMap<&'a str, u64>) {
    let (place, id) = ((Section::Rule, index), rule.id.as_str());
    if id.trim().is_empty() {
        page.error(place, "id", Fault::Id, "the rule has no id; expected a short name such as \"price-high\"".into());
    }
    if let Some(first) = seen.get(id) {
        let text = format!("rule {id:?} stands twice, first on line {first}; give each its own id");
        page.error(place, "id", Fault::Id, text);
    } else {
        seen.insert(id, page.lines.of(place, "id"));
    }
    let unnamed: Vec<Locale> = Locale::ALL.into_iter().filter(|locale| rule.owner.get(*locale).trim().is_empty()).collect();
    if unnamed.len() == Locale::ALL.len() {
        page.error(place, "owner", Fault::Empty, format!("rule {id:?} has no owner; write who answers for it"));
    } else {
        for locale in unnamed {
            let text = format!("rule {id:?} has no owner in {locale}; write it in every language, or one text for all");
            page.error(place, &format!("owner.{locale}"), Fault::MissingLanguage, text);
        }
    }
    if rule.offers.is_empty() {
        page.error(place, "offers", Fault::Empty, format!("rule {id:?} has no offers; name at least one"));
    }
}

fn offers(page: &mut Page<'_>, index: usize, rule: &Rule) {
    let (place, mut named) = ((Section::Rule, index), BTreeSet::new());
    for offer in &rule.offers {
        if !named.insert(offer) {
            page.warning(place, "offers", Fault::Id, format!("rule {:?} names offer {:?} twice", rule.id, offer.0));
        }
        match page.catalogue.offer(offer) {
            None => {
                let text = format!("rule {:?} names the offer {:?}, which does not exist{}", rule.id, offer.0, suggestion(page, offer));
                page.error(place, "offers", Fault::UnknownOffer, text);
            }
            Some(known) if cells(rule).next().is_some() && !cells(rule).any(|cell| open_to(known, cell)) => {
                let text = format!(
                    "offer {:?} is open to nobody rule {:?} is for: its own value or risk conditions leave them all out",
                    offer.0, rule.id
                );
                page.warning(place, "offers", Fault::Unused, text);
            }
            Some(_) => {}
        }
    }
}

fn suggestion(page: &Page<'_>, offer: &OfferId) -> String {
    match nearest(&offer.0, page.catalogue.offers.iter().map(|known| known.id.0.as_str())) {
        Some(known) => format!("; did you mean {known:?}?"),
        None => String::new(),
    }
}

/// Returns the kinds of customers a rule is for, those at low risk left out.
fn cells(rule: &Rule) -> impl Iterator<Item = Cell> {
    Cell::all().filter(|cell| rule.fits(cell.tier, cell.level, cell.theme))
}

/// Finds out whether anyone is left for a rule by the rules before it.
fn reach(page: &mut Page<'_>, index: usize, rule: &Rule) {
    let place = (Section::Rule, index);
    let mine: BTreeSet<Cell> = cells(rule).collect();
    if mine.is_empty() {
        let text = format!("rule {:?} is for low risk only, and nobody at low risk is contacted, so it can never fire", rule.id);
        page.error(place, "risk", Fault::Shadowed, text);
        return;
    }
    let earlier = &page.catalogue.rules[..index];
    let same = earlier.iter().enumerate().find(|(_, other)| cells(other).collect::<BTreeSet<_>>() == mine);
    if let Some((at, other)) = same.filter(|(_, other)| other.offers != rule.offers) {
        let line = page.lines.of((Section::Rule, at), "");
        let text = format!(
            "rules {:?} (line {line}) and {:?} are for the same customers and name different offers; the first always wins, so remove one or make them differ",
            other.id, rule.id
        );
        page.error(place, "", Fault::Contradiction, text);
        return;
    }
    let takes: Vec<(usize, &Rule)> =
        earlier.iter().enumerate().filter(|(_, other)| cells(other).any(|cell| mine.contains(&cell))).collect();
    let left = mine.iter().any(|cell| !takes.iter().any(|(_, other)| other.fits(cell.tier, cell.level, cell.theme)));
    if !left {
        let names: Vec<String> =
            takes.iter().map(|(at, other)| format!("{:?} (line {})", other.id, page.lines.of((Section::Rule, *at), ""))).collect();
        let text =
            format!("rule {:?} can never fire: {} before it take everyone it is for; move it up or remove it", rule.id, names.join(", "));
        page.error(place, "", Fault::Shadowed, text);
    }
}

fn holes(page: &mut Page<'_>) {
    if page.catalogue.rules.is_empty() {
        return;
    }
    let missing: Vec<Cell> = Cell::all().filter(|cell| page.catalogue.rule(cell.tier, cell.level, cell.theme).is_none()).collect();
    let Some(first) = missing.first() else { return };
    let text = format!(
        "no rule is for {} of the {} kinds of customers, the first being: {}; end the file with a rule that has no conditions",
        missing.len(),
        Cell::all().count(),
        first.words()
    );
    page.error((Section::Rule, page.catalogue.rules.len() - 1), "", Fault::Hole, text);
}

fn cases(page: &mut Page<'_>) {
    for (index, case) in page.catalogue.cases.iter().enumerate() {
        let place = (Section::Case, index);
        let cell = Cell { tier: Some(case.value), level: case.risk, theme: case.reason };
        if page.catalogue.offer(&case.expect).is_none() {
            let text = format!("the test expects the offer {:?}, which does not exist{}", case.expect.0, suggestion(page, &case.expect));
            page.error(place, "expect", Fault::UnknownOffer, text);
            continue;
        }
        let found = first_offer(page.catalogue, cell).map(|offer| offer.id.0.as_str());
        if found != Some(case.expect.0.as_str()) {
            let rule = page.catalogue.rule(cell.tier, cell.level, cell.theme).map_or("no rule", |rule| rule.id.as_str());
            let text = format!(
                "the test for {} expects {:?}, the rules give {:?} (by {rule})",
                cell.words(),
                case.expect.0,
                found.unwrap_or("no offer")
            );
            page.error(place, "expect", Fault::Case, text);
        }
    }
}
