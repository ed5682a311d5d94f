//! Two signed messages that no honest validator ever signs both.
//!
//! Under the strict rules of the machine none of these can name an honest validator, whatever the
//! network and f faulty ones do. Evidence outlives keys: it is judged by the set of its own height,
//! whoever votes now. Not here: what is done to the guilty. That is governance.

use protocol::{
    hash::ChainId,
    height::Height,
    key::PublicKey,
    planted::{self, Bug},
};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    message::{SignedProposal, SignedVote, VoteKind},
    validators::ValidatorHistory,
    verify,
};

/// The offence that two messages prove.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Offence {
    /// Two votes of one kind in one round.
    DoubleVote,
    /// Two proposals in one round.
    DoubleProposal,
    /// A lock forgotten.
    Amnesia,
}

/// Proof that a validator broke the rules; anyone with the validator set can check it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Evidence {
    /// Two votes of the same height, round and kind that differ.
    DoubleVote(SignedVote, SignedVote),
    /// Two proposals of the same height and round that differ.
    DoubleProposal(SignedProposal, SignedProposal),
    /// A precommit for one block and a later prevote for another, justified by no polka as new as
    /// the precommit.
    Amnesia {
        /// For one block, in some round.
        precommit: SignedVote,
        /// For another, in a later round, with a valid round before the precommit's or none.
        prevote: SignedVote,
    },
}

/// Why evidence convicts nobody.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NotProven {
    /// An honest validator may have signed both.
    #[error("an honest validator may have signed both messages")]
    Innocent,
    /// The messages are by different keys.
    #[error("the two messages are signed by different keys")]
    TwoSigners,
    /// The signer was no validator at the height of its messages.
    #[error("{0} was not in the validator set of height {1}")]
    Stranger(Box<PublicKey>, Height),
    /// A signature does not hold.
    #[error("a signature of {0} does not verify")]
    Signature(Box<PublicKey>),
}

impl Evidence {
    /// Accused validator: the signer of the first message.
    #[must_use]
    pub const fn accused(&self) -> PublicKey {
        match self {
            Self::DoubleVote(vote, _)
            | Self::Amnesia {
                precommit: vote, ..
            } => vote.signer,
            Self::DoubleProposal(proposal, _) => proposal.signer,
        }
    }

    /// Alleged offence.
    #[must_use]
    pub const fn offence(&self) -> Offence {
        match self {
            Self::DoubleVote(..) => Offence::DoubleVote,
            Self::DoubleProposal(..) => Offence::DoubleProposal,
            Self::Amnesia { .. } => Offence::Amnesia,
        }
    }

    /// Height at which the accused has signed the first message; both, if they convict.
    #[must_use]
    pub const fn height(&self) -> Height {
        match self {
            Self::DoubleVote(vote, _)
            | Self::Amnesia {
                precommit: vote, ..
            } => vote.statement.height,
            Self::DoubleProposal(proposal, _) => proposal.statement.height,
        }
    }

    /// Checks the proof against the validators of its height and names the guilty one.
    ///
    /// # Errors
    ///
    /// [`NotProven`] if the two are no contradiction, or not both signed by one validator of that height.
    pub fn verify(
        &self,
        chain: &ChainId,
        history: &ValidatorHistory,
    ) -> Result<PublicKey, NotProven> {
        let accused = self.check_shape()?;
        let height = self.height();
        let judges = if planted::is(Bug::EvidenceUnderCurrentSet) {
            Height::new(u64::MAX)
        } else {
            height
        };
        if history.at(judges).index_of(&accused).is_none() {
            return Err(NotProven::Stranger(Box::new(accused), height));
        }
        let signed = match self {
            Self::DoubleVote(a, b)
            | Self::Amnesia {
                precommit: a,
                prevote: b,
            } => [
                (a.statement.sign_bytes(chain), a.signature),
                (b.statement.sign_bytes(chain), b.signature),
            ],
            Self::DoubleProposal(a, b) => [
                (a.statement.sign_bytes(chain), a.signature),
                (b.statement.sign_bytes(chain), b.signature),
            ],
        };
        for (bytes, signature) in signed {
            if !verify::holds(&accused, &bytes, &signature) {
                return Err(NotProven::Signature(Box::new(accused)));
            }
        }
        Ok(accused)
    }

    /// Checks that the two statements convict their signer, if the signatures hold.
    pub(crate) fn check_shape(&self) -> Result<PublicKey, NotProven> {
        let (other, convicts) = match self {
            Self::DoubleVote(a, b) => {
                let (one, two) = (&a.statement, &b.statement);
                let same = (one.kind, one.height, one.round) == (two.kind, two.height, two.round);
                (b.signer, same && one != two)
            }
            Self::DoubleProposal(a, b) => {
                let (one, two) = (&a.statement, &b.statement);
                let same = (one.height, one.round) == (two.height, two.round);
                (b.signer, same && !one.says_the_same(two))
            }
            Self::Amnesia { precommit, prevote } => (prevote.signer, forgot(precommit, prevote)),
        };
        if other != self.accused() {
            return Err(NotProven::TwoSigners);
        }
        if convicts {
            Ok(other)
        } else {
            Err(NotProven::Innocent)
        }
    }
}

/// Returns whether the prevote forgot the precommit: whoever precommits X in r has `lockedRound >= r` from
/// then on, and prevotes a block only if not locked or for a valid round >= `lockedRound`. So no honest
/// validator signs both.
fn forgot(precommit: &SignedVote, prevote: &SignedVote) -> bool {
    let (locked, later) = (&precommit.statement, &prevote.statement);
    locked.kind == VoteKind::Precommit
        && later.kind == VoteKind::Prevote
        && locked.height == later.height
        && locked.round < later.round
        && locked.block.is_some()
        && later.block.is_some()
        && locked.block != later.block
        && (planted::is(Bug::AccusesWidely)
            || later.valid_round.is_none_or(|round| round < locked.round))
}
