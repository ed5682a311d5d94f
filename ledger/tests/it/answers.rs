//! Answers of a ledger on disk: receipts, histories and proofs, checked with the protocol's own
//! functions over a few hundred blocks, under published checkpoints that lag behind.

use std::collections::BTreeMap;

use ledger::{Ledger, NotAdmitted, Refusal, query::NoAnswer};
use protocol::{
    batch::WholeBatch,
    batch_receipts::BatchReceipts,
    block::BlockLeaf,
    entry::{Committed, Entry, Operation},
    hash::{Commitment, IndexKey, RootHash},
    height::{Height, LeafIndex, LogSize, TimeMs, Version},
    history::History,
    index::IndexProof,
    merkle::{self, leaf_hash, tiles, verify_consistency, verify_inclusion},
    receipt::{BlockProof, Receipt},
    state::{ClerkState, RecordState, value_hash},
};
use testkit::Random;

use crate::{
    model::random_block,
    world::{PERMITS, genesis, key, next, proposal, register, registry, sign, sign_batch},
};

/// A note with the checkpoint's text; its signatures are not the ledger's business.
pub fn note(ledger: &Ledger, height: Height) -> String {
    let block = ledger.block(height).unwrap().unwrap();
    let size = LogSize::new(block.first.get() + block.leaves.len() as u64);
    let mut checkpoint = ledger.head().checkpoint();
    checkpoint.size = size;
    checkpoint.root = ledger.root_at(size).unwrap();
    format!("{}\n\u{2014} test AAAAAAA=\n", checkpoint.write())
}

fn state(ledger: &Ledger, number: u64) -> Option<RecordState> {
    use ledger::Records;
    let head = ledger.head();
    ledger
        .records_at(&head)
        .record(&RecordState::index_key(&registry(PERMITS), &key(number)))
        .unwrap()
}

/// Commits `blocks` random blocks and publishes some of them, with others always ahead.
fn grown(ledger: &Ledger, blocks: u64, seed: u64, publish: bool) {
    println!("seed {seed}");
    let mut random = Random::new(seed);
    let mut model = BTreeMap::new();
    while ledger.head().height().get() < blocks {
        let (entries, _) = random_block(&mut random, &mut model, |number| state(ledger, number));
        let time = TimeMs::new(ledger.head().time().get() + 1000);
        if let Some(executed) = ledger.build(proposal(time), &entries).unwrap().executed {
            ledger
                .commit(&executed, &executed.height().get().to_be_bytes())
                .unwrap();
        }
        let height = ledger.head().height().get();
        if publish && height > 5 && random.below(3) == 0 {
            let target = Height::new(height - random.below(5));
            let last = ledger.published().map(|published| published.head.height());
            if last.is_none_or(|last| last <= target) {
                ledger.publish(&note(ledger, target), target).unwrap();
            }
        }
    }
}

fn check_block(proof: &BlockProof, size: LogSize, root: &RootHash) {
    let hash = leaf_hash(proof.leaf.write().as_bytes());
    verify_inclusion(&hash, proof.index, size, &proof.path, root).unwrap();
}

fn check_present(proof: &IndexProof, leaf: &BlockLeaf, key: &IndexKey, value: &str) {
    proof
        .verify_present(&leaf.index, key, &value_hash(value))
        .unwrap();
}

fn check_receipt(receipt: &Receipt, size: LogSize, root: &RootHash) {
    assert_eq!(
        Receipt::parse(receipt.write().as_bytes()).unwrap(),
        *receipt
    );
    let bytes = receipt.entry.write();
    let (statement, proof) = (&receipt.entry.statement, &receipt.proof);
    verify_inclusion(
        &leaf_hash(bytes.as_bytes()),
        proof.index,
        size,
        &proof.path,
        root,
    )
    .unwrap();
    check_block(&receipt.block, size, root);
    let (block, at) = (&receipt.block, proof.index.get());
    assert!(at < block.index.get() && at >= block.index.get() - block.leaf.entries);
    let newest = receipt.newest();
    check_block(newest, size, root);
    assert_eq!(newest.index.get(), size.get() - 1);
    let key = RecordState::index_key(&statement.registry, &statement.key);
    check_present(
        &receipt.record_proof,
        &newest.leaf,
        &key,
        &receipt.record.write(),
    );
    assert!(receipt.record.version >= statement.version);
    if receipt.record.version == statement.version {
        assert_eq!(receipt.record.hash, leaf_hash(bytes.as_bytes()));
        assert_eq!(
            (receipt.record.height, receipt.record.time),
            (block.leaf.height, block.leaf.time)
        );
    }
    let key = ClerkState::index_key(&statement.author);
    check_present(
        &receipt.clerk_proof,
        &newest.leaf,
        &key,
        &receipt.clerk.write(),
    );
}

