//! The network: peers, lanes and bytes. It knows nothing of entries, blocks or votes.
//!
//! Direct libp2p streams between known peers (TCP, Noise, yamux). Whoever is not on the list is cut
//! off before a stream opens; the list may change while the network runs (`handle`). Each peer has three
//! lanes, each a long-lived stream in each direction with a bounded queue of its own, so that the
//! consensus lane never waits behind the others. No discovery, no gossip: with a few dozen known peers
//! they add only ways to be attacked. Not here: who the peers are (`crate::peers`).

mod carrier;
mod dialled;
mod gate;
mod handle;
mod heard;
mod keeper;
mod lanes;
mod roster;
mod swarm;
mod watched;

use std::{io, net::SocketAddr, time::Duration};

use protocol::{
    key::{PublicKey, SecretKey},
    peer_address::PeerAddress,
};
use thiserror::Error;
use tokio::{sync::mpsc, task::JoinError};

pub use self::{
    carrier::{Carrier, CarrierOrder},
    handle::Handle,
    roster::ListedPeer,
};
use crate::{host::Host, limits};

/// A peer is reached if something came from it within this. Peers say something every two seconds, so
/// four of those may be late or lost; and whoever is asked can say within ten seconds who is missing.
pub const HEARD_WITHIN: Duration = Duration::from_secs(8);

/// A peer that was cut off is not let in again for so long.
pub const CUT_FOR: Duration = Duration::from_secs(limits::PEER_CUT_SECONDS);

/// What a message is for. Each kind travels alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lane {
    /// Proposals, votes, certificates, cosignatures.
    Consensus,
    /// Entries that clients brought.
    Entries,
    /// Catch-up and fetching.
    Sync,
}

impl Lane {
    const ALL: [Self; 3] = [Self::Consensus, Self::Entries, Self::Sync];

    const fn number(self) -> usize {
        match self {
            Self::Consensus => 0,
            Self::Entries => 1,
            Self::Sync => 2,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Consensus => "/muhr/consensus/1",
            Self::Entries => "/muhr/entries/1",
            Self::Sync => "/muhr/sync/1",
        }
    }

    const fn frame_bytes_max(self) -> usize {
        match self {
            Self::Consensus => crate::wire::CONSENSUS_BYTES_MAX,
            Self::Entries => crate::wire::ENTRIES_BYTES_MAX,
            Self::Sync => crate::wire::SYNC_BYTES_MAX,
        }
    }
}

/// Number of a peer: of one key, for as long as the network runs. A peer that leaves keeps its number, and
/// nobody else ever has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerIndex(usize);

impl PeerIndex {
    /// Takes the number.
    #[must_use]
    pub const fn new(number: usize) -> Self {
        Self(number)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> usize {
        self.0
    }
}

/// A peer that may connect, and where it is if this node should connect to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its name, for people. An agency that changes its peer key has two peers for a while, of one name.
    pub name: String,
    /// The key that names it on the wire.
    pub key: PublicKey,
    /// Whether it is an agency's node, which is heard on the consensus lane.
    pub is_agency: bool,
    /// Where it may listen; all of them are tried.
    pub addresses: Vec<PeerAddress>,
}

/// What the network starts from.
#[derive(Debug)]
pub struct Setup {
    /// This node's own key on the wire.
    pub secret: SecretKey,
    /// Where it listens; port 0 lets the system choose.
    pub listen: SocketAddr,
    /// Everybody who may connect.
    pub peers: Vec<Peer>,
    /// Tells when something was heard.
    pub host: Host,
}

/// Why the network does not start.
#[derive(Debug, Error)]
pub enum NetworkFault {
    /// The port is taken, or the address is not this machine's.
    #[error(
        "cannot listen on {address}; is another node running, or the address in node.toml wrong?"
    )]
    Listen {
        /// Where.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// A key that libp2p does not take.
    #[error("the peer key of {0} cannot be used; compare it with what its holder gives")]
    Key(String),
    /// The transport could not be made.
    #[error("the transport cannot be made; restart the node and report the log")]
    Transport(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A part of the network has ended before the node.
    #[error("the network task for {part} has ended: a bug; restart the node and report the log")]
    TaskEnded {
        /// Part that ended.
        part: &'static str,
        /// Panic that ended it, if one did.
        source: Option<JoinError>,
    },
    /// The system has closed the port.
    #[error("the port for peers has closed; restart the node")]
    PortClosed(#[source] io::Error),
}

/// A message that came.
#[derive(Debug)]
pub struct Received {
    /// From whom.
    pub peer: PeerIndex,
    /// Its bytes, within the lane's limit.
    pub bytes: Vec<u8>,
    /// Its part of what the peer may have waiting here, given back when this is dropped.
    pub room: Option<Room>,
}

/// A part of what one peer may have waiting on one lane. Whoever sends faster than this node works waits
/// for its own messages, and nobody else does.
pub type Room = tokio::sync::OwnedSemaphorePermit;

/// Who came and went.
#[derive(Debug)]
pub enum PeerEvent {
    /// A peer can be reached on all lanes.
    Connected(PeerIndex),
    /// A peer cannot be reached any more.
    Disconnected(PeerIndex),
    /// A peer has hung up several times as soon as it knew who this node is.
    NotKnown(PeerIndex),
    /// The network itself has failed.
    Fault(NetworkFault),
}

/// What comes in, a channel per lane. Whoever does not read one slows that lane only.
#[derive(Debug)]
pub struct Events {
    /// The consensus lane.
    pub consensus: mpsc::Receiver<Received>,
    /// The entries lane.
    pub entries: mpsc::Receiver<Received>,
    /// The sync lane.
    pub sync: mpsc::Receiver<Received>,
    /// Who came and went.
    pub peers: mpsc::UnboundedReceiver<PeerEvent>,
}

/// Why a message was not queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NotSent {
    /// The peer is away.
    #[error("the peer is not connected")]
    NotConnected,
    /// Too much waits already.
    #[error("the peer's queue is full")]
    QueueFull,
    /// Longer than the lane allows: a bug of the caller.
    #[error("the message is longer than its lane allows")]
    TooLong,
}

/// How one peer stands.
#[derive(Clone, Debug, Default)]
pub struct Contact {
    /// Whether there is a connection and something came through it within [`HEARD_WITHIN`].
    pub is_reached: bool,
    /// How long ago something last came, if ever since the start.
    pub heard_ago: Option<Duration>,
    /// Why it is not reached, as far as this node knows.
    pub trouble: Option<String>,
    /// Where its connections lead.
    pub addresses: Vec<String>,
}

/// Starts the network on the current runtime.
///
/// # Errors
///
/// [`NetworkFault`] if an address cannot be listened at.
pub async fn start(setup: Setup) -> Result<(Handle, Events), NetworkFault> {
    let Setup {
        secret,
        listen,
        peers,
        host,
    } = setup;
    let (mut handle, events, carrier) = carried(&peers, &host)?;
    handle.listening = keeper::start(&secret, listen, carrier)?;
    Ok((handle, events))
}

/// The queues alone: the caller carries the messages.
///
/// # Errors
///
/// [`NetworkFault::Key`] as [`Handle::set_peers`].
pub fn carried(peers: &[Peer], host: &Host) -> Result<(Handle, Events, Carrier), NetworkFault> {
    let (handle, events, carrier) = carrier::queues(host);
    handle.set_peers(peers)?;
    Ok((handle, events, carrier))
}

#[cfg(test)]
mod tests;
