//! Proposals on their way to the machine: their entries are gathered, then the block is executed.
//!
//! A proposal is signed; the compact block beside it is not. So a compact block is believed only where
//! it makes the id that was signed, and one that does not speaks against its sender alone. A block is
//! invalid only if what makes its id breaks a rule. The moment at which a proposal came is what its
//! time is judged by, however long the gathering takes.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use consensus::{Input, Message, SignedProposal, Verified, verify};
use ledger::{NotExecuted, execute};
use protocol::{
    authentic::{Authentic, Unverified},
    hash::BlockId,
    height::{Height, TimeMs},
    key::PublicKey,
    planted::{self, Bug},
};

use super::{
    Driver,
    gathering::{Complete, Gathering},
};
use crate::{
    breaches::Breach,
    fault::NodeFault,
    ingest,
    limits::PEER_PROPOSALS_MAX,
    network::{Lane, PeerIndex},
    wire::{CompactBlock, SyncMessage},
};

/// A proposal of the next height, kept until this one is over. Only what its signer has signed gets here:
/// nobody fills a slot in another's name.
#[derive(Debug)]
struct Early {
    proposal: Verified<SignedProposal>,
    compact: CompactBlock,
    came: TimeMs,
}

/// Proposals whose blocks are not complete yet. Every validator has slots of its own.
#[derive(Debug, Default)]
pub(super) struct Proposals {
    pub(super) gathering: Gathering,
    waiting: BTreeMap<PublicKey, VecDeque<(Verified<SignedProposal>, TimeMs)>>,
    early: BTreeMap<PublicKey, Early>,
}

impl Proposals {
    fn wait(&mut self, proposal: Verified<SignedProposal>, came: TimeMs) {
        let mut owner = proposal.get().signer;
        if planted::is(Bug::SlotsShared) {
            owner = self.waiting.keys().next().copied().unwrap_or(owner);
        }
        let waiting = self.waiting.entry(owner).or_default();
        if waiting.iter().any(|(known, _)| *known == proposal) {
            return;
        }
        if waiting.len() >= PEER_PROPOSALS_MAX {
            waiting.pop_front();
        }
        waiting.push_back((proposal, came));
    }

    /// The proposals that wait for `block`.
    fn take_waiting(&mut self, block: &BlockId) -> Vec<(Verified<SignedProposal>, TimeMs)> {
        let mut taken = Vec::new();
        for waiting in self.waiting.values_mut() {
            let (these, rest) = std::mem::take(waiting)
                .into_iter()
                .partition::<Vec<_>, _>(|(proposal, _)| proposal.get().statement.block == *block);
            taken.extend(these);
            waiting.extend(rest);
        }
        taken
    }
}

/// What came of a described block.
#[derive(Debug)]
pub(super) enum DescribedBlock {
    /// It is the block, and the rules allow it.
    Valid(Box<execute::Executed>),
    /// It is the block, and it breaks a rule.
    Invalid,
    /// The description makes another block: nothing is known of the one that was asked about.
    AnotherBlock,
}

impl Driver {
    /// A proposal with the compact block beside it. Honest proposers say it themselves, and again until
    /// it is heard, so from anybody else it is not taken.
    pub(super) fn on_proposal_message(
        &mut self,
        proposal: SignedProposal,
        compact: CompactBlock,
        from: PeerIndex,
    ) {
        let came = self.shared.host.now();
        if self.peer_of(&proposal.signer) != Some(from) {
            return self.breach(from, Breach::NotTheProposer, &"a proposal");
        }
        let height = proposal.statement.height;
        let is_early = height == self.machine.height().next();
        if !is_early
            && (!self.is_of_height(height, from)
                || self.machine.knows(&Message::Proposal(proposal.clone())))
        {
            return;
        }
        match verify::proposal(&self.chain, self.epoch.validators(), &proposal) {
            Ok(proposal) if is_early => {
                let signer = proposal.get().signer;
                let early = Early {
                    proposal,
                    compact,
                    came,
                };
                self.proposals.early.insert(signer, early);
            }
            Ok(proposal) => self.on_proposal(proposal, compact, from, came),
            Err(rejection) => self.breach(from, Breach::Rejected, &rejection),
        }
    }

