//! Amend if changed: new rows, changed rows, unchanged rows, and those of which nobody can tell.

use std::fs;

use serde_json::json;
use tests::{args, cluster::Cluster};

use super::bulk;

#[test]
fn changed_rows_are_amended_and_unchanged_ones_are_left() {
    let cluster = Cluster::start(0);
    cluster.document("monday.csv", "number,area\nU-1,80\nU-2,81\nU-3,82\n");
    let _done = bulk(&cluster, "monday.csv", "monday", &[]).expect(0);
    let command = args!("revoke U-3 --registry qurilish.permits --reason R01 --out u3.receipt");
    let _done = cluster.clerk("qurilish", &command).expect(0);
    cluster.document(
        "tuesday.csv",
        "number,area\nU-1,80\nU-2,99\nU-3,83\nU-4,84\n",
    );
    let upsert = ["--upsert", "--reason", "C02"];

    // Without the receipts of Monday nobody can tell, and nothing is sent but what is new.
    let blind = bulk(&cluster, "tuesday.csv", "blind", &upsert).expect(20);
    let counts = json!({"undecided": 2, "conflict": 1, "anchored": 1});
    assert_eq!(blind.json()["counts"], counts);
    let errors = fs::read_to_string(cluster.path().join("blind/tuesday.errors.csv")).unwrap();
    assert!(
        errors.contains("without the receipt of version 1"),
        "{errors}"
    );
    assert!(errors.contains("suspended or revoked"), "{errors}");

    let earlier = ["--earlier", "monday", "--earlier", "blind/receipts"];
    let upsert = [&upsert[..], &earlier].concat();
    let done = bulk(&cluster, "tuesday.csv", "tuesday", &upsert).expect(20);
    let counts = json!({"unchanged": 2, "amended": 1, "conflict": 1});
    assert_eq!(done.json()["counts"], counts);
    let result = fs::read_to_string(cluster.path().join("tuesday/result.csv")).unwrap();
    for line in [
        "2,U-1,1,unchanged,,,",
        "3,U-2,2,amended,,,receipts/0000003.receipt",
        "5,U-4,1,unchanged,,,",
    ] {
        assert!(
            result.lines().any(|found| found == line),
            "{line} in {result}"
        );
    }
    let receipt = fs::read_to_string(cluster.path().join("tuesday/receipts/0000003.receipt"));
    assert!(receipt.unwrap().contains("reason C02"));
    let _authentic = cluster
        .clerk("qurilish", &["verify", "tuesday/receipts/0000003.receipt"])
        .expect(0);

    // Columns that have changed places say nothing new.
    cluster.document("moved.csv", "area,number\n80,U-1\n99,U-2\n");
    let known = [&upsert[..], &["--earlier", "tuesday"]].concat();
    let moved = bulk(&cluster, "moved.csv", "moved", &known).expect(0);
    assert_eq!(moved.json()["counts"], json!({"unchanged": 2}));

    // Again, as after an interruption: the same entry, the same receipt.
    let again = bulk(&cluster, "tuesday.csv", "tuesday", &upsert).expect(20);
    assert_eq!(again.json()["counts"], counts);
    // The next day only Tuesday's receipt is the newest version's.
    let upsert = [&upsert[..], &["--earlier", "tuesday"]].concat();
    cluster.document("wednesday.csv", "number,area\nU-1,80\nU-2,99\nU-4,84\n");
    let next = bulk(&cluster, "wednesday.csv", "wednesday", &upsert).expect(0);
    assert_eq!(next.json()["counts"], json!({"unchanged": 3}));
    // Earlier receipts may also be in an archive.
    let more = [&upsert[..], &["--archive"]].concat();
    cluster.document("thursday.csv", "number,area\nU-1,1\nU-5,5\n");
    let archived = bulk(&cluster, "thursday.csv", "thursday", &more).expect(0);
    let counts = json!({"amended": 1, "anchored": 1});
    assert_eq!(archived.json()["counts"], counts);
    let upsert = ["--upsert", "--reason", "C02", "--earlier", "thursday"];
    let next = bulk(&cluster, "thursday.csv", "friday", &upsert).expect(0);
    assert_eq!(next.json()["counts"], json!({"unchanged": 2}));
    // Trying touches no archive.
    let archive = cluster.path().join("thursday/receipts.archive");
    let before = fs::read(&archive).unwrap();
    let _tried = bulk(
        &cluster,
        "thursday.csv",
        "thursday",
        &["--archive", "--dry-run"],
    )
    .expect(0);
    assert_eq!(fs::read(&archive).unwrap(), before);
    // Why records are amended is not guessed.
    let _usage = bulk(&cluster, "wednesday.csv", "none", &["--upsert"]).expect(2);
    let _usage = bulk(&cluster, "wednesday.csv", "none", &["--reason", "C02"]).expect(2);
}
