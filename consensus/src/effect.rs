//! What the machine orders its host to do: imperative, to be performed in order.

use protocol::{
    hash::BlockId,
    height::{Height, Round},
    key::PublicKey,
};

use crate::{
    certificate::{Commit, Polka},
    evidence::Evidence,
    message::{Message, Proposal, Vote},
    safety::Safety,
    timeouts::Timer,
};

/// An order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Write this with sync before anything that follows is done. If it cannot be written, nothing
    /// that follows may be done.
    Persist(Safety),
    /// Sign, broadcast, and feed back as `Input::Proposal`.
    Propose(Proposal),
    /// Sign, broadcast, and feed back as `Input::Vote`: it counts only then.
    Vote(Vote),
    /// Send to all validators, once.
    BroadcastPolka(Polka),
    /// Send to all validators again: one of them may have missed it.
    Rebroadcast(Vec<Message>),
    /// Feed `Input::Elapsed(timer)` after so long.
    Schedule {
        /// The timer.
        timer: Timer,
        /// Duration, in milliseconds.
        after_ms: u64,
    },
    /// Make a block of the waiting entries, store it, and feed `Input::Built`.
    Build {
        /// For this height.
        height: Height,
        /// For this round.
        round: Round,
    },
    /// Find the block on disk or ask these validators, execute it, and feed `Input::BlockKnown`.
    Fetch {
        /// The block.
        block: BlockId,
        /// Validators that voted for it, and so should have it.
        from: Vec<PublicKey>,
    },
    /// A validator has provably broken the rules.
    Evidence(Evidence),
    /// The height is decided: store block, commit and state in one batch, clear the safety record,
    /// then call [`crate::Machine::advance`].
    Decide(Commit),
    /// Something that cannot happen while at most f validators are faulty. Tell the operators.
    Alarm(Alarm),
}

/// An event that must not happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Alarm {
    /// A quorum voted for a block that this host judged invalid: this host's software or state
    /// differs from theirs. The machine halts.
    QuorumForInvalid {
        /// The block.
        block: BlockId,
        /// The round of the quorum.
        round: Round,
    },
    /// Two blocks of one height have a quorum of precommits: the network has forked. The machine
    /// halts; the evidence names at least f + 1.
    Fork {
        /// The commit known first.
        known: Commit,
        /// The other one.
        other: Commit,
    },
    /// A message with this validator's own key that its safety record does not know: the record
    /// was lost, or the key is used elsewhere. Or its record of this height names other validators,
    /// so the key has spoken in another history. The machine says nothing more at this height.
    OtherSelf {
        /// The height of the message.
        height: Height,
        /// The round of the message.
        round: Round,
    },
}
