//! What all simulations share: a seeded generator, validators, and messages that pass as verified.

use protocol::{
    hash::{BlockId, ChainId, sha256},
    height::{Height, Round},
    key::{PublicKey, SecretKey, Signature},
};
pub(super) use testkit::Random;

use crate::{
    Commit, HeightParameters, Input, Message, Polka, Proposal, Safety, Signed, SignedProposal,
    SignedVote, Timer, TimerKind, ValidatorSet, Verified, Vote, VoteKind, certificate::Votes,
    verify,
};

/// The network of all simulations.
pub(super) const CHAIN: ChainId = ChainId::new([7; 32]);

/// Seeds of other searches mean something else.
const SALT: u64 = 0x5851_f42d_4c95_7f2d;

/// Generator of a seed.
pub(super) const fn random(seed: u64) -> Random {
    Random::salted(seed, SALT)
}

/// What a simulation takes for a signature. Anyone could make it; the actors keep to their own keys.
pub(crate) fn toy_signature(signer: &PublicKey, bytes: &[u8]) -> Signature {
    let hash = sha256(&[signer.as_bytes(), bytes]);
    let mut signature = [0; 64];
    signature[..32].copy_from_slice(&hash);
    Signature::new(signature)
}

/// What can be signed.
pub(super) trait Statement {
    fn bytes(&self, chain: &ChainId) -> Vec<u8>;
}

impl Statement for Vote {
    fn bytes(&self, chain: &ChainId) -> Vec<u8> {
        self.sign_bytes(chain)
    }
}

impl Statement for Proposal {
    fn bytes(&self, chain: &ChainId) -> Vec<u8> {
        self.sign_bytes(chain)
    }
}

/// The validators of a small network, seen from above.
#[derive(Clone, Debug)]
pub(super) struct World {
    pub(super) chain: ChainId,
    pub(super) set: ValidatorSet,
    pub(super) height: Height,
}

pub(super) fn block(name: u64) -> BlockId {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&name.to_le_bytes());
    BlockId::new(bytes)
}

/// The key of a seed.
pub(super) fn key_of(seed: u8) -> PublicKey {
    SecretKey::from_seed(&[seed; 32]).public()
}

impl World {
    /// A height at which validator 0 proposes in round 0, 1 in round 1 and so on.
    pub(super) fn new(n: usize) -> Self {
        Self::of(1..=n as u8, n as u64)
    }

    /// A height at which the keys of these seeds vote.
    pub(super) fn of(seeds: impl IntoIterator<Item = u8>, height: u64) -> Self {
        Self {
            chain: CHAIN,
            set: ValidatorSet::new(seeds.into_iter().map(key_of).collect()).unwrap(),
            height: Height::new(height),
        }
    }

    /// The next height, with the same validators.
    pub(super) fn next(&self) -> Self {
        let height = self.height.next();
        Self {
            height,
            ..self.clone()
        }
    }

    /// This height, as a host with that key begins it.
    pub(super) fn begun(&self, me: Option<PublicKey>, record: Option<Safety>) -> HeightParameters {
        HeightParameters {
            height: self.height,
            validators: self.set.clone(),
            me,
            record,
            is_held: false,
        }
    }

    pub(super) fn sign<T: Statement>(&self, index: u16, statement: T) -> Signed<T> {
        self.sign_as(self.set.key(index).unwrap(), statement)
    }

    pub(super) fn sign_as<T: Statement>(&self, signer: PublicKey, statement: T) -> Signed<T> {
        let signature = toy_signature(&signer, &statement.bytes(&self.chain));
        Signed {
            statement,
            signer,
            signature,
        }
    }

    /// The signatures of `by` under one vote.
    fn signatures(&self, by: &[u16], vote: Vote) -> Votes {
        let sign = |by: &u16| (*by, self.sign(*by, vote).signature);
        by.iter().map(sign).collect()
    }

    pub(super) fn verified<T>(&self, message: T) -> Verified<T> {
        Verified::assume(message, &self.set)
    }

    pub(super) fn vote_of(
        &self,
        kind: VoteKind,
        round: u64,
        block: Option<BlockId>,
        valid_round: Option<u64>,
    ) -> Vote {
        Vote {
            kind,
            height: self.height,
            round: Round::new(round),
            block,
            valid_round: valid_round.map(Round::new),
        }
    }

