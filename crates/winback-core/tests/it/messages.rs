//! What customers are written, and what the review lets through.
use crate::sample::{House, JULIA, OFFERS, Who, customer, plan};
use proptest::prelude::*;
use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;
use std::sync::LazyLock;
use winback_core::agents::communication::{write, write_and_review};
use winback_core::brief::{NoBrief, Sources, brief};
use winback_core::goal::{Goal, GoalInputs};
use winback_core::locale::Locale;
use winback_core::message::{Brief, Content, Draft, Fact, FactSource, Message};
use winback_core::offer::OfferId;
use winback_core::review::{SMS_UNITS, review};
use winback_core::risk::ValueTier;
use winback_core::schema::Theme;
use winback_core::segment::{BUILT_IN, SegmentId};
use winback_core::template::Templates;

static HOUSE: LazyLock<House> = LazyLock::new(House::new);
static TEMPLATES: LazyLock<Templates> = LazyLock::new(|| match Templates::built_in() {
    Ok(templates) => templates,
    Err(errors) => panic!("{}", errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")),
});

fn themes() -> impl Iterator<Item = Option<Theme>> {
    Theme::ALL.into_iter().map(Some).chain([None])
}

fn messages(brief: &Brief) -> Vec<Message> {
    let writing = write_and_review(&TEMPLATES, brief);
    assert_eq!(writing.findings, Vec::new(), "{:?} {:?} {}", brief.offer, brief.theme, brief.locale);
    writing.messages
}

fn drafts(brief: &Brief) -> Vec<Draft> {
    write(&TEMPLATES, brief).drafts
}

/// A message the way a person reads it.
fn read(messages: &[Message]) -> String {
    let mut page = String::new();
    for message in messages {
        match &message.record().content {
            Content::Email(mail) => {
                let _ = writeln!(page, "===== mail\n{}\n({})\n\n{}", mail.subject, mail.preheader, mail.text);
            }
            Content::Sms(sms) => {
                let _ = writeln!(page, "===== sms, {} units\n{}", sms.text.encode_utf16().count(), sms.text);
            }
            Content::Call(call) => {
                let _ = writeln!(page, "===== call\n{}\n{}\n{}", call.opening, call.reason, call.offer);
                for objection in &call.objections {
                    let _ = writeln!(page, "- {}\n  {}", objection.customer, objection.answer);
                }
                for forbidden in &call.forbidden {
                    let _ = writeln!(page, "! {forbidden}");
                }
                let codes: Vec<String> = call.outcomes.iter().map(|o| format!("{} ({})", o.code, o.label)).collect();
                let _ = writeln!(page, "{}\n{}", call.close, codes.join(" · "));
            }
        }
    }
    page
}

#[test]
fn every_message_reads_as_one_would_like_to_get_it() {
    let people = [
        ("julia", JULIA),
        ("speed", Who { id: "2", name: None, theme: Some(Theme::Product), tier: Some(ValueTier::Low), offer: Some("speed-up"), ..JULIA }),
        (
            "year",
            Who {
                id: "3", name: Some("王小明"), theme: Some(Theme::Price), tier: Some(ValueTier::Mid), offer: Some("one-year"), ..JULIA
            },
        ),
        ("trial", Who { id: "4", name: Some("Anna & Tom"), theme: Some(Theme::Support), tier: None, offer: Some("tech-trial"), ..JULIA }),
        ("check", Who { id: "5", name: None, theme: Some(Theme::Loyalty), offer: Some("check-call"), ..JULIA }),
        ("contact", Who { id: "6", name: Some("李"), theme: None, charge: None, tier: None, offer: None }),
    ];
    for (name, who) in people {
        for locale in Locale::ALL {
            insta::assert_snapshot!(format!("{name}_{locale}"), read(&messages(&HOUSE.brief(who, locale, 7))));
        }
    }
}

/// The brief of a customer of a segment, for a goal that the customer's plan may not have chosen.
fn voiced(who: Who<'_>, segment: Option<&str>, goal: Goal, locale: Locale, seed: u64) -> Option<Brief> {
    let mut brief = HOUSE.brief(who, locale, seed);
    goal.check(GoalInputs { kind: brief.kind, theme: brief.theme, days_inactive: None }).ok()?;
    brief.goal = goal;
    brief.segment = segment.map(|name| SegmentId::parse(name).unwrap());
    Some(brief)
}

/// Lets a brief tell what the table says of the customer.
fn told(mut brief: Brief, id: &str, text: &str) -> Brief {
    let source = FactSource::Cell { line: 2, column: id.into() };
    brief.facts.push(Fact { id: id.into(), text: text.into(), value: None, source });
    brief
}

fn voices() -> impl Iterator<Item = Option<&'static str>> {
    BUILT_IN.into_iter().map(Some).chain([None])
}

