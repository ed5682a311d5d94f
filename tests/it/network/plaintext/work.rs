//! What the desks do in the run that is searched: every command that takes something of a record, every
//! kind of table, and every kind of refusal. That each of them really got into the log is checked here:
//! what was not sent cannot be found.

use std::fs;

use serde_json::{Value, json};
use tests::cluster::Cluster;

use super::{PUBLIC, WORDS};
use crate::cli::bulk::workbooks::workbook;

const REGISTRY: [&str; 2] = ["--registry", "qurilish.permits"];

pub(super) fn all(cluster: &Cluster) {
    single(cluster);
    another_agency(cluster);
    tables(cluster);
    folders(cluster);
    refusals(cluster);
    // Ten single entries, six rows of tables and folders, one of the watched folder; and what else there is.
    let audited = cluster.clerk("qurilish", &["--json", "audit", &cluster.url("soliq")]);
    let audited = audited.expect(0).json();
    assert!(audited["entries"].as_u64().unwrap() >= 17, "{audited}");
}

fn run(cluster: &Cluster, arguments: &[&str], code: i32) -> Value {
    let arguments = [&["--json"], arguments, &REGISTRY[..]].concat();
    cluster.clerk("qurilish", &arguments).expect(code).json()
}

/// Every operation on one record.
fn single(cluster: &Cluster) {
    let first = cluster.document("first.txt", WORDS[11]);
    let second = cluster.document("second.txt", WORDS[12]);
    let (owner, hidden) = (
        format!("{}={}", WORDS[5], WORDS[7]),
        format!("{}={}", WORDS[6], WORDS[8]),
    );
    let fields = [
        "--field",
        &owner,
        "--field",
        &hidden,
        "--field",
        "use=uch qavatli turar joy",
    ];
    let anchor = ["anchor", &first, "--record", WORDS[0]];
    let _done = run(cluster, &[&anchor, &fields[..]].concat(), 0);
    let _done = run(cluster, &["anchor", &second, "--record", WORDS[2]], 0);
    let used = format!("use={}", WORDS[10]);
    for (operation, file) in [
        ("amend", Some(&second)),
        ("correct", Some(&first)),
        ("suspend", None),
        ("reinstate", None),
        ("revoke", None),
    ] {
        let out = format!("{operation}.receipt");
        let mut command = vec![operation, WORDS[0], "--reason", PUBLIC, "--out", &out];
        if let Some(file) = file {
            command.splice(2..2, [file.as_str()]);
            command.extend(["--field", &used]);
        }
        let done = run(cluster, &command, 0);
        assert_eq!(done["operation"], operation);
    }
}

/// A parcel of another agency that a permit rests on, and that agency's dispute of the permit, with its
/// evidence.
fn another_agency(cluster: &Cluster) {
    let kadastr = |arguments: &[&str], code: i32| {
        let arguments = [&["--json"], arguments].concat();
        cluster.clerk("kadastr", &arguments).expect(code).json()
    };
    let parcel = cluster.document("parcel.txt", WORDS[24]);
    let own = ["--registry", "kadastr.permits", "--record", WORDS[23]];
    let _done = kadastr(&[&["anchor", &parcel], &own[..]].concat(), 0);
    let permit = cluster.document("permit.txt", WORDS[12]);
    let rests_on = format!("kadastr.permits:{}", WORDS[23]);
    let anchor = ["anchor", &permit, "--record", WORDS[1], "--rests-on"];
    let _done = run(cluster, &[&anchor[..], &[&rests_on]].concat(), 0);

    let new = ["key", "new", "a.key", "--holder", "kadastr/a", "--plain"];
    let made = kadastr(&new, 0);
    let public = made["public"].as_str().unwrap();
    let add = ["clerk", "add", "kadastr/a", "--public", public];
    let may = ["--registries", REGISTRY[1], "--operations", "attest"];
    let admin = ["--key", "net/kadastr/keys/admin.key", "--yes"];
    let _added = kadastr(&[&add[..], &may, &admin].concat(), 0);
    let evidence = cluster.document("evidence.txt", WORDS[14]);
    let dispute = ["attest", "dispute", "permit.txt.receipt", "--key", "a.key"];
    let why = ["--reason", PUBLIC, "--evidence", &evidence];
    let said = kadastr(&[&dispute[..], &why].concat(), 0);
    assert_eq!(said["operation"], "dispute");
    let gather = ["receipt", "gather", "permit.txt.receipt", "--out"];
    let gathered = kadastr(&[&gather[..], &["permit.dossier"]].concat(), 0);
    assert_eq!(gathered["receipts"], 2);
}

