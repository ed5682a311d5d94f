//! W10: how many bytes does an entry take on disk, everything included?

use std::{fs, path::Path};

use tests::cluster::Cluster;

use super::{load::Node, report::Report};

fn bytes(path: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(path) else {
        return fs::metadata(path).map_or(0, |found| found.len());
    };
    entries.flatten().map(|entry| bytes(&entry.path())).sum()
}

pub(crate) fn measure(cluster: &Cluster, report: &mut Report) {
    let entries = Node::new(cluster, "kadastr").metric("muhr_entries_total");
    let all = bytes(&cluster.dir("kadastr").join("data")) as f64;
    report.row("W10 disk per entry and node", format!("{:.0} bytes", all / entries), "≤ 450 bytes", &format!("{entries:.0} entries of about 330 bytes; database, its logs, indexes, certificates, tiles"));
}
