//! Folders of documents, receipts in one archive, and the hot folder.

use std::{fs, process::Stdio};

use serde_json::json;
use tests::{
    args,
    cluster::{Cluster, Ran, wait_until},
};

use super::bulk;

const REGISTRY: [&str; 2] = ["--registry", "qurilish.permits"];

#[test]
fn a_folder_of_documents_is_anchored_into_one_archive() {
    let cluster = Cluster::start(0);
    let at = |name: &str| cluster.path().join(name);
    fs::create_dir(at("november")).unwrap();
    for number in 1..=5 {
        fs::write(
            at(&format!("november/F-{number}.pdf")),
            format!("permit {number}"),
        )
        .unwrap();
    }
    fs::write(at("november/F-1.docx"), "the same number").unwrap();
    fs::write(at("november/ .pdf"), "no number").unwrap();
    fs::write(at("november/.hidden"), "nobody's").unwrap();
    let folder = |out: &str, more: &[&str]| {
        let command = ["--json", "anchor", "bulk", "november", "--out", out];
        cluster.clerk("qurilish", &[&command[..], &REGISTRY, more].concat())
    };
    let done = folder("one", &["--archive"]).expect(20).json();
    assert_eq!(
        done["counts"],
        json!({"anchored": 5, "duplicate": 1, "invalid": 1})
    );
    let archive = fs::read(at("one/receipts.archive")).unwrap();
    // Again: every receipt is there already, and the file is the same.
    let again = folder("one", &["--archive"]).expect(20).json();
    assert_eq!(again["counts"], done["counts"]);
    assert_eq!(fs::read(at("one/receipts.archive")).unwrap(), archive);
    assert!(!at("one/receipts").exists());

    receipts_are_taken_from(&cluster, &archive);

    // As files, beside nothing: the numbers are taken by the first run.
    let other = folder("two", &[]).expect(20).json();
    assert_eq!(
        other["counts"],
        json!({"conflict": 5, "duplicate": 1, "invalid": 1})
    );
    let errors = fs::read_to_string(at("two/november.errors.csv")).unwrap();
    assert!(errors.contains("F-5.pdf"), "{errors}");
    no_table_of_numbers(&cluster);
    let plain = ["anchor", "bulk", "november", "--out", "two"];
    let again = cluster.clerk("qurilish", &[&plain[..], &REGISTRY].concat());
    let advice = "names the files to mend: mend or rename them, and run the same command again";
    assert!(again.expect(20).stdout.contains(advice));
    let itself = folder("november", &[]).expect(2);
    assert!(
        itself
            .stderr
            .contains("is the folder of the documents itself")
    );
}

/// Receipts are taken from the archive of `one` by their numbers.
fn receipts_are_taken_from(cluster: &Cluster, archive: &[u8]) {
    let at = |name: &str| cluster.path().join(name);
    let extract = |number: &str, more: &[&str]| {
        let command = [
            "--json",
            "receipt",
            "extract",
            "one/receipts.archive",
            number,
        ];
        cluster.clerk("qurilish", &[&command[..], &REGISTRY, more].concat())
    };
    let out = ["--out", "november/F-3.pdf.receipt"];
    let taken = extract("F-3", &out).expect(0).json();
    assert_eq!(taken["receipt"], "november/F-3.pdf.receipt");
    let _authentic = cluster
        .clerk("qurilish", &["verify", "november/F-3.pdf"])
        .expect(0);
    let _same = extract("F-3", &out).expect(0);
    let _taken = extract("F-2", &[]).expect(0);
    let _authentic = cluster
        .clerk("qurilish", &["verify", "F-2.receipt"])
        .expect(0);
    let refused = extract("F-9", &[]).expect(2);
    assert!(
        refused.stderr.contains("holds no receipt of F-9"),
        "{refused:?}"
    );
    let _in_the_way = extract("F-4", &out).expect(21);
    // A kill has cut the index off: the receipts are found all the same.
    fs::write(at("one/receipts.archive"), &archive[..archive.len() - 50]).unwrap();
    let _taken = extract("F-5", &[]).expect(0);
    let refused = cluster.clerk(
        "qurilish",
        &[&["receipt", "extract", "F-5.receipt", "F-5"], &REGISTRY[..]].concat(),
    );
    assert!(refused.expect(2).stderr.contains("not an archive"));
}

