//! What an agency's desk learns from the public log: whether its own table agrees with what it anchored,
//! what stands out, and what a key that was stolen has signed.

mod trial;
mod ways;

use std::{collections::BTreeSet, fs};

use serde_json::Value;
use tests::cluster::{Cluster, Ran};

use crate::house::schemas::assert_shapes;

const REGISTRY: &str = "qurilish.permits";
const ROWS: u64 = 500;
/// How many of each kind of error are seeded.
const EACH: u64 = 5;

/// Number, kind, area, legal date. Every hundredth date is long before the day on which all is anchored.
fn row(number: u64) -> String {
    let date = if number.is_multiple_of(100) {
        "2020-02-29"
    } else {
        "2999-12-31"
    };
    format!("QR-{number},house,{} m2,{date}\n", 10 + number)
}

fn table(cluster: &Cluster, name: &str, rows: &[String]) -> String {
    cluster.document(name, &format!("number,kind,area,date\n{}", rows.concat()))
}

/// Runs `muhr` at the clerk's desk; no argument here has a space.
fn run(cluster: &Cluster, line: &str) -> Ran {
    cluster.clerk("qurilish", &line.split_whitespace().collect::<Vec<_>>())
}

fn reconcile(cluster: &Cluster, table: &str, more: &str) -> Ran {
    let command = format!("--json reconcile {table} --registry {REGISTRY} --record number {more}");
    run(cluster, &command)
}

/// Kind, and the number of the record or the row.
fn findings(report: &Value) -> BTreeSet<(String, String)> {
    let findings = report["findings"].as_array().unwrap().iter();
    let told = findings.map(|finding| {
        let kind = finding["kind"].as_str().unwrap().to_owned();
        let record = finding["record"].as_str().map(ToOwned::to_owned);
        (
            kind,
            record.unwrap_or_else(|| format!("row {}", finding["row"])),
        )
    });
    told.collect()
}

#[test]
fn seeded_errors_are_found_all_of_them_and_no_others() {
    let cluster = Cluster::start(0);
    let rows: Vec<String> = (0..ROWS).map(row).collect();
    let clean = table(&cluster, "register.csv", &rows);
    let bulk = format!("anchor bulk {clean} --record number --registry {REGISTRY} --out run");
    let _done = run(&cluster, &bulk).expect(0);
    let receipts = "--receipts run --date date";
    let agreed = reconcile(&cluster, &clean, receipts).expect(0).json();
    assert_eq!(agreed["counts"]["matching"], ROWS);
    assert_eq!(agreed["findings"].as_array().unwrap().len(), 0);

    // On the ledger: some are revoked, which the table does not know.
    for number in 100..100 + EACH {
        let revoke = format!("revoke QR-{number} --registry {REGISTRY} --reason R01");
        let _done = run(&cluster, &format!("{revoke} --out r-{number}.receipt")).expect(0);
    }
    // In the table: cells changed, rows gone, rows too many, twice, and without a number.
    let mut bent = rows;
    let mut expected = BTreeSet::new();
    let mut expect = |kind: &str, record: String| expected.insert((kind.to_owned(), record));
    for number in 100..100 + EACH {
        expect("status", format!("QR-{number}"));
    }
    for number in (0..ROWS).filter(|number| number.is_multiple_of(100)) {
        expect("late", format!("QR-{number}"));
    }
    for number in 10..10 + EACH {
        bent[number as usize] = row(number).replace(" m2", " m3");
        expect("changed", format!("QR-{number}"));
    }
    for number in 200..200 + EACH {
        bent.push(row(number));
        expect("duplicate", format!("QR-{number}"));
        bent.push(format!("NEW-{number},house,1 m2,2999-12-31\n"));
        expect("missing", format!("NEW-{number}"));
    }
    for number in 0..EACH {
        // The header is row 1.
        expect("invalid", format!("row {}", bent.len() - EACH as usize + 2));
        bent.push(format!(",garage {number},1 m2,2999-12-31\n"));
    }
    for number in 301..301 + EACH {
        let gone = bent
            .iter()
            .position(|line| line.starts_with(&format!("QR-{number},")));
        bent.remove(gone.unwrap());
        expect("extra", format!("QR-{number}"));
    }
    let bent = table(&cluster, "bent.csv", &bent);
    let found = reconcile(&cluster, &bent, &format!("{receipts} --late 30"))
        .expect(22)
        .json();
    assert_eq!(findings(&found), expected, "{found:#}");
    let changed = found["findings"].as_array().unwrap().iter();
    let mut changed = changed.filter(|finding| finding["kind"] == "changed");
    assert!(
        changed.all(|finding| finding["fields"] == serde_json::json!(["area"])),
        "{found:#}"
    );

    assert_shapes("reconcile", &[agreed, found]);

    // Without receipts only what the log shows is told, and the report says so.
    let blind = reconcile(&cluster, &bent, "--date date").expect(22).json();
    assert_eq!(blind["counts"]["findings"]["changed"], 0);
    assert_eq!(blind["counts"]["findings"]["missing"], EACH);
    assert!(blind["counts"]["unopened"].as_u64().unwrap() > ROWS - 3 * EACH);

    // A typing error in an option would hide what it is to show.
    let misspelt = reconcile(&cluster, &bent, "--date datum").expect(2);
    assert!(misspelt.stderr.contains("datum"), "{misspelt:?}");
    let nowhere = format!("reconcile {bent} --registry qurilish.permit --record number");
    let nowhere = run(&cluster, &nowhere).expect(2);
    assert!(nowhere.stderr.contains("qurilish.permits"), "{nowhere:?}");
}

