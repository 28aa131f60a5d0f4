//! Files of past mails: every line is a mail or named with what is wrong.
use std::fs;
use winback_connectors::past_mails::{PastMails, read_past_mails};

const GOOD: &str = r#"{"id":"A-1","subject":"Hi","body":"Bye"}"#;

fn read(text: &str) -> PastMails {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("mails.jsonl");
    fs::write(&path, text).unwrap();
    read_past_mails(&path).unwrap()
}

#[test]
fn each_line_at_fault_is_named_and_no_long_one_is_kept() {
    let check = |line: &str, said: &str| {
        let found = read(&format!("\u{feff}{GOOD}\r\n\n{line}\n"));
        assert_eq!((found.mails.len(), found.refused), (1, vec![(3, said.to_owned())]), "{line:.60}");
    };
    check(r#"{"id":"A-2","subject":"a","subject":"b","body":"c"}"#, "duplicate field `subject`; expected each key once");
    check("[1]", "this is a list; expected an object with id, subject and body");
    check(r#"{"id":"A-2","body":"c"}"#, r#""subject" is missing; expected id, subject and body"#);
    check(GOOD, "the id stood on line 1 already; keep one mail for each customer");
    let long = "x".repeat(3 << 20);
    check(&long, "the line has 3145729 bytes; at most 1048576 are read");
    assert_eq!(
        read(&format!("{GOOD}\n{{\"id\":")).refused[0].1,
        "the last line is cut short (EOF while parsing a value); was the file copied whole?"
    );
}

#[cfg(unix)]
#[test]
fn a_pipe_or_a_device_is_refused_before_it_is_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    let pipe = dir.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for path in [pipe.as_path(), std::path::Path::new("/dev/zero")] {
        let error = read_past_mails(path).unwrap_err();
        let why = std::error::Error::source(&error).unwrap().to_string();
        assert_eq!(why, "it is a pipe or a device, not a file; write what it gives into a file", "{error}");
    }
}
