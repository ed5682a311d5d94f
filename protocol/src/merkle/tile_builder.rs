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
mod tests {
    use std::{collections::BTreeMap, convert::Infallible};

    use super::{super::leaf_hash, *};

    fn leaves(count: u32) -> Vec<LeafHash> {
        (0..count).map(|at| leaf_hash(&at.to_be_bytes())).collect()
    }

    #[test]
    fn full_tiles_come_as_they_fill_and_the_others_at_the_end() {
        let mut builder = TileBuilder::default();
        let mut found = Vec::new();
        for leaf in leaves(513) {
            let noted: Result<(), Infallible> = builder.push(&leaf, |path, hashes| {
                found.push((path.to_string(), hashes.len()));
                Ok(())
            });
            noted.unwrap();
        }
        let partials = builder.partials();
        found.extend(partials.map(|(path, hashes)| (path.to_string(), hashes.len())));
        let found: Vec<_> = found
            .iter()
            .map(|(path, width)| (path.as_str(), *width))
            .collect();
        let wanted = [
            ("/tile/0/000", 256),
            ("/tile/0/001", 256),
            ("/tile/0/002.p/1", 1),
            ("/tile/1/000.p/2", 2),
        ];
        assert_eq!(found, wanted);
    }

    #[test]
    fn an_edge_rebuilt_is_the_edge_that_grew() {
        let leaves = leaves(70_000);
        let mut builder = TileBuilder::default();
        let mut tiles = BTreeMap::new();
        let stops = [1, 255, 256, 257, 512, 1512, 61_512, 65_512, 65_536, 69_999];
        for (size, leaf) in (1_usize..).zip(&leaves) {
            let kept: Result<(), Infallible> = builder.push(leaf, |path, hashes| {
                tiles.insert(path, hashes.to_vec());
                Ok(())
            });
            kept.unwrap();
            if !stops.contains(&size) {
                continue;
            }
            let rebuilt: Result<TileBuilder, TilePath> = TileBuilder::rebuild(
                LogSize::new(size as u64),
                |at| Ok(*leaves[at as usize].as_bytes()),
                |level, index| {
                    let width = 256;
                    let path = TilePath::Hashes {
                        level,
                        index,
                        width,
                    };
                    tiles.get(&path).cloned().ok_or(path)
                },
            );
            let rebuilt = rebuilt.unwrap();
            assert!(rebuilt.partials().eq(builder.partials()), "size {size}");
            for (level, kept) in (0..).zip(&rebuilt.levels) {
                assert_eq!(kept.full, builder.levels[level].full, "size {size}");
            }
        }
    }
}
