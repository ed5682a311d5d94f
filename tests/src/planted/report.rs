//! The table in `docs/safety.md`: which test found which bug, after how many seeds.

use std::{fs, path::Path, process::Command};

use protocol::planted::Bug;

use crate::{run::Ran, table::Test};

const BEGIN: &str = "<!-- planted bugs -->\n";
const END: &str = "<!-- end of planted bugs -->\n";

pub(crate) struct Caught {
    test: String,
    /// Those that were searched, the last being the one that found it; none if nothing is random.
    seeds: Option<u64>,
    seconds: f64,
}

impl Caught {
    pub(crate) fn of(test: &Test, ran: &Ran) -> Self {
        let digits = |rest: &str| {
            let end = rest.find(|c: char| !c.is_ascii_digit());
            let number = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
            number.parse::<u64>().ok()
        };
        // What a failing search prints is the seed that repeats it, counted from 0.
        let seed = ran.output.split("MUHR_SEED=").nth(1).and_then(digits);
        Self {
            test: format!("{}: `{}`", test.place.folder, test.name),
            seeds: seed.map(|seed| seed + 1),
            seconds: ran.seconds,
        }
    }
}

#[derive(Default)]
pub(crate) struct Report(Vec<(Bug, Caught)>);

impl Report {
    pub(crate) fn caught(&mut self, bug: Bug, caught: Caught) {
        eprintln!("  {}: {}", bug.name(), caught.test);
        self.0.push((bug, caught));
    }

    fn text(&self) -> String {
        let mut table = String::from(
            "| planted bug | what is wrong | found by | seeds | seconds |\n|---|---|---|---:|---:|\n",
        );
        let mut last = None;
        for (bug, caught) in &self.0 {
            let again = last.replace(*bug) == Some(*bug);
            let (name, what) = if again {
                (String::new(), "")
            } else {
                (format!("`{}`", bug.name()), bug.what())
            };
            let seeds = caught
                .seeds
                .map_or_else(String::new, |seeds| seeds.to_string());
            let (test, seconds) = (&caught.test, caught.seconds);
            table += &format!("| {name} | {what} | {test} | {seeds} | {seconds:.1} |\n");
        }
        let git = Command::new("git")
            .args(["rev-parse", "--short", "HEAD"])
            .output();
        let commit = git.map(|git| String::from_utf8_lossy(&git.stdout).trim().to_owned());
        format!(
            "Written by `make planted` at commit {}: {} bugs, none survived.\n\n{table}",
            commit.unwrap_or_default(),
            Bug::ALL.len()
        )
    }

    pub(crate) fn print(&self) {
        println!("{}", self.text());
    }

    pub(crate) fn write(&self, path: Option<&Path>) {
        let Some(path) = path else { return };
        let old = fs::read_to_string(path).unwrap();
        let (above, rest) = old.split_once(BEGIN).unwrap();
        let (_, below) = rest.split_once(END).unwrap();
        fs::write(path, format!("{above}{BEGIN}{}{END}{below}", self.text())).unwrap();
    }
}
