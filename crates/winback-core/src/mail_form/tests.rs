use super::*;
use crate::message::{Fact, FactSource};
use proptest::prelude::*;

fn fact(id: &str, text: &str) -> Fact {
    Fact { id: id.into(), text: text.into(), value: None, source: FactSource::Company { field: id.into() } }
}

#[test]
fn a_mail_is_read_in_every_language() {
    let check = |locale, text: &str, parts: [&str; 3]| {
        let form = MailForm::parse(text, locale).unwrap();
        assert_eq!([form.subject(), form.preheader(), form.body()], parts);
        assert_eq!(form.to_text(locale), text.trim_end_matches('\n'));
    };
    check(
        Locale::En,
        "Subject: Hello\nPreview: You\n\nDear {{first_name}},\n\nBye.\nUs\n",
        ["Hello", "You", "Dear {{first_name}},\n\nBye.\nUs"],
    );
    check(
        Locale::ZhTw,
        "主旨：想聽聽您的想法\n預覽：一通電話就好\n\n您好：\n\n謝謝。\n\n",
        ["想聽聽您的想法", "一通電話就好", "您好：\n\n謝謝。"],
    );
    check(Locale::ZhCn, "主题：想听听您的想法\n\n您好！", ["想听听您的想法", "", "您好！"]);
}

#[test]
fn every_fault_is_named_by_its_line() {
    let check = |text: &str, told: &str| assert_eq!(MailForm::parse(text, Locale::En).unwrap_err().to_string(), told, "{text:?}");
    check("", "line 1: expected a line that begins with \"Subject: \"");
    check("主旨：您好\n\n您好", "line 1: expected a line that begins with \"Subject: \"");
    check("Subject:Hello\n\nBye", "line 1: expected a line that begins with \"Subject: \"");
    check("Subject: \n\nBye", "line 1: nothing stands behind \"Subject: \"; write the text there");
    check("Subject: a\nPreview:\n\nBye", "line 2: nothing stands behind \"Preview: \"; write the text there");
    check("Subject: a\nPreview: b\nBye", "line 3: expected an empty line before the body");
    check("Subject: a\nBye", "line 2: expected an empty line before the body");
    check("Subject: a\nSubject: b\n\nBye", "line 2: \"Subject: \" stands once, at the top; take it out here");
    check("Subject: a\n\nBye\nPreview: b", "line 4: \"Preview: \" stands once, at the top; take it out here");
    check("Subject: a", "line 2: expected the body of the mail, its paragraphs apart by one empty line");
    check("Subject: a\n\n\n\n", "line 2: expected the body of the mail, its paragraphs apart by one empty line");
    check("Subject: a\n\nBye\n\n\nus", "line 5: expected one empty line between paragraphs, found several");
    check("Subject: a\n\n\nBye", "line 3: expected one empty line between paragraphs, found several");
    check("Subject: a\n\nBye \nus", "line 3: expected no white space at either end of the line");
    check("Subject: a\n\nBye\u{a0}\nus", "line 3: expected no white space at either end of the line");
    check("Subject: a\n\n\u{2003}Bye\nus", "line 3: expected no white space at either end of the line");
    check("Subject: a\n\nBye\r\nus", "line 3: the control character U+000D cannot stand in a mail; remove it");
    check("Subject: a\u{202E}\n\nBye", "line 1: the control character U+202E cannot stand in a mail; remove it");
    let long = "x".repeat(LONGEST_TEXT + 1);
    check(&long, "line 1: the text has 32769 bytes, and 32768 are the most that is read; cut it");
}

#[test]
fn parts_that_make_no_form_are_refused() {
    let check = |subject, preheader, body, told: &str| {
        assert_eq!(MailForm::new(subject, preheader, body, Locale::En).unwrap_err().to_string(), told);
    };
    check("", "", "Bye", "line 1: nothing stands behind \"Subject: \"; write the text there");
    check("a\nb", "", "Bye", "line 1: the control character U+000A cannot stand in a mail; remove it");
    check("a", "b\nc", "Bye", "line 2: the control character U+000A cannot stand in a mail; remove it");
    check("a", "b", "Bye\n", "line 5: expected one empty line between paragraphs, found several");
    check("a", "", "b\nSubject: c", "line 4: \"Subject: \" stands once, at the top; take it out here");
    check("a", "", "", "line 3: expected the body of the mail, its paragraphs apart by one empty line");
}

