//! Quorums of votes in one message: a polka (prevotes) and a commit (precommits).
//!
//! Different validators may hold different valid commits of one block; nothing in the ledger's state
//! may be derived from which votes a commit happens to hold.

use protocol::{
    hash::BlockId,
    height::{Height, Round},
    key::Signature,
};
use serde::{Deserialize, Serialize};

use crate::{
    message::{SignedVote, Vote, VoteKind},
    validators::{VALIDATORS_MAX, ValidatorSet},
};

/// Votes of a certificate: validator index and signature, by ascending index.
pub type Votes = Vec<(u16, Signature)>;

/// A quorum of prevotes for one block in one round, all with the same valid round.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Polka {
    /// The height voted on.
    pub height: Height,
    /// The round voted in.
    pub round: Round,
    /// The block voted for.
    pub block: BlockId,
    /// The valid round that all the prevotes carry.
    pub valid_round: Option<Round>,
    /// By ascending index, at most [`VALIDATORS_MAX`].
    #[serde(deserialize_with = "bounded::deserialize")]
    pub votes: Votes,
}

/// A quorum of precommits for one block in one round: the portable proof of a decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    /// The height decided.
    pub height: Height,
    /// The round in which it was decided.
    pub round: Round,
    /// The decided block.
    pub block: BlockId,
    /// By ascending index, at most [`VALIDATORS_MAX`].
    #[serde(deserialize_with = "bounded::deserialize")]
    pub votes: Votes,
}

impl Polka {
    /// The prevote that each signer of the polka signed.
    #[must_use]
    pub const fn vote(&self) -> Vote {
        Vote {
            kind: VoteKind::Prevote,
            height: self.height,
            round: self.round,
            block: Some(self.block),
            valid_round: self.valid_round,
        }
    }

    /// The prevotes one by one. Signers that `validators` does not know are left out.
    pub fn signed_votes(&self, validators: &ValidatorSet) -> Vec<SignedVote> {
        signed_votes(self.vote(), &self.votes, validators)
    }
}

impl Commit {
    /// The precommit that each signer of the commit signed.
    #[must_use]
    pub const fn vote(&self) -> Vote {
        Vote {
            kind: VoteKind::Precommit,
            height: self.height,
            round: self.round,
            block: Some(self.block),
            valid_round: None,
        }
    }

    /// The precommits one by one. Signers that `validators` does not know are left out.
    pub fn signed_votes(&self, validators: &ValidatorSet) -> Vec<SignedVote> {
        signed_votes(self.vote(), &self.votes, validators)
    }
}

fn signed_votes(vote: Vote, votes: &Votes, validators: &ValidatorSet) -> Vec<SignedVote> {
    let signed = votes.iter().filter_map(|(index, signature)| {
        Some(SignedVote {
            statement: vote,
            signer: validators.key(*index)?,
            signature: *signature,
        })
    });
    signed.collect()
}

mod bounded {
    //! Reads votes and stops at the first too many, so that a length in a message reserves nothing.

    use std::fmt;

    use protocol::key::Signature;
    use serde::{
        Deserializer,
        de::{Error, SeqAccess, Visitor},
    };

    use super::{VALIDATORS_MAX, Votes};

    struct Reader;

    impl<'de> Visitor<'de> for Reader {
        type Value = Votes;

        fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(out, "at most {VALIDATORS_MAX} votes")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Votes, A::Error> {
            let mut votes = Votes::new();
            while let Some(vote) = seq.next_element::<(u16, Signature)>()? {
                if votes.len() >= VALIDATORS_MAX {
                    return Err(A::Error::custom(format_args!(
                        "a certificate holds at most {VALIDATORS_MAX} votes"
                    )));
                }
                votes.push(vote);
            }
            Ok(votes)
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<Votes, D::Error> {
        input.deserialize_seq(Reader)
    }
}
