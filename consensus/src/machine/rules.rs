//! The decision table of the machine, one function per row. Each says whether it fired.

use protocol::{
    hash::BlockId,
    height::Round,
    planted::{self, Bug},
};

use super::{Machine, facts::polka_signers};
use crate::{
    certificate::Polka,
    effect::{Alarm, Effect},
    message::{Proposal, VoteKind},
    safety::{Lock, RoundStep},
    tally::RoundTally,
    timeouts::TimerKind,
};

/// Rules that one fact can set off: each fires at most once per round, and one fact starts at most
/// two rounds.
const FIRINGS_MAX: usize = 32;

type Rule = fn(&mut Machine) -> bool;

/// The rules that a silent machine follows too, in their order.
const FOLLOWING: [Rule; 2] = [Machine::decide, Machine::skip];

/// The rules that come after these for a machine that speaks, in their order.
const VOTING: [Rule; 7] = [
    Machine::wake,
    Machine::answer_proposal,
    Machine::follow_polka,
    Machine::follow_nil,
    Machine::await_prevotes,
    Machine::await_precommits,
    Machine::propose,
];

/// The lock rule, strict: a fresh proposal only while not locked, a re-proposal only if its polka is
/// as new as the lock. The paper also allows the locked block itself; then amnesia could not be told
/// from obedience. `tests/model.rs` visits every state that this rule leads to.
pub(crate) fn lock_allows(
    locked: Option<Lock>,
    block: BlockId,
    valid_round: Option<Round>,
) -> bool {
    let same = locked.is_some_and(|lock| lock.block == block);
    let old = planted::is(Bug::WrongUnlock) && valid_round.is_some();
    if planted::is(Bug::NoLockCheck) || (planted::is(Bug::PaperUnlock) && same) || old {
        return true;
    }
    match valid_round {
        None => locked.is_none(),
        Some(valid_round) => locked.is_none_or(|lock| lock.round <= valid_round),
    }
}

impl Machine {
    /// Fires rules until none does; none while the height is held.
    pub(super) fn settle(&mut self) {
        if self.is_held {
            return;
        }
        for _ in 0..FIRINGS_MAX {
            if self.halted || self.step_now() == RoundStep::Decided {
                return;
            }
            let fired = FOLLOWING.iter().any(|rule| rule(self))
                || (self.speaks() && VOTING.iter().any(|rule| rule(self)));
            if !fired {
                if self.speaks() && self.must_repeat() {
                    self.schedule_resend();
                }
                return;
            }
        }
        debug_assert!(false, "rules fire without end");
    }

    /// Rule 1, L49-54.
    fn decide(&mut self) -> bool {
        let Some(commit) = self.commit.clone() else {
            return false;
        };
        match self.blocks.get(&commit.block) {
            Some(true) => {
                self.record.step = RoundStep::Decided;
                self.effects.push(Effect::Decide(commit));
            }
            Some(false) => self.halt(Alarm::QuorumForInvalid {
                block: commit.block,
                round: commit.round,
            }),
            None => {
                let keys = commit.votes.iter();
                let from = keys.filter_map(|(index, _)| self.validators.key(*index));
                let from = from.collect();
                self.fetch(commit.block, from);
                return false;
            }
        }
        true
    }

    /// Rule 2, L55-56: one of f + 1 is honest, so the round is a real one.
    fn skip(&mut self) -> bool {
        let honest_among = if planted::is(Bug::OneWakes) {
            1
        } else {
            self.validators.faulty_max().saturating_add(1)
        };
        let Some(target) = self.tally.reached_by(honest_among) else {
            return false;
        };
        // Never back: what was said in an earlier round is no longer in the record.
        let fires = match self.step_now() {
            RoundStep::Idle => target >= self.round(),
            _ => target > self.round() && !planted::is(Bug::NoSkip),
        };
        if fires {
            self.start_round(target);
        }
        fires
    }

    /// Leaves idleness for something to decide. A single liar cannot: its blocks would have to be
    /// valid, and so hold entries.
    fn wake(&mut self) -> bool {
        let fires = self.step_now() == RoundStep::Idle && self.has_cause();
        if fires {
            self.start_round(self.round());
        }
        fires
    }

    /// Rules 3 and 4, L22-33, strict.
    fn answer_proposal(&mut self) -> bool {
        if self.step_now() != RoundStep::Propose {
            return false;
        }
        let round = self.tally.round(self.round());
        let Some(offer) = round.and_then(|round| round.offers.first()) else {
            return false;
        };
        let proposal = &offer.signed.statement;
        let (block, valid_round) = (proposal.block, proposal.valid_round());
        let timely = valid_round.is_some() || offer.timely || planted::is(Bug::AnyUntimely);
        let valid = self.blocks.get(&block) == Some(&true) || planted::is(Bug::InvalidVoted);
        if valid && timely && lock_allows(self.record.locked, block, valid_round) {
            self.vote(VoteKind::Prevote, Some((block, valid_round)));
        } else {
            self.vote(VoteKind::Prevote, None);
        }
        true
    }

