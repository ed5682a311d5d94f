//! A change of validators, step by step on one machine: the hold and its end, restarts about it, who
//! speaks then, and what came too early or from those who have left.
//!
//! Validators 1 to 4 decide height 4 in all of these, others height 5; they are named by the seed of
//! their key.

use protocol::{height::Round, key::PublicKey};

use super::{
    script::{Script, a, b},
    world::{World, key_of},
};
use crate::{
    Effect, HeightParameters, Input, Machine, Message, RoundStep, Safety, TimerKind,
    ValidatorHistory, VoteKind,
};

const HEIGHT: u64 = 4;

/// Height 4, which 1 to 4 decide.
fn old() -> World {
    World::of(1..=4, HEIGHT)
}

/// Height 5, which these decide.
fn next(seeds: &[u8]) -> World {
    World::of(seeds.iter().copied(), HEIGHT + 1)
}

/// The machine of `me` at height 4.
fn at_change(me: u8) -> Script {
    let world = old();
    let begun = world.begun(Some(key_of(me)), None);
    Script::of(world, begun)
}

fn held(world: &World, me: u8, record: Option<Safety>) -> HeightParameters {
    HeightParameters {
        is_held: true,
        ..world.begun(Some(key_of(me)), record)
    }
}

impl World {
    /// The number of a seed's key.
    fn number(&self, seed: u8) -> u16 {
        self.set.index_of(&key_of(seed)).unwrap()
    }

    /// A prevote of the key of that seed, as the door lets it in.
    fn said(&self, seed: u8, block: Option<protocol::hash::BlockId>) -> Input {
        self.prevote(self.number(seed), 0, block)
    }

    /// The seed of whoever proposes in round 0, of these.
    fn proposer_of(&self, seeds: &[u8]) -> u8 {
        let proposer = self.set.proposer(self.height, Round::ZERO);
        let is_it = |seed: &&u8| key_of(**seed) == proposer;
        *seeds.iter().find(is_it).unwrap()
    }
}

impl Script {
    /// Goes on to the height of `world`, in the hold, and stays there.
    fn enter_hold(&mut self, world: &World, me: u8) -> &mut Self {
        let effects = self.machine.advance(held(world, me, None));
        assert_eq!(effects, []);
        assert!(self.machine.is_held() && !self.machine.speaks());
        self.world = world.clone();
        self
    }
}

const WAKES: [&str; 4] = [
    "timer Propose 0 1000",
    "timer Resend 0 1000",
    "save",
    "prevote a",
];

#[test]
fn proposers_take_turns_in_the_set_of_their_height() {
    let (old, new) = (old(), next(&[1, 2, 3, 4, 5]));
    let mut history = ValidatorHistory::new(old.set.clone());
    history.change(old.height, new.set.clone());
    let mut turns = Vec::new();
    for (world, rounds) in [(&old, 4), (&new, 5)] {
        for round in 0..rounds {
            let set = history.at(world.height);
            let turn = (world.height.get() + round) % rounds;
            let proposer = set.proposer(world.height, Round::new(round));
            assert_eq!(Some(proposer), world.set.key(turn as u16));
            turns.push(proposer);
        }
    }
    // Everybody has a turn in either set, and nothing of the one before is carried over.
    turns[4..].sort();
    assert_eq!(turns[4..], *new.set.keys());
}

/// Nobody leaves idleness before the note is on disk; what came is there then.
#[test]
fn in_the_hold_messages_are_taken_in_and_nothing_is_done() {
    let seeds = [2, 3, 4, 5];
    let new = next(&seeds);
    let proposer = new.proposer_of(&seeds);
    let me = *seeds.iter().find(|seed| **seed != proposer).unwrap();
    let mut s = at_change(1);
    s.enter_hold(&new, me);
    s.then("entries wait", Input::Pending(true), &[]);
    s.then("the proposal", new.proposal(0, a(), None), &[]);
    let others: Vec<u8> = seeds.into_iter().filter(|seed| *seed != me).collect();
    for seed in &others[..2] {
        s.then("a vote", new.said(*seed, Some(a())), &[]);
    }
    s.then("a timer", new.elapsed(TimerKind::Propose, 0), &[]);
    s.then("resend", new.elapsed(TimerKind::Resend, 0), &[]);
    let known = Message::Vote(new.sign(
        new.number(others[0]),
        new.vote_of(VoteKind::Prevote, 0, Some(a()), None),
    ));
    assert!(s.machine.knows(&known) && s.machine.status().is_held);
    assert_eq!(s.machine.step_now(), RoundStep::Idle);
    s.then("the note is on disk", Input::Released, &WAKES);
    assert!(s.machine.speaks() && !s.machine.is_held());
    let mine = new.said(me, Some(a()));
    s.then("its own vote", mine, &["save", "precommit a", "polka a 0"]);
    s.then("again", Input::Released, &[]);
}

