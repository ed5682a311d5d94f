//! A node is killed at its n-th sync, for each n of a start and the heights after it, under load.

use std::time::Duration;

use tests::cluster::AGENCIES;

use super::{
    net::{Net, within},
    own,
    run::Run,
};

const BOUND: Duration = Duration::from_secs(40);
const CLIENTS: usize = 2;

pub(crate) fn run(run: &mut Run) {
    if let Some(why) = own::lacks(&["strace"]) {
        return run.skip(&why);
    }
    if !own::works("strace", &["-o", "/dev/null", "true"]) {
        return run.skip("processes cannot be traced here");
    }
    let mut net = Net::start();
    // A start takes a few syncs, a height four.
    let step = run.by_depth(7, 1, 1);
    let last = run.by_depth(22, 40, 400);
    for at in (1..=last).step_by(step) {
        let name = *run.random.pick(&AGENCIES);
        net.cluster.kill(name);
        let inject = format!("inject=fsync,fdatasync,sync_file_range:signal=KILL:when={at}");
        let words = [
            "strace",
            "-D",
            "-f",
            "-qq",
            "-o",
            "/dev/null",
            "-e",
            "trace=fsync,fdatasync",
            "-e",
            &inject,
        ];
        net.cluster.run_under(name, &words);
        net.cluster.start_node(name);
        let traffic = net.traffic(&AGENCIES, CLIENTS);
        within(BOUND, "the node dies at its sync", || {
            !net.cluster.is_alive(name)
        });
        run.fault("kill at a sync");
        net.cluster.kill(name);
        net.cluster.run_under(name, &[]);
        net.cluster.start_node(name);
        net.block_within(BOUND, &AGENCIES);
        let acks = traffic.acks();
        drop(traffic);
        net.assert_kept(&acks, &AGENCIES);
        net.assert_one_history(&AGENCIES);
        run.cycles += 1;
    }
    net.assert_audits(&AGENCIES);
}
