use super::*;
use crate::mini;
use crate::mini::corpus;
use winback_core::agents::communication::review_reply;
use winback_core::digest::Digest;
use winback_core::example::{MailSource, Maker, ReviewBasis, Told};
use winback_core::gallery::Measure;
use winback_core::gallery::gate::{Claims, may_be_promoted};
use winback_core::locale::Locale;
use winback_core::mail_form::{MailForm, Markers};
use winback_core::message::WriterVersion;
use winback_lm::text_metrics::Perplexity;

/// What an evaluation is made on: customers, and the built-in writer's mails to them.
struct Fixture {
    templates: Templates,
    cases: Vec<Case>,
    mails: Vec<String>,
    segment: SegmentId,
}

/// Returns so many customers of one segment, as `winback prompts` writes them and as they are read back.
fn fixture(customers: usize) -> Fixture {
    let templates = mini::templates().unwrap();
    let segment = SegmentId::parse("Dormant").unwrap();
    let (mut cases, mut mails) = (Vec::new(), Vec::new());
    for drawn in (0..).filter_map(|number| corpus::case(number, 3)) {
        let brief = winback_core::message::Brief { segment: Some(segment.clone()), ..drawn.brief };
        let Ok(made) = (Maker { templates: &templates, schema: &drawn.schema }).make(&brief, None) else { continue };
        let mail = made.mail.to_text(brief.locale);
        // The built-in writer may greet without the name; a model may not.
        let stranger = WriterVersion::of_words("stranger", Digest::of(b"stranger"));
        if review_reply(&templates, &brief, &mail, stranger).is_err() {
            continue;
        }
        let own = serde_json::json!({
            "customer": brief.customer, "goal": brief.goal, "locale": brief.locale, "offer": brief.offer, "source": made.source,
            "review": ReviewBasis::of(&brief), "versions": { "words": templates.digest(), "schema": "x" }, "role": "You write.",
        });
        let told: Told = serde_json::from_str(&own.to_string()).unwrap();
        let again = told.brief(&segment).unwrap();
        assert_eq!(again.slots.first_name.is_some(), brief.slots.first_name.is_some());
        let markers = Markers::of(&again.facts, again.slots.first_name.is_some());
        let customer = format!("{} {}", brief.customer, cases.len());
        cases.push(Case { place: cases.len(), customer, locale: told.locale, told, brief: Some(again), markers });
        mails.push(mail);
        if cases.len() == customers {
            break;
        }
    }
    // Each its own customer, whatever the corpus calls them.
    for (at, case) in cases.iter_mut().enumerate() {
        case.told.customer = winback_core::id::CustomerId::parse(&format!("C-{at}")).ok();
    }
    Fixture { templates, cases, mails, segment }
}

impl Fixture {
    /// Returns the evaluation of a version that writes what `spoilt` makes of the references and is this much surprised by
    /// them, beside a base that writes the references and is surprised by 2 nats a token.
    fn evaluation(&self, surprise: f64, spoilt: impl Fn(usize, &str) -> String) -> Evaluation {
        let model = Digest::of(b"model");
        let judge = Judge { templates: &self.templates, model: &model };
        let judged = |writer: MailWriter, surprise: f64, text: &dyn Fn(usize, &str) -> String| {
            let one = |(at, case): (usize, &Case)| {
                // Not every customer is as surprising.
                let surprise = 100.0 * surprise * (1.0 + (at % 7) as f64 / 20.0);
                let written =
                    Written { text: text(at, &self.mails[at]), is_cut_off: false, reference: Perplexity { tokens: 100, surprise } };
                judge.judge(case, &self.mails[at], (writer, &written))
            };
            (writer, self.cases.iter().enumerate().map(one).collect::<Vec<_>>())
        };
        let same = |_: usize, mail: &str| mail.to_owned();
        let writers = vec![judged(MailWriter::Base, 2.0, &same), judged(MailWriter::Adapter, surprise, &spoilt)];
        let Gathered { customers, slotted, reviewed, writers, comparisons } = gathered(&self.cases, &Judged { writers }, 7);
        let hash = Digest::of(b"x");
        Evaluation {
            format: EVALUATION_FORMAT,
            segment: self.segment.clone(),
            version: "v1".into(),
            of: OfWhat {
                data_sha256: hash.clone(),
                base_sha256: hash.clone(),
                adapter_sha256: hash.clone(),
                shared_sha256: None,
                words_sha256: hash,
                numerics: "bf16 plain".into(),
                seed: 7,
                resamples: RESAMPLES,
            },
            customers,
            examples: self.cases.len(),
            slotted,
            reviewed,
            shared: SharedAdapter::Absent,
            notes: Vec::new(),
            writers,
            comparisons,
            cases: Vec::new(),
        }
    }
}

