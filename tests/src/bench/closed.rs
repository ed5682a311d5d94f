//! W2 and W4: how many entries a second in a closed loop, at what CPU; and what happens at 120 %.

use std::{
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use tests::{
    cluster::{AGENCIES, Cluster},
    load::Load,
};

use super::{
    figures::{Axis, Chart, Series, chart},
    load::{Node, cluster_cpu},
    report::{Report, percentile},
};

const SECONDS: f64 = 10.0;
/// Entries that are signed beforehand: enough for twenty thousand a second.
const PREPARED: usize = 200_000;

/// What so many clients saw of a cluster.
pub(crate) struct Loop {
    pub(crate) rate: f64,
    pub(crate) cpu_us: f64,
    pub(crate) p50: f64,
    pub(crate) p99: f64,
}

/// Clients at once, the connections they share, and the entries of one bundle on each.
pub(crate) const LOADS: [(usize, usize, usize); 4] =
    [(1, 1, 1), (16, 4, 4), (256, 4, 64), (4096, 16, 256)];

pub(crate) fn measure(cluster: &Cluster, load: &Load, report: &mut Report) -> Vec<Loop> {
    let (mut best, mut points) = (0.0_f64, Vec::new());
    for (clients, threads, bundle) in LOADS {
        let found = closed(cluster, load, threads, bundle);
        best = best.max(found.rate);
        let figure = format!(
            "{:.0} entries/s, {:.0} µs cluster CPU per entry, p50 {:.0} ms, p99 {:.0} ms",
            found.rate, found.cpu_us, found.p50, found.p99
        );
        let target = if clients == 4096 {
            "≥ 6,000/s, ≤ 300 µs"
        } else {
            ""
        };
        let note = format!(
            "{threads} connections, bundles of {bundle}; the last receipt of each bundle verified at another validator"
        );
        report.row(
            &format!("W2/W4 closed loop, {clients} clients"),
            figure,
            target,
            &note,
        );
        points.push(found);
    }
    overload(cluster, load, best, report);
    points
}

/// Draws latency over load beside the page, and gives the link.
pub(crate) fn picture(page: &Path, source: &str, points: &[Loop]) -> String {
    let series = |name: &str, of: fn(&Loop) -> f64| Series {
        name: name.to_owned(),
        points: points.iter().map(|point| (point.rate, of(point))).collect(),
    };
    let figure = Chart {
        title: "Latency over load: 1, 16, 256 and 4,096 clients".to_owned(),
        x: Axis {
            label: "entries a second",
            is_log: true,
        },
        y: Axis {
            label: "ms to a verified receipt at another validator",
            is_log: true,
        },
        series: vec![
            series("p50", |point| point.p50),
            series("p99", |point| point.p99),
        ],
    };
    chart(page, "latency", source, &figure)
}

/// The same with as many entries as ten seconds can take.
pub(crate) fn closed(cluster: &Cluster, load: &Load, threads: usize, bundle: usize) -> Loop {
    closed_of(cluster, load, threads, bundle, PREPARED)
}

/// Every connection hands in a bundle, waits until its last entry is final elsewhere, and goes on, for ten
/// seconds or until so many entries are in. The queue of a node is in order of arrival for each agency, so
/// what came before is final too.
pub(crate) fn closed_of(
    cluster: &Cluster,
    load: &Load,
    threads: usize,
    bundle: usize,
    entries: usize,
) -> Loop {
    let done = AtomicU64::new(0);
    let started = Instant::now();
    let deadline = started + Duration::from_secs_f64(SECONDS);
    // Signed beforehand, while nothing is measured.
    let per_thread = (entries / threads / bundle).max(1);
    let work: Vec<Vec<Vec<_>>> = (0..threads)
        .map(|_| {
            (0..per_thread.min(4000))
                .map(|_| load.sign(bundle))
                .collect()
        })
        .collect();
    let signing = started.elapsed();
    let (started, deadline) = (Instant::now(), deadline + signing);
    let cpu = cluster_cpu(cluster);
    let mut latencies: Vec<f64> = thread::scope(|scope| {
        let handles: Vec<_> = (0..threads)
            .zip(work)
            .map(|(number, bundles)| {
                let here = Node::new(cluster, AGENCIES[number % 4]);
                let there = Node::new(cluster, AGENCIES[(number + 1) % 4]);
                let done = &done;
                scope.spawn(move || {
                    let mut latencies = Vec::new();
                    for bundle in bundles {
                        if Instant::now() >= deadline {
                            break;
                        }
                        let begun = Instant::now();
                        if let [one] = bundle.as_slice() {
                            here.submit(one);
                        } else {
                            let mut rest = bundle.as_slice();
                            while !rest.is_empty() {
                                let (taken, _) = here.submit_many(rest);
                                rest = &rest[taken..];
                            }
                        }
                        let receipt = there.receipt(&bundle[bundle.len() - 1].id);
                        assert!(
                            verify::receipt::judge(&load.trust, receipt.as_bytes(), None)
                                .facts
                                .is_some()
                        );
                        latencies.push(begun.elapsed().as_secs_f64() * 1000.0);
                        done.fetch_add(bundle.len() as u64, Ordering::Relaxed);
                    }
                    latencies
                })
            })
            .collect();
        handles
            .into_iter()
            .flat_map(|handle| handle.join().unwrap())
            .collect()
    });
    let entries = done.load(Ordering::Relaxed) as f64;
    let seconds = started.elapsed().as_secs_f64();
    let cpu_us = (cluster_cpu(cluster) - cpu) * 1e6 / entries;
    Loop {
        rate: entries / seconds,
        cpu_us,
        p50: percentile(&mut latencies, 0.5),
        p99: percentile(&mut latencies, 0.99),
    }
}

/// An open loop at 120 % of the best rate: what is not taken is told "busy", and the rest goes on.
fn overload(cluster: &Cluster, load: &Load, best: f64, report: &mut Report) {
    const BUNDLE: usize = 128;
    let seconds = 15.0;
    let offered = best * 1.2;
    let bundles: Vec<_> = (0..(offered * seconds) as usize / BUNDLE)
        .map(|_| load.sign(BUNDLE))
        .collect();
    let node = Node::new(cluster, "kadastr");
    let before = node.metric("muhr_entries_total");
    let (busy, next) = (AtomicU64::new(0), AtomicU64::new(0));
    let started = Instant::now();
    thread::scope(|scope| {
        for number in 0..8 {
            let node = Node::new(cluster, AGENCIES[number % 4]);
            let (busy, next, bundles) = (&busy, &next, &bundles);
            scope.spawn(move || {
                loop {
                    let at = usize::try_from(next.fetch_add(1, Ordering::Relaxed)).unwrap();
                    let Some(bundle) = bundles.get(at) else {
                        return;
                    };
                    let due = started + Duration::from_secs_f64((at * BUNDLE) as f64 / offered);
                    thread::sleep(due.saturating_duration_since(Instant::now()));
                    busy.fetch_add(node.submit_many(bundle).1 as u64, Ordering::Relaxed);
                }
            });
        }
    });
    let rate = (node.metric("muhr_entries_total") - before) / started.elapsed().as_secs_f64();
    let refused = busy.load(Ordering::Relaxed) as f64 / (bundles.len() * BUNDLE) as f64;
    let figure = format!(
        "{:.0} entries/s = {:.0} % of the best, {:.0} % told busy",
        rate,
        100.0 * rate / best,
        100.0 * refused
    );
    report.row(
        "W3 open loop at 120 % of the best",
        figure,
        "≥ 90 %",
        &format!("{offered:.0} offered a second for {seconds} s"),
    );
    // Let the queue run empty before anything else is measured.
    tests::cluster::wait_until("the queue runs empty", || {
        node.metric("muhr_waiting_entries") == 0.0
    });
}
