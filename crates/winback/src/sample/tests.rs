use super::events::write_events;
use super::*;
use std::collections::{BTreeMap, BTreeSet};
use winback_core::digest::Digest;

fn order(rows: u64, seed: u64) -> Order {
    Order { rows, seed, contacts: None }
}

fn text(order: &Order) -> String {
    let mut out = Vec::new();
    write_sample(order, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn cells(text: &str) -> Vec<Vec<&str>> {
    text.lines().skip(1).map(|line| line.split(',').collect()).collect()
}

#[test]
fn one_seed_gives_one_file() {
    let (first, again, other) = (text(&order(500, 7)), text(&order(500, 7)), text(&order(500, 8)));
    assert_eq!(first, again);
    assert_ne!(first, other);
    insta::assert_snapshot!(Digest::of(first.as_bytes()).to_string());
    insta::assert_snapshot!(first.lines().take(6).collect::<Vec<_>>().join("\n"));
}

#[test]
fn the_first_rows_do_not_depend_on_how_many_follow() {
    assert!(text(&order(200, 3)).starts_with(&text(&order(50, 3))));
}

#[test]
fn a_portfolio_looks_like_one() {
    let text = text(&order(20_000, 1));
    let rows = cells(&text);
    assert!(rows.iter().all(|row| row.len() == 21));
    assert_eq!(rows.iter().map(|row| row[0]).collect::<BTreeSet<_>>().len(), 20_000, "ids are unique");
    let share = |test: &dyn Fn(&Vec<&str>) -> bool| rows.iter().filter(|row| test(row)).count() as f64 / 20_000.0;
    let within = |name: &str, share: f64, low: f64, high: f64| assert!((low..=high).contains(&share), "{name}: {share}");
    within("left", share(&|row| row[20] == "Yes"), 0.245, 0.285);
    within("fiber", share(&|row| row[8] == "Fiber optic"), 0.38, 0.50);
    within("month-to-month", share(&|row| row[15] == "Month-to-month"), 0.48, 0.62);
    within("first month", share(&|row| row[5] == "0"), 0.0005, 0.004);
    within("longest tenure third", share(&|row| row[5].parse::<u32>().unwrap() > 60), 0.15, 0.30);
    for row in &rows {
        assert_eq!(row[5] == "0", row[19] == " ", "{row:?}");
        assert_eq!(row[8] == "No", row[9..15].iter().all(|cell| *cell == "No internet service"), "{row:?}");
        assert_eq!(row[6] == "No", row[7] == "No phone service", "{row:?}");
    }
}

/// Returns the area under the ROC curve of the hidden probabilities: the best any model can do.
fn best_auc(rows: u64, seed: u64) -> f64 {
    let sample = text(&order(rows, seed));
    let mut scored: Vec<(f64, bool)> = cells(&sample)
        .iter()
        .zip(0..rows)
        .map(|(row, index)| (Customer::draw(&mut customer_random(seed, index)).hidden, row[20] == "Yes"))
        .collect();
    scored.sort_by(|a, b| a.0.total_cmp(&b.0));
    let left = scored.iter().filter(|(_, left)| *left).count() as f64;
    let ranks: f64 = scored.iter().enumerate().filter(|(_, (_, left))| *left).map(|(rank, _)| (rank + 1) as f64).sum();
    (ranks - left * (left + 1.0) / 2.0) / (left * (rows as f64 - left))
}

#[test]
fn who_leaves_can_be_learned_but_not_known() {
    let auc = best_auc(20_000, 1);
    assert!((0.84..=0.88).contains(&auc), "{auc}");
}

#[test]
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn no_row_is_one_of_the_public_file() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/telco-customer-churn.csv");
    let Ok(public) = std::fs::read_to_string(path) else {
        return eprintln!("skipped: the public Telco file is not here");
    };
    assert_eq!(public.lines().next(), Some(HEADER));
    let number = |id: &str| {
        let (digits, letters) = id.split_once('-').unwrap();
        letters.bytes().fold(digits.parse::<u64>().unwrap(), |number, letter| number * 26 + u64::from(letter - b'A'))
    };
    let clash = cells(&public).iter().find(|row| number(row[0]) % ID_MODULUS == ID_CLASS).map(|row| row[0].to_owned());
    assert_eq!(clash, None);
    let text = text(&order(1_000, 5));
    assert!(cells(&text).iter().all(|row| number(row[0]) % ID_MODULUS == ID_CLASS));
    let words = |rows: &[Vec<&str>], column: usize| rows.iter().map(|row| row[column].to_owned()).collect::<BTreeSet<_>>();
    for column in [1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 20] {
        assert_eq!(words(&cells(&text), column), words(&cells(&public), column), "column {column}");
    }
}

#[test]
fn contacts_reach_nobody() {
    let contacts = Some(Contacts { as_of: "2026-01-31".parse().unwrap() });
    let text = text(&Order { rows: 300, seed: 2, contacts });
    assert!(text.lines().next().unwrap().ends_with(",Churn,FirstName,Email,Phone,Language,ContractEnd"));
    let mut languages = BTreeMap::new();
    for row in cells(&text) {
        assert!(row[22].ends_with("@example.com") && row[22].is_ascii(), "{row:?}");
        assert!(row[23].contains("-555-01"), "{row:?}");
        assert!(row[25] > "2026-01-31" && row[25].len() == 10, "{row:?}");
        *languages.entry(row[24].to_owned()).or_insert(0) += 1;
    }
    assert_eq!(languages.keys().collect::<Vec<_>>(), ["en", "zh-CN", "zh-TW"]);
}

#[test]
fn too_many_rows_are_refused() {
    let asked = MAX_ROWS + 1;
    assert!(matches!(write_sample(&order(asked, 1), &mut Vec::new()), Err(SampleError::TooMany { .. })));
}

#[test]
fn events_belong_to_customers_and_say_they_are_synthetic() {
    let order = order(20, 4);
    let mut out = Vec::new();
    write_events(&order, "2026-01-31".parse().unwrap(), 90, &mut out).unwrap();
    let events = String::from_utf8(out).unwrap();
    let sample = text(&order);
    let ids: BTreeSet<_> = cells(&sample).iter().map(|row| row[0]).collect();
    let kinds: BTreeSet<_> = cells(&events).iter().map(|row| row[2]).collect();
    assert_eq!(kinds, BTreeSet::from(["complaint", "login", "usage"]));
    for row in cells(&events) {
        assert!(ids.contains(row[0]) && row[4] == "synthetic" && row[1] < "2026-01-31" && row[1] >= "2025-11-02", "{row:?}");
    }
}

#[test]
fn a_generated_table_is_known_by_its_ids() {
    let text = text(&order(2_000, 5));
    assert!(cells(&text).iter().all(|row| is_sample_id(row[0])));
    for other in ["7590-VHVEG", "5575-GNVDE", "C-1001", "", "0000-AAAAA", "12345-ABCD", "00a0-AAAAA", "0000-aaaaa", "日本-語のid"] {
        assert!(!is_sample_id(other), "{other}");
    }
}
