//! W6: how fast does a fresh node verify and catch up?

use std::{
    thread,
    time::{Duration, Instant},
};

use tests::cluster::Cluster;

use super::{load::Node, report::Report};

/// Entries a second below which a catch-up is stuck.
const SLOWEST: f64 = 1_000.0;

/// Seconds until the observer, which begins with nothing, has all that a validator has. It is left running.
pub(crate) fn seconds(cluster: &mut Cluster) -> f64 {
    let source = Node::new(cluster, "kadastr");
    let (leaves, height) = (
        source.metric("muhr_log_size_leaves"),
        source.metric("muhr_chain_height"),
    );
    let _stale = std::fs::remove_dir_all(cluster.dir("observer-1").join("data"));
    let begun = Instant::now();
    cluster.start_node("observer-1");
    let observer = Node::new(cluster, "observer-1");
    let bound = Duration::from_secs_f64(60.0 + leaves / SLOWEST);
    while observer.try_metric("muhr_chain_height") != Some(height) {
        assert!(begun.elapsed() < bound, "the observer has not caught up");
        thread::sleep(Duration::from_millis(50));
    }
    begun.elapsed().as_secs_f64()
}

pub(crate) fn measure(cluster: &mut Cluster, report: &mut Report) {
    let entries = Node::new(cluster, "kadastr").metric("muhr_entries_total");
    let seconds = seconds(cluster);
    report.row(
        "W6 a fresh node catches up, all signatures verified",
        format!("{:.0} entries/s", entries / seconds),
        "≥ 15,000/s",
        &format!("{entries:.0} entries in {seconds:.1} s, start of the process included"),
    );
}
