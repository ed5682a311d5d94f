//! Which of its keys this node acts with: looked at when it starts, and at every block that opens an epoch.
//!
//! Vote and cosign keys change with the block. The key on the wire changes later: as long as the old one is
//! let in it is used, since whoever has not committed that block knows no other. The decision is 57.

use std::time::Duration;

use protocol::key::SecretKey;

use super::Driver;
use crate::{
    keys::{KeyUse, KeysInForce},
    network::PeerIndex,
};

/// For so long a key on the wire is tried before another is.
const TRIED_FOR: Duration = Duration::from_secs(60);

impl Driver {
    /// The keys that the state names now, and what it names that is not here: told once each time that this
    /// changes.
    pub(super) fn keys_in_force(&mut self) -> KeysInForce {
        let agency = self.shared.agency.clone();
        let found = self.keys.in_force(agency.as_ref(), &self.epoch);
        if std::mem::replace(&mut self.lacking, found.lacking.clone()) == found.lacking {
            return found;
        }
        for of in &found.lacking {
            tracing::warn!(
                event = "keys-not-in-force",
                purpose = of.word(),
                epoch = %self.epoch.number(),
                "{}",
                without(*of)
            );
        }
        found
    }

    /// Another epoch is in force. True if this node votes with another key now, or not any more.
    pub(super) fn act_with_keys_in_force(&mut self) -> bool {
        let found = self.keys_in_force();
        let has_changed = self.guard.enter(found);
        if has_changed {
            let key = self.guard.public().map(|key| key.to_string());
            tracing::info!(event = "vote-key", epoch = %self.epoch.number(), key, "the network names another vote key for this node, or none");
        }
        has_changed
    }

    /// The old key on the wire is let in no more: the one that the state names takes its place.
    pub(super) fn take_identity_in_force(&mut self) {
        let found = self.keys_in_force();
        if found.is_named && !found.lacking.contains(&KeyUse::Peer) {
            self.become_known_by(found.peer);
        }
    }

    /// A peer does not know this node by its key.
    pub(super) fn is_not_known_to(&self, peer: PeerIndex) {
        let name = self.peer_name(peer).to_owned();
        tracing::warn!(
            event = "not-known-there",
            peer = name,
            "they do not know us yet: our key may not be in their set"
        );
        self.shared.progress().not_known_to.insert(name);
    }

    /// When more agencies than can be faulty do not know this node, its log may be too far behind to tell by
    /// which key they know it: the next one of its folder is tried.
    pub(super) fn try_another_identity(&mut self) {
        let now = self.shared.host.moment();
        if now.since(self.identity_at) < TRIED_FOR {
            return;
        }
        let progress = self.shared.progress();
        let names = progress.not_known_to.iter();
        let agencies = names.filter(|name| self.epoch.is_validator(name)).count();
        drop(progress);
        if agencies <= self.epoch.validators().faulty_max() {
            return;
        }
        let keys: Vec<_> = self.keys.peers().collect();
        let mine = self.identity.public();
        let at = keys.iter().position(|key| key.public() == mine);
        let next = at.and_then(|at| keys.get((at + 1) % keys.len()));
        if let Some(next) = next.filter(|next| next.public() != mine) {
            self.become_known_by((*next).clone());
        }
    }

    fn become_known_by(&mut self, secret: SecretKey) {
        self.identity = secret.clone();
        self.identity_at = self.shared.host.moment();
        self.shared.network.set_identity(secret);
        self.shared.progress().not_known_to.clear();
        self.say_where_it_is();
    }
}

/// What follows from a key that is not here, for the operator.
const fn without(of: KeyUse) -> &'static str {
    match of {
        KeyUse::Peer => {
            "the network names another peer key for this agency than this folder holds: peers that know no other do not let this node in; put the key into the folder, or have the agencies name this one"
        }
        KeyUse::Vote => {
            "the network names another vote key for this agency than this folder holds: the node observes until the network names this one; after a rotation put the new key into the folder"
        }
        KeyUse::Publisher => {
            "the network names another publisher key than this folder holds: this node adds no line of the log's own; remove the key, or put the new one into the folder"
        }
        KeyUse::Cosign => {
            "the network names another cosign key for this agency than this folder holds: the node observes until the network names this one; after a rotation put the new key into the folder"
        }
    }
}