/// A message without what every customer of the company gets: footer, objections, outcomes.
fn read_briefly(messages: &[Message]) -> String {
    let mut page = String::new();
    for message in messages {
        match &message.record().content {
            Content::Email(mail) => {
                let body = mail.text.split("\n--\n").next().unwrap_or_default();
                let _ = writeln!(page, "{}\n({})\n\n{}", mail.subject, mail.preheader, body.trim_end());
            }
            Content::Sms(sms) => {
                let _ = writeln!(page, "\n[{}] {}", sms.text.encode_utf16().count(), sms.text);
            }
            Content::Call(call) => {
                let _ = writeln!(page, "\n> {}\n> {}\n> {}", call.opening, call.reason, call.offer);
            }
        }
    }
    page
}

#[test]
fn every_segment_has_a_voice_for_every_goal_and_kind() {
    let tiers = [Some(ValueTier::High), Some(ValueTier::Mid), Some(ValueTier::Low), None];
    for locale in Locale::ALL {
        let mut page = String::new();
        let mut turn = 0_usize;
        for segment in voices() {
            for offer in OFFERS {
                for goal in Goal::ALL {
                    let theme = Theme::ALL[turn % Theme::ALL.len()];
                    let name = (!turn.is_multiple_of(4)).then_some("Julia");
                    let who = Who { offer, theme: Some(theme), tier: tiers[turn % 4], name, ..JULIA };
                    let Some(brief) = voiced(who, segment, goal, locale, turn as u64) else { continue };
                    let head = format!(
                        "{} · {goal} · {} · {theme:?} · {:?}",
                        segment.unwrap_or("no segment"),
                        offer.unwrap_or("no offer"),
                        who.tier
                    );
                    let _ = writeln!(page, "════ {head}\n{}", read_briefly(&messages(&brief)));
                    turn += 1;
                }
            }
        }
        insta::assert_snapshot!(format!("voices_{locale}"), page);
    }
}

#[test]
fn a_dormant_customer_is_told_what_the_table_lets_us_tell() {
    for locale in Locale::ALL {
        let mut page = String::new();
        let (liked, days) = match locale {
            Locale::ZhTw => ("水果、葡萄酒", "137 天"),
            Locale::ZhCn => ("水果、葡萄酒", "137 天"),
            Locale::En => ("fruit and wine", "137 days"),
        };
        for offer in [Some("check-call"), None] {
            for seed in 0..2 {
                let who = Who { theme: Some(Theme::Usage), tier: Some(ValueTier::Mid), offer, ..JULIA };
                let brief = voiced(who, Some("Dormant"), Goal::Recall, locale, seed).unwrap();
                for (name, brief) in [
                    ("nothing told", brief.clone()),
                    ("favourites", told(brief.clone(), "customer.favourites", liked)),
                    ("days", told(brief, "customer.days_inactive", days)),
                ] {
                    let text = read_briefly(&messages(&brief));
                    assert_eq!(text.contains(liked), name == "favourites", "{text}");
                    assert_eq!(text.contains(days), name == "days", "{text}");
                    let _ = writeln!(page, "════ {name}\n{text}");
                }
            }
        }
        insta::assert_snapshot!(format!("dormant_{locale}"), page);
    }
}

