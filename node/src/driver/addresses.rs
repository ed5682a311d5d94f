//! Where peers are, told and taken: each node tells its own addresses and passes on those of agencies.
//!
//! A note is passed on so that two agencies that have both moved find each other by a third. What has
//! come is written and told with the next status, so that whoever signs notes without end costs a file
//! and a message every two seconds. The notes themselves are the book's (`crate::address_book`).

use std::collections::BTreeSet;

use protocol::key::PublicKey;

use super::Driver;
use crate::{
    address_book::{NOTES_MAX, TakenNote},
    breaches::Breach,
    network::{Lane, PeerIndex},
    wire::SyncMessage,
};

impl Driver {
    /// Tells a peer that has just connected where the nodes of the agencies in force are, and this one.
    pub(super) fn tell_addresses(&self, to: PeerIndex) {
        let agencies = self.epoch.agencies().values().map(|agency| agency.peer);
        let own = self.shared.settings.borrow().own.clone();
        let keys: BTreeSet<PublicKey> = agencies.chain(own).collect();
        let notes = self.addresses.texts(keys.into_iter());
        if !notes.is_empty() {
            self.send(to, Lane::Sync, &SyncMessage::Addresses(notes));
        }
    }

    /// A peer tells where nodes are.
    pub(super) fn on_addresses(&mut self, notes: &[Vec<u8>], from: PeerIndex) {
        if notes.len() > NOTES_MAX {
            return self.breach(
                from,
                Breach::Malformed,
                &"more addresses than there are nodes",
            );
        }
        let own = self.shared.settings.borrow().own.clone();
        let peers: BTreeSet<PublicKey> = self.peers.keys().collect();
        for note in notes {
            match self.addresses.take(note, &peers, &own) {
                TakenNote::News | TakenNote::Old => {}
                TakenNote::Bad(reason) => self.breach(from, Breach::Rejected, &reason),
                TakenNote::Foreign => {
                    // Whoever is at another height may have other peers than this node has.
                    let height = self.shared.ledger.head().height();
                    if self.peers.height(from) == Some(height) {
                        self.breach(from, Breach::Rejected, &"the address of nobody's node");
                    }
                }
            }
        }
    }

    /// This node is where its settings say; a note that a peer has kept from before may say otherwise.
    pub(super) fn say_where_it_is(&mut self) {
        let addresses = self.shared.settings.borrow().addresses.clone();
        self.addresses.is_at(&self.identity, &addresses);
    }

    /// What has come since the last time is written, used and passed on.
    pub(super) fn spread_addresses(&mut self) {
        self.say_where_it_is();
        let news = self.addresses.take_news();
        if news.is_empty() {
            return;
        }
        let own = self.shared.settings.borrow().own.clone();
        let known: BTreeSet<PublicKey> = self.peers.keys().chain(own.iter().copied()).collect();
        if let Err(error) = self.addresses.write(&known) {
            tracing::warn!(event = "addresses-not-kept", %error, "where peers are is not on disk; after a start it is asked of the settings and of peers again");
        }
        if let Err(fault) = self.renew_peers() {
            return self.shared.fail(&fault);
        }
        let agencies = self.epoch.agencies().values().map(|agency| agency.peer);
        let passed_on: BTreeSet<PublicKey> = agencies.chain(own).collect();
        let news = news.intersection(&passed_on).copied();
        let notes = self.addresses.texts(news);
        if !notes.is_empty() {
            self.broadcast(Lane::Sync, &SyncMessage::Addresses(notes));
        }
    }
}
