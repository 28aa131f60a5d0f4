//! Tables made to hurt: each gives a finite score or a refusal that names the cause.
use crate::telco_table::options;
use std::error::Error as _;
use std::sync::Arc;
use winback_core::feature::{Feature, FeatureColumn, FeatureGroup, FeatureSchema, FeatureTable, MISSING_CODE};
use winback_core::id::{CustomerId, Position};
use winback_core::locale::Localized;
use winback_core::model::{ChurnTrainer, TrainError};
use winback_core::progress::Silent;
use winback_core::schema::Theme;
use winback_learn::LogisticTrainer;

pub fn numbers(values: Vec<f64>) -> FeatureColumn {
    FeatureColumn::Number(values)
}

pub fn words(words: &[&str], levels: &[&str]) -> FeatureColumn {
    let code = |word: &&str| levels.iter().position(|level| level == word).map_or(MISSING_CODE, |place| place as u16);
    FeatureColumn::Category { codes: words.iter().map(code).collect(), levels: levels.iter().map(|level| Arc::from(*level)).collect() }
}

/// Returns a table of named columns, each its own reason.
pub fn table(columns: Vec<(&str, FeatureColumn)>, labels: Vec<Option<bool>>) -> FeatureTable {
    let feature = |(place, (name, column)): (usize, &(&str, FeatureColumn))| Feature {
        name: (*name).to_owned(),
        numeric: matches!(column, FeatureColumn::Number(_)),
        column: place,
        group: place as u16,
        repeats: None,
        synthetic: *name == "invented",
    };
    let group = |(place, (name, _)): (usize, &(&str, FeatureColumn))| FeatureGroup {
        name: (*name).to_owned(),
        label: Localized::same(name),
        theme: Theme::Usage,
        features: vec![place],
    };
    let schema = FeatureSchema {
        features: columns.iter().enumerate().map(feature).collect(),
        groups: columns.iter().enumerate().map(group).collect(),
    };
    FeatureTable { schema: Arc::new(schema), columns: columns.into_iter().map(|(_, column)| column).collect(), labels }
}

pub fn who(rows: usize) -> Vec<(Position, CustomerId)> {
    (0..rows).map(|row| (Position(row as u32), CustomerId::parse(&format!("C{row}")).unwrap())).collect()
}

pub fn every(rows: usize, left: impl Fn(usize) -> bool) -> Vec<Option<bool>> {
    (0..rows).map(|row| Some(left(row))).collect()
}

#[test]
fn what_cannot_be_learned_is_refused_by_name() {
    let check = |table: &FeatureTable, folds: usize, l2: f64, expected: &str| {
        let error = LogisticTrainer.train(table, &options(folds, l2), &Silent).err().expect(expected);
        let text = match error.source() {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        };
        assert!(text.contains(expected), "{text}");
    };
    let line = |rows: usize| numbers((0..rows).map(|row| row as f64).collect());
    check(&table(vec![("x", line(40))], vec![None; 40]), 0, 1.0, "no row says whether its customer left");
    check(&table(vec![], vec![]), 0, 1.0, "no row says whether its customer left");
    check(&table(vec![("x", line(40))], every(40, |_| true)), 0, 1.0, "all 40 labelled customers have the label left");
    check(&table(vec![("x", line(40))], every(40, |_| false)), 5, 1.0, "all 40 labelled customers have the label stayed");
    check(
        &table(vec![("x", line(10))], every(10, |row| row % 2 == 0)),
        5,
        1.0,
        "only 5 customers left; training with 5 folds needs at least 10",
    );
    check(&table(vec![("x", line(100))], every(100, |row| row >= 12)), 10, 1.0, "only 12 customers stayed");
    let empty = numbers(vec![f64::NAN; 40]);
    let same = words(&["a"; 40], &["a", "never seen"]);
    check(
        &table(vec![("empty", empty), ("same", same)], every(40, |row| row % 2 == 0)),
        0,
        1.0,
        "\"empty\" is empty in every row, \"same\" is the same in every row",
    );
    check(&table(vec![], every(40, |row| row % 2 == 0)), 0, 1.0, "the table has no columns");
    check(&table(vec![("x", line(40))], every(40, |row| row < 20)), 0, 0.0, "set l2 above 0");
    for bad in [-1.0, f64::NAN, f64::INFINITY] {
        check(&table(vec![("x", line(40))], every(40, |row| row < 20)), 0, bad, "expected a finite number of at least 0");
    }
    check(&table(vec![("x", line(40))], every(40, |row| row < 20)), 1, 1.0, "1 folds cannot be validated with");
    let twins = numbers((0..60).map(|row| f64::from(u8::from(row < 30))).collect());
    check(&table(vec![("x", twins)], every(60, |row| row < 30)), 5, 1.0, "use fewer folds");
}

