//! The tiles of hashes to which a growing log leads (C2SP tlog-tiles): each is given on as soon as it is full, and
//! the partial one of each level stays here.
//!
//! Full tiles never change; to store, to compare or to write them is for the caller.

use super::{
    Hash, fold,
    tiles::{TILE_WIDTH, TilePath},
};
use crate::{hash::LeafHash, height::LogSize};

/// Number of levels that tiles can have: 256^8 is 2^64.
pub const LEVELS_MAX: u8 = 8;

/// The partial tile of one level.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Level {
    /// Number of full tiles before it.
    full: u64,
    hashes: Vec<Hash>,
}

impl Level {
    fn path(&self, level: u8) -> TilePath {
        TilePath::Hashes {
            level,
            index: self.full,
            width: u16::try_from(self.hashes.len()).unwrap_or(u16::MAX),
        }
    }
}

/// The partial tiles of all levels of a log: its right edge.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TileBuilder {
    levels: Vec<Level>,
}

impl TileBuilder {
    /// Rebuilds the edge of a log of `size` leaves from its leaf hashes and its full tiles, by level and index.
    ///
    /// # Errors
    ///
    /// The first error of `leaf` or `tile`.
    pub fn rebuild<E>(
        size: LogSize,
        mut leaf: impl FnMut(u64) -> Result<Hash, E>,
        mut tile: impl FnMut(u8, u64) -> Result<Vec<Hash>, E>,
    ) -> Result<Self, E> {
        let mut levels = Vec::new();
        let mut count = size.get();
        for level in 0..LEVELS_MAX {
            if count == 0 {
                break;
            }
            let full = count / TILE_WIDTH;
            let hashes = (full.saturating_mul(TILE_WIDTH)..count)
                .map(|at| match level.checked_sub(1) {
                    None => leaf(at),
                    Some(below) => tile(below, at).map(|hashes| fold(&hashes)),
                })
                .collect::<Result<_, E>>()?;
            levels.push(Level { full, hashes });
            count = full;
        }
        Ok(Self { levels })
    }

    /// Appends a leaf, and gives the tiles that it fills to `full`, the lowest level first.
    ///
    /// # Errors
    ///
    /// The first error of `full`; the builder is of no use then.
    pub fn push<E>(
        &mut self,
        leaf: &LeafHash,
        mut full: impl FnMut(TilePath, &[Hash]) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut hash = *leaf.as_bytes();
        for number in 0..LEVELS_MAX {
            if self.levels.len() <= usize::from(number) {
                self.levels.push(Level::default());
            }
            let Some(level) = self.levels.get_mut(usize::from(number)) else {
                return Ok(());
            };
            level.hashes.push(hash);
            if level.hashes.len() as u64 != TILE_WIDTH {
                return Ok(());
            }
            full(level.path(number), &level.hashes)?;
            hash = fold(&level.hashes);
            level.hashes.clear();
            level.full = level.full.saturating_add(1);
        }
        Ok(())
    }

    /// The hashes of a tile, if it is a partial one.
    #[must_use]
    pub fn partial(&self, level: u8, index: u64) -> Option<&[Hash]> {
        let level = self.levels.get(usize::from(level))?;
        (level.full == index).then_some(&level.hashes)
    }

    /// The tiles that are not full, the lowest level first.
    pub fn partials(&self) -> impl Iterator<Item = (TilePath, &[Hash])> {
        let levels = (0..LEVELS_MAX).zip(&self.levels);
        levels
            .filter(|(_, level)| !level.hashes.is_empty())
            .map(|(number, level)| (level.path(number), level.hashes.as_slice()))
    }
}

#[cfg(test)]
mod tests;
