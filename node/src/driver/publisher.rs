//! The publisher: which of the last checkpoints is published, with which note, and who has cosigned
//! another root for one of them.
//!
//! It takes facts (a block is on disk, a cosignature came, a moment has passed) and returns orders; it
//! reads no clock and sends nothing. The signatures themselves are the cosigner's (`cosigner`).

use std::{
    collections::{BTreeSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use protocol::{
    checkpoint::Checkpoint,
    height::{Height, LogSize, TimeMs},
    name::AgencyName,
};

use crate::{
    cosign_state::{Cosigned, NotCosigned},
    cosigner::{CheckpointCosigner, Collect, NoteRank},
    durable::DurableFault,
    epoch::EpochState,
    host::Moment,
    wire::{Cosignature, LogLine},
};

/// Committed heights whose checkpoints may still be published.
const LOOK_BACK: usize = 32;
/// How long publication waits for the publisher's line.
const LINE_WITHIN: Duration = Duration::from_millis(100);

/// What the driver is to do, in this order.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum PublishOrder {
    /// Tell all peers this cosignature.
    Tell(Cosignature),
    /// Tell all peers the log's own line.
    TellLine(LogLine),
    /// Keep the proof that an agency has cosigned two roots of one size; this one, and that of the log.
    KeepEvidence(Cosignature),
    /// Ask whoever brought the cosignature how it has decided this height.
    Contest(Height),
    /// A published checkpoint is followed by the next, and this agency has not cosigned it.
    CountMissed(AgencyName),
    /// Write the note of the checkpoint of this height under the log.
    Publish {
        /// Height of the block.
        height: Height,
        /// Size of the log with it.
        size: LogSize,
        /// The checkpoint with its signature lines.
        note: String,
    },
}

/// Whether a publisher is at work, and since when a checkpoint waits for its line.
#[derive(Debug, Default)]
struct LineWait {
    publisher_seen: bool,
    since: Option<(LogSize, Moment)>,
}

/// Checkpoints of the last blocks and what is published of them.
#[derive(Debug)]
pub(super) struct Publisher {
    cosigner: CheckpointCosigner,
    /// Checkpoints of the last blocks, the newest last.
    recent: VecDeque<(Height, Checkpoint)>,
    line: LineWait,
    /// The size that was last published, and what its note was worth.
    shown: (LogSize, NoteRank),
    /// Other roots for sizes that are final here, by agency: each is told of once.
    other_roots: BTreeSet<(LogSize, String)>,
}

impl Publisher {
    /// Starts with what the last run has published, a log of so many leaves.
    pub(super) fn new(cosigner: CheckpointCosigner, published: LogSize) -> Self {
        Self {
            cosigner,
            recent: VecDeque::new(),
            line: LineWait::default(),
            shown: (published, NoteRank::default()),
            other_roots: BTreeSet::new(),
        }
    }

    /// Judges by the keys of `epoch` what is larger than `last`.
    pub(super) fn enter(&mut self, epoch: Arc<EpochState>, last: LogSize) {
        self.cosigner.enter(epoch, last);
    }

    /// A block is on disk: its checkpoint is cosigned, dated `sign_at`, unless nothing may be signed now.
    ///
    /// # Errors
    /// If the disk fails under the cosign state.
    pub(super) fn on_block(
        &mut self,
        height: Height,
        checkpoint: &Checkpoint,
        sign_at: Option<TimeMs>,
        moment: Moment,
    ) -> Result<Vec<PublishOrder>, DurableFault> {
        let newest = self.recent.back();
        if newest.is_none_or(|(newest, _)| *newest < height) {
            self.recent.push_back((height, checkpoint.clone()));
        }
        while self.recent.len() > LOOK_BACK {
            self.recent.pop_front();
        }
        self.cosigner.hold(checkpoint);
        let cosigned = sign_at.map_or(Ok(None), |at| self.cosigner.cosign(checkpoint, at));
        let cosigned = match cosigned {
            Ok(cosigned) => cosigned,
            Err(NotCosigned::Contradicts { .. }) => {
                // The node goes on without signing: what it holds is behind what it once signed.
                tracing::error!(event = "not-cosigned", size = %checkpoint.size, "the cosign state forbids to cosign this checkpoint");
                None
            }
            Err(NotCosigned::Fault(fault)) => return Err(fault),
        };
        let mut orders: Vec<_> = cosigned.map(PublishOrder::Tell).into_iter().collect();
        for other in self.cosigner.contradicting(checkpoint) {
            orders.extend(self.on_other_root(other, checkpoint));
        }
        orders.extend(self.publish(moment));
        Ok(orders)
    }

    /// A peer has brought a cosignature.
    pub(super) fn on_cosign(
        &mut self,
        cosign: &Cosignature,
        now: TimeMs,
        moment: Moment,
    ) -> (Collect, Vec<PublishOrder>) {
        let collect = self.cosigner.collect(cosign.clone(), now);
        if collect != Collect::Counted {
            return (collect, Vec::new());
        }
        let mut orders = Vec::new();
        let mut recent = self.recent.iter();
        let known = recent.find(|(_, checkpoint)| {
            checkpoint.size == cosign.size && checkpoint.root != cosign.root
        });
        if let Some((height, checkpoint)) = known.cloned() {
            orders.extend(self.on_other_root(cosign.clone(), &checkpoint));
            orders.push(PublishOrder::Contest(height));
        }
        orders.extend(self.publish(moment));
        (collect, orders)
    }

    /// A peer has brought the log's own line.
    pub(super) fn on_line(
        &mut self,
        line: &LogLine,
        moment: Moment,
    ) -> (Collect, Vec<PublishOrder>) {
        let collect = self.cosigner.collect_line(line);
        let orders = if collect == Collect::Counted {
            self.publish(moment)
        } else {
            Vec::new()
        };
        (collect, orders)
    }

    /// When to look again whether a checkpoint that waits for its line must go without it.
    pub(super) fn line_deadline(&self) -> Option<Moment> {
        self.line.since.map(|(_, since)| since + LINE_WITHIN)
    }

    /// The line has not come in time. The checkpoint that waited for it may be gone from the last
    /// heights by now; to wait on for it would be to look again without end.
    pub(super) fn on_line_deadline(&mut self, moment: Moment) -> Vec<PublishOrder> {
        let orders = self.publish(moment);
        if self.line_deadline().is_some_and(|at| at <= moment) {
            self.line = LineWait::default();
        }
        orders
    }

    /// Publishes the newest committed checkpoint that has a quorum, and again when its note has become
    /// worth more.
    fn publish(&mut self, moment: Moment) -> Vec<PublishOrder> {
        let (published, shown) = self.shown;
        let newest: Vec<_> = self.recent.iter().rev().cloned().collect();
        for (height, checkpoint) in newest {
            let worth = self.cosigner.worth(&checkpoint);
            if checkpoint.size < published || (checkpoint.size == published && worth == shown) {
                break;
            }
            let Some((note, line)) = self.cosigner.note(&checkpoint) else {
                continue;
            };
            if self.waits_for_line(&checkpoint, moment) {
                continue;
            }
            let size = checkpoint.size;
            let missed = if size > published {
                self.missed(published)
            } else {
                Vec::new()
            };
            self.shown = (size, self.cosigner.worth(&checkpoint));
            self.cosigner.forget_below(size);
            let line = line.map(PublishOrder::TellLine).into_iter();
            let publish = PublishOrder::Publish { height, size, note };
            let missed = missed.into_iter().map(PublishOrder::CountMissed);
            return missed.chain(line).chain([publish]).collect();
        }
        Vec::new()
    }

    /// Agencies whose cosignatures on the published checkpoint of this size have not come. Blocks that were
    /// fetched were published by others: of those nothing is said.
    fn missed(&self, size: LogSize) -> Vec<AgencyName> {
        let mut recent = self.recent.iter();
        let checkpoint = recent.find(|(_, checkpoint)| checkpoint.size == size);
        checkpoint.map_or_else(Vec::new, |(_, checkpoint)| {
            self.cosigner.lacking(checkpoint)
        })
    }

    /// Other people's tools ask for the log's own line, so publication waits for it a moment; but only
    /// while a publisher has lately shown that it is there, since the quorum needs no publisher.
    fn waits_for_line(&mut self, checkpoint: &Checkpoint, moment: Moment) -> bool {
        if self.cosigner.has_line(checkpoint) {
            self.line.publisher_seen = true;
            self.line.since = None;
            return false;
        }
        if !self.line.publisher_seen {
            return false;
        }
        let waits = self.line.since.get_or_insert((checkpoint.size, moment));
        let (size, since) = *waits;
        if moment.since(since) < LINE_WITHIN {
            return true;
        }
        if size <= checkpoint.size {
            self.line.publisher_seen = false;
            self.line.since = None;
        }
        false
    }

    /// Somebody has cosigned another root for a size that is final here. Who has signed ours too has
    /// lied; who has not may have been deceived, and is not accused.
    fn on_other_root(
        &mut self,
        other: Cosignature,
        checkpoint: &Checkpoint,
    ) -> Option<PublishOrder> {
        let oldest = self.recent.front().map(|(_, checkpoint)| checkpoint.size);
        self.other_roots
            .retain(|(size, _)| oldest.is_none_or(|oldest| *size >= oldest));
        if self.other_roots.insert((other.size, other.agency.clone())) {
            tracing::error!(event = "other-root", agency = other.agency, size = %other.size, "cosigned another root for a size that is final here");
        }
        let is_liar = self.cosigner.has_signed(checkpoint, &other.agency);
        is_liar.then_some(PublishOrder::KeepEvidence(other))
    }

    /// Cosignatures and the log's own line that are known of a checkpoint.
    pub(super) fn known(&self, checkpoint: &Checkpoint) -> (Vec<Cosignature>, Option<LogLine>) {
        self.cosigner.known(checkpoint)
    }

    /// Cosignatures of the last checkpoints that somebody contradicts, and those that contradict them.
    pub(super) fn contradictions(&self) -> Vec<Cosignature> {
        let mut found = Vec::new();
        for (_, ours) in &self.recent {
            let others = self.cosigner.contradicting(ours);
            if !others.is_empty() {
                found.extend(self.cosigner.known(ours).0);
                found.extend(others);
            }
        }
        found
    }

    /// Recent checkpoints, each with one of another root and the same size, as notes. `published` has its
    /// quorum of lines also after a restart.
    pub(super) fn contradicting_notes(
        &self,
        published: Option<(Height, &str)>,
    ) -> Vec<(String, String)> {
        let mut pairs = Vec::new();
        for (height, ours) in &self.recent {
            let note = published.filter(|(published, _)| published == height);
            let one = note.map_or_else(
                || self.cosigner.lines(ours.size, ours.root),
                |(_, note)| note.to_owned(),
            );
            for root in self.cosigner.other_roots(ours) {
                pairs.push((one.clone(), self.cosigner.lines(ours.size, root)));
            }
        }
        pairs
    }

    /// The newest size and root that this node has cosigned.
    pub(super) fn cosigned(&self) -> Option<Cosigned> {
        self.cosigner.cosigned()
    }

    /// The newest cosignature of an agency that is known.
    pub(super) fn newest_of(&self, agency: &AgencyName) -> Option<&Cosignature> {
        self.cosigner.newest_of(agency)
    }

    /// Size and root of a cosignature that was made with this node's own key; none of any other.
    pub(super) fn own_word(&self, cosign: &Cosignature) -> Option<Cosigned> {
        self.cosigner.own_word(cosign)
    }

    /// Takes over a greater size as the newest that was cosigned.
    ///
    /// # Errors
    /// If the disk fails.
    pub(super) fn raise(&mut self, to: Cosigned) -> Result<(), DurableFault> {
        self.cosigner.raise(to)
    }
}

#[cfg(test)]
mod tests {
    use protocol::{cosignature, hash::RootHash};

    use super::*;
    use crate::{
        cosigner::CosignKeys,
        epoch::examples::{epoch, secret},
    };

    const NAMES: [&str; 4] = ["adliya", "kadastr", "qurilish", "soliq"];
    const NOW: TimeMs = TimeMs::new(1_795_430_400_000);

    /// A publisher of one that signs nothing itself.
    fn publisher() -> Publisher {
        let cosigner = CheckpointCosigner::new(epoch(0, &NAMES), CosignKeys::default());
        Publisher::new(cosigner, LogSize::ZERO)
    }

    fn checkpoint(size: u64, root: u8) -> Checkpoint {
        Checkpoint {
            origin: epoch(0, &NAMES).origin().clone(),
            size: LogSize::new(size),
            root: RootHash::new([root; 32]),
        }
    }

    fn cosign(agency: &str, checkpoint: &Checkpoint) -> Cosignature {
        let time = NOW.get() / 1000;
        let secret = secret(agency, "cosign");
        Cosignature {
            size: checkpoint.size,
            root: checkpoint.root,
            time,
            agency: agency.to_owned(),
            signature: cosignature::sign(&secret, time, &checkpoint.write()),
        }
    }

    fn line(checkpoint: &Checkpoint) -> LogLine {
        LogLine {
            size: checkpoint.size,
            root: checkpoint.root,
            signature: secret("publisher", "log").sign(checkpoint.write().as_bytes()),
        }
    }

    fn at(ms: u64) -> Moment {
        Moment::new(Duration::from_millis(ms))
    }

    /// A block is on disk, and a quorum has cosigned it; the last orders.
    fn decided(publisher: &mut Publisher, height: u64, ms: u64) -> (Checkpoint, Vec<PublishOrder>) {
        let checkpoint = checkpoint(height * 2, 7);
        let on_disk = publisher.on_block(Height::new(height), &checkpoint, Some(NOW), at(ms));
        assert_eq!(on_disk.unwrap(), []);
        let mut last = Vec::new();
        for agency in &NAMES[..3] {
            assert_eq!(last, []);
            let (collect, orders) = publisher.on_cosign(&cosign(agency, &checkpoint), NOW, at(ms));
            assert_eq!(collect, Collect::Counted);
            last = orders;
        }
        (checkpoint, last)
    }

    fn published(orders: &[PublishOrder]) -> Option<u64> {
        orders.iter().find_map(|order| match order {
            PublishOrder::Publish { size, .. } => Some(size.get()),
            _ => None,
        })
    }

    #[test]
    fn a_quorum_publishes_and_the_last_cosignature_makes_the_note_better() {
        let mut publisher = publisher();
        let (checkpoint, orders) = decided(&mut publisher, 1, 0);
        assert_eq!(published(&orders), Some(2));
        let (_, orders) = publisher.on_cosign(&cosign("soliq", &checkpoint), NOW, at(1));
        assert_eq!(published(&orders), Some(2));
        let (collect, orders) = publisher.on_cosign(&cosign("soliq", &checkpoint), NOW, at(2));
        assert_eq!((collect, orders), (Collect::Ignored, Vec::new()));
        // What is older than what was published is published no more.
        let (_, orders) = decided(&mut publisher, 2, 3);
        assert_eq!(published(&orders), Some(4));
        assert_eq!(publisher.on_line_deadline(at(1000)), []);
    }

    #[test]
    fn the_line_is_waited_for_while_a_publisher_is_there_and_no_longer() {
        let mut publisher = publisher();
        let (first, _) = decided(&mut publisher, 1, 0);
        let (collect, orders) = publisher.on_line(&line(&first), at(1));
        assert_eq!((collect, published(&orders)), (Collect::Counted, Some(2)));
        // A publisher is there: the next checkpoint waits for its line, but for so long only.
        let (_, orders) = decided(&mut publisher, 2, 1000);
        assert_eq!(orders, []);
        let deadline = publisher.line_deadline().unwrap();
        assert_eq!(deadline, at(1000) + LINE_WITHIN);
        let orders = publisher.on_line_deadline(deadline);
        assert_eq!(published(&orders), Some(4));
        assert_eq!(publisher.line_deadline(), None);
        // It has not shown itself since.
        let (_, orders) = decided(&mut publisher, 3, 2000);
        assert_eq!(published(&orders), Some(6));
    }

    #[test]
    fn who_has_not_cosigned_what_is_followed_has_missed_it_once() {
        let missed = |orders: &[PublishOrder]| {
            let missed = orders.iter().filter_map(|order| match order {
                PublishOrder::CountMissed(agency) => Some(agency.to_string()),
                _ => None,
            });
            missed.collect::<Vec<_>>()
        };
        let mut publisher = publisher();
        let (first, orders) = decided(&mut publisher, 1, 0);
        // Before the first nothing was published, and who is late is not missing yet.
        assert!(missed(&orders).is_empty());
        let (second, orders) = decided(&mut publisher, 2, 1);
        assert_eq!(missed(&orders), ["soliq"]);
        let (_, orders) = publisher.on_cosign(&cosign("soliq", &first), NOW, at(2));
        assert!(missed(&orders).is_empty());
        // It comes before the next is published: late, and not missed.
        let (_, orders) = publisher.on_cosign(&cosign("soliq", &second), NOW, at(3));
        assert_eq!((published(&orders), missed(&orders)), (Some(4), Vec::new()));
        let (_, orders) = decided(&mut publisher, 3, 4);
        assert_eq!((published(&orders), missed(&orders)), (Some(6), Vec::new()));
    }

    #[test]
    fn who_signs_two_roots_is_accused_and_who_signs_another_one_is_asked() {
        let mut publisher = publisher();
        let (ours, _) = decided(&mut publisher, 1, 0);
        let other = checkpoint(ours.size.get(), 8);
        let (_, orders) = publisher.on_cosign(&cosign("soliq", &other), NOW, at(1));
        assert_eq!(orders, [PublishOrder::Contest(Height::new(1))]);
        let twice = cosign("adliya", &other);
        let (_, orders) = publisher.on_cosign(&twice, NOW, at(2));
        assert_eq!(
            orders,
            [
                PublishOrder::KeepEvidence(twice),
                PublishOrder::Contest(Height::new(1))
            ]
        );
        assert_eq!(publisher.contradictions().len(), 5);
        let notes = publisher.contradicting_notes(Some((Height::new(1), "the published note")));
        assert_eq!(notes.len(), 1);
        assert_eq!(notes[0].0, "the published note");
    }
}
