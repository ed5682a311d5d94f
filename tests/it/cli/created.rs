//! `muhr network create` on a disk that loses what was written: it is said by the command that wrote it, and not by
//! the first citizen who verifies, or the first node that does not start.

use std::{fs, path::Path, process::Command};

use tests::{
    args,
    cluster::{AGENCIES, Ran, binary},
    require::require,
};

/// More files than are put into their places.
const FILES_MAX: usize = 80;
/// Files that are read back: others are a node's own, which it asks for when it starts.
const READ_BACK: [&str; 3] = ["trust.policy", "genesis", ".key"];

/// Makes a network in `folder` under strace. Of its files, the one with this number is not put into its place,
/// though the system says that it is: its name in the folder, if there are so many.
fn create(strace: &Path, folder: &Path, lost: usize) -> (Ran, Option<String>) {
    let log = folder.with_extension("log");
    let create = args!(
        "network create --agencies {} --origin registry.example.uz/test/1 --dir {}",
        AGENCIES.join(","),
        folder.display()
    );
    let inject = format!("inject=rename,renameat,renameat2:retval=0:when={lost}");
    let ran = Command::new(strace)
        .args(["-f", "-qq", "-e", "trace=rename,renameat,renameat2", "-e"])
        .arg(inject)
        .arg("-o")
        .arg(&log)
        .arg(binary("muhr"))
        .args(create)
        .env_clear()
        .output()
        .unwrap();
    let log = fs::read_to_string(log).unwrap();
    let line = log.lines().find(|line| line.contains("(INJECTED)"));
    let lost = line.map(|line| {
        let name = line.split('"').rfind(|part| part.contains('/'));
        let name = Path::new(name.unwrap()).strip_prefix(folder).unwrap();
        name.to_str().unwrap().to_owned()
    });
    (ran.into(), lost)
}

#[test]
fn a_file_that_the_disk_has_lost_is_missed_at_once() {
    let Some(strace) = require("strace") else {
        return;
    };
    let work = tempfile::tempdir().unwrap();
    let mut missed = 0;
    for number in 1.. {
        assert!(number < FILES_MAX, "more files than are counted");
        let folder = work.path().join(format!("net-{number}"));
        let (ran, lost) = create(&strace, &folder, number);
        let Some(lost) = lost else {
            assert_eq!(ran.code, 0, "{ran:?}");
            break;
        };
        let is_read_back = READ_BACK.iter().any(|end| lost.ends_with(end));
        if is_read_back {
            assert_ne!(ran.code, 0, "{lost} is lost: {ran:?}");
            missed += 1;
        }
        assert!(
            ran.code == 0 || ran.stderr.contains(&lost),
            "{lost} is lost: {ran:?}"
        );
    }
    // A trust file; a genesis for all and for each agency; and of each at least five keys.
    assert!(missed > 1 + 5 + 20, "{missed}");
}
