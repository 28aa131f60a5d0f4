//! The walls of the house: which crate may know which, read from `cargo metadata`.
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// Heavy libraries and the only crate of ours that may name each.
const WALLED: [(&str, &str); 9] = [
    ("sea-orm", "winback-store"),
    ("sea-orm-migration", "winback-store"),
    ("axum", "winback-web"),
    ("askama", "winback-web"),
    ("utoipa", "winback-web"),
    ("tokenizers", "winback-lm"),
    ("llguidance", "winback-lm"),
    ("lettre", "winback-connectors"),
    ("datafusion", "winback-cluster"),
];

/// What would let a clock, a socket, a file or chance into core.
const NOT_IN_CORE: [&str; 9] = ["tokio", "sqlx", "sea-orm", "reqwest", "axum", "rand", "tracing", "csv", "chrono"];

fn metadata() -> Value {
    let output = Command::new(env!("CARGO")).args(["metadata", "--format-version", "1", "--no-deps", "--offline"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Returns the normal dependencies of every crate of ours.
fn edges(metadata: &Value) -> BTreeMap<String, BTreeSet<String>> {
    let normal = |dependency: &&Value| dependency["kind"].is_null();
    let name = |value: &Value| value["name"].as_str().unwrap().to_owned();
    let packages = metadata["packages"].as_array().unwrap();
    packages.iter().map(|p| (name(p), p["dependencies"].as_array().unwrap().iter().filter(normal).map(name).collect())).collect()
}

/// Returns every edge that the house does not allow, as sentences.
fn breaches(edges: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let mut found = Vec::new();
    for (of, needs) in edges {
        for need in needs {
            let sibling = need.starts_with("winback") && of != "winback" && (of == "winback-core" || need != "winback-core");
            let walled = WALLED.iter().any(|(library, owner)| library == need && owner != of);
            let impure = of == "winback-core" && NOT_IN_CORE.contains(&need.as_str());
            if sibling || walled || impure {
                found.push(format!("{of} may not depend on {need}"));
            }
        }
    }
    found
}

#[test]
fn no_crate_knows_what_it_should_not() {
    let edges = edges(&metadata());
    assert!(edges.len() >= 6, "the workspace has only {:?}", edges.keys());
    assert_eq!(breaches(&edges), Vec::<String>::new());
}

#[test]
fn a_breach_would_be_seen() {
    let check = |of: &str, need: &str| {
        let edges = BTreeMap::from([(of.to_owned(), BTreeSet::from([need.to_owned()]))]);
        assert_eq!(breaches(&edges), [format!("{of} may not depend on {need}")]);
    };
    check("winback-core", "winback-store");
    check("winback-learn", "winback-web");
    check("winback-web", "sea-orm");
    check("winback", "axum");
    check("winback-core", "tokio");
}
