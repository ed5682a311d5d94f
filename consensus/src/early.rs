//! Messages of the next height that do not hold under the present validators: they may, under the next.
//!
//! Whoever decides a change first speaks at the next height at once, with keys that others do not know
//! yet; to drop that costs each change a wait for what is said again. So the host keeps such messages as
//! bytes, believes nothing in them, and verifies them when it goes on ([`crate::Machine::advance`]). Who
//! fills which place is told by the connection, whose agency is known: a claimed key that is none of that
//! agency's is not kept, so nobody takes room from another. Not here: connections, and which keys an
//! agency has now or is about to have.

use std::collections::{BTreeMap, VecDeque};

use protocol::{
    height::Height,
    key::PublicKey,
    planted::{self, Bug},
};
use thiserror::Error;

/// Votes that are kept of one connection.
pub const EARLY_VOTES_MAX: usize = 8;
/// Bytes that are kept of one connection.
pub const EARLY_BYTES_MAX: usize = 1 << 20;

/// Why a message is not kept.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NotKeptEarly {
    /// Another agency's, or nobody's.
    #[error("{0} is no key of the agency that sent the message")]
    NotItsKey(Box<PublicKey>),
    /// More than one connection has room for.
    #[error("a message of {bytes} bytes: {EARLY_BYTES_MAX} are kept")]
    TooLong {
        /// Length of the message.
        bytes: usize,
    },
}

/// The two kinds of message that are kept: what is left out is said again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EarlyKind {
    /// A vote.
    Vote,
    /// A proposal, with what belongs to it.
    Proposal,
}

/// A message as it came, and what it claims to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EarlyMessage {
    /// What it is.
    pub kind: EarlyKind,
    /// The height that it is of.
    pub height: Height,
    /// The key that it is signed with.
    pub signer: PublicKey,
    /// The message.
    pub bytes: Vec<u8>,
}

/// What is kept of one connection.
#[derive(Clone, Debug, Default)]
struct Share {
    proposal: Option<EarlyMessage>,
    votes: VecDeque<EarlyMessage>,
}

impl Share {
    fn bytes(&self) -> usize {
        let messages = self.votes.iter().chain(&self.proposal);
        let lengths = messages.map(|message| message.bytes.len());
        lengths.fold(0, usize::saturating_add)
    }

    /// Takes a message in, for the oldest of the same connection if there is no room.
    fn keep(&mut self, message: EarlyMessage) {
        match message.kind {
            EarlyKind::Proposal => self.proposal = Some(message),
            EarlyKind::Vote if self.votes.contains(&message) => return,
            EarlyKind::Vote => self.votes.push_back(message),
        }
        while self.votes.len() > EARLY_VOTES_MAX || self.bytes() > EARLY_BYTES_MAX {
            if self.votes.pop_front().is_none() {
                return;
            }
        }
    }
}

/// Early messages of all connections, each within its own bounds. `C` names a connection.
#[derive(Clone, Debug)]
pub struct EarlyMessages<C> {
    shares: BTreeMap<C, Share>,
}

impl<C: Ord> Default for EarlyMessages<C> {
    fn default() -> Self {
        let shares = BTreeMap::new();
        Self { shares }
    }
}

impl<C: Ord + Copy> EarlyMessages<C> {
    /// Keeps a message that came by the connection `from`, whose agency has `keys`: those of the
    /// validators now, and those that it would have after a change. The newest stay.
    ///
    /// # Errors
    ///
    /// [`NotKeptEarly`] if it is signed with another key, or is longer than what is kept of a connection.
    pub fn keep(
        &mut self,
        from: C,
        keys: &[PublicKey],
        message: EarlyMessage,
    ) -> Result<(), NotKeptEarly> {
        let bytes = message.bytes.len();
        if bytes > EARLY_BYTES_MAX {
            return Err(NotKeptEarly::TooLong { bytes });
        }
        if !keys.contains(&message.signer) {
            return Err(NotKeptEarly::NotItsKey(Box::new(message.signer)));
        }
        self.shares.entry(from).or_default().keep(message);
        Ok(())
    }

    /// Gives out what was kept for `height`, to be verified under its set, and forgets the rest.
    /// Proposals come first.
    #[must_use = "what is taken out is kept no longer"]
    pub fn take(&mut self, height: Height) -> Vec<(C, EarlyMessage)> {
        let shares = std::mem::take(&mut self.shares);
        if planted::is(Bug::EarlyVotesDropped) {
            return Vec::new();
        }
        let mut votes = Vec::new();
        let mut taken = Vec::new();
        for (from, share) in shares {
            taken.extend(share.proposal.map(|message| (from, message)));
            votes.extend(share.votes.into_iter().map(|message| (from, message)));
        }
        taken.append(&mut votes);
        taken.retain(|(_, message)| message.height == height);
        taken
    }
}

