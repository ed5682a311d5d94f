//! The import table, read from the manifests: an edge that is not here fails.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

fn root() -> PathBuf {
    PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap())
        .parent()
        .unwrap()
        .to_owned()
}

/// Who may import whom. `ledger` and `consensus` are strangers; only `node` introduces them.
const TABLE: [(&str, &[&str]); 12] = [
    ("protocol", &[]),
    ("verify", &["protocol"]),
    ("consensus", &["protocol"]),
    ("ledger", &["protocol"]),
    ("api", &[]),
    (
        "node",
        &["api", "consensus", "ledger", "protocol", "verify"],
    ),
    (
        "client",
        &["api", "ledger", "messages", "protocol", "verify"],
    ),
    ("messages", &[]),
    ("views", &["messages", "protocol", "verify"]),
    (
        "cli",
        &[
            "api", "client", "ledger", "messages", "protocol", "verify", "views",
        ],
    ),
    ("testkit", &["protocol"]),
    (
        "tests",
        &[
            "api",
            "client",
            "consensus",
            "ledger",
            "messages",
            "node",
            "protocol",
            "testkit",
            "verify",
        ],
    ),
];

/// What the tests of a crate may import besides what the crate itself does.
const OF_TESTS: &str = "testkit";

fn manifest(name: &str) -> toml::Table {
    fs::read_to_string(root().join(name).join("Cargo.toml"))
        .unwrap()
        .parse()
        .unwrap()
}

#[test]
fn crates_import_what_the_table_says_and_nothing_else() {
    let members: BTreeSet<&str> = TABLE.iter().map(|(name, _)| *name).collect();
    for (name, allowed) in TABLE {
        let manifest = manifest(name);
        let of_ours = |kind: &str| -> BTreeSet<String> {
            let dependencies = manifest.get(kind).and_then(toml::Value::as_table);
            let names = dependencies.into_iter().flat_map(toml::Table::keys);
            names
                .filter(|name| members.contains(name.as_str()))
                .cloned()
                .collect()
        };
        let found = of_ours("dependencies");
        let allowed: BTreeSet<String> = allowed.iter().map(ToString::to_string).collect();
        assert_eq!(
            found, allowed,
            "imports of {name}: a new edge is a decision record and a change of this table"
        );
        let mut of_tests = of_ours("dev-dependencies");
        of_tests.remove(OF_TESTS);
        assert!(
            of_tests.is_subset(&allowed),
            "the tests of {name} import {of_tests:?}"
        );
    }
}

fn map() -> String {
    fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap()
}

/// Arrows of the drawing below a heading: from, what stands on it, to.
fn arrows(map: &str, heading: &str) -> Vec<(String, String, String)> {
    let (_, below) = map.split_once(heading).unwrap();
    let (_, drawing) = below.split_once("```mermaid\n").unwrap();
    let (drawing, _) = drawing.split_once("```").unwrap();
    let mut arrows = Vec::new();
    for (from, to) in drawing
        .lines()
        .filter_map(|line| line.trim().split_once(" -->"))
    {
        let labelled = to
            .strip_prefix('|')
            .and_then(|labelled| labelled.split_once('|'));
        let (label, to) = labelled.unwrap_or(("", to));
        for to in to.split('&') {
            arrows.push((from.to_owned(), label.to_owned(), to.trim().to_owned()));
        }
    }
    arrows
}

#[test]
fn the_drawing_of_the_crates_is_the_table() {
    let drawn: BTreeSet<(String, String)> = arrows(&map(), "\n## Crates and who may import whom\n")
        .into_iter()
        .map(|(from, _, to)| (from, to))
        .collect();
    let edges = TABLE
        .iter()
        .flat_map(|(from, to)| to.iter().map(|to| ((*from).to_owned(), (*to).to_owned())));
    assert_eq!(drawn, edges.collect());
}

#[test]
fn the_drawing_of_the_road_is_its_table() {
    let map = map();
    let (_, table) = map.split_once("| station | from → to | where |").unwrap();
    let (table, _) = table.split_once("\n\n").unwrap();
    let stations: Vec<(&str, &str)> = table
        .lines()
        .skip(2)
        .map(|row| {
            let (name, rest) = row.trim_start_matches("| ").split_once(" | ").unwrap();
            (name.split(',').next().unwrap(), rest)
        })
        .collect();
    assert!(stations.len() > 10, "{stations:?}");
    let road = arrows(&map, "\n## The road of an entry\n");
    assert_eq!(road.len() + 1, stations.len());
    for ((from, carried, to), pair) in road.iter().zip(stations.windows(2)) {
        assert_eq!((from.as_str(), to.as_str()), (pair[0].0, pair[1].0));
        let is_told = pair.iter().any(|(_, row)| row.contains(carried.as_str()));
        assert!(is_told && !carried.is_empty(), "{carried} to {to}");
    }
}

