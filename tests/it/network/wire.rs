//! Messages from peers, byte by byte: golden ones of every kind, cut, made longer, changed and spliced.
//! The same properties are fuzzed by `make fuzz`.

use std::{fs, path::PathBuf};

use consensus::{
    Commit, Lock, Polka, Proposal, RoundStep, Safety, Signed, SignedVote, Vote, VoteKind,
};
use node::wire;
use protocol::{
    hash::{BlockId, IndexRoot, LeafHash, RootHash},
    height::{Height, LogSize, Round, TimeMs},
    key::Signature,
};
use wire::{
    CompactBlock, ConsensusMessage, Cosignature, DecidedBlock, EntriesMessage, LogLine,
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

/// One message of every kind, as it goes over the wire.
fn seeds() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let (polka, commit) = certificates();
    // In round 1, the validator after that of round 0 proposes again.
    let proposal = Proposal {
        height: HEIGHT,
        round: Round::new(1),
        block: BLOCK,
        polka: Some(polka.clone()),
    };
    let secret = &secrets()[1];
    let signed = Signed {
        signer: secret.public(),
        signature: secret.sign(&proposal.sign_bytes(&CHAIN)),
        statement: proposal.clone(),
    };
    let compact = CompactBlock {
        height: HEIGHT,
        time: TimeMs::new(1_795_430_400_000),
        proposer: "soliq".to_owned(),
        index: IndexRoot::new([4; 32]),
        entries: vec![LeafHash::new([5; 32]); 2],
    };
    let (size, root, signature) = (
        LogSize::new(9),
        RootHash::new([6; 32]),
        Signature::new([8; 64]),
    );
    let cosign = Cosignature {
        size,
        root,
        time: 1_795_430_400,
        agency: "soliq".to_owned(),
        signature,
    };
    let line = LogLine {
        size,
        root,
        signature,
    };
    let decided = DecidedBlock {
        leaves: vec![b"an entry".to_vec(), b"a block leaf".to_vec()],
        commit: commit.clone(),
    };
    let status = SyncMessage::Status {
        height: HEIGHT,
        cosigned: size,
        time: TimeMs::new(1_795_430_400_123),
        began: TimeMs::new(1_795_430_000_000),
        silent: Some(node::wire::Silence::SignStateLost),
        yours: Some(Box::new(vote(VoteKind::Prevote, 1))),
        cosigned_by_you: Some(Box::new(cosign.clone())),
    };
    let get_blocks = SyncMessage::GetBlocks {
        from: HEIGHT,
        count: 64,
    };
    let hashes = vec![LeafHash::new([5; 32])];
    let said = |name, message: &ConsensusMessage| ("consensus", name, encode(message));
    let asked = |name, message: &SyncMessage| ("sync", name, encode(message));
    vec![
        said(
            "proposal",
            &ConsensusMessage::Proposal(signed, compact.clone()),
        ),
        said(
            "prevote",
            &ConsensusMessage::Vote(vote(VoteKind::Prevote, 0)),
        ),
        said(
            "precommit",
            &ConsensusMessage::Vote(vote(VoteKind::Precommit, 1)),
        ),
        said("polka", &ConsensusMessage::Polka(polka.clone())),
        said("commit", &ConsensusMessage::Commit(commit)),
        said("cosign", &ConsensusMessage::Cosignature(cosign.clone())),
        said("log-line", &ConsensusMessage::LogLine(line.clone())),
        (
            "entries",
            "two",
            encode(&EntriesMessage(vec![b"one".to_vec(), b"two".to_vec()])),
        ),
        asked("status", &status),
        asked("get-blocks", &get_blocks),
        asked("blocks", &SyncMessage::Blocks(vec![decided])),
        asked("get-entries", &SyncMessage::GetEntries(hashes)),
        asked("entries", &SyncMessage::Entries(vec![b"one".to_vec()])),
        asked("get-compact-block", &SyncMessage::GetCompactBlock(BLOCK)),
        asked("compact-block", &SyncMessage::CompactBlock(BLOCK, compact)),
        asked("get-cosigns", &SyncMessage::GetCosigns(size)),
        asked("cosigns", &SyncMessage::Cosigns(vec![cosign], Some(line))),
        ("record", "locked", encode(&record(polka, proposal))),
    ]
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