fn bulk(cluster: &Cluster, input: &str, out: &str, more: &[&str], code: i32) -> Value {
    let command = ["anchor", "bulk", input, "--out", out];
    run(cluster, &[&command[..], more].concat(), code)["counts"].clone()
}

/// A table of text, the same table later, and a workbook.
fn tables(cluster: &Cluster) {
    let number = ["--record", "number"];
    let table = format!(
        "number,{}\n{},{}\n{},x\n{},again\n",
        WORDS[5], WORDS[3], WORDS[13], WORDS[4], WORDS[3]
    );
    cluster.document("table.csv", &table);
    let counts = bulk(cluster, "table.csv", "bulk", &number, 20);
    assert_eq!(counts, json!({"anchored": 2, "duplicate": 1}));
    let table = format!(
        "number,{}\n{},{}\n{},x\n{},y\n",
        WORDS[5], WORDS[3], WORDS[16], WORDS[4], WORDS[15]
    );
    cluster.document("later.csv", &table);
    let upsert = ["--upsert", "--reason", PUBLIC, "--earlier", "bulk"];
    let more = [&number[..], &upsert].concat();
    let counts = bulk(cluster, "later.csv", "later", &more, 0);
    assert_eq!(counts, json!({"amended": 1, "anchored": 1, "unchanged": 1}));
    let cell = |place: &str, text: &str| {
        format!("<c r=\"{place}\" t=\"inlineStr\"><is><t>{text}</t></is></c>")
    };
    let row = |at: u32, cells: [&str; 2]| {
        let (a, b) = (
            cell(&format!("A{at}"), cells[0]),
            cell(&format!("B{at}"), cells[1]),
        );
        format!("<row r=\"{at}\">{a}{b}</row>")
    };
    let rows = row(1, ["number", WORDS[5]]) + &row(2, [WORDS[17], WORDS[18]]);
    let rows = format!("<sheetData>{rows}</sheetData>");
    workbook(&cluster.path().join("book.xlsx"), &rows, ">", &[]);
    let counts = bulk(cluster, "book.xlsx", "book", &number, 0);
    assert_eq!(counts, json!({"anchored": 1}));
}

/// A folder of documents into an archive, and a folder that is watched.
fn folders(cluster: &Cluster) {
    for (folder, number, text) in [
        ("scans", WORDS[19], WORDS[20]),
        ("inbox", WORDS[21], WORDS[22]),
    ] {
        fs::create_dir(cluster.path().join(folder)).unwrap();
        cluster.document(&format!("{folder}/{number}.txt"), text);
    }
    let counts = bulk(cluster, "scans", "scanned", &["--archive"], 0);
    assert_eq!(counts, json!({"anchored": 1}));
    let archive = "scanned/receipts.archive";
    let out = ["--out", "one.receipt"];
    let extract = ["receipt", "extract", archive, WORDS[19]];
    let _taken = run(cluster, &[&extract[..], &out].concat(), 0);
    let watch = ["anchor", "watch", "inbox", "--every", "1", "--rounds", "2"];
    let watched = run(cluster, &watch, 0);
    assert_eq!(watched["anchored"], 1, "{watched}");
}

/// Taken, revoked, not theirs to sign, and one for a record that is not there.
fn refusals(cluster: &Cluster) {
    let third = cluster.document("third.txt", WORDS[11]);
    let _taken = run(cluster, &["anchor", &third, "--record", WORDS[2]], 21);
    let amend = ["amend", WORDS[0], &third, "--reason", PUBLIC];
    let _revoked = run(cluster, &[&amend[..], &["--out", "x.receipt"]].concat(), 21);
    let foreign = ["anchor", &third, "--record", WORDS[14]];
    let _refused = cluster
        .clerk("kadastr", &[&foreign[..], &REGISTRY].concat())
        .expect(4);
    let _judged = run(cluster, &["history", WORDS[0]], 13);
    let _absent = run(cluster, &["history", WORDS[14]], 10);
    let _judged = cluster
        .clerk("qurilish", &["receipt", "refresh", "first.txt.receipt"])
        .expect(0);
}
