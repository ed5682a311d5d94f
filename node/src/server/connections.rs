//! The connections of one port: how many, whose, and which one makes room.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};

use super::{
    connection::Connection,
    counts::{ServingCounts, Turned},
};
use crate::limits;

/// Whoever was told to make room has this long to do so, before another is told.
const ROOM_WITHIN: Duration = Duration::from_millis(100);

/// All connections of one port.
#[derive(Debug)]
pub struct Connections {
    most: usize,
    most_of_one: usize,
    began: Instant,
    open: Mutex<BTreeMap<u64, Arc<Connection>>>,
    closed: Notify,
    counts: Arc<ServingCounts>,
}

/// Whether a connection is taken.
pub(super) enum Admission {
    In(ConnectionSlot),
    Full,
}

/// A connection's place, given back when dropped.
pub(super) struct ConnectionSlot {
    number: u64,
    connection: Arc<Connection>,
    among: Arc<Connections>,
}

impl ConnectionSlot {
    pub(super) const fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }
}

impl Drop for ConnectionSlot {
    fn drop(&mut self) {
        let mut open = self.among.lock();
        open.remove(&self.number);
        self.among.counts.set_open(open.len());
        drop(open);
        self.among.closed.notify_one();
    }
}

enum Room {
    There,
    /// Soon: a connection that waits for its client has been told to end.
    Made,
    None,
}

impl Connections {
    /// At most `most` connections.
    #[must_use]
    pub fn new(most: usize, counts: Arc<ServingCounts>) -> Arc<Self> {
        Arc::new(Self {
            most,
            most_of_one: (most * limits::HTTP_ADDRESS_PERCENT / 100).max(1),
            began: Instant::now(),
            open: Mutex::default(),
            closed: Notify::new(),
            counts,
        })
    }

    /// What is counted of them.
    #[must_use]
    pub fn counts(&self) -> &ServingCounts {
        &self.counts
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<Connection>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for a connection from `address`. Waits until the one that makes room has ended, so that there
    /// is never more than one connection too many; another makes room if that one does not in time.
    pub(super) async fn admit(self: &Arc<Self>, address: IpAddr) -> Admission {
        let address = group(address);
        loop {
            {
                let mut open = self.lock();
                match self.room(&open, address) {
                    Room::There => {
                        let number = open.last_key_value().map_or(0, |(last, _)| last + 1);
                        let counts = Arc::clone(&self.counts);
                        let connection = Arc::new(Connection::new(address, self.began, counts));
                        open.insert(number, Arc::clone(&connection));
                        self.counts.set_open(open.len());
                        return Admission::In(ConnectionSlot {
                            number,
                            connection,
                            among: Arc::clone(self),
                        });
                    }
                    Room::Made => {}
                    Room::None => {
                        self.counts.turn_away(Turned::Full);
                        return Admission::Full;
                    }
                }
            }
            let _late = tokio::time::timeout(ROOM_WITHIN, self.closed.notified()).await;
        }
    }

    /// Finds room among `open`, or tells the one that has waited longest for its client to make it.
    fn room(&self, open: &BTreeMap<u64, Arc<Connection>>, address: IpAddr) -> Room {
        let of_one = |connection: &&Arc<Connection>| connection.address == address;
        if open.values().filter(of_one).count() >= self.most_of_one {
            self.make_room(open.values().filter(of_one))
        } else if open.len() >= self.most {
            self.make_room(open.values())
        } else {
            Room::There
        }
    }

    fn make_room<'a>(&self, among: impl Iterator<Item = &'a Arc<Connection>>) -> Room {
        let mut longest: Option<(u64, &Arc<Connection>)> = None;
        for connection in among {
            match (connection.told_ago(), connection.waits_since()) {
                (Some(ago), _) if ago < ROOM_WITHIN => return Room::Made,
                // It is late; another makes room.
                (Some(_), _) | (None, None) => {}
                (None, Some(since)) => {
                    if longest.is_none_or(|(found, _)| since < found) {
                        longest = Some((since, connection));
                    }
                }
            }
        }
        let Some((_, connection)) = longest else {
            return Room::None;
        };
        self.counts.turn_away(Turned::Room);
        connection.make_room();
        Room::Made
    }

