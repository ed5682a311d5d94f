//! The log as files and blocks: tiles, bundles, Merkle paths, and blocks for peers that catch up.

use std::sync::Arc;

use protocol::{
    hash::RootHash,
    height::{Height, LeafIndex, LogSize},
    merkle::{
        self, Frontier, Hash,
        tiles::{self, TILE_WIDTH},
    },
};

use super::NoAnswer;
use crate::{
    fault::Fault,
    ledger::Ledger,
    log::{Edge, LEVELS_MAX, TILE_BYTES, TILE_HASHES, fold, tile_hashes},
    store::{Store, StoredBlock},
};

impl Ledger {
    /// The first `width` hashes of a tile, 1 to 256, as served to the world.
    pub fn tile(&self, level: u8, index: u64, width: u16) -> Result<Vec<u8>, NoAnswer> {
        let width = usize::from(width);
        if level >= LEVELS_MAX || !(1..=TILE_HASHES).contains(&width) {
            return Err(NoAnswer::NotFound);
        }
        // The edge first: a tile leaves it only after it is in the store.
        let partial = self.read(|shared| {
            shared
                .edge
                .partial(level, index, width)
                .map(<[[u8; 32]]>::concat)
        });
        if let Some(bytes) = partial {
            return Ok(bytes);
        }
        let mut bytes = self.store.tile(level, index)?.ok_or(NoAnswer::NotFound)?;
        bytes.truncate(width * 32);
        Ok(bytes)
    }

    /// The first `width` leaves of a bundle, 1 to 256: each behind its length in two bytes.
    pub fn bundle(&self, index: u64, width: u16) -> Result<Vec<u8>, NoAnswer> {
        let width = u64::from(width);
        let from = index.checked_mul(TILE_WIDTH).ok_or(NoAnswer::NotFound)?;
        let until = from.saturating_add(width);
        if !(1..=TILE_WIDTH).contains(&width) || until > self.head().size().get() {
            return Err(NoAnswer::NotFound);
        }
        Ok(tiles::write_bundle(&self.store.leaves(from, until)?))
    }

    /// One block with its certificate.
    pub fn block(&self, height: Height) -> Result<Option<StoredBlock>, Fault> {
        let Some(row) = self.store.block(height)? else {
            return Ok(None);
        };
        let leaves = self.store.leaves(row.first.get(), row.size.get())?;
        let (first, time, certificate) = (row.first, row.time, row.certificate);
        Ok(Some(StoredBlock {
            height,
            first,
            time,
            leaves,
            certificate,
        }))
    }

    /// Blocks from `from` on, at most `blocks_max` of them and, after the first, no more than
    /// `bytes_max` bytes together.
    pub fn blocks(
        &self,
        from: Height,
        blocks_max: usize,
        bytes_max: usize,
    ) -> Result<Vec<StoredBlock>, Fault> {
        let (mut blocks, mut bytes) = (Vec::new(), 0usize);
        let mut height = from;
        while blocks.len() < blocks_max {
            let Some(block) = self.block(height)? else {
                break;
            };
            let leaves: usize = block.leaves.iter().map(Vec::len).sum();
            bytes = bytes
                .saturating_add(leaves)
                .saturating_add(block.certificate.len());
            if !blocks.is_empty() && bytes > bytes_max {
                break;
            }
            blocks.push(block);
            height = height.next();
        }
        Ok(blocks)
    }

    /// Path of a leaf to the root of the log's first `size` leaves.
    pub fn inclusion(&self, index: LeafIndex, size: LogSize) -> Result<Vec<Hash>, Fault> {
        self.within(size)?;
        let mut tiles = Tiles::of(self);
        merkle::inclusion(index, size, |level, at| tiles.node(level, at))
    }

    /// Proof that the log's first `new` leaves begin with its first `old` leaves.
    pub fn consistency(&self, old: LogSize, new: LogSize) -> Result<Vec<Hash>, Fault> {
        self.within(new)?;
        let mut tiles = Tiles::of(self);
        merkle::consistency(old, new, |level, at| tiles.node(level, at))
    }

    /// Root of the log's first `size` leaves.
    pub fn root_at(&self, size: LogSize) -> Result<RootHash, Fault> {
        self.within(size)?;
        let edge = self.read(|shared| Arc::clone(&shared.edge));
        Ok(frontier(&self.store, &edge, size)?.root())
    }

    fn within(&self, size: LogSize) -> Result<(), Fault> {
        let head = self.head();
        if size <= head.size() {
            return Ok(());
        }
        let what = "the log is not that long yet";
        Err(Fault::OutOfOrder {
            height: head.height(),
            what,
        })
    }
}

/// The tiles of one log, with the last one read kept at hand: the nodes of a path often share it.
struct Tiles<'a> {
    store: &'a Store,
    edge: Arc<Edge>,
    last: Option<(u8, u64, Vec<Hash>)>,
}

impl<'a> Tiles<'a> {
    fn of(ledger: &'a Ledger) -> Self {
        let edge = ledger.read(|shared| Arc::clone(&shared.edge));
        Self {
            store: &ledger.store,
            edge,
            last: None,
        }
    }

    /// Root of the perfect subtree number `at` over 2^`level` leaves.
    fn node(&mut self, level: u8, at: u64) -> Result<Hash, Fault> {
        let missing = || Fault::damaged(format!("node {level}/{at} of the log is missing"));
        let tile_level = level / 8;
        let width = 1usize << (level % 8);
        let start = at.checked_mul(1 << (level % 8)).ok_or_else(missing)?;
        let (tile, offset) = (
            start / 256,
            usize::try_from(start % 256).unwrap_or(usize::MAX),
        );
        let until = offset + width;
        if let Some(hashes) = self.edge.partial(tile_level, tile, until) {
            return Ok(fold(hashes.get(offset..).unwrap_or_default()));
        }
        let known = self
            .last
            .as_ref()
            .is_some_and(|last| (last.0, last.1) == (tile_level, tile));
        if !known {
            let bytes = self.store.tile(tile_level, tile)?;
            let bytes = bytes
                .filter(|bytes| bytes.len() == TILE_BYTES)
                .ok_or_else(missing)?;
            self.last = Some((tile_level, tile, tile_hashes(&bytes)));
        }
        let hashes = self
            .last
            .as_ref()
            .and_then(|last| last.2.get(offset..until));
        hashes.map(fold).ok_or_else(missing)
    }
}

/// What is needed to go on appending after the log's first `size` leaves.
pub(crate) fn frontier(store: &Store, edge: &Arc<Edge>, size: LogSize) -> Result<Frontier, Fault> {
    let mut tiles = Tiles {
        store,
        edge: Arc::clone(edge),
        last: None,
    };
    Frontier::at(size, |level, at| tiles.node(level, at))
}
