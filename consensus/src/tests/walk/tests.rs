//! What is walked, how often, and what must have been met on the way.

use std::collections::{BTreeMap, BTreeSet};

use protocol::hash::BlockId;

use super::{ACTIONS, Seen, Walk, Weather};
use crate::{
    Message, VoteKind,
    tests::{
        actors::{Actor, twin::Twin},
        seeds::{each_seed, leave_figures, seeds},
        world::{self, World},
    },
};

const SEEDS: u64 = 1_000;

fn walk_seed(n: usize, seed: u64) -> Seen {
    let mut walk = Walk::new(n, seed);
    walk.run();
    std::mem::take(&mut walk.seen)
}

fn walk(n: usize, count: u64) {
    let mut total = Seen::default();
    each_seed(&format!("n_{n}"), count, |seed| {
        total.add(&walk_seed(n, seed));
    });
    let walked = seeds(count).count() as u64;
    eprintln!("walk: n = {n}, {walked} seeds: {total:?}");
    leave_figures(
        &format!("walk n={n}"),
        &[
            ("seeds", walked),
            ("steps", walked * (ACTIONS * n) as u64),
            ("crashes", total.crashes as u64),
            ("lies", (total.lies + total.refused) as u64),
            ("rounds", total.rounds),
            ("decisions", total.decisions as u64),
        ],
    );
    if walked >= count {
        assert!(total.decisions > 0 && total.relocks > 0 && total.evidence > 0);
        assert!(total.refused > 0 && total.crashes > 0);
        let split = n > 4 || total.split_precommits > 0;
        assert!(split, "no walk came near a fork");
    }
}

#[test]
fn no_schedule_makes_n_4_fork_double_vote_or_accuse_the_honest() {
    walk(4, SEEDS);
}

#[test]
fn no_schedule_makes_n_5_fork_double_vote_or_accuse_the_honest() {
    walk(5, SEEDS);
}

#[test]
fn no_schedule_makes_n_7_fork_double_vote_or_accuse_the_honest() {
    walk(7, SEEDS / 2);
}

#[test]
fn no_schedule_makes_n_10_fork_double_vote_or_accuse_the_honest() {
    walk(10, SEEDS / 5);
}

/// One run of `n` honest ones in calm weather, again and again, with a crash before each of its
/// effects in turn. Says how many there were.
fn every_crash_point(n: usize, seed: u64) -> usize {
    for point in 0.. {
        let mut walk = Walk::with(n, world::random(seed), Weather::CALM, Vec::new());
        walk.crash_before = Some(point);
        walk.run();
        if walk.effects <= point {
            return point;
        }
    }
    0
}

#[test]
fn a_crash_before_any_effect_changes_nothing_that_was_said() {
    let mut points = 0;
    each_seed("a_crash_before", 3, |seed| {
        points += every_crash_point(4, seed);
    });
    eprintln!("walk: {points} crash points");
}

/// The blocks for which there is a commit, or precommits enough for one.
fn certified(log: &[Message], quorum: usize) -> BTreeSet<BlockId> {
    let mut signers: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    let mut blocks = BTreeSet::new();
    for message in log {
        match message {
            Message::Commit(commit) => {
                blocks.insert(commit.block);
            }
            Message::Vote(vote) if vote.statement.kind == VoteKind::Precommit => {
                if let Some(block) = vote.statement.block {
                    let said = signers.entry((vote.statement.round, block)).or_default();
                    said.insert(vote.signer);
                }
            }
            _ => {}
        }
    }
    let enough = signers.iter().filter(|(_, said)| said.len() >= quorum);
    blocks.extend(enough.map(|((_, block), _)| *block));
    blocks
}

/// More liars than can be borne: `twins` keys are on two machines each, and the network is split.
fn twins(n: usize, twins: usize, seed: u64) -> bool {
    let mut rng = world::random(seed);
    let start = rng.index(n);
    let sides = rng.next_u64();
    let twin = |i| {
        let actor: Box<dyn Actor> = Box::new(Twin::along(sides));
        (((start + i) % n) as u16, actor)
    };
    let lot = (0..twins).map(twin).collect();
    let mut walk = Walk::with(n, rng, Weather::CALM, lot);
    // Honest ones of different sides do not hear each other.
    walk.split = Some(sides);
    walk.log = Some(Vec::new());
    walk.run();
    walk.split = None;
    let log = walk.log.clone().unwrap_or_default();
    let commits: BTreeSet<_> = log
        .iter()
        .filter_map(|message| match message {
            Message::Commit(commit) => Some(commit.block),
            _ => None,
        })
        .collect();
    let forked = commits.len() > 1;
    let mut stopped = false;
    // The split ends: all that was said reaches all the honest, in some order.
    for at in 0..walk.nodes.len() {
        if !walk.nodes[at].is_honest() {
            continue;
        }
        for message in &log {
            if let Some(input) = walk.world.door(message, true, true) {
                walk.feed(at, input);
            }
        }
        let halted = walk.nodes[at].machine.is_halted();
        assert!(halted || !forked, "seed {seed}: {at} saw two and goes on");
        // Votes may be enough for two where nobody has heard enough of them before.
        let certified = certified(&log, walk.world.set.quorum());
        assert!(
            !halted || certified.len() > 1,
            "seed {seed}: {at} stopped for nothing"
        );
        stopped |= halted;
    }
    let mut guilty: Vec<_> = walk.evidence.iter().map(crate::Evidence::accused).collect();
    guilty.sort();
    guilty.dedup();
    let enough = World::new(n).set.faulty_max() + 1;
    assert!(!stopped || guilty.len() >= enough, "only {}", guilty.len());
    forked
}

/// That no innocent one is accused is checked with each piece of evidence.
#[test]
fn twins_beyond_f_may_fork_but_everybody_stops_and_f_plus_one_are_convicted() {
    for (n, count) in [(4, 2), (4, 3), (5, 3), (7, 3), (7, 4), (10, 4)] {
        let mut forks = 0;
        each_seed("twins_beyond", 150, |seed| {
            forks += usize::from(twins(n, count, seed));
        });
        let tried = seeds(150).count() as u64;
        eprintln!("twins: n = {n}, {count} keys on two machines each: {forks} of {tried} forked");
        leave_figures(
            &format!("twins n={n} liars={count}"),
            &[("seeds", tried), ("forks", forks as u64)],
        );
        if tried >= 150 {
            assert!(forks > 0, "n = {n}: no split ever forked");
        }
    }
}
