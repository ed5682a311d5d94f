//! The same wish twice gets one entry and one receipt; a later wish in the same words is one of its own,
//! and nothing says "done" for what was not sent.

use std::fs;

use protocol::{pending::Pending, receipt::Receipt};
use tests::{
    args,
    cluster::{Cluster, Ran},
};

const PERMITS: [&str; 2] = ["--registry", "qurilish.permits"];

fn run(cluster: &Cluster, arguments: &[&str]) -> Ran {
    cluster.clerk("qurilish", &[arguments, &PERMITS].concat())
}

fn change(cluster: &Cluster, operation: &str, reason: &str, more: &[&str]) -> Ran {
    let command = [operation, "W-1", "--reason", reason];
    run(cluster, &[&command, more].concat())
}

fn anchored(cluster: &Cluster) {
    cluster.document("w.pdf", "a permit");
    let _done = run(cluster, &["anchor", "w.pdf", "--record", "W-1"]).expect(0);
}

fn status(cluster: &Cluster, code: i32) -> u64 {
    let history = run(cluster, &["--json", "history", "W-1"]).expect(code);
    let versions = history.json()["facts"]["versions"].clone();
    versions.as_array().unwrap().len() as u64
}

/// Refused because of a file, which is named with the way out.
fn in_the_way(ran: Ran, file: &str, why: &str) {
    let told = ran.expect(21).stderr;
    for words in [file, why, "--out"] {
        assert!(told.contains(words), "{words}: {told}");
    }
}

#[test]
fn a_second_suspension_is_not_answered_by_the_receipt_of_the_first() {
    let cluster = Cluster::start(0);
    anchored(&cluster);
    let suspend = |more: &[&str]| change(&cluster, "suspend", "S01", more);
    let _done = suspend(&[]).expect(0);
    let again = suspend(&[]).expect(0);
    assert!(again.stderr.contains("already there"), "{again:?}");
    assert_eq!(status(&cluster, 17), 2);
    let other = change(&cluster, "suspend", "S02", &[]);
    in_the_way(other, "W-1.suspend.receipt", "another reason");
    let _done = change(&cluster, "reinstate", "S02", &[]).expect(0);
    let first = fs::read(cluster.path().join("W-1.suspend.receipt")).unwrap();
    in_the_way(suspend(&[]), "W-1.suspend.receipt", "of version 2");
    assert_eq!(status(&cluster, 0), 3, "and nothing was sent");
    let _done = suspend(&["--out", "second.receipt"]).expect(0);
    assert_eq!(status(&cluster, 17), 4);
    let _again = suspend(&["--out", "second.receipt"]).expect(0);
    assert_eq!(status(&cluster, 17), 4);
    let kept = fs::read(cluster.path().join("W-1.suspend.receipt")).unwrap();
    assert_eq!(kept, first, "the first receipt is where it was");
}

#[test]
fn an_entry_that_was_on_its_way_is_finished_and_not_taken_for_a_later_wish() {
    let cluster = Cluster::start(0);
    anchored(&cluster);
    let path = cluster.path().join("s.receipt");
    let waiting = cluster.path().join("s.receipt.pending");
    let suspend = |code| change(&cluster, "suspend", "S01", &["--out", "s.receipt"]).expect(code);
    let _done = suspend(0);
    // As if the desk had lost its power before it had the receipt.
    let Receipt { entry, opening, .. } = Receipt::parse(&fs::read(&path).unwrap()).unwrap();
    let opening = opening.unwrap();
    let pending = Pending { entry, opening }.write();
    let lose = || {
        fs::remove_file(&path).unwrap();
        fs::write(&waiting, &pending).unwrap();
    };
    lose();
    let _finished = suspend(0);
    assert_eq!(status(&cluster, 17), 2);
    lose();
    let _done = change(&cluster, "reinstate", "S02", &[]).expect(0);
    let told = suspend(21).stderr;
    assert!(told.contains("which was on its way"), "{told}");
    assert!(told.contains("nothing else was signed"), "{told}");
    assert!(path.exists() && !waiting.exists(), "its receipt is there");
    assert_eq!(status(&cluster, 0), 3);
    // One for something else is never sent in its place.
    fs::remove_file(&path).unwrap();
    fs::write(&waiting, &pending).unwrap();
    let other = change(&cluster, "suspend", "S09", &["--out", "s.receipt"]).expect(21);
    assert!(
        other
            .stderr
            .contains("s.receipt.pending: an entry for something else")
    );
    assert!(other.stderr.contains("another reason"), "{other:?}");
    assert_eq!(status(&cluster, 0), 3);
}

