//! The head: everything that holds after one block, small enough to keep in memory.
//!
//! Not here: the records and the log themselves, which only the store has.

use std::sync::Arc;

use protocol::{
    block::BlockLeaf,
    checkpoint::Checkpoint,
    hash::{BlockId, IndexRoot, RootHash},
    height::{Height, LogSize, TimeMs},
    merkle::Frontier,
};

use crate::{directory::Directory, index::Tree};

/// The state after one block. Only execution and the store make one.
#[derive(Clone, Debug)]
pub struct Head {
    pub(crate) block: BlockId,
    pub(crate) leaf: BlockLeaf,
    pub(crate) frontier: Frontier,
    pub(crate) root: RootHash,
    pub(crate) directory: Arc<Directory>,
    pub(crate) index: Tree,
}

impl Head {
    pub(crate) fn new(
        leaf: BlockLeaf,
        frontier: Frontier,
        directory: Arc<Directory>,
        index: Tree,
    ) -> Self {
        let root = frontier.root();
        let origin = directory.origin().clone();
        let block = Checkpoint {
            origin,
            size: frontier.size(),
            root,
        }
        .block_id();
        Self {
            block,
            leaf,
            frontier,
            root,
            directory,
            index,
        }
    }

    /// Height of the block.
    #[must_use]
    pub const fn height(&self) -> Height {
        self.leaf.height
    }

    /// Time of the block.
    #[must_use]
    pub const fn time(&self) -> TimeMs {
        self.leaf.time
    }

    /// Identity of the block.
    #[must_use]
    pub const fn block(&self) -> BlockId {
        self.block
    }

    /// The block leaf: the last leaf of the log.
    #[must_use]
    pub const fn leaf(&self) -> &BlockLeaf {
        &self.leaf
    }

    /// Number of leaves of the log.
    #[must_use]
    pub fn size(&self) -> LogSize {
        self.frontier.size()
    }

    /// Root of the log.
    #[must_use]
    pub const fn root(&self) -> RootHash {
        self.root
    }

    /// Root of the index.
    #[must_use]
    pub fn index_root(&self) -> IndexRoot {
        self.leaf.index
    }

    /// The index.
    #[must_use]
    pub const fn index(&self) -> &Tree {
        &self.index
    }

    /// Permissions as of this block.
    #[must_use]
    pub const fn directory(&self) -> &Arc<Directory> {
        &self.directory
    }

    /// The checkpoint after this block: what validators cosign.
    #[must_use]
    pub fn checkpoint(&self) -> Checkpoint {
        Checkpoint {
            origin: self.directory.origin().clone(),
            size: self.size(),
            root: self.root,
        }
    }
}
