//! `muhr network create` on a disk that loses what was written: it is said by the command that wrote it, and not by
//! the first citizen who verifies, or the first node that does not start.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use tests::{
    args,
    cluster::{AGENCIES, Ran, binary},
    require::require,
};

/// More files than are put into their places by a rename.
const FILES_MAX: usize = 40;

/// Makes a network in `folder` under strace, which injects a lie of the system's. Where it was told: the last path on
/// its line, within the folder.
fn create(strace: &Path, folder: &Path, lie: &[String]) -> (Ran, Option<String>) {
    let log = folder.with_extension("log");
    let create = args!(
        "network create --agencies {} --origin registry.example.uz/test/1 --dir {}",
        AGENCIES.join(","),
        folder.display()
    );
    let ran = Command::new(strace)
        .args(["-f", "-qq", "-y", "-s", "4096", "-o"])
        .arg(&log)
        .args(lie)
        .arg(binary("muhr"))
        .args(create)
        .env_clear()
        .output()
        .unwrap();
    let log = fs::read_to_string(log).unwrap();
    let line = log.lines().find(|line| line.contains("(INJECTED)"));
    let lost = line.map(|line| {
        let within = format!("{}/", folder.display());
        let (_, name) = line.rsplit_once(&within).unwrap();
        let name = name.split(['"', '>']).next().unwrap();
        name.to_owned()
    });
    (ran.into(), lost)
}

/// A rename that the system says is done, and is not.
fn unmoved(number: usize) -> Vec<String> {
    let calls = "rename,renameat,renameat2";
    let inject = format!("inject={calls}:retval=0:when={number}");
    args!("-e trace={calls} -e {inject}")
}

/// Bytes that the system says are written to a file, and are not.
fn unwritten(path: &Path, length: u64) -> Vec<String> {
    let (path, inject) = (path.display(), format!("inject=write:retval={length}"));
    args!("-e trace=write -P {path} -e {inject}")
}

#[test]
fn a_file_that_the_disk_has_lost_is_missed_at_once() {
    let Some(strace) = require("strace") else {
        return;
    };
    let work = tempfile::tempdir().unwrap();
    let mut missed = BTreeSet::new();
    for number in 1.. {
        assert!(number < FILES_MAX, "more files than are counted");
        let folder = work.path().join(format!("net-{number}"));
        let (ran, lost) = create(&strace, &folder, &unmoved(number));
        let Some(lost) = lost else {
            assert_eq!(ran.code, 0, "{ran:?}");
            break;
        };
        // The others are a node's own, which it asks for when it starts.
        if ["trust.policy", "genesis"]
            .iter()
            .any(|end| lost.ends_with(end))
        {
            assert_ne!(ran.code, 0, "{lost} is lost: {ran:?}");
            assert!(ran.stderr.contains(&lost), "{lost} is lost: {ran:?}");
            let _new = missed.insert(lost);
        }
    }
    // A trust file, and a genesis for all and for each agency.
    assert_eq!(missed.len(), 1 + 1 + AGENCIES.len(), "{missed:?}");

    let keys = work.path().join("net-1/adliya/keys");
    let keys = fs::read_dir(keys).unwrap().map(|key| key.unwrap());
    let keys: Vec<(PathBuf, u64)> = keys
        .map(|key| {
            let name = Path::new("adliya/keys").join(key.file_name());
            (name, key.metadata().unwrap().len())
        })
        .collect();
    assert!(keys.len() >= 6, "{keys:?}");
    // All keys go the same way; some of them are enough.
    for (number, (name, length)) in keys.into_iter().take(3).enumerate() {
        let folder = work.path().join(format!("keyless-{number}"));
        let (ran, lost) = create(&strace, &folder, &unwritten(&folder.join(&name), length));
        assert_eq!(lost.as_deref(), name.to_str());
        assert_ne!(ran.code, 0, "{lost:?} is lost: {ran:?}");
        assert!(ran.stderr.contains(name.to_str().unwrap()), "{ran:?}");
    }
}
