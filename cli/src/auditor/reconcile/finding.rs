//! What a reconciliation finds, and how much of it there is.

use std::collections::BTreeMap;

use protocol::{hash::RecordKey, height::Version};
use serde_json::{Value, json};

use crate::auditor::report::EntryPosition;

/// Kinds of findings, the gravest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum FindingKind {
    /// In the table, never anchored.
    Missing,
    /// Anchored, not in the table.
    Extra,
    /// Other fields or another date than what was anchored.
    Changed,
    /// In force by one side, and not by the other.
    Status,
    /// Anchored too long after its legal date.
    Late,
    /// The number of an earlier row again.
    Duplicate,
    /// A row that cannot be compared.
    Invalid,
}

impl FindingKind {
    pub(super) const ALL: [Self; 7] = [
        Self::Missing,
        Self::Extra,
        Self::Changed,
        Self::Status,
        Self::Late,
        Self::Duplicate,
        Self::Invalid,
    ];

    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Extra => "extra",
            Self::Changed => "changed",
            Self::Status => "status",
            Self::Late => "late",
            Self::Duplicate => "duplicate",
            Self::Invalid => "invalid",
        }
    }

    /// What it means, in a sentence of the report.
    pub(super) const fn meaning(self) -> &'static str {
        match self {
            Self::Missing => "in the table, and never anchored",
            Self::Extra => "anchored, and not in the table",
            Self::Changed => "the table says something else than what was anchored",
            Self::Status => "the ledger says otherwise whether it is in force",
            Self::Late => "anchored too long after its legal date",
            Self::Duplicate => "the number of an earlier row again",
            Self::Invalid => "a row that cannot be compared",
        }
    }
}

/// One thing to look at. Values of cells are never in it: names of columns are.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    pub(super) kind: FindingKind,
    /// The row of the table; none for what is not in it.
    pub(super) row: Option<u64>,
    /// The record's number, where it is known.
    pub(super) record: Option<String>,
    pub(super) key: Option<RecordKey>,
    /// The version and the entry that this is about.
    pub(super) entry: Option<(Version, EntryPosition)>,
    /// The columns to look at.
    pub(super) fields: Vec<String>,
    pub(super) detail: String,
}

impl Finding {
    pub(super) const HEADER: [&'static str; 10] = [
        "kind", "row", "record", "key", "version", "leaf", "height", "time", "fields", "detail",
    ];

    pub(super) fn cells(&self) -> Vec<String> {
        let version = self.entry.map(|(version, _)| version.to_string());
        let place = self.entry.map(|(_, place)| place.cells());
        let mut cells = vec![
            self.kind.word().to_owned(),
            self.row.map(|row| row.to_string()).unwrap_or_default(),
            self.record.clone().unwrap_or_default(),
            self.key.map(|key| key.to_hex()).unwrap_or_default(),
            version.unwrap_or_default(),
        ];
        cells.extend(place.unwrap_or_default());
        cells.extend([self.fields.join(", "), self.detail.clone()]);
        cells
    }

    pub(super) fn json(&self) -> Value {
        json!({
            "kind": self.kind.word(), "row": self.row, "record": self.record, "key": self.key.map(|key| key.to_hex()),
            "version": self.entry.map(|(version, _)| version.get()), "place": self.entry.map(|(_, place)| place.json()),
            "fields": self.fields, "detail": self.detail,
        })
    }

    /// One line for people.
    pub(super) fn words(&self) -> String {
        let row = self.row.map(|row| format!("row {row}  "));
        let record = match (&self.record, &self.key) {
            (Some(record), _) => format!("{record}  "),
            (None, Some(key)) => format!("key {key}  "),
            (None, None) => String::new(),
        };
        let place = self
            .entry
            .map(|(_, place)| format!("  ({})", place.words()));
        format!(
            "▲ {:<9} {}{record}{}{}",
            self.kind.word(),
            row.unwrap_or_default(),
            self.detail,
            place.unwrap_or_default()
        )
    }
}

/// How many of what.
#[derive(Clone, Debug, Default)]
pub(super) struct Counts {
    pub(super) rows: u64,
    /// Records of the registry on the ledger.
    pub(super) records: u64,
    /// Rows in which nothing was found.
    pub(super) matching: u64,
    /// Records in the table and on the ledger, of which a receipt shows what was anchored.
    pub(super) opened: u64,
    /// Those of which none does: whether they changed is not known.
    pub(super) unopened: u64,
    /// Not in force on the ledger and not in the table, which is taken to hold what is in force.
    pub(super) ended: u64,
    /// Columns of the table that were not anchored as fields, with the number of records.
    pub(super) not_anchored: BTreeMap<String, u64>,
    /// Anchored fields for which the table has no column, with the number of records.
    pub(super) no_column: BTreeMap<String, u64>,
}
