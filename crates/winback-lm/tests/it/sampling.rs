//! Laws of drawing: what each setting leaves, and that a seed decides everything.
use proptest::prelude::*;
use std::collections::BTreeMap;
use winback_lm::GenerationConfig;
use winback_lm::sample::Sampling;

fn drawing() -> Sampling {
    Sampling { temperature: 1.0, ..Sampling::greedy() }
}

/// Returns the share of each token in many draws.
fn shares(sampling: &Sampling, logits: &[f32], occurred: &[u32]) -> BTreeMap<u32, f64> {
    let mut shares = BTreeMap::new();
    for seed in 0..8 {
        let sampling = Sampling { seed, ..sampling.clone() };
        for drawn in 0..2_500 {
            *shares.entry(sampling.next(logits, occurred, drawn).unwrap()).or_insert(0.0) += 1.0 / 20_000.0;
        }
    }
    shares
}

/// Four tokens of 10, 40, 20 and 30 percent.
fn logits() -> [f32; 4] {
    [0.1_f32, 0.4, 0.2, 0.3].map(f32::ln)
}

#[test]
#[rustfmt::skip]
fn each_setting_leaves_what_it_says() {
    let check = |sampling: Sampling, occurred: &[u32], expected: &[(u32, f64)]| {
        let found = shares(&sampling, &logits(), occurred);
        assert_eq!(found.keys().copied().collect::<Vec<_>>(), expected.iter().map(|(id, _)| *id).collect::<Vec<_>>(), "{sampling:?}");
        for (id, share) in expected {
            assert!((found[id] - share).abs() < 0.015, "{sampling:?}: {found:?}");
        }
    };
    check(drawing(), &[], &[(0, 0.1), (1, 0.4), (2, 0.2), (3, 0.3)]);
    check(Sampling { temperature: 0.5, ..drawing() }, &[], &[(0, 1.0 / 30.0), (1, 16.0 / 30.0), (2, 4.0 / 30.0), (3, 9.0 / 30.0)]);
    check(Sampling { top_k: 2, ..drawing() }, &[], &[(1, 4.0 / 7.0), (3, 3.0 / 7.0)]);
    check(Sampling { top_k: 9, ..drawing() }, &[], &[(0, 0.1), (1, 0.4), (2, 0.2), (3, 0.3)]);
    for top_k in [usize::MAX, usize::MAX / 2 + 1] {
        check(Sampling { top_k, ..drawing() }, &[], &[(0, 0.1), (1, 0.4), (2, 0.2), (3, 0.3)]);
    }
    check(Sampling { top_p: 0.6, ..drawing() }, &[], &[(1, 4.0 / 7.0), (3, 3.0 / 7.0)]);
    check(Sampling { top_p: 0.05, ..drawing() }, &[], &[(1, 1.0)]);
    check(Sampling { min_p: 0.45, ..drawing() }, &[], &[(1, 4.0 / 9.0), (2, 2.0 / 9.0), (3, 3.0 / 9.0)]);
    check(Sampling { top_k: 3, top_p: 0.7, ..drawing() }, &[], &[(1, 4.0 / 7.0), (3, 3.0 / 7.0)]);
    // ln 0.4 · 2 = ln 0.16, whether the token occurred once or more often.
    check(Sampling { repetition_penalty: 2.0, ..drawing() }, &[1, 1], &[(0, 0.1 / 0.76), (1, 0.16 / 0.76), (2, 0.2 / 0.76), (3, 0.3 / 0.76)]);
}

#[test]
fn the_likeliest_token_is_taken_and_of_equals_the_first() {
    assert_eq!(Sampling::greedy().next(&[1.0, 3.0, 3.0, 2.0], &[], 0), Some(1));
    assert_eq!(Sampling { repetition_penalty: 2.0, ..Sampling::greedy() }.next(&[1.0, 3.0, 3.0, 2.0], &[1], 0), Some(2));
    assert_eq!(Sampling { top_k: 1, ..drawing() }.next(&[1.0, 3.0, 3.0, 2.0], &[], 7), Some(1));
    // One of two equals holds half the probability by itself, so no other is needed.
    assert!((0..64).all(|drawn| Sampling { top_p: 0.5, ..drawing() }.next(&[0.0, 0.0], &[], drawn) == Some(0)));
    assert_eq!(drawing().next(&[f32::NEG_INFINITY, 0.0, f32::NEG_INFINITY], &[], 3), Some(1));
    assert_eq!(drawing().next(&[f32::NEG_INFINITY; 3], &[], 3), None);
    assert_eq!(Sampling::greedy().next(&[], &[], 0), None);
}

#[test]
fn nothing_is_drawn_from_what_is_no_number() {
    for odd in [f32::NAN, -f32::NAN, f32::INFINITY] {
        for sampling in [Sampling::greedy(), drawing(), Sampling { repetition_penalty: 1.1, ..Sampling::greedy() }] {
            assert_eq!(sampling.next(&[1.0, odd, 3.0], &[], 0), None, "{odd} {sampling:?}");
        }
    }
    // A penalty that makes a logit infinite.
    assert_eq!(Sampling { repetition_penalty: 1e-3, ..drawing() }.next(&[1.0, 1e38], &[1], 0), None);
}

