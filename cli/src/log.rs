//! One log to read: a node's over HTTP, or a mirror of it in a folder. Nothing of it is believed here.

use std::{fs, path::PathBuf};

use protocol::{
    height::LogSize,
    merkle::{
        self, Hash,
        tiles::{self, TILE_WIDTH, TilePath},
    },
    note::NOTE_BYTES_MAX,
    text::Malformed,
};
use verify::Verdict;

use crate::{
    client::Client,
    exit::{Failure, UNREACHABLE},
    files,
};

/// A log.
#[derive(Clone, Debug)]
pub(crate) enum Log {
    /// A node.
    Node(Client),
    /// A folder, as `muhr log mirror` makes it.
    Folder(PathBuf),
}

/// A failure that may come of a tile that is not as it should be.
struct Broken(Failure);

impl From<Malformed> for Broken {
    fn from(malformed: Malformed) -> Self {
        Self(Failure::verdict(Verdict::ProofBroken, malformed.what))
    }
}

impl Log {
    /// The log at an address, or in a folder.
    pub(crate) fn open(place: &str) -> Result<Self, Failure> {
        let folder = PathBuf::from(place);
        if folder.is_dir() {
            return Ok(Self::Folder(folder));
        }
        Client::new(place).map(Self::Node)
    }

    /// One place, or several nodes of which one is asked.
    pub(crate) fn of(places: &[String]) -> Result<Self, Failure> {
        match places {
            [place] => Self::open(place),
            nodes => Client::of(nodes).map(Self::Node),
        }
    }

    /// Its newest checkpoint, as a note.
    pub(crate) fn checkpoint(&self) -> Result<String, Failure> {
        match self {
            Self::Node(client) => client.checkpoint(),
            Self::Folder(folder) => {
                let bytes = files::read(&folder.join("checkpoint"), NOTE_BYTES_MAX)?;
                Ok(String::from_utf8_lossy(&bytes).into_owned())
            }
        }
    }

    /// A tile or bundle.
    pub(crate) fn tile(&self, path: TilePath) -> Result<Vec<u8>, Failure> {
        match self {
            Self::Node(client) => client.tile(path),
            Self::Folder(folder) => {
                let exact = folder.join(path.to_string().trim_start_matches('/'));
                match fs::read(&exact) {
                    Ok(bytes) => Ok(bytes),
                    Err(_) => cut(folder, path).ok_or_else(|| {
                        let what = format!("{} is not in this mirror", exact.display());
                        Failure::new(UNREACHABLE, what)
                            .help("bring the mirror up to date with muhr log mirror")
                    }),
                }
            }
        }
    }

    /// The proof that the log of `new` leaves continues that of `old`, made from tiles.
    pub(crate) fn consistency(&self, old: LogSize, new: LogSize) -> Result<Vec<Hash>, Failure> {
        let proof: Result<_, Broken> = merkle::consistency(old, new, |level, index| {
            tiles::subtree(level, index, new, |path| self.tile(path).map_err(Broken))
        });
        proof.map_err(|broken| broken.0)
    }

    /// The root of the first `size` leaves, made from tiles of the log of `whole` leaves.
    pub(crate) fn root(
        &self,
        size: LogSize,
        whole: LogSize,
    ) -> Result<protocol::hash::RootHash, Failure> {
        let frontier: Result<_, Broken> = merkle::Frontier::at(size, |level, index| {
            tiles::subtree(level, index, whole, |path| self.tile(path).map_err(Broken))
        });
        Ok(frontier.map_err(|broken| broken.0)?.root())
    }
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