#[test]
fn markers_are_filled_once_and_slots_stay() {
    let form = MailForm::new("{{offer.name}}", "", "Dear {{first_name}},\n\n{{offer.name}} and {{company.name}} {{", Locale::En).unwrap();
    let facts = [fact("offer.name", "{{company.name}} plan"), fact("company.name", "Northwind")];
    let filled = form.filled(&facts);
    assert_eq!(
        [filled.subject(), filled.body()],
        ["{{company.name}} plan", "Dear {{first_name}},\n\n{{company.name}} plan and Northwind {{"]
    );
}

#[test]
fn what_names_no_fact_is_told_by_name() {
    let form =
        MailForm::new("{{offer.nam}}", "{{last_name}}", "{{first_name}} {{offer.name}} {{7*7}} {{ offer.name }} {{open\nx", Locale::En)
            .unwrap();
    let found = unknown_markers(&form, &[fact("offer.name", "plan")]);
    let told: Vec<(&str, &str)> = found.iter().map(|finding| (finding.part.as_str(), finding.detail.as_str())).collect();
    let all = "those that do are {{offer.name}}, {{first_name}}, {{unsubscribe_url}}, {{agent_name}}";
    let no = "names neither a fact of the brief nor a slot;";
    let expected = [
        ("subject", format!("{{{{offer.nam}}}} {no} was {{{{offer.name}}}} meant?")),
        ("preheader", format!("{{{{last_name}}}} {no} was {{{{first_name}}}} meant?")),
        ("text", format!("{{{{7*7}}}} {no} {all}")),
        ("text", format!("{{{{ offer.name }}}} {no} was {{{{offer.name}}}} meant?")),
        ("text", format!("{{{{open}}}} {no} {all}")),
    ];
    assert_eq!(told, expected.each_ref().map(|(part, detail)| (*part, detail.as_str())));
}

/// Texts that might be taken for something else: headings, braces, line ends, invisible characters.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "Subject: ",
        "Preview: ",
        "主旨：",
        "預覽：",
        "主题：",
        "预览：",
        "\n",
        "\n\n",
        "{{",
        "}}",
        "{{offer.name}}",
        "{{first_name}}",
        " ",
        "\r",
        "\0",
        "\u{202E}",
        "\u{3000}",
        "a",
        "您好",
        "𠮷",
        "--",
        "\n--\n",
    ]);
    prop::collection::vec(prop_oneof![piece.prop_map(str::to_owned), "\\PC{0,6}", ".{0,4}"], 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn what_is_read_is_written_the_same_and_read_again(text in hostile(), locale in prop::sample::select(Locale::ALL.to_vec())) {
        let headed = format!("{}{text}", headings(locale)[0]);
        for text in [&text, &headed] {
            if let Ok(form) = MailForm::parse(text, locale) {
                prop_assert_eq!(form.to_text(locale), text.trim_end_matches('\n'));
                prop_assert_eq!(MailForm::parse(&form.to_text(locale), locale), Ok(form.clone()));
                prop_assert_eq!(MailForm::new(form.subject(), form.preheader(), form.body(), locale), Ok(form));
            }
        }
    }

    #[test]
    fn whatever_is_in_it_a_form_can_be_filled_and_told_of(subject in hostile(), body in hostile(), name in hostile()) {
        if let Ok(form) = MailForm::new(&subject, "", &body, Locale::En) {
            let facts = [fact("offer.name", &name)];
            let left = unknown_markers(&form, &facts).len();
            prop_assert!(left == 0 || body.contains("{{") || subject.contains("{{"));
            prop_assert!(name.contains("{{") || !form.filled(&facts).body().contains("{{offer.name}}"));
        }
    }

    #[test]
    fn marking_is_the_reverse_of_filling(words in prop::collection::vec("[a-z]{1,6}", 1..8), places in prop::collection::vec(any::<prop::sample::Index>(), 0..4)) {
        let mut pieces: Vec<String> = words;
        places.iter().for_each(|place| pieces.insert(place.index(pieces.len()), "{{offer.name}}".into()));
        let form = MailForm::new("a", "", &pieces.join(" "), Locale::En).unwrap();
        let filled = form.filled(&[fact("offer.name", "年 Plan")]);
        let spans = filled.body().match_indices("年 Plan").map(|(at, found)| (at..at + found.len(), "offer.name".to_owned())).collect();
        prop_assert_eq!(filled.marked([Vec::new(), Vec::new(), spans]), form);
    }
}
