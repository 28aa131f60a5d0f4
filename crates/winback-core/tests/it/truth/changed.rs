//! A fact that changes after a draft was written: every message that used it is kept back, and no other.
use super::law::TEMPLATES;
use crate::lies::houses::{cases, places};
use std::collections::BTreeMap;
use winback_core::agents::communication::write;
use winback_core::claim::Value;
use winback_core::locale::Locale;
use winback_core::message::{Binding, Brief, Draft, Fact, Finding, MessageRecord};
use winback_core::money::Money;
use winback_core::review::review;

const DRAFTS: usize = 300;

/// The facts that are changed, one at a time.
const FACTS: [&str; 12] = [
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
    "charge.monthly",
];

#[test]
fn a_changed_fact_keeps_back_the_messages_that_used_it_and_no_other() {
    let (mut wrong, mut kept_back, mut drafts) = (Vec::new(), BTreeMap::<&str, [usize; 3]>::new(), 0);
    for case in &cases(&places(), DRAFTS.div_ceil(3) + 10) {
        for draft in write(&TEMPLATES, &case.brief).drafts {
            let Ok(message) = review(&case.brief, TEMPLATES.phrases(), draft.clone()) else { continue };
            drafts += 1;
            let record = message.record();
            for id in FACTS {
                let Some((brief, changed)) = with_another(&case.brief, id) else { continue };
                let used = changed.iter().any(|id| uses(record, id));
                let found = review(&brief, TEMPLATES.phrases(), draft.clone()).err();
                let count = kept_back.entry(id).or_default();
                *count = [count[0] + usize::from(used), count[1] + usize::from(found.is_some()), count[2] + 1];
                if used != found.is_some() {
                    wrong.push(told(id, &draft, used, found.as_deref()));
                }
            }
        }
    }
    assert!(drafts >= DRAFTS);
    let first: Vec<&String> = wrong.iter().step_by(wrong.len() / 12 + 1).collect();
    assert!(wrong.is_empty(), "{} differ of (used, kept back, all) {kept_back:?}\n{first:#?}", wrong.len());
    assert!(FACTS.iter().all(|id| kept_back.get(id).is_some_and(|count| count[1] > 0)), "{kept_back:?}");
}

fn told(id: &str, draft: &Draft, used: bool, found: Option<&[Finding]>) -> String {
    let texts: Vec<String> = draft.content.parts().iter().take(3).map(|(part, text)| format!("{part}: {text}")).collect();
    format!("{id} used={used} findings={found:?}\n{}", texts.join("\n"))
}

/// Returns whether a message names the fact among those it rests on.
fn uses(record: &MessageRecord, id: &str) -> bool {
    let bound = |binding: &Binding| matches!(binding, Binding::Fact { id: bound } if bound == id);
    record.facts.iter().any(|fact| fact.id == id) || record.ledger.iter().any(|entry| bound(&entry.bound))
}

/// Returns the brief with another value of one fact, and the facts that changed with it because one states the other: a
/// promise and its percentage, a name and the short name in it.
fn with_another(brief: &Brief, id: &str) -> Option<(Brief, Vec<String>)> {
    let mut brief = brief.clone();
    let fact = brief.facts.iter_mut().find(|fact| fact.id == id)?;
    let old = fact.text.clone();
    change(fact)?;
    let new = fact.text.clone();
    let mut changed = vec![id.to_owned()];
    for other in brief.facts.iter_mut().filter(|other| other.id != id) {
        if other.text.contains(&old) {
            other.text = other.text.replace(&old, &new);
            changed.push(other.id.clone());
        } else if old.contains(&other.text) {
            change(other)?;
            changed.push(other.id.clone());
        }
    }
    let locale = brief.locale;
    for fact in &brief.facts {
        let place = match fact.id.as_str() {
            "company.name" => &mut brief.company.name,
            "company.short_name" => &mut brief.company.short_name,
            "company.address" => &mut brief.company.address,
            "company.team" => &mut brief.company.team,
            _ => continue,
        };
        *match locale {
            Locale::ZhTw => &mut place.zh_tw,
            Locale::ZhCn => &mut place.zh_cn,
            Locale::En => &mut place.en,
        } = fact.text.clone();
    }
    if id == "company.phone" {
        brief.company.phone = new;
    }
    Some((brief, changed))
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
            Money::new(*minor, (*currency)?).to_string()
        }
        _ if fact.id == "company.phone" => "0800-777-333".into(),
        _ => fact.text.chars().rev().collect(),
    };
    Some(())
}
