//! A handful of each scenario of `make nightly`: real processes, cut off, frozen, killed at a sync, out of
//! power, with wrong clocks, spoilt files and twins.

use std::{
    path::PathBuf,
    process::{Command, Output},
};

use serde_json::Value;
use tests::require::{require, require_that};

const CHAOS: &str = env!("CARGO_BIN_EXE_chaos");

fn lines(ran: &Output) -> Vec<Value> {
    let out = String::from_utf8_lossy(&ran.stdout);
    let lines = out.lines().map(|line| serde_json::from_str(line).unwrap());
    lines.collect()
}

#[test]
fn real_processes_come_back_from_a_handful_of_each_fault() {
    let root = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("..");
    let tools = Command::new(root.join("deploy/chaos-tools.sh")).status();
    assert!(tools.unwrap().success());
    let ran = Command::new(CHAOS).arg("--brief").output().unwrap();
    eprintln!("{}", String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success(), "{ran:?}");
    let lines = lines(&ran);
    assert!(lines.len() >= 9, "{lines:?}");
    for line in lines {
        let skipped = line["skipped"].as_array().unwrap();
        // What was not run is said here too, and fails where everything is to be checked.
        for why in skipped {
            let what = format!("what the scenario {} needs ({why})", line["name"]);
            let _not_run = require_that(false, &what);
        }
        let has_run = line["cycles"].as_u64() > Some(0);
        assert!(has_run == skipped.is_empty(), "{line}");
    }
}

/// A scenario that needs disks of its own, where nobody may mount any.
#[test]
fn a_scenario_that_cannot_be_run_is_counted_and_is_no_success_by_itself() {
    let Some(setpriv) = require("setpriv") else {
        return;
    };
    let run = |all: &str| {
        Command::new(&setpriv)
            .args(["--bounding-set=-sys_admin", "--inh-caps=-sys_admin", CHAOS])
            .args(["--brief", "--only", "power"])
            .env("MUHR_REQUIRE_ALL", all)
            .output()
            .unwrap()
    };
    let not_asked = run("0");
    assert_eq!(not_asked.status.code(), Some(1), "{not_asked:?}");
    let said = String::from_utf8_lossy(&not_asked.stderr).into_owned();
    assert!(said.contains("1 of 1 scenarios were not run"), "{said}");
    let line = &lines(&not_asked)[0];
    let skipped = line["skipped"].as_array().unwrap();
    assert!(!skipped.is_empty() && line["failures"] == 0, "{line}");
    let asked = run("1");
    assert_eq!(asked.status.code(), Some(1), "{asked:?}");
    let line = &lines(&asked)[0];
    assert_eq!(
        (&line["name"], &line["failures"]),
        (&"power".into(), &1.into())
    );
    let failure = line["failure"].as_str().unwrap();
    assert!(failure.contains("needs root and unshare"), "{failure}");
}
