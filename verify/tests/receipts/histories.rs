//! Verdicts on histories: complete ones, and every way to hide, move or invent a version.

use protocol::{
    entry::Operation, height::TimeMs, history::History, index::ProofLeaf, policy::TrustPolicy,
    state::RecordStatus,
};
use verify::{history::judge, verdict::Verdict};

use super::{
    ORIGIN,
    world::{DOCUMENT, Leaf, OTHER_DOCUMENT, World, key_of, registry},
};

const ID: &str = "TSH-12";

fn verdict(trust: &TrustPolicy, history: &History, id: &str) -> Verdict {
    let bytes = history.write().into_bytes();
    let judgement = judge(trust, &bytes, &registry(), &key_of(id));
    assert_eq!(
        judgement.facts.is_none(),
        judgement.steps.iter().any(|step| !step.is_ok()),
        "facts if all holds: {:?}",
        judgement.steps
    );
    judgement.verdict
}

/// A record with four versions, among others.
fn lived() -> World {
    let mut world = World::new(ORIGIN);
    world.act(Operation::Register, "TSH-1");
    world.act(Operation::Register, ID);
    world.act_on(Operation::Amend, ID, &OTHER_DOCUMENT, true);
    world.act(Operation::Register, "TSH-2");
    world.act(Operation::Suspend, ID);
    world.act(Operation::Reinstate, ID);
    world
}

#[test]
fn a_complete_history_tells_what_was_said_when() {
    let world = lived();
    let trust = world.trust();
    let history = world.history(ID);
    assert_eq!(verdict(&trust, &history, ID), Verdict::Authentic);
    let judged = judge(&trust, history.write().as_bytes(), &registry(), &key_of(ID));
    let facts = judged.facts.unwrap();
    let versions: Vec<u64> = facts
        .versions
        .iter()
        .map(|version| version.entry.statement.version.get())
        .collect();
    assert_eq!(versions, [4, 3, 2, 1]);
    let heights: Vec<u64> = facts.versions.iter().map(|v| v.height.get()).collect();
    assert_eq!(heights, [6, 5, 3, 2]);
    let times: Vec<u64> = facts.versions.iter().map(|v| v.time.get()).collect();
    let at = |height: u64| 1_800_000_000_000 + height * 1000;
    assert_eq!(
        times,
        heights.iter().map(|height| at(*height)).collect::<Vec<_>>()
    );
    assert_eq!(
        (facts.as_of_height.get(), facts.as_of_time),
        (6, TimeMs::new(at(6)))
    );
}

#[test]
fn the_verdict_follows_the_status() {
    let mut world = lived();
    let trust = world.trust();
    world.act(Operation::Suspend, ID);
    assert_eq!(verdict(&trust, &world.history(ID), ID), Verdict::Suspended);
    world.act(Operation::Revoke, ID);
    assert_eq!(verdict(&trust, &world.history(ID), ID), Verdict::Revoked);
}

#[test]
fn a_hidden_moved_or_repeated_version_is_noticed() {
    let world = lived();
    let trust = world.trust();
    let whole = world.history(ID);
    let count = whole.record.as_ref().unwrap().1.len();
    let spoilt = |change: &dyn Fn(&mut Vec<protocol::entry::Entry>)| {
        let mut history = whole.clone();
        change(&mut history.record.as_mut().unwrap().1);
        verdict(&trust, &history, ID)
    };
    for at in 0..count {
        assert_eq!(
            spoilt(&|entries| drop(entries.remove(at))),
            Verdict::ProofBroken,
            "without {at}"
        );
        assert_eq!(
            spoilt(&|entries| entries.truncate(at)),
            Verdict::ProofBroken,
            "first {at}"
        );
        assert_eq!(
            spoilt(&|entries| entries.insert(at, entries[at].clone())),
            Verdict::ProofBroken,
            "twice {at}"
        );
        for other in 0..at {
            assert_eq!(
                spoilt(&|entries| entries.swap(at, other)),
                Verdict::ProofBroken,
                "{at} and {other}"
            );
        }
    }
    assert_eq!(spoilt(&|entries| entries.reverse()), Verdict::ProofBroken);
    let stranger = world.history("TSH-1").record.unwrap().1;
    assert_eq!(
        spoilt(&|entries| entries.extend(stranger.clone())),
        Verdict::ProofBroken
    );
}

#[test]
fn a_history_cut_back_to_an_older_state_is_noticed() {
    let mut world = lived();
    let older = world.history(ID);
    world.act(Operation::Revoke, ID);
    let trust = world.trust();
    let mut history = world.history(ID);
    history.record = older.record.clone();
    assert_eq!(verdict(&trust, &history, ID), Verdict::ProofBroken);
    history.record_proof = older.record_proof.clone();
    assert_eq!(verdict(&trust, &history, ID), Verdict::ProofBroken);
    history.head = older.head.clone();
    assert_eq!(verdict(&trust, &history, ID), Verdict::ProofBroken);
    // With its own checkpoint it is a true history, as of then.
    assert_eq!(verdict(&trust, &older, ID), Verdict::Authentic);
}

