//! Start: how long does a validator that holds a long log need to its first answer, to an open ledger, and until
//! its vote counts?
//!
//! Another validator is away, so the three that are left decide nothing without it: an entry that waits when it
//! starts is final once it has voted. It was killed before, so that its database reads its write-ahead logs again.

use std::{
    thread,
    time::{Duration, Instant},
};

use tests::{cluster::Cluster, load::Load};

use super::{
    load::Node,
    report::{Report, spread},
};

const STARTED: &str = "soliq";
const AWAY: &str = "kadastr";
const ASKED: &str = "qurilish";
const TIMES: usize = 5;
/// How often it is asked whether it answers.
const EVERY: Duration = Duration::from_millis(1);

pub(crate) fn measure(cluster: &mut Cluster, report: &mut Report) {
    let load = Load::new(cluster);
    let node = Node::new(cluster, ASKED);
    let leaves = node.metric("muhr_log_size_leaves");
    cluster.kill(AWAY);
    let (mut answers, mut opens, mut votes) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..TIMES {
        cluster.kill(STARTED);
        let entry = load.sign_one();
        node.submit(&entry);
        let begun = Instant::now();
        cluster.start_node(STARTED);
        answers.push(until_it_answers(cluster, "/livez", begun));
        opens.push(until_it_answers(cluster, "/v1/status", begun));
        let _final = node.receipt(&entry.id);
        votes.push(begun.elapsed().as_secs_f64());
    }
    cluster.start_node(AWAY);
    let note = format!(
        "a log of {leaves:.0} leaves, {TIMES} times, killed before; its files are in the page cache"
    );
    for (what, times) in [
        ("start: a validator gives its first answer", &mut answers),
        ("start: its ledger is open", &mut opens),
        ("start: a block that lacked its vote is final", &mut votes),
    ] {
        let (median, low, high) = spread(times);
        let figure = format!("after {median:.2} s ({low:.2} to {high:.2})");
        report.row(what, figure, "", &note);
    }
}

/// Seconds from the start until a question has an answer that is no refusal.
fn until_it_answers(cluster: &Cluster, path: &str, begun: Instant) -> f64 {
    let url = format!("{}{path}", cluster.url(STARTED));
    while ureq::get(&url).call().is_err() {
        assert!(
            begun.elapsed() < Duration::from_secs(300),
            "{path} is not answered"
        );
        thread::sleep(EVERY);
    }
    begun.elapsed().as_secs_f64()
}