#[test]
fn every_voice_passes_the_review_and_tells_customers_apart() {
    /// The mail after its greeting.
    fn body(brief: &Brief) -> String {
        match &messages(brief)[0].record().content {
            Content::Email(mail) => mail.text.split_once('\n').map(|(_, body)| body.to_owned()).unwrap_or_default(),
            _ => panic!("a mail comes first"),
        }
    }
    for locale in Locale::ALL {
        for segment in voices() {
            let (mut bodies, mut count) = (HashSet::new(), 0);
            for (goal, offer) in Goal::ALL.into_iter().flat_map(|goal| OFFERS.map(|offer| (goal, offer))) {
                let known = themes().map(|theme| Who { offer, theme, ..JULIA });
                let tiers = [Some(ValueTier::Mid), Some(ValueTier::Low)].into_iter();
                let others = tiers.map(|tier| Who { offer, theme: Some(Theme::Price), tier, name: None, ..JULIA });
                for brief in known.chain(others).filter_map(|who| voiced(who, segment, goal, locale, 1)) {
                    count += 1;
                    bodies.insert(body(&brief));
                }
            }
            assert_eq!(bodies.len(), count, "{locale} {segment:?}");
        }
    }
}

#[test]
fn every_variant_of_every_voice_passes_the_review() {
    let tiers = [Some(ValueTier::High), Some(ValueTier::Mid), Some(ValueTier::Low), None];
    for locale in Locale::ALL {
        for segment in voices() {
            let mut turn = 0;
            for (goal, offer) in Goal::ALL.into_iter().flat_map(|goal| OFFERS.map(|offer| (goal, offer))) {
                for seed in 0..12 {
                    turn += 1;
                    let theme = themes().nth((turn * 7) % 9).unwrap();
                    let who = Who { offer, theme, tier: tiers[turn % 4], ..JULIA };
                    if let Some(brief) = voiced(who, segment, goal, locale, seed) {
                        assert_eq!(messages(&brief).len(), 3);
                    }
                }
            }
        }
    }
}

#[test]
fn the_html_of_a_mail_is_complete() {
    for locale in Locale::ALL {
        for message in messages(&HOUSE.brief(JULIA, locale, 7)) {
            if let Content::Email(mail) = &message.record().content {
                insta::assert_snapshot!(format!("html_{locale}"), mail.html);
            }
        }
    }
}

#[test]
fn every_case_passes_the_review_in_every_language() {
    for locale in Locale::ALL {
        for offer in OFFERS {
            for theme in themes() {
                for (name, tier) in [(Some("Julia"), Some(ValueTier::High)), (None, None), (Some("林"), Some(ValueTier::Low))] {
                    for seed in 0..3 {
                        let who = Who { offer, theme, tier, name, ..JULIA };
                        let all = messages(&HOUSE.brief(who, locale, seed));
                        assert_eq!(all.len(), 3);
                        assert!(!read(&all).contains("{{"));
                    }
                }
            }
        }
    }
}

#[test]
fn customers_who_differ_in_theme_or_offer_get_different_texts() {
    for locale in Locale::ALL {
        let (mut mails, mut calls, mut count) = (HashSet::new(), HashSet::new(), 0);
        for offer in OFFERS {
            for theme in themes() {
                count += 1;
                for message in messages(&HOUSE.brief(Who { offer, theme, ..JULIA }, locale, 1)) {
                    match &message.record().content {
                        Content::Email(mail) => drop(mails.insert(mail.text.clone())),
                        Content::Call(call) => drop(calls.insert((call.reason.clone(), call.offer.clone()))),
                        Content::Sms(_) => {}
                    }
                }
            }
        }
        assert_eq!((mails.len(), calls.len()), (count, count), "{locale}");
    }
}

#[test]
fn no_text_names_the_risk_the_score_or_the_tier() {
    let words = [
        "risk",
        "churn",
        "score",
        "%)",
        "noticed",
        "valuable",
        "tier",
        "風險",
        "流失",
        "分數",
        "发现您",
        "發現您",
        "风险",
        "评分",
        "尊敬的",
    ];
    for locale in Locale::ALL {
        for offer in OFFERS {
            for theme in themes() {
                let text = read(&messages(&HOUSE.brief(Who { offer, theme, name: None, ..JULIA }, locale, 3))).to_lowercase();
                for word in words {
                    assert!(!text.contains(word), "{word} in {text}");
                }
            }
        }
    }
}

