//! Messages from peers, byte by byte: golden ones of every kind, cut, made longer, changed and spliced.
//! The same properties are fuzzed by `make fuzz`.

use std::{fs, path::PathBuf};

use consensus::{
    Commit, Lock, Polka, Proposal, RoundStep, Safety, Signed, SignedVote, Vote, VoteKind,
};
use node::wire;
use protocol::{
    hash::{BlockId, IndexRoot, LeafHash, RootHash, TrustHash},
    height::{Height, LogSize, Round, TimeMs},
    key::Signature,
};
use wire::{
    CompactBlock, ConsensusMessage, Cosignature, DecidedBlock, EntriesMessage, Hello, LogLine,
    SyncMessage, encode,
};

#[path = "../../../node/fuzz/properties.rs"]
mod properties;

use properties::{CHAIN, TARGETS, check, secrets};

const BLOCK: BlockId = BlockId::new([3; 32]);
const HEIGHT: Height = Height::new(4);

fn vote(kind: VoteKind, by: usize) -> SignedVote {
    let statement = Vote {
        kind,
        height: HEIGHT,
        round: Round::ZERO,
        block: Some(BLOCK),
        valid_round: None,
    };
    let secret = &secrets()[by];
    Signed {
        statement,
        signer: secret.public(),
        signature: secret.sign(&statement.sign_bytes(&CHAIN)),
    }
}

fn signatures(kind: VoteKind) -> Vec<(u16, Signature)> {
    let sign = |by: usize| (u16::try_from(by).unwrap(), vote(kind, by).signature);
    (0..3).map(sign).collect()
}

fn certificates() -> (Polka, Commit) {
    let polka = Polka {
        height: HEIGHT,
        round: Round::ZERO,
        block: BLOCK,
        valid_round: None,
        votes: signatures(VoteKind::Prevote),
    };
    let commit = Commit {
        height: HEIGHT,
        round: Round::ZERO,
        block: BLOCK,
        votes: signatures(VoteKind::Precommit),
    };
    (polka, commit)
}

/// What a validator that is locked has on disk.
fn record(polka: Polka, proposal: Proposal) -> Safety {
    Safety {
        round: Round::new(1),
        step: RoundStep::Precommit,
        locked: Some(Lock {
            round: Round::ZERO,
            block: BLOCK,
        }),
        valid: Some(polka),
        proposal: Some(proposal),
        prevote: Some(vote(VoteKind::Prevote, 0).statement),
        precommit: Some(vote(VoteKind::Precommit, 0).statement),
        passed: vec![vote(VoteKind::Precommit, 2)],
        ..Safety::blank(CHAIN, HEIGHT)
    }
}

/// In round 1, the validator after that of round 0 proposes again.
fn proposed_again(polka: &Polka) -> Signed<Proposal> {
    let proposal = Proposal {
        height: HEIGHT,
        round: Round::new(1),
        block: BLOCK,
        polka: Some(polka.clone()),
    };
    let secret = &secrets()[1];
    Signed {
        signer: secret.public(),
        signature: secret.sign(&proposal.sign_bytes(&CHAIN)),
        statement: proposal,
    }
}

fn compact_block() -> CompactBlock {
    CompactBlock {
        height: HEIGHT,
        time: TimeMs::new(1_795_430_400_000),
        proposer: "soliq".to_owned(),
        index: IndexRoot::new([4; 32]),
        entries: vec![LeafHash::new([5; 32]); 2],
    }
}

const SIZE: LogSize = LogSize::new(9);
const ROOT: RootHash = RootHash::new([6; 32]);
const SIGNATURE: Signature = Signature::new([8; 64]);

fn cosignature() -> Cosignature {
    Cosignature {
        size: SIZE,
        root: ROOT,
        time: 1_795_430_400,
        agency: "soliq".to_owned(),
        signature: SIGNATURE,
    }
}

const LINE: LogLine = LogLine {
    size: SIZE,
    root: ROOT,
    signature: SIGNATURE,
};

