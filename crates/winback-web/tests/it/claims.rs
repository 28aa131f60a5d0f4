//! The claims of messages: marked where they stand, each with what it rests on, whatever the store holds.
use super::*;
use std::collections::BTreeSet;
use winback_core::claim::Value as Claimed;
use winback_core::digest::Digest;
use winback_core::id::{Position, RunId};
use winback_core::locale::Locale;
use winback_core::message::{
    Binding, Channel, Content, Fact, FactSource, Finding, LedgerEntry, Message, MessageRecord, RefusedMail, Sms, WriterVersion,
};
use winback_core::run::Run;

/// Returns what stands between two marks, for every place of the first.
fn between<'a>(text: &'a str, from: &str, to: &str) -> Vec<&'a str> {
    text.split(from).skip(1).filter_map(|rest| rest.split(to).next()).collect()
}

/// Returns the words a page marks, in order, as people read them.
fn marked(page: &str) -> Vec<String> {
    let claims = between(page, "<span class=\"claim", "</span>");
    claims.iter().map(|claim| claim.split_once('>').unwrap().1).map(plain).collect()
}

/// Returns a text of a page without its marks and their explanations.
fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("<span class=\"rests\">") {
        let (claim, after) = after.split_once("</span></span></span>").unwrap();
        let words = claim.split_once('>').unwrap().1.split_once("</span>").unwrap().0;
        out.push_str(before);
        out.push_str(words);
        rest = after;
    }
    out.push_str(rest);
    [("&#60;", "<"), ("&#62;", ">"), ("&#34;", "\""), ("&#39;", "'"), ("&#38;", "&")]
        .iter()
        .fold(out, |text, (code, sign)| text.replace(code, sign))
}

/// Returns the text of a part, as the API gives it.
fn part<'a>(writing: &'a Value, channel: &str, part: &str) -> &'a str {
    let message = &writing[channel];
    let (name, number) = part.split_once(' ').unwrap_or((part, "1"));
    let at = number.parse::<usize>().unwrap() - 1;
    let text = match name {
        "objection" => &message["objections"][at]["customer"],
        "answer" => &message["objections"][at]["answer"],
        "forbidden" => &message["forbidden"][at],
        "outcome" => &message["outcomes"][at]["label"],
        name => &message[name],
    };
    text.as_str().unwrap()
}

/// Puts messages with these texts and ledgers in the place of the first customer's.
fn state_with(edit: impl Fn(&mut MessageRecord)) -> WebState {
    let (store, desk) = fakes::portfolio();
    for writing in store.writings.lock().unwrap().get_mut(&Position(0)).unwrap() {
        let edited = |message: &Message| {
            let mut record = message.record().clone();
            edit(&mut record);
            Message::from_store(record)
        };
        writing.messages = writing.messages.iter().map(edited).collect();
    }
    WebState { store, desk, ..state() }
}

#[tokio::test]
async fn the_marked_words_are_the_words_of_the_claims_in_every_language() {
    let state = state();
    let rows = get(&state, "/api/v1/customers?written=yes").await.json()["rows"].clone();
    let mut claims = 0;
    for id in rows.as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap()) {
        for locale in Locale::ALL {
            let page = get(&state, &format!("/customers/{id}?lang={}", locale.tag())).await.text;
            let file = get(&state, &format!("/api/v1/customers/{id}?lang={}", locale.tag())).await.json();
            let mut found = marked(&page);
            for writing in file["writings"].as_array().unwrap() {
                for claim in writing["ledger"].as_array().unwrap() {
                    let text = part(writing, claim["channel"]["tag"].as_str().unwrap(), claim["part"]["tag"].as_str().unwrap());
                    let place = claim["start"].as_u64().unwrap() as usize..claim["end"].as_u64().unwrap() as usize;
                    assert_eq!(claim["words"].as_str().unwrap(), &text[place], "{claim}");
                    assert!(claim["sentence"].as_str().unwrap().contains(claim["words"].as_str().unwrap()), "{claim}");
                    assert!(claim["unmarked"].is_null(), "{claim}");
                    // What is marked are the words of the claim, or the whole fact around them.
                    let (words, fact) = (claim["words"].as_str().unwrap(), claim["support"]["text"].as_str().unwrap_or_default());
                    let at = found.iter().position(|mark| mark == words);
                    let at = at.or_else(|| found.iter().position(|mark| mark == fact && fact.contains(words)));
                    found.swap_remove(at.unwrap_or_else(|| panic!("{claim} is not among {found:?}")));
                    claims += 1;
                }
            }
            assert_eq!(found, Vec::<String>::new(), "{id} {locale}");
        }
    }
    assert_eq!(claims, 3 * 3 * (23 + 19), "one customer with every message and one without the short message, in three languages thrice");
}

