//! What is wrong with a template is named, all of it, with file and line.
use crate::sample::{House, JULIA};
use std::collections::BTreeMap;
use winback_core::agents::communication::{origins, write, write_and_review};
use winback_core::locale::Locale;
use winback_core::message::{Content, Draft};
use winback_core::review::review;
use winback_core::segment::SegmentId;
use winback_core::template::{Templates, decode};

fn files(files: &[(&str, &str)]) -> BTreeMap<String, String> {
    files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

fn errors(of: &[(&str, &str)]) -> Vec<String> {
    Templates::from_files(&files(of)).err().unwrap_or_default().iter().map(ToString::to_string).collect()
}

#[test]
fn each_fault_is_named_with_its_line_and_what_to_do() {
    let check = |file: &str, text: &str, expected: &str| {
        let said = errors(&[(file, text)]).join("\n");
        assert!(said.contains(expected), "{said}\nlacks {expected}");
    };
    let vip = "segments/VIP.jinja";
    check(
        vip,
        "[email.opening lang=en]\n{{ first_name }}",
        "VIP.jinja:2: \"first_name\" is no fact, slot or part; did you mean slot.first_name?",
    );
    check(vip, "[email.opening lang=en]\n{{ offer.nam }}", "VIP.jinja:2: \"offer.nam\" is no fact, slot or part; did you mean offer.name?");
    check(vip, "[email.opening lang=en]\na\n{% for x in y %}{% endfor %}", "VIP.jinja:3: {% for %} is not allowed");
    check(vip, "[email.opening lang=en]\n{% set a = 'x' %}{{ offer.nam }}", "VIP.jinja:2: \"offer.nam\" is no fact");
    check(
        vip,
        "[email.opening lang=en]\n{{ \"Save\" }}",
        "VIP.jinja:2: {{ \"Save\" }} puts in something that is no name; write words as they are",
    );
    check(vip, "[email.opening lang=en]\na {% if \"{#\" %}b{% endif %}", "VIP.jinja:2: {{ if \"{#\" }} puts in something that is no name");
    let many = "{% if offer.name %}a{% elif offer.until %}b{% endif %}".repeat(3);
    check(vip, &format!("[email.opening lang=en]\n{many}"), "VIP.jinja:2: the wording has 6 conditions (if and elif) and may have 5");
    check(vip, "[email.opening lang=en]\n{{ offer.name|upper }}", "VIP.jinja:2: the template is not valid: filter upper is unknown");
    check(vip, "[email.openin lang=en]\nx", "VIP.jinja:1: there is no section [email.openin] in this file; did you mean email.opening?");
    check(vip, "[avod]\nx", "VIP.jinja:1: there is no section [avod] in this file; did you mean avoid?");
    check(vip, "[email.opening]\nx", "VIP.jinja:1: a section of a segment's voice names the file and the language");
    check(vip, "[email.opening lang=fr]\nx", "\"lang=fr\" is not known; the words of lang= are zh-TW, zh-CN, en");
    check(vip, "[email.opening lang=en gaol=push]\nx", "\"gaol=push\" is not known; did you mean goal=?");
    check(vip, "[email.opening lang=en goal=pusch]\nx", "\"goal=pusch\" is not known; did you mean goal=push?");
    check(vip, "[email.opening lang=en goal=push goal=recall]\nx", "VIP.jinja:1: goal= stands twice");
    check(vip, "[email.opening lang=en]\n", "VIP.jinja:1: the section is empty");
    check(vip, "[email.opening lang=en]\nx\n\n[email.opening lang=en]\nx", "VIP.jinja:4: this wording stands on line 1 already");
    check(
        vip,
        "[email.opening lang=en goal=push kind=none]\nx",
        "VIP.jinja:1: this wording can never be chosen: no customer has goal=push with kind=none",
    );
    check(vip, "[email.opening lang=en kind=none]\n{{ offer.name }}", "never be chosen: no customer has kind=none with offer.name");
    check(vip, "[email.opening lang=en]\nTake ２０ off", "VIP.jinja:2: the digit '２' is typed into the wording");
    check(vip, "[email.opening lang=en]\nGood to have you.\nAct\u{3000}now.", "VIP.jinja:3: \"act now\" is a phrase which presses");
    check(vip, "[email.opening lang=en]\nDear ,", "VIP.jinja:2: \"Dear ,\" is a phrase which greets without a name");
    check(vip, "[call.objection lang=en id=a then=accpted]\nWhy?\nBecause.", "then=accpted is neither a step");
    check(vip, "[call.objection lang=en id=a then=accpted]\nWhy?\nBecause.", "did you mean then=accepted?");
    check(vip, "[call.objection lang=en id=a b then=reason]\nWhy?\nBecause.", "\"b\" is not known");
    check(vip, "[limits]\nemail_wrods = 12", "VIP.jinja:2: \"email_wrods = 12\" is no limit; did you mean email_words?");
    check(vip, "[limits]\nemail_words = many", "expected a whole number from 1 to 5000, such as email_words = 120");
    check(vip, "[limits]\nemail_words = 1\nemail_words = 2", "email_words is given twice");
    check(vip, "[avoid lang=en]\n{{ offer.name }}", "VIP.jinja:2: \"{{ offer.name }}\" is no phrase to avoid");
    check(
        vip,
        "[avoid lang=en]\ncheap\n[email.opening lang=en]\nA Cheap plan",
        "VIP.jinja:4: \"cheap\" is a phrase which the company never says",
    );
    check("brand.jinja", "[opening]\nx", "brand.jinja:1: there is no section [opening] in this file; the sections are avoid, limits");
    check("segments/a b.jinja", "x", "segments/a b.jinja:1: \"a b\" is no name for a segment");
    check("en/emial.jinja", "x", "en/emial.jinja:1: Winback has no template of this name; did you mean en/email.jinja?");
    let always = "[email.opening lang=en goal=activation,recall,push]\na\n[email.opening lang=en]\nb";
    check(vip, always, "VIP.jinja:3: this wording can never be chosen: the wording of segments/VIP.jinja:1 is more specific");
}

#[test]
fn everything_wrong_is_named_at_once_and_in_order() {
    let said = errors(&[
        ("segments/VIP.jinja", "[email.opening lang=en]\n{{ a }} {{ b }}, act now\n[sms.sms lang=en]\nAct now, 5!\n[smss]\nx"),
        ("en/sms.jinja", "x\n[sms]\nhurry up"),
        ("strange.jinja", ""),
    ]);
    let places: Vec<&str> = said.iter().map(|line| line.split(": ").next().unwrap()).collect();
    let expected = [
        "en/sms.jinja:1",
        "en/sms.jinja:3",
        "segments/VIP.jinja:2",
        "segments/VIP.jinja:2",
        "segments/VIP.jinja:2",
        "segments/VIP.jinja:4",
        "segments/VIP.jinja:4",
        "segments/VIP.jinja:5",
        "strange.jinja:1",
    ];
    assert_eq!(places, expected, "{said:#?}");
}

#[test]
fn what_the_company_avoids_is_refused_in_every_wording() {
    let opening = ("segments/VIP.jinja", "[email.opening lang=en]\nSomething cheap for you");
    let said = errors(&[("brand.jinja", "[avoid lang=zh-TW]\ncheap"), opening]);
    assert_eq!(said, Vec::<String>::new(), "only Chinese texts avoid it");
    let said = errors(&[("brand.jinja", "[avoid]\nCHEAP"), opening]);
    let expected = "segments/VIP.jinja:2: \"CHEAP\" is a phrase which the company never says; say it in other words, or take the phrase off the list [avoid]";
    assert_eq!(said, [expected]);
    // Where a segment avoids every general wording, its own file lacks one.
    let sms = ("en/sms.jinja", "[sms]\n{{ company.short_name }}: our quiet hello. STOP=end");
    let said = errors(&[sms, ("segments/VIP.jinja", "[avoid]\nquiet hello")]);
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(
        said[0].starts_with("segments/VIP.jinja:2: \"quiet hello\" of [avoid] leaves too few wordings for goal=")
            && said[0].contains("[sms.sms lang=en]"),
        "{said:?}"
    );
    // The line is that of the phrase to blame, wherever it stands, and it may be listed for one language alone.
    let said = errors(&[sms, ("segments/VIP.jinja", "[avoid]\nfar away\n[avoid lang=zh-TW]\nquiet hello\n[avoid lang=en]\nOur Quiet\n")]);
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].starts_with("segments/VIP.jinja:6: \"Our Quiet\" of [avoid]"), "{said:?}");
}

