//! What trees must hold: the same bytes for any number of threads, reasons
//! that add up, and tables made to hurt.
use crate::hard_tables::{every, numbers, table, who, words};
use crate::telco_table::options;
use std::error::Error as _;
use winback_core::feature::{FeatureColumn, FeatureTable};
use winback_core::model::{ChurnTrainer, TrainError};
use winback_core::progress::Silent;
use winback_learn::artifact::ArtifactError;
use winback_learn::split::SplitMix64;
use winback_learn::tree::shap::{Explainer, Untold};
use winback_learn::tree::{BoostingOptions, Ensemble, ForestOptions, Scorer, TreeOptions, fit};
use winback_learn::{BlendTrainer, LogisticModel, LogisticTrainer, TreeModel, TreeTrainer, card_markdown, family};

fn boosting() -> TreeOptions {
    TreeOptions::Boosting(BoostingOptions { trees: 40, bags: 2, ..BoostingOptions::default() })
}

fn forest() -> TreeOptions {
    TreeOptions::Forest(ForestOptions { trees: 30, ..ForestOptions::default() })
}

fn labelled(table: &FeatureTable) -> Vec<u32> {
    (0..table.rows() as u32).filter(|&row| table.labels[row as usize].is_some()).collect()
}

fn fitted(table: &FeatureTable, options: &TreeOptions) -> Ensemble {
    let ensemble = fit(table, &labelled(table), options, &|_| None).unwrap();
    assert_eq!(ensemble.check(), Ok(()));
    ensemble
}

/// Two numbers, one with empty cells and outliers, and a category of five words, one empty; who leaves hangs on all three.
fn drawn(rows: usize, seed: u64) -> FeatureTable {
    let mut random = SplitMix64::new(seed);
    let mut number = |spread: u32| -> Vec<f64> { (0..rows).map(|_| f64::from(random.below(spread))).collect() };
    let (mut x, y, chance) = (number(1_000), number(7), number(100));
    let known = ["a", "b", "c", "d", ""];
    let word: Vec<&str> = (0..rows).map(|_| known[random.below(5) as usize]).collect();
    for (row, x) in x.iter_mut().enumerate() {
        *x = if row % 13 == 0 {
            f64::NAN
        } else if row % 101 == 0 {
            1e9 * *x
        } else {
            *x
        };
    }
    let leaves =
        |row: usize| chance[row] < if word[row] == "b" { 60.0 } else { 10.0 } + 5.0 * y[row] + if x[row] > 500.0 { 15.0 } else { 0.0 };
    let labels = (0..rows).map(|row| (row % 50 != 7).then(|| leaves(row))).collect();
    table(vec![("x", numbers(x)), ("y", numbers(y)), ("word", words(&word, &known[..4]))], labels)
}

#[test]
fn the_number_of_threads_does_not_change_a_bit_of_trees_or_reasons() {
    let table = drawn(70_000, 5);
    let every_row = BoostingOptions { trees: 8, bags: 1, max_depth: 4, row_share: 1.0, bins: 254, ..BoostingOptions::default() };
    for options in [TreeOptions::Boosting(every_row), boosting(), forest()] {
        let made = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let ensemble = fitted(&table, &options);
                let explainer = Explainer::of(&ensemble, &table.schema, Untold::PathDependent);
                (serde_json::to_string(&ensemble).unwrap(), explainer.explain(&ensemble.encode(&table), 0..500))
            })
        };
        assert!(made(1) == made(3), "{options:?}");
    }
}

#[test]
fn scores_and_reasons_agree_one_by_one_and_together() {
    let table = drawn(3_000, 9);
    for options in [boosting(), forest()] {
        let ensemble = fitted(&table, &options);
        let codes = ensemble.encode(&table);
        let scores = Scorer::of(&ensemble).log_odds(&codes, table.rows());
        let background = ensemble.encode(&drawn(40, 2));
        for untold in [Untold::PathDependent, Untold::Interventional(background)] {
            let explainer = Explainer::of(&ensemble, &table.schema, untold);
            let reasons = explainer.explain(&codes, 0..600);
            for (row, reasons) in reasons.chunks(3).enumerate() {
                assert_eq!(scores[row], ensemble.log_odds(&codes, row));
                assert!((explainer.base() + reasons.iter().sum::<f64>() - scores[row]).abs() <= 1e-9);
            }
        }
    }
}

#[test]
fn the_base_is_the_mean_score_of_the_training_rows() {
    let table = drawn(2_000, 3);
    for options in [boosting(), forest()] {
        let ensemble = fitted(&table, &options);
        let scores = Scorer::of(&ensemble).log_odds(&ensemble.encode(&table), table.rows());
        let rows = labelled(&table);
        let mean = rows.iter().map(|&row| scores[row as usize]).sum::<f64>() / rows.len() as f64;
        let base = Explainer::of(&ensemble, &table.schema, Untold::PathDependent).base();
        assert!((mean - base).abs() < 1e-9, "{mean} {base}");
    }
}

