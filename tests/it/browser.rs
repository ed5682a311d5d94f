//! The verifier in one HTML file judges the corpus as Rust does, and its page works in a browser.

use std::{path::PathBuf, process::Command};

/// What `run.sh` gives back if a browser or Node is missing and could not be installed.
const SKIPPED: i32 = 77;

#[test]
fn the_page_that_verifies_offline_holds_what_it_promises() {
    let root = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap());
    let script = root.join("../verify/tests/browser/run.sh");
    let shots = root.join("../target");
    let ran = Command::new(script)
        .env("MUHR_SHOTS", shots)
        .env("MUHR_BINARY", tests::cluster::binary("muhr"))
        .output()
        .unwrap();
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&ran.stdout),
        String::from_utf8_lossy(&ran.stderr)
    );
    println!("{said}");
    let code = ran.status.code();
    assert!(code == Some(0) || code == Some(SKIPPED), "{said}");
}
