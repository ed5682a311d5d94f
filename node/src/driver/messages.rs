//! What peers say, sorted: to the machine, to the gatherer, to catch-up, to the cosigner.
//!
//! Repetitions are dropped before any signature is checked. A message that does not hold is counted and
//! dropped; only a peer whose own connection brings nothing else is cut off.

use std::{collections::BTreeSet, time::Duration};

use consensus::{Input, Message, verify};
use protocol::{
    codec,
    height::Height,
    planted::{self, Bug},
};

use super::{Driver, SAFETY_VERSION};
use crate::{
    breaches::Breach,
    ingest,
    network::{Lane, PeerIndex, Received},
    wire::{self, ConsensusMessage, DecidedBlock, EntriesMessage, SyncMessage},
};

/// A vote for the height that ended a moment ago was on its way while it ended, and its sender has
/// the same votes; only one that still votes after this is helped.
const HELP_AFTER: Duration = Duration::from_millis(200);

/// How many entries are told again at once, and how many bytes.
const AGAIN_MAX: usize = 256;
const AGAIN_BYTES_MAX: usize = 256 << 10;

impl Driver {
    pub(super) fn on_consensus(&mut self, received: &Received) {
        let count = self.shared.breaches.count(received.peer);
        self.take_consensus(received);
        self.note_heard(received.peer, count);
    }

    pub(super) fn on_sync(&mut self, received: Received) {
        let (from, count) = (received.peer, self.shared.breaches.count(received.peer));
        self.take_sync(received);
        self.note_heard(from, count);
    }

    /// A message was handled, before which so many bad ones of its peer were counted. Who says anything
    /// sensible knows us.
    fn note_heard(&self, from: PeerIndex, count: u64) {
        self.shared.heard(from, count);
        let mut progress = self.shared.progress();
        if !progress.not_known_to.is_empty() {
            progress.not_known_to.remove(self.peer_name(from));
        }
    }

    fn take_consensus(&mut self, received: &Received) {
        let from = received.peer;
        if !self.is_validator(from) && !planted::is(Bug::ObserverHeard) {
            return self.breach(from, Breach::NotItsLane, &"an observer");
        }
        match wire::decode(&received.bytes, wire::CONSENSUS_BYTES_MAX) {
            Ok(ConsensusMessage::Proposal(proposal, compact)) => {
                self.on_proposal_message(proposal, compact, from)
            }
            Ok(ConsensusMessage::Vote(vote)) => {
                if self.is_of_height(vote.statement.height, from)
                    && !self.machine.knows(&Message::Vote(vote.clone()))
                {
                    match verify::vote(&self.chain, self.epoch.validators(), &vote) {
                        Ok(verified) => {
                            self.guard.remember_vote(&vote);
                            self.feed(Input::Vote(verified));
                        }
                        Err(rejection) => self.breach(from, Breach::Rejected, &rejection),
                    }
                }
            }
            Ok(ConsensusMessage::Polka(polka)) => {
                if self.is_of_height(polka.height, from)
                    && !self.machine.knows(&Message::Polka(polka.clone()))
                {
                    match verify::polka(&self.chain, self.epoch.validators(), &polka) {
                        Ok(polka) => self.feed(Input::Polka(polka)),
                        Err(rejection) => self.breach(from, Breach::Rejected, &rejection),
                    }
                }
            }
            Ok(ConsensusMessage::Commit(commit)) => {
                if commit.height >= self.machine.height() {
                    self.ask_for_blocks(from);
                } else {
                    self.weigh(&commit, from);
                }
            }
            Ok(ConsensusMessage::Cosignature(cosign)) => self.on_cosign(&cosign, from),
            Ok(ConsensusMessage::LogLine(line)) => self.on_log_line(&line, from),
            Err(error) => self.breach(from, Breach::Malformed, &error),
        }
    }

    /// Whether a message is of this height or the next. Who is behind is helped, who is ahead is asked.
    pub(super) fn is_of_height(&mut self, height: Height, from: PeerIndex) -> bool {
        let mine = self.machine.height();
        if height < mine {
            self.help(from, height);
            return false;
        }
        if height > mine {
            self.heard_height(from, Height::new(height.get().saturating_sub(1)));
        }
        height <= mine.next()
    }

    /// Tells a peer that still votes at a decided height how it was decided, once per height.
    fn help(&mut self, peer: PeerIndex, height: Height) {
        let just_ended = height.next() == self.machine.height()
            && self.schedule.height_age(self.shared.host.moment()) < HELP_AFTER;
        if !just_ended && self.peers.begin_to_help(peer, height) {
            self.answer_blocks(height, 1, peer);
        }
    }

