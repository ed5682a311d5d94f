//! The decision table, row by row, on one machine. Validator 3 of 4 unless said otherwise.

use protocol::height::Round;

use super::script::{Script, a, b};
use crate::{
    Input, Machine, RoundStep, TimerKind, Vote, VoteKind, machine::FUTURE_VOTES_MAX,
    tally::ROUNDS_AHEAD_MAX,
};

#[test]
fn a_follower_prevotes_locks_and_decides() {
    let mut s = Script::new(4, 3);
    let w = s.world.clone();
    s.then(
        "the proposal wakes it",
        w.proposal(0, a(), None),
        &[
            "timer Propose 0 1000",
            "timer Resend 0 1000",
            "save",
            "prevote a",
        ],
    );
    s.then("its own prevote", w.prevote(3, 0, Some(a())), &[]);
    s.then("a second", w.prevote(0, 0, Some(a())), &[]);
    s.then(
        "a third makes the polka",
        w.prevote(1, 0, Some(a())),
        &["save", "precommit a", "polka a 0"],
    );
    s.then("its own precommit", w.precommit(3, 0, Some(a())), &[]);
    s.then("a second", w.precommit(0, 0, Some(a())), &[]);
    s.then("a third", w.precommit(1, 0, Some(a())), &["decide a 0"]);
    s.then("a late one", w.precommit(2, 0, Some(a())), &[]);
    assert_eq!(s.machine.step_now(), RoundStep::Decided);
    let next = s.machine.advance(w.next().begun(w.set.key(3), None));
    assert_eq!(next, [], "the next height is silent");
    assert_eq!(s.machine.step_now(), RoundStep::Idle);
}

#[test]
fn a_proposer_builds_saves_and_proposes() {
    let mut s = Script::new(4, 0);
    let w = s.world.clone();
    let far = Round::new(ROUNDS_AHEAD_MAX + 1);
    assert!(s.machine.keeps(Round::new(0)) && !s.machine.keeps(far));
    s.then(
        "entries wait",
        Input::Pending(true),
        &["timer Propose 0 1000", "timer Resend 0 1000", "build 0"],
    );
    s.then("still", Input::Pending(true), &[]);
    let round = s.machine.round();
    let built = Input::Built { round, block: a() };
    s.then("the block is made", built.clone(), &["save", "propose a"]);
    s.then("made twice", built, &[]);
    s.then(
        "its own proposal",
        w.proposal(0, a(), None),
        &["save", "prevote a"],
    );
}

#[test]
fn a_proposer_that_was_woken_builds_when_entries_arrive() {
    let mut s = Script::new(4, 0);
    let w = s.world.clone();
    s.given(w.prevote(1, 0, None));
    let woken = ["timer Propose 0 1000", "timer Resend 0 1000"];
    s.then("two others vote", w.prevote(2, 0, None), &woken);
    s.then("entries wait", Input::Pending(true), &["build 0"]);
    s.then("they are gone", Input::Pending(false), &[]);
    s.then("others wait", Input::Pending(true), &["build 0"]);
}

#[test]
fn one_validator_alone_decides_alone() {
    let mut s = Script::new(1, 0);
    let w = s.world.clone();
    s.given(Input::Pending(true));
    let round = s.machine.round();
    s.given(Input::Built { round, block: a() });
    s.given(w.proposal(0, a(), None));
    let locks = ["save", "precommit a", "polka a 0"];
    s.then("its prevote", w.prevote(0, 0, Some(a())), &locks);
    s.then(
        "its precommit",
        w.precommit(0, 0, Some(a())),
        &["decide a 0"],
    );
}

#[test]
fn an_invalid_or_untimely_proposal_is_prevoted_nil() {
    for (valid, timely) in [(true, false), (false, true)] {
        let mut s = Script::new(4, 3);
        let w = s.world.clone();
        s.given(Input::Pending(true));
        let proposal = w.verified(w.signed_proposal(0, a(), None));
        let input = Input::Proposal {
            proposal,
            valid,
            timely,
        };
        s.then("the proposal", input, &["save", "prevote nil"]);
    }
}

