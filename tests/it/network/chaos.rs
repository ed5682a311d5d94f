//! A handful of each scenario of `make nightly`: real processes, cut off, frozen, killed at a sync, out of
//! power, with wrong clocks, spoilt files and twins.

use std::{path::PathBuf, process::Command};

#[test]
fn real_processes_come_back_from_a_handful_of_each_fault() {
    let root = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("..");
    let tools = Command::new(root.join("deploy/chaos-tools.sh")).status();
    assert!(tools.unwrap().success());
    let ran = Command::new(env!("CARGO_BIN_EXE_chaos"))
        .arg("--brief")
        .output()
        .unwrap();
    let (out, error) = (
        String::from_utf8_lossy(&ran.stdout),
        String::from_utf8_lossy(&ran.stderr),
    );
    eprintln!("{error}");
    assert!(ran.status.success(), "{out}");
    let lines: Vec<serde_json::Value> = out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(lines.len() >= 9, "{out}");
    for line in lines {
        let skipped = line["skipped"].as_array().unwrap();
        assert!(
            line["cycles"].as_u64() > Some(0) || !skipped.is_empty(),
            "{line}"
        );
    }
}