#[test]
fn a_plan_without_words_says_why() {
    let sources = Sources {
        schema: &HOUSE.schema,
        catalogue: &HOUSE.catalogue,
        company: &HOUSE.company,
        goal: None,
        day: crate::sample::DAY,
        segments: None,
    };
    let unknown = Who { offer: Some("gone"), ..JULIA };
    let found = brief(&sources, &customer(unknown), &plan(unknown), Locale::En, 1);
    assert_eq!(found, Err(NoBrief::UnknownOffer(OfferId("gone".into()))));
    let mut quiet = plan(JULIA);
    quiet.decision = winback_core::campaign::Decision::NoContact { why: winback_core::campaign::WhyNoContact::LowRisk };
    assert_eq!(brief(&sources, &customer(JULIA), &quiet, Locale::En, 1), Err(NoBrief::NotToContact));
    let mut catalogue = HOUSE.catalogue.clone();
    catalogue.offers[0].promise.en = "Pay {saving} less.".into();
    let sources = Sources { catalogue: &catalogue, ..sources };
    let poor = Who { charge: None, ..JULIA };
    assert!(matches!(brief(&sources, &customer(poor), &plan(poor), Locale::En, 1), Err(NoBrief::PromiseNeeds { .. })));
    let facts = brief(&sources, &customer(JULIA), &plan(JULIA), Locale::En, 1).unwrap().facts;
    assert_eq!(facts.iter().find(|fact| fact.id == "offer.promise").unwrap().text, "Pay $12.80 less.");
}

/// Changes every text of a draft.
fn change(draft: &mut Draft, with: impl Fn(&str) -> String) {
    match &mut draft.content {
        Content::Email(mail) => {
            for text in [&mut mail.subject, &mut mail.preheader, &mut mail.text, &mut mail.html] {
                *text = with(text);
            }
        }
        Content::Sms(sms) => sms.text = with(&sms.text),
        Content::Call(call) => call.offer = with(&call.offer),
    }
}

#[test]
fn the_review_refuses_what_it_should() {
    type Spoil = fn(&mut Draft);
    let cases: [(&str, &str, Spoil); 14] = [
        ("an unknown number", "claims-bound", |d| change(d, |t| format!("{t} 99"))),
        ("a number in full width", "claims-bound", |d| change(d, |t| format!("{t} ９９"))),
        ("a Chinese number", "claims-bound", |d| change(d, |t| format!("{t} 八折"))),
        ("the right digits with another unit", "claims-bound", |d| change(d, |t| format!("{t} 15 months"))),
        ("another offer", "offer-of-the-plan", |d| d.offer = Some(OfferId("other".into()))),
        ("no offer", "offer-of-the-plan", |d| d.offer = None),
        ("the offer without its name", "offer-named", |d| change(d, |t| t.replace("Annual saver", "it"))),
        ("an unknown slot", "slots-known", |d| change(d, |t| format!("{t} {{{{7*7}}}}"))),
        ("template syntax", "no-template-syntax", |d| change(d, |t| format!("{t} {{% if x %}}"))),
        ("a direction mark", "plain-characters", |d| change(d, |t| format!("{t}\u{202E}"))),
        ("a zero byte", "plain-characters", |d| change(d, |t| format!("{t}\0"))),
        ("no address in the footer", "footer", |d| change(d, |t| t.replace("12 Harbour Street", ""))),
        ("no way to unsubscribe", "unsubscribe", |d| change(d, |t| t.replace("{{unsubscribe_url}}", ""))),
        ("a foreign link", "links-known", |d| change(d, |t| t.replace("tel:0800555010", "https://evil.example"))),
    ];
    let brief = HOUSE.brief(JULIA, Locale::En, 7);
    for (name, check, spoil) in cases {
        let mut met = 0;
        for mut draft in drafts(&brief) {
            let before = draft.clone();
            spoil(&mut draft);
            if draft != before {
                met += 1;
                let findings = review(&brief, TEMPLATES.phrases(), draft).expect_err(name);
                assert!(findings.iter().any(|finding| finding.check == check), "{name}: {findings:?}");
            }
        }
        assert!(met > 0, "{name} changed nothing");
    }
}

