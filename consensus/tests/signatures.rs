//! Real keys at the door: what `verify` lets in, what evidence convicts, and the bytes on the wire.
#![expect(clippy::unwrap_used, reason = "tests may panic")]

use consensus::{
    Commit, Evidence, Message, Polka, Proposal, Safety, Signed, SignedProposal, SignedVote,
    ValidatorHistory, ValidatorSet, Vote, VoteKind,
    evidence::NotProven,
    verify::{self, Rejection},
};
use proptest::prelude::*;
use protocol::{
    codec,
    hash::{BlockId, ChainId},
    height::{Height, Round},
    key::SecretKey,
};

const BYTES_MAX: usize = 64 << 10;

struct Network {
    chain: ChainId,
    set: ValidatorSet,
    secrets: Vec<SecretKey>,
}

impl Network {
    fn new(n: u8) -> Self {
        let mut secrets: Vec<_> = (1..=n)
            .map(|seed| SecretKey::from_seed(&[seed; 32]))
            .collect();
        secrets.sort_by_key(SecretKey::public);
        Self {
            chain: ChainId::new([7; 32]),
            set: ValidatorSet::new(secrets.iter().map(SecretKey::public).collect()).unwrap(),
            secrets,
        }
    }

    fn vote(&self, by: usize, vote: Vote) -> SignedVote {
        Signed {
            statement: vote,
            signer: self.secrets[by].public(),
            signature: self.secrets[by].sign(&vote.sign_bytes(&self.chain)),
        }
    }

    fn proposal(&self, by: usize, proposal: Proposal) -> SignedProposal {
        Signed {
            signer: self.secrets[by].public(),
            signature: self.secrets[by].sign(&proposal.sign_bytes(&self.chain)),
            statement: proposal,
        }
    }

    fn commit(&self, by: &[u16]) -> Commit {
        let mut commit = Commit {
            height: Height::new(4),
            round: Round::ZERO,
            block: block(1),
            votes: Vec::new(),
        };
        let bytes = commit.vote().sign_bytes(&self.chain);
        let sign = |by: &u16| (*by, self.secrets[usize::from(*by)].sign(&bytes));
        commit.votes = by.iter().map(sign).collect();
        commit
    }

    fn polka(&self, by: &[u16]) -> Polka {
        let mut polka = Polka {
            height: Height::new(4),
            round: Round::ZERO,
            block: block(1),
            valid_round: None,
            votes: Vec::new(),
        };
        let bytes = polka.vote().sign_bytes(&self.chain);
        let sign = |by: &u16| (*by, self.secrets[usize::from(*by)].sign(&bytes));
        polka.votes = by.iter().map(sign).collect();
        polka
    }

    fn check(&self, commit: &Commit) -> Result<(), Rejection> {
        verify::commit(&self.chain, &self.set, commit).map(drop)
    }
}

fn block(name: u8) -> BlockId {
    BlockId::new([name; 32])
}

fn vote(kind: VoteKind, round: u64, name: u8) -> Vote {
    Vote {
        kind,
        height: Height::new(4),
        round: Round::new(round),
        block: Some(block(name)),
        valid_round: None,
    }
}

#[test]
fn the_signed_bytes_are_frozen() {
    let chain = ChainId::new([7; 32]);
    let mut said = vote(VoteKind::Prevote, 3, 9);
    said.valid_round = Some(Round::new(2));
    let mut expected = b"muhr/vote/v1\0".to_vec();
    expected.extend([7; 32]);
    expected.push(1);
    expected.extend([0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 3, 1]);
    expected.extend([9; 32]);
    expected.extend([1, 0, 0, 0, 0, 0, 0, 0, 2]);
    assert_eq!(said.sign_bytes(&chain), expected);
    assert_eq!(expected.len(), 104);
    let nil = Vote {
        kind: VoteKind::Precommit,
        block: None,
        valid_round: None,
        ..said
    };
    let mut expected = b"muhr/vote/v1\0".to_vec();
    expected.extend([7; 32]);
    expected.push(2);
    expected.extend([0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 3]);
    expected.extend([0; 42]);
    assert_eq!(nil.sign_bytes(&chain), expected);
    let proposal = Proposal {
        height: said.height,
        round: said.round,
        block: block(9),
        polka: None,
    };
    let mut expected = b"muhr/proposal/v1\0".to_vec();
    expected.extend([7; 32]);
    expected.push(0);
    expected.extend([0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 3, 1]);
    expected.extend([9; 32]);
    expected.extend([0; 9]);
    assert_eq!(proposal.sign_bytes(&chain), expected);
    assert_eq!(expected.len(), 108);
}

