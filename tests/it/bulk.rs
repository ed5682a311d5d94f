//! Tables as clerks have them: other letters, other delimiters, spoilt cells, and rows to mend.

mod authority;
mod folders;
mod kills;
mod nodes;
mod stale;
mod secrets;
mod upsert;
pub(crate) mod workbooks;

use std::fs;

pub(crate) use self::{
    kills::Points,
    workbooks::{row, workbook},
};
use tests::cluster::{Cluster, Ran};

fn bulk(cluster: &Cluster, table: &str, out: &str, more: &[&str]) -> Ran {
    let command = ["--json", "anchor", "bulk", table, "--record", "number"];
    let rest = ["--registry", "qurilish.permits", "--out", out];
    cluster.clerk("qurilish", &[&command[..], &rest, more].concat())
}

#[test]
fn numbers_that_are_one_number_are_told_and_two_runs_in_one_folder_are_not_made() {
    let cluster = Cluster::start(0);
    // Six apostrophes, spaces within and around, a letter in two pieces: each is written as people write it.
    let table =
        "number\nO\u{2018}-1\nO\u{02bb}-1\nO'-1\n O`-1\nA  2\nA\u{a0}2\n\u{419}\n\u{418}\u{306}\n";
    cluster.document("t.csv", table);
    let done = bulk(&cluster, "t.csv", "out", &[]).expect(20).json();
    let counts = serde_json::json!({"anchored": 3, "duplicate": 5});
    assert_eq!(done["counts"], counts);
    let journal = fs::File::open(cluster.path().join("out/journal")).unwrap();
    journal.lock().unwrap();
    let refused = bulk(&cluster, "t.csv", "out", &[]).expect(2);
    assert!(
        refused.stderr.contains("another run of muhr"),
        "{refused:?}"
    );
    drop(journal);
    let again = bulk(&cluster, "t.csv", "out", &[]).expect(20).json();
    assert_eq!(again["counts"], counts);
}

#[test]
fn tables_of_other_letters_are_read_judged_and_mended() {
    let cluster = Cluster::start(0);
    let at = |name: &str| cluster.path().join(name);
    // "number;address", and addresses in Cyrillic letters of one byte each.
    let mut table = b"number;address\r\nQ-1;\xd2\xee\xf8\xea\xe5\xed\xf2, 1\r\n".to_vec();
    table.extend(b"Q-2;\"\xf3\xeb. \xcd\xe0\xe2\xee\xe8;\r\n 2\"\r\n");
    table.extend(b"Q\xa02;x\r\nQ-3;=A1\r\n3.0E+13;x\r\nQ-5;#REF!\r\n ;x\r\nQ-1 ;x\r\n");
    fs::write(at("t.csv"), &table).unwrap();
    let refused = bulk(&cluster, "t.csv", "none", &[]).expect(2);
    for words in ["row 2, column \"address\"", "--encoding windows-1251"] {
        assert!(refused.stderr.contains(words), "{}", refused.stderr);
    }
    assert!(!at("none").exists());

    // Tried: the same judgement, and nothing in the log.
    let told = ["--encoding", "windows-1251"];
    let tried = bulk(
        &cluster,
        "t.csv",
        "dry",
        &[&told[..], &["--dry-run"]].concat(),
    )
    .expect(20);
    let counts = serde_json::json!({"fit": 3, "invalid": 4, "duplicate": 1});
    assert_eq!(tried.json()["counts"], counts);
    assert!(!at("dry/result.csv").exists());
    let _absent = cluster
        .clerk(
            "qurilish",
            &["history", "Q-1", "--registry", "qurilish.permits"],
        )
        .expect(10);

    let done = bulk(&cluster, "t.csv", "november", &told).expect(20);
    let said = "Windows-1251, semicolon between cells, 8 rows";
    assert!(done.stderr.contains(said), "{}", done.stderr);
    assert_eq!(done.json()["counts"]["anchored"], 3);
    let receipt = fs::read_to_string(at("november/receipts/0000002.receipt")).unwrap();
    assert!(receipt.contains("Тошкент, 1"), "{receipt}");
    assert_eq!(done.json()["errors"], "november/t.errors.csv");
    let errors = fs::read_to_string(at("november/t.errors.csv")).unwrap();
    let plain = errors.replace('"', "");
    for row in [
        "\u{feff}muhr:row,muhr:column,muhr:reason,number,address",
        "5,address,column address: a formula",
        "6,number,column number: a number that a spreadsheet has shortened",
        "7,address,column address: a spreadsheet's error",
        "8,number,column number: part 1",
        "9,,the number of row 2 again",
    ] {
        let found = plain.lines().any(|line| line.starts_with(row));
        assert!(found, "{row} in {errors}");
    }

    // Mended and fed back: the remarks are no fields. The folder of other receipts is not written over.
    let mended = errors.replace("'=A1", "mended").replace("#REF!", "mended");
    cluster.document("mended.csv", &mended);
    let other = bulk(&cluster, "mended.csv", "november", &[]).expect(20);
    let counts = serde_json::json!({"conflict": 3, "invalid": 2});
    assert_eq!(other.json()["counts"], counts);
    assert_eq!(
        fs::read_to_string(at("november/receipts/0000002.receipt")).unwrap(),
        receipt
    );
    let again = bulk(&cluster, "mended.csv", "december", &[]).expect(20);
    let counts = serde_json::json!({"anchored": 2, "conflict": 1, "invalid": 2});
    assert_eq!(again.json()["counts"], counts);
}

#[test]
fn rows_to_mend_run_in_no_spreadsheet_and_are_fed_back_as_they_were() {
    let cluster = Cluster::start(0);
    let read = |name: &str| fs::read_to_string(cluster.path().join(name)).unwrap();
    let table = "number,+note\nQ-1,=A1\n-2,one\n-2,'=A1\n-2,\"a;=B1\"\n";
    cluster.document("t.csv", table);
    let done = bulk(&cluster, "t.csv", "first", &[]).expect(20).json();
    let counts = serde_json::json!({"anchored": 1, "invalid": 1, "duplicate": 2});
    assert_eq!(done["counts"], counts);
    // A formula stands there as text, so that no spreadsheet puts another value in its place.
    let errors = read("first/t.errors.csv");
    for end in ["number,'+note", "Q-1,'=A1", "'-2,''=A1", "'-2,a;'=B1"] {
        assert!(errors.lines().any(|line| line.ends_with(end)), "{errors}");
    }
    let result = read("first/result.csv");
    assert!(result.contains("\n3,'-2,1,anchored,"), "{result}");
    // As they were: the formula is none of the fields yet, and what is anchored has no apostrophe more.
    let second = errors.replace("'-2,''=A1", "'-3,''=A1");
    cluster.document("again.csv", &second.replace("'-2,a;'=B1", "'-4,a;'=B1"));
    let done = bulk(&cluster, "again.csv", "second", &[]).expect(20).json();
    let counts = serde_json::json!({"anchored": 2, "invalid": 1});
    assert_eq!(done["counts"], counts);
    for (row, fields) in [
        (3, "field number -3\nfield +note '=A1\n"),
        (4, "field number -4\nfield +note a;=B1\n"),
    ] {
        let receipt = read(&format!("second/receipts/{row:07}.receipt"));
        assert!(receipt.contains(fields), "{receipt}");
    }
    let again = read("second/again.errors.csv");
    assert!(again.contains(",Q-1,'=A1"), "{again}");
}
