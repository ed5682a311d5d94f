//! The greeting between nodes: of which network each is, which rules it knows, and which program it is.
//!
//! A peer is known by its key alone. Where an agency's node runs another network with the same key, nothing
//! that it says would ever hold here, and nobody would say why: so each names its network first, and whoever
//! is of another is cut off by name. A greeting is no proof, and nothing is decided by it.

use protocol::{
    genesis::{Genesis, PROTOCOL},
    words,
};

use super::Driver;
use crate::{
    network::PeerIndex,
    wire::{Hello, VERSION_BYTES_MAX},
};

/// What this node says of itself on connecting.
pub(super) fn hello(genesis: &Genesis) -> Hello {
    Hello {
        chain: genesis.chain(),
        trust: genesis.network().trust,
        protocols: (PROTOCOL, PROTOCOL),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

/// The eight words by which people know a network: those of its first trust file.
fn spoken(hello: &Hello) -> String {
    words::fingerprint(hello.trust.as_bytes()).join(" ")
}

impl Driver {
    /// A peer says who it is.
    pub(super) fn on_hello(&self, theirs: &Hello, from: PeerIndex) {
        let (peer, ours) = (self.peer_name(from), &self.hello);
        if theirs.chain != ours.chain {
            tracing::error!(
                event = "other-network",
                peer,
                ours = spoken(ours),
                theirs = spoken(theirs),
                "this peer runs another network with its key; compare the words of the trust files with that agency"
            );
            self.shared.metrics.count_cut(peer);
            self.shared.network.cut(from);
            return;
        }
        let version: String = theirs.version.chars().take(VERSION_BYTES_MAX).collect();
        let ((least, most), (low, high)) = (ours.protocols, theirs.protocols);
        if most < low || high < least {
            tracing::warn!(
                event = "other-protocol",
                peer,
                version,
                "this peer knows none of the rules that this node knows; one of the two runs the wrong release"
            );
        } else {
            tracing::debug!(event = "hello", peer, version);
        }
    }
}
