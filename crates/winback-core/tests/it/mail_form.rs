//! Mails in the mail form: those of the built-in writer, and what the review holds of a model's.
use crate::sample::{House, JULIA, OFFERS, Who};
use std::sync::LazyLock;
use winback_core::agents::communication::{mail_draft, mail_form, review_reply, write};
use winback_core::digest::Digest;
use winback_core::locale::Locale;
use winback_core::mail_form::{MailForm, unknown_markers};
use winback_core::message::{Brief, Content, Draft, Email, Finding, WriterVersion};
use winback_core::review::{review, with_markers};
use winback_core::schema::Theme;
use winback_core::segment::{BUILT_IN, SegmentId};
use winback_core::template::Templates;

static HOUSE: LazyLock<House> = LazyLock::new(House::new);
static TEMPLATES: LazyLock<Templates> = LazyLock::new(|| Templates::built_in().unwrap_or_else(|errors| panic!("{errors:#?}")));

/// The version of a model, whose words are no templates.
fn model() -> WriterVersion {
    WriterVersion::of_words("mini", Digest::of(b"model, adapter, prompt"))
}

fn mail_of(draft: &Draft) -> &Email {
    let Content::Email(mail) = &draft.content else { panic!("a mail") };
    mail
}

/// Every offer, with and without a name, in every language and voice, for some reasons.
fn briefs() -> Vec<Brief> {
    let mut briefs = Vec::new();
    for (at, offer) in OFFERS.into_iter().enumerate() {
        for (turn, theme) in [Some(Theme::Price), Some(Theme::Usage), None].into_iter().enumerate() {
            let name = (turn != 1).then_some("Julia");
            let charge = (turn != 2).then_some(8_535);
            for locale in Locale::ALL {
                let mut brief = HOUSE.brief(Who { offer, theme, name, charge, ..JULIA }, locale, (at * 7 + turn) as u64);
                brief.segment = BUILT_IN.get((at + turn) % 6).map(|name| SegmentId::parse(name).unwrap());
                briefs.push(brief);
            }
        }
    }
    briefs
}

#[test]
fn a_mail_of_the_built_in_writer_comes_back_to_the_letter() {
    for brief in briefs() {
        let drafts = write(&TEMPLATES, &brief).drafts;
        let form = mail_form(&TEMPLATES, &brief).unwrap();
        assert_eq!(unknown_markers(&form, &brief.facts), Vec::new());
        let text = form.to_text(brief.locale);
        assert_eq!(MailForm::parse(&text, brief.locale).as_ref(), Ok(&form), "{text}");
        let draft = mail_draft(&TEMPLATES, &brief, &form, drafts[0].writer.clone()).unwrap();
        assert_eq!(draft, drafts[0], "{text}");
        let message = review_reply(&TEMPLATES, &brief, &text, model()).unwrap_or_else(|found| panic!("{text}\n{found:#?}"));
        assert!(message.record().checks.iter().any(|check| check == "slots-kept"));
    }
}

#[test]
fn no_figure_and_no_name_of_the_brief_stands_in_the_form() {
    for brief in briefs() {
        let text = mail_form(&TEMPLATES, &brief).unwrap().to_text(brief.locale);
        let said = brief.facts.iter().filter(|fact| text.contains(fact.text.as_str()));
        let said: Vec<_> = said.filter(|fact| fact.id.starts_with("offer.") || fact.id.starts_with("charge.")).collect();
        assert!(said.is_empty() && !text.contains("Julia"), "{said:?}\n{text}");
        assert!(!text.contains(|c: char| c.is_ascii_digit()), "{text}");
        assert_eq!(text.matches("{{first_name}}").count(), usize::from(brief.slots.first_name.is_some()), "{text}");
    }
}

#[test]
fn marking_a_text_is_the_reverse_of_filling_it() {
    for brief in briefs() {
        let form = mail_form(&TEMPLATES, &brief).unwrap();
        let filled = form.filled(&brief.facts);
        let marked = with_markers(&brief, TEMPLATES.phrases(), &filled);
        assert_eq!(marked.filled(&brief.facts), filled, "{}", marked.body());
        let offer = |form: &MailForm| form.body().matches("{{offer.").count();
        assert_eq!(offer(&marked), offer(&form), "{}\n---\n{}", marked.body(), form.body());
    }
}

#[test]
fn a_figure_that_the_ledger_binds_becomes_its_marker() {
    let brief = HOUSE.brief(JULIA, Locale::En, 1);
    let form = MailForm::new("Hello", "", "You would pay 15% less, $12.80 a month, until spring.", Locale::En).unwrap();
    let marked = with_markers(&brief, TEMPLATES.phrases(), &form);
    assert_eq!(marked.body(), "You would pay {{offer.percent}} less, {{offer.saving}} a month, until spring.");
}

