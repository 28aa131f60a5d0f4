//! What is wrong with one offer.
use super::{Fault, Page, Section, words};
use crate::locale::Locale;
use crate::offer::Offer;
use std::collections::BTreeMap;

const PLACEHOLDERS: [&str; 3] = ["percent", "months", "saving"];

pub(super) fn check(page: &mut Page<'_>) {
    let mut seen = BTreeMap::new();
    for (index, offer) in page.catalogue.offers.iter().enumerate() {
        identity(page, index, offer, &mut seen);
        period(page, index, offer);
        cost(page, index, offer);
        terms(page, index, offer);
        effect(page, index, offer);
        eligibility(page, index, offer);
        for locale in Locale::ALL {
            texts(page, index, offer, locale);
        }
    }
}

fn identity<'a>(page: &mut Page<'_>, index: usize, offer: &'a Offer, seen: &mut BTreeMap<&'a str, u64>) {
    let (place, id) = ((Section::Offer, index), offer.id.0.as_str());
    if id.trim().is_empty() {
        page.error(place, "id", Fault::Id, "the offer has no id; expected a short name such as \"annual-plan\"".into());
    }
    let line = page.lines.of(place, "id");
    if let Some(first) = seen.get(id) {
        let text = format!("offer {id:?} stands twice, first on line {first}; give each its own id");
        page.error(place, "id", Fault::Id, text);
    } else {
        seen.insert(id, line);
    }
    if !page.catalogue.rules.iter().any(|rule| rule.offers.contains(&offer.id)) {
        page.warning(
            place,
            "id",
            Fault::Unused,
            format!("no rule names offer {id:?}, so nobody will get it; name it in a rule, or remove it"),
        );
    }
}

fn period(page: &mut Page<'_>, index: usize, offer: &Offer) {
    let (place, id, today) = ((Section::Offer, index), &offer.id.0, page.today);
    if let (Some(first), Some(last)) = (offer.valid_from, offer.valid_until)
        && last < first
    {
        page.error(
            place,
            "valid_until",
            Fault::Period,
            format!("offer {id:?} ends on {last}, before it begins on {first}; swap or move the days"),
        );
        return;
    }
    if let Some(last) = offer.valid_until.filter(|last| *last < today) {
        page.error(
            place,
            "valid_until",
            Fault::Period,
            format!("offer {id:?} expired on {last} (today is {today}); move the day or remove the offer"),
        );
    }
    if let Some(first) = offer.valid_from.filter(|first| today < *first) {
        page.warning(place, "valid_from", Fault::Period, format!("offer {id:?} cannot be made before {first} (today is {today})"));
    }
}

fn cost(page: &mut Page<'_>, index: usize, offer: &Offer) {
    let (place, id, cost) = ((Section::Offer, index), &offer.id.0, offer.cost);
    if cost.fixed.minor < 0 {
        let text =
            format!("offer {id:?} has a cost of {}; a cost is never below 0, so write what it costs the company", cost.fixed.decimal());
        page.error(place, "cost.fixed", Fault::NegativeCost, text);
    }
    if cost.percent_of_charge > 100 {
        let text = format!("offer {id:?} costs {} % of the monthly charge; expected 0 to 100", cost.percent_of_charge);
        page.error(place, "cost.percent_of_charge", Fault::Percent, text);
    }
    if (cost.percent_of_charge > 0) != (cost.months > 0) {
        let text = format!("the cost of offer {id:?} needs percent_of_charge and months together; one of them is 0");
        page.error(place, "cost.months", Fault::Months, text);
    }
    let promised = (offer.terms.percent.map_or(0, u32::from)) * offer.terms.months.map_or(0, u32::from);
    let counted = u32::from(cost.percent_of_charge) * u32::from(cost.months);
    if promised > counted {
        let text = format!(
            "offer {id:?} promises {promised} % of a monthly charge in all, its cost counts {counted} %; the cost should not be less than the promise"
        );
        page.warning(place, "cost", Fault::CostTerms, text);
    }
}

