//! Segments as a marketer uses them: rules in a file, counted, told, changed without a rebuild.
use crate::home::{Home, public};

const RULES: &str = r#"
[[segment]]
name = "Newcomer"
label = { zh-TW = "新客戶", zh-CN = "新客户", en = "Newcomer" }
when = [{ role = "tenure", below = 12 }]

[[segment]]
name = "Loyal"
when = [{ role = "tenure", at_least = 12 }, { column = "Contract", is = ["One year", "Two year"] }]
"#;

#[test]
fn the_built_in_five_divide_the_sample_and_their_voices_speak() {
    let home = Home::with_run(120);
    let told = home.json(&["segments", "list"]);
    let counts: Vec<(&str, u64)> = told["segments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["segment"].as_str().unwrap(), one["customers"].as_u64().unwrap()))
        .collect();
    let names: Vec<&str> = counts.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["Dormant", "Need_Reengagement", "HighValue_Active", "Parent_Active", "Regular_Active"]);
    let all: u64 = counts.iter().map(|(_, count)| count).sum();
    assert_eq!(all + told["unassigned"].as_u64().unwrap(), told["customers"].as_u64().unwrap());
    assert!(counts[2..].iter().all(|(_, count)| *count > 0), "{told}");
    let again = home.say(&["write", "--again"]);
    assert!(again.out.contains("in their segment's own voice"), "{again}");
    let lint = home.does(&["segments", "lint"]);
    assert!(lint.contains("A customer can fit HighValue_Active and Parent_Active: HighValue_Active comes first."), "{lint}");
}

#[test]
fn own_rules_need_no_rebuild_and_say_why() {
    let home = Home::with_sample(24);
    home.keep("segments.toml", RULES);
    home.does(&["run", "--data", "sample.csv"]);
    let list = home.does(&["segments", "list"]);
    assert!(list.contains("Newcomer") && list.contains("tenure < 12") && !list.contains("Dormant"), "{list}");
    let ids = home.ids("sample.csv");
    let shown: Vec<String> = ids.iter().map(|id| home.does(&["segments", "show", id, "--lang", "en"])).collect();
    assert!(shown.iter().any(|text| text.contains("Newcomer\nrule: tenure < 12")), "{shown:?}");
    assert!(shown.iter().any(|text| text.contains("unassigned\nno rule fits")), "{shown:?}");
    assert!(home.does(&["show", &ids[0]]).contains("Segment: "));
}

#[test]
fn a_wrong_file_stops_the_run_and_says_where() {
    let home = Home::with_sample(20);
    let check = |text: &str, code: i32, part: &str| {
        home.keep("segments.toml", text);
        let said = home.say(&["run", "--data", "sample.csv"]);
        assert_eq!(said.code, Some(code), "{said}");
        assert!(said.err.contains(part), "{said}");
    };
    check(
        "[[segment]]\nname = \"A\"\nwhen = [{ column = \"tenur\", below = 3 }]\n",
        5,
        "line 3: the table has nothing for the column \"tenur\"; did you mean \"tenure\"?",
    );
    check("[[segment]]\nname = \"A\"\nwen = []\n", 5, "segments.toml:3:1: unknown key \"wen\"");
    check(
        "[[segment]]\nname = \"A\"\nwhen = []\n[[segment]]\nname = \"a\"\nwhen = []\n",
        5,
        "line 4: the segment a stands on line 1 already",
    );
    home.keep("segments.toml", RULES);
    home.keep("templates/segments/Newcomr.jinja", "[email.thanks lang=en]\nThank you.\n");
    let said = home.say(&["run", "--data", "sample.csv"]);
    assert!(said.code == Some(5) && said.err.contains("rename the file to Newcomer.jinja"), "{said}");
    assert_eq!(home.say(&["segments", "lint"]).code, Some(7));
    std::fs::rename(home.path("templates/segments/Newcomr.jinja"), home.path("templates/segments/Newcomer.jinja")).unwrap();
    assert_eq!(home.say(&["segments", "lint"]).code, Some(0));
}

#[test]
fn the_public_table_is_divided_without_a_rest() {
    let Some(telco) = public("telco-customer-churn.csv") else { return };
    let home = Home::new();
    home.does(&["import", telco.to_str().unwrap()]);
    let told = home.json(&["segments", "list"]);
    let counts: Vec<u64> = told["segments"].as_array().unwrap().iter().map(|one| one["customers"].as_u64().unwrap()).collect();
    assert_eq!((told["customers"].as_u64(), told["unassigned"].as_u64()), (Some(7_043), Some(0)));
    assert_eq!(counts, [0, 0, 2_677, 1_414, 2_952]);
}