    fn take_sync(&mut self, received: Received) {
        let from = received.peer;
        match wire::decode(&received.bytes, wire::SYNC_BYTES_MAX) {
            Ok(SyncMessage::Status {
                height,
                cosigned,
                time,
                began,
                silent,
                yours,
                cosigned_by_you,
            }) => {
                self.note_clock(from, time);
                self.note_process(from, began);
                self.note_silence(from, silent);
                self.on_told(from, height, yours.as_deref(), cosigned_by_you.as_deref());
                self.peers.note_cosigned(from, cosigned);
                self.heard_height(from, height);
                self.note_peer(from, height);
                let head = self.shared.ledger.head();
                if height == head.height() && *self.shared.published.borrow() < head.size() {
                    self.send(from, Lane::Sync, &SyncMessage::GetCosigns(head.size()));
                }
            }
            Ok(SyncMessage::GetBlocks {
                from: height,
                count,
            }) => self.answer_blocks(height, count, from),
            Ok(SyncMessage::Blocks(blocks)) => self.on_blocks(blocks, from),
            Ok(SyncMessage::GetEntries(hashes)) => self.answer_entries(&hashes, from),
            Ok(SyncMessage::Entries(entries)) => self.on_entries(entries, from),
            Ok(SyncMessage::GetCompactBlock(block)) => {
                if let Some(candidate) = self.candidates.get(&block) {
                    let answer = SyncMessage::CompactBlock(block, candidate.compact.clone());
                    self.send(from, Lane::Sync, &answer);
                } else if self.shared.ledger.head().block() == block {
                    self.answer_blocks(self.shared.ledger.head().height(), 1, from);
                }
            }
            Ok(SyncMessage::CompactBlock(block, compact)) => {
                self.on_compact_block(block, compact, from);
            }
            Ok(SyncMessage::GetCosigns(size)) => self.answer_cosigns(size, from),
            Ok(SyncMessage::Cosigns(cosigns, line)) => {
                for cosign in cosigns.into_iter().take(self.epoch.validators().count()) {
                    self.on_cosign(&cosign, from);
                }
                if let Some(line) = line {
                    self.on_log_line(&line, from);
                }
            }
            Ok(SyncMessage::Hello(hello)) => self.on_hello(&hello, from),
            Err(error) => self.breach(from, Breach::Malformed, &error),
        }
    }

    fn note_peer(&self, from: PeerIndex, height: Height) {
        let cosigned = self.peers.cosigned(from);
        self.shared
            .progress()
            .peers
            .insert(self.peer_name(from).to_owned(), (height, cosigned));
    }

    fn answer_blocks(&self, height: Height, count: u32, to: PeerIndex) {
        // Who does not read its answers asks in vain: nothing is read from the disk for it.
        if !self.shared.network.has_room(to, Lane::Sync) {
            return;
        }
        let count = usize::try_from(count)
            .unwrap_or(usize::MAX)
            .min(wire::BLOCKS_MAX);
        let stored = match self.shared.ledger.blocks(height, count, wire::BLOCKS_BYTES) {
            Ok(stored) => stored,
            Err(fault) => return self.shared.fail(&fault),
        };
        let decided = stored.into_iter().filter_map(|block| {
            let commit =
                codec::decode(SAFETY_VERSION, &block.certificate, codec::VALUE_BYTES_MAX).ok()?;
            Some(DecidedBlock {
                leaves: block.leaves,
                commit,
            })
        });
        let blocks: Vec<_> = decided.collect();
        if !blocks.is_empty() {
            self.send(to, Lane::Sync, &SyncMessage::Blocks(blocks));
        }
    }

    fn answer_entries(&self, hashes: &[protocol::hash::LeafHash], to: PeerIndex) {
        let count_max = self.shared.ledger.head().directory().limits().block_entries;
        let count_max = usize::try_from(count_max).unwrap_or(usize::MAX);
        let mut wanted: BTreeSet<_> = hashes.iter().take(count_max).copied().collect();
        let mut found = self.candidates.take_entries(&mut wanted);
        {
            let mempool = self.shared.mempool();
            let waiting = wanted.iter().filter_map(|hash| mempool.get(hash));
            found.extend(waiting.map(|entry| entry.bytes().to_vec()));
        }
        for chunk in ingest::chunks(found) {
            self.send(to, Lane::Sync, &SyncMessage::Entries(chunk));
        }
    }

    /// What a peer that has just connected should know.
    pub(super) fn greet(&mut self, peer: PeerIndex) {
        let hello = SyncMessage::Hello(self.hello.clone());
        self.send(peer, Lane::Sync, &hello);
        self.send(peer, Lane::Sync, &self.status_message(peer));
        self.answer_cosigns(self.shared.ledger.head().size(), peer);
        let waiting = self.shared.mempool().all_bytes();
        for chunk in ingest::chunks(waiting) {
            self.send(peer, Lane::Entries, &EntriesMessage(chunk));
        }
    }

    /// Entries are told once, and a message can be lost. If nothing was decided for as long as a status
    /// takes, the oldest are told again: one that a single node knows would wake nobody else for ever.
    fn tell_entries_again(&mut self) {
        let height = self.shared.ledger.head().height();
        if !self.schedule.note_status(height) {
            return;
        }
        let oldest = self.shared.mempool().candidates(AGAIN_MAX, AGAIN_BYTES_MAX);
        let bytes = oldest.iter().map(|entry| entry.bytes().to_vec()).collect();
        ingest::gossip_entries(&self.shared, bytes);
    }

    fn status_message(&self, peer: PeerIndex) -> SyncMessage {
        let cosigned = self
            .publisher
            .cosigned()
            .map_or_else(Default::default, |last| last.size);
        SyncMessage::Status {
            height: self.shared.ledger.head().height(),
            cosigned,
            time: self.shared.host.now(),
            began: self.shown_progress.began(),
            silent: self.silence(),
            yours: self.newest_vote_of(peer).map(Box::new),
            cosigned_by_you: self.newest_cosignature_of(peer).map(Box::new),
        }
    }

    pub(super) fn tell_status(&mut self) {
        self.tell_of_peers();
        self.tell_entries_again();
        self.compare_clocks();
        for peer in self.peers.all() {
            self.send(peer, Lane::Sync, &self.status_message(peer));
        }
        self.ask_again();
    }
}
