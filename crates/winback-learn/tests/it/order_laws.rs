//! Orders that mean nothing: of columns, of words, of rows. For every family.
use crate::bad_tables::families;
use crate::hard_tables::{numbers, who, words};
use crate::telco_table::options;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;
use winback_core::feature::{Feature, FeatureColumn, FeatureGroup, FeatureSchema, FeatureTable, Repeats};
use winback_core::locale::Localized;
use winback_core::progress::Silent;
use winback_core::schema::Theme;
use winback_learn::split::SplitMix64;

const WORDS: [&str; 5] = ["a", "b", "c", "none", "missing"];

/// Columns by name, each with its reason.
type Columns = Vec<(&'static str, &'static str, FeatureColumn)>;

/// Two numbers that share a reason, one of their own, and three categories of which one repeats another's "none".
fn drawn(rows: usize, seed: u64) -> (Columns, Vec<Option<bool>>) {
    let mut random = SplitMix64::new(seed);
    let mut number = |spread: u32| -> Vec<f64> {
        let value = |random: &mut SplitMix64| if random.below(15) == 0 { f64::NAN } else { f64::from(random.below(spread)) };
        (0..rows).map(|_| value(&mut random)).collect()
    };
    let (tenure, total, charge) = (number(72), number(5_000), number(90));
    let mut word = || -> Vec<&str> { (0..rows).map(|_| WORDS[random.below(5) as usize]).collect() };
    let (line, add_on, plan) = (word(), word(), word());
    let labels = tenure.iter().zip(&line).zip(&plan).map(|((tenure, line), plan)| {
        let chance = 30.0 - tenure.min(30.0) + if *line == "b" { 25.0 } else { 0.0 } + if *plan == "a" { 15.0 } else { 0.0 };
        Some(f64::from(random.below(70)) < chance)
    });
    let labels = labels.collect();
    let columns = vec![
        ("tenure", "time", numbers(tenure)),
        ("total", "time", numbers(total)),
        ("charge", "charge", numbers(charge)),
        ("line", "line", words(&line, &WORDS[..4])),
        ("add_on", "add_on", words(&add_on, &WORDS[..4])),
        ("plan", "plan", words(&plan, &WORDS[..4])),
    ];
    (columns, labels)
}

/// Returns the columns as a table in which "add_on" repeats the "none" of "line".
fn table(columns: &Columns, labels: &[Option<bool>]) -> FeatureTable {
    let mut groups: Vec<FeatureGroup> = Vec::new();
    for (feature, (_, reason, _)) in columns.iter().enumerate() {
        match groups.iter_mut().find(|group| group.name == *reason) {
            Some(group) => group.features.push(feature),
            None => groups.push(FeatureGroup {
                name: (*reason).to_owned(),
                label: Localized::same(reason),
                theme: Theme::Usage,
                features: vec![feature],
            }),
        }
    }
    let place = |reason: &str| groups.iter().position(|group| group.name == reason).unwrap() as u16;
    let feature = |(at, (name, reason, column)): (usize, &(&str, &str, FeatureColumn))| Feature {
        name: (*name).to_owned(),
        numeric: matches!(column, FeatureColumn::Number(_)),
        column: at,
        group: place(reason),
        repeats: (*name == "add_on").then(|| Repeats { level: "none".into(), group: place("line") }),
        synthetic: false,
    };
    let features = columns.iter().enumerate().map(feature).collect();
    let schema = Arc::new(FeatureSchema { features, groups });
    FeatureTable { schema, columns: columns.iter().map(|(_, _, column)| column.clone()).collect(), labels: labels.to_vec() }
}

/// Returns a category that lists its words in another order, with one that nobody has.
fn relisted(column: &FeatureColumn, random: &mut SplitMix64) -> FeatureColumn {
    let FeatureColumn::Category { codes, levels } = column else { return column.clone() };
    let mut order: Vec<Option<usize>> = (0..levels.len()).map(Some).chain([None]).collect();
    random.shuffle(&mut order);
    let place = |code: usize| order.iter().position(|old| *old == Some(code)).unwrap() as u16;
    let codes = codes.iter().map(|&code| if usize::from(code) < levels.len() { place(usize::from(code)) } else { code }).collect();
    let levels = order.iter().map(|old| old.map_or_else(|| Arc::from("nobody's"), |old| levels[old].clone())).collect();
    FeatureColumn::Category { codes, levels }
}

/// Returns the score of every row and its reasons by name.
fn told(table: &FeatureTable, trainer: &dyn winback_core::model::ChurnTrainer) -> Vec<(f64, BTreeMap<String, f64>)> {
    let model = trainer.train(table, &options(0, 1.0), &Silent).unwrap().model;
    let name = |group: u16| table.schema.groups[usize::from(group)].name.clone();
    let assessed = model.assess(table, &who(table.rows())).unwrap();
    let reasons =
        |one: &winback_core::risk::RiskAssessment| one.reasons.iter().map(|reason| (name(reason.group), reason.log_odds)).collect();
    assessed.iter().map(|one| (one.log_odds, reasons(one))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn the_order_of_columns_and_words_changes_no_score_and_no_reason(seed in any::<u64>(), rows in 200_usize..400) {
        let (columns, labels) = drawn(rows, seed);
        let mut random = SplitMix64::new(seed ^ 1);
        let mut other: Columns = columns.iter().map(|(name, reason, column)| (*name, *reason, relisted(column, &mut random))).collect();
        random.shuffle(&mut other);
        for (name, trainer) in families() {
            let (one, two) = (told(&table(&columns, &labels), &*trainer), told(&table(&other, &labels), &*trainer));
            for ((score, reasons), (again, others)) in one.iter().zip(&two) {
                prop_assert!((score - again).abs() <= 1e-9, "{}: {} {}", name, score, again);
                for (reason, value) in reasons {
                    prop_assert!((value - others[reason]).abs() <= 1e-9, "{}, {}: {} {}", name, reason, value, others[reason]);
                }
            }
        }
    }

    #[test]
    fn a_row_has_its_score_wherever_and_however_often_it_stands(seed in any::<u64>(), rows in 200_usize..400) {
        let (columns, labels) = drawn(rows, seed);
        let table = table(&columns, &labels);
        let mut random = SplitMix64::new(seed ^ 2);
        let picked: Vec<usize> = (0..rows).map(|_| random.below(rows as u32) as usize).chain([3, 3, 3]).collect();
        let pick = |column: &FeatureColumn| match column {
            FeatureColumn::Number(values) => FeatureColumn::Number(picked.iter().map(|&row| values[row]).collect()),
            FeatureColumn::Category { codes, levels } => {
                FeatureColumn::Category { codes: picked.iter().map(|&row| codes[row]).collect(), levels: levels.clone() }
            }
        };
        let asked = FeatureTable { schema: table.schema.clone(), columns: table.columns.iter().map(pick).collect(), labels: vec![None; picked.len()] };
        for (name, trainer) in families() {
            let model = trainer.train(&table, &options(0, 1.0), &Silent).unwrap().model;
            let (all, again) = (model.assess(&table, &who(rows)).unwrap(), model.assess(&asked, &who(picked.len())).unwrap());
            for (one, &row) in again.iter().zip(&picked) {
                prop_assert!(one.log_odds == all[row].log_odds && one.reasons == all[row].reasons, "{}: row {}", name, row);
            }
        }
    }
}
