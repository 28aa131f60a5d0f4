//! Other companies' tables: another schema.toml is all they need.
use crate::home::{Home, public};
use serde_json::Value;
use std::path::PathBuf;

fn default(name: &str) -> String {
    std::fs::read_to_string(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("defaults").join(name)).unwrap()
}

fn gym() -> Vec<u8> {
    std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/gym-members.csv")).unwrap()
}

/// Returns the offers in another currency.
fn offers_in(currency: &str) -> String {
    default("offers.toml").replace("currency = \"USD\"", &format!("currency = \"{currency}\""))
}

/// Runs the whole job and returns the report of the import, once everything adds up.
fn runs(home: &Home, file: &str, rows: u64) -> Value {
    runs_with(home, file, rows, 0.6)
}

fn runs_with(home: &Home, file: &str, rows: u64, least_auc: f64) -> Value {
    let run = home.json(&["run", "--data", file, "--folds", "3"]);
    let stage = |name: &str| run["stages"].as_array().unwrap().iter().find(|one| one["stage"] == name).unwrap()["report"].clone();
    let (import, write) = (stage("import"), stage("write"));
    assert_eq!(import["source_rows"], rows, "{import}");
    assert_eq!(import["accepted"].as_u64().unwrap() + import["rejected"].as_u64().unwrap(), rows);
    assert_eq!(stage("assess")["assessed"], import["accepted"]);
    assert_eq!(write["held"], 0, "{write}");
    let sums = ["ready", "held", "not_selected", "low_risk", "already_left"].map(|name| write[name].as_u64().unwrap());
    assert_eq!(sums.iter().sum::<u64>(), rows, "{write}");
    let auc = stage("train")["card"]["validation"]["mean"]["roc_auc"].as_f64().unwrap();
    assert!(auc > least_auc, "{file}: the model learned something: {auc}");
    let shown = home.json(&["show", "--random", "--seed", "1"]);
    assert!(shown["risk"]["probability"].is_f64(), "{shown}");
    import
}

#[test]
fn the_marketing_table_runs_by_response_and_by_complaint() {
    let Some(file) = public("marketing_campaign.csv") else { return };
    let bytes = std::fs::read(file).unwrap();
    let home = Home::new();
    home.does(&["init", "--schema", "marketing"]);
    home.keep("marketing_campaign.csv", &bytes);
    assert_eq!(runs(&home, "marketing_campaign.csv", 2_240)["left"], 334);

    let home = Home::new();
    let label = "role = \"label\"\n";
    let complain = "name = \"Complain\"\ntype = \"flag\"\n";
    let schema = default("schema.marketing.toml").replace(label, "").replace(complain, &format!("{complain}{label}"));
    home.keep("schema.toml", schema);
    home.keep("marketing_campaign.csv", &bytes);
    // Of 2,240 customers 21 complained: too few to learn much from, enough to run.
    assert_eq!(runs_with(&home, "marketing_campaign.csv", 2_240, 0.4)["left"], 21);
}

#[test]
fn the_gym_runs_in_its_own_currency() {
    let home = Home::new();
    home.does(&["init", "--schema", "gym"]);
    home.keep("gym-members.csv", gym());
    let refused = home.say(&["run", "--data", "gym-members.csv"]);
    assert_eq!(refused.code, Some(5), "{refused}");
    assert!(refused.err.contains("TWD") && refused.err.contains("USD"), "{refused}");
    home.keep("offers.toml", offers_in("TWD"));
    runs(&home, "gym-members.csv", 300);
}

/// Lets Winback propose a schema, takes it as it is, and runs the whole job with it.
fn proposed(home: &Home, file: &str, currency: &str, rows: u64) {
    let schema = home.does(&["import", "--infer", file, "--currency", currency]);
    home.keep("schema.toml", schema);
    home.keep("offers.toml", offers_in(currency));
    runs(home, file, rows);
}

#[test]
fn a_proposed_schema_runs_as_it_is() {
    let home = Home::new();
    home.keep("gym-members.csv", gym());
    proposed(&home, "gym-members.csv", "TWD", 300);
    if let Some(file) = public("marketing_campaign.csv") {
        let home = Home::new();
        home.keep("marketing_campaign.csv", std::fs::read(file).unwrap());
        proposed(&home, "marketing_campaign.csv", "EUR", 2_240);
    }
    if let Some(file) = public("telco-customer-churn.csv") {
        let home = Home::new();
        home.keep("telco.csv", std::fs::read(file).unwrap());
        proposed(&home, "telco.csv", "USD", 7_043);
    }
}

#[test]
fn value_by_visits_decides_tiers_segments_and_files_and_makes_a_run_of_its_own() {
    let home = Home::new();
    home.does(&["init", "--schema", "gym"]);
    home.keep("gym-members.csv", gym());
    home.keep("offers.toml", offers_in("TWD"));
    let winback = home.text("winback.toml");
    let by_visits = winback.replace("by = \"monthly\"", "by = \"usage\"");
    home.keep("winback.toml", by_visits.clone());
    let refused = home.say(&["run", "--data", "gym-members.csv", "--folds", "3"]);
    assert_eq!(refused.code, Some(5), "{refused}");
    assert!(refused.err.contains("\"visits_last_30d\" (in visits)"), "{refused}");
    home.keep("winback.toml", by_visits.replace("mid = \"40\"", "mid = 4").replace("high = \"80\"", "high = 12"));
    let run = home.json(&["run", "--data", "gym-members.csv", "--folds", "3"]);

    home.does(&["export", "--format", "json", "--out", "all.json"]);
    let mut tiers = std::collections::BTreeSet::new();
    for line in home.text("all.json").lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let id = row["customer"].as_str().unwrap();
        let shown = home.json(&["show", id]);
        let visits = shown["risk"]["value"]["number"].as_f64().unwrap();
        let tier = ["low", "mid", "high"][usize::from(visits >= 4.0) + usize::from(visits >= 12.0)];
        assert_eq!((row["value"].as_str(), shown["risk"]["tier"].as_str()), (Some(tier), Some(tier)), "{visits} visits: {row}");
        tiers.insert(tier);
        if tiers.len() == 3 {
            break;
        }
    }
    assert!(tiers.len() > 1, "the customers differ: {tiers:?}");

    home.keep("winback.toml", winback);
    let again = home.json(&["run", "--data", "gym-members.csv", "--folds", "3"]);
    assert_ne!(run["run"], again["run"], "another measure makes another run");
}
