//! Why a log was not read, or not believed.

use std::path::PathBuf;

use ledger::replay::{Departure, Divergence};
use messages::UserMessage;
use protocol::{
    genesis::BadGenesis, key::group::Disagreement, merkle::tiles::TilePath, text::Malformed,
};
use thiserror::Error;
use verify::{Verdict, checkpoint::Untrusted};

use crate::{coded::Coded, durable::FileError, formats::FormatError, http::HttpError};

/// Why a log was not read, or not believed.
#[derive(Debug, Error)]
#[error("{}", self.message())]
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
    NotInMirror {
        /// Path of the tile's file.
        path: PathBuf,
    },
    /// A tile that is not as it should be.
    Tile(Malformed),
    /// The checkpoint is not trusted.
    Checkpoint(#[source] Untrusted),
    /// The log has no leaf.
    Empty,
    /// A bundle of entries cannot be read.
    Bundle {
        /// Its path.
        tile: TilePath,
        /// Trouble with it.
        source: Malformed,
    },
    /// A bundle of entries has another number of leaves than the size of the log says.
    BundleWidth {
        /// The number.
        index: u64,
        /// Leaves in it.
        leaves: usize,
        /// Leaves that it should have.
        width: u16,
    },
    /// Leaf 0 is no genesis.
    Genesis(BadGenesis),
    /// Leaf 0 is another genesis than the trust file's.
    OtherGenesis,
    /// The trust file names no genesis.
    NoGenesis,
    /// A leaf breaks a rule.
    Diverges(Divergence),
    /// The checkpoint does not end with a block.
    WithinBlock,
    /// A tile of hashes differs from what the leaves lead to.
    OtherTile(TilePath),
    /// The leaves lead to another root than the checkpoint's.
    OtherRoot,
    /// The entries for a mirror lead to another root than the checkpoint's; nothing was moved into place.
    MirrorRoot,
    /// This machine cannot check signatures.
    Signatures(Disagreement),
    /// The thread that fetches has panicked.
    Panicked,
}

impl From<Divergence> for LogError {
    fn from(divergence: Divergence) -> Self {
        match divergence.what {
            // It says nothing of the log.
            Departure::Disagreement(disagreement) => Self::Signatures(disagreement),
            _ => Self::Diverges(divergence),
        }
    }
}

impl From<Disagreement> for LogError {
    fn from(disagreement: Disagreement) -> Self {
        Self::Signatures(disagreement)
    }
}

impl From<Malformed> for LogError {
    fn from(malformed: Malformed) -> Self {
        Self::Tile(malformed)
    }
}

impl Coded for LogError {
    fn message(&self) -> UserMessage {
        match self {
            Self::Http(error) => error.message(),
            Self::File(error) => error.message(),
            Self::Format(error) => error.message(),
            Self::NotInMirror { path } => {
                UserMessage::new("mirror-lacks-tile").text("path", path.display())
            }
            Self::Tile(malformed) => {
                UserMessage::new("tile-malformed").text("reason", &malformed.what)
            }
            Self::Checkpoint(untrusted) => {
                UserMessage::new("log-checkpoint-untrusted").text("reason", untrusted)
            }
            Self::Empty => UserMessage::new("log-empty"),
            Self::Bundle { tile, source } => UserMessage::new("bundle-malformed")
                .text("tile", tile)
                .text("reason", &source.what),
            Self::BundleWidth {
                index,
                leaves,
                width,
            } => UserMessage::new("bundle-width-differs")
                .text("index", index)
                .text("leaves", leaves)
                .text("width", width),
            Self::Genesis(bad) => UserMessage::new("log-genesis-invalid").text("reason", bad),
            Self::OtherGenesis => UserMessage::new("log-genesis-differs"),
            Self::NoGenesis => UserMessage::new("trust-file-without-genesis"),
            Self::Diverges(divergence) => {
                UserMessage::new("log-breaks-rules").text("divergence", divergence)
            }
            Self::WithinBlock => UserMessage::new("log-ends-within-block"),
            Self::OtherTile(path) => UserMessage::new("log-tile-differs").text("tile", path),
            Self::OtherRoot => UserMessage::new("log-root-differs"),
            Self::MirrorRoot => UserMessage::new("mirror-root-differs"),
            Self::Signatures(_) => UserMessage::new("signatures-disagree"),
            Self::Panicked => UserMessage::new("log-fetching-panicked"),
        }
    }
}

impl LogError {
    /// Verdict that follows for the log; none where nothing could be judged.
    #[must_use]
    pub fn verdict(&self) -> Option<Verdict> {
        Some(match self {
            Self::Http(_)
            | Self::File(_)
            | Self::Format(_)
            | Self::NotInMirror { .. }
            | Self::Signatures(_)
            | Self::Panicked => return None,
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