fn terms(page: &mut Page<'_>, index: usize, offer: &Offer) {
    let (place, id) = ((Section::Offer, index), &offer.id.0);
    if let Some(percent) = offer.terms.percent.filter(|percent| !(1..=100).contains(percent)) {
        page.error(place, "terms.percent", Fault::Percent, format!("offer {id:?} gives {percent} %; expected 1 to 100"));
    }
    if offer.terms.months == Some(0) {
        page.error(place, "terms.months", Fault::Months, format!("offer {id:?} lasts 0 months; expected at least 1, or leave months out"));
    }
}

fn effect(page: &mut Page<'_>, index: usize, offer: &Offer) {
    let (place, id) = ((Section::Offer, index), &offer.id.0);
    if !(0.0..=1.0).contains(&offer.effect.saves) {
        let text = format!("offer {id:?} saves {} of the leavers; expected a share from 0 to 1, such as 0.2", offer.effect.saves);
        page.error(place, "effect.saves", Fault::Effect, text);
    }
    let unsaid: Vec<Locale> = Locale::ALL.into_iter().filter(|locale| offer.effect.source.get(*locale).trim().is_empty()).collect();
    if unsaid.len() == Locale::ALL.len() {
        let text = format!("offer {id:?} does not say where its effect comes from; write an experiment, a reference or \"assumption\"");
        page.error(place, "effect.source", Fault::Effect, text);
    } else {
        for locale in unsaid {
            let text = format!("offer {id:?} has no source of its effect in {locale}; write it in every language, or one text for all");
            page.error(place, &format!("effect.source.{locale}"), Fault::MissingLanguage, text);
        }
    }
}

fn eligibility(page: &mut Page<'_>, index: usize, offer: &Offer) {
    let (place, id, who) = ((Section::Offer, index), &offer.id.0, &offer.eligibility);
    if let (Some(least), Some(most)) = (who.tenure_min, who.tenure_max)
        && least > most
    {
        page.error(
            place,
            "eligible.tenure_min",
            Fault::Eligibility,
            format!("offer {id:?} asks for at least {least} and at most {most} months; nobody has both"),
        );
    }
    for (column, _) in who.having.iter().filter(|(_, values)| values.is_empty()) {
        let text = format!("offer {id:?} asks for the column {column:?} and lists no value, so nobody can have it");
        page.error(place, &format!("eligible.having.{column}"), Fault::Eligibility, text);
    }
    for (field, months) in [("tenure_min", who.tenure_min), ("tenure_max", who.tenure_max)] {
        if let Some(months) = months.filter(|months| !months.is_finite() || *months < 0.0) {
            let text = format!("offer {id:?} has {field} = {months}; expected a number of months, 0 or more");
            page.error(place, &format!("eligible.{field}"), Fault::Eligibility, text);
        }
    }
    if offer.stock == Some(0) {
        let text = format!("none are left of offer {id:?}, so nobody will get it; raise the stock, or remove the offer");
        page.warning(place, "stock", Fault::Eligibility, text);
    }
}

fn texts(page: &mut Page<'_>, index: usize, offer: &Offer, locale: Locale) {
    let (place, id) = ((Section::Offer, index), &offer.id.0);
    for (field, text) in [("name", &offer.name), ("promise", &offer.promise)] {
        if text.get(locale).trim().is_empty() {
            let path = format!("{field}.{locale}");
            page.error(place, &path, Fault::MissingLanguage, format!("offer {id:?} has no {field} in {locale}; every language needs one"));
        }
    }
    words::check(page, (index, offer), "name", locale);
    if !words::check(page, (index, offer), "promise", locale) {
        return;
    }
    let (promise, path) = (offer.promise.get(locale), format!("promise.{locale}"));
    if promise.matches('{').count() != promise.matches('}').count() {
        let text = format!("the promise of offer {id:?} in {locale} opens a brace that it does not close, or the other way round");
        page.error(place, &path, Fault::PromiseTerms, text);
    }
    for name in placeholders(promise).filter(|name| !PLACEHOLDERS.contains(name)) {
        let text = format!("the promise of offer {id:?} has {{{name}}}; expected {{percent}}, {{months}} or {{saving}}");
        page.error(place, &path, Fault::PromiseTerms, text);
    }
    if let Some(number) = typed_number(promise) {
        let text = format!(
            "the promise of offer {id:?} in {locale} holds the typed number {number:?}; put numbers into terms and write {{percent}} or {{months}}"
        );
        page.error(place, &path, Fault::TypedNumber, text);
    }
    if !promise.trim().is_empty() {
        promise_and_terms(page, index, offer, locale);
    }
}

