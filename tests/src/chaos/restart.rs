//! Every subset of four nodes is killed at random moments under load, and comes back in every order.

use std::{thread, time::Duration};

use tests::cluster::AGENCIES;

use super::{net::Net, run::Run};

/// A new block is final on all nodes within this after the last of them was started.
const BOUND: Duration = Duration::from_secs(20);
/// Kills come so far apart at most, so that each hits another step.
const APART_MS: u64 = 120;
const CLIENTS: usize = 4;

/// All orders of all subsets that are not empty: 64 for four.
fn matrix() -> Vec<Vec<&'static str>> {
    let mut found: Vec<Vec<&'static str>> = vec![Vec::new()];
    let mut at = 0;
    while at < found.len() {
        for name in AGENCIES {
            if !found[at].contains(&name) {
                let mut longer = found[at].clone();
                longer.push(name);
                found.push(longer);
            }
        }
        at += 1;
    }
    found.split_off(1)
}

pub(crate) fn run(run: &mut Run) {
    let mut net = Net::start();
    let mut slowest = Duration::ZERO;
    let rounds = run.by_depth(1, 1, 50);
    for _ in 0..rounds {
        let mut orders = run.random.shuffled(&(0..64).collect::<Vec<usize>>());
        orders.truncate(run.by_depth(4, 64, 64));
        let matrix = matrix();
        for number in orders {
            slowest = slowest.max(cycle(run, &mut net, &matrix[number]));
        }
        net.assert_audits(&AGENCIES);
    }
    eprintln!("  slowest return {slowest:?}, bound {BOUND:?}");
}

fn cycle(run: &mut Run, net: &mut Net, order: &[&str]) -> Duration {
    let traffic = net.traffic(&AGENCIES, CLIENTS);
    for name in run.random.shuffled(order) {
        thread::sleep(Duration::from_millis(run.random.below(APART_MS)));
        net.cluster.kill(name);
        run.fault("kill");
    }
    thread::sleep(Duration::from_millis(run.random.below(APART_MS)));
    for name in order {
        net.cluster.start_node(name);
        thread::sleep(Duration::from_millis(run.random.below(APART_MS)));
    }
    let took = net.block_within(BOUND, &AGENCIES);
    let acks = traffic.acks();
    drop(traffic);
    net.assert_kept(&acks, &AGENCIES);
    net.assert_one_history(&AGENCIES);
    run.cycles += 1;
    took
}
