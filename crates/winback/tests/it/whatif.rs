//! What would bring a customer under a line.
use crate::home::Home;

#[test]
fn the_offers_that_would_do_are_named_and_scored_again() {
    let home = Home::with_run(400);
    let drawn = home.json(&["show", "--random", "--risk", "high", "--seed", "5"]);
    let id = drawn["customer"].as_str().unwrap_or_else(|| panic!("{drawn}")).to_owned();
    let told: Vec<String> =
        ["en", "zh-TW", "zh-CN"].iter().map(|lang| home.does(&["whatif", &id, "--lang", lang, "--under", "0.6"])).collect();
    insta::assert_snapshot!("whatif", told.join("\n\n"));

    let found = home.json(&["whatif", &id, "--under", "0.6"]);
    let ways = found["single"].as_array().unwrap();
    assert!(!ways.is_empty() && found["tried"].as_u64().unwrap() as usize > ways.len(), "{found}");
    for never in ["gender", "SeniorCitizen", "tenure", "TotalCharges"] {
        assert!(!found.to_string().contains(never), "{found}");
    }
    // Far down no action suffices, and far up the first one does.
    assert!(home.json(&["whatif", &id, "--under", "0.0001"])["cheapest"].is_null());
    let easy = home.json(&["whatif", &id, "--under", "1"]);
    assert_eq!(easy["cheapest"]["offers"].as_array().unwrap().len(), 1, "{easy}");
    let wrong = home.say(&["whatif", &id, "--under", "40"]);
    assert!(wrong.code == Some(2) && wrong.to_string().contains("--under is 40; expected a probability"), "{wrong}");
    assert_eq!(home.say(&["whatif", "nobody"]).code, Some(2));
}
