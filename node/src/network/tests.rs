//! Real swarms on loopback whose peers come, go, move and change their keys while they run.

use std::time::Duration;

use protocol::hash::sha256;
use tokio::time::timeout;

use super::*;

/// More than a few dials take.
const WITHIN: Duration = Duration::from_secs(20);

fn secret(name: &str) -> SecretKey {
    SecretKey::from_seed(&sha256(&[name.as_bytes()]))
}

/// A peer by the key of that name.
fn peer(name: &str, key: &str, addresses: &[SocketAddr]) -> Peer {
    Peer {
        name: name.to_owned(),
        key: secret(key).public(),
        is_agency: true,
        addresses: addresses.iter().copied().map(PeerAddress::Ip).collect(),
    }
}

struct TestNode {
    handle: Handle,
    events: Events,
}

impl TestNode {
    async fn start(key: &str, peers: &[Peer]) -> Self {
        let setup = Setup {
            secret: secret(key),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            peers: peers.to_vec(),
            host: Host::real(),
        };
        let (handle, events) = start(setup).await.unwrap();
        Self { handle, events }
    }

    fn address(&self) -> SocketAddr {
        self.handle.listening()
    }

    /// The next coming (true) or going of a peer.
    async fn next(&mut self) -> (usize, bool) {
        loop {
            let event = timeout(WITHIN, self.events.peers.recv()).await;
            match event.expect("a peer comes or goes").unwrap() {
                PeerEvent::Connected(peer) => return (peer.get(), true),
                PeerEvent::Disconnected(peer) => return (peer.get(), false),
                PeerEvent::NotKnown(_) => {}
                PeerEvent::Fault(fault) => panic!("{fault}"),
            }
        }
    }

    /// Says something to a peer until it is heard; gives back by which number it was.
    async fn is_heard_by(&self, peer: usize, other: &mut Self) -> usize {
        let heard = async {
            loop {
                let _sent = self
                    .handle
                    .send(PeerIndex::new(peer), Lane::Sync, vec![7].into());
                let word = timeout(Duration::from_millis(50), other.events.sync.recv()).await;
                if let Ok(word) = word {
                    return word.unwrap().peer.get();
                }
            }
        };
        timeout(WITHIN, heard).await.expect("words get through")
    }
}

#[tokio::test]
async fn whoever_is_taken_from_the_list_is_cut_off_and_is_the_same_peer_when_it_is_back() {
    let mut one = TestNode::start("one", &[]).await;
    let mut two = TestNode::start("two", &[peer("one", "one", &[one.address()])]).await;
    let other = peer("two", "two", &[]);
    // It calls, and is not known; then it is, without a new start of either.
    one.handle.set_peers(std::slice::from_ref(&other)).unwrap();
    assert_eq!(one.next().await, (0, true));
    assert_eq!(one.is_heard_by(0, &mut two).await, 0);
    one.handle
        .set_peers(&[peer("three", "three", &[])])
        .unwrap();
    assert_eq!(one.next().await, (0, false));
    assert_eq!(one.handle.contacts().len(), 1);
    let sent = one
        .handle
        .send(PeerIndex::new(0), Lane::Sync, vec![1].into());
    assert_eq!(sent, Err(NotSent::NotConnected));
    // What it said before it was cut off may still lie here, nothing that it says now.
    while one.events.sync.try_recv().is_ok() {}
    one.handle.set_peers(&[other]).unwrap();
    assert_eq!(one.next().await, (0, true));
    assert_eq!(two.is_heard_by(0, &mut one).await, 0);
    let listed = one.handle.listed();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].number, PeerIndex::new(0));
}

#[tokio::test]
async fn a_peer_that_has_moved_is_found_where_it_is_said_to_be() {
    let mut there = TestNode::start("there", &[peer("here", "here", &[])]).await;
    let nobody = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let nowhere = nobody.local_addr().unwrap();
    drop(nobody);
    let mut here = TestNode::start("here", &[peer("there", "there", &[nowhere])]).await;
    // Both are tried: where it was, and where it is.
    let moved = peer("there", "there", &[nowhere, there.address()]);
    here.handle.set_peers(&[moved]).unwrap();
    assert_eq!(here.next().await, (0, true));
    assert_eq!(there.next().await, (0, true));
    assert_eq!(there.is_heard_by(0, &mut here).await, 0);
}

#[tokio::test]
async fn a_node_changes_its_key_while_it_runs_and_is_known_by_both_for_a_while() {
    let keys = [peer("a", "a", &[]), peer("a", "a/2", &[])];
    let mut b = TestNode::start("b", &keys).await;
    let mut a = TestNode::start("a", &[peer("b", "b", &[b.address()])]).await;
    assert_eq!(b.next().await, (0, true));
    assert_eq!(a.next().await, (0, true));
    let before = a.address();
    a.handle.set_identity(secret("a/2"));
    assert_eq!(a.next().await, (0, false));
    assert_eq!(a.next().await, (0, true));
    let (mut up, mut down) = (false, false);
    while !(up && down) {
        match b.next().await {
            (1, true) => up = true,
            (0, false) => down = true,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(a.is_heard_by(0, &mut b).await, 1);
    assert_eq!(b.is_heard_by(1, &mut a).await, 0);
    assert_eq!(a.address(), before);
    // The port is its own still: whoever loses the connection finds it there.
    b.handle.set_peers(&[peer("a", "a/2", &[before])]).unwrap();
    assert_eq!(b.is_heard_by(1, &mut a).await, 0);
    // The name stands for the agency, whichever key is in use.
    let contacts = b.handle.contacts();
    assert_eq!(contacts.len(), 1);
    assert!(contacts[0].1.is_reached, "{contacts:?}");
}
