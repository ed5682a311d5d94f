//! W8: what does a receipt cost to make and to verify, and how large is it?

use std::time::Instant;

use tests::{cluster::Cluster, load::Load};

use super::{
    load::Node,
    report::{Report, spread},
};

pub(crate) fn measure(cluster: &Cluster, load: &Load, report: &mut Report) {
    let node = Node::new(cluster, "adliya");
    let entries = load.sign(200);
    node.submit_many(&entries);
    let (mut fetch, mut judge, mut bytes) = (Vec::new(), Vec::new(), Vec::new());
    for entry in &entries {
        node.receipt(&entry.id);
        let begun = Instant::now();
        let receipt = node.receipt(&entry.id);
        fetch.push(begun.elapsed().as_secs_f64() * 1e6);
        let begun = Instant::now();
        assert!(
            verify::receipt::judge(&load.trust, receipt.as_bytes(), None)
                .facts
                .is_some()
        );
        judge.push(begun.elapsed().as_secs_f64() * 1e6);
        bytes.push(receipt.len() as f64);
    }
    let (median, low, high) = spread(&mut judge);
    report.row(
        "W8 verify a receipt, cold",
        format!("{median:.0} µs ({low:.0} to {high:.0})"),
        "≤ 1 ms",
        "everything: parse, quorum, paths, index, signature",
    );
    let (median, low, high) = spread(&mut fetch);
    report.row(
        "W8 fetch a receipt over HTTP",
        format!("{median:.0} µs ({low:.0} to {high:.0})"),
        "",
        "",
    );
    let (median, ..) = spread(&mut bytes);
    report.row(
        "W8 size of a receipt",
        format!("{median:.0} bytes"),
        "",
        "without the private opening",
    );
}
