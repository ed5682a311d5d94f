//! W10: how many bytes does an entry take on disk, everything included?

use std::{fs, path::Path};

use tests::cluster::Cluster;

use super::{load::Node, report::Report};

fn bytes(path: &Path, counts: &dyn Fn(&Path) -> bool) -> u64 {
    let Ok(entries) = fs::read_dir(path) else {
        let size = fs::metadata(path).map_or(0, |found| found.len());
        return if counts(path) { size } else { 0 };
    };
    let entries = entries.flatten();
    entries.map(|entry| bytes(&entry.path(), counts)).sum()
}

/// Bytes of a node's folder `data`.
pub(crate) fn of_node(cluster: &Cluster, name: &str) -> u64 {
    bytes(&cluster.dir(name).join("data"), &|_| true)
}

pub(crate) fn measure(cluster: &Cluster, report: &mut Report) {
    let entries = Node::new(cluster, "kadastr").metric("muhr_entries_total");
    let data = cluster.dir("kadastr").join("data");
    let ends = |path: &Path, end: &str| path.extension().is_some_and(|found| found == end);
    let all = bytes(&data, &|_| true) as f64;
    let tables = bytes(&data, &|path| ends(path, "sst")) as f64;
    let logs = bytes(&data, &|path| ends(path, "log")) as f64;
    let note = format!(
        "{entries:.0} entries of about 330 bytes; {:.0} bytes of each in tables (leaves, indexes, certificates, tiles), the rest is {:.0} MiB of write-ahead logs, which stay below 32 MiB however long the log",
        tables / entries,
        logs / 1_048_576.0
    );
    let figure = format!("{:.0} bytes", all / entries);
    report.row("W10 disk per entry and node", figure, "≤ 450 bytes", &note);
}
