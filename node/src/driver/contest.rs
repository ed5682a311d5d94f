//! A peer has decided otherwise: more than a third of the validators have lied, and somebody must say so.
//!
//! Another root for a size that is final here, or a certified block that does not continue this log,
//! is only a reason to ask for the peer's certificate of the same height. If that holds too, two blocks
//! of one height have a quorum: this node stops for good, and keeps what convicts. An agency is named
//! only if it has cosigned both roots, which no honest one does in any round; who has signed just the
//! other one may have been deceived as we were.

use ::verify::checkpoint;
use consensus::{Alarm, Commit, verify};
use protocol::{codec, height::Height, policy::TrustPolicy};

use super::{Driver, SAFETY_VERSION};
use crate::{
    network::{Lane, PeerIndex},
    wire::{DecidedBlock, SyncMessage},
};

impl Driver {
    /// Asks a peer how it has decided a height that is decided here, and who has cosigned that.
    pub(super) fn contest(&mut self, height: Height, peer: PeerIndex) {
        let Some(state) = self.peers.get_mut(peer.get()) else {
            return;
        };
        if state.contested.replace(height) == Some(height) {
            return;
        }
        tracing::error!(event = "contested", %height, peer = self.peer_name(peer), "a peer shows another log");
        // In this order: what convicts is here before the certificate that stops us.
        let size = self.shared.ledger.head().size();
        self.send(peer, Lane::Sync, &SyncMessage::GetCosigns(size));
        let (from, count) = (height, 1);
        self.send(peer, Lane::Sync, &SyncMessage::GetBlocks { from, count });
    }

    /// Compares a decided block of a height that is decided here.
    pub(super) fn weigh(&mut self, block: &DecidedBlock, from: PeerIndex) {
        let other = &block.commit;
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
        match verify::commit(&self.chain, &self.validators, other) {
            Ok(_) => {
                let other = other.clone();
                if let Err(reason) = self.alarm(&Alarm::Fork { known, other }) {
                    self.shared.fail_with(&reason);
                }
            }
            Err(rejection) => {
                tracing::warn!(event = "bad-commit", peer = self.peer_name(from), %rejection);
            }
        }
    }

    /// Keeps what convicts: the two commits, and both checkpoints with the lines of whoever signed both.
    /// Says where, and whom it names.
    pub(super) fn keep_fork(&self, known: &Commit, other: &Commit) -> String {
        let mut names = Vec::new();
        let mut text = format!("{known:#?}\n{other:#?}\n");
        if let Ok(trust) = TrustPolicy::parse(self.shared.genesis.trust_file().as_bytes()) {
            for (one, two) in self.two_notes() {
                let both = checkpoint::fork(&trust, &one, &two);
                if !both.is_empty() {
                    text = checkpoint::evidence(&one, &two);
                    names = both;
                }
            }
        }
        let file = self.evidence_dir.join(if names.is_empty() {
            "fork.txt"
        } else {
            "fork.evidence"
        });
        let kept =
            std::fs::create_dir_all(&self.evidence_dir).and_then(|()| std::fs::write(&file, text));
        if let Err(error) = kept {
            tracing::error!(event = "evidence-lost", %error);
        }
        match names.as_slice() {
            [] => format!("the two certificates are in {}", file.display()),
            names => format!(
                "both logs are signed by {}; the evidence is in {}",
                names.join(", "),
                file.display()
            ),
        }
    }

    /// Recent checkpoints, each with one of another root and the same size.
    fn two_notes(&self) -> Vec<(String, String)> {
        let published = self.shared.ledger.published();
        let mut pairs = Vec::new();
        for (height, ours) in &self.recent {
            // What was published has its quorum of lines also after a restart.
            let note = published
                .as_ref()
                .filter(|published| published.head.height() == *height)
                .map(|published| published.note.to_string());
            let one = note.unwrap_or_else(|| self.cosigner.lines(ours.size, ours.root));
            for root in self.cosigner.other_roots(ours) {
                pairs.push((one.clone(), self.cosigner.lines(ours.size, root)));
            }
        }
        pairs
    }
}
