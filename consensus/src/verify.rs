//! The only door into the machine: what passes here is signed by validators, and stays marked so.
//!
//! Certificates are checked signature by signature: a batch equation accepts what single checks
//! refuse. Every message is checked under the set of its own height, which the host knows
//! ([`crate::ValidatorHistory`]); what was checked under another set counts nowhere ([`Verified::set`]).
//! Not here: whether a block is valid (the ledger's) or timely (the host's).

#[cfg(not(test))]
use protocol::key;
use protocol::{
    hash::ChainId,
    height::Height,
    key::{PublicKey, Signature},
    planted::{self, Bug},
};
use thiserror::Error;

use crate::{
    certificate::{Commit, Polka},
    message::{SignedProposal, SignedVote, Vote},
    validators::{SetId, ValidatorSet},
};

/// Why a message is not let in.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Rejection {
    /// The signer is no validator at this height.
    #[error("{0} is not in the validator set")]
    Stranger(Box<PublicKey>),
    /// A certificate names a validator that does not exist.
    #[error("the certificate names validator {index}, but there are {count}")]
    NoSuchIndex {
        /// The index named.
        index: u16,
        /// Number of validators.
        count: usize,
    },
    /// Someone else's turn.
    #[error("the proposal is not by {0}, whose turn it is at this height and round")]
    NotProposer(Box<PublicKey>),
    /// Fields that no honest validator puts together.
    #[error("the message contradicts itself: {0}")]
    Malformed(&'static str),
    /// A signer twice, or signers not in ascending order.
    #[error("validator {0} stands twice or out of order in the certificate")]
    Order(u16),
    /// Too few signers to bind the network.
    #[error("the certificate has {found} votes where a quorum is {quorum}")]
    NoQuorum {
        /// Votes found.
        found: usize,
        /// Votes that bind.
        quorum: usize,
    },
    /// A signature does not hold.
    #[error("the signature of {0} does not verify")]
    Signature(Box<PublicKey>),
}

/// A message whose signatures hold under one validator set. Only this module makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified<T> {
    message: T,
    set: SetId,
}

impl<T> Verified<T> {
    /// The message.
    #[must_use]
    pub const fn get(&self) -> &T {
        &self.message
    }

    /// Gives the mark up and the message out.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.message
    }

    /// The validator set under which it holds.
    #[must_use]
    pub const fn set(&self) -> SetId {
        self.set
    }

    /// Takes `message` for verified: the crate's own simulations do without a hundred thousand real signatures.
    #[cfg(test)]
    pub(crate) const fn assume(message: T, validators: &ValidatorSet) -> Self {
        let set = validators.id();
        Self { message, set }
    }
}

/// Checks one vote.
///
/// # Errors
///
/// [`Rejection`] for a stranger's vote, and a signature that does not hold.
pub fn vote(
    chain: &ChainId,
    validators: &ValidatorSet,
    vote: &SignedVote,
) -> Result<Verified<SignedVote>, Rejection> {
    if validators.index_of(&vote.signer).is_none() {
        return Err(Rejection::Stranger(Box::new(vote.signer)));
    }
    if !vote.statement.is_well_formed() {
        return Err(Rejection::Malformed(
            "a valid round stands only in a prevote for a block, and before its round",
        ));
    }
    let bytes = vote.statement.sign_bytes(chain);
    check(&vote.signer, &bytes, &vote.signature)?;
    Ok(verified(vote, validators))
}

/// Checks a proposal and the polka in it.
///
/// # Errors
///
/// [`Rejection`] for a proposal that is not the due proposer's, a signature that does not hold, and a polka that is none.
pub fn proposal(
    chain: &ChainId,
    validators: &ValidatorSet,
    proposal: &SignedProposal,
) -> Result<Verified<SignedProposal>, Rejection> {
    let statement = &proposal.statement;
    let proposer = validators.proposer(statement.height, statement.round);
    if proposal.signer != proposer && !planted::is(Bug::AnyProposer) {
        return Err(Rejection::NotProposer(Box::new(proposer)));
    }
    if !statement.is_well_formed() {
        return Err(Rejection::Malformed(
            "a proposal's polka is for its block, at an earlier round of its height",
        ));
    }
    let bytes = statement.sign_bytes(chain);
    check(&proposal.signer, &bytes, &proposal.signature)?;
    if let Some(inner) = &statement.polka {
        polka(chain, validators, inner)?;
    }
    Ok(verified(proposal, validators))
}

/// Checks a quorum of prevotes.
///
/// # Errors
///
/// [`Rejection`] for fewer prevotes than the quorum, one that does not hold, and one that stands twice.
pub fn polka(
    chain: &ChainId,
    validators: &ValidatorSet,
    polka: &Polka,
) -> Result<Verified<Polka>, Rejection> {
    certificate(chain, validators, &polka.vote(), &polka.votes)?;
    Ok(verified(polka, validators))
}

/// Checks a quorum of precommits. Catch-up and auditors use it too.
///
/// # Errors
///
/// [`Rejection`] for fewer precommits than the quorum, one that does not hold, and one that stands twice.
pub fn commit(
    chain: &ChainId,
    validators: &ValidatorSet,
    commit: &Commit,
) -> Result<Verified<Commit>, Rejection> {
    if commit.height == Height::ZERO {
        return Err(Rejection::Malformed("genesis is agreed on, not voted on"));
    }
    certificate(chain, validators, &commit.vote(), &commit.votes)?;
    Ok(verified(commit, validators))
}

fn verified<T: Clone>(message: &T, validators: &ValidatorSet) -> Verified<T> {
    Verified {
        message: message.clone(),
        set: validators.id(),
    }
}

/// Everything that can be refused without arithmetic on curves comes first.
fn certificate(
    chain: &ChainId,
    validators: &ValidatorSet,
    vote: &Vote,
    votes: &[(u16, Signature)],
) -> Result<(), Rejection> {
    if !vote.is_well_formed() {
        return Err(Rejection::Malformed(
            "the valid round of a polka lies before its round",
        ));
    }
    let found = votes.len();
    let quorum = validators.quorum();
    if found < quorum {
        return Err(Rejection::NoQuorum { found, quorum });
    }
    let disorder = votes.array_windows().find(|[(a, _), (b, _)]| a >= b);
    if let Some([_, (index, _)]) = disorder
        && !planted::is(Bug::DuplicatesCounted)
    {
        return Err(Rejection::Order(*index));
    }
    let bytes = vote.sign_bytes(chain);
    for (index, signature) in votes {
        let key = validators.key(*index).ok_or(Rejection::NoSuchIndex {
            index: *index,
            count: validators.count(),
        })?;
        check(&key, &bytes, signature)?;
    }
    Ok(())
}

fn check(signer: &PublicKey, bytes: &[u8], signature: &Signature) -> Result<(), Rejection> {
    if holds(signer, bytes, signature) {
        Ok(())
    } else {
        Err(Rejection::Signature(Box::new(*signer)))
    }
}

/// Returns whether `signer` signed `bytes`.
#[cfg(not(test))]
pub(crate) fn holds(signer: &PublicKey, bytes: &[u8], signature: &Signature) -> bool {
    key::verify(signer, bytes, signature).is_ok()
}

/// In the crate's own simulations a signature is a hash: a million real ones would take minutes.
/// Real ones are tested in `consensus/tests`, which this build is no part of.
#[cfg(test)]
pub(crate) fn holds(signer: &PublicKey, bytes: &[u8], signature: &Signature) -> bool {
    crate::tests::world::toy_signature(signer, bytes) == *signature
}