#[test]
fn a_vote_is_let_in_if_a_validator_signed_it_for_this_network() {
    let net = Network::new(4);
    let good = net.vote(1, vote(VoteKind::Prevote, 0, 1));
    assert!(verify::vote(&net.chain, &net.set, &good).is_ok());
    let key = Box::new(good.signer);
    let elsewhere = ChainId::new([8; 32]);
    let refused = verify::vote(&elsewhere, &net.set, &good).unwrap_err();
    assert_eq!(refused, Rejection::Signature(key.clone()));
    let mut altered = good.clone();
    altered.statement.kind = VoteKind::Precommit;
    let refused = verify::vote(&net.chain, &net.set, &altered).unwrap_err();
    assert_eq!(refused, Rejection::Signature(key));
    let stranger = Network::new(5);
    let all = stranger
        .secrets
        .iter()
        .position(|key| net.set.index_of(&key.public()).is_none());
    let strange = stranger.vote(all.unwrap(), good.statement);
    let refused = verify::vote(&net.chain, &net.set, &strange).unwrap_err();
    assert_eq!(refused, Rejection::Stranger(Box::new(strange.signer)));
    let mut odd = vote(VoteKind::Precommit, 3, 1);
    odd.valid_round = Some(Round::ZERO);
    let odd = net.vote(1, odd);
    let refused = verify::vote(&net.chain, &net.set, &odd);
    assert!(matches!(refused, Err(Rejection::Malformed(_))));
}

/// malachite#1207, 961fa4e0.
#[test]
fn a_certificate_with_a_duplicate_or_a_stranger_is_refused() {
    let net = Network::new(4);
    assert_eq!(net.check(&net.commit(&[0, 2, 3])), Ok(()));
    assert_eq!(net.check(&net.commit(&[0, 1, 2, 3])), Ok(()));
    assert_eq!(net.check(&net.commit(&[0, 2, 2])), Err(Rejection::Order(2)));
    assert_eq!(net.check(&net.commit(&[2, 0, 3])), Err(Rejection::Order(0)));
    let (found, quorum) = (2, 3);
    let few = Rejection::NoQuorum { found, quorum };
    assert_eq!(net.check(&net.commit(&[0, 2])), Err(few));
    let mut strange = net.commit(&[0, 2, 3]);
    strange.votes[2].0 = 4;
    let (index, count) = (4, 4);
    let nobody = Rejection::NoSuchIndex { index, count };
    assert_eq!(net.check(&strange), Err(nobody));
    let mut forged = net.commit(&[0, 2, 3]);
    forged.votes[1].1 = forged.votes[0].1;
    let key = Box::new(net.secrets[2].public());
    assert_eq!(net.check(&forged), Err(Rejection::Signature(key)));
    let mut altered = net.commit(&[0, 2, 3]);
    altered.block = block(2);
    assert!(net.check(&altered).is_err());
}

/// Prevotes are no precommits, whatever message they are put in.
#[test]
fn a_polka_is_no_commit() {
    let net = Network::new(4);
    let polka = net.polka(&[0, 1, 2]);
    assert!(verify::polka(&net.chain, &net.set, &polka).is_ok());
    let mut commit = net.commit(&[]);
    commit.votes = polka.votes;
    assert!(net.check(&commit).is_err());
}

