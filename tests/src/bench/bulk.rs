//! How many rows of a table are anchored in a second, and how much memory does the clerk's machine need?

use std::{
    fmt::Write as _,
    fs,
    process::{Child, Stdio},
    thread,
    time::{Duration, Instant},
};

use tests::cluster::{Cluster, Ran};

use super::report::Report;

const MILLION: usize = 1_000_000;
/// Rows whose receipts go into a folder, and into an archive.
const FILES: usize = 20_000;
const ARCHIVED: usize = 100_000;

/// Rows of some hundred bytes in six columns, in two alphabets.
pub(crate) fn table(cluster: &Cluster, rows: usize, name: &str) -> u64 {
    let mut text = "number,issued,holder,address,area,use\n".to_owned();
    for row in 0..rows {
        let _infallible = writeln!(
            text,
            "{name}-2026-{row:07},2026-11-23,\"MChJ «Қурувчи {row}»\",\"Toshkent, {row}\",{}.5,turar joy",
            row % 300
        );
    }
    fs::write(cluster.path().join(format!("{name}.csv")), &text).unwrap();
    text.len() as u64
}

/// The most memory that a process has had in use, as the kernel counts it, and what it said.
fn watch(mut child: Child) -> (u64, Ran) {
    let path = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    while child.try_wait().unwrap().is_none() {
        let status = fs::read_to_string(&path).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        peak = peak.max(kilobytes.unwrap_or(0));
        thread::sleep(Duration::from_millis(10));
    }
    (peak, Ran::from(child.wait_with_output().unwrap()))
}

/// Anchors the table `name`: seconds, the most memory in kilobytes, and what was said.
pub(crate) fn run(cluster: &Cluster, name: &str, more: &[&str]) -> (f64, u64, Ran) {
    let table = format!("{name}.csv");
    let command = ["--json", "anchor", "bulk", &table, "--record", "number"];
    let rest = ["--registry", "qurilish.permits", "--out", name];
    let arguments = [&command[..], &rest, more].concat();
    let mut command = cluster.clerk_command("qurilish", "qurilish", &arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let begun = Instant::now();
    let (peak, ran) = watch(command.spawn().unwrap());
    (begun.elapsed().as_secs_f64(), peak, ran.expect(0))
}

/// On a network of its own: a table is compared with all that its registry holds.
pub(crate) fn measure(report: &mut Report) {
    eprintln!("· four validators; tables of up to {ARCHIVED} rows");
    let cluster = &Cluster::start(0);
    anchor(cluster, report, "folder", FILES);
    anchor(cluster, report, "archive", ARCHIVED);
    reconcile(cluster, report);
}

/// The largest table of all; what its network holds afterwards is what `start` begins with.
pub(crate) fn million(cluster: &Cluster, report: &mut Report) {
    eprintln!("· four validators; a table of {MILLION} rows");
    let bytes = table(cluster, MILLION, "tried");
    let (seconds, peak, ran) = run(cluster, "tried", &["--dry-run"]);
    assert_eq!(ran.json()["counts"]["fit"], MILLION);
    report.row(
        "bulk: a million rows judged, none sent",
        format!(
            "{:.0} rows/s, {} MB of memory at the most",
            MILLION as f64 / seconds,
            peak / 1000
        ),
        "≤ 200 MB",
        &format!("a table of {} MB, read twice", bytes / 1_000_000),
    );
    anchor(cluster, report, "million", MILLION);
}

fn anchor(cluster: &Cluster, report: &mut Report, name: &str, rows: usize) {
    let (more, place) = match name {
        "folder" => (&[][..], "a folder"),
        _ => (&["--archive"][..], "an archive"),
    };
    let _bytes = table(cluster, rows, name);
    let (seconds, peak, ran) = run(cluster, name, more);
    assert_eq!(ran.json()["counts"]["anchored"], rows);
    report.row(
        &format!("bulk: {rows} rows anchored, receipts in {place}"),
        format!(
            "{:.0} rows/s, {} MB of memory at the most",
            rows as f64 / seconds,
            peak / 1000
        ),
        "≥ 25,000/s, ≤ 200 MB",
        "one signature for up to 1,023 rows and every receipt verified; client and four validators on the same cores",
    );
}

/// Both tables in one against all that was anchored of them, cells compared by the receipts of both runs.
fn reconcile(cluster: &Cluster, report: &mut Report) {
    let read = |name: &str| fs::read_to_string(cluster.path().join(name)).unwrap();
    let (folder, archive) = (read("folder.csv"), read("archive.csv"));
    let (_, rows) = archive.split_once('\n').unwrap();
    fs::write(cluster.path().join("both.csv"), folder + rows).unwrap();
    let command = ["--json", "reconcile", "both.csv", "--record", "number"];
    let rest = ["--registry", "qurilish.permits", "--receipts", "folder"];
    let arguments = [&command[..], &rest, &["--receipts", "archive"]].concat();
    let mut command = cluster.clerk_command("qurilish", "qurilish", &arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let begun = Instant::now();
    let (peak, ran) = watch(command.spawn().unwrap());
    let seconds = begun.elapsed().as_secs_f64();
    let ran = ran.expect(0);
    let rows = FILES + ARCHIVED;
    assert_eq!(ran.json()["counts"]["matching"], rows);
    report.row(
        "reconcile: rows compared with the log, every entry of which is checked",
        format!(
            "{:.0} rows/s, {} MB of memory at the most",
            rows as f64 / seconds,
            peak / 1000
        ),
        "",
        &format!(
            "{rows} rows, all matching; the log is read from the node and replayed, then every receipt opened"
        ),
    );
}
