//! The tour of `make demo`, once from its beginning to its end: the script itself checks every claim.

use std::{
    fs,
    path::PathBuf,
    process::{Command, Stdio},
};

use tests::cluster::binary;

#[test]
fn everything_that_the_demo_says_comes_true() {
    let tests = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap());
    let folder = tempfile::tempdir().unwrap();
    let bin = folder.path().join("bin");
    fs::create_dir(&bin).unwrap();
    for program in ["muhr", "muhr-node"] {
        std::os::unix::fs::symlink(binary(program), bin.join(program)).unwrap();
    }
    let mut tour = Command::new(tests.join("../deploy/demo.sh"));
    tour.env_remove("PERMITS").env("DEMO", "once");
    tour.env("DEMO_BIN", &bin).env("DEMO_DIR", folder.path());
    let ran = tour.stdin(Stdio::null()).output().unwrap();
    let (out, said) = (
        String::from_utf8_lossy(&ran.stdout),
        String::from_utf8_lossy(&ran.stderr),
    );
    assert!(ran.status.success(), "{out}\n{said}");
    assert!(said.contains("Everything above came true"), "{said}");
}
