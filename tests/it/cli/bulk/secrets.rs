//! No two rows and no two versions share a secret: whoever is shown one row can open no other.

use std::{collections::BTreeSet, fs};

use protocol::{opening::Content, receipt::Receipt};
use serde_json::json;
use tests::{args, cluster::Cluster};

use super::bulk;

/// The secrets of all receipts in a folder.
fn secrets(cluster: &Cluster, folder: &str) -> Vec<[u8; 32]> {
    let entries = fs::read_dir(cluster.path().join(folder)).unwrap();
    let receipts = entries.map(|entry| fs::read(entry.unwrap().path()).unwrap());
    let content = |bytes: Vec<u8>| Receipt::parse(&bytes).unwrap().opening.unwrap().content;
    receipts
        .map(|bytes| match content(bytes) {
            Some(Content::Fields { secret, .. }) => *secret.as_bytes(),
            Some(Content::Document { salt, .. }) => *salt.as_bytes(),
            other => panic!("{other:?}"),
        })
        .collect()
}

/// All rows of one table travel together, say the same but for their numbers, and are amended together.
#[test]
fn two_rows_or_two_versions_never_share_a_secret() {
    let cluster = Cluster::start(0);
    let table = |area: u32| -> String {
        let rows = (1..=20).map(|row| format!("S-{row},{area}\n"));
        format!("number,area\n{}", rows.collect::<String>())
    };
    cluster.document("one.csv", &table(80));
    cluster.document("two.csv", &table(81));
    let done = bulk(&cluster, "one.csv", "one", &[]).expect(0).json();
    assert_eq!(done["counts"], json!({"anchored": 20}));
    let upsert = ["--upsert", "--reason", "C02", "--earlier", "one"];
    let done = bulk(&cluster, "two.csv", "two", &upsert).expect(0).json();
    assert_eq!(done["counts"], json!({"amended": 20}));
    fs::create_dir(cluster.path().join("scans")).unwrap();
    for number in 1..=20 {
        cluster.document(&format!("scans/D-{number}.txt"), "the same text");
    }
    let command = args!("--json anchor bulk scans --out three --registry qurilish.permits");
    let done = cluster.clerk("qurilish", &command);
    assert_eq!(done.expect(0).json()["counts"], json!({"anchored": 20}));

    let all: Vec<[u8; 32]> = ["one", "two", "three"]
        .iter()
        .flat_map(|folder| secrets(&cluster, &format!("{folder}/receipts")))
        .collect();
    assert_eq!(all.len(), 60);
    let different: BTreeSet<[u8; 32]> = all.into_iter().collect();
    assert_eq!(different.len(), 60);
}