fn promise_and_terms(page: &mut Page<'_>, index: usize, offer: &Offer, locale: Locale) {
    let (place, id, path) = ((Section::Offer, index), &offer.id.0, format!("promise.{locale}"));
    let promise = offer.promise.get(locale);
    let says = |name: &str| placeholders(promise).any(|one| one == name);
    let terms = [
        ("percent", offer.terms.percent.is_some(), says("percent") || says("saving")),
        ("months", offer.terms.months.is_some(), says("months")),
    ];
    for (term, given, said) in terms {
        match (given, said) {
            (false, true) => {
                let text = format!(
                    "the promise of offer {id:?} in {locale} uses {{{term}}} (or what is computed from it), but terms has no {term}"
                );
                page.error(place, &path, Fault::PromiseTerms, text);
            }
            (true, false) => {
                let text = format!("terms of offer {id:?} has {term}, but the promise in {locale} does not say it");
                page.warning(place, &path, Fault::PromiseTerms, text);
            }
            _ => {}
        }
    }
}

/// Returns the names in single braces.
fn placeholders(text: &str) -> impl Iterator<Item = &str> {
    text.split('{').skip(1).filter_map(|rest| rest.split_once('}').map(|(name, _)| name))
}

const CHINESE_NUMBERS: &str = "一二兩两三四五六七八九十百千半";
const CHINESE_UNITS: [&str; 15] = ["個月", "个月", "折", "成", "年", "天", "日", "週", "周", "元", "塊", "块", "價", "价", "倍"];
const ENGLISH_NUMBERS: [&str; 20] = [
    "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "twelve", "fifteen", "twenty", "thirty", "forty",
    "fifty", "hundred", "half", "double", "twice",
];
const ENGLISH_UNITS: [&str; 11] =
    ["month", "percent", "per cent", "year", "week", "day", "price", "dollar", "off", "the price", "your monthly"];

/// Returns the first number that is typed as digits, or as a word before a unit: `15`, `三個月`, `three months`.
fn typed_number(text: &str) -> Option<String> {
    digits(text).map(str::to_owned).or_else(|| chinese_number(text)).or_else(|| english_number(text))
}

/// Returns the first number in digits of any width, with the marks inside it: `25`, `1,200.50`.
fn digits(text: &str) -> Option<&str> {
    let text = &text[text.find(char::is_numeric)?..];
    let ends = |(at, c): (usize, char)| {
        let more = text[at + c.len_utf8()..].starts_with(char::is_numeric);
        !(c.is_numeric() || (matches!(c, '.' | ',' | '．' | '，') && more))
    };
    Some(&text[..text.char_indices().find(|&found| ends(found)).map_or(text.len(), |(at, _)| at)])
}

fn chinese_number(text: &str) -> Option<String> {
    text.char_indices().filter(|(_, c)| CHINESE_NUMBERS.contains(*c)).find_map(|(at, c)| {
        let end = at + c.len_utf8();
        let unit = CHINESE_UNITS.iter().find(|unit| text[end..].starts_with(**unit))?;
        let start = text[..end].trim_end_matches(|c| CHINESE_NUMBERS.contains(c)).len();
        Some(format!("{}{unit}", &text[start..end]))
    })
}

fn english_number(text: &str) -> Option<String> {
    let words: Vec<String> = text.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty()).map(str::to_lowercase).collect();
    let numbers = words.iter().enumerate().filter(|(_, word)| ENGLISH_NUMBERS.contains(&word.as_str()));
    numbers.into_iter().find_map(|(place, _)| {
        // One word may stand between: two free months, half the price.
        let after: Vec<String> = (1..=2).filter_map(|next| words.get(place + next..).map(|rest| rest.join(" "))).collect();
        let ends = 1 + after.iter().position(|rest| ENGLISH_UNITS.iter().any(|unit| rest.starts_with(unit)))?;
        Some(words[place..=place + ends].join(" "))
    })
}
