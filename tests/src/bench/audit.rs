//! W7: how fast does an auditor replay the log?

use tests::cluster::{Cluster, muhr};

use super::report::Report;

/// Entries a second of one audit of the whole log.
pub(crate) fn rate(cluster: &Cluster) -> f64 {
    let (url, trust) = (cluster.url("adliya"), cluster.trust());
    let trust = trust.to_str().unwrap();
    let ran = muhr(&["--json", "audit", &url, "--trust", trust]).expect(0);
    ran.json()["entries_per_second"].as_f64().unwrap()
}

/// How many cores the machine has.
pub(crate) fn cores() -> f64 {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get) as f64
}

pub(crate) fn measure(cluster: &Cluster, report: &mut Report) {
    let cores = cores();
    let mut rates: Vec<f64> = (0..3).map(|_| rate(cluster)).collect();
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
