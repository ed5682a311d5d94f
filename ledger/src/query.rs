//! Answers: leaves and tiles as they are, and receipts, histories and proofs under the newest
//! published checkpoint, never under the head.
//!
//! Not here: the judgement of an answer (`verify`). Every record that goes out was compared with the
//! index, and every entry with the hash that names it.

mod batch_receipts;
mod batches;
mod files;
mod histories;
mod states;
mod tiles;

use std::sync::Arc;

use protocol::{
    act::Act,
    batch::WholeBatch,
    block::BlockLeaf,
    entry::Entry,
    epoch::{Change, EpochProof, LastRoot},
    governance::{GovernanceLeaf, ProposedChange},
    hash::{EntryId, IndexKey, RecordKey},
    height::{Height, LeafIndex, LogSize},
    index::IndexProof,
    name::{AgencyName, ClerkName, RegistryName},
    policy::OpenedBy,
    receipt::{BlockProof, Receipt, RegistryProof},
    return_mark::ReturnMark,
    state::{ClerkState, RecordState, RegistryState},
    tlog_proof::TlogProof,
};
use thiserror::Error;

use crate::{
    fault::Fault,
    ledger::{Ledger, Published},
    store::Store,
};

/// Why there is no answer.
#[derive(Debug, Error)]
pub enum NoAnswer {
    /// There is no such thing.
    #[error("not found")]
    NotFound,
    /// It is decided, and the checkpoint that covers it is not published yet.
    #[error("not yet: its checkpoint is not published; ask again in a moment")]
    NotYet,
    /// This machine could not find out.
    #[error(transparent)]
    Fault(Fault),
}

/// A height that was left behind meanwhile is only a reason to ask again.
impl From<Fault> for NoAnswer {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Moved(_) => Self::NotYet,
            fault => Self::Fault(fault),
        }
    }
}

/// A record that waits for an agency's word.
#[derive(Clone, Debug)]
pub struct AskedRecord {
    /// Registry of the record.
    pub registry: RegistryName,
    /// Key of the record; the number behind it only its agency and whoever holds a receipt knows.
    pub key: RecordKey,
    /// As it is now.
    pub state: RecordState,
}

pub(crate) use self::{
    batches::Batches,
    tiles::{Trees, frontier},
};

/// The leaf at `index`, of which the caller knows that it is there.
fn present(store: &Store, index: LeafIndex) -> Result<Vec<u8>, Fault> {
    let missing = || Fault::damaged(format!("leaf {index} is missing"));
    store.leaf(index)?.ok_or_else(missing)
}

impl Ledger {
    /// Index of the entry in the log. A block that is just being written counts from the moment on at which it is
    /// the head: before, nothing else that is asked of the ledger knows of it.
    ///
    /// # Errors
    ///
    /// [`Fault`] if the disk cannot be read, or holds what cannot be.
    pub fn entry(&self, id: &EntryId) -> Result<Option<LeafIndex>, Fault> {
        let found = self.store.entry(id)?;
        let size = self.read(|shared| shared.head.size());
        Ok(found.filter(|index| index.get() < size.get()))
    }

    /// The bytes of a leaf.
    ///
    /// # Errors
    ///
    /// [`Fault`] if the disk cannot be read, or holds what cannot be.
    pub fn leaf(&self, index: LeafIndex) -> Result<Option<Vec<u8>>, Fault> {
        self.store.leaf(index)
    }

    /// Height of the block in which a leaf stands.
    ///
    /// # Errors
    ///
    /// [`Fault`] if the disk cannot be read, or holds what cannot be.
    pub fn height_of(&self, index: LeafIndex) -> Result<Option<Height>, Fault> {
        if index.get() >= self.head().size().get() {
            return Ok(None);
        }
        self.store.height_of(index)
    }

    /// A record under the published checkpoint.
    ///
    /// # Errors
    ///
    /// [`NoAnswer`] if there is no such thing under the published checkpoint, and if the disk cannot be read.
    pub fn record(
        &self,
        registry: &RegistryName,
        key: &RecordKey,
    ) -> Result<Option<RecordState>, NoAnswer> {
        let published = self.published().ok_or(NoAnswer::NotYet)?;
        Ok(self.record_at(&published.head, &RecordState::index_key(registry, key))?)
    }

    /// Proof of what the index holds at `key` under the published checkpoint.
    ///
    /// # Errors
    ///
    /// [`NoAnswer`] if there is no such thing under the published checkpoint, and if the disk cannot be read.
    pub fn index_proof(&self, key: &IndexKey) -> Result<IndexProof, NoAnswer> {
        let published = self.published().ok_or(NoAnswer::NotYet)?;
        Ok(published.head.index().prove(key)?)
    }

    /// The proof of a change of agencies, if the published checkpoint is that of its block.
    pub(crate) fn published_epoch_proof(&self) -> Result<EpochProof, NoAnswer> {
        let published = self.published().ok_or(NoAnswer::NotYet)?;
        let block = self.block_proof(&published, published.head.height())?;
        let begins = block.index.get().saturating_sub(block.leaf.entries);
        let index = LeafIndex::new(begins);
        let bytes = present(&self.store, index)?;
        let change = Change::parse(&bytes).map_err(|_| NoAnswer::NotFound)?;
        let size = published.head.size();
        let last = match change.statement.by {
            OpenedBy::Agencies => None,
            OpenedBy::Recovery => Some(LastRoot {
                size: LogSize::new(begins),
                root: self.root_at(LogSize::new(begins))?,
                path: self.consistency(LogSize::new(begins), size)?,
            }),
        };
        let proof = TlogProof {
            index,
            path: self.inclusion(index, size)?,
            checkpoint: published.note.to_string(),
        };
        Ok(EpochProof {
            change,
            block,
            last,
            proof,
        })
    }

