//! Blocks of the height being decided, executed but not committed.
//!
//! A block is saved to a file before this validator precommits it: otherwise a loss of power everywhere
//! could leave locks on a block that nobody has any more.

use std::{
    collections::BTreeMap,
    fs::{File, OpenOptions},
    io::{Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use ledger::execute::Executed;
use protocol::{
    codec,
    entry::Authentic,
    hash::{BlockId, LeafHash, sha256},
    height::Height,
};
use serde::{Deserialize, Serialize};

use crate::wire::Outline;

/// Blocks that are kept at one height; more rounds than this drop the oldest that is not saved.
const CANDIDATES_MAX: usize = 16;
const SAVED_VERSION: u8 = 1;

/// A block that may be decided.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) outline: Outline,
    pub(super) entries: Vec<Arc<Authentic>>,
    pub(super) executed: Executed,
    saved: bool,
}

/// A candidate as it stands in the file.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Saved {
    pub(super) outline: Outline,
    pub(super) entries: Vec<Vec<u8>>,
}

/// The candidates of one height.
#[derive(Debug)]
pub(super) struct Candidates {
    blocks: BTreeMap<BlockId, Candidate>,
    path: PathBuf,
    file: File,
    used: bool,
}

impl Candidates {
    pub(super) fn open(path: &Path) -> Result<Self, String> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
        let file = file.map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Self { blocks: BTreeMap::new(), path: path.to_owned(), file, used: true })
    }

    pub(super) fn get(&self, block: &BlockId) -> Option<&Candidate> {
        self.blocks.get(block)
    }

    /// The bytes of an entry that stands in a candidate.
    pub(super) fn entry(&self, hash: &LeafHash) -> Option<Vec<u8>> {
        let mut entries = self.blocks.values().flat_map(|candidate| &candidate.entries);
        entries.find(|entry| entry.hash() == *hash).map(|entry| entry.bytes().to_vec())
    }

    pub(super) fn insert(&mut self, outline: Outline, entries: Vec<Arc<Authentic>>, executed: Executed) -> BlockId {
        let block = executed.block();
        if self.blocks.len() >= CANDIDATES_MAX
            && let Some(oldest) = self.blocks.iter().filter(|(_, kept)| !kept.saved).map(|(id, _)| *id).next()
        {
            self.blocks.remove(&oldest);
        }
        self.blocks.entry(block).or_insert(Candidate { outline, entries, executed, saved: false });
        block
    }

    /// Makes certain that the block survives a loss of power.
    pub(super) fn save(&mut self, block: &BlockId) -> Result<(), String> {
        let Some(candidate) = self.blocks.get_mut(block).filter(|candidate| !candidate.saved) else { return Ok(()) };
        let entries = candidate.entries.iter().map(|entry| entry.bytes().to_vec()).collect();
        let value = codec::encode(SAVED_VERSION, &Saved { outline: candidate.outline.clone(), entries });
        let mut record = u32::try_from(value.len()).map_err(|_| "a block of 4 GiB".to_owned())?.to_be_bytes().to_vec();
        record.extend_from_slice(&sha256(&[&value]));
        record.extend_from_slice(&value);
        self.used = true;
        let written = self.file.seek(SeekFrom::End(0)).and_then(|_| self.file.write_all(&record)).and_then(|()| self.file.sync_data());
        written.map_err(|error| format!("{}: {error}", self.path.display()))?;
        candidate.saved = true;
        Ok(())
    }

    /// What the file holds of `height`. A record that a crash cut short was never voted for.
    pub(super) fn read_saved(&mut self, height: Height) -> Result<Vec<Saved>, String> {
        let mut bytes = Vec::new();
        let read = self.file.seek(SeekFrom::Start(0)).and_then(|_| self.file.read_to_end(&mut bytes));
        read.map_err(|error| format!("{}: {error}", self.path.display()))?;
        let mut found = Vec::new();
        let mut rest = bytes.as_slice();
        while let Some((saved, more)) = next_record(rest) {
            found.extend((saved.outline.height == height).then_some(saved));
            rest = more;
        }
        Ok(found)
    }

    /// Starts a new height with nothing; gives back the decided block.
    pub(super) fn take_decided(&mut self, block: &BlockId) -> Option<Candidate> {
        let decided = self.blocks.remove(block);
        self.blocks.clear();
        decided
    }

    /// Empties the file once the decided block is in the ledger. Not synced: old records are harmless.
    pub(super) fn forget(&mut self) -> Result<(), String> {
        if std::mem::take(&mut self.used) {
            self.file.set_len(0).map_err(|error| format!("{}: {error}", self.path.display()))?;
        }
        Ok(())
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
