//! Carrying out the machine's orders, in their order.

use std::{sync::Arc, time::Duration};

use consensus::{Alarm, Commit, Effect, Input, Message, Proposal, Safety, Vote, verify};
use ledger::execute;
use protocol::{codec, hash::BlockId, key::PublicKey};

use super::{Driver, SAFETY_VERSION};
use crate::{
    fault::NodeFault,
    network::Lane,
    wire::{CompactBlock, ConsensusMessage},
};

/// Peers that are asked for a block at once.
const FETCH_PEERS_MAX: usize = 3;

impl Driver {
    /// Carries out everything that is queued. A fault ends it: nothing after it may be done.
    pub(super) fn perform_all(&mut self) {
        if self.has_failed() {
            self.orders.clear();
        }
        while let Some(order) = self.orders.pop_front() {
            if let Err(fault) = self.perform(order) {
                self.orders.clear();
                self.shared.fail(&fault);
                return;
            }
        }
    }

    fn perform(&mut self, order: Effect) -> Result<(), NodeFault> {
        match order {
            Effect::Persist(record) => self.persist(&record),
            Effect::Propose(proposal) => self.propose(proposal),
            Effect::Vote(vote) => self.vote(vote),
            Effect::BroadcastPolka(polka) => {
                self.broadcast(Lane::Consensus, &ConsensusMessage::Polka(polka));
                Ok(())
            }
            Effect::Rebroadcast(messages) => {
                for message in messages {
                    self.say_again(message);
                }
                Ok(())
            }
            Effect::Schedule { timer, after_ms } => {
                let after = Duration::from_millis(after_ms);
                self.schedule.set(timer, self.shared.host.moment() + after);
                Ok(())
            }
            Effect::Build { height, round } => {
                if height == self.machine.height() {
                    self.build(round)
                } else {
                    Ok(())
                }
            }
            Effect::Fetch { block, from } => {
                self.fetch(block, &from);
                Ok(())
            }
            Effect::Evidence(evidence) => {
                self.keep_evidence(&evidence);
                Ok(())
            }
            Effect::Decide(commit) => self.commit(&commit),
            Effect::Alarm(alarm) => self.alarm(&alarm),
        }
    }

    fn persist(&mut self, record: &Safety) -> Result<(), NodeFault> {
        Ok(self.guard.persist(record, &mut self.candidates)?)
    }

    fn propose(&mut self, proposal: Proposal) -> Result<(), NodeFault> {
        let signed = self.guard.proposal(proposal);
        let signed = signed.map_err(|error| NodeFault::Contradiction(Box::new(error)))?;
        let Some(signed) = signed else {
            return Ok(());
        };
        if let Some(candidate) = self.candidates.get(&signed.statement.block) {
            let compact = candidate.compact.clone();
            self.broadcast(
                Lane::Consensus,
                &ConsensusMessage::Proposal(signed.clone(), compact),
            );
        }
        if let Ok(proposal) = verify::proposal(&self.chain, self.epoch.validators(), &signed) {
            self.feed(Input::Proposal {
                proposal,
                valid: true,
                timely: true,
            });
        }
        Ok(())
    }

    fn vote(&mut self, vote: Vote) -> Result<(), NodeFault> {
        let signed = self.guard.vote(vote);
        let signed = signed.map_err(|error| NodeFault::Contradiction(Box::new(error)))?;
        let Some(signed) = signed else {
            return Ok(());
        };
        self.broadcast(Lane::Consensus, &ConsensusMessage::Vote(signed.clone()));
        if let Ok(vote) = verify::vote(&self.chain, self.epoch.validators(), &signed) {
            self.feed(Input::Vote(vote));
        }
        Ok(())
    }

    fn say_again(&self, message: Message) {
        let message = match message {
            Message::Vote(vote) => ConsensusMessage::Vote(vote),
            Message::Polka(polka) => ConsensusMessage::Polka(polka),
            Message::Proposal(proposal) => match self.candidates.get(&proposal.statement.block) {
                Some(candidate) => ConsensusMessage::Proposal(proposal, candidate.compact.clone()),
                None => return,
            },
            Message::Commit(commit) => ConsensusMessage::Commit(commit),
        };
        self.broadcast(Lane::Consensus, &message);
    }

    /// Makes a block of what waits. The time is this clock's, but always above the parent's.
    fn build(&mut self, round: protocol::height::Round) -> Result<(), NodeFault> {
        let Some(agency) = self.guard.agency().cloned() else {
            return Ok(());
        };
        let head = self.shared.ledger.head();
        let limits = *head.directory().limits();
        let count_max = usize::try_from(limits.block_entries).unwrap_or(usize::MAX);
        let bytes_max = usize::try_from(limits.block_bytes).unwrap_or(usize::MAX);
        let waiting = self.shared.mempool().candidates(count_max, bytes_max);
        let proposal = execute::BlockParameters {
            proposer: agency.clone(),
            time: self.shared.host.now(),
        };
        let built = self
            .shared
            .ledger
            .build(proposal, waiting.iter().map(Arc::as_ref))?;
        {
            let mut mempool = self.shared.mempool();
            for (id, refusal) in built.refused {
                mempool.drop_entry(&id, refusal);
            }
        }
        let Some(executed) = built.executed else {
            let waits = !self.shared.mempool().is_empty();
            self.feed(Input::Pending(waits));
            return Ok(());
        };
        let taken: std::collections::BTreeMap<_, _> = waiting
            .into_iter()
            .map(|entry| (entry.hash(), entry))
            .collect();
        let entries: Vec<_> = built
            .taken
            .iter()
            .filter_map(|hash| taken.get(hash).cloned())
            .collect();
        let compact = CompactBlock {
            height: executed.height(),
            time: executed.block_leaf().time,
            proposer: agency.to_string(),
            index: executed.block_leaf().index,
            entries: entries.iter().map(|entry| entry.hash()).collect(),
        };
        let block = self.keep_candidate(compact, entries, executed);
        self.feed(Input::Built { round, block });
        Ok(())
    }