    /// Ends when no connection is open.
    pub(super) async fn all_closed(&self) {
        while !self.lock().is_empty() {
            self.closed.notified().await;
        }
    }
}

/// Addresses that count as one: an IPv4 address, also when mapped into IPv6; an IPv6 network of 64 bits,
/// of which one subscriber has all.
fn group(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let network = u128::from(address) & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from(network))
        }
        four => four,
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use futures::FutureExt;

    use super::*;

    const MOST: usize = 8;
    const OF_ONE: usize = MOST * limits::HTTP_ADDRESS_PERCENT / 100;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    /// The place, none if it is refused; fails if a connection has to make room first.
    fn admit(connections: &Arc<Connections>, from: IpAddr) -> Option<ConnectionSlot> {
        match connections.admit(from).now_or_never() {
            Some(Admission::In(slot)) => Some(slot),
            Some(Admission::Full) => None,
            None => panic!("a quiet connection makes room for {from}"),
        }
    }

    /// So many connections with requests in hand, which nobody ends for another.
    fn busy(connections: &Arc<Connections>, from: &[IpAddr], count: usize) -> Vec<ConnectionSlot> {
        let from = from.iter().cycle().take(count);
        let slots = from.map(|from| admit(connections, *from).unwrap());
        let slots: Vec<_> = slots.collect();
        for slot in &slots {
            slot.connection().take_in_hand();
        }
        slots
    }

    #[tokio::test]
    async fn one_address_holds_its_part_and_others_find_room() {
        // One IPv4 address in both its spellings; one IPv6 network, of which a subscriber has all.
        let one = [address("192.0.2.7"), address("::ffff:192.0.2.7")];
        let network = [
            address("2001:db8:1:2::1"),
            address("2001:db8:1:2:ffff:ffff:ffff:ffff"),
        ];
        let neighbours = [address("192.0.2.8"), address("2001:db8:1:3::1")];
        for group in [one, network] {
            let connections = Connections::new(MOST, Arc::default());
            let mut held = busy(&connections, &group, OF_ONE);
            for again in group {
                assert!(admit(&connections, again).is_none(), "{again} has too many");
            }
            held.extend(busy(&connections, &neighbours, MOST - OF_ONE));
            // Now all places are taken, for whomever.
            assert!(admit(&connections, address("198.51.100.1")).is_none());
            held.pop();
            assert!(admit(&connections, address("198.51.100.1")).is_some());
        }
    }

    /// Each address that has its part makes room among its own: others' quiet connections stay.
    #[tokio::test]
    async fn a_newcomer_takes_the_place_of_the_longest_waiting_one_of_its_own() {
        let connections = Connections::new(MOST, Arc::default());
        let mine = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));
        let other = admit(&connections, address("192.0.2.8")).unwrap();
        other.connection().hand_over();
        other.connection().flushed();
        let mut held: Vec<_> = (0..OF_ONE)
            .map(|_| admit(&connections, mine).unwrap())
            .collect();
        held[0].connection().take_in_hand();
        assert!(connections.admit(mine).now_or_never().is_none());
        let told = |slot: &ConnectionSlot| slot.connection().told_ago().is_some();
        let who: Vec<bool> = held.iter().map(told).collect();
        assert!(
            !told(&other) && who == [false, true, false, false],
            "{who:?}"
        );
        // One more newcomer ends no second one.
        assert!(connections.admit(mine).now_or_never().is_none());
        assert_eq!(held.iter().filter(|slot| told(slot)).count(), 1);
        drop(held.remove(1));
        assert!(admit(&connections, mine).is_some());
    }
}
