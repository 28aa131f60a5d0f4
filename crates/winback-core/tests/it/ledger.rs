//! What the ledger lets through and what it holds back.
use crate::sample::{House, JULIA, Who};
use std::sync::LazyLock;
use winback_core::agents::communication::write;
use winback_core::locale::Locale;
use winback_core::message::{Content, Finding};
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
            let findings = said(offer, locale, words);
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
