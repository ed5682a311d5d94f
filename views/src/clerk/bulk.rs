//! `muhr anchor bulk` and `watch`: what became of many rows or files.

use messages::counted;
use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::{CommandView, Line, line::texts, shown::ShownTime};

/// What becomes of a row with which nothing more is to be done.
pub const GOOD: [&str; 4] = ["anchored", "amended", "unchanged", "fit"];

/// What became of the rows of a table, or the files of a folder.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct BulkView {
    /// How many there are.
    pub rows: u64,
    /// How many of them became what.
    pub counts: BTreeMap<&'static str, u64>,
    /// Whether nothing was sent.
    pub dry_run: bool,
    /// How many numbers mix alphabets.
    pub look_alikes: u64,
    /// How many numbers are unlike all others.
    pub unlike_numbers: usize,
    /// The table that says of every row what became of it.
    pub result: Option<String>,
    /// The table of the rows to mend.
    pub errors: Option<String>,
    /// The first of the numbers that mix alphabets, in words.
    #[serde(skip)]
    pub mixed: Vec<String>,
    /// Whether they were files of a folder.
    #[serde(skip)]
    pub is_folder: bool,
    /// `true` if something of earlier runs is left undone besides.
    #[serde(skip)]
    pub is_more_left: bool,
}

fn is_good(status: &str) -> bool {
    GOOD.contains(&status)
}

impl BulkView {
    /// With how many nothing more is to be done.
    #[must_use]
    pub fn done(&self) -> u64 {
        let good = self.counts.iter().filter(|(status, _)| is_good(status));
        good.map(|(_, count)| count).sum()
    }

    /// Returns whether nothing more is to be done with any row, and nothing of earlier runs is left.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.done() == self.rows && !self.is_more_left
    }
}

impl CommandView for BulkView {
    const SCHEMA: &'static str = "muhr/bulk/1";

    fn lines(&self) -> Vec<Line> {
        let (done, all) = (self.done(), counted(self.rows, "row", "rows"));
        let mark = if self.is_done() { "✔" } else { "▲" };
        let are = if done == 1 { "is" } else { "are" };
        let mut lines = vec![if self.dry_run {
            format!("{mark} {done} of {all} {are} fit to be anchored; nothing was sent")
        } else {
            format!("{mark} {done} of {all} anchored; every receipt verified")
        }];
        for (status, count) in &self.counts {
            let mark = if is_good(status) { "✔" } else { "▲" };
            lines.push(format!("{mark} {count} {status}"));
        }
        let unlike = self.unlike_numbers;
        if unlike > 0 {
            lines.push(format!(
                "▲ {unlike} of the numbers unlike all others, as named above"
            ));
        }
        if self.look_alikes > 0 {
            lines.push(format!(
                "▲ {} of the numbers mix alphabets; check that they were typed as meant:",
                self.look_alikes
            ));
            lines.extend(self.mixed.iter().map(|line| format!("  {line}")));
        }
        let result = self.result.as_ref();
        lines
            .extend(result.map(|result| format!("  {result} says of every row what became of it")));
        let advice = if self.is_folder {
            "names the files to mend: mend or rename them, and run the same command again"
        } else {
            "holds the rows to mend: mend it, and anchor it like a table, with another --out"
        };
        let errors = self.errors.as_ref();
        lines.extend(errors.map(|errors| format!("  {errors} {advice}")));
        texts(lines)
    }
}

/// What is said of a file of a watched folder as soon as it is anchored.
#[must_use]
pub fn taken_line(file: &str, time: ShownTime) -> Line {
    Line::text(format!("✔ {file}  {}", time.local()))
}

/// What became of the files of a watched folder.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub struct WatchFolderView {
    /// How often it was looked at.
    pub looks: u64,
    /// Files that were anchored.
    pub anchored: u64,
    /// Files that were refused.
    pub refused: u64,
    /// Files that wait.
    pub waiting: u64,
}

impl CommandView for WatchFolderView {
    const SCHEMA: &'static str = "muhr/watch-folder/1";

    fn lines(&self) -> Vec<Line> {
        let Self {
            anchored,
            refused,
            waiting,
            ..
        } = self;
        texts([format!(
            "{anchored} anchored, {refused} refused, {waiting} waiting"
        )])
    }
}
