//! What a receipt needs of the batch in which its entry stands: the batch leaf and the entry's path.
//!
//! A batch is found by looking back from one of its entries, and its tree is made once for all of them:
//! receipts of one batch are nearly always asked for together.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use protocol::{
    batch::{BATCH_ENTRIES_MAX, Batch},
    entry::{Authorship, Entry},
    hash::LeafHash,
    height::{LeafIndex, LogSize},
    merkle::{self, Hash, leaf_hash},
    receipt::BatchProof,
};

use crate::{fault::Fault, ledger::Ledger, log::levels};

/// Trees of batches that are kept: each has at most 64 KiB of hashes.
const KEPT_MAX: usize = 64;

/// A batch leaf with the tree of its entries.
#[derive(Debug)]
struct BatchTree {
    index: LeafIndex,
    leaf: Batch,
    /// As `log::levels` makes them.
    levels: Vec<Vec<Hash>>,
}

impl BatchTree {
    fn new(index: LeafIndex, leaf: Batch, hashes: &[LeafHash]) -> Self {
        let hashes: Vec<Hash> = hashes.iter().map(|hash| *hash.as_bytes()).collect();
        Self {
            index,
            leaf,
            levels: levels(&hashes),
        }
    }

    fn covers(&self, index: LeafIndex) -> bool {
        let last = self.index.get().saturating_add(self.leaf.statement.count);
        self.index < index && index.get() <= last
    }

    /// Path of the entry at `index` to the root of the batch.
    fn path(&self, index: LeafIndex) -> Result<Vec<Hash>, Fault> {
        let number = index
            .get()
            .saturating_sub(self.index.get())
            .saturating_sub(1);
        let size = LogSize::new(self.leaf.statement.count);
        merkle::inclusion(LeafIndex::new(number), size, |level, at| {
            let nodes = self.levels.get(usize::from(level));
            let at = usize::try_from(at).unwrap_or(usize::MAX);
            let node = nodes.and_then(|nodes| nodes.get(at)).copied();
            node.ok_or_else(|| Fault::damaged("a batch has fewer entries than it says"))
        })
    }
}

/// The trees that were asked for lately, by the place of their batch leaf.
#[derive(Debug, Default)]
pub(crate) struct Batches(Mutex<BTreeMap<LeafIndex, Arc<BatchTree>>>);

impl Batches {
    fn find(&self, index: LeafIndex) -> Option<Arc<BatchTree>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = kept.range(..index).next_back();
        before
            .map(|(_, tree)| Arc::clone(tree))
            .filter(|tree| tree.covers(index))
    }

    fn keep(&self, tree: &Arc<BatchTree>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT_MAX {
            kept.pop_first();
        }
        kept.insert(tree.index, Arc::clone(tree));
    }
}

impl Ledger {
    /// The batch of an entry that has no signature of its own, in the log of `size` leaves.
    pub(super) fn batch_proof(
        &self,
        entry: &Entry,
        index: LeafIndex,
        size: LogSize,
    ) -> Result<Option<BatchProof>, Fault> {
        if !matches!(entry.authorship, Authorship::Batched) {
            return Ok(None);
        }
        let tree = match self.batches.find(index) {
            Some(tree) => tree,
            None => self.tree_of(index)?,
        };
        Ok(Some(BatchProof {
            leaf: tree.leaf.clone(),
            index: tree.index,
            path: self.inclusion(tree.index, size)?,
            entry_path: tree.path(index)?,
        }))
    }

    fn tree_of(&self, index: LeafIndex) -> Result<Arc<BatchTree>, Fault> {
        let damaged = || Fault::damaged(format!("leaf {index} stands in no batch"));
        let (found, leaf) = self
            .store
            .batch_before(index, BATCH_ENTRIES_MAX)?
            .ok_or_else(damaged)?;
        let first = found.get().saturating_add(1);
        let until = first.saturating_add(leaf.statement.count);
        let entries = self.store.leaves(first, until)?;
        let hashes: Vec<LeafHash> = entries.iter().map(|bytes| leaf_hash(bytes)).collect();
        let tree = Arc::new(BatchTree::new(found, leaf, &hashes));
        if !tree.covers(index) {
            return Err(damaged());
        }
        self.batches.keep(&tree);
        Ok(tree)
    }
}