#[test]
fn a_proposer_builds_when_the_hold_ends_and_not_before() {
    let seeds = [2, 3, 4, 5];
    let new = next(&seeds);
    let me = new.proposer_of(&seeds);
    let mut s = at_change(1);
    s.enter_hold(&new, me);
    s.then("entries wait", Input::Pending(true), &[]);
    let builds = ["timer Propose 0 1000", "timer Resend 0 1000", "build 0"];
    s.then("the note is on disk", Input::Released, &builds);
}

/// A certificate of the height does not end the hold: who went on by it would never get the note.
#[test]
fn a_commit_in_the_hold_decides_when_the_hold_ends() {
    let seeds = [2, 3, 4, 5];
    let new = next(&seeds);
    let me = seeds[seeds
        .map(|seed| new.number(seed))
        .iter()
        .position(|at| *at == 3)
        .unwrap()];
    let mut s = at_change(1);
    s.enter_hold(&new, me);
    let commit = Input::Commit(new.verified(new.commit(&[0, 1, 2], 0, a())));
    s.then("the commit", commit, &[]);
    let known = Input::BlockKnown {
        block: a(),
        valid: true,
    };
    s.then("its block", known, &[]);
    assert_eq!(
        s.machine.advance(new.next().begun(Some(key_of(me)), None)),
        []
    );
    assert_eq!(
        s.machine.height(),
        new.height,
        "a held height is not passed"
    );
    s.then("the note is on disk", Input::Released, &["decide a 0"]);
}

#[test]
fn two_commits_in_the_hold_stop_the_machine_at_once() {
    let new = next(&[2, 3, 4, 5]);
    let mut s = at_change(1);
    s.enter_hold(&new, 2);
    s.given(Input::Commit(new.verified(new.commit(&[0, 1, 2], 0, a()))));
    let other = Input::Commit(new.verified(new.commit(&[0, 1, 2], 1, b())));
    s.then("the other", other, &["alarm Fork"]);
    s.then("the note is on disk", Input::Released, &[]);
}

/// Its own words that it does not know silence it, in the hold too.
#[test]
fn a_validator_that_hears_itself_in_the_hold_says_nothing_after_it() {
    let seeds = [2, 3, 4, 5];
    let new = next(&seeds);
    let me = not_the_proposer(&new, &seeds);
    let mut s = at_change(1);
    s.enter_hold(&new, me);
    s.then(
        "its own vote",
        new.said(me, Some(b())),
        &["alarm OtherSelf"],
    );
    s.then("the proposal", new.proposal(0, a(), None), &[]);
    s.then(
        "the note is on disk",
        Input::Released,
        &["timer Resend 0 1000"],
    );
    assert!(!s.machine.speaks());
}

/// The record of a validator that has prevoted at height 5.
fn record_of_next(new: &World, me: u8) -> Safety {
    let mut s = Script::of(new.clone(), new.begun(Some(key_of(me)), None));
    s.given(new.proposal(0, a(), None));
    let saved = s.saved.unwrap();
    assert_eq!(
        (saved.key, saved.set),
        (Some(key_of(me)), Some(new.set.id()))
    );
    saved
}

fn not_the_proposer(new: &World, seeds: &[u8]) -> u8 {
    let proposer = new.proposer_of(seeds);
    *seeds.iter().find(|seed| **seed != proposer).unwrap()
}

