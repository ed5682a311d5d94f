//! Carrying out what the publisher orders: cosignatures go out, notes are written under the log.

use ledger::Head;
use protocol::{
    height::LogSize,
    planted::{self, Bug},
};

use super::{Driver, publisher::PublishOrder};
use crate::{
    breaches::Breach,
    cosigner::Collect,
    fault::NodeFault,
    network::{Lane, PeerIndex},
    wire::{ConsensusMessage, Cosignature, LogLine, SyncMessage},
};

impl Driver {
    /// Cosigns the checkpoint of a block that is on disk.
    pub(super) fn cosign(&mut self, head: &Head) -> Result<(), NodeFault> {
        let may_cosign = self.guard.may_cosign() || planted::is(Bug::CosignsInSilence);
        let sign_at = may_cosign.then(|| self.agreed_now());
        let moment = self.shared.host.moment();
        let orders = self
            .publisher
            .on_block(head.height(), &head.checkpoint(), sign_at, moment)?;
        self.publish_all(orders, None);
        Ok(())
    }

    /// Cosigns the head again: at the start, and from time to time when nothing happens.
    pub(super) fn cosign_head(&mut self) {
        let head = self.shared.ledger.head();
        if let Err(fault) = self.cosign(&head) {
            self.shared.fail(&fault);
        }
    }

    pub(super) fn on_cosign(&mut self, cosign: &Cosignature, from: PeerIndex) {
        let (now, moment) = (self.agreed_now(), self.shared.host.moment());
        let (collect, orders) = self.publisher.on_cosign(cosign, now, moment);
        match collect {
            Collect::Counted => {
                self.peers.note_cosignature(from, cosign.size);
                self.note_in_time(&cosign.agency, cosign.time);
                self.publish_all(orders, Some(from));
            }
            Collect::Ignored => {}
            Collect::Early => self.note_early(&cosign.agency, cosign.time),
            Collect::Refused => self.breach(from, Breach::Rejected, &"a cosignature"),
        }
    }

    pub(super) fn on_log_line(&mut self, line: &LogLine, from: PeerIndex) {
        let moment = self.shared.host.moment();
        let (collect, orders) = self.publisher.on_line(line, moment);
        if collect == Collect::Refused {
            self.breach(from, Breach::Rejected, &"the log's line");
        }
        self.publish_all(orders, Some(from));
    }

    /// The line has not come in time.
    pub(super) fn publish_without_line(&mut self) {
        let orders = self.publisher.on_line_deadline(self.shared.host.moment());
        self.publish_all(orders, None);
    }

    /// Carries out what follows from a fact, which came from a peer or from this node itself.
    fn publish_all(&mut self, orders: Vec<PublishOrder>, from: Option<PeerIndex>) {
        for order in orders {
            match order {
                PublishOrder::Tell(cosign) => {
                    self.broadcast(Lane::Consensus, &ConsensusMessage::Cosignature(cosign));
                }
                PublishOrder::TellLine(line) => {
                    self.broadcast(Lane::Consensus, &ConsensusMessage::LogLine(line));
                }
                PublishOrder::KeepEvidence(liar) => {
                    if self.evidence.keep_cosignature(&liar) {
                        self.shared.metrics.evidence.inc();
                    }
                }
                PublishOrder::Contest(height) => {
                    if let Some(peer) = from {
                        self.contest(height, peer);
                    }
                }
                PublishOrder::CountMissed(agency) => self.shared.metrics.count_missed(&agency),
                PublishOrder::Publish { height, size, note } => {
                    if let Err(fault) = self.shared.ledger.publish(&note, height) {
                        return self.shared.fail(&fault);
                    }
                    self.shared.published.send_if_modified(|published| {
                        let newer = *published < size;
                        *published = size;
                        newer
                    });
                }
            }
        }
    }

    /// What a peer needs to publish the head, if it lacks it.
    pub(super) fn answer_cosigns(&self, size: LogSize, to: PeerIndex) {
        let head = self.shared.ledger.head();
        if head.size() == size {
            let (cosigns, line) = self.publisher.known(&head.checkpoint());
            self.send(to, Lane::Sync, &SyncMessage::Cosigns(cosigns, line));
        }
    }
}