#[test]
fn anchoring_again_with_anything_else_is_not_done_in_silence() {
    let cluster = Cluster::start(0);
    anchored(&cluster);
    cluster.document("parcel.pdf", "a parcel");
    let arguments = args!("anchor parcel.pdf --registry kadastr.permits --record 10:01");
    let _done = cluster.clerk("kadastr", &arguments).expect(0);
    let anchor = |number: &str, more: &[&str]| {
        let command = ["anchor", "w.pdf", "--record", number];
        cluster.clerk("qurilish", &[&command, more].concat())
    };
    let rests_on = ["--rests-on", "kadastr.permits:10:01"];
    for (number, more, why) in [
        ("W-1", [&PERMITS[..], &rests_on].concat(), "to rest on"),
        (
            "W-1",
            [&PERMITS[..], &["--effective", "2026-11-01"]].concat(),
            "another date",
        ),
        (
            "W-1",
            vec!["--registry", "kadastr.permits"],
            "another registry",
        ),
        (
            "W-1",
            [&PERMITS[..], &["--field", "area=80"]].concat(),
            "other content",
        ),
        ("W-2", PERMITS.to_vec(), "another record"),
    ] {
        in_the_way(anchor(number, &more), "w.pdf.receipt", why);
    }
    // With a place for its receipt it is sent, and the ledger has the word.
    let foreign = ["--registry", "kadastr.permits", "--out", "k.receipt"];
    let told = anchor("W-1", &foreign).expect(4).stderr;
    assert!(told.contains("foreign-registry"), "{told}");
    let second = [&PERMITS[..], &rests_on, &["--out", "w-2.receipt"]].concat();
    let _done = anchor("W-2", &second).expect(0);
    let again = anchor("W-2", &second).expect(0);
    assert!(again.stderr.contains("already there"), "{again:?}");
    assert_eq!(status(&cluster, 0), 1);
}

#[test]
fn a_word_on_a_version_is_sent_again_after_the_agency_has_said_another() {
    let cluster = Cluster::start(0);
    let admin = ["--key", "net/kadastr/keys/admin.key", "--yes"];
    let arguments = args!("--json key new a.key --holder kadastr/a --plain");
    let made = cluster.clerk("kadastr", &arguments);
    let public = made.expect(0).json()["public"].as_str().unwrap().to_owned();
    let add = ["clerk", "add", "kadastr/a", "--public", &public];
    let may = ["--registries", PERMITS[1], "--operations", "attest"];
    let added = cluster.clerk("kadastr", &[&add[..], &may, &admin].concat());
    let _added = added.expect(0);
    anchored(&cluster);
    let say = |word: &str, receipt: &str, more: &[&str]| {
        let command = ["attest", word, receipt, "--key", "a.key"];
        cluster.clerk("kadastr", &[&command, more].concat())
    };
    let own = "w.pdf.kadastr.confirm.receipt";
    let done = say("confirm", "w.pdf.receipt", &[]).expect(0);
    assert!(done.stdout.contains("✔ confirmed  W-1"), "{done:?}");
    let again = say("confirm", "w.pdf.receipt", &[]).expect(0);
    assert!(again.stderr.contains("already there"), "{again:?}");
    let done = say("dispute", "w.pdf.receipt", &["--reason", "D01"]).expect(0);
    assert!(done.stdout.contains("✔ disputed  W-1"), "{done:?}");
    let refused = say("confirm", "w.pdf.receipt", &[]);
    in_the_way(refused, own, "of version 1");
    let marked = || {
        let history = run(&cluster, &["--json", "history", "W-1"])
            .expect(0)
            .json();
        history["facts"]["standing"]["marks"][0]["operation"].clone()
    };
    assert_eq!(marked(), "dispute", "nothing was sent");
    let _done = say("confirm", "w.pdf.receipt", &["--out", "2.receipt"]).expect(0);
    assert_eq!(marked(), "confirm");
    let withdraw = ["--reason", "D02"];
    let done = say("withdraw", "w.pdf.receipt", &withdraw).expect(0);
    assert!(done.stdout.contains("✔ withdrawn  W-1"), "{done:?}");

    // The word on version 1 does not answer for version 2.
    cluster.document("w2.pdf", "another permit");
    let amend = ["amend", "W-1", "w2.pdf", "--reason", "C01"];
    let _done = run(&cluster, &amend).expect(0);
    let refused = say("confirm", "w2.pdf.receipt", &["--out", own]);
    in_the_way(refused, own, "of version 1");
    let _done = say("confirm", "w2.pdf.receipt", &[]).expect(0);
    assert_eq!(marked(), "confirm");
}
