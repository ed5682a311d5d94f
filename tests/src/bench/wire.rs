//! W11: what does an idle network say?

use std::{thread, time::Duration};

use tests::cluster::{AGENCIES, Cluster};

use super::{load::Node, report::Report};

const SECONDS: u64 = 10;

pub(crate) fn idle(cluster: &Cluster, report: &mut Report) {
    let nodes: Vec<Node> = AGENCIES
        .iter()
        .map(|name| Node::new(cluster, name))
        .collect();
    let sent = || {
        nodes
            .iter()
            .map(|node| node.metric("muhr_sent_bytes_total"))
            .sum::<f64>()
    };
    let (before, blocks) = (sent(), nodes[0].metric("muhr_chain_height"));
    thread::sleep(Duration::from_secs(SECONDS));
    let rate = (sent() - before) / SECONDS as f64 / 4.0;
    let made = nodes[0].metric("muhr_chain_height") - blocks;
    report.row(
        "W11 idle: payload sent per node",
        format!("{rate:.0} bytes/s, {made:.0} blocks"),
        "≤ 2 KB/s, 0 blocks",
        "without TCP, Noise and yamux framing",
    );
}