#[test]
fn an_invalid_proposal_wakes_nobody() {
    let mut s = Script::new(4, 3);
    let w = s.world.clone();
    let proposal = w.verified(w.signed_proposal(0, a(), None));
    let (valid, timely) = (false, true);
    let input = Input::Proposal {
        proposal,
        valid,
        timely,
    };
    s.then("the proposal", input, &[]);
    assert_eq!(s.machine.step_now(), RoundStep::Idle);
}

#[test]
fn one_liar_wakes_nobody_and_two_voices_do() {
    let mut s = Script::new(4, 3);
    let w = s.world.clone();
    s.then("one, far ahead", w.precommit(2, 900, None), &[]);
    s.then("again", w.precommit(2, 901, None), &[]);
    assert_eq!(s.machine.step_now(), RoundStep::Idle);
    let woken = ["timer Propose 5 3500", "timer Resend 5 1000"];
    s.then("another", w.prevote(1, 5, None), &woken);
}

#[test]
fn a_locked_validator_refuses_a_fresh_proposal_even_of_its_own_block() {
    for block in [a(), b()] {
        let mut s = Script::new(4, 3);
        let w = s.world.clone();
        s.locked_and_in(2);
        s.then(
            "fresh",
            w.proposal(2, block, None),
            &["save", "prevote nil"],
        );
    }
}

#[test]
fn a_locked_validator_yields_to_a_polka_as_new_as_its_lock() {
    let mut s = Script::new(4, 3);
    let w = s.world.clone();
    s.locked_and_in(2);
    let newer = w.polka(&[0, 1, 2], 1, b());
    let again = w.proposal(2, b(), Some(newer));
    s.then("a newer polka", again, &["save", "prevote b since 1"]);
    let mut s = Script::new(4, 3);
    s.locked_and_in(2);
    let same = w.polka(&[0, 1, 3], 0, a());
    let again = w.proposal(2, a(), Some(same));
    s.then("its own polka", again, &["save", "prevote a since 0"]);
}

#[test]
fn a_locked_validator_refuses_a_polka_older_than_its_lock() {
    let mut s = Script::new(4, 3);
    let w = s.world.clone();
    // Locked on a in round 1; b had a polka in round 0 that it never saw.
    s.given(w.prevote(0, 1, None)).given(w.prevote(2, 1, None));
    s.given(w.proposal(1, a(), None));
    s.given(Input::Polka(w.verified(w.polka(&[0, 1, 3], 1, a()))));
    assert_eq!(s.machine.locked().unwrap().block, a());
    s.given(w.prevote(0, 2, None)).given(w.prevote(2, 2, None));
    let older = w.polka(&[0, 1, 2], 0, b());
    let again = w.proposal(2, b(), Some(older));
    s.then(
        "an older polka",
        again,
        ["evidence DoubleVote by 0", "save", "prevote nil"][1..].as_ref(),
    );
}

#[test]
fn nil_quorums_and_timers_end_a_round() {
    let mut s = Script::new(4, 3);
    let w = s.world.clone();
    s.given(Input::Pending(true));
    let elapsed = w.elapsed(TimerKind::Propose, 0);
    s.then("no proposal", elapsed.clone(), &["save", "prevote nil"]);
    s.then("the same timer", elapsed, &[]);
    s.given(w.prevote(3, 0, None)).given(w.prevote(0, 0, None));
    s.then(
        "three nil",
        w.prevote(1, 0, None),
        &["save", "precommit nil"],
    );
    s.given(w.precommit(3, 0, None))
        .given(w.precommit(0, 0, None));
    let timer = ["timer Precommit 0 500"];
    s.then("three of any kind", w.precommit(1, 0, Some(a())), &timer);
    s.then("a fourth", w.precommit(2, 0, None), &[]);
    let next = ["timer Propose 1 1500"];
    s.then("it ran out", w.elapsed(TimerKind::Precommit, 0), &next);
}