fn said(evaluation: &Evaluation) -> String {
    may_be_promoted(evaluation, Claims::Needed).map_or_else(|why| why.to_string(), |()| "fine".to_owned())
}

/// Returns a claim that no brief holds.
fn invented(locale: Locale) -> &'static str {
    match locale {
        Locale::ZhTw => "您會獲得 90% 的折扣，終身有效。",
        Locale::ZhCn => "您会获得 90% 的折扣，终身有效。",
        Locale::En => "You get 90% off for life.",
    }
}

/// The heart of the gate: each adapter here foresees the references much better than the base does, and is harmful.
#[test]
fn a_harmful_version_is_refused_however_well_it_foresees() {
    let fixture = fixture(40);
    let mut locales: Vec<Locale> = fixture.cases.iter().filter_map(|case| case.locale).collect();
    locales.sort();
    locales.dedup();
    assert_eq!(locales.len(), 3);
    let good = fixture.evaluation(1.0, |_, mail| mail.to_owned());
    assert_eq!(said(&good), "fine");
    for measure in [Measure::SlotPass, Measure::ReviewPass] {
        assert_eq!(good.figure(MailWriter::Adapter, measure).unwrap().value, 1.0, "{measure:?}");
    }
    let base = good.figure(MailWriter::Base, Measure::Perplexity).unwrap();
    assert!(base.low < base.value && base.value < base.high, "{base:?}");

    // Claims that no brief holds.
    let locale = |at: usize| fixture.cases[at].locale.unwrap();
    let lying = fixture.evaluation(1.0, |at, mail| {
        let [head, greeting, rest] = mail.splitn(3, "\n\n").collect::<Vec<_>>().try_into().unwrap();
        [head, greeting, invented(locale(at)), rest].join("\n\n")
    });
    assert_eq!(lying.figure(MailWriter::Adapter, Measure::ReviewPass).unwrap().value, 0.0);
    assert!(lying.figure(MailWriter::Adapter, Measure::Perplexity).unwrap().high < base.low, "it foresees better for sure");
    let told = said(&lying);
    assert!(told.contains("its claim-pass is worse than that of the base: the difference is -100.0 points"), "{told}");
    assert!(!told.contains("perplexity") && !told.contains("slot-pass"), "{told}");

    // Names left out, and markers of nothing.
    let nameless = fixture.evaluation(1.0, |_, mail| mail.replace("{{first_name}}", "you"));
    assert!(said(&nameless).contains("its slot-pass is worse"), "{}", said(&nameless));
    let marked = fixture.evaluation(1.0, |_, mail| format!("{mail} {{{{offer.price}}}}"));
    assert_eq!(marked.figure(MailWriter::Adapter, Measure::SlotPass).unwrap().value, 0.0);

    // Mails to somebody else, which are in order by themselves but in another form or language.
    let strange = fixture.evaluation(1.0, |at, _| fixture.mails[(at + 1) % fixture.mails.len()].clone());
    assert!(said(&strange).contains("its chrF is worse than that of the base"), "{}", said(&strange));

    // One in eight lies: some customers alone tell nothing for sure.
    let seldom =
        fixture.evaluation(1.0, |at, mail| if at % 8 == 0 { format!("{mail}\n\n{}", invented(locale(at))) } else { mail.to_owned() });
    assert!(said(&seldom).contains("claim-pass"), "{}", said(&seldom));

    // As careful as the base, and no better at foreseeing.
    let idle = fixture.evaluation(2.0, |_, mail| mail.to_owned());
    assert!(said(&idle).starts_with("its perplexity is not lower than that of the base"), "{}", said(&idle));
}