    fn fetch(&mut self, block: BlockId, from: &[PublicKey]) {
        if self.candidates.get(&block).is_some() {
            self.feed(Input::BlockKnown { block, valid: true });
            return;
        }
        let mut peers: Vec<_> = from.iter().filter_map(|key| self.peer_of(key)).collect();
        peers.truncate(FETCH_PEERS_MAX);
        for peer in peers {
            self.ask_for_compact_block(block, peer);
        }
    }

    /// The decided block becomes durable, then it is cosigned, then the next height begins.
    fn commit(&mut self, commit: &Commit) -> Result<(), NodeFault> {
        let Some(decided) = self.candidates.take_decided(&commit.block) else {
            return Err(NodeFault::Lost(commit.block));
        };
        let started = self.shared.host.moment();
        let certificate = codec::encode(SAFETY_VERSION, commit);
        let head = self.shared.ledger.commit(&decided.executed, &certificate)?;
        let metrics = &self.shared.metrics;
        metrics
            .commit_seconds
            .observe(self.shared.host.since(started).as_secs_f64());
        let busy_since = self.shown_progress.busy_since();
        metrics.decide_seconds.observe(
            self.shared
                .host
                .since(busy_since.unwrap_or(started))
                .as_secs_f64(),
        );
        metrics.blocks.inc();
        let entries = decided.executed.block_leaf().entries;
        metrics.entries.inc_by(entries);
        metrics.rounds.inc_by(commit.round.get());
        tracing::debug!(event = "committed", height = %head.height(), entries, round = %commit.round);
        self.cosign(&head)?;
        self.settle_waiting(&decided.entries);
        self.schedule.begin_height(self.shared.host.moment());
        let next = head.height().next();
        let votes_with_another = self.enter_epoch(&decided.executed)?;
        let effects = self.machine.advance(next, self.epoch.validators().clone());
        self.orders.extend(effects);
        if votes_with_another {
            self.begin_with_key();
        }
        self.proposals_of_new_height(next);
        let waits = !self.shared.mempool().is_empty();
        self.feed(Input::Pending(waits));
        self.after_block();
        Ok(())
    }

    /// Enters the epoch that a block opens, once the block is on disk and cosigned: the one place where
    /// who the agencies are changes while the node runs. True if this node votes with another key from now
    /// on, or not any more.
    fn enter_epoch(&mut self, block: &execute::Executed) -> Result<bool, NodeFault> {
        let Some(epoch) = self.shared.epochs.enter(block)? else {
            return Ok(false);
        };
        tracing::info!(event = "epoch", number = %epoch.number(), validators = epoch.agencies().len());
        let last = block.head().size();
        self.publisher.enter(Arc::clone(&epoch), last);
        let before = std::mem::replace(&mut self.epoch, epoch);
        self.peers_of_epoch(&before, last)?;
        Ok(self.act_with_keys_in_force())
    }

    /// Forgets what the block took, and says to the losers why.
    fn settle_waiting(&self, entries: &[Arc<protocol::authentic::Authentic>]) {
        let height = self.shared.ledger.head().height().next();
        let losers = {
            let mut mempool = self.shared.mempool();
            let losers = mempool.committed(entries);
            for id in mempool.dead(height) {
                let expires = protocol::height::Height::new(height.get().saturating_sub(1));
                mempool.drop_entry(&id, ledger::rules::Refusal::Expired { expires, height });
            }
            losers
        };
        for loser in losers {
            if let Err(ledger::NotAdmitted::Refused(refusal)) =
                self.shared.ledger.admit(loser.as_ref().clone())
            {
                self.shared.mempool().drop_removed(&loser, &refusal);
            }
        }
    }

    pub(super) fn alarm(&mut self, alarm: &Alarm) -> Result<(), NodeFault> {
        if let Alarm::OtherSelf { height, round } = alarm {
            tracing::error!(event = "forgotten-vote", %height, %round, "this validator's key has signed what its record does not know: an old backup, or a second node with its keys; silent at this height");
            return Ok(());
        }
        tracing::error!(
            event = "alarm",
            ?alarm,
            "this must not happen while at most a third of the validators is faulty"
        );
        match alarm {
            Alarm::OtherSelf { .. } => Ok(()),
            Alarm::QuorumForInvalid { .. } => Err(NodeFault::QuorumForInvalid),
            Alarm::Fork { known, other } => {
                let kept = self.keep_fork(known, other);
                self.tell_of_fork(known, other);
                self.is_parting = true;
                let height = known.height;
                Err(NodeFault::Fork { height, kept })
            }
        }
    }
}
