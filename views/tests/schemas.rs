//! The JSON Schemas in `docs/schemas/` are those of the structs. `MUHR_BLESS=1` writes them.
#![allow(
    clippy::unwrap_used,
    reason = "tests fail by panicking, with the reason"
)]

use std::{collections::BTreeSet, fs, path::PathBuf};

/// Of the clone that runs the test, whichever clone built it.
fn folder() -> PathBuf {
    let crate_folder = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap());
    crate_folder.join("../docs/schemas")
}

/// The file of a schema: `muhr/audit/1` is in `audit.json`.
fn file(schema: &str) -> String {
    let name = schema.strip_prefix("muhr/").unwrap();
    let (name, version) = name.split_once('/').unwrap();
    assert_eq!(version, "1", "{schema}: another version has another file");
    format!("{name}.json")
}

#[test]
fn the_committed_schemas_are_those_of_the_structs() {
    let is_blessed = std::env::var_os("MUHR_BLESS").is_some();
    let mut files = BTreeSet::new();
    for (schema, text) in views::schemas() {
        let (name, text) = (file(schema), format!("{text:#}\n"));
        let path = folder().join(&name);
        if is_blessed {
            fs::write(&path, &text).unwrap();
        }
        let committed = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            committed == text,
            "{}: MUHR_BLESS=1 cargo test -p views writes it",
            path.display()
        );
        assert!(files.insert(name), "{schema} twice");
    }
    for entry in fs::read_dir(folder()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(files.contains(&name), "{name} is the schema of nothing");
    }
}