#[test]
fn the_review_refuses_a_channels_own_faults() {
    type Spoil = fn(&mut Content);
    let cases: [(&str, &str, Spoil); 9] = [
        ("a subject of two lines", "single-line", |c| mail(c, |m| m.subject.push_str("\nBcc: x"))),
        ("a return in the subject", "plain-characters", |c| mail(c, |m| m.subject.push('\r'))),
        ("an empty subject", "subject-present", |c| mail(c, |m| m.subject.clear())),
        ("a script", "html-inert", |c| mail(c, |m| m.html.push_str("<script>"))),
        ("a number in the text alone", "html-agrees", |c| mail(c, |m| m.html = m.html.replace("15%", "much"))),
        ("a long SMS", "length", |c| {
            if let Content::Sms(sms) = c {
                sms.text.push_str(&"x".repeat(71));
            }
        }),
        ("an anonymous SMS", "sender-named", |c| {
            if let Content::Sms(sms) = c {
                sms.text = sms.text.replace("Northwind", "We");
            }
        }),
        ("five objections", "objections-answered", |c| {
            if let Content::Call(call) = c {
                call.objections.truncate(5);
            }
        }),
        ("a script without an end", "script-complete", |c| {
            if let Content::Call(call) = c {
                call.close.clear();
            }
        }),
    ];
    let brief = HOUSE.brief(JULIA, Locale::En, 7);
    for (name, check, spoil) in cases {
        let refused = drafts(&brief).into_iter().filter_map(|mut draft| {
            spoil(&mut draft.content);
            review(&brief, TEMPLATES.phrases(), draft).err()
        });
        let findings: Vec<_> = refused.flatten().collect();
        assert!(findings.iter().any(|finding| finding.check == check), "{name}: {findings:?}");
    }
}

fn mail(content: &mut Content, spoil: impl Fn(&mut winback_core::message::Email)) {
    if let Content::Email(mail) = content {
        spoil(mail);
    }
}

#[test]
fn a_hostile_name_stays_inert() {
    let long = "x".repeat(10_240);
    for name in
        ["{{7*7}}", "<script>alert(1)</script>", "Ju\r\nBcc: all", "a\0b", "\u{202E}ailuJ", "{{unsubscribe_url}}", "{% for %}", &long]
    {
        for locale in Locale::ALL {
            let all = messages(&HOUSE.brief(Who { name: Some(name), ..JULIA }, locale, 1));
            let unnamed = messages(&HOUSE.brief(Who { name: None, ..JULIA }, locale, 1));
            assert_eq!(read(&all), read(&unnamed), "{name:?}");
        }
    }
    let all = messages(&HOUSE.brief(Who { name: Some("Anna & Tom O\u{2019}Neil"), ..JULIA }, Locale::En, 1));
    let Content::Email(mail) = &all[0].record().content else { panic!("a mail comes first") };
    assert!(mail.text.contains("Dear Anna & Tom O\u{2019}Neil,") && mail.html.contains("Anna &amp; Tom"));
}

#[test]
fn an_sms_that_cannot_fit_says_what_to_cut() {
    let mut house = House::new();
    house.catalogue.offers[0].name.en = "An offer with a name that nobody could ever put into one short message".into();
    let writing = write_and_review(&TEMPLATES, &house.brief(JULIA, Locale::En, 1));
    assert_eq!(writing.messages.len(), 2);
    insta::assert_snapshot!("too_long_sms", writing.findings[0].detail);
}

#[test]
fn a_company_without_an_unsubscribe_address_still_offers_a_way_out() {
    let mut house = House::new();
    house.company.unsubscribe_url.clear();
    for locale in Locale::ALL {
        assert!(read(&messages(&house.brief(JULIA, locale, 1))).contains(&house.company.phone));
    }
}

proptest! {
    #[test]
    fn no_name_ever_breaks_a_message(name in "\\PC{0,60}|.{0,20}", seed in any::<u64>()) {
        for locale in Locale::ALL {
            for message in messages(&HOUSE.brief(Who { name: Some(&name), ..JULIA }, locale, seed)) {
                if let Content::Email(mail) = &message.record().content {
                    prop_assert!(!mail.subject.chars().any(char::is_control));
                    prop_assert!(!mail.html.contains("<script"));
                }
                if let Content::Sms(sms) = &message.record().content {
                    prop_assert!(sms.text.encode_utf16().count() <= SMS_UNITS);
                }
            }
        }
    }

    #[test]
    fn an_invented_number_never_passes(number in 0_u64..1_000_000, at in 0_usize..4, place in 0_usize..3) {
        let brief = HOUSE.brief(JULIA, Locale::ALL[place], 7);
        for mut draft in drafts(&brief) {
            let planted = format!(" ¤{number}¤ ");
            match &mut draft.content {
                Content::Email(mail) => {
                    let part = [&mut mail.subject, &mut mail.preheader, &mut mail.text, &mut mail.html].into_iter().nth(at).unwrap();
                    part.push_str(&planted);
                }
                Content::Sms(sms) => sms.text.push_str(&planted),
                Content::Call(call) => call.objections[at].answer.push_str(&planted),
            }
            prop_assert!(review(&brief, TEMPLATES.phrases(), draft).is_err());
        }
    }
}

