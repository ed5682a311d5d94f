//! Worlds in which a quorum signed what the rules forbid: the proofs hold, the story does not.
//!
//! An auditor who trusts the agencies' number still need not trust their sense. Not here: proofs that
//! do not hold (`receipts.rs`).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "tests fail by panicking, with the reason"
)]

#[allow(
    dead_code,
    reason = "the world of the receipts, of which this needs a part"
)]
#[path = "receipts/world.rs"]
mod world;

use protocol::{
    batch::BatchStatement,
    entry::{Authorship, Entry, EntryRef, Operation, Statement},
    hash::sha256,
    height::{Height, LeafIndex, TimeMs, Version},
    key::SecretKey,
    merkle,
    state::{RecordState, RecordStatus},
};
use verify::{Verdict, history, receipt};
use world::{DOCUMENT, Leaf, OTHER_DOCUMENT, World, clerk_name, key_of, registry};

const ORIGIN: &str = "muhr.example/test/1";
const ID: &str = "TSH-12";

fn judged(world: &World, at: u64) -> verify::Judgement {
    receipt::judge(&world.trust(), world.receipt(at).write().as_bytes(), None)
}

fn judged_history(
    world: &World,
    history: &protocol::history::History,
) -> verify::Judgement<history::HistoryFacts> {
    let bytes = history.write().into_bytes();
    history::judge(&world.trust(), &bytes, &history.registry, &history.key)
}

/// The judgement is broken at the step `name`, and nothing is said to be a fact.
fn broken_at(judgement: &verify::Judgement, name: &str, what: &str) {
    let last = judgement.steps.last().unwrap();
    assert_eq!(judgement.verdict, Verdict::ProofBroken, "{what}");
    assert_eq!(
        (last.check.part(), last.is_ok()),
        (name, false),
        "{what}: {last:?}"
    );
    assert!(judgement.facts.is_none(), "{what}");
}

/// Where the next leaf will stand.
fn next(world: &World) -> EntryRef {
    let head = world.head();
    EntryRef {
        index: head.index.next(),
        hash: protocol::hash::LeafHash::new([0; 32]),
        height: head.leaf.height.next(),
        time: TimeMs::new(head.leaf.time.get() + 1000),
    }
}

#[test]
fn one_block_may_hold_two_versions_of_a_record() {
    let mut world = World::new(ORIGIN);
    world.act(Operation::Register, "TSH-1");
    let first = world.statement(Operation::Register, ID, &DOCUMENT, false);
    let second = world.statement(Operation::Amend, ID, &OTHER_DOCUMENT, true);
    let first = world.sign(first);
    let place = next(&world);
    let second = Statement {
        version: Version::new(2),
        previous: Some(EntryRef {
            hash: merkle::leaf_hash(first.write().as_bytes()),
            ..place
        }),
        ..second
    };
    let second = world.sign(second);
    world.block(vec![Leaf::Entry(first), Leaf::Entry(second)]);
    let at = place.index.get();
    let mut older = world.receipt(at);
    older.opening = None;
    let trust = world.trust();
    let verdict = receipt::judge(&trust, older.write().as_bytes(), None).verdict;
    assert_eq!(verdict, Verdict::Superseded);
    assert_eq!(judged(&world, at + 1).verdict, Verdict::Authentic);
    let facts = judged_history(&world, &world.history(ID)).facts.unwrap();
    let then = facts.at_height(place.height).unwrap();
    assert_eq!(then.entry.statement.version, Version::new(2));
    assert_eq!(facts.versions[1].height, place.height);
}

#[test]
fn an_entry_that_does_not_follow_the_version_it_names_is_refused() {
    type Lie = fn(&mut Statement);
    let lies: [(&str, Lie); 7] = [
        ("no version before the second", |said| said.previous = None),
        ("a later leaf", |said| {
            said.previous.as_mut().unwrap().index = LeafIndex::new(10_000)
        }),
        ("a later block", |said| {
            said.previous.as_mut().unwrap().height = Height::new(10_000)
        }),
        ("a later time", |said| {
            said.previous.as_mut().unwrap().time = TimeMs::new(u64::MAX)
        }),
        ("a second registration", |said| {
            said.operation = Operation::Register
        }),
        ("a version before the first", |said| {
            said.version = Version::new(1)
        }),
        ("version zero", |said| said.version = Version::ZERO),
    ];
    for (what, lie) in lies {
        let mut world = World::new(ORIGIN);
        world.act(Operation::Register, ID);
        let mut statement = world.statement(Operation::Amend, ID, &DOCUMENT, false);
        let at = next(&world).index.get();
        lie(&mut statement);
        let entry = world.sign(statement);
        world.block(vec![Leaf::Entry(entry)]);
        broken_at(&judged(&world, at), "story", what);
        let history = judged_history(&world, &world.history(ID));
        assert_eq!(history.verdict, Verdict::ProofBroken, "{what}");
        assert!(history.facts.is_none(), "{what}");
    }
}

