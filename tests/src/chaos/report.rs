//! What a run of scenarios leaves: one line of JSON for each on stdout, and all of them in a file.

use std::{
    fs,
    process::{Command, ExitCode},
};

use serde_json::{Value, json};

use super::run::{Depth, Run};

/// What came of one scenario.
pub(crate) struct Outcome {
    pub(crate) name: &'static str,
    pub(crate) seconds: f64,
    pub(crate) failure: Option<String>,
    pub(crate) run: Run,
}

/// What came of all.
pub(crate) struct Report {
    depth: Depth,
    seed: u64,
    scenarios: Vec<Value>,
    failures: usize,
    /// Scenarios that were not run, for want of something.
    skipped: usize,
}

impl Report {
    pub(crate) const fn new(depth: Depth, seed: u64) -> Self {
        Self {
            depth,
            seed,
            scenarios: Vec::new(),
            failures: 0,
            skipped: 0,
        }
    }

    /// Takes a scenario's outcome and prints its line. One that did nothing, and does not say why, has
    /// failed.
    pub(crate) fn add(&mut self, mut outcome: Outcome) {
        let run = &outcome.run;
        if outcome.failure.is_none() && run.cycles == 0 && run.skipped.is_empty() {
            outcome.failure = Some("no cycle was run".to_owned());
        }
        let line = json!({
            "name": outcome.name,
            "cycles": outcome.run.cycles,
            "faults": outcome.run.faults,
            "failures": usize::from(outcome.failure.is_some()),
            "failure": outcome.failure,
            "skipped": outcome.run.skipped,
            "seconds": (outcome.seconds * 10.0).round() / 10.0,
        });
        println!("{line}");
        self.failures += usize::from(outcome.failure.is_some());
        self.skipped += usize::from(!outcome.run.skipped.is_empty());
        self.scenarios.push(line);
    }

    /// Writes the file, if one is asked for. A run of which nothing was run is no success.
    pub(crate) fn finish(self, file: Option<&str>) -> ExitCode {
        if let Some(file) = file {
            let head = Command::new("git").args(["rev-parse", "HEAD"]).output();
            let commit = head.map_or_else(
                |_| String::new(),
                |head| String::from_utf8_lossy(&head.stdout).trim().to_owned(),
            );
            let whole = json!({
                "commit": commit,
                "depth": self.depth.word(),
                "seed": self.seed,
                "failures": self.failures,
                "skipped": self.skipped,
                "scenarios": self.scenarios,
            });
            fs::write(file, format!("{whole:#}\n")).unwrap();
        }
        let all = self.scenarios.len();
        if self.skipped > 0 {
            eprintln!("{} of {all} scenarios were not run", self.skipped);
        }
        if self.failures == 0 && self.skipped < all {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}
