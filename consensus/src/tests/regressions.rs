//! Bugs of others, each by the name of where it was found, so that they are never ours.

use super::{
    script::{Script, a, b},
    timed::Net,
    world::World,
};
use crate::{Alarm, Commit, Effect, Evidence, Input, Machine, RoundStep, TimerKind};

const MINUTE: u64 = 60_000;

/// malachite#956: a proposer shows a polka to one validator only; its lock must not stall the rest.
#[test]
fn a_hidden_lock_is_shown_and_ends() {
    for seed in 0..40 {
        // 0 proposes to 1 and 2 only, and votes to 1 only.
        let mut net = Net::new(4, seed, 0);
        net.shun(0, &[2, 3]);
        net.submit(10, 1, 1);
        net.submit(5_000, 2, 2);
        net.run_until(5 * MINUTE);
        net.check_all_is_decided(&[]);
    }
}

/// malachite#956, in one machine: whoever locks sends the polka on at once and keeps repeating it,
/// and whoever hears it proposes that block.
#[test]
fn a_polka_of_an_older_round_is_proposed_again() {
    let mut s = Script::new(4, 2);
    let w = s.world.clone();
    s.given(w.prevote(0, 2, None));
    s.given(w.prevote(1, 2, None));
    s.given(Input::BlockKnown {
        block: a(),
        valid: true,
    });
    let polka = Input::Polka(w.verified(w.polka(&[0, 1, 3], 0, a())));
    s.then(
        "an older polka, on its turn",
        polka,
        &["save", "propose a again 0"],
    );
    assert_eq!(s.machine.locked(), None);
}

/// tendermint#9251: a lock held by one, and a newer polka for another block that it learns of late,
/// must not keep it from voting for that block again.
#[test]
fn a_lock_yields_to_a_newer_polka_learned_late() {
    let mut s = Script::new(4, 3);
    let w = s.world.clone();
    s.locked_and_in(5);
    let polka = w.polka(&[0, 1, 2], 4, b());
    let again = w.proposal(5, b(), Some(polka));
    s.then("a re-proposal", again, &["save", "prevote b since 4"]);
    s.given(w.prevote(3, 5, None));
}

/// malachite#850: after a restart the re-proposal must carry its polka.
#[test]
fn a_restarted_proposer_still_has_the_polka() {
    let mut s = Script::new(4, 3);
    let w = s.world.clone();
    s.prevoted();
    s.given(Input::Polka(w.verified(w.polka(&[0, 1, 3], 0, a()))));
    s.given(w.prevote(0, 2, None)).given(w.prevote(1, 2, None));
    s.restart();
    s.given(Input::Start);
    s.given(w.prevote(0, 3, None));
    let turn = ["timer Propose 3 2500", "save", "propose a again 0"];
    s.then("its turn comes", w.prevote(1, 3, None), &turn);
}

/// malachite#864, ava-labs/Simplex#280, Telcoin#964: replay must not vote anew.
#[test]
fn a_replay_in_another_order_says_nothing_new() {
    let mut s = Script::new(4, 3);
    let w = s.world.clone();
    s.given(Input::Pending(true));
    s.given(w.elapsed(TimerKind::Propose, 0));
    s.restart();
    s.given(Input::Start);
    s.then("the proposal, late", w.proposal(0, a(), None), &[]);
    s.given(w.prevote(0, 0, Some(a())))
        .given(w.prevote(1, 0, Some(a())));
    let locks = ["save", "precommit a", "polka a 0"];
    s.then("a polka", w.prevote(2, 0, Some(a())), &locks);
    s.restart();
    s.given(Input::Start);
    s.then(
        "nil prevotes",
        w.prevote(0, 0, None),
        &["evidence DoubleVote by 0"],
    );
}

/// Besu#7642: "round 10 will expire in 4096 seconds".
#[test]
fn no_wait_grows_without_bound() {
    let timeouts = crate::Timeouts::default();
    let kinds = [
        (TimerKind::Propose, 10_000),
        (TimerKind::Prevote, 5_000),
        (TimerKind::Precommit, 5_000),
        (TimerKind::Resend, 1_000),
    ];
    for (kind, max) in kinds {
        for round in [0, 1, 10, 100, u64::MAX] {
            let round = protocol::height::Round::new(round);
            assert!(timeouts.after_ms(kind, round) <= max);
        }
    }
}

/// Clique (EIP-3436, geth#18402): an even split stalls, never forks, and heals.
#[test]
fn an_even_split_stalls_and_never_forks() {
    for seed in 0..20 {
        let mut net = Net::new(4, seed, 3 * MINUTE);
        net.cut(&[0, 0, 1, 1]);
        net.submit(10, 0, 1);
        net.submit(10, 3, 2);
        net.run_until(3 * MINUTE);
        assert!((0..4).all(|at| net.decided(at) == 0));
        net.run_until(8 * MINUTE);
        net.check_all_is_decided(&[]);
    }
}

/// arXiv:1901.07160, celo#117: at n = 5 and 6 two groups of 2f + 1 need not share an honest one.
#[test]
fn any_two_quorums_share_an_honest_validator() {
    for n in 1..=100 {
        let keys = World::new(n.min(100)).set;
        let (q, f) = (keys.quorum(), keys.faulty_max());
        assert!(2 * q > n + f, "n = {n}: q = {q} would let two blocks win");
        assert!(q <= n - f, "n = {n}: f silent ones would stop it");
    }
    let quorum = |n| World::new(n).set.quorum();
    assert_eq!([4, 5, 6, 7, 30].map(quorum), [3, 4, 5, 5, 21]);
}