#[test]
fn separable_customers_get_finite_scores_when_there_is_a_penalty() {
    let table = table(vec![("x", numbers((0..200).map(f64::from).collect()))], every(200, |row| row < 100));
    for l2 in [1e-9, 1e-3, 1.0, 1e6] {
        let trained = LogisticTrainer.train(&table, &options(0, l2), &Silent).unwrap();
        let assessed = trained.model.assess(&table, &who(200)).unwrap();
        assert!(assessed.iter().all(|one| one.log_odds.is_finite()), "{l2}");
        assert!(assessed[0].log_odds > assessed[199].log_odds, "{l2}");
    }
}

#[test]
fn outliers_never_reach_a_score_as_infinity() {
    let wild = |row: usize| match row % 50 {
        0 => 1e300,
        1 => -1e300,
        2 => f64::NAN,
        3 => f64::INFINITY,
        _ => row as f64,
    };
    let mostly = |row: usize| if row == 7 { 1e300 } else { 0.0 };
    let columns = vec![("wild", numbers((0..500).map(wild).collect())), ("mostly", numbers((0..500).map(mostly).collect()))];
    let table = table(columns, every(500, |row| row % 3 == 0));
    let trained = LogisticTrainer.train(&table, &options(5, 1.0), &Silent).unwrap();
    let assessed = trained.model.assess(&table, &who(500)).unwrap();
    assert!(assessed.iter().all(|one| one.log_odds.is_finite() && (0.0..=1.0).contains(&one.probability.value())));
    assert_eq!(assessed.iter().map(|one| u64::from(one.imputed)).sum::<u64>(), 20);
}

#[test]
fn an_unseen_word_counts_like_the_average_and_is_counted() {
    let rows = 120;
    let seen: Vec<&str> = (0..rows).map(|row| if row % 3 == 0 { "month" } else { "year" }).collect();
    let training = table(vec![("contract", words(&seen, &["month", "year"]))], every(rows, |row| row % 3 == 0 && row % 2 == 0));
    let model = LogisticTrainer.train(&training, &options(0, 1.0), &Silent).unwrap();
    let asked = table(vec![("contract", words(&["year", "decade", "month", "?"], &["decade", "year", "month"]))], vec![None; 4]);
    let assessed = model.model.assess(&asked, &who(4)).unwrap();
    assert_eq!(assessed.iter().map(|one| one.imputed).collect::<Vec<_>>(), [0, 1, 0, 1]);
    assert_eq!((assessed[1].log_odds, assessed[1].reasons[0].log_odds), (assessed[1].base, 0.0));
    assert_eq!(assessed[3].log_odds, assessed[0].log_odds, "a missing word counts as the most frequent one");
    assert!(assessed[2].log_odds > assessed[0].log_odds);
    assert_eq!(model.model.unseen_words(&asked).unwrap(), [("contract".to_owned(), 1)].into());
    assert!(model.model.unseen_words(&training).unwrap().is_empty());
}

#[test]
fn missing_and_rare_words_have_slots_of_their_own_when_training_saw_them() {
    let word = |row: usize| match row {
        0..=3 => "rare one",
        4..=6 => "rare two",
        7..=60 => "",
        _ => "usual",
    };
    let seen: Vec<&str> = (0..300).map(word).collect();
    let table = table(vec![("plan", words(&seen, &["usual", "rare one", "rare two"]))], every(300, |row| row < 61 || row % 5 == 0));
    let trained = LogisticTrainer.train(&table, &options(0, 1.0), &Silent).unwrap();
    let note = &trained.card.columns[0];
    assert_eq!(note.used_as, "one-hot, 1 levels, and 2 rare words together as \"other\"");
    assert_eq!(note.missing, "54 cells were empty; they are a level of their own");
    let assessed = trained.model.assess(&table, &who(300)).unwrap();
    assert_eq!((assessed[0].log_odds, assessed[5].imputed, assessed[7].imputed), (assessed[5].log_odds, 0, 1));
    assert!(assessed[7].log_odds > assessed[100].log_odds);
    assert_eq!(trained.model.unseen_words(&table).unwrap(), [("plan".to_owned(), 7)].into(), "rare words count as other");
}

