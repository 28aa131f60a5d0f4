//! Scores as sacreBLEU 2.6.0 gives them (`bench/peers/text_metrics.py` compares many more).
use super::*;
use proptest::prelude::*;

/// A text, its references, and its BLEU by `13a`, `zh` and `char`, and its chrF.
type Case = (&'static str, &'static [&'static str], [f64; 4]);

#[rustfmt::skip]
const CASES: [Case; 12] = [
    ("Thank you for being with us. Your plan stays as it is.", &["Thank you for being with us; your plan stays as it is."], [69.9752, 69.9752, 91.4406, 88.6907]),
    ("The price is 1,234.50 dollars - until 3-4 May.", &["The price is 1,234.50 dollars, until 3-4 May."], [73.4889, 73.4889, 92.9924, 89.8856]),
    ("您好，感謝您一直以來的支持。", &["您好，謝謝您一直以來的支持！"], [0.0000, 69.9752, 69.9752, 63.0490]),
    ("本月可享 85 折，續約 12 個月。", &["本月可享 85 折優惠，續約 12 個月。", "這個月有 85 折，續約一年。"], [30.2138, 97.4004, 100.0000, 68.9822]),
    ("“您好”——这是您的专属方案…", &["“您好”——这是为您准备的方案…"], [0.0000, 55.6256, 55.6256, 49.0928]),
    ("short", &["a much longer reference than the text"], [0.0000, 0.0000, 0.0833, 3.1008]),
    ("nothing alike", &["完全不同的一句話"], [0.0000, 0.0000, 0.0000, 0.0000]),
    ("", &["a reference"], [0.0000, 0.0000, 0.0000, 0.0000]),
    ("the same words", &["the same words"], [100.0000, 100.0000, 100.0000, 100.0000]),
    ("a &amp; b &lt;c&gt; &quot;d&quot;", &["a & b <c> \"d\""], [100.0000, 5.0912, 3.2359, 7.8011]),
    ("Ｆｕｌｌ width １２３ and ½ 🎉", &["Full width 123 and ½ 🎉"], [32.4668, 14.9911, 42.8182, 32.1299]),
    ("one-\ntwo\nthree", &["onetwo three"], [100.0000, 27.5161, 73.4889, 71.2482]),
];

fn near(found: f64, expected: f64) -> bool {
    (found - expected).abs() < 5e-5
}

#[test]
fn sentences_score_as_sacrebleu_scores_them() {
    for (text, references, expected) in CASES {
        let bleu = Tokenizer::ALL.map(|tokenizer| sentence_bleu(text, references, tokenizer).unwrap().score);
        let chrf = sentence_chrf(text, references).unwrap().score;
        let found = [bleu[0], bleu[1], bleu[2], chrf];
        assert!(found.iter().zip(expected).all(|(found, expected)| near(*found, expected)), "{text:?}: {found:?}, not {expected:?}");
    }
}

#[test]
fn a_corpus_is_counted_as_a_whole() {
    let texts = CASES.map(|(text, ..)| text);
    let references = CASES.map(|(_, references, _)| vec![references[0]]);
    let scores = Tokenizer::ALL.map(|tokenizer| corpus_bleu(&texts, &references, tokenizer).unwrap());
    for (found, expected) in scores.iter().zip([60.1603, 50.9310, 61.3471]) {
        assert!(near(found.score, expected), "{found:?}");
    }
    assert!(near(corpus_chrf(&texts, &references).unwrap().score, 58.5893));
    assert_eq!(scores[1].signature, "nrefs:1|case:mixed|eff:no|tok:zh|smooth:exp");
}

#[test]
fn texts_without_references_are_refused() {
    let check = |texts: &[&str], references: &[Vec<&str>], expected: MetricError| {
        assert_eq!(corpus_bleu(texts, references, Tokenizer::Zh), Err(expected.clone()));
        assert_eq!(corpus_chrf(texts, references), Err(expected));
    };
    check(&[], &[], MetricError::NoText);
    check(&["a", "b"], &[vec!["a"]], MetricError::Count { texts: 2, references: 1 });
    check(&["a", "b"], &[vec!["a"], vec![]], MetricError::NoReference(2));
    check(&["a", "b"], &[vec!["a"], vec!["b", "c"]], MetricError::Uneven { text: 2, found: 2, expected: 1 });
    assert_eq!("14a".parse::<Tokenizer>().unwrap_err().to_string(), "\"14a\" is no tokenizer of BLEU; expected 13a, zh or char");
}

#[test]
fn every_token_counts_the_same_whatever_reply_it_stands_in() {
    let mut all = Perplexity::default();
    assert_eq!(all.value(), None);
    all.add(&[-1.0, -1.0, -1.0]);
    all.add(&[-5.0]);
    assert!((all.value().unwrap() - 2.0_f64.exp()).abs() < 1e-12);
}

#[test]
fn variety_counts_what_differs() {
    let found = variety(&["a b a b", "a b c"], Tokenizer::Thirteen);
    let expected = Variety { distinct_1: 3.0 / 7.0, distinct_2: 3.0 / 5.0, mean_words: 3.5, mean_characters: 6.0 };
    assert_eq!(found, expected);
    assert_eq!(variety(&[], Tokenizer::Thirteen), Variety::default());
    assert!((variety(&["您好您"], Tokenizer::Zh).distinct_1 - 2.0 / 3.0).abs() < 1e-12);
}

proptest! {
    #[test]
    fn any_two_texts_score_between_0_and_100(text in "\\PC{0,40}", reference in "\\PC{0,40}") {
        for tokenizer in Tokenizer::ALL {
            let bleu = sentence_bleu(&text, &[&reference], tokenizer).unwrap().score;
            prop_assert!((0.0..=100.000_001).contains(&bleu), "{bleu}");
        }
        let chrf = sentence_chrf(&text, &[&reference]).unwrap().score;
        prop_assert!((0.0..=100.000_001).contains(&chrf), "{chrf}");
    }

    #[test]
    fn a_text_is_wholly_like_itself(text in "[a-z您好 ]{1,40}") {
        prop_assume!(!text.trim().is_empty());
        prop_assert!((sentence_bleu(&text, &[&text], Tokenizer::Zh).unwrap().score - 100.0).abs() < 1e-9);
        prop_assert!((sentence_chrf(&text, &[&text]).unwrap().score - 100.0).abs() < 1e-9);
    }
}