/// What waited was refused when the block was to be built: the next round is entered in silence.
#[test]
fn rounds_end_when_nothing_is_left_to_decide() {
    let mut s = Script::new(4, 3);
    let w = s.world.clone();
    s.given(Input::Pending(true))
        .given(w.elapsed(TimerKind::Propose, 0));
    for by in 0..3 {
        s.given(w.precommit(by, 0, None));
    }
    s.given(Input::Pending(false));
    s.then("it ran out", w.elapsed(TimerKind::Precommit, 0), &[]);
    assert_eq!(s.machine.step_now(), RoundStep::Idle);
    assert_eq!(s.machine.round().get(), 1);
    s.then("nothing to say", w.elapsed(TimerKind::Resend, 0), &[]);
    s.then(
        "a voice of round 0",
        w.precommit(0, 0, Some(b())),
        &["evidence DoubleVote by 0"],
    );
    s.then("a voice of round 1", w.prevote(0, 1, None), &[]);
    let joins = ["timer Propose 1 1500", "timer Resend 1 1000"];
    let mut other = s.machine.clone();
    s.then("another", w.prevote(1, 1, None), &joins);
    std::mem::swap(&mut s.machine, &mut other);
    s.then("entries wait again", Input::Pending(true), &joins);
}

#[test]
fn an_idle_validator_never_goes_back_a_round() {
    let mut s = Script::new(4, 3);
    let w = s.world.clone();
    s.given(Input::Pending(true))
        .given(w.elapsed(TimerKind::Propose, 0))
        .given(Input::Pending(false));
    for by in 0..3 {
        s.given(w.precommit(by, 0, None));
    }
    s.given(w.elapsed(TimerKind::Precommit, 0));
    s.then("an old valid proposal", w.proposal(0, a(), None), &[]);
    assert_eq!(
        (s.machine.step_now(), s.machine.round().get()),
        (RoundStep::Idle, 1)
    );
    // A polka is a cause, however old: somebody may be locked.
    s.given(Input::Polka(w.verified(w.polka(&[0, 1, 2], 0, a()))));
    assert_eq!(
        (s.machine.step_now(), s.machine.round().get()),
        (RoundStep::Propose, 1)
    );
}

#[test]
fn votes_of_the_next_height_count_however_far_ahead() {
    let mut s = Script::new(4, 3);
    let next = s.world.next();
    for by in 0..3 {
        s.given(next.prevote(by, 40, None));
    }
    let woken = s.machine.advance(next.begun(next.set.key(3), None));
    assert!(!woken.is_empty());
    assert_eq!(s.machine.round().get(), 40);
    assert_eq!(s.machine.status().prevotes.len(), 3);
}

#[test]
fn prevotes_that_disagree_end_in_a_nil_precommit() {
    let mut s = Script::new(4, 3);
    let w = s.world.clone();
    s.prevoted().given(w.prevote(0, 0, Some(a())));
    s.then(
        "a third, nil",
        w.prevote(1, 0, None),
        &["timer Prevote 0 500"],
    );
    let nil = ["save", "precommit nil"];
    s.then("it ran out", w.elapsed(TimerKind::Prevote, 0), &nil);
    // L42-43: too late to lock, not too late to know what to propose.
    s.then("the polka, late", w.prevote(2, 0, Some(a())), &[]);
    assert_eq!(s.machine.locked(), None);
    assert_eq!(s.machine.status().valid_round.unwrap().get(), 0);
}

#[test]
fn votes_that_agree_on_the_block_but_not_on_the_valid_round_make_no_polka() {
    let mut s = Script::new(4, 3);
    let w = s.world.clone();
    s.given(w.prevote(0, 2, None))
        .given(w.prevote(1, 2, Some(a())));
    s.given(w.proposal(2, a(), None))
        .given(w.prevote(3, 2, Some(a())));
    let since = w.vote_of(VoteKind::Prevote, 2, Some(a()), Some(1));
    s.given(Input::Vote(w.verified(w.sign(2, since))));
    assert_eq!(s.machine.step_now(), RoundStep::Prevote);
}

#[test]
fn a_block_behind_a_polka_is_fetched_and_precommitted_without_its_proposal() {
    let mut s = Script::new(4, 3);
    let w = s.world.clone();
    s.given(Input::Pending(true))
        .given(w.elapsed(TimerKind::Propose, 0));
    let polka = Input::Polka(w.verified(w.polka(&[0, 1, 2], 0, a())));
    let heard = ["fetch a from 3", "timer Prevote 0 500"];
    s.then("the polka", polka.clone(), &heard);
    s.then("again", polka, &[]);
    let repeated = w.elapsed(TimerKind::Resend, 0);
    s.then(
        "no answer",
        repeated,
        &["fetch a from 3", "timer Resend 0 1000"],
    );
    let known = Input::BlockKnown {
        block: a(),
        valid: true,
    };
    s.then("the block", known, &["save", "precommit a", "polka a 0"]);
}

