//! Findings of a reconciliation, and how many there are.

use std::collections::BTreeMap;

use protocol::{hash::RecordKey, height::Version};
use views::{
    auditor::reconcile::{FindingKind, FindingView},
    shown::ShownKey,
};

use crate::auditor::report::EntryPosition;

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

impl From<Finding> for FindingView {
    fn from(finding: Finding) -> Self {
        Self {
            kind: finding.kind,
            row: finding.row,
            record: finding.record,
            key: finding.key.map(ShownKey),
            version: finding.entry.map(|(version, _)| version.get()),
            place: finding.entry.map(|(_, place)| place.into()),
            fields: finding.fields,
            detail: finding.detail,
        }
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
