//! How the rules find the present state of a record.
//!
//! Two keepers: the store, on disk, and [`MemoryRecords`], for whoever replays a log.

use std::collections::BTreeMap;

use protocol::{hash::IndexKey, state::RecordState};

use crate::fault::Fault;

/// Keeps the present state of all records.
pub trait Records {
    /// The state of the record at `key`; none if it was never registered.
    ///
    /// # Errors
    ///
    /// [`Fault`] if it cannot be read.
    fn record(&self, key: &IndexKey) -> Result<Option<RecordState>, Fault>;
}

/// Records in memory.
#[derive(Clone, Debug, Default)]
pub struct MemoryRecords(BTreeMap<IndexKey, RecordState>);

impl MemoryRecords {
    /// Takes over what a block changed.
    pub fn apply(&mut self, changes: &BTreeMap<IndexKey, RecordState>) {
        let changes = changes.iter();
        self.0
            .extend(changes.map(|(key, state)| (*key, state.clone())));
    }

    /// Number of records.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether there is no record.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Records for MemoryRecords {
    fn record(&self, key: &IndexKey) -> Result<Option<RecordState>, Fault> {
        Ok(self.0.get(key).cloned())
    }
}

/// Records with the changes of a block that is still being executed on top.
#[derive(Debug)]
pub(crate) struct Overlay<'a, R> {
    pub(crate) changes: &'a BTreeMap<IndexKey, RecordState>,
    pub(crate) below: &'a R,
}

impl<R: Records> Records for Overlay<'_, R> {
    fn record(&self, key: &IndexKey) -> Result<Option<RecordState>, Fault> {
        match self.changes.get(key) {
            Some(state) => Ok(Some(state.clone())),
            None => self.below.record(key),
        }
    }
}
