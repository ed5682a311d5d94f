//! Cosigning what is committed, and publishing what a quorum has cosigned.

use std::time::Duration;

use ledger::Head;
use protocol::{checkpoint::Checkpoint, height::LogSize};

use super::Driver;
use crate::{
    cosigner::{Collect, NotCosigned},
    host::Moment,
    network::{Lane, PeerIndex},
    wire::{ConsensusMessage, Cosign, LogLine, SyncMessage},
};

/// Committed heights whose checkpoints may still be published.
const LOOK_BACK: usize = 32;

/// How long publication waits for the publisher's line.
const LINE_WITHIN: Duration = Duration::from_millis(100);

/// Whether a publisher is at work, and since when a checkpoint waits for its line.
#[derive(Debug, Default)]
pub(super) struct LineWait {
    publisher_seen: bool,
    since: Option<(LogSize, Moment)>,
}

impl Driver {
    /// Cosigns the checkpoint of a block that is on disk.
    pub(super) fn cosign(&mut self, head: &Head) -> Result<(), String> {
        if self
            .recent
            .back()
            .is_none_or(|(height, _)| *height < head.height())
        {
            self.recent.push_back((head.height(), head.checkpoint()));
        }
        while self.recent.len() > LOOK_BACK {
            self.recent.pop_front();
        }
        match self
            .cosigner
            .cosign(&head.checkpoint(), self.shared.host.now())
        {
            Ok(Some(cosign)) => self.broadcast(Lane::Consensus, &ConsensusMessage::Cosign(cosign)),
            Ok(None) => {}
            Err(NotCosigned::Contradicts { .. }) => {
                // The node goes on without signing: what it holds is behind what it once signed.
                tracing::error!(event = "not-cosigned", size = %head.size(), "the register forbids to cosign this checkpoint");
            }
            Err(NotCosigned::Fault(fault)) => return Err(fault.to_string()),
        }
        for other in self.cosigner.contradicting(&head.checkpoint()) {
            self.on_other_root(&other, &head.checkpoint());
        }
        self.publish();
        Ok(())
    }

    /// Cosigns the head again: at the start, and from time to time when nothing happens.
    pub(super) fn cosign_head(&mut self) {
        let head = self.shared.ledger.head();
        if let Err(reason) = self.cosign(&head) {
            self.shared.fail_with(&reason);
        }
    }

    pub(super) fn on_cosign(&mut self, cosign: Cosign, from: PeerIndex) {
        let size = cosign.size;
        let told = cosign.clone();
        match self.cosigner.collect(cosign) {
            Collect::Counted => {
                if let Some(peer) = self.peers.get_mut(from.get()) {
                    peer.cosigned = peer.cosigned.max(size);
                }
                let known = self.recent.iter().find(|(_, checkpoint)| {
                    checkpoint.size == size && checkpoint.root != told.root
                });
                if let Some((height, checkpoint)) = known.cloned() {
                    self.on_other_root(&told, &checkpoint);
                    self.contest(height, from);
                }
                self.publish();
            }
            Collect::Ignored => {}
            Collect::Refused => {
                tracing::warn!(event = "bad-cosignature", peer = self.peer_name(from))
            }
        }
    }

    pub(super) fn on_log_line(&mut self, line: &LogLine, from: PeerIndex) {
        match self.cosigner.collect_line(line) {
            Collect::Counted => self.publish(),
            Collect::Ignored => {}
            Collect::Refused => tracing::warn!(event = "bad-log-line", peer = self.peer_name(from)),
        }
    }

    /// Publishes the newest committed checkpoint that has a quorum, and again when its note has become
    /// worth more.
    pub(super) fn publish(&mut self) {
        let (published, shown) = self.shown;
        let newest = self
            .recent
            .iter()
            .rev()
            .map(|(height, checkpoint)| (*height, checkpoint.clone()));
        for (height, checkpoint) in newest.collect::<Vec<_>>() {
            let worth = self.cosigner.worth(&checkpoint);
            if checkpoint.size < published || (checkpoint.size == published && worth == shown) {
                break;
            }
            let Some((note, line)) = self.cosigner.note(&checkpoint) else {
                continue;
            };
            if self.waits_for_line(&checkpoint) {
                continue;
            }
            if let Some(line) = line {
                self.broadcast(Lane::Consensus, &ConsensusMessage::LogLine(line));
            }
            if let Err(fault) = self.shared.ledger.publish(&note, height) {
                return self.shared.fail(&fault);
            }
            self.shown = (checkpoint.size, self.cosigner.worth(&checkpoint));
            self.shared.published.send_if_modified(|size| {
                let newer = *size < checkpoint.size;
                *size = checkpoint.size;
                newer
            });
            self.cosigner.forget_below(checkpoint.size);
            return;
        }
    }

    /// Other people's tools ask for the log's own line, so publication waits for it a moment; but only
    /// while a publisher has lately shown that it is there, since the quorum needs no publisher.
    fn waits_for_line(&mut self, checkpoint: &Checkpoint) -> bool {
        if self.cosigner.has_line(checkpoint) {
            self.line.publisher_seen = true;
            self.line.since = None;
            return false;
        }
        if !self.line.publisher_seen {
            return false;
        }
        let (size, since) = *self
            .line
            .since
            .get_or_insert((checkpoint.size, self.shared.host.moment()));
        if self.shared.host.since(since) < LINE_WITHIN {
            return true;
        }
        if size <= checkpoint.size {
            self.line.publisher_seen = false;
            self.line.since = None;
        }
        false
    }

    /// When to look again whether a checkpoint that waits for its line must go without it.
    pub(super) fn line_deadline(&self) -> Option<Moment> {
        self.line.since.map(|(_, since)| since + LINE_WITHIN)
    }

    /// The line has not come in time. The checkpoint that waited for it may be gone from the last
    /// heights by now; to wait on for it would be to look again without end.
    pub(super) fn publish_without_line(&mut self) {
        self.publish();
        let overdue = self
            .line_deadline()
            .is_some_and(|at| at <= self.shared.host.moment());
        if overdue {
            self.line = LineWait::default();
        }
    }

    /// What a peer needs to publish the head, if it lacks it.
    pub(super) fn answer_cosigns(&self, size: LogSize, to: PeerIndex) {
        let head = self.shared.ledger.head();
        if head.size() == size {
            let (cosigns, line) = self.cosigner.known(&head.checkpoint());
            self.send(to, Lane::Sync, &SyncMessage::Cosigns(cosigns, line));
        }
    }

    /// Somebody has cosigned another root for a size that is final here. Who has signed ours too has
    /// lied; who has not may have been deceived, and is not accused.
    fn on_other_root(&self, other: &Cosign, checkpoint: &Checkpoint) {
        tracing::error!(event = "other-root", agency = other.agency, size = %other.size, "cosigned another root for a size that is final here");
        if self.cosigner.has_signed(checkpoint, &other.agency) {
            self.keep_cosign_evidence(other);
        }
    }

    fn keep_cosign_evidence(&self, liar: &Cosign) {
        self.shared.metrics.evidence.inc();
        let path = self
            .evidence_dir
            .join(format!("cosign-{}-{}.txt", liar.agency, liar.size));
        let text = format!("{liar:#?}\n");
        if let Err(error) =
            std::fs::create_dir_all(&self.evidence_dir).and_then(|()| std::fs::write(&path, text))
        {
            tracing::error!(event = "evidence-lost", %error);
        }
    }
}
