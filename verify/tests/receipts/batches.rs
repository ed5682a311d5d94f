//! Entries of a batch: each authentic by itself, none beyond what the batch covers, and whoever has
//! believed one of them judges the next as if it were the first.

use protocol::{
    entry::{Authorship, Operation},
    key::Signature,
    receipt::Receipt,
};
use verify::{receipt::judge, verdict::Verdict, verified_cache::VerifiedCache};

use super::{
    ORIGIN, Swap, verdict,
    world::{DOCUMENT, Leaf, World},
};

#[test]
fn entries_of_a_batch_are_authentic_one_by_one() {
    let mut world = World::new(ORIGIN);
    world.act(Operation::Register, "TSH-0");
    let batch = world.batch(&["TSH-1", "TSH-2", "TSH-3", "TSH-4", "TSH-5"]);
    world.act(Operation::Register, "TSH-6");
    let trust = world.trust();
    for at in batch + 1..=batch + 5 {
        let receipt = world.receipt(at);
        assert_eq!(
            verdict(&trust, &receipt, Some(&DOCUMENT)),
            Verdict::Authentic
        );
        let read = Receipt::parse(receipt.write().as_bytes()).unwrap();
        assert_eq!(read, receipt);
    }
}

#[test]
fn a_batch_vouches_for_nothing_but_what_it_covers() {
    let mut world = World::new(ORIGIN);
    let one = world.batch(&["TSH-1", "TSH-2", "TSH-3"]);
    let two = world.batch(&["TSH-4", "TSH-5", "TSH-6"]);
    let trust = world.trust();
    let mine = world.receipt(two + 2);
    let swaps: [Swap<'_>; 6] = [
        ("batch of others", &|to| {
            to.batch = world.receipt(one + 2).batch
        }),
        ("path of the neighbour", &|to| {
            to.batch.as_mut().unwrap().entry_path =
                world.receipt(two + 1).batch.unwrap().entry_path;
        }),
        ("count", &|to| {
            to.batch.as_mut().unwrap().leaf.statement.count = 2
        }),
        ("index", &|to| {
            to.batch.as_mut().unwrap().index = world.receipt(one + 1).batch.unwrap().index;
        }),
        ("signature", &|to| {
            to.batch.as_mut().unwrap().leaf.signature = Signature::new([1; 64])
        }),
        ("none", &|to| to.batch = None),
    ];
    // Whoever has just believed the honest one is not deceived more easily.
    let memory = VerifiedCache::new(&trust);
    for (name, swap) in swaps {
        let mut receipt = mine.clone();
        swap(&mut receipt);
        assert_eq!(
            verdict(&trust, &receipt, None),
            Verdict::ProofBroken,
            "{name}"
        );
        let honest = judge(&memory, mine.write().as_bytes(), None);
        assert_eq!(honest.verdict, Verdict::Authentic);
        let judged = judge(&memory, receipt.write().as_bytes(), None);
        assert_eq!(judged, judge(&trust, receipt.write().as_bytes(), None));
    }
}

#[test]
fn what_was_believed_before_changes_no_judgement() {
    let mut world = World::new(ORIGIN);
    let batch = world.batch(&["TSH-1", "TSH-2", "TSH-3"]);
    let trust = world.trust();
    let mine = world.receipt(batch + 2).write().into_bytes();
    let memory = VerifiedCache::new(&trust);
    for at in (0..mine.len()).step_by(3) {
        let honest = judge(&memory, &mine, None);
        assert_eq!(honest.verdict, Verdict::Authentic);
        let mut bent = mine.clone();
        bent[at] ^= 1;
        let judged = judge(&memory, &bent, None);
        assert_eq!(judged, judge(&trust, &bent, None), "byte {at}");
    }
}

#[test]
fn an_entry_that_claims_a_batch_of_which_it_is_not_is_refused() {
    let mut world = World::new(ORIGIN);
    let batch = world.batch(&["TSH-1", "TSH-2"]);
    let stray = protocol::entry::Entry {
        statement: world.statement(Operation::Register, "TSH-3", &DOCUMENT, false),
        authorship: Authorship::Batched,
    };
    world.block(vec![Leaf::Entry(stray)]);
    let trust = world.trust();
    // The world's helper finds the batch before it; its root does not cover the stray.
    let stray_at = batch + 4;
    let mut receipt = world.receipt(batch + 2);
    let proof = receipt.batch.clone();
    let placed = world.stray(stray_at);
    receipt.entry = placed.0;
    receipt.opening = None;
    receipt.batch = proof;
    (receipt.record, receipt.record_proof) = (placed.1, placed.2);
    receipt.block = world.head();
    receipt.head = None;
    receipt.proof.index = protocol::height::LeafIndex::new(stray_at);
    receipt.proof.path = world.path(stray_at);
    assert_eq!(verdict(&trust, &receipt, None), Verdict::ProofBroken);
}