/// The page says who signed it and how to check that; the JSON, how the table was read.
fn says_how_it_was_made(page: &str, json: &[u8], vkey: &str) {
    assert!(!page.contains("<script") && page.contains("QR-2"), "{page}");
    let line = format!("muhr report check report.note --signer {vkey}");
    assert!(page.contains(&line), "{page}");
    let made: Value = serde_json::from_slice(json).unwrap();
    assert_eq!(made["table"]["encoding"], "utf-8");
    assert_eq!(made["table"]["delimiter"], "comma");
}

#[test]
fn a_report_is_the_same_bytes_each_time_and_its_signature_covers_them() {
    let cluster = Cluster::start(0);
    let rows: Vec<String> = (1..20).map(row).collect();
    let all = table(&cluster, "register.csv", &rows);
    let bulk = format!("anchor bulk {all} --record number --registry {REGISTRY} --out run");
    let _done = run(&cluster, &bulk).expect(0);
    let fewer = table(&cluster, "fewer.csv", &rows[3..]);
    let key = "--json key new report.key --holder qurilish --purpose report --plain";
    let made = run(&cluster, key).expect(0).json();
    let vkey = made["vkey"].as_str().unwrap().to_owned();
    let sign = "--receipts run --sign report.key --out";
    let _made = reconcile(&cluster, &fewer, &format!("{sign} one")).expect(22);
    let again = reconcile(&cluster, &fewer, &format!("{sign} one")).expect(2);
    assert!(again.stderr.contains("is there already"), "{again:?}");

    // The log has grown, and the report of that day is still the report of that day.
    let later = cluster.document("later.pdf", "later");
    let later = format!("anchor {later} --registry {REGISTRY} --record LATER");
    let _done = run(&cluster, &later).expect(0);
    let as_then = format!("{sign} two --checkpoint one/checkpoint");
    let _made = reconcile(&cluster, &fewer, &as_then).expect(22);
    let read = |file: String| fs::read(cluster.path().join(file)).unwrap();
    for name in [
        "checkpoint",
        "findings.csv",
        "report.html",
        "report.json",
        "report.note",
    ] {
        assert_eq!(
            read(format!("one/{name}")),
            read(format!("two/{name}")),
            "{name}"
        );
    }
    let now = reconcile(&cluster, &fewer, "--receipts run");
    let now = now.expect(22).json();
    assert_eq!(now["counts"]["findings"]["extra"], 4);

    let check = |signer: &str| {
        let check = format!("--json report check one/report.note --signer {signer}");
        run(&cluster, &check)
    };
    let checked = check(&vkey).expect(0).json();
    assert_eq!(checked["files"].as_array().unwrap().len(), 4);
    assert_shapes("report-check", &[checked]);
    let _other = check(&vkey.replacen("qurilish", "kadastr", 1)).expect(2);
    let html = cluster.path().join("one/report.html");
    let text = fs::read_to_string(&html).unwrap();
    says_how_it_was_made(&text, &read("one/report.json".to_owned()), &vkey);
    fs::write(&html, text.replace("QR-2", "QR-9")).unwrap();
    assert_eq!(check(&vkey).expect(11).json()["verdict"], "altered");
    fs::remove_file(&html).unwrap();
    let _missing = check(&vkey).expect(16);
    let note = cluster.path().join("one/report.note");
    let bent = fs::read_to_string(&note)
        .unwrap()
        .replacen("size ", "size 1", 1);
    fs::write(&note, bent).unwrap();
    let _broken = check(&vkey).expect(14);
    let clerk = "--sign net/qurilish/keys/clerk.key --out three";
    let refused = reconcile(&cluster, &fewer, clerk).expect(3);
    assert!(
        refused.stderr.contains("not one for reports"),
        "{refused:?}"
    );
}

