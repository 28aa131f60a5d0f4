//! Calibrated models: reasons that still add up in every family, the file, and what becomes of repeated customers.
use crate::hard_tables::{every, numbers, table, who, words};
use crate::telco_table::options;
use proptest::prelude::*;
use std::sync::OnceLock;
use winback_core::feature::FeatureTable;
use winback_core::model::{Background, Balance, CalibrationMethod, ChurnModel, ChurnTrainer, TrainOptions, Trained, Trial};
use winback_core::progress::Silent;
use winback_core::risk::{RiskAssessment, tenths};
use winback_core::schema::Expectation;
use winback_learn::artifact::{self, CalibratedBody, Learned};
use winback_learn::calibrate::Calibration;
use winback_learn::split::SplitMix64;
use winback_learn::tree::{BoostingOptions, ForestOptions, TreeOptions};
use winback_learn::{BlendTrainer, LogisticTrainer, TreeTrainer, card_markdown, family};

const ROWS: usize = 900;

/// A number and a word that tell who leaves, about one in eight.
fn drawn() -> FeatureTable {
    let mut random = SplitMix64::new(3);
    let x: Vec<f64> = (0..ROWS).map(|_| f64::from(random.below(100))).collect();
    let word: Vec<&str> = (0..ROWS).map(|_| ["a", "b", "c"][random.below(3) as usize]).collect();
    let chance: Vec<u32> = (0..ROWS).map(|_| random.below(100)).collect();
    let leaves = |row: usize| f64::from(chance[row]) < x[row] / 6.0 + if word[row] == "b" { 15.0 } else { 0.0 };
    let labels = every(ROWS, leaves);
    table(vec![("x", numbers(x)), ("word", words(&word, &["a", "b", "c"]))], labels)
}

/// Every family, fitted by some options.
fn families(options: &TrainOptions) -> Vec<Trained> {
    let boosting = TreeOptions::Boosting(BoostingOptions { trees: 20, bags: 1, ..BoostingOptions::default() });
    let forest = TreeOptions::Forest(ForestOptions { trees: 20, ..ForestOptions::default() });
    let trees = |options| TreeTrainer { options };
    let blend = BlendTrainer { trees: boosting };
    let trainers: [&dyn ChurnTrainer; 4] = [&LogisticTrainer, &trees(boosting), &trees(forest), &blend];
    trainers.iter().map(|trainer| trainer.train(&drawn(), options, &Silent).unwrap()).collect()
}

fn oversampled(folds: usize) -> TrainOptions {
    TrainOptions { balance: Balance::Oversample, ..options(folds, 2.0) }
}

/// Returns the bytes of a file of a calibrated model.
fn file_of(model: &Learned, calibration: &Calibration) -> Result<Vec<u8>, artifact::ArtifactError> {
    let trials = vec![Trial { method: calibration.method(), log_loss: 0.4 }];
    let body = CalibratedBody { calibration: calibration.clone(), trials, balance: Balance::None, model: Box::new(model.clone()) };
    artifact::write(&Learned::Calibrated(body))
}

/// A map of any kind.
fn any_map() -> impl Strategy<Value = Calibration> {
    let platt = (0.01_f64..8.0, -6.0_f64..6.0).prop_map(|(slope, intercept)| Calibration::Platt { slope, intercept });
    let beta =
        (0.01_f64..8.0, 0.01_f64..8.0, -6.0_f64..6.0).prop_map(|(left, stayed, intercept)| Calibration::Beta { left, stayed, intercept });
    let steps = prop::collection::vec((0.01_f64..2.0, 0.01_f64..10.0), 2..20);
    let isotonic = (-6.0_f64..0.0, -6.0_f64..0.0, steps).prop_map(|(mut x, mut y, steps)| {
        let corner = |(wide, slope): (f64, f64)| {
            (x, y) = (x + wide, y + wide * slope);
            (x, y)
        };
        let (from, to) = steps.into_iter().map(corner).unzip();
        Calibration::Isotonic { from, to }
    });
    prop_oneof![platt, beta, isotonic]
}

type Assessed = (Learned, Vec<RiskAssessment>);

