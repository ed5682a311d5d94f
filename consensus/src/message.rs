//! What validators say to each other, and the bytes that they sign.
//!
//! Nothing here is believed: [`crate::verify`] decides that. Serde is for the wire and the disk; the
//! signed bytes are written by hand and have one width.

use protocol::{
    hash::{BlockId, ChainId},
    height::{Height, Round},
    key::{PublicKey, Signature},
    planted::{self, Bug},
};
use serde::{Deserialize, Serialize};

use crate::certificate::{Commit, Polka};

const PROPOSAL_DOMAIN: &[u8] = b"muhr/proposal/v1\0";
const VOTE_DOMAIN: &[u8] = b"muhr/vote/v1\0";
const PROPOSAL_KIND: u8 = 0;

/// The two kinds of votes of a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum VoteKind {
    /// I would accept this block in this round.
    Prevote,
    /// I have seen a quorum of prevotes for this block.
    Precommit,
}

impl VoteKind {
    /// The byte in the signed bytes. Only add, never renumber.
    const fn tag(self) -> u8 {
        match self {
            Self::Prevote => 1,
            Self::Precommit => 2,
        }
    }
}

/// One vote: for a block, or for none in this round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Vote {
    /// Prevote or precommit.
    pub kind: VoteKind,
    /// The height voted on.
    pub height: Height,
    /// The round voted in.
    pub round: Round,
    /// The block, or none: "nil".
    pub block: Option<BlockId>,
    /// In a prevote for a re-proposed block, the round of the polka that the proposal carried.
    /// It makes amnesia provable from two messages.
    pub valid_round: Option<Round>,
}

impl Vote {
    /// The bytes that are signed, 104 of them.
    #[must_use]
    pub fn sign_bytes(&self, chain: &ChainId) -> Vec<u8> {
        let place = (self.height, self.round);
        let kind = self.kind.tag();
        statement(
            VOTE_DOMAIN,
            chain,
            kind,
            place,
            self.block,
            self.valid_round,
        )
    }

    /// Returns whether an honest validator could ever say this: a valid round stands only in a prevote for
    /// a block, and lies before the round.
    #[must_use]
    pub fn is_well_formed(&self) -> bool {
        self.valid_round.is_none_or(|valid_round| {
            self.kind == VoteKind::Prevote && self.block.is_some() && valid_round < self.round
        })
    }
}

/// A proposer's block for a round: fresh, or one that once had a polka.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// The height proposed for.
    pub height: Height,
    /// The round proposed in.
    pub round: Round,
    /// The block.
    pub block: BlockId,
    /// For a re-proposal, the quorum of prevotes that justifies it. Only its round is signed over,
    /// since it carries its own signatures.
    pub polka: Option<Polka>,
}

impl Proposal {
    /// The round of the polka, for a re-proposal.
    #[must_use]
    pub fn valid_round(&self) -> Option<Round> {
        self.polka.as_ref().map(|polka| polka.round)
    }

    /// The bytes that are signed, 108 of them.
    #[must_use]
    pub fn sign_bytes(&self, chain: &ChainId) -> Vec<u8> {
        let place = (self.height, self.round);
        let block = Some(self.block);
        statement(
            PROPOSAL_DOMAIN,
            chain,
            PROPOSAL_KIND,
            place,
            block,
            self.valid_round(),
        )
    }

    /// Returns whether the polka, if any, is for this block at an earlier round of this height.
    #[must_use]
    pub fn is_well_formed(&self) -> bool {
        self.polka.as_ref().is_none_or(|polka| {
            polka.height == self.height && polka.block == self.block && polka.round < self.round
        })
    }

    /// Returns whether both bind their proposer to the same thing.
    #[must_use]
    pub fn says_the_same(&self, other: &Self) -> bool {
        (self.height, self.round, self.block, self.valid_round())
            == (other.height, other.round, other.block, other.valid_round())
    }
}

/// Fixed width: an absent block or round is tag 0 and zeros.
fn statement(
    domain: &[u8],
    chain: &ChainId,
    kind: u8,
    (height, round): (Height, Round),
    block: Option<BlockId>,
    valid_round: Option<Round>,
) -> Vec<u8> {
    let mut out = domain.to_vec();
    if !planted::is(Bug::NoOrigin) {
        out.extend_from_slice(chain.as_bytes());
    }
    if !planted::is(Bug::NoKind) {
        out.push(kind);
    }
    out.extend_from_slice(&height.get().to_be_bytes());
    if !planted::is(Bug::NoRound) {
        out.extend_from_slice(&round.get().to_be_bytes());
    }
    out.push(u8::from(block.is_some()));
    out.extend_from_slice(block.unwrap_or(BlockId::new([0; 32])).as_bytes());
    if planted::is(Bug::NoValidRound) {
        return out;
    }
    out.push(u8::from(valid_round.is_some()));
    out.extend_from_slice(&valid_round.map_or(0, Round::get).to_be_bytes());
    out
}

/// A claim as it came from outside. Nothing in it is believed yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed<T> {
    /// The signed statement.
    pub statement: T,
    /// Signer of the statement.
    pub signer: PublicKey,
    /// Over the statement's `sign_bytes`.
    pub signature: Signature,
}

/// A vote with its signature.
pub type SignedVote = Signed<Vote>;
/// A proposal with its signature.
pub type SignedProposal = Signed<Proposal>;

/// A message between validators.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Message {
    /// A proposer's block.
    Proposal(SignedProposal),
    /// A vote.
    Vote(SignedVote),
    /// A quorum of prevotes.
    Polka(Polka),
    /// A quorum of precommits: the decision.
    Commit(Commit),
}
