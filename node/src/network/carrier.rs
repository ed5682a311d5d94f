//! The other side of the queues: whatever carries messages between nodes takes and gives them here.
//!
//! In a node that is the swarm. A simulation of many nodes in one process carries them itself.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll},
};

use tokio::sync::mpsc;

use super::{
    Events, Lane, LaneQueue, Link, PeerEvent, PeerIndex, Received, heard::Presence, lanes::Outgoing,
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

/// The carrier's ends of the queues of one node.
#[derive(Debug)]
pub struct Carrier {
    pub(super) outgoing: Vec<Ends>,
    pub(super) inboxes: [mpsc::Sender<Received>; 3],
    pub(super) peers: mpsc::UnboundedSender<PeerEvent>,
    /// Peers whose connection the node wants cut.
    pub(super) cuts: mpsc::UnboundedReceiver<PeerIndex>,
}

/// Both sides of the queues, and where cuts are ordered.
type Queues = (Vec<Link>, Events, mpsc::UnboundedSender<PeerIndex>, Carrier);

/// Makes the queues of a node with so many peers.
pub(super) fn queues(count: usize, host: &Host) -> Queues {
    let (consensus_in, consensus) = mpsc::channel(PEER_INBOX_MESSAGES_MAX);
    let (entries_in, entries) = mpsc::channel(PEER_INBOX_MESSAGES_MAX);
    let (sync_in, sync) = mpsc::channel(PEER_INBOX_MESSAGES_MAX);
    let (peers_in, peers) = mpsc::unbounded_channel();
    let (cuts_in, cuts) = mpsc::unbounded_channel();
    let mut links = Vec::new();
    let mut outgoing = Vec::new();
    for _ in 0..count {
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
        links.push(Link {
            queues,
            connected: Arc::clone(&connected),
            full_told: AtomicU64::new(0),
            heard: Arc::clone(&heard),
        });
        outgoing.push(Ends {
            connected,
            heard,
            lanes,
        });
    }
    let events = Events {
        consensus,
        entries,
        sync,
        peers,
    };
    let carrier = Carrier {
        outgoing,
        inboxes: [consensus_in, entries_in, sync_in],
        peers: peers_in,
        cuts,
    };
    (links, events, cuts_in, carrier)
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

    /// A peer that the node wants cut off, if there is one.
    pub fn take_cut(&mut self) -> Option<PeerIndex> {
        self.cuts.try_recv().ok()
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
