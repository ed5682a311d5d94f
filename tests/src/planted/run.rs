//! Builds the tests with the bugs in them, and runs one at a time.

use std::{
    collections::BTreeMap,
    fs::File,
    io::Read,
    path::PathBuf,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use protocol::planted::Bug;
use serde_json::Value;

use crate::table::{Place, Test};

/// No test may take longer to find its bug.
const BUDGET: Duration = Duration::from_secs(180);
const LOOKS_EVERY: Duration = Duration::from_millis(20);

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Passed,
    Failed,
    OverBudget,
}

pub(crate) struct Ran {
    pub(crate) ended: Ended,
    pub(crate) seconds: f64,
    pub(crate) output: String,
}

/// The test programs, by crate and name.
pub(crate) struct Tests(BTreeMap<(String, String), PathBuf>);

impl Tests {
    /// All features of other crates are those of `make test`, so nothing else is built again.
    pub(crate) fn build() -> Self {
        eprintln!("· building the tests with the bugs in them");
        let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
            .args(["test", "--release", "--locked", "--workspace", "--no-run"])
            .args(["--features", "muhr-protocol/planted"])
            .args(["--message-format", "json"])
            .stderr(Stdio::inherit())
            .output()
            .unwrap();
        assert!(output.status.success(), "the tests do not build");
        let mut found = BTreeMap::new();
        for line in String::from_utf8(output.stdout).unwrap().lines() {
            let message: Value = serde_json::from_str(line).unwrap();
            let manifest = message["manifest_path"].as_str().map(PathBuf::from);
            let (Some(manifest), Some(path)) = (manifest, message["executable"].as_str()) else {
                continue;
            };
            if message["profile"]["test"] == true {
                let folder = manifest.parent().and_then(|folder| folder.file_name());
                let folder = folder.unwrap().to_string_lossy().into_owned();
                let target = message["target"]["name"].as_str().unwrap().to_owned();
                found.insert((folder, target), PathBuf::from(path));
            }
        }
        Self(found)
    }

    pub(crate) fn run(&self, test: &Test, bug: Option<Bug>) -> Ran {
        let Place { folder, target } = test.place;
        let program = self.0.get(&(folder.to_owned(), target.to_owned()));
        let program = program.unwrap_or_else(|| panic!("no test program {target} in {folder}"));
        let out = tempfile::NamedTempFile::new().unwrap();
        let writer = || -> Stdio { out.reopen().unwrap().into() };
        let home = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap());
        let home = home.parent().unwrap().join(folder);
        let mut command = Command::new(program);
        command
            .args([test.name, "--exact", "--nocapture"])
            .current_dir(&home)
            .env("CARGO_MANIFEST_DIR", &home)
            .env_remove("MUHR_PLANT")
            .stdin(Stdio::null())
            .stdout(writer())
            .stderr(writer());
        if let Some(bug) = bug {
            command.env("MUHR_PLANT", bug.name());
        }
        if let (Some(_), Some(seeds)) = (bug, test.seeds) {
            command.env("MUHR_SEEDS", seeds.to_string());
        }
        let start = Instant::now();
        let mut child = command.spawn().unwrap();
        let ended = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break if status.success() {
                    Ended::Passed
                } else {
                    Ended::Failed
                };
            }
            if start.elapsed() > BUDGET {
                child.kill().unwrap();
                child.wait().unwrap();
                break Ended::OverBudget;
            }
            thread::sleep(LOOKS_EVERY);
        };
        let seconds = start.elapsed().as_secs_f64();
        let mut output = String::new();
        let mut written: File = out.reopen().unwrap();
        written.read_to_string(&mut output).unwrap();
        let none = output.contains("running 0 tests");
        assert!(!none, "{target} of {folder} has no test {}", test.name);
        Ran {
            ended,
            seconds,
            output,
        }
    }
}
