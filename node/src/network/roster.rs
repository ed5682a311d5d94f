//! The roster: every peer that this run has known, by number, and who of them may connect now.
//!
//! Numbers are given once. What other parts know of a peer hangs on its number, so one that was reused
//! would lay one peer's deeds to another. It carries nothing and dials nobody.

use std::{collections::BTreeMap, sync::Arc};

use protocol::{
    key::PublicKey,
    planted::{self, Bug},
};

use super::{Contact, HEARD_WITHIN, Peer, PeerIndex, handle::Link};

/// A peer that may connect now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedPeer {
    /// Its number.
    pub number: PeerIndex,
    /// Its name.
    pub name: Arc<str>,
    /// The key that names it.
    pub key: PublicKey,
    /// Whether it is an agency's node.
    pub is_agency: bool,
}

/// One that was listed at least once.
#[derive(Debug)]
struct KnownPeer {
    peer: ListedPeer,
    is_listed: bool,
    link: Arc<Link>,
}

/// All peers, by their numbers.
#[derive(Debug, Default)]
pub(super) struct Roster {
    known: Vec<KnownPeer>,
    by_key: BTreeMap<PublicKey, PeerIndex>,
}

impl Roster {
    /// Takes nobody from the list, so that the next peers are all who are on it.
    pub(super) fn clear(&mut self) {
        if planted::is(Bug::RemovedPeerStays) {
            return;
        }
        for known in &mut self.known {
            known.is_listed = false;
        }
    }

    /// Lists a peer. `link` makes the queues of one that was never known.
    pub(super) fn list(&mut self, peer: &Peer, link: impl FnOnce() -> Arc<Link>) -> PeerIndex {
        let next = PeerIndex::new(self.known.len());
        let number = *self.by_key.entry(peer.key).or_insert(next);
        let listed = ListedPeer {
            number,
            name: peer.name.as_str().into(),
            key: peer.key,
            is_agency: peer.is_agency,
        };
        match self.known.get_mut(number.get()) {
            Some(known) => (known.peer, known.is_listed) = (listed, true),
            None => self.known.push(KnownPeer {
                peer: listed,
                is_listed: true,
                link: link(),
            }),
        }
        number
    }

    fn get(&self, peer: PeerIndex) -> Option<&KnownPeer> {
        self.known.get(peer.get())
    }

    /// The queues of a peer that may connect.
    pub(super) fn link(&self, peer: PeerIndex) -> Option<&Arc<Link>> {
        let known = self.get(peer).filter(|known| known.is_listed)?;
        Some(&known.link)
    }

    /// Name of a peer, whether or not it may connect still.
    pub(super) fn name(&self, peer: PeerIndex) -> Option<Arc<str>> {
        self.get(peer).map(|known| Arc::clone(&known.peer.name))
    }

    /// Who may connect, with their queues.
    pub(super) fn listed(&self) -> impl Iterator<Item = (&ListedPeer, &Arc<Link>)> {
        let listed = self.known.iter().filter(|known| known.is_listed);
        listed.map(|known| (&known.peer, &known.link))
    }

    /// How whoever may connect stands, by name and in the order of their numbers. Two peers of one name
    /// are one agency, which is reached if either is.
    pub(super) fn contacts(&self) -> Vec<(Arc<str>, Contact)> {
        let mut all: Vec<(Arc<str>, Contact)> = Vec::new();
        for (peer, link) in self.listed() {
            let contact = link.contact(HEARD_WITHIN);
            match all.iter_mut().find(|(name, _)| *name == peer.name) {
                Some((_, other)) => *other = merged(std::mem::take(other), contact),
                None => all.push((Arc::clone(&peer.name), contact)),
            }
        }
        all
    }
}

/// What two identities of one agency make together.
fn merged(one: Contact, other: Contact) -> Contact {
    let is_reached = one.is_reached || other.is_reached;
    let heard_ago = one.heard_ago.into_iter().chain(other.heard_ago).min();
    // Why the one that is not in use is not reached is of no interest while the other is.
    let (trouble, rest) = if one.heard_ago.is_some() && one.heard_ago == heard_ago {
        (one.trouble, other.trouble)
    } else {
        (other.trouble, one.trouble)
    };
    Contact {
        is_reached,
        heard_ago,
        trouble: trouble.or(rest).filter(|_| !is_reached),
        addresses: [one.addresses, other.addresses].concat(),
    }
}
