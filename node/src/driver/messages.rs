//! What peers say, sorted: to the machine, to the gatherer, to catch-up, to the cosigner.
//!
//! Repetitions are dropped before any signature is checked. A message that does not hold is logged and
//! dropped; the peer stays connected, since to cut off an honest one would be an attack in itself.

use std::time::Duration;

use consensus::{Input, Message, SignedProposal, verify};
use protocol::{codec, height::Height};

use super::{Driver, SAFETY_VERSION};
use crate::{
    ingest,
    network::{Lane, PeerIndex, Received},
    wire::{self, ConsensusMessage, DecidedBlock, EntriesMessage, Outline, SyncMessage},
};

/// A vote for the height that ended a moment ago was on its way while it ended, and its sender has
/// the same votes; only one that still votes after this is helped.
const HELP_AFTER: Duration = Duration::from_millis(200);

/// How many entries are told again at once, and how many bytes.
const AGAIN_MAX: usize = 256;
const AGAIN_BYTES_MAX: usize = 256 << 10;

impl Driver {
    pub(super) fn on_consensus(&mut self, received: &Received) {
        let from = received.peer;
        match wire::decode(&received.bytes, wire::CONSENSUS_BYTES_MAX) {
            Ok(ConsensusMessage::Proposal(proposal, outline)) => {
                self.on_proposal_message(proposal, outline, from)
            }
            Ok(ConsensusMessage::Vote(vote)) => {
                if self.is_of_height(vote.statement.height, from)
                    && !self.machine.knows(&Message::Vote(vote.clone()))
                {
                    match verify::vote(&self.chain, &self.validators, &vote) {
                        Ok(verified) => {
                            self.remember_vote(&vote);
                            self.feed(Input::Vote(verified));
                        }
                        Err(rejection) => {
                            tracing::warn!(event = "rejected", peer = self.peer_name(from), %rejection)
                        }
                    }
                }
            }
            Ok(ConsensusMessage::Polka(polka)) => {
                if self.is_of_height(polka.height, from)
                    && !self.machine.knows(&Message::Polka(polka.clone()))
                {
                    match verify::polka(&self.chain, &self.validators, &polka) {
                        Ok(polka) => self.feed(Input::Polka(polka)),
                        Err(rejection) => {
                            tracing::warn!(event = "rejected", peer = self.peer_name(from), %rejection)
                        }
                    }
                }
            }
            Ok(ConsensusMessage::Commit(commit)) => {
                if commit.height >= self.machine.height() {
                    self.ask_for_blocks(from);
                }
            }
            Ok(ConsensusMessage::Cosign(cosign)) => self.on_cosign(cosign, from),
            Ok(ConsensusMessage::LogLine(line)) => self.on_log_line(&line, from),
            Err(error) => {
                tracing::warn!(event = "bad-message", peer = self.peer_name(from), %error)
            }
        }
    }

    fn on_proposal_message(&mut self, proposal: SignedProposal, outline: Outline, from: PeerIndex) {
        let came = self.shared.host.now();
        let height = proposal.statement.height;
        if height == self.machine.height().next() {
            return self.keep_early(proposal, outline, from, came);
        }
        if !self.is_of_height(height, from)
            || self.machine.knows(&Message::Proposal(proposal.clone()))
        {
            return;
        }
        match verify::proposal(&self.chain, &self.validators, &proposal) {
            Ok(proposal) => self.on_proposal(proposal, outline, from, came),
            Err(rejection) => {
                tracing::warn!(event = "rejected", peer = self.peer_name(from), %rejection)
            }
        }
    }

    /// Whether a message is of this height or the next. Who is behind is helped, who is ahead is asked.
    fn is_of_height(&mut self, height: Height, from: PeerIndex) -> bool {
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
        let Some(state) = self.peers.get_mut(peer.get()) else {
            return;
        };
        let just_ended = height.next() == self.machine.height();
        if state.told_commit >= height
            || (just_ended && self.shared.host.since(self.height_since) < HELP_AFTER)
        {
            return;
        }
        state.told_commit = height;
        self.answer_blocks(height, 1, peer);
    }

    pub(super) fn on_sync(&mut self, received: Received) {
        let from = received.peer;
        match wire::decode(&received.bytes, wire::SYNC_BYTES_MAX) {
            Ok(SyncMessage::Status {
                height,
                cosigned,
                yours,
            }) => {
                self.on_told(from, height, yours.as_deref());
                if let Some(peer) = self.peers.get_mut(from.get()) {
                    peer.cosigned = cosigned;
                }
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
            Ok(SyncMessage::Entries(entries)) => self.on_entries(entries),
            Ok(SyncMessage::GetOutline(block)) => {
                if let Some(candidate) = self.candidates.get(&block) {
                    let outline = candidate.outline.clone();
                    self.send(from, Lane::Sync, &SyncMessage::Outline(block, outline));
                } else if self.shared.ledger.head().block() == block {
                    self.answer_blocks(self.shared.ledger.head().height(), 1, from);
                }
            }
            Ok(SyncMessage::Outline(block, outline)) => {
                if self.candidates.get(&block).is_none() && self.gather(block, outline, from) {
                    self.complete_proposals();
                }
            }
            Ok(SyncMessage::GetCosigns(size)) => self.answer_cosigns(size, from),
            Ok(SyncMessage::Cosigns(cosigns, line)) => {
                for cosign in cosigns.into_iter().take(self.validators.count()) {
                    self.on_cosign(cosign, from);
                }
                if let Some(line) = line {
                    self.on_log_line(&line, from);
                }
            }
            Err(error) => {
                tracing::warn!(event = "bad-message", peer = self.peer_name(from), %error)
            }
        }
    }

    fn note_peer(&self, from: PeerIndex, height: Height) {
        let cosigned = self
            .peers
            .get(from.get())
            .map_or_else(Default::default, |peer| peer.cosigned);
        self.shared
            .progress()
            .peers
            .insert(self.peer_name(from).to_owned(), (height, cosigned));
    }

    fn answer_blocks(&self, height: Height, count: u32, to: PeerIndex) {
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
        let found: Vec<Vec<u8>> = {
            let mempool = self.shared.mempool();
            let waiting = |hash| mempool.get(hash).map(|entry| entry.bytes().to_vec());
            hashes
                .iter()
                .filter_map(|hash| waiting(hash).or_else(|| self.candidates.entry(hash)))
                .collect()
        };
        for chunk in ingest::chunks(found) {
            self.send(to, Lane::Sync, &SyncMessage::Entries(chunk));
        }
    }

    /// What a peer that has just connected should know.
    pub(super) fn greet(&mut self, peer: PeerIndex) {
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
        if std::mem::replace(&mut self.status_height, height) != height {
            return;
        }
        let oldest = self.shared.mempool().candidates(AGAIN_MAX, AGAIN_BYTES_MAX);
        let bytes = oldest.iter().map(|entry| entry.bytes().to_vec()).collect();
        ingest::flood_entries(&self.shared, bytes);
    }

    fn status_message(&self, peer: PeerIndex) -> SyncMessage {
        let cosigned = self
            .cosigner
            .registered()
            .map_or_else(Default::default, |registered| registered.size);
        SyncMessage::Status {
            height: self.shared.ledger.head().height(),
            cosigned,
            yours: self.newest_vote_of(peer).map(Box::new),
        }
    }

    pub(super) fn tell_status(&mut self) {
        self.tell_entries_again();
        for peer in (0..self.peers.len()).map(PeerIndex::new) {
            self.send(peer, Lane::Sync, &self.status_message(peer));
        }
        self.ask_again();
    }
}