#[tokio::test]
async fn a_mark_covers_the_whole_fact_unless_another_claim_stands_in_it() {
    let check = async |text: &str, fact: &str, claims: &[&str], expected: &[&str]| {
        let state = state_with(|record| {
            let Content::Sms(sms) = &mut record.content else { return };
            *sms = Sms { text: text.into() };
            let entry = |words: &&str| {
                let start = text.find(*words).unwrap();
                let value = Claimed::Promise { of: "free".into(), words: (*words).into() };
                let bound = Binding::Fact { id: "company.team".into() };
                LedgerEntry { part: "text".into(), start: start as u32, end: (start + words.len()) as u32, value, bound }
            };
            record.ledger = claims.iter().map(entry).collect();
            let source = FactSource::Company { field: "team".into() };
            record.facts = vec![Fact { id: "company.team".into(), text: fact.into(), ..record.facts[0].clone() }];
            record.facts[0].source = source;
        });
        let page = get(&state, "/customers/7590-VHVEG?lang=en").await.text;
        let shown = between(&page, "id=\"sms-en\">", "</p>")[0];
        assert_eq!((marked(shown), plain(shown).as_str()), (expected.iter().map(|words| (*words).to_owned()).collect(), text));
    };
    check("Ask Customer Care today", "Customer Care", &["Care"], &["Customer Care"]).await;
    check("Customer Care, or Harbor Care", "Harbor Care", &["Harbor"], &["Harbor Care"]).await;
    check("Ask Customer Care today", "Customer Care", &["Customer", "Care"], &["Customer", "Care"]).await;
    check("Ask Customer Care today", "Personal Care", &["Care"], &["Care"]).await;
    check("Free for 3 months, no fee", "Free for 3 months", &["Free", "3 months", "no fee"], &["Free", "3 months", "no fee"]).await;
}

#[tokio::test]
async fn marks_change_no_text() {
    let state = state();
    let page = get(&state, "/customers/7590-VHVEG?lang=en").await.text;
    let file = get(&state, "/api/v1/customers/7590-VHVEG").await.json();
    for writing in file["writings"].as_array().unwrap() {
        let lang = writing["language"]["tag"].as_str().unwrap();
        for (id, channel, name, end) in
            [("subject", "email", "subject", "</dd>"), ("mail", "email", "text", "</div>"), ("sms", "sms", "text", "</p>")]
        {
            let shown = between(&page, &format!("id=\"{id}-{lang}\">"), end)[0];
            assert_eq!(plain(shown), part(writing, channel, name), "{id}-{lang}");
        }
    }
}

#[tokio::test]
async fn every_mark_names_its_own_explanation_and_every_source_has_a_place() {
    let state = state();
    let page = get(&state, "/customers/7590-VHVEG?lang=en").await.text;
    let strategy = get(&state, "/strategy").await.text;
    let ids: Vec<&str> = between(&page, " id=\"", "\"");
    assert_eq!(ids.len(), ids.iter().collect::<BTreeSet<_>>().len(), "ids are unique");
    let tips = between(&page, "aria-describedby=\"", "\"");
    assert!(tips.len() > 60 && tips.iter().all(|tip| ids.contains(tip)), "{tips:?}");
    let sources = between(between(&page, "class=\"messages\"", "</section>")[0], "<a href=\"", "\"");
    assert!(sources.iter().any(|href| href.starts_with('#')) && sources.iter().any(|href| href.starts_with("/strategy#")));
    for href in sources {
        match href.strip_prefix("/strategy#") {
            Some(offer) => assert!(strategy.contains(&format!("<tr id=\"{offer}\">")), "{href}"),
            None => assert!(ids.contains(&href.trim_start_matches('#')), "{href}"),
        }
    }
    assert!(page.contains("line 2 of the table, column MonthlyCharges"));
    assert!(page.contains("approved wording, en/email.jinja line 31"));
    assert!(page.contains("company details, phone"));
}

#[tokio::test]
async fn who_wrote_a_mail_and_what_of_a_model_was_refused_before_is_told_in_every_language() {
    let state = state_with(|record| {
        if let Content::Email(_) = &record.content {
            let detail = "90 % <b>off</b> stands for no fact".to_owned();
            let finding = Finding { channel: Channel::Email, part: "text".into(), check: "claims-bound".into(), detail };
            let writer = WriterVersion::of_words("tiny/Dormant/v2", Digest::of(b"model"));
            record.refused = vec![RefusedMail { writer, findings: vec![finding] }; 2];
        }
    });
    for (locale, by, stepped_in) in [
        (Locale::ZhTw, "撰稿：<bdi>內建撰稿器</bdi>", "改由內建撰稿器撰寫"),
        (Locale::ZhCn, "撰稿：<bdi>内置撰稿器</bdi>", "改由内置撰稿器撰写"),
        (Locale::En, "Written by: <bdi>the built-in writer</bdi>", "The built-in writer stepped in"),
    ] {
        let page = get(&state, &format!("/customers/7590-VHVEG?lang={}", locale.tag())).await.text;
        assert!(page.contains(by) && page.contains(stepped_in), "{locale}");
        assert_eq!(page.matches("<bdi>tiny/Dormant/v2</bdi>").count(), 6, "two in each language of the mails");
        assert!(page.contains("stands for no fact") && !page.contains("<b>off"), "{locale}");
        let file = get(&state, &format!("/api/v1/customers/7590-VHVEG?lang={}", locale.tag())).await.json();
        let writer = &file["writings"][0]["writer"];
        assert_eq!(writer["writer"]["tag"], "built-in");
        assert_eq!(writer["stepped_in"], true);
        assert_eq!(writer["refused"][1]["findings"][0]["check"], "claims-bound");
    }
    let plain = get(&self::state(), "/customers/7590-VHVEG?lang=en").await.text;
    assert!(plain.contains("Written by: <bdi>the built-in writer</bdi>") && !plain.contains("stepped in"));
}

