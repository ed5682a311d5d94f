//! W7: how fast does an auditor replay the log?

use tests::cluster::{Cluster, muhr};

use super::report::Report;

pub(crate) fn measure(cluster: &Cluster, report: &mut Report) {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get) as f64;
    let trust = cluster.trust();
    let mut rates: Vec<f64> = (0..3)
        .map(|_| {
            let ran = muhr(&[
                "--json",
                "audit",
                &cluster.url("adliya"),
                "--trust",
                trust.to_str().unwrap(),
            ])
            .expect(0);
            ran.json()["entries_per_second"].as_f64().unwrap()
        })
        .collect();
    let (median, low, high) = super::report::spread(&mut rates);
    let figure = format!(
        "{median:.0} entries/s, {:.0} per core ({:.0} to {:.0})",
        median / cores,
        low / cores,
        high / cores
    );
    report.row(
        "W7 audit over HTTP, all signatures and rules",
        figure,
        "≥ 20,000 per core",
        "the node that serves the tiles runs on the same cores",
    );
}
