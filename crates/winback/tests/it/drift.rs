//! Whether the customers of an import look like those of an earlier one.
use crate::home::Home;
use serde_json::Value;

/// Returns a table with every cell of a column changed, without its last columns from `until` on.
fn altered(table: &str, column: &str, until: Option<&str>, change: impl Fn(usize, &str) -> String) -> String {
    let header: Vec<&str> = table.lines().next().unwrap().split(',').collect();
    let at = header.iter().position(|name| *name == column).unwrap();
    let end = until.map_or(header.len(), |until| header.iter().position(|name| *name == until).unwrap());
    let line = |(row, line): (usize, &str)| {
        let cell = |(place, cell): (usize, &str)| if place == at && row > 0 { change(row, cell) } else { cell.to_owned() };
        line.split(',').enumerate().take(end).map(cell).collect::<Vec<_>>().join(",") + "\n"
    };
    table.lines().enumerate().map(line).collect()
}

fn column<'a>(drift: &'a Value, name: &str) -> &'a Value {
    drift["columns"].as_array().unwrap().iter().find(|column| column["column"] == name).unwrap()
}

#[test]
fn a_run_says_how_far_its_customers_moved_from_those_of_training() {
    let home = Home::with_run(600);
    let said = home.say(&["drift"]);
    assert!(said.code == Some(2) && said.to_string().contains("there is no earlier run of another file"), "{said}");
    assert!(home.json(&["assess"])["drift"].is_null(), "nothing to compare with");

    let table = home.text("sample.csv");
    home.keep("later.csv", altered(&table, "tenure", Some("Churn"), |row, _| (row % 3).to_string()));
    let run = home.json(&["run", "--data", "later.csv"]);
    let kept = home.json(&["assess"])["drift"].clone();
    let assessed = run["stages"].as_array().unwrap().iter().find(|stage| stage["stage"] == "assess").unwrap();
    assert!(assessed["report"]["drift"] == kept && assessed["report"]["profile"].is_null(), "{run}");
    assert_eq!((&kept["from"], &kept["to"], &kept["basis"]), (&1.into(), &2.into(), &"training".into()), "{kept}");
    assert_eq!(column(&kept, "tenure")["reading"], "changed", "{kept}");
    let gender = column(&kept, "gender");
    assert!(gender["psi"].as_f64().unwrap() < 1e-4 && gender["reading"] == "stable", "{kept}");
    assert!(kept["scores"]["same_model"] == true && kept["scores"]["mean_now"].as_f64() > kept["scores"]["mean_before"].as_f64(), "{kept}");
    assert_eq!(home.json(&["drift"]), kept, "the command shows what is kept");
    let said = home.does(&["assess"]);
    assert!(said.contains("Compared with those of run 1 (sample.csv, on which the model was trained), 1 of "), "{said}");
    assert!(said.contains("columns changed (tenure) and "), "{said}");

    let named = home.json(&["drift", "--from", "2", "--to", "1"]);
    assert_eq!((&named["basis"], &named["from"], &column(&named, "tenure")["reading"]), (&"named".into(), &2.into(), &"changed".into()));
    for (language, word) in [("en", "changed"), ("zh-TW", "已改變"), ("zh-CN", "已变化")] {
        let text = home.does(&["drift", "--lang", language]);
        let line = text.lines().find(|line| line.starts_with("tenure")).unwrap();
        assert!(line.contains(word) && line.contains('→'), "{text}");
    }
    let said = home.say(&["drift", "--from", "99"]);
    assert!(said.code == Some(2) && said.to_string().contains("there is no run 99"), "{said}");
}

#[test]
fn of_few_customers_nothing_is_claimed() {
    let home = Home::with_run(400);
    home.does(&["sample", "--rows", "90", "--seed", "9", "--out", "few.csv"]);
    let text = home.does(&["run", "--data", "few.csv"]);
    assert!(text.contains("Too few customers to say whether they look like those of run 1 (sample.csv)."), "{text}");
    let text = home.does(&["drift"]);
    assert!(text.contains("fewer than 200 customers") && !text.contains("stable  "), "{text}");
}

#[test]
fn the_customers_of_training_are_compared_with_however_many_runs_came_since() {
    let home = Home::with_sample(400);
    home.keep("winback.toml", "[work]\nkeep_runs = 3\n");
    home.does(&["run", "--data", "sample.csv", "--folds", "0"]);
    let table = home.text("sample.csv");
    let later = |run: usize| altered(&table, "tenure", Some("Churn"), move |row, _| (row % (3 + run)).to_string());
    for run in 2..=5 {
        home.keep("later.csv", later(run));
        home.does(&["run", "--data", "later.csv"]);
        let kept = home.json(&["assess"])["drift"].clone();
        assert_eq!((&kept["from"], &kept["to"], &kept["basis"]), (&1.into(), &run.into(), &"training".into()), "{kept}");
        assert_eq!((&kept["from_source"], &kept["scores"]["same_model"]), (&"sample.csv".into(), &true.into()), "{kept}");
    }
    assert!(home.say(&["drift", "--from", "1"]).to_string().contains("there is no run 1"), "the run itself is pruned");
    home.keep("later.csv", later(6));
    home.does(&["import", "later.csv"]);
    let found = home.json(&["drift"]);
    assert_eq!((&found["from"], &found["to"], &found["basis"]), (&1.into(), &6.into(), &"training".into()), "before training, too");

    let elsewhere = Home::new();
    elsewhere.keep("later.csv", later(2));
    for file in std::fs::read_dir(home.path("models")).unwrap().map(Result::unwrap) {
        elsewhere.keep(&format!("models/{}", file.file_name().to_str().unwrap()), std::fs::read(file.path()).unwrap());
    }
    elsewhere.does(&["run", "--data", "later.csv"]);
    let kept = elsewhere.json(&["drift"]);
    assert_eq!((&kept["from_source"], &kept["basis"]), (&"sample.csv".into(), &"training".into()), "in another folder, too");

    let version = home.text("models/current").trim().trim_end_matches(".json").to_owned();
    let file = format!("models/{version}.customers.json");
    home.keep(&file, "{");
    let said = home.does(&["run", "--data", "later.csv"]);
    assert!(said.contains("400 customers assessed") && said.contains("could not be compared with those of an earlier run"), "{said}");
    assert!(said.contains(&format!("{version}.customers.json is no description of the customers")), "{said}");
    std::fs::remove_file(home.path(&file)).unwrap();
    home.does(&["assess", "--again"]);
    assert_eq!(home.json(&["assess"])["drift"]["basis"], "before", "a model of an earlier program, its run pruned");
}
