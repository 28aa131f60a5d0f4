//! What a person reads who gives Winback something it cannot use: which file, which line and column,
//! what was expected and what to do; and an exit code that is not 0 when nothing useful came out.
use crate::home::{Home, Said};
use std::fs::File;
use std::process::Command;

/// Collects cases into one picture, so that all sentences can be read side by side.
#[derive(Default)]
struct Picture(String);

impl Picture {
    fn add(&mut self, name: &str, said: &Said) {
        assert!(!said.err.contains("panicked"), "{name}: {said}");
        self.0.push_str(&format!("── {name} ──\n{said}\n"));
    }
}

fn sample() -> String {
    Home::with_sample(60).text("sample.csv")
}

/// Returns the table with one line changed; lines are counted from 1, as in messages.
fn with_line(table: &str, line: usize, change: impl Fn(&str) -> String) -> String {
    let lines = table.lines().enumerate().map(|(index, text)| if index + 1 == line { change(text) } else { text.to_owned() });
    lines.map(|text| text + "\n").collect()
}

fn with_cell(table: &str, line: usize, column: usize, value: &str) -> String {
    with_line(table, line, |text| {
        let mut cells: Vec<&str> = text.split(',').collect();
        cells[column - 1] = value;
        cells.join(",")
    })
}

fn utf_16(text: &str) -> Vec<u8> {
    [0xFF, 0xFE].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect()
}

#[test]
fn files_that_hold_no_table_are_named_for_what_they_are() {
    let table = sample();
    let header = table.lines().next().unwrap();
    let cases: [(&str, Vec<u8>); 10] = [
        ("an HTML page saved as .csv", b"<!DOCTYPE html>\n<html><body>Sign in</body></html>".to_vec()),
        ("a zip archive", b"PK\x03\x04\x14\x00customers.csv".to_vec()),
        ("UTF-16", utf_16(&table)),
        ("another delimiter", table.replace(',', ";").into_bytes()),
        ("a header only", format!("{header}\n").into_bytes()),
        ("no rows and no header", Vec::new()),
        ("an unknown column in place of a known one", table.replace("PaymentMethod", "PayMethod").into_bytes()),
        ("a column twice", table.replacen("Partner", "gender", 1).into_bytes()),
        ("another encoding", [table.as_bytes(), b"\xC0\xC1,\xFF\n"].concat()),
        ("every row wrong", table.replace(",Yes\n", ",1\n").replace(",No\n", ",0\n").replace('-', "").into_bytes()),
    ];
    let mut picture = Picture::default();
    for (name, bytes) in cases {
        let home = Home::new();
        home.keep("customers.csv", bytes);
        picture.add(name, &home.say(&["import", "customers.csv"]));
    }
    insta::assert_snapshot!(picture.0);
}

#[test]
fn rows_that_do_not_fit_are_named_and_the_others_load() {
    let table = sample();
    let with_extra: String =
        table.lines().enumerate().map(|(index, line)| format!("{line},{}\n", if index == 0 { "Nickname" } else { "x" })).collect();
    let cases: [(&str, String); 8] = [
        ("a truncated download", table[..table.len() - 40].to_owned()),
        ("a row too short", with_line(&table, 5, |line| line.rsplit_once(',').unwrap().0.to_owned())),
        ("a row too long", with_line(&table, 6, |line| format!("{line},Yes"))),
        ("an id twice", format!("{table}{}\n", table.lines().nth(7).unwrap())),
        ("a label with three values", with_cell(&with_cell(&table, 9, 21, "Maybe"), 10, 21, "Unknown")),
        ("a word where a number belongs", with_cell(&table, 11, 19, "a lot")),
        ("an unknown column more", with_extra),
        ("a quote that is never closed", with_cell(&table, 12, 2, "\"Male")),
    ];
    let mut picture = Picture::default();
    for (name, text) in cases {
        let home = Home::new();
        home.keep("customers.csv", text);
        let said = home.say(&["import", "customers.csv"]);
        assert_eq!(said.code, Some(0), "{name}: {said}");
        assert!(home.text("data/processed/row_findings.csv").starts_with("line,"), "{name}");
        picture.add(name, &said);
    }
    insta::assert_snapshot!(picture.0);
}