/// Questions, answers and what is told on the lane for catching up.
fn sync_seeds(commit: Commit) -> Vec<(&'static str, SyncMessage)> {
    let decided = DecidedBlock {
        leaves: vec![b"an entry".to_vec(), b"a block leaf".to_vec()],
        commit,
    };
    let status = SyncMessage::Status {
        height: HEIGHT,
        cosigned: SIZE,
        time: TimeMs::new(1_795_430_400_123),
        began: TimeMs::new(1_795_430_000_000),
        silent: Some(node::wire::Silence::SignStateLost),
        yours: Some(Box::new(vote(VoteKind::Prevote, 1))),
        cosigned_by_you: Some(Box::new(cosignature())),
    };
    let get_blocks = SyncMessage::GetBlocks {
        from: HEIGHT,
        count: 64,
    };
    let hashes = vec![LeafHash::new([5; 32])];
    let compact = SyncMessage::CompactBlock(BLOCK, compact_block());
    let hello = Hello {
        chain: CHAIN,
        trust: TrustHash::new([3; 32]),
        protocols: (1, 1),
        version: "0.1.0".to_owned(),
    };
    let cosigns = SyncMessage::Cosigns(vec![cosignature()], Some(LINE));
    vec![
        ("status", status),
        ("get-blocks", get_blocks),
        ("blocks", SyncMessage::Blocks(vec![decided])),
        ("get-entries", SyncMessage::GetEntries(hashes)),
        ("entries", SyncMessage::Entries(vec![b"one".to_vec()])),
        ("get-compact-block", SyncMessage::GetCompactBlock(BLOCK)),
        ("compact-block", compact),
        ("get-cosigns", SyncMessage::GetCosigns(SIZE)),
        ("cosigns", cosigns),
        ("hello", SyncMessage::Hello(hello)),
    ]
}

/// One message of every kind, as it goes over the wire.
fn seeds() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let (polka, commit) = certificates();
    let signed = proposed_again(&polka);
    let proposal = signed.statement.clone();
    let voted = |kind, by| ConsensusMessage::Vote(vote(kind, by));
    let said = [
        (
            "proposal",
            ConsensusMessage::Proposal(signed, compact_block()),
        ),
        ("prevote", voted(VoteKind::Prevote, 0)),
        ("precommit", voted(VoteKind::Precommit, 1)),
        ("polka", ConsensusMessage::Polka(polka.clone())),
        ("commit", ConsensusMessage::Commit(commit.clone())),
        ("cosign", ConsensusMessage::Cosignature(cosignature())),
        ("log-line", ConsensusMessage::LogLine(LINE)),
    ];
    let said = said.map(|(name, message)| ("consensus", name, encode(&message)));
    let entries = EntriesMessage(vec![b"one".to_vec(), b"two".to_vec()]);
    let asked = sync_seeds(commit).into_iter();
    let asked = asked.map(|(name, message)| ("sync", name, encode(&message)));
    let mut all = said.to_vec();
    all.push(("entries", "two", encode(&entries)));
    all.extend(asked);
    all.push(("record", "locked", encode(&record(polka, proposal))));
    all
}

/// Running nodes of one network may be of two releases, so what they say does not change by accident.
/// `MUHR_CORPUS=1` writes the seeds anew.
#[test]
fn messages_are_those_of_the_corpus() {
    let root = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap());
    let corpus = root.join("../node/fuzz/corpus");
    for (target, name, bytes) in seeds() {
        let path = corpus.join(target).join(name);
        if std::env::var_os("MUHR_CORPUS").is_some() {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, &bytes).unwrap();
        }
        let golden = fs::read(&path).unwrap();
        assert!(golden == bytes, "{target}/{name} is written otherwise now");
    }
}

#[test]
fn cut_longer_and_changed_messages_hold_the_property() {
    let mut accepted = 0_u32;
    for (target, name, bytes) in seeds() {
        assert!(check(target, &bytes), "{target}/{name} is not accepted");
        for at in 0..bytes.len() {
            assert!(!check(target, &bytes[..at]), "{target}/{name} cut at {at}");
            for change in [0x01, 0x20, 0x80, 0xff] {
                let mut changed = bytes.clone();
                changed[at] ^= change;
                accepted += u32::from(check(target, &changed));
            }
        }
        let longer = [&bytes[..], &[0]].concat();
        assert!(!check(target, &longer), "{target}/{name} with a byte more");
        for other in TARGETS {
            check(other, &bytes);
        }
    }
    eprintln!("wire: {accepted} changed messages are messages still");
}

/// A length that no memory has, wherever a length may stand.
#[test]
fn absurd_lengths_are_refused_at_once() {
    for (target, _, bytes) in seeds() {
        for at in 0..bytes.len().saturating_sub(8) {
            for length in [u64::MAX, u64::MAX / 2, 1 << 40, 1 << 24] {
                let mut changed = bytes.clone();
                changed[at..at + 8].copy_from_slice(&length.to_le_bytes());
                check(target, &changed);
            }
        }
    }
}
