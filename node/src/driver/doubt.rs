//! What this validator may have said and does not remember.
//!
//! A wiped folder, an older backup or a copy of the folder elsewhere all look alike from inside: the
//! record of votes is whole, and old. So the others tell every validator the newest vote of its own
//! that they have seen, signed as it was; and a validator without any record asks how far the others
//! are before it speaks. In doubt it follows in silence until the network is past every height at
//! which it can have voted. This does not replace the record: a peer that saw nothing says nothing.

use std::collections::BTreeMap;

use consensus::{Effect, Input, Machine, Safety, SignedVote, Verified, VoteKind, verify};
use protocol::{height::Height, key::PublicKey};

use super::Driver;
use crate::network::PeerIndex;

/// A validator has voted at most two heights above the last block of whoever is not behind it: at the
/// height after its own last block, which others may still be deciding.
const VOTES_AHEAD: u64 = 2;

/// What is known of votes that are not in the record.
#[derive(Debug, Default)]
pub(super) struct Doubt {
    /// What each validator has first told of its height, while this one has no record at all.
    asking: Option<BTreeMap<PeerIndex, Height>>,
    /// The height from which this validator may speak, if it must be silent.
    silent_until: Option<Height>,
    /// The newest vote of each validator that was seen.
    newest: BTreeMap<PublicKey, SignedVote>,
}

impl Doubt {
    /// Begins with a question if there is no record.
    pub(super) fn new(is_recordless: bool) -> Self {
        Self {
            asking: is_recordless.then(BTreeMap::new),
            ..Self::default()
        }
    }

    /// Why the validator is silent, for its operator.
    pub(super) fn reason(&self) -> Option<String> {
        if self.asking.is_some() {
            return Some(
                "it has no record of its votes and asks the others how far they are".to_owned(),
            );
        }
        let until = self.silent_until?;
        Some(format!(
            "it may have voted before height {until} without remembering it (a wiped folder, an old backup, or a second node with its keys); it follows in silence until then"
        ))
    }
}

fn place(vote: &SignedVote) -> (Height, u64, bool) {
    let statement = &vote.statement;
    (
        statement.height,
        statement.round.get(),
        statement.kind == VoteKind::Precommit,
    )
}

impl Driver {
    /// Remembers a vote, so that its signer can be told of it.
    pub(super) fn remember_vote(&mut self, vote: &SignedVote) {
        let newest = self.doubt.newest.get(&vote.signer);
        if newest.is_none_or(|newest| place(newest) < place(vote)) {
            self.doubt.newest.insert(vote.signer, vote.clone());
        }
    }

    /// The newest vote of the peer's agency that was seen here.
    pub(super) fn newest_vote_of(&self, peer: PeerIndex) -> Option<SignedVote> {
        let name = self.shared.peers.get(peer.get())?;
        let mut keys = self.agencies.iter();
        let (key, _) = keys.find(|(_, agency)| agency.as_str() == name)?;
        self.doubt.newest.get(key).cloned()
    }

    /// A peer says how far it is, and which vote of this validator it saw last.
    pub(super) fn on_told(&mut self, from: PeerIndex, height: Height, mine: Option<&SignedVote>) {
        self.count_answer(from, height);
        let me = self.signer.as_ref().map(|signer| signer.public());
        let Some(vote) = mine.filter(|vote| Some(vote.signer) == me) else {
            return;
        };
        let voted = vote.statement.height;
        if voted < self.machine.height() {
            return;
        }
        let Ok(vote) = verify::vote(&self.chain, &self.validators, vote) else {
            return;
        };
        self.is_reminded(voted, vote);
    }

    fn is_reminded(&mut self, voted: Height, vote: Verified<SignedVote>) {
        if voted == self.machine.height() {
            // The machine compares it with its record.
            return self.feed(Input::Vote(vote));
        }
        tracing::error!(event = "forgotten-vote", %voted, "a peer has a vote of this validator for a height that it has not reached; following in silence");
        self.fall_silent(voted.next());
    }

    fn count_answer(&mut self, from: PeerIndex, height: Height) {
        let is_validator = self
            .shared
            .peers
            .get(from.get())
            .is_some_and(|name| self.agencies.values().any(|agency| agency.as_str() == name));
        let Some(asking) = self.doubt.asking.as_mut().filter(|_| is_validator) else {
            return;
        };
        asking.entry(from).or_insert(height);
        // A height counts once this node has its block: a single liar must not silence it for ever.
        let top = self.shared.ledger.head().height();
        let proven = asking.values().filter(|told| **told <= top).count();
        if proven.saturating_add(1) < self.validators.quorum() {
            return;
        }
        self.doubt.asking = None;
        if top == Height::ZERO {
            tracing::info!(
                event = "first-start",
                "the network has no block yet; this validator votes from the first"
            );
            self.begin_again(Safety::blank(self.chain, top.next()));
        } else {
            let until = Height::new(top.get().saturating_add(VOTES_AHEAD)).next();
            tracing::error!(event = "no-record", %until, "there is no record of this validator's votes; following in silence");
            self.fall_silent(until);
        }
    }

    fn fall_silent(&mut self, until: Height) {
        if self
            .doubt
            .silent_until
            .is_some_and(|silent| silent >= until)
        {
            return;
        }
        self.doubt.silent_until = Some(until);
        self.begin_again(Safety::observe_until(self.chain, until));
    }

    /// A machine for the same height with another memory, which outlives this run: who starts again
    /// in the meantime must not have to ask again, and be silent for longer each time.
    fn begin_again(&mut self, record: Safety) {
        let me = self.signer.as_ref().map(|signer| signer.public());
        let height = self.machine.height();
        self.orders.clear();
        self.timers.clear();
        self.orders.push_back(Effect::Persist(record.clone()));
        let record = Some(record);
        self.machine = Machine::new(self.chain, self.validators.clone(), me, height, record);
        self.feed(Input::Start);
        for block in self.candidates.blocks() {
            self.feed(Input::BlockKnown { block, valid: true });
        }
        let waits = !self.shared.mempool().is_empty();
        self.feed(Input::Pending(waits));
    }
}
