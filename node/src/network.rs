//! The network: peers, lanes and bytes. It knows nothing of entries, blocks or votes.
//!
//! Direct libp2p streams between known peers (TCP, Noise, yamux). Whoever is not on the list is cut
//! off before a stream opens. Each peer has three lanes, each a long-lived stream in each direction
//! with a bounded queue of its own, so that the consensus lane never waits behind the others. No
//! discovery, no gossip: with a few dozen known peers they add only ways to be attacked.

mod carrier;
mod gate;
mod heard;
mod lanes;
mod swarm;
mod watched;

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use libp2p::PeerId;
use protocol::{
    key::{PublicKey, SecretKey},
    planted::{self, Bug},
};
use thiserror::Error;
use tokio::{
    sync::{mpsc, watch},
    task::JoinError,
};

pub use self::carrier::Carrier;
use self::heard::Presence;
use crate::{address::PeerAddress, host::Host, limits};

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
    pub address: Option<PeerAddress>,
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

/// One outgoing lane.
#[derive(Debug)]
pub(crate) struct LaneQueue {
    sender: mpsc::Sender<Arc<[u8]>>,
    waiting: Arc<AtomicU64>,
}

/// A peer as the handle sees it.
#[derive(Debug)]
pub(crate) struct Link {
    queues: [LaneQueue; 3],
    connected: Arc<AtomicBool>,
    /// When the log last told that a queue of this peer is full, in seconds since the start.
    full_told: AtomicU64,
    heard: Arc<Presence>,
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

/// Where messages are handed over. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Handle {
    links: Arc<Vec<Link>>,
    sent_bytes: Arc<AtomicU64>,
    cuts: mpsc::UnboundedSender<PeerIndex>,
    began: Instant,
    listening: SocketAddr,
    /// Where the peers are, as the settings say now; by number.
    addresses: watch::Sender<Vec<Option<PeerAddress>>>,
}

impl Handle {
    fn new(links: Vec<Link>, cuts: mpsc::UnboundedSender<PeerIndex>) -> Self {
        Self {
            links: Arc::new(links),
            sent_bytes: Arc::new(AtomicU64::new(0)),
            cuts,
            began: Instant::now(),
            listening: SocketAddr::from(([0, 0, 0, 0], 0)),
            addresses: watch::Sender::new(Vec::new()),
        }
    }

    /// From now on the peers are dialled there, by number. Connections that stand are kept.
    pub fn set_addresses(&self, addresses: Vec<Option<PeerAddress>>) {
        self.addresses.send_replace(addresses);
    }

    /// Cuts the connection of a peer, which is not let in again for [`CUT_FOR`].
    pub fn cut(&self, peer: PeerIndex) {
        let _gone = self.cuts.send(peer);
    }

    /// Whether a peer reads what it is sent on a lane: little of it waits.
    #[must_use]
    pub fn has_room(&self, peer: PeerIndex, lane: Lane) -> bool {
        let link = self.links.get(peer.0);
        let queue = link.and_then(|link| link.queues.get(lane.number()));
        queue.is_some_and(|queue| {
            queue.waiting.load(Ordering::Relaxed) < lane.frame_bytes_max() as u64
        })
    }

    /// Tells that a queue is full, at most once in a second for each peer.
    fn tell_full(&self, peer: PeerIndex, lane: Lane) {
        let now = self.began.elapsed().as_secs() + 1;
        let link = self.links.get(peer.0);
        if link.is_some_and(|link| link.full_told.swap(now, Ordering::Relaxed) != now) {
            tracing::warn!(event = "queue-full", peer = peer.0, lane = lane.name());
        }
    }

    /// Queues a message for a peer. Never waits.
    ///
    /// # Errors
    ///
    /// [`NotSent`] if the peer is away, or its queue is full.
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
        if queue.waiting.fetch_add(length, Ordering::Relaxed) > limits::PEER_QUEUE_BYTES_MAX {
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
                self.tell_full(PeerIndex(number), lane);
            }
        }
    }

    /// How the peers stand, by number.
    #[must_use]
    pub fn contacts(&self) -> Vec<Contact> {
        let contact = |link: &Link| {
            let heard_ago = link.heard.ago();
            let is_recent = planted::is(Bug::PresenceBySocket)
                || heard_ago.is_some_and(|ago| ago < HEARD_WITHIN);
            Contact {
                is_reached: link.connected.load(Ordering::Relaxed) && is_recent,
                heard_ago,
                trouble: link.heard.trouble(),
                addresses: link.heard.addresses(),
            }
        };
        self.links.iter().map(contact).collect()
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
///
/// # Errors
///
/// [`NetworkFault`] if an address cannot be listened at.
pub async fn start(setup: Setup) -> Result<(Handle, Events), NetworkFault> {
    let ids: Vec<PeerId> = setup
        .peers
        .iter()
        .map(|peer| swarm::peer_id(&peer.key).ok_or_else(|| NetworkFault::Key(peer.name.clone())))
        .collect::<Result<_, _>>()?;
    let (links, events, cuts, carrier) = carrier::queues(setup.peers.len(), &setup.host);
    let mut handle = Handle::new(links, cuts);
    let addresses = setup.peers.iter().map(|peer| peer.address.clone());
    handle.set_addresses(addresses.collect());
    handle.listening = swarm::start(setup, ids, carrier, handle.addresses.subscribe()).await?;
    Ok((handle, events))
}

/// The queues alone: the caller carries the messages.
#[must_use]
pub fn carried(peers: usize, host: &Host) -> (Handle, Events, Carrier) {
    let (links, events, cuts, carrier) = carrier::queues(peers, host);
    (Handle::new(links, cuts), events, carrier)
}