#[test]
fn the_voice_of_the_documentation_can_be_copied_as_it_stands() {
    const ADDING: &str = include_str!("../../../../docs/adding.md");
    let (_, from) = ADDING.split_once("**A segment's voice.**").unwrap();
    let voice = from.split("\n```\n").nth(1).unwrap();
    assert!(["[email.opening lang=en]", "[avoid lang=zh-TW]", "[limits]"].iter().all(|head| voice.contains(head)), "{voice}");
    assert_eq!(errors(&[("segments/VIP.jinja", voice)]), Vec::<String>::new());
}

#[test]
fn what_a_caller_must_not_say_and_a_customer_may_say_are_left_alone() {
    let call = "[call.forbidden lang=en id=own]\nNever say: act now, last chance.\n\n[call.objection lang=en id=own then=reason]\nIs this my last chance?\nNo, take the time you need.";
    assert_eq!(errors(&[("segments/VIP.jinja", call)]), Vec::<String>::new());
    let said = errors(&[("segments/VIP.jinja", &call.replace("No, take the time you need.", "Yes, act now."))]).join("\n");
    assert!(said.starts_with("segments/VIP.jinja:6: \"act now\""), "{said}");
}

#[test]
fn bytes_that_are_no_text_are_named_by_line_and_byte() {
    let check = |bytes: &[u8], expected: &str| assert_eq!(decode("en/sms.jinja", bytes.to_vec()).unwrap_err().to_string(), expected);
    check(b"[sms]\nab\xff", "en/sms.jinja:2: byte 3 of this line is not UTF-8 text; save the file as UTF-8");
    check(&vec![b'x'; 70_000], "en/sms.jinja:1: the file has 70000 bytes; at most 65536 are read. Shorten it");
    assert_eq!(decode("en/sms.jinja", b"[sms]\nx".to_vec()).unwrap(), "[sms]\nx");
}

