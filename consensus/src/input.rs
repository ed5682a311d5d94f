//! What the world tells the machine: facts, in the past tense.

use protocol::{hash::BlockId, height::Round};

use crate::{
    certificate::{Commit, Polka},
    message::{SignedProposal, SignedVote},
    timeouts::Timer,
    verify::Verified,
};

/// A fact. The order in which facts arrive is all the time there is.
#[derive(Clone, Debug)]
pub enum Input {
    /// The machine was created: it says again what its safety record says, and sets its timers.
    Start,
    /// The note on the block before, by a quorum of those who decided it, and the proof of the epoch
    /// that it ended are on this host's disk: a held height begins.
    Released,
    /// Entries wait to be decided, or no longer do. Forgotten when a height ends: the host says it
    /// again, since the block may have emptied the queue.
    Pending(bool),
    /// A proposal of this height came (own ones too, once signed), and its block is on this host's
    /// disk and was executed. The host keeps proposals of the next height until it can do that.
    Proposal {
        /// The proposal.
        proposal: Verified<SignedProposal>,
        /// `true` if the ledger's rules allow the block.
        valid: bool,
        /// `true` if the block's time was near this host's clock when the proposal arrived. It does
        /// not matter for re-proposals.
        timely: bool,
    },
    /// A vote came (own ones too, once signed).
    Vote(Verified<SignedVote>),
    /// A quorum of prevotes came.
    Polka(Verified<Polka>),
    /// A quorum of precommits came, from a peer or from catch-up.
    Commit(Verified<Commit>),
    /// The block that `Effect::Build` asked for is made, executed and on disk.
    Built {
        /// The round it was asked for.
        round: Round,
        /// The block.
        block: BlockId,
    },
    /// A block is on disk and was executed, fetched for `Effect::Fetch` or come otherwise.
    BlockKnown {
        /// The block.
        block: BlockId,
        /// `true` if the ledger's rules allow the block.
        valid: bool,
    },
    /// The host has no room for a block that was made known and that the machine does not need now
    /// ([`crate::Machine::needs`]). If it matters later, it is ordered again.
    BlockDropped(BlockId),
    /// A timer ran out.
    Elapsed(Timer),
}
