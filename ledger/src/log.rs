//! The right edge of the log's tiles, in memory: what is not yet a full tile of 256 hashes.
//!
//! Full tiles never change and belong to the store. Not here: proofs (`protocol::merkle`).

use protocol::{
    hash::LeafHash,
    merkle::{Hash, fold, node_hash},
};

/// Hashes of one tile.
pub(crate) const TILE_HASHES: usize = 256;
/// Bytes of one full tile.
pub(crate) const TILE_BYTES: usize = TILE_HASHES * 32;
/// The most levels of tiles: 256^8 is 2^64.
pub(crate) const LEVELS_MAX: u8 = 8;

/// A tile that became full.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tile {
    pub(crate) level: u8,
    pub(crate) index: u64,
    pub(crate) bytes: Vec<u8>,
}

/// The partial tile of one level.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Level {
    /// Number of full tiles before it.
    full: u64,
    hashes: Vec<Hash>,
}

/// The partial tiles of all levels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Edge {
    levels: Vec<Level>,
}

impl Edge {
    /// Appends leaves; returns the tiles that became full.
    pub(crate) fn append(&mut self, hashes: &[LeafHash]) -> Vec<Tile> {
        let mut full = Vec::new();
        for hash in hashes {
            self.push(*hash.as_bytes(), &mut full);
        }
        full
    }

    fn push(&mut self, mut hash: Hash, full: &mut Vec<Tile>) {
        for number in 0..LEVELS_MAX {
            if self.levels.len() <= usize::from(number) {
                self.levels.push(Level::default());
            }
            let Some(level) = self.levels.get_mut(usize::from(number)) else {
                return;
            };
            level.hashes.push(hash);
            if level.hashes.len() < TILE_HASHES {
                return;
            }
            full.push(Tile {
                level: number,
                index: level.full,
                bytes: level.hashes.concat(),
            });
            hash = fold(&level.hashes);
            level.hashes.clear();
            level.full += 1;
        }
    }

    /// Rebuilds the edge of a log of `size` leaves from its leaf hashes and full tiles.
    pub(crate) fn rebuild<E>(
        size: u64,
        mut leaf: impl FnMut(u64) -> Result<Hash, E>,
        mut tile: impl FnMut(u8, u64) -> Result<Vec<Hash>, E>,
    ) -> Result<Self, E> {
        let mut levels = Vec::new();
        let mut count = size;
        for number in 0..LEVELS_MAX {
            if count == 0 {
                break;
            }
            let full = count / 256;
            let hashes = (full * 256..count)
                .map(|at| match number.checked_sub(1) {
                    None => leaf(at),
                    Some(below) => tile(below, at).map(|hashes| fold(&hashes)),
                })
                .collect::<Result<_, E>>()?;
            levels.push(Level { full, hashes });
            count = full;
        }
        Ok(Self { levels })
    }

    /// The hashes of a tile, if it is a partial one.
    pub(crate) fn partial(&self, level: u8, index: u64) -> Option<&[Hash]> {
        let level = self.levels.get(usize::from(level))?;
        (level.full == index).then_some(&level.hashes)
    }
}

/// The perfect trees over hashes, level by level, the hashes first: what is left over at the end of a
/// level is not in the next.
pub(crate) fn levels(hashes: &[Hash]) -> Vec<Vec<Hash>> {
    let mut levels = vec![hashes.to_vec()];
    while let Some(last) = levels.last().filter(|last| last.len() > 1) {
        let next = last.as_chunks().0.iter();
        levels.push(next.map(|[left, right]| node_hash(left, right)).collect());
    }
    levels
}

/// The hashes that stand in a tile's bytes.
pub(crate) fn tile_hashes(bytes: &[u8]) -> Vec<Hash> {
    bytes
        .chunks_exact(32)
        .filter_map(|chunk| chunk.try_into().ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edge_rebuilt_is_the_edge_that_grew() {
        let leaves: Vec<LeafHash> = (0..70_000u32)
            .map(|at| protocol::merkle::leaf_hash(&at.to_be_bytes()))
            .collect();
        let mut edge = Edge::default();
        let mut tiles = std::collections::BTreeMap::new();
        let mut size = 0;
        for step in [1, 254, 1, 1, 255, 1000, 60_000, 4000, 2] {
            for tile in edge.append(&leaves[size..size + step]) {
                tiles.insert((tile.level, tile.index), tile_hashes(&tile.bytes));
            }
            size += step;
            let rebuilt: Result<Edge, ()> = Edge::rebuild(
                size as u64,
                |at| Ok(*leaves[at as usize].as_bytes()),
                |level, index| tiles.get(&(level, index)).cloned().ok_or(()),
            );
            let grown: Vec<_> = edge
                .levels
                .iter()
                .filter(|l| **l != Level::default())
                .collect();
            assert_eq!(
                rebuilt.unwrap().levels.iter().collect::<Vec<_>>(),
                grown,
                "size {size}"
            );
        }
    }
}
