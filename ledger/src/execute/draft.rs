//! A block while it is being executed: the one loop body behind building and executing.

use std::{collections::BTreeMap, sync::Arc};

use protocol::{
    authentic::{Authentic, Leaf, Submission},
    block::BlockLeaf,
    entry::Statement,
    hash::{EntryId, IndexKey, IndexRoot, LeafHash},
    height::{LeafIndex, TimeMs},
    merkle::{Frontier, leaf_hash},
    name::AgencyName,
    state::{RecordState, value_hash},
};

use super::{BlockParameters, Executed, InvalidBlock};
use crate::{
    directory::Directory,
    fault::Fault,
    head::Head,
    index::Tree,
    records::{Overlay, Records},
    rules::{self, Known, Position, Refusal},
};

/// Entries taken so far, and what they change.
pub(super) struct Draft<'a, R> {
    head: &'a Head,
    below: &'a R,
    time: TimeMs,
    leaves: Vec<Vec<u8>>,
    bytes: u64,
    hashes: Vec<LeafHash>,
    ids: Vec<EntryId>,
    records: BTreeMap<IndexKey, RecordState>,
    before: BTreeMap<IndexKey, Option<RecordState>>,
    /// Directory after the acts of this block; entries are still judged by the one before.
    directory: Option<Directory>,
    values: BTreeMap<IndexKey, String>,
}

impl<'a, R: Records> Draft<'a, R> {
    pub(super) const fn new(head: &'a Head, below: &'a R, time: TimeMs) -> Self {
        Self {
            head,
            below,
            time,
            leaves: Vec::new(),
            bytes: 0,
            hashes: Vec::new(),
            ids: Vec::new(),
            records: BTreeMap::new(),
            before: BTreeMap::new(),
            directory: None,
            values: BTreeMap::new(),
        }
    }

    /// Takes over what holds from the beginning of the block, whatever stands in it.
    pub(super) fn begin(&mut self, values: BTreeMap<IndexKey, String>) {
        for (key, value) in values {
            self.set(key, value);
        }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.leaves.is_empty()
    }

    /// Returns whether an empty block would have room for it.
    pub(super) fn fits_a_block(&self, entry: &Authentic) -> bool {
        let limits = self.head.directory().limits();
        count(entry.count()) <= limits.block_entries
            && count(entry.bytes().len()) <= limits.block_bytes
    }

    /// Checks that it stays within the limits of a block.
    pub(super) fn room_for(&self, entry: &Authentic) -> Result<(), InvalidBlock> {
        let limits = self.head.directory().limits();
        let (entries_max, bytes_max) = (limits.block_entries, limits.block_bytes);
        if count(self.leaves.len()) + count(entry.count()) > entries_max {
            return Err(InvalidBlock::TooManyEntries { entries_max });
        }
        if self.bytes + count(entry.bytes().len()) > bytes_max {
            return Err(InvalidBlock::TooManyBytes { bytes_max });
        }
        Ok(())
    }

    /// Takes it, with all its leaves, if the rules allow it after all that were taken before.
    pub(super) fn take(&mut self, whole: &Authentic) -> Result<Result<(), Refusal>, Fault> {
        let index = LeafIndex::new(self.head.size().get() + count(self.leaves.len()));
        let place = Position {
            height: self.head.height().next(),
            time: self.time,
            index,
        };
        let leaf = whole.first();
        let taken = match whole.submission() {
            Submission::Entry(entry) => self.take_entry(leaf, &entry.statement, place)?,
            Submission::Batch(batch) => {
                let records = Overlay {
                    changes: &self.records,
                    below: self.below,
                };
                let directory = self.head.directory();
                let judged = rules::batch::judge_all(directory, &records, whole, batch, place)?;
                judged.map(|states| {
                    for (known, state) in states {
                        self.change(known, state);
                    }
                })
            }
            Submission::Act(act) => rules::act::judge(self.present(), leaf, act, place)
                .map(|(key, value)| self.set(key, value)),
            Submission::Return(mark) => rules::returns::judge(self.present(), leaf, mark, place)
                .map(|(key, value)| self.set(key, value)),
            Submission::Governance(governance) => {
                rules::governance::judge(self.present(), leaf, governance, place).map(|values| {
                    for (key, value) in values {
                        self.set(key, value);
                    }
                })
            }
        };
        if let Err(refusal) = taken {
            return Ok(Err(refusal));
        }
        for leaf in whole.leaves() {
            self.leaves.push(leaf.bytes.to_vec());
            self.bytes += count(leaf.bytes.len());
            self.hashes.push(leaf.hash);
            self.ids.push(leaf.id);
        }
        Ok(Ok(()))
    }

