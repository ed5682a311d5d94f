//! What was heard at one height, sorted by round. It counts; it decides nothing.
//!
//! The first vote of a validator per round and kind counts; a second one is only evidence. Rounds
//! far ahead are not stored: that someone spoke in them is (for the skip of L55).

use std::collections::BTreeMap;

use protocol::{
    hash::BlockId,
    height::Round,
    planted::{self, Bug},
};

use crate::{
    certificate::{Commit, Polka},
    evidence::Evidence,
    message::{SignedProposal, SignedVote, VoteKind},
    validators::ValidatorSet,
};

/// Rounds after the current one whose votes are stored.
pub(crate) const ROUNDS_AHEAD_MAX: u64 = 16;
/// Rounds before the current one whose votes are still stored, for late quorums and evidence.
pub(crate) const ROUNDS_BEHIND_MAX: u64 = 64;
/// Proposals stored per round: the one that counts and the one that convicts.
pub(crate) const PROPOSALS_MAX: usize = 2;

/// A proposal with what the host knew when it came.
#[derive(Clone, Debug)]
pub(crate) struct Offer {
    pub(crate) signed: SignedProposal,
    pub(crate) timely: bool,
}

/// One round's messages.
#[derive(Clone, Debug, Default)]
pub(crate) struct RoundTally {
    pub(crate) offers: Vec<Offer>,
    pub(crate) prevotes: BTreeMap<u16, SignedVote>,
    pub(crate) precommits: BTreeMap<u16, SignedVote>,
    pub(crate) polka: Option<Polka>,
}

impl RoundTally {
    fn votes(&self, kind: VoteKind) -> &BTreeMap<u16, SignedVote> {
        match kind {
            VoteKind::Prevote => &self.prevotes,
            VoteKind::Precommit => &self.precommits,
        }
    }

    fn votes_mut(&mut self, kind: VoteKind) -> &mut BTreeMap<u16, SignedVote> {
        match kind {
            VoteKind::Prevote => &mut self.prevotes,
            VoteKind::Precommit => &mut self.precommits,
        }
    }

    /// Number of prevotes for no block.
    pub(crate) fn nil_prevotes(&self) -> usize {
        let nil = |vote: &&SignedVote| vote.statement.block.is_none();
        self.prevotes.values().filter(nil).count()
    }
}

/// One height's messages.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    rounds: BTreeMap<Round, RoundTally>,
    /// The highest round in which each validator was heard.
    heard: BTreeMap<u16, Round>,
}

impl Tally {
    /// Votes and proposals of `round`, if any were heard.
    pub(crate) fn round(&self, round: Round) -> Option<&RoundTally> {
        self.rounds.get(&round)
    }

    /// All stored rounds, the newest first.
    pub(crate) fn newest_first(&self) -> impl Iterator<Item = (&Round, &RoundTally)> {
        self.rounds.iter().rev()
    }

    /// The highest round that `count` validators have reached or passed.
    pub(crate) fn reached_by(&self, count: usize) -> Option<Round> {
        let mut rounds: Vec<Round> = self.heard.values().copied().collect();
        rounds.sort_unstable_by(|a, b| b.cmp(a));
        rounds.get(count.checked_sub(1)?).copied()
    }

    /// Notes that validator `index` spoke in `round`.
    pub(crate) fn hear(&mut self, index: u16, round: Round) {
        let highest = self.heard.entry(index).or_insert(round);
        *highest = round.max(*highest);
    }

    /// Forgets rounds that lie too far behind `current`.
    pub(crate) fn prune(&mut self, current: Round) {
        self.rounds = self.rounds.split_off(&first_kept(current));
    }

    /// Returns whether messages of `round` are stored while in `current`.
    pub(crate) fn keeps(current: Round, round: Round) -> bool {
        let last = current.get().saturating_add(ROUNDS_AHEAD_MAX);
        (first_kept(current)..=Round::new(last)).contains(&round)
    }

    /// Counts a vote if it is the validator's first of its kind in its round. Gives evidence if it
    /// convicts its signer together with an earlier one.
    pub(crate) fn add_vote(&mut self, index: u16, vote: &SignedVote) -> Option<Evidence> {
        let statement = &vote.statement;
        let votes = self
            .rounds
            .entry(statement.round)
            .or_default()
            .votes_mut(statement.kind);
        match votes.get(&index) {
            Some(first) if first.statement == *statement => None,
            Some(first) => Some(Evidence::DoubleVote(first.clone(), vote.clone())),
            None => {
                votes.insert(index, vote.clone());
                self.amnesia(index, vote)
            }
        }
    }

    /// Looks for a vote of the other kind that makes `vote` amnesia.
    fn amnesia(&self, index: u16, vote: &SignedVote) -> Option<Evidence> {
        self.rounds.values().find_map(|round| {
            let (precommit, prevote) = match vote.statement.kind {
                VoteKind::Prevote => (round.precommits.get(&index)?, vote),
                VoteKind::Precommit => (vote, round.prevotes.get(&index)?),
            };
            let evidence = Evidence::Amnesia {
                precommit: precommit.clone(),
                prevote: prevote.clone(),
            };
            evidence.check_shape().is_ok().then_some(evidence)
        })
    }