    /// Rule 5, L36-43, and the polkas of older rounds that close a hidden lock.
    fn follow_polka(&mut self) -> bool {
        let Some(polka) = self.newest_polka() else {
            return false;
        };
        match self.blocks.get(&polka.block) {
            None => {
                let from = polka_signers(&polka, self);
                self.fetch(polka.block, from);
                return false;
            }
            Some(false) => {
                let (block, round) = (polka.block, polka.round);
                self.halt(Alarm::QuorumForInvalid { block, round });
                return true;
            }
            Some(true) => {}
        }
        let locks = polka.round == self.round() && self.step_now() == RoundStep::Prevote;
        if locks {
            debug_assert!(
                self.record
                    .locked
                    .is_none_or(|lock| lock.round < polka.round),
                "the locked round only rises"
            );
            self.record.locked = Some(Lock {
                round: polka.round,
                block: polka.block,
            });
        }
        self.record.valid = Some(polka.clone());
        if locks {
            self.vote(VoteKind::Precommit, Some((polka.block, None)));
            if !planted::is(Bug::PolkaKept) {
                self.effects.push(Effect::BroadcastPolka(polka));
            }
        }
        true
    }

    /// The newest polka above the valid one; that of the current round only once prevoted. A polka
    /// that became `valid` by another way still locks, if its round is the current one.
    fn newest_polka(&self) -> Option<Polka> {
        let (round, step) = (self.round(), self.step_now());
        let known = self.record.valid.as_ref().map(|polka| polka.round);
        let counts = |polka: &&Polka| {
            let new = known.is_none_or(|known| known < polka.round);
            if polka.round == round {
                step == RoundStep::Prevote || (step == RoundStep::Precommit && new)
            } else {
                polka.round < round && new
            }
        };
        let polkas = self.tally.newest_first();
        let mut polkas = polkas.filter_map(|(_, tally)| tally.polka.as_ref());
        polkas.find(counts).cloned()
    }

    /// Rule 6, L44-46.
    fn follow_nil(&mut self) -> bool {
        let round = self.tally.round(self.round());
        let nil = round.map_or(0, RoundTally::nil_prevotes);
        let fires = self.step_now() == RoundStep::Prevote && nil >= self.validators.quorum();
        if fires {
            self.vote(VoteKind::Precommit, None);
        }
        fires
    }

    /// Rule 7, L34-35.
    fn await_prevotes(&mut self) -> bool {
        let round = self.tally.round(self.round());
        let votes = round.map_or(0, |round| round.prevotes.len());
        let fires = self.step_now() == RoundStep::Prevote
            && votes >= self.validators.quorum()
            && !self.done.prevote_timer;
        if fires {
            self.done.prevote_timer = true;
            self.schedule(TimerKind::Prevote);
        }
        fires
    }

    /// Rule 8, L47-48.
    fn await_precommits(&mut self) -> bool {
        let round = self.tally.round(self.round());
        let votes = round.map_or(0, |round| round.precommits.len());
        let fires = self.step_now() != RoundStep::Idle
            && votes >= self.validators.quorum()
            && !self.done.precommit_timer
            && !planted::is(Bug::NoPrecommitTimer);
        if fires {
            self.done.precommit_timer = true;
            self.schedule(TimerKind::Precommit);
        }
        fires
    }

    /// L14-19: the proposer's part of a round, whenever what it needs is there.
    fn propose(&mut self) -> bool {
        let due = self.step_now() == RoundStep::Propose
            && self.my_turn()
            && self.record.proposal.is_none();
        if !due {
            return false;
        }
        let polka = self.record.valid.clone();
        let block = polka.as_ref().map(|polka| polka.block).or(self.done.built);
        if let Some(block) = block {
            let (height, round) = (self.height(), self.round());
            self.record.proposal = Some(Proposal {
                height,
                round,
                block,
                polka,
            });
            self.persist();
            self.effects
                .extend(self.record.proposal.clone().map(Effect::Propose));
            return true;
        }
        let build = self.pending && !self.done.build_asked;
        if build {
            self.done.build_asked = true;
            let (height, round) = (self.height(), self.round());
            self.effects.push(Effect::Build { height, round });
        }
        build
    }
}
