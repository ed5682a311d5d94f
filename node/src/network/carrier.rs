//! The other side of the queues: whatever carries messages between nodes takes and gives them here.
//!
//! In a node that is the keeper of the swarm. A simulation of many nodes in one process carries them
//! itself.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll},
};

use libp2p::PeerId;
use protocol::key::{PublicKey, SecretKey};
use tokio::sync::mpsc;

use super::{
    Events, Lane, Peer, PeerEvent, PeerIndex, Received,
    handle::{Handle, LaneQueue, Link},
    heard::Presence,
    lanes::Outgoing,
    roster::ListedPeer,
};
use crate::{
    host::Host,
    limits::{PEER_INBOX_MESSAGES_MAX, PEER_QUEUE_MESSAGES_MAX},
};

/// The carrier's ends of the queues to one peer.
#[derive(Debug)]
pub(super) struct Ends {
    pub(super) connected: Arc<AtomicBool>,
    pub(super) heard: Arc<Presence>,
    pub(super) lanes: Vec<Outgoing>,
}

/// A peer that may connect, as the carrier is told of it.
#[derive(Debug)]
pub(super) struct PeerListing {
    pub(super) number: PeerIndex,
    pub(super) id: PeerId,
    pub(super) peer: Peer,
    /// The queues of one that was never listed before.
    pub(super) ends: Option<Ends>,
}

/// What the node wants of its carrier.
#[derive(Debug)]
pub(super) enum CarrierOrder {
    /// These may connect, and nobody else.
    Peers(Vec<PeerListing>),
    /// A peer is to be cut off.
    Cut(PeerIndex),
    /// The node has another key on the wire.
    Identity(SecretKey),
}

/// What the node wants of whoever carries its messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CarrierOrder {
    /// These may connect, and nobody else: whoever is not among them is to be cut off.
    Peers(Vec<ListedPeer>),
    /// This peer is to be cut off for a while.
    Cut(PeerIndex),
    /// The node has this key on the wire from now on.
    Identity(PublicKey),
}

/// The carrier's ends of the queues of one node.
#[derive(Debug)]
pub struct Carrier {
    outgoing: Vec<Ends>,
    pub(super) inboxes: [mpsc::Sender<Received>; 3],
    pub(super) peers: mpsc::UnboundedSender<PeerEvent>,
    pub(super) orders: mpsc::UnboundedReceiver<CarrierOrder>,
}

/// Makes the queues of a node that has no peers yet.
pub(super) fn queues(host: &Host) -> (Handle, Events, Carrier) {
    let (consensus_in, consensus) = mpsc::channel(PEER_INBOX_MESSAGES_MAX);
    let (entries_in, entries) = mpsc::channel(PEER_INBOX_MESSAGES_MAX);
    let (sync_in, sync) = mpsc::channel(PEER_INBOX_MESSAGES_MAX);
    let (peers_in, peers) = mpsc::unbounded_channel();
    let (orders_in, orders) = mpsc::unbounded_channel();
    let events = Events {
        consensus,
        entries,
        sync,
        peers,
    };
    let carrier = Carrier {
        outgoing: Vec::new(),
        inboxes: [consensus_in, entries_in, sync_in],
        peers: peers_in,
        orders,
    };
    (Handle::new(orders_in, host), events, carrier)
}

/// Makes the queues to one peer.
pub(super) fn link(host: &Host) -> (Link, Ends) {
    let connected = Arc::new(AtomicBool::new(false));
    let heard = Arc::new(Presence::new(host.clone()));
    let mut lanes = Vec::new();
    let queues = Lane::ALL.map(|lane| {
        let (sender, receiver) = mpsc::channel(PEER_QUEUE_MESSAGES_MAX);
        let waiting = Arc::new(AtomicU64::new(0));
        lanes.push(Outgoing {
            lane,
            receiver,
            waiting: Arc::clone(&waiting),
        });
        LaneQueue { sender, waiting }
    });
    let link = Link {
        queues,
        connected: Arc::clone(&connected),
        full_told: AtomicU64::new(0),
        heard: Arc::clone(&heard),
    };
    let ends = Ends {
        connected,
        heard,
        lanes,
    };
    (link, ends)
}

impl Carrier {
    /// The next message that the node sends, to whom and on which lane.
    pub fn poll_sent(&mut self, context: &mut Context<'_>) -> Poll<(PeerIndex, Lane, Arc<[u8]>)> {
        for (number, ends) in self.outgoing.iter_mut().enumerate() {
            for end in &mut ends.lanes {
                if let Poll::Ready(Some(bytes)) = end.receiver.poll_recv(context) {
                    end.waiting.fetch_sub(bytes.len() as u64, Ordering::Relaxed);
                    return Poll::Ready((PeerIndex::new(number), end.lane, bytes));
                }
            }
        }
        Poll::Pending
    }

    /// Hands the node a message. False if its inbox is full: it may be handed in again later.
    #[must_use]
    pub fn deliver(&self, peer: PeerIndex, lane: Lane, bytes: Vec<u8>) -> bool {
        if let Some(ends) = self.outgoing.get(peer.get()) {
            ends.heard.note();
        }
        let inbox = self.inboxes.get(lane.number());
        inbox.is_some_and(|inbox| {
            let room = None;
            inbox.try_send(Received { peer, bytes, room }).is_ok()
        })
    }

    /// What the node wants next, if there is something. Orders come in their order, and a message to a new
    /// peer is sent only once the carrier was told of it.
    pub fn take_order(&mut self) -> Option<CarrierOrder> {
        Some(match self.orders.try_recv().ok()? {
            CarrierOrder::Cut(peer) => CarrierOrder::Cut(peer),
            CarrierOrder::Identity(secret) => CarrierOrder::Identity(secret.public()),
            CarrierOrder::Peers(listings) => {
                let listed = listings.into_iter().map(|listing| {
                    self.outgoing.extend(listing.ends);
                    ListedPeer {
                        number: listing.number,
                        name: listing.peer.name.into(),
                        key: listing.peer.key,
                        is_agency: listing.peer.is_agency,
                    }
                });
                CarrierOrder::Peers(listed.collect())
            }
        })
    }

    /// Says that a peer can be reached now, or not any more.
    pub fn set_connected(&self, peer: PeerIndex, is_up: bool) {
        let Some(ends) = self.outgoing.get(peer.get()) else {
            return;
        };
        if ends.connected.swap(is_up, Ordering::Relaxed) != is_up {
            let event = if is_up {
                PeerEvent::Connected(peer)
            } else {
                PeerEvent::Disconnected(peer)
            };
            let _gone = self.peers.send(event);
        }
    }
}