    pub(super) fn signed_prevote(&self, by: u16, round: u64, block: Option<BlockId>) -> SignedVote {
        self.sign(by, self.vote_of(VoteKind::Prevote, round, block, None))
    }

    pub(super) fn prevote(&self, by: u16, round: u64, block: Option<BlockId>) -> Input {
        Input::Vote(self.verified(self.signed_prevote(by, round, block)))
    }

    pub(super) fn precommit(&self, by: u16, round: u64, block: Option<BlockId>) -> Input {
        let vote = self.vote_of(VoteKind::Precommit, round, block, None);
        Input::Vote(self.verified(self.sign(by, vote)))
    }

    pub(super) fn polka(&self, by: &[u16], round: u64, block: BlockId) -> Polka {
        self.polka_since(by, round, block, None)
    }

    pub(super) fn polka_since(
        &self,
        by: &[u16],
        round: u64,
        block: BlockId,
        valid_round: Option<Round>,
    ) -> Polka {
        let mut polka = Polka {
            height: self.height,
            round: Round::new(round),
            block,
            valid_round,
            votes: Vec::new(),
        };
        polka.votes = self.signatures(by, polka.vote());
        polka
    }

    pub(super) fn commit(&self, by: &[u16], round: u64, block: BlockId) -> Commit {
        let mut commit = Commit {
            height: self.height,
            round: Round::new(round),
            block,
            votes: Vec::new(),
        };
        commit.votes = self.signatures(by, commit.vote());
        commit
    }

    pub(super) fn signed_proposal(
        &self,
        round: u64,
        block: BlockId,
        polka: Option<Polka>,
    ) -> SignedProposal {
        let round = Round::new(round);
        let proposer = self.set.proposer(self.height, round);
        let proposal = Proposal {
            height: self.height,
            round,
            block,
            polka,
        };
        self.sign(self.set.index_of(&proposer).unwrap(), proposal)
    }

    pub(super) fn proposal(&self, round: u64, block: BlockId, polka: Option<Polka>) -> Input {
        Input::Proposal {
            proposal: self.verified(self.signed_proposal(round, block, polka)),
            valid: true,
            timely: true,
        }
    }

    pub(super) fn elapsed(&self, kind: TimerKind, round: u64) -> Input {
        Input::Elapsed(Timer {
            kind,
            height: self.height,
            round: Round::new(round),
        })
    }

    /// The input that a delivered message becomes.
    pub(super) fn input(&self, message: Message, valid: bool, timely: bool) -> Input {
        match message {
            Message::Proposal(proposal) => Input::Proposal {
                proposal: self.verified(proposal),
                valid,
                timely,
            },
            Message::Vote(vote) => Input::Vote(self.verified(vote)),
            Message::Polka(polka) => Input::Polka(self.verified(polka)),
            Message::Commit(commit) => Input::Commit(self.verified(commit)),
        }
    }
}

impl World {
    /// What the node does at the door: checks a message, and turns it into an input if it is sound.
    pub(super) fn door(&self, message: &Message, valid: bool, timely: bool) -> Option<Input> {
        let (chain, set) = (&self.chain, &self.set);
        let input = match message {
            Message::Proposal(proposal) => {
                let proposal = verify::proposal(chain, set, proposal).ok()?;
                Input::Proposal {
                    proposal,
                    valid,
                    timely,
                }
            }
            Message::Vote(vote) => Input::Vote(verify::vote(chain, set, vote).ok()?),
            Message::Polka(polka) => Input::Polka(verify::polka(chain, set, polka).ok()?),
            Message::Commit(commit) => Input::Commit(verify::commit(chain, set, commit).ok()?),
        };
        Some(input)
    }

    /// The same validators but one: what is verified under it holds nothing here.
    pub(super) fn other_set(&self) -> Self {
        let keys = self.set.keys();
        let mut other = self.clone();
        other.set = ValidatorSet::new(keys[..keys.len() - 1].to_vec()).unwrap();
        other
    }

    /// A vote of this height, verified under another set.
    pub(super) fn verified_vote_of_another_set(&self) -> Input {
        self.other_set().prevote(0, 19, None)
    }
}
