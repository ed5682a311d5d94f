//! What the machine says: own votes, timers, and what it says again.

use protocol::{
    hash::BlockId,
    height::Round,
    planted::{self, Bug},
};

use super::Machine;
use crate::{
    effect::Effect,
    message::{Message, Vote, VoteKind},
    safety::RoundStep,
    timeouts::{Timer, TimerKind},
};

impl Machine {
    /// Decides a vote of the current round: recorded first, then said. What the record already
    /// holds is never decided again.
    pub(super) fn vote(&mut self, kind: VoteKind, choice: Option<(BlockId, Option<Round>)>) {
        let vote = Vote {
            kind,
            height: self.height(),
            round: self.round(),
            block: choice.map(|(block, _)| block),
            valid_round: choice.and_then(|(_, valid_round)| valid_round),
        };
        let (said, step) = match kind {
            VoteKind::Prevote => (&mut self.record.prevote, RoundStep::Prevote),
            VoteKind::Precommit => (&mut self.record.precommit, RoundStep::Precommit),
        };
        debug_assert!(said.is_none(), "one vote per round and kind");
        if said.is_some() {
            return;
        }
        *said = Some(vote);
        self.record.step = step;
        if planted::is(Bug::SentBeforeSaved) {
            self.effects.push(Effect::Vote(vote));
            self.persist();
            return;
        }
        self.persist();
        self.effects.push(Effect::Vote(vote));
    }

    /// Orders the record to disk, with what justifies the round.
    pub(super) fn persist(&mut self) {
        self.record.passed = self.precommits_before();
        self.effects.push(Effect::Persist(self.record.clone()));
    }

    fn precommits_before(&self) -> Vec<crate::message::SignedVote> {
        let before = self.round().get().checked_sub(1).map(Round::new);
        before.map_or_else(Vec::new, |before| self.tally.precommits(before))
    }

    pub(super) fn schedule(&mut self, kind: TimerKind) {
        let timer = Timer {
            kind,
            height: self.height(),
            round: self.round(),
        };
        let after_ms = self.timeouts.after_ms(kind, timer.round);
        self.effects.push(Effect::Schedule { timer, after_ms });
    }

    pub(super) fn schedule_resend(&mut self) {
        if !self.resend_scheduled {
            self.resend_scheduled = true;
            self.schedule(TimerKind::Resend);
        }
    }

    /// Says again what others may have missed, without asking whether they did. Falls silent once
    /// there is nothing left to decide; `settle` takes it up again with the next cause.
    pub(super) fn resend(&mut self) {
        if !self.must_repeat() || planted::is(Bug::NoResend) {
            return;
        }
        let fetching = self.fetching.clone();
        for (block, from) in fetching {
            self.effects.push(Effect::Fetch { block, from });
        }
        if self.speaks() {
            let messages = self.messages_to_repeat();
            if !messages.is_empty() {
                self.effects.push(Effect::Rebroadcast(messages));
            }
        }
        self.schedule_resend();
    }

    /// Returns whether anything is worth saying, or asking for, again.
    pub(super) fn must_repeat(&self) -> bool {
        let awake = self.has_cause() || planted::is(Bug::NeverDozes);
        match self.step_now() {
            RoundStep::Idle => !self.fetching.is_empty(),
            RoundStep::Propose | RoundStep::Prevote | RoundStep::Precommit => {
                awake || !self.fetching.is_empty()
            }
            RoundStep::Decided => false,
        }
    }

    /// Own messages of this round, the valid polka, and why the round before was left.
    fn messages_to_repeat(&self) -> Vec<Message> {
        let mut messages = Vec::new();
        if let (Some(round), Some(me)) = (self.tally.round(self.round()), self.my_index()) {
            let offers = round.offers.iter().map(|offer| &offer.signed);
            let own = offers
                .filter(|signed| Some(signed.signer) == self.me)
                .take(1);
            messages.extend(own.cloned().map(Message::Proposal));
            let votes = [round.prevotes.get(&me), round.precommits.get(&me)];
            messages.extend(votes.into_iter().flatten().cloned().map(Message::Vote));
        }
        if !planted::is(Bug::PolkaKept) {
            messages.extend(self.record.valid.clone().map(Message::Polka));
        }
        messages.extend(self.precommits_before().into_iter().map(Message::Vote));
        messages
    }
}