/// A second clerk of `qurilish`, whose key will be in the wrong hands.
fn second_clerk(cluster: &Cluster) {
    let made = "--json key new second.key --holder qurilish/second --plain";
    let made = run(cluster, made).expect(0).json();
    let public = made["public"].as_str().unwrap();
    let key = cluster.dir("qurilish").join("keys/admin.key");
    let may = format!("--registries {REGISTRY} --operations register,amend,correct,revoke");
    let key = key.to_str().unwrap();
    let add = format!("clerk add qurilish/second --public {public} {may} --yes --key {key}");
    let _done = run(cluster, &add).expect(0);
}

/// Nine entries of two clerks: some dated oddly, some by a key that was stolen, two that change a record.
fn eventful_days() -> Cluster {
    let cluster = Cluster::start(0);
    second_clerk(&cluster);
    let anchor = |number: &str, more: &str| {
        let document = cluster.document(&format!("{number}.pdf"), number);
        let command = format!("anchor {document} --registry {REGISTRY} --record {number} {more}");
        let _done = run(&cluster, &command).expect(0);
    };
    anchor("OLD-1", "--effective 2020-01-01");
    anchor("FAR-1", "--effective 2999-01-01");
    anchor("S-1", "--key second.key");
    anchor("S-2", "--key second.key");
    let stolen = cluster.document("stolen.csv", "number,kind\nS-3,x\nS-4,x\nS-5,x\n");
    let bulk = format!("anchor bulk {stolen} --record number --registry {REGISTRY}");
    let _done = run(&cluster, &format!("{bulk} --out stolen --key second.key")).expect(0);
    let change = |operation: &str, number: &str, document: &str| {
        let out = format!("--out {operation}-{number}.receipt");
        let change = format!("{operation} {number} {document} --registry {REGISTRY} {out}");
        let _done = run(&cluster, &format!("{change} --reason C02")).expect(0);
    };
    let document = cluster.document("mended.pdf", "mended");
    change("correct", "S-1", &document);
    change("revoke", "OLD-1", "");
    cluster
}

