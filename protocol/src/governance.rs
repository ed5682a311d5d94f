//! Governance: how the agencies change their network while it runs; proposals, ballots and marks of
//! readiness, each one leaf of the log.
//!
//! A proposal holds the effect that it would have, word for word but without approvals; a ballot for it
//! holds the approval that the effect needs. So a block of the effect can be made by every node from its
//! own log. Signed with admin keys, which may stay offline; a mark of readiness is signed by a node. Not
//! here: which of them the ledger takes, and when an effect is due (`ledger::rules::governance`).

mod ballot;
mod change;
mod proposal;
mod readiness;

use crate::{
    authentic::Author, chain_id::SignedText, height::Height, key::Signature, text::Malformed,
};

pub use crate::genesis::PROTOCOL;

pub use self::{
    ballot::{Ballot, BallotStatement, Stance, Withdrawal, WithdrawalStatement},
    change::{APPROVAL_BYTES_MAX, ProposedChange, RulesChange, RulesStatement},
    proposal::{ChangeProposal, ChangeProposalStatement, PROPOSAL_BYTES_MAX},
    readiness::{ReadyFor, ReadyMark, ReadyStatement},
};

/// A leaf of governance. Nothing in it is believed yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GovernanceLeaf {
    /// An agency proposes a change.
    Proposal(Box<ChangeProposal>),
    /// An agency says what it thinks of one.
    Ballot(Ballot),
    /// An agency takes its own proposal back.
    Withdrawal(Withdrawal),
    /// A node says that its keys are at hand.
    Ready(ReadyMark),
}

impl GovernanceLeaf {
    /// Returns whether a leaf begins as one of governance does.
    #[must_use]
    pub fn is_start(bytes: &[u8]) -> bool {
        [
            proposal::WORD,
            ballot::BALLOT,
            ballot::WITHDRAWAL,
            readiness::WORD,
        ]
        .iter()
        .any(|word| bytes.starts_with(word.as_bytes()))
    }

    /// Reads a leaf; anything that `write` would not give back is refused.
    ///
    /// # Errors
    ///
    /// [`Malformed`] names the first line that is not of the format.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        if bytes.starts_with(proposal::WORD.as_bytes()) {
            return ChangeProposal::parse(bytes)
                .map(Box::new)
                .map(Self::Proposal);
        }
        if bytes.starts_with(ballot::BALLOT.as_bytes()) {
            return Ballot::parse(bytes).map(Self::Ballot);
        }
        if bytes.starts_with(ballot::WITHDRAWAL.as_bytes()) {
            return Withdrawal::parse(bytes).map(Self::Withdrawal);
        }
        ReadyMark::parse(bytes).map(Self::Ready)
    }

    /// The bytes of the leaf.
    #[must_use]
    pub fn write(&self) -> String {
        match self {
            Self::Proposal(proposal) => proposal.write(),
            Self::Ballot(ballot) => ballot.write(),
            Self::Withdrawal(withdrawal) => withdrawal.write(),
            Self::Ready(mark) => mark.write(),
        }
    }

    /// The author whose signature the leaf must bear.
    #[must_use]
    pub const fn author(&self) -> Author<'_> {
        match self {
            Self::Proposal(proposal) => Author::Agency(&proposal.statement.author),
            Self::Ballot(ballot) => Author::Agency(&ballot.statement.author),
            Self::Withdrawal(withdrawal) => Author::Agency(&withdrawal.statement.author),
            Self::Ready(mark) => mark.statement.author(),
        }
    }

    /// The last height at which it may be decided: none of them ends by itself, each is refused once
    /// the proposal that it is about is over.
    #[must_use]
    pub const fn expires(&self) -> Height {
        Height::new(u64::MAX)
    }

    /// Its signature, and over which kind of text.
    #[must_use]
    pub const fn signature(&self) -> (SignedText, &Signature) {
        match self {
            Self::Proposal(proposal) => (SignedText::Proposal, &proposal.signature),
            Self::Ballot(ballot) => (SignedText::Ballot, &ballot.signature),
            Self::Withdrawal(withdrawal) => (SignedText::Withdrawal, &withdrawal.signature),
            Self::Ready(mark) => (SignedText::Ready, &mark.signature),
        }
    }

    /// The text up to and without the signature line.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Proposal(proposal) => proposal.statement.write(),
            Self::Ballot(ballot) => ballot.statement.write(),
            Self::Withdrawal(withdrawal) => withdrawal.statement.write(),
            Self::Ready(mark) => mark.text(),
        }
    }
}
