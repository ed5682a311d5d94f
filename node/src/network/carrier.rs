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
    Events, INBOX_MESSAGES_MAX, Lane, Link, PeerEvent, PeerIndex, QUEUE_MESSAGES_MAX, Queue,
    Received, lanes::Outgoing,
};

/// The carrier's ends of the queues of one node.
#[derive(Debug)]
pub struct Carrier {
    pub(super) outgoing: Vec<(Arc<AtomicBool>, Vec<Outgoing>)>,
    pub(super) inboxes: [mpsc::Sender<Received>; 3],
    pub(super) peers: mpsc::UnboundedSender<PeerEvent>,
}

/// Makes the queues of a node with so many peers.
pub(super) fn queues(count: usize) -> (Vec<Link>, Events, Carrier) {
    let (consensus_in, consensus) = mpsc::channel(INBOX_MESSAGES_MAX);
    let (entries_in, entries) = mpsc::channel(INBOX_MESSAGES_MAX);
    let (sync_in, sync) = mpsc::channel(INBOX_MESSAGES_MAX);
    let (peers_in, peers) = mpsc::unbounded_channel();
    let mut links = Vec::new();
    let mut outgoing = Vec::new();
    for _ in 0..count {
        let connected = Arc::new(AtomicBool::new(false));
        let mut ends = Vec::new();
        let queues = Lane::ALL.map(|lane| {
            let (sender, receiver) = mpsc::channel(QUEUE_MESSAGES_MAX);
            let waiting = Arc::new(AtomicU64::new(0));
            ends.push(Outgoing {
                lane,
                receiver,
                waiting: Arc::clone(&waiting),
            });
            Queue { sender, waiting }
        });
        links.push(Link {
            queues,
            connected: Arc::clone(&connected),
        });
        outgoing.push((connected, ends));
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
    };
    (links, events, carrier)
}

impl Carrier {
    /// The next message that the node sends, to whom and on which lane.
    pub fn poll_sent(&mut self, context: &mut Context<'_>) -> Poll<(PeerIndex, Lane, Arc<[u8]>)> {
        for (number, (_, lanes)) in self.outgoing.iter_mut().enumerate() {
            for end in lanes {
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
        let inbox = self.inboxes.get(lane.number());
        inbox.is_some_and(|inbox| inbox.try_send(Received { peer, bytes }).is_ok())
    }

    /// Says that a peer can be reached now, or not any more.
    pub fn set_connected(&self, peer: PeerIndex, is_up: bool) {
        let Some((connected, _)) = self.outgoing.get(peer.get()) else {
            return;
        };
        if connected.swap(is_up, Ordering::Relaxed) != is_up {
            let event = if is_up {
                PeerEvent::Connected(peer)
            } else {
                PeerEvent::Disconnected(peer)
            };
            let _gone = self.peers.send(event);
        }
    }
}
