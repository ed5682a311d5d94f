//! One log to read: a node's over HTTP, or a mirror of it in a folder. Nothing of it is believed here.
//!
//! Belief comes by `whole`, after every rule and signature was checked again (`replay`). A copy of
//! it that others can read: `mirror`.

mod error;
pub mod mirror;
mod replay;
pub mod whole;

use std::{fs, path::PathBuf};

use protocol::{
    height::LogSize,
    merkle::{
        self, Hash,
        tiles::{self, TILE_WIDTH, TilePath},
    },
    note::NOTE_BYTES_MAX,
};

pub use self::error::LogError;
use crate::{durable, http::Client};

/// A log.
#[derive(Clone, Debug)]
pub enum Log {
    /// A node.
    Node(Client),
    /// A folder, as `muhr log mirror` makes it.
    Folder(PathBuf),
}

impl Log {
    /// The newest checkpoint, as a note.
    ///
    /// # Errors
    /// [`LogError`].
    pub fn checkpoint(&self) -> Result<String, LogError> {
        match self {
            Self::Node(client) => Ok(client.checkpoint()?),
            Self::Folder(folder) => {
                let bytes = durable::read(&folder.join("checkpoint"), NOTE_BYTES_MAX)?;
                Ok(String::from_utf8_lossy(&bytes).into_owned())
            }
        }
    }

    /// A tile or bundle.
    ///
    /// # Errors
    /// [`LogError`].
    pub fn tile(&self, path: TilePath) -> Result<Vec<u8>, LogError> {
        match self {
            Self::Node(client) => Ok(client.tile(path)?),
            Self::Folder(folder) => {
                let exact = folder.join(path.to_string().trim_start_matches('/'));
                match fs::read(&exact) {
                    Ok(bytes) => Ok(bytes),
                    Err(_) => cut(folder, path).ok_or(LogError::NotInMirror { path: exact }),
                }
            }
        }
    }

    /// The proof that the log of `new` leaves continues that of `old`, made from tiles.
    ///
    /// # Errors
    /// [`LogError`].
    pub fn consistency(&self, old: LogSize, new: LogSize) -> Result<Vec<Hash>, LogError> {
        merkle::consistency(old, new, |level, index| {
            tiles::subtree(level, index, new, |path| self.tile(path))
        })
    }

    /// Proof of the root with which the log of `new` leaves begins at `old` of them, made from tiles.
    ///
    /// # Errors
    /// [`LogError`].
    pub fn prefix(&self, old: LogSize, new: LogSize) -> Result<Vec<Hash>, LogError> {
        merkle::prefix(old, new, |level, index| {
            tiles::subtree(level, index, new, |path| self.tile(path))
        })
    }

    /// The root of the first `size` leaves, made from tiles of the log of `whole` leaves.
    ///
    /// # Errors
    /// [`LogError`].
    pub fn root(
        &self,
        size: LogSize,
        whole: LogSize,
    ) -> Result<protocol::hash::RootHash, LogError> {
        let frontier = merkle::Frontier::at(size, |level, index| {
            tiles::subtree(level, index, whole, |path| self.tile(path))
        });
        frontier.map(|frontier| frontier.root())
    }
}

/// The `width` leaves of the bundle that is `index`-th in its log.
fn leaves(bundle: &[u8], index: u64, width: u16) -> Result<Vec<Vec<u8>>, LogError> {
    let tile = TilePath::Entries { index, width };
    let leaves = tiles::parse_bundle(bundle).map_err(|source| LogError::Bundle { tile, source })?;
    if leaves.len() != usize::from(width) {
        return Err(LogError::BundleWidth {
            index,
            leaves: leaves.len(),
            width,
        });
    }
    Ok(leaves)
}

/// A partial tile out of the full one that has replaced it.
fn cut(folder: &std::path::Path, path: TilePath) -> Option<Vec<u8>> {
    let full = u16::try_from(TILE_WIDTH).ok()?;
    let read =
        |path: TilePath| fs::read(folder.join(path.to_string().trim_start_matches('/'))).ok();
    match path {
        TilePath::Hashes {
            level,
            index,
            width,
        } => {
            let bytes = read(TilePath::Hashes {
                level,
                index,
                width: full,
            })?;
            bytes
                .get(..usize::from(width).checked_mul(32)?)
                .map(<[u8]>::to_vec)
        }
        TilePath::Entries { index, width } => {
            let bytes = read(TilePath::Entries { index, width: full })?;
            let entries = tiles::parse_bundle(&bytes).ok()?;
            entries.get(..usize::from(width)).map(tiles::write_bundle)
        }
    }
}
