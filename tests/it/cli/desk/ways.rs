//! `muhr reconcile` in each of its ways: with a column of statuses, by declared dates, with numbers of
//! several parts, from a workbook, beside copies of receipts, and from a mirror while no node runs.

use std::fs;

use protocol::name::Date;
use serde_json::{Value, json};
use tests::cluster::{AGENCIES, Cluster};

use super::{REGISTRY, reconcile, run};
use crate::cli::bulk;

/// Kind, number and detail of each finding.
fn told(report: &Value) -> Vec<(String, String, String)> {
    let findings = report["findings"].as_array().unwrap().iter();
    let word = |finding: &Value, name: &str| finding[name].as_str().unwrap_or("–").to_owned();
    findings
        .map(|finding| {
            (
                word(finding, "kind"),
                word(finding, "record"),
                word(finding, "detail"),
            )
        })
        .collect()
}

fn anchored(cluster: &Cluster, table: &str, record: &str, out: &str) {
    let bulk = format!("anchor bulk {table} --registry {REGISTRY} --record {record} --out {out}");
    let _done = run(cluster, &bulk).expect(0);
}

fn is_told(report: &Value, expected: &[(&str, &str, &str)]) {
    let expected = expected.iter().map(|(kind, record, detail)| {
        (
            (*kind).to_owned(),
            (*record).to_owned(),
            (*detail).to_owned(),
        )
    });
    assert_eq!(told(report), expected.collect::<Vec<_>>());
}

#[test]
fn a_column_of_statuses_is_held_against_the_ledger() {
    let cluster = Cluster::start(0);
    let rows = |words: [&str; 6]| {
        let rows = (1..).zip(words).filter(|(_, word)| !word.is_empty());
        let rows: String = rows
            .map(|(row, word)| format!("S-{row},{word}\n"))
            .collect();
        format!("number,state\n{rows}")
    };
    cluster.document("first.csv", &rows(["amalda"; 6]));
    anchored(&cluster, "first.csv", "number", "run");
    for (operation, number) in [("suspend", 2), ("revoke", 3), ("revoke", 4), ("revoke", 6)] {
        let change = format!("{operation} S-{number} --registry {REGISTRY} --reason R01");
        let _done = run(&cluster, &format!("{change} --out {number}.receipt")).expect(0);
    }
    let words =
        "--status-word active=amalda --status-word suspended=tanaffus --status-word revoked=bekor";
    let states = ["amalda", "tanaffus", "amalda", "bekor", "yo‘q", ""];
    cluster.document("now.csv", &rows(states));
    let found = reconcile(
        &cluster,
        "now.csv",
        &format!("--receipts run --status state {words}"),
    );
    let expected = [
        ("extra", "S-6", "anchored, revoked, and not in the table"),
        (
            "status",
            "S-3",
            "revoked on the ledger, active in the table",
        ),
        (
            "status",
            "S-5",
            "active on the ledger, another word in the column state",
        ),
    ];
    is_told(&found.expect(22).json(), &expected);

    // Without words of its own the column is taken to hold the ledger's.
    let states = [
        "active",
        "suspended",
        "revoked",
        "revoked",
        "active",
        "revoked",
    ];
    cluster.document("plain.csv", &rows(states));
    let agreed = reconcile(&cluster, "plain.csv", "--receipts run --status state").expect(0);
    assert_eq!(agreed.json()["counts"]["matching"], 6);
    // A table without such a column is taken to hold what is in force.
    cluster.document("force.csv", "number\nS-1\nS-3\nS-5\n");
    let found = reconcile(&cluster, "force.csv", "").expect(22).json();
    is_told(&found, &[("status", "S-3", "revoked on the ledger")]);
    assert_eq!(found["counts"]["ended"], 3);
    for (words, what) in [
        ("--status-word bekor=revoked", "is not a status and a word"),
        (
            "--status-word revoked=x --status-word active=x",
            "to two statuses",
        ),
    ] {
        let refused = reconcile(&cluster, "now.csv", &format!("--status state {words}"));
        let refused = refused.expect(2);
        assert!(refused.stderr.contains(what), "{refused:?}");
    }
    let _alone = reconcile(&cluster, "now.csv", "--status-word active=x").expect(2);
}

