//! The verifier in one HTML file judges the corpus as Rust does, and its page works in a browser.

use std::{path::PathBuf, process::Command};

use tests::require::{require, require_that};

#[test]
fn the_page_that_verifies_offline_holds_what_it_promises() {
    let (node, chromium) = (require("node"), require("chromium"));
    let root = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap());
    let script = root.join("../checkers/html/tests/run.sh");
    let shots = root.join("../target");
    let mut command = Command::new(script);
    if let Some(chromium) = &chromium {
        command.env("CHROMIUM", chromium);
    }
    let ran = command
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
    match ran.status.code() {
        Some(0) => {}
        // Some part could not run, and the script said which.
        Some(77) => {
            let tools = node.is_some() && chromium.is_some();
            let _there = require_that(
                false,
                if tools {
                    "Playwright for Python"
                } else {
                    "a browser"
                },
            );
        }
        _ => panic!("{said}"),
    }
}
