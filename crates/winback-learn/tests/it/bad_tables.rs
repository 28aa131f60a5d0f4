//! Tables made to hurt, against every family: finite scores whose reasons add up, or a refusal that names the cause.
use crate::hard_tables::{every, numbers, table, who, words};
use crate::telco_table::options;
use std::error::Error as _;
use winback_core::feature::{FeatureColumn, FeatureTable};
use winback_core::model::{ChurnTrainer, Trained};
use winback_core::progress::Silent;
use winback_learn::artifact::ArtifactError;
use winback_learn::classes::{self, ClassModel, Labels, file};
use winback_learn::tree::{BoostingOptions, ForestOptions, TreeOptions};
use winback_learn::{BlendModel, BlendTrainer, LogisticModel, LogisticTrainer, TreeModel, TreeTrainer, family};

/// Every family by the name of its versions, small enough for tests.
pub fn families() -> Vec<(&'static str, Box<dyn ChurnTrainer>)> {
    let boosted = TreeOptions::Boosting(BoostingOptions { trees: 12, bags: 2, ..BoostingOptions::default() });
    let forest = TreeOptions::Forest(ForestOptions { trees: 16, ..ForestOptions::default() });
    vec![
        ("logistic", Box::new(LogisticTrainer)),
        ("boosted", Box::new(TreeTrainer { options: boosted })),
        ("forest", Box::new(TreeTrainer { options: forest })),
        ("blend", Box::new(BlendTrainer { trees: boosted })),
    ]
}

fn trained(trainer: &dyn ChurnTrainer, table: &FeatureTable, folds: usize) -> Result<Trained, String> {
    trainer.train(table, &options(folds, 1.0), &Silent).map_err(|error| match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    })
}

/// Holds that every score of a table is finite and the sum of its reasons, and that a file gives the same scores.
fn sound(name: &str, trained: &Trained, table: &FeatureTable) {
    let assessed = trained.model.assess(table, &who(table.rows())).unwrap();
    for one in &assessed {
        assert!(one.log_odds.is_finite() && (0.0..=1.0).contains(&one.probability.value()), "{name}: {one:?}");
        let sum: f64 = one.reasons.iter().map(|reason| reason.log_odds).sum();
        assert!((one.base + sum - one.log_odds).abs() <= 1e-9, "{name}: {one:?}");
    }
    let read = family::from_file(&trained.file).unwrap();
    assert_eq!(read.assess(table, &who(table.rows())).unwrap(), assessed, "{name}");
    let measures = trained.card.validation.iter().flat_map(|validation| &validation.per_fold);
    measures.for_each(|fold| assert!(fold.log_loss.is_finite() && (0.0..=1.0).contains(&fold.roc_auc), "{name}: {fold:?}"));
}

fn line(rows: usize) -> FeatureColumn {
    numbers((0..rows).map(|row| row as f64).collect())
}

/// Numbers in no order of any label.
fn shuffled(rows: usize) -> Vec<f64> {
    (0..rows).map(|row| (row * 7_919 % 401) as f64).collect()
}

#[test]
fn every_family_learns_from_a_hard_table_without_a_score_that_is_none() {
    let check = |what: &str, columns: Vec<(&str, FeatureColumn)>, (rows, folds): (usize, usize), left: fn(usize) -> bool| {
        let table = table(columns, every(rows, left));
        for (name, trainer) in families() {
            let name = format!("{what}, {name}");
            let trained = trained(&*trainer, &table, folds).unwrap_or_else(|error| panic!("{name}: {error}"));
            sound(&name, &trained, &table);
        }
    };
    let hostile = |row: usize, value: f64| match row % 40 {
        0 => f64::INFINITY,
        1 => f64::NEG_INFINITY,
        2 => f64::NAN,
        3 => f64::MAX,
        4 => f64::MIN,
        5 => f64::MIN_POSITIVE,
        _ => value,
    };
    let spread = shuffled(400);
    let wild = spread.iter().enumerate().map(|(row, &value)| hostile(row, value)).collect();
    let outliers = spread.iter().enumerate().map(|(row, value)| if row % 50 == 7 { value * 1e9 } else { *value }).collect();
    let thirds: fn(usize) -> bool = |row| row % 3 == 0;
    check("separable", vec![("x", line(400))], (400, 2), |row| row % 400 < 150);
    check("infinities", vec![("x", numbers(wild)), ("y", line(400))], (400, 2), thirds);
    check("outliers of 1e9", vec![("x", numbers(outliers)), ("y", line(400))], (400, 2), thirds);
    let idle = || vec![("one", numbers(vec![1.0; 400])), ("none", numbers(vec![f64::NAN; 400])), ("word", words(&["a"; 400], &["a", "b"]))];
    let blank = ("blank", words(&["?"; 400], &["a"]));
    check("constant and empty columns", idle().into_iter().chain([blank, ("x", line(400))]).collect(), (400, 2), thirds);
    check("ten of each kind", vec![("x", line(20))], (20, 0), |row| row % 2 == 0);
    check("pure chance", vec![("x", numbers(shuffled(400)))], (400, 2), |row| row % 2 == 0);
    check("labels of 1 in 40", vec![("x", numbers(shuffled(400)))], (400, 2), |row| row % 40 == 0);
    let twins = numbers((0..400).map(|row| f64::from(row % 2)).collect());
    check("two kinds of rows only", vec![("x", twins)], (400, 0), |row| row % 4 == 0);
}

