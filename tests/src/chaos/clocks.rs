//! Clocks that jump by five seconds and by an hour, either way, on one node and back.
//!
//! `libfaketime` stands between a node and its clock and reads the step from a file each time. A wrong
//! clock is seen by its owner and by the others, in status, readyz, metrics and log.

use std::{
    fs,
    path::Path,
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use protocol::note::SignedNote;
use tests::cluster::AGENCIES;

use super::{
    net::{Net, within},
    own,
    run::Run,
};

const LIBRARY: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";
const STEPS: [&str; 4] = ["+5s", "-5s", "+1h", "-1h"];
/// Steps that must be seen, with their milliseconds.
const SEEN: [(&str, i64); 4] = [
    ("+3s", 3_000),
    ("+1h", 3_600_000),
    ("-1h", -3_600_000),
    ("-3s", -3_000),
];
/// A wrong clock is told three times before it counts, and then compared every two seconds.
const SEEN_WITHIN: Duration = Duration::from_secs(20);
const BOUND: Duration = Duration::from_secs(40);
/// How often a node whose clock steps is asked whether it lives.
const LOOKS: u32 = 20;
/// Longer than a driver rests that has nothing to do.
const LOOK_EVERY: Duration = Duration::from_millis(250);
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
        for (step, ms) in &SEEN[..run.by_depth(2, 4, 4)] {
            fs::write(&file, step).unwrap();
            run.fault("clock step");
            is_seen(&net, name, *ms);
            fs::write(&file, "+0s").unwrap();
            is_right_again(&net, name);
        }
        let acks = traffic.acks();
        drop(traffic);
        is_alive(&net, name, &file);
        run.fault("clock step");
        fs::write(&file, "+0s").unwrap();
        is_right_again(&net, name);
        net.assert_kept(&acks, &AGENCIES);
        net.assert_audits(&AGENCIES);
        net.cluster.kill(name);
        net.cluster.run_under(name, &[]);
        net.cluster.start_node(name);
        net.block_within(BOUND, &AGENCIES);
        run.cycles += 1;
    }
}

/// The owner of the clock knows, and so do the others.
fn is_seen(net: &Net, name: &str, ms: i64) {
    let others: Vec<&str> = AGENCIES.into_iter().filter(|it| *it != name).collect();
    let near = |found: Option<i64>| found.is_some_and(|found| (found - ms).abs() < 1_000);
    within(
        SEEN_WITHIN,
        "the owner says how far its clock is off",
        || {
            let client = net.client(name);
            let status = client.status();
            let (code, ready) = client.get("/readyz").unwrap_or_default();
            let metrics = client.get("/metrics").unwrap_or_default().1;
            let offset = metrics
                .lines()
                .find_map(|line| line.strip_prefix("muhr_clock_offset_seconds "))
                .and_then(|seconds| seconds.parse::<f64>().ok())
                .map(|seconds| (seconds * 1000.0) as i64);
            let words = "the clock of this machine is";
            status.is_some_and(|it| {
                near(it.clock_ms) && it.warnings.iter().any(|said| said.contains(words))
            }) && code == 503
                && ready.contains("the clock is")
                && near(offset)
        },
    );
    assert!(net.cluster.log(name).contains("\"clock-wrong\""));
    within(SEEN_WITHIN, "the others say whose clock is off", || {
        others.iter().all(|other| {
            let status = net.client(other).status();
            let words = format!("the clock of {name} is");
            status.is_some_and(|it| {
                let told = it.peers.iter().find(|peer| peer.name == name);
                near(told.and_then(|peer| peer.clock_ms))
                    && it.clock_ms.is_some_and(|own| own.abs() < 500)
                    && it.warnings.iter().any(|said| said.contains(&words))
            })
        })
    });
    // A clock that is a little behind makes proposals that still are timely.
    if !(-5_500..=500).contains(&ms) {
        within(BOUND, "the others say whose proposals get no vote", || {
            net.block_within(BOUND, &others);
            let words = format!("proposals of {name} are not timely");
            others.iter().all(|other| {
                let status = net.client(other).status();
                status.is_some_and(|it| it.warnings.iter().any(|said| said.contains(&words)))
            })
        });
    }
    dates_are_right(net, &others);
    if ms.abs() > 60_000 {
        is_not_counted_on(net, name, &others);
    }
}

/// Whether a node turns is measured by a clock that nobody sets. By its time of day, which is put an hour
/// ahead each time it is asked, its driver has stood still for an hour.
fn is_alive(net: &Net, name: &str, file: &Path) {
    for hours in 1..=LOOKS {
        fs::write(file, format!("+{hours}h")).unwrap();
        let (code, body) = net.client(name).get("/livez").unwrap_or_default();
        assert_eq!(code, 200, "/livez of {name}: {body}");
        let ago = body.split_once("the driver turned ").map(|(_, rest)| rest);
        let ago = ago.and_then(|rest| rest.split_once(" ms ago"));
        let ago: Option<u64> = ago.and_then(|(ago, _)| ago.parse().ok());
        assert!(ago.is_some_and(|ago| ago < 10_000), "{body}");
        thread::sleep(LOOK_EVERY);
    }
}

/// With a second node down nothing can be decided although three are reached, and nobody says "ready".
fn is_not_counted_on(net: &Net, name: &str, others: &[&str]) {
    net.cluster.signal(others[0], "STOP");
    let rest = &others[1..];
    within(SEEN_WITHIN, "the rest is not ready", || {
        rest.iter().all(|other| {
            let (code, ready) = net.client(other).get("/readyz").unwrap_or_default();
            code == 503
                && ready.contains(&format!("the clock of {name} is"))
                && ready.contains(&format!("missing: {}", others[0]))
        })
    });
    net.cluster.signal(others[0], "CONT");
}

/// No cosignature that is published is dated ahead.
fn dates_are_right(net: &Net, names: &[&str]) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    for name in names {
        let (_, note) = net.client(name).get("/checkpoint").unwrap();
        let note = SignedNote::parse(&note).unwrap();
        for line in &note.signatures {
            if let Some((time, rest)) = line.blob.split_first_chunk::<8>()
                && rest.len() == 64
            {
                let time = u64::from_be_bytes(*time);
                assert!(time < now.as_secs() + 90, "{name}: {} at {time}", line.name);
            }
        }
    }
}

fn is_right_again(net: &Net, name: &str) {
    within(BOUND, "all clocks agree again", || {
        AGENCIES.iter().all(|it| {
            let status = net.client(it).status();
            status.is_some_and(|status| {
                let words = format!("the clock of {name}");
                status.clock_ms.is_some_and(|own| own.abs() < 500)
                    && !status.warnings.iter().any(|said| said.contains(&words))
            })
        })
    });
    net.block_within(BOUND, &AGENCIES);
}