    fn take_entry(
        &mut self,
        entry: Leaf<'_>,
        statement: &Statement,
        place: Position,
    ) -> Result<Result<(), Refusal>, Fault> {
        let records = Overlay {
            changes: &self.records,
            below: self.below,
        };
        let known = Known::find(&records, entry, statement)?;
        let judged = rules::judge(self.head.directory(), &known, entry, statement, place);
        Ok(judged.map(|state| self.change(known, state)))
    }

    /// The directory with what acts of this block have made of it.
    fn present(&self) -> &Directory {
        self.directory.as_ref().unwrap_or(self.head.directory())
    }

    fn set(&mut self, key: IndexKey, value: String) {
        let before = self.head.directory();
        let directory = self.directory.get_or_insert_with(|| (**before).clone());
        // The rules make nothing that the directory does not take.
        let _taken = directory.set(&value);
        self.values.insert(key, value);
    }

    fn change(&mut self, known: Known, state: RecordState) {
        self.before.entry(known.key).or_insert(known.current);
        self.records.insert(known.key, state);
    }

    /// Closes the block with its block leaf.
    pub(super) fn seal(self, proposer: AgencyName) -> Result<Executed, Fault> {
        let records = self.records.iter();
        let records = records.map(|(key, state)| (*key, value_hash(&state.write())));
        let values = self.values.iter();
        let values = values.map(|(key, value)| (*key, value_hash(value)));
        let changes = records.chain(values).collect();
        let index = self.head.index().update(&changes)?;
        let by = BlockParameters {
            proposer,
            time: self.time,
        };
        let leaf = block_leaf(self.head, by, self.leaves.len(), index.root());
        let frontier = self.head.frontier.clone();
        let log = SealedBlock {
            leaves: self.leaves,
            hashes: self.hashes,
            frontier,
        };
        let before = self.head.directory();
        let (directory, values_before) = match self.directory {
            None => (Arc::clone(before), BTreeMap::new()),
            Some(directory) => (Arc::new(directory), before.present(self.values.keys())),
        };
        let (head, log) = seal(log, leaf, directory, index);
        Ok(Executed {
            head: Arc::new(head),
            first: LeafIndex::new(self.head.size().get()),
            leaves: log.leaves,
            hashes: log.hashes,
            ids: self.ids,
            records: self.records,
            before: self.before,
            values: self.values,
            values_before,
        })
    }
}

/// The block leaf after `entries` leaves, if the index after them has the root `index`.
pub(super) fn block_leaf(
    head: &Head,
    by: BlockParameters,
    entries: usize,
    index: IndexRoot,
) -> BlockLeaf {
    BlockLeaf {
        height: head.height().next(),
        time: by.time,
        proposer: Some(by.proposer),
        parent: Some(head.block()),
        entries: count(entries),
        index,
        epoch: head.directory().network().epoch,
        trust: head.directory().network().trust,
    }
}

/// The leaves of one block on top of the log before it.
pub(super) struct SealedBlock {
    pub(super) leaves: Vec<Vec<u8>>,
    pub(super) hashes: Vec<LeafHash>,
    pub(super) frontier: Frontier,
}

/// Adds the block leaf, and the block to the log.
pub(super) fn seal(
    mut log: SealedBlock,
    leaf: BlockLeaf,
    directory: Arc<Directory>,
    index: Tree,
) -> (Head, SealedBlock) {
    let bytes = leaf.write().into_bytes();
    log.hashes.push(leaf_hash(&bytes));
    log.leaves.push(bytes);
    for hash in &log.hashes {
        log.frontier.push(*hash);
    }
    let head = Head::new(leaf, log.frontier.clone(), directory, index);
    (head, log)
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