#[cfg(test)]
mod tests {
    use protocol::key::SecretKey;

    use super::*;

    const HEIGHT: Height = Height::new(8);

    fn key(seed: u8) -> PublicKey {
        SecretKey::from_seed(&[seed; 32]).public()
    }

    fn message(kind: EarlyKind, by: u8, bytes: Vec<u8>) -> EarlyMessage {
        EarlyMessage {
            kind,
            height: HEIGHT,
            signer: key(by),
            bytes,
        }
    }

    fn vote(by: u8, name: u8) -> EarlyMessage {
        message(EarlyKind::Vote, by, vec![name; 200])
    }

    fn names(taken: &[(u8, EarlyMessage)], from: u8) -> Vec<u8> {
        let of = taken.iter().filter(|(by, _)| *by == from);
        of.map(|(_, message)| message.bytes[0]).collect()
    }

    #[test]
    fn a_connection_fills_its_own_places_and_nobody_elses() {
        let mut early = EarlyMessages::default();
        for name in 0..40 {
            assert_eq!(early.keep(1, &[key(1)], vote(1, name)), Ok(()));
            assert_eq!(early.keep(1, &[key(1)], vote(1, name)), Ok(()), "again");
            // In another's name, by its own connection.
            let stolen = early.keep(1, &[key(1)], vote(2, name));
            assert_eq!(stolen, Err(NotKeptEarly::NotItsKey(Box::new(key(2)))));
        }
        assert_eq!(early.keep(2, &[key(2), key(3)], vote(3, 7)), Ok(()));
        let taken = early.take(HEIGHT);
        assert_eq!(names(&taken, 1), (32..40).collect::<Vec<u8>>());
        assert_eq!(names(&taken, 2), [7]);
        assert_eq!(early.take(HEIGHT), [], "what is taken is gone");
    }

    #[test]
    fn one_proposal_is_kept_and_comes_first() {
        let mut early = EarlyMessages::default();
        let proposal = |name| message(EarlyKind::Proposal, 1, vec![name]);
        for message in [vote(1, 1), proposal(2), proposal(3), vote(1, 4)] {
            early.keep(1, &[key(1)], message).unwrap();
        }
        early.keep(0, &[key(5)], vote(5, 9)).unwrap();
        let taken = early.take(HEIGHT);
        assert_eq!(names(&taken, 1), [3, 1, 4]);
        assert_eq!(taken[0].1.kind, EarlyKind::Proposal);
    }

    #[test]
    fn a_connection_has_a_mebibyte_in_all() {
        let mut early = EarlyMessages::default();
        let long = |kind, bytes| message(kind, 1, vec![0; bytes]);
        let bytes = EARLY_BYTES_MAX + 1;
        let refused = early.keep(1, &[key(1)], long(EarlyKind::Proposal, bytes));
        assert_eq!(refused, Err(NotKeptEarly::TooLong { bytes }));
        for name in 1..=8 {
            early.keep(1, &[key(1)], vote(1, name)).unwrap();
        }
        let nearly = long(EarlyKind::Proposal, EARLY_BYTES_MAX - 400);
        early.keep(1, &[key(1)], nearly).unwrap();
        let kept = |early: &EarlyMessages<u8>| names(&early.clone().take(HEIGHT), 1);
        assert_eq!(kept(&early), [0, 7, 8], "the oldest votes make room");
        early.keep(1, &[key(1)], vote(1, 9)).unwrap();
        assert_eq!(kept(&early), [0, 8, 9]);
        let whole = long(EarlyKind::Proposal, EARLY_BYTES_MAX);
        early.keep(1, &[key(1)], whole).unwrap();
        assert_eq!(kept(&early), [0]);
        early.keep(1, &[key(1)], vote(1, 9)).unwrap();
        assert_eq!(kept(&early), [0]);
    }

    #[test]
    fn only_what_is_of_the_height_is_given_out() {
        let mut early = EarlyMessages::default();
        early.keep(1, &[key(1)], vote(1, 1)).unwrap();
        assert_eq!(early.take(HEIGHT.next()), []);
        assert_eq!(early.take(HEIGHT), []);
    }
}