#[test]
fn a_hundred_megabytes_in_one_cell_cost_one_row() {
    let table = sample();
    let home = Home::new();
    home.keep("plain.csv", with_cell(&table, 4, 2, &"x".repeat(100_000_000)));
    home.keep("quoted.csv", with_cell(&table, 4, 2, &format!("\"{}\"", "x\n".repeat(50_000_000))));
    let mut picture = Picture::default();
    picture.add("one line", &home.say(&["import", "plain.csv"]));
    picture.add("fifty million lines in quotes", &home.say(&["import", "quoted.csv"]));
    insta::assert_snapshot!(picture.0);
}

#[test]
fn labels_that_teach_nothing_are_told() {
    let table = sample();
    let mut picture = Picture::default();
    let mut add = |name: &str, text: String| {
        let home = Home::new();
        home.keep("customers.csv", text);
        let said = home.say(&["run", "--data", "customers.csv"]);
        assert_eq!(said.code, Some(3), "{name}: {said}");
        picture.add(name, &said);
    };
    add("everyone stayed", table.replace(",Yes\n", ",No\n"));
    add(
        "too few left, and rows were left out",
        with_cell(&table.lines().take(20).map(|line| format!("{line}\n")).collect::<String>(), 3, 21, "Maybe"),
    );
    add("no label column and no model yet", table.lines().map(|line| format!("{}\n", line.rsplit_once(',').unwrap().0)).collect());
    insta::assert_snapshot!(picture.0);
}

#[test]
fn paths_that_lead_nowhere_are_told() {
    let home = Home::with_sample(20);
    home.keep("folder/inside.csv", "");
    let mut picture = Picture::default();
    let mut add = |args: &[&str]| picture.add(&args.join(" "), &home.say(args));
    add(&["run", "--data", "missing.csv"]);
    add(&["import", "--check", "missing.csv"]);
    add(&["import", "--infer", "missing.csv"]);
    add(&["run", "--data", "folder"]);
    add(&["import", "--infer", "folder"]);
    add(&["run"]);
    add(&["run", "--data", "sample.csv", "--schema", "missing.toml"]);
    add(&["run", "--data", "sample.csv", "--events", "missing.csv"]);
    add(&["offers", "lint", "missing.toml"]);
    add(&["show", "0000-AAAAA"]);
    add(&["serve", "--address", "0.0.0.0"]);
    add(&["frobnicate"]);
    insta::assert_snapshot!(picture.0);
}

#[test]
fn a_wrong_configuration_is_told_by_line() {
    let cases = [
        ("not TOML", "winback.toml", "[risk\nmedium = 0.4\n"),
        ("thresholds swapped", "winback.toml", "[risk]\nmedium = 0.7\nhigh = 0.4\n"),
        ("value bounds swapped", "winback.toml", "[value]\nmid = \"80\"\nhigh = \"40\"\n"),
        ("an unknown key", "winback.toml", "[training]\nsed = 7\n"),
        ("a word for a number", "winback.toml", "[serve]\nport = \"high\"\n"),
        ("a dashboard open to everyone", "winback.toml", "[serve]\naddress = \"0.0.0.0\"\n"),
        ("not UTF-8", "winback.toml", "\u{1}"),
        (
            "a schema without an id",
            "schema.toml",
            "[table]\nname = \"x\"\ncurrency = \"USD\"\n\n[[column]]\nname = \"a\"\ntype = \"number\"\n",
        ),
        (
            "a schema with an unknown type",
            "schema.toml",
            "[table]\nname = \"x\"\ncurrency = \"USD\"\n\n[[column]]\nname = \"a\"\ntype = \"nummer\"\n",
        ),
        ("offers that are not TOML", "offers.toml", "currency = USD\n"),
        ("a template with an unknown slot", "templates/en/email.txt", "Dear {{ nobody"),
    ];
    let mut picture = Picture::default();
    for (name, file, text) in cases {
        let home = Home::with_sample(20);
        match name {
            "not UTF-8" => home.keep(file, b"[risk]\nmedium = \xFF\n"),
            _ if file.starts_with("templates") => {
                home.does(&["init"]);
                let folder = std::fs::read_dir(home.path("templates/en")).unwrap();
                let mut files: Vec<_> = folder.map(|file| file.unwrap().path()).collect();
                files.sort();
                std::fs::write(&files[0], text).unwrap();
                files.swap_remove(0)
            }
            _ => home.keep(file, text),
        };
        let said = home.say(&["run", "--data", "sample.csv"]);
        assert_eq!(said.code, Some(5), "{name}: {said}");
        picture.add(name, &said);
    }
    insta::assert_snapshot!(picture.0);
}

