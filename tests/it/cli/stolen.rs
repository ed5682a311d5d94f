//! A key that was in other hands since a moment between two of its entries: exactly what it has signed from
//! then on is listed, and each receipt says the same of itself.

use serde_json::Value;
use tests::cluster::{Cluster, Ran};

const REGISTRY: &str = "qurilish.permits";

/// Runs `muhr` at the clerk's desk; no argument here has a space.
fn run(cluster: &Cluster, line: &str) -> Ran {
    cluster.clerk("qurilish", &line.split_whitespace().collect::<Vec<_>>())
}

fn decide(cluster: &Cluster, line: &str) {
    let key = cluster.dir("qurilish").join("keys/admin.key");
    let line = format!("{line} --yes --key {}", key.to_str().unwrap());
    let _done = run(cluster, &line).expect(0);
}

fn anchor(cluster: &Cluster, number: &str, more: &str) {
    let document = cluster.document(&format!("{number}.pdf"), number);
    let command = format!("anchor {document} --registry {REGISTRY} --record {number} {more}");
    let _done = run(cluster, &command).expect(0);
}

/// What a receipt says of its entry, as of now.
fn facts(cluster: &Cluster, receipt: &str) -> Value {
    let _fresh = run(cluster, &format!("receipt refresh {receipt}")).expect(0);
    let judged = run(cluster, &format!("--json verify {receipt}"));
    judged.json()["files"][0]["facts"].clone()
}

/// Operation and number of each entry in the list.
fn listed(cluster: &Cluster, more: &str) -> Vec<String> {
    let command = format!("--json report compromised-key qurilish/second --receipts . {more}");
    let list = run(cluster, &command).expect(0).json();
    let entries = list["entries"].as_array().unwrap().iter();
    let one = |entry: &Value| {
        let word = |name: &str| entry[name].as_str().unwrap_or("?").to_owned();
        format!("{} {}", word("operation"), word("record"))
    };
    entries.map(one).collect()
}

#[test]
fn what_was_signed_from_the_moment_on_is_listed_and_nothing_before_it() {
    let cluster = Cluster::start(0);
    let made = "--json key new second.key --holder qurilish/second --plain";
    let made = run(&cluster, made).expect(0).json();
    let public = made["public"].as_str().unwrap();
    let may = format!("--registries {REGISTRY} --operations register,amend,attest");
    decide(
        &cluster,
        &format!("clerk add qurilish/second --public {public} {may}"),
    );
    decide(
        &cluster,
        &format!("registry policy set {REGISTRY} --needed 0 --four-eyes"),
    );

    let (second, confirm) = ("--key second.key", "attest confirm");
    anchor(&cluster, "P-1", "");
    anchor(&cluster, "S-1", second);
    let _said = run(&cluster, &format!("{confirm} P-1.pdf.receipt {second}")).expect(0);
    anchor(&cluster, "S-2", second);
    anchor(&cluster, "P-2", "");
    let _said = run(&cluster, &format!("{confirm} P-2.pdf.receipt {second}")).expect(0);
    let amended = cluster.document("amended.pdf", "amended");
    let amend = format!("amend S-1 {amended} --registry {REGISTRY} --reason C02 {second}");
    let _done = run(&cluster, &amend).expect(0);
    let rows = cluster.document("rows.csv", "number,kind\nS-3,x\nS-4,x\n");
    let bulk = format!("anchor bulk {rows} --record number --registry {REGISTRY} --out rows");
    let _done = run(&cluster, &format!("{bulk} {second}")).expect(0);
    anchor(&cluster, "P-3", "");

    // The moment is the very time of the block with S-2, which counts.
    let moment = facts(&cluster, "S-2.pdf.receipt")["time"].clone();
    let moment = moment.as_str().unwrap();
    decide(
        &cluster,
        &format!("clerk revoke qurilish/second --reason K01 --compromised {moment}"),
    );
    let affected = [
        "register S-2",
        "confirm P-2",
        "amend S-1",
        "register S-3",
        "register S-4",
    ];
    assert_eq!(listed(&cluster, "--receipts rows"), affected);
    // From the time of another entry on: that one and what came after it.
    let confirmed = facts(&cluster, "P-2.pdf.qurilish.confirm.receipt");
    let later = confirmed["time"].as_str().unwrap();
    let since = format!("--receipts rows --since {later}");
    assert_eq!(listed(&cluster, &since), affected[1..]);
    for (receipt, is_affected) in [
        ("P-1.pdf.receipt", false),
        ("S-1.pdf.receipt", false),
        ("P-1.pdf.qurilish.confirm.receipt", false),
        ("S-2.pdf.receipt", true),
        ("P-2.pdf.receipt", false),
        ("P-2.pdf.qurilish.confirm.receipt", true),
        ("amended.pdf.receipt", true),
        ("P-3.pdf.receipt", false),
    ] {
        let told = facts(&cluster, receipt)["compromised"].clone();
        assert_eq!(told.as_str(), is_affected.then_some(moment), "{receipt}");
    }
}
