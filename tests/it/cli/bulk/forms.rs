//! One value in other forms: what was anchored from a CSV file against a workbook, and the other way round. A day or
//! a number that another program writes otherwise is no change; another day or number is one. Not here: which forms
//! there are (`client/src/values.rs`).

use std::{collections::BTreeMap, fs};

use serde_json::Value;
use tests::cluster::Cluster;

use super::{
    bulk,
    workbooks::{row, workbook},
};

/// Of each record: the day and the number in text, those cells in a workbook, and whether they are the same.
const ROWS: [(&str, &str, &str, &str, &str, bool); 7] = [
    ("F-1", "2026-11-23", "12.5", DAY, "<v>12.5</v>", true),
    (
        "F-2",
        "23.11.2026 0:00",
        "0.3",
        DAY,
        "<v>0.30000000000000004</v>",
        true,
    ),
    (
        "F-3",
        "2026-11-23T00:00:00.000Z",
        "80",
        DAY,
        "<v>8.0E1</v>",
        true,
    ),
    ("F-4", "2026-11-24", "80", DAY, "<v>80</v>", false),
    ("F-5", "2026-11-23", "0.31", DAY, "<v>0.3</v>", false),
    ("F-6", "2026-11-23", "0012", DAY, "<v>12</v>", false),
    ("F-7", "2026-11-23 12:00", "1", DAY, "<v>1</v>", false),
];
/// 2026-11-23, as a workbook counts days.
const DAY: &str = "46349";

/// Writes both tables.
fn tables(cluster: &Cluster) {
    let mut csv = "number,issued,area\n".to_owned();
    let mut rows = row(1, &[("A", "number"), ("B", "issued"), ("C", "area")]);
    for (at, (number, day, area, serial, cell, _)) in (2..).zip(ROWS) {
        csv += &format!("{number},{day},{area}\n");
        // Style 1 is a date.
        let day = format!("<c r=\"B{at}\" s=\"1\"><v>{serial}</v></c>");
        let cells = row(at, &[("A", number), ("C", cell)]);
        let between = format!("<c r=\"C{at}\">");
        rows += &cells.replace(&between, &format!("{day}{between}"));
    }
    cluster.document("t.csv", &csv);
    let sheet = format!("<sheetData>{rows}</sheetData>");
    let path = cluster.path().join("t.xlsx");
    workbook(&path, &sheet, "uniqueCount=\"0\">", &[]);
}

/// What became of each record in a run.
fn result(cluster: &Cluster, out: &str) -> BTreeMap<String, String> {
    let result = fs::read_to_string(cluster.path().join(out).join("result.csv")).unwrap();
    let of = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        (cells[1].to_owned(), cells[3].to_owned())
    };
    result.lines().skip(1).map(of).collect()
}

/// Anchors `first`, then compares `second` with it, and amends by it: what each says of every record.
fn cross(cluster: &Cluster, first: &str, second: &str) -> [BTreeMap<String, String>; 2] {
    let _done = bulk(cluster, first, "first", &[]).expect(0);
    let mut reconcile = vec!["--json", "reconcile", second, "--record", "number"];
    reconcile.extend(["--registry", "qurilish.permits", "--receipts", "first"]);
    let report = cluster.clerk("qurilish", &reconcile).expect(22).json();
    let findings = report["findings"].as_array().unwrap().iter();
    let word = |finding: &Value, name: &str| finding[name].as_str().unwrap().to_owned();
    let told = findings.map(|finding| (word(finding, "record"), word(finding, "kind")));
    let told = told.collect();
    let upsert = ["--upsert", "--reason", "C02", "--earlier", "first"];
    let _done = bulk(cluster, second, "second", &upsert).expect(0);
    [told, result(cluster, "second")]
}

#[test]
fn a_value_in_another_form_is_the_same_and_another_value_is_not() {
    for (first, second) in [("t.csv", "t.xlsx"), ("t.xlsx", "t.csv")] {
        let cluster = Cluster::start(0);
        tables(&cluster);
        let [reconciled, amended] = cross(&cluster, first, second);
        for (number, day, area, _, _, is_same) in ROWS {
            let what = format!("{first}, then {second}: {number}, {day}, {area}");
            let kind = reconciled.get(number).map(String::as_str);
            let (finding, status) = match is_same {
                true => (None, "unchanged"),
                false => (Some("changed"), "amended"),
            };
            assert_eq!(kind, finding, "{what}");
            assert_eq!(amended[number], status, "{what}");
        }
    }
}
