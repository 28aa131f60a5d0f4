//! `winback export`: what is handed out, to whom, what is kept back, and that the counts add up.
use crate::home::Home;
use serde_json::Value;
use std::collections::BTreeSet;

const PARTS: [&str; 7] = ["exported", "held", "unreachable", "not_written", "not_chosen", "left_alone", "filtered_out"];

/// Returns a folder where messages are written for generated customers with contact details, some of them changed.
fn home(change: impl Fn(usize, &mut Vec<String>)) -> Home {
    let home = Home::new();
    home.does(&["sample", "--rows", "300", "--contacts", "--out", "made.csv"]);
    let text = home.text("made.csv");
    let row = |(at, line): (usize, &str)| {
        let mut cells: Vec<String> = line.split(',').map(str::to_owned).collect();
        if at > 0 {
            change(at, &mut cells);
        }
        cells.join(",")
    };
    home.keep("customers.csv", text.lines().enumerate().map(row).collect::<Vec<_>>().join("\n") + "\n");
    home.does(&["run", "--data", "customers.csv"]);
    home
}

const EMAIL: usize = 22;
const LANGUAGE: usize = 24;

fn number(count: &Value, name: &str) -> u64 {
    count[name].as_u64().unwrap_or_else(|| panic!("{name}: {count}"))
}

fn adds_up(count: &Value) {
    let sum: u64 = PARTS.iter().map(|name| number(count, name)).sum();
    assert_eq!(sum, number(count, "customers"), "{count}");
}