#[test]
fn a_customer_who_is_not_there_is_told_with_the_nearest_ids() {
    let home = Home::with_run(300);
    let ids = home.ids("sample.csv");
    let mut picture = Picture::default();
    let mut near = ids[10].clone();
    near.pop();
    let mut add = |name: &str, args: &[&str], code: i32| {
        let said = home.say(args);
        assert_eq!(said.code, Some(code), "{name}: {said}");
        assert!(said.out.is_empty(), "{name}: {said}");
        picture.add(name, &said);
    };
    add("one letter missing", &["show", &near], 2);
    add("written for nobody", &["write", "--id", &near], 2);
    add("nothing like it", &["show", "日本語"], 2);
    add("a script", &["show", "<script>alert(1)</script>"], 2);
    add("control characters", &["show", "\u{1b}[31mred"], 2);
    add("empty", &["show", ""], 2);
    add("a level that is not there", &["show", "--random", "--risk", "severe"], 2);
    add("approved for nobody", &["actions", "approve", &near, "--by", "Mei"], 2);
    home.keep("winback.toml", "[risk]\nmedium = 0.98\nhigh = 0.99\n");
    home.does(&["run", "--data", "sample.csv"]);
    let said = home.say(&["show", "--random", "--risk", "high"]);
    assert_eq!(said.code, Some(2), "{said}");
    picture.add("nobody fits the filter", &said);
    insta::assert_snapshot!(picture.0);
}

#[test]
fn a_folder_that_cannot_be_written_is_told() {
    if !std::path::Path::new("/proc/self").exists() {
        return skip("there is no /proc, the one folder in which even root cannot make files");
    }
    let home = Home::with_sample(20);
    let file = home.path("sample.csv").to_str().unwrap().to_owned();
    for args in [vec!["run", "--data", &file], vec!["demo", "--no-serve"], vec!["init"], vec!["sample", "--out", "sample.csv"]] {
        let said = Said::from(home.command(&args).current_dir("/proc").output().unwrap());
        assert_eq!(said.code, Some(if args[0] == "init" { 5 } else { 6 }), "{args:?}: {said}");
        assert!(said.err.contains("hint: ") || args[0] == "init", "{args:?}: {said}");
    }
    let said = Said::from(home.command(&["doctor"]).current_dir("/proc").output().unwrap());
    assert_eq!(said.code, Some(7), "{said}");
    assert!(said.out.contains("WRONG"), "{said}");
}

/// A limit on the size of files stands in for a full disk: writing fails in the middle, as it does there.
#[test]
fn a_full_disk_is_told_and_the_run_goes_on_when_there_is_room() {
    let home = Home::with_sample(3_000);
    let full = |kilobytes: u32| {
        let mut shell = Command::new("bash");
        let script = format!("trap '' XFSZ; ulimit -f {kilobytes}; exec \"$0\" \"$@\"");
        shell.args(["-c", &script]).arg(env!("CARGO_BIN_EXE_winback")).args(["--home", ".", "run", "--data", "sample.csv"]);
        Said::from(shell.current_dir(home.path("")).env("RUST_BACKTRACE", "0").output().unwrap())
    };
    if Command::new("bash").arg("--version").output().is_err() {
        return skip("there is no bash to limit the size of files with");
    }
    for kilobytes in [8, 300, 900] {
        let said = full(kilobytes);
        assert_eq!(said.code, Some(6), "{kilobytes}: {said}");
        assert!(said.err.contains("hint: "), "{said}");
    }
    home.does(&["run", "--data", "sample.csv"]);
    let unbroken = Home::with_run(3_000);
    let id = &home.ids("sample.csv")[2_999];
    assert_eq!(home.json(&["show", id]), unbroken.json(&["show", id]));

    let Ok(full) = File::options().write(true).open("/dev/full") else { return };
    let output = home.command(&["show", id]).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("error: "), "{output:?}");
}

#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn skip(why: &str) {
    eprintln!("SKIPPED: {why}");
}
