//! What the small model learns from.
use super::corpus::{case, exercise, lesson};
use super::school::FIRST_KEPT_BACK;
use super::voices::{SEGMENTS, write_examples};
use crate::sample::Order;
use winback_core::agents::communication::review_reply;
use winback_core::digest::Digest;
use winback_core::example::Told;
use winback_core::locale::Locale;
use winback_core::message::{Brief, WriterVersion};
use winback_core::segment::SegmentId;

#[test]
fn lessons_pass_the_review_differ_and_are_the_same_every_time() {
    let templates = super::templates().unwrap();
    let (mut drawn, mut learned, mut replies) = (0, 0, std::collections::BTreeSet::new());
    for number in (0..120).chain(FIRST_KEPT_BACK..FIRST_KEPT_BACK + 30) {
        let Some(case) = case(number, 1) else { continue };
        drawn += 1;
        let Some(found) = lesson(&templates, &case, None) else { continue };
        learned += 1;
        assert_eq!(lesson(&templates, &super::corpus::case(number, 1).unwrap(), None), Some(found.clone()));
        // The mail that is learned is one that would be sent.
        let neutral = Brief { segment: None, ..case.brief.clone() };
        let writer = WriterVersion::of_words("lesson", Digest::of(b"lesson"));
        review_reply(&templates, &neutral, &found.reply, writer)
            .unwrap_or_else(|findings| panic!("{number}: {findings:?}\n{}", found.reply));
        assert!(found.user.contains("{{first_name}}") == found.reply.contains("{{first_name}}"), "{number}: {found:?}");
        assert!(found.reply.contains("{{company.phone}}") && !found.reply.contains(&case.brief.company.phone), "{number}: {}", found.reply);
        replies.insert(found.reply);
    }
    assert!(drawn > 140 && learned * 20 > drawn * 19, "{learned} of {drawn}");
    assert!(replies.len() * 20 > learned * 19, "{} of {learned} differ", replies.len());
}

#[test]
fn an_exercise_asks_for_a_part_of_the_mail_by_what_decides_it() {
    let templates = super::templates().unwrap();
    let mut parts = std::collections::BTreeSet::new();
    for number in 0..60 {
        let Some(found) = case(number, 1).and_then(|case| lesson(&templates, &case, None)) else { continue };
        let asked = exercise(&found, number);
        assert!(asked.system.is_empty() && asked.user.len() * 2 < found.user.len(), "{asked:?}");
        assert!(found.user.starts_with(asked.user.lines().next().unwrap()), "{asked:?}");
        let part: usize = asked.user.lines().last().unwrap().parse().unwrap();
        assert_eq!(found.reply.split("\n\n").nth(part), Some(&*asked.reply));
        // Every marker of the part stands in what was asked.
        for marker in asked.reply.split("{{").skip(1).filter_map(|rest| rest.split_once("}}")).map(|(name, _)| format!("{{{{{name}}}}}")) {
            assert!(asked.user.contains(&marker), "{marker}: {asked:?}");
        }
        parts.insert(part);
    }
    assert!(parts.contains(&0) && parts.len() >= 4 && !parts.contains(&1), "{parts:?}");
}

#[test]
fn every_language_and_kind_of_case_is_drawn() {
    let cases: Vec<_> = (0..400).filter_map(|number| case(number, 7)).collect();
    for locale in Locale::ALL {
        let of_locale = || cases.iter().filter(|case| case.brief.locale == locale);
        assert!(of_locale().any(|case| case.brief.kind.is_none()) && of_locale().any(|case| case.brief.theme.is_none()), "{locale}");
        assert!(
            of_locale().any(|case| !case.brief.first_contact) && of_locale().any(|case| case.brief.slots.first_name.is_none()),
            "{locale}"
        );
        assert!(of_locale().any(|case| case.brief.facts.iter().any(|fact| fact.id == "offer.saving")), "{locale}");
        assert!(of_locale().any(|case| case.brief.facts.iter().any(|fact| fact.id == "offer.until")), "{locale}");
    }
}

#[test]
fn examples_of_voices_are_those_of_five_segments_in_turn_and_can_be_reviewed() {
    let templates = super::templates().unwrap();
    let written = |rows: u64| {
        let mut lines = Vec::new();
        write_examples(&templates, &Order { rows, seed: 7, contacts: None }, &mut lines).unwrap();
        String::from_utf8(lines).unwrap()
    };
    let text = written(60);
    assert_eq!(text.lines().collect::<Vec<_>>()[..20], written(20).lines().collect::<Vec<_>>()[..]);
    let mut mails = std::collections::BTreeSet::new();
    for (line, at) in text.lines().zip(0..) {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let segment = SegmentId::parse(line["segment"].as_str().unwrap()).unwrap();
        assert_eq!(segment.as_str(), SEGMENTS[at % 5]);
        let told: Told = serde_json::from_value(line["winback"].clone()).unwrap();
        let (brief, mail) = (told.brief(&segment).unwrap(), line["output"].as_str().unwrap());
        let writer = WriterVersion::of_words("adapter", Digest::of(b"adapter"));
        review_reply(&templates, &brief, mail, writer).unwrap_or_else(|findings| panic!("{findings:?}\n{mail}"));
        assert!(line["input"].as_str().unwrap().contains("{{company.name}}"), "{line}");
        mails.insert(mail.to_owned());
    }
    assert!(mails.len() > 54, "{} of 60 differ", mails.len());
}
