//! `make planted`: plants every known bug in turn and runs the tests that must find it.
//!
//! The tests are those of the workspace, built once more with `protocol/planted`; which bug is planted,
//! the environment says. First every one of them runs without a bug and must pass. A bug survives if
//! a test that should find it passes, or does not end within its budget; then this program fails.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a tool of the house fails by panicking, with the reason"
)]

mod report;
mod run;
mod table;

use std::{collections::BTreeSet, path::PathBuf, process::ExitCode};

use protocol::planted::Bug;
use report::{Caught, Report};
use run::{Ended, Tests};
use table::TABLE;

fn main() -> ExitCode {
    let argument = |name: &str| {
        let mut rest = std::env::args().skip_while(|argument| argument != name);
        rest.nth(1)
    };
    let write = argument("--write").map(PathBuf::from);
    let only = argument("--only");
    let asked = |bug: Bug| only.as_deref().is_none_or(|only| only == bug.name());
    for bug in Bug::ALL {
        let listed = TABLE.iter().any(|(listed, _)| listed == bug);
        assert!(listed, "no test is named for {}", bug.name());
    }
    let tests = Tests::build();
    let mut clean = true;
    let chosen = || TABLE.iter().filter(|(bug, _)| asked(*bug));
    let mut distinct = BTreeSet::new();
    for test in chosen().flat_map(|(_, tests)| *tests) {
        if distinct.insert((test.place, test.name)) {
            let ran = tests.run(test, None);
            if ran.ended != Ended::Passed {
                eprintln!(
                    "{} {:?} without a bug\n{}",
                    test.name, ran.ended, ran.output
                );
                clean = false;
            }
        }
    }
    eprintln!("· {} tests without a bug", distinct.len());
    let mut report = Report::default();
    for (bug, found_by) in chosen() {
        for test in *found_by {
            let ran = tests.run(test, Some(*bug));
            if ran.ended == Ended::Failed {
                report.caught(*bug, Caught::of(test, &ran));
            } else {
                eprintln!("{}: {} {:?}", bug.name(), test.name, ran.ended);
                clean = false;
            }
        }
    }
    report.print();
    if clean && only.is_none() {
        report.write(write.as_deref());
    }
    if clean {
        return ExitCode::SUCCESS;
    }
    eprintln!("a bug has survived, or a test fails without one");
    ExitCode::FAILURE
}
