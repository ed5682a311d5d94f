//! The hot folder where things go wrong: no quorum, renamed documents, foreign receipts, a second watcher.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Stdio,
};

use protocol::{
    entry::Statement, height::Height, keyfile::KeyFile, pending::Pending, policy::TrustPolicy,
    receipt::Receipt,
};
use serde_json::{Value, json};
use tests::cluster::{Cluster, Ran, short_of_room, wait_until};

const WATCH: [&str; 7] = [
    "--json",
    "anchor",
    "watch",
    "hot",
    "--registry",
    "qurilish.permits",
    "--every",
];

struct Desk {
    cluster: Cluster,
    dir: PathBuf,
}

impl Desk {
    fn new() -> Self {
        let cluster = Cluster::start(0);
        let dir = cluster.path().join("hot");
        fs::create_dir(&dir).unwrap();
        Self { cluster, dir }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    fn put(&self, name: &str, text: &str) {
        fs::write(self.at(name), text).unwrap();
    }

    /// Looks twice, and waits for no entry longer than a moment.
    fn look(&self, code: i32) -> (Value, Ran) {
        let rest = ["0", "--rounds", "2", "--timeout", "2"];
        let ran = self
            .cluster
            .clerk("qurilish", &[&WATCH[..], &rest].concat());
        let ran = ran.expect(code);
        (ran.json(), ran)
    }

    /// Two of the four agencies are gone: entries are taken, and none becomes final.
    fn without_a_quorum(&mut self) {
        for name in ["adliya", "kadastr"] {
            self.cluster.kill(name);
        }
    }

    fn with_a_quorum(&mut self) {
        for name in ["adliya", "kadastr"] {
            self.cluster.start_node(name);
        }
        wait_until("all are back", || {
            let status = self.cluster.status("qurilish");
            status.is_some_and(|status| status["reached"] == 4)
        });
    }

    fn pending(&self, name: &str) -> Pending {
        let path = self.at(&format!("{name}.receipt.pending"));
        Pending::parse(&fs::read(path).unwrap()).unwrap()
    }

    fn receipt(&self, name: &str) -> Statement {
        let path = self.at(&format!("{name}.receipt"));
        let receipt = Receipt::parse(&fs::read(path).unwrap()).unwrap();
        receipt.entry.statement
    }

    fn said(&self, name: &str) -> String {
        fs::read_to_string(self.at(name)).unwrap_or_default()
    }

    fn entries(&self) -> Value {
        let url = self.cluster.url("soliq");
        let audited = self.cluster.clerk("qurilish", &["--json", "audit", &url]);
        audited.expect(0).json()["entries"].clone()
    }
}

#[test]
fn what_was_on_its_way_when_the_watch_ended_is_recorded_as_the_same_entry() {
    let mut desk = Desk::new();
    desk.without_a_quorum();
    for name in ["H-1.pdf", "H-2.pdf"] {
        desk.put(name, name);
    }
    // One that waits keeps no other from being handed in.
    let (looked, _) = desk.look(20);
    assert_eq!(
        (&looked["anchored"], &looked["waiting"]),
        (&json!(0), &json!(2))
    );
    let signed = ["H-1.pdf", "H-2.pdf"].map(|name| desk.pending(name).entry.statement);
    desk.with_a_quorum();
    let (looked, _) = desk.look(0);
    assert_eq!(
        (&looked["anchored"], &looked["waiting"]),
        (&json!(2), &json!(0))
    );
    for (name, signed) in ["H-1.pdf", "H-2.pdf"].into_iter().zip(signed) {
        assert_eq!(desk.receipt(name), signed, "{name}");
        assert!(!desk.at(&format!("{name}.receipt.pending")).exists());
    }
    assert_eq!(desk.entries(), 2);
}

#[test]
fn a_document_that_is_renamed_on_its_way_is_not_registered_twice() {
    let mut desk = Desk::new();
    desk.without_a_quorum();
    desk.put("R-1.pdf", "one");
    let _waiting = desk.look(20);
    let signed = desk.pending("R-1.pdf").entry.statement;
    fs::rename(desk.at("R-1.pdf"), desk.at("R-9.pdf")).unwrap();
    // While nothing is decided, the new name waits too.
    let (looked, ran) = desk.look(20);
    assert_eq!(
        (&looked["refused"], &looked["waiting"]),
        (&json!(0), &json!(2))
    );
    let words = "the same document is on its way as R-1.pdf";
    assert!(ran.stderr.contains(words), "{}", ran.stderr);

    desk.with_a_quorum();
    let (looked, ran) = desk.look(20);
    assert_eq!(
        (&looked["anchored"], &looked["refused"]),
        (&json!(1), &json!(1))
    );
    let words = "R-1.pdf: gone while its entry was on its way; the receipt is hot/R-1.pdf.receipt";
    assert!(ran.stderr.contains(words), "{}", ran.stderr);
    assert_eq!(desk.receipt("R-1.pdf"), signed);
    assert!(!desk.at("R-1.pdf.receipt.pending").exists());
    let said = desk.said("R-9.pdf.refused");
    assert!(
        said.contains("was anchored as R-1.pdf") && said.contains("rename it back"),
        "{said}"
    );
    assert_eq!(desk.entries(), 1);

    // The way out, either of both.
    fs::rename(desk.at("R-9.pdf"), desk.at("R-1.pdf")).unwrap();
    let (looked, _) = desk.look(0);
    assert_eq!(
        (&looked["anchored"], &looked["refused"]),
        (&json!(0), &json!(0))
    );
    fs::rename(desk.at("R-1.pdf"), desk.at("R-9.pdf")).unwrap();
    fs::rename(
        desk.at("R-1.pdf.receipt"),
        desk.cluster.path().join("R-1.receipt"),
    )
    .unwrap();
    let (looked, _) = desk.look(0);
    assert_eq!(looked["anchored"], 1);
    assert!(!desk.at("R-9.pdf.refused").exists());
}

#[test]
fn only_a_receipt_that_verifies_says_that_a_document_is_done() {
    let desk = Desk::new();
    desk.put("V-1.pdf", "one");
    let _done = desk.look(0);
    let good = desk.said("V-1.pdf.receipt");
    // One letter of a signature is another: it still reads as a receipt of this document.
    let at = good.rfind("\u{2014} ").unwrap();
    let at = at + good[at..].find('\n').unwrap() - 10;
    let other = if &good[at..=at] == "A" { "B" } else { "A" };
    let forged = format!("{}{other}{}", &good[..at], &good[at + 1..]);
    assert!(Receipt::parse(forged.as_bytes()).is_ok());
    desk.put("V-1.pdf.receipt", &forged);
    let (looked, _) = desk.look(20);
    assert_eq!(looked["refused"], 1);
    assert_ne!(desk.said("V-1.pdf.refused"), "");
    desk.put("V-1.pdf.receipt", &good);
    let _believed = desk.look(0);
}

#[test]
fn an_entry_that_died_on_its_way_is_signed_again() {
    let desk = Desk::new();
    desk.put("E-1.pdf", "one");
    let _done = desk.look(0);
    // As if the entry had been signed long before, and never arrived.
    let receipt = fs::read(desk.at("E-1.pdf.receipt")).unwrap();
    let receipt = Receipt::parse(&receipt).unwrap();
    let record = protocol::record::RecordId::parse("E-2").unwrap();
    let mut statement = receipt.entry.statement;
    statement.key = record.key(&statement.registry);
    statement.expires = Height::new(1);
    let mut opening = receipt.opening.unwrap();
    opening.record = record;
    let key = fs::read(desk.cluster.dir("qurilish").join("keys/clerk.key")).unwrap();
    let key = KeyFile::parse(&key).unwrap();
    let trust = fs::read(desk.cluster.trust()).unwrap();
    let network = TrustPolicy::parse(&trust).unwrap().network_id().unwrap();
    let entry = statement.sign(&network, &key.secret);
    fs::rename(desk.at("E-1.pdf"), desk.at("E-2.pdf")).unwrap();
    fs::rename(
        desk.at("E-1.pdf.receipt"),
        desk.cluster.path().join("E-1.receipt"),
    )
    .unwrap();
    desk.put(
        "E-2.pdf.receipt.pending",
        &Pending { entry, opening }.write(),
    );
    let (looked, _) = desk.look(0);
    assert_eq!(looked["anchored"], 1);
    assert!(desk.receipt("E-2.pdf").expires > Height::new(1));
    assert_eq!(desk.entries(), 2);
}

#[test]
fn two_do_not_watch_one_folder() {
    let desk = Desk::new();
    let lock = File::create(desk.at(".muhr.lock")).unwrap();
    lock.lock().unwrap();
    desk.put("L-1.pdf", "one");
    let rest = ["0", "--rounds", "2"];
    let second = desk
        .cluster
        .clerk("qurilish", &[&WATCH[..], &rest].concat());
    let second = second.expect(2);
    assert!(second.stderr.contains("another run of muhr"), "{second:?}");
    drop(lock);
    let (looked, _) = desk.look(0);
    assert_eq!(looked["anchored"], 1);
}

/// A watch without end, whose messages go to a file.
fn endless(desk: &Desk) -> (std::process::Child, PathBuf) {
    let notes = desk.cluster.path().join("notes");
    let arguments = [&WATCH[..], &["0"]].concat();
    let mut command = desk
        .cluster
        .clerk_command("qurilish", "qurilish", &arguments);
    command
        .stdout(Stdio::null())
        .stderr(File::create(&notes).unwrap());
    (command.spawn().unwrap(), notes)
}

#[test]
fn neither_a_folder_that_goes_away_nor_a_file_that_fails_ends_the_watch() {
    let desk = Desk::new();
    // No entry can be kept beside them, and nothing is sent that is not kept.
    desk.put("A-1.pdf", "one");
    desk.put("A-2.pdf", "two");
    let rest = ["0", "--rounds", "2", "--timeout", "2"];
    let watch = [&WATCH[..], &rest].concat();
    let command = desk.cluster.clerk_command("qurilish", "qurilish", &watch);
    let ran = Ran::from(short_of_room(&command, 0).output().unwrap()).expect(20);
    let looked = ran.json();
    assert_eq!(
        (&looked["anchored"], &looked["waiting"]),
        (&json!(0), &json!(2))
    );
    assert!(
        ran.stderr
            .contains("A-1.pdf: hot/A-1.pdf.receipt.pending: cannot be written"),
        "{}",
        ran.stderr
    );

    let (mut running, notes) = endless(&desk);
    wait_until("the first is done", || desk.at("A-1.pdf.receipt").exists());
    let away: &Path = &desk.cluster.path().join("away");
    fs::rename(&desk.dir, away).unwrap();
    wait_until("it is said", || {
        let said = fs::read_to_string(&notes).unwrap();
        said.contains("hot: ") && said.contains("trying again")
    });
    fs::write(away.join("A-3.pdf"), "three").unwrap();
    fs::rename(away, &desk.dir).unwrap();
    wait_until("the watch goes on", || desk.at("A-3.pdf.receipt").exists());
    running.kill().unwrap();
    let _ended = running.wait().unwrap();
    assert_eq!(desk.entries(), 3);
}
