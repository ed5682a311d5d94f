//! Who votes at a height, who proposes in a round, and how many are enough.
//!
//! Not here: how the set changes. A governance entry does that, and the ledger tells the host.

use protocol::{
    hash,
    height::{Height, Round},
    key::PublicKey,
    planted::{self, Bug},
};
use thiserror::Error;

/// The most validators that one network has.
pub const VALIDATORS_MAX: usize = 100;

/// Why keys make no validator set.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SetError {
    /// None, or more than [`VALIDATORS_MAX`].
    #[error("a set has 1 to {VALIDATORS_MAX} validators, and not {0}")]
    Size(usize),
    /// One key twice would be one agency with two votes.
    #[error("the key {0} is in the validator set twice: give each validator a key of its own")]
    Duplicate(Box<PublicKey>),
}

/// Fingerprint of a set, so that what was verified under one set is never used under another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetId([u8; 32]);

/// The validators of one height, sorted by key, each with one vote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValidatorSet {
    keys: Vec<PublicKey>,
    id: SetId,
}

impl ValidatorSet {
    /// Sorts `keys`; refuses an empty, oversized or repeating list.
    ///
    /// # Errors
    ///
    /// [`SetError`] says which.
    pub fn new(mut keys: Vec<PublicKey>) -> Result<Self, SetError> {
        if keys.is_empty() || keys.len() > VALIDATORS_MAX {
            return Err(SetError::Size(keys.len()));
        }
        keys.sort();
        if let Some([twice, _]) = keys.array_windows().find(|[a, b]| a == b) {
            return Err(SetError::Duplicate(Box::new(*twice)));
        }
        let bytes: Vec<&[u8]> = keys.iter().map(|key| &key.as_bytes()[..]).collect();
        let id = SetId(hash::sha256(&bytes));
        Ok(Self { keys, id })
    }

    /// Fingerprint of the set.
    #[must_use]
    pub const fn id(&self) -> SetId {
        self.id
    }

    /// The keys in order of their index.
    #[must_use]
    pub fn keys(&self) -> &[PublicKey] {
        &self.keys
    }

    /// Number of validators: never 0.
    #[must_use]
    pub fn count(&self) -> usize {
        self.keys.len()
    }

    /// Number of validators that may be faulty: floor((n - 1) / 3).
    #[must_use]
    pub fn faulty_max(&self) -> usize {
        self.count().saturating_sub(1) / 3
    }

    /// Number of validators that bind the network: floor(2n / 3) + 1. Never a bare 2f + 1: at n = 5 and 6 two such
    /// groups need not share an honest validator.
    #[must_use]
    pub fn quorum(&self) -> usize {
        if planted::is(Bug::QuorumTwoF) {
            return self.faulty_max().saturating_mul(2).max(1);
        }
        (self.count().saturating_mul(2) / 3).saturating_add(1)
    }

    /// Proposer of a round: the validator number (height + round) mod n.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a set is never empty")]
    pub fn proposer(&self, height: Height, round: Round) -> PublicKey {
        let turn = u128::from(height.get()).saturating_add(u128::from(round.get()));
        let index = turn.checked_rem(self.count() as u128).unwrap_or(0);
        let index = usize::try_from(index).unwrap_or(0);
        *self
            .keys
            .get(index)
            .expect("a remainder is below the count")
    }

    /// Place of `key` in the set.
    #[must_use]
    pub fn index_of(&self, key: &PublicKey) -> Option<u16> {
        let index = self.keys.binary_search(key).ok()?;
        u16::try_from(index).ok()
    }

    /// The key at `index`.
    #[must_use]
    pub fn key(&self, index: u16) -> Option<PublicKey> {
        self.keys.get(usize::from(index)).copied()
    }
}
