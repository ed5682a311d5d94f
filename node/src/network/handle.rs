//! The handle: where messages are handed over, and where it is said who may connect. Cheap to clone.

use std::{
    net::SocketAddr,
    sync::{
        Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use protocol::{
    key::SecretKey,
    planted::{self, Bug},
};
use tokio::sync::mpsc;

use super::{
    Contact, Lane, NetworkFault, NotSent, Peer, PeerIndex,
    carrier::{self, CarrierOrder, PeerListing},
    heard::Presence,
    roster::{ListedPeer, Roster},
    swarm,
};
use crate::{host::Host, limits};

/// One outgoing lane.
#[derive(Debug)]
pub(super) struct LaneQueue {
    pub(super) sender: mpsc::Sender<Arc<[u8]>>,
    pub(super) waiting: Arc<AtomicU64>,
}

/// A peer's queues as the handle sees them.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) queues: [LaneQueue; 3],
    pub(super) connected: Arc<AtomicBool>,
    /// When the log last told that a queue of this peer is full, in seconds since the start.
    pub(super) full_told: AtomicU64,
    pub(super) heard: Arc<Presence>,
}

impl Link {
    /// How the peer stands; it is reached if something came `within` this.
    pub(super) fn contact(&self, within: Duration) -> Contact {
        let heard_ago = self.heard.ago();
        let is_recent =
            planted::is(Bug::PresenceBySocket) || heard_ago.is_some_and(|ago| ago < within);
        Contact {
            is_reached: self.connected.load(Ordering::Relaxed) && is_recent,
            heard_ago,
            trouble: self.heard.trouble(),
            addresses: self.heard.addresses(),
        }
    }
}

/// Where messages are handed over.
#[derive(Clone, Debug)]
pub struct Handle {
    roster: Arc<RwLock<Roster>>,
    sent_bytes: Arc<AtomicU64>,
    orders: mpsc::UnboundedSender<CarrierOrder>,
    began: Instant,
    host: Host,
    pub(super) listening: SocketAddr,
}

impl Handle {
    pub(super) fn new(orders: mpsc::UnboundedSender<CarrierOrder>, host: &Host) -> Self {
        Self {
            roster: Arc::default(),
            sent_bytes: Arc::new(AtomicU64::new(0)),
            orders,
            began: Instant::now(),
            host: host.clone(),
            listening: SocketAddr::from(([0, 0, 0, 0], 0)),
        }
    }

    fn roster(&self) -> RwLockReadGuard<'_, Roster> {
        self.roster.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn roster_mut(&self) -> RwLockWriteGuard<'_, Roster> {
        self.roster.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on these may connect and nobody else. Whoever stays keeps its number and its connection,
    /// also if its name or its addresses are others now; newcomers get numbers of their own and are dialled;
    /// whoever is gone is cut off, and what was queued for it is dropped. A peer that comes back has the
    /// number that it had.
    ///
    /// # Errors
    ///
    /// [`NetworkFault::Key`] if a key cannot be one on the wire; then nothing changes.
    pub fn set_peers(&self, peers: &[Peer]) -> Result<(), NetworkFault> {
        let mut listings = Vec::new();
        for peer in peers {
            let id = swarm::peer_id(&peer.key);
            let id = id.ok_or_else(|| NetworkFault::Key(peer.name.clone()))?;
            listings.push((peer, id));
        }
        let mut roster = self.roster_mut();
        roster.clear();
        let listings = listings.into_iter().map(|(peer, id)| {
            let mut ends = None;
            let number = roster.list(peer, || {
                let (link, made) = carrier::link(&self.host);
                ends = Some(made);
                Arc::new(link)
            });
            PeerListing {
                number,
                id,
                peer: peer.clone(),
                ends,
            }
        });
        // Still locked: orders come in the order of the lists.
        let _gone = self.orders.send(CarrierOrder::Peers(listings.collect()));
        Ok(())
    }

    /// Who may connect now.
    #[must_use]
    pub fn listed(&self) -> Vec<ListedPeer> {
        self.roster()
            .listed()
            .map(|(peer, _)| peer.clone())
            .collect()
    }

    /// Name of a peer, whether or not it may connect still.
    #[must_use]
    pub fn name(&self, peer: PeerIndex) -> Option<Arc<str>> {
        self.roster().name(peer)
    }

    /// Whether a peer may connect now. What it had sent before it might no more is not to be heard.
    #[must_use]
    pub fn is_listed(&self, peer: PeerIndex) -> bool {
        self.roster().link(peer).is_some()
    }

    /// From now on this node has another key on the wire: all connections end and begin anew.
    pub fn set_identity(&self, secret: SecretKey) {
        let _gone = self.orders.send(CarrierOrder::Identity(secret));
    }

    /// Cuts the connection of a peer, which is not let in again for [`super::CUT_FOR`].
    pub fn cut(&self, peer: PeerIndex) {
        let _gone = self.orders.send(CarrierOrder::Cut(peer));
    }

    /// Whether a peer reads what it is sent on a lane: little of it waits.
    #[must_use]
    pub fn has_room(&self, peer: PeerIndex, lane: Lane) -> bool {
        let roster = self.roster();
        let link = roster.link(peer);
        let queue = link.and_then(|link| link.queues.get(lane.number()));
        queue.is_some_and(|queue| {
            queue.waiting.load(Ordering::Relaxed) < lane.frame_bytes_max() as u64
        })
    }

    /// Tells that a queue is full, at most once in a second for each peer.
    fn tell_full(&self, peer: &ListedPeer, link: &Link, lane: Lane) {
        let now = self.began.elapsed().as_secs() + 1;
        if link.full_told.swap(now, Ordering::Relaxed) != now {
            tracing::warn!(event = "queue-full", peer = &*peer.name, lane = lane.name());
        }
    }

    /// Queues a message for a peer. Never waits.
    ///
    /// # Errors
    ///
    /// [`NotSent`] if the peer is away, or its queue is full.
    pub fn send(&self, peer: PeerIndex, lane: Lane, bytes: Arc<[u8]>) -> Result<(), NotSent> {
        let roster = self.roster();
        let link = roster.link(peer).ok_or(NotSent::NotConnected)?;
        self.queue(link, lane, bytes)
    }

    fn queue(&self, link: &Link, lane: Lane, bytes: Arc<[u8]>) -> Result<(), NotSent> {
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
        for (peer, link) in self.roster().listed() {
            if self.queue(link, lane, Arc::clone(&bytes)) == Err(NotSent::QueueFull) {
                self.tell_full(peer, link, lane);
            }
        }
    }

    /// How a peer stands, if it may connect.
    #[must_use]
    pub fn contact(&self, peer: PeerIndex) -> Option<Contact> {
        let roster = self.roster();
        Some(roster.link(peer)?.contact(super::HEARD_WITHIN))
    }

    /// How whoever may connect stands, by name; two peers of one name are one agency.
    #[must_use]
    pub fn contacts(&self) -> Vec<(Arc<str>, Contact)> {
        self.roster().contacts()
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

#[cfg(test)]
mod tests {
    use crate::network::{Events, carried};

    use super::*;
    use crate::network::carrier::{Carrier, CarrierOrder};

    fn peer(name: &str, key: &str) -> Peer {
        Peer {
            name: name.to_owned(),
            key: secret(key).public(),
            is_agency: true,
            addresses: Vec::new(),
        }
    }

    fn secret(key: &str) -> SecretKey {
        SecretKey::from_seed(&protocol::hash::sha256(&[key.as_bytes()]))
    }

    /// A network of these peers, and their numbers as the carrier was told them.
    fn network(peers: &[Peer]) -> (Handle, Events, Carrier) {
        let (handle, events, mut carrier) = carried(peers, &Host::real()).unwrap();
        assert!(carrier.take_order().is_some());
        (handle, events, carrier)
    }

    fn names(handle: &Handle) -> Vec<(usize, String)> {
        let listed = handle.listed().into_iter();
        listed
            .map(|peer| (peer.number.get(), peer.name.to_string()))
            .collect()
    }

    fn listed(names: &[(usize, &str)]) -> Vec<(usize, String)> {
        let names = names.iter();
        names
            .map(|(number, name)| (*number, (*name).to_owned()))
            .collect()
    }

    #[test]
    fn numbers_are_given_once_and_to_one_key() {
        let (adliya, kadastr) = (peer("adliya", "a"), peer("kadastr", "k"));
        let (handle, _events, mut carrier) = network(&[adliya.clone(), kadastr.clone()]);
        assert_eq!(names(&handle), listed(&[(0, "adliya"), (1, "kadastr")]));
        // One leaves, one comes, one has a new name.
        let (soliq, renamed) = (peer("soliq", "s"), peer("cadastre", "k"));
        handle.set_peers(&[soliq.clone(), renamed]).unwrap();
        assert_eq!(names(&handle), listed(&[(1, "cadastre"), (2, "soliq")]));
        assert_eq!(&*handle.name(PeerIndex::new(0)).unwrap(), "adliya");
        assert!(!handle.is_listed(PeerIndex::new(0)));
        let Some(CarrierOrder::Peers(told)) = carrier.take_order() else {
            panic!("nothing was told");
        };
        let told: Vec<usize> = told.iter().map(|peer| peer.number.get()).collect();
        assert_eq!(told, [2, 1]);
        // Another key of the same name is another peer; who comes back has its number again.
        let rotated = peer("soliq", "s/2");
        handle.set_peers(&[soliq, rotated, adliya]).unwrap();
        let now = [(0, "adliya"), (2, "soliq"), (3, "soliq")];
        assert_eq!(names(&handle), listed(&now));
    }

    #[test]
    fn whoever_is_gone_is_sent_nothing_and_counts_as_nobody() {
        let peers = [peer("adliya", "a"), peer("kadastr", "k")];
        let (handle, _events, carrier) = network(&peers);
        let (zero, one) = (PeerIndex::new(0), PeerIndex::new(1));
        for number in [zero, one] {
            carrier.set_connected(number, true);
            assert!(carrier.deliver(number, Lane::Sync, vec![1]));
        }
        assert!(handle.contact(one).unwrap().is_reached);
        handle.set_peers(&peers[..1]).unwrap();
        let sent = handle.send(one, Lane::Consensus, vec![1].into());
        assert_eq!(sent, Err(NotSent::NotConnected));
        assert!(!handle.has_room(one, Lane::Consensus));
        assert!(handle.contact(one).is_none());
        assert_eq!(handle.contacts().len(), 1);
        let before = handle.sent_bytes();
        handle.broadcast(Lane::Entries, vec![1, 2].into());
        assert_eq!(handle.sent_bytes(), before + 2);
        assert_eq!(handle.send(zero, Lane::Sync, vec![1].into()), Ok(()));
    }

    #[test]
    fn two_keys_of_an_agency_are_one_contact() {
        let peers = [peer("soliq", "s"), peer("soliq", "s/2")];
        let (handle, _events, carrier) = network(&peers);
        let contact = |handle: &Handle| handle.contacts().remove(0).1;
        assert!(!contact(&handle).is_reached);
        carrier.set_connected(PeerIndex::new(1), true);
        assert!(carrier.deliver(PeerIndex::new(1), Lane::Sync, vec![1]));
        assert_eq!(handle.contacts().len(), 1);
        let together = contact(&handle);
        assert!(together.is_reached && together.heard_ago.is_some());
    }
}
