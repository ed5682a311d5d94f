//! Workbooks that are small on disk and would be large in memory: refused, or judged row by row, within it.

use std::{
    fs,
    process::{Child, Stdio},
    thread,
    time::Duration,
};

use serde_json::json;
use tests::cluster::{Cluster, Ran};

use super::workbooks::{row, workbook};

/// What a run may take in all, well under the 200 MB that are promised.
const PEAK_MAX: u64 = 150 << 20;

/// The most memory that a process has had until now.
fn peak(child: &Child) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kilobytes * 1024)
}

/// Tries the workbook; what it took is seen a thousand times a second.
fn tried(cluster: &Cluster) -> (Ran, u64) {
    let command = ["--json", "anchor", "bulk", "t.xlsx", "--record", "number"];
    let rest = [
        "--registry",
        "qurilish.permits",
        "--out",
        "out",
        "--dry-run",
    ];
    let arguments = [&command[..], &rest].concat();
    let mut command = cluster.clerk_command("qurilish", "qurilish", &arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut most = 0;
    while child.try_wait().unwrap().is_none() {
        most = most.max(peak(&child).unwrap_or(0));
        thread::sleep(Duration::from_millis(1));
    }
    (child.wait_with_output().unwrap().into(), most)
}

fn sheet(rows: &[String]) -> String {
    format!("<sheetData>{}</sheetData>", rows.concat())
}

/// Rows 2 to `last`, each with a number and so many cells that are the one shared string.
fn shared(last: u32, columns: &[&str]) -> String {
    let rows = (2..=last).map(|number| {
        let cells = columns
            .iter()
            .map(|column| format!("<c r=\"{column}{number}\" t=\"s\"><v>0</v></c>"));
        row(number, &[("A", &format!("M-{number}"))])
            .replace("</row>", &format!("{}</row>", cells.collect::<String>()))
    });
    let head = row(1, &[("A", "number"), ("B", "b"), ("C", "c")]);
    sheet(&[head, rows.collect()])
}

#[test]
fn a_long_string_that_every_cell_shares_takes_the_memory_of_one_row() {
    let cluster = Cluster::create(0);
    let path = cluster.path().join("t.xlsx");
    let string = format!(
        "uniqueCount=\"1\"><si><t>{}</t></si>",
        "x".repeat(1_000_000)
    );
    workbook(&path, &shared(800, &["B"]), &string, &[]);
    let (ran, most) = tried(&cluster);
    assert_eq!(ran.expect(20).json()["counts"], json!({"invalid": 799}));
    assert!(most > 1 << 20 && most < PEAK_MAX, "{most} bytes");
    let errors = fs::read_to_string(cluster.path().join("out/t.try.errors.csv")).unwrap();
    assert!(errors.len() < 2 << 20, "{} bytes", errors.len());
    let line = errors.lines().nth(1).unwrap();
    assert!(line.starts_with("2,,too-long,"), "{line}");
    assert!(line.contains("M-2,#LONG xxx"), "{line}");

    workbook(&path, &shared(800, &["B", "C"]), &string, &[]);
    let (ran, most) = tried(&cluster);
    let words = "row 2 is longer than 1048576 bytes";
    assert!(ran.stderr.contains(words), "{ran:?}");
    assert!(most < PEAK_MAX, "{most} bytes");
}

#[test]
fn what_a_reader_would_gather_in_memory_is_refused_before_it_does() {
    let cluster = Cluster::create(0);
    let path = cluster.path().join("t.xlsx");
    let few = "uniqueCount=\"1\"><si><t>X-4</t></si>";
    let head = row(1, &[("A", "number")]);
    let runs = format!("<r><t>{}</t></r>", "x".repeat(1000)).repeat(64 << 10);
    let data = format!("<t><![CDATA[{}]]></t>", "x<".repeat(32 << 20));
    let cell = |inside: &str| {
        let cell = format!("<c r=\"A2\" t=\"inlineStr\"><is>{inside}</is></c>");
        sheet(&[head.clone(), format!("<row r=\"2\">{cell}</row>")])
    };
    let strings = format!("uniqueCount=\"1\"><si>{runs}</si>");
    let many = format!("uniqueCount=\"4000000\">{}", "<si/>".repeat(4_000_000));
    // Tags that one reader would pair and another would not.
    let crossed = cell("").replace("</is></c>", "</c></is>");
    let merged = "<mergeCell ref=\"B7:B8\"/>".repeat(200_000);
    let merged = format!(
        "{}<mergeCells>{merged}</mergeCells>",
        sheet(std::slice::from_ref(&head))
    );
    let unsorted = sheet(&[head.clone(), row(2, &[("B", "x"), ("A", "y")])]);
    let far = sheet(&[head.clone(), row(4_000_000_000, &[("A", "x")])]);
    for (rows, strings, words) in [
        (
            cell(&runs).as_str(),
            few,
            "a cell is longer than 1048576 bytes",
        ),
        (&cell(&data), few, "a cell is longer than 1048576 bytes"),
        (
            &shared(3, &["B"]),
            &strings,
            "a cell is longer than 1048576 bytes",
        ),
        (
            &shared(3, &["B"]),
            &many,
            "more strings than a table can have",
        ),
        (&crossed, few, "its markup is broken"),
        (&merged, few, "more than 100000 elements \"mergeCell\""),
        (&unsorted, few, "row 2: its cells are out of order"),
        (&far, few, "more than 1048576 rows"),
    ] {
        workbook(&path, rows, strings, &[]);
        let (ran, most) = tried(&cluster);
        let ran = ran.expect(2);
        assert!(ran.stderr.contains(words), "{words}: {}", ran.stderr);
        assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
        assert!(most < PEAK_MAX, "{words}: {most} bytes");
        assert!(!cluster.path().join("out").exists());
    }
}
