//! Restarts: the same words again, never other ones, and silence where the record is missing.

use super::script::{Script, a, b};
use crate::{Input, Machine, RoundStep, Safety, TimerKind};

#[test]
fn a_restarted_validator_says_the_same_again() {
    let mut s = Script::new(4, 3);
    let w = s.world.clone();
    s.prevoted()
        .given(w.prevote(0, 0, Some(a())))
        .given(w.prevote(1, 0, Some(a())));
    s.restart();
    let again = [
        "fetch a from 3",
        "timer Resend 0 1000",
        "prevote a",
        "precommit a",
    ];
    s.then("the start", Input::Start, &again);
    assert_eq!(s.machine.locked().unwrap().block, a());
    s.then("another proposal", w.proposal(0, b(), None), &[]);
    s.then("old timers", w.elapsed(TimerKind::Prevote, 0), &[]);
    s.then("old timers", w.elapsed(TimerKind::Propose, 0), &[]);
}

#[test]
fn a_restarted_proposer_proposes_the_same_again() {
    let mut s = Script::new(4, 0);
    s.given(Input::Pending(true));
    let round = s.machine.round();
    s.given(Input::Built { round, block: a() });
    s.restart();
    let again = ["propose a", "timer Propose 0 1000", "timer Resend 0 1000"];
    s.then("the start", Input::Start, &again);
    s.then("entries wait", Input::Pending(true), &[]);
    s.then("a late block", Input::Built { round, block: b() }, &[]);
}

#[test]
fn a_restarted_validator_can_still_show_why_the_round_before_was_left() {
    let mut s = Script::new(4, 3);
    let w = s.world.clone();
    s.given(Input::Pending(true));
    for by in 0..3 {
        s.given(w.precommit(by, 0, None));
    }
    s.given(w.elapsed(TimerKind::Precommit, 0));
    let nil = ["save", "prevote nil"];
    s.then("no proposal", w.elapsed(TimerKind::Propose, 1), &nil);
    s.restart();
    s.given(Input::Start).given(Input::Pending(true));
    s.given(w.prevote(3, 1, None));
    let resend = w.elapsed(TimerKind::Resend, 1);
    s.then("1 s later", resend, &["repeat 4", "timer Resend 1 1000"]);
}

#[test]
fn a_record_of_a_past_height_another_network_or_another_key_binds_nothing() {
    let mut s = Script::new(4, 3);
    s.prevoted();
    let w = s.world.clone();
    let saved = s.saved.clone().unwrap();
    let mut foreign = saved.clone();
    foreign.chain = protocol::hash::ChainId::new([9; 32]);
    let mut of_another_key = saved.clone();
    of_another_key.key = w.set.key(2);
    for (record, world) in [(saved, w.next()), (foreign, w.clone()), (of_another_key, w)] {
        s.machine = Machine::new(world.chain, world.begun(world.set.key(3), Some(record)));
        s.then("the start", Input::Start, &[]);
        assert_eq!(s.machine.step_now(), RoundStep::Idle);
        assert!(s.machine.speaks());
    }
}

#[test]
fn a_validator_behind_its_own_record_is_silent_until_it_catches_up() {
    let mut s = Script::new(4, 3);
    s.prevoted();
    let w = s.world.clone();
    let mut behind = w.clone();
    behind.height = protocol::height::Height::new(w.height.get() - 1);
    let me = w.set.key(3);
    s.machine = Machine::new(w.chain, behind.begun(me, s.saved.clone()));
    s.then("the start", Input::Start, &[]);
    s.then("entries wait", Input::Pending(true), &[]);
    assert!(!s.machine.speaks());
    let effects = s.machine.advance(w.begun(me, None));
    let effects: Vec<String> = effects.iter().map(|effect| s.short(effect)).collect();
    assert_eq!(effects, ["prevote a", "timer Resend 0 1000"]);
    assert!(s.machine.speaks());
}

#[test]
fn a_lost_record_is_answered_by_observing_until_a_later_height() {
    let mut s = Script::new(4, 3);
    let w = s.world.clone();
    let (later, me) = (w.next(), w.set.key(3));
    let record = Safety::observe_until(w.chain, me, later.height);
    s.machine = Machine::new(w.chain, w.begun(me, Some(record)));
    s.then("the start", Input::Start, &[]);
    s.then("the proposal", w.proposal(0, a(), None), &[]);
    assert!(!s.machine.speaks());
    assert_eq!(s.machine.advance(later.begun(me, None)), []);
    assert!(s.machine.speaks());
}

#[test]
fn a_validator_that_hears_itself_say_what_it_never_said_falls_silent() {
    let mut s = Script::new(4, 3);
    let w = s.world.clone();
    s.then(
        "a vote of its own",
        w.prevote(3, 0, Some(a())),
        &["alarm OtherSelf"],
    );
    let follows = ["timer Resend 0 1000"];
    s.then("the proposal", w.proposal(0, b(), None), &follows);
    assert!(!s.machine.speaks());
    assert_eq!(s.machine.advance(w.next().begun(w.set.key(3), None)), []);
    assert!(s.machine.speaks(), "the next height is another matter");
}