    /// Stores a proposal: the first counts, a different second one is evidence.
    pub(crate) fn add_offer(&mut self, offer: &Offer) -> Option<Evidence> {
        let statement = &offer.signed.statement;
        let offers = &mut self.rounds.entry(statement.round).or_default().offers;
        let known = |seen: &Offer| seen.signed.statement.says_the_same(statement);
        if offers.iter().any(known) || offers.len() >= PROPOSALS_MAX {
            return None;
        }
        offers.push(offer.clone());
        match offers.as_slice() {
            [first, second] => {
                let (first, second) = (first.signed.clone(), second.signed.clone());
                Some(Evidence::DoubleProposal(first, second))
            }
            _ => None,
        }
    }

    /// Keeps a polka that came whole. Its votes alone might not add up here, if an equivocator's
    /// other vote was counted first.
    pub(crate) fn keep_polka(&mut self, polka: &Polka) {
        let held = &mut self.rounds.entry(polka.round).or_default().polka;
        held.get_or_insert_with(|| polka.clone());
    }

    /// Makes the polka of `round` if the prevotes there add up to one and none is held yet.
    pub(crate) fn find_polka(&mut self, round: Round, validators: &ValidatorSet) {
        let Some(tally) = self.rounds.get_mut(&round) else {
            return;
        };
        if tally.polka.is_some() {
            return;
        }
        tally.polka = quorum_in(&tally.prevotes, validators.quorum()).and_then(|vote| {
            Some(Polka {
                height: vote.statement.height,
                round,
                block: vote.statement.block?,
                valid_round: vote.statement.valid_round,
                votes: signatures(&tally.prevotes, vote),
            })
        });
    }

    /// The commit of `round`, if the precommits there add up to one.
    pub(crate) fn find_commit(&self, round: Round, validators: &ValidatorSet) -> Option<Commit> {
        let precommits = &self.rounds.get(&round)?.precommits;
        let enough = if planted::is(Bug::DecidesEarly) {
            validators.faulty_max().saturating_add(1)
        } else {
            validators.quorum()
        };
        let mixed;
        let precommits = if planted::is(Bug::RoundsMixed) {
            mixed = self.precommits_of_all_rounds(round);
            &mixed
        } else {
            precommits
        };
        let vote = quorum_in(precommits, enough)?;
        Some(Commit {
            height: vote.statement.height,
            round,
            block: vote.statement.block?,
            votes: signatures(precommits, vote),
        })
    }

    /// Precommits as the planted bug counts them: of any round as of `round`.
    fn precommits_of_all_rounds(&self, round: Round) -> BTreeMap<u16, SignedVote> {
        let votes = self.rounds.values().flat_map(|tally| &tally.precommits);
        let block = |(_, vote): &(&u16, &SignedVote)| vote.statement.block.is_some();
        let moved = votes.filter(block).map(|(index, vote)| {
            let mut vote = vote.clone();
            vote.statement.round = round;
            (*index, vote)
        });
        moved.collect()
    }

    /// The precommits known of `round`.
    pub(crate) fn precommits(&self, round: Round) -> Vec<SignedVote> {
        let tally = self.rounds.get(&round);
        tally.map_or_else(Vec::new, |tally| {
            tally.precommits.values().cloned().collect()
        })
    }

    /// Returns whether this very vote is counted.
    pub(crate) fn knows_vote(&self, index: u16, vote: &SignedVote) -> bool {
        let round = self.rounds.get(&vote.statement.round);
        let held = round.and_then(|round| round.votes(vote.statement.kind).get(&index));
        held.is_some_and(|held| held == vote)
    }

    /// Returns whether a stored proposal or polka names `block`.
    pub(crate) fn mentions(&self, block: &BlockId) -> bool {
        self.rounds.values().any(|round| {
            round
                .polka
                .as_ref()
                .is_some_and(|polka| polka.block == *block)
                || round
                    .offers
                    .iter()
                    .any(|offer| offer.signed.statement.block == *block)
        })
    }
}

fn first_kept(current: Round) -> Round {
    Round::new(current.get().saturating_sub(ROUNDS_BEHIND_MAX))
}

/// The block vote that `quorum` of `votes` agree on, valid round included.
fn quorum_in(votes: &BTreeMap<u16, SignedVote>, quorum: usize) -> Option<&SignedVote> {
    let mut counts = BTreeMap::new();
    votes
        .values()
        .filter(|vote| vote.statement.block.is_some())
        .find(|vote| {
            let count = counts.entry(vote.statement).or_insert(0_usize);
            *count = count.saturating_add(1);
            *count >= quorum
        })
}

fn signatures(
    votes: &BTreeMap<u16, SignedVote>,
    agreed: &SignedVote,
) -> Vec<(u16, protocol::key::Signature)> {
    let agree = |(_, vote): &(&u16, &SignedVote)| vote.statement == agreed.statement;
    let signed = votes.iter().filter(agree);
    signed
        .map(|(index, vote)| (*index, vote.signature))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_about_the_current_one_are_kept_and_no_others() {
        let current = Round::new(100);
        let kept = |round| Tally::keeps(current, Round::new(round));
        let first = 100 - ROUNDS_BEHIND_MAX;
        let last = 100 + ROUNDS_AHEAD_MAX;
        assert!(kept(first) && kept(last) && !kept(first - 1) && !kept(last + 1));
        assert!(Tally::keeps(Round::new(3), Round::new(0)));
        let mut tally = Tally::default();
        for round in 0..=100 {
            tally
                .rounds
                .insert(Round::new(round), RoundTally::default());
        }
        tally.prune(current);
        assert_eq!(tally.rounds.len() as u64, ROUNDS_BEHIND_MAX + 1);
        assert!(tally.round(Round::new(first)).is_some());
    }
}