/// Returns what is wrong with the mail of a model that is the built-in writer's with something replaced.
fn spoilt(brief: &Brief, spoil: impl Fn(&str) -> String) -> Vec<Finding> {
    let text = mail_form(&TEMPLATES, brief).unwrap().to_text(brief.locale);
    let other = spoil(&text);
    assert_ne!(text, other);
    review_reply(&TEMPLATES, brief, &other, model()).unwrap_err()
}

#[test]
fn a_slot_that_a_model_drops_repeats_or_invents_is_held_by_name() {
    let check = |spoil: &dyn Fn(&str) -> String, part: &str, check: &str, told: &str| {
        for locale in Locale::ALL {
            let found = spoilt(&HOUSE.brief(JULIA, locale, 3), spoil);
            let is_it = |finding: &Finding| finding.part == part && finding.check == check && finding.detail.starts_with(told);
            assert!(found.iter().any(is_it), "{found:#?}");
        }
    };
    let name = "{{first_name}}";
    check(
        &|text| text.replace(name, "Julia"),
        "text",
        "slots-kept",
        "the slot {{first_name}} is missing, although there is a value for it",
    );
    check(&|text| text.replace(name, &name.repeat(2)), "text", "slots-kept", "the slot {{first_name}} stands 2 times");
    check(&|text| format!("{text}\n\n{{{{unsubscribe_url}}}}"), "text", "slots-kept", "the slot {{unsubscribe_url}} stands 2 times");
    check(
        &|text| text.replacen('\n', &format!("{name}\n"), 1),
        "subject",
        "slots-kept",
        "the slot {{first_name}} stands once, in the greeting",
    );
    check(&|text| text.replace(name, "{{last_name}}"), "text", "facts-known", "{{last_name}} names neither a fact of the brief nor a slot");
    check(&|text| text.replace("{{offer.name}}", "{{offer.price}}"), "text", "facts-known", "{{offer.price}} names neither a fact");
    check(&|text| text.replace(name, "{{agent_name}}"), "text", "slots-known", "the slot {{agent_name}} cannot stand in this part");
    check(&|text| text.replacen("\n\n", "\n", 1), "text", "mail-form", "line 3: expected an empty line before the body");
}

#[test]
fn a_house_may_put_something_before_the_greeting_and_a_model_nothing() {
    let house_first = |(name, text): (&str, &str)| {
        (name.to_owned(), text.replace("[text]\n{{ part.greeting }}", "[text]\n{{ company.name }}\n\n{{ part.greeting }}"))
    };
    let templates = Templates::from_files(&Templates::built_in_files().map(house_first).collect()).unwrap();
    for locale in Locale::ALL {
        let brief = HOUSE.brief(JULIA, locale, 3);
        let form = mail_form(&templates, &brief).unwrap();
        let message = review_reply(&templates, &brief, &form.to_text(locale), model()).unwrap_or_else(|found| panic!("{found:#?}"));
        let Content::Email(mail) = &message.record().content else { panic!("a mail") };
        let second = mail.text.split("\n\n").nth(1).unwrap();
        assert!(second.contains("Julia"), "{}", mail.text);
        let signed = form.to_text(locale).replace("{{first_name}}", "Julia") + "\n{{first_name}}";
        let found = review_reply(&templates, &brief, &signed, model()).unwrap_err();
        assert!(found.iter().any(|finding| finding.detail.contains("stands outside the greeting")), "{found:#?}");
    }
}

#[test]
fn a_name_that_nobody_knows_is_not_asked_for() {
    let brief = HOUSE.brief(Who { name: None, ..JULIA }, Locale::En, 3);
    let found = spoilt(&brief, |text| text.replacen("\n\n", "\n\nDear {{first_name}},\n\n", 1));
    assert!(found.iter().any(|finding| finding.check == "slots-filled"), "{found:#?}");
}

#[test]
fn a_mail_of_few_or_many_paragraphs_keeps_them_in_order_and_leaves_no_empty_row() {
    let brief = HOUSE.brief(JULIA, Locale::En, 3);
    for count in 1..12 {
        let words: Vec<String> = (0..count).map(|at| format!("Paragraph {}.", (b'a' + at) as char)).collect();
        let form = MailForm::new("Subject", "", &words.join("\n\n"), Locale::En).unwrap();
        let draft = mail_draft(&TEMPLATES, &brief, &form, model()).unwrap();
        let mail = mail_of(&draft);
        assert!(mail.text.starts_with(&format!("{}\n\n--\n", words.join("\n\n"))), "{}", mail.text);
        let places: Vec<usize> = words.iter().map(|word| mail.html.find(word).unwrap()).collect();
        assert!(places.is_sorted(), "{}", mail.html);
        assert!(!mail.html.contains("\"></td></tr>") && mail.html.contains("{{unsubscribe_url}}"), "{}", mail.html);
        let found = review(&brief, TEMPLATES.phrases(), draft).unwrap_err();
        assert!(
            found.iter().all(|finding| !["html-agrees", "html-of-layout", "html-inert", "footer"].contains(&finding.check.as_str())),
            "{found:#?}"
        );
    }
}
