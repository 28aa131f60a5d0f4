use super::gate::{Claims, LEAST_CUSTOMERS, may_be_promoted};
use super::*;
use std::collections::BTreeMap;

const PLAIN: Figure = Figure { value: 0.0, low: 0.0, high: 0.0 };

fn figure(value: f64, half: f64) -> Figure {
    Figure { value, low: value - half, high: value + half }
}

/// Returns what sets a good version apart from a writer, with some figures in place of others.
fn against(with: MailWriter, other: &[(Measure, Figure)]) -> Comparison {
    let usual = [(Measure::Perplexity, figure(-1.0, 0.2)), (Measure::Chrf, figure(3.0, 1.0)), (Measure::SlotPass, PLAIN)];
    let differences: BTreeMap<Measure, Figure> =
        usual.into_iter().chain([(Measure::ReviewPass, figure(0.05, 0.04))]).chain(other.iter().copied()).collect();
    Comparison { with, differences }
}

fn evaluation(customers: usize, comparisons: Vec<Comparison>) -> Evaluation {
    let hash = Digest::of(b"x");
    Evaluation {
        format: EVALUATION_FORMAT,
        segment: SegmentId::parse("Dormant").unwrap(),
        version: "v1".into(),
        of: OfWhat {
            data_sha256: hash.clone(),
            base_sha256: hash.clone(),
            adapter_sha256: hash.clone(),
            shared_sha256: None,
            words_sha256: hash,
            numerics: "bf16 plain".into(),
            seed: 0,
            resamples: 10_000,
        },
        customers,
        examples: customers,
        reviewed: customers,
        notes: Vec::new(),
        writers: Vec::new(),
        comparisons,
        cases: Vec::new(),
    }
}

/// Checks what the gate says of a version that differs from the base so.
fn check(customers: usize, other: &[(Measure, Figure)], expected: &str) {
    let said = may_be_promoted(&evaluation(customers, vec![against(MailWriter::Base, other)]), Claims::Needed);
    assert_eq!(said.map_or_else(|error| error.to_string(), |()| "fine".into()), expected);
}

#[test]
fn a_version_that_beats_the_base_is_let_through() {
    check(100, &[], "fine");
    check(LEAST_CUSTOMERS, &[], "fine");
    check(100, &[(Measure::Chrf, figure(-0.5, 1.5)), (Measure::SlotPass, figure(-0.05, 0.05))], "fine");
    check(100, &[(Measure::Bleu, figure(-20.0, 1.0)), (Measure::Words, figure(-40.0, 1.0))], "fine");
}

#[test]
fn each_thing_that_speaks_against_it_is_told() {
    check(29, &[], "it was tried on 29 held-out customers, and 30 are the least that tell anything");
    check(
        100,
        &[(Measure::Perplexity, figure(0.5, 1.0))],
        "its perplexity is not lower than that of the base: the difference is +0.50 (95 % interval -0.50 to +1.50)",
    );
    check(
        100,
        &[(Measure::Perplexity, figure(0.0, 0.0))],
        "its perplexity is not lower than that of the base: the difference is +0.00 (95 % interval +0.00 to +0.00)",
    );
    check(
        100,
        &[(Measure::Perplexity, figure(-0.5, 1.0))],
        "whether its perplexity is lower than that of the base cannot be told of 100 customers: the difference is -0.50 (95 % interval \
         -1.50 to +0.50); about 401 held-out customers would tell",
    );
    check(
        100,
        &[(Measure::ReviewPass, figure(-0.3, 0.1)), (Measure::Chrf, figure(-4.0, 1.0))],
        "its chrF is worse than that of the base: the difference is -4.00 (95 % interval -5.00 to -3.00), and 2 less is the most; its \
         claim-pass is worse than that of the base: the difference is -30.0 points (95 % interval -40.0 to -20.0), and 10 points less \
         is the most",
    );
    check(
        50,
        &[(Measure::SlotPass, figure(-0.05, 0.1))],
        "whether its slot-pass is no more than 10 points below that of the base cannot be told of 50 customers: the difference is -5.0 \
         points (95 % interval -15.0 to +5.0); about 201 held-out customers would tell",
    );
}

