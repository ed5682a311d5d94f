//! The log's tiles as the store keeps them: those that became full, in bytes, and the trees within one.
//!
//! Full tiles never change and belong to the store. Not here: how leaves fill tiles (`protocol::merkle`).

use std::convert::Infallible;

use protocol::{
    hash::LeafHash,
    merkle::{
        Hash, node_hash,
        tile_builder::TileBuilder,
        tiles::{TILE_WIDTH, TilePath},
    },
};

/// Hashes of one tile.
pub(crate) const TILE_HASHES: usize = TILE_WIDTH as usize;
/// Bytes of one full tile.
pub(crate) const TILE_BYTES: usize = TILE_HASHES * 32;

/// A tile that became full.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tile {
    pub(crate) level: u8,
    pub(crate) index: u64,
    pub(crate) bytes: Vec<u8>,
}

/// Appends leaves to the edge of the log; returns the tiles that became full.
pub(crate) fn append(edge: &mut TileBuilder, leaves: &[LeafHash]) -> Vec<Tile> {
    let mut full = Vec::new();
    for leaf in leaves {
        let Ok(()) = edge.push(leaf, |path, hashes| {
            if let TilePath::Hashes { level, index, .. } = path {
                let bytes = hashes.concat();
                full.push(Tile {
                    level,
                    index,
                    bytes,
                });
            }
            Ok::<(), Infallible>(())
        });
    }
    full
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