/// A disk that lost the note and kept the record: the words stand, and are said again after the hold.
#[test]
fn a_restart_in_the_hold_comes_back_held_and_keeps_what_was_said() {
    let seeds = [2, 3, 4, 5];
    let new = next(&seeds);
    let me = not_the_proposer(&new, &seeds);
    let saved = record_of_next(&new, me);
    let mut s = at_change(1);
    s.machine = Machine::new(new.chain, held(&new, me, Some(saved.clone())));
    s.world = new.clone();
    s.then("the start", Input::Start, &[]);
    s.then("its own vote comes back", new.said(me, Some(a())), &[]);
    s.then("another proposal", new.proposal(0, b(), None), &[]);
    let again = ["prevote a", "timer Resend 0 1000"];
    s.then("the note is on disk", Input::Released, &again);
    assert_eq!(s.machine.record().prevote, saved.prevote);
}

#[test]
fn a_restart_after_the_hold_comes_back_at_work() {
    let seeds = [2, 3, 4, 5];
    let new = next(&seeds);
    let me = not_the_proposer(&new, &seeds);
    let saved = record_of_next(&new, me);
    let mut s = at_change(1);
    s.machine = Machine::new(new.chain, new.begun(Some(key_of(me)), Some(saved)));
    let again = ["prevote a", "timer Resend 0 1000"];
    s.then("the start", Input::Start, &again);
    s.then("no news", Input::Released, &[]);
}

/// With the ledger behind, what was said after the change silences the key until it is there again.
#[test]
fn a_ledger_that_is_behind_its_record_meets_the_change_in_silence() {
    let seeds = [2, 3, 4, 5];
    let new = next(&seeds);
    let me = not_the_proposer(&new, &seeds);
    let saved = record_of_next(&new, me);
    let mut s = at_change(1);
    s.machine = Machine::new(s.world.chain, s.world.begun(Some(key_of(me)), Some(saved)));
    s.then("the start", Input::Start, &[]);
    s.then("entries wait", Input::Pending(true), &[]);
    assert!(!s.machine.speaks());
    s.enter_hold(&new, me);
    let effects = s.machine.step(Input::Released);
    assert!(effects.contains(&Effect::Vote(s.machine.record().prevote.unwrap())));
}

/// In another history the key has spoken at this height, under other validators: nothing of that is
/// taken up, and nothing is said.
#[test]
fn a_record_of_other_validators_is_not_taken_up_and_the_height_is_left_to_others() {
    let (new, other) = (next(&[2, 3, 4, 5]), next(&[2, 3, 4, 6]));
    for is_held in [false, true] {
        let saved = record_of_next(&other, not_the_proposer(&other, &[2, 3, 4, 6]));
        let me = saved.key;
        let mut s = at_change(1);
        let begun = HeightParameters {
            is_held,
            ..new.begun(me, Some(saved))
        };
        s.machine = Machine::new(new.chain, begun);
        s.then("the start", Input::Start, &["alarm OtherSelf"]);
        s.given(Input::Released);
        s.given(new.proposal(0, b(), None));
        assert!(!s.machine.speaks());
        assert_eq!(s.machine.record().prevote, None);
        assert_eq!(s.machine.advance(new.next().begun(me, None)), []);
        assert!(s.machine.speaks(), "the next height is another matter");
    }
}

#[test]
fn whoever_is_not_in_the_set_observes_and_speaks_again_when_it_is() {
    let (with, without) = (next(&[1, 2, 3, 4]), next(&[2, 3, 4, 5]));
    for (me, at_4, at_5) in [(1, true, false), (5, false, true), (6, false, false)] {
        let mut s = at_change(me);
        assert_eq!(s.machine.speaks(), at_4, "{me} at 4");
        s.machine = s.machine.clone();
        assert_eq!(s.machine.advance(without.begun(Some(key_of(me)), None)), []);
        assert_eq!(s.machine.speaks(), at_5, "{me} at 5");
        s.world = without.clone();
        if !at_5 {
            s.then("entries wait", Input::Pending(true), &[]);
            s.then("the proposal", without.proposal(0, a(), None), &[]);
            for by in 0..2 {
                s.given(without.precommit(by, 0, Some(a())));
            }
            s.then(
                "decided",
                without.precommit(2, 0, Some(a())),
                &["decide a 0"],
            );
        }
        let mut back = with.clone();
        back.height = without.height.next();
        let _orders = s.machine.advance(back.begun(Some(key_of(me)), None));
        assert_eq!(s.machine.speaks(), at_4, "{me} at 6");
    }
}

