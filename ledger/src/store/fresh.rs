//! What the last blocks have added, and no run holds yet.
//!
//! Ids and keys are hashes, so a row for each in the database would be put at a random place of a large memory table,
//! and again in every merge. Instead a block's rows go to disk together, under its height; here they are found in
//! memory; and when there are many, those of published blocks become a run: one sorted table, which the database
//! takes over as it is (`runs`).

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, PoisonError, RwLock},
};

use protocol::{
    hash::{EntryId, IndexKey, ValueHash},
    height::{Height, LeafIndex},
    state::{RecordState, value_hash},
};
use serde::{Deserialize, Serialize};

use super::schema::RecordRow;
use crate::execute::Executed;

/// What one block has added, on disk.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct FreshRow {
    first: LeafIndex,
    ids: Vec<EntryId>,
    records: Vec<(IndexKey, RecordRow)>,
    values: Vec<(IndexKey, String)>,
}

/// What one block has added.
#[derive(Debug)]
pub(crate) struct FreshBlock {
    pub(super) height: Height,
    /// Index of its first leaf.
    pub(super) first: LeafIndex,
    /// Its entries, in their order from the first leaf on.
    pub(super) ids: Vec<EntryId>,
    /// The records that it changed, with their state after it.
    pub(super) records: Vec<(IndexKey, RecordState)>,
    /// Other values of the index that it set.
    pub(super) values: Vec<(IndexKey, String)>,
}

impl FreshBlock {
    pub(super) fn of(executed: &Executed) -> Self {
        let records = executed.records().iter();
        let values = executed.values().iter();
        Self {
            height: executed.height(),
            first: executed.first(),
            ids: executed.ids().to_vec(),
            records: records.map(|(key, state)| (*key, state.clone())).collect(),
            values: values.map(|(key, value)| (*key, value.clone())).collect(),
        }
    }

    pub(super) fn row(&self) -> FreshRow {
        let records = self.records.iter();
        FreshRow {
            first: self.first,
            ids: self.ids.clone(),
            records: records
                .map(|(key, state)| (*key, RecordRow::from(state)))
                .collect(),
            values: self.values.clone(),
        }
    }

    /// Its entries with their places in the log.
    pub(super) fn entries(&self) -> impl Iterator<Item = (EntryId, LeafIndex)> {
        let indexes = (self.first.get()..).map(LeafIndex::new);
        self.ids.iter().copied().zip(indexes)
    }

    /// The leaves of the index that it changed.
    pub(crate) fn index_leaves(&self) -> impl Iterator<Item = (IndexKey, ValueHash)> {
        let records = self.records.iter();
        let records = records.map(|(key, state)| (*key, value_hash(&state.write())));
        let values = self.values.iter();
        records.chain(values.map(|(key, value)| (*key, value_hash(value))))
    }

    /// What the row of a height says; none if a record of it is none.
    pub(super) fn read(height: Height, row: FreshRow) -> Option<Self> {
        let records = row.records.into_iter();
        let records = records.map(|(key, record)| Some((key, record.state()?)));
        Some(Self {
            height,
            first: row.first,
            ids: row.ids,
            records: records.collect::<Option<_>>()?,
            values: row.values,
        })
    }
}

/// All of them in memory.
#[derive(Debug, Default)]
pub(super) struct Fresh(RwLock<Blocks>);

/// Blocks in their order, and where in them an entry or the newest state of a record is found.
#[derive(Debug, Default)]
struct Blocks {
    blocks: VecDeque<Arc<FreshBlock>>,
    entries: HashMap<EntryId, LeafIndex>,
    /// Number of the block among them, and place in it.
    records: HashMap<IndexKey, (usize, usize)>,
}

impl Blocks {
    fn add(&mut self, block: Arc<FreshBlock>) {
        let number = self.blocks.len();
        self.entries.extend(block.entries());
        let records = (0..).zip(&block.records);
        self.records
            .extend(records.map(|(place, (key, _))| (*key, (number, place))));
        self.blocks.push_back(block);
    }
}

impl Fresh {
    /// Takes what a block has added that is on disk.
    pub(super) fn add(&self, block: FreshBlock) {
        let block = Arc::new(block);
        self.write(|blocks| blocks.add(block));
    }

    pub(super) fn entry(&self, id: &EntryId) -> Option<LeafIndex> {
        self.read(|blocks| blocks.entries.get(id).copied())
    }

    pub(super) fn record(&self, key: &IndexKey) -> Option<RecordState> {
        self.read(|blocks| {
            let (number, place) = blocks.records.get(key)?;
            let block = blocks.blocks.get(*number)?;
            block.records.get(*place).map(|(_, state)| state.clone())
        })
    }

    /// Number of entries and changed records.
    pub(super) fn len(&self) -> usize {
        self.read(|blocks| blocks.entries.len().saturating_add(blocks.records.len()))
    }

    /// All blocks, in their order.
    pub(super) fn all(&self) -> Vec<Arc<FreshBlock>> {
        self.read(|blocks| blocks.blocks.iter().cloned().collect())
    }

    /// The blocks up to `height`, in their order.
    pub(super) fn until(&self, height: Height) -> Vec<Arc<FreshBlock>> {
        self.read(|blocks| {
            let until = blocks
                .blocks
                .iter()
                .take_while(|block| block.height <= height);
            until.cloned().collect()
        })
    }

    /// Lets go of the blocks up to `height`, which a run holds now.
    pub(super) fn forget(&self, height: Height) {
        self.write(|blocks| {
            let mut rest = Blocks::default();
            for block in std::mem::take(&mut blocks.blocks) {
                if block.height > height {
                    rest.add(block);
                }
            }
            *blocks = rest;
        });
    }

    fn read<T>(&self, look: impl FnOnce(&Blocks) -> T) -> T {
        look(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn write<T>(&self, change: impl FnOnce(&mut Blocks) -> T) -> T {
        change(&mut self.0.write().unwrap_or_else(PoisonError::into_inner))
    }
}