fn vip(more: &str) -> Templates {
    let text = format!(
        "[email.opening lang=en]\nYou know us well, and we know what good service means to you.\n\n[sms.sms lang=en]\n{{{{ company.short_name }}}}: {{{{ offer.name }}}}, for you. STOP=end\n{more}"
    );
    let templates = Templates::from_files(&files(&[("segments/VIP.jinja", &text)]));
    templates.unwrap_or_else(|errors| panic!("{errors:#?}"))
}

#[test]
fn a_segments_voice_is_used_for_it_alone_and_its_place_is_known() {
    let (house, templates) = (House::new(), vip(""));
    let general = house.brief(JULIA, Locale::En, 1);
    let mut own = general.clone();
    own.segment = Some(SegmentId::parse("VIP").unwrap());
    let texts = |brief| -> Vec<String> {
        let writing = write_and_review(&templates, brief);
        assert_eq!(writing.findings, Vec::new());
        writing
            .messages
            .iter()
            .flat_map(|message| message.record().content.parts().into_iter().map(|(_, text)| text.to_owned()).collect::<Vec<_>>())
            .collect()
    };
    assert!(texts(&own)[2].contains("You know us well") && texts(&own)[3].contains("for you. STOP"), "{:?}", texts(&own));
    assert!(!texts(&general).concat().contains("You know us well"));
    let places = |brief| {
        origins(&templates, brief)
            .into_iter()
            .map(|origin| format!("{} {} {}:{}", origin.channel.tag(), origin.part, origin.file, origin.line))
            .collect::<Vec<_>>()
    };
    assert!(places(&own).contains(&"email opening segments/VIP.jinja:2".to_owned()), "{:?}", places(&own));
    assert!(places(&own).contains(&"sms sms segments/VIP.jinja:5".to_owned()));
    assert!(places(&general).iter().all(|place| !place.contains("VIP")));
    // Each part of a message has its wording, and each wording stands where it is said to stand.
    for origin in origins(&templates, &general) {
        let (_, text) = Templates::built_in_files().find(|(name, _)| *name == origin.file).unwrap();
        let line = text.lines().nth(origin.line - 1).unwrap();
        assert!(!line.trim().is_empty() && !line.starts_with('['), "{origin:?}: {line}");
    }
}

