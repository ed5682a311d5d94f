//! What an agency's desk learns from the public log: whether its own table agrees with what it anchored,
//! what stands out, and what a key that was stolen has signed.

use std::{collections::BTreeSet, fs};

use serde_json::Value;
use tests::cluster::{Cluster, Ran};

const REGISTRY: &str = "qurilish.permits";
const ROWS: u64 = 500;
/// How many of each kind of error are seeded.
const EACH: u64 = 5;

/// Number, kind, area, legal date. Every hundredth date is long before the day on which all is anchored.
fn row(number: u64) -> String {
    let date = if number % 100 == 0 {
        "2020-02-29"
    } else {
        "2999-12-31"
    };
    format!("QR-{number},house,{} m2,{date}\n", 10 + number)
}

fn table(cluster: &Cluster, name: &str, rows: &[String]) -> String {
    cluster.document(name, &format!("number,kind,area,date\n{}", rows.concat()))
}

fn reconcile(cluster: &Cluster, table: &str, more: &[&str]) -> Ran {
    let command = [
        "--json",
        "reconcile",
        table,
        "--registry",
        REGISTRY,
        "--record",
        "number",
    ];
    cluster.clerk("qurilish", &[&command[..], more].concat())
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
    let command = ["anchor", "bulk", &clean, "--record", "number", "--yes"];
    let rest = ["--registry", REGISTRY, "--out", "run"];
    let _done = cluster
        .clerk("qurilish", &[&command[..], &rest].concat())
        .expect(0);
    let receipts = ["--receipts", "run", "--date", "date"];
    let agreed = reconcile(&cluster, &clean, &receipts).expect(0).json();
    assert_eq!(agreed["counts"]["matching"], ROWS);
    assert_eq!(agreed["findings"].as_array().unwrap().len(), 0);

    // On the ledger: some are revoked, which the table does not know.
    for number in 100..100 + EACH {
        let revoke = [
            "revoke",
            &format!("QR-{number}"),
            "--registry",
            REGISTRY,
            "--reason",
            "R01",
        ];
        let out = ["--out", &format!("revoked-{number}.receipt")];
        let _done = cluster
            .clerk("qurilish", &[&revoke[..], &out].concat())
            .expect(0);
    }
    // In the table: cells changed, rows gone, rows too many, twice, and without a number.
    let mut bent = rows;
    let mut expected = BTreeSet::new();
    let mut expect = |kind: &str, record: String| expected.insert((kind.to_owned(), record));
    for number in 100..100 + EACH {
        expect("status", format!("QR-{number}"));
    }
    for number in (0..ROWS).filter(|number| number % 100 == 0) {
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
    let more = [&receipts[..], &["--late", "30"]].concat();
    let found = reconcile(&cluster, &bent, &more).expect(22).json();
    assert_eq!(findings(&found), expected, "{found:#}");
    let changed = found["findings"].as_array().unwrap().iter();
    let mut changed = changed.filter(|finding| finding["kind"] == "changed");
    assert!(
        changed.all(|finding| finding["fields"] == serde_json::json!(["area"])),
        "{found:#}"
    );

    // Without receipts only what the log shows is told, and the report says so.
    let blind = reconcile(&cluster, &bent, &["--date", "date"])
        .expect(22)
        .json();
    assert_eq!(blind["counts"]["findings"]["changed"], 0);
    assert_eq!(blind["counts"]["findings"]["missing"], EACH);
    assert!(blind["counts"]["unopened"].as_u64().unwrap() > ROWS - 3 * EACH);

    // A typing error in an option would hide what it is to show.
    let misspelt = reconcile(&cluster, &bent, &["--date", "datum"]).expect(2);
    assert!(misspelt.stderr.contains("datum"), "{misspelt:?}");
    let nowhere = [
        "--json",
        "reconcile",
        &bent,
        "--registry",
        "qurilish.permit",
        "--record",
        "number",
    ];
    let nowhere = cluster.clerk("qurilish", &nowhere).expect(2);
    assert!(nowhere.stderr.contains("qurilish.permits"), "{nowhere:?}");
}

#[test]
fn a_report_is_the_same_bytes_each_time_and_its_signature_covers_them() {
    let cluster = Cluster::start(0);
    let rows: Vec<String> = (1..20).map(row).collect();
    let all = table(&cluster, "register.csv", &rows);
    let command = [
        "anchor",
        "bulk",
        &all,
        "--record",
        "number",
        "--registry",
        REGISTRY,
    ];
    let _done = cluster
        .clerk("qurilish", &[&command[..], &["--out", "run"]].concat())
        .expect(0);
    let fewer = table(&cluster, "fewer.csv", &rows[3..]);
    let key = [
        "--json",
        "key",
        "new",
        "report.key",
        "--holder",
        "qurilish",
        "--purpose",
        "report",
    ];
    let made = cluster.clerk("qurilish", &key).expect(0).json();
    let vkey = made["vkey"].as_str().unwrap().to_owned();
    let sign = ["--receipts", "run", "--sign", "report.key", "--out"];
    let _made = reconcile(&cluster, &fewer, &[&sign[..], &["one"]].concat()).expect(22);
    let again = reconcile(&cluster, &fewer, &[&sign[..], &["one"]].concat()).expect(2);
    assert!(again.stderr.contains("is there already"), "{again:?}");

    // The log has grown, and the report of that day is still the report of that day.
    let document = cluster.document("later.pdf", "later");
    let later = [
        "anchor",
        &document,
        "--registry",
        REGISTRY,
        "--record",
        "LATER",
    ];
    let _done = cluster.clerk("qurilish", &later).expect(0);
    let as_then = [&sign[..], &["two", "--checkpoint", "one/checkpoint"]].concat();
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
    let now = reconcile(&cluster, &fewer, &["--receipts", "run"])
        .expect(22)
        .json();
    assert_eq!(now["counts"]["findings"]["extra"], 4);

    let check = |signer: &str| {
        let check = [
            "--json",
            "report",
            "check",
            "one/report.note",
            "--signer",
            signer,
        ];
        cluster.clerk("kadastr", &check)
    };
    assert_eq!(
        check(&vkey).expect(0).json()["files"]
            .as_array()
            .unwrap()
            .len(),
        4
    );
    let _other = check(&vkey.replacen("qurilish", "kadastr", 1)).expect(2);
    let html = cluster.path().join("one/report.html");
    let text = fs::read_to_string(&html).unwrap();
    assert!(!text.contains("<script") && text.contains("QR-2"), "{text}");
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
    let clerk = ["--sign", "net/qurilish/keys/clerk.key", "--out", "three"];
    let refused = reconcile(&cluster, &fewer, &clerk).expect(3);
    assert!(
        refused.stderr.contains("not one for reports"),
        "{refused:?}"
    );
}

/// A second clerk of `qurilish`, whose key will be in the wrong hands.
fn second_clerk(cluster: &Cluster) {
    let made = [
        "--json",
        "key",
        "new",
        "second.key",
        "--holder",
        "qurilish/second",
    ];
    let made = cluster.clerk("qurilish", &made).expect(0).json();
    let public = made["public"].as_str().unwrap().to_owned();
    let add = [
        "clerk",
        "add",
        "qurilish/second",
        "--public",
        &public,
        "--registries",
        REGISTRY,
    ];
    let key = cluster.dir("qurilish").join("keys/admin.key");
    let rest = [
        "--operations",
        "register,amend,correct,revoke",
        "--yes",
        "--key",
    ];
    let all = [&add[..], &rest, &[key.to_str().unwrap()]].concat();
    let _done = cluster.clerk("qurilish", &all).expect(0);
}

#[test]
fn what_stands_out_is_told_with_its_place_and_what_a_stolen_key_signed_is_listed() {
    let cluster = Cluster::start(0);
    second_clerk(&cluster);
    let anchor = |number: &str, more: &[&str]| {
        let document = cluster.document(&format!("{number}.pdf"), number);
        let command = [
            "anchor",
            &document,
            "--registry",
            REGISTRY,
            "--record",
            number,
        ];
        let _done = cluster
            .clerk("qurilish", &[&command[..], more].concat())
            .expect(0);
    };
    let second = ["--key", "second.key"];
    anchor("OLD-1", &["--effective", "2020-01-01"]);
    anchor("FAR-1", &["--effective", "2999-01-01"]);
    anchor("S-1", &second);
    anchor("S-2", &second);
    let stolen = cluster.document("stolen.csv", "number,kind\nS-3,x\nS-4,x\nS-5,x\n");
    let bulk = [
        "anchor",
        "bulk",
        &stolen,
        "--record",
        "number",
        "--registry",
        REGISTRY,
        "--out",
        "stolen",
    ];
    let _done = cluster
        .clerk("qurilish", &[&bulk[..], &second].concat())
        .expect(0);
    let change = |operation: &str, number: &str, more: &[&str]| {
        let out = format!("{operation}-{number}.receipt");
        let command = [
            operation,
            number,
            "--registry",
            REGISTRY,
            "--reason",
            "C02",
            "--out",
            &out,
        ];
        let _done = cluster
            .clerk("qurilish", &[&command[..], more].concat())
            .expect(0);
    };
    let document = cluster.document("mended.pdf", "mended");
    change("correct", "S-1", &[&document]);
    change("revoke", "OLD-1", &[]);

    let anomalies = |more: &[&str]| {
        let command = [
            "--json",
            "report",
            "anomalies",
            "--registry",
            REGISTRY,
            "--receipts",
            ".",
        ];
        cluster.clerk("kadastr", &[&command[..], more].concat())
    };
    let kinds = |report: &Value| -> Vec<(String, u64)> {
        let findings = report["findings"].as_array().unwrap().iter();
        let one = |finding: &Value| {
            let kind = finding["kind"].as_str().unwrap().to_owned();
            (kind, finding["entries"].as_u64().unwrap())
        };
        findings.map(one).collect()
    };
    let expect = |list: &[(&str, u64)]| -> Vec<(String, u64)> {
        list.iter()
            .map(|(kind, count)| ((*kind).to_owned(), *count))
            .collect()
    };
    // All days are days of work, and all hours.
    let calm = ["--hours", "0-24", "--rest", "none"];
    let told = anomalies(&calm).expect(0).json();
    let found = expect(&[("late", 1), ("ahead", 1), ("correct", 1), ("revoke", 1)]);
    assert_eq!(kinds(&told), found, "{told:#}");
    let bursts = [&calm[..], &["--burst", "5", "--within", "10080"]].concat();
    let told = anomalies(&bursts).expect(0).json();
    assert!(kinds(&told).contains(&("burst".to_owned(), 5)), "{told:#}");
    let rest = [
        "--rest",
        "mon,tue,wed,thu,fri,sat,sun",
        "--csv",
        "anomalies.csv",
    ];
    let told = anomalies(&rest).expect(0).json();
    let odd = kinds(&told).into_iter().filter(|(kind, _)| kind == "hours");
    assert_eq!(odd.map(|(_, entries)| entries).sum::<u64>(), 9, "{told:#}");
    // Each line leads to its entry: the leaf that it names is where the receipt says.
    let late = &told["findings"][0];
    assert_eq!(
        (late["kind"].as_str(), late["record"].as_str()),
        (Some("late"), Some("OLD-1"))
    );
    let receipt = cluster
        .clerk("kadastr", &["--json", "verify", "OLD-1.pdf"])
        .expect(0)
        .json();
    assert_eq!(late["first"]["leaf"], receipt["files"][0]["facts"]["index"]);
    assert_eq!(
        anomalies(&rest).expect(0).json(),
        told,
        "told otherwise the second time"
    );
    let csv = fs::read_to_string(cluster.path().join("anomalies.csv")).unwrap();
    assert_eq!(
        csv.lines().count(),
        1 + told["findings"].as_array().unwrap().len()
    );

    let stolen = |more: &[&str]| {
        let command = [
            "--json",
            "report",
            "compromised-key",
            "qurilish/second",
            "--receipts",
            ".",
        ];
        let listed = cluster
            .clerk("kadastr", &[&command[..], more].concat())
            .expect(0)
            .json();
        let entries = listed["entries"].as_array().unwrap().iter();
        let number = |entry: &Value| {
            let stands = if entry["stands"] == true {
                ""
            } else {
                ", followed"
            };
            format!("{}{stands}", entry["record"].as_str().unwrap_or("?"))
        };
        entries.map(number).collect::<Vec<_>>()
    };
    let all = stolen(&["--receipts", "stolen"]);
    assert_eq!(all, ["S-1, followed", "S-2", "S-3", "S-4", "S-5"]);
    assert!(stolen(&["--since", "2999-01-01"]).is_empty());
    let nobody = ["report", "compromised-key", "qurilish/nobody"];
    let _unknown = cluster.clerk("kadastr", &nobody).expect(2);
}
