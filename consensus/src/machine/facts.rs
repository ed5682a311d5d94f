//! What each fact changes in what the machine knows. What follows from it: `rules`.

use protocol::{
    hash::BlockId,
    height::{Height, Round},
    key::PublicKey,
    planted::{self, Bug},
};

use super::{BLOCKS_MAX, FUTURE_VOTES_MAX, Machine};
use crate::{
    certificate::{Commit, Polka},
    effect::{Alarm, Effect},
    evidence::Evidence,
    input::Input,
    message::{SignedProposal, SignedVote, VoteKind},
    safety::{RoundStep, Safety},
    tally::{Offer, Tally},
    timeouts::{Timer, TimerKind},
    verify::Verified,
};

impl Machine {
    pub(super) fn on(&mut self, input: Input) {
        match input {
            Input::Start => self.on_start(),
            Input::Released => self.on_released(),
            Input::Pending(pending) => self.on_pending(pending),
            Input::Proposal {
                proposal,
                valid,
                timely,
            } => {
                if self.concerns(&proposal, proposal.get().statement.height) {
                    self.on_proposal(proposal.into_inner(), valid, timely);
                }
            }
            Input::Vote(vote) => self.on_vote(vote),
            Input::Polka(polka) => {
                if self.concerns(&polka, polka.get().height) {
                    self.on_polka(polka.get());
                }
            }
            Input::Commit(commit) => {
                if self.concerns(&commit, commit.get().height) {
                    self.on_commit(commit.into_inner());
                }
            }
            Input::Built { round, block } => {
                self.judge(block, true);
                if round == self.round() {
                    self.done.built = Some(block);
                }
            }
            Input::BlockKnown { block, valid } => self.judge(block, valid),
            Input::BlockDropped(block) => {
                self.blocks.remove(&block);
            }
            Input::Elapsed(timer) => self.on_elapsed(timer),
        }
    }

    /// Returns whether a message is of this height and was verified under this height's validators.
    fn concerns<T>(&self, message: &Verified<T>, height: Height) -> bool {
        let set = message.set() == self.validators.id() || planted::is(Bug::WrongSet);
        height == self.height() && set
    }

    fn on_start(&mut self) {
        self.take_record_up();
        if !self.is_held {
            self.resume();
        }
    }

    fn on_released(&mut self) {
        if self.is_held {
            self.is_held = false;
            self.resume();
        }
    }

    /// Takes the safety record up if it is of this height. What was said under other validators is not
    /// taken up; but the key has spoken.
    fn take_record_up(&mut self) {
        let height = self.height();
        let Some(record) = self.later.take_if(|later| later.height == height) else {
            return;
        };
        let set = self.validators.id();
        if record.set.is_some_and(|other| other != set) {
            self.mute(record.round);
            return;
        }
        self.record = Safety {
            set: Some(set),
            ..record
        };
        self.forget_as_planted();
        self.receive_all(self.record.passed.clone());
        if let Some(polka) = self.record.valid.clone() {
            self.on_polka(&polka);
        }
    }

    /// Says again what the record says.
    fn resume(&mut self) {
        if let Some(polka) = self.record.valid.clone() {
            self.fetch(polka.block, polka_signers(&polka, self));
        }
        if self.step_now() == RoundStep::Idle || !self.speaks() {
            return;
        }
        let record = &self.record;
        let proposal = record.proposal.clone().map(Effect::Propose);
        let votes = [record.prevote, record.precommit];
        self.effects.extend(proposal);
        self.effects
            .extend(votes.into_iter().flatten().map(Effect::Vote));
        if self.step_now() == RoundStep::Propose {
            self.schedule(TimerKind::Propose);
        }
        self.schedule_resend();
    }

    /// Loses what a crash takes along under a planted bug.
    fn forget_as_planted(&mut self) {
        if planted::is(Bug::LockLost) {
            self.record.locked = None;
        }
        if planted::is(Bug::VotesLost) {
            (self.record.prevote, self.record.precommit) = (None, None);
            self.record.step = self.record.step.min(RoundStep::Propose);
        }
        if planted::is(Bug::ProposalAnew) {
            self.record.proposal = None;
        }
    }

