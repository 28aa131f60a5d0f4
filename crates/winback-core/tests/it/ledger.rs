//! What the ledger lets through and what it holds back.
use crate::sample::{House, JULIA, OFFERS, Who};
use std::sync::LazyLock;
use winback_core::agents::communication::write;
use winback_core::claim::Value;
use winback_core::locale::Locale;
use winback_core::message::{Binding, Content, Finding};
use winback_core::review::review;
use winback_core::schema::Theme;
use winback_core::template::Templates;

static HOUSE: LazyLock<House> = LazyLock::new(House::new);
static TEMPLATES: LazyLock<Templates> = LazyLock::new(|| Templates::built_in().unwrap());

/// Reviews a script whose offer part says something more.
fn said(offer: Option<&str>, locale: Locale, more: &str) -> Vec<Finding> {
    let brief = HOUSE.brief(Who { offer, theme: Some(Theme::Price), ..JULIA }, locale, 3);
    let Some(mut draft) = write(&TEMPLATES, &brief).drafts.pop() else { panic!("a script comes last") };
    if let Content::Call(call) = &mut draft.content {
        call.offer.push_str(if locale == Locale::En { " " } else { "" });
        call.offer.push_str(more);
    }
    review(&brief, TEMPLATES.phrases(), draft).err().unwrap_or_default()
}

const CLEAN: &str = include_str!("ledger_clean.txt");
const LIES: &str = include_str!("ledger_lies.txt");

/// Returns the offer, the language and the words of each line of a table.
fn lines(table: &str) -> impl Iterator<Item = (Option<&str>, Locale, &str)> {
    let mut head = (None, Locale::En);
    table.lines().filter(|line| !line.is_empty()).filter_map(move |line| match line.strip_prefix("## ") {
        Some(case) => {
            let (offer, locale) = case.split_once(' ').unwrap();
            head = (Some(offer).filter(|offer| *offer != "none"), Locale::from_tag(locale).unwrap());
            None
        }
        None => Some((head.0, head.1, line)),
    })
}

#[test]
fn natural_paraphrases_pass() {
    let blocked: Vec<String> = lines(CLEAN)
        .filter_map(|(offer, locale, words)| {
            // What the reader takes for a claim; that every other word is accounted for is a check of its own.
            let findings: Vec<_> = said(offer, locale, words).into_iter().filter(|finding| finding.check == "claims-bound").collect();
            let details: Vec<&str> = findings.iter().map(|finding| finding.detail.as_str()).collect();
            (!findings.is_empty()).then(|| format!("{offer:?} {locale}: {words}\n    {}", details.join("\n    ")))
        })
        .collect();
    assert!(blocked.is_empty(), "{} blocked\n{}", blocked.len(), blocked.join("\n"));
}

#[test]
fn no_lie_passes() {
    let passed: Vec<String> = lines(LIES)
        .filter(|(offer, locale, words)| said(*offer, *locale, words).is_empty())
        .map(|(offer, locale, words)| format!("{offer:?} {locale}: {words}"))
        .collect();
    assert!(passed.is_empty(), "{} passed\n{}", passed.len(), passed.join("\n"));
}

#[test]
fn a_changed_fact_blocks_the_drafts_that_used_it_and_no_other() {
    let typed = ["offer.percent", "offer.months", "offer.until", "offer.saving", "charge.monthly"];
    for locale in Locale::ALL {
        for offer in OFFERS {
            let brief = HOUSE.brief(Who { offer, theme: Some(Theme::Price), ..JULIA }, locale, 3);
            for draft in write(&TEMPLATES, &brief).drafts {
                let message = review(&brief, TEMPLATES.phrases(), draft.clone()).unwrap();
                for fact in brief.facts.iter().filter(|fact| typed.contains(&fact.id.as_str())) {
                    let mut other = brief.clone();
                    let changed = other.facts.iter_mut().find(|other| other.id == fact.id).unwrap();
                    changed.value = changed.value.as_ref().map(another);
                    let used = message.record().ledger.iter().any(|entry| entry.bound == Binding::Fact { id: fact.id.clone() });
                    let blocked = review(&other, TEMPLATES.phrases(), draft.clone()).is_err();
                    assert_eq!(blocked, used, "{} {locale} {offer:?} {:?}", fact.id, draft.content.channel());
                }
            }
        }
    }
}

/// Returns a value of the same kind that is not the same.
fn another(value: &Value) -> Value {
    match value.clone() {
        Value::Percent { hundredths, sense } => Value::Percent { hundredths: hundredths + 100, sense },
        Value::Span { count, unit } => Value::Span { count: count + 1, unit },
        Value::Day { year, month, day } => Value::Day { year: year.map(|year| year + 1), month, day },
        Value::Money { minor, currency, per, sense } => Value::Money { minor: minor + 1, currency, per, sense },
        other => other,
    }
}

#[test]
fn a_ledger_points_at_the_words_of_the_finished_text() {
    for locale in Locale::ALL {
        let brief = HOUSE.brief(Who { name: Some("Anna-Maria"), ..JULIA }, locale, 3);
        for draft in write(&TEMPLATES, &brief).drafts {
            let message = review(&brief, TEMPLATES.phrases(), draft).unwrap();
            let record = message.record();
            let parts = record.content.parts();
            for entry in &record.ledger {
                let (_, text) = parts.iter().find(|(name, _)| *name == entry.part).unwrap();
                let words = text.get(entry.start as usize..entry.end as usize).unwrap();
                assert!(!words.is_empty() && !words.contains("Anna"), "{entry:?} {words}");
                if let Value::Promise { words: said, .. } | Value::Name { name: said } = &entry.value {
                    assert_eq!(words.trim(), said.trim());
                }
            }
            assert!(!record.ledger.is_empty());
        }
    }
}
