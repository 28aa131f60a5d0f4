//! Laws that hold for any table.
use crate::hard_tables::{numbers, table, who, words};
use crate::telco_table::options;
use proptest::prelude::*;
use winback_core::feature::{FeatureColumn, FeatureTable, Repeats};
use winback_core::model::ChurnTrainer;
use winback_core::progress::Silent;
use winback_learn::LogisticTrainer;
use winback_learn::split::{SplitMix64, stratified_folds};

const WORDS: [&str; 4] = ["a", "b", "none", "missing"];

/// A table of two numbers and two categories (one repeats the other's "none"), drawn by a seed.
fn drawn(rows: usize, seed: u64) -> FeatureTable {
    let mut random = SplitMix64::new(seed);
    let mut number = |spread: u32| -> Vec<f64> {
        let value = |random: &mut SplitMix64| if random.below(20) == 0 { f64::NAN } else { f64::from(random.below(spread)) - 10.0 };
        (0..rows).map(|_| value(&mut random)).collect()
    };
    let (x, y) = (number(50), number(5_000));
    let mut word = || -> Vec<&str> { (0..rows).map(|_| WORDS[random.below(4) as usize]).collect() };
    let (parent, child) = (word(), word());
    let labels = x.iter().zip(&parent).map(|(x, parent)| Some(x.max(-5.0) + f64::from(random.below(30)) > 20.0 || *parent == "b"));
    let labels = labels.collect();
    let levels = &WORDS[..3];
    let columns = vec![("x", numbers(x)), ("y", numbers(y)), ("parent", words(&parent, levels)), ("child", words(&child, levels))];
    let mut table = table(columns, labels);
    let schema = std::sync::Arc::make_mut(&mut table.schema);
    schema.features[3].repeats = Some(Repeats { level: "none".into(), group: 2 });
    table
}

/// Returns one row of a table as a table.
fn row_of(table: &FeatureTable, row: usize) -> FeatureTable {
    let one = |column: &FeatureColumn| match column {
        FeatureColumn::Number(values) => FeatureColumn::Number(vec![values[row]]),
        FeatureColumn::Category { codes, levels } => FeatureColumn::Category { codes: vec![codes[row]], levels: levels.clone() },
    };
    FeatureTable { schema: table.schema.clone(), columns: table.columns.iter().map(one).collect(), labels: vec![None] }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn reasons_add_up_and_single_scores_equal_batch_scores(seed in any::<u64>(), rows in 120_usize..400, l2 in 0.01_f64..50.0) {
        let table = drawn(rows, seed);
        let model = LogisticTrainer.train(&table, &options(0, l2), &Silent).unwrap().model;
        let who = who(rows);
        let batch = model.assess(&table, &who).unwrap();
        for (row, one) in batch.iter().enumerate() {
            let sum: f64 = one.reasons.iter().map(|reason| reason.log_odds).sum();
            prop_assert!((one.base + sum - one.log_odds).abs() <= 1e-9);
            let single = model.assess(&row_of(&table, row), &who[row..=row]).unwrap();
            prop_assert_eq!(&single[0], one);
        }
        let expected: f64 = batch.iter().map(|one| one.probability.value()).sum();
        let left = table.labels.iter().filter(|label| **label == Some(true)).count() as f64;
        prop_assert!((expected - left).abs() < 1e-4, "{} {}", expected, left);
    }

    #[test]
    fn folds_are_even_and_decided_by_the_seed(seed in any::<u64>(), rows in 60_usize..200, folds in 2_u16..6) {
        let table = drawn(rows, seed);
        let drawn = stratified_folds(&table, folds, seed);
        prop_assert_eq!(&drawn, &stratified_folds(&table, folds, seed));
        for label in [true, false] {
            let count = |fold: u16| (0..rows).filter(|&row| drawn[row] == fold && table.labels[row] == Some(label)).count();
            let counts: Vec<usize> = (0..folds).map(count).collect();
            prop_assert!(counts.iter().max().unwrap() - counts.iter().min().unwrap() <= 2, "{:?}", counts);
        }
    }
}

#[test]
fn the_number_of_threads_does_not_change_a_bit() {
    let table = drawn(130_000, 5);
    let train = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| LogisticTrainer.train(&table, &options(0, 1.0), &Silent).unwrap().file)
    };
    let one = train(1);
    assert!(one == train(3), "same table, same options, same bytes");
}

/// The fit by way of a sample must end where the plain fit ends: a copy of every row with a fourfold penalty has the same minimum.
#[test]
fn a_large_table_reaches_the_minimum_of_a_small_one() {
    let mut small = drawn(24_000, 9);
    for column in &mut small.columns {
        if let FeatureColumn::Number(values) = column {
            // Few different values, so that repeated rows have the very same quantiles.
            values.iter_mut().for_each(|value| *value = (*value / 1_000.0).round());
        }
    }
    let mut large = small.clone();
    for column in &mut large.columns {
        match column {
            FeatureColumn::Number(values) => *values = values.repeat(5),
            FeatureColumn::Category { codes, .. } => *codes = codes.repeat(5),
        }
    }
    large.labels = large.labels.repeat(5);
    let score = |table: &FeatureTable, l2: f64| {
        let model = LogisticTrainer.train(table, &options(0, l2), &Silent).unwrap().model;
        model.assess(&row_of(&small, 3), &who(1)).unwrap()[0].log_odds
    };
    let (one, five) = (score(&small, 1.0), score(&large, 5.0));
    assert!((one - five).abs() < 1e-5, "{one} {five}");
}
