use super::*;
use crate::text_metrics::{BleuCounts, ChrfCounts, Perplexity, Tokenizer, corpus_bleu, corpus_chrf};
use winback_core::gallery::{Figure, Measure};

/// Returns the sums of a mail, with the surprise a token over ten tokens.
fn mail(text: &str, reference: &str, surprise: f64, passes: bool) -> Sums {
    Sums {
        mails: 1,
        references: Perplexity { tokens: 10, surprise: 10.0 * surprise },
        bleu: BleuCounts::of(text, &[reference], Tokenizer::Thirteen),
        chrf: ChrfCounts::of(text, &[reference]),
        slots: [1, 1],
        reviews: [1, u64::from(passes)],
        words: text.split_whitespace().count() as u64,
        is_compared: true,
    }
}

const REFERENCES: [&str; 4] =
    ["we would like to have you back", "your plan can be lighter from now on", "one call is enough for that", "thank you for these years"];

#[test]
fn sums_of_customers_measure_the_corpus() {
    let texts = ["we would like you back", "your plan may be lighter from now", "one call is enough", "thank you for all these years"];
    let mut all = Sums::default();
    for (text, reference) in texts.iter().zip(REFERENCES) {
        all += &mail(text, reference, 1.0, text.len() > 20);
    }
    let references: Vec<Vec<&str>> = REFERENCES.iter().map(|reference| vec![*reference]).collect();
    let expected = [
        1_f64.exp(),
        corpus_chrf(&texts, &references).unwrap().score,
        corpus_bleu(&texts, &references, Tokenizer::Thirteen).unwrap().score,
        1.0,
        0.75,
        22.0 / 4.0,
    ];
    for (measure, expected) in Measure::ALL.into_iter().zip(expected) {
        let found = all.measure(measure).unwrap();
        assert!((found - expected).abs() < 1e-9, "{measure:?}: {found} and not {expected}");
    }
    assert_eq!(Measure::ALL.map(|measure| Sums::default().measure(measure)), [None; 6]);
    let unlikely = Sums { references: Perplexity { tokens: 1, surprise: 1e9 }, ..all };
    assert!(unlikely.measure(Measure::Perplexity).unwrap().is_finite());
}

/// The standard error of a share is known, and so is the interval that a bootstrap must find.
#[test]
fn intervals_are_as_wide_as_they_must_be() {
    let passes = |share: usize| -> Vec<Sums> { (0..200).map(|at| mail("a", "a", 1.0 + (at % 3) as f64, at % 10 < share)).collect() };
    let writers = [passes(8), passes(5)];
    let (own, pairs) = figures(&writers, &[(0, 1)], (4_000, 7));
    let near = |found: Figure, [value, low, high]: [f64; 3]| {
        assert!((found.value - value).abs() < 1e-12, "{found:?}");
        assert!((found.low - low).abs() < 0.012 && (found.high - high).abs() < 0.012, "{found:?}");
    };
    let half = |share: f64| 1.96 * (share * (1.0 - share) / 200.0).sqrt();
    near(own[0][&Measure::ReviewPass], [0.8, 0.8 - half(0.8), 0.8 + half(0.8)]);
    near(own[1][&Measure::ReviewPass], [0.5, 0.5 - half(0.5), 0.5 + half(0.5)]);
    // Whoever passes with 5 passes with 8, so the difference is 1 for three of ten customers and 0 for the others.
    near(pairs[0][&Measure::ReviewPass], [0.3, 0.3 - half(0.3), 0.3 + half(0.3)]);
    assert_eq!(figures(&writers, &[(0, 1)], (4_000, 7)), (own.clone(), pairs));
    assert_ne!(figures(&writers, &[], (4_000, 8)).0, own);
}

/// The shares of 30 customers of whom one fails: a bootstrap finds −10 points, and scores more.
#[test]
fn few_failures_are_told_by_scores() {
    let passes = |failures: usize| -> Vec<Sums> { (0..30).map(|at| mail("a", "a", 1.0, at >= failures)).collect() };
    let (own, pairs) = figures(&[passes(1), passes(0)], &[(0, 1)], (1_000, 3));
    let near = |found: Figure, [value, low, high]: [f64; 3]| {
        let apart = (found.value - value).abs().max((found.low - low).abs()).max((found.high - high).abs());
        assert!(apart < 1e-4, "{found:?}");
    };
    near(own[0][&Measure::ReviewPass], [29.0 / 30.0, 0.8333, 0.9941]);
    near(pairs[0][&Measure::ReviewPass], [-1.0 / 30.0, -0.1667, 0.0834]);
    // Four mails to each of these customers tell no more than one did.
    let mut more = [passes(1), passes(0)];
    more.iter_mut().flatten().for_each(|sums| sums.reviews = sums.reviews.map(|count| 4 * count));
    let (again, apart) = figures(&more, &[(0, 1)], (1_000, 3));
    assert_eq!(
        (again[0][&Measure::ReviewPass], &apart[0][&Measure::ReviewPass]),
        (own[0][&Measure::ReviewPass], &pairs[0][&Measure::ReviewPass])
    );
}

/// A difference that is the same for every customer is told for sure, however far customers lie apart.
#[test]
fn differences_are_paired() {
    let surprises = |more: f64| -> Vec<Sums> { (0..40).map(|at| mail("a", "a", 1.0 + f64::from(at % 5) + more, true)).collect() };
    let (own, pairs) = figures(&[surprises(0.1), surprises(0.0)], &[(0, 1), (1, 0)], (2_000, 1));
    let [one, other] = [0, 1].map(|writer| own[writer][&Measure::Perplexity]);
    assert!(one.low < other.high, "by themselves they are not apart: {one:?} {other:?}");
    assert!(pairs[0][&Measure::Perplexity].low > 0.0 && pairs[1][&Measure::Perplexity].high < 0.0, "{pairs:?}");
    // Nobody failed, and of 40 customers that is still no certainty.
    let same = pairs[0][&Measure::ReviewPass];
    assert!(same.value == 0.0 && (same.low + 0.0876).abs() < 1e-4 && (same.high - 0.0876).abs() < 1e-4, "{same:?}");
    let references: Vec<Sums> =
        surprises(0.0).into_iter().map(|sums| Sums { is_compared: false, references: Perplexity::default(), ..sums }).collect();
    let (own, _) = figures(&[references], &[], (100, 1));
    let measured: Vec<Measure> = own[0].keys().copied().collect();
    assert_eq!(measured, [Measure::SlotPass, Measure::ReviewPass, Measure::Words]);
    assert_eq!(figures(&[Vec::new()], &[], (100, 1)).0[0].len(), 0);
}