fn no_table_of_numbers(cluster: &Cluster) {
    // What lists files is no table of numbers, whatever column is named.
    for column in ["file", "muhr:file", "muhr:row"] {
        let table = "two/november.errors.csv";
        let command = [
            "anchor", "bulk", table, "--record", column, "--out", "three",
        ];
        let refused = cluster.clerk("qurilish", &[&command[..], &REGISTRY].concat());
        let words = "lists files of a folder, and is no table";
        assert!(refused.expect(2).stderr.contains(words));
    }
    let table = cluster.document("t.csv", "number\nF-1\n");
    let no_column = cluster.clerk(
        "qurilish",
        &[&["anchor", "bulk", &table, "--out", "three"], &REGISTRY[..]].concat(),
    );
    assert!(no_column.expect(2).stderr.contains("--record is missing"));
    let _two = bulk(cluster, &table, "three", &["--dry-run"]).expect(0);
}

#[test]
fn the_hot_folder_takes_whole_files_once_whatever_happens() {
    let mut cluster = Cluster::start(0);
    let dir = cluster.path().join("hot");
    fs::create_dir(&dir).unwrap();
    fs::write(dir.join("H-1.pdf"), "one").unwrap();
    fs::write(dir.join("H-2.pdf.part"), "half of two").unwrap();
    fs::write(dir.join("~$H-3.docx"), "a lock").unwrap();
    // Seen once, a file may still be growing.
    let once = look(&cluster, "1").expect(20).json();
    assert_eq!(
        once,
        json!({"schema": "muhr/watch-folder/1", "looks": 1, "anchored": 0, "refused": 0, "waiting": 1})
    );
    let twice = look(&cluster, "2").expect(0).json();
    assert_eq!(twice["anchored"], 1);
    let _authentic = cluster
        .clerk("qurilish", &["verify", "hot/H-1.pdf"])
        .expect(0);

    // A run without end: a file that grows is not taken, nor is it lost once it has been moved into place.
    let endless = args!("anchor watch hot --registry qurilish.permits --every 1");
    let mut running = cluster.clerk_command("qurilish", "qurilish", &endless);
    let mut running = running
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    fs::rename(dir.join("H-2.pdf.part"), dir.join("H-2.pdf")).unwrap();
    wait_until("the moved file has its receipt", || {
        dir.join("H-2.pdf.receipt").exists()
    });
    // Killed with the node away: what was under way is taken up by the next run, as the same entry.
    cluster.kill("qurilish");
    fs::write(dir.join("H-3.pdf"), "three").unwrap();
    running.kill().unwrap();
    let _ended = running.wait().unwrap();
    let away = look(&cluster, "1").expect(5);
    assert!(away.stderr.contains("cannot be reached"), "{away:?}");
    cluster.start_node("qurilish");
    wait_until("the node is back", || {
        let status = cluster.status("qurilish");
        status.is_some_and(|status| status["reached"] == 4)
    });
    let after = look(&cluster, "2").expect(0).json();
    assert_eq!(
        (&after["anchored"], &after["refused"]),
        (&json!(1), &json!(0))
    );
    what_cannot_be_taken_is_said_beside_it(&cluster);
}

/// Looks so many times into the hot folder.
fn look(cluster: &Cluster, rounds: &str) -> Ran {
    let watch = args!("--json anchor watch hot --every 0 --rounds {rounds}");
    cluster.clerk(
        "qurilish",
        &[watch, args!("--registry qurilish.permits")].concat(),
    )
}

/// Changed after it was anchored, a number that is taken, a name that is none.
fn what_cannot_be_taken_is_said_beside_it(cluster: &Cluster) {
    let dir = cluster.path().join("hot");
    fs::write(dir.join("H-1.pdf"), "one, changed").unwrap();
    fs::write(dir.join("H-2.docx"), "two again").unwrap();
    fs::write(dir.join(" .pdf"), "none").unwrap();
    let refused = look(cluster, "3").expect(20).json();
    assert_eq!(refused["refused"], 3);
    let said = |name: &str| fs::read_to_string(dir.join(name)).unwrap();
    let changed = said("H-1.pdf.refused");
    assert!(
        changed.contains("a receipt of something else is there"),
        "{changed}"
    );
    assert!(
        said("H-2.docx.refused").contains("is taken"),
        "{}",
        said("H-2.docx.refused")
    );
    assert!(said(" .pdf.refused").contains("no number"));
    // Mended, it is taken, and nothing says otherwise any more.
    fs::rename(dir.join("H-2.docx"), dir.join("H-4.docx")).unwrap();
    let url = cluster.url("soliq");
    let _mended = look(cluster, "2").expect(20);
    let _authentic = cluster
        .clerk("qurilish", &["verify", "hot/H-4.docx"])
        .expect(0);
    let audited: Ran = cluster
        .clerk("qurilish", &["--json", "audit", &url])
        .expect(0);
    assert_eq!(audited.json()["entries"], 4);
}