#[test]
fn perplexity_alone_does_not_do() {
    let harmful = [(Measure::Perplexity, figure(-30.0, 0.1)), (Measure::ReviewPass, figure(-0.9, 0.05))];
    let base = evaluation(400, vec![against(MailWriter::Base, &harmful)]);
    assert!(may_be_promoted(&base, Claims::Needed).unwrap_err().to_string().contains("claim-pass is worse"));
    assert!(may_be_promoted(&base, Claims::Waived).is_err(), "what was measured counts whoever answers");
    let shared = evaluation(400, vec![against(MailWriter::Base, &[]), against(MailWriter::Shared, &harmful)]);
    let said = may_be_promoted(&shared, Claims::Needed).unwrap_err().to_string();
    assert!(said.starts_with("its claim-pass is worse than that of the shared adapter"), "{said}");
}

#[test]
fn what_was_not_measured_is_no_reason_to_promote() {
    let mut unreviewed = evaluation(100, vec![against(MailWriter::Base, &[])]);
    unreviewed.comparisons[0].differences.remove(&Measure::ReviewPass);
    unreviewed.reviewed = 0;
    let said = may_be_promoted(&unreviewed, Claims::Needed).unwrap_err().to_string();
    assert!(said.starts_with("claim-pass was not measured, since the examples carry no briefs"), "{said}");
    assert_eq!(may_be_promoted(&unreviewed, Claims::Waived), Ok(()));
    unreviewed.comparisons[0].differences.remove(&Measure::SlotPass);
    assert!(may_be_promoted(&unreviewed, Claims::Waived).is_err());
    assert!(may_be_promoted(&evaluation(100, Vec::new()), Claims::Waived).is_err());
    let mut few = evaluation(100, vec![against(MailWriter::Base, &[])]);
    few.reviewed = 12;
    let said = may_be_promoted(&few, Claims::Needed).unwrap_err().to_string();
    assert_eq!(said, "mails to 12 held-out customers could be reviewed, and 30 are the least that tell anything");
    // What is no number lets nothing through.
    let nothing = Figure { value: f64::NAN, low: f64::NAN, high: f64::NAN };
    for measure in [Measure::Perplexity, Measure::Chrf, Measure::SlotPass, Measure::ReviewPass] {
        let odd = evaluation(100, vec![against(MailWriter::Base, &[(measure, nothing)])]);
        assert!(may_be_promoted(&odd, Claims::Needed).is_err(), "{measure:?}");
    }
}

#[test]
fn an_evaluation_is_read_back_as_it_was_and_a_vote_is_on_mails_that_are_there() {
    let mail = |writer| WrittenMail {
        writer,
        text: "Subject: Hi\n\nBye".into(),
        reads: None,
        perplexity: Some(2.5),
        slot_pass: Some(true),
        review_pass: None,
        findings: vec!["something".into()],
        is_cut_off: false,
    };
    let mut found = evaluation(1, vec![against(MailWriter::Base, &[])]);
    found.cases.push(EvaluatedCase {
        customer: "A-1".into(),
        locale: Some(crate::locale::Locale::En),
        prompt_sha256: Digest::of(b"y"),
        source: None,
        mails: vec![mail(MailWriter::Base), mail(MailWriter::Adapter)],
    });
    let text = serde_json::to_string(&found).unwrap();
    assert!(text.contains("\"slot_pass\":{\"value\":0.0"), "{text}");
    assert_eq!(serde_json::from_str::<Evaluation>(&text).unwrap(), found);
    let vote = Vote {
        segment: found.segment.clone(),
        version: "v1".into(),
        customer: "A-1".into(),
        left: MailWriter::Adapter,
        right: MailWriter::Base,
        choice: Choice::Left,
        when: Timestamp::UNIX_EPOCH,
    };
    assert_eq!(vote.fault(&found), None);
    let check = |vote: Vote, expected: &str| assert_eq!(vote.fault(&found).unwrap(), expected);
    check(Vote { customer: "A-2".into(), ..vote.clone() }, "the evaluation of v1 of Dormant holds no mail to \"A-2\"");
    check(Vote { right: MailWriter::Shared, ..vote.clone() }, "there is no mail of the shared adapter to \"A-1\"");
    check(Vote { right: MailWriter::Adapter, ..vote }, "the two mails of a vote are of two writers");
}