#[test]
fn the_same_brief_gives_the_same_bytes_and_seeds_vary_the_words() {
    let subjects = |seeds: std::ops::Range<u64>| -> HashSet<String> {
        seeds
            .map(|seed| match &messages(&HOUSE.brief(JULIA, Locale::En, seed))[0].record().content {
                Content::Email(mail) => mail.subject.clone(),
                _ => panic!("a mail comes first"),
            })
            .collect()
    };
    assert_eq!(subjects(0..20).len(), 3);
    let brief = HOUSE.brief(JULIA, Locale::ZhCn, 5);
    assert_eq!(write(&TEMPLATES, &brief), write(&TEMPLATES, &brief));
}

#[test]
fn a_template_error_is_named_with_file_and_line() {
    let check = |file: &str, text: &str, expected: &str| {
        let files = BTreeMap::from([(file.to_owned(), text.to_owned())]);
        let errors = Templates::from_files(&files).map(|_| ()).expect_err(expected);
        let said = errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        assert!(said.contains(expected), "{said}\nlacks {expected}");
    };
    check("en/sms.jinja", "# note\n[sms]\nHi {{ slot.nickname }}", "en/sms.jinja:3: \"slot.nickname\" is no fact");
    check("en/sms.jinja", "[sms]\n\nHi\n{{ offer.price }}", "en/sms.jinja:4: \"offer.price\" is no fact");
    check("en/sms.jinja", "[sms]\n{% for x in y %}a{% endfor %}", "en/sms.jinja:2: {% for %} is not allowed");
    check("en/sms.jinja", "[sms]\n{% include 'x' %}", "{% include %} is not allowed");
    check("en/sms.jinja", "[sms]\nHi\n{{ offer.name", "en/sms.jinja:3: the template is not valid");
    check("en/sms.jinja", "[smss]\nHi", "en/sms.jinja:1: there is no section [smss]");
    check("en/sms.jinja", "[sms kind=gift]\nHi", "en/sms.jinja:1: the condition \"kind=gift\" is not known");
    check("en/sms.jinja", "Hi\n[sms]\nHi", "en/sms.jinja:1: this text stands before");
    check("en/sms.jinja", "[sms]\n\n[sms]\nHi", "en/sms.jinja:1: the section is empty");
    check("en/sms.jinja", "[sms kind=discount]\nHi", "no wording of [sms] fits goal=activation kind=upgrade theme=contract");
    check("en/sms.jinja", "[sms]\n{{ slot.first_name }}", "no wording of [sms]");
    check("en/sms.jinja", &"x".repeat(70_000), "en/sms.jinja:1: the file has 70000 bytes");
    check("de/sms.jinja", "[sms]\nHi", "de/sms.jinja:1: Winback has no template");
    check("en/call.jinja", "[forbidden]\nx", "needs an id");
}

#[test]
fn an_edited_file_takes_the_place_of_the_built_in_one() {
    let files = BTreeMap::from([("en/sms.jinja".to_owned(), "[sms]\n{{ company.short_name }}: hello. STOP to opt out\n[sms kind=discount,upgrade,plan_change,free_trial,service]\n{{ company.short_name }}: {{ offer.name }}! STOP to opt out".to_owned())]);
    let edited = Templates::from_files(&files).unwrap();
    assert_ne!(edited.digest(), TEMPLATES.digest());
    let writing = write_and_review(&edited, &HOUSE.brief(JULIA, Locale::En, 1));
    let Content::Sms(sms) = &writing.messages[1].record().content else { panic!("the SMS comes second") };
    assert_eq!(
        (sms.text.as_str(), writing.messages[1].record().writer.name.as_str()),
        ("Northwind: Annual saver! STOP to opt out", "edited")
    );
}