#[test]
fn what_stands_out_is_told_with_its_place() {
    let cluster = eventful_days();
    let anomalies = |more: &str| {
        let command = format!("--json report anomalies --registry {REGISTRY} --receipts . {more}");
        run(&cluster, &command).expect(0).json()
    };
    let kinds = |report: &Value| -> Vec<(String, u64)> {
        let findings = report["findings"].as_array().unwrap().iter();
        let one = |finding: &Value| {
            let kind = finding["kind"].as_str().unwrap().to_owned();
            (kind, finding["entries"].as_u64().unwrap())
        };
        findings.map(one).collect()
    };
    // All days are days of work, and all hours.
    let calm = "--hours 0-24 --rest none";
    let told = anomalies(calm);
    let expected = [("late", 1), ("ahead", 1), ("correct", 1), ("revoke", 1)];
    let expected = expected.map(|(kind, count)| (kind.to_owned(), count));
    assert_eq!(kinds(&told), expected, "{told:#}");
    let told = anomalies(&format!("{calm} --burst 5 --within 10080"));
    assert!(kinds(&told).contains(&("burst".to_owned(), 5)), "{told:#}");
    let burst = told["findings"].as_array().unwrap().iter();
    let burst = burst.clone().find(|one| one["kind"] == "burst").unwrap();
    let leaves: Vec<u64> = serde_json::from_value(burst["leaves"].clone()).unwrap();
    assert_eq!(leaves.len(), 5, "{burst:#}");
    assert!(leaves.is_sorted(), "{burst:#}");
    assert_eq!(leaves[0], burst["first"]["leaf"]);
    assert_eq!(leaves[4], burst["last"]["leaf"]);
    let rest = "--rest mon,tue,wed,thu,fri,sat,sun --csv anomalies.csv";
    let told = anomalies(rest);
    let odd = kinds(&told).into_iter().filter(|(kind, _)| kind == "hours");
    assert_eq!(odd.map(|(_, entries)| entries).sum::<u64>(), 9, "{told:#}");
    // Each line leads to its entry: the leaf that it names is where the receipt says.
    let late = &told["findings"][0];
    assert_eq!(
        (late["kind"].as_str(), late["record"].as_str()),
        (Some("late"), Some("OLD-1"))
    );
    let receipt = run(&cluster, "--json verify OLD-1.pdf").expect(0).json();
    assert_eq!(late["first"]["leaf"], receipt["files"][0]["facts"]["index"]);
    assert_eq!(anomalies(rest), told, "told otherwise the second time");
    // Without receipts it is the same but for the numbers: the public log does not show them.
    let command = format!("--json report anomalies --registry {REGISTRY} {rest}");
    let blind = run(&cluster, &command).expect(0).json();
    let mut nameless = told.clone();
    for finding in nameless["findings"].as_array_mut().unwrap() {
        finding["record"] = Value::Null;
    }
    assert_eq!(blind, nameless);
    let csv = fs::read_to_string(cluster.path().join("anomalies.csv")).unwrap();
    assert_eq!(
        csv.lines().count(),
        1 + told["findings"].as_array().unwrap().len()
    );
    assert_shapes("anomalies", &[told]);
}

#[test]
fn all_that_a_stolen_key_signed_is_listed() {
    let cluster = eventful_days();
    let list = |more: &str| {
        let command = format!("--json report compromised-key qurilish/second --receipts . {more}");
        run(&cluster, &command).expect(0).json()
    };
    let stolen = |listed: &Value| {
        let entries = listed["entries"].as_array().unwrap().iter();
        let number = |entry: &Value| {
            let stands = entry["stands"] == true;
            let record = entry["record"].as_str().unwrap_or("?");
            format!("{record}{}", if stands { "" } else { ", followed" })
        };
        entries.map(number).collect::<Vec<_>>()
    };
    let all = list("--receipts stolen");
    assert_eq!(stolen(&all), ["S-1, followed", "S-2", "S-3", "S-4", "S-5"]);
    assert_shapes("compromised-key", &[all]);
    assert!(stolen(&list("--since 2999-01-01")).is_empty());
    let _unknown = run(&cluster, "report compromised-key qurilish/nobody").expect(2);
}
