//! How long the machine waits. It only orders a timer; that it ran out comes back as an input.
//!
//! Linear in the round and capped: doubling timeouts make a network wait an hour after a bad night.

use protocol::{
    height::{Height, Round},
    planted::{self, Bug},
};
use serde::{Deserialize, Serialize};

/// The events that timers wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum TimerKind {
    /// A proposal.
    Propose,
    /// A quorum of prevotes that agree.
    Prevote,
    /// A quorum of precommits that agree.
    Precommit,
    /// The time to say again what may have been lost.
    Resend,
}

/// A timer that the host keeps. One of a past height or round does nothing when it runs out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Timer {
    /// Event that is waited for.
    pub kind: TimerKind,
    /// The height that waits.
    pub height: Height,
    /// The round that waits.
    pub round: Round,
}

/// One wait: `base_ms + step_ms * round`, at most `max_ms`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// In round 0.
    pub base_ms: u64,
    /// More in each further round.
    pub step_ms: u64,
    /// Never more than this.
    pub max_ms: u64,
}

impl Wait {
    fn after_ms(self, round: Round) -> u64 {
        let grown = self.step_ms.saturating_mul(round.get());
        let wanted = self.base_ms.saturating_add(grown);
        if wanted < self.max_ms || planted::is(Bug::TimerUncapped) {
            wanted
        } else {
            self.max_ms
        }
    }
}

/// All waits of a validator. They need not be equal on all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For a proposal.
    pub propose: Wait,
    /// After a quorum of prevotes that do not agree.
    pub prevote: Wait,
    /// After a quorum of precommits that do not agree.
    pub precommit: Wait,
    /// Between two repetitions.
    pub resend_ms: u64,
}

impl Default for Timeouts {
    fn default() -> Self {
        let vote = Wait {
            base_ms: 500,
            step_ms: 250,
            max_ms: 5_000,
        };
        Self {
            propose: Wait {
                base_ms: 1_000,
                step_ms: 500,
                max_ms: 10_000,
            },
            prevote: vote,
            precommit: vote,
            resend_ms: 1_000,
        }
    }
}

impl Timeouts {
    /// Duration of a timer of `kind` in `round`, in milliseconds.
    #[must_use]
    pub fn after_ms(&self, kind: TimerKind, round: Round) -> u64 {
        match kind {
            TimerKind::Propose => self.propose.after_ms(round),
            TimerKind::Prevote => self.prevote.after_ms(round),
            TimerKind::Precommit => self.precommit.after_ms(round),
            TimerKind::Resend => self.resend_ms,
        }
    }
}
