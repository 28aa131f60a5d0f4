use super::gate::{Claims, LEAST_CUSTOMERS, Objection, may_be_promoted};
use super::*;
use crate::interval::Paired;
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

/// Returns the figures of a version of which so many mails pass, with intervals this wide on a side.
fn own(slots: Figure, claims: Figure) -> Vec<WriterMarks> {
    let figures = [(Measure::SlotPass, slots), (Measure::ReviewPass, claims)].into();
    vec![WriterMarks { writer: MailWriter::Adapter, figures, distinct_1: 0.5, distinct_2: 0.5, cut_off: 0 }]
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
        slotted: customers,
        reviewed: customers,
        shared: SharedAdapter::Absent,
        notes: Vec::new(),
        writers: own(figure(0.95, 0.05), figure(0.9, 0.05)),
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
    check(100, &[(Measure::Chrf, figure(-0.5, 1.4)), (Measure::SlotPass, figure(-0.05, 0.04))], "fine");
    check(100, &[(Measure::Bleu, figure(-20.0, 1.0)), (Measure::Words, figure(-40.0, 1.0))], "fine");
}

#[test]
fn each_thing_that_speaks_against_it_is_told() {
    check(34, &[], "it was tried on 34 held-out customers, and 35 are the least that tell anything");
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
        "whether its perplexity is lower than that of the base cannot be told from 100 customers: the difference is -0.50 (95 % interval \
         -1.50 to +0.50); about 401 held-out customers would tell",
    );
    check(
        100,
        &[(Measure::ReviewPass, figure(-0.3, 0.1)), (Measure::Chrf, figure(-4.0, 1.0))],
        "its chrF is worse than that of the base: the difference is -4.00 (95 % interval -5.00 to -3.00), and at most 2 less is accepted; its \
         claim-pass is worse than that of the base: the difference is -30.0 points (95 % interval -40.0 to -20.0), and at most 10 points \
         less is accepted",
    );
    check(
        50,
        &[(Measure::SlotPass, figure(-0.05, 0.1))],
        "whether its slot-pass is no more than 10 points below that of the base cannot be told from 50 customers: the difference is -5.0 \
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

/// A base that was never taught the mail form fails every time, and no difference is the worse for it.
#[test]
fn a_version_whose_mails_fail_is_refused_though_those_of_the_base_do_too() {
    let same = [(Measure::SlotPass, figure(0.0, 0.04)), (Measure::ReviewPass, figure(0.0, 0.04))];
    let check = |slots: Figure, claims: Figure, expected: &str| {
        let found = Evaluation { writers: own(slots, claims), ..evaluation(100, vec![against(MailWriter::Base, &same)]) };
        let said = may_be_promoted(&found, Claims::Needed);
        assert_eq!(said.map_or_else(|error| error.to_string(), |()| "fine".into()), expected);
        found
    };
    let none = Figure { value: 0.0, low: 0.0, high: 0.037 };
    let failing = check(
        none,
        none,
        "too few of its mails pass: slot-pass is 0.0 % (95 % interval 0.0 to 3.7), and the interval must begin at 75 % or above; too few \
         of its mails pass: claim-pass is 0.0 % (95 % interval 0.0 to 3.7), and the interval must begin at 75 % or above",
    );
    assert!(may_be_promoted(&failing, Claims::Waived).unwrap_err().to_string().contains("claim-pass is 0.0 %"), "it was measured");
    check(figure(0.9, 0.05), figure(0.8, 0.05), "fine");
    let told = "too few of its mails pass: claim-pass is 80.0 % (95 % interval 74.0 to 86.0), and the interval must begin at 75 % or above";
    check(figure(0.9, 0.05), figure(0.8, 0.06), told);
}

#[test]
fn a_shared_adapter_that_is_there_must_be_beaten() {
    let check = |shared: SharedAdapter, beside: &[MailWriter], expected: bool| {
        let comparisons = beside.iter().map(|writer| against(*writer, &[])).collect();
        let said = may_be_promoted(&Evaluation { shared, ..evaluation(100, comparisons) }, Claims::Needed);
        assert_eq!(said, if expected { Ok(()) } else { Err(gate::NotBetter(vec![Objection::SharedNotCompared])) }, "{shared:?} {beside:?}");
    };
    let (base, both) = (&[MailWriter::Base], &[MailWriter::Base, MailWriter::Shared]);
    check(SharedAdapter::Absent, base, true);
    check(SharedAdapter::Copied, base, true);
    check(SharedAdapter::Compared, both, true);
    check(SharedAdapter::LeftOut, base, false);
    check(SharedAdapter::Compared, base, false);
    let said = Objection::SharedNotCompared.to_string();
    assert!(said.contains("winback adapters train --shared teaches that one anew"), "{said}");
}

/// How many failures are let through of how many customers, where the base does not fail and passes otherwise are enough.
#[test]
fn few_failures_of_few_customers_tell_nothing() {
    let check = |customers: usize, failures: usize, expected: bool| {
        let pairs = Paired { both: (customers - failures) as f64, second: failures as f64, ..Paired::default() };
        let (low, value, high) = pairs.difference().unwrap();
        let found = evaluation(customers, vec![against(MailWriter::Base, &[(Measure::ReviewPass, Figure { value, low, high })])]);
        let said = may_be_promoted(&found, Claims::Needed);
        assert_eq!(said.is_ok(), expected, "{failures} of {customers}: {low} {said:?}");
    };
    for (customers, most) in [(30, None), (34, None), (35, Some(0)), (40, Some(0)), (60, Some(1)), (100, Some(2))] {
        for failures in 0..=2 {
            check(customers, failures, most.is_some_and(|most| failures <= most));
        }
    }
    // The margin itself is not above the margin.
    let margin = evaluation(100, vec![against(MailWriter::Base, &[(Measure::ReviewPass, Figure { value: 0.0, low: -0.1, high: 0.1 })])]);
    assert!(may_be_promoted(&margin, Claims::Needed).is_err());
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
    assert_eq!(said, "claim-pass was measured of 12 held-out customers, and 35 are the least that tell anything");
    assert!(may_be_promoted(&few, Claims::Waived).is_err(), "what was measured of some is not unmeasured");
    few.reviewed = 100;
    few.slotted = 1;
    let said = may_be_promoted(&few, Claims::Needed).unwrap_err().to_string();
    assert_eq!(said, "slot-pass was measured of 1 held-out customers, and 35 are the least that tell anything");
    // One reason stands once, whatever it stands against.
    let mut twice =
        evaluation(100, vec![against(MailWriter::Base, &[(Measure::Perplexity, figure(1.0, 0.1))]), against(MailWriter::Shared, &[])]);
    for comparison in &mut twice.comparisons {
        comparison.differences.remove(&Measure::Chrf);
    }
    let all = may_be_promoted(&twice, Claims::Needed).unwrap_err().0;
    assert_eq!(all.iter().filter(|objection| matches!(objection, Objection::NotMeasured { .. })).count(), 1, "{all:?}");
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
        mails_sha256: Vote::mails(&found.cases[0], [MailWriter::Adapter, MailWriter::Base]),
        when: Timestamp::UNIX_EPOCH,
    };
    assert_eq!(vote.fault(&found), None);
    let check = |vote: Vote, expected: &str| assert_eq!(vote.fault(&found).unwrap(), expected);
    check(Vote { customer: "A-2".into(), ..vote.clone() }, "the evaluation of v1 of Dormant holds no mail to \"A-2\"");
    check(Vote { right: MailWriter::Shared, ..vote.clone() }, "there is no mail of the shared adapter to \"A-1\"");
    check(Vote { mails_sha256: None, ..vote.clone() }, "the mails to \"A-1\" are others than the vote is on");
    let text = serde_json::to_string(&vote).unwrap();
    assert_eq!(serde_json::from_str::<Vote>(&text).unwrap(), vote);
    let earlier = text.replace(&format!("\"mails_sha256\":\"{}\",", vote.mails_sha256.as_ref().unwrap().0), "");
    assert_eq!(serde_json::from_str::<Vote>(&earlier).unwrap().mails_sha256, None, "{earlier}");
    check(Vote { right: MailWriter::Adapter, ..vote }, "the two mails of a vote are of two writers");
}
