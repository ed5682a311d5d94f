//! Row against record. Pure but for the receipts that it looks up: no clock, no network.

use std::collections::{BTreeMap, BTreeSet};

use client::{coded::Coded, import::Earlier, time, values};
use messages::UserMessage;
use protocol::{
    commitment::{DOCUMENT_FIELD, Fields},
    hash::RecordKey,
    height::Version,
    name::{Date, RegistryName},
    opening::Content,
    record::RecordId,
    state::RecordStatus,
};
use views::auditor::reconcile::FindingKind;

use super::{
    finding::{Counts, Finding},
    ledger_records::{LedgerRecord, RegistryRecords},
};
use crate::{
    auditor::report::{EntryPosition, day_of},
    exit::words,
};

/// How the two are compared.
#[derive(Debug)]
pub(super) struct Criteria {
    pub(super) registry: RegistryName,
    /// Columns of the record's number: matched folded, so not compared again.
    pub(super) record: Vec<String>,
    pub(super) date: Option<String>,
    pub(super) late_days: Option<u32>,
    pub(super) status: Option<String>,
    /// Words of the status column for each status.
    pub(super) words: BTreeMap<String, RecordStatus>,
    pub(super) ignore: BTreeSet<String>,
}

/// A table and a ledger being compared.
pub(super) struct Comparison<'a> {
    criteria: &'a Criteria,
    records: &'a RegistryRecords,
    /// The status of a record on the ledger.
    status: &'a dyn Fn(&RecordKey) -> RecordStatus,
    receipts: &'a Earlier,
    /// The row of each record that the table has.
    rows: BTreeMap<RecordKey, u64>,
    pub(super) findings: Vec<Finding>,
    pub(super) counts: Counts,
}

impl<'a> Comparison<'a> {
    pub(super) fn new(
        criteria: &'a Criteria,
        records: &'a RegistryRecords,
        status: &'a dyn Fn(&RecordKey) -> RecordStatus,
        receipts: &'a Earlier,
    ) -> Self {
        let counts = Counts {
            records: records.len() as u64,
            ..Counts::default()
        };
        Self {
            criteria,
            records,
            status,
            receipts,
            rows: BTreeMap::new(),
            findings: Vec::new(),
            counts,
        }
    }

    /// A row that cannot be read. Its number, if that can be, keeps the record from being taken for extra.
    pub(super) fn invalid(
        &mut self,
        row: u64,
        record: Option<RecordId>,
        column: &str,
        why: String,
    ) {
        self.counts.rows += 1;
        let key = record
            .as_ref()
            .map(|record| record.key(&self.criteria.registry));
        if let Some(key) = key {
            let _first = self.rows.entry(key).or_insert(row);
        }
        let columns = Some(column.to_owned()).filter(|column| !column.is_empty());
        self.findings.push(Finding {
            kind: FindingKind::Invalid,
            row: Some(row),
            record: record.map(|record| record.to_string()),
            key,
            entry: None,
            fields: columns.into_iter().collect(),
            detail: why,
        });
    }

    /// A row that can.
    pub(super) fn row(&mut self, row: u64, record: &RecordId, cells: &Fields) {
        self.counts.rows += 1;
        let key = record.key(&self.criteria.registry);
        let found = Finding {
            kind: FindingKind::Missing,
            row: Some(row),
            record: Some(record.to_string()),
            key: Some(key),
            entry: None,
            fields: Vec::new(),
            detail: words(&UserMessage::new("finding-never-anchored")),
        };
        if let Some(first) = self.rows.get(&key).copied() {
            self.again(found, first, cells);
            return;
        }
        let _new = self.rows.insert(key, row);
        let records = self.records;
        let Some(held) = records.get(&key) else {
            self.findings.push(found);
            return;
        };
        let before = self.findings.len();
        self.fields(&found, held, cells);
        self.dates(&found, held, cells);
        self.in_force(&found, held, cells);
        self.counts.matching += u64::from(self.findings.len() == before);
    }

    /// A row whose number an earlier one has: what it says is compared too, and told in the same finding.
    fn again(&mut self, found: Finding, first: u64, cells: &Fields) {
        let held = found.key.and_then(|key| self.records.get(&key));
        let told = held.and_then(|held| Some((held.content, self.anchored(&found, held)?)));
        let (fields, entry, compared) = match told {
            None => (Vec::new(), None, String::new()),
            Some(((version, place, _), fields)) => {
                let changed = self.changed(&fields, cells);
                let compared = if changed.is_empty() {
                    words(&UserMessage::new("finding-as-anchored").text("version", version))
                } else {
                    format!(", {}", differs(version, &changed))
                };
                (changed, Some((version, place)), compared)
            }
        };
        self.findings.push(Finding {
            kind: FindingKind::Duplicate,
            entry,
            fields,
            detail: words(
                &UserMessage::new("finding-again")
                    .text("row", first)
                    .text("compared", compared),
            ),
            ..found
        });
    }

    /// Records that no row has named.
    pub(super) fn rest(&mut self) {
        let records = self.records;
        for (key, held) in records.by_place() {
            if self.rows.contains_key(key) {
                continue;
            }
            let status = (self.status)(key);
            // A table that tells the status holds all records; one that does not, those in force.
            if self.criteria.status.is_none() && status != RecordStatus::Active {
                self.counts.ended += 1;
                continue;
            }
            let (version, place, _) = held.content;
            let number = self.receipts.number(&self.criteria.registry, key, version);
            self.findings.push(Finding {
                kind: FindingKind::Extra,
                row: None,
                record: number.map(|number| number.to_string()),
                key: Some(*key),
                entry: Some((version, place)),
                fields: Vec::new(),
                detail: words(
                    &UserMessage::new("finding-not-in-table").text("status", status.word()),
                ),
            });
        }
        self.findings.sort_by_key(|finding| finding.kind);
    }