/// The day in Tashkent of a moment in UTC, written in ISO 8601.
fn day(time: &str) -> i64 {
    let hour: i64 = time[11..13].parse().unwrap();
    Date::parse(&time[..10]).unwrap().day() + (hour + 5) / 24
}

#[test]
fn without_a_column_of_dates_the_declared_ones_are_judged_to_the_day() {
    let cluster = Cluster::start(0);
    let anchor = |number: &str, date: &str| {
        let document = cluster.document(&format!("{number}.pdf"), number);
        let command = format!("--json anchor {document} --registry {REGISTRY} --record {number}");
        run(&cluster, &format!("{command} --effective {date}"))
            .expect(0)
            .json()
    };
    let made = anchor("D-1", "2026-01-31");
    let _never = anchor("D-2", "2999-01-01");
    let ancient = anchor("D-3", "1969-12-31");
    let days = |made: &Value, date: &str| {
        day(made["time"].as_str().unwrap()) - Date::parse(date).unwrap().day()
    };
    let (days, most) = (days(&made, "2026-01-31"), days(&ancient, "1969-12-31"));
    cluster.document("t.csv", "number\nD-1\nD-2\nD-3\n");
    let late = |limit: i64| reconcile(&cluster, "t.csv", &format!("--late {limit}"));
    let one = |number: &str, days: i64, date: &str| {
        let detail = format!("version 1 was anchored {days} days after {date}");
        ("late".to_owned(), number.to_owned(), detail)
    };
    let (first, third) = (
        one("D-1", days, "2026-01-31"),
        one("D-3", most, "1969-12-31"),
    );
    assert_eq!(
        told(&late(days - 1).expect(22).json()),
        [first, third.clone()]
    );
    assert_eq!(told(&late(days).expect(22).json()), [third]);
    let _none = late(most).expect(0);
    let unjudged = reconcile(&cluster, "t.csv", "").expect(0);
    assert_eq!(unjudged.json()["counts"]["findings"]["late"], 0);
}

#[test]
fn dates_and_numbers_of_several_parts_are_read_as_tables_have_them() {
    let cluster = Cluster::start(0);
    let declare = |operation: &str, number: &str, date: &str, more: &str| {
        let document = cluster.document(&format!("{date}.pdf"), date);
        let first = operation.starts_with("anchor");
        let what = match first {
            true => format!("anchor {document} --record {number}"),
            false => format!("{operation} {number} {document} --reason C02"),
        };
        let command = format!("{what} --registry {REGISTRY} --effective {date} {more}");
        let _done = run(&cluster, &command).expect(0);
    };
    declare("anchor", "7|Chilonzor", "2026-01-05", "");
    declare("anchor", "7|Sergeli", "2026-01-06", "");
    declare("anchor", "8|Sergeli", "2026-01-08", "");
    declare("correct", "7|Chilonzor", "2026-01-07", "");
    let compare = |rows: &str| {
        cluster.document("t.csv", &format!("number;district;issued\n{rows}"));
        let command = format!("--json reconcile t.csv --registry {REGISTRY}");
        run(
            &cluster,
            &format!("{command} --record number,district --date issued"),
        )
    };
    // The date that holds is that of the correction.
    let rest = "7;Sergeli;6.1.2026 09:30\n8;Sergeli;2026-01-08\n";
    let agreed = compare(&format!("7;Chilonzor;07.01.2026\n{rest}")).expect(0);
    assert_eq!(agreed.json()["counts"]["matching"], 3);
    let found = compare(&format!("7;Chilonzor;05.01.2026\n{rest}")).expect(22);
    let detail = "version 2 declares the legal date 2026-01-07: issued";
    is_told(&found.json(), &[("changed", "7|Chilonzor", detail)]);
    let found = compare(&format!("7;Chilonzor;46029\n{rest}")).expect(22);
    let detail = "column issued: a spreadsheet's number of a day where dates stand, most likely 2026-01-07; write the date";
    is_told(&found.json(), &[("invalid", "7|Chilonzor", detail)]);
    // A row without a part of its number is nobody's: it hides no record.
    let found = compare(&format!("7\n{rest}")).expect(22).json();
    let expected = [
        ("extra", "–", "anchored, active, and not in the table"),
        ("invalid", "–", "1 cell where the first row has 3"),
    ];
    is_told(&found, &expected);
}

