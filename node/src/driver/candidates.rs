//! Blocks of the height being decided, executed but not committed.
//!
//! A block is saved to a file before this validator precommits it: otherwise a loss of power everywhere
//! could leave locks on a block that nobody has any more. Each height writes over the file from its
//! start: what the last one left behind is harmless, and bytes written over are the fastest to sync.

use std::{
    collections::BTreeMap,
    fs::{File, OpenOptions},
    io::Read,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::{Arc, mpsc},
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
    saving: Option<Saving>,
    saved: bool,
}

/// The end of a write under way.
type Saving = mpsc::Receiver<Result<(), String>>;

/// A write for the saving thread.
#[derive(Debug)]
struct Save {
    at: u64,
    record: Vec<u8>,
    done: mpsc::Sender<Result<(), String>>,
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
    saver: mpsc::Sender<Save>,
    /// Where the next record of this height goes.
    end: u64,
}

impl Candidates {
    pub(super) fn open(path: &Path) -> Result<Self, String> {
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(path);
        let file = file.map_err(|error| format!("{}: {error}", path.display()))?;
        // The name of a new file must survive as well as its bytes.
        let folder = path.parent().unwrap_or(Path::new("."));
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(|error| format!("{}: {error}", folder.display()))?;
        let (saver, saves) = mpsc::channel();
        let name = path.display().to_string();
        std::thread::Builder::new()
            .name("save".to_owned())
            .spawn(move || write_all(&file, &saves, &name))
            .map_err(|error| error.to_string())?;
        Ok(Self {
            blocks: BTreeMap::new(),
            path: path.to_owned(),
            saver,
            end: 0,
        })
    }

    pub(super) fn get(&self, block: &BlockId) -> Option<&Candidate> {
        self.blocks.get(block)
    }

    /// The bytes of an entry that stands in a candidate.
    pub(super) fn entry(&self, hash: &LeafHash) -> Option<Vec<u8>> {
        let mut entries = self
            .blocks
            .values()
            .flat_map(|candidate| &candidate.entries);
        entries
            .find(|entry| entry.hash() == *hash)
            .map(|entry| entry.bytes().to_vec())
    }

    pub(super) fn insert(
        &mut self,
        outline: Outline,
        entries: Vec<Arc<Authentic>>,
        executed: Executed,
    ) -> BlockId {
        let block = executed.block();
        if self.blocks.len() >= CANDIDATES_MAX
            && let Some(oldest) = self
                .blocks
                .iter()
                .filter(|(_, kept)| !kept.saved)
                .map(|(id, _)| *id)
                .next()
        {
            self.blocks.remove(&oldest);
        }
        self.blocks.entry(block).or_insert(Candidate {
            outline,
            entries,
            executed,
            saving: None,
            saved: false,
        });
        block
    }

    /// Starts to save a block, beside whatever the driver does next.
    pub(super) fn begin_to_save(&mut self, block: &BlockId) -> Result<(), String> {
        let Some(candidate) = self
            .blocks
            .get_mut(block)
            .filter(|candidate| !candidate.saved && candidate.saving.is_none())
        else {
            return Ok(());
        };
        let entries = candidate
            .entries
            .iter()
            .map(|entry| entry.bytes().to_vec())
            .collect();
        let value = codec::encode(
            SAVED_VERSION,
            &Saved {
                outline: candidate.outline.clone(),
                entries,
            },
        );
        let mut record = u32::try_from(value.len())
            .map_err(|_| "a block of 4 GiB".to_owned())?
            .to_be_bytes()
            .to_vec();
        record.extend_from_slice(&sha256(&[&value]));
        record.extend_from_slice(&value);
        let at = self.end;
        self.end = at.saturating_add(record.len() as u64);
        let (done, saving) = mpsc::channel();
        candidate.saving = Some(saving);
        self.saver
            .send(Save { at, record, done })
            .map_err(|_| "the saving thread ended: a bug".to_owned())
    }

    /// Makes certain that the block survives a loss of power: waits until it is on disk.
    pub(super) fn save(&mut self, block: &BlockId) -> Result<(), String> {
        self.begin_to_save(block)?;
        let Some(candidate) = self.blocks.get_mut(block) else {
            return Ok(());
        };
        if let Some(saving) = candidate.saving.take() {
            saving
                .recv()
                .unwrap_or_else(|_| Err("the saving thread ended: a bug".to_owned()))?;
            candidate.saved = true;
        }
        Ok(())
    }

    /// What the file holds of `height`. A record that a crash cut short was never voted for.
    pub(super) fn read_saved(&mut self, height: Height) -> Result<Vec<Saved>, String> {
        let mut bytes = Vec::new();
        let read = File::open(&self.path).and_then(|mut file| file.read_to_end(&mut bytes));
        read.map_err(|error| format!("{}: {error}", self.path.display()))?;
        let mut found = Vec::new();
        let mut rest = bytes.as_slice();
        while let Some((saved, more)) = next_record(rest) {
            if saved.outline.height != height {
                break;
            }
            found.push(saved);
            rest = more;
        }
        // What this run saves goes behind what the last one did.
        self.end = (bytes.len() - rest.len()) as u64;
        Ok(found)
    }

    /// Starts a new height with nothing; gives back the decided block.
    pub(super) fn take_decided(&mut self, block: &BlockId) -> Option<Candidate> {
        // A write under way must end before the next height writes over the file.
        for saving in self
            .blocks
            .values_mut()
            .filter_map(|candidate| candidate.saving.take())
        {
            let _ended = saving.recv();
        }
        let decided = self.blocks.remove(block);
        self.blocks.clear();
        self.end = 0;
        decided
    }
}

/// The saving thread: one write and one sync after the other, beside whatever the driver does.
fn write_all(file: &File, saves: &mpsc::Receiver<Save>, name: &str) {
    for Save { at, record, done } in saves {
        let written = file
            .write_all_at(&record, at)
            .and_then(|()| file.sync_data());
        let _gone = done.send(written.map_err(|error| format!("{name}: {error}")));
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