#[test]
fn a_mail_is_judged_with_what_is_wrong_and_as_it_reads() {
    let fixture = fixture(6);
    let model = Digest::of(b"model");
    let judge = Judge { templates: &fixture.templates, model: &model };
    let named = fixture.cases.iter().position(|case| case.brief.as_ref().unwrap().slots.first_name.is_some()).unwrap();
    let (case, reference) = (&fixture.cases[named], &fixture.mails[named]);
    let written = |text: &str, is_cut_off: bool| Written { text: text.into(), is_cut_off, reference: Perplexity::default() };
    let judged = |text: &str, cut: bool| judge.judge(case, reference, (MailWriter::Adapter, &written(text, cut)));
    let (mail, sums) = judged(reference, false);
    assert_eq!((mail.slot_pass, mail.review_pass, &mail.findings[..], mail.perplexity), (Some(true), Some(true), &[][..], None));
    assert!((sums.measure(Measure::Chrf).unwrap() - 100.0).abs() < 1e-9 && (sums.measure(Measure::Bleu).unwrap() - 100.0).abs() < 1e-9);
    let reads = mail.reads.unwrap();
    assert!(!reads.contains("{{company.") && mail.text.contains("{{company."), "{reads}");
    let (mail, _) = judged(reference, true);
    assert_eq!(
        (mail.slot_pass, mail.review_pass, mail.findings),
        (Some(false), Some(false), vec!["cut-off: it came to no end".to_owned()])
    );
    let (mail, _) = judged("Hello!", false);
    assert_eq!((mail.slot_pass, mail.review_pass, mail.reads), (Some(false), Some(false), None));
    assert_eq!(mail.findings.len(), 1, "{:?}", mail.findings);
    assert!(mail.findings[0].starts_with("text: mail-form: line 1: expected a line that begins with"), "{:?}", mail.findings);

    // Without a brief slots are looked at by what the prompt names, and claims are not.
    let bare = Case {
        brief: None,
        markers: Markers::in_prompt("{{first_name}}"),
        told: Told::default(),
        customer: "line 1".into(),
        ..fixture_case(case)
    };
    let (mail, sums) = judge.judge(&bare, reference, (MailWriter::Adapter, &written(reference, false)));
    assert_eq!((mail.review_pass, sums.measure(Measure::ReviewPass)), (None, None));
    assert!(mail.slot_pass == Some(false) && mail.findings.iter().all(|finding| finding.contains("names neither")), "{:?}", mail.findings);
    let speechless = Case { locale: None, ..fixture_case(&bare) };
    let (mail, _) = judge.judge(&speechless, reference, (MailWriter::Adapter, &written(reference, false)));
    assert_eq!((mail.slot_pass, &mail.findings[..]), (None, &[][..]));
    let (mail, sums) = judge.reference(case, reference);
    assert_eq!((mail.writer, mail.review_pass, sums.measure(Measure::Chrf)), (MailWriter::Reference, Some(true), None));
}

/// Returns the same case once more.
fn fixture_case(case: &Case) -> Case {
    let Case { place, customer, locale, told, brief, markers } = case;
    Case { place: *place, customer: customer.clone(), locale: *locale, told: told.clone(), brief: brief.clone(), markers: markers.clone() }
}

#[test]
fn mails_of_one_customer_are_counted_together() {
    let mut fixture = fixture(6);
    for at in [1, 4] {
        fixture.cases[at].told.customer = fixture.cases[0].told.customer.clone();
    }
    fixture.cases[5].told.customer = None;
    let Customers { of, count } = customers(&fixture.cases);
    assert_eq!((of, count), (vec![0, 0, 1, 2, 0, 3], 4));
    assert_eq!(fixture.cases[2].told.source, Some(MailSource::BuiltIn));
    assert_eq!(fixture.evaluation(1.0, |_, mail| mail.to_owned()).customers, 4);
}

#[test]
fn beside_a_mail_that_the_company_sent_stands_the_built_in_writers() {
    let Fixture { templates, mut cases, mails, .. } = fixture(3);
    let model = Digest::of(b"model");
    let judge = Judge { templates: &templates, model: &model };
    assert_eq!(cases.iter().filter_map(|case| judge.built_in(case)).count(), 0, "the reference is its own");
    for (case, mail) in cases.iter_mut().zip(&mails) {
        case.told.source = Some(MailSource::PastMail);
        let found = judge.built_in(case).unwrap();
        assert_eq!((found.writer, found.review_pass, found.perplexity), (MailWriter::BuiltIn, Some(true), None), "{:?}", found.findings);
        let greeting = |text: &str| MailForm::parse(text, case.locale.unwrap()).unwrap().paragraphs().count();
        assert!(greeting(&found.text) > 2 && greeting(mail) > 2, "{}", found.text);
        case.brief = None;
        assert!(judge.built_in(case).is_none());
    }
}
