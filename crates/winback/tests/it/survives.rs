//! A run that is killed goes on where it stopped, and two runs never work in one folder.
use crate::home::{Home, Said};
use serde_json::Value;
use std::process::Stdio;
use std::time::{Duration, Instant};

const RUN: [&str; 5] = ["run", "--data", "sample.csv", "--top", "300"];

/// Returns what is the same in two runs that did the same work: the reports of the stages.
fn reports(home: &Home) -> Vec<(String, Value)> {
    let run = home.json(&RUN);
    assert_eq!(run["run"], 1, "one run, however often it was taken up");
    assert_eq!(run["done_before"], true);
    let stages = run["stages"].as_array().unwrap().iter();
    stages.map(|stage| (stage["stage"].as_str().unwrap().to_owned(), stage["report"].clone())).collect()
}

#[test]
fn a_run_killed_again_and_again_ends_like_one_that_was_not() {
    let (unbroken, killed) = (Home::with_sample(40_000), Home::with_sample(40_000));
    let start = Instant::now();
    unbroken.does(&RUN);
    let whole = start.elapsed();
    let mut kills = 0;
    for part in [0.05, 0.15, 0.3, 0.3, 0.3, 0.2] {
        let mut child = killed.command(&RUN).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(whole.mul_f64(part));
        if child.try_wait().unwrap().is_none() {
            child.kill().unwrap();
            kills += 1;
        }
        child.wait().unwrap();
    }
    assert!(kills >= 3, "only {kills} of the kills met a living run");
    killed.does(&RUN);
    assert_eq!(reports(&killed), reports(&unbroken));
    let ids = unbroken.ids("sample.csv");
    for id in ids.iter().step_by(4_999).chain(ids.last()) {
        assert_eq!(killed.json(&["show", id]), unbroken.json(&["show", id]), "{id}");
    }
    let list = |home: &Home| home.serves(&["serve", "--port", "0"]).get("/api/v1/customers?sort=net_value&size=500&written=yes");
    let customers = |answer: &str| answer.split_once("\r\n\r\n").unwrap().1.to_owned();
    let (first, second) = (customers(&list(&unbroken)), customers(&list(&killed)));
    assert!(first.contains("\"total\":300"), "{}", &first[..200.min(first.len())]);
    assert_eq!(first, second);
}

#[test]
fn the_second_of_two_runs_leaves_and_names_the_first() {
    let home = Home::with_sample(40_000);
    let mut first = home.command(&RUN).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    // The lock file tells who has it; asking earlier could take the lock from the first run.
    while !std::fs::read_to_string(home.path("winback.db.lock")).is_ok_and(|text| text.contains(&first.id().to_string())) {
        assert!(first.try_wait().unwrap().is_none(), "the first run ended before it began to work");
        std::thread::sleep(Duration::from_millis(5));
    }
    for args in [&RUN[..], &["import", "sample.csv"], &["train"], &["assess"], &["plan"], &["write"]] {
        let said = home.say(args);
        assert!(first.try_wait().unwrap().is_none(), "the first run ended too early");
        assert_eq!(said.code, Some(4), "{args:?}: {said}");
        assert!(said.err.contains(&format!("(process {})", first.id())), "{args:?}: {said}");
    }
    first.kill().unwrap();
    first.wait().unwrap();
    let after = Said::from(home.command(&["import", "sample.csv"]).output().unwrap());
    assert_eq!(after.code, Some(0), "the lock goes with the process: {after}");
}

/// A run keeps the settings it was begun with; changed files are for the next run.
#[test]
fn a_run_goes_on_with_its_own_settings() {
    let home = Home::with_sample(300);
    home.does(&["run", "--data", "sample.csv", "--top", "0"]);
    let levels = |home: &Home| home.json(&["assess", "--again"])["levels"].clone();
    let before = levels(&home);
    home.keep("winback.toml", "[risk]\nmedium = 0.05\nhigh = 0.1\n");
    assert_eq!(levels(&home), before, "the newest run is shown and continued as it was begun");
    let fresh = home.json(&["run", "--data", "sample.csv", "--top", "0"]);
    assert_eq!(fresh["run"], 2, "new settings make a new run");
    assert!(levels(&home)["high"].as_u64() > before["high"].as_u64());
}