#[test]
fn a_record_that_never_was_is_proven_absent_and_a_known_one_cannot_be() {
    let world = lived();
    let trust = world.trust();
    let mut empty = 0;
    let mut other = 0;
    for number in 100..140 {
        let id = format!("TSH-{number}");
        let history = world.history(&id);
        match history.record_proof.leaf {
            ProofLeaf::Empty => empty += 1,
            ProofLeaf::Other(..) => other += 1,
            ProofLeaf::Present => panic!("{id} is there"),
        }
        assert_eq!(verdict(&trust, &history, &id), Verdict::NotFound);
        // The absence of a neighbour says nothing of the record that was asked about.
        assert_eq!(verdict(&trust, &history, ID), Verdict::ProofBroken);
        let mut hidden = history.clone();
        hidden.key = key_of(ID);
        assert_eq!(verdict(&trust, &hidden, ID), Verdict::ProofBroken);
        hidden.record_proof = world.history(ID).record_proof;
        assert_eq!(verdict(&trust, &hidden, ID), Verdict::ProofBroken);
    }
    assert!(empty > 0 && other > 0, "{empty} and {other}");
    let mut hidden = world.history(ID);
    hidden.record = None;
    assert_eq!(verdict(&trust, &hidden, ID), Verdict::ProofBroken);
}

#[test]
fn every_author_is_shown_once_and_signed_what_it_is_said_to() {
    let world = lived();
    let trust = world.trust();
    let mut history = world.history(ID);
    history.clerks.clear();
    assert_eq!(verdict(&trust, &history, ID), Verdict::ProofBroken);
    let mut history = world.history(ID);
    history.clerks[0].0.key = World::new("muhr.example/test/2").clerk_state().key;
    assert_eq!(verdict(&trust, &history, ID), Verdict::ProofBroken);
}

#[test]
fn a_story_that_the_rules_forbid_is_refused_although_a_quorum_signed_it() {
    let mut world = World::new(ORIGIN);
    world.act(Operation::Register, ID);
    world.act(Operation::Revoke, ID);
    let statement = world.statement(Operation::Reinstate, ID, &DOCUMENT, false);
    let entry = world.sign(statement);
    world.block(vec![Leaf::Entry(entry)]);
    assert_eq!(
        verdict(&world.trust(), &world.history(ID), ID),
        Verdict::ProofBroken
    );
    let mut world = World::new(ORIGIN);
    world.act(Operation::Register, ID);
    let mut state = world.state_of(ID);
    state.status = RecordStatus::Revoked;
    world.set_record(&key_of(ID), state);
    world.act(Operation::Register, "TSH-1");
    assert_eq!(
        verdict(&world.trust(), &world.history(ID), ID),
        Verdict::ProofBroken
    );
}

#[test]
fn a_history_needs_a_quorum_of_its_own_network() {
    let world = lived();
    let mut history = world.history(ID);
    let other = World::new("muhr.example/test/2").trust();
    assert_eq!(verdict(&other, &history, ID), Verdict::WrongNetwork);
    history.checkpoint = world.note(&[0, 1]);
    assert_eq!(verdict(&world.trust(), &history, ID), Verdict::ProofBroken);
    history.checkpoint = world.note(&[0, 1, 1]);
    assert_eq!(verdict(&world.trust(), &history, ID), Verdict::ProofBroken);
}

#[test]
fn no_changed_byte_and_no_cut_is_believed() {
    let world = lived();
    let trust = world.trust();
    for id in [ID, "TSH-100"] {
        let (registry, key) = (registry(), key_of(id));
        let mut history = world.history(id);
        // The log's own line would be a stranger's once its name is changed, and be ignored.
        history.checkpoint = world.note(&[0, 1, 3]);
        let bytes = history.write().into_bytes();
        assert!(judge(&trust, &bytes, &registry, &key).facts.is_some());
        for at in 0..bytes.len() {
            let cut = judge(&trust, &bytes[..at], &registry, &key);
            assert!(cut.facts.is_none(), "cut at {at}");
            for change in [0x01, 0x20, 0x80] {
                let mut changed = bytes.clone();
                changed[at] ^= change;
                let judged = judge(&trust, &changed, &registry, &key);
                assert!(
                    judged.facts.is_none(),
                    "byte {at} ^ {change:#x}: {}",
                    String::from_utf8_lossy(&changed)
                );
            }
        }
    }
}