#[test]
fn a_commit_decides_an_idle_height_once_the_block_is_known() {
    let mut s = Script::new(4, 3);
    let w = s.world.clone();
    let commit = Input::Commit(w.verified(w.commit(&[0, 1, 2], 7, a())));
    // Three voices of round 7 wake it as well, so it can help those that are still there.
    let heard = [
        "fetch a from 3",
        "timer Resend 0 1000",
        "timer Propose 7 4500",
        "timer Precommit 7 2250",
    ];
    s.then("the commit", commit, &heard);
    let known = Input::BlockKnown {
        block: a(),
        valid: true,
    };
    s.then("the block", known, &["decide a 7"]);
}

/// A host without room drops a block that the machine does not need. When it matters, it is ordered again.
#[test]
fn a_dropped_block_is_ordered_again() {
    let mut s = Script::new(4, 3);
    let w = s.world.clone();
    let known = Input::BlockKnown {
        block: a(),
        valid: true,
    };
    s.given(known.clone());
    assert!(!s.machine.needs(&a()));
    s.given(Input::BlockDropped(a()));
    let commit = Input::Commit(w.verified(w.commit(&[0, 1, 2], 7, a())));
    let heard = [
        "fetch a from 3",
        "timer Resend 0 1000",
        "timer Propose 7 4500",
        "timer Precommit 7 2250",
    ];
    s.then("the commit", commit, &heard);
    assert!(s.machine.needs(&a()));
    s.then("the block", known, &["decide a 7"]);
}

#[test]
fn a_quorum_for_a_block_judged_invalid_halts() {
    let mut s = Script::new(4, 3);
    let w = s.world.clone();
    s.given(Input::Pending(true));
    s.given(Input::BlockKnown {
        block: a(),
        valid: false,
    });
    let commit = Input::Commit(w.verified(w.commit(&[0, 1, 2], 0, a())));
    s.then("the commit", commit, &["alarm QuorumForInvalid"]);
    assert!(s.machine.is_halted());
    s.then("nothing more", w.proposal(0, b(), None), &[]);
    assert_eq!(s.machine.advance(w.next().begun(w.set.key(3), None)), []);
}

#[test]
fn two_commits_for_one_height_halt() {
    let mut s = Script::new(4, 3);
    let w = s.world.clone();
    s.prevoted();
    s.given(Input::Commit(w.verified(w.commit(&[0, 1, 2], 0, a()))));
    let other = Input::Commit(w.verified(w.commit(&[0, 1, 2], 1, b())));
    s.then("the other", other, &["alarm Fork"]);
}

#[test]
fn what_may_be_lost_is_said_again() {
    let mut s = Script::new(4, 3);
    let w = s.world.clone();
    s.prevoted();
    let resend = w.elapsed(TimerKind::Resend, 0);
    s.then("1 s later", resend, &["repeat 1", "timer Resend 0 1000"]);
    s.given(w.prevote(0, 0, Some(a())))
        .given(w.prevote(1, 0, Some(a())));
    s.given(w.precommit(3, 0, Some(a())));
    let resend = w.elapsed(TimerKind::Resend, 0);
    s.then(
        "two votes and the polka",
        resend,
        &["repeat 3", "timer Resend 0 1000"],
    );
    s.given(w.precommit(0, 0, None))
        .given(w.precommit(1, 0, None));
    s.given(w.elapsed(TimerKind::Precommit, 0));
    let resend = w.elapsed(TimerKind::Resend, 0);
    s.then(
        "the polka and why round 0 was left",
        resend,
        &["repeat 4", "timer Resend 1 1000"],
    );
}

#[test]
fn votes_of_the_next_height_wait_at_most_eight_each() {
    let mut s = Script::new(4, 3);
    let w = s.world.clone();
    let next = w.next();
    for round in 0..12 {
        s.then("one of the next height", next.prevote(1, round, None), &[]);
        s.then("the same", next.prevote(1, round, None), &[]);
    }
    s.given(next.prevote(2, 11, None));
    s.given(next.verified_vote_of_another_set());
    assert_eq!(s.machine.sizes().early_votes, FUTURE_VOTES_MAX + 1);
    let mut machine: Machine = s.machine.clone();
    let woken = machine.advance(next.begun(next.set.key(3), None));
    assert_eq!(woken.len(), 2, "{woken:?}");
    assert_eq!(machine.sizes().rounds, FUTURE_VOTES_MAX);
    assert_eq!(machine.round().get(), 11);
    assert_eq!(machine.status().prevotes.len(), 2);
    // Of those who are not in the next set nothing is kept.
    let mut others = next.clone();
    let keys = w.set.keys();
    others.set = crate::ValidatorSet::new(vec![keys[0], keys[3]]).unwrap();
    assert_eq!(s.machine.advance(others.begun(w.set.key(3), None)), []);
    assert_eq!(s.machine.sizes().rounds, 0);
}

