//! Files of examples: every line is an example or named with what is wrong.
use proptest::prelude::*;
use std::fs;
use winback_connectors::examples::{Examples, read_examples, write_example};
use winback_core::example::Example;
use winback_core::segment::SegmentId;

fn read(bytes: impl AsRef<[u8]>) -> Result<Examples, String> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("mails.jsonl");
    fs::write(&path, bytes).unwrap();
    let segments = ["Dormant", "Parent_Active"].map(|name| SegmentId::parse(name).unwrap());
    read_examples(&path, &segments).map_err(|error| error.to_string().replace(&path.display().to_string(), "FILE"))
}

const GOOD: &str = r#"{"input":"a","output":"b","segment":"Dormant"}"#;

#[test]
fn marks_ends_and_empty_lines_change_nothing() {
    for text in [format!("{GOOD}\n"), GOOD.to_owned(), format!("\u{feff}{GOOD}\r\n\r\n"), format!("\n  \n{GOOD}\n")] {
        let found = read(&text).unwrap();
        assert_eq!((found.examples.len(), found.refused.len()), (1, 0), "{text:?}");
        let line = if text.starts_with('\n') { 3 } else { 1 };
        assert_eq!((found.examples[0].line, &*found.examples[0].input, &*found.examples[0].output), (line, "a", "b"));
    }
    assert_eq!(read("").unwrap().examples, []);
}

