//! Changes of validators with a clock: what a change costs in good weather, and that everything is decided
//! after a storm in which they happen.

use protocol::height::{Height, Round};

use super::{CHANGES, MINUTE, Net};
use crate::{
    ValidatorSet,
    tests::{
        seeds::{each_seed, leave_figures, seeds},
        world::{self, Random, key_of},
    },
};

/// Below the second after which things are said again.
const PAUSE_MS: u64 = 800;
/// By so much the slow one hears later what is said of the change.
const LATE_MS: u64 = 300;

fn set(numbers: &[usize]) -> ValidatorSet {
    ValidatorSet::new(
        numbers
            .iter()
            .map(|number| key_of(*number as u8 + 1))
            .collect(),
    )
    .unwrap()
}

/// Hosts 0, 1, 2 and so on, of which these vote, one set after the other.
fn net(hosts: usize, sets: &[&[usize]], seed: u64, good_from: u64) -> Net {
    let keys = (1..=hosts as u8).map(key_of).collect();
    Net::of(
        keys,
        sets.iter().map(|numbers| set(numbers)).collect(),
        seed,
        good_from,
    )
}

/// One change and the block after it in good weather, with as many of the new set gone as can be borne,
/// so that it needs `slow`, who hears of the change late: what the others say next comes to it too early.
/// Gives how long those who are there wait between the two blocks.
fn pause(old: &[usize], new: &[usize], slow: usize, gone: usize, seed: u64) -> u64 {
    let mut net = net(8, &[old, new], seed, 0);
    net.late = Some((Height::new(1), slow, LATE_MS));
    net.crash(0, gone, None);
    let first = *old.iter().find(|host| **host != gone).unwrap();
    net.submit(10, first, CHANGES + 1);
    // After the change is everywhere, so that no block takes it first.
    net.submit(80, first, 1);
    net.run_until(5 * MINUTE);
    net.check_all_is_decided(&[gone]);
    let there = new.iter().filter(|host| **host != gone);
    let waited = there.map(|host| {
        let times = &net.hosts[*host].times;
        assert_eq!(times.len(), 2, "the change, and the entry after it");
        times[1] - times[0]
    });
    waited.max().unwrap()
}

/// One of the new set that may be gone: it does not propose first, and is not the slow one.
fn spare(new: &[usize], slow: usize, mut candidates: impl Iterator<Item = usize>) -> Option<usize> {
    let proposer = set(new).proposer(Height::new(2), Round::ZERO);
    let may = |host: &usize| *host != slow && key_of(*host as u8 + 1) != proposer;
    candidates.find(may)
}

/// What newcomers say before a newcomer knows that they vote is there when it does.
#[test]
fn a_change_of_all_costs_no_wait_for_what_is_said_again() {
    let (old, new) = ([0, 1, 2, 3], [4, 5, 6, 7]);
    let mut waits = Vec::new();
    for seed in 0..20 {
        for slow in new {
            let Some(gone) = spare(&new, slow, new.into_iter()) else {
                continue;
            };
            waits.push(pause(&old, &new, slow, gone, seed));
        }
    }
    let longest = waits.iter().max().unwrap();
    eprintln!(
        "a change of all: {} runs, at most {longest} ms",
        waits.len()
    );
    assert!(*longest < PAUSE_MS, "waited {longest} ms");
}

/// What those who stay say before another of them has decided the change is counted under the next set.
#[test]
fn a_change_of_one_costs_no_wait_for_what_is_said_again() {
    let old = [0, 1, 2, 3];
    let mut waits = Vec::new();
    for newcomer in 4..8 {
        let new = [0, 1, 2, newcomer];
        for slow in 0..3 {
            let Some(gone) = spare(&new, slow, std::iter::once(newcomer)) else {
                continue;
            };
            for seed in 0..10 {
                waits.push(pause(&old, &new, slow, gone, seed));
            }
        }
    }
    let longest = waits.iter().max().unwrap();
    eprintln!(
        "a change of one: {} runs, at most {longest} ms",
        waits.len()
    );
    assert!(*longest < PAUSE_MS, "waited {longest} ms");
}

/// Four, another four, five, seven, four: in good weather each change takes one round.
#[test]
fn a_network_of_four_becomes_one_of_five_of_seven_and_of_four_again() {
    let sets: [&[usize]; 5] = [
        &[0, 1, 2, 3],
        &[4, 5, 6, 7],
        &[1, 4, 5, 6, 7],
        &[0, 1, 2, 4, 5, 6, 7],
        &[0, 2, 8, 9],
    ];
    for seed in 0..20 {
        let mut net = net(10, &sets, seed, 0);
        for change in 1..sets.len() as u64 {
            net.submit(change * 3_000, change as usize, CHANGES + change);
            for entry in 0..4 {
                let to = (change + entry) as usize % 10;
                net.submit(change * 3_000 + entry * 200, to, change * 10 + entry);
            }
        }
        net.run_until(5 * MINUTE);
        net.check_all_is_decided(&[]);
        assert_eq!(net.rounds_max(), 0);
    }
}

/// Sets of some of ten hosts, each with some of those before.
fn sets(rng: &mut Random) -> Vec<Vec<usize>> {
    let mut sets: Vec<Vec<usize>> = Vec::new();
    for _ in 0..rng.between(2, 5) {
        let size = [4, 4, 5, 7][rng.index(4)];
        let mut set: Vec<usize> = sets.last().cloned().unwrap_or_default();
        set.retain(|_| rng.percent(60));
        set.truncate(size);
        while set.len() < size {
            let host = rng.index(10);
            if !set.contains(&host) {
                set.push(host);
            }
        }
        sets.push(set);
    }
    sets
}

/// Loss, cuts and crashes while the validators change; one host dies for good. Says how many crashes
/// there were.
fn storm(seed: u64) -> u64 {
    let mut rng = world::random(seed ^ 0xc4a6);
    let sets = sets(&mut rng);
    let sets: Vec<&[usize]> = sets.iter().map(Vec::as_slice).collect();
    let mut net = net(10, &sets, seed, 40_000);
    if rng.percent(50) {
        let sides: Vec<usize> = (0..10).map(|_| rng.index(2)).collect();
        net.cut(&sides);
    }
    for change in 1..sets.len() as u64 {
        net.submit(rng.below(60_000), rng.index(10), CHANGES + change);
    }
    for entry in 0..rng.between(1, 24) {
        net.submit(rng.below(60_000), rng.index(10), entry);
    }
    let crashes = rng.index(12) as u64;
    for _ in 0..crashes {
        let back = rng.between(1, 19_999);
        net.crash(rng.below(40_000), rng.index(10), Some(back));
    }
    let dead = rng.index(10);
    net.crash(70_000, dead, None);
    net.run_until(10 * MINUTE);
    net.check_all_is_decided(&[dead]);
    crashes + 1
}

#[test]
fn after_a_storm_of_changes_everything_is_decided_and_the_network_falls_silent() {
    let mut crashes = 0;
    each_seed("after_a_storm_of_changes", 150, |seed| {
        crashes += storm(seed)
    });
    let storms = seeds(150).count() as u64;
    leave_figures(
        "storms of changes",
        &[("seeds", storms), ("crashes", crashes)],
    );
}