/// Every family with what it says of the customers, not calibrated.
fn plain() -> &'static [Assessed] {
    static PLAIN: OnceLock<Vec<Assessed>> = OnceLock::new();
    let assessed = |trained: Trained| (artifact::read(&trained.file).unwrap(), trained.model.assess(&drawn(), &who(ROWS)).unwrap());
    PLAIN.get_or_init(|| families(&options(0, 2.0)).into_iter().map(assessed).collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn reasons_add_up_behind_any_map_and_the_points_do_after_rounding(map in any_map()) {
        for (learned, plain) in plain() {
            let model = family::from_file(&file_of(learned, &map).unwrap()).unwrap();
            let assessed = model.assess(&drawn(), &who(ROWS)).unwrap();
            for (raw, one) in plain.iter().zip(&assessed) {
                prop_assert_eq!((one.base, one.log_odds), (map.of(raw.base), map.of(raw.log_odds)));
                let sum: f64 = one.reasons.iter().map(|reason| reason.log_odds).sum();
                prop_assert!((one.base + sum - one.log_odds).abs() <= 1e-9, "{:?} {}", map, one.customer);
                let points: i32 = one.points().iter().map(|points| points.tenths).sum();
                prop_assert_eq!(points, tenths(one.probability.value()) - tenths(one.base_probability()));
                for (before, after) in raw.reasons.iter().zip(&one.reasons) {
                    prop_assert!(before.group == after.group && before.log_odds.signum() == after.log_odds.signum());
                    prop_assert!(before.log_odds == 0.0 || after.log_odds != 0.0, "no reason vanishes");
                }
            }
            let mut order: Vec<usize> = (0..ROWS).collect();
            order.sort_by(|&a, &b| plain[a].log_odds.total_cmp(&plain[b].log_odds));
            prop_assert!(order.windows(2).all(|pair| assessed[pair[0]].log_odds <= assessed[pair[1]].log_odds), "no order changes");
        }
    }
}

#[test]
fn a_contradicting_calibrated_file_is_refused() {
    let (logistic, _) = &plain()[0];
    let platt = Calibration::Platt { slope: 0.5, intercept: 0.1 };
    let whole = file_of(logistic, &platt).unwrap();
    let text = String::from_utf8(whole).unwrap();
    assert!(text.contains("\"format_version\":4") && !text.contains("balance"), "what is usual is not written");
    let (_, body) = text.trim_end().split_once("\"body\":").unwrap();
    let check = |from: &str, to: &str, expected: &str| {
        let changed = body[..body.len() - 1].replacen(from, to, 1);
        assert_ne!(changed, body[..body.len() - 1], "{from}");
        let hash = winback_core::digest::Digest::of(changed.as_bytes());
        let forged = format!("{{\"format\":\"winback-churn\",\"format_version\":4,\"sha256\":\"{hash}\",\"body\":{changed}}}\n");
        let error = family::from_file(forged.as_bytes()).err().unwrap().to_string();
        assert!(error.contains("contradicts itself") && error.contains(expected), "{from}: {error}");
    };
    check("\"slope\":0.5", "\"slope\":-0.5", "no rising map");
    check("\"method\":\"platt\"", "\"method\":\"magic\"", "magic");
    check("\"trials\":[{\"method\":\"platt\"", "\"trials\":[{\"method\":\"beta\"", "none of those that were tried");
    check("\"trials\":[{\"method\":\"platt\",\"log_loss\":0.4}]", "\"trials\":[]", "none of those that were tried");
    check("\"model\":{\"logistic\":", "\"model\":{\"riddle\":", "riddle");
    check("\"intercept\":0.1", "\"intercept\":0.1,\"more\":1", "more");
    let twice = artifact::read(text.as_bytes()).unwrap();
    assert!(file_of(&twice, &platt).unwrap_err().to_string().contains("calibrated twice"));
}

#[test]
fn a_plain_model_is_written_as_itself_whatever_was_tried() {
    for (with, without) in families(&options(3, 2.0)).iter().zip(families(&options(0, 2.0))) {
        let note = with.card.calibration.as_ref().unwrap();
        assert!(without.card.calibration.is_none() && without.card.balance == Balance::None);
        assert_eq!(note.trials[0].method, CalibrationMethod::None);
        let (fitted, plain) = (artifact::read(&with.file).unwrap(), artifact::read(&without.file).unwrap());
        match fitted {
            Learned::Calibrated(body) => {
                assert_ne!(note.method, CalibrationMethod::None);
                assert_eq!((body.calibration.method(), &body.trials, *body.model), (note.method, &note.trials, plain));
            }
            itself => assert!(note.method == CalibrationMethod::None && itself == plain && with.file == without.file),
        }
    }
}

