//! The gate before the handshake: a bounded number of connections that have not shown who they are.
//!
//! A newcomer beyond the bound takes the place of the one that has taken longest, strangers' addresses
//! before those of peers. Silent strangers thus hold nobody up: a handshake takes milliseconds, and to
//! push one out they would have to come more often than that. Whoever is known by the end of the
//! handshake is the list's affair, not the gate's.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    net::IpAddr,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use futures::task::AtomicWaker;
use libp2p::{
    Multiaddr, Transport,
    core::transport::{DialOpts, ListenerId, TransportError, TransportEvent},
    multiaddr::Protocol,
};

use super::PeerIndex;

/// A transport whose incoming connections pass the gate until their handshake is over.
pub(super) struct Gate<T> {
    inner: T,
    waiting: Arc<Waiting>,
}

/// Where peers are known to be, by their numbers. Changes as they move, come and go.
#[derive(Clone, Debug, Default)]
pub(super) struct PeerHosts(Arc<Mutex<BTreeMap<PeerIndex, BTreeSet<IpAddr>>>>);

impl PeerHosts {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<PeerIndex, BTreeSet<IpAddr>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A peer is to be found there and nowhere else.
    pub(super) fn set(&self, peer: PeerIndex, hosts: impl Iterator<Item = IpAddr>) {
        let hosts = hosts.map(|host| host.to_canonical()).collect();
        self.lock().insert(peer, hosts);
    }

    /// A peer is none any more.
    pub(super) fn forget(&self, peer: PeerIndex) {
        self.lock().remove(&peer);
    }

    fn contain(&self, host: IpAddr) -> bool {
        let host = host.to_canonical();
        self.lock().values().any(|hosts| hosts.contains(&host))
    }
}

impl<T> Gate<T> {
    /// Before `inner`, for at most `most` handshakes at once.
    pub(super) fn new(inner: T, most: usize, peers: PeerHosts) -> Self {
        Self {
            inner,
            waiting: Arc::new(Waiting {
                most,
                peers,
                places: Mutex::default(),
            }),
        }
    }
}

/// Who shakes hands.
struct Waiting {
    most: usize,
    peers: PeerHosts,
    places: Mutex<BTreeMap<u64, Arc<Waits>>>,
}

/// One that shakes hands.
struct Waits {
    is_peer: bool,
    ended: AtomicBool,
    waker: AtomicWaker,
}

impl Waiting {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<Waits>>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(self: &Arc<Self>, address: Option<IpAddr>) -> HandshakeSlot {
        let is_peer = address.is_some_and(|address| self.peers.contain(address));
        let waits = Arc::new(Waits {
            is_peer,
            ended: AtomicBool::new(false),
            waker: AtomicWaker::new(),
        });
        let mut places = self.lock();
        if places.len() >= self.most {
            let stranger = places.iter().find(|(_, waits)| !waits.is_peer);
            let longest = stranger.or_else(|| places.first_key_value());
            if let Some(number) = longest.map(|(number, _)| *number)
                && let Some(longest) = places.remove(&number)
            {
                longest.ended.store(true, Ordering::Release);
                longest.waker.wake();
            }
        }
        let number = places.last_key_value().map_or(0, |(last, _)| last + 1);
        places.insert(number, Arc::clone(&waits));
        drop(places);
        HandshakeSlot {
            number,
            waits,
            among: Arc::clone(self),
        }
    }
}

/// A place among those that shake hands, given back when dropped.
struct HandshakeSlot {
    number: u64,
    waits: Arc<Waits>,
    among: Arc<Waiting>,
}

impl Drop for HandshakeSlot {
    fn drop(&mut self) {
        let mut places = self.among.lock();
        // Whoever was pushed out has no place any more, and another may have its number.
        if !self.waits.ended.load(Ordering::Acquire) {
            places.remove(&self.number);
        }
    }
}

/// A handshake behind the gate.
pub(super) struct Handshake<F> {
    inner: Pin<Box<F>>,
    place: HandshakeSlot,
}

impl<F, T, E> Future for Handshake<F>
where
    F: Future<Output = Result<T, E>>,
    E: std::error::Error + Send + Sync + 'static,
{
    type Output = Result<T, io::Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.place.waits.waker.register(context.waker());
        if self.place.waits.ended.load(Ordering::Acquire) {
            let why = "others came while it had not shown who it is";
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::ConnectionAborted, why)));
        }
        self.inner.as_mut().poll(context).map_err(io::Error::other)
    }
}