#[test]
fn ten_thousand_words_in_a_column_are_learned_by_the_frequent_ones() {
    let (rows, many) = (12_000, 10_000);
    let names: Vec<String> = (0..many).map(|word| format!("w{word:05}")).collect();
    let codes: Vec<u16> = (0..rows).map(|row: usize| if row < many { row } else { row % 100 } as u16).collect();
    let levels = names.iter().map(|name| std::sync::Arc::from(name.as_str())).collect();
    let column = FeatureColumn::Category { codes, levels };
    let table =
        table(vec![("city", column), ("x", numbers((0..rows).map(|row| (row % 97) as f64).collect()))], every(rows, |row| row % 3 == 0));
    for (name, trainer) in families() {
        let trained = trained(&*trainer, &table, 0).unwrap();
        sound(name, &trained, &table);
        let own = if name == "logistic" { "64 levels, and 9936 rare words" } else { "100 words, and 9900 rare words" };
        let note = &trained.card.columns[0].used_as;
        assert!(note.contains(own), "{name}: {note}");
    }
}

#[test]
fn what_no_family_can_learn_is_refused_by_name() {
    let check = |table: &FeatureTable, folds: usize, expected: &str| {
        for (name, trainer) in families() {
            let error = trained(&*trainer, table, folds).err().unwrap_or_else(|| panic!("{name} learned; expected {expected}"));
            assert!(error.contains(expected), "{name}: {error}");
        }
    };
    check(&table(vec![("x", line(40))], vec![None; 40]), 0, "no row says whether its customer left");
    check(&table(vec![("x", line(0))], Vec::new()), 0, "no row says whether its customer left");
    check(&table(vec![("x", line(40))], every(40, |_| true)), 0, "all 40 labelled customers have the label left");
    check(&table(vec![("x", line(40))], every(40, |_| false)), 5, "all 40 labelled customers have the label stayed");
    check(&table(vec![("x", line(1))], every(1, |_| true)), 0, "only 1 customers left; training needs at least 10 of each kind");
    check(&table(vec![("x", line(10))], every(10, |row| row % 2 == 0)), 0, "only 5 customers left");
    check(&table(vec![("x", line(100))], every(100, |row| row >= 12)), 10, "only 12 customers stayed");
    check(&table(vec![], every(40, |row| row % 2 == 0)), 0, "the table has no columns");
    let idle = vec![
        ("none", numbers(vec![f64::NAN; 40])),
        ("endless", numbers(vec![f64::INFINITY; 40])),
        ("same", words(&["a"; 40], &["a", "never seen"])),
    ];
    let why = "\"none\" is empty in every row, \"endless\" is empty in every row, \"same\" is the same in every row";
    check(&table(idle, every(40, |row| row % 2 == 0)), 0, why);
    let names: Vec<String> = (0..40).map(|row| format!("w{row}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    check(&table(vec![("id", words(&names, &names))], every(40, |row| row % 2 == 0)), 0, "\"id\"");
    check(&table(vec![("x", line(40))], every(40, |row| row < 20)), 1, "1 folds cannot be validated with");
    let twins = numbers((0..60).map(|row| f64::from(u8::from(row < 30))).collect());
    check(&table(vec![("x", twins)], every(60, |row| row < 30)), 5, "use fewer folds");
}

/// What is asked after training may be anything of the same columns.
#[test]
fn every_family_scores_words_and_numbers_it_never_saw() {
    let plans: Vec<&str> = (0..300).map(|row| ["month", "year", "two"][row % 3]).collect();
    let levels = ["month", "year", "two"];
    let training = table(
        vec![("plan", words(&plans, &levels)), ("x", numbers(shuffled(300)))],
        every(300, |row| row % 3 == 0 && row % 2 == 0 || row % 11 == 0),
    );
    let asked_plans = words(&["decade", "?", "month", "year", "two", "month"], &["decade", "two", "month", "year", "week"]);
    let asked_x = numbers(vec![1e300, f64::NAN, f64::NEG_INFINITY, -1e300, 1e9, f64::INFINITY]);
    let asked = table(vec![("plan", asked_plans), ("x", asked_x)], vec![None; 6]);
    let nobody = table(vec![("plan", words(&[], &levels)), ("x", numbers(Vec::new()))], Vec::new());
    for (name, trainer) in families() {
        let trained = trained(&*trainer, &training, 0).unwrap();
        sound(name, &trained, &asked);
        let filled: Vec<u16> = trained.model.assess(&asked, &who(6)).unwrap().iter().map(|one| one.imputed).collect();
        assert_eq!(filled, [1, 2, 1, 0, 0, 1], "{name}: a word never seen, and numbers that are none");
        assert_eq!(trained.model.unseen_words(&asked).unwrap(), [("plan".to_owned(), 1)].into(), "{name}");
        assert!(trained.model.assess(&nobody, &[]).unwrap().is_empty(), "{name}: nobody has no score");
    }
}

#[test]
fn every_family_refuses_a_table_of_another_schema_by_column() {
    let labels = || every(60, |row| row % 3 == 0);
    let training = table(vec![("a", line(60)), ("b", numbers(shuffled(60)))], labels());
    for (name, trainer) in families() {
        let model = trained(&*trainer, &training, 0).unwrap().model;
        let check = |columns: Vec<(&str, FeatureColumn)>, expected: &str| {
            let error = model.assess(&table(columns, labels()), &who(60)).unwrap_err();
            assert!(error.difference.contains(expected), "{name}: {error}");
            assert!(error.to_string().contains(&format!("{name}-")), "the model is named: {error}");
        };
        check(vec![("a", line(60))], "column \"b\" is missing");
        check(vec![("a", line(60)), ("b", line(60)), ("c", line(60))], "column \"c\" is new");
        check(vec![("b", line(60)), ("a", line(60))], "column \"b\" stands where column \"a\" was");
        check(vec![("a", line(60)), ("b", words(&["x"; 60], &["x"]))], "column \"b\" is a category and was a number");
        check(vec![("a", line(60)), ("b", line(3))], "column \"b\" is not of its kind or not as long");
        let error = model.assess(&training, &who(2)).unwrap_err();
        assert!(error.difference.contains("60 rows for 2 customers"), "{name}: {error}");
    }
}

#[test]
fn every_family_refuses_a_file_that_is_not_its_own_or_was_changed() {
    let training = table(vec![("a", line(60)), ("b", numbers(shuffled(60)))], every(60, |row| row % 3 == 0));
    for (name, trainer) in families() {
        let file = trained(&*trainer, &training, 0).unwrap().file;
        let own = |ok: bool, tag: &[&str]| assert_eq!(ok, tag.contains(&name), "{name} as {tag:?}");
        let other = |read: Option<ArtifactError>| read.is_none_or(|error| !matches!(error, ArtifactError::OtherFamily));
        own(other(LogisticModel::from_file(&file).err()), &["logistic"]);
        own(other(TreeModel::from_file(&file).err()), &["boosted", "forest"]);
        own(other(BlendModel::from_file(&file).err()), &["blend"]);
        let text = String::from_utf8(file.clone()).unwrap();
        let place = text.rfind(|letter: char| letter.is_ascii_digit()).unwrap();
        let mut changed = text.clone();
        changed.replace_range(place..=place, if &text[place..=place] == "1" { "2" } else { "1" });
        let refused = |bytes: &[u8]| family::from_file(bytes).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(refused(changed.as_bytes()).contains("was changed after training"), "{name}");
        assert!(refused(&file[..file.len() / 2]).contains("is cut off after"), "{name}");
        assert!(refused(b"").contains("no model file"), "{name}");
    }
}

/// The texts of labels of three segments, one row in each three.
fn segments(rows: usize) -> Vec<Option<String>> {
    (0..rows).map(|row| Some(["A", "B", "C"][row % 3].to_owned())).collect()
}

#[test]
fn segments_are_learned_from_hard_tables_or_refused_by_name() {
    let rows = 240;
    let labels = Labels::of(&segments(rows), None).unwrap();
    let grown = TreeOptions::Boosting(BoostingOptions { trees: 8, bags: 1, ..BoostingOptions::default() });
    let learn = |columns: Vec<(&str, FeatureColumn)>| {
        let table = table(columns, vec![None; rows]);
        classes::train(&table, &labels, &grown, |_| false).map(|model| (model, table))
    };
    let wild = |row: usize| [f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 1e300, -1e300, row as f64 * 1e9, row as f64][row % 7];
    let names: Vec<String> = (0..rows).map(|row| format!("w{row}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let (model, own) = learn(vec![
        ("x", numbers((0..rows).map(|row| (row % 3) as f64).collect())),
        ("wild", numbers((0..rows).map(wild).collect())),
        ("id", words(&names, &names)),
        ("same", numbers(vec![1.0; rows])),
        ("none", numbers(vec![f64::NAN; rows])),
    ])
    .unwrap();
    let shares = model.probabilities(&own);
    assert!(shares.iter().flatten().all(|share| share.is_finite() && (0.0..=1.0).contains(share)));
    assert!(shares.iter().all(|shares| (shares.iter().sum::<f64>() - 1.0).abs() < 1e-9));
    let right = (0..rows).filter(|&row| classes::likeliest(&shares[row]) == row % 3).count();
    assert!(right > rows * 9 / 10, "separable segments: {right} of {rows}");
    let asked = table(
        vec![
            ("x", numbers(vec![f64::NAN, 1e300])),
            ("wild", numbers(vec![f64::NEG_INFINITY, 0.0])),
            ("id", words(&["new", "?"], &["new"])),
            ("same", numbers(vec![2.0, f64::NAN])),
            ("none", numbers(vec![1.0, 1e9])),
        ],
        vec![None; 2],
    );
    assert!(model.probabilities(&asked).iter().flatten().all(|share| share.is_finite()));
    segments_are_refused_by_what_is_wrong_with_their_file(&model, &own, &asked);
    let idle = learn(vec![("same", numbers(vec![1.0; rows])), ("none", words(&vec!["?"; rows], &["a"]))]).unwrap_err().to_string();
    assert!(idle.contains("\"same\" is the same in every row, \"none\" is empty in every row"), "{idle}");
    let refused = |texts: &[Option<String>]| Labels::of(texts, None).unwrap_err().to_string();
    assert!(refused(&segments(10)).contains("stands in 4 rows only"), "{}", refused(&segments(10)));
    assert!(refused(&segments(1)).contains("stands in 1 rows only"));
    assert!(refused(&vec![Some("A".into()); 50]).contains("the labels name 1 segments; expected 2 to 30"));
    assert!(refused(&vec![None; 50]).contains("the labels name 0 segments"));
}

fn segments_are_refused_by_what_is_wrong_with_their_file(model: &ClassModel, own: &FeatureTable, asked: &FeatureTable) {
    let bytes = file::write(model).unwrap();
    let read = file::read(&bytes).unwrap();
    assert!(read == *model && file::write(&read).unwrap() == bytes);
    assert_eq!(read.assign(own).unwrap(), model.probabilities(own));
    assert!(read.assign(asked).unwrap().iter().flatten().all(|share| share.is_finite()));
    let other = table(vec![("x", line(5))], vec![None; 5]);
    assert!(read.assign(&other).unwrap_err().to_string().contains("learned from other columns: column \"wild\" is missing"));
    let text = String::from_utf8(bytes).unwrap();
    let check = |from: &str, to: &str, expected: &str, forged: bool| {
        let mut changed = text.replacen(from, to, 1);
        assert_ne!(changed, text, "{from}");
        if forged {
            let (_, body) = changed.trim_end().split_once("\"body\":").unwrap();
            let hash = winback_core::digest::Digest::of(&body.as_bytes()[..body.len() - 1]);
            changed = format!("{{\"format\":\"winback-segments\",\"format_version\":1,\"sha256\":\"{hash}\",\"body\":{body}\n");
        }
        let error = file::read(changed.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(expected), "{from}: {error}");
    };
    check("\"offset\":-", "\"offset\":", "was changed after training", false);
    check("\"format_version\":1", "\"format_version\":2", "format version 2; this Winback reads up to 1", false);
    check("winback-segments", "winback-churn", "no file of learned segments", false);
    check("\"names\":[\"A\"", "\"names\":[\"B\"", "one twice", true);
    check("\"names\":[\"A\",", "\"names\":[", "3 segments have trees, and 2 have names", true);
    check("\"numeric\":true", "\"numeric\":false", "column \"x\" is read as another kind than it is", true);
    check("\"children\":[1,2]", "\"children\":[2,2]", "the trees of A: tree", true);
    assert!(file::read(&text.as_bytes()[..text.len() / 2]).unwrap_err().to_string().contains("damaged or cut off"));
    assert!(file::read(b"").unwrap_err().to_string().contains("no file of learned segments"));
}
