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
    let home = Home::with_sample(80);
    home.keep("segments.toml", RULES);
    home.does(&["run", "--data", "sample.csv"]);
    let list = home.does(&["segments", "list"]);
    assert!(list.contains("Newcomer") && list.contains("tenure < 12") && !list.contains("Dormant"), "{list}");
    let ids = home.ids("sample.csv");
    let shown: Vec<String> = ids.iter().take(20).map(|id| home.does(&["segments", "show", id, "--lang", "en"])).collect();
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

#[test]
fn the_marketing_table_shows_its_groups_in_plain_words() {
    let Some(file) = public("marketing_campaign.csv") else { return };
    let home = Home::new();
    let file = file.to_str().unwrap();
    let told =
        home.json(&["segments", "cluster", "--data", file, "--k", "2", "--bootstraps", "3", "--out", "groups.csv", "--lang", "zh-TW"]);
    assert!(told["clustering"]["stability"]["mean"].as_f64().unwrap() > 0.8, "{told}");
    assert!(told["cards"][0][0].as_str().unwrap().starts_with("第 1 群："), "{told}");
    assert!(told["cards"][0][1].as_str().unwrap().contains("偏低"), "{told}");
    assert_eq!(home.text("groups.csv").lines().count(), 2_241);
    let said = home.say(&["segments", "cluster", "--data", file, "--k", "5000"]);
    assert!(said.code == Some(3) && said.err.contains("5000 clusters are wanted, but only"), "{said}");
}

#[test]
fn tables_that_cannot_be_divided_are_named() {
    let home = Home::new();
    home.keep("one.csv", "id,a,b\nA,1,x\n");
    home.keep("same.csv", format!("id,a,b\n{}", (0..30).map(|at| format!("C{at},5,x\n")).collect::<String>()));
    for (file, part) in [("one.csv", ""), ("same.csv", ""), ("none.csv", "none.csv")] {
        let said = home.say(&["segments", "cluster", "--data", file]);
        assert!(matches!(said.code, Some(2 | 3)) && said.err.contains(part) && said.err.contains("hint:"), "{file}: {said}");
    }
}

#[test]
fn orders_are_scored_and_labels_are_asked_about() {
    let home = Home::new();
    let slip = (0..60).map(|at| {
        format!(
            "C{at},{},{}\n",
            at % 7,
            if at == 50 {
                "Actve"
            } else if at % 2 == 0 {
                "Active"
            } else {
                "Dormant"
            }
        )
    });
    home.keep("slip.csv", format!("id,visits,kind\n{}", slip.collect::<String>()));
    let said = home.say(&["segments", "learn", "--data", "slip.csv", "--label", "kind"]);
    assert!(
        said.code == Some(3) && said.err.contains("row 51 has the label \"Actve\"") && said.err.contains("did you mean \"Active\"?"),
        "{said}"
    );
    let said = home.say(&["segments", "learn", "--data", "slip.csv", "--label", "knd"]);
    assert!(said.code == Some(2) && said.err.contains("did you mean --label kind?"), "{said}");
    let Some(orders) = public("CDNOW_master.txt") else { return };
    let told = home.json(&["segments", "rfm", "--data", orders.to_str().unwrap(), "--out", "rfm.csv"]);
    assert_eq!((told["rows"].as_u64(), told["rejected"].as_u64(), told["as_of"].as_str()), (Some(69_659), Some(0), Some("1998-06-30")));
    let scored = told["rfm"]["scores"].as_array().unwrap().len() as u64;
    assert_eq!(scored + told["rfm"]["without_purchase"].as_u64().unwrap(), 23_570, "every customer is scored or counted");
    assert_eq!(home.text("rfm.csv").lines().count() as u64, scored + 1);
}

#[test]
fn learned_segments_are_kept_in_a_file_and_assign_without_learning() {
    let home = Home::new();
    let kind = |at: usize| if at % 7 < 3 { "Active" } else { "Dormant" };
    let rows = |label: bool| {
        let line = |at: usize| if label { format!("C{at},{},{}\n", at % 7, kind(at)) } else { format!("C{at},{}\n", at % 7) };
        (0..120).map(line).collect::<String>()
    };
    home.keep("known.csv", format!("id,visits,kind\n{}", rows(true)));
    home.keep("new.csv", format!("id,visits\n{}", rows(false)));
    home.keep("other.csv", format!("id,calls\n{}", rows(false)));
    home.does(&["segments", "learn", "--data", "known.csv", "--label", "kind", "--save", "kinds.json", "--out", "known-out.csv"]);
    let told = home.json(&["segments", "learn", "--data", "new.csv", "--model", "kinds.json", "--out", "new-out.csv"]);
    let counts: Vec<u64> = told["segments"].as_array().unwrap().iter().map(|one| one["customers"].as_u64().unwrap()).collect();
    assert_eq!((counts, told["customers"].as_u64()), (vec![52, 68], Some(120)), "{told}");
    let column = |file: &str| home.text(file).lines().map(|line| line.split(',').take(3).collect::<Vec<_>>().join(",")).collect::<Vec<_>>();
    assert_eq!(column("known-out.csv"), column("new-out.csv"), "the same segments and probabilities as when they were learned");
    let refused = |args: &[&str], code: i32, part: &str| {
        let said = home.say(&[["segments", "learn", "--data"].as_slice(), args].concat());
        assert!(said.code == Some(code) && said.err.contains(part), "{part}: {said}");
    };
    refused(&["other.csv", "--model", "kinds.json"], 3, "the segments were learned from other columns: column \"visits\" is missing");
    refused(&["new.csv", "--model", "kinds.json", "--seed", "7"], 2, "cannot be used with");
    refused(&["new.csv", "--model", "none.json"], 2, "none.json could not be read");
    refused(&["new.csv"], 2, "--label <COLUMN>");
    home.keep("kinds.json", home.text("kinds.json").replacen("\"missing_rows\":0", "\"missing_rows\":1", 1));
    refused(&["new.csv", "--model", "kinds.json"], 3, "was changed after training");
    home.keep("kinds.json", "{}");
    refused(&["new.csv", "--model", "kinds.json"], 3, "kinds.json was refused");
}
