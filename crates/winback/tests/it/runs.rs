//! Which run the commands show: one that came to nothing takes no message away.
use crate::home::Home;

/// Returns a folder with one whole run, and the id of a customer with messages.
fn done() -> (Home, String) {
    let home = Home::with_run(400);
    let rows = home.json(&["actions", "approve", "--top", "1", "--by", "Mei"]);
    assert_eq!(rows["decided"], 1);
    let id = home.json(&["actions", "list"])[0]["customer"].as_str().unwrap().to_owned();
    (home, id)
}

/// Asks every command that only reads, and says with what standard error begins.
fn all_read(home: &Home, id: &str, note: &str) {
    let commands: [&[&str]; 7] = [
        &["show", id],
        &["write", "--id", id],
        &["actions", "list"],
        &["templates", "preview", "--id", id],
        &["thresholds"],
        &["offers", "simulate", "--offers", "same.toml"],
        &["export", "--format", "csv", "--out", "messages.csv", "--overwrite"],
    ];
    for args in commands {
        let said = home.say(args);
        assert_eq!(said.code, Some(0), "{args:?}: {said}");
        assert!(said.err.starts_with(note) && (!note.is_empty() || said.err.is_empty()), "{args:?}: {said}");
        assert_eq!(said.err.matches("note: run").count(), usize::from(!note.is_empty()), "{args:?}: {said}");
    }
}

#[test]
fn a_file_that_cannot_be_read_begins_no_run() {
    let (home, id) = done();
    home.keep("same.toml", include_str!("../../defaults/offers.toml"));
    home.keep("bad.csv", home.text("sample.csv").replacen("PaymentMethod", "PayMethod", 1));
    home.keep("page.csv", "<!DOCTYPE html>\n<html><body>Sign in</body></html>");
    for args in [["run", "--data", "bad.csv"].as_slice(), &["import", "bad.csv"], &["import", "page.csv"]] {
        let said = home.say(args);
        assert_eq!(said.code, Some(3), "{args:?}: {said}");
    }
    all_read(&home, &id, "");
    home.does(&["write"]);
    assert!(home.does(&["doctor"]).contains("newest run 1: 400 customers"));
}

#[test]
fn an_import_alone_hides_no_message() {
    let (home, id) = done();
    home.keep("same.toml", include_str!("../../defaults/offers.toml"));
    home.does(&["sample", "--rows", "60", "--seed", "9", "--out", "other.csv"]);
    home.does(&["import", "other.csv"]);
    let note = "note: run 2 (other.csv) has been imported but not trained yet; this is run 1 (sample.csv)";
    all_read(&home, &id, note);
    let said = home.say(&["write"]);
    assert_eq!(said.code, Some(2), "{said}");
    insta::assert_snapshot!(said.to_string());
    let doctor = home.does(&["doctor"]);
    let told =
        "note   store                    newest run 2: 60 customers of other.csv; run 2 (other.csv) has been imported but not trained";
    let store = doctor.lines().find(|line| line.contains("store")).unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(store.starts_with(&told.split_whitespace().collect::<Vec<_>>().join(" ")), "{doctor}");
    for (stage, lacks) in [("assess", "trained"), ("plan", "trained")] {
        let said = home.say(&[stage]);
        assert!(said.code == Some(2) && said.err.contains(&format!("not {lacks} yet")), "{stage}: {said}");
    }
    for stage in ["train", "assess", "plan", "write"] {
        home.does(&[stage]);
    }
    assert!(home.does(&["doctor"]).contains("newest run 2: 60 customers of other.csv\n"));
}

#[test]
fn a_run_without_customers_is_passed_over_and_the_doctor_says_so() {
    let (home, id) = done();
    home.keep("same.toml", include_str!("../../defaults/offers.toml"));
    let header = home.text("sample.csv").lines().next().unwrap().to_owned();
    home.keep("empty.csv", format!("{header}\nx\ny\n"));
    assert_eq!(home.say(&["run", "--data", "empty.csv"]).code, Some(3));
    all_read(&home, &id, "note: run 2 (empty.csv) has not been imported to its end; this is run 1 (sample.csv)");
    home.does(&["write", "--top", "3"]);
    let said = home.say(&["doctor"]);
    assert_eq!(said.code, Some(7), "{said}");
    assert!(said.out.contains("newest run 2: 0 customers of empty.csv; run 2 (empty.csv) has not been imported"), "{said}");
}

/// Whatever is written later, the report that the dashboard shows counts every message of the run.
#[test]
fn the_report_of_a_run_counts_what_was_written_later() {
    let home = Home::with_sample(400);
    home.does(&["run", "--data", "sample.csv", "--top", "3"]);
    let kept = || {
        let run = home.json(&["run", "--data", "sample.csv"]);
        assert_eq!(run["done_before"], true);
        let report = run["stages"][4]["report"].clone();
        (report["ready"].as_u64().unwrap(), report["not_selected"].as_u64().unwrap(), report["messages"].as_u64().unwrap())
    };
    let (ready, waiting, messages) = kept();
    assert_eq!((ready, messages), (3, 27));
    home.does(&["actions", "approve", "--top", "5", "--by", "Mei"]);
    let planned = home.json(&["actions", "list"]);
    let written = |id: &str| !home.json(&["show", id])["writings"].as_array().unwrap().is_empty();
    let ids: Vec<&str> = planned.as_array().unwrap().iter().map(|row| row["customer"].as_str().unwrap()).collect();
    let fresh = ids.into_iter().find(|id| !written(id)).unwrap();
    for _ in 0..2 {
        home.does(&["write", "--id", fresh]);
        assert_eq!(kept(), (4, waiting - 1, 36));
    }
    let all = home.json(&["write", "--all"]);
    assert_eq!((all["ready"].as_u64().unwrap(), all["not_selected"].as_u64().unwrap()), (3 + waiting, 0));
    assert_eq!(kept(), (3 + waiting, 0, 9 * (3 + waiting)));
    assert_eq!(home.json(&["write", "--top", "2"]), all);
    let again = home.json(&["write", "--again", "--top", "2"]);
    assert_eq!((again["ready"].as_u64().unwrap(), kept().0), (2, 2));
}
