//! A peer has decided otherwise: more than a third of the validators have lied, and somebody must say so.
//!
//! Another root for a size that is final here, or a certified block that does not continue this log,
//! is only a reason to ask for the peer's certificate of the same height. If that holds too, two blocks
//! of one height have a quorum: this node stops for good, and keeps what convicts. An agency is named
//! only if it has cosigned both roots, which no honest one does in any round; who has signed just the
//! other one may have been deceived as we were. Before this node stops it tells all peers what it has
//! found: who is deceived as well may have asked us alone, and would go on in the dark.

use std::time::Duration;

use ::verify::checkpoint;
use consensus::{Alarm, Commit, verify};
use protocol::{codec, height::Height, policy::TrustPolicy};

use super::{Driver, SAFETY_VERSION};
use crate::{
    breaches::Breach,
    network::{Lane, PeerIndex},
    wire::{ConsensusMessage, SyncMessage},
};

/// What peers are told of a fork is carried for so long before the node ends.
pub(super) const TOLD_WITHIN: Duration = Duration::from_secs(1);

impl Driver {
    /// Asks a peer how it has decided a height that is decided here, and who has cosigned that.
    pub(super) fn contest(&mut self, height: Height, peer: PeerIndex) {
        if !self.peers.begin_to_contest(peer, height) {
            return;
        }
        tracing::error!(event = "contested", %height, peer = self.peer_name(peer), "a peer shows another log");
        // In this order: what convicts is here before the certificate that stops us.
        let size = self.shared.ledger.head().size();
        self.send(peer, Lane::Sync, &SyncMessage::GetCosigns(size));
        let (from, count) = (height, 1);
        self.peers.expect_blocks(peer);
        self.send(peer, Lane::Sync, &SyncMessage::GetBlocks { from, count });
    }

    /// Compares a certificate with that of the same height here.
    pub(super) fn weigh(&mut self, other: &Commit, from: PeerIndex) {
        let head = self.shared.ledger.head();
        if (head.height(), head.block()) == (other.height, other.block) {
            return;
        }
        let stored = match self.shared.ledger.block(other.height) {
            Ok(Some(stored)) => stored,
            Ok(None) => return,
            Err(fault) => return self.shared.fail(&fault),
        };
        let known: Option<Commit> =
            codec::decode(SAFETY_VERSION, &stored.certificate, codec::VALUE_BYTES_MAX).ok();
        let Some(known) = known.filter(|known| known.block != other.block) else {
            return;
        };
        // Under the keys of its own height: what is in force now says nothing of it.
        let epoch = self.shared.epochs.at(other.height);
        match verify::commit(&self.chain, epoch.validators(), other) {
            Ok(_) => {
                let other = other.clone();
                if let Err(fault) = self.alarm(&Alarm::Fork { known, other }) {
                    self.shared.fail(&fault);
                }
            }
            Err(rejection) => {
                self.breach(from, Breach::Block, &rejection);
            }
        }
    }

    /// Tells all peers both certificates, and before them who has cosigned which root: they stop as this
    /// node does, and with the same evidence.
    pub(super) fn tell_of_fork(&self, known: &Commit, other: &Commit) {
        for cosign in self.publisher.contradictions() {
            self.broadcast(Lane::Consensus, &ConsensusMessage::Cosignature(cosign));
        }
        for commit in [known, other] {
            self.broadcast(Lane::Consensus, &ConsensusMessage::Commit(commit.clone()));
        }
    }

    /// Keeps what convicts: the two commits, and both checkpoints with the lines of whoever signed both.
    /// Says where, and whom it names.
    pub(super) fn keep_fork(&self, known: &Commit, other: &Commit) -> String {
        let mut names = Vec::new();
        let mut text = format!("{known:#?}\n{other:#?}\n");
        if let Ok(trust) = TrustPolicy::parse(self.epoch.trust_file().as_bytes()) {
            let published = self.shared.ledger.published();
            let note = published
                .as_ref()
                .map(|published| (published.head.height(), &*published.note));
            for (one, two) in self.publisher.contradicting_notes(note) {
                let both = checkpoint::fork(&trust, &one, &two);
                if !both.is_empty() {
                    let evidence = checkpoint::ForkEvidence {
                        one,
                        other: two,
                        prefix: None,
                    };
                    text = evidence.write();
                    names = both;
                }
            }
        }
        let file = self.evidence.keep_fork(&text, !names.is_empty());
        match names.as_slice() {
            [] => format!("the two certificates are in {}", file.display()),
            names => format!(
                "both logs are signed by {}; the evidence is in {}",
                names.join(", "),
                file.display()
            ),
        }
    }
}
