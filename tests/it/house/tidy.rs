//! House rules that a machine can check: sizes, purpose lines, forbidden words, and the map.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

const CRATES: [&str; 12] = [
    "protocol",
    "verify",
    "consensus",
    "ledger",
    "api",
    "client",
    "node",
    "cli",
    "testkit",
    "messages",
    "views",
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

/// What the two programs have in common: each reads its own command line.
const OF_EACH_PROGRAM: [&str; 2] = ["Arguments", "Command"];

/// The name of the type that a line defines; a macro's has none of its own.
fn type_of(line: &str) -> Option<&str> {
    let words = line
        .split_whitespace()
        .skip_while(|word| word.starts_with("pub"));
    let mut words = words.map(|word| word.trim_end_matches(['{', ';', '(']));
    let is_type = words
        .next()
        .is_some_and(|word| ["struct", "enum", "trait"].contains(&word));
    let name = words.next().filter(|_| is_type)?;
    let name = name.split(|letter: char| !letter.is_alphanumeric()).next();
    // In a macro the name is its caller's.
    name.filter(|name| !name.is_empty())
}

#[test]
fn no_two_types_of_the_product_share_a_name() {
    let mut places: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for (path, text) in sources() {
        let of_tests = path.components().any(|part| part.as_os_str() == "tests");
        for name in text.lines().filter_map(type_of).filter(|_| !of_tests) {
            places
                .entry(name.to_owned())
                .or_default()
                .push(path.clone());
        }
    }
    assert!(places.len() > 300, "only {} types found", places.len());
    places.retain(|name, places| places.len() > 1 && !OF_EACH_PROGRAM.contains(&name.as_str()));
    assert!(places.is_empty(), "one name, one meaning: {places:#?}");
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

/// Every file of the project that is text, whatever its kind; not what is built.
fn texts(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        if path.is_dir()
            && ![".git", "target", "bin", "__pycache__"]
                .iter()
                .any(|skip| name == *skip)
        {
            texts(&path, found);
        } else if let Ok(text) = fs::read_to_string(&path) {
            found.push((path, text));
        }
    }
}

/// Clippy reads one file a crate and merges none. They are no links: an archive or a copy may turn a link
/// into a file that holds its target, which lints nothing.
#[test]
fn the_pure_crates_are_linted_alike_and_no_file_is_a_link() {
    let rules = |name: &str| fs::read_to_string(root().join(name).join("clippy.toml")).unwrap();
    for name in ["verify", "consensus", "ledger"] {
        assert_eq!(rules(name), rules("protocol"), "{name}/clippy.toml");
    }
    let listed = std::process::Command::new("git")
        .args(["ls-files", "--stage"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(listed.status.success(), "git ls-files");
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert!(listed.lines().count() > 500, "{listed}");
    for line in listed.lines() {
        assert!(line.starts_with("100"), "no file of its own: {line}");
    }
}

#[test]
fn the_project_stands_without_its_workshop() {
    let place = concat!("../", "shared");
    let mut files = Vec::new();
    texts(&root(), &mut files);
    assert!(files.len() > 300, "only {} files found", files.len());
    for (path, text) in files {
        assert!(!text.contains(place), "{} cites {place}", path.display());
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

/// Names of tests, with their modules: those of `make nightly`, and those that find the planted bugs.
fn named_tests() -> Vec<String> {
    let read = |name: &str| fs::read_to_string(root().join(name)).unwrap();
    let (makefile, safety) = (read("Makefile"), read("docs/safety.md"));
    let filters = makefile
        .lines()
        .filter(|line| line.contains(" test "))
        .filter_map(|line| line.split_once(" -- "))
        .flat_map(|(_, filters)| filters.split(' '));
    let of_planted_bugs = safety
        .lines()
        .filter(|line| line.starts_with("| "))
        .filter_map(|line| line.split(" | ").nth(2)?.split_once(": `"))
        .filter_map(|(_, rest)| rest.strip_suffix('`'));
    let names = filters.chain(of_planted_bugs);
    names
        .filter(|name| name.contains("::"))
        .map(ToOwned::to_owned)
        .collect()
}

/// A filter that fits no test is green: a test that moves takes its name along.
#[test]
fn every_test_that_is_named_is_there() {
    let (sources, names) = (sources(), named_tests());
    assert!(names.len() > 25, "only {names:?}");
    for name in names {
        let (modules, function) = name.rsplit_once("::").unwrap();
        let folder = format!("/{}", modules.replace("::", "/"));
        // Unit tests may stand in the file of what they test.
        let files = [&folder, folder.trim_end_matches("/tests")].map(|file| format!("{file}.rs"));
        let is_there = sources.iter().any(|(path, text)| {
            let path = path.to_string_lossy();
            files.iter().any(|file| path.ends_with(file))
                && text.contains(&format!("fn {function}"))
        });
        assert!(is_there, "no test is named {name}");
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
