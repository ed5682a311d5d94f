//! Rows that are in no run yet: entries by id and records by key, of the last blocks.
//!
//! Ids and keys are hashes, so a row for each in the database would be put at a random place of a large memory table,
//! and again in every merge. Instead a block's rows go to disk together, under its height; here they are found in
//! memory; and when there are [`RUN_ROWS`] entries, all become one run: sorted tables, written at once, which the
//! database takes over as they are (`runs`).

use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock},
};

use protocol::{
    hash::{EntryId, IndexKey},
    height::{Height, LeafIndex},
    state::RecordState,
};
use serde::{Deserialize, Serialize};

use super::schema::RecordRow;
use crate::execute::Executed;

/// Number of entries that make a run. Fewer cost more merges, more cost memory and time when a folder is opened.
pub(super) const RUN_ROWS: usize = 32_768;
/// So many entries may be left from before when a folder is opened; more become a run.
pub(super) const LEFT_ROWS_MAX: usize = 256;

/// The rows of one block on disk.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct FreshRow {
    first: LeafIndex,
    ids: Vec<EntryId>,
    records: Vec<(IndexKey, RecordRow)>,
}

impl FreshRow {
    pub(super) fn of(executed: &Executed) -> Self {
        let records = executed.records().iter();
        Self {
            first: executed.first(),
            ids: executed.ids().to_vec(),
            records: records
                .map(|(key, state)| (*key, RecordRow::from(state)))
                .collect(),
        }
    }
}

/// All of them in memory.
#[derive(Debug, Default)]
pub(super) struct Fresh(RwLock<FreshRows>);

/// Entries and records, and the heights of their blocks.
#[derive(Debug, Default)]
pub(super) struct FreshRows {
    pub(super) entries: HashMap<EntryId, LeafIndex>,
    pub(super) records: HashMap<IndexKey, RecordState>,
    pub(super) heights: Vec<Height>,
}

impl FreshRows {
    fn add(
        &mut self,
        height: Height,
        first: LeafIndex,
        ids: &[EntryId],
        records: impl IntoIterator<Item = (IndexKey, RecordState)>,
    ) {
        let ids = (first.get()..).map(LeafIndex::new).zip(ids);
        self.entries.extend(ids.map(|(index, id)| (*id, index)));
        self.records.extend(records);
        self.heights.push(height);
    }
}

impl Fresh {
    /// Takes the rows of a block that is on disk.
    pub(super) fn add(&self, executed: &Executed) {
        let records = executed.records().iter();
        let records = records.map(|(key, state)| (*key, state.clone()));
        let (height, first) = (executed.height(), executed.first());
        self.write(|rows| rows.add(height, first, executed.ids(), records));
    }

    /// Takes the rows of a block as they are read back; none if a record of them is none.
    pub(super) fn restore(&self, height: Height, row: FreshRow) -> Option<()> {
        let records = row.records.into_iter();
        let records = records.map(|(key, record)| Some((key, record.state()?)));
        let records: Vec<_> = records.collect::<Option<_>>()?;
        self.write(|rows| rows.add(height, row.first, &row.ids, records));
        Some(())
    }

    pub(super) fn entry(&self, id: &EntryId) -> Option<LeafIndex> {
        self.read(|rows| rows.entries.get(id).copied())
    }

    pub(super) fn record(&self, key: &IndexKey) -> Option<RecordState> {
        self.read(|rows| rows.records.get(key).cloned())
    }

    /// Number of entries.
    pub(super) fn len(&self) -> usize {
        self.read(|rows| rows.entries.len())
    }

    pub(super) fn read<T>(&self, look: impl FnOnce(&FreshRows) -> T) -> T {
        look(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Lets go of all that a run holds now.
    pub(super) fn clear(&self) {
        self.write(|rows| *rows = FreshRows::default());
    }

    fn write<T>(&self, change: impl FnOnce(&mut FreshRows) -> T) -> T {
        change(&mut self.0.write().unwrap_or_else(PoisonError::into_inner))
    }
}
