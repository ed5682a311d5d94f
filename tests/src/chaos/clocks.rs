//! Clocks that jump by five seconds and by an hour, either way, on one node and back.
//!
//! `libfaketime` stands between a node and its clock and reads the step from a file each time.

use std::{fs, path::Path, time::Duration};

use tests::cluster::AGENCIES;

use super::{net::Net, own, run::Run};

const LIBRARY: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";
const STEPS: [&str; 4] = ["+5s", "-5s", "+1h", "-1h"];
const BOUND: Duration = Duration::from_secs(40);
const CLIENTS: usize = 2;

pub(crate) fn run(run: &mut Run) {
    if !Path::new(LIBRARY).exists() {
        return run.skip("libfaketime is missing; run deploy/chaos-tools.sh");
    }
    let mut net = Net::start();
    let file = net.cluster.path().join("clock");
    fs::write(&file, "+0s").unwrap();
    let (preload, file_words) = (
        format!("LD_PRELOAD={LIBRARY}"),
        format!("FAKETIME_TIMESTAMP_FILE={}", own::word(&file)),
    );
    for number in 0..run.by_depth(1, 4, 100) {
        let name = AGENCIES[number % AGENCIES.len()];
        net.cluster.kill(name);
        let words = [
            "env",
            &preload,
            &file_words,
            "FAKETIME_NO_CACHE=1",
            "DONT_FAKE_MONOTONIC=1",
        ];
        net.cluster.run_under(name, &words);
        net.cluster.start_node(name);
        net.block_within(BOUND, &AGENCIES);
        let traffic = net.traffic(&AGENCIES, CLIENTS);
        for step in STEPS {
            fs::write(&file, step).unwrap();
            run.fault("clock step");
            // Four blocks: each agency has its turn, the one with the wrong clock too.
            for _ in 0..run.by_depth(1, 4, 4) {
                net.block_within(BOUND, &AGENCIES);
            }
            fs::write(&file, "+0s").unwrap();
            net.block_within(BOUND, &AGENCIES);
        }
        let acks = traffic.acks();
        drop(traffic);
        net.assert_kept(&acks, &AGENCIES);
        net.assert_audits(&AGENCIES);
        net.cluster.kill(name);
        net.cluster.run_under(name, &[]);
        net.cluster.start_node(name);
        net.block_within(BOUND, &AGENCIES);
        run.cycles += 1;
    }
}