fn files(home: &Home, folder: &str) -> Vec<String> {
    let mut names: Vec<String> =
        std::fs::read_dir(home.path(folder)).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn every_form_hands_out_the_same_customers_and_the_counts_add_up() {
    let home = home(|_, _| ());
    for format in ["eml", "csv", "xlsx-csv", "json", "html", "markdown"] {
        let count = home.json(&["export", "--format", format, "--out", &format!("out-{format}")]);
        adds_up(&count);
        assert!(number(&count, "exported") > 20 && number(&count, "left_alone") > 0, "{format}: {count}");
        let few = home.json(&["export", "--format", format, "--out", &format!("few-{format}"), "--value", "high", "--top", "3"]);
        adds_up(&few);
        assert_eq!((number(&few, "exported"), number(&few, "filtered_out") > 0), (3, true), "{few}");
    }
    let mails = files(&home, "few-eml");
    assert_eq!((mails.len(), mails[3].as_str()), (4, "export.json"));
    let lines: Vec<Value> = home.text("out-json").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let ids = |lines: &[Value]| lines.iter().map(|line| line["customer"].as_str().unwrap().to_owned()).collect::<BTreeSet<_>>();
    let rows = home.text("out-csv").lines().filter(|line| ids(&lines).iter().any(|id| line.starts_with(&format!("{id},")))).count();
    assert_eq!(rows, lines.len());
    assert_eq!(home.text("out-html").matches("<article").count(), lines.len());
}

#[test]
fn a_customer_is_written_to_in_their_own_language() {
    let home = home(|at, cells| {
        if at.is_multiple_of(2) {
            cells[LANGUAGE].clear();
        }
    });
    let languages = |out: &str, args: &[&str]| {
        let mut all = vec!["export", "--format", "json", "--out", out];
        all.extend(args);
        home.does(&all);
        let lines = home.text(out).lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<Value>>();
        lines.iter().map(|l| (l["line"].as_u64().unwrap(), l["language"].as_str().unwrap().to_owned())).collect::<Vec<_>>()
    };
    let made = home.text("made.csv");
    let own = |line: u64| made.lines().nth(line as usize - 1).unwrap().split(',').nth(LANGUAGE).unwrap().to_owned();
    // Line 3 of the file is row 2.
    let unsaid = |line: u64| (line - 1).is_multiple_of(2);
    for (line, language) in languages("first.json", &[]) {
        assert_eq!(language, if unsaid(line) { "zh-TW".to_owned() } else { own(line) }, "line {line}");
    }
    let two = languages("two.json", &["--lang", "en", "--lang", "zh-CN"]);
    for (line, language) in &two {
        assert!(if unsaid(*line) { language == "en" || language == "zh-CN" } else { *language == own(*line) }, "line {line}");
    }
    assert!(two.len() > languages("again.json", &["--lang", "en"]).len());
    home.does(&["export", "--format", "markdown", "--lang", "en", "--out", "read.md"]);
    assert!(home.text("read.md").contains(" · en · email") && !home.text("read.md").contains(" · zh-"));
}

#[test]
fn a_customer_without_an_address_is_named_and_left_out() {
    let home = home(|at, cells| match at % 3 {
        0 => cells[EMAIL].clear(),
        1 => cells[EMAIL] = "nobody".into(),
        _ => (),
    });
    let said = home.say(&["export", "--format", "eml", "--out", "mails", "--json"]);
    let count: Value = serde_json::from_str(&said.out).unwrap();
    adds_up(&count);
    assert_eq!(said.code, Some(8), "{said}");
    let mails = files(&home, "mails").len() as u64 - 1;
    assert_eq!((mails, number(&count, "held")), (number(&count, "exported"), 0));
    assert!(number(&count, "unreachable") > 0);
    let ids = home.ids("customers.csv");
    for reason in count["first_reasons"].as_array().unwrap().iter().map(|reason| reason.as_str().unwrap()) {
        let (id, rest) = reason.split_once(" (line ").unwrap();
        let line: usize = rest.split(')').next().unwrap().parse().unwrap();
        assert_eq!(ids[line - 2], id);
        let expected = if (line - 1).is_multiple_of(3) {
            "email: the cell is empty"
        } else {
            "email: the cell holds no e-mail address that can be used"
        };
        assert!(reason.ends_with(expected), "{reason}");
    }
    // The table still holds what can be told by telephone, and says what is missing.
    let count = home.say(&["export", "--format", "csv", "--out", "all.csv", "--json"]);
    let count: Value = serde_json::from_str(&count.out).unwrap();
    adds_up(&count);
    assert_eq!((number(&count, "unreachable"), number(&count, "partly") > 0), (0, true), "{count}");
    assert!(home.text("all.csv").contains(",email: the cell is empty,"));
}

#[test]
fn a_message_that_did_not_pass_its_review_is_kept_back_and_told() {
    let home = Home::new();
    // It names no offer, which only the review of a message can know.
    home.keep("templates/en/sms.jinja", "[sms]\n{{ company.short_name }}: Shall we talk? {{ company.phone }}. STOP to opt out\n");
    // No segment with a short message of its own.
    let label = "label = { zh-TW = \"老客戶\", zh-CN = \"老客户\", en = \"Long with us\" }";
    home.keep("segments.toml", format!("[[segment]]\nname = \"Loyal\"\n{label}\nwhen = [{{ role = \"tenure\", at_least = 60 }}]\n"));
    home.does(&["sample", "--rows", "300", "--contacts", "--out", "customers.csv"]);
    home.say(&["run", "--data", "customers.csv"]);
    let said = home.say(&["export", "--format", "json", "--out", "sms.json", "--channel", "sms", "--json"]);
    let count: Value = serde_json::from_str(&said.out).unwrap();
    adds_up(&count);
    assert!(said.code == Some(8) && number(&count, "exported") > 0 && number(&count, "held") > 0, "{said}");
    assert!(!home.text("sms.json").contains("Shall we talk") && !home.text("sms.json").contains("\"language\":\"en\""));
    let reason = count["first_reasons"][0].as_str().unwrap();
    assert!(reason.contains("sms (en): held, text: ") && reason.contains("offer"), "{reason}");
    // Where all is kept back, nothing is written, and the exit code says so.
    let id = reason.split(" (line ").next().unwrap();
    let said = home.say(&["export", "--format", "csv", "--out", "none.csv", "--channel", "sms", "--search", id]);
    assert!(said.code == Some(1) && said.out.contains("sms (en): held") && !home.path("none.csv").exists(), "{said}");
}

#[test]
fn a_table_without_addresses_makes_drafts_that_are_still_to_be_addressed() {
    let home = Home::with_run(300);
    let count = home.json(&["export", "--format", "eml", "--out", "mails"]);
    adds_up(&count);
    assert_eq!((number(&count, "unreachable"), number(&count, "partly")), (0, 0), "{count}");
    let names = files(&home, "mails");
    assert_eq!(names.len() as u64 - 1, number(&count, "exported"));
    assert!(!home.text(&format!("mails/{}", names[0])).contains("\r\nTo:"));
}

#[test]
fn a_mail_names_a_sender_only_when_the_company_gave_one() {
    let home = home(|_, _| ());
    let mail = |out: &str| {
        let said = home.say(&["export", "--format", "eml", "--out", out, "--top", "1", "--channel", "email"]);
        assert_eq!(said.code, Some(0), "{said}");
        (home.text(&format!("{out}/{}", files(&home, out)[0])), said.err)
    };
    let (without, told) = mail("without");
    assert!(!without.contains("From:") && told.contains("company.email in winback.toml"), "{told}");
    home.keep("winback.toml", "[company]\nemail = \"care@harbor.example\"\n");
    let (with, told) = mail("with");
    assert!(with.starts_with("From: ") && with.contains("<care@harbor.example>\r\n") && !told.contains("company.email"), "{with}{told}");
    home.keep("winback.toml", "[company]\nemail = \"care@harbor\\r\\nBcc: x@y.zz\"\n");
    let said = home.say(&["export", "--format", "eml", "--out", "broken"]);
    assert_eq!(said.code, Some(5), "{said}");
    assert!(said.err.contains("winback.toml:2") && said.err.contains("care@example.com"), "{said}");
}

#[test]
fn what_stands_there_already_is_replaced_only_when_asked() {
    let home = home(|_, _| ());
    home.does(&["export", "--format", "csv", "--out", "out.csv", "--top", "2"]);
    let first = home.bytes("out.csv");
    let again = ["export", "--format", "csv", "--out", "out.csv", "--top", "1"];
    assert_eq!(home.say(&again).code, Some(2));
    assert_eq!(home.bytes("out.csv"), first);
    home.does(&[&again[..], &["--overwrite"]].concat());
    assert!(home.bytes("out.csv").len() < first.len());
    home.keep("mine/letter.txt", "keep me");
    for format in ["eml", "json"] {
        let said = home.say(&["export", "--format", format, "--out", "mine", "--overwrite"]);
        assert_eq!(said.code, Some(2), "{said}");
    }
    assert_eq!(home.text("mine/letter.txt"), "keep me");
    home.does(&["export", "--format", "eml", "--out", "mails", "--top", "2"]);
    home.does(&["export", "--format", "eml", "--out", "mails", "--top", "1", "--overwrite"]);
    assert_eq!(files(&home, "mails").len(), 2);
}

#[test]
fn chance_draws_the_same_customers_for_the_same_seed() {
    let home = home(|_, _| ());
    let ids = |seed: &str, out: &str| {
        let count = home.json(&["export", "--format", "json", "--random", "10", "--seed", seed, "--out", out]);
        adds_up(&count);
        let ids = home
            .text(out)
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap()["customer"].as_str().unwrap().to_owned())
            .collect::<BTreeSet<_>>();
        assert_eq!(ids.len(), 10);
        ids
    };
    let seven = ids("7", "a");
    assert_eq!(ids("7", "b"), seven);
    assert_eq!(home.bytes("a"), home.bytes("b"));
    assert!(ids("8", "c").intersection(&seven).count() < 9, "a neighbouring seed draws others");
}

