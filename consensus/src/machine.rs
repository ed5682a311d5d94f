//! The machine: takes one fact, returns the orders that follow from it.
//!
//! Pure: no clock, randomness, keys, files or log; the same facts in the same order give the same
//! orders. After each fact these rules are tried in this order until none fires (`machine/rules.rs`;
//! q = quorum, f = faulty_max, r = current round):
//!
//! | rule | lines | when | then |
//! |---|---|---|---|
//! | 1 decide | L49-54 | q precommits for a block at any round, or a commit; block known and valid | decide |
//! | 2 skip | L55-56 | f+1 validators spoke in rounds >= R > r (R >= r, while idle) | start round R |
//! |   wake | new | idle, and there is a cause: entries wait, a valid proposal, a polka | start the round |
//! | 3 fresh | L22-27 | step propose, proposal without polka | prevote it if valid, timely and **not locked**; else nil |
//! | 4 again | L28-33 | step propose, proposal with a polka of round vr < r | prevote it with vr if valid and **lockedRound <= vr**; else nil |
//! | 5 polka | L36-43 | step >= prevote, polka of r, block known and valid | if step = prevote: lock, precommit, send the polka on; valid := polka |
//! |   older | new | polka of a round < r, newer than valid, block known and valid | valid := polka, never the lock |
//! | 6 nil | L44-46 | step prevote, q prevotes nil | precommit nil |
//! | 7 | L34-35 | step prevote, q prevotes of any kind | timer prevote, once per round |
//! | 8 | L47-48 | q precommits of any kind | timer precommit, once per round |
//! |   propose | L14-19 | step propose, my turn, not proposed yet | re-propose valid with its polka; else, if entries wait, build |
//! | 9 timers | L57-67 | propose / prevote / precommit ran out in r | prevote nil / precommit nil / start round r+1, or be idle in it without a cause |
//!
//! 3 and 4 are stricter than the paper (no "or lockedValue = v"): with them no honest validator can
//! be accused of amnesia. A quorum for a block that was judged invalid halts the machine. An observer,
//! and a validator whose safety record is of a later height, follow rules 1 and 2 only and are silent.
//!
//! Validators may be others at the next height ([`Machine::advance`]). Whoever speaks here follows from
//! the set: a key that is not in it observes, and speaks again when it is. Votes of the next height that
//! came early are verified anew under its set. The height after a change is **held**: no rule fires, so
//! there are no timers, votes, proposals and decisions, while messages are taken in and counted. The hold
//! ends by [`Input::Released`] and by nothing else, not by a certificate of the height: whoever passed it
//! without the note of the block before would leave a hole in the chain of trust (`tests/boundary.rs`).
//!
//! Restart: `Safety` is written before each own message leaves, so the machine says the very same
//! again and never decides anew what is recorded. Rounds entered without a word leave no trace: to be
//! back in an earlier round is the same as to be slow.

mod facts;
mod parameters;
mod rules;
mod speech;
mod status;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use protocol::{
    hash::{BlockId, ChainId},
    height::{Height, Round},
    key::PublicKey,
    planted::{self, Bug},
};

pub use parameters::HeightParameters;
#[cfg(test)]
pub(crate) use rules::lock_allows;
pub use status::MachineStatus;

use crate::{
    certificate::Commit,
    effect::Effect,
    evidence::Offence,
    input::Input,
    message::SignedVote,
    safety::{Lock, RoundStep, Safety},
    tally::Tally,
    timeouts::Timeouts,
    validators::ValidatorSet,
    verify::{self, Verified},
};

/// Votes of the next height that are kept per validator.
pub const FUTURE_VOTES_MAX: usize = 8;
/// Judged blocks that are remembered beyond those that a stored message names.
const BLOCKS_MAX: usize = 256;

/// Steps that were already taken in the current round.
#[derive(Clone, Copy, Debug, Default)]
struct RoundRecord {
    build_asked: bool,
    built: Option<BlockId>,
    prevote_timer: bool,
    precommit_timer: bool,
}

/// The consensus of one validator or observer, one height at a time.
#[derive(Clone, Debug)]
pub struct Machine {
    chain: ChainId,
    validators: ValidatorSet,
    me: Option<PublicKey>,
    timeouts: Timeouts,
    /// State of the machine. What is on disk may be older, by moves that said nothing.
    record: Safety,
    /// The record on disk, while it is of a later height: nothing may be said before that.
    later: Option<Safety>,
    /// `true` while the note of the block before is not on disk: no rule fires.
    is_held: bool,
    /// `true` if this validator must not speak at this height for another reason.
    muted: bool,
    halted: bool,
    tally: Tally,
    /// Blocks judged, and whether they are valid.
    blocks: BTreeMap<BlockId, bool>,
    fetching: BTreeMap<BlockId, Vec<PublicKey>>,
    commit: Option<Commit>,
    pending: bool,
    done: RoundRecord,
    resend_scheduled: bool,
    future: BTreeMap<PublicKey, VecDeque<Verified<SignedVote>>>,
    /// One piece of evidence per validator and offence is enough.
    accused: BTreeSet<(PublicKey, Offence)>,
    effects: Vec<Effect>,
}

