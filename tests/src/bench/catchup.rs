//! W6: how fast does a fresh node verify and catch up?

use std::time::Instant;

use tests::cluster::{Cluster, wait_until};

use super::{load::Node, report::Report};

pub(crate) fn measure(cluster: &mut Cluster, report: &mut Report) {
    let source = Node::new(cluster, "kadastr");
    let (entries, height) = (
        source.metric("muhr_entries_total"),
        source.metric("muhr_chain_height"),
    );
    let _stale = std::fs::remove_dir_all(cluster.dir("observer-1").join("data"));
    let begun = Instant::now();
    cluster.start_node("observer-1");
    wait_until("the observer has caught up", || {
        cluster
            .status("observer-1")
            .is_some_and(|status| status["height"].as_f64() == Some(height))
    });
    let seconds = begun.elapsed().as_secs_f64();
    report.row(
        "W6 a fresh node catches up, all signatures verified",
        format!("{:.0} entries/s", entries / seconds),
        "≥ 15,000/s",
        &format!("{entries:.0} entries in {seconds:.1} s, start of the process included"),
    );
}