    /// The receipt of the entry at `index`, without its opening, which no node has.
    ///
    /// # Errors
    ///
    /// [`NoAnswer`] if there is no such thing under the published checkpoint, and if the disk cannot be read.
    pub fn receipt(&self, index: LeafIndex) -> Result<Receipt, NoAnswer> {
        let published = self.covering(index)?;
        let head = &published.head;
        let bytes = present(&self.store, index)?;
        // Genesis and block leaves have no receipts.
        let entry = Entry::parse(&bytes).map_err(|_| NoAnswer::NotFound)?;
        let statement = &entry.statement;
        let (clerk, clerk_proof) = clerk(&published, &statement.author)?;
        let key = statement.index_key();
        let record = self.record_at(head, &key)?;
        let record = record.ok_or_else(|| Fault::damaged("a logged record is not in the index"))?;
        let height = self
            .store
            .height_of(index)?
            .ok_or_else(|| Fault::damaged("no block"))?;
        let block = self.block_proof(&published, height)?;
        let newest = (height != head.height()).then(|| self.block_proof(&published, head.height()));
        let path = self.inclusion(index, head.size())?;
        let batch = self.batch_proof(&entry, index, head.size())?;
        let registry = registry(&published, &statement.registry)?;
        Ok(Receipt {
            entry,
            opening: None,
            clerk,
            clerk_proof,
            batch,
            record,
            record_proof: head.index().prove(&key)?,
            registry,
            block,
            head: newest.transpose()?,
            bridge: None,
            proof: TlogProof {
                index,
                path,
                checkpoint: published.note.to_string(),
            },
        })
    }

    /// Evidence of the leaf at `index`: a receipt of an entry, the tlog-proof of any other
    /// leaf that was handed in.
    ///
    /// # Errors
    ///
    /// [`NoAnswer`] if there is no such thing under the published checkpoint, and if the disk cannot be read.
    pub fn evidence(&self, index: LeafIndex) -> Result<String, NoAnswer> {
        let published = self.covering(index)?;
        let leaf = present(&self.store, index)?;
        let is_entry = !Act::is_start(&leaf)
            && !WholeBatch::is_start(&leaf)
            && !ReturnMark::is_start(&leaf)
            && !GovernanceLeaf::is_start(&leaf)
            && !ProposedChange::is_start(&leaf);
        if is_entry {
            return self.receipt(index).map(|receipt| receipt.write());
        }
        let proof = TlogProof {
            index,
            path: self.inclusion(index, published.head.size())?,
            checkpoint: published.note.to_string(),
        };
        Ok(proof.write())
    }

    /// Records on whose latest version `agency` is asked for its word and has not spoken, those first that
    /// wait longest: at most `count_max` of them, and how many there are. As of the head.
    ///
    /// # Errors
    ///
    /// [`NoAnswer`] if there is no such thing under the published checkpoint, and if the disk cannot be read.
    pub fn asked(
        &self,
        agency: &AgencyName,
        count_max: usize,
    ) -> Result<(Vec<AskedRecord>, usize), NoAnswer> {
        let (head, (keys, all)) = self.read(|shared| {
            let head = Arc::clone(&shared.head);
            let asked = shared.asked.of(agency, head.time(), count_max);
            (head, asked)
        });
        let mut found = Vec::new();
        for key in keys {
            found.extend(self.record_at(&head, &key)?);
        }
        let named = found.into_iter().map(|state| {
            let statement = self.logged_entry(state.index, state.hash)?.statement;
            Ok(AskedRecord {
                registry: statement.registry,
                key: statement.key,
                state,
            })
        });
        Ok((named.collect::<Result<_, Fault>>()?, all))
    }

    /// The published checkpoint if it covers the leaf.
    fn covering(&self, index: LeafIndex) -> Result<Published, NoAnswer> {
        let (published, size) =
            self.read(|shared| (shared.views.published().cloned(), shared.head.size()));
        match published {
            Some(published) if index.get() < published.head.size().get() => Ok(published),
            _ if index.get() < size.get() => Err(NoAnswer::NotYet),
            _ => Err(NoAnswer::NotFound),
        }
    }

    /// The block leaf of a height with its path to the published root.
    fn block_proof(&self, published: &Published, height: Height) -> Result<BlockProof, Fault> {
        let damaged = |what: &str| Fault::damaged(format!("block {height} {what}"));
        let row = self
            .store
            .block(height)?
            .ok_or_else(|| damaged("is missing"))?;
        let index = LeafIndex::new(row.size.get().saturating_sub(1));
        let leaf = BlockLeaf::parse(&present(&self.store, index)?)
            .map_err(|error| damaged(&format!("has no block leaf: {error}")))?;
        Ok(BlockProof {
            leaf,
            index,
            path: self.inclusion(index, published.head.size())?,
        })
    }
}

/// The state of a clerk under the published checkpoint, with its proof.
fn clerk(published: &Published, name: &ClerkName) -> Result<(ClerkState, IndexProof), Fault> {
    let state = published.head.directory().clerk(name);
    let state =
        state.ok_or_else(|| Fault::damaged("the author of an entry is not in the index"))?;
    Ok((
        state.clone(),
        published.head.index().prove(&ClerkState::index_key(name))?,
    ))
}

/// The state of a registry that has a policy under the published checkpoint, with its proof.
fn registry(published: &Published, name: &RegistryName) -> Result<Option<RegistryProof>, Fault> {
    let head = &published.head;
    let state = head.directory().registries().get(name);
    let Some(state) = state.filter(|state| state.policy.is_some()) else {
        return Ok(None);
    };
    Ok(Some(RegistryProof {
        state: state.clone(),
        proof: head.index().prove(&RegistryState::index_key(name))?,
    }))
}
