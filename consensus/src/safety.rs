//! What a validator must remember through a crash so that it never contradicts itself.
//!
//! It is also the machine's own notion of where it stands. The host writes it with sync when
//! [`crate::Effect::Persist`] says so, and clears it in the batch that stores the decided block.
//! Losing it while the key lives on is answered with [`Safety::observe_until`].

use protocol::{
    hash::{BlockId, ChainId},
    height::{Height, Round},
    key::PublicKey,
};
use serde::{Deserialize, Serialize};

use crate::{
    certificate::Polka,
    message::{Proposal, SignedVote, Vote},
    validators::SetId,
};

/// The steps of a round.
///
/// ```text
///            entries wait, a valid proposal, f+1 others
///   Idle ──────────────────────────────────────────────► Propose ──► Prevote ──► Precommit ──► Decided
///                                                           ▲                        │
///                                                           └────── next round ──────┘
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum RoundStep {
    /// Nothing to decide: no timers, no traffic.
    Idle,
    /// Waits for a proposal, or makes one.
    Propose,
    /// Has prevoted.
    Prevote,
    /// Has precommitted.
    Precommit,
    /// The height is over.
    Decided,
}

impl RoundStep {
    /// The step in one word, for status pages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Propose => "propose",
            Self::Prevote => "prevote",
            Self::Precommit => "precommit",
            Self::Decided => "decided",
        }
    }
}

/// The block that a validator last precommitted, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lock {
    /// Round of the precommit.
    pub round: Round,
    /// The block.
    pub block: BlockId,
}

/// The safety record: one per vote key, of one height.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Safety {
    /// The network it binds in. A record of another network binds nothing here.
    pub chain: ChainId,
    /// The vote key that it binds; none of an observer, who says nothing. It binds no other key.
    pub key: Option<PublicKey>,
    /// The height it binds at.
    pub height: Height,
    /// The validators of that height; none if nothing was said. The polka and the votes below hold
    /// under this set alone, and are taken up under no other. (Records of version 1 name none: then no
    /// set could change yet.)
    pub set: Option<SetId>,
    /// The round of the statements below.
    pub round: Round,
    /// Step of that round.
    pub step: RoundStep,
    /// `lockedValue`, `lockedRound`.
    pub locked: Option<Lock>,
    /// `validValue`, `validRound`, with the proof.
    pub valid: Option<Polka>,
    /// Proposal that this validator made in the round.
    pub proposal: Option<Proposal>,
    /// Prevote that it gave in the round.
    pub prevote: Option<Vote>,
    /// Precommit that it gave in the round.
    pub precommit: Option<Vote>,
    /// The known precommits of the round before: why this round was entered. Without them a
    /// restarted validator could leave behind for ever those who missed one of these votes.
    pub passed: Vec<SignedVote>,
}

impl Safety {
    /// The record of a key that has said nothing at `height` yet.
    #[must_use]
    pub const fn blank(chain: ChainId, key: Option<PublicKey>, height: Height) -> Self {
        Self {
            chain,
            key,
            height,
            set: None,
            round: Round::ZERO,
            step: RoundStep::Idle,
            locked: None,
            valid: None,
            proposal: None,
            prevote: None,
            precommit: None,
            passed: Vec::new(),
        }
    }

    /// The record to start with when the true one is lost but the key is not: the validator only
    /// follows until `height`, which must lie above every height at which it may have voted.
    #[must_use]
    pub const fn observe_until(chain: ChainId, key: Option<PublicKey>, height: Height) -> Self {
        Self::blank(chain, key, height)
    }

    /// Returns whether it binds what `key` says in that network at `height` or later.
    pub(crate) fn binds(&self, chain: ChainId, key: Option<PublicKey>, height: Height) -> bool {
        self.chain == chain && self.key == key && self.height >= height
    }

    /// Moves to `round`, in which nothing is said yet. Lock and valid polka stay.
    pub(crate) fn enter(&mut self, round: Round) {
        self.round = round;
        self.step = RoundStep::Propose;
        self.proposal = None;
        self.prevote = None;
        self.precommit = None;
    }
}