#[test]
fn the_companys_own_rules_hold_back_what_breaks_them() {
    let house = House::new();
    let templates = vip("[limits]\nemail_words = 20\n[avoid lang=en]\nAnnual saver");
    let mut brief = house.brief(JULIA, Locale::En, 1);
    assert_eq!(write_and_review(&templates, &brief).findings, Vec::new());
    brief.segment = Some(SegmentId::parse("VIP").unwrap());
    let writing = write_and_review(&templates, &brief);
    let said: Vec<String> =
        writing.findings.iter().map(|finding| format!("{} {} {}", finding.channel.tag(), finding.check, finding.detail)).collect();
    assert!(said.iter().any(|said| said.contains("email mail-length the mail has") && said.contains("allows 20; cut")), "{said:#?}");
    assert!(said.iter().any(|said| said.starts_with("sms manners \"Annual saver\" is a phrase which the company never says")), "{said:#?}");
    assert_eq!(writing.messages.len(), 0, "the offer's name stands in every channel");
}

#[test]
fn a_wording_with_a_phrase_the_segment_avoids_is_passed_over_for_it() {
    let mut brief = House::new().brief(JULIA, Locale::En, 1);
    let general = vip("");
    let thanks = origins(&general, &brief).into_iter().find(|origin| origin.part == "thanks").unwrap();
    let (_, text) = Templates::built_in_files().find(|(name, _)| *name == thanks.file).unwrap();
    let phrase = text.lines().nth(thanks.line - 1).unwrap().split(['.', ',', '!']).next().unwrap();
    let templates = vip(&format!("[avoid lang=en]\n{phrase}\n[email.thanks lang=en]\nAll the best."));
    let says = |brief: &winback_core::message::Brief| {
        let writing = write_and_review(&templates, brief);
        let Content::Email(mail) = &writing.messages[0].record().content else { panic!("the mail comes first") };
        mail.text.contains(phrase)
    };
    assert!(says(&brief));
    brief.segment = Some(SegmentId::parse("VIP").unwrap());
    assert!(!says(&brief));
}

#[test]
fn the_review_refuses_what_no_message_says_wherever_the_company_speaks() {
    let templates = vip("");
    let brief = House::new().brief(JULIA, Locale::En, 1);
    let manners = |change: &dyn Fn(&mut Content)| -> Vec<String> {
        let refused = |mut draft: Draft| {
            change(&mut draft.content);
            review(&brief, templates.phrases(), draft).err().unwrap_or_default()
        };
        let findings = write(&templates, &brief).drafts.into_iter().flat_map(refused);
        findings.filter(|finding| finding.check == "manners").map(|finding| format!("{} {}", finding.channel.tag(), finding.part)).collect()
    };
    let in_all = |rude: &'static str| {
        move |content: &mut Content| match content {
            Content::Email(mail) => mail.text = mail.text.replacen("\n\n", &format!("\n\n{rude} "), 1),
            Content::Sms(sms) => sms.text.push_str(rude),
            Content::Call(script) => {
                script.objections[0].customer.push_str(rude);
                script.objections[1].answer.push_str(rude);
                script.forbidden[0].push_str(rude);
            }
        }
    };
    assert_eq!(manners(&in_all(" fine.")), Vec::<String>::new());
    for rude in [" We noticed that you were away.", " 您一直沒有回信。", " We MISS\u{a0}you!"] {
        assert_eq!(manners(&in_all(rude)), ["email text", "sms text", "call answer 2"], "{rude}");
    }
    let nameless = |content: &mut Content| {
        if let Content::Email(mail) = content {
            mail.html = mail.html.replace("{{first_name}}", "");
            mail.text = mail.text.replace("{{first_name}}", "");
        }
    };
    // The line of the HTML is the line of the text, and is told once.
    assert_eq!(manners(&nameless), ["email text"]);
}