    /// A verified proposal of this height.
    fn on_proposal(
        &mut self,
        proposal: Verified<SignedProposal>,
        compact: CompactBlock,
        from: PeerIndex,
        came: TimeMs,
    ) {
        let block = proposal.get().statement.block;
        if !self.machine.keeps(proposal.get().statement.round) {
            // The machine hears how far its signer is, and looks at nothing else of it.
            return self.feed(Input::Proposal {
                proposal,
                valid: false,
                timely: false,
            });
        }
        if let Some(candidate) = self.candidates.get(&block) {
            let (time, maker) = (candidate.compact.time, candidate.compact.proposer());
            let valid = self.is_own_work(&proposal, maker.as_ref());
            let timely = self.judge_time(proposal.get(), time, came);
            self.feed(Input::Proposal {
                proposal,
                valid,
                timely,
            });
            return;
        }
        self.proposals.wait(proposal, came);
        self.gather(block, compact, from);
        self.complete_proposals();
    }

    /// Whether a fresh proposal is of the proposer's own making; one with a polka was judged by a quorum.
    fn is_own_work(
        &self,
        proposal: &Verified<SignedProposal>,
        maker: Option<&protocol::name::AgencyName>,
    ) -> bool {
        let proposal = proposal.get();
        proposal.statement.polka.is_some() || self.epoch.agency_of(&proposal.signer) == maker
    }

    /// Asks `peer` for the compact form of a block; only an answer to this is looked at.
    pub(super) fn ask_for_compact_block(&mut self, block: BlockId, peer: PeerIndex) {
        self.proposals.gathering.note_asked(block, peer);
        self.send(peer, Lane::Sync, &SyncMessage::GetCompactBlock(block));
    }

    /// A compact block that came without its proposal.
    pub(super) fn on_compact_block(
        &mut self,
        block: BlockId,
        compact: CompactBlock,
        from: PeerIndex,
    ) {
        if !self.proposals.gathering.take_asked(&block, from) {
            return self.breach(from, Breach::Unasked, &"a compact block");
        }
        if self.candidates.get(&block).is_none() {
            self.gather(block, compact, from);
            self.complete_proposals();
        }
    }

    fn gather(&mut self, block: BlockId, compact: CompactBlock, from: PeerIndex) {
        let limits = *self.shared.ledger.head().directory().limits();
        let count_max = usize::try_from(limits.block_entries).unwrap_or(usize::MAX);
        if compact.height != self.machine.height() || compact.entries.len() > count_max {
            return self.convict(block, from);
        }
        let now = self.shared.host.moment();
        self.proposals.gathering.add(block, compact, from, now);
    }

    /// Executes every block whose entries are all here, and tells the machine.
    pub(super) fn complete_proposals(&mut self) {
        while let Some(complete) = self.next_complete() {
            if self.has_failed() {
                return;
            }
            self.judge(complete);
        }
    }

    fn next_complete(&mut self) -> Option<Complete> {
        let mempool = self.shared.mempool();
        self.proposals.gathering.next_complete(&mempool)
    }

    fn judge(&mut self, complete: Complete) {
        let Complete {
            block,
            compact,
            entries,
            from,
        } = complete;
        let valid = match self.judge_block(block, &compact, &entries) {
            Ok(DescribedBlock::Valid(executed)) => {
                self.keep_candidate(compact.clone(), entries, *executed);
                true
            }
            Ok(DescribedBlock::Invalid) => false,
            Ok(DescribedBlock::AnotherBlock) => {
                self.convict(block, from);
                if !planted::is(Bug::CompactBelieved) {
                    return;
                }
                false
            }
            Err(fault) => return self.shared.fail(&fault),
        };
        self.proposals.gathering.forget(&block);
        self.feed(Input::BlockKnown { block, valid });
        let maker = compact.proposer();
        for (proposal, came) in self.proposals.take_waiting(&block) {
            let valid = valid && self.is_own_work(&proposal, maker.as_ref());
            let timely = self.judge_time(proposal.get(), compact.time, came);
            self.feed(Input::Proposal {
                proposal,
                valid,
                timely,
            });
        }
    }

