//! Faults: this machine's trouble, never the sender's.
//!
//! A fault stops the ledger: it goes to the log whole and to the outside not at all. What a sender
//! did wrong is a `rules::Refusal`.

use std::{error::Error, path::PathBuf};

use protocol::{
    hash::{ChainId, RootHash},
    height::{Height, LogSize},
};
use thiserror::Error;

/// Why this machine cannot go on.
#[derive(Debug, Error)]
pub enum Fault {
    /// The disk or the database under it failed.
    #[error("{what}")]
    Storage {
        /// Work that was under way.
        what: String,
        /// Error of the database.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// What is stored contradicts itself.
    #[error(
        "the stored ledger is damaged: {0}; stop the node, move its ledger folder away and start it again: it fetches the blocks from its peers"
    )]
    Damaged(String),
    /// The folder holds another network.
    #[error("the folder holds network {found}, not {expected}; give another folder or genesis")]
    OtherChain {
        /// Chain id that was found.
        found: ChainId,
        /// Chain id that the genesis says.
        expected: ChainId,
    },
    /// The folder was written by another version of this program.
    #[error(
        "the folder has format {found}, this program reads format {expected}; use the program that wrote it, or move \
         the ledger's folder away and start again: the node fetches the blocks from its peers"
    )]
    Format {
        /// Version that was found.
        found: u32,
        /// Version that this build reads.
        expected: u32,
    },
    /// Another process has the folder open.
    #[error("another process has {} open; stop it first", .0.display())]
    InUse(PathBuf),
    /// The store has lost what was once committed, or holds something else in its place.
    #[error(
        "the store is behind its tip: size {expected_size} with root {expected_root} was committed, \
         and the store has size {size} with {found}; do not vote with it: it is another log than the one that was cosigned; \
         put this node's own ledger folder there, or move this one away and start again: the node fetches \
         the blocks from its peers"
    )]
    BehindItsTip {
        /// Size that the caller remembers.
        expected_size: LogSize,
        /// Root that the caller remembers.
        expected_root: RootHash,
        /// Size that the store has.
        size: LogSize,
        /// Root that was found in place of the expected one.
        found: String,
    },
    /// Not trouble, and nothing that stops a node: the height that was asked about has been left behind
    /// while it was looked at. Whoever asks again is answered from the newest one.
    #[error("height {0} was left behind while it was looked at; ask again")]
    Moved(Height),
    /// The process was told to end while the folder was being opened; nothing was changed in it.
    #[error("the process was told to end while the ledger was being opened")]
    Interrupted,
    /// An earlier write failed; what the disk holds is not known any more.
    #[error("an earlier write failed; restart the node, it will check what the disk holds")]
    Poisoned,
    /// A block that does not follow the head, or a checkpoint that is none of this ledger's.
    #[error("height {height} does not fit: {what}; restart the node and report the log")]
    OutOfOrder {
        /// The height given.
        height: Height,
        /// Contradiction that was found.
        what: &'static str,
    },
}

impl Fault {
    /// A damaged store.
    pub fn damaged(what: impl Into<String>) -> Self {
        Self::Damaged(what.into())
    }
}