#[test]
fn a_workbook_is_compared_like_a_table() {
    let cluster = Cluster::start(0);
    let book = |name: &str, area: &str| {
        let rows = [
            bulk::row(1, &[("A", "number"), ("B", "area"), ("C", "issued")]),
            bulk::row(2, &[("A", "X-2"), ("B", "80"), ("C", "2026-11-22")]),
            bulk::row(4, &[("A", "X-4"), ("B", area), ("C", "2026-11-23")]),
        ];
        let sheet = format!("<sheetData>{}</sheetData>", rows.concat());
        bulk::workbook(&cluster.path().join(name), &sheet, ">", &[]);
    };
    book("register.xlsx", "64");
    anchored(&cluster, "register.xlsx", "number", "run");
    let compare = |name: &str| reconcile(&cluster, name, "--receipts run --date issued");
    let _agreed = compare("register.xlsx").expect(0);
    book("bent.xlsx", "65");
    let found = compare("bent.xlsx").expect(22).json();
    is_told(
        &found,
        &[("changed", "X-4", "not as anchored in version 1: area")],
    );
    // Rows are those of the sheet, which the report names.
    assert_eq!(found["findings"][0]["row"], 4);
    assert!(found["table"]["sheet"].is_string() && found["table"]["encoding"].is_null());
}

#[test]
fn what_lies_beside_the_receipts_and_what_came_later_change_no_report() {
    let mut cluster = Cluster::start(0);
    let rows =
        |area: u64| format!("number,kind,area\nM-1,house,80\nM-2,house,{area}\nM-3,shed,9\n");
    cluster.document("register.csv", &rows(64));
    anchored(&cluster, "register.csv", "number", "run");
    cluster.document("bent.csv", &rows(65).replace("M-3,shed,9\n", ""));
    let report = |more: &str| reconcile(&cluster, "bent.csv", &format!("--receipts run {more}"));
    let found = report("--out one").expect(22).json();
    let expected = [
        ("extra", "M-3", "anchored, active, and not in the table"),
        ("changed", "M-2", "not as anchored in version 1: area"),
    ];
    is_told(&found, &expected);
    let mirror = format!("log mirror {} mirror", cluster.url("qurilish"));
    let _copied = run(&cluster, &mirror).expect(0);

    // Copies that show less lie before and behind the originals, and one that shows nothing.
    for (row, name) in [(3, "0000000"), (3, "z"), (4, "0")] {
        let redact = format!("receipt redact run/receipts/000000{row}.receipt --keep kind");
        let _copy = run(
            &cluster,
            &format!("{redact} --out run/receipts/{name}.receipt"),
        )
        .expect(0);
    }
    let at = |name: &str| cluster.path().join("run/receipts").join(name);
    let _bytes = fs::copy(at("0000004.receipt"), at("00.receipt")).unwrap();
    let _erased = run(&cluster, "receipt erase run/receipts/00.receipt --yes").expect(0);
    // Both records that differed are amended, and the receipts of that lie in the same folder.
    for number in [2, 3] {
        let amend = format!("amend M-{number} --registry {REGISTRY} --reason C02 --field area=65");
        let amend = format!("{amend} --field kind=house --out run/receipts/a{number}.receipt");
        let _done = run(&cluster, &amend).expect(0);
    }
    let _made = report("--checkpoint one/checkpoint --out two").expect(22);
    let now = report("").expect(22).json();
    let expected = [("extra", "M-3", "anchored, active, and not in the table")];
    is_told(&now, &expected);
    assert_eq!(now["not_compared"]["columns"], json!([]));

    // Without plaintext leaving the machine: nobody is there to whom it could go.
    for name in AGENCIES {
        cluster.kill(name);
    }
    let again = "--receipts run --node mirror --out three";
    let _made = reconcile(&cluster, "bent.csv", again).expect(22);
    let read = |file: String| fs::read(cluster.path().join(file)).unwrap();
    for name in ["checkpoint", "findings.csv", "report.html", "report.json"] {
        for other in ["two", "three"] {
            let (one, other) = (read(format!("one/{name}")), read(format!("{other}/{name}")));
            assert_eq!(
                String::from_utf8_lossy(&one),
                String::from_utf8_lossy(&other),
                "{name}"
            );
        }
    }
}