#[test]
fn a_proposal_is_let_in_from_its_proposer_with_a_sound_polka() {
    let net = Network::new(4);
    let check = |proposal: &SignedProposal| verify::proposal(&net.chain, &net.set, proposal);
    let again = |polka| Proposal {
        height: Height::new(4),
        round: Round::new(1),
        block: block(1),
        polka: Some(polka),
    };
    let sound = again(net.polka(&[0, 1, 3]));
    assert!(check(&net.proposal(1, sound.clone())).is_ok());
    let turn = Box::new(net.secrets[1].public());
    let refused = check(&net.proposal(2, sound.clone())).unwrap_err();
    assert_eq!(refused, Rejection::NotProposer(turn));
    let few = again(net.polka(&[0, 1]));
    assert!(matches!(
        check(&net.proposal(1, few)),
        Err(Rejection::NoQuorum { .. })
    ));
    let mut other = sound.clone();
    other.block = block(2);
    assert!(matches!(
        check(&net.proposal(1, other)),
        Err(Rejection::Malformed(_))
    ));
    let mut same_round = sound;
    same_round.round = Round::new(4);
    same_round.polka.as_mut().unwrap().round = Round::new(4);
    let refused = check(&net.proposal(0, same_round));
    assert!(matches!(refused, Err(Rejection::Malformed(_))));
}

#[test]
fn evidence_convicts_the_guilty_and_nobody_else() {
    let net = Network::new(4);
    let history = ValidatorHistory::new(net.set.clone());
    let check = |evidence: &Evidence| evidence.verify(&net.chain, &history);
    let [x, y] = [1, 2].map(|name| net.vote(1, vote(VoteKind::Prevote, 0, name)));
    let double = Evidence::DoubleVote(x.clone(), y.clone());
    assert_eq!(check(&double), Ok(net.secrets[1].public()));
    let once = Evidence::DoubleVote(x.clone(), x.clone());
    assert_eq!(check(&once), Err(NotProven::Innocent));
    let other = net.vote(2, y.statement);
    let framed = Evidence::DoubleVote(x.clone(), other);
    assert_eq!(check(&framed), Err(NotProven::TwoSigners));
    let mut forged = y;
    forged.signature = x.signature;
    let key = Box::new(x.signer);
    let forged = Evidence::DoubleVote(x, forged);
    assert_eq!(check(&forged), Err(NotProven::Signature(key)));
    let precommit = net.vote(1, vote(VoteKind::Precommit, 1, 1));
    for (since, guilty) in [
        (None, true),
        (Some(0), true),
        (Some(1), false),
        (Some(2), false),
    ] {
        let mut prevote = vote(VoteKind::Prevote, 3, 2);
        prevote.valid_round = since.map(Round::new);
        let amnesia = Evidence::Amnesia {
            precommit: precommit.clone(),
            prevote: net.vote(1, prevote),
        };
        assert_eq!(check(&amnesia).is_ok(), guilty, "since {since:?}");
    }
    let [x, y] = [1, 2].map(|name| {
        let (height, round) = (Height::new(4), Round::ZERO);
        let (block, polka) = (block(name), None);
        net.proposal(
            0,
            Proposal {
                height,
                round,
                block,
                polka,
            },
        )
    });
    let double = Evidence::DoubleProposal(x, y);
    assert_eq!(check(&double), Ok(net.secrets[0].public()));
}

#[test]
fn messages_and_the_safety_record_survive_the_codec() {
    let net = Network::new(4);
    let proposal = Proposal {
        height: Height::new(4),
        round: Round::new(1),
        block: block(1),
        polka: Some(net.polka(&[0, 1, 3])),
    };
    let messages = [
        Message::Proposal(net.proposal(1, proposal.clone())),
        Message::Vote(net.vote(2, vote(VoteKind::Precommit, 1, 1))),
        Message::Polka(net.polka(&[0, 1, 3])),
        Message::Commit(net.commit(&[1, 2, 3])),
    ];
    for message in messages {
        let bytes = codec::encode(1, &message);
        assert_eq!(
            codec::decode::<Message>(1, &bytes, BYTES_MAX).unwrap(),
            message
        );
    }
    let mut safety = Safety::blank(net.chain, net.set.key(0), Height::new(4));
    safety.valid = proposal.polka.clone();
    safety.proposal = Some(proposal);
    safety.prevote = Some(vote(VoteKind::Prevote, 1, 1));
    safety.passed = vec![net.vote(2, vote(VoteKind::Precommit, 0, 1))];
    let bytes = codec::encode(1, &safety);
    assert_eq!(
        codec::decode::<Safety>(1, &bytes, BYTES_MAX).unwrap(),
        safety
    );
}