fn check_history(history: &History, size: LogSize, root: &RootHash) {
    assert_eq!(
        History::parse(history.write().as_bytes()).unwrap(),
        *history
    );
    check_block(&history.head, size, root);
    assert_eq!(history.head.index.get(), size.get() - 1);
    let key = RecordState::index_key(&history.registry, &history.key);
    let Some((state, versions)) = &history.record else {
        history
            .record_proof
            .verify_absent(&history.head.leaf.index, &key)
            .unwrap();
        return;
    };
    check_present(
        &history.record_proof,
        &history.head.leaf,
        &key,
        &state.write(),
    );
    assert_eq!(versions.len() as u64, state.version.get());
    let mut hash = state.hash;
    for entry in versions {
        assert_eq!(leaf_hash(entry.write().as_bytes()), hash);
        if let Some(previous) = entry.statement.previous {
            hash = previous.hash;
        }
    }
    assert_eq!(versions.last().unwrap().statement.version, Version::new(1));
    for (clerk, proof) in &history.clerks {
        let key = ClerkState::index_key(&clerk.name);
        check_present(proof, &history.head.leaf, &key, &clerk.write());
    }
}

/// Every answer that a ledger can give, against its published checkpoint.
fn check_all(ledger: &Ledger) {
    let published = ledger.published().unwrap();
    let (size, root) = (published.head.size(), published.head.root());
    let (mut receipts, mut later) = (0, 0);
    for at in 0..ledger.head().size().get() {
        let leaf = ledger.leaf(LeafIndex::new(at)).unwrap().unwrap();
        match (ledger.receipt(LeafIndex::new(at)), Entry::parse(&leaf)) {
            (Ok(receipt), Ok(entry)) => {
                assert_eq!(
                    ledger.entry(&entry.statement.id()).unwrap(),
                    Some(LeafIndex::new(at))
                );
                check_receipt(&receipt, size, &root);
                receipts += 1;
            }
            (Err(NoAnswer::NotFound), Err(_)) => assert!(at < size.get()),
            (Err(NoAnswer::NotYet), _) => {
                assert!(at >= size.get());
                later += 1;
            }
            (answer, _) => panic!("leaf {at}: {answer:?}"),
        }
    }
    println!("{receipts} receipts, {later} leaves not yet published");
    assert!(receipts > 0);
    for number in 0..60 {
        let history = ledger.history(&registry(PERMITS), &key(number)).unwrap();
        let record = ledger.record(&registry(PERMITS), &key(number)).unwrap();
        assert_eq!(
            history.record.as_ref().map(|(state, _)| state.clone()),
            record
        );
        check_history(&history, size, &root);
    }
    let absent = ledger.index_proof(&IndexKey::new([7; 32])).unwrap();
    absent
        .verify_absent(&published.head.index_root(), &IndexKey::new([7; 32]))
        .unwrap();
}

#[test]
fn every_answer_holds_under_a_checkpoint_that_lags_behind() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(folder.path(), &genesis(), None).unwrap();
    grown(&ledger, 300, 0x5eed, true);
    check_all(&ledger);
    drop(ledger);
    let ledger = Ledger::open(folder.path(), &genesis(), None).unwrap();
    check_all(&ledger);
}

#[test]
fn answers_wait_for_their_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(folder.path(), &genesis(), None).unwrap();
    assert!(matches!(
        ledger.history(&registry(PERMITS), &key(1)),
        Err(NoAnswer::NotYet)
    ));
    let entry = sign(register(1));
    let time = ledger.head().time().next();
    let executed = ledger.execute(proposal(time), [&entry]).unwrap();
    ledger
        .publish(&note(&ledger, Height::ZERO), Height::ZERO)
        .unwrap();
    assert!(matches!(
        ledger.receipt(executed.first()),
        Err(NoAnswer::NotFound)
    ));
    ledger.commit(&executed, b"").unwrap();
    assert!(matches!(
        ledger.receipt(executed.first()),
        Err(NoAnswer::NotYet)
    ));
    assert_eq!(ledger.record(&registry(PERMITS), &key(1)).unwrap(), None);
    ledger
        .publish(&note(&ledger, Height::new(1)), Height::new(1))
        .unwrap();
    assert!(ledger.receipt(executed.first()).unwrap().head.is_none());
    assert!(
        ledger
            .record(&registry(PERMITS), &key(1))
            .unwrap()
            .is_some()
    );
    assert!(matches!(
        ledger.receipt(LeafIndex::new(99)),
        Err(NoAnswer::NotFound)
    ));
}

