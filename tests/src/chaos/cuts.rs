//! The network is cut while clients work: one away, two halves, deaf in one direction, and off and on.

use std::{thread, time::Duration};

use tests::cluster::AGENCIES;

use super::{islands, net::Net, run::Run};

/// A new block is final everywhere within this after the last cut was mended. A peer that cannot be
/// reached is dialled again after at most 10 s, and a round waits for at most 10 s.
const BOUND: Duration = Duration::from_secs(40);
/// How long the others take at most for a block while one is away.
const WITHOUT_ONE: Duration = Duration::from_secs(40);
const CLIENTS: usize = 2;

pub(crate) fn run(run: &mut Run) {
    let Some(mut net) = islands::start(run) else {
        return;
    };
    let mut slowest = Duration::ZERO;
    for number in 0..run.by_depth(1, 4, 200) {
        let away = AGENCIES[number % AGENCIES.len()];
        slowest = slowest.max(one_away(run, &mut net, away));
        if number > 0 {
            slowest = slowest.max(one_way(run, &mut net, away));
            slowest = slowest.max(halves(run, &mut net));
            slowest = slowest.max(swizzle(run, &mut net));
        }
        net.assert_audits(&AGENCIES);
    }
    eprintln!("  slowest return {slowest:?}, bound {BOUND:?}");
}

fn others(away: &str) -> Vec<&'static str> {
    AGENCIES.into_iter().filter(|name| *name != away).collect()
}

/// Mends everything; all that was promised must be there, and a new block at all.
fn mend(run: &mut Run, net: &mut Net, traffic: super::client::Traffic) -> Duration {
    islands::heal_all();
    let took = net.block_within(BOUND, &AGENCIES);
    let acks = traffic.acks();
    drop(traffic);
    net.assert_kept(&acks, &AGENCIES);
    net.assert_one_history(&AGENCIES);
    run.cycles += 1;
    took
}

fn one_away(run: &mut Run, net: &mut Net, away: &str) -> Duration {
    let rest = others(away);
    let traffic = net.traffic(&rest, CLIENTS);
    islands::cut(&[away], &rest);
    run.fault("partition of one");
    net.block_within(WITHOUT_ONE, &rest);
    mend(run, net, traffic)
}

/// It speaks and hears nothing, then hears and is not heard.
fn one_way(run: &mut Run, net: &mut Net, away: &str) -> Duration {
    let rest = others(away);
    let traffic = net.traffic(&rest, CLIENTS);
    for name in &rest {
        islands::deafen(away, name);
    }
    run.fault("deaf");
    net.block_within(WITHOUT_ONE, &rest);
    islands::heal(away);
    for name in &rest {
        islands::deafen(name, away);
    }
    run.fault("mute");
    net.block_within(WITHOUT_ONE, &rest);
    mend(run, net, traffic)
}

/// Neither half may decide anything.
fn halves(run: &mut Run, net: &mut Net) -> Duration {
    let order = run.random.shuffled(&AGENCIES);
    let (here, there) = order.split_at(2);
    islands::cut(here, there);
    run.fault("partition in halves");
    // What was decided before the cut may still arrive.
    thread::sleep(Duration::from_secs(1));
    let before: Vec<_> = AGENCIES.map(|name| net.height(name)).to_vec();
    let entry = net.sign();
    for name in AGENCIES {
        let _taken = net.client(name).submit(&entry);
    }
    thread::sleep(Duration::from_secs(3));
    let after: Vec<_> = AGENCIES.map(|name| net.height(name)).to_vec();
    assert_eq!(before, after, "half of the network has decided a block");
    let traffic = net.traffic(&AGENCIES, CLIENTS);
    mend(run, net, traffic)
}

/// Nodes are clogged one after the other, and come back in another order.
fn swizzle(run: &mut Run, net: &mut Net) -> Duration {
    let traffic = net.traffic(&AGENCIES, CLIENTS);
    let mut chosen = run.random.shuffled(&AGENCIES);
    chosen.truncate(1 + run.random.index(4));
    for name in &chosen {
        islands::cut(&[name], &others(name));
        run.fault("clog");
        thread::sleep(Duration::from_millis(run.random.below(1000)));
    }
    for name in run.random.shuffled(&chosen) {
        islands::heal(name);
        thread::sleep(Duration::from_millis(run.random.below(1000)));
    }
    mend(run, net, traffic)
}
