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

const TRIED: usize = 1_000_000;
const ANCHORED: usize = 20_000;

/// Rows of some hundred bytes in six columns, in two alphabets.
fn table(cluster: &Cluster, rows: usize, name: &str) -> u64 {
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

fn run(cluster: &Cluster, name: &str, more: &[&str]) -> (f64, u64, Ran) {
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

pub(crate) fn measure(cluster: &Cluster, report: &mut Report) {
    eprintln!("· a table of {TRIED} rows, and one of {ANCHORED}");
    let bytes = table(cluster, TRIED, "tried");
    let (seconds, peak, ran) = run(cluster, "tried", &["--dry-run"]);
    assert_eq!(ran.json()["counts"]["fit"], TRIED);
    report.row(
        "bulk: a million rows judged, none sent",
        format!(
            "{:.0} rows/s, {} MB of memory at the most",
            TRIED as f64 / seconds,
            peak / 1000
        ),
        "≤ 200 MB",
        &format!("a table of {} MB, read twice", bytes / 1_000_000),
    );
    for (name, more) in [("folder", &[][..]), ("archive", &["--archive"])] {
        let _bytes = table(cluster, ANCHORED, name);
        let (seconds, peak, ran) = run(cluster, name, more);
        assert_eq!(ran.json()["counts"]["anchored"], ANCHORED);
        report.row(
            &format!("bulk: rows anchored, receipts in a {name}"),
            format!(
                "{:.0} rows/s, {} MB of memory at the most",
                ANCHORED as f64 / seconds,
                peak / 1000
            ),
            "",
            &format!("{ANCHORED} rows, each signed and its receipt verified; client and four validators on the same cores"),
        );
    }
}