#[test]
fn only_what_a_person_approved() {
    let home = home(|_, _| ());
    let nothing = home.say(&["export", "--format", "csv", "--out", "none.csv", "--only-approved"]);
    assert_eq!(nothing.code, Some(2), "{nothing}");
    assert!(nothing.out.contains("none.csv does not exist") && !home.path("none.csv").exists(), "{nothing}");
    assert!(nothing.out.contains("hint: nothing is approved yet: winback actions approve --top 20"), "{nothing}");
    home.does(&["actions", "approve", "--top", "4", "--by", "Mei"]);
    let count = home.json(&["export", "--format", "csv", "--out", "four.csv", "--only-approved"]);
    assert_eq!((number(&count, "exported"), home.text("four.csv").matches(",approved,").count()), (4, 4), "{count}");
    assert_eq!(home.json(&["export", "--format", "csv", "--out", "same.csv", "--approval", "approved"]), count);
}

#[test]
fn what_cannot_be_asked_is_told() {
    let home = home(|_, _| ());
    let check = |args: &[&str], told: &str| {
        let said = home.say(&[&["export", "--out", "out"], args].concat());
        assert!(said.code == Some(2) && said.err.contains(told), "{args:?}: {said}");
        assert!(!home.path("out").exists());
    };
    check(&["--format", "eml", "--channel", "sms"], "the form eml holds email only, not sms");
    check(&["--format", "html", "--channel", "email"], "the form html holds call only");
    check(&["--format", "pdf"], "xlsx-csv");
    check(&["--format", "csv", "--risk", "severe"], "expected high, medium or low");
    check(&["--format", "csv", "--value", "gold"], "expected high, mid, low or unknown");
    check(&["--format", "csv", "--approval", "maybe"], "expected approved or declined");
    check(&["--format", "csv", "--top", "1", "--random", "1"], "cannot be used with");
    check(&["--format", "csv", "--seed", "1"], "--random");
    check(&["--format", "csv", "--offer", "nope"], "there is no offer \"nope\"\n  hint: the offers are annual-plan, annual-plan-light, ");
    let hint = |args: &[&str], told: &str| {
        let said = home.say(&[&["export", "--format", "csv", "--out", "out"], args].concat());
        assert!(said.code == Some(2) && said.out.contains(told) && !home.path("out").exists(), "{args:?}: {said}");
    };
    hint(&["--top", "0"], "hint: --top 0 asks for nobody");
    hint(&["--random", "0"], "hint: --random 0 asks for nobody");
    hint(&["--approval", "declined"], "hint: nothing is declined yet: winback actions decline");
    hint(&["--search", "nobody"], "hint: no customer fits the filter");
    hint(&["--risk", "low"], "hint: the plan leaves all of them alone");
    home.does(&["write", "--again", "--top", "0"]);
    hint(&[], "hint: ask for other customers, or write for more of them: winback write --all");
    let empty = Home::new();
    let said = empty.say(&["export", "--format", "csv", "--out", "out"]);
    assert!(said.code == Some(2) && said.err.contains("winback run --data FILE"), "{said}");
    let said = home.say(&["export", "--format", "csv", "--out", "no/where.csv"]);
    assert!(said.code == Some(6) && said.err.contains("the folder does not exist"), "{said}");
}

