//! The network: peers, lanes and bytes. It knows nothing of entries, blocks or votes.
//!
//! Direct libp2p streams between known peers (TCP, Noise, yamux). Whoever is not on the list is cut
//! off before a stream opens. Each peer has three lanes, each a long-lived stream in each direction
//! with a bounded queue of its own, so that the consensus lane never waits behind the others. No
//! discovery, no gossip: with a few dozen known peers they add only ways to be attacked.

mod carrier;
mod lanes;
mod swarm;

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use libp2p::PeerId;
use protocol::key::{PublicKey, SecretKey};
use thiserror::Error;
use tokio::sync::mpsc;

pub use self::carrier::Carrier;

/// Messages that wait to be sent on one lane to one peer.
const QUEUE_MESSAGES_MAX: usize = 1024;
/// Bytes that wait to be sent on one lane to one peer.
const QUEUE_BYTES_MAX: u64 = 32 << 20;
/// Messages that came and wait to be handled, per lane.
const INBOX_MESSAGES_MAX: usize = 1024;

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

/// Number of a peer, in the order of the configuration.
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
#[derive(Clone, Debug)]
pub struct Peer {
    /// Its name, for people.
    pub name: String,
    /// The key that names it on the wire.
    pub key: PublicKey,
    /// Where it listens.
    pub address: Option<SocketAddr>,
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
}

/// Why the network does not start.
#[derive(Debug, Error)]
pub enum Fault {
    /// The port is taken, or the address is not this machine's.
    #[error(
        "cannot listen on {address}: {reason}; is another node running, or the address in node.toml wrong?"
    )]
    Listen {
        /// Where.
        address: SocketAddr,
        /// What the system said.
        reason: String,
    },
    /// A key that libp2p does not take.
    #[error("the peer key of {0} cannot be used")]
    Key(String),
    /// The transport could not be made.
    #[error("the transport cannot be made: {0}")]
    Transport(String),
}

/// A message that came.
#[derive(Debug)]
pub struct Received {
    /// From whom.
    pub peer: PeerIndex,
    /// Its bytes, within the lane's limit.
    pub bytes: Vec<u8>,
}

/// Who came and went.
#[derive(Debug)]
pub enum PeerEvent {
    /// A peer can be reached on all lanes.
    Connected(PeerIndex),
    /// A peer cannot be reached any more.
    Disconnected(PeerIndex),
    /// The network itself has failed.
    Fault(String),
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

/// One outgoing lane.
#[derive(Debug)]
pub(crate) struct Queue {
    sender: mpsc::Sender<Arc<[u8]>>,
    waiting: Arc<AtomicU64>,
}

/// A peer as the handle sees it.
#[derive(Debug)]
pub(crate) struct Link {
    queues: [Queue; 3],
    connected: Arc<AtomicBool>,
}

/// Where messages are handed over. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Handle {
    links: Arc<Vec<Link>>,
    sent_bytes: Arc<AtomicU64>,
    listening: SocketAddr,
}

impl Handle {
    fn new(links: Vec<Link>, listening: SocketAddr) -> Self {
        Self {
            links: Arc::new(links),
            sent_bytes: Arc::new(AtomicU64::new(0)),
            listening,
        }
    }

    /// Queues a message for a peer. Never waits.
    pub fn send(&self, peer: PeerIndex, lane: Lane, bytes: Arc<[u8]>) -> Result<(), NotSent> {
        let link = self.links.get(peer.0).ok_or(NotSent::NotConnected)?;
        if !link.connected.load(Ordering::Relaxed) {
            return Err(NotSent::NotConnected);
        }
        if bytes.len() > lane.frame_bytes_max() {
            return Err(NotSent::TooLong);
        }
        let queue = link
            .queues
            .get(lane.number())
            .ok_or(NotSent::NotConnected)?;
        let length = bytes.len() as u64;
        if queue.waiting.fetch_add(length, Ordering::Relaxed) > QUEUE_BYTES_MAX {
            queue.waiting.fetch_sub(length, Ordering::Relaxed);
            return Err(NotSent::QueueFull);
        }
        if queue.sender.try_send(bytes).is_err() {
            queue.waiting.fetch_sub(length, Ordering::Relaxed);
            return Err(NotSent::QueueFull);
        }
        self.sent_bytes.fetch_add(length, Ordering::Relaxed);
        Ok(())
    }

    /// Queues a message for everybody who is connected.
    pub fn broadcast(&self, lane: Lane, bytes: Arc<[u8]>) {
        for number in 0..self.links.len() {
            let sent = self.send(PeerIndex(number), lane, Arc::clone(&bytes));
            if sent == Err(NotSent::QueueFull) {
                tracing::warn!(event = "queue-full", peer = number, lane = lane.name());
            }
        }
    }

    /// Who is connected, by number.
    #[must_use]
    pub fn connected(&self) -> Vec<bool> {
        self.links
            .iter()
            .map(|link| link.connected.load(Ordering::Relaxed))
            .collect()
    }

    /// Bytes handed over since the start.
    #[must_use]
    pub fn sent_bytes(&self) -> u64 {
        self.sent_bytes.load(Ordering::Relaxed)
    }

    /// Where this node listens.
    #[must_use]
    pub const fn listening(&self) -> SocketAddr {
        self.listening
    }
}

/// Starts the network on the current runtime.
pub async fn start(setup: Setup) -> Result<(Handle, Events), Fault> {
    let ids: Vec<PeerId> = setup
        .peers
        .iter()
        .map(|peer| swarm::peer_id(&peer.key).ok_or_else(|| Fault::Key(peer.name.clone())))
        .collect::<Result<_, _>>()?;
    let (links, events, carrier) = carrier::queues(setup.peers.len());
    let listening = swarm::start(setup, ids, carrier).await?;
    Ok((Handle::new(links, listening), events))
}

/// The queues alone: the caller carries the messages.
#[must_use]
pub fn carried(peers: usize) -> (Handle, Events, Carrier) {
    let (links, events, carrier) = carrier::queues(peers);
    let nowhere = SocketAddr::from(([0, 0, 0, 0], 0));
    (Handle::new(links, nowhere), events, carrier)
}
