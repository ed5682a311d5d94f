//! W1: how long does one entry take on an idle network, from the intended time to a verified receipt?

use std::time::{Duration, Instant};

use tests::{
    cluster::{AGENCIES, Cluster},
    load::Load,
};
use verify::Verdict;

use super::{
    load::{Node, cluster_cpu},
    report::{Report, percentile},
};

const ENTRIES: u32 = 300;
const EVERY: Duration = Duration::from_millis(50);

pub(crate) fn measure(cluster: &Cluster, load: &Load, report: &mut Report) {
    let nodes: Vec<Node> = AGENCIES
        .iter()
        .map(|name| Node::new(cluster, name))
        .collect();
    let entries = load.sign(ENTRIES as usize);
    let cpu = cluster_cpu(cluster);
    let start = Instant::now() + EVERY;
    let mut taken = Vec::new();
    for (number, entry) in (0..).zip(&entries) {
        let intended = start + EVERY * number;
        std::thread::sleep(intended.saturating_duration_since(Instant::now()));
        let at = number as usize % nodes.len();
        nodes[at].submit(entry);
        let receipt = nodes[(at + 1) % nodes.len()].receipt(&entry.id);
        assert_eq!(
            verify::receipt::judge(&load.trust, receipt.as_bytes(), None).verdict,
            Verdict::Authentic
        );
        taken.push(intended.elapsed().as_secs_f64() * 1000.0);
    }
    let cpu_us = (cluster_cpu(cluster) - cpu) * 1e6 / f64::from(ENTRIES);
    let (p50, p99) = (percentile(&mut taken, 0.5), percentile(&mut taken, 0.99));
    report.row(
        "W1 idle, 20 entries/s: intended time to verified receipt at another validator",
        format!("p50 {p50:.1} ms, p99 {p99:.1} ms, {cpu_us:.0} µs cluster CPU per entry"),
        "p50 ≤ 8 ms, p99 ≤ 25 ms",
        "300 entries; all four validators in turn",
    );
}
