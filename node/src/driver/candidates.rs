//! Blocks of the height being decided, executed but not committed.
//!
//! A block is on disk before this validator precommits it: otherwise a loss of power everywhere could
//! leave locks on a block that nobody has any more. It is written into the tail area of the safety record and rides
//! along with the sync of the first record after it was executed, nearly always the prevote's. Each
//! height writes over the last one's blocks, which nobody needs any more.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use ledger::execute::Executed;
use protocol::{
    authentic::Authentic,
    codec,
    hash::{BlockId, LeafHash, sha256},
    height::Height,
};
use serde::{Deserialize, Serialize};

use crate::{
    durable::{self, Durable},
    wire::CompactBlock,
};

/// Blocks that are kept at one height; more drop the oldest that the machine does not need.
const CANDIDATES_MAX: usize = 16;
/// 2: the compact block names the index root.
const SAVED_VERSION: u8 = 2;

/// A block that may be decided.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) compact: CompactBlock,
    pub(super) entries: Vec<Arc<Authentic>>,
    pub(super) executed: Executed,
    kept: SyncState,
    /// How many came before it at this height.
    number: u64,
}

/// How far a candidate is on its way to the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SyncState {
    Not,
    Written,
    Synced,
}

/// A candidate as it stands in the file.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Saved {
    pub(super) compact: CompactBlock,
    #[serde(with = "codec::byte_strings")]
    pub(super) entries: Vec<Vec<u8>>,
}

/// The candidates of one height.
#[derive(Debug, Default)]
pub(super) struct Candidates {
    blocks: BTreeMap<BlockId, Candidate>,
    /// Where the next record of this height goes.
    end: u64,
    /// How many have come at this height.
    came: u64,
}

impl Candidates {
    pub(super) fn blocks(&self) -> Vec<BlockId> {
        self.blocks.keys().copied().collect()
    }

    pub(super) fn get(&self, block: &BlockId) -> Option<&Candidate> {
        self.blocks.get(block)
    }

    /// Those entries of candidates whose hashes are `wanted`, each once; they are taken from it.
    pub(super) fn take_entries(&self, wanted: &mut BTreeSet<LeafHash>) -> Vec<Vec<u8>> {
        let entries = self
            .blocks
            .values()
            .flat_map(|candidate| &candidate.entries);
        let found = entries.filter(|entry| wanted.remove(&entry.hash()));
        found.map(|entry| entry.bytes().to_vec()).collect()
    }

    /// Makes room for one more, if there is none: takes out the oldest that is not `needed`.
    pub(super) fn make_room(&mut self, needed: impl Fn(&BlockId) -> bool) -> Option<BlockId> {
        if self.blocks.len() < CANDIDATES_MAX {
            return None;
        }
        let spare = self.blocks.iter().filter(|(block, _)| !needed(block));
        let oldest = spare.min_by_key(|(_, candidate)| candidate.number);
        let oldest = oldest.map(|(block, _)| *block)?;
        self.blocks.remove(&oldest);
        Some(oldest)
    }

    pub(super) fn insert(
        &mut self,
        compact: CompactBlock,
        entries: Vec<Arc<Authentic>>,
        executed: Executed,
    ) -> BlockId {
        let block = executed.block();
        self.came = self.came.saturating_add(1);
        self.blocks.entry(block).or_insert(Candidate {
            compact,
            entries,
            executed,
            kept: SyncState::Not,
            number: self.came,
        });
        block
    }

    /// Writes every new block where the next sync takes it along; and if one that the next record
    /// `names` is not on disk then, syncs now, since a record must not outlive what it names.
    pub(super) fn write_new(
        &mut self,
        durable: &Durable,
        names: &[BlockId],
    ) -> Result<(), durable::DurableFault> {
        for candidate in self.blocks.values_mut() {
            if candidate.kept == SyncState::Not {
                let record = candidate.record();
                durable.write_tail(self.end, &record)?;
                self.end = self.end.saturating_add(record.len() as u64);
                candidate.kept = SyncState::Written;
            }
        }
        let mut named = names.iter().filter_map(|block| self.blocks.get(block));
        if named.any(|candidate| candidate.kept == SyncState::Written) {
            durable.sync()?;
            self.synced();
        }
        Ok(())
    }

    /// Says that a sync has come back since the last writing.
    pub(super) fn synced(&mut self) {
        for candidate in self.blocks.values_mut() {
            if candidate.kept == SyncState::Written {
                candidate.kept = SyncState::Synced;
            }
        }
    }

    /// What the file holds of `height`. A record that a crash cut short was never voted for.
    pub(super) fn read_saved(
        &mut self,
        durable: &Durable,
        height: Height,
    ) -> Result<Vec<Saved>, durable::DurableFault> {
        let bytes = durable.read_tail()?;
        let mut found = Vec::new();
        let mut rest = bytes.as_slice();
        while let Some((saved, more)) = next_record(rest) {
            if saved.compact.height != height {
                break;
            }
            found.push(saved);
            rest = more;
        }
        // What this run writes goes behind what the last one did.
        self.end = (bytes.len() - rest.len()) as u64;
        Ok(found)
    }

    /// Starts a new height with nothing; gives back the decided block.
    pub(super) fn take_decided(&mut self, block: &BlockId) -> Option<Candidate> {
        let decided = self.blocks.remove(block);
        self.blocks.clear();
        (self.end, self.came) = (0, 0);
        decided
    }
}

impl Candidate {
    /// Length, checksum, bytes.
    fn record(&self) -> Vec<u8> {
        let entries = self.entries.iter().map(|entry| entry.bytes().to_vec());
        let saved = Saved {
            compact: self.compact.clone(),
            entries: entries.collect(),
        };
        let value = codec::encode(SAVED_VERSION, &saved);
        // A block is at most 8 MiB, by the rules.
        let length = u32::try_from(value.len()).unwrap_or(u32::MAX);
        let mut record = length.to_be_bytes().to_vec();
        record.extend_from_slice(&sha256(&[&value]));
        record.extend_from_slice(&value);
        record
    }
}

fn next_record(bytes: &[u8]) -> Option<(Saved, &[u8])> {
    let (length, rest) = bytes.split_at_checked(4)?;
    let (check, rest) = rest.split_at_checked(32)?;
    let length = usize::try_from(u32::from_be_bytes(length.try_into().ok()?)).ok()?;
    let (value, rest) = rest.split_at_checked(length)?;
    let saved = codec::decode(SAVED_VERSION, value, codec::VALUE_BYTES_MAX).ok()?;
    (sha256(&[value]) == *check).then_some((saved, rest))
}
