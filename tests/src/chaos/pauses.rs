//! Processes that stand still (SIGSTOP), as a machine does that swaps, moves or suspends.

use std::{thread, time::Duration};

use tests::cluster::AGENCIES;

use super::{net::Net, run::Run};

/// A new block is final everywhere within this after the last node goes on.
const BOUND: Duration = Duration::from_secs(40);
const CLIENTS: usize = 2;

pub(crate) fn run(run: &mut Run) {
    let mut net = Net::start();
    let still = Duration::from_secs(run.by_depth(3, 60, 60));
    for _ in 0..run.by_depth(1, 2, 50) {
        let order = run.random.shuffled(&AGENCIES);
        let (one, rest) = (order[0], &order[1..]);
        let traffic = net.traffic(rest, CLIENTS);
        net.cluster.signal(one, "STOP");
        run.fault("stopped process");
        net.block_within(BOUND, rest);
        thread::sleep(still);
        net.cluster.signal(one, "CONT");
        net.block_within(BOUND, &AGENCIES);
        // With two of four standing still nobody can decide; then both go on.
        for name in &order[..2] {
            net.cluster.signal(name, "STOP");
            run.fault("stopped process");
        }
        thread::sleep(still.min(Duration::from_secs(10)));
        for name in &order[..2] {
            net.cluster.signal(name, "CONT");
        }
        net.block_within(BOUND, &AGENCIES);
        let acks = traffic.acks();
        drop(traffic);
        net.assert_kept(&acks, &AGENCIES);
        net.assert_audits(&AGENCIES);
        run.cycles += 1;
    }
}