#[test]
fn columns_that_teach_nothing_are_noted_and_left_out() {
    let columns = vec![
        ("x", numbers((0..100).map(|row| f64::from(row % 10)).collect())),
        ("constant", numbers(vec![5.0; 100])),
        ("empty", words(&["?"; 100], &["a", "b"])),
    ];
    let table = table(columns, every(100, |row| row % 10 > 6));
    let trained = LogisticTrainer.train(&table, &options(0, 1.0), &Silent).unwrap();
    let used: Vec<&str> = trained.card.columns.iter().map(|note| note.used_as.as_str()).collect();
    assert!(used[0].starts_with("a broken line through"));
    assert_eq!(used[1..], ["not used: the same in every row", "not used: empty in every row"]);
    let assessed = trained.model.assess(&table, &who(100)).unwrap();
    assert!(assessed.iter().all(|one| one.imputed == 0 && one.reasons[1].log_odds == 0.0));
}

/// Adds up what is announced and what is told as done.
#[derive(Default)]
struct Tally {
    announced: std::sync::atomic::AtomicU64,
    done: std::sync::atomic::AtomicU64,
}

impl winback_core::progress::Progress for Tally {
    fn begin(&self, _work: winback_core::progress::Work, total: Option<u64>) {
        self.announced.fetch_add(total.unwrap(), std::sync::atomic::Ordering::Relaxed);
    }
    fn advance(&self, rows: u64) {
        self.done.fetch_add(rows, std::sync::atomic::Ordering::Relaxed);
    }
    fn done(&self) {}
}

/// A model and its effects; for each fold a model, what it leans on, and one more without invented columns; the calibration.
#[test]
fn training_advances_as_far_as_it_announced() {
    for (name, folds, expected) in [("x", 0, 2), ("x", 4, 11), ("invented", 4, 15), ("invented", 0, 2)] {
        let columns =
            vec![("y", numbers((0..200).map(f64::from).collect())), (name, numbers((0..200).map(|row| f64::from(row % 7)).collect()))];
        let (table, tally) = (table(columns, every(200, |row| row % 3 == 0)), Tally::default());
        LogisticTrainer.train(&table, &options(folds, 1.0), &tally).unwrap();
        assert_eq!((tally.announced.into_inner(), tally.done.into_inner()), (expected, expected), "{name} {folds}");
    }
}

#[test]
fn the_gain_from_invented_columns_is_told() {
    let columns = vec![
        ("x", numbers((0..400).map(|row| f64::from(row * 37 % 101)).collect())),
        ("invented", numbers((0..400).map(|row| f64::from(row % 4)).collect())),
    ];
    let table = table(columns, every(400, |row| row % 4 == 0));
    let trained = LogisticTrainer.train(&table, &options(4, 1.0), &Silent).unwrap();
    let validation = trained.card.validation.unwrap();
    assert!(validation.pooled.roc_auc > 0.99 && validation.auc_without_synthetic.unwrap() < 0.7);
    assert!(trained.card.limits.iter().any(|limit| limit.contains("Invented for demonstration")));
}

#[test]
fn a_table_with_other_columns_is_refused_by_column() {
    let column = || numbers((0..60).map(f64::from).collect());
    let labels = || every(60, |row| row % 3 == 0);
    let model = LogisticTrainer.train(&table(vec![("a", column()), ("b", column())], labels()), &options(0, 1.0), &Silent).unwrap().model;
    let check = |other: FeatureTable, expected: &str| {
        let error = model.assess(&other, &who(60)).unwrap_err();
        assert!(error.difference.contains(expected) && error.to_string().contains("logistic-"), "{error}");
    };
    check(table(vec![("a", column())], labels()), "column \"b\" is missing");
    check(table(vec![("a", column()), ("b", column()), ("c", column())], labels()), "column \"c\" is new");
    check(table(vec![("b", column()), ("a", column())], labels()), "column \"b\" stands where column \"a\" was");
    check(table(vec![("a", column()), ("b", words(&["x"; 60], &["x"]))], labels()), "column \"b\" is a category and was a number");
    check(table(vec![("a", column()), ("b", numbers(vec![1.0]))], labels()), "column \"b\" is not of its kind or not as long");
    let error = model.assess(&table(vec![("a", column()), ("b", column())], labels()), &who(3)).unwrap_err();
    assert!(error.difference.contains("60 rows for 3 customers"));
    assert!(matches!(
        LogisticTrainer.train(&table(vec![("a", column())], vec![None; 60]), &options(0, 1.0), &Silent),
        Err(TrainError::NoLabels)
    ));
}
