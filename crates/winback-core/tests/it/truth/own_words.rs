//! What no template says is nobody's, whatever true values stand in it: no order of the templates' own words around
//! true facts is let through, and no hostile text is looked into for long.
use super::law::TEMPLATES;
use crate::lies::case::{Case, capitalised, pick};
use crate::lies::houses::{cases, places};
use std::collections::BTreeSet;
use winback_core::agents::communication::write;
use winback_core::locale::Locale;
use winback_core::message::{Content, Draft, Finding};
use winback_core::review::review;
use winback_core::template::Templates;

const CASES: usize = 120;
const SENTENCES: usize = 40;

/// Returns what the review says of a script whose answer to one objection says something more.
fn held(case: &Case, script: &Draft, sentence: &str) -> Vec<Finding> {
    let mut draft = script.clone();
    let Content::Call(call) = &mut draft.content else { panic!("no script") };
    let answer = &mut call.objections.iter_mut().find(|objection| objection.id == "thinking").unwrap().answer;
    answer.push('\n');
    answer.push_str(sentence);
    review(&case.brief, TEMPLATES.phrases(), draft).err().unwrap_or_default()
}

fn script(case: &Case) -> Draft {
    write(&TEMPLATES, &case.brief).drafts.into_iter().find(|draft| matches!(draft.content, Content::Call(_))).unwrap()
}

/// Returns the words of a language's templates: English words, Chinese pairs of characters.
fn words(locale: Locale) -> Vec<String> {
    let files = Templates::built_in_files().filter(|(name, _)| name.starts_with(locale.tag()) && !name.ends_with("prompt.jinja"));
    let lines = files.flat_map(|(_, text)| text.lines().filter(|line| !line.starts_with(['#', '['])));
    let mut words = BTreeSet::new();
    for line in lines {
        let bare: String = line.split("{{").map(|piece| piece.rsplit("}}").next().unwrap_or_default()).collect::<Vec<_>>().join("|");
        if locale == Locale::En {
            words.extend(bare.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty()).map(str::to_lowercase));
        } else {
            let letters: Vec<char> = bare.chars().collect();
            let pairs = letters.windows(2).filter(|pair| pair.iter().all(|c| ('\u{4E00}'..='\u{9FFF}').contains(c)));
            words.extend(pairs.map(|pair| pair.iter().collect::<String>()));
        }
    }
    words.into_iter().collect()
}

#[test]
fn no_order_of_harmless_words_around_true_facts_is_let_through() {
    let templates: String = Templates::built_in_files().filter(|(name, _)| !name.ends_with("prompt.jinja")).map(|(_, text)| text).collect();
    let (mut said, mut passed) = (0, Vec::new());
    for (n, case) in cases(&places(), CASES).iter().enumerate() {
        let (script, locale) = (script(case), case.locale());
        let all = words(locale);
        let facts: Vec<&str> = case
            .brief
            .facts
            .iter()
            .filter(|fact| fact.id.starts_with("offer.") || fact.id.starts_with("charge."))
            .map(|fact| fact.text.as_str())
            .collect();
        for turn in (0..SENTENCES).filter(|_| !facts.is_empty()) {
            let seed = (n * SENTENCES + turn) as u64;
            let count = 1 + pick(seed, 60, 4);
            let mut parts: Vec<&str> = (0..count as u64).map(|at| all[pick(seed, 61 + at, all.len())].as_str()).collect();
            parts.insert(pick(seed, 70, count + 1), facts[pick(seed, 71, facts.len())]);
            let (between, end) = if locale == Locale::En { (" ", ".") } else { ("", "。") };
            let words = parts.join(between);
            // By chance a row of words can be what a template says.
            if parts
                .iter()
                .filter(|part| !facts.contains(part))
                .all(|part| templates.contains(&format!("}}}}{between}{part}")) || templates.contains(&format!("{part}{between}{{{{")))
            {
                continue;
            }
            said += 1;
            if held(case, &script, &format!("{}{end}", capitalised(&words))).is_empty() {
                passed.push(words);
            }
        }
    }
    assert!(said > 2_000, "{said}");
    assert!(passed.is_empty(), "{} of {said}: {passed:#?}", passed.len());
}

#[test]
fn hostile_text_is_held_without_being_looked_into() {
    let case = &cases(&places(), 3)[2];
    let script = script(case);
    for piece in [
        "15%, ",
        "best 15% ",
        "15% zzz, ",
        "Foo bar ",
        "們免費",
        "get 15 ",
        "last chance. ",
        "「",
        "{{first_name}}, ",
        "\u{E000}",
        "a\n",
        "1\n",
    ] {
        for length in [3_000, 60_000, 70_000] {
            let found = held(case, &script, &piece.repeat(length / piece.len()));
            assert!(!found.is_empty(), "{piece:?} × {length}");
        }
    }
}