#[test]
fn a_published_height_is_answered_however_far_behind_it_falls() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(folder.path(), &genesis(), None).unwrap();
    grown(&ledger, 20, 3, false);
    ledger
        .publish(&note(&ledger, Height::new(18)), Height::new(18))
        .unwrap();
    grown(&ledger, 180, 4, false);
    check_all(&ledger);
    assert!(
        ledger
            .publish(&note(&ledger, Height::new(60)), Height::new(60))
            .is_err()
    );
    drop(ledger);
    let ledger = Ledger::open(folder.path(), &genesis(), None).unwrap();
    check_all(&ledger);
    ledger
        .publish(&note(&ledger, Height::new(170)), Height::new(170))
        .unwrap();
    check_all(&ledger);
}

#[test]
fn a_note_of_another_checkpoint_is_not_published() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(folder.path(), &genesis(), None).unwrap();
    grown(&ledger, 5, 5, false);
    let wrong = note(&ledger, Height::new(4));
    assert!(ledger.publish(&wrong, Height::new(3)).is_err());
    ledger.publish(&wrong, Height::new(4)).unwrap();
    assert!(
        ledger
            .publish(&note(&ledger, Height::new(3)), Height::new(3))
            .is_err()
    );
}

#[test]
fn paths_and_consistency_hold_between_any_two_sizes() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(folder.path(), &genesis(), None).unwrap();
    grown(&ledger, 250, 6, false);
    let size = ledger.head().size();
    assert!(size.get() > 600, "{size}");
    let mut random = Random::new(7);
    for _ in 0..300 {
        let new = LogSize::new(1 + random.below(size.get()));
        let old = LogSize::new(1 + random.below(new.get()));
        let (new_root, old_root) = (ledger.root_at(new).unwrap(), ledger.root_at(old).unwrap());
        let path = ledger.consistency(old, new).unwrap();
        verify_consistency(old, new, &path, &old_root, &new_root).unwrap();
        let index = LeafIndex::new(random.below(new.get()));
        let leaf = leaf_hash(&ledger.leaf(index).unwrap().unwrap());
        let path = ledger.inclusion(index, new).unwrap();
        verify_inclusion(&leaf, index, new, &path, &new_root).unwrap();
    }
    assert_eq!(ledger.root_at(size).unwrap(), ledger.head().root());
    assert!(ledger.inclusion(LeafIndex::ZERO, size.next()).is_err());
}

#[test]
fn tiles_bundles_and_blocks_give_the_log_back() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(folder.path(), &genesis(), None).unwrap();
    grown(&ledger, 250, 8, false);
    let size = ledger.head().size().get();
    let mut leaves = Vec::new();
    for index in 0..size.div_ceil(256) {
        let width = tiles::width_at(0, index, LogSize::new(size)).unwrap();
        let bundle = tiles::parse_bundle(&ledger.bundle(index, width).unwrap()).unwrap();
        let hashes: Vec<u8> = bundle
            .iter()
            .flat_map(|leaf| *leaf_hash(leaf).as_bytes())
            .collect();
        assert_eq!(ledger.tile(0, index, width).unwrap(), hashes);
        assert_eq!(ledger.tile(0, index, 1).unwrap(), hashes[..32]);
        leaves.extend(bundle);
    }
    assert_eq!(
        merkle::root_of(leaves.iter().map(Vec::as_slice)),
        ledger.head().root()
    );
    assert_eq!(
        ledger.tile(1, 0, (size / 256) as u16).unwrap().len() as u64,
        size / 256 * 32
    );
    for (level, index, width) in [
        (0, size / 256, 256),
        (0, 99, 1),
        (1, 0, 200),
        (9, 0, 1),
        (0, 0, 0),
    ] {
        assert!(
            matches!(ledger.tile(level, index, width), Err(NoAnswer::NotFound)),
            "{level} {index}"
        );
    }
    assert!(matches!(
        ledger.bundle(size / 256, 256),
        Err(NoAnswer::NotFound)
    ));

    let mut from_blocks = Vec::new();
    let mut height = Height::ZERO;
    loop {
        let blocks = ledger.blocks(height, 7, 10_000).unwrap();
        assert!(blocks.len() <= 7);
        let Some(last) = blocks.last() else { break };
        height = last.height.next();
        from_blocks.extend(blocks.into_iter().flat_map(|block| block.leaves));
    }
    assert_eq!(from_blocks, leaves);
    let block = ledger.block(Height::new(9)).unwrap().unwrap();
    assert_eq!(block.certificate, 9u64.to_be_bytes());
    for at in block.first.get()..block.first.get() + block.leaves.len() as u64 {
        assert_eq!(
            ledger.height_of(LeafIndex::new(at)).unwrap(),
            Some(Height::new(9))
        );
    }
    assert_eq!(ledger.height_of(LeafIndex::new(size)).unwrap(), None);
}

