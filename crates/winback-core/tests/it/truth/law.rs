//! The law: no lie passes the review, and no honest draft is kept back because of one.
use crate::lies::houses::{cases, places};
use crate::lies::kinds::{Kind, all, sentences};
use crate::lies::plant::{body, escaped, short_sms};
use crate::lies::report::{Cell, Honest, Tally, examples, honest, of_cell, table};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::LazyLock;
use winback_core::locale::Locale;
use winback_core::message::{Channel, Content, Sms};
use winback_core::review::review;
use winback_core::template::Templates;

/// Kinds of lie that are known to get past the review. It stays empty: a kind that passes is a defect.
const KNOWN_TO_PASS: [&str; 0] = [];

pub static TEMPLATES: LazyLock<Templates> = LazyLock::new(|| Templates::built_in().unwrap_or_else(|_| panic!("the templates hold")));

#[test]
fn the_kinds_are_many_and_each_is_told_in_every_language() {
    let kinds = all();
    assert!(kinds.len() >= 60, "{}", kinds.len());
    assert_eq!(kinds.iter().map(|kind| kind.name).collect::<HashSet<_>>().len(), kinds.len());
    for kind in kinds.iter().filter(|kind| !sentences(kind.name, Locale::En).is_empty()) {
        for locale in Locale::ALL {
            let told = sentences(kind.name, locale);
            assert!(told.len() >= 3, "{} {locale}: {}", kind.name, told.len());
            assert_eq!(told.iter().collect::<HashSet<_>>().len(), told.len(), "{} {locale}", kind.name);
        }
    }
}

/// How often each kind is planted in each language and channel.
const TIMES: usize = 50;
const DRAFTS: usize = 2_000;

static DRAFTED: LazyLock<Vec<Honest>> = LazyLock::new(|| honest(&TEMPLATES, &cases(&places(), DRAFTS.div_ceil(3)), DRAFTS));

#[test]
fn every_honest_draft_passes() {
    assert_eq!(DRAFTED.len(), DRAFTS);
    let found = DRAFTED.iter().filter_map(|honest| {
        let findings = review(&honest.case.brief, TEMPLATES.phrases(), honest.draft.clone()).err()?;
        Some(format!("{} {:?}: {findings:?}", honest.case.locale(), honest.case.brief.offer))
    });
    let kept_back: Vec<String> = found.collect();
    assert!(kept_back.is_empty(), "{} honest drafts are kept back:\n{}", kept_back.len(), kept_back.join("\n"));
}

#[test]
fn the_short_message_that_makes_room_for_a_lie_is_honest_itself() {
    for Honest { case, draft, .. } in DRAFTED.iter() {
        if let Content::Sms(_) = &draft.content {
            let mut draft = draft.clone();
            draft.content = Content::Sms(Sms { text: short_sms(case, "", false) });
            let findings = review(&case.brief, TEMPLATES.phrases(), draft.clone()).err();
            assert_eq!(findings, None, "{draft:#?}");
        }
    }
}

#[test]
fn every_paragraph_of_a_mail_is_found_in_its_html() {
    for Honest { draft, .. } in DRAFTED.iter() {
        if let Content::Email(mail) = &draft.content {
            let paragraphs = body(&mail.text);
            assert!(paragraphs.len() >= 3, "{}", mail.text);
            for paragraph in paragraphs {
                assert!(mail.html.contains(&format!(">{}<", escaped(&paragraph))), "{paragraph}\n{}", mail.html);
            }
        }
    }
}

#[test]
fn no_lie_passes() {
    let kinds = all();
    let half = kinds.len().div_ceil(2);
    let mut tallies = BTreeMap::new();
    std::thread::scope(|scope| {
        let threads: Vec<_> = kinds.chunks(half).map(|kinds| scope.spawn(move || plant_all(kinds))).collect();
        threads.into_iter().for_each(|thread| tallies.extend(thread.join().unwrap()));
    });
    let table = table(&tallies);
    for ((name, locale, channel), tally) in &tallies {
        assert!(tally.planted >= TIMES, "{name} {locale} {}: planted {} times\n{table}", channel.tag(), tally.planted);
    }
    let used: BTreeSet<usize> = tallies.values().flat_map(|tally| tally.drafts.iter().copied()).collect();
    assert_eq!(used.len(), DRAFTS, "some drafts are never lied in");
    let passed: BTreeSet<&str> = tallies.iter().filter(|(_, tally)| tally.passed > 0).map(|(cell, _)| cell.0).collect();
    let known: BTreeSet<&str> = KNOWN_TO_PASS.into_iter().collect();
    assert_eq!(passed, known, "of {} kinds these pass:\n{table}\n{}", kinds.len(), examples(&tallies));
}

/// Plants each kind so often in each language and channel, beginning at another draft for each kind, so that all drafts
/// are used.
fn plant_all(kinds: &[Kind]) -> BTreeMap<Cell, Tally> {
    let mut tallies = BTreeMap::new();
    for locale in Locale::ALL {
        for channel in Channel::ALL {
            let drafts = of_cell(&DRAFTED, locale, channel);
            for kind in kinds.iter().filter(|kind| kind.channels.contains(&channel)) {
                tallies.insert((kind.name, locale, channel), plant_one(*kind, &drafts));
            }
        }
    }
    tallies
}

fn plant_one(kind: Kind, drafts: &[&Honest]) -> Tally {
    let mut tally = Tally::default();
    let cell = format!("{} {}", kind.name, drafts[0].case.locale());
    let start = cell.bytes().fold(0, |sum: usize, byte| sum.wrapping_mul(31).wrapping_add(byte.into())) % drafts.len();
    // Where few drafts have what the kind needs, they are taken again with another seed.
    for turn in 0..drafts.len() * 20 {
        if tally.planted >= TIMES {
            break;
        }
        tally.plant(&TEMPLATES, kind, drafts[(start + turn) % drafts.len()], (start * 1_000 + turn) as u64);
    }
    tally
}