/// Its votes, and its two votes, are a stranger's.
#[test]
fn a_retired_twin_that_votes_on_is_ignored_and_nobody_is_accused() {
    let (new, mut twin) = (next(&[2, 3, 4, 5]), old());
    twin.height = new.height;
    let mut s = at_change(2);
    s.machine = Machine::new(new.chain, new.begun(Some(key_of(2)), None));
    s.world = new.clone();
    s.given(Input::Start);
    for block in [Some(a()), Some(b()), None] {
        let vote = twin.vote_of(VoteKind::Precommit, 0, block, None);
        let signed = twin.sign(twin.number(1), vote);
        assert!(
            new.door(&Message::Vote(signed.clone()), true, true)
                .is_none()
        );
        // Let in while the old set was in force.
        s.then("a vote", Input::Vote(twin.verified(signed)), &[]);
    }
    let commit = Input::Commit(twin.verified(twin.commit(&[0, 1, 2, 3], 0, b())));
    s.then("the commit of all the old ones", commit, &[]);
    let polka = Input::Polka(twin.verified(twin.polka(&[0, 1, 2, 3], 0, b())));
    s.then("their polka", polka, &[]);
    assert_eq!(s.machine.status().precommits, []);
    assert_eq!(s.machine.step_now(), RoundStep::Idle);
}

/// What a stayer said early holds under both sets, and stands at its new place.
#[test]
fn early_votes_of_those_who_stay_count_under_the_next_set() {
    let seeds = [1, 3, 4, 9];
    let new = next(&seeds);
    let mut early = old();
    early.height = new.height;
    let mut s = at_change(4);
    for by in [1, 2, 3] {
        s.then("an early vote", early.said(by, Some(a())), &[]);
    }
    assert_eq!(s.machine.sizes().early_votes, 3);
    s.enter_hold(&new, 4);
    // 2 has left, and its vote with it.
    let mut said = s.machine.status().prevotes;
    said.sort();
    let mut stayed = [key_of(1), key_of(3)];
    stayed.sort();
    assert_eq!(said, stayed);
    let woken = ["timer Propose 0 1000", "timer Resend 0 1000"];
    s.then("the note is on disk", Input::Released, &woken);
}

#[test]
fn nothing_is_left_of_those_who_are_all_replaced() {
    let new = next(&[5, 6, 7, 8]);
    let mut early = old();
    early.height = new.height;
    let mut s = at_change(4);
    for by in [1, 2, 3] {
        s.given(early.said(by, Some(a())));
    }
    s.enter_hold(&new, 5);
    s.then("the note is on disk", Input::Released, &[]);
    assert_eq!(s.machine.status().prevotes, Vec::<PublicKey>::new());
}

/// The vote key of one agency changes: the machine speaks with the new one, and what binds the old one
/// does not bind it.
#[test]
fn a_rotated_key_speaks_with_its_own_record() {
    let seeds = [9, 2, 3, 4];
    let new = next(&seeds);
    let (old_key, new_key) = (Some(key_of(1)), Some(key_of(9)));
    let later = |key, height: u64| {
        let height = protocol::height::Height::new(height);
        Safety::observe_until(new.chain, key, height)
    };
    // What silences the old key at later heights goes with it.
    let world = old();
    let begun = world.begun(old_key, Some(later(old_key, 20)));
    let mut s = Script::of(world, begun);
    assert!(!s.machine.speaks());
    let mut other = s.machine.clone();
    assert_eq!(s.machine.advance(new.begun(new_key, None)), []);
    assert!(s.machine.speaks());
    s.given(new.proposal(0, a(), None));
    let said = s.saved.clone().map(|saved| (saved.key, saved.set));
    assert_eq!(said, Some((new_key, Some(new.set.id()))));
    // What binds the new key comes with it.
    assert_eq!(
        other.advance(new.begun(new_key, Some(later(new_key, 8)))),
        []
    );
    assert!(!other.speaks());
    let mut at_8 = new.clone();
    at_8.height = protocol::height::Height::new(8);
    assert_eq!(other.advance(at_8.begun(new_key, None)), []);
    assert!(other.speaks());
    // And a record of the old key, handed in by mistake, binds nobody.
    let begun = new.begun(new_key, Some(later(old_key, 20)));
    assert!(Machine::new(new.chain, begun).speaks());
}