#[test]
fn the_door_knows_duplicates_and_names_the_winner_of_a_conflict() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(folder.path(), &genesis(), None).unwrap();
    let first = ledger.admit(sign(register(1))).unwrap();
    let mut places = Vec::new();
    for _ in 0..4 {
        let current = state(&ledger, 1);
        let operation = if current.is_none() {
            Operation::Register
        } else {
            Operation::Amend
        };
        let entry = sign(next(operation, 1, current.as_ref()));
        let executed = ledger
            .execute(proposal(ledger.head().time().next()), [&entry])
            .unwrap();
        ledger.commit(&executed, b"").unwrap();
        places.push(executed.first());
    }
    let again = ledger.admit(first.into_entry());
    let Err(NotAdmitted::Refused(again)) = again else {
        panic!("{again:?}")
    };
    assert_eq!(again, Refusal::AlreadyThere { index: places[0] });
    let mut other = next(Operation::Amend, 1, None);
    other.version = Version::new(2);
    other.commitment = Some(Committed::Fields(Commitment::new([1; 32])));
    let refused = ledger.admit(sign(other));
    let Err(NotAdmitted::Refused(refusal)) = refused else {
        panic!("{refused:?}")
    };
    let Refusal::VersionTaken {
        latest,
        winner_version,
        winner,
        ..
    } = refusal
    else {
        panic!()
    };
    assert_eq!((latest, winner_version), (Version::new(4), Version::new(2)));
    assert_eq!(winner, places[1]);
}

/// Batch receipts and the batch's entries give the very receipts that are given one by one; bent ones
/// give none, or receipts that do not hold.
#[test]
fn batch_receipts_are_the_receipts_of_the_batch() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(folder.path(), &genesis(), None).unwrap();
    for (block, counts) in [(0, &[3, 1][..]), (1, &[]), (2, &[300, 2]), (3, &[1024])] {
        let mut entries = vec![sign(register(100_000 + block))];
        for (at, count) in (0..).zip(counts) {
            let first = block * 10_000 + at * 2_000;
            entries.push(sign_batch((first..first + count).map(register).collect()));
        }
        let time = TimeMs::new(ledger.head().time().get() + 1000);
        let executed = ledger
            .build(proposal(time), &entries)
            .unwrap()
            .executed
            .unwrap();
        ledger.commit(&executed, b"certificate").unwrap();
    }
    let unpublished = ledger.batch_receipts(LeafIndex::new(3));
    assert!(matches!(unpublished, Err(NoAnswer::NotYet)));
    for height in [3, 4] {
        let height = Height::new(height);
        ledger.publish(&note(&ledger, height), height).unwrap();
        let (mut batches, mut receipts) = (0, 0);
        let size = ledger.published().unwrap().head.size().get();
        for index in (0..size).map(LeafIndex::new) {
            let leaf = ledger.leaf(index).unwrap().unwrap();
            if !WholeBatch::is_start(&leaf) {
                assert!(matches!(
                    ledger.batch_receipts(index),
                    Err(NoAnswer::NotFound)
                ));
                continue;
            }
            let shared = ledger.batch_receipts(index).unwrap();
            let text = shared.write();
            assert_eq!(BatchReceipts::parse(text.as_bytes()).unwrap(), shared);
            let first = index.get() + 1;
            let places = first..first + shared.batch.statement.count;
            let single: Vec<Receipt> = places
                .map(|at| ledger.receipt(LeafIndex::new(at)).unwrap())
                .collect();
            let entries: Vec<Entry> = single.iter().map(|receipt| receipt.entry.clone()).collect();
            let together: Vec<Receipt> = shared.receipts(&entries).unwrap().collect();
            assert_eq!(together, single, "the batch at {index}");
            batches += 1;
            receipts += together.len();
            assert!(shared.receipts(&entries[1..]).is_none());
        }
        println!("height {height}: {batches} batches, {receipts} receipts");
        assert_eq!(batches, if height.get() == 3 { 4 } else { 5 });
    }
}
