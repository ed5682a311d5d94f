//! The log as files and blocks: tiles, bundles, Merkle paths, and blocks for peers that catch up.

use std::sync::Arc;

use protocol::{
    hash::RootHash,
    height::{Height, LeafIndex, LogSize},
    merkle::{self, Hash, tile_builder::LEVELS_MAX, tiles::TILE_WIDTH},
};

use super::{
    NoAnswer,
    tiles::{Tiles, frontier},
};
use crate::{fault::Fault, ledger::Ledger, log::TILE_HASHES, store::StoredBlock};

impl Ledger {
    /// The first `width` hashes of a tile, 1 to 256, as served to the world.
    ///
    /// # Errors
    ///
    /// [`NoAnswer`] if there is no such thing under the published checkpoint, and if the disk cannot be read.
    pub fn tile(&self, level: u8, index: u64, width: u16) -> Result<Vec<u8>, NoAnswer> {
        let width = usize::from(width);
        if level >= LEVELS_MAX || !(1..=TILE_HASHES).contains(&width) {
            return Err(NoAnswer::NotFound);
        }
        // The edge first: a tile leaves it only after it is in the store.
        let partial = self.read(|shared| {
            let hashes = shared.edge.partial(level, index)?;
            hashes.get(..width).map(<[[u8; 32]]>::concat)
        });
        if let Some(bytes) = partial {
            return Ok(bytes);
        }
        let mut bytes = self.store.tile(level, index)?.ok_or(NoAnswer::NotFound)?;
        bytes.truncate(width * 32);
        Ok(bytes)
    }

    /// The first `width` leaves of a bundle, 1 to 256: each behind its length in two bytes.
    ///
    /// # Errors
    ///
    /// [`NoAnswer`] if there is no such thing under the published checkpoint, and if the disk cannot be read.
    pub fn bundle(&self, index: u64, width: u16) -> Result<Vec<u8>, NoAnswer> {
        let width = u64::from(width);
        let from = index.checked_mul(TILE_WIDTH).ok_or(NoAnswer::NotFound)?;
        let until = from.saturating_add(width);
        if !(1..=TILE_WIDTH).contains(&width) || until > self.head().size().get() {
            return Err(NoAnswer::NotFound);
        }
        Ok(self.store.bundle(from, until)?)
    }

    /// One block with its certificate.
    ///
    /// # Errors
    ///
    /// [`Fault`] if the disk cannot be read, or holds what cannot be.
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
    ///
    /// # Errors
    ///
    /// [`Fault`] if the disk cannot be read, or holds what cannot be.
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
    ///
    /// # Errors
    ///
    /// [`Fault`] if the disk cannot be read, or holds what cannot be.
    pub fn inclusion(&self, index: LeafIndex, size: LogSize) -> Result<Vec<Hash>, Fault> {
        self.within(size)?;
        let tiles = Tiles::of(self);
        merkle::inclusion(index, size, |level, at| tiles.node(level, at))
    }

    /// Proof that the log's first `new` leaves begin with its first `old` leaves.
    ///
    /// # Errors
    ///
    /// [`Fault`] if the disk cannot be read, or holds what cannot be.
    pub fn consistency(&self, old: LogSize, new: LogSize) -> Result<Vec<Hash>, Fault> {
        self.within(new)?;
        let tiles = Tiles::of(self);
        merkle::consistency(old, new, |level, at| tiles.node(level, at))
    }

    /// Root of the log's first `size` leaves.
    ///
    /// # Errors
    ///
    /// [`Fault`] if the disk cannot be read, or holds what cannot be.
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