#[test]
fn an_ensemble_is_read_back_as_it_was_written_and_damage_is_noticed() {
    let table = drawn(2_000, 4);
    for options in [boosting(), forest()] {
        let ensemble = fitted(&table, &options);
        let text = serde_json::to_string(&ensemble).unwrap();
        assert_eq!(serde_json::from_str::<Ensemble>(&text).unwrap(), ensemble);
        let check = |from: &str, to: &str, expected: &str| {
            let spoiled = text.replacen(from, to, 1);
            assert_ne!(spoiled, text, "{from}");
            let error = match serde_json::from_str::<Ensemble>(&spoiled) {
                Ok(ensemble) => ensemble.check().unwrap_err(),
                Err(error) => error.to_string(),
            };
            assert!(error.contains(expected), "{from} to {to}: {error}");
        };
        check("\"children\":[1,2]", "\"children\":[0,2]", "leads nowhere or back");
        check("\"children\":[1,2]", "\"children\":[1,1]", "not under exactly one other");
        check("\"children\":[1,2]", "\"children\":[1,99999]", "leads nowhere or back");
        check("\"cover\":", "\"cover\":-", "do not add up");
        check("{\"value\":", "{\"value\":1.0,\"cover\":1.0},{\"value\":", "");
        check("\"offset\":", "\"offset\":1e99,\"was\":", "was");
        check("\"as\":\"number\"", "\"as\":\"riddle\"", "riddle");
        check("\"words\":[\"a\",\"b\"", "\"words\":[\"a\",\"a\"", "a word twice");
        check("\"borders\":[", "\"borders\":[1e30,", "do not rise");
        check("\"column\":", "\"column\":77,\"column\":", "");
        let mut endless = ensemble.clone();
        endless.offset = f64::INFINITY;
        assert!(endless.check().unwrap_err().contains("no usable number"));
    }
}

#[test]
fn tables_made_to_hurt_give_finite_scores() {
    let rows = 400;
    let names: Vec<String> = (0..rows).map(|row| format!("w{row}")).collect();
    let many: Vec<&str> = names.iter().map(String::as_str).collect();
    let sorted = || numbers((0..rows).map(|row| row as f64).collect());
    let huge = || {
        let value = |row: usize| match row % 5 {
            0 => f64::INFINITY,
            1 => f64::NEG_INFINITY,
            2 => f64::MAX,
            3 => -1e300,
            _ => row as f64,
        };
        numbers((0..rows).map(value).collect())
    };
    let check = |name: &str, columns: Vec<(&str, FeatureColumn)>, left: fn(usize) -> bool| {
        let table = table(columns, every(rows, left));
        for options in [boosting(), forest()] {
            let ensemble = fitted(&table, &options);
            let codes = ensemble.encode(&table);
            let explainer = Explainer::of(&ensemble, &table.schema, Untold::PathDependent);
            let reasons = explainer.explain(&codes, 0..rows);
            let scores = Scorer::of(&ensemble).log_odds(&codes, rows);
            assert!(scores.iter().chain(&reasons).all(|value| value.is_finite()), "{name}");
            for (row, score) in scores.iter().enumerate() {
                let groups = table.schema.groups.len();
                let sum = explainer.base() + reasons[row * groups..][..groups].iter().sum::<f64>();
                assert!((sum - score).abs() <= 1e-9, "{name} row {row}");
            }
        }
    };
    check("separable", vec![("x", sorted())], |row| row > 200);
    check("infinities", vec![("x", huge()), ("y", sorted())], |row| row % 3 == 0);
    check(
        "a word a row, and words of five",
        vec![("id", words(&many, &many)), ("five", words(&many.iter().map(|w| &w[..2]).collect::<Vec<_>>(), &["w1", "w2", "w3"]))],
        |row| row % 3 == 0,
    );
    check(
        "constant and empty columns",
        vec![("one", numbers(vec![1.0; rows])), ("none", numbers(vec![f64::NAN; rows])), ("x", sorted())],
        |row| row % 7 == 0,
    );
    check("pure chance", vec![("x", numbers((0..rows).map(|row| (row * 7_919 % 401) as f64).collect()))], |row| row % 2 == 0);
}