#[test]
fn each_line_at_fault_is_named() {
    for (line, said) in [
        (r#"{"input":"a","output":"b"}"#, r#""segment" is missing; expected input, output and segment"#),
        (r#"{"input":" ","output":"b","segment":"Dormant"}"#, r#""input" is empty; there is nothing to learn from it"#),
        (r#"{"input":"a","output":7,"segment":"Dormant"}"#, r#""output" is a number; expected a text"#),
        (r#"{"input":"a","output":"b","segment":"Dormnat"}"#, r#"there is no segment "Dormnat"; was "Dormant" meant?"#),
        (r#"{"input":"a","output":"b","segment":"../x"}"#, r#"there is no segment "../x""#),
        (r#"{"input":"a","input":"b","output":"b","segment":"Dormant"}"#, "duplicate field `input`; expected each key once"),
        (r#"{"input":"a","output":"b","segment":"Dormant","winback":{"role":7}}"#, r#""winback.role" is a number; expected a text"#),
        (
            r#"{"input":"a","output":"b","segment":"Dormant","winback":{"role":" "}}"#,
            r#""winback.role" is empty; there is nothing to learn from it"#,
        ),
        (r#""a""#, "this is a text; expected an object with input, output and segment"),
        (
            r#"{"input":"\ud800","output":"b","segment":"Dormant"}"#,
            "column 17 is no JSON (half of a surrogate pair; write both halves, or the character itself); expected one object on each line",
        ),
        (r#"{"input":"a" "output":"b"}"#, "column 14 is no JSON (expected `,` or `}`); expected one object on each line"),
        (
            r#"{"messages":[{"role":"assistant","content":"b"},{"role":"user","content":"a"}],"segment":"Dormant"}"#,
            "the roles are assistant, user; expected user and assistant, perhaps after system",
        ),
        (
            r#"{"messages":[{"role":"user","content":"a"},{"role":"tool","content":"a"},{"role":"assistant","content":"b"}],"segment":"Dormant"}"#,
            "the roles are user, tool, assistant; expected user and assistant, perhaps after system",
        ),
        (
            r#"{"input":"a","output":"b","segment":"Dormant","winback":{"role":"x","role":"y"}}"#,
            "duplicate field `role`; expected each key once",
        ),
        (
            r#"{"tools":[],"input":"a","output":"b","segment":"Dormant"}"#,
            r#""tools" is there, and a mail calls no tools; take the line out"#,
        ),
        (
            r#"{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b","tool_calls":[{}]}],"segment":"Dormant"}"#,
            r#""messages[1].tool_calls" is there, and a mail calls no tools; take the line out"#,
        ),
        (
            r#"{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}],"output":"c","segment":"Dormant"}"#,
            r#""messages" stands beside "output"; expected one of the two forms of an example"#,
        ),
        (
            r#"{"input":"a","output":"alpha</think>beta","segment":"Dormant"}"#,
            r#"the mail holds "</think>", which the model's chat template takes for an end of a thought; take it out"#,
        ),
        (
            r#"{"input":"a","output":"<think>alpha","segment":"Dormant"}"#,
            r#"the mail holds "<think>", which the model's chat template takes for an end of a thought; take it out"#,
        ),
        (r#"{"messages":[],"segment":"Dormant"}"#, "the roles are none; expected user and assistant, perhaps after system"),
        (
            r#"{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":""}],"segment":"Dormant"}"#,
            r#""messages[1].content" is empty; there is nothing to learn from it"#,
        ),
    ] {
        let found = read(format!("{GOOD}\n{line}\n{}\n", GOOD.replace("\"a\"", "\"c\""))).unwrap();
        assert_eq!(found.examples.len(), 2, "{line}");
        assert_eq!((found.refused.len(), found.refused[0].line, found.refused[0].why.to_string().as_str()), (1, 2, said), "{line}");
    }
    let cut = read(format!("{GOOD}\n{}", &GOOD[..20])).unwrap();
    assert_eq!(cut.refused[0].why.to_string(), "the last line is cut short (EOF while parsing a string); was the file copied whole?");
    let half_a_letter = [GOOD.as_bytes(), b"\n{\"input\":\"\xe6\x82"].concat();
    assert_eq!(
        read(half_a_letter).unwrap().refused[0].why.to_string(),
        "the last line is cut short (half a letter); was the file copied whole?"
    );
    let bytes = [GOOD.as_bytes(), b"\n{\"input\":\"\xff\"}\n"].concat();
    assert_eq!(read(bytes).unwrap().refused[0].why.to_string(), "byte 11 is no UTF-8; expected a line of UTF-8 text");
}

#[test]
fn a_line_that_is_too_long_is_counted_and_not_kept() {
    for end in ["\n", ""] {
        let found = read(format!("{GOOD}\n{}{end}", "x".repeat(9_000_000))).unwrap();
        assert_eq!(found.refused[0].why.to_string(), format!("the line has {} bytes; at most 4194304 are read", 9_000_000 + end.len()));
        assert_eq!((found.refused.len(), found.refused[0].line, found.examples.len()), (1, 2, 1));
    }
    let between = read(format!("{}\n{GOOD}\n", "x".repeat(9_000_000))).unwrap();
    assert_eq!((between.refused[0].line, between.examples[0].line), (1, 2));
}

#[test]
fn an_array_is_no_file_of_lines() {
    let said = read(format!("\u{feff}\n[{GOOD},\n{GOOD}]")).unwrap_err();
    assert!(said.starts_with("FILE, line 1: the file is one JSON array, not lines; write one object on each line"), "{said}");
}

#[test]
fn repeats_and_foreign_keys_are_counted() {
    let strange = GOOD.replace("{", r#"{"note":1,"winback":{"role":"You write."},"#);
    let found = read(format!("{GOOD}\n{strange}\n{GOOD}\n{strange}\n")).unwrap();
    assert_eq!(
        (found.examples.len(), found.repeated, found.ignored.into_iter().collect::<Vec<_>>()),
        (2, vec![(3, 1), (4, 2)], vec![("note".to_owned(), 2)])
    );
    assert_eq!(found.examples[1].role.as_deref(), Some("You write."));
    let talked = r#"{"messages":[{"role":"system","content":"You write."},{"role":"user","content":"a"},{"role":"assistant","content":"b"}],"segment":"Dormant"}"#;
    let weighed = read(talked.replace("\"content\":\"b\"", "\"content\":\"b\",\"weight\":0")).unwrap();
    assert_eq!(weighed.ignored.into_iter().collect::<Vec<_>>(), vec![("messages[].weight".to_owned(), 1)]);
    let talked = read(talked).unwrap();
    assert_eq!(Example { line: 2, ..talked.examples[0].clone() }, found.examples[1]);
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(input in "\\PC*[a-z]\\PC{0,20}", output in "[a-z\"\\\\\n\t\u{2028}]{1,30}x", role in proptest::option::of("[a-z]{1,9}")) {
        let example = Example { line: 1, segment: SegmentId::parse("Parent_Active").unwrap(), role, input, output, customer: None };
        let line = write_example(&example, None);
        prop_assert!(!line.contains('\n'));
        let found = read(&line).unwrap();
        prop_assert_eq!(&found.examples, &vec![example]);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200), keep in 0..GOOD.len()) {
        let mixed = [GOOD.as_bytes()[..keep].to_vec(), bytes].concat();
        if let Ok(found) = read(&mixed) {
            let lines = mixed.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()).count();
            prop_assert!(found.examples.len() + found.refused.len() + found.repeated.len() <= lines);
        }
    }
}
