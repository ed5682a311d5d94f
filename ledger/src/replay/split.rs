//! Parts the leaves of a log into blocks, which end with their block leaf.

use protocol::{genesis::BLOCK_ENTRIES_MAX, height::LeafIndex};

use super::{Departure, Divergence};

/// The most leaves of one block: the most entries that a genesis may allow, and the block leaf.
const BLOCK_LEAVES_MAX: usize = BLOCK_ENTRIES_MAX + 1;

const BLOCK_LEAF_START: &[u8] = b"muhr-block/v1\n";

/// The leaves of one block as they came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawBlock {
    /// Position of the first.
    pub first: LeafIndex,
    /// All of them, the block leaf last.
    pub leaves: Vec<Vec<u8>>,
}

impl RawBlock {
    /// Position of the block leaf.
    #[must_use]
    pub fn last(&self) -> LeafIndex {
        let count = u64::try_from(self.leaves.len()).unwrap_or(u64::MAX);
        LeafIndex::new(self.first.get().saturating_add(count).saturating_sub(1))
    }
}

/// Collects leaves until their block is whole.
#[derive(Clone, Debug, Default)]
pub struct Splitter {
    next: u64,
    leaves: Vec<Vec<u8>>,
}

impl Splitter {
    /// Takes the next leaf of the log; returns the block that it ends, if it does.
    ///
    /// # Errors
    ///
    /// [`Divergence`] for a leaf that cannot stand there.
    pub fn push(&mut self, leaf: Vec<u8>) -> Result<Option<RawBlock>, Divergence> {
        let index = self.next;
        self.next = self.next.saturating_add(1);
        let ends = leaf.starts_with(BLOCK_LEAF_START);
        self.leaves.push(leaf);
        if !ends && self.leaves.len() >= BLOCK_LEAVES_MAX {
            let what = Departure::Shape("no block leaf where the largest block would end");
            return Err(Divergence::new(LeafIndex::new(index), what));
        }
        let count = u64::try_from(self.leaves.len()).unwrap_or(u64::MAX);
        Ok(ends.then(|| RawBlock {
            first: LeafIndex::new(self.next.saturating_sub(count)),
            leaves: std::mem::take(&mut self.leaves),
        }))
    }

    /// Returns whether leaves were taken that no block leaf follows yet.
    #[must_use]
    pub fn is_amid(&self) -> bool {
        !self.leaves.is_empty()
    }
}