    /// The fields of a record's newest version, if a receipt opens them.
    fn anchored(&self, found: &Finding, held: &LedgerRecord) -> Option<Fields> {
        let (version, _, id) = held.content;
        match self.receipts.opening_of(&found.key?, version, id)?.content {
            Some(Content::Fields { fields, .. }) => Some(fields),
            _ => None,
        }
    }

    /// Returns whether a column or field is not compared as such.
    fn skips(&self, name: &str) -> bool {
        let criteria = self.criteria;
        criteria.record.iter().any(|column| column == name)
            || criteria.status.as_deref() == Some(name)
            || criteria.ignore.contains(name)
    }

    /// The columns in which a row says something else than was anchored.
    fn changed(&self, fields: &Fields, cells: &Fields) -> Vec<String> {
        let differs = |name: &str, cell: &str| {
            fields
                .get(name)
                .is_some_and(|value| !values::same(value, cell))
        };
        let cells = cells.as_slice().iter();
        cells
            .filter(|(name, cell)| !self.skips(name) && differs(name, cell))
            .map(|(name, _)| name.clone())
            .collect()
    }

    /// Cells against the fields that a receipt opens.
    fn fields(&mut self, found: &Finding, held: &LedgerRecord, cells: &Fields) {
        let Some(fields) = self.anchored(found, held) else {
            self.counts.unopened += 1;
            return;
        };
        self.counts.opened += 1;
        for (name, _) in cells.as_slice() {
            if fields.get(name).is_none() && !self.skips(name) {
                *self.counts.not_anchored.entry(name.clone()).or_default() += 1;
            }
        }
        for (name, _) in fields.as_slice() {
            if cells.get(name).is_none() && !self.skips(name) && name != DOCUMENT_FIELD {
                *self.counts.no_column.entry(name.clone()).or_default() += 1;
            }
        }
        let changed = self.changed(&fields, cells);
        if !changed.is_empty() {
            let (version, place, _) = held.content;
            self.findings.push(Finding {
                kind: FindingKind::Changed,
                entry: Some((version, place)),
                detail: differs(version, &changed),
                fields: changed,
                ..found.clone()
            });
        }
    }

    /// The legal date: that of the table's column, else those that the versions declare.
    fn dates(&mut self, found: &Finding, held: &LedgerRecord, cells: &Fields) {
        let Some(column) = &self.criteria.date else {
            for (version, date, place) in &held.declared {
                self.late(found, *version, date, *place, Vec::new());
            }
            return;
        };
        let cell = cells.get(column).unwrap_or_default();
        let date = match time::of_cell(cell) {
            Ok(Some(date)) => date,
            Ok(None) => return,
            Err(error) => {
                self.findings.push(Finding {
                    kind: FindingKind::Invalid,
                    fields: vec![column.clone()],
                    detail: words(
                        &UserMessage::new("row-column")
                            .text("column", column)
                            .part("trouble", error.message()),
                    ),
                    ..found.clone()
                });
                return;
            }
        };
        // What a correction or amendment has replaced is declared no more.
        let declared = held.declared.last();
        let declared = declared.filter(|(_, declared, _)| *declared != date);
        if let Some((version, declared, place)) = declared {
            self.findings.push(Finding {
                kind: FindingKind::Changed,
                entry: Some((*version, *place)),
                fields: vec![column.clone()],
                detail: words(
                    &UserMessage::new("finding-other-date")
                        .text("version", version)
                        .text("declared", declared)
                        .text("column", column),
                ),
                ..found.clone()
            });
        }
        self.late(
            found,
            Version::new(1),
            &date,
            held.first,
            vec![column.clone()],
        );
    }

    fn late(
        &mut self,
        found: &Finding,
        version: Version,
        date: &Date,
        place: EntryPosition,
        fields: Vec<String>,
    ) {
        let days = day_of(place.time) - date.day();
        let limit = self.criteria.late_days.map(i64::from);
        if limit.is_some_and(|limit| days > limit) {
            self.findings.push(Finding {
                kind: FindingKind::Late,
                entry: Some((version, place)),
                fields,
                detail: words(
                    &UserMessage::new("finding-late")
                        .text("version", version)
                        .text("days", days)
                        .text("date", date),
                ),
                ..found.clone()
            });
        }
    }

    /// Returns whether both sides say the same of whether it is in force.
    fn in_force(&mut self, found: &Finding, held: &LedgerRecord, cells: &Fields) {
        let Some(status) = found.key.map(|key| (self.status)(&key)) else {
            return;
        };
        let (fields, detail) = match &self.criteria.status {
            None if status == RecordStatus::Active => return,
            None => (
                Vec::new(),
                words(&UserMessage::new("finding-status-on-ledger").text("status", status.word())),
            ),
            Some(column) => {
                let cell = cells.get(column).unwrap_or_default().trim();
                let said = self.criteria.words.get(cell);
                let word = status.word();
                let detail = match said {
                    Some(said) if *said == status => return,
                    Some(said) => words(
                        &UserMessage::new("finding-status-differs")
                            .text("status", word)
                            .text("said", said.word()),
                    ),
                    None => words(
                        &UserMessage::new("finding-status-unknown")
                            .text("status", word)
                            .text("column", column),
                    ),
                };
                (vec![column.clone()], detail)
            }
        };
        let (version, place, _) = held.content;
        self.findings.push(Finding {
            kind: FindingKind::Status,
            entry: Some((version, place)),
            fields,
            detail,
            ..found.clone()
        });
    }
}

fn differs(version: Version, changed: &[String]) -> String {
    words(
        &UserMessage::new("finding-not-as-anchored")
            .text("version", version)
            .text("fields", changed.join(", ")),
    )
}
