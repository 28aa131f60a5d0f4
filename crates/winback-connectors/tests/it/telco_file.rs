//! The Telco table in a folder, under whichever name it was handed out with.
use crate::telco::real_file;
use winback_connectors::telco_file::{TELCO_FILE_NAMES, find_telco};

#[test]
fn the_table_is_found_under_each_of_its_names() {
    for name in TELCO_FILE_NAMES {
        let folder = tempfile::tempdir().unwrap();
        let absent = find_telco(folder.path()).unwrap_err().to_string();
        assert!(absent.contains("WA_Fn-UseC_-Telco-Customer-Churn.csv") && absent.contains("winback data fetch telco"), "{absent}");
        std::fs::write(folder.path().join(name), "half").unwrap();
        let found = find_telco(folder.path()).unwrap();
        assert_eq!((found.path, found.fingerprint.bytes, found.known), (folder.path().join(name), 4, false));
    }
}

#[test]
fn the_real_table_is_known_by_its_hash() {
    let Some(path) = real_file() else { return };
    assert!(find_telco(path.parent().unwrap()).unwrap().known);
}
