//! The whole job on the public Telco table.
use crate::home::{Home, public};
use serde_json::Value;
use winback_core::digest::Digest;

const KAGGLE: &str = "data/raw/WA_Fn-UseC_-Telco-Customer-Churn.csv";

fn report<'a>(run: &'a Value, stage: &str) -> &'a Value {
    run["stages"].as_array().unwrap().iter().find(|one| one["stage"] == stage).map(|one| &one["report"]).unwrap()
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("no whole number: {value}"))
}

#[test]
fn the_public_table_is_found_scored_and_accounted_for() {
    let Some(file) = public("telco-customer-churn.csv") else { return };
    let home = Home::new();
    home.keep(KAGGLE, std::fs::read(&file).unwrap());
    let run = home.json(&["run", "--folds", "5"]);
    assert_eq!(run["done_before"], false);
    every_row_is_accounted_for(&run);
    the_features_file_is_what_its_sidecar_says(&home);
    the_model_is_as_good_as_promised(&home);
    one_customer_alone_scores_as_in_the_batch(&home);
    the_same_file_is_not_done_twice(&home, &run);
}

fn every_row_is_accounted_for(run: &Value) {
    let import = report(run, "import");
    let told = ["source_rows", "accepted", "rejected", "changed_cells", "labelled", "left"].map(|name| number(&import[name]));
    assert_eq!(told, [7_043, 7_043, 0, 11, 7_043, 1_869]);
    let problems = serde_json::json!([
        { "problem": "twin_row", "outcome": "noted", "count": 22 },
        { "problem": "missing_filled", "outcome": "cell_changed", "count": 11 },
    ]);
    assert_eq!(import["problems"], problems);
    let levels = report(run, "assess")["levels"].as_object().unwrap();
    assert_eq!(levels.values().map(number).sum::<u64>(), 7_043);
    let plan = report(run, "plan");
    let offers: u64 = plan["offers"].as_object().unwrap().values().map(number).sum();
    assert_eq!(offers + ["service_contacts", "low_risk", "already_left"].map(|name| number(&plan[name])).iter().sum::<u64>(), 7_043);
    let write = report(run, "write");
    assert_eq!(number(&write["customers"]), 7_043);
    assert_eq!(["ready", "held", "not_selected", "low_risk", "already_left"].map(|name| number(&write[name])).iter().sum::<u64>(), 7_043);
    assert_eq!(number(&write["messages"]), number(&write["ready"]) * 9, "three languages, three channels");
}

fn the_features_file_is_what_its_sidecar_says(home: &Home) {
    let bytes = home.bytes("data/processed/churn_features.csv");
    let sidecar: Value = serde_json::from_str(&home.text("data/processed/churn_features.schema.json")).unwrap();
    assert_eq!(sidecar["csv_sha256"], Digest::of(&bytes).0);
    assert_eq!(number(&sidecar["csv_bytes"]), bytes.len() as u64);
    assert_eq!(number(&sidecar["rows"]), 7_043);
    assert_eq!(bytes.iter().filter(|&&byte| byte == b'\n').count(), 7_044);
    home.does(&["features", "--check"]);
    home.does(&["features", "--out", "again.csv"]);
    assert!(bytes == home.bytes("again.csv"), "the same bytes again");
    home.keep("data/processed/churn_features.csv", &bytes[1..]);
    assert_eq!(home.say(&["features", "--check"]).code, Some(7), "a changed file is found");
    home.does(&["features"]);
    assert!(bytes == home.bytes("data/processed/churn_features.csv"));
}

fn the_model_is_as_good_as_promised(home: &Home) {
    let card = home.json(&["train", "--cv"]);
    let measure = |name: &str| card["validation"]["pooled"][name].as_f64().unwrap();
    assert!(measure("roc_auc") >= 0.845 && card["validation"]["mean"]["roc_auc"].as_f64().unwrap() >= 0.845, "{card}");
    assert!(measure("ece10") <= 0.02, "{card}");
    assert!(measure("brier") <= 0.137, "{card}");
    assert_eq!(number(&card["rows"]), 7_043);
}

/// Scores a few customers of the table alone, without their label, with the model of the whole table.
fn one_customer_alone_scores_as_in_the_batch(home: &Home) {
    let table = home.text(KAGGLE);
    let lines: Vec<&str> = table.lines().collect();
    let without_label = |line: &str| line.rsplit_once(',').unwrap().0.to_owned();
    for line in [2, 490, 3_333, 7_044] {
        let alone = Home::new();
        let id = lines[line - 1].split(',').next().unwrap();
        alone.keep("one.csv", format!("{}\n{}\n", without_label(lines[0]), without_label(lines[line - 1])));
        let models = home.path("models");
        for file in std::fs::read_dir(models).unwrap().map(|file| file.unwrap()) {
            alone.keep(&format!("models/{}", file.file_name().to_str().unwrap()), std::fs::read(file.path()).unwrap());
        }
        let run = alone.json(&["run", "--data", "one.csv"]);
        assert_eq!(report(&run, "train")["trained"], false);
        let (single, batch) = (alone.json(&["show", id]), home.json(&["show", id]));
        for part in ["probability", "base_probability", "level", "reasons"] {
            assert_eq!(single["risk"][part], batch["risk"][part], "{id}: {part}");
        }
    }
}

fn the_same_file_is_not_done_twice(home: &Home, first: &Value) {
    let again = home.json(&["run", "--folds", "5"]);
    assert_eq!(again["done_before"], true);
    assert_eq!((&again["run"], &again["stages"]), (&first["run"], &first["stages"]));
    let text = home.does(&["run"]);
    assert!(text.contains("was done with these very settings before, so nothing was done now"), "{text}");
    let afresh = home.json(&["run", "--folds", "5", "--again"]);
    assert_eq!((&afresh["run"], &afresh["done_before"]), (&first["run"], &Value::Bool(false)));
    for stage in ["import", "train", "assess", "plan", "write"] {
        assert_eq!(report(&afresh, stage), report(first, stage), "{stage}");
    }
}
