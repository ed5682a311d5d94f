//! The RocksDB that is linked here, however it was built: its features and its checksums are those of a plain
//! build. `deploy/rocksdb.sh` builds it in a few units; what that could lose in silence is looked for here.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::Command,
};

use tests::{
    cluster::{Cluster, Ran},
    require,
};

/// What RocksDB says of itself when it opens a database: one compression, the processor's checksums.
const FEATURES: [&str; 10] = [
    "kZSTD supported: 1",
    "kSnappyCompression supported: 0",
    "kLZ4Compression supported: 0",
    "kLZ4HCCompression supported: 0",
    "kZlibCompression supported: 0",
    "kBZip2Compression supported: 0",
    "kXpressCompression supported: 0",
    "Fast CRC32 supported: Supported on x86",
    "DMutex implementation: pthread_mutex_t",
    "Jemalloc supported: 0",
];

fn root() -> PathBuf {
    PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("..")
}

#[test]
fn the_features_are_those_of_a_plain_build() {
    let cluster = Cluster::start(0);
    let log = find(cluster.path(), "LOG").expect("a database of a node, with its log");
    let text = fs::read_to_string(&log).unwrap();
    for feature in FEATURES {
        assert!(text.contains(feature), "{feature} is not in\n{text}");
    }
}

fn find(folder: &Path, name: &str) -> Option<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().flatten();
    let paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    let here = paths.iter().find(|path| path.ends_with(name)).cloned();
    here.or_else(|| {
        paths
            .iter()
            .filter(|path| path.is_dir())
            .find_map(|path| find(path, name))
    })
}

/// The library that this tree's cargo links: where the script put it, or where cargo built it.
fn library() -> PathBuf {
    let pointer = fs::read_to_string(root().join(".cargo/rocksdb.toml")).unwrap_or_default();
    let pointer: toml::Table = pointer.parse().unwrap();
    let environment = std::env::var("ROCKSDB_LIB_DIR").ok();
    let folder = environment.or_else(|| {
        Some(
            pointer
                .get("env")?
                .get("ROCKSDB_LIB_DIR")?
                .as_str()?
                .to_owned(),
        )
    });
    if let Some(folder) = folder {
        return PathBuf::from(folder).join("librocksdb.a");
    }
    let built = Path::new(env!("CARGO_BIN_EXE_chaos"))
        .parent()
        .unwrap()
        .join("build");
    let folders = fs::read_dir(built).unwrap().flatten();
    let libraries = folders.map(|folder| folder.path().join("out/librocksdb.a"));
    libraries
        .filter(|path| path.is_file())
        .max_by_key(|path| fs::metadata(path).unwrap().modified().unwrap())
        .unwrap()
}

/// Its own checksum of 64 MB beside one by a table, in one run: the processor's instruction is more than ten
/// times as fast, a software fallback not even twice.
#[test]
fn checksums_use_the_processor_s_instruction() {
    let Some(compiler) = require("c++") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let (source, program) = (folder.path().join("crc.cc"), folder.path().join("crc"));
    fs::write(&source, include_str!("rocksdb/crc.cc")).unwrap();
    let built = Command::new(compiler)
        .args([
            "-O2",
            "-std=c++20",
            "-ffunction-sections",
            "-Wl,--gc-sections",
        ])
        // Of the library only the checksum is called; what else its unit names need not be there.
        .args(["-Wl,--unresolved-symbols=ignore-all", "-static"])
        .arg(&source)
        .arg(library())
        .args(["-lpthread", "-ldl", "-o"])
        .arg(&program)
        .output();
    let _built = Ran::from(built.unwrap()).expect(0);
    let ran = Ran::from(Command::new(program).output().unwrap()).expect(0);
    println!("{}", ran.stdout);
    let ratio: f64 = ran.stdout.lines().last().unwrap().parse().unwrap();
    assert!(
        ratio > 4.0,
        "only {ratio} times as fast as a table:\n{}",
        ran.stdout
    );
}

/// The script alone in a tree of its own, where nothing is found but these programs; each of them does nothing.
fn alone(folder: &Path, programs: &[&str], kind: &[&str]) -> (Ran, String) {
    let (tree, bin) = (folder.join("tree"), folder.join("bin"));
    for made in [tree.join("deploy"), tree.join(".cargo"), bin.clone()] {
        fs::create_dir_all(made).unwrap();
    }
    fs::copy(
        root().join("deploy/rocksdb.sh"),
        tree.join("deploy/rocksdb.sh"),
    )
    .unwrap();
    for program in ["bash", "uname", "dirname"] {
        symlink(require(program).unwrap(), bin.join(program)).unwrap();
    }
    for program in programs {
        let path = bin.join(program);
        fs::write(&path, "#!/bin/sh\nexit 1\n").unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    // What an earlier run has left must not go on leading cargo to a library.
    let name = match kind {
        [] => "rocksdb.toml",
        _ => "rocksdb-native.toml",
    };
    let pointer = tree.join(".cargo").join(name);
    fs::write(&pointer, "[env]\nROCKSDB_LIB_DIR = \"/nowhere\"\n").unwrap();
    let ran = Command::new(bin.join("bash"))
        .arg(tree.join("deploy/rocksdb.sh"))
        .args(kind)
        .env_clear()
        .env("PATH", &bin)
        .env("HOME", folder)
        .output();
    (ran.unwrap().into(), fs::read_to_string(pointer).unwrap())
}

/// Where anything is missing, the build goes on without the script, and a sentence says so.
#[test]
fn where_a_tool_is_missing_cargo_builds_it_as_it_always_could() {
    let all = ["c++", "ar", "sha256sum", "flock", "xargs", "cargo"];
    let without = |missing: &str| -> Vec<&str> {
        let rest = all.into_iter().filter(|tool| *tool != missing);
        rest.collect()
    };
    let cases: Vec<(Vec<&str>, &[&str], &str)> = vec![
        (without("ar"), &[], "there is no ar here"),
        (without("c++"), &[], "there is no c++ here"),
        (without("ar"), &["native"], "there is no ar here"),
        // All are there, and cargo has no network.
        (without(""), &[], "'cargo fetch --locked' failed"),
    ];
    for (programs, kind, why) in cases {
        let folder = tempfile::tempdir().unwrap();
        let (ran, pointer) = alone(folder.path(), &programs, kind);
        let ran = ran.expect(0);
        let said = format!("· RocksDB is built by cargo itself, which takes longer: {why}\n");
        assert_eq!((ran.stdout.as_str(), ran.stderr), ("", said));
        let written =
            format!("# Written by deploy/rocksdb.sh: cargo builds RocksDB itself, since {why}.\n");
        assert_eq!(pointer, written);
        let pointer: toml::Table = pointer.parse().unwrap();
        assert!(pointer.is_empty());
        let left = fs::read_dir(folder.path()).unwrap();
        assert_eq!(left.count(), 2, "nothing else is made");
    }
    let folder = tempfile::tempdir().unwrap();
    let (ran, _) = alone(folder.path(), &all, &["else"]);
    let refused = ran.expect(2);
    assert!(
        refused.stderr.contains("'else' is not a kind of build"),
        "{refused:?}"
    );
}
