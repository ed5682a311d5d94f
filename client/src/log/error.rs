//! Why a log was not read, or not believed.

use std::path::PathBuf;

use ledger::replay::Divergence;
use protocol::{
    genesis::BadGenesis, key::group::Disagreement, merkle::tiles::TilePath, text::Malformed,
};
use thiserror::Error;
use verify::{Verdict, checkpoint::Untrusted};

use crate::{durable::FileError, formats::FormatError, http::HttpError};

/// Why a log was not read, or not believed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LogError {
    /// The node gave nothing.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// A file of the mirror, or of what is made of the log, was not read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// A file in one of Muhr's formats is none.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// A tile that a mirror lacks.
    #[error("{} is not in this mirror", path.display())]
    NotInMirror {
        /// Path of the tile's file.
        path: PathBuf,
    },
    /// A tile that is not as it should be.
    #[error("{}", .0.what)]
    Tile(Malformed),
    /// The checkpoint is not trusted.
    #[error("the log's checkpoint: {0}")]
    Checkpoint(#[source] Untrusted),
    /// The log has no leaf.
    #[error("the log is empty")]
    Empty,
    /// A bundle of entries cannot be read.
    #[error("bundle {index}: {source}")]
    Bundle {
        /// Its number.
        index: u64,
        /// What is wrong.
        source: Malformed,
    },
    /// A bundle of entries has another number of leaves than the size of the log says.
    #[error("bundle {index} has {leaves} leaves where it should have {width}")]
    BundleWidth {
        /// Its number.
        index: u64,
        /// Leaves in it.
        leaves: usize,
        /// Leaves that it should have.
        width: u16,
    },
    /// Leaf 0 is no genesis.
    #[error("{0}")]
    Genesis(BadGenesis),
    /// Leaf 0 is another genesis than the trust file's.
    #[error("the log begins with another genesis than the trust file names")]
    OtherGenesis,
    /// The trust file names no genesis.
    #[error("the trust file does not name its genesis")]
    NoGenesis,
    /// A leaf breaks a rule.
    #[error("the log departs from its rules at {0}")]
    Diverges(Divergence),
    /// The checkpoint does not end with a block.
    #[error("the checkpoint ends within a block")]
    WithinBlock,
    /// A tile of hashes differs from what the leaves lead to.
    #[error("{0} is not what the leaves lead to")]
    OtherTile(TilePath),
    /// The leaves lead to another root than the checkpoint's.
    #[error("the leaves do not lead to the root of the checkpoint")]
    OtherRoot,
    /// The entries for a mirror lead to another root than the checkpoint's; nothing was moved into place.
    #[error("the entries do not lead to the root of the checkpoint; the mirror stays as it was")]
    MirrorRoot,
    /// This machine cannot check signatures.
    #[error(transparent)]
    Signatures(#[from] Disagreement),
    /// The thread that fetches has panicked.
    #[error("the fetching thread panicked: a bug")]
    Panicked,
}

impl From<Malformed> for LogError {
    fn from(malformed: Malformed) -> Self {
        Self::Tile(malformed)
    }
}

impl LogError {
    /// What this says of the log; none where nothing could be judged.
    #[must_use]
    pub fn verdict(&self) -> Option<Verdict> {
        Some(match self {
            Self::Http(_)
            | Self::File(_)
            | Self::Format(_)
            | Self::NotInMirror { .. }
            | Self::Signatures(_)
            | Self::Panicked => return None,
            Self::Diverges(divergence) if !divergence.is_of_log() => return None,
            Self::Checkpoint(untrusted) => untrusted.verdict(),
            Self::OtherGenesis => Verdict::WrongNetwork,
            Self::NoGenesis => Verdict::CannotDecide,
            Self::Tile(_)
            | Self::Empty
            | Self::Bundle { .. }
            | Self::BundleWidth { .. }
            | Self::Genesis(_)
            | Self::Diverges(_)
            | Self::WithinBlock
            | Self::OtherTile(_)
            | Self::OtherRoot
            | Self::MirrorRoot => Verdict::ProofBroken,
        })
    }
}