#[test]
fn the_guilty_are_named_once() {
    let mut s = Script::new(4, 3);
    let w = s.world.clone();
    s.given(w.prevote(1, 0, Some(a())));
    let double = ["evidence DoubleVote by 1"];
    s.then("another", w.prevote(1, 0, Some(b())), &double);
    s.then("and another", w.prevote(1, 0, None), &[]);
    s.given(w.proposal(0, a(), None));
    let double = ["evidence DoubleProposal by 0"];
    s.then("a second proposal", w.proposal(0, b(), None), &double);
    s.given(w.precommit(2, 0, Some(a())));
    s.then(
        "a lock forgotten",
        w.prevote(2, 1, Some(b())),
        &["evidence Amnesia by 2"],
    );
}

#[test]
fn a_liars_first_vote_counts_and_his_certificate_still_does() {
    let mut s = Script::new(4, 3);
    let w = s.world.clone();
    s.prevoted()
        .given(w.prevote(1, 0, None))
        .given(w.prevote(0, 0, Some(a())));
    assert_eq!(s.machine.step_now(), RoundStep::Prevote);
    let polka = Input::Polka(w.verified(w.polka(&[0, 1, 3], 0, a())));
    let locks = [
        "evidence DoubleVote by 1",
        "save",
        "precommit a",
        "polka a 0",
    ];
    s.then("the polka that holds his second", polka, &locks);
}

#[test]
fn an_observer_follows_in_silence() {
    let mut s = Script::new(4, 3);
    let w = s.world.clone();
    s.machine = Machine::new(w.chain, w.begun(None, None));
    s.then("entries wait", Input::Pending(true), &[]);
    s.then("the proposal", w.proposal(0, a(), None), &[]);
    s.given(w.precommit(0, 0, Some(a())))
        .given(w.precommit(1, 0, Some(a())));
    assert_eq!(s.machine.step_now(), RoundStep::Propose);
    s.then("the third", w.precommit(2, 0, Some(a())), &["decide a 0"]);
}

#[test]
fn status_names_who_is_missing() {
    let mut s = Script::new(4, 3);
    let w = s.world.clone();
    s.prevoted().given(w.prevote(1, 0, None));
    let status = s.machine.status();
    assert_eq!(status.step.name(), "prevote");
    assert_eq!(status.proposal, Some(a()));
    assert_eq!(
        status.missing,
        [w.set.key(0).unwrap(), w.set.key(2).unwrap()]
    );
}

#[test]
fn what_is_known_need_not_be_verified_again() {
    use crate::Message;
    let mut s = Script::new(4, 3);
    let w = s.world.clone();
    let vote = w.signed_prevote(1, 0, None);
    let polka = w.polka(&[0, 1, 2], 0, a());
    let known = [Message::Vote(vote), Message::Polka(polka)];
    assert!(known.iter().all(|message| !s.machine.knows(message)));
    for message in known.clone() {
        s.given(w.input(message, true, true));
    }
    assert!(known.iter().all(|message| s.machine.knows(message)));
}

#[test]
fn messages_of_other_heights_and_sets_change_nothing() {
    let mut s = Script::new(4, 3);
    let w = s.world.clone();
    let mut past = w.clone();
    past.height = protocol::height::Height::new(2);
    s.then("a past vote", past.prevote(1, 0, Some(a())), &[]);
    s.then("a past proposal", past.proposal(0, a(), None), &[]);
    s.then("another set's vote", w.other_set().prevote(1, 0, None), &[]);
    let vote: Vote = w.vote_of(VoteKind::Prevote, 0, None, None);
    let message = crate::Message::Vote(w.sign(1, vote));
    assert!(!s.machine.knows(&message));
}