    const fn on_pending(&mut self, pending: bool) {
        self.pending = pending;
        if !pending {
            // A build for entries that are gone brings nothing: later ones need another.
            self.done.build_asked = false;
        }
    }

    fn on_proposal(&mut self, signed: SignedProposal, valid: bool, timely: bool) {
        let statement = &signed.statement;
        let round = statement.round;
        let Some(index) = self.validators.index_of(&signed.signer) else {
            return;
        };
        self.tally.hear(index, round);
        let own = self.record.proposal.as_ref();
        let said = own.is_some_and(|own| own.says_the_same(statement));
        self.watch_own_key(signed.signer, round, said);
        if let Some(polka) = &statement.polka {
            self.on_polka(polka);
        }
        if !Tally::keeps(self.round(), round) {
            return;
        }
        let block = statement.block;
        let evidence = self.tally.add_offer(&Offer { signed, timely });
        self.accuse(evidence);
        self.judge(block, valid);
    }

    fn on_vote(&mut self, vote: Verified<SignedVote>) {
        let height = vote.get().statement.height;
        if height == self.height().next() {
            self.keep_for_later(vote);
        } else if self.concerns(&vote, height) {
            self.receive(&vote.into_inner());
        }
    }

    /// Takes a vote in. If its round is too far from the current one, it is heard but not stored.
    fn receive(&mut self, vote: &SignedVote) {
        if let Some(index) = self.hear(vote)
            && Tally::keeps(self.round(), vote.statement.round)
        {
            self.count(index, vote);
        }
    }

    /// Takes in votes that bear their own proof that the round is a real one.
    fn receive_all(&mut self, votes: Vec<SignedVote>) {
        for vote in votes {
            if let Some(index) = self.hear(&vote) {
                self.count(index, &vote);
            }
        }
    }

    /// Notes that the signer has come as far as this round.
    fn hear(&mut self, vote: &SignedVote) -> Option<u16> {
        let index = self.validators.index_of(&vote.signer)?;
        let statement = vote.statement;
        self.tally.hear(index, statement.round);
        let said = [self.record.prevote, self.record.precommit];
        self.watch_own_key(
            vote.signer,
            statement.round,
            said.contains(&Some(statement)),
        );
        Some(index)
    }

    /// A message of this validator, not before its round, that its record does not know: the record
    /// is written before a message leaves, so it was lost, or someone else holds the key.
    fn watch_own_key(&mut self, signer: PublicKey, round: Round, said: bool) {
        if !said && self.me == Some(signer) && round >= self.round() && self.may_speak() {
            self.mute(round);
        }
    }

    /// Says nothing more at this height: this validator's key has said what its record does not know.
    fn mute(&mut self, round: Round) {
        self.muted = true;
        let height = self.height();
        let alarm = Alarm::OtherSelf { height, round };
        self.effects.push(Effect::Alarm(alarm));
    }

    fn count(&mut self, index: u16, vote: &SignedVote) {
        let round = vote.statement.round;
        let evidence = self.tally.add_vote(index, vote);
        self.accuse(evidence);
        match vote.statement.kind {
            VoteKind::Prevote => self.tally.find_polka(round, &self.validators),
            VoteKind::Precommit => {
                if let Some(commit) = self.tally.find_commit(round, &self.validators) {
                    self.note_commit(commit);
                }
            }
        }
    }

    /// A quorum holds an honest signer, so its round is a real one, however far away.
    fn on_polka(&mut self, polka: &Polka) {
        self.tally.keep_polka(polka);
        self.receive_all(polka.signed_votes(&self.validators));
    }

    fn on_commit(&mut self, commit: Commit) {
        self.receive_all(commit.signed_votes(&self.validators));
        self.note_commit(commit);
    }

    fn note_commit(&mut self, commit: Commit) {
        match &self.commit {
            None => self.commit = Some(commit),
            Some(known) if known.block == commit.block => {}
            Some(known) => {
                let known = known.clone();
                self.halt(Alarm::Fork {
                    known,
                    other: commit,
                });
            }
        }
    }

