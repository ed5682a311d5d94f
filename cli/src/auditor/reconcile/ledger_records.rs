//! Records of one registry on the ledger, as the blocks pass: where each began, what was
//! declared, and which entry says what is in it now.

use std::collections::BTreeMap;

use protocol::{
    entry::Statement,
    hash::{EntryId, RecordKey},
    height::Version,
    name::Date,
};

use crate::auditor::report::EntryPosition;

/// One record.
#[derive(Clone, Debug)]
pub(super) struct LedgerRecord {
    /// Where its first version stands.
    pub(super) first: EntryPosition,
    /// The entry that says what is in it now.
    pub(super) content: (Version, EntryPosition, EntryId),
    /// Dates that its versions declare, with the place of each.
    pub(super) declared: Vec<(Version, Date, EntryPosition)>,
}

/// The records of one registry.
#[derive(Debug, Default)]
pub(super) struct RegistryRecords(BTreeMap<RecordKey, LedgerRecord>);

impl RegistryRecords {
    /// Takes the next entry of the registry, in the order of the log.
    pub(super) fn take(&mut self, place: EntryPosition, statement: &Statement) {
        if statement.operation.is_attestation() {
            return;
        }
        let content = (statement.version, place, statement.id());
        let held = self.0.entry(statement.key).or_insert_with(|| LedgerRecord {
            first: place,
            content,
            declared: Vec::new(),
        });
        // Suspending or revoking says nothing of what is in it, and its date is that of the ending.
        if statement.operation.has_content() {
            held.content = content;
            let date = statement.effective.clone();
            let declared = date.map(|date| (statement.version, date, place));
            held.declared.extend(declared);
        }
    }

    pub(super) fn get(&self, key: &RecordKey) -> Option<&LedgerRecord> {
        self.0.get(key)
    }

    /// All of them, in the order in which they were registered.
    pub(super) fn by_place(&self) -> Vec<(&RecordKey, &LedgerRecord)> {
        let mut records: Vec<_> = self.0.iter().collect();
        records.sort_by_key(|(_, held)| held.first);
        records
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}
