//! The import table, read from the manifests: an edge that is not here fails.

use std::{collections::BTreeSet, fs, path::PathBuf, process::Command};

fn root() -> PathBuf {
    PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap())
        .parent()
        .unwrap()
        .to_owned()
}

/// Who may import whom. `ledger` and `consensus` are strangers; only `node` introduces them.
const TABLE: [(&str, &[&str]); 8] = [
    ("protocol", &[]),
    ("verify", &["protocol"]),
    ("consensus", &["protocol"]),
    ("ledger", &["protocol"]),
    ("api", &[]),
    (
        "node",
        &["api", "consensus", "ledger", "protocol", "verify"],
    ),
    ("cli", &["api", "ledger", "protocol", "verify"]),
    (
        "tests",
        &[
            "api",
            "cli",
            "consensus",
            "ledger",
            "node",
            "protocol",
            "verify",
        ],
    ),
];

fn manifest(name: &str) -> toml::Table {
    fs::read_to_string(root().join(name).join("Cargo.toml"))
        .unwrap()
        .parse()
        .unwrap()
}

#[test]
fn no_crate_imports_what_the_table_does_not_allow() {
    let members: BTreeSet<&str> = TABLE.iter().map(|(name, _)| *name).collect();
    for (name, allowed) in TABLE {
        let manifest = manifest(name);
        let dependencies = manifest["dependencies"].as_table().unwrap();
        let found: BTreeSet<&str> = dependencies
            .keys()
            .map(String::as_str)
            .filter(|name| members.contains(name))
            .collect();
        let extra: Vec<_> = found
            .iter()
            .filter(|found| !allowed.contains(found))
            .collect();
        assert!(
            extra.is_empty(),
            "{name} imports {extra:?}: a new edge is a decision record and a change of this table"
        );
    }
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
fn the_verifier_s_dependencies_fit_a_screen() {
    let tree = tree("verify");
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
