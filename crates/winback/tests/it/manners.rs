//! How the program behaves on the command line, whatever it is asked.
use crate::home::{Home, Said};
use std::io::Read as _;
use std::process::{Command, Stdio};

/// Returns the names of the commands below a command, as its help lists them.
fn below(help: &str) -> Vec<String> {
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let names = lines.filter(|line| line.starts_with("  ") && !line.starts_with("   ")).filter_map(|line| line.split_whitespace().next());
    names.filter(|name| *name != "help").map(str::to_owned).collect()
}

fn helps(home: &Home, command: &[String], picture: &mut String) {
    let asked: Vec<&str> = command.iter().map(String::as_str).chain(["--help"]).collect();
    let help = home.does(&asked);
    let name = format!("winback {}", command.join(" "));
    picture.push_str(&format!("══ {} ══\n{help}\n", name.trim_end()));
    for name in below(&help) {
        helps(home, &[command, &[name]].concat(), picture);
    }
}

#[test]
fn every_command_explains_itself() {
    let mut picture = String::new();
    helps(&Home::new(), &[], &mut picture);
    assert!(picture.matches("══ winback").count() > 25);
    insta::assert_snapshot!(picture);
}

#[test]
fn the_version_is_told() {
    assert_eq!(Home::new().does(&["--version"]), concat!("winback ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn shells_can_complete_every_command() {
    let home = Home::new();
    for shell in ["bash", "zsh", "fish"] {
        let script = home.does(&["completions", shell]);
        for word in ["winback", "simulate", "thresholds", "approve"] {
            assert!(script.contains(word), "{shell} does not know {word}");
        }
        home.keep(shell, script);
    }
    let read = Command::new("bash").arg("-n").arg(home.path("bash")).output();
    assert!(read.is_err() || read.is_ok_and(|output| output.status.success()), "bash reads its script");
    assert_eq!(home.say(&["completions", "tcsh"]).code, Some(2));
}

/// Runs every reporting command with `--json`: what stands on standard output is JSON, and standard error is empty.
#[test]
fn reports_are_json_when_asked_and_nothing_else() {
    let home = Home::with_sample(400);
    let id = home.ids("sample.csv")[0].clone();
    home.does(&["sample", "--rows", "30", "--out", "other.csv", "--events", "events.csv"]);
    let commands: [&[&str]; 33] = [
        &["sample", "--rows", "30", "--out", "small.csv"],
        &["init"],
        &["doctor"],
        &["explain", "config"],
        &["explain", "agents"],
        &["import", "--check", "sample.csv"],
        &["import", "other.csv", "--events", "events.csv"],
        &["import", "sample.csv"],
        &["features"],
        &["features", "--check"],
        &["train"],
        &["train", "--cv"],
        &["assess"],
        &["plan"],
        &["write", "--top", "5"],
        &["write", "--id", &id],
        &["show", &id],
        &["export", "--format", "csv", "--out", "messages.csv"],
        &["show", "--random", "--seed", "7", "--lang", "zh-TW"],
        &["actions", "approve", "--top", "3", "--by", "Mei"],
        &["actions", "list"],
        &["actions", "list", "--out", "actions.csv"],
        &["offers", "lint"],
        &["templates", "lint"],
        &["offers", "matrix"],
        &["offers", "simulate", "--offers", "offers.toml"],
        &["thresholds", "--high", "0.6"],
        &["run", "--data", "sample.csv"],
        &["run", "--data", "sample.csv", "--again", "--top", "3"],
        &["assess", "--again"],
        &["plan", "--again"],
        &["write", "--again"],
        &["demo", "--rows", "300", "--no-serve"],
    ];
    for args in commands {
        let said = home.say(&[args, &["--json"]].concat());
        assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{args:?}: {said}");
        let parsed: Result<serde_json::Value, _> = serde_json::from_str(&said.out);
        assert!(parsed.is_ok(), "{args:?}: {}", said.out);
    }
}

#[test]
fn nothing_is_coloured_and_no_progress_shown_where_nobody_looks() {
    let home = Home::with_sample(3_000);
    for (log, no_color) in [("warn", ""), ("debug", "1"), ("debug", "")] {
        let output = home.command(&["run", "--data", "sample.csv", "--again"]).env("WINBACK_LOG", log).env("NO_COLOR", no_color).output();
        let said = Said::from(output.unwrap());
        assert_eq!(said.code, Some(0), "{said}");
        assert!(!said.out.contains('\u{1b}') && !said.err.contains('\u{1b}'), "log {log}, NO_COLOR {no_color:?}: {said}");
        assert!(log != "warn" || said.err.is_empty(), "{said}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let home = Home::with_run(300);
    let id = home.ids("sample.csv")[0].clone();
    let commands: [&[&str]; 6] =
        [&["show", &id], &["show", &id, "--json"], &["offers", "matrix"], &["completions", "zsh"], &["explain", "agents"], &["--help"]];
    for args in commands {
        let mut child = home.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let mut err = String::new();
        child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        assert_eq!((child.wait().unwrap().code(), err.as_str()), (Some(0), ""), "{args:?}");
    }
}

#[test]
fn the_doctor_says_what_is_fine_and_what_is_not() {
    let home = Home::with_run(300);
    let fine = home.does(&["doctor"]);
    assert!(!fine.contains("WRONG") && fine.contains("300 customers of sample.csv"), "{fine}");
    let broken = |name: &str, text: &[u8], told: &str| {
        let home = Home::with_run(300);
        home.keep(name, text);
        let said = home.say(&["doctor"]);
        assert_eq!(said.code, Some(7), "{name}: {said}");
        assert!(said.out.contains("WRONG") && said.out.contains(told), "{name}: {said}");
    };
    broken("winback.toml", b"[risk]\nmedium = 2.0\n", "winback.toml:2");
    broken("schema.toml", b"[table]\n", "schema.toml");
    broken("offers.toml", b"currency = 1\n", "offers.toml");
    broken("winback.db", b"this is no database, this is no database, this is no database at all", "store");
    let model = home.text("models/current").trim().to_owned();
    let file = std::fs::read_dir(home.path("models")).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let card = file.into_iter().find(|name| name.ends_with(".card.json")).unwrap_or(model);
    home.keep(&format!("models/{card}"), "{");
    let said = home.say(&["doctor"]);
    assert_eq!(said.code, Some(7), "{said}");
}

#[test]
fn settings_tell_where_they_come_from() {
    let home = Home::new();
    home.keep("winback.toml", "[write]\ncustomers = 12\n");
    let explained = home.command(&["explain", "config", "--json"]).env("WINBACK_SERVE_PORT", "9000").output().unwrap();
    let explained: Vec<serde_json::Value> = serde_json::from_slice(&explained.stdout).unwrap();
    let origin = |key: &str| {
        let found = explained.iter().find(|one| one["key"] == key).unwrap();
        format!("{} from {}", found["value"].as_str().map_or(found["value"].to_string(), str::to_owned), found["origin"].as_str().unwrap())
    };
    insta::assert_snapshot!(["write.customers", "serve.port", "risk.high"].map(origin).join("\n"));
}

#[test]
fn agents_tell_what_they_take_and_give() {
    let home = Home::new();
    let agents = home.json(&["explain", "agents"]);
    let agents = agents.as_object().unwrap();
    assert_eq!(agents.keys().collect::<Vec<_>>(), ["data_analyst", "churn_reasoning", "campaign_designer", "communication"]);
    for (name, agent) in agents {
        for side in ["takes", "gives"] {
            let schema = &agent[side];
            assert!(schema["$schema"].as_str().is_some_and(|at| at.starts_with("https://json-schema.org/")), "{name} {side}");
            assert!(schema["properties"].as_object().is_some_and(|fields| fields.len() >= 2), "{name} {side}: {schema}");
        }
    }
}

#[test]
fn a_model_that_was_tampered_with_is_refused() {
    let home = Home::with_run(300);
    let model = home.text("models/current").trim().to_owned();
    let text = home.text(&format!("models/{model}"));
    let digit = text.rfind(|c: char| c.is_ascii_digit()).unwrap();
    let other = if text[digit..].starts_with('7') { "3" } else { "7" };
    home.keep(&format!("models/{model}"), format!("{}{other}{}", &text[..digit], &text[digit + 1..]));
    let said = home.say(&["assess", "--again"]);
    assert_eq!(said.code, Some(3), "{said}");
    insta::assert_snapshot!(said.to_string().replace(&model, "MODEL"));
}
