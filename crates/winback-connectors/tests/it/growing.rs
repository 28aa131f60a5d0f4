//! Files that grow over several starts.
use std::fs;
use winback_connectors::growing_file::GrowingFile;
use winback_core::digest::Digest;

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
    let (mut file, state) = GrowingFile::begin(&path, &work).unwrap();
    assert_eq!((state, lines(&file)), (None, Vec::<String>::new()));
    file.push("one").unwrap();
    file.keep("after one").unwrap();
    file.push("half a li").unwrap();
    drop(file);
    assert!(!path.exists(), "what is not whole stands beside");
    let (mut file, state) = GrowingFile::begin(&path, &work).unwrap();
    assert_eq!((state.as_deref(), lines(&file)), (Some("after one"), vec!["one".to_owned()]));
    file.push("two").unwrap();
    file.finish().unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "one\ntwo\n");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
}

#[test]
fn other_work_begins_anew_and_what_is_left_of_the_first_goes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.jsonl");
    let (mut file, _) = GrowingFile::begin(&path, &Digest::of(b"work")).unwrap();
    file.push("one").unwrap();
    file.keep("after one").unwrap();
    // Another start does not touch what somebody writes.
    let busy = GrowingFile::begin(&path, &Digest::of(b"work")).unwrap_err();
    assert!(std::error::Error::source(&busy).unwrap().to_string().contains("another command writes it"), "{busy}");
    let other = Digest::of(b"other work");
    drop(GrowingFile::begin(&path, &other).unwrap());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3, "the part and the state of the first, the part of the other");
    drop(file);
    let (file, state) = GrowingFile::begin(&path, &other).unwrap();
    assert_eq!((state, lines(&file)), (None, Vec::<String>::new()));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_state_without_its_lines_is_no_state() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.jsonl");
    let work = Digest::of(b"work");
    let (mut file, _) = GrowingFile::begin(&path, &work).unwrap();
    file.push("one").unwrap();
    file.keep("after one").unwrap();
    drop(file);
    fs::write(folder.path().join(format!(".out.jsonl.{}.part", work.short())), "on").unwrap();
    let (file, state) = GrowingFile::begin(&path, &work).unwrap();
    assert_eq!((state, lines(&file)), (None, Vec::<String>::new()));
}
