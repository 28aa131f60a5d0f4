//! The model file: what is refused and why, and what a shelf keeps.
use crate::hard_tables::{every, numbers, table, who, words};
use crate::telco_table::options;
use proptest::prelude::*;
use winback_core::feature::FeatureTable;
use winback_core::model::{ChurnModel, ChurnTrainer, Trained};
use winback_core::progress::Silent;
use winback_learn::artifact::{self, ArtifactError, FORMAT};
use winback_learn::shelf::{self, ShelfError};
use winback_learn::{LogisticModel, LogisticTrainer, card_markdown};

fn small_table() -> FeatureTable {
    let plan: Vec<&str> = (0..200).map(|row| ["month", "year", "two | years"][row % 3]).collect();
    let columns = vec![
        ("tenure", numbers((0..200).map(|row| f64::from(row * 7 % 72)).collect())),
        ("plan", words(&plan, &["month", "year", "two | years"])),
        ("same", numbers(vec![1.0; 200])),
    ];
    table(columns, every(200, |row| row % 3 == 0 && row % 4 != 0 || row % 11 == 0))
}

fn trained(folds: usize) -> Trained {
    LogisticTrainer.train(&small_table(), &options(folds, 1.0), &Silent).unwrap()
}

fn text() -> String {
    String::from_utf8(trained(0).file).unwrap()
}

/// Returns the file with its body changed and the hash made to fit.
fn forged(change: impl Fn(&str) -> String) -> Vec<u8> {
    let text = text();
    let (_, body) = text.trim_end().split_once("\"body\":").unwrap();
    let changed = change(&body[..body.len() - 1]);
    assert_ne!(changed, body[..body.len() - 1]);
    let hash = winback_core::digest::Digest::of(changed.as_bytes());
    format!("{{\"format\":\"{FORMAT}\",\"format_version\":1,\"sha256\":\"{hash}\",\"body\":{changed}}}\n").into_bytes()
}

#[test]
fn a_refused_file_says_exactly_why() {
    let check = |bytes: &[u8], expected: &str| {
        let error = LogisticModel::from_file(bytes).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    };
    check(b"", "no model file of Winback");
    check(b"\x80\x04\x95pickle", "no model file of Winback");
    check(b"{\"format\":\"onnx\"}", "no model file of Winback");
    check(b"<html>", "no model file of Winback");
    check(text().replace("\"format_version\":1", "\"format_version\":5").as_bytes(), "format version 5; this Winback reads up to 4");
    check(text().replace("\"format_version\":1", "\"format_version\":2").as_bytes(), "contradicts itself");
    check(text().replace("\"format_version\":1", "\"format_version\":4").as_bytes(), "contradicts itself");
    check(text().replace("\"format_version\":1", "\"format_version\":0").as_bytes(), "there is no format version 0");
    check(text().replace("\"l2\":1.0", "\"l2\":2.0").as_bytes(), "was changed after training");
    check(text().replace("\"body\":{", "\"body\":{,").as_bytes(), "damaged at line 1, column");
    check(format!("{{\"format\":\"{FORMAT}\",\"format_version\":1}}").as_bytes(), "no body or no sha256");
    check(&forged(|body| body.replacen("\"intercept\":", "\"intercept\":null,\"was\":", 1)), "contradicts itself");
    check(&forged(|body| body.replacen("\"intercept\":", "\"intercept\":9e9,\"was\":", 1)), "contradicts itself");
    check(
        &forged(|body| body.replacen("\"values\":[", "\"values\":[0.5,", 1)),
        "column \"tenure\" has another number of values than of slots",
    );
    check(&forged(|body| body.replacen("\"at\":[", "\"at\":[1e9,", 1)), "column \"tenure\"");
    check(&forged(|body| body.replacen("\"missing\":0", "\"missing\":99", 1)), "column \"plan\" has a word without a slot");
    check(&forged(|body| body.replacen("\"group\":0", "\"group\":77", 1)), "belongs to a reason that is not there");
    check(&forged(|body| body.replacen("\"name\":\"plan\"", "\"name\":\"other\"", 1)), "has the name of another");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_cut_file_is_told_as_cut(share in 0.0001_f64..0.9999) {
        let whole = text();
        let cut = ((whole.len() - 2) as f64 * share) as usize;
        let error = LogisticModel::from_file(&whole.as_bytes()[..cut.max(1)]).unwrap_err();
        prop_assert!(matches!(error, ArtifactError::Truncated { .. }), "{}", error);
    }

    #[test]
    fn no_changed_byte_goes_unnoticed(share in 0.0_f64..1.0, byte in any::<u8>()) {
        let mut bytes = text().into_bytes();
        let place = ((bytes.len() - 1) as f64 * share) as usize;
        prop_assume!(bytes[place] != byte);
        let before = artifact::read(&bytes).unwrap();
        bytes[place] = byte;
        // White space between the outer fields is the only part that carries no meaning.
        prop_assert!(artifact::read(&bytes).is_err() || artifact::read(&bytes).unwrap() == before && byte.is_ascii_whitespace());
    }
}

#[test]
fn same_table_same_options_same_bytes() {
    let (one, two) = (trained(0), trained(5));
    assert!(one.file == two.file, "folds do not change a model whose scores need no calibration");
    assert_eq!(one.card.version, two.card.version);
    assert_eq!(trained(5).card, two.card);
    let loaded = LogisticModel::from_file(&one.file).unwrap();
    assert_eq!(loaded.version(), one.model.version());
    assert_eq!(loaded.assess(&small_table(), &who(200)), one.model.assess(&small_table(), &who(200)));
}

#[test]
fn a_shelf_keeps_old_models_and_names_the_one_in_use() {
    let dir = tempfile::tempdir().unwrap();
    let models = dir.path().join("models");
    assert!(shelf::current(&models).unwrap().is_none() && shelf::load_current(&models).unwrap().is_none());
    let first = shelf::publish(&models, &trained(0)).unwrap();
    let other = LogisticTrainer.train(&small_table(), &options(0, 9.0), &Silent).unwrap();
    let second = shelf::publish(&models, &other).unwrap();
    assert_eq!(shelf::current(&models).unwrap().as_ref(), Some(&second.model));
    assert_eq!(shelf::load_current(&models).unwrap().unwrap().version(), other.model.version());
    assert!(first.model.exists() && first.card_json.exists() && first.card_markdown.exists());
    let parts = std::fs::read_dir(&models).unwrap().filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().contains(".part"));
    assert_eq!(parts.count(), 0);
    for name in ["", "../model.json", "a/b", ".hidden"] {
        assert!(matches!(shelf::save(&models, name, b"x"), Err(ShelfError::Name(_))), "{name:?}");
        std::fs::write(models.join(shelf::CURRENT), name).unwrap();
        assert!(matches!(shelf::current(&models), Err(ShelfError::Name(_))), "{name:?}");
    }
    std::fs::write(&second.model, "not a model").unwrap();
    assert!(matches!(shelf::load(&second.model), Err(ShelfError::Refused { .. })));
    let blocked = dir.path().join("file");
    std::fs::write(&blocked, "").unwrap();
    assert!(matches!(shelf::save(&blocked, "model.json", b"x"), Err(ShelfError::Unwritable { .. })));
}

#[test]
fn the_card_reads_well() {
    let mut card = trained(5).card;
    card.version.0 = "logistic-000000000000".into();
    insta::assert_snapshot!(card_markdown(&card));
}