#[test]
fn repeated_customers_give_no_probabilities_until_calibrated() {
    let (table, who) = (drawn(), who(ROWS));
    let left = table.labels.iter().filter(|label| **label == Some(true)).count() as f64;
    let expected = |model: &dyn ChurnModel| -> f64 { model.assess(&table, &who).unwrap().iter().map(|one| one.probability.value()).sum() };
    for (raw, calibrated) in families(&oversampled(0)).iter().zip(families(&oversampled(3))) {
        let error = raw.model.check_probabilities().unwrap_err().to_string();
        assert!(error.contains(&raw.card.version.0) && error.contains("no risk level"), "{error}");
        assert!(raw.card.balance == Balance::Oversample && raw.card.calibration.is_none());
        assert!(family::from_file(&raw.file).unwrap().check_probabilities().is_err(), "the file tells it, too");
        assert!(card_markdown(&raw.card).contains("the scores are no probabilities"));
        assert!(expected(&*raw.model) > 2.0 * left, "{} of {left}", expected(&*raw.model));

        assert_eq!(calibrated.model.check_probabilities(), Ok(()));
        assert_eq!(calibrated.model.version(), family::from_file(&calibrated.file).unwrap().version());
        assert!(calibrated.card.version.0.starts_with(&format!("{}-", calibrated.card.family)));
        let ratio = expected(&*calibrated.model) / left;
        assert!((0.8..1.2).contains(&ratio), "{} {ratio}", calibrated.card.family);
        assert_eq!(raw.card.rows, ROWS as u64, "nobody is counted twice");
    }
    let again = families(&oversampled(3));
    assert!(families(&oversampled(3)).iter().zip(&again).all(|(one, two)| one.file == two.file && one.card == two.card));
}

/// Columns that tell nothing, one leaver in ten: whatever the model says, its scores are to be probabilities.
#[test]
fn an_oversampled_model_of_noise_is_calibrated_too() {
    let rows = 400;
    for seed in 0..30 {
        let mut random = SplitMix64::new(seed);
        let mut noise = || numbers((0..rows).map(|_| f64::from(random.below(1_000))).collect());
        let table = table(vec![("a", noise()), ("b", noise()), ("c", noise())], every(rows, |row| row % 10 == 0));
        let trained = LogisticTrainer.train(&table, &oversampled(5), &Silent).unwrap();
        assert_ne!(trained.card.calibration.as_ref().unwrap().method, CalibrationMethod::None, "{seed}");
        assert_eq!(trained.model.check_probabilities(), Ok(()), "{seed}");
        let mean = trained.model.assess(&table, &who(rows)).unwrap().iter().map(|one| one.probability.value()).sum::<f64>() / rows as f64;
        assert!((0.05..0.2).contains(&mean), "{seed}: {mean} of 0.1");
    }
}

/// Such files were written before: maps were tried, none was used.
#[test]
fn a_file_of_repeated_customers_without_a_map_gives_no_probabilities() {
    let trials = vec![Trial { method: CalibrationMethod::None, log_loss: 0.6 }];
    let model = Box::new(plain()[0].0.clone());
    let body = CalibratedBody { calibration: Calibration::None, trials, balance: Balance::Oversample, model };
    let file = artifact::write(&Learned::Calibrated(body)).unwrap();
    assert!(family::from_file(&file).unwrap().check_probabilities().is_err());
    let mut card = LogisticTrainer.train(&drawn(), &oversampled(3), &Silent).unwrap().card;
    card.calibration.as_mut().unwrap().method = CalibrationMethod::None;
    assert!(card_markdown(&card).contains("the scores are no probabilities"));
}

/// A curve of scores that are no probabilities would be read as one of probabilities.
#[test]
fn effects_are_told_of_probabilities_only() {
    let background = Background { expected: [(0, Expectation::Falls)].into(), ..Background::default() };
    let card = |folds| {
        LogisticTrainer.train(&drawn(), &TrainOptions { background: background.clone(), ..oversampled(folds) }, &Silent).unwrap().card
    };
    let (raw, calibrated) = (card(0), card(3));
    assert!(raw.effects.is_empty() && raw.warnings.is_empty(), "{:?}", raw.warnings);
    assert!(!calibrated.effects.is_empty() && calibrated.warnings.len() == 1, "{:?}", calibrated.warnings);
}

#[test]
fn the_card_of_a_calibrated_model_reads_well() {
    let mut card = LogisticTrainer.train(&drawn(), &oversampled(3), &Silent).unwrap().card;
    card.version.0 = "logistic-000000000000".into();
    insta::assert_snapshot!(card_markdown(&card));
}