    /// A compact block does not describe the block that it came for. That is its sender's doing: the
    /// proposer signed the id alone.
    fn convict(&self, block: BlockId, from: PeerIndex) {
        let detail = format!("a compact block that came for {block} makes another");
        self.breach(from, Breach::CompactBlock, &detail);
    }

    /// Keeps a block that may be decided. What has to go for it, the machine orders again if it must.
    pub(super) fn keep_candidate(
        &mut self,
        compact: CompactBlock,
        entries: Vec<Arc<Authentic>>,
        executed: execute::Executed,
    ) -> BlockId {
        let machine = &self.machine;
        let spare = self.candidates.make_room(|block| machine.needs(block));
        if let Some(spare) = spare {
            self.feed(Input::BlockDropped(spare));
        }
        self.candidates.insert(compact, entries, executed)
    }

    /// Whether a description makes this block, and whether the rules allow it then. Only this machine's
    /// own trouble is an error.
    pub(super) fn judge_block(
        &self,
        block: BlockId,
        compact: &CompactBlock,
        entries: &[Arc<Authentic>],
    ) -> Result<DescribedBlock, NodeFault> {
        let Some(proposer) = compact.proposer() else {
            return Ok(DescribedBlock::AnotherBlock);
        };
        let by = execute::BlockParameters {
            proposer,
            time: compact.time,
        };
        let ledger = &self.shared.ledger;
        let items = || entries.iter().map(Arc::as_ref);
        if ledger.described(by.clone(), compact.index, items()) != block {
            return Ok(DescribedBlock::AnotherBlock);
        }
        match ledger.execute(by, items()) {
            Ok(executed) if executed.block() == block => {
                Ok(DescribedBlock::Valid(Box::new(executed)))
            }
            Ok(executed) => {
                let index = executed.head().index_root();
                tracing::error!(event = "block-invalid", %block, %index, "the block names another index root than its entries lead to");
                Ok(DescribedBlock::Invalid)
            }
            Err(NotExecuted::Invalid(invalid)) => {
                tracing::error!(event = "block-invalid", %block, %invalid);
                Ok(DescribedBlock::Invalid)
            }
            Err(NotExecuted::Fault(fault)) => Err(fault.into()),
        }
    }

    /// Begins a height: what was gathered for the last one is dropped, what came early is looked at.
    pub(super) fn proposals_of_new_height(&mut self, height: Height) {
        let early = std::mem::take(&mut self.proposals).early;
        for (signer, early) in early {
            let Early {
                proposal,
                compact,
                came,
            } = early;
            // The epoch may be another one now.
            let proposal = proposal.into_inner();
            if proposal.statement.height == height
                && let Some(from) = self.peer_of(&signer)
                && let Ok(proposal) =
                    verify::proposal(&self.chain, self.epoch.validators(), &proposal)
            {
                self.on_proposal(proposal, compact, from, came);
            }
        }
    }

    /// Blocks of the last run that may have this validator's lock.
    pub(super) fn restore_candidates(&mut self) {
        let height = self.machine.height();
        let Some(file) = self.guard.file() else {
            return;
        };
        let saved = match self.candidates.read_saved(file, height) {
            Ok(saved) => saved,
            Err(fault) => return self.shared.fail(&fault),
        };
        for saved in saved {
            let read = saved.entries.into_iter().map(Unverified::parse);
            let Ok(read) = read.collect::<Result<Vec<_>, _>>() else {
                continue;
            };
            let believed = ingest::authenticate_all(&self.shared, read).into_iter();
            let Ok(entries) = believed.collect::<Result<Vec<_>, _>>() else {
                continue;
            };
            let Some(proposer) = saved.compact.proposer() else {
                continue;
            };
            let proposal = execute::BlockParameters {
                proposer,
                time: saved.compact.time,
            };
            if let Ok(executed) = self
                .shared
                .ledger
                .execute(proposal, entries.iter().map(Arc::as_ref))
            {
                let block = self.keep_candidate(saved.compact, entries, executed);
                self.feed(Input::BlockKnown { block, valid: true });
            }
        }
    }
}

#[cfg(test)]
mod tests;