#[test]
fn a_newest_block_that_is_no_later_than_the_entrys_is_refused() {
    let mut world = World::new(ORIGIN);
    let at = world.act(Operation::Register, ID);
    world.stopped_at = Some(world.head().leaf.time);
    world.act(Operation::Register, "TSH-9");
    broken_at(&judged(&world, at), "head", "the clock stands still");
}

#[test]
fn a_first_version_registers_or_is_refused() {
    // An agency's word on no version has no state that a receipt could show.
    let versions = Operation::ALL.into_iter();
    for operation in versions.filter(|operation| !operation.is_attestation()) {
        let mut world = World::new(ORIGIN);
        let at = world.act(operation, ID);
        if operation == Operation::Register {
            assert_eq!(judged(&world, at).verdict, Verdict::Authentic);
        } else {
            broken_at(&judged(&world, at), "story", operation.word());
        }
    }
}

#[test]
fn an_index_that_tells_another_story_than_the_log_is_refused() {
    type Lie = fn(&mut RecordState);
    // Seen in the receipt of the amendment, which is the latest version; and in that of the
    // registration, which does not show the amendment. The history shows both and sees them all.
    let lies: [(&str, Lie, [bool; 2]); 8] = [
        (
            "status",
            |state| state.status = RecordStatus::Suspended,
            [true, false],
        ),
        (
            "content",
            |state| state.content = Version::new(1),
            [true, false],
        ),
        (
            "no content",
            |state| state.content = Version::ZERO,
            [true, true],
        ),
        (
            "content to come",
            |state| state.content = Version::new(3),
            [true, true],
        ),
        (
            "leaf",
            |state| state.index = LeafIndex::new(0),
            [true, true],
        ),
        ("height", |state| state.height = Height::ZERO, [true, true]),
        ("time", |state| state.time = TimeMs::ZERO, [true, true]),
        (
            "version",
            |state| state.version = Version::ZERO,
            [true, true],
        ),
    ];
    for (what, lie, broken) in lies {
        let mut world = World::new(ORIGIN);
        let first = world.act(Operation::Register, ID);
        let second = world.act_on(Operation::Amend, ID, &OTHER_DOCUMENT, false);
        let mut state = world.state_of(ID);
        lie(&mut state);
        world.set_record(&key_of(ID), state);
        // The next block seals the lie under a checkpoint.
        world.act(Operation::Register, "TSH-1");
        for (at, broken) in [(second, broken[0]), (first, broken[1])] {
            let judgement = judged(&world, at);
            if broken {
                broken_at(&judgement, "story", what);
            } else {
                assert_ne!(judgement.verdict, Verdict::ProofBroken, "{what}");
            }
        }
        let history = judged_history(&world, &world.history(ID));
        assert_eq!(history.verdict, Verdict::ProofBroken, "{what}");
    }
}

#[test]
fn the_newest_block_is_not_named_twice() {
    let mut world = World::new(ORIGIN);
    let at = world.act(Operation::Register, ID);
    let mut receipt = world.receipt(at);
    receipt.head = Some(receipt.block.clone());
    let judgement = receipt::judge(&world.trust(), receipt.write().as_bytes(), None);
    broken_at(&judgement, "head", "the entry's own block as the head");
}

#[test]
fn a_batch_of_another_block_vouches_for_nothing() {
    let mut world = World::new(ORIGIN);
    let clerk = SecretKey::from_seed(&sha256(&[
        b"verify tests",
        format!("{ORIGIN} clerk").as_bytes(),
    ]));
    let entry = Entry {
        statement: world.statement(Operation::Register, ID, &DOCUMENT, false),
        authorship: Authorship::Batched,
    };
    let text = entry.write();
    let batch = BatchStatement {
        author: clerk_name(),
        count: 2,
        root: merkle::root_of([text.as_bytes(), text.as_bytes()]),
        expires: Height::new(1000),
    };
    let batch = batch.sign(&world.genesis.network_id(), &clerk);
    world.block(vec![Leaf::Batch(batch)]);
    let at = next(&world).index.get();
    world.block(vec![Leaf::Entry(entry)]);
    let judgement = judged(&world, at);
    broken_at(&judgement, "batch", "a batch of the block before");
    // That, and not the path, is what breaks it.
    assert_eq!(
        judgement.steps.last().unwrap().check,
        verify::Check::BatchInBlock
    );
}

