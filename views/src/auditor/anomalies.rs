//! `muhr report anomalies`: what stands out in the public log, by thresholds that the reader chose.

use messages::counted;
use std::collections::BTreeMap;

use protocol::entry::Operation;
use schemars::JsonSchema;
use serde::Serialize;

use super::basis::{Basis, Place};
use crate::{
    CommandView, Line,
    line::texts,
    shown::{ShownKey, named},
};

/// Beyond what something stands out.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ShownThresholds {
    /// Days after the legal date.
    pub late_days: i64,
    /// Days before the legal date.
    pub ahead_days: i64,
    /// So many entries are a burst.
    pub burst_entries: usize,
    /// Within so many minutes.
    pub burst_minutes: u64,
    /// The first hour of work, and the first after it.
    pub hours: [u64; 2],
    /// Days on which nobody works.
    pub rest: Vec<String>,
    /// Of which zone days and hours are.
    pub zone: &'static str,
}

impl ShownThresholds {
    fn words(&self) -> String {
        let rest = match self.rest.is_empty() {
            true => "none".to_owned(),
            false => self.rest.join(", "),
        };
        let [from, to] = self.hours;
        format!(
            "thresholds: {} late, {} ahead, {} in {}, work from {from} to {to}, rest: {rest}; days and hours in {}",
            counted(self.late_days, "day", "days"),
            counted(self.ahead_days, "day", "days"),
            counted(self.burst_entries, "entry", "entries"),
            counted(self.burst_minutes, "minute", "minutes"),
            self.zone
        )
    }
}

/// What a clerk has signed in a registry.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct CountedClerk {
    /// The clerk.
    pub clerk: String,
    /// The registry.
    pub registry: String,
    /// How many entries of each operation.
    pub operations: BTreeMap<&'static str, u64>,
}

impl CountedClerk {
    fn words(&self) -> String {
        let all: u64 = self.operations.values().sum();
        let each = Operation::ALL.into_iter().filter_map(|operation| {
            let count = self.operations.get(operation.word())?;
            (*count > 0).then(|| format!("{} {count}", operation.word()))
        });
        let each: Vec<_> = each.collect();
        format!(
            "{}  {}  {}: {}",
            self.clerk,
            self.registry,
            counted(all, "entry", "entries"),
            each.join(", ")
        )
    }
}

/// Something that stands out: one entry, or several of one clerk in one registry.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct AnomalyView {
    /// What it is, in a word.
    pub kind: &'static str,
    /// Where the first entry stands.
    pub first: Place,
    /// Where the last entry stands.
    pub last: Place,
    /// How many entries there are.
    pub entries: usize,
    /// Where each of them stands.
    pub leaves: Vec<u64>,
    /// The clerk.
    pub clerk: String,
    /// The registry.
    pub registry: String,
    /// The record's number, if it is one entry and a receipt tells it.
    pub record: Option<String>,
    /// The record's key, if it is one entry.
    pub key: Option<ShownKey>,
    /// The version, if it is one entry.
    pub version: Option<u64>,
    /// What stands out, in words.
    pub detail: String,
}

impl AnomalyView {
    /// The columns of its row.
    pub const HEADER: [&'static str; 15] = [
        "kind",
        "leaf",
        "height",
        "time",
        "last leaf",
        "last height",
        "last time",
        "entries",
        "leaves",
        "clerk",
        "registry",
        "record",
        "key",
        "version",
        "detail",
    ];

    /// Its row in a table.
    #[must_use]
    pub fn cells(&self) -> Vec<String> {
        let mut cells = vec![self.kind.to_owned()];
        cells.extend(self.first.cells());
        cells.extend(self.last.cells());
        cells.extend([
            self.entries.to_string(),
            runs(&self.leaves),
            self.clerk.clone(),
            self.registry.clone(),
            self.record.clone().unwrap_or_default(),
            self.key.map(|key| key.0.to_hex()).unwrap_or_default(),
            self.version
                .map(|version| version.to_string())
                .unwrap_or_default(),
            self.detail.clone(),
        ]);
        cells
    }

    fn words(&self) -> String {
        let what = match self.version.zip(self.key) {
            Some((version, key)) => {
                let record = named(self.record.as_deref(), key);
                format!("version {version} of {record}")
            }
            None => format!(
                "{} up to {}, leaves {}",
                counted(self.entries, "entry", "entries"),
                self.last.words(),
                runs(&self.leaves)
            ),
        };
        format!(
            "▲ {:<7} {}  {}  {}  {what}: {}",
            self.kind,
            self.first.words(),
            self.clerk,
            self.registry,
            self.detail
        )
    }
}

/// Leaves in few words, which no spreadsheet takes for a date: 5..9 12.
fn runs(leaves: &[u64]) -> String {
    let runs = leaves.chunk_by(|one, next| one + 1 == *next);
    let runs = runs.filter_map(|run| {
        let (first, last) = (run.first()?, run.last()?);
        Some(match first == last {
            true => first.to_string(),
            false => format!("{first}..{last}"),
        })
    });
    runs.collect::<Vec<_>>().join(" ")
}

/// What stands out in the log.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct AnomaliesView {
    /// What this rests on.
    pub basis: Basis,
    /// Beyond what something stands out.
    pub thresholds: ShownThresholds,
    /// How many entries were judged.
    pub entries: usize,
    /// What each clerk has signed in each registry.
    pub clerks: Vec<CountedClerk>,
    /// What stands out.
    pub findings: Vec<AnomalyView>,
}

impl CommandView for AnomaliesView {
    const SCHEMA: &'static str = "muhr/anomalies/1";

    fn lines(&self) -> Vec<Line> {
        let clerks = self.clerks.iter().map(CountedClerk::words);
        let findings = self.findings.iter().map(AnomalyView::words);
        let sum = match self.findings.len() {
            0 => format!(
                "✔ nothing stands out among {} by these thresholds",
                counted(self.entries, "entry", "entries")
            ),
            lines => {
                let entries = counted(self.entries, "entry", "entries");
                format!("{} on {entries}", counted(lines, "line", "lines"))
            }
        };
        let last = [
            sum,
            format!("  {}", self.thresholds.words()),
            format!("  {}", self.basis.words()),
        ];
        texts(clerks.chain(findings).chain(last))
    }
}

#[cfg(test)]
mod tests {
    use super::runs;

    #[test]
    fn leaves_are_told_in_few_words() {
        assert_eq!(runs(&[3, 4, 5, 7, 9, 10]), "3..5 7 9..10");
        assert_eq!(runs(&[]), "");
    }
}