#[test]
fn columns_that_teach_nothing_say_why_and_unseen_words_are_no_trouble() {
    let rows = 300;
    let plans: Vec<&str> = (0..rows).map(|row| if row % 3 == 0 { "month" } else { "year" }).collect();
    let columns = |plans: &[&str], levels: &[&str]| {
        vec![("plan", words(plans, levels)), ("one", numbers(vec![1.0; rows])), ("none", words(&vec!["?"; rows], &["a"]))]
    };
    let training = table(columns(&plans, &["month", "year"]), every(rows, |row| row % 3 == 0 && row % 2 == 0));
    let ensemble = fitted(&training, &boosting());
    let why = serde_json::to_string(&ensemble.bins.columns[1..]).unwrap();
    assert_eq!(why, r#"[{"as":"unused","why":"the same in every row"},{"as":"unused","why":"empty in every row"}]"#);
    let mut asked = plans.clone();
    (asked[0], asked[1], asked[2]) = ("decade", "?", "month");
    let asked = table(columns(&asked, &["decade", "year", "month"]), vec![None; rows]);
    let codes = ensemble.encode(&asked);
    assert_eq!((0..4).map(|row| ensemble.filled(&codes, row)).collect::<Vec<_>>(), [1, 1, 0, 0]);
    assert!(ensemble.log_odds(&codes, 2) > ensemble.log_odds(&codes, 4));
    assert_eq!(ensemble.log_odds(&codes, 0), ensemble.log_odds(&codes, 1), "both go where most of the weight went");
    let nothing = table(vec![("one", numbers(vec![1.0; rows]))], every(rows, |row| row % 3 == 0));
    let error = fit(&nothing, &labelled(&nothing), &boosting(), &|_| None).unwrap_err();
    assert!(matches!(&error, TrainError::NothingToLearn(why) if why.contains("\"one\" is the same in every row")), "{error}");
}

#[test]
fn options_out_of_bounds_are_refused_by_name() {
    let table = drawn(200, 1);
    let check = |options: TreeOptions, expected: &str| {
        let error = fit(&table, &labelled(&table), &options, &|_| None).unwrap_err();
        assert_eq!(error.source().unwrap().to_string(), expected);
    };
    let boosting = BoostingOptions::default();
    check(TreeOptions::Boosting(BoostingOptions { trees: 0, ..boosting }), "trees × bags is 0; expected 1 to 100000");
    check(TreeOptions::Boosting(BoostingOptions { max_depth: 17, ..boosting }), "max_depth is 17; expected 1 to 16");
    check(TreeOptions::Boosting(BoostingOptions { row_share: 1.5, ..boosting }), "row_share is 1.5; expected above 0 and up to 1");
    check(TreeOptions::Forest(ForestOptions { bins: 1, ..ForestOptions::default() }), "bins is 1; expected 2 to 254");
}

/// Returns one row of a table as a table.
fn row_of(table: &FeatureTable, row: usize) -> FeatureTable {
    let one = |column: &FeatureColumn| match column {
        FeatureColumn::Number(values) => FeatureColumn::Number(vec![values[row]]),
        FeatureColumn::Category { codes, levels } => FeatureColumn::Category { codes: vec![codes[row]], levels: levels.clone() },
    };
    FeatureTable { schema: table.schema.clone(), columns: table.columns.iter().map(one).collect(), labels: vec![None] }
}

#[test]
fn a_trained_model_is_the_one_its_file_holds_and_tells_its_family() {
    let table = drawn(2_000, 6);
    let who = who(2_000);
    for (options_of_trees, tag) in [(boosting(), "boosted"), (forest(), "forest")] {
        let trained = TreeTrainer { options: options_of_trees }.train(&table, &options(3, 2.0), &Silent).unwrap();
        assert_eq!(trained.card.family, tag);
        assert!(trained.card.version.0.starts_with(&format!("{tag}-")) && trained.card.validation.as_ref().unwrap().pooled.roc_auc > 0.6);
        let loaded = family::from_file(&trained.file).unwrap();
        assert_eq!(loaded.version(), &trained.card.version);
        let assessed = trained.model.assess(&table, &who).unwrap();
        assert_eq!(loaded.assess(&table, &who).unwrap(), assessed);
        for (row, one) in assessed.iter().enumerate().step_by(97) {
            let sum: f64 = one.reasons.iter().map(|reason| reason.log_odds).sum();
            assert!((one.base + sum - one.log_odds).abs() <= 1e-9);
            assert_eq!(&loaded.assess(&row_of(&table, row), &who[row..=row]).unwrap()[0], one);
        }
        assert!(matches!(LogisticModel::from_file(&trained.file), Err(ArtifactError::OtherFamily)));
        let plain = |l2| TreeTrainer { options: options_of_trees }.train(&table, &options(0, l2), &Silent).unwrap().file;
        assert!(plain(2.0) == plain(7.0), "the penalty of a regression does not change trees");
    }
    let regression = LogisticTrainer.train(&table, &options(0, 2.0), &Silent).unwrap();
    assert_eq!(family::from_file(&regression.file).unwrap().version(), regression.model.version());
    assert!(matches!(TreeModel::from_file(&regression.file), Err(ArtifactError::OtherFamily)));
}

#[test]
fn a_tree_model_refuses_another_table_and_counts_unseen_words() {
    let table = drawn(1_500, 7);
    let model = TreeTrainer { options: boosting() }.train(&table, &options(0, 1.0), &Silent).unwrap().model;
    assert!(model.unseen_words(&table).unwrap().is_empty());
    let mut other = table.clone();
    let FeatureColumn::Category { levels, .. } = &mut other.columns[2] else { panic!("not a category") };
    levels[0] = "never seen".into();
    let unseen = model.unseen_words(&other).unwrap();
    assert!(unseen["word"] > 200 && unseen.len() == 1, "{unseen:?}");
    let error = model.assess(&table, &who(3)).unwrap_err();
    assert!(error.to_string().contains("1500 rows for 3 customers") && error.to_string().contains("boosted-"), "{error}");
    let narrow = self::table(vec![("x", numbers(vec![1.0; 5]))], vec![None; 5]);
    assert!(model.assess(&narrow, &who(5)).unwrap_err().to_string().contains("column \"y\" is missing"));
}

#[test]
fn a_damaged_file_of_trees_is_refused() {
    let table = drawn(800, 8);
    let file = TreeTrainer { options: boosting() }.train(&table, &options(0, 1.0), &Silent).unwrap().file;
    let text = String::from_utf8(file).unwrap();
    let (_, body) = text.trim_end().split_once("\"body\":").unwrap();
    let check = |from: &str, to: &str, expected: &str| {
        let changed = body[..body.len() - 1].replacen(from, to, 1);
        assert_ne!(changed, body[..body.len() - 1], "{from}");
        let hash = winback_core::digest::Digest::of(changed.as_bytes());
        let forged = format!("{{\"format\":\"winback-churn\",\"format_version\":2,\"sha256\":\"{hash}\",\"body\":{changed}}}\n");
        let error = TreeModel::from_file(forged.as_bytes()).unwrap_err().to_string();
        assert!(error.contains("contradicts itself") && error.contains(expected), "{from}: {error}");
    };
    check("\"children\":[1,2]", "\"children\":[2,2]", "tree 0 has a node that is not under exactly one other");
    check("\"family\":\"boosted\"", "\"family\":\"magic\"", "magic");
    check("\"numeric\":true", "\"numeric\":false", "column \"x\" is read as another kind than it is");
    check("\"group\":0", "\"group\":9", "belongs to a reason that is not there");
    check("\"features\":[0]", "\"features\":[7]", "names a feature that is not there");
}

#[test]
fn the_card_of_trees_reads_well() {
    let mut card = TreeTrainer { options: boosting() }.train(&drawn(1_200, 9), &options(3, 1.0), &Silent).unwrap().card;
    card.version.0 = "boosted-000000000000".into();
    insta::assert_snapshot!(card_markdown(&card));
}

#[test]
fn a_blend_is_the_mean_of_its_halves() {
    let table = drawn(1_000, 10);
    let who = who(1_000);
    let trained = BlendTrainer { trees: boosting() }.train(&table, &options(0, 2.0), &Silent).unwrap();
    let regression = LogisticTrainer.train(&table, &options(0, 2.0), &Silent).unwrap().model.assess(&table, &who).unwrap();
    let trees = TreeTrainer { options: boosting() }.train(&table, &options(0, 2.0), &Silent).unwrap().model.assess(&table, &who).unwrap();
    let loaded = family::from_file(&trained.file).unwrap();
    assert!(loaded.version().0.starts_with("blend-") && loaded.version() == &trained.card.version);
    for ((one, other), both) in regression.iter().zip(&trees).zip(loaded.assess(&table, &who).unwrap()) {
        assert!((both.log_odds - (one.log_odds + other.log_odds) / 2.0).abs() < 1e-12);
        let sum: f64 = both.reasons.iter().map(|reason| reason.log_odds).sum();
        assert!((both.base + sum - both.log_odds).abs() <= 1e-9);
        assert_eq!(both.customer, one.customer);
    }
    let error = loaded.assess(&table, &who[..3]).unwrap_err().to_string();
    assert!(error.contains("blend-") && error.contains("1000 rows for 3 customers"), "{error}");
    assert!(matches!(LogisticModel::from_file(&trained.file), Err(ArtifactError::OtherFamily)));
    assert!(trained.card.columns[0].used_as.contains("by trees: a number in 32 bins"), "{:?}", trained.card.columns[0]);
}
