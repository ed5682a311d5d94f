//! What the machine shows of itself: for status pages, and to spare the host needless checks.

use protocol::{
    hash::BlockId,
    height::{Height, Round},
    key::PublicKey,
};

use super::Machine;
use crate::{
    message::{Message, SignedVote},
    safety::{Lock, RoundStep},
    tally::{PROPOSALS_MAX, RoundTally, Tally},
};

/// The place of a machine in its height, and the validators that have spoken in its round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MachineStatus {
    /// The height being decided.
    pub height: Height,
    /// The current round.
    pub round: Round,
    /// Step of the round.
    pub step: RoundStep,
    /// The block locked on.
    pub locked: Option<Lock>,
    /// The newest polka known.
    pub valid_round: Option<Round>,
    /// Validator whose turn it is to propose.
    pub proposer: PublicKey,
    /// The block proposed in this round.
    pub proposal: Option<BlockId>,
    /// Validators that have prevoted in this round.
    pub prevotes: Vec<PublicKey>,
    /// Validators that have precommitted in this round.
    pub precommits: Vec<PublicKey>,
    /// Validators that have done neither, and so are missing if the round does not end.
    pub missing: Vec<PublicKey>,
    /// `true` while the height waits for the note of the block before.
    pub is_held: bool,
    /// `true` if an alarm has stopped the machine.
    pub halted: bool,
}

/// Sizes of a machine's memory: tests hold them against bounds.
#[cfg(test)]
#[derive(Debug)]
pub(crate) struct Sizes {
    pub(crate) early_votes: usize,
    pub(crate) rounds: usize,
    pub(crate) blocks: usize,
    pub(crate) fetching: usize,
}

impl Machine {
    /// Sizes of what is remembered.
    #[cfg(test)]
    pub(crate) fn sizes(&self) -> Sizes {
        Sizes {
            early_votes: self
                .future
                .values()
                .map(std::collections::VecDeque::len)
                .sum(),
            rounds: self.tally.newest_first().count(),
            blocks: self.blocks.len(),
            fetching: self.fetching.len(),
        }
    }

    /// Place of the machine, and the validators that have spoken in its round.
    #[must_use]
    pub fn status(&self) -> MachineStatus {
        let empty = RoundTally::default();
        let round = self.tally.round(self.round()).unwrap_or(&empty);
        let signers = |votes: &std::collections::BTreeMap<u16, SignedVote>| {
            votes.values().map(|vote| vote.signer).collect::<Vec<_>>()
        };
        let (prevotes, precommits) = (signers(&round.prevotes), signers(&round.precommits));
        let spoke = |key: &&PublicKey| !prevotes.contains(key) && !precommits.contains(key);
        let missing = self
            .validators
            .keys()
            .iter()
            .filter(spoke)
            .copied()
            .collect();
        let offer = round.offers.first();
        MachineStatus {
            height: self.height(),
            round: self.round(),
            step: self.step_now(),
            locked: self.locked(),
            valid_round: self.record.valid.as_ref().map(|polka| polka.round),
            proposer: self.validators.proposer(self.height(), self.round()),
            proposal: offer.map(|offer| offer.signed.statement.block),
            prevotes,
            precommits,
            missing,
            is_held: self.is_held,
            halted: self.halted,
        }
    }

    /// Returns whether the host must keep the block: it is decided, locked on, valid, built here, or proposed or
    /// voted for in the current round. These are never more than a handful.
    #[must_use]
    pub fn needs(&self, block: &BlockId) -> bool {
        let commit = self.commit.as_ref().map(|commit| commit.block);
        let locked = self.record.locked.map(|lock| lock.block);
        let valid = self.record.valid.as_ref().map(|polka| polka.block);
        let named = [commit, locked, valid, self.done.built];
        named.contains(&Some(*block))
            || self.tally.round(self.round()).is_some_and(|round| {
                let polka = round.polka.iter().map(|polka| polka.block);
                let offers = round
                    .offers
                    .iter()
                    .map(|offer| offer.signed.statement.block);
                polka.chain(offers).any(|named| named == *block)
            })
    }

    /// Returns whether proposals of this round are kept: it is neither far ahead nor far behind.
    #[must_use]
    pub fn keeps(&self, round: Round) -> bool {
        Tally::keeps(self.round(), round)
    }

    /// Returns whether the machine would learn nothing from `message`, so that the host need not verify it.
    /// Repetitions are the most of what a validator hears in a bad hour.
    #[must_use]
    pub fn knows(&self, message: &Message) -> bool {
        match message {
            Message::Vote(vote) => {
                vote.statement.height == self.height()
                    && self
                        .validators
                        .index_of(&vote.signer)
                        .is_some_and(|index| self.tally.knows_vote(index, vote))
            }
            Message::Proposal(proposal) => {
                let round = self.tally.round(proposal.statement.round);
                proposal.statement.height == self.height()
                    && round.is_some_and(|round| {
                        // Two convict their proposer; a third says nothing that is new.
                        round.offers.len() >= PROPOSALS_MAX
                            || round.offers.iter().any(|offer| offer.signed == *proposal)
                    })
            }
            Message::Polka(polka) => {
                let round = self.tally.round(polka.round);
                let held = round.and_then(|round| round.polka.as_ref());
                polka.height == self.height() && held.is_some_and(|held| held.block == polka.block)
            }
            Message::Commit(commit) => {
                let held = self.commit.as_ref();
                commit.height == self.height()
                    && held.is_some_and(|held| held.block == commit.block)
            }
        }
    }
}
