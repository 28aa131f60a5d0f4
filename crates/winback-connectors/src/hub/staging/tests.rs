use super::*;
use crate::hub::listing::Checksum;
use winback_core::digest::Digest;

/// Writes files, each with its name as content, into a folder.
fn keep(folder: &Path, files: &[&str]) {
    for file in files {
        let path = folder.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, format!("{} {file}", folder.file_name().unwrap().display())).unwrap();
    }
}

fn is(path: &Path, expected: &str) {
    assert_eq!(fs::read_to_string(path).unwrap(), expected, "{}", path.display());
}

#[test]
fn an_exchange_that_was_interrupted_is_finished_also_where_both_folders_have_the_same_names() {
    let models = tempfile::tempdir().unwrap();
    let (folder, part) = (models.path().join("m"), models.path().join(".m.part"));
    // The new model stands in its place and was run already; the old one lies beside it.
    keep(&folder, &["config.json", ".newer", ".winback/bf16", "notes.txt", "adapter/a"]);
    keep(&part, &["config.json", ".winback/int8", "notes.txt", "adapter/b", "mine/c"]);
    for _ in 0..2 {
        let staging = Staging::open(&folder, &[]).unwrap();
        assert!(folder.join(".winback/bf16").exists() && !folder.join(".winback/int8").exists());
        is(&folder.join("notes.txt"), "m notes.txt");
        is(&folder.join("notes.txt.older"), ".m.part notes.txt");
        is(&folder.join("adapter/a"), "m adapter/a");
        is(&folder.join("adapter.older/b"), ".m.part adapter/b");
        is(&folder.join("mine/c"), ".m.part mine/c");
        assert!(!folder.join(".newer").exists());
        drop(staging);
        assert!(!part.exists() && !models.path().join(".m.old").exists());
    }
}

#[test]
fn a_name_that_is_taken_twice_is_left_alone_twice() {
    let models = tempfile::tempdir().unwrap();
    let folder = models.path().join("m");
    keep(&folder, &["notes.txt", "notes.txt.older"]);
    keep(&models.path().join(".m.old"), &["notes.txt"]);
    drop(Staging::open(&folder, &[]).unwrap());
    is(&folder.join("notes.txt.older"), "m notes.txt.older");
    is(&folder.join("notes.txt.older.older"), ".m.old notes.txt");
}

#[test]
fn a_folder_in_an_unfinished_download_does_not_stop_the_next() {
    let models = tempfile::tempdir().unwrap();
    let (folder, part) = (models.path().join("m"), models.path().join(".m.part"));
    keep(&part, &["adapter/a", "config.json/b", "rest.txt"]);
    let config = Announced { name: "config.json".to_owned(), bytes: 9, checksum: Checksum::Sha256(Digest::of(b"")) };
    let staging = Staging::open(&folder, &[config]).unwrap();
    is(&part.join("adapter/a"), ".m.part adapter/a");
    is(&part.join("config.json.older/b"), ".m.part config.json/b");
    assert!(!part.join("rest.txt").exists() && !part.join("config.json").exists());
    drop(staging);
}
