//! The voting key behind a second guard: one statement per height, round and kind.
//!
//! The safety record is the first guard and the durable one; this one catches a bug between the two.

use std::collections::BTreeMap;

use consensus::{Proposal, Signed, SignedProposal, SignedVote, Vote, VoteKind};
use protocol::{
    chain_id::NetworkId,
    hash::{ChainId, sha256},
    height::{Height, Round},
    key::{PublicKey, SecretKey},
    name::AgencyName,
    return_mark::{ReturnMark, ReturnStatement},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum StatementKind {
    Proposal,
    Prevote,
    Precommit,
}

/// Signs for one validator.
#[derive(Debug)]
pub(super) struct Signer {
    chain: ChainId,
    agency: AgencyName,
    secret: SecretKey,
    last: BTreeMap<StatementKind, (Height, Round, [u8; 32])>,
}

/// Two different statements for one height, round and kind, or a step back: a bug of ours.
#[derive(Debug, thiserror::Error)]
#[error(
    "refused to sign a second statement at height {height} round {round}: a bug; restart the node and report the log"
)]
pub(super) struct WouldContradict {
    height: Height,
    round: Round,
}

#[cfg(test)]
impl WouldContradict {
    /// One for the tests of others.
    pub(super) const fn example() -> Self {
        Self {
            height: Height::new(7),
            round: Round::new(0),
        }
    }
}

impl Signer {
    pub(super) const fn new(chain: ChainId, agency: AgencyName, secret: SecretKey) -> Self {
        Self {
            chain,
            agency,
            secret,
            last: BTreeMap::new(),
        }
    }

    /// Whose key it is.
    pub(super) const fn agency(&self) -> &AgencyName {
        &self.agency
    }

    /// The voting key.
    pub(super) fn public(&self) -> PublicKey {
        self.secret.public()
    }

    pub(super) fn vote(&mut self, vote: Vote) -> Result<SignedVote, WouldContradict> {
        let kind = match vote.kind {
            VoteKind::Prevote => StatementKind::Prevote,
            VoteKind::Precommit => StatementKind::Precommit,
        };
        let message = vote.sign_bytes(&self.chain);
        self.guard(kind, vote.height, vote.round, &message)?;
        Ok(Signed {
            statement: vote,
            signer: self.secret.public(),
            signature: self.secret.sign(&message),
        })
    }

    pub(super) fn proposal(
        &mut self,
        proposal: Proposal,
    ) -> Result<SignedProposal, WouldContradict> {
        let message = proposal.sign_bytes(&self.chain);
        self.guard(
            StatementKind::Proposal,
            proposal.height,
            proposal.round,
            &message,
        )?;
        Ok(Signed {
            statement: proposal,
            signer: self.secret.public(),
            signature: self.secret.sign(&message),
        })
    }

    /// Says that what was signed is lost. No vote, so nothing contradicts it.
    pub(super) fn returns(&self, statement: ReturnStatement, network: &NetworkId) -> ReturnMark {
        statement.sign(network, &self.secret)
    }

    fn guard(
        &mut self,
        kind: StatementKind,
        height: Height,
        round: Round,
        message: &[u8],
    ) -> Result<(), WouldContradict> {
        let next = (height, round, sha256(&[message]));
        if let Some(last) = self.last.get(&kind)
            && *last != next
            && (last.0, last.1) >= (height, round)
        {
            return Err(WouldContradict { height, round });
        }
        self.last.insert(kind, next);
        Ok(())
    }
}
