//! Files that grow over several starts.
use std::fs;
use winback_connectors::growing_file::{GrowingFile, Kept};
use winback_core::digest::Digest;

fn begin(path: &std::path::Path, work: &Digest) -> (GrowingFile, Kept<String>) {
    GrowingFile::begin(path, work).unwrap()
}

fn lines(file: &GrowingFile) -> Vec<String> {
    let mut lines = Vec::new();
    file.each_line(|line| lines.push(line.to_owned())).unwrap();
    lines
}

#[test]
fn a_file_is_taken_up_where_it_was_last_kept_and_appears_as_a_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.jsonl");
    let work = Digest::of(b"work");
    let (mut file, state) = begin(&path, &work);
    assert_eq!((state, lines(&file)), (Kept::Nothing, Vec::<String>::new()));
    file.push("one").unwrap();
    file.keep(&"after one").unwrap();
    file.push("half a li").unwrap();
    drop(file);
    assert!(!path.exists(), "what is not whole stands beside");
    let (mut file, state) = begin(&path, &work);
    assert_eq!((state, lines(&file)), (Kept::State("after one".to_owned()), vec!["one".to_owned()]));
    file.push("two").unwrap();
    file.finish().unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "one\ntwo\n");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
}

#[test]
fn other_work_begins_anew_and_what_is_left_of_the_first_goes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.jsonl");
    let (mut file, _) = begin(&path, &Digest::of(b"work"));
    file.push("one").unwrap();
    file.keep(&"after one").unwrap();
    // Another start does not touch what somebody writes.
    let busy = GrowingFile::begin::<String>(&path, &Digest::of(b"work")).unwrap_err();
    assert!(std::error::Error::source(&busy).unwrap().to_string().contains("another command writes it"), "{busy}");
    let other = Digest::of(b"other work");
    drop(begin(&path, &other));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3, "the part and the state of the first, the part of the other");
    drop(file);
    let (file, state) = begin(&path, &other);
    assert_eq!((state, lines(&file)), (Kept::Nothing, Vec::<String>::new()));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn what_is_not_what_was_kept_is_not_taken_up() {
    let work = Digest::of(b"work");
    let check = |end: &str, spoil: &dyn Fn(String) -> String| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.jsonl");
        let (mut file, _) = begin(&path, &work);
        file.push("one").unwrap();
        file.keep(&"after one").unwrap();
        drop(file);
        let spoilt = folder.path().join(format!(".out.jsonl.{}.{end}", work.short()));
        fs::write(&spoilt, spoil(fs::read_to_string(&spoilt).unwrap())).unwrap();
        let (file, state) = begin(&path, &work);
        assert_eq!((state, lines(&file)), (Kept::Broken, Vec::<String>::new()));
    };
    check("part", &|_| "on".to_owned());
    check("part", &|_| "two\n".to_owned());
    check("state", &|text| text.replace("\"after one\"", "{\"pages\": \"x\"}"));
    check("state", &|text| text.replace("after one", "after two"));
    check("state", &|_| String::new());
    check("state", &|text| text.replace("4 ", "2 "));
}

#[test]
fn a_file_that_is_given_up_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.jsonl");
    fs::write(&path, "older").unwrap();
    let (mut file, _) = begin(&path, &Digest::of(b"work"));
    file.push("one").unwrap();
    file.keep(&"after one").unwrap();
    file.discard();
    assert_eq!((fs::read_to_string(&path).unwrap().as_str(), fs::read_dir(folder.path()).unwrap().count()), ("older", 1));
}
