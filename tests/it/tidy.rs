//! House rules that a machine can check: sizes, purpose lines, forbidden words, and the map.

use std::{
    fs,
    path::{Path, PathBuf},
};

const CRATES: [&str; 8] = [
    "protocol",
    "verify",
    "consensus",
    "ledger",
    "api",
    "node",
    "cli",
    "tests",
];
/// No file is longer.
const LINES_MAX: usize = 600;

fn root() -> PathBuf {
    PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap())
        .parent()
        .unwrap()
        .to_owned()
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn sources() -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    for name in CRATES {
        for part in ["src", "tests", "it", "examples", "benches"] {
            rust_files(&root().join(name).join(part), &mut files);
        }
    }
    assert!(files.len() > 80, "only {} files found", files.len());
    files
        .into_iter()
        .map(|path| (path.clone(), fs::read_to_string(path).unwrap()))
        .collect()
}

#[test]
fn every_file_says_what_it_is() {
    for (path, text) in sources() {
        let first = text
            .lines()
            .find(|line| !line.starts_with("#![") && !line.is_empty())
            .unwrap_or("");
        assert!(
            first.starts_with("//!"),
            "{} does not open with //!",
            path.display()
        );
    }
}

#[test]
fn no_file_is_longer_than_a_few_screens() {
    let mut lengths: Vec<(usize, PathBuf)> = sources()
        .into_iter()
        .map(|(path, text)| (text.lines().count(), path))
        .collect();
    lengths.sort();
    let (longest, path) = lengths.last().unwrap();
    assert!(
        *longest <= LINES_MAX,
        "{} has {longest} lines",
        path.display()
    );
}

#[test]
fn nothing_is_left_half_done() {
    // Written apart, so that this file does not find itself.
    let words = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("todo", "!("),
        concat!("unimplemented", "!("),
        concat!("#[ign", "ore"),
        concat!("verify_", "batch"),
    ];
    for (path, text) in sources() {
        for word in words {
            assert!(!text.contains(word), "{} holds {word}", path.display());
        }
    }
}

#[test]
fn the_project_stands_without_its_workshop() {
    let place = concat!("../", "shared");
    for (path, text) in sources() {
        let is_vectors =
            path.ends_with("protocol/tests/vectors.rs") || path.ends_with("tests/it/tidy.rs");
        assert!(
            is_vectors || !text.contains(place),
            "{} cites {place}",
            path.display()
        );
    }
    for name in [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "docs/protocol.md",
    ] {
        assert!(
            !fs::read_to_string(root().join(name))
                .unwrap()
                .contains(place),
            "{name} cites {place}"
        );
    }
}

#[test]
fn the_map_is_true() {
    let map = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    for name in CRATES {
        assert!(
            map.contains(&format!("`{name}")),
            "ARCHITECTURE.md does not name {name}"
        );
    }
    // Every path in code marks must be there, from the root or from a crate's folder.
    let marked = map.split('`').skip(1).step_by(2);
    let is_path = |word: &&str| {
        word.contains('/')
            && !word.contains(' ')
            && (word.ends_with(".rs") || word.ends_with(".md") || word.ends_with('/'))
    };
    for word in marked.filter(is_path) {
        assert!(
            root().join(word).exists(),
            "ARCHITECTURE.md names {word}, which is not there"
        );
    }
}

#[test]
fn each_crate_says_the_same_of_itself_everywhere() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    for name in CRATES {
        let manifest: toml::Table = fs::read_to_string(root().join(name).join("Cargo.toml"))
            .unwrap()
            .parse()
            .unwrap();
        let sentence = manifest["package"]["description"].as_str().unwrap();
        assert!(
            readme.contains(sentence),
            "README.md does not say of {name}: {sentence}"
        );
    }
}