#[cfg(unix)]
#[test]
fn a_disk_that_takes_no_more_leaves_nothing_half_made() {
    let home = home(|_, _| ());
    for format in ["csv", "json", "html", "markdown"] {
        // A file may grow to 40 kB here, which is what a full disk does to a program that writes one.
        let program = format!("trap '' XFSZ; ulimit -f 80; exec \"$0\" --home . export --format {format} --out out");
        let shell = ["-c", program.as_str(), env!("CARGO_BIN_EXE_winback")];
        let output = std::process::Command::new("sh").args(shell).current_dir(home.path("")).output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(6) && err.contains("the disk is full"), "{format}: {:?} {err}", output.status);
        let left: Vec<String> = files(&home, "").into_iter().filter(|name| name.contains("out")).collect();
        assert_eq!(left, [""; 0], "{format}");
    }
}

/// Whoever sends a mail of the example company has sent it to real customers.
#[test]
fn the_example_company_is_told_of_before_anything_is_sent() {
    const NOTE: &str =
        "note: the company is still the example (Harbor Telecom (example)); change [company] in winback.toml before you send";
    let home = home(|at, cells| cells[0] = format!("C-{at:04}"));
    let told = |args: &[&str]| home.say(args).err.contains(NOTE);
    let id = home.json(&["export", "--format", "csv", "--top", "1", "--out", "one.csv"]);
    assert_eq!(number(&id, "exported"), 1);
    let id = home.text("one.csv").lines().nth(1).unwrap().split(',').next().unwrap().to_owned();
    let commands: [&[&str]; 5] = [
        &["run", "--data", "customers.csv"],
        &["write"],
        &["write", "--id", &id],
        &["export", "--format", "csv", "--out", "a.csv"],
        &["export", "--format", "eml", "--out", "mails"],
    ];
    for args in commands {
        assert!(told(args), "{args:?}: {}", home.say(args));
    }
    let company = include_str!("../../defaults/winback.toml").replace(" (example)", "").replace("（範例）", "").replace("（示例）", "");
    home.keep("winback.toml", company.replace("https://example.com/", "https://harbor.example/"));
    let said = home.say(&["export", "--format", "eml", "--out", "mails", "--overwrite"]);
    assert!(said.err.contains("the example (Harbor Telecom (example)); run 1 was begun before winback.toml said another"), "{said}");
    home.does(&["run", "--data", "customers.csv"]);
    assert!(commands.iter().all(|args| !told(args)));
    // Nobody is written to who was invented.
    let home = Home::with_run(200);
    let told = |args: &[&str]| home.say(args).err.contains(NOTE);
    assert!(!told(&["write"]) && !told(&["export", "--format", "csv", "--out", "a.csv"]));
    assert!(told(&["export", "--format", "eml", "--out", "mails"]), "a draft may be sent all the same");
}