/// Code of a crate, all files joined.
fn code(folder: &Path, out: &mut String) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let (path, kind) = (entry.path(), entry.file_type().unwrap());
        if kind.is_dir() {
            code(&path, out);
        } else if path.extension().is_some_and(|end| end == "rs") {
            out.push_str(&fs::read_to_string(path).unwrap());
        }
    }
}

/// The dependencies of a manifest, of all kinds and for all systems.
fn declared(manifest: &toml::Table) -> BTreeSet<String> {
    let systems = manifest.get("target").and_then(toml::Value::as_table);
    let systems = systems.into_iter().flat_map(toml::Table::values);
    let parts = systems.filter_map(toml::Value::as_table).chain([manifest]);
    parts
        .flat_map(|part| {
            let kinds = ["dependencies", "dev-dependencies", "build-dependencies"];
            kinds.map(|kind| part.get(kind).and_then(toml::Value::as_table))
        })
        .flatten()
        .flat_map(toml::Table::keys)
        .cloned()
        .collect()
}

#[test]
fn every_dependency_is_named_by_the_code_that_declares_it() {
    // What the workspace lists for its members, some member takes; each declares what it takes by itself.
    let mut listed: BTreeSet<String> = {
        let workspace = fs::read_to_string(root().join("Cargo.toml")).unwrap();
        let workspace: toml::Table = workspace.parse().unwrap();
        let listed = workspace["workspace"]["dependencies"].as_table().unwrap();
        listed.keys().cloned().collect()
    };
    for (name, _) in TABLE {
        let (manifest, mut text) = (manifest(name), String::new());
        code(&root().join(name), &mut text);
        for dependency in declared(&manifest) {
            let _taken = listed.remove(&dependency);
            let word = dependency.replace('-', "_");
            let is_used = ["::", ";", "!", " as", " ="]
                .iter()
                .any(|after| text.contains(&format!("{word}{after}")));
            assert!(
                is_used,
                "{name} declares {dependency}, and no code names it"
            );
        }
    }
    assert_eq!(
        listed,
        BTreeSet::new(),
        "the workspace lists what no member takes"
    );
}

/// Files of the node that read the genesis: its settings, its start with what lies on the disk, and the
/// epoch that is made of it.
const READ_THE_GENESIS: [&str; 6] = [
    "config.rs",
    "epoch.rs",
    "run.rs",
    "run/reread.rs",
    "sign_state.rs",
    "sign_state/opening.rs",
];

#[test]
fn a_running_node_reads_its_epoch_and_not_the_genesis() {
    fn walk(source: &Path, folder: &Path, readers: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                walk(source, &path, readers);
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            // A trust file names the genesis by its hash, with a method of that name.
            let text = text.replace(".genesis()", "");
            if text.contains(".genesis") || text.contains("genesis::") {
                let name = path.strip_prefix(source).unwrap();
                readers.insert(name.to_str().unwrap().to_owned());
            }
        }
    }
    let (source, mut readers) = (root().join("node/src"), BTreeSet::new());
    walk(&source, &source, &mut readers);
    assert_eq!(
        readers,
        READ_THE_GENESIS.map(str::to_owned).into(),
        "the genesis tells who the agencies were at the start; ask the epoch"
    );
}

#[test]
fn the_table_lists_every_member_of_the_workspace() {
    let workspace: toml::Table = fs::read_to_string(root().join("Cargo.toml"))
        .unwrap()
        .parse()
        .unwrap();
    let members: BTreeSet<&str> = workspace["workspace"]["members"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|name| name.as_str())
        .collect();
    assert_eq!(members, TABLE.iter().map(|(name, _)| *name).collect());
}

fn tree(package: &str) -> String {
    let output = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--offline",
            "--locked",
            "-e",
            "normal",
            "--prefix",
            "none",
            "-p",
            package,
        ])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_desk_needs_neither_a_database_nor_a_peer_to_peer_library() {
    let tree = tree("cli");
    for heavy in [
        "rocksdb ",
        "librocksdb-sys ",
        "libp2p ",
        "tokio ",
        "consensus ",
        "node ",
    ] {
        assert!(
            !tree.lines().any(|line| line.starts_with(heavy)),
            "cli depends on {heavy}"
        );
    }
}

#[test]
fn peers_are_bounded_by_their_number_and_not_by_the_memory_of_the_process() {
    let tree = tree("node");
    for shared in ["libp2p-memory-connection-limits ", "sysinfo "] {
        assert!(
            !tree.lines().any(|line| line.starts_with(shared)),
            "node depends on {shared}: clients' memory would shut validators out"
        );
    }
}

#[test]
fn the_verifier_s_dependencies_fit_a_screen() {
    let tree = tree("muhr-verify");
    let packages: BTreeSet<&str> = tree
        .lines()
        .filter_map(|line| line.split(' ').next())
        .collect();
    assert!(
        packages.len() <= 50,
        "{} packages: {packages:?}",
        packages.len()
    );
    for foreign in [
        "tokio",
        "serde",
        "serde_json",
        "bincode",
        "rocksdb",
        "libp2p",
        "ureq",
    ] {
        assert!(!packages.contains(foreign), "verify depends on {foreign}");
    }
}
