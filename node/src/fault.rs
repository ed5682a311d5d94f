//! This machine's trouble, for which a node ends: each with its cause as its source, never as text.
//!
//! Whoever shows one writes the whole chain, with [`describe`](crate::shared::describe) and nothing else.

use std::{error::Error, io, net::SocketAddr, path::PathBuf};

use protocol::{
    codec::DecodeError,
    hash::{BlockId, RootHash},
    height::{Height, LogSize},
    key::group::Disagreement,
};
use thiserror::Error;

use crate::{acceptances, descriptors, durable, epoch, network, witness};

/// Why a node cannot go on.
#[derive(Debug, Error)]
pub enum NodeFault {
    /// The database or the disk under it.
    #[error(transparent)]
    Ledger(#[from] ledger::fault::Fault),
    /// What was signed, on disk.
    #[error(transparent)]
    Durable(#[from] durable::DurableFault),
    /// The network does not start.
    #[error(transparent)]
    Network(#[from] network::NetworkFault),
    /// The system allows too few open files.
    #[error(transparent)]
    TooFewFiles(#[from] descriptors::TooFew),
    /// A folder of the node cannot be made.
    #[error(
        "{path} cannot be made{hint}; make sure that its disk is mounted, has room and may be written, then start again"
    )]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What may be wrong with it, or nothing.
        hint: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The port for clients cannot be had.
    #[error(
        "cannot listen on {address}; is another node running, or the address in node.toml wrong?"
    )]
    Listen {
        /// Where.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The system starts no more threads, or gives no more descriptors.
    #[error(
        "cannot start {what}; give the system more threads, memory or open files (TasksMax= and LimitNOFILE= in a systemd unit), then start again"
    )]
    Start {
        /// What.
        what: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// Not all agencies have accepted the genesis.
    #[error(transparent)]
    NotAccepted(#[from] acceptances::AcceptanceFault),
    /// The agencies, as the ledger has them, run no network.
    #[error(transparent)]
    Epoch(#[from] epoch::EpochFault),
    /// A witness.
    #[error(transparent)]
    Witness(#[from] witness::WitnessFault),
    /// This machine cannot check signatures.
    #[error(transparent)]
    Signatures(#[from] Disagreement),
    /// The safety record is none of this program's.
    #[error(
        "the safety record cannot be read, and this node must not vote with it; run the version that wrote it, or put a better copy of this very file there"
    )]
    Record(#[source] DecodeError),
    /// A key was asked to sign what contradicts its own words.
    #[error(transparent)]
    Contradiction(Box<dyn Error + Send + Sync>),
    /// A decided block that this node must have and has not.
    #[error("block {0} was decided and is not here: a bug; restart the node and report the log")]
    Lost(BlockId),
    /// The same of a block in the ledger.
    #[error("block {0} is not here: a bug; restart the node and report the log")]
    Missing(Height),
    /// The certificate of a block in the ledger is none of this program's.
    #[error(
        "the certificate of block {height} cannot be read; run the version that wrote it, or move the ledger folder away and start again: the node fetches the blocks from its peers"
    )]
    Certificate {
        /// Whose.
        height: Height,
        /// What is wrong with it.
        source: DecodeError,
    },
    /// A quorum voted for what the rules refuse here.
    #[error(
        "a quorum voted for a block that this node finds invalid; compare versions and index roots with the other agencies"
    )]
    QuorumForInvalid,
    /// This validator has cosigned another log than the others have.
    #[error(
        "this validator has cosigned size {size} with root {cosigned}, and the other agencies' log has root {found} there: two histories; talk to all agencies before this node is started again"
    )]
    TwoHistories {
        /// How long the log was.
        size: LogSize,
        /// What was cosigned.
        cosigned: RootHash,
        /// What the others have.
        found: RootHash,
    },
    /// Another node has signed with this validator's key.
    #[error(
        "another node signs with this validator's key: it voted at height {0} while this one was silent; stop that node for good, then start this one with --sign-state-lost again"
    )]
    Twin(Height),
    /// Two blocks are decided at one height.
    #[error(
        "two blocks of height {height} have a quorum: the network has forked; {kept}; talk to all agencies before this node is started again"
    )]
    Fork {
        /// The height.
        height: Height,
        /// Where the proof was kept.
        kept: String,
    },
    /// Reading what is on disk has panicked.
    #[error("reading what is on disk has panicked: a bug; restart the node and report the log")]
    Panicked(#[source] tokio::task::JoinError),
    /// What a running node met; its causes were written when it was met.
    #[error("{0}")]
    Met(String),
}

impl NodeFault {
    /// What could not be started.
    pub(crate) const fn start(what: &'static str, source: io::Error) -> Self {
        Self::Start { what, source }
    }
}

#[cfg(test)]
mod tests;
