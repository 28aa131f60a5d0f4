//! A fact that changes after a draft was written: every message that used it is kept back, and no other.
use super::law::TEMPLATES;
use crate::lies::houses::{cases, places};
use std::collections::BTreeMap;
use winback_core::agents::communication::write;
use winback_core::claim::Value;
use winback_core::locale::Localized;
use winback_core::message::{Binding, Brief, Draft, Fact, MessageRecord};
use winback_core::review::review;

const DRAFTS: usize = 300;

/// The facts that are changed, one at a time.
const FACTS: [&str; 11] = [
    "company.name",
    "company.short_name",
    "company.address",
    "company.phone",
    "company.team",
    "offer.name",
    "offer.promise",
    "offer.percent",
    "offer.months",
    "offer.until",
    "offer.saving",
];
const CUSTOMERS_OWN: [&str; 1] = ["charge.monthly"];

#[test]
fn a_changed_fact_keeps_back_the_messages_that_used_it_and_no_other() {
    let cases = cases(&places(), DRAFTS.div_ceil(3));
    let (mut wrong, mut kept_back, mut drafts) = (Vec::new(), BTreeMap::<&str, (usize, usize)>::new(), 0);
    for case in &cases {
        for draft in write(&TEMPLATES, &case.brief).drafts {
            drafts += 1;
            let record = review(&case.brief, TEMPLATES.phrases(), draft.clone()).unwrap().record().clone();
            for id in FACTS.into_iter().chain(CUSTOMERS_OWN) {
                let Some(brief) = with_another(&case.brief, id) else { continue };
                let found = review(&brief, TEMPLATES.phrases(), draft.clone());
                let (used, blocked) = (uses(&record, id), found.is_err());
                let count = kept_back.entry(id).or_default();
                count.0 += usize::from(blocked);
                count.1 += 1;
                if used != blocked {
                    wrong.push(said(id, &draft, used, &found.err()));
                }
            }
        }
    }
    let first: Vec<&String> = wrong.iter().take(12).collect();
    assert!(wrong.is_empty(), "{} of {kept_back:?} differ from what the message says it used: {first:#?}", wrong.len());
    assert!(drafts >= DRAFTS);
    for id in FACTS.into_iter().chain(CUSTOMERS_OWN) {
        let (blocked, all) = kept_back.get(id).copied().unwrap_or_default();
        assert!(all > 0 && blocked > 0, "{id}: {blocked} of {all}");
    }
}

fn said(id: &str, draft: &Draft, used: bool, found: &Option<Vec<winback_core::message::Finding>>) -> String {
    let texts: Vec<String> = draft.content.parts().iter().take(3).map(|(part, text)| format!("{part}: {text}")).collect();
    format!("{id} used={used} findings={found:?}\n{}", texts.join("\n"))
}

/// Returns whether a message names the fact among those it rests on.
fn uses(record: &MessageRecord, id: &str) -> bool {
    let bound = |binding: &Binding| matches!(binding, Binding::Fact { id: bound } if bound == id);
    record.facts.iter().any(|fact| fact.id == id) || record.ledger.iter().any(|entry| bound(&entry.bound))
}

/// Returns the brief with another value of one fact, in its text, its value and wherever else the brief keeps it.
fn with_another(brief: &Brief, id: &str) -> Option<Brief> {
    let mut brief = brief.clone();
    let locale = brief.locale;
    let fact = brief.facts.iter_mut().find(|fact| fact.id == id)?;
    change(fact)?;
    let text = fact.text.clone();
    let company = &mut brief.company;
    let place = match id {
        "company.name" => &mut company.name,
        "company.short_name" => &mut company.short_name,
        "company.address" => &mut company.address,
        "company.team" => &mut company.team,
        "company.phone" => {
            company.phone = text;
            return Some(brief);
        }
        _ => return Some(brief),
    };
    let of = |other| if other == locale { text.clone() } else { place.get(other).clone() };
    *place = Localized::new(
        &of(winback_core::locale::Locale::ZhTw),
        &of(winback_core::locale::Locale::ZhCn),
        &of(winback_core::locale::Locale::En),
    );
    Some(brief)
}

/// Puts another value into a fact.
fn change(fact: &mut Fact) -> Option<()> {
    fact.text = match &mut fact.value {
        Some(Value::Percent { hundredths, .. }) => {
            *hundredths += 700;
            format!("{}%", *hundredths / 100)
        }
        Some(Value::Span { count, .. }) => {
            let old = count.to_string();
            *count += 5;
            fact.text.replacen(&old, &count.to_string(), 1)
        }
        Some(Value::Day { year, .. }) => {
            let old = (*year)?.to_string();
            *year = year.map(|year| year + 1);
            fact.text.replacen(&old, &(*year)?.to_string(), 1)
        }
        Some(Value::Money { minor, currency, .. }) => {
            *minor += 1_100;
            winback_core::money::Money::new(*minor, (*currency)?).to_string()
        }
        _ if fact.id == "company.phone" => "0800-777-333".into(),
        _ if fact.id == "offer.promise" => format!("{} *", fact.text.chars().rev().collect::<String>()),
        _ => format!("Another {}", fact.text.chars().rev().collect::<String>()),
    };
    Some(())
}
