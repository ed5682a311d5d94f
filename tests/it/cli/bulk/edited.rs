//! Rows that were edited between an interrupted run and the next: what the ledger took is found by what it says, and
//! its receipt is lost to nobody.

use std::fs;

use serde_json::json;
use tests::{args, cluster::Cluster};

use super::bulk;

const TABLE: &str = "number,area\nE-1,80\nE-2,81\nE-3,82\n";

#[test]
fn a_row_that_is_put_back_as_it_was_gets_the_receipt_of_what_it_says() {
    let cluster = Cluster::start(0);
    let receipts = |out: &str| cluster.path().join(out).join("receipts");
    let verified = |path: &str| cluster.clerk("qurilish", &["verify", path]).expect(0);
    // A run that ended behind its entries and before its receipts.
    cluster.document("t.csv", TABLE);
    let _sent = bulk(&cluster, "t.csv", "out", &[]).expect(0);
    fs::remove_dir_all(receipts("out")).unwrap();

    // One row is another now, and one is gone: both are named, with their receipts.
    cluster.document("t.csv", "number,area\nE-1,80\nE-2,99\n");
    let edited = bulk(&cluster, "t.csv", "out", &[]).expect(20);
    let counts = json!({"anchored": 1, "conflict": 1});
    assert_eq!(edited.json()["counts"], counts);
    let errors = fs::read_to_string(cluster.path().join("out/t.errors.csv")).unwrap();
    assert!(errors.contains("put the row back as it was"), "{errors}");
    assert!(!errors.contains("of the batch"), "{errors}");
    let left: Vec<&str> = { edited.stderr.lines() }
        .filter(|line| line.contains("is recorded as an earlier run signed it"))
        .collect();
    assert_eq!(left.len(), 2, "{}", edited.stderr);
    for number in ["E-2", "E-3"] {
        let line = left.iter().find(|line| line.contains(number)).unwrap();
        let (_, receipt) = line.rsplit_once("its receipt is ").unwrap();
        let shown = verified(receipt).stdout;
        assert!(
            shown.contains(number) && shown.contains("area: 8"),
            "{shown}"
        );
    }
    // They are there by now, and named once.
    let again = bulk(&cluster, "t.csv", "out", &[]).expect(20);
    assert!(
        !again.stderr.contains("as an earlier run signed it"),
        "{}",
        again.stderr
    );

    // As it was: each row has its receipt.
    cluster.document("t.csv", TABLE);
    let restored = bulk(&cluster, "t.csv", "out", &[]).expect(0).json();
    assert_eq!(restored["counts"], json!({"anchored": 3}));
    for row in 2..5 {
        let _held = verified(&format!("out/receipts/{row:07}.receipt"));
    }
    // With an archive it is the same.
    let archive = ["--archive"];
    cluster.document("a.csv", &TABLE.replace("E-", "F-"));
    let _sent = bulk(&cluster, "a.csv", "packed", &archive).expect(0);
    fs::remove_file(cluster.path().join("packed/receipts.archive")).unwrap();
    cluster.document("a.csv", "number,area\nF-1,80\n");
    let edited = bulk(&cluster, "a.csv", "packed", &archive).expect(20);
    assert!(
        edited.stderr.contains("F-3: version 1 is recorded"),
        "{}",
        edited.stderr
    );
    cluster.document("a.csv", &TABLE.replace("E-", "F-"));
    let _restored = bulk(&cluster, "a.csv", "packed", &archive).expect(0);
    let command = args!(
        "receipt extract packed/receipts.archive F-3 --registry qurilish.permits --out f3.receipt"
    );
    let _taken = cluster.clerk("qurilish", &command).expect(0);
    let _held = verified("f3.receipt");
}