impl Machine {
    /// A machine that is about to decide a height. A record of a lower height, of another key or of
    /// another network binds nothing; one of a later height silences the machine until then. Feed
    /// [`Input::Start`] first.
    #[must_use]
    pub fn new(chain: ChainId, begun: HeightParameters) -> Self {
        let HeightParameters {
            height,
            validators,
            me,
            record,
            is_held,
        } = begun;
        Self {
            chain,
            me,
            timeouts: Timeouts::default(),
            record: Safety {
                set: Some(validators.id()),
                ..Safety::blank(chain, me, height)
            },
            validators,
            later: record.filter(|record| record.binds(chain, me, height)),
            is_held: is_held && !planted::is(Bug::HoldSkipped),
            muted: false,
            halted: false,
            tally: Tally::default(),
            blocks: BTreeMap::new(),
            fetching: BTreeMap::new(),
            commit: None,
            pending: false,
            done: RoundRecord::default(),
            resend_scheduled: false,
            future: BTreeMap::new(),
            accused: BTreeSet::new(),
            effects: Vec::new(),
        }
    }

    /// Sets other waits.
    #[must_use]
    pub const fn with_timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// Takes one fact and returns the orders that follow, in the order to perform them.
    #[must_use = "an order that is not performed stalls the validator"]
    pub fn step(&mut self, input: Input) -> Vec<Effect> {
        if self.halted {
            return Vec::new();
        }
        self.on(input);
        self.settle();
        std::mem::take(&mut self.effects)
    }

    /// Goes on to the next height once the one before is on disk. Votes that came early are counted
    /// now, if they hold under the set of the next height. Does nothing if that is not above the present
    /// one, or while the present one is held: then it is not decided.
    #[must_use = "an order that is not performed stalls the validator"]
    pub fn advance(&mut self, mut next: HeightParameters) -> Vec<Effect> {
        if self.halted || self.is_held || next.height <= self.record.height {
            return Vec::new();
        }
        if planted::is(Bug::OldSetVotesOn) {
            (next.validators, next.me) = (self.validators.clone(), self.me);
        }
        // What silences this key at a later height does so still, unless the disk has something newer.
        let records = self.later.take().into_iter().chain(next.record.take());
        let own = records.filter(|record| record.key == next.me);
        next.record = own.max_by_key(|record| record.height);
        let early = std::mem::take(&mut self.future).into_values().flatten();
        let early = early.filter_map(|vote| verified_anew(vote, &self.chain, &next.validators));
        let early: Vec<_> = early.collect();
        *self = Self::new(self.chain, next).with_timeouts(self.timeouts);
        self.on(Input::Start);
        // Twice: votes far ahead only count once the first of them have led there.
        for vote in early.iter().chain(&early) {
            self.on(Input::Vote(vote.clone()));
            self.settle();
        }
        self.settle();
        std::mem::take(&mut self.effects)
    }

    /// The height that is being decided, or was just decided.
    #[must_use]
    pub const fn height(&self) -> Height {
        self.record.height
    }

    /// The current round.
    #[must_use]
    pub const fn round(&self) -> Round {
        self.record.round
    }

    /// Step of the present round.
    #[must_use]
    pub const fn step_now(&self) -> RoundStep {
        self.record.step
    }

    /// The block that this validator is locked on.
    #[must_use]
    pub const fn locked(&self) -> Option<Lock> {
        self.record.locked
    }

    /// The record that binds this machine: the one on disk while it is of a later height, else where the
    /// machine stands.
    #[must_use]
    pub fn record(&self) -> Safety {
        self.later.clone().unwrap_or_else(|| self.record.clone())
    }

    /// The validators of this height.
    #[must_use]
    pub const fn validators(&self) -> &ValidatorSet {
        &self.validators
    }

    /// Returns whether an alarm has stopped the machine for good.
    #[must_use]
    pub const fn is_halted(&self) -> bool {
        self.halted
    }

    /// Returns whether this height waits for the note of the block before.
    #[must_use]
    pub const fn is_held(&self) -> bool {
        self.is_held
    }

    /// Returns whether this machine votes at this height now.
    #[must_use]
    pub fn speaks(&self) -> bool {
        !self.is_held && self.may_speak()
    }

    /// Returns whether this machine votes at this height, once that is not held.
    fn may_speak(&self) -> bool {
        !self.muted && self.later.is_none() && self.my_index().is_some()
    }

    fn my_index(&self) -> Option<u16> {
        self.validators.index_of(&self.me?)
    }

    fn my_turn(&self) -> bool {
        let proposer = self.validators.proposer(self.height(), self.round());
        self.me == Some(proposer)
    }
}

/// The vote as one of the set of its own height. What holds under another set is looked at again.
fn verified_anew(
    vote: Verified<SignedVote>,
    chain: &ChainId,
    validators: &ValidatorSet,
) -> Option<Verified<SignedVote>> {
    if vote.set() == validators.id() || planted::is(Bug::EarlyVotesDropped) {
        return Some(vote);
    }
    verify::vote(chain, validators, vote.get()).ok()
}