#[test]
fn the_smallest_temperatures_take_the_likeliest_token() {
    for temperature in [1e-6, 1e-30, 1e-38, f32::from_bits(1)] {
        for logits in [[1.0, 3.0, 2.0, -8.0], [-3e38, 3e38, 0.0, 2.9e38], [-4.0, -1.0, f32::NEG_INFINITY, -2.0]] {
            let sampling = Sampling { temperature, ..drawing() };
            assert!((0..32).all(|drawn| sampling.next(&logits, &[], drawn) == Some(1)), "{temperature:e} {logits:?}");
        }
    }
}

#[test]
fn another_seed_draws_another_text() {
    let text =
        |seed: u64| -> Vec<u32> { (0..64).map(|drawn| Sampling { seed, ..drawing() }.next(&logits(), &[], drawn).unwrap()).collect() };
    assert_eq!(text(1), text(1));
    assert_ne!(text(1), text(2));
    assert_ne!(text(1)[1..], text(1)[..63]);
}

#[test]
fn settings_that_cannot_be_are_named() {
    let check = |sampling: Sampling, expected: &str| assert_eq!(sampling.check().unwrap_err().to_string(), expected);
    check(Sampling { temperature: -1.0, ..drawing() }, "temperature is -1 and must be from 0 to 100");
    check(Sampling { temperature: f32::NAN, ..drawing() }, "temperature is NaN and must be from 0 to 100");
    check(Sampling { top_p: 0.0, ..drawing() }, "top_p is 0 and must be above 0 and at most 1");
    check(Sampling { min_p: 1.5, ..drawing() }, "min_p is 1.5 and must be from 0 to 1");
    check(Sampling { repetition_penalty: 0.0, ..drawing() }, "repetition_penalty is 0 and must be from 0.001 to 1000");
    assert_eq!(Sampling::greedy().check(), Ok(()));
}

#[test]
fn recommendations_are_taken() {
    let config = GenerationConfig {
        do_sample: Some(true),
        temperature: Some(0.6),
        top_k: Some(20),
        top_p: Some(0.95),
        ..GenerationConfig::default()
    };
    let expected = Sampling { temperature: 0.6, top_k: 20, top_p: 0.95, seed: 9, ..Sampling::greedy() };
    assert_eq!(Sampling::recommended(&config, 9), expected);
    assert_eq!(Sampling::recommended(&GenerationConfig::default(), 0), Sampling::greedy());
}

proptest! {
    #[test]
    fn a_draw_is_decided_by_seed_and_place_and_is_among_what_is_left(
        logits in prop::collection::vec(-20.0_f32..20.0, 1..60),
        (temperature, top_k, top_p, min_p) in
            (prop_oneof![0.0_f32..3.0, 1e-45_f32..1e-30], 0..70_usize, 0.01_f32..=1.0, 0.0_f32..=1.0),
        (seed, drawn) in (any::<u64>(), any::<u64>()),
    ) {
        let sampling = Sampling { temperature, top_k, top_p, min_p, repetition_penalty: 1.3, seed };
        let next = sampling.next(&logits, &[0, 3], drawn);
        prop_assert_eq!(next, sampling.next(&logits, &[3, 0, 3], drawn));
        let mut changed = logits;
        [0, 3].into_iter().for_each(|id| if let Some(logit) = changed.get_mut(id) {
            *logit = if *logit > 0.0 { *logit / 1.3 } else { *logit * 1.3 };
        });
        let likelier = changed.iter().filter(|logit| **logit > changed[next.unwrap() as usize]).count();
        prop_assert!(top_k == 0 || likelier < top_k);
        prop_assert!(temperature >= 1e-30 || likelier == 0);
    }
}

/// Returns the tokens that top-k, top-p and min-p leave, by putting all in order.
fn left(sampling: &Sampling, logits: &[f32]) -> Vec<u32> {
    let mut all: Vec<(u32, f64)> = (0..).zip(logits.iter().map(|logit| f64::from(logit / sampling.temperature))).collect();
    all.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    if sampling.top_k > 0 {
        all.truncate(sampling.top_k);
    }
    let most = all[0].1;
    let weights: Vec<f64> = all.iter().map(|(_, logit)| (logit - most).exp()).collect();
    let enough = f64::from(sampling.top_p) * weights.iter().sum::<f64>() * (1.0 + 1e-5);
    let mut before = 0.0;
    let mut kept = Vec::new();
    for ((id, _), weight) in all.iter().zip(&weights) {
        if (sampling.top_p < 1.0 && before >= enough && !kept.is_empty()) || *weight < f64::from(sampling.min_p) * (1.0 - 1e-5) {
            break;
        }
        before += weight;
        kept.push(*id);
    }
    kept
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn long_lists_are_cut_as_if_they_were_put_in_order(
        logits in prop::collection::vec(-12.0..6.0_f32, 1..1500), (top_k, top_p, min_p) in (prop_oneof![0..300_usize, usize::MAX - 9..=usize::MAX], 0.01..1.0_f32, 0.0..0.2_f32), seed in any::<u64>()
    ) {
        let sampling = Sampling { top_k, top_p, min_p, seed, temperature: 0.8, ..Sampling::greedy() };
        let kept = left(&sampling, &logits);
        for drawn in 0..40 {
            let id = sampling.next(&logits, &[], drawn).unwrap();
            prop_assert!(kept.contains(&id), "{} is not among {:?}", id, kept);
        }
        let one = Sampling { top_k: 1, ..sampling };
        prop_assert_eq!(one.next(&logits, &[], 0), Some(kept[0]));
    }
}