#[test]
fn a_certificate_of_more_than_a_hundred_votes_is_not_even_read() {
    let net = Network::new(4);
    let mut commit = net.commit(&[0]);
    let vote = commit.votes[0];
    commit.votes = vec![vote; 100];
    let bytes = codec::encode(1, &commit);
    assert!(codec::decode::<Commit>(1, &bytes, BYTES_MAX).is_ok());
    commit.votes.push(vote);
    let bytes = codec::encode(1, &commit);
    assert!(codec::decode::<Commit>(1, &bytes, BYTES_MAX).is_err());
}

#[test]
fn a_validator_set_is_sorted_distinct_and_bounded() {
    let keys: Vec<_> = (1..=101)
        .map(|seed| SecretKey::from_seed(&[seed; 32]).public())
        .collect();
    assert!(ValidatorSet::new(Vec::new()).is_err());
    assert!(ValidatorSet::new(keys.clone()).is_err());
    assert!(ValidatorSet::new(vec![keys[0], keys[1], keys[0]]).is_err());
    let set = ValidatorSet::new(keys[..100].to_vec()).unwrap();
    assert!(set.keys().is_sorted());
    for round in 0..300 {
        let proposer = set.proposer(Height::new(7), Round::new(round));
        assert_eq!(set.index_of(&proposer), Some(((7 + round) % 100) as u16));
    }
}

proptest! {
    #[test]
    fn different_votes_never_share_their_signed_bytes(
        a in any::<(bool, u64, u64, Option<[u8; 32]>, Option<u64>)>(),
        b in any::<(bool, u64, u64, Option<[u8; 32]>, Option<u64>)>(),
    ) {
        let chain = ChainId::new([7; 32]);
        let [a, b] = [a, b].map(|(pre, height, round, block, since)| Vote {
            kind: if pre { VoteKind::Prevote } else { VoteKind::Precommit },
            height: Height::new(height),
            round: Round::new(round),
            block: block.map(BlockId::new),
            valid_round: since.map(Round::new),
        });
        prop_assert_eq!(a == b, a.sign_bytes(&chain) == b.sign_bytes(&chain));
    }

    #[test]
    fn no_bytes_make_the_decoder_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = codec::decode::<Message>(1, &bytes, BYTES_MAX);
        let _ = codec::decode::<Safety>(1, &bytes, BYTES_MAX);
        let _ = codec::decode::<Evidence>(1, &bytes, BYTES_MAX);
    }
}

/// What a key has signed is judged by those who voted then: it answers for it after it has left, and
/// one that came later answers for nothing that it signed before.
#[test]
fn evidence_is_judged_by_the_set_of_its_height() {
    let old = Network::new(4);
    let leaver = &old.secrets[1];
    let newcomer = SecretKey::from_seed(&[9; 32]);
    let stayed = old
        .secrets
        .iter()
        .filter(|key| key.public() != leaver.public());
    let keys = stayed.map(SecretKey::public).chain([newcomer.public()]);
    let mut history = ValidatorHistory::new(old.set.clone());
    history.change(Height::new(4), ValidatorSet::new(keys.collect()).unwrap());
    let double = |secret: &SecretKey, height: u64| {
        let [x, y] = [1, 2].map(|name| {
            let mut vote = vote(VoteKind::Prevote, 0, name);
            vote.height = Height::new(height);
            Signed {
                signature: secret.sign(&vote.sign_bytes(&old.chain)),
                signer: secret.public(),
                statement: vote,
            }
        });
        Evidence::DoubleVote(x, y)
    };
    for (secret, guilty_at) in [(leaver, 4), (&newcomer, 5)] {
        for height in [4, 5] {
            let evidence = double(secret, height);
            assert_eq!(evidence.height(), Height::new(height));
            let key = secret.public();
            let expected = if height == guilty_at {
                Ok(key)
            } else {
                Err(NotProven::Stranger(Box::new(key), Height::new(height)))
            };
            assert_eq!(evidence.verify(&old.chain, &history), expected);
        }
    }
}