#[tokio::test]
async fn hostile_words_in_and_around_marks_stay_words() {
    let hostile = "<script>alert(1)</script>85%<img src=x onerror=alert(1)>\"'&{{7*7}}</span></p>";
    let state = state_with(|record| {
        if let Content::Sms(sms) = &mut record.content {
            *sms = Sms { text: hostile.into() };
            let entry = |start, end, id: &str| LedgerEntry {
                part: "text".into(),
                start,
                end,
                value: Claimed::Promise { of: "<b>".into(), words: "<b>bold</b>".into() },
                bound: Binding::Phrase { file: format!("\"><b>{id}"), line: 1 },
            };
            record.ledger = vec![entry(0, 25, "a"), entry(25, 28, "b"), entry(28, hostile.len() as u32, "c")];
        }
    });
    let page = get(&state, "/customers/7590-VHVEG?lang=en").await.text;
    assert!(!page.contains("<script>") && !page.contains("<img src=x") && !page.contains("<b>bold") && !page.contains("\"><b>"));
    assert_eq!(plain(between(&page, "id=\"sms-en\">", "</p>")[0]), hostile);
    assert_eq!(marked(between(&page, "id=\"sms-en\">", "</p>")[0]), [&hostile[..25], "85%", &hostile[28..]]);
}

#[tokio::test]
async fn places_that_do_not_fit_are_told_and_not_marked() {
    let state = state_with(|record| {
        let Some(mut entry) = record.ledger.first().cloned() else { return };
        if record.content.channel().tag() == "sms" {
            let length = record.content.parts()[0].1.len() as u32;
            let middle =
                record.content.parts()[0].1.char_indices().find(|(_, c)| c.len_utf8() > 1).map_or(length + 2, |(at, _)| at as u32 + 1);
            for (start, end) in [(entry.start, entry.end + 1), (entry.end, entry.start), (0, u32::MAX), (length, length), (middle, length)]
            {
                (entry.start, entry.end) = (start, end);
                record.ledger.push(entry.clone());
            }
            entry.part = "nowhere".into();
            record.ledger.push(entry);
            record.facts.clear();
        }
    });
    let answer = get(&state, "/customers/7590-VHVEG?lang=en").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.text.contains("Not marked in the text: it overlaps another statement"));
    assert!(answer.text.contains("Not marked in the text: the place kept for it is not in the text"));
    assert!(answer.text.contains("this message keeps no fact named offer.percent"));
    let file = get(&state, "/api/v1/customers/7590-VHVEG").await.json();
    for writing in file["writings"].as_array().unwrap() {
        let unmarked = writing["ledger"].as_array().unwrap().iter().filter(|claim| !claim["unmarked"].is_null()).count();
        assert_eq!(unmarked, 6, "{}", writing["language"]["tag"]);
    }
}

#[tokio::test]
async fn messages_without_a_ledger_are_shown_with_their_facts() {
    let state = state_with(|record| record.ledger.clear());
    let page = get(&state, "/customers/7590-VHVEG?lang=en").await.text;
    assert!(marked(&page).is_empty() && page.contains("No list of statements was kept with these messages."));
    assert!(page.contains("<code>offer.percent</code>") && page.contains("id=\"sms-en\">Northstar"));
    let bare = state_with(|record| (record.ledger.clear(), record.facts.clear(), record.checks.clear()).0);
    assert_eq!(get(&bare, "/customers/7590-VHVEG").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_run_that_was_worked_on_later_is_named() {
    let (store, desk) = fakes::portfolio();
    let state = WebState { store: store.clone(), desk, ..state() };
    let run = |id: i64, started: i64, stages: usize| {
        let mut run = Run { id: RunId(id), started_at: fakes::at(started), ..fakes::run() };
        run.stages.truncate(stages);
        run
    };
    let check = async |other: Run, expected: Option<&str>| {
        *store.others.lock().unwrap() = vec![other];
        for path in ["/?lang=en", "/data?lang=en"] {
            let told = get(&state, path).await.text;
            assert_eq!(between(&told, "<p class=\"notice\">", "</p>").first().copied(), expected, "{path}");
        }
    };
    check(run(2, 90, 0), Some("Run 2 (telco-sample.csv) has begun and is not assessed yet; until it is, these pages show run 1.")).await;
    check(run(0, -50, 2), None).await;
    let mut taken_up = run(0, -50, 4);
    taken_up.stages[3].finished_at = fakes::at(99);
    check(taken_up, Some("Run 0 (telco-sample.csv) was begun earlier and worked on later; these pages show run 1, the one begun last."))
        .await;
}
