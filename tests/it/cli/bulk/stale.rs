//! What an earlier run has signed and nobody can record any more: the same command signs it anew, and
//! every row still has one entry.

use std::{fs, path::Path};

use protocol::{
    commitment::{Fields, Secret},
    entry::{Authorship, Entry, Operation, Statement},
    hash::RecordKey,
    height::{Height, Version},
    name::{ClerkName, RegistryName},
    opening::{Content, Opening},
    pending::Pending,
    record::RecordId,
    text,
};
use tests::{
    args,
    cluster::{Cluster, Ran},
};

const ROWS: u64 = 40;

/// A line of a journal as a run leaves it that was killed before it sent anything.
fn line(row: u64, author: &str, expires: u64) -> (RecordKey, String) {
    let number = format!("S-{row}");
    let registry = RegistryName::parse("qurilish.permits").unwrap();
    let fields = [("number", number.as_str()), ("kind", "house")];
    let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let opening = Opening {
        record: RecordId::parse(&number).unwrap(),
        content: Some(Content::Fields {
            fields: Fields::new(fields.to_vec()).unwrap(),
            secret: Secret::new([7; 32]),
        }),
    };
    let statement = Statement {
        operation: Operation::Register,
        key: opening.record.key(&registry),
        registry,
        version: Version::new(1),
        previous: None,
        effective: None,
        reason: None,
        references: Vec::new(),
        commitment: opening.content.as_ref().map(Content::commit),
        author: ClerkName::parse(author).unwrap(),
        expires: Height::new(expires),
    };
    let key = statement.key;
    let authorship = Authorship::Batched;
    let entry = Entry {
        statement,
        authorship,
    };
    let pending = Pending { entry, opening };
    let line = format!(
        "{} {}\n",
        key.to_hex(),
        text::base64(pending.write().as_bytes())
    );
    (key, line)
}

fn bulk(cluster: &Cluster, out: &str) -> Ran {
    let command = "--json anchor bulk t.csv --record number --registry qurilish.permits --out";
    let mut command: Vec<&str> = command.split(' ').collect();
    command.push(out);
    cluster.clerk("qurilish", &command)
}

#[test]
fn what_can_no_longer_be_recorded_is_signed_anew() {
    let cluster = Cluster::start(0);
    let table: String = (0..ROWS).map(|row| format!("S-{row},house\n")).collect();
    cluster.document("t.csv", &format!("number,kind\n{table}"));
    // Block 1: what may be decided at height 0 at the latest is dead.
    let path = cluster.document("one", "1");
    let one = args!("anchor {path} --registry qurilish.permits --record one");
    let _anchored = cluster.clerk("qurilish", &one).expect(0);
    let folder = cluster.path().join("out");
    fs::create_dir_all(&folder).unwrap();
    let lines = (0..ROWS).map(|row| match row % 4 {
        0 => line(row, "qurilish/clerk-1", 0).1,
        1 => line(row, "qurilish/gone", 5_000).1,
        2 => line(row, "qurilish/clerk-1", 5_000).1,
        _ => String::new(),
    });
    fs::write(folder.join("journal"), lines.collect::<String>()).unwrap();

    let ran = bulk(&cluster, "out").expect(0).json();
    assert_eq!(ran["counts"]["anchored"], ROWS, "{ran}");
    let journal = fs::read_to_string(folder.join("journal")).unwrap();
    let lines_of = |row: u64| {
        let key = line(row, "qurilish/clerk-1", 0).0.to_hex();
        journal
            .lines()
            .filter(|line| line.starts_with(&key))
            .count()
    };
    for row in 0..ROWS {
        let signed_again = matches!(row % 4, 0 | 1);
        assert_eq!(lines_of(row), 1 + usize::from(signed_again), "row {row}");
        let receipt = Path::new("receipts").join(format!("{:07}.receipt", row + 2));
        assert!(folder.join(receipt).exists(), "row {row}");
    }
    // Once more nothing is new.
    let ran = bulk(&cluster, "out").expect(0).json();
    assert_eq!(ran["counts"]["anchored"], ROWS, "{ran}");
    let url = cluster.url("soliq");
    let audited = cluster
        .clerk("qurilish", &["--json", "audit", &url])
        .expect(0)
        .json();
    assert_eq!(audited["records"], ROWS + 1);
}