fn ip(address: &Multiaddr) -> Option<IpAddr> {
    address.iter().find_map(|part| match part {
        Protocol::Ip4(address) => Some(address.into()),
        Protocol::Ip6(address) => Some(address.into()),
        _ => None,
    })
}

impl<T> Transport for Gate<T>
where
    T: Transport + Unpin,
    T::Error: Send + Sync + 'static,
{
    type Output = T::Output;
    type Error = io::Error;
    type ListenerUpgrade = Handshake<T::ListenerUpgrade>;
    type Dial = Dialling<T::Dial>;

    fn listen_on(
        &mut self,
        id: ListenerId,
        address: Multiaddr,
    ) -> Result<(), TransportError<io::Error>> {
        let listening = self.inner.listen_on(id, address);
        listening.map_err(|error| error.map(io::Error::other))
    }

    fn remove_listener(&mut self, id: ListenerId) -> bool {
        self.inner.remove_listener(id)
    }

    fn dial(
        &mut self,
        address: Multiaddr,
        options: DialOpts,
    ) -> Result<Self::Dial, TransportError<io::Error>> {
        let dialling = self.inner.dial(address, options);
        let dialling = dialling.map_err(|error| error.map(io::Error::other))?;
        Ok(Dialling(Box::pin(dialling)))
    }

    fn poll(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<TransportEvent<Self::ListenerUpgrade, io::Error>> {
        let polled = Pin::new(&mut self.inner).poll(context);
        polled.map(|event| {
            let from = match &event {
                TransportEvent::Incoming { send_back_addr, .. } => ip(send_back_addr),
                _ => None,
            };
            let upgraded = event.map_upgrade(|inner| Handshake {
                inner: Box::pin(inner),
                place: self.waiting.enter(from),
            });
            upgraded.map_err(io::Error::other)
        })
    }
}

/// A connection that this node makes, which the gate does not concern.
pub(super) struct Dialling<F>(Pin<Box<F>>);

impl<F, T, E> Future for Dialling<F>
where
    F: Future<Output = Result<T, E>>,
    E: std::error::Error + Send + Sync + 'static,
{
    type Output = Result<T, io::Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(context).map_err(io::Error::other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting(most: usize) -> Arc<Waiting> {
        let peers = PeerHosts::default();
        peers.set(PeerIndex::new(0), [[10, 0, 0, 1].into()].into_iter());
        Arc::new(Waiting {
            most,
            peers,
            places: Mutex::default(),
        })
    }

    fn is_ended(place: &HandshakeSlot) -> bool {
        place.waits.ended.load(Ordering::Acquire)
    }

    #[test]
    fn the_longest_stranger_leaves_before_any_peer() {
        let waiting = waiting(3);
        let stranger = || waiting.enter(Some([192, 0, 2, 1].into()));
        let peer = waiting.enter(Some([10, 0, 0, 1].into()));
        let (first, second, third) = (stranger(), stranger(), stranger());
        assert!(is_ended(&first) && !is_ended(&second) && !is_ended(&third) && !is_ended(&peer));
        // One that was pushed out gives back nobody's place.
        drop(first);
        assert_eq!(waiting.lock().len(), 3);
        // A peer finds room among strangers, and only peers push peers out.
        let again = waiting.enter(Some([10, 0, 0, 1].into()));
        assert!(is_ended(&second) && !is_ended(&third) && !is_ended(&peer));
        let once_more = waiting.enter(Some("::ffff:10.0.0.1".parse().unwrap()));
        assert!(is_ended(&third) && !is_ended(&peer) && !is_ended(&again));
        let last = waiting.enter(Some([10, 0, 0, 1].into()));
        assert!(is_ended(&peer) && !is_ended(&again) && !is_ended(&once_more) && !is_ended(&last));
    }

    #[test]
    fn a_peer_that_moves_or_leaves_has_no_precedence_where_it_was() {
        let waiting = waiting(1);
        let (old, new): (IpAddr, IpAddr) = ([10, 0, 0, 1].into(), [10, 0, 0, 2].into());
        let peer = PeerIndex::new(0);
        waiting.peers.set(peer, [new].into_iter());
        let enter = |from| waiting.enter(Some(from)).waits.is_peer;
        assert!(!enter(old) && enter(new));
        waiting.peers.forget(peer);
        assert!(!enter(new));
    }

    #[test]
    fn whoever_is_done_gives_its_place_back() {
        let waiting = waiting(2);
        for _ in 0..100 {
            let _done = waiting.enter(None);
        }
        assert!(waiting.lock().is_empty());
    }
}