/// pbft-consensus#19: three of five are no quorum.
#[test]
fn three_of_five_decide_nothing() {
    let mut s = Script::new(5, 4);
    let w = s.world.clone();
    s.prevoted();
    s.given(w.prevote(0, 0, Some(a())))
        .given(w.prevote(1, 0, Some(a())));
    assert_eq!(s.machine.step_now(), RoundStep::Prevote);
    s.given(w.prevote(2, 0, Some(a())));
    assert_eq!(s.machine.step_now(), RoundStep::Precommit);
    for by in [4, 0, 1] {
        s.given(w.precommit(by, 0, Some(a())));
    }
    assert_eq!(s.machine.step_now(), RoundStep::Precommit);
    s.then("a fourth", w.precommit(2, 0, Some(a())), &["decide a 0"]);
}

/// Besu#10917: a long empty time and then a dead proposer must not freeze the chain.
#[test]
fn an_empty_hour_and_a_dead_proposer_do_not_freeze_the_chain() {
    for dead in 0..4 {
        let mut net = Net::new(4, dead as u64, 0);
        net.crash(10, dead, None);
        net.submit(60 * MINUTE, (dead + 1) % 4, 1);
        net.run_until(59 * MINUTE);
        assert_eq!(net.spoken_last(), 0);
        net.run_until(64 * MINUTE);
        net.check_all_is_decided(&[dead]);
    }
}

/// Iroha#1170: one validator sees the decision and goes away before anyone else does.
#[test]
fn whoever_alone_saw_the_decision_is_not_contradicted() {
    for seed in 0..20 {
        let mut net = Net::new(4, seed, 0);
        // 1 to 3 shun each other's neighbour in a ring, so that few hear all; 0 hears all and dies.
        net.shun(1, &[2]);
        net.submit(10, 0, 1);
        net.crash(120 + seed * 5, 0, Some(MINUTE));
        net.run_until(6 * MINUTE);
        net.check_all_is_decided(&[]);
    }
}

/// SOVEREIGN-NET#2591: rounds kept by local timers only drift apart for ever.
#[test]
fn validators_in_different_rounds_find_together() {
    for seed in 0..20 {
        let mut net = Net::new(4, seed, 2 * MINUTE);
        net.cut(&[0, 1, 0, 0]);
        net.submit(10, 0, 1);
        net.crash(20_000, 2, Some(10_000 + seed * 3_000));
        net.crash(60_000, 3, Some(40_000));
        net.run_until(6 * MINUTE);
        net.check_all_is_decided(&[]);
    }
}

/// A Byzantine validator gives its vote to one honest one only, which moves on and restarts without
/// memory of it: the others must still be led out of the round.
#[test]
fn a_round_left_by_a_liars_vote_can_be_followed_after_a_restart() {
    let mut leader = Script::new(4, 3);
    let w = leader.world.clone();
    leader.given(Input::Pending(true));
    // 0 lies: only the leader gets its precommit. The leader itself has not precommitted.
    for by in [0, 1, 2] {
        leader.given(w.precommit(by, 0, None));
    }
    leader.given(w.elapsed(TimerKind::Precommit, 0));
    leader.given(w.elapsed(TimerKind::Propose, 1));
    leader.restart();
    leader.given(Input::Start).given(Input::Pending(true));
    let repeated = leader.machine.step(w.elapsed(TimerKind::Resend, 1));
    let Some(Effect::Rebroadcast(messages)) = repeated.first().cloned() else {
        panic!("nothing is repeated: {repeated:?}");
    };
    let mut left = Script::new(4, 1);
    left.given(Input::Pending(true));
    left.given(w.elapsed(TimerKind::Propose, 0));
    left.given(w.prevote(0, 0, None))
        .given(w.prevote(1, 0, None))
        .given(w.prevote(2, 0, None));
    assert_eq!(left.machine.step_now(), RoundStep::Precommit);
    for message in messages {
        left.given(w.input(message, true, true));
    }
    left.given(w.elapsed(TimerKind::Precommit, 0));
    assert_eq!(left.machine.round().get(), 1);
}

/// accountable-TM: with two liars of four a fork is possible, and both are convicted by it.
#[test]
fn a_fork_convicts_f_plus_one() {
    let w = World::new(4);
    // 0 and 1 lie: with 3 they decide a in round 0, with 2 they decide b in round 1, having
    // prevoted b freshly there.
    let first: Commit = w.commit(&[0, 1, 3], 0, a());
    let behind = w.polka(&[0, 1, 2], 1, b());
    let second = w.commit(&[0, 1, 2], 1, b());
    let mut effects = Vec::new();
    let mut machine = Machine::new(w.chain, w.begun(None, None));
    for input in [
        Input::BlockKnown {
            block: a(),
            valid: true,
        },
        Input::Commit(w.verified(first)),
        Input::Polka(w.verified(behind)),
        Input::Commit(w.verified(second)),
    ] {
        effects.extend(machine.step(input));
    }
    let guilty = effects.iter().filter_map(|effect| match effect {
        Effect::Evidence(evidence @ Evidence::Amnesia { .. }) => {
            w.set.index_of(&evidence.accused())
        }
        _ => None,
    });
    assert_eq!(guilty.collect::<Vec<_>>(), [0, 1]);
    let forked = |effect: &Effect| matches!(effect, Effect::Alarm(Alarm::Fork { .. }));
    assert!(effects.iter().any(forked));
}