    fn on_elapsed(&mut self, timer: Timer) {
        if timer.height != self.height() || self.is_held {
            return;
        }
        if timer.kind == TimerKind::Resend {
            self.resend_scheduled = false;
            self.resend();
            return;
        }
        if timer.round != self.round() || !self.speaks() {
            return;
        }
        match (timer.kind, self.step_now()) {
            (TimerKind::Propose, RoundStep::Propose) => self.vote(VoteKind::Prevote, None),
            (TimerKind::Prevote, RoundStep::Prevote) => self.vote(VoteKind::Precommit, None),
            (
                TimerKind::Precommit,
                RoundStep::Propose | RoundStep::Prevote | RoundStep::Precommit,
            ) => {
                self.leave_round();
            }
            _ => {}
        }
    }

    /// Remembers a judgement. The first one stays: a block does not become valid or cease to be.
    fn judge(&mut self, block: BlockId, valid: bool) {
        self.fetching.remove(&block);
        if self.blocks.len() >= BLOCKS_MAX {
            let tally = &self.tally;
            let commit = self.commit.as_ref().map(|commit| commit.block);
            let locked = self.record.locked.map(|lock| lock.block);
            let valid = self.record.valid.as_ref().map(|polka| polka.block);
            let kept = [commit, locked, valid];
            self.blocks
                .retain(|block, _| kept.contains(&Some(*block)) || tally.mentions(block));
        }
        self.blocks.entry(block).or_insert(valid);
    }

    fn keep_for_later(&mut self, vote: Verified<SignedVote>) {
        let signer = vote.get().signer;
        if vote.set() != self.validators.id() {
            return;
        }
        let votes = self.future.entry(signer).or_default();
        if votes.contains(&vote) {
            return;
        }
        if votes.len() >= FUTURE_VOTES_MAX && !planted::is(Bug::FutureUnbounded) {
            // The newest are of the round that its signer is in.
            votes.pop_front();
        }
        votes.push_back(vote);
    }

    fn accuse(&mut self, evidence: Option<Evidence>) {
        if let Some(evidence) = evidence
            && self
                .accused
                .insert((evidence.accused(), evidence.offence()))
        {
            self.effects.push(Effect::Evidence(evidence));
        }
    }

    /// Orders a block once; `resend` orders it again.
    pub(super) fn fetch(&mut self, block: BlockId, from: Vec<PublicKey>) {
        if self.blocks.contains_key(&block) || self.fetching.contains_key(&block) {
            return;
        }
        self.fetching.insert(block, from.clone());
        self.effects.push(Effect::Fetch { block, from });
        self.schedule_resend();
    }

    pub(super) fn halt(&mut self, alarm: Alarm) {
        if !self.halted {
            self.halted = true;
            self.effects.push(Effect::Alarm(alarm));
        }
    }

    /// Returns whether there is anything to decide, as far as this validator knows. Entries that wait are
    /// known to all honest validators soon, so those without a cause need not keep the others company.
    pub(super) fn has_cause(&self) -> bool {
        let offers = self.tally.newest_first();
        let mut offers = offers
            .take_while(|(round, _)| **round >= self.round())
            .flat_map(|(_, round)| &round.offers);
        let valid = |offer: &Offer| {
            let block = &offer.signed.statement.block;
            self.blocks.get(block) == Some(&true)
        };
        self.pending || self.record.valid.is_some() || offers.any(valid)
    }

    /// L65-67. What waited may be gone, refused or expired; then the next round is entered in
    /// silence, or the rounds would go on for ever with nothing to decide.
    fn leave_round(&mut self) {
        let next = self.round().next();
        self.enter(next);
        if self.has_cause() || planted::is(Bug::NeverDozes) {
            self.start_round(next);
        } else {
            self.record.step = RoundStep::Idle;
        }
    }

    fn enter(&mut self, round: Round) {
        self.record.enter(round);
        self.done = super::RoundRecord::default();
        self.tally.prune(round);
    }

    /// Moves to `round`: L11-13 and L21. What the proposer does there is a rule.
    pub(super) fn start_round(&mut self, round: Round) {
        self.enter(round);
        if self.speaks() {
            self.schedule(TimerKind::Propose);
        }
        self.schedule_resend();
    }
}

/// Signers of a polka.
pub(super) fn polka_signers(polka: &Polka, machine: &Machine) -> Vec<PublicKey> {
    let indexes = polka.votes.iter();
    indexes
        .filter_map(|(index, _)| machine.validators.key(*index))
        .collect()
}
