//! Offers and actions: checked, shown, tried out, approved, handed over.
use crate::home::Home;

#[test]
fn the_offers_are_checked_shown_and_tried_out() {
    let home = Home::with_run(400);
    let lint = home.does(&["offers", "lint"]);
    assert!(lint.contains("in order"), "{lint}");
    insta::assert_snapshot!("matrix", home.does(&["offers", "matrix"]));

    home.does(&["init"]);
    let offers = home.text("offers.toml");
    let same = home.json(&["offers", "simulate", "--offers", "offers.toml"]);
    assert_eq!((&same["customers"], &same["changed"]), (&400.into(), &0.into()));
    let rules = offers.find("\n[[rule]]\n").unwrap();
    let cases = offers.find("\n[[case]]\n").unwrap();
    let poor = format!("{}\n[[rule]]\nid = \"everyone\"\nowner = \"Mei\"\ndate = 2026-11-21\noffers = [\"care-call\"]\n", &offers[..rules]);
    home.keep("poor.toml", &poor);
    let changed = home.json(&["offers", "simulate", "--offers", "poor.toml"]);
    assert!(
        changed["changed"].as_u64().unwrap() > 0 && changed["cost_after_minor"].as_u64() < changed["cost_before_minor"].as_u64(),
        "{changed}"
    );
    let text = home.does(&["offers", "simulate", "--offers", "poor.toml"]);
    assert!(text.contains("of 400 customers would get something else"), "{text}");

    home.keep("broken.toml", format!("{poor}{}", &offers[cases..]));
    let said = home.say(&["offers", "lint", "broken.toml"]);
    assert_eq!(said.code, Some(7), "{said}");
    insta::assert_snapshot!("broken_offers", said.to_string());
    home.keep("offers.toml", format!("{poor}{}", &offers[cases..]));
    assert_eq!(home.say(&["doctor"]).code, Some(7));
}

/// A promise that nobody answers for reaches no customer: the lint names it, a run stops at it, an approval lets it stand.
#[test]
fn praise_in_an_offer_waits_for_somebody_to_answer_for_it() {
    let home = Home::with_sample(300);
    let offers = include_str!("../../defaults/offers.toml");
    let praised = offers
        .replace("promise.en = \"{percent}% off your monthly", "promise.en = \"From the fastest network: {percent}% off your monthly");
    assert_ne!(offers, praised);
    home.keep("offers.toml", praised);
    let lint = home.say(&["offers", "lint"]);
    assert_eq!(lint.code, Some(7), "{lint}");
    let run = home.say(&["run", "--data", "sample.csv"]);
    assert_eq!((run.code, home.say(&["doctor"]).code), (Some(5), Some(7)), "{run}");
    insta::assert_snapshot!("praise", format!("{lint}\n{run}"));
    let phrase = "phrase.en = \"From the fastest network\"\nphrase.zh-TW = \"來自最快的網路\"\nphrase.zh-CN = \"来自最快的网络\"";
    home.keep("winback.toml", format!("[[approved]]\n{phrase}\nby = \"Mei\"\non = 2026-11-01\n"));
    assert!(home.does(&["offers", "lint"]).contains("in order"));
    let done = home.json(&["run", "--data", "sample.csv", "--all"]);
    assert!(done["stages"][4]["report"]["held"] == 0, "{}", done["stages"][4]["report"]);
    home.does(&["export", "--format", "json", "--lang", "en", "--out", "all.json"]);
    assert!(home.text("all.json").contains("rom the fastest network"));
}

#[test]
fn actions_are_approved_declined_listed_and_written() {
    let home = Home::with_run(400);
    let none = home.does(&["actions", "list"]);
    assert!(none.contains("No action is approved yet"), "{none}");
    assert_eq!(home.json(&["actions", "approve", "--top", "5", "--by", "Mei"])["decided"], 5);
    let rows = home.json(&["actions", "list"]);
    let ids: Vec<&str> = rows.as_array().unwrap().iter().map(|row| row["customer"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 5);
    home.does(&["actions", "decline", ids[0], "--by", "Ann"]);
    home.does(&["actions", "list", "--out", "actions.csv"]);
    let text = home.text("actions.csv");
    let lines: Vec<&str> = text.trim_start_matches('\u{feff}').lines().collect();
    assert_eq!(lines[0], "customer,action,offer,cost,expected_net_assumed,currency,owner,due,approved_by,approved_at");
    assert_eq!(lines.len(), 5, "{text}");
    for (line, id) in lines[1..].iter().zip(&ids[1..]) {
        let cells: Vec<&str> = line.split(',').collect();
        assert_eq!((cells[0], cells[5], cells[8], cells.len()), (*id, "USD", "Mei", 10), "{line}");
        assert!(cells[1..].iter().all(|cell| !cell.is_empty()) && cells[7].len() == 10, "cost, owner, due date, expected value: {line}");
    }
    let low = home.json(&["show", "--random", "--risk", "low", "--seed", "1"])["customer"].as_str().unwrap().to_owned();
    let said = home.say(&["actions", "approve", &low, "--by", "Mei"]);
    assert_eq!(said.code, Some(2), "nothing is planned for them: {said}");
    assert_eq!(home.json(&["actions", "list"]).as_array().unwrap().len(), 4);
}

#[test]
fn a_change_of_the_thresholds_is_shown_before_it_is_made() {
    let home = Home::with_run(400);
    let moved = |args: &[&str]| -> u64 {
        let shown = home.json(args);
        let moves = shown["moves"].as_array().unwrap().iter().filter(|row| row["from"] != row["to"]);
        moves.map(|row| row["customers"].as_u64().unwrap()).sum()
    };
    assert_eq!(moved(&["thresholds"]), 0);
    let expected = moved(&["thresholds", "--medium", "0.2", "--high", "0.5"]);
    let levels = |home: &Home| {
        let levels = home.json(&["assess"])["levels"].clone();
        ["high", "medium", "low"].map(|level| levels[level].as_i64().unwrap())
    };
    let before = levels(&home);
    home.keep("winback.toml", "[risk]\nmedium = 0.2\nhigh = 0.5\n");
    home.does(&["run", "--data", "sample.csv"]);
    let after = levels(&home);
    // Both limits fell, so nobody moves down, and nobody moves two levels unless from low to high.
    assert!(after[0] > before[0] && after[2] < before[2], "{before:?} {after:?}");
    assert!(expected > 0 && expected as i64 <= (before[2] - after[2]) + (after[0] - before[0]), "{expected}");
    assert_eq!(moved(&["thresholds", "--medium", "0.4", "--high", "0.7"]), expected, "the way back moves the same customers");
    home.keep("winback.toml", "");
    let said = home.say(&["thresholds", "--medium", "0.8"]);
    assert_eq!(said.code, Some(2), "{said}");
    insta::assert_snapshot!(said.to_string());
}