#[test]
fn a_version_of_a_batch_is_marked_and_left_to_its_receipt() {
    let mut world = World::new(ORIGIN);
    world.batch(&["TSH-1", ID]);
    world.act(Operation::Suspend, ID);
    let judgement = judged_history(&world, &world.history(ID));
    assert_eq!(judgement.verdict, Verdict::Suspended);
    let by_batch: Vec<bool> = judgement
        .facts
        .unwrap()
        .versions
        .iter()
        .map(history::ProvenVersion::by_batch)
        .collect();
    assert_eq!(by_batch, [false, true]);
    let authorship: Vec<(&str, String)> = judgement
        .steps
        .iter()
        .filter(|step| step.check.part() == "signature")
        .map(|step| (step.check.code(), step.check.args()[0].1.clone()))
        .collect();
    assert_eq!(
        authorship,
        [
            ("version-signed", "2".to_owned()),
            ("version-batched", "1".to_owned())
        ]
    );
}

#[test]
fn a_history_shows_its_authors_and_nobody_else() {
    let mut world = World::new(ORIGIN);
    world.act(Operation::Register, ID);
    let shown = world.history(ID).clerks[0].clone();
    for (id, clerks) in [
        (ID, vec![shown.clone(), shown.clone()]),
        ("TSH-99", vec![shown]),
    ] {
        let mut history = world.history(id);
        history.clerks = clerks;
        let judgement = judged_history(&world, &history);
        assert_eq!(judgement.verdict, Verdict::ProofBroken, "{id}");
        assert_eq!(
            judgement.steps.last().unwrap().check.part(),
            "clerk",
            "{id}"
        );
    }
}

#[test]
fn a_history_says_nothing_of_the_time_after_its_checkpoint() {
    let mut world = World::new(ORIGIN);
    world.act(Operation::Register, ID);
    world.act(Operation::Register, "TSH-1");
    let history = world.history(ID);
    let facts = judged_history(&world, &history).facts.unwrap();
    assert!(facts.at_height(facts.as_of_height).is_some());
    assert!(facts.at_height(facts.as_of_height.next()).is_none());
    assert!(facts.at_time(facts.as_of_time).is_some());
    assert!(facts.at_time(facts.as_of_time.next()).is_none());
    assert_eq!(history.registry, registry());
}

#[test]
fn too_few_signers_are_counted_and_the_missing_are_named() {
    let mut world = World::new(ORIGIN);
    world.act(Operation::Register, ID);
    let trust = world.trust();
    let error = verify::checkpoint::judge(&trust, &world.note(&[0, 2])).unwrap_err();
    assert_eq!(error.verdict(), Verdict::ProofBroken);
    assert_eq!(
        error.to_string(),
        "2 of 4 validators cosigned it, and the trust file asks for more; missing: iiv, qurilish"
    );
    let trusted = verify::checkpoint::judge(&trust, &world.note(&[0, 2, 3])).unwrap();
    assert_eq!(trusted.missing(), ["iiv"]);
    assert!(trusted.cosigners().iter().all(|(_, time)| time.get() > 0));
}

#[test]
fn a_receipt_of_an_altered_document_still_says_what_was_recorded() {
    let mut world = World::new(ORIGIN);
    let at = world.act_on(Operation::Register, ID, &DOCUMENT, true);
    let receipt = world.receipt(at).write();
    let other = Some(&OTHER_DOCUMENT);
    let judgement = receipt::judge(&world.trust(), receipt.as_bytes(), other);
    assert_eq!(judgement.verdict, Verdict::Altered);
    let facts = judgement.facts.unwrap();
    assert_eq!(facts.record.as_deref(), Some(ID));
    assert_eq!(facts.fields.len(), 2);
    // What does not open the entry is no fact.
    let forged = receipt.replacen("record-id TSH-12", "record-id TSH-13", 1);
    let judgement = receipt::judge(&world.trust(), forged.as_bytes(), None);
    assert_eq!(judgement.verdict, Verdict::Altered);
    let facts = judgement.facts.unwrap();
    assert_eq!((facts.record, facts.fields.len()), (None, 0));
}
