//! A registry whose numbers are capitals: whoever types a small letter means the same record, by every
//! command; and a registry that says nothing keeps both apart.

use std::fs;

use serde_json::json;
use tests::{
    args,
    cluster::{Cluster, Ran, muhr},
};

const PERMITS: &str = "qurilish.permits";

fn run(cluster: &Cluster, line: &str) -> Ran {
    let words: Vec<&str> = line.split_whitespace().collect();
    cluster.clerk_at("qurilish", "qurilish", &words)
}

#[test]
fn small_letters_are_the_same_record_where_the_registry_says_so() {
    let mut cluster = Cluster::create_with(0, &["--capitals", "qurilish"]);
    cluster.start_all();
    for name in ["a.pdf", "b.pdf", "x.pdf"] {
        cluster.document(name, name);
    }
    let (small, capital) = ("tsh-\u{451}1", "TSH-\u{401}1");
    let permits = format!("--registry {PERMITS}");
    let anchored = run(
        &cluster,
        &format!("anchor a.pdf {permits} --record {small}"),
    );
    let anchored = anchored.expect(0).stdout;
    assert!(anchored.contains(capital), "{anchored}");
    let taken = run(
        &cluster,
        &format!("anchor b.pdf {permits} --record {capital}"),
    );
    assert!(taken.expect(21).stderr.contains("version-taken"));
    let amend = format!("amend Tsh-\u{401}1 b.pdf {permits} --reason C02 --out amended.receipt");
    let amended = run(&cluster, &amend).expect(0).stdout;
    assert!(amended.contains("version 2"), "{amended}");
    let history = run(&cluster, &format!("--json history {small} {permits}"));
    assert_eq!(history.expect(0).json()["record"], capital);
    let _superseded = run(&cluster, "verify a.pdf").expect(0);

    tables_and_folders(&cluster, &permits);
    let own = format!("number\nK-1\nk-2\n{small}\nS-1\n");
    cluster.document("own.csv", &own);
    let own = format!("--json reconcile own.csv {permits} --record number");
    let compared = run(&cluster, &own).expect(0).json();
    assert_eq!(compared["counts"]["matching"], 4, "{compared}");
    others_keep_them_apart(&cluster);
}

fn tables_and_folders(cluster: &Cluster, permits: &str) {
    cluster.document("t.csv", "number,area\nk-1,1\nK-1,2\nk-2,3\n");
    let bulk = format!("--json anchor bulk t.csv {permits} --record number");
    let tried = run(cluster, &format!("{bulk} --out try --dry-run"))
        .expect(20)
        .json();
    assert_eq!(tried["counts"], json!({"fit": 2, "duplicate": 1}));
    let done = run(cluster, &format!("{bulk} --out out --archive"))
        .expect(20)
        .json();
    assert_eq!(done["counts"], json!({"anchored": 2, "duplicate": 1}));
    let extract = format!("receipt extract out/receipts.archive k-2 {permits} --out k2.receipt");
    let _taken = run(cluster, &extract).expect(0);
    let receipt = fs::read_to_string(cluster.path().join("k2.receipt")).unwrap();
    assert!(receipt.contains("record-id K-2\n"), "{receipt}");
    assert!(receipt.contains("field number k-2\n"), "{receipt}");
    let _authentic = run(cluster, "verify k2.receipt").expect(0);
    fs::create_dir(cluster.path().join("scans")).unwrap();
    fs::write(cluster.path().join("scans/s-1.pdf"), "scan").unwrap();
    let scanned = format!("--json anchor bulk scans {permits} --out scanned");
    let scanned = run(cluster, &scanned).expect(0).json();
    assert_eq!(scanned["counts"]["anchored"], 1);
    let _there = run(cluster, &format!("history S-1 {permits}")).expect(0);
}

/// A record of another registry rests on one, by whichever letters; there, both are records of their own.
fn others_keep_them_apart(cluster: &Cluster) {
    let of_kadastr = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        cluster.clerk_at("kadastr", "qurilish", &words)
    };
    let parcels = "anchor x.pdf --registry kadastr.permits";
    let rests = format!("{parcels} --record x-1 --rests-on {PERMITS}:k-1 --out one.receipt");
    let _rests = of_kadastr(&rests).expect(0);
    let _other = of_kadastr(&format!("{parcels} --record X-1 --out two.receipt")).expect(0);
    let folder = cluster.path().join("none");
    let command = args!(
        "network create --agencies a1,b1,c1,d1 --origin r.example.uz/1 --dir '{}' --capitals e1",
        folder.display()
    );
    let refused = muhr(&command);
    let refused = refused.expect(2);
    assert!(
        refused.stderr.contains("none of the agencies"),
        "{refused:?}"
    );
}
